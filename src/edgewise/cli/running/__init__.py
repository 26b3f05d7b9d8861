"""`edgewise up` from the inside: the processes it starts, what it shows, and how the parts are wired together."""
