"""Requests for a part of an object."""

from conformance.client import Answer
from conformance.kit import Kit
from conformance.origin import filler
from conformance.rule import Group, holds, same
from conformance.rules._expect import FRESH, fetched, header, status

RANGES = Group("ranges", "RangeGETs")
_SIZE = 5000
_BODY = filler(_SIZE)
_WHOLE = (FRESH, f"size={_SIZE}", "etag=v1")
_RANGED = (*_WHOLE, "ranges")


def _ask(kit: Kit, wanted: str, *steps: str) -> Answer:
    return kit.get("plain", *steps, headers=[("Range", f"bytes={wanted}")])


def _is_part(answer: Answer, first: int, last: int) -> None:
    status(206, answer)
    header(f"bytes {first}-{last}/{_SIZE}", answer, "Content-Range")
    same(f"bytes {first} to {last}", _BODY[first : last + 1], answer.body)


def _is_whole(answer: Answer) -> None:
    status(200, answer)
    same("the size", _SIZE, len(answer.body))


@RANGES.rule()
def part_of_a_kept_object(kit: Kit) -> None:
    """A part of an object that is in the cache is served from it, with 206 and Content-Range."""
    kit.get("plain", *_RANGED)
    _is_part(_ask(kit, "100-199", *_RANGED), 100, 199)
    fetched(kit, 1)


@RANGES.rule()
def last_bytes_of_a_kept_object(kit: Kit) -> None:
    """`bytes=-N` is the last N bytes."""
    kit.get("plain", *_RANGED)
    _is_part(_ask(kit, "-500", *_RANGED), _SIZE - 500, _SIZE - 1)


@RANGES.rule()
def open_range_of_a_kept_object(kit: Kit) -> None:
    """`bytes=N-` is everything from byte N."""
    kit.get("plain", *_RANGED)
    _is_part(_ask(kit, "4000-", *_RANGED), 4000, _SIZE - 1)


@RANGES.rule()
def range_over_the_end_is_cut(kit: Kit) -> None:
    """A range that ends after the object ends with the object."""
    kit.get("plain", *_RANGED)
    _is_part(_ask(kit, "4900-9999", *_RANGED), 4900, _SIZE - 1)


@RANGES.rule()
def part_of_an_object_that_is_not_kept(kit: Kit) -> None:
    """A part of an object that is not in the cache comes from the origin."""
    _is_part(_ask(kit, "100-199", *_RANGED), 100, 199)


@RANGES.rule()
def range_reaches_the_origin(kit: Kit) -> None:
    """On a miss the origin is asked for the range, or for more than it."""
    _ask(kit, "100-199", *_RANGED)
    asked = kit.seen()[0].header("Range") or "bytes=0-"
    first, _, last = asked.removeprefix("bytes=").partition("-")
    holds(int(first) <= 100 and int(last or _SIZE) >= 199, "a Range that covers bytes 100 to 199", asked)


@RANGES.rule()
def same_part_is_kept(kit: Kit) -> None:
    """A part that was fetched is served from the cache afterwards."""
    _ask(kit, "100-199", *_RANGED)
    before = len(kit.seen())
    _is_part(_ask(kit, "100-199", *_RANGED), 100, 199)
    same("requests at the origin", before, len(kit.seen()))


@RANGES.rule()
def part_of_a_kept_part(kit: Kit) -> None:
    """A part of a part that is in the cache is served from it."""
    _ask(kit, "100-199", *_RANGED)
    before = len(kit.seen())
    _is_part(_ask(kit, "120-129", *_RANGED), 120, 129)
    same("requests at the origin", before, len(kit.seen()))


@RANGES.rule()
def kept_part_is_not_the_whole(kit: Kit) -> None:
    """A viewer that asks for the whole after a part gets the whole."""
    _ask(kit, "100-199", *_RANGED)
    _is_whole(kit.get("plain", *_RANGED))


@RANGES.rule()
def origin_without_ranges_gives_the_whole(kit: Kit) -> None:
    """An origin that ignores Range has its whole object passed on."""
    _is_whole(_ask(kit, "100-199", *_WHOLE))


@RANGES.rule()
def origin_without_ranges_is_ranged_from_the_cache(kit: Kit) -> None:
    """Once the whole object of such an origin is in the cache, parts of it are served."""
    _ask(kit, "100-199", *_WHOLE)
    _is_part(_ask(kit, "100-199", *_WHOLE), 100, 199)
    fetched(kit, 1)


@RANGES.rule()
def chunked_origin_gives_the_whole(kit: Kit) -> None:
    """An origin that answers in chunks has its whole object passed on."""
    _is_whole(_ask(kit, "100-199", *_WHOLE, "chunked"))


def _whole_for(name: str, wanted: str, what: str) -> None:
    def check(kit: Kit) -> None:
        kit.get("plain", *_RANGED)
        _is_whole(_ask(kit, wanted, *_RANGED))

    RANGES.add(name, f"{what} are answered with 200 and the whole object", check)


_whole_for("invalid-range-is-the-whole", "abc", "Ranges that cannot be read")
_whole_for("backward-range-is-the-whole", "200-100", "Ranges that end before they begin")
_whole_for("unordered-ranges-are-the-whole", "300-399,100-199", "Several ranges that are not in order")
_whole_for("overlapping-ranges-are-the-whole", "100-199,150-249", "Several ranges that overlap")


@RANGES.rule(doubtful=True)
def several_ranges_of_a_kept_object(kit: Kit) -> None:
    """Several ordered ranges of an object in the cache are answered with 206 and all the parts."""
    kit.get("plain", *_RANGED)
    answer = _ask(kit, "0-99,200-299", *_RANGED)
    status(206, answer)
    holds(_BODY[:100] in answer.body and _BODY[200:300] in answer.body, "both parts in the body", answer)
