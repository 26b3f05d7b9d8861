"""What Edgewise's own functions are called: the site's name and one of these ends.

An image's function has the site's name and its origin's, so that no origin may have one of them.
"""

from __future__ import annotations

VIEWER = "viewer"
ORIGIN = "origin"
JUDGE = "judge"
SALTS = "visitor-salts"
TRANSFORM = "real-time-transform"
OWN_FUNCTIONS = (VIEWER, ORIGIN, JUDGE, SALTS, TRANSFORM)


def own_function(site_name: str, end: str) -> str:
    """The name of a function of ours."""
    return f"{site_name}-{end}"
