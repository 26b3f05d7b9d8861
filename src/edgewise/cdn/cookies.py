"""Cookies of a request, for cache keys and for forwarding.

Source: Developer Guide, "Cache content based on cookies": CloudFront sorts cookies by name and drops those whose
name begins with `$`. Names and values are compared with case.
"""

from __future__ import annotations

from edgewise.cdn.policies import Selection

# Not `str.strip()`: that takes off \xa0 and \x85 too, which are halves of letters on a UTF-8 wire.
_BLANKS = " \t"


def selected(cookie: str, selection: Selection) -> str:
    """The cookies of a `Cookie` value that the selection takes, sorted by name; empty for none.

    Several `Cookie` lines are joined with `; ` first, as RFC 9113 section 8.2.3 has it.
    """
    if not cookie or selection.kind == "none":
        return ""
    pairs = []
    for part in cookie.split(";"):
        pair = part.strip(_BLANKS)
        name = pair.partition("=")[0].rstrip(_BLANKS)
        if pair and not name.startswith("$") and selection.takes(name):
            pairs.append((name, pair))
    # By name alone: two cookies of one name stay in the viewer's order.
    pairs.sort(key=_name)
    return "; ".join([pair for _, pair in pairs])


def _name(pair: tuple[str, str]) -> str:
    return pair[0]
