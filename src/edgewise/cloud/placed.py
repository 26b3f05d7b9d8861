"""Which things a site has in the regions of the edge beside its stack, noted in the bucket of the code.

The stack knows nothing of them, and whoever deploys next may sit at another machine: what is noted there is looked for
when neither stack nor site file speak of it any more.
"""

from __future__ import annotations

from typing import Final, Literal

from edgewise.cloud.assets import Assets

What = Literal["alarms", "lines"]
_PREFIX: Final = "regions/"


class Placed:
    """The notes. Each method raises `CloudError` where the bucket cannot be asked."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets

    def holds(self, what: What) -> bool:
        """Whether some of it may be there."""
        return _PREFIX + what in self._assets.names(_PREFIX)

    def add(self, what: What) -> None:
        """Note it before the first of it is made: a command that is killed leaves it behind."""
        self._assets.put_once(_PREFIX + what, {})

    def remove(self, what: What) -> None:
        """All of it is gone."""
        self._assets.call("delete_object", Key=_PREFIX + what)
