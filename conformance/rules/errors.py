"""Errors of the origin and of CloudFront itself: what they look like and how long they are kept."""

import re

from conformance.kit import Kit
from conformance.rule import Group, holds, same
from conformance.rules._expect import EXPIRED, fetched, for_each, header, refused, status

ERRORS = Group("errors", "HTTPStatusCodes")


def _asked(kit: Kit, behavior: str, *steps: str, times: int = 2) -> int:
    """How often the origin is asked when a viewer asks so often."""
    for _ in range(times):
        kit.get(behavior, *steps)
    return len(kit.seen())


# In the template 500 has an error caching time of one second and 503 of none.
_KEPT = (404, 414, 501, 502, 504)
_NOT_KEPT = (400, 403, 405, 412, 415)


def _twice(kit: Kit, code: int, expected: int, *steps: str) -> None:
    asked = _asked(kit, "plain", f"status={code}", "body=error", *steps)
    same("requests at the origin for two of viewers", expected, asked)


@ERRORS.rule()
def some_errors_are_kept_by_default(kit: Kit) -> None:
    """404, 414, 501, 502 and 504 without any header are kept for the error caching time."""
    for_each(kit, _KEPT, lambda kit, code: _twice(kit, code, 1))


@ERRORS.rule()
def other_errors_are_not_kept_by_default(kit: Kit) -> None:
    """400, 403, 405, 412 and 415 without any header are not kept."""
    for_each(kit, _NOT_KEPT, lambda kit, code: _twice(kit, code, 2))


@ERRORS.rule()
def other_errors_are_kept_with_max_age(kit: Kit) -> None:
    """400, 403, 405, 412 and 415 are kept if the origin says for how long."""
    for_each(kit, _NOT_KEPT, lambda kit, code: _twice(kit, code, 1, "cc=max-age=300"))


@ERRORS.rule()
def error_416_is_never_kept(kit: Kit) -> None:
    """A 416 is not kept, whatever the origin says."""
    asked = _asked(kit, "plain", "status=416", "cc=max-age=300")
    same("requests at the origin for two of viewers", 2, asked)


@ERRORS.rule()
def caching_disabled_keeps_no_error(kit: Kit) -> None:
    """With CachingDisabled no error is kept."""
    same("requests at the origin for two of viewers", 2, _asked(kit, "none", "status=404", "body=error"))


@ERRORS.rule()
def error_caching_time_lasts_longer_than_a_short_max_age(kit: Kit) -> None:
    """An error is kept for the error caching time (ten seconds) where max-age is shorter."""
    kit.get("plain", "status=404", "cc=max-age=1")
    kit.pause(EXPIRED)
    kit.get("plain", "status=404", "cc=max-age=1")
    fetched(kit, 1)


@ERRORS.rule()
def max_age_lasts_longer_than_the_error_caching_time(kit: Kit) -> None:
    """An error is kept for its max-age where the error caching time (here one second) is shorter."""
    kit.get("plain", "status=500", "cc=max-age=300")
    kit.pause(EXPIRED)
    kit.get("plain", "status=500", "cc=max-age=300")
    fetched(kit, 1)


@ERRORS.rule()
def error_caching_time_ends(kit: Kit) -> None:
    """After the error caching time (here one second) the origin is asked again, and its success is served."""
    steps = ("status=500", "then", "body=well")
    kit.get("plain", *steps)
    kit.pause(EXPIRED)
    same("the body", "well", kit.get("plain", *steps).text)


@ERRORS.rule()
def error_caching_time_0_keeps_nothing(kit: Kit) -> None:
    """With an error caching time of 0, as 503 has here, an error is not kept."""
    same("requests at the origin for two of viewers", 2, _asked(kit, "plain", "status=503", "body=error"))


@ERRORS.rule(doubtful=True)
def no_store_is_respected_for_404(kit: Kit) -> None:
    """A 404 with `no-store` is not kept."""
    same("requests at the origin for two of viewers", 2, _asked(kit, "plain", "status=404", "cc=no-store"))


@ERRORS.rule(doubtful=True)
def no_store_is_not_respected_for_502(kit: Kit) -> None:
    """A 502 with `no-store` is kept all the same."""
    same("requests at the origin for two of viewers", 1, _asked(kit, "plain", "status=502", "cc=no-store"))


@ERRORS.rule()
def error_of_the_origin_keeps_its_body(kit: Kit) -> None:
    """Without a custom page, the viewer gets the origin's error with its headers and its body."""
    answer = kit.get("none", "status=404", "body=not here", "header=X-Why:gone")
    status(404, answer)
    same("the body", "not here", answer.text)
    header("gone", answer, "X-Why")


@ERRORS.rule(doubtful=True)
def error_of_the_origin_says_error_in_x_cache(kit: Kit) -> None:
    """The X-Cache of an error is `Error from cloudfront`, from the origin and from the cache."""
    header("Error from cloudfront", kit.get("plain", "status=404"), "X-Cache")
    header("Error from cloudfront", kit.get("plain", "status=404"), "X-Cache")


@ERRORS.rule("http-502-bad-gateway")
def refused_connection_is_502(kit: Kit) -> None:
    """An origin that refuses the connection is a 502."""
    refused(kit, 502, kit.get("edge-closed"))


@ERRORS.rule("http-502-bad-gateway")
def unknown_domain_is_502(kit: Kit) -> None:
    """An origin whose name cannot be resolved is a 502."""
    refused(kit, 502, kit.get("edge-nowhere"))


@ERRORS.rule("http-502-bad-gateway")
def connection_closed_without_an_answer_is_502(kit: Kit) -> None:
    """An origin that closes the connection without an answer is a 502."""
    status(502, kit.get("none", "close"))
    holds(bool(kit.seen()), "the origin to be asked", "nothing")


@ERRORS.rule("http-504-gateway-timeout")
def silent_origin_is_504(kit: Kit) -> None:
    """An origin that does not answer within the read timeout (here two seconds) is a 504."""
    status(504, kit.get("slow", "delay=7"))


@ERRORS.rule("GeneratingCustomErrorResponses", doubtful=True)
def own_error_page_has_its_form(kit: Kit) -> None:
    """The page of an error that CloudFront makes itself names the status, the generator and the request id."""
    answer = kit.get("edge-closed")
    for part in (
        "<H1>502 ERROR</H1>",
        "Generated by cloudfront (CloudFront)",
        "The request could not be satisfied",
    ):
        holds(part in answer.text, f"a page with {part!r}", answer)
    found = re.search(r"Request ID: (\S+)", answer.text)
    same("the page's request id is X-Amz-Cf-Id", answer.header("X-Amz-Cf-Id"), found and found[1])


@ERRORS.rule("GeneratingCustomErrorResponses", doubtful=True)
def own_error_page_has_its_headers(kit: Kit) -> None:
    """An error that CloudFront makes itself says so in Server, Content-Type and X-Cache."""
    answer = kit.get("edge-closed")
    header("CloudFront", answer, "Server")
    header("text/html", answer, "Content-Type")
    header("Error from cloudfront", answer, "X-Cache")
