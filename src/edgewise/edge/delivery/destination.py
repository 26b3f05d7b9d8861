"""What the courier and a destination agree on: how records become a request, and what its answer means for them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Protocol

    class Destination(Protocol):
        """Makes requests of records and reads answers to them. It never touches the network."""

        @property
        def host(self) -> str:
            """`http://host[:port]` or `https://host[:port]`, without a path."""

        @property
        def most_records(self) -> int:
            """Of one request."""

        def request(self, lines: Sequence[str]) -> bytes:
            """A whole HTTP/1.1 request for these records (lines of ASCII JSON, no line ends), to be sent at once.

            Called anew for each attempt. LoadError says that something it needs is not in memory yet, and is no fault;
            anything else that it raises counts as a fault of the destination.
            """

        def verdict(self, status: int, body: bytes, count: int) -> Verdict:
            """What the answer to a request of `count` records means.

            What it raises counts as a fault of the destination: all of them are sent again after a pause.
            """


class Verdict:
    """What became of the records of one request, by their indices in it; those in neither set are sent again.

    `stored`: taken. `refused`: never to be taken, and printed on standard output. If it is not `certain` which ones
    were refused, only how many, then all are printed, but where nothing was stored the batch is halved until the bad
    one is alone. `reason` is for the author of the site.
    """

    __slots__ = ("certain", "reason", "refused", "stored")

    def __init__(
        self,
        stored: Collection[int] = (),
        refused: Collection[int] = (),
        reason: str = "",
        *,
        certain: bool = True,
    ) -> None:
        self.stored = frozenset(stored)
        self.refused = frozenset(refused)
        self.reason = reason
        self.certain = certain
