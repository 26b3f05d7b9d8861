"""Requests that miss at the same time."""

from conformance.client import Answer
from conformance.kit import Kit
from conformance.rule import Group, holds, same
from conformance.rules._expect import FRESH, fetched, for_each, status

COLLAPSING = Group("collapsing", "RequestAndResponseBehaviorCustomOrigin")
_VIEWERS = 5
_WHILE = "delay=1"  # long enough that all viewers have asked before there is an answer


def _together(kit: Kit, behavior: str, *steps: str, each: str = "") -> list[Answer]:
    """As many viewers at once; `each` is a query that differs for each of them."""

    def ask(number: int) -> Answer:
        return kit.get(behavior, _WHILE, *steps, query=f"{each}={number}" if each else "")

    return kit.together(_VIEWERS, ask)


@COLLAPSING.rule()
def concurrent_misses_cost_one_fetch(kit: Kit) -> None:
    """Requests for one object that arrive while it is being fetched wait for that fetch."""
    _together(kit, "plain", FRESH)
    fetched(kit, 1)


@COLLAPSING.rule()
def waiting_viewers_get_the_one_answer(kit: Kit) -> None:
    """All that waited get the whole object."""
    answers = _together(kit, "plain", FRESH, "size=5000")
    same("status and size", {(200, 5000)}, {(answer.status, len(answer.body)) for answer in answers})


@COLLAPSING.rule()
def waiting_viewers_are_hits(kit: Kit) -> None:
    """One viewer's request is a miss; those that waited for it are hits."""
    caches = sorted(answer.cache for answer in _together(kit, "plain", FRESH))
    same("X-Cache", ["Hit"] * (_VIEWERS - 1) + ["Miss"], caches)


@COLLAPSING.rule()
def different_objects_do_not_wait(kit: Kit) -> None:
    """Requests with different keys are fetched each for itself."""
    _together(kit, "queries", FRESH, each="a")
    fetched(kit, _VIEWERS)


@COLLAPSING.rule()
def no_collapsing_with_caching_disabled(kit: Kit) -> None:
    """With CachingDisabled every request goes to the origin."""
    _together(kit, "none")
    fetched(kit, _VIEWERS)


@COLLAPSING.rule("Cookies")
def no_collapsing_with_cookies_forwarded(kit: Kit) -> None:
    """Where all cookies are forwarded, requests are not collapsed."""
    _together(kit, "cookies", FRESH)
    fetched(kit, _VIEWERS)


@COLLAPSING.rule()
def no_answer_is_shared_that_may_not_be_kept(kit: Kit) -> None:
    """With a minimum TTL of 0, `private`, `no-store`, `no-cache` or `max-age=0` is given to nobody who waited."""

    def check(kit: Kit, directive: str) -> None:
        answers = _together(kit, "plain", f"cc={directive}")
        fetches = sorted(answer.fetch for answer in answers)
        same("the fetch of each viewer", list(range(1, _VIEWERS + 1)), fetches)

    for_each(kit, ("private", "no-store", "no-cache", "max-age=0"), check)


@COLLAPSING.rule()
def posts_do_not_wait(kit: Kit) -> None:
    """Requests with POST are never collapsed."""
    kit.together(_VIEWERS, lambda _: kit.ask("POST", "plain", _WHILE, FRESH, body=b"a"))
    fetched(kit, _VIEWERS)


@COLLAPSING.rule("lambda-cloudfront-trigger-events")
def origin_functions_run_once(kit: Kit) -> None:
    """Origin functions run for the one request that goes to the origin."""
    answers = _together(kit, "edge-cached", FRESH, "origin-response=mark")
    for answer in answers:
        status(200, answer)
    marks = {answer.header("X-Origin-Response") for answer in answers}
    holds(len(marks - {None}) == 1, "one mark of the function, that all viewers share", marks)
