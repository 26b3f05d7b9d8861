"""Bodies of requests that functions read and replace."""

import base64

from conformance.kit import Kit
from conformance.rule import Group, same
from conformance.rules._expect import header, status

BODIES = Group("bodies", "lambda-include-body-access")
_VIEWER, _ORIGIN = 40 * 1024, 1024 * 1024


@BODIES.rule()
def body_is_not_given_unasked(kit: Kit) -> None:
    """Without IncludeBody a function gets no body."""
    answer = kit.ask("POST", "edge", "viewer-request=body-seen", body=b"a=1")
    same("the body in the event", None, answer.json())


def _given(trigger: str) -> None:
    def check(kit: Kit) -> None:
        answer = kit.ask("POST", "edge-body", f"{trigger}=body-seen", body=b"a=1")
        expected = {
            "encoding": "base64",
            "action": "read-only",
            "inputTruncated": False,
            "size": 3,
            "begins": "a=1",
        }
        same("the body in the event", expected, answer.json())

    BODIES.add(
        f"{trigger}-gets-the-body", f"With IncludeBody a {trigger} function gets the body in base64", check
    )


def _truncated(trigger: str, limit: int) -> None:
    def check(kit: Kit) -> None:
        seen = kit.ask("POST", "edge-body", f"{trigger}=body-seen", body=b"x" * (limit + 5000)).json()
        same("truncated, size", (True, limit), (seen.get("inputTruncated"), seen.get("size")))

    title = f"A {trigger} function sees the first {limit:,} bytes of a longer body, and inputTruncated"
    BODIES.add(f"{trigger}-body-is-truncated", title, check)


for _trigger, _limit in (("viewer-request", _VIEWER), ("origin-request", _ORIGIN)):
    _given(_trigger)
    _truncated(_trigger, _limit)


def _at_origin(name: str, title: str, step: str, sent: bytes, expected: bytes) -> None:
    def check(kit: Kit) -> None:
        status(200, kit.ask("POST", "edge-body", step, body=sent))
        same("the body at the origin", [expected], [seen.body for seen in kit.seen()])
        same("its length", [str(len(expected))], [seen.header("Content-Length") for seen in kit.seen()])

    BODIES.add(name, title, check)


_LONG = b"y" * (_VIEWER + 5000)
_BASE64 = base64.b64encode(b"\x00new").decode()
_at_origin(
    "edits-of-a-read-only-body-are-ignored",
    "Edits of data are ignored while action is read-only",
    "viewer-request=edit-body",
    b"original",
    b"original",
)
_at_origin(
    "truncated-body-reaches-the-origin-whole",
    "A body that a function saw truncated reaches the origin whole",
    "viewer-request=edit-body",
    _LONG,
    _LONG,
)
_at_origin("body-of-text-replaces", "A new body of text replaces the viewer's",
           "viewer-request=replace-body:text:new body", b"original", b"new body")  # fmt: skip
_at_origin("body-in-base64-replaces", "A new body in base64 replaces the viewer's, decoded",
           f"viewer-request=replace-body:base64:{_BASE64}", b"original", b"\x00new")  # fmt: skip
_at_origin("origin-request-replaces-the-body", "An origin-request function may replace the body too",
           "origin-request=replace-body:text:new body", b"original", b"new body")  # fmt: skip


@BODIES.rule()
def invalid_base64_is_502(kit: Kit) -> None:
    """A new body that says base64 and is not is a 502."""
    answer = kit.ask("POST", "edge-body", "viewer-request=replace-body:base64:not base64!", body=b"a")
    status(502, answer)
    header("LambdaValidationError from cloudfront", answer, "X-Cache")
