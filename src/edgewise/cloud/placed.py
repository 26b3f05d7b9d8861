"""Which things a site surely has not in the regions of the edge beside its stack, noted in the bucket of the code.

The stack knows nothing of them, and whoever deploys next may sit at another machine. Where nothing is noted there may
be some, so that what an earlier version placed, or a command that was killed, is looked for until all of it is gone.
"""

from __future__ import annotations

from typing import Final, Literal

from edgewise.cloud.assets import Assets

What = Literal["alarms", "lines"]
_PREFIX: Final = "regions/no-"


class Placed:
    """The notes. Each method raises `CloudError` where the bucket cannot be asked."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets

    def holds(self, what: What) -> bool:
        """Whether some of it may be there."""
        return _PREFIX + what not in self._assets.names(_PREFIX)

    def add(self, what: What) -> None:
        """Note that some may be there, before the first of it is made."""
        self._assets.call("delete_object", Key=_PREFIX + what)

    def remove(self, what: What) -> None:
        """Note that all of it is gone."""
        self._assets.put_once(_PREFIX + what, {})
