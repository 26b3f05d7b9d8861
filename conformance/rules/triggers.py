"""When functions run, in which order, and what of their work is kept."""

from conformance.kit import Kit, event_in
from conformance.rule import Group, holds, same
from conformance.rules._expect import (
    FRESH,
    answered,
    fetched,
    for_each,
    header,
    kept,
    refused,
    renewed,
    status,
)

TRIGGERS = Group("triggers order", "lambda-cloudfront-trigger-events")
_MARKS = {
    "viewer-request": "X-Viewer-Request",
    "origin-request": "X-Origin-Request",
    "origin-response": "X-Origin-Response",
    "viewer-response": "X-Viewer-Response",
}


@TRIGGERS.rule()
def request_triggers_run_in_order(kit: Kit) -> None:
    """The viewer-request function runs before the origin-request function, and both before the origin."""
    seen = kit.sent("edge", "viewer-request=trail", "origin-request=trail")
    same("the trail at the origin", "viewer-request origin-request", seen.header("X-Trail"))


@TRIGGERS.rule()
def response_triggers_run_in_order(kit: Kit) -> None:
    """The origin-response function runs before the viewer-response function."""
    answer = kit.get("edge", "origin-response=trail", "viewer-response=trail")
    header("origin-response viewer-response", answer, "X-Trail")


@TRIGGERS.rule()
def viewer_request_runs_on_a_hit(kit: Kit) -> None:
    """The viewer-request function runs before the cache is looked at, on a hit too."""
    steps = (FRESH, "viewer-request=set:X-Ran:yes", "viewer-response=event")
    kit.get("edge-cached", *steps)
    answer = kit.get("edge-cached", *steps)
    same("X-Cache", "Hit", answer.cache)
    holds("x-ran" in event_in(answer)["request"]["headers"], "the header that viewer-request adds", answer)


@TRIGGERS.rule()
def viewer_response_runs_on_a_hit(kit: Kit) -> None:
    """The viewer-response function runs on a hit, anew for each viewer."""
    steps = (FRESH, "viewer-response=mark")
    first, second = kit.get("edge-cached", *steps), kit.get("edge-cached", *steps)
    kept(first, second)
    marks = {answer.header("X-Viewer-Response") for answer in (first, second)} - {None}
    same("different marks", 2, len(marks))


@TRIGGERS.rule()
def origin_triggers_do_not_run_on_a_hit(kit: Kit) -> None:
    """Origin functions run only when the origin is asked."""
    steps = (FRESH, "origin-response=mark")
    first, second = kit.get("edge-cached", *steps), kit.get("edge-cached", *steps)
    holds(first.header("X-Origin-Response") is not None, "the mark of the origin-response function", first)
    header(first.header("X-Origin-Response"), second, "X-Origin-Response")


@TRIGGERS.rule()
def origin_responses_work_is_kept(kit: Kit) -> None:
    """What the origin-response function changes is kept with the object: status, headers and body."""
    steps = (FRESH, "origin-response=status:203", "origin-response=body:changed")
    for _ in range(2):
        answer = kit.get("edge-cached", *steps)
        same("status and body", (203, "changed"), (answer.status, answer.text))
    fetched(kit, 1)


@TRIGGERS.rule()
def viewer_requests_answer_is_not_kept(kit: Kit) -> None:
    """A response that the viewer-request function makes is not cached, whatever its Cache-Control."""
    step = "viewer-request=generate-cached:max-age=300"
    first, second = kit.get("edge-cached", step), kit.get("edge-cached", step)
    holds(
        first.status == 200 and first.text != second.text,
        "another answer each time",
        (first.text, second.text),
    )


@TRIGGERS.rule()
def viewer_requests_answer_ends_the_request(kit: Kit) -> None:
    """A response that the viewer-request function makes keeps the request from the origin."""
    refused(kit, 418, kit.get("edge", "viewer-request=generate:418"))


@TRIGGERS.rule()
def viewer_requests_answer_runs_no_viewer_response(kit: Kit) -> None:
    """The viewer-response function does not run for a response that the viewer-request function made."""
    answer = kit.get("edge", "viewer-request=generate:203", "viewer-response=mark")
    status(203, answer)
    header(None, answer, "X-Viewer-Response")


@TRIGGERS.rule("lambda-generating-http-responses")
def origin_requests_answer_is_kept(kit: Kit) -> None:
    """A response that the origin-request function makes is cached; the function does not run again for it."""
    step = "origin-request=generate-cached:max-age=300"
    first, second = kit.get("edge-cached", step), kit.get("edge-cached", step)
    header("max-age=300", first, "Cache-Control")
    holds(first.status == 200 and first.text == second.text, "the same answer", (first.text, second.text))


@TRIGGERS.rule("lambda-generating-http-responses")
def origin_requests_answer_obeys_cache_control(kit: Kit) -> None:
    """A response that the origin-request function makes is kept by the usual rules: not with `no-store`."""
    step = "origin-request=generate-cached:no-store"
    first, second = kit.get("edge-cached", step), kit.get("edge-cached", step)
    holds(
        first.status == 200 and first.text != second.text,
        "another answer each time",
        (first.text, second.text),
    )


