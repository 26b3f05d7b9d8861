"""An environment of a site with statistics under test: events in, and the views that it handed to its delivery."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edge.aws_double import AWS_ENVIRON, AwsDouble
from edge.doubles import Context, HandClock, Output, load_event
from edgewise.agents import country_table, exported
from edgewise.edge import Edge
from edgewise.edge.delivery import make_delivery
from edgewise.edge.delivery.courier import Courier
from edgewise.edge.environment import Environment
from support.addresses import country, database

NETWORKS = {
    "81.2.69.0/24": country("GB"),
    "10.0.0.0/8": country("XX"),
    "2a02:2e0::/32": country("DE"),
    "2a02:2e0:3fe:1::/64": country("AT"),
}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def task_folder(folder: Path) -> Path:
    """What lies beside the code of a function."""
    (folder / "networks.mmdb").write_bytes(database(NETWORKS))
    (folder / "edgewise_countries.bin").write_bytes(country_table(folder / "networks.mmdb"))
    (folder / "edgewise_agents.json").write_text(json.dumps(exported(names=True)))
    return folder


class Handed:
    """A delivery that takes every line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.sent = 0
        self.dropped = 0
        self.advanced = 0

    def deliver_line(self, line: str, remaining_ms: float) -> None:
        self.lines.append(line)
        self.sent += 1

    def advance(self, remaining_ms: float) -> None:
        self.advanced += 1

    @property
    def views(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


class Invoked(Context):
    """Of a function whose ARN has the account."""

    invoked_function_arn = "arn:aws-cn:lambda:eu-west-2:111122223333:function:us-east-1.shop-viewer:7"


class Visited:
    """One environment of a site. `visit` plays one trigger; headers that are None are not sent.

    Views are handed to `handed`, or go to `aws`, which is AWS on loopback.
    """

    def __init__(
        self,
        folder: Path,
        log: dict[str, Any] | None = None,
        function: str = "",
        aws: AwsDouble | None = None,
        **statistics: Any,
    ) -> None:
        self.clock = aws.clock if aws else HandClock()
        self._has_aws = aws is not None
        self._made: list[Any] = []
        if aws:
            statistics = {"endpoint": aws.url, "budget_ms": 5000} | statistics
        self.output = Output()
        self.handed = Handed()
        given = {"path": "step-functions", "state_machine": "shop-page-views", **statistics}
        if given["path"] == "firehose":
            given = {name: value for name, value in given.items() if name != "state_machine"}
            given.setdefault("stream_name", "shop-page-views")
        settings: dict[str, Any] = {"statistics": given, "hash": "0123456789ab"}
        self.edge = Edge(
            settings | ({"log": log} if log else {}),
            clock=self.clock,
            write=self.output,
            environ=AWS_ENVIRON | {"LAMBDA_TASK_ROOT": str(folder), "AWS_LAMBDA_FUNCTION_NAME": function},
            deliver=self.deliver,
        )

    def deliver(self, asked: dict[str, Any], environment: Environment, write: Any) -> Any:
        """The views' delivery; the log's is the usual one."""
        is_real = self._has_aws or asked["delivery"] == "stdout"
        if not is_real:
            return self.handed
        self._made.append(make_delivery(asked, environment, write))
        return self._made[-1]

    @property
    def dropped(self) -> list[int]:
        """What each of the deliveries has given up, the log's first."""
        return [made.dropped for made in self._made]

    def close(self) -> None:
        for made in self._made:
            if isinstance(made, Courier):
                made.close()

    def visit(
        self,
        trigger: str = "viewer-response",
        headers: dict[str, str | None] | None = None,
        response: dict[str, str | None] | None = None,
        status: int = 200,
        **request: Any,
    ) -> dict[str, Any]:
        """The function's answer to the golden event of a trigger, with these changes; answers are HTML."""
        event = load_event(trigger)
        cf = event["Records"][0]["cf"]
        cf["config"]["requestId"] = request.pop("request_id", cf["config"]["requestId"])
        change(cf["request"]["headers"], headers or {})
        cf["request"] |= request
        if "response" in cf:
            cf["response"]["status"] = str(status)
            change(cf["response"]["headers"], {"Content-Type": "text/html; charset=utf-8"} | (response or {}))
        answer: dict[str, Any] = self.edge(event, Invoked())
        return answer

    def view(self, *arguments: Any, **changes: Any) -> dict[str, Any] | None:
        """The view that one visit made, if it made one."""
        before = len(self.handed.lines)
        self.visit(*arguments, **changes)
        made = self.handed.views[before:]
        assert len(made) <= 1
        return made[0] if made else None


def change(header_map: dict[str, Any], headers: dict[str, str | None]) -> None:
    for name, value in headers.items():
        header_map.pop(name.lower(), None)
        if value is not None:
            header_map[name.lower()] = [{"key": name, "value": value}]
