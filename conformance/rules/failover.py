"""Origin groups."""

from conformance.kit import Kit
from conformance.rule import Group, holds, same
from conformance.rules._expect import FRESH, for_each, header, kept, refused, status

FAILOVER = Group("failover", "high_availability_origin_failover")
_ENTITY = b"name=value"


def _asked(kit: Kit, *origins: str) -> None:
    """The origins that were asked, in their order."""
    same("the origins that were asked", list(origins), [seen.origin for seen in kit.seen()])


@FAILOVER.rule()
def listed_statuses_fail_over(kit: Kit) -> None:
    """A listed status of the primary leads to the second origin."""

    def check(kit: Kit, code: int) -> None:
        status(200, kit.get("failover", f"status={code}"))
        _asked(kit, "main", "second")

    for_each(kit, (403, 404, 416, 429, 500, 502, 503, 504), check)


@FAILOVER.rule()
def status_that_is_not_listed_does_not(kit: Kit) -> None:
    """A status that is not among the criteria is the answer."""
    status(200, kit.get("failover-few", "status=500", key="listed"))
    answer = kit.get("failover-few", "status=404", "body=gone")
    status(404, answer)
    _asked(kit, "main")


@FAILOVER.rule()
def success_asks_the_primary_alone(kit: Kit) -> None:
    """While the primary answers well the second is not asked."""
    header("main", kit.get("failover"), "X-Origin")
    _asked(kit, "main")


@FAILOVER.rule()
def primary_is_asked_first_each_time(kit: Kit) -> None:
    """A failover is not remembered: every miss asks the primary first."""
    kit.get("failover-few", "status=500")
    kit.get("failover-few", "status=500")
    _asked(kit, "main", "second", "main", "second")


@FAILOVER.rule()
def same_path_goes_to_the_second(kit: Kit) -> None:
    """The second origin is asked for the same object, below its own origin path."""
    kit.get("failover", "status=500")
    paths = [seen.path for seen in kit.seen()]
    same("the paths", [paths[0], "/second" + paths[0]], paths)


@FAILOVER.rule()
def head_fails_over(kit: Kit) -> None:
    """HEAD fails over like GET."""
    status(200, kit.ask("HEAD", "failover", "status=500"))
    _asked(kit, "main", "second")


@FAILOVER.rule()
def options_fails_over_where_it_is_cached(kit: Kit) -> None:
    """OPTIONS fails over where it is a cached method."""
    status(200, kit.ask("OPTIONS", "failover", "status=500"))
    _asked(kit, "main", "second")


@FAILOVER.rule()
def other_methods_do_not_fail_over(kit: Kit) -> None:
    """POST, PUT, PATCH and DELETE are sent to the primary only, where GET fails over."""
    status(200, kit.get("failover", "status=500", key="get"))

    def check(kit: Kit, method: str) -> None:
        status(500, kit.ask(method, "failover", "status=500", body=_ENTITY if method != "DELETE" else None))
        _asked(kit, "main")

    for_each(kit, ("POST", "PUT", "PATCH", "DELETE"), check)


@FAILOVER.rule()
def second_error_is_the_answer(kit: Kit) -> None:
    """If the second origin fails too, its answer is the viewer's."""
    answer = kit.get("failover", "status=500", "body=one", "second", "status=503", "body=two")
    status(503, answer)
    same("the body", "two", answer.text)


@FAILOVER.rule()
def error_page_after_the_second(kit: Kit) -> None:
    """A custom error page is for the second origin's error."""
    answer = kit.get("failover", "status=500", "second", "status=405", "body=two")
    status(200, answer)
    same("the body", "page-405", answer.text)


@FAILOVER.rule()
def refused_connection_fails_over_with_503(kit: Kit) -> None:
    """A connection that cannot be made fails over if 503 is listed."""
    status(200, kit.get("failover-closed"))
    _asked(kit, "second")


@FAILOVER.rule()
def refused_connection_does_not_without_503(kit: Kit) -> None:
    """A connection that cannot be made does not fail over if 503 is not listed."""
    refused(kit, 502, kit.get("failover-closed-few"))


@FAILOVER.rule()
def silence_fails_over_with_504(kit: Kit) -> None:
    """A read timeout fails over if 504 is listed."""
    status(200, kit.get("failover-slow", "delay=7"))
    asked = [seen.origin for seen in kit.seen()]
    holds("slow" in asked and "second" in asked, "both origins to be asked", asked)


@FAILOVER.rule()
def silence_does_not_without_504(kit: Kit) -> None:
    """A read timeout does not fail over if 504 is not listed."""
    status(504, kit.get("failover-slow-few", "delay=7"))
    same("the origins that were asked", {"slow"}, {seen.origin for seen in kit.seen()})


@FAILOVER.rule()
def answer_of_the_second_is_kept(kit: Kit) -> None:
    """The second origin's answer is cached like any other."""
    steps = ("status=500", "second", FRESH)
    kept(kit.get("failover-cached", *steps), kit.get("failover-cached", *steps))
    _asked(kit, "main", "second")


@FAILOVER.rule()
def origin_request_function_runs_for_each(kit: Kit) -> None:
    """The origin-request function runs once for each origin, and each event names the origin to be asked."""
    kit.get("failover-edge", "status=500", "origin-request=asked")
    named = [seen.header("X-Asked") or "" for seen in kit.seen()]
    holds(
        len(named) == 2 and not named[0].endswith("/second") and named[1].endswith("/second"),
        "an event that names the first origin, then one that names the second",
        named,
    )


@FAILOVER.rule(doubtful=True)
def both_attempts_have_one_request_id(kit: Kit) -> None:
    """Both events of a failover carry the viewer's request id."""
    answer = kit.get("failover-edge", "status=500", "origin-request=asked")
    named = [seen.header("X-Id") for seen in kit.seen()]
    same("the request ids", [answer.header("X-Amz-Cf-Id")] * 2, named)


@FAILOVER.rule()
def origin_response_function_runs_for_the_second(kit: Kit) -> None:
    """The origin-response function runs for the second origin's answer."""
    answer = kit.get("failover-edge", "status=500", "origin-response=mark")
    status(200, answer)
    holds(answer.header("X-Origin-Response") is not None, "the mark of the origin-response function", answer)
