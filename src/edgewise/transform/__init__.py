"""The Lambda function between CloudFront's real-time log and OpenObserve: lines in, records of the stream `access` out.

Firehose calls it with batches. It ships as a folder of its own with `edgewise.realtime`, which knows the lines, and
the part of `edgewise.edge` that masks, so that both are told once. Nothing here imports it.
"""
