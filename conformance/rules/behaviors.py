"""Which behavior serves a path."""

from conformance.client import Answer
from conformance.kit import Kit
from conformance.rule import Group, same
from conformance.rules._expect import refused

BEHAVIORS = Group("behaviors", "DownloadDistValuesCacheBehavior")


def _origin(expected: str, answer: Answer) -> None:
    same("the behavior whose origin is", expected, answer.header("X-Origin"))


def _raw(kit: Kit, path: str) -> Answer:
    return kit.client.request("GET", path)


@BEHAVIORS.rule()
def pattern_star_spans_slashes(kit: Kit) -> None:
    """`*` stands for any characters, slashes included."""
    _origin("second", _raw(kit, f"/match/star/a/b/{kit.key()}/end"))


@BEHAVIORS.rule()
def pattern_star_may_be_empty(kit: Kit) -> None:
    """`*` also stands for no character at all."""
    _origin("second", _raw(kit, "/match/starend"))


@BEHAVIORS.rule()
def pattern_covers_the_whole_path(kit: Kit) -> None:
    """A pattern without `*` at its end does not match a longer path."""
    _origin("second", _raw(kit, "/match/exact"))
    _origin("main", _raw(kit, "/match/exact/more"))
    _origin("main", _raw(kit, "/more/match/exact"))


@BEHAVIORS.rule()
def pattern_question_mark_is_one_character(kit: Kit) -> None:
    """`?` stands for exactly one character."""
    _origin("second", _raw(kit, "/match/one1.txt"))
    _origin("main", _raw(kit, "/match/one.txt"))
    _origin("main", _raw(kit, "/match/one12.txt"))


@BEHAVIORS.rule()
def pattern_full_stop_is_itself(kit: Kit) -> None:
    """Other characters, the full stop among them, stand for themselves."""
    _origin("main", _raw(kit, "/match/one1-txt"))


@BEHAVIORS.rule()
def pattern_is_case_sensitive(kit: Kit) -> None:
    """Patterns distinguish upper and lower case."""
    _origin("second", _raw(kit, "/match/Case/1"))
    _origin("main", _raw(kit, "/match/case/1"))


@BEHAVIORS.rule()
def pattern_slash_at_the_start_is_optional(kit: Kit) -> None:
    """A pattern means the same with and without a slash at its start."""
    _origin("second", _raw(kit, "/match/noslash/1"))


@BEHAVIORS.rule()
def first_matching_pattern_wins(kit: Kit) -> None:
    """Patterns are tried in the listed order; a later, more exact one does not count."""
    _origin("second", _raw(kit, "/match/first/1.txt"))


@BEHAVIORS.rule()
def default_behavior_takes_the_rest(kit: Kit) -> None:
    """What no pattern matches goes to the default behavior."""
    _origin("main", _raw(kit, f"/no-such-pattern/{kit.key()}"))


@BEHAVIORS.rule()
def query_is_no_part_of_the_match(kit: Kit) -> None:
    """The query string does not take part in the match."""
    _origin("second", _raw(kit, "/match/exact?/match/Case/1"))
    _origin("main", _raw(kit, "/match/none?/match/exact"))


@BEHAVIORS.rule()
def dot_segments_are_resolved_for_the_match(kit: Kit) -> None:
    """`/x/b/..` is matched as `/x`."""
    _origin("second", _raw(kit, "/match/up/b/1"))
    _origin("main", _raw(kit, "/match/up/b/../1"))
    _origin("second", _raw(kit, "/match/up/./b/1"))


@BEHAVIORS.rule()
def double_slashes_are_one_for_the_match(kit: Kit) -> None:
    """`//` is matched as `/`."""
    _origin("second", _raw(kit, "/match//up//b/1"))


@BEHAVIORS.rule()
def origin_gets_the_raw_path(kit: Kit) -> None:
    """The origin gets the path as it came, not as it was matched."""
    path = f"/none/x/..//./{kit.key()}/a%2fb%7E"
    _raw(kit, path)
    same("the path at the origin", [path], [seen.target for seen in kit.seen()])


@BEHAVIORS.rule("lambda-event-structure")
def rewriting_the_uri_selects_no_other_behavior(kit: Kit) -> None:
    """A viewer-request function that changes the uri changes the object, not the behavior and its origin."""
    answer = kit.get("edge", "viewer-request=uri:/edge/:/match/Case/")
    _origin("main", answer)
    seen = kit.seen()
    same("the path at the origin starts with", "/match/Case/", seen[0].target[:12] if seen else "no request")


@BEHAVIORS.rule("DefaultRootObject")
def default_root_object_answers_the_root(kit: Kit) -> None:
    """A request for `/` gets the default root object."""
    answer = _raw(kit, "/")
    same("the path at the origin", "/home/index.html", answer.json().get("target"))


@BEHAVIORS.rule("DefaultRootObject")
def default_root_object_is_not_for_folders(kit: Kit) -> None:
    """The default root object does not apply to paths below the root."""
    path = f"/none/{kit.key()}/"
    same("the path at the origin", path, _raw(kit, path).json().get("target"))


@BEHAVIORS.rule("HTTPStatusCodes")
def unknown_host_is_403(kit: Kit) -> None:
    """A Host that is neither the distribution's domain nor one of its aliases is answered 403."""
    refused(kit, 403, kit.get("none", headers=[("Host", "www.example.net")]))
