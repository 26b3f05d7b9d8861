"""The function that keeps the salts: what the schedule and CloudFormation ask of it, and what they are told."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError

from edgewise.salts import SaltsError
from edgewise.salts.function import _send, run
from salts.test_keeping import NOON, PATH, Failing, salts, ssm

__all__ = ["ssm"]


def event(kind: str, **more: Any) -> dict[str, Any]:
    """What CloudFormation sends."""
    return {
        "RequestType": kind,
        "ResponseURL": "https://answers.example/signed",
        "StackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/shop/1",
        "RequestId": "r",
        "LogicalResourceId": "VisitorSalts",
        "ResourceType": "Custom::VisitorSalts",
        "ResourceProperties": {"ServiceToken": "arn", "Path": PATH},
        **more,
    }


class Told(list[dict[str, Any]]):
    """What CloudFormation was told."""

    def __call__(self, url: str, body: bytes) -> None:
        assert url == "https://answers.example/signed" and len(body) <= 4096
        self.append(json.loads(body))


def test_the_schedule_keeps_the_salts_and_nobody_is_answered(ssm: Any) -> None:
    told = Told()
    done = run({"Path": PATH}, ssm, NOON, told)
    assert done == {"made": ["2026-11-21", "2026-11-22", "2026-11-23"], "deleted": []} and told == []


def test_a_stack_has_salts_from_the_first_moment_and_takes_them_with_it(ssm: Any) -> None:
    told = Told()
    run(event("Create"), ssm, NOON, told)
    run(event("Update", PhysicalResourceId=PATH), ssm, NOON, told)
    assert len(salts(ssm)) == 3
    run(event("Delete", PhysicalResourceId=PATH), ssm, NOON, told)
    assert salts(ssm) == {}
    assert [one["Status"] for one in told] == ["SUCCESS"] * 3
    for one in told:
        assert one["PhysicalResourceId"] == PATH
        assert one["StackId"].endswith("stack/shop/1")
        assert (one["RequestId"], one["LogicalResourceId"]) == ("r", "VisitorSalts")


def test_terraform_calls_it_like_the_schedule_and_takes_the_salts_with_it(ssm: Any) -> None:
    told = Told()
    for action, count in (("create", 3), ("update", 3), ("delete", 0)):
        run({"Path": PATH, "tf": {"action": action, "prev_input": None}}, ssm, NOON, told)
        assert len(salts(ssm)) == count
    assert told == []


def test_a_failure_is_told_to_cloudformation_and_fails_the_function(ssm: Any) -> None:
    told = Told()
    with pytest.raises(SaltsError):
        run(event("Create"), Failing(ssm, lambda call, name: call == "put_parameter"), NOON, told)
    assert told[0]["Status"] == "FAILED" and "slower" in told[0]["Reason"]


def test_a_long_reason_is_cut_to_what_cloudformation_takes() -> None:
    class Talking:
        def put_parameter(self, **arguments: Any) -> None:
            raise ClientError({"Error": {"Code": "E", "Message": "é" * 5000}}, "PutParameter")

        def get_parameters_by_path(self, **arguments: Any) -> dict[str, Any]:
            return {}

    told = Told()
    with pytest.raises(SaltsError):
        run(event("Create"), Talking(), NOON, told)
    assert told[0]["Status"] == "FAILED"


def test_no_salt_is_in_what_is_told_or_printed(ssm: Any) -> None:
    told = Told()
    done = run(event("Create"), ssm, NOON, told)
    text = json.dumps([done, told])
    assert not [salt for salt in salts(ssm).values() if salt in text]


def test_the_answer_is_put_without_a_type() -> None:
    """CloudFormation's URL is signed for a PUT that has none."""
    seen: list[tuple[str | None, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            length = int(self.headers["Content-Length"])
            seen.append((self.headers["Content-Type"], self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Nothing on the screen."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        _send(f"http://127.0.0.1:{server.server_port}/", b"{}")
        thread.join(10)
    assert seen == [("", b"{}")]
