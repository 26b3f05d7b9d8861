"""Who asks: what CloudFront knows of a viewer and says in its `CloudFront-*` headers.

Source: CloudFront Developer Guide, "Add CloudFront request headers".
"""

from __future__ import annotations

from dataclasses import dataclass

from edgewise.cdn.message import Request


@dataclass(slots=True)
class ViewerFacts:
    """The facts of one request."""

    country: str = ""
    location: str = ""

    def header(self, name: str) -> str:
        """The value of a `CloudFront-*` header (its name in lower case), empty when there is none."""
        return ""


def viewer_facts(request: Request) -> ViewerFacts:
    """Reads the `Edgewise-*` headers of a request and takes them off it."""
    return ViewerFacts()
