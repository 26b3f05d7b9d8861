"""The viewer protocol policy."""

from conformance.kit import Kit
from conformance.rule import Group, holds, same
from conformance.rules._expect import fetched, for_each, header, refused, status

PROTOCOL = Group("protocol", "using-https-viewers-to-cloudfront")
_ENTITY = b"name=value"


@PROTOCOL.rule()
def redirect_get_is_301(kit: Kit) -> None:
    """With redirect-to-https a GET over http is answered 301."""
    refused(kit, 301, kit.get("redirect"))


@PROTOCOL.rule()
def redirect_head_is_301(kit: Kit) -> None:
    """With redirect-to-https a HEAD over http is answered 301."""
    refused(kit, 301, kit.ask("HEAD", "redirect"))


@PROTOCOL.rule()
def redirect_of_other_methods_is_307(kit: Kit) -> None:
    """With redirect-to-https any other method over http is answered 307, so that the method is kept."""

    def check(kit: Kit, method: str) -> None:
        refused(
            kit,
            307,
            kit.ask(method, "redirect", body=_ENTITY if method in ("POST", "PUT", "PATCH") else None),
        )

    for_each(kit, ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"), check)


@PROTOCOL.rule()
def redirect_keeps_host_path_and_query(kit: Kit) -> None:
    """The redirect leads to the same host, path and query on https."""
    answer = kit.get("redirect", "a b", query="x=1&y=%20")
    expected = f"https://{kit.client.host}{kit.path('redirect', 'a b')}?x=1&y=%20"
    header(expected, answer, "Location")


@PROTOCOL.rule()
def redirect_post_of_http_1_0_is_403(kit: Kit) -> None:
    """With redirect-to-https a POST in HTTP/1.0, which knows no 307, is answered 403."""
    refused(kit, 403, kit.ask("POST", "redirect", body=_ENTITY, version="1.0"))


@PROTOCOL.rule(doubtful=True)
def redirect_names_itself_in_x_cache(kit: Kit) -> None:
    """The redirect's X-Cache is `Redirect from cloudfront`."""
    header("Redirect from cloudfront", kit.get("redirect"), "X-Cache")


@PROTOCOL.rule("lambda-cloudfront-trigger-events")
def redirect_runs_no_viewer_request_function(kit: Kit) -> None:
    """No viewer-request function runs for a request that is redirected to https."""
    status(418, kit.get("redirect", "viewer-request=generate:418", tls=True))
    refused(kit, 301, kit.get("redirect", "viewer-request=generate:418"))


@PROTOCOL.rule("lambda-cloudfront-trigger-events")
def redirect_runs_no_viewer_response_function(kit: Kit) -> None:
    """No viewer-response function runs for a redirect to https."""
    answer = kit.get("redirect", "viewer-response=mark")
    status(301, answer)
    header(None, answer, "X-Viewer-Response")


@PROTOCOL.rule()
def redirect_lets_https_pass(kit: Kit) -> None:
    """With redirect-to-https a request over https is served."""
    status(200, kit.get("redirect", tls=True))
    fetched(kit, 1)


@PROTOCOL.rule()
def https_only_refuses_http(kit: Kit) -> None:
    """With https-only a request over http is answered 403."""
    refused(kit, 403, kit.get("https-only"))


@PROTOCOL.rule()
def https_only_lets_https_pass(kit: Kit) -> None:
    """With https-only a request over https is served."""
    status(200, kit.get("https-only", tls=True))
    fetched(kit, 1)


@PROTOCOL.rule("lambda-cloudfront-trigger-events", doubtful=True)
def https_only_refusal_runs_no_function(kit: Kit) -> None:
    """A request that https-only refuses runs no function."""
    status(418, kit.get("https-only", "viewer-request=generate:418", tls=True))
    status(403, kit.get("https-only", "viewer-request=generate:418"))


@PROTOCOL.rule()
def allow_all_serves_both(kit: Kit) -> None:
    """With allow-all http and https are served."""
    status(200, kit.get("none"))
    status(200, kit.get("none", tls=True))
    fetched(kit, 2)


@PROTOCOL.rule("RequestAndResponseBehaviorCustomOrigin")
def answers_are_http_1_1(kit: Kit) -> None:
    """A viewer of HTTP/1.1 is answered in HTTP/1.1, with the origin's reason."""
    answer = kit.get("none", "reason=Quite fine")
    same("version and reason", ("HTTP/1.1", "Quite fine"), (answer.version, answer.reason))


@PROTOCOL.rule()
def malformed_request_is_400(kit: Kit) -> None:
    """What is not HTTP is answered 400, and no custom page is used."""
    answer = kit.client.send(b"GET /none HTTP/1.1\r\nHost: a\r\nNo colon here\r\n\r\n")
    status(400, answer)
    holds(b"page" not in answer.body, "no custom error page", answer)
