"""Amazon Data Firehose: each record becomes one record of a delivery stream, with its line's end unless the stream adds
that itself (its AppendDelimiterToRecord)."""

from __future__ import annotations

from binascii import b2a_base64

from edgewise.edge.aws.call import Operation

from .aws_answers import verdict_on_entries, verdict_on_problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from edgewise.edge.environment import Environment

    from .destination import Verdict


class Firehose:
    """The destination `stream_name`, by PutRecordBatch."""

    def __init__(self, log: Mapping[str, Any], environment: Environment) -> None:
        """`log` as `Settings` has checked it: stream_name, region, endpoint. `line_end` is a newline without it."""
        self._operation = Operation(
            "firehose",
            "Firehose_20150804.PutRecordBatch",
            environment,
            region=log["region"],
            endpoint=log["endpoint"],
        )
        self._stream_name = log["stream_name"]
        self._end = log.get("line_end", "\n")
        self.host = self._operation.host
        # 500 are allowed (API reference, PutRecordBatch). An answer about more than these, some 240 bytes on each,
        # could be longer than is ever read.
        self.most_records = 200

    def request(self, lines: Sequence[str]) -> bytes:
        """A signed PutRecordBatch. Without the line's end all records of an object in S3 would be one line."""
        end = self._end
        records = [
            {"Data": b2a_base64(f"{line}{end}".encode("ascii"), newline=False).decode("ascii")}
            for line in lines
        ]
        return self._operation.request({"DeliveryStreamName": self._stream_name, "Records": records})

    def verdict(self, status: int, body: bytes, count: int) -> Verdict:
        """Firehose says of each record whether it has taken it; those that it has not are always sent again."""
        if status == 200:
            return verdict_on_entries(body, "RequestResponses", count)
        return verdict_on_problem(self._operation.problem(status, body), count)
