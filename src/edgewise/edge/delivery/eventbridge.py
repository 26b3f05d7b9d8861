"""Amazon EventBridge: each record becomes one event, which rules can match by any field under `detail`."""

from __future__ import annotations

from edgewise.edge.aws.call import Operation, region_of

from .aws_answers import verdict_on_entries, verdict_on_problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from edgewise.edge.environment import Environment

    from .destination import Verdict

SOURCE = "edgewise"
DETAIL_TYPE = "Edge record"
# The event itself is at fault. The other codes that the API reference calls final are about permissions: those can
# be given while the events wait.
_HOPELESS = ("InvalidArgument", "MalformedDetail")


class EventBridge:
    """The destination `bus` (a name or an ARN), by PutEvents."""

    def __init__(self, log: Mapping[str, Any], environment: Environment) -> None:
        """`log` as `Settings` has checked it: bus, region, endpoint. The region of a bus's ARN comes first."""
        self._bus = log["bus"]
        self._operation = Operation(
            "events",
            "AWSEvents.PutEvents",
            environment,
            region=region_of(self._bus) or log["region"],
            endpoint=log["endpoint"],
        )
        self.host = self._operation.host
        self.most_records = 10  # API reference, PutEvents

    def request(self, lines: Sequence[str]) -> bytes:
        """A signed PutEvents."""
        common = {"Source": SOURCE, "DetailType": DETAIL_TYPE, "EventBusName": self._bus}
        return self._operation.request({"Entries": [{**common, "Detail": line} for line in lines]})

    def verdict(self, status: int, body: bytes, count: int) -> Verdict:
        """EventBridge says of each event whether it has taken it, and if not, why."""
        if status == 200:
            return verdict_on_entries(body, "Entries", count, _HOPELESS)
        return verdict_on_problem(self._operation.problem(status, body), count)
