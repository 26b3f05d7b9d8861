"""CloudFront's and Lambda's numbers that the local CDN does not apply, once.

Sources: CloudFront Developer Guide, "Quotas" and "Restrictions on Lambda@Edge", as of April 2026; Lambda Developer
Guide, "Lambda runtimes", as of October 2026. Those that the local CDN applies are in `edgewise.cdn.limits`.
"""

from __future__ import annotations

# The law is one for all triggers since 2025. The page "Choose between CloudFront Functions and Lambda@Edge" still
# prints these for viewer triggers, the API refused more for years, and a visitor waits: hence a warning.
VIEWER_TIMEOUT = 5  # seconds
VIEWER_MEMORY_MB = 128
VIEWER_PACKAGE_BYTES = 1_048_576

PACKAGE_BYTES = 50 * 1024 * 1024  # the zip
EPHEMERAL_STORAGE_MB = 512

# Python and Node.js only, as the edge runs no other. Lambda makes no new function with the blocked ones; the
# deprecated ones get no security fixes, and new functions with them are refused from February 2027 on.
BLOCKED_RUNTIMES = frozenset(
    {
        *("nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x"),
        *("nodejs14.x", "python2.7", "python3.6", "python3.7"),
    }
)
DEPRECATED_RUNTIMES = frozenset(
    {"nodejs16.x", "nodejs18.x", "nodejs20.x", "python3.8", "python3.9", "python3.10"}
)

# What a distribution may have of each.
QUOTAS = {"CacheBehaviors": 75, "Origins": 100, "Aliases": 100}
ORIGIN_GROUPS = 10
FUNCTIONS = 100

POLICY_NAMES = 10  # headers, cookies or query strings that one policy may name
POLICY_NAMES_LENGTH = 1_024  # their characters together

CUSTOM_HEADERS = 30  # of one origin
CUSTOM_HEADER_NAME = 256
CUSTOM_HEADER_VALUE = 1_783
CUSTOM_HEADERS_LENGTH = 10_240  # names and values together

# Setting of an origin, and of its CustomOriginConfig and the like: least and most.
ORIGIN_RANGES = {"ConnectionAttempts": (1, 3), "ConnectionTimeout": (1, 10)}
CONFIG_RANGES = {"OriginReadTimeout": (1, 120), "OriginKeepaliveTimeout": (1, 120)}
