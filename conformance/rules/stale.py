"""When an object whose time is over may still be served."""

from conformance.client import Answer
from conformance.kit import Kit
from conformance.rule import Group, holds, same
from conformance.rules._expect import EXPIRED, FRESH, fetched, status

STALE = Group("stale", "Expiration")


def _then(kit: Kit, behavior: str, *steps: str, pause: float = EXPIRED) -> Answer:
    """Ask, wait until the object has expired, and ask again."""
    first = kit.get(behavior, *steps)
    status(200, first)
    kit.pause(pause)
    return kit.get(behavior, *steps)


def _is_old(answer: Answer) -> None:
    status(200, answer)
    same("the body", "old", answer.text)


@STALE.rule()
def stale_while_revalidate_serves_the_old_one(kit: Kit) -> None:
    """Within stale-while-revalidate the old object is served at once."""
    directive = "cc=max-age=1, stale-while-revalidate=300"
    _is_old(_then(kit, "plain", directive, "body=old", "then", FRESH, "body=new", "delay=1"))


@STALE.rule()
def stale_while_revalidate_fetches_the_new_one(kit: Kit) -> None:
    """Meanwhile the new object is fetched, and served to those who come later."""
    steps = ("cc=max-age=1, stale-while-revalidate=300", "body=old", "then", FRESH, "body=new")
    _is_old(_then(kit, "plain", *steps))
    kit.pause(1)
    same("the body afterwards", "new", kit.get("plain", *steps).text)
    fetched(kit, 2)


@STALE.rule()
def stale_while_revalidate_ends(kit: Kit) -> None:
    """After stale-while-revalidate the viewer waits for the new object."""
    directive = "cc=max-age=1, stale-while-revalidate=1"
    answer = _then(kit, "plain", directive, "body=old", "then", FRESH, "body=new", pause=EXPIRED + 1.5)
    same("the body", "new", answer.text)


@STALE.rule()
def stale_while_revalidate_is_capped_by_the_maximum_ttl(kit: Kit) -> None:
    """stale-while-revalidate lasts no longer than the maximum TTL (here two seconds)."""
    directive = "cc=max-age=1, stale-while-revalidate=300"
    answer = _then(kit, "capped", directive, "body=old", "then", FRESH, "body=new", pause=5.5)
    same("the body", "new", answer.text)


@STALE.rule()
def stale_if_error_serves_the_old_one(kit: Kit) -> None:
    """Within stale-if-error the old object is served when the origin answers 500."""
    _is_old(_then(kit, "plain", "cc=max-age=1, stale-if-error=300", "body=old", "then", "status=500"))


@STALE.rule()
def origin_5xx_leaves_the_old_one(kit: Kit) -> None:
    """The origin answers 5xx and an expired object is there: it is served, without any stale-if-error."""
    _is_old(_then(kit, "plain", "cc=max-age=1", "body=old", "then", "status=500"))


@STALE.rule()
def origin_5xx_is_not_asked_again_at_once(kit: Kit) -> None:
    """After a 5xx the old object is served for the error caching time (ten seconds) without asking again."""
    steps = ("cc=max-age=1", "body=old", "then", "status=502", "then", FRESH, "body=new")
    _is_old(_then(kit, "plain", *steps))
    _is_old(kit.get("plain", *steps))
    fetched(kit, 2)


@STALE.rule()
def origin_4xx_replaces_the_old_one(kit: Kit) -> None:
    """The origin answers 4xx: the viewer gets that, not the expired object."""
    status(404, _then(kit, "plain", "cc=max-age=1", "body=old", "then", "status=404", "body=gone"))


@STALE.rule()
def silent_origin_leaves_the_old_one(kit: Kit) -> None:
    """The origin does not answer in time and an expired object is there: it is served."""
    _is_old(_then(kit, "slow-cached", "cc=max-age=1", "body=old", "then", "delay=7", "body=late"))


@STALE.rule()
def closed_connection_leaves_the_old_one(kit: Kit) -> None:
    """The origin cannot be talked to and an expired object is there: it is served."""
    _is_old(_then(kit, "plain", "cc=max-age=1", "body=old", "then", "close"))


@STALE.rule()
def stale_if_error_0_forbids_the_old_one(kit: Kit) -> None:
    """With `stale-if-error=0` an origin that cannot be talked to gives an error, not the expired object."""
    directive = "cc=max-age=1, stale-if-error=0"
    answer = _then(kit, "plain", directive, "body=old", "then", "close")
    holds(answer.status >= 500, "an error of 5xx", answer)


@STALE.rule()
def expired_object_is_not_served_while_the_origin_answers(kit: Kit) -> None:
    """Without stale-while-revalidate, an origin that answers is asked first."""
    answer = _then(kit, "plain", "cc=max-age=1", "body=old", "then", FRESH, "body=new")
    same("the body", "new", answer.text)
