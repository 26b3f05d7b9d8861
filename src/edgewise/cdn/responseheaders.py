"""Response headers policies: what a behavior adds to and removes from every answer, and the managed ones by id.

Source: CloudFront Developer Guide, "Understand response headers policies" and "Use managed response headers
policies".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ResponseHeadersPolicy:
    """One policy, ready to be applied."""

    name: str


MANAGED_RESPONSE_HEADERS_POLICIES: dict[str, ResponseHeadersPolicy] = {}
