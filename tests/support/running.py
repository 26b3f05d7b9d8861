"""A local CDN that runs in a thread of the test, with origins of the test's own and a plain HTTP client."""

from __future__ import annotations

import asyncio
import http.client
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgewise.cdn import CdnOptions, LocalCdn, LogEvent, Trace, parse_template

APP_ID, BUCKET_ID = "app", "files"
DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
ORIGIN_CONTROLLED = "4cc15a8a-d715-48a4-82b8-cc0b614638fe"
ALL_BUT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
ALL_METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]


def behavior(path: str = "*", origin: str = APP_ID, **settings: Any) -> dict[str, Any]:
    """A behavior of a template, with everything forwarded and nothing cached unless `settings` say otherwise."""
    return {
        "PathPattern": path,
        "TargetOriginId": origin,
        "ViewerProtocolPolicy": "allow-all",
        "AllowedMethods": ALL_METHODS,
        "CachePolicyId": DISABLED,
        "OriginRequestPolicyId": ALL_BUT_HOST,
        **settings,
    }


def associations(
    *triggers: str, function: str = "Function", include_body: bool = False
) -> list[dict[str, Any]]:
    """`LambdaFunctionAssociations` that put one function on several triggers."""
    return [
        {
            "EventType": trigger,
            "LambdaFunctionARN": {"Ref": f"{function}Version"},
            **({"IncludeBody": True} if include_body and trigger.endswith("request") else {}),
        }
        for trigger in triggers
    ]


def function(code: str = "code", handler: str = "app.handler", **properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": "edge",
            "Runtime": "python3.13",
            "Handler": handler,
            "Role": "arn:aws:iam::123456789012:role/edge",
            "Code": code,
            "Timeout": 20,
            **properties,
        },
    }


def template(*behaviors: dict[str, Any], functions: dict[str, Any] | None = None, **config: Any) -> str:
    """A template's text; the last behavior is the default one."""
    resources: dict[str, Any] = {"Bucket": {"Type": "AWS::S3::Bucket"}}
    for name, body in (functions or {"Function": function()}).items():
        resources[name] = body
        resources[f"{name}Version"] = {
            "Type": "AWS::Lambda::Version",
            "Properties": {"FunctionName": {"Ref": name}},
        }
    listed = [*behaviors] or [behavior()]
    default = {key: value for key, value in listed[-1].items() if key != "PathPattern"}
    resources["Distribution"] = {
        "Type": "AWS::CloudFront::Distribution",
        "Properties": {
            "DistributionConfig": {
                "Enabled": True,
                "Origins": [
                    {
                        "Id": APP_ID,
                        "DomainName": "app.example.com",
                        "CustomOriginConfig": {"OriginProtocolPolicy": "http-only", "OriginReadTimeout": 30},
                    },
                    {
                        "Id": BUCKET_ID,
                        "DomainName": {"Fn::GetAtt": ["Bucket", "RegionalDomainName"]},
                        "S3OriginConfig": {"OriginAccessIdentity": ""},
                    },
                ],
                "DefaultCacheBehavior": default,
                "CacheBehaviors": listed[:-1],
                **config,
            }
        },
    }
    return json.dumps({"Resources": resources})


@dataclass
class Answer:
    """What the viewer got."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def cache(self) -> str:
        return str(self.headers["X-Cache"]).removesuffix(" from cloudfront")


@dataclass
class RunningCdn:
    """A local CDN under test; `traces` and `logs` hold what it told."""

    port: int
    folder: Path
    cdn: LocalCdn
    close: Callable[[], None]
    traces: list[Trace] = field(default_factory=list)
    logs: list[LogEvent] = field(default_factory=list)

    def request(
        self,
        path: str,
        method: str = "GET",
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
        self._wait_for_trace(answer.headers["X-Amz-Cf-Id"])
        return answer

    def _wait_for_trace(self, request_id: str | None) -> None:
        """The viewer has its answer a moment before the CDN tells of it."""
        deadline = time.monotonic() + 30
        while request_id and not any(trace.request_id == request_id for trace in self.traces):
            assert time.monotonic() < deadline, "the request was not told of"
            time.sleep(0.001)

    def messages(self) -> list[str]:
        return [event.message for event in self.logs]


@contextmanager
def running_cdn(
    folder: Path, text: str, files: dict[str, str] | None = None, **options: Any
) -> Iterator[RunningCdn]:
    """Run a template's text from `folder`; `files` are written to `folder/code` first."""
    code = folder / "code"
    code.mkdir(parents=True, exist_ok=True)
    for name, content in (files or {"app.py": PASS_ON}).items():
        (code / name).write_text(content, encoding="utf-8")
    traces: list[Trace] = []
    logs: list[LogEvent] = []
    (folder / "bucket").mkdir(exist_ok=True)
    origins = {BUCKET_ID: str(folder / "bucket"), **options.pop("origins", {})}
    cdn = LocalCdn(
        parse_template(text, folder / "template.json"),
        CdnOptions(origins=origins, on_request=traces.append, on_log=logs.append, **options),
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    closed = False

    def close() -> None:
        nonlocal closed
        if not closed:
            closed = True
            asyncio.run_coroutine_threadsafe(cdn.close(), loop).result(20)

    try:
        port = asyncio.run_coroutine_threadsafe(cdn.start("127.0.0.1", 0), loop).result(20)
        try:
            yield RunningCdn(port, folder, cdn, close, traces, logs)
        finally:
            close()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()


# A handler that lets everything pass as it is.
PASS_ON = """
def handler(event, context):
    cf = event["Records"][0]["cf"]
    return cf["response"] if "response" in cf else cf["request"]
"""


@dataclass
class Origin:
    """An HTTP origin of the test's own; `seen` is (method, target, headers, body) of each request."""

    url: str
    seen: list[tuple[str, str, http.client.HTTPMessage, bytes]]


Respond = Callable[[http.server.BaseHTTPRequestHandler], None]


@contextmanager
def running_origin(respond: Respond | None = None) -> Iterator[Origin]:
    """Serve on loopback; `respond` writes the answer, by default a JSON echo of the request."""
    seen: list[tuple[str, str, http.client.HTTPMessage, bytes]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536  # one packet for head and body
        timeout = 20

        def do_GET(self) -> None:
            self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen.append((self.command, self.path, self.headers, self.body))
            (respond or echo)(self)

        do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """The test looks at what was seen instead."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Origin(f"http://127.0.0.1:{server.server_port}", seen)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(20)


def echo(handler: Any) -> None:
    """Answer with what arrived."""
    shown = {
        "method": handler.command,
        "target": handler.path,
        "headers": [[name, value] for name, value in handler.headers.items()],
        "body": handler.body.decode("latin-1"),
    }
    reply(handler, 200, json.dumps(shown).encode(), {"Content-Type": "application/json"})


def reply(handler: Any, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
    handler.send_response(status)
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)
