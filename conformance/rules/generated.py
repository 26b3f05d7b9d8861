"""Responses that functions make or change."""

from conformance.kit import Kit
from conformance.rule import Group, holds, same
from conformance.rules._expect import for_each, header, status

GENERATED = Group("generated responses", "lambda-generating-http-responses")


def _made_by(trigger: str) -> None:
    def check(kit: Kit) -> None:
        answer = kit.get("edge", f"{trigger}=generate-encoded:plain text:text")
        status(200, answer)
        same("the body", "plain text", answer.text)
        header("application/json", answer, "Content-Type")

    title = f"A {trigger} function may answer, with headers and a body of text"
    GENERATED.add(f"{trigger}-may-answer", title, check)


_made_by("viewer-request")
_made_by("origin-request")


@GENERATED.rule()
def base64_body_is_decoded(kit: Kit) -> None:
    """A body in base64 reaches the viewer as the bytes that it stands for."""
    same("the body", b"\x00\xff\x10", kit.get("edge", "viewer-request=generate-encoded:AP8Q:base64").body)


@GENERATED.rule()
def status_alone_is_enough(kit: Kit) -> None:
    """A response needs nothing but a status."""
    answer = kit.get("edge", "viewer-request=generate-bare:200")
    status(200, answer)
    same("the body", b"", answer.body)


@GENERATED.rule()
def status_may_be_a_number(kit: Kit) -> None:
    """A status may be given as a number."""
    status(203, kit.get("edge", "viewer-request=generate-number:203"))


@GENERATED.rule()
def description_is_the_reason(kit: Kit) -> None:
    """statusDescription is the reason of the status line in HTTP/1.1."""
    same("the reason", "Quite fine", kit.get("edge", "viewer-request=generate-named:200:Quite fine").reason)


@GENERATED.rule()
def status_may_be_any_from_200_to_599(kit: Kit) -> None:
    """A function may answer with any status from 200 to 599."""
    codes = (200, 204, 302, 403, 451, 599)
    for_each(kit, codes, lambda kit, code: status(code, kit.get("edge", f"viewer-request=generate:{code}")))


@GENERATED.rule()
def made_response_has_the_usual_headers(kit: Kit) -> None:
    """CloudFront adds Via, X-Amz-Cf-Id and Content-Length to a response that a function made."""
    answer = kit.get("edge", "viewer-request=generate:200:10")
    missing = [name for name in ("Via", "X-Amz-Cf-Id", "X-Amz-Cf-Pop") if answer.header(name) is None]
    same("missing headers", [], missing)
    header("10", answer, "Content-Length")


@GENERATED.rule()
def origin_response_may_change_the_status(kit: Kit) -> None:
    """An origin-response function may change the status."""
    status(203, kit.get("edge", "origin-response=status:203"))


@GENERATED.rule()
def origin_response_may_replace_the_body(kit: Kit) -> None:
    """An origin-response function may replace the body; its length follows."""
    answer = kit.get("edge", "size=5000", "origin-response=body:new", "origin-response=delete:Content-Length")
    status(200, answer)
    same("the body", "new", answer.text)


@GENERATED.rule()
def origin_response_may_empty_the_body(kit: Kit) -> None:
    """An empty body replaces the origin's."""
    answer = kit.get("edge", "size=5000", "origin-response=body", "origin-response=delete:Content-Length")
    status(200, answer)
    same("the body", b"", answer.body)


@GENERATED.rule()
def body_that_is_left_alone_stays(kit: Kit) -> None:
    """Where the origin-response function sets no body the origin's stays."""
    answer = kit.get("edge", "size=5000", "origin-response=set:X-Own:1")
    same("the size", 5000, len(answer.body))


@GENERATED.rule("lambda-at-edge-function-restrictions")
def viewer_response_may_not_change_the_status(kit: Kit) -> None:
    """A viewer-response function cannot change the status."""
    status(203, kit.get("edge", "origin-response=status:203", key="origin"))
    answer = kit.get("edge", "viewer-response=status:203")
    holds(answer.status != 203, "not the function's status", answer)


@GENERATED.rule("lambda-at-edge-function-restrictions")
def viewer_response_may_not_change_the_body(kit: Kit) -> None:
    """A viewer-response function cannot change the body."""
    same(
        "the body",
        "function",
        kit.get("edge", "body=origin", "origin-response=body:function", key="origin").text,
    )
    answer = kit.get("edge", "body=origin", "viewer-response=body:function")
    holds(answer.text != "function", "not the function's body", answer)
