"""Which requests meet a staged change: a share of the visitors, or whoever sends a header.

The limits are CloudFront's: "Quotas and other considerations for continuous deployment" in its developer guide, and the
reference of `AWS::CloudFront::ContinuousDeploymentPolicy`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from edgewise.cloud.errors import StagingError

MOST_PERCENT: Final = 15
SESSION_MINUTES: Final = (5, 60)
PREFIX: Final = "aws-cf-cd-"
_NAME: Final = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_LONGEST_NAME: Final = 256
_LONGEST_VALUE: Final = 1783


@dataclass(frozen=True, slots=True)
class Traffic:
    """A share in per cent, whose visitors stay on their side for so many minutes (0: each request throws anew), or a
    header with its value.
    """

    percent: int = 0
    minutes: int = 0
    header: str = ""
    value: str = ""

    @property
    def config(self) -> dict[str, Any]:
        """CloudFormation's `TrafficConfig`."""
        if self.header:
            named = {"Header": self.header, "Value": self.value}
            return {"Type": "SingleHeader", "SingleHeaderConfig": named}
        weight: dict[str, Any] = {"Weight": self.percent / 100}
        if self.minutes:
            seconds = self.minutes * 60
            weight["SessionStickinessConfig"] = {"IdleTTL": seconds, "MaximumTTL": seconds}
        return {"Type": "SingleWeight", "SingleWeightConfig": weight}

    @property
    def sentence(self) -> str:
        """In words that go on after "for"."""
        if self.header:
            return f"whoever sends the header {self.header}: {self.value}"
        stay = f"visitors, {self.minutes} minutes each" if self.minutes else "requests"
        return f"{self.percent} % of the {stay}"

    @property
    def headers(self) -> dict[str, str]:
        """What a request needs to meet the change for certain; nothing will do where chance decides."""
        return {self.header: self.value} if self.header else {}

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> Traffic:
        """What a deployed `TrafficConfig` says."""
        if config["Type"] == "SingleHeader":
            named = config["SingleHeaderConfig"]
            return cls(header=named["Header"], value=named["Value"])
        weight = config["SingleWeightConfig"]
        seconds = weight.get("SessionStickinessConfig", {}).get("MaximumTTL", 0)
        return cls(percent=round(float(weight["Weight"]) * 100), minutes=int(seconds) // 60)


def by_share(percent: int, minutes: int) -> Traffic:
    """So many of a hundred. Raises `StagingError` for what CloudFront does not take."""
    if not 1 <= percent <= MOST_PERCENT:
        raise StagingError(
            f"a share of {percent} % cannot be staged",
            hint=f"CloudFront takes 1 to {MOST_PERCENT}; once that is staged, `edgewise promote` is for everybody.",
        )
    least, most = SESSION_MINUTES
    if minutes and not least <= minutes <= most:
        raise StagingError(
            f"visitors cannot stay on their side for {minutes} minutes",
            hint=f"CloudFront takes {least} to {most}; 0 lets chance decide at each request.",
        )
    return Traffic(percent=percent, minutes=minutes)


def by_header(text: str) -> Traffic:
    """Who sends a header, as `NAME=VALUE`. Raises `StagingError` for what CloudFront does not take."""
    name, equals, value = text.partition("=")
    name = name.strip().lower()
    if not name.startswith(PREFIX) or not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        better = f", such as {PREFIX}{name}" if _NAME.fullmatch(name) and name not in PREFIX else ""
        raise StagingError(
            f"{name!r} is no name of a header that CloudFront sends to a staged change by",
            hint=f"It has to begin with {PREFIX}{better}.",
        )
    if (
        not equals
        or not value
        or len(value) > _LONGEST_VALUE
        or not value.isascii()
        or not value.isprintable()
    ):
        raise StagingError(
            f"the header {name} needs a value", hint=f"Give it as NAME=VALUE, such as --header {name}=yes."
        )
    return Traffic(header=name, value=value)
