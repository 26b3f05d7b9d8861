"""A site with a rollout, for tests: its settings, its key, release and sessions in AWS on loopback, visits to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from edge.aws_double import AWS_ENVIRON, AwsDouble, Params, Reply, aws_on_loopback
from edge.doubles import Context, HandClock, Output, load_event
from edgewise.edge import Edge

KEY = "a key of the rollout, long enough"
RELEASE = "2026-11-21-a1b2"
TOKEN = "s" * 43
ORIGINS = {
    "v1": {"domain": "v1.example.com", "protocol": "https-only"},
    "v2": {"domain": "v2.example.com", "protocol": "http-only"},
}
SESSIONS = {"table": "shop-sessions", "cookie": "session", "deadline_ms": 3000}
HURRIED = {**SESSIONS, "deadline_ms": 100}
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"


def settings(endpoint: str, **changes: Any) -> dict[str, Any]:
    """Those of a function, whose logs go to standard output."""
    rollout = {
        "stable": "v1",
        "new": "v2",
        "origins": ORIGINS,
        "header": "X-App-Version",
        "cookie": "edgewise-release",
        "session_s": 86_400,
        "ttl_s": 15,
        "key": {"from": "ssm", "name": "/shop/rollout-key"},
        "key_region": "us-east-1",
        "state": {"from": "dynamodb", "table": "shop-release"},
        "sessions": None,
        "replicas": {"us-east-1": "us-east-1", "eu-west-2": "eu-west-1"},
        "exclude_paths": ["/health"],
        "endpoint": endpoint,
    }
    return {"log": {"delivery": "stdout"}, "rollout": rollout | changes}


def document(clock: HandClock, **changes: Any) -> dict[str, Any]:
    """The release, ramping at 10 per cent."""
    return {
        "schema": "release/1",
        "release": RELEASE,
        "stable": "v1",
        "new": "v2",
        "state": "ramping",
        "weight": 10.0,
        "steps": [{"weight": 10, "minutes": 30}],
        "step": 0,
        "since": clock.now(),
        "started": clock.now(),
        "drain_until": None,
        "evict": None,
        "off": False,
        "revision": 1,
        "reason": "started",
        "by": "somebody",
    } | changes


def row(version: str, issued: float, expires: float, token: str = TOKEN) -> dict[str, Any]:
    """A row of the table of sessions."""
    return {
        "token": {"S": token},
        "version": {"S": version},
        "issued": {"N": str(int(issued))},
        "expires": {"N": str(int(expires))},
    }


class Cloud:
    """What is kept in AWS. `failing` holds what each kind of question (key, release, session) is answered instead."""

    def __init__(self, aws: AwsDouble) -> None:
        self.aws = aws
        self.key: str | None = KEY
        self.release: Any = None
        self.sessions: dict[str, dict[str, Any]] = {}
        self.failing: dict[str, Reply] = {}
        self.asked: list[str] = []
        aws.answer = self.answer

    def answer(self, target: str, sent: Params) -> Reply:
        kind = self._kind(sent)
        self.asked.append(kind)
        if kind in self.failing:
            return self.failing[kind]
        if kind == "session":
            item = self.sessions.get(sent["Key"]["token"]["S"])
            names = sent["ExpressionAttributeNames"].values()
            return 200, {} if item is None else {"Item": {name: item[name] for name in names}}
        if kind == "key":
            return self._parameter(self.key)
        text = self.release if isinstance(self.release, str) else json.dumps(self.release)
        if "Name" in sent:
            return self._parameter(None if self.release is None else text)
        item = {"id": {"S": "release"}, "document": {"S": text}, "revision": {"N": "1"}}
        return 200, {} if self.release is None else {"Item": item}

    def _kind(self, sent: Params) -> str:
        if sent.get("Name") == "/shop/rollout-key":
            return "key"
        return "session" if "token" in sent.get("Key", {}) else "release"

    def _parameter(self, value: str | None) -> Reply:
        if value is None:
            return 400, {"__type": "ParameterNotFound"}
        return 200, {"Parameter": {"Name": "x", "Value": value}}


@contextmanager
def cloud_on_loopback(clock: HandClock) -> Iterator[Cloud]:
    with aws_on_loopback(clock) as aws:
        yield Cloud(aws)


class Site:
    """One environment that serves all four triggers, as the local run's does for one function."""

    def __init__(
        self,
        clock: HandClock,
        endpoint: str,
        *,
        region: str = "eu-west-2",
        environ: Mapping[str, str] = AWS_ENVIRON,
        logs: bool = True,
        **changes: Any,
    ) -> None:
        """`changes` are those of the rollout's settings."""
        self.clock = clock
        self.output = Output()
        self.edge = Edge(
            settings(endpoint, **changes) | ({} if logs else {"log": None}),
            clock=clock,
            write=self.output,
            environ={**environ, "AWS_REGION": region},
        )

    def close(self) -> None:
        if self.edge.rollout:
            self.edge.rollout.close()

    def ask(self, path: str = "/", **visitor: Any) -> Asked:
        """What viewer-request makes of a request; `visitor` as `viewer_event` takes it."""
        return Asked(self.edge(viewer_event(path, **visitor), Context()))

    def page(
        self, asked: Asked, content_type: str = "text/html; charset=utf-8", *, status: int = 200
    ) -> list[str]:
        """The Set-Cookie lines of the answer that viewer-response makes for a request that `ask` has seen."""
        event = load_event("viewer-response")
        cf = event["Records"][0]["cf"]
        cf["request"] = asked.event
        cf["response"]["status"] = str(status)
        typed = {"content-type": [{"key": "Content-Type", "value": content_type}]}
        cf["response"]["headers"] = typed if status != 304 else {"etag": [{"key": "ETag", "value": '"1"'}]}
        answer = self.edge(event, Context())
        return [line["value"] for line in answer["headers"].get("set-cookie", [])]

    def visit(self, path: str = "/", *, status: int = 200, **visitor: Any) -> tuple[Asked, str]:
        """A page, and the Cookie header that the browser will send afterwards: the one it was given, or that it had."""
        asked = self.ask(path, **visitor)
        lines = self.page(asked, status=status)
        return asked, lines[0].partition(";")[0] if lines else visitor.get("cookie", "")


