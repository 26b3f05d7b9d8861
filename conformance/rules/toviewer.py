"""What of an answer reaches the viewer, and what is added."""

import re

from conformance.kit import Kit
from conformance.origin import filler
from conformance.rule import Group, holds, same
from conformance.rules._expect import FRESH, header, status, without

TO_VIEWER = Group("headers to viewer", "RequestAndResponseBehaviorCustomOrigin")


@TO_VIEWER.rule()
def via_names_cloudfront_to_the_viewer(kit: Kit) -> None:
    """Via is the HTTP version and a name below cloudfront.net."""
    via = kit.get("none").header("Via") or ""
    pattern = r"1\.1 [0-9a-f]+\.cloudfront\.net \(CloudFront\)"
    holds(bool(re.fullmatch(pattern, via)), "1.1 HEX.cloudfront.net (CloudFront)", via)


@TO_VIEWER.rule()
def via_of_the_origin_is_replaced(kit: Kit) -> None:
    """The origin's Via does not reach the viewer."""
    values = kit.get("none", "header=Via:1.0 origin.example").all("Via")
    holds(len(values) == 1 and "origin.example" not in values[0], "one Via, CloudFront's own", values)


@TO_VIEWER.rule()
def x_cache_says_miss_and_hit(kit: Kit) -> None:
    """X-Cache is `Miss from cloudfront`, then `Hit from cloudfront`."""
    header("Miss from cloudfront", kit.get("plain", FRESH), "X-Cache")
    header("Hit from cloudfront", kit.get("plain", FRESH), "X-Cache")


@TO_VIEWER.rule()
def x_cache_of_the_origin_is_replaced(kit: Kit) -> None:
    """An X-Cache of the origin does not reach the viewer."""
    same(
        "X-Cache", ["Miss from cloudfront"], kit.get("none", "header=X-Cache:HIT from origin").all("X-Cache")
    )


@TO_VIEWER.rule()
def pop_names_an_edge_location(kit: Kit) -> None:
    """X-Amz-Cf-Pop is an edge location such as `LAX50-C1`."""
    pop = kit.get("none").header("X-Amz-Cf-Pop") or ""
    holds(bool(re.fullmatch(r"[A-Z]{3}\d+-[A-Z]\d+", pop)), "an edge location such as LAX50-C1", pop)


@TO_VIEWER.rule()
def request_id_is_told_and_unique(kit: Kit) -> None:
    """X-Amz-Cf-Id is another one for every request, about 56 characters long."""
    ids = {kit.get("plain", FRESH).header("X-Amz-Cf-Id") or "" for _ in range(3)}
    holds(len(ids) == 3 and all(48 <= len(each) <= 64 for each in ids), "three different ids", ids)


@TO_VIEWER.rule()
def age_is_not_on_a_miss(kit: Kit) -> None:
    """An answer that has just come from the origin has no Age."""
    without(kit.get("plain", FRESH), "Age")


@TO_VIEWER.rule("Cookies")
def set_cookie_is_removed_without_cookie_forwarding(kit: Kit) -> None:
    """Where cookies are not forwarded, the origin's Set-Cookie does not reach the viewer."""
    without(kit.get("plain", FRESH, "header=Set-Cookie:a=1"), "Set-Cookie")


@TO_VIEWER.rule("Cookies")
def set_cookie_is_kept_with_cookie_forwarding(kit: Kit) -> None:
    """Where cookies are forwarded, Set-Cookie reaches the viewer, and is kept with the object."""
    steps = (FRESH, "header=Set-Cookie:a=1; Path=/", "header=Set-Cookie:b=2")
    for _ in range(2):
        same("Set-Cookie", ["a=1; Path=/", "b=2"], kit.get("cookies", *steps).all("Set-Cookie"))


@TO_VIEWER.rule()
def trailer_is_removed(kit: Kit) -> None:
    """Trailer does not reach the viewer."""
    without(kit.get("none", "header=Trailer:X-Sum"), "Trailer")


@TO_VIEWER.rule()
def upgrade_is_removed(kit: Kit) -> None:
    """Upgrade does not reach the viewer."""
    without(kit.get("none", "header=Upgrade:h2c"), "Upgrade")


@TO_VIEWER.rule()
def vary_is_cut_to_what_is_forwarded(kit: Kit) -> None:
    """Vary keeps only forwarded headers, Accept-Encoding and Cookie."""
    vary = kit.get("keyed", "header=Vary:X-Key, X-Other, Accept-Encoding").header("Vary") or ""
    names = sorted(name.strip().lower() for name in vary.split(","))
    same("the names in Vary", ["accept-encoding", "x-key"], names)


@TO_VIEWER.rule()
def server_of_the_origin_is_passed_on(kit: Kit) -> None:
    """The origin's Server reaches the viewer."""
    header("kit", kit.get("none"), "Server")


@TO_VIEWER.rule()
def other_headers_are_passed_on(kit: Kit) -> None:
    """Headers that CloudFront does not know reach the viewer, each line for itself, also from the cache."""
    for _ in range(2):
        answer = kit.get("plain", FRESH, "header=X-Own:one", "header=X-Own:two", "header=Link:</a>; rel=next")
        found = [value.strip() for line in answer.all("X-Own") for value in line.split(",")]
        same("X-Own", ["one", "two"], found)
        header("</a>; rel=next", answer, "Link")


@TO_VIEWER.rule()
def status_of_the_origin_is_passed_on(kit: Kit) -> None:
    """An unusual status of the origin reaches the viewer."""
    status(207, kit.get("none", "status=207"))
    status(410, kit.get("none", "status=410", key="gone"))


@TO_VIEWER.rule()
def empty_answers_stay_empty(kit: Kit) -> None:
    """A 204 has no body."""
    answer = kit.get("none", "status=204")
    status(204, answer)
    same("the body", b"", answer.body)


@TO_VIEWER.rule()
def head_has_the_headers_of_get(kit: Kit) -> None:
    """An answer to HEAD has the object's Content-Length and no body."""
    answer = kit.ask("HEAD", "none", "size=1234")
    header("1234", answer, "Content-Length")


@TO_VIEWER.rule()
def connection_headers_of_the_origin_stay_there(kit: Kit) -> None:
    """Headers of the origin's connection do not reach the viewer."""
    answer = kit.get("none", "header=Keep-Alive:timeout=9")
    holds(answer.fetch > 0, "an answer of the origin", answer)
    holds(
        answer.header("Keep-Alive") != "timeout=9", "no Keep-Alive of the origin", answer.header("Keep-Alive")
    )


@TO_VIEWER.rule()
def large_body_arrives_whole(kit: Kit) -> None:
    """A body of 100,000 bytes arrives byte for byte."""
    answer = kit.get("none", "size=100000", "type=application/octet-stream")
    holds(answer.body == filler(100_000), "the origin's bytes", f"{len(answer.body)} bytes")
