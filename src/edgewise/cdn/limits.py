"""CloudFront's and Lambda@Edge's numbers that the local CDN applies.

Source: CloudFront Developer Guide, "Quotas" and "Restrictions on Lambda@Edge", as of April 2026.
"""

REQUEST_HEAD_BYTES = 32_768  # headers with the request line; beyond it 494
URL_BYTES = 8_192  # beyond it 414

# CloudFront takes 64 GB. A request is held in memory here, so the local bound is lower: beyond it 413.
REQUEST_BODY_BYTES = 64 * 1024 * 1024

# The body that a request trigger sees, and the response that it may make (with headers).
VIEWER_BODY_BYTES = 40 * 1024
ORIGIN_BODY_BYTES = 1024 * 1024

MAX_TIMEOUT = 30  # seconds, for every trigger
MAX_MEMORY_MB = 10_240

INIT_TIMEOUT = 10.0  # seconds; Lambda Developer Guide, "Lambda execution environment lifecycle"

# CloudFront keeps objects up to 50 GB, on disks; these are in memory here.
CACHED_OBJECT_BYTES = 32 * 1024 * 1024
CACHE_BYTES = 256 * 1024 * 1024
