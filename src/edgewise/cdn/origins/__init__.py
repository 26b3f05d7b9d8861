"""Where answers come from: custom origins over HTTP, buckets as folders, functions behind function URLs.

`places.py` says what stands in for an origin on this machine, `router.py` sends a request there, `target.py` reads
the origin that an origin-request function chose.
"""
