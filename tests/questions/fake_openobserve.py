"""A fake of OpenObserve's management API, written from notes on its code: no OpenObserve runs here.

It keeps what it is sent, answers in OpenObserve's shapes, and refuses what the real one is known to refuse: a
dashboard without the fields that its types require, a stale hash, an alert on a stream that is not there.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Json = dict[str, Any]
PASSWORD = "s3cret:@/"
AUTHORIZATION = "Basic " + base64.b64encode(f"root@example.com:{PASSWORD}".encode()).decode()


@dataclass
class Fake:
    """What it was sent. `lean` leaves titles and hashes out of lists, as some versions do."""

    streams: dict[str, list[str]] = field(default_factory=dict)
    dashboards: dict[str, Json] = field(default_factory=dict)
    alerts: dict[str, Json] = field(default_factory=dict)
    named: dict[tuple[str, str], Json] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    lean: bool = False
    url: str = ""

    def answer(self, method: str, target: str, body: Any) -> tuple[int, Json]:
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match [unquote(each) for each in parts.path.strip("/").split("/")]:
            case ["api", "acme", "streams", stream, *rest]:
                return self._stream(method, stream, rest, body)
            case ["api", "acme", "dashboards", *rest]:
                return self._dashboard(method, rest, query, body)
            case ["api", "v2", "acme", "alerts", *rest]:
                return self._alert(method, rest, body)
            case ["api", "acme", "alerts", kind, *rest]:
                return self._named(method, kind, rest, body)
        return 404, {"code": 404, "message": "no such route"}

    def _stream(self, method: str, stream: str, rest: list[str], body: Any) -> tuple[int, Json]:
        if method == "GET" and rest == ["schema"]:
            if stream not in self.streams:
                return 404, {"code": 404, "message": "stream not found"}
            return 200, {"schema": [{"name": name, "type": "Utf8"} for name in self.streams[stream]]}
        self.streams[stream] = ["_timestamp", *(each["name"] for each in body["fields"])]
        return 200, {"code": 200}

    def _dashboard(self, method: str, rest: list[str], query: Json, body: Any) -> tuple[int, Json]:
        if method == "GET":
            if rest:
                return 200, self.dashboards[rest[0]]
            return 200, {"dashboards": [self._listed(each) for each in self.dashboards.values()]}
        if missing := missing_fields(body):
            return 422, {"code": 422, "message": f"missing field `{missing}`"}
        name = rest[0] if rest else f"id{len(self.dashboards)}"
        number = int(self.dashboards[name]["hash"]) if rest else 0
        if rest and query.get("hash") != str(number):
            return 409, {"code": 409, "message": "conflict"}
        self.dashboards[name] = {"v8": {**body, "dashboardId": name}, "version": 8, "hash": str(number + 1)}
        return 200, self.dashboards[name]

    def _listed(self, one: Json) -> Json:
        if self.lean:
            return {key: value for key, value in one.items() if key != "hash"}
        return {**one, "dashboard_id": one["v8"]["dashboardId"], "title": one["v8"]["title"]}

    def _alert(self, method: str, rest: list[str], body: Any) -> tuple[int, Json]:
        if method == "GET":
            return 200, {"list": [{"alert_id": key, "name": one["name"]} for key, one in self.alerts.items()]}
        if body["stream_name"] not in self.streams:
            return 404, {"code": 404, "message": "stream not found"}
        if any(("destinations", name) not in self.named for name in body["destinations"]):
            return 400, {"code": 400, "message": "destination not found"}
        self.alerts[rest[0] if rest else f"alert{len(self.alerts)}"] = body
        return 200, {"code": 200}

    def _named(self, method: str, kind: str, rest: list[str], body: Any) -> tuple[int, Json]:
        if method == "GET":
            found = self.named.get((kind, rest[0]))
            return (200, found) if found else (404, {"code": 404, "message": "not found"})
        self.named[kind, body["name"]] = body
        return 200, {"code": 200}


# What deserialising without each of them was seen to fail on.
_REQUIRED: dict[str, tuple[str, ...]] = {
    "tabs": ("tabId", "name"),
    "panels": ("id", "type", "title", "description", "config", "queries"),
    "queries": ("customQuery", "fields", "config"),
}


def missing_fields(dashboard: Json) -> str | None:
    """The first field that OpenObserve's types require and the dashboard lacks."""
    for tab in dashboard["tabs"]:
        for panel in tab["panels"]:
            for level, item in (("tabs", tab), ("panels", panel), ("queries", panel["queries"][0])):
                for name in _REQUIRED[level]:
                    if name not in item:
                        return name
            fields = panel["queries"][0]["fields"]
            wrong = {"stream", "stream_type", "x", "y", "filter"} - fields.keys()
            if wrong or not isinstance(fields["filter"], dict) or "show_legends" not in panel["config"]:
                return str(wrong or "filter or show_legends")
            if any("label" not in axis or "alias" not in axis for axis in fields["x"] + fields["y"]):
                return "label or alias"
    return None


@contextmanager
def fake_openobserve() -> Iterator[Fake]:
    fake = Fake()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _respond(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fake.requests.append(f"{self.command} {self.path}")
            status, answer = 401, {}
            if self.headers["Authorization"] == AUTHORIZATION:
                status, answer = fake.answer(self.command, self.path, json.loads(content or b"null"))
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = _respond

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    fake.url = f"http://root%40example.com:s3cret%3A%40%2F@127.0.0.1:{server.server_address[1]}/acme"
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
