"""Event builders: what they make is what the local CDN makes, and a handler takes it."""

from __future__ import annotations

import base64

from edgewise.edge import Edge
from edgewise.testing import events


def cf(event: events.Event) -> events.Event:
    return dict(event["Records"][0]["cf"])


def test_a_viewer_request() -> None:
    event = cf(
        events.viewer_request("/a", method="POST", query="b=c", headers={"user-agent": "me"}, body=b"hello")
    )
    request = event["request"]
    assert event["config"]["eventType"] == "viewer-request"
    assert (request["uri"], request["method"], request["querystring"]) == ("/a", "POST", "b=c")
    assert [entry["value"] for entry in request["headers"]["user-agent"]] == ["me"]
    assert base64.b64decode(request["body"]["data"]) == b"hello" and "origin" not in request


def test_an_origin_request_to_a_bucket() -> None:
    request = cf(events.origin_request(origin=events.BUCKET_ORIGIN))["request"]
    assert list(request["origin"]) == ["s3"]
    assert request["headers"]["host"][0]["value"] == request["origin"]["s3"]["domainName"]
    assert request["headers"]["user-agent"][0]["value"] == "Amazon CloudFront"


def test_responses_hold_the_request_and_no_body() -> None:
    for build, trigger in (
        (events.origin_response, "origin-response"),
        (events.viewer_response, "viewer-response"),
    ):
        event = cf(build("/a", status=404, headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]))
        assert event["config"]["eventType"] == trigger and event["request"]["uri"] == "/a"
        assert (event["response"]["status"], event["response"]["statusDescription"]) == ("404", "Not Found")
        assert [entry["value"] for entry in event["response"]["headers"]["set-cookie"]] == ["a=1", "b=2"]
        assert "body" not in event["response"]


def test_a_handler_can_be_called_with_them() -> None:
    edge = Edge()

    @edge.viewer_request
    def rewrite(request: object) -> None:
        request.path = "/other"  # type: ignore[attr-defined]

    assert edge(events.viewer_request("/a"), None)["uri"] == "/other"
