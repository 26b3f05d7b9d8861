"""Sizes beyond which a request or a result is refused."""

from conformance.kit import Kit
from conformance.rule import Group, holds, same
from conformance.rules._expect import header, status

LIMITS = Group("limits", "cloudfront-limits")
_VIEWER, _ORIGIN = 40 * 1024, 1024 * 1024


@LIMITS.rule()
def url_of_more_than_8192_bytes_is_414(kit: Kit) -> None:
    """A URL of more than 8,192 bytes is answered 414."""
    status(414, kit.get("none", query="a=" + "x" * 8300))


@LIMITS.rule()
def url_of_8000_bytes_is_served(kit: Kit) -> None:
    """A URL of 8,000 bytes is served."""
    query = "a=" + "x" * (7990 - len(kit.path("all")))
    same("the query's length", len(query), len(kit.sent("all", query=query).query))


@LIMITS.rule()
def headers_of_more_than_32768_bytes_are_494(kit: Kit) -> None:
    """Headers of more than 32,768 bytes are answered 494."""
    status(494, kit.get("none", headers=[(f"X-{number}", "x" * 6000) for number in range(6)]))


@LIMITS.rule()
def headers_of_30000_bytes_are_served(kit: Kit) -> None:
    """Headers of 30,000 bytes are served."""
    headers = [(f"X-{number}", "x" * 5900) for number in range(5)]
    same(
        "headers at the origin",
        headers,
        [pair for pair in kit.sent("all", headers=headers).headers if pair in headers],
    )


@LIMITS.rule()
def origin_headers_of_more_than_32768_bytes_are_an_error(kit: Kit) -> None:
    """An origin's answer with headers of more than 32,768 bytes is an error of 5xx."""
    answer = kit.get("none", "long-headers=40000")
    holds(answer.status >= 500, "an error of 5xx", answer)
    status(200, kit.get("none", "long-headers=20000", key="fits"))


def _body(trigger: str, size: int, fits: bool, step: str = "generate:200:") -> None:
    def check(kit: Kit) -> None:
        answer = kit.get("edge", f"{trigger}={step}{size}")
        if fits:
            same("status and size", (200, size), (answer.status, len(answer.body)))
        else:
            status(502, answer)
            header("LambdaValidationError from cloudfront", answer, "X-Cache")

    verb = "is served" if fits else "is a 502"
    title = f"A body of {size:,} bytes from a {trigger} function {verb}"
    LIMITS.add(
        f"{trigger}-body-of-{size}-{verb.replace(' ', '-')}",
        title,
        check,
        page="lambda-generating-http-responses",
    )


_body("viewer-request", _VIEWER - 1024, fits=True)
_body("viewer-request", _VIEWER + 1, fits=False)
_body("origin-request", _ORIGIN - 4096, fits=True)
_body("origin-request", _ORIGIN + 1, fits=False)
_body("origin-response", _ORIGIN + 1, fits=False, step="body-size:")


@LIMITS.rule("lambda-generating-http-responses")
def headers_count_with_the_body(kit: Kit) -> None:
    """The limit of a made response includes its headers: 40 KB of body and a header are too much."""
    status(200, kit.get("edge", f"viewer-request=generate:200:{_VIEWER - 1024}", key="fits"))
    status(502, kit.get("edge", f"viewer-request=generate:200:{_VIEWER - 10}"))


@LIMITS.rule("lambda-include-body-access")
def replaced_body_of_40_kb_is_too_large(kit: Kit) -> None:
    """A viewer-request function may replace the body with 40 KB of text and no more."""
    answer = kit.ask("POST", "edge-body", f"viewer-request=replace-size:text:{_VIEWER + 1}", body=b"a")
    status(502, answer)
    whole = kit.ask(
        "POST", "edge-body", f"viewer-request=replace-size:text:{_VIEWER - 1}", body=b"a", key="fits"
    )
    status(200, whole)
    same("the size at the origin", [_VIEWER - 1], [len(seen.body) for seen in kit.seen("fits")])


@LIMITS.rule("lambda-include-body-access")
def replaced_body_of_1_mb_is_too_large(kit: Kit) -> None:
    """An origin-request function may replace the body with 1 MB of text and no more."""
    fits = kit.ask(
        "POST", "edge-body", f"origin-request=replace-size:text:{_ORIGIN - 1}", body=b"a", key="fits"
    )
    status(200, fits)
    status(502, kit.ask("POST", "edge-body", f"origin-request=replace-size:text:{_ORIGIN + 1}", body=b"a"))


@LIMITS.rule("lambda-include-body-access")
def replaced_body_in_base64_may_be_longer(kit: Kit) -> None:
    """Text in base64 may be a third longer: 53.2 KB on viewer requests."""
    fits = kit.ask("POST", "edge-body", "viewer-request=replace-size:base64:52000", body=b"a")
    status(200, fits)
    over = kit.ask("POST", "edge-body", "viewer-request=replace-size:base64:56000", body=b"a", key="over")
    status(502, over)


@LIMITS.rule("RequestAndResponseBehaviorCustomOrigin")
def large_body_reaches_the_origin(kit: Kit) -> None:
    """A body of a megabyte is sent on whole."""
    body = b"x" * _ORIGIN
    seen = kit.sent("all", method="POST", body=body)
    holds(seen.body == body, f"{_ORIGIN} bytes at the origin", len(seen.body))
