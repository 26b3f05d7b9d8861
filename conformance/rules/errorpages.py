"""Custom error responses. In the template: 405 becomes 200, 416 has a page that is not there, 501 and 504 have one."""

from conformance.kit import Kit
from conformance.rule import Group, holds, same
from conformance.rules._expect import header, status

ERROR_PAGES = Group("error pages", "GeneratingCustomErrorResponses")


@ERROR_PAGES.rule()
def page_replaces_the_body(kit: Kit) -> None:
    """The viewer gets the custom page instead of the origin's body."""
    answer = kit.get("none", "status=501", "body=raw")
    status(501, answer)
    same("the body", "page-501", answer.text)


@ERROR_PAGES.rule()
def page_may_change_the_status(kit: Kit) -> None:
    """The response code of the configuration replaces the origin's status."""
    answer = kit.get("none", "status=405", "body=raw")
    status(200, answer)
    same("the body", "page-405", answer.text)


@ERROR_PAGES.rule()
def page_brings_its_own_headers(kit: Kit) -> None:
    """The headers are those of the page, not those of the error."""
    answer = kit.get("none", "status=405", "header=X-Error:1", "type=text/error")
    header("text/plain", answer, "Content-Type")
    header(None, answer, "X-Error")


@ERROR_PAGES.rule()
def page_comes_by_its_path(kit: Kit) -> None:
    """The page comes from the origin of the behavior that matches the page's path."""
    header("second", kit.get("none", "status=501"), "X-Origin")


@ERROR_PAGES.rule()
def page_is_kept_by_its_own_behavior(kit: Kit) -> None:
    """The behavior of the page's path says how long the page is kept."""
    first = kit.get("none", "status=501", key="first")
    second = kit.get("none", "status=501", key="second")
    same("the body", "page-501", first.text)
    same("the page's fetch", first.fetch, second.fetch)


@ERROR_PAGES.rule()
def page_that_fails_gives_its_own_status(kit: Kit) -> None:
    """If the page cannot be had, the viewer gets the status of the attempt to get it."""
    status(404, kit.get("none", "status=416", "body=raw"))


@ERROR_PAGES.rule()
def page_for_an_error_of_cloudfront(kit: Kit) -> None:
    """The page for 504 is used when CloudFront itself gives up waiting for the origin."""
    answer = kit.get("slow", "delay=7")
    status(504, answer)
    same("the body", "page-504", answer.text)


@ERROR_PAGES.rule()
def status_without_a_page_has_none(kit: Kit) -> None:
    """An error that is listed with an error caching time alone keeps the origin's body."""
    answer = kit.get("none", "status=500", "body=raw")
    status(500, answer)
    same("the body", "raw", answer.text)


@ERROR_PAGES.rule()
def success_has_no_page(kit: Kit) -> None:
    """A success is not touched."""
    same("the body of an error", "page-501", kit.get("none", "status=501", key="error").text)
    same("the body", "fine", kit.get("none", "body=fine").text)


@ERROR_PAGES.rule("lambda-cloudfront-trigger-events")
def page_runs_no_viewer_response_function(kit: Kit) -> None:
    """No viewer-response function runs for a custom error page: neither the request's nor the page's."""
    answer = kit.get("edge", "status=405", "viewer-response=mark")
    same("the body", "page-405", answer.text)
    header(None, answer, "X-Viewer-Response")


@ERROR_PAGES.rule("lambda-cloudfront-trigger-events", doubtful=True)
def page_runs_the_origin_functions_of_its_behavior(kit: Kit) -> None:
    """Origin triggers of the behavior that matches the page's path run when the page is fetched."""
    answer = kit.get("none", "status=405")
    holds(answer.header("X-Origin-Response") is not None, "the mark of the origin-response function", answer)


@ERROR_PAGES.rule()
def error_is_kept_with_its_page(kit: Kit) -> None:
    """An error that is kept is answered with its page, without asking the origin again."""
    for _ in range(2):
        answer = kit.get("plain", "status=501")
        same("the body", "page-501", answer.text)
    same("requests at the origin", 1, len(kit.seen()))


@ERROR_PAGES.rule("creating-custom-error-pages")
def page_for_405_closes_the_connection(kit: Kit) -> None:
    """With a custom page, 405 and 501 close the connection; 504 keeps it."""
    for code, closes in ((405, True), (501, True), (504, False)):
        answer = kit.get("none", f"status={code}", key=str(code))
        same("the body", f"page-{code}", answer.text)
        closed = (answer.header("Connection") or "").lower() == "close"
        same(f"Connection: close for {code}", closes, closed)
