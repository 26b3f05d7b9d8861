"""`edgewise report`: the document, its charts and its style."""
