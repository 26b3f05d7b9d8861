"""What happens to an object whose time is over and that has a validator."""

from conformance.kit import Kit
from conformance.origin import MODIFIED
from conformance.rule import Group, same
from conformance.rules._expect import EXPIRED, FRESH, SHORT, fetched, header, status

REVALIDATION = Group("revalidation", "Expiration")


def _expired(kit: Kit, behavior: str, *steps: str) -> None:
    """An object that was fetched once and is stale now."""
    kit.get(behavior, *steps)
    kit.pause(EXPIRED)


@REVALIDATION.rule()
def etag_is_asked_again_with_if_none_match(kit: Kit) -> None:
    """An expired object with an ETag is asked for with If-None-Match."""
    _expired(kit, "plain", SHORT, "etag=v1")
    kit.get("plain", SHORT, "etag=v1")
    same(
        "If-None-Match of the requests", [None, '"v1"'], [seen.header("If-None-Match") for seen in kit.seen()]
    )


@REVALIDATION.rule()
def last_modified_is_asked_again_with_if_modified_since(kit: Kit) -> None:
    """An expired object with a Last-Modified is asked for with If-Modified-Since."""
    _expired(kit, "plain", SHORT, "modified")
    kit.get("plain", SHORT, "modified")
    asked = [seen.header("If-Modified-Since") for seen in kit.seen()]
    same("If-Modified-Since of the requests", [None, MODIFIED], asked)


@REVALIDATION.rule()
def unchanged_object_is_served_from_the_cache(kit: Kit) -> None:
    """A 304 of the origin lets the kept body be served, with status 200."""
    steps = (SHORT, "etag=v1", "body=first", "then", SHORT, "etag=v1", "body=second")
    _expired(kit, "plain", *steps)
    answer = kit.get("plain", *steps)
    status(200, answer)
    same("the body", "first", answer.text)
    fetched(kit, 2)


@REVALIDATION.rule()
def unchanged_object_is_a_refresh_hit(kit: Kit) -> None:
    """An object that a 304 made fresh again is marked `RefreshHit from cloudfront`."""
    _expired(kit, "plain", SHORT, "etag=v1")
    header("RefreshHit from cloudfront", kit.get("plain", SHORT, "etag=v1"), "X-Cache")


@REVALIDATION.rule()
def changed_object_replaces_the_old_one(kit: Kit) -> None:
    """A 200 to the conditional request is the new object, and no RefreshHit."""
    steps = (SHORT, "etag=v1", "body=first", "then", FRESH, "etag=v2", "body=second")
    _expired(kit, "plain", *steps)
    answer = kit.get("plain", *steps)
    same("the body", "second", answer.text)
    header("Miss from cloudfront", answer, "X-Cache")
    same("the body afterwards", "second", kit.get("plain", *steps).text)
    fetched(kit, 2)


@REVALIDATION.rule()
def not_modified_renews_the_time_to_live(kit: Kit) -> None:
    """The Cache-Control of a 304 says how long the object is fresh again."""
    steps = (SHORT, "etag=v1", "then", FRESH, "etag=v1")
    _expired(kit, "plain", *steps)
    kit.get("plain", *steps)
    kit.pause(EXPIRED)
    kit.get("plain", *steps)
    fetched(kit, 2)


@REVALIDATION.rule()
def object_without_validator_is_fetched_anew(kit: Kit) -> None:
    """Without a validator the object is asked for unconditionally."""
    _expired(kit, "plain", SHORT)
    header("Miss from cloudfront", kit.get("plain", SHORT), "X-Cache")
    conditions = [seen.header(name) for seen in kit.seen() for name in ("If-None-Match", "If-Modified-Since")]
    same("the conditions of two requests", [None] * 4, conditions)


@REVALIDATION.rule("Cookies")
def no_revalidation_where_cookies_are_forwarded(kit: Kit) -> None:
    """Where cookies are forwarded, an expired object is asked for unconditionally."""
    _expired(kit, "cookies", SHORT, "etag=v1")
    kit.get("cookies", SHORT, "etag=v1")
    same("If-None-Match of the requests", [None, None], [seen.header("If-None-Match") for seen in kit.seen()])


@REVALIDATION.rule("lambda-cloudfront-trigger-events")
def revalidation_runs_the_origin_request_function(kit: Kit) -> None:
    """CloudFront contacts the origin to revalidate, so the origin-request function runs."""
    steps = (SHORT, "etag=v1", "origin-request=mark")
    _expired(kit, "edge-cached", *steps)
    kit.get("edge-cached", *steps)
    marks = {seen.header("X-Origin-Request") for seen in kit.seen()}
    same("different marks of the function at the origin", 2, len(marks - {None}))


@REVALIDATION.rule()
def fresh_object_is_not_revalidated(kit: Kit) -> None:
    """While an object is fresh the origin is not asked."""
    for _ in range(3):
        kit.get("plain", FRESH, "etag=v1")
    fetched(kit, 1)