@TRIGGERS.rule()
def origin_requests_answer_ends_the_request(kit: Kit) -> None:
    """A response that the origin-request function makes keeps the request from the origin."""
    refused(kit, 418, kit.get("edge", "origin-request=generate:418"))


@TRIGGERS.rule()
def origin_requests_answer_runs_no_origin_response(kit: Kit) -> None:
    """The origin-response function does not run for a response that the origin-request function made."""
    answer = kit.get("edge", "origin-request=generate:203", "origin-response=mark")
    status(203, answer)
    header(None, answer, "X-Origin-Response")


@TRIGGERS.rule()
def origin_requests_answer_runs_viewer_response(kit: Kit) -> None:
    """The viewer-response function runs for a response that the origin-request function made."""
    answer = kit.get("edge", "origin-request=generate:200", "viewer-response=mark")
    holds(answer.header("X-Viewer-Response") is not None, "the mark of the viewer-response function", answer)


_ERRORS = (400, 403, 404, 500, 503)


@TRIGGERS.rule()
def origin_response_runs_for_errors(kit: Kit) -> None:
    """The origin-response function runs for every answer of the origin, 4xx and 5xx included."""

    def check(kit: Kit, code: int) -> None:
        answer = kit.get("edge", f"status={code}", "origin-response=mark")
        status(code, answer)
        holds(
            answer.header("X-Origin-Response") is not None, "the mark of the origin-response function", answer
        )

    for_each(kit, _ERRORS, check)


@TRIGGERS.rule()
def viewer_response_does_not_run_for_errors(kit: Kit) -> None:
    """The viewer-response function does not run where the origin answers 400 or more."""

    def check(kit: Kit, code: int) -> None:
        answer = kit.get("edge", f"status={code}", "viewer-response=mark")
        status(code, answer)
        header(None, answer, "X-Viewer-Response")

    for_each(kit, _ERRORS, check)


@TRIGGERS.rule()
def viewer_response_runs_below_400(kit: Kit) -> None:
    """The viewer-response function runs where the origin answers less than 400."""

    def check(kit: Kit, code: int) -> None:
        answer = kit.get("edge", f"status={code}", "header=Location:/a", "viewer-response=mark")
        status(code, answer)
        holds(
            answer.header("X-Viewer-Response") is not None, "the mark of the viewer-response function", answer
        )

    for_each(kit, (200, 201, 302), check)


@TRIGGERS.rule()
def kept_error_runs_no_viewer_response(kit: Kit) -> None:
    """The viewer-response function does not run for an error from the cache either."""
    for _ in range(2):
        answer = kit.get("edge-cached", "status=404", "viewer-response=mark")
        status(404, answer)
        header(None, answer, "X-Viewer-Response")
    fetched(kit, 1)


@TRIGGERS.rule("edge-function-restrictions-all")
def unresolvable_origin_runs_no_origin_request(kit: Kit) -> None:
    """The configured origin is resolved first: if that fails the origin-request function does not run."""
    status(418, kit.get("edge-nowhere", "viewer-request=generate:418"))
    status(502, kit.get("edge-nowhere", "origin-request=generate:418"))


@TRIGGERS.rule("http-502-bad-gateway")
def unreachable_origin_runs_origin_request(kit: Kit) -> None:
    """The origin-request function runs before the connection is tried."""
    status(418, kit.get("edge-closed", "origin-request=generate:418"))


@TRIGGERS.rule("http-502-bad-gateway")
def unreachable_origin_runs_no_viewer_response(kit: Kit) -> None:
    """The viewer-response function does not run for a 502 that CloudFront makes."""
    answer = kit.get("edge-closed", "viewer-response=mark")
    status(502, answer)
    header(None, answer, "X-Viewer-Response")
    answered(kit)


@TRIGGERS.rule()
def functions_run_for_post(kit: Kit) -> None:
    """All four functions run for a request that is never cached."""
    steps = [f"{trigger}=mark:ran" for trigger in _MARKS]
    answer = kit.ask("POST", "edge", *steps, body=b"a=1")
    seen = kit.seen()[0]
    found = [
        seen.header(_MARKS["viewer-request"]),
        seen.header(_MARKS["origin-request"]),
        answer.header(_MARKS["origin-response"]),
        answer.header(_MARKS["viewer-response"]),
    ]
    same("the marks of the four", ["ran"] * 4, found)


@TRIGGERS.rule()
def origin_triggers_run_on_every_miss(kit: Kit) -> None:
    """Where nothing is cached the origin functions run for every request."""
    first, second = kit.get("edge", "origin-response=mark"), kit.get("edge", "origin-response=mark")
    renewed(first, second)
    marks = {answer.header("X-Origin-Response") for answer in (first, second)} - {None}
    same("different marks", 2, len(marks))


@TRIGGERS.rule("lambda-generating-http-responses", doubtful=True)
def made_response_names_itself_in_x_cache(kit: Kit) -> None:
    """The X-Cache of a response that a viewer-request function made is `LambdaGeneratedResponse from cloudfront`."""
    answer = kit.get("edge", "viewer-request=generate:200")
    header("LambdaGeneratedResponse from cloudfront", answer, "X-Cache")