class Asked:
    """The request as viewer-request leaves it, or the answer that it gives."""

    def __init__(self, event: dict[str, Any]) -> None:
        self.event = event

    def header(self, name: str) -> str | None:
        lines = self.event["headers"].get(name.lower())
        return lines[0]["value"] if lines else None

    @property
    def version(self) -> str | None:
        return self.header("X-App-Version")

    @property
    def reason(self) -> str:
        return (self.header("X-Edgewise-Decision") or "").split(";")[1]


def viewer_event(
    path: str = "/",
    *,
    cookie: str = "",
    address: str = "203.0.113.24",
    agent: str | None = BROWSER,
    query: str = "",
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A viewer-request event."""
    lines = {"Host": "shop.example", **(headers or {})}
    lines |= {"User-Agent": agent} if agent is not None else {}
    lines |= {"Cookie": cookie} if cookie else {}
    request = {
        "clientIp": address,
        "method": method,
        "uri": path,
        "querystring": query,
        "headers": {name.lower(): [{"key": name, "value": value}] for name, value in lines.items()},
    }
    config = {
        "distributionId": "E1SHOPEXAMPLE",
        "distributionDomainName": "d3shopexample.cloudfront.net",
        "eventType": "viewer-request",
        "requestId": "Zq3-c0TnYw1mVbR7uLkPdE5xHs9Aj2FoGiKt6QyWzUvMn8XrB4NCdA==",
    }
    return {"Records": [{"cf": {"config": config, "request": request}}]}
