"""CloudFront's and Lambda's numbers that the local CDN does not apply, once.

Sources: CloudFront Developer Guide, "Quotas" and "Restrictions on Lambda@Edge", as of April 2026; Lambda Developer
Guide, "Lambda runtimes", as of October 2026. Those that the local CDN applies are in `edgewise.cdn.limits`.
"""

from __future__ import annotations

from datetime import date

# The law is one for all triggers since 2025. The page "Choose between CloudFront Functions and Lambda@Edge" still
# prints these for viewer triggers, the API refused more for years, and a visitor waits: hence a warning.
VIEWER_TIMEOUT = 5  # seconds
VIEWER_MEMORY_MB = 128
VIEWER_PACKAGE_BYTES = 1_048_576

PACKAGE_BYTES = 50 * 1024 * 1024  # the zip
EPHEMERAL_STORAGE_MB = 512

# Deprecated on this day: no new function can be made with it. Python and Node.js only, as the edge runs no other.
DEPRECATED_RUNTIMES = {
    "nodejs": date(2016, 10, 31),
    "nodejs4.3": date(2020, 3, 5),
    "nodejs4.3-edge": date(2019, 4, 30),
    "nodejs6.10": date(2019, 8, 12),
    "nodejs8.10": date(2020, 3, 6),
    "nodejs10.x": date(2021, 7, 30),
    "nodejs12.x": date(2023, 3, 31),
    "nodejs14.x": date(2023, 12, 4),
    "nodejs16.x": date(2024, 6, 12),
    "nodejs18.x": date(2025, 9, 1),
    "nodejs20.x": date(2026, 4, 30),
    "python2.7": date(2021, 7, 15),
    "python3.6": date(2022, 7, 18),
    "python3.7": date(2023, 12, 4),
    "python3.8": date(2024, 10, 14),
    "python3.9": date(2025, 12, 15),
    "python3.10": date(2026, 10, 31),
}

# What a distribution may have of each.
QUOTAS = {"CacheBehaviors": 75, "Origins": 100, "Aliases": 100}
ORIGIN_GROUPS = 10
FUNCTIONS = 100

POLICY_NAMES = 10  # headers, cookies or query strings that one policy may name
POLICY_NAMES_LENGTH = 1_024  # their characters together

PATH_PATTERN_LENGTH = 255

CUSTOM_HEADERS = 30  # of one origin
CUSTOM_HEADER_NAME = 256
CUSTOM_HEADER_VALUE = 1_783
CUSTOM_HEADERS_LENGTH = 10_240  # names and values together

# Setting of an origin: least and most.
ORIGIN_RANGES = {"ConnectionAttempts": (1, 3), "ConnectionTimeout": (1, 10)}
CUSTOM_ORIGIN_RANGES = {"OriginReadTimeout": (1, 120), "OriginKeepaliveTimeout": (1, 120)}
