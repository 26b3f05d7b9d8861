"""Every limit of CloudFront and Lambda@Edge that a site can run into, once, with its source.

Sources: "Quotas" and "Restrictions on edge functions" in the CloudFront developer guide, "Lambda quotas" in the
Lambda developer guide, as of April 2026.
"""

from __future__ import annotations

import re

# Quotas on distributions.
MAX_BEHAVIORS = 75  # the default behavior is not counted
MAX_ORIGINS = 100

# Path patterns: "Path pattern" under "Cache behavior settings".
MAX_PATH_PATTERN = 255
PATH_PATTERN_CHARACTERS = re.compile(r"[A-Za-z0-9_\-.*$/~\"'@:+&?]*")

# Our names become part of CloudFormation's logical ids (letters and digits) and of function names (64
# characters). Each word starts with a letter so that no two names give one logical id.
MAX_NAME = 40
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*")

# Lambda's `Handler` property; ours is always module.attribute.
MAX_HANDLER = 128

# A custom origin is a DNS name, never an address ("Origin domain" under "Origin settings").
MAX_DOMAIN = 253
DOMAIN = re.compile(
    r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE
)

# What our functions ask for. The law is 30 s and Lambda's own memory maximum for every trigger; viewer
# functions stay at the older 5 s and 128 MB, because the API refused more for years and a visitor waits.
RUNTIME = "python3.13"
VIEWER_MEMORY_MB, VIEWER_TIMEOUT_S = 128, 5
ORIGIN_MEMORY_MB, ORIGIN_TIMEOUT_S = 128, 10

TRIGGERS = ("viewer-request", "origin-request", "origin-response", "viewer-response")
