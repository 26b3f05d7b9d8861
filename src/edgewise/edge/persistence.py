"""The built-in step that shows the origin how long environments last: a header says when this one began.

As many requests as come with the same time were handled by one environment, whatever lay between them.
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .environment import Environment
    from .request import Request


def make_persistence(header: str, environment: Environment) -> Callable[[Request], None]:
    """A step for origin-request. It sets `header` to the environment's start, `2026-11-21T06:50:16.123456Z`."""
    seconds, microseconds = divmod(environment.born, 1_000_000)
    born = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{microseconds:06d}Z"

    def persistence(request: Request) -> None:
        request.headers.set(header, born)

    return persistence
