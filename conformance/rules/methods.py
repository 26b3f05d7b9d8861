"""Which methods are served, and which answers to them are kept."""

from conformance.kit import Kit
from conformance.rule import Group, among, holds, same
from conformance.rules._expect import FRESH, fetched, for_each, kept, refused, renewed, status

METHODS = Group("methods", "http-403-invalid-method")
_ALL = ("GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE")
_BODY = b"name=value"


@METHODS.rule()
def all_seven_methods_reach_the_origin(kit: Kit) -> None:
    """Where all seven methods are allowed each reaches the origin, with its body."""

    def check(kit: Kit, method: str) -> None:
        body = _BODY if method in ("PUT", "POST", "PATCH") else None
        status(200, kit.ask(method, "all", body=body))
        seen = kit.seen()
        same("at the origin", [(method, body or b"")], [(each.method, each.body) for each in seen])

    for_each(kit, _ALL, check)


@METHODS.rule()
def get_and_head_alone_refuse_the_others(kit: Kit) -> None:
    """Where GET and HEAD are allowed every other method is answered 403."""

    def check(kit: Kit, method: str) -> None:
        body = _BODY if method in ("PUT", "POST", "PATCH") else None
        refused(kit, 403, kit.ask(method, "get-head", body=body))

    for_each(kit, _ALL[2:], check)


@METHODS.rule()
def options_is_allowed_with_get_and_head(kit: Kit) -> None:
    """Where GET, HEAD and OPTIONS are allowed, OPTIONS is served and PUT is not."""
    status(200, kit.ask("OPTIONS", "options"))
    refused_put = kit.ask("PUT", "options", body=_BODY)
    status(403, refused_put)
    fetched(kit, 1)


@METHODS.rule()
def unknown_method_is_refused(kit: Kit) -> None:
    """A method that CloudFront does not know is not served, whatever is allowed."""
    answer = kit.ask("BREW", "all")
    among("the status", (400, 403, 405, 501), answer.status)
    refused(kit, answer.status, answer)


@METHODS.rule("RequestAndResponseBehaviorCustomOrigin")
def get_with_a_body_is_403(kit: Kit) -> None:
    """A GET with a body is answered 403."""
    refused(kit, 403, kit.get("all", body=_BODY))


@METHODS.rule(doubtful=True)
def refusal_runs_no_function(kit: Kit) -> None:
    """A request with a method that is not allowed runs no function."""
    status(418, kit.get("get-head", "viewer-request=generate:418"))
    status(403, kit.ask("POST", "get-head", "viewer-request=generate:418", body=_BODY))


@METHODS.rule(doubtful=True)
def refusal_says_that_the_method_is_not_allowed(kit: Kit) -> None:
    """The page of a refused method says that the distribution does not allow the method."""
    answer = kit.ask("DELETE", "get-head")
    sentence = "not configured to allow the HTTP request method that was used for this request"
    holds(sentence in answer.text, f"a page that says {sentence!r}", answer)


@METHODS.rule("DownloadDistValuesCacheBehavior")
def answers_to_writes_are_never_kept(kit: Kit) -> None:
    """An answer to PUT, POST, PATCH or DELETE is not cached, whatever its headers say."""

    def check(kit: Kit, method: str) -> None:
        first = kit.ask(method, "plain", FRESH, body=_BODY)
        renewed(first, kit.ask(method, "plain", FRESH, body=_BODY))

    for_each(kit, ("PUT", "POST", "PATCH", "DELETE"), check)


@METHODS.rule("DownloadDistValuesCacheBehavior")
def options_is_kept_where_it_is_a_cached_method(kit: Kit) -> None:
    """Where OPTIONS is a cached method, its answer is kept."""
    first = kit.ask("OPTIONS", "options", FRESH)
    kept(first, kit.ask("OPTIONS", "options", FRESH))


@METHODS.rule("DownloadDistValuesCacheBehavior")
def options_is_kept_apart_from_get(kit: Kit) -> None:
    """Answers to OPTIONS are cached separately from those to GET."""
    renewed(kit.get("options", FRESH), kit.ask("OPTIONS", "options", FRESH))


@METHODS.rule("DownloadDistValuesCacheBehavior")
def options_is_not_kept_elsewhere(kit: Kit) -> None:
    """Where OPTIONS is no cached method, its answer is not kept."""
    first = kit.ask("OPTIONS", "plain", FRESH)
    renewed(first, kit.ask("OPTIONS", "plain", FRESH))


@METHODS.rule("DownloadDistValuesCacheBehavior", doubtful=True)
def head_is_answered_from_a_kept_get(kit: Kit) -> None:
    """A HEAD is answered from the object that a GET brought."""
    kept(kit.get("plain", FRESH), kit.ask("HEAD", "plain", FRESH))
