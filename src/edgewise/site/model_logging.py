"""The part of the checked site that is about CloudFront's own logs; see `model.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgewise.site.secret import Secret

if TYPE_CHECKING:
    from edgewise.site.model import Privacy


@dataclass(frozen=True, slots=True)
class RealTimeLog:
    """The real-time log: of which behaviors (their paths), which fields in CloudFront's order, and where it goes.

    `name` is the site's. `region` is where a key of hashes is that is not named by its ARN.
    """

    name: str
    access_key: Secret
    url: str
    organization: str
    stream: str
    behaviors: tuple[str, ...]
    percent: int
    fields: tuple[str, ...]
    buffer_seconds: int
    retention_hours: int
    failed_days: int
    privacy: Privacy
    region: str

    @property
    def pipeline(self) -> str:
        """What the stream of Kinesis, the configuration of CloudFront and the delivery stream are called."""
        return f"{self.name}-real-time"

    @property
    def endpoint(self) -> str:
        """Where Firehose delivers: OpenObserve's endpoint for it."""
        return f"{self.url.rstrip('/')}/aws/{self.organization}/{self.stream}/_kinesis_firehose"


@dataclass(frozen=True, slots=True)
class StandardLog:
    """The standard log of the second version: to `s3`, `cloudwatch` or `firehose`, and as what.

    `path` and `hive` are of `s3`, `stream_arn` of `firehose`; `delimiter` is empty where fields have names.
    """

    name: str
    to: str
    format: str
    fields: tuple[str, ...]
    delimiter: str
    path: str
    hive: bool
    days: int
    stream_arn: str

    @property
    def pipeline(self) -> str:
        """What its parts on AWS are called."""
        return f"{self.name}-access-log"
