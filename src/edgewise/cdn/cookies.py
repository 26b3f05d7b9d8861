"""Cookies of a request, for cache keys and for forwarding. CloudFront sorts them by name and drops `$` names."""

from __future__ import annotations

from edgewise.cdn.message import Headers
from edgewise.cdn.policies import Selection


def selected(headers: Headers, *selections: Selection) -> str:
    """The `Cookie` value of those cookies that any of the selections takes, sorted by name; empty for none."""
    if all(selection.kind == "none" for selection in selections):
        return ""
    pairs = []
    for line in headers.get_all("cookie"):
        for part in line.split(";"):
            name, _, value = part.strip().partition("=")
            if name and not name.startswith("$") and any(selection.takes(name) for selection in selections):
                pairs.append((name, value))
    return "; ".join(f"{name}={value}" for name, value in sorted(pairs, key=lambda pair: pair[0]))
