"""Access logs of others – CloudFront's and of web servers – as records of the stream `access`.

Contract: bytes of a log in, records in a store out. What a line means is plain knowledge of formats (`layouts.py`,
`fields.py`, `tables.py`, `lines.py`); `importing.py` reads, parses and hands over. Files that were imported are
remembered by the store, together with their records.
"""
