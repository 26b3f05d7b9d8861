"""How CloudFront talks to origins: attempts, timeouts, paths, and origins that are functions."""

from conformance.kit import Kit
from conformance.rule import Group, holds, same
from conformance.rules._expect import FRESH, fetched, header, status

ORIGINS = Group("origins", "DownloadDistValuesOrigin")


@ORIGINS.rule()
def origin_path_comes_before_the_path(kit: Kit) -> None:
    """The origin path is put before the path of the request."""
    path = "/match/Case/" + kit.key()
    kit.client.request("GET", path)
    same("the path at the origin", "/second" + path, kit.seen()[0].target)


def _tried_again(method: str) -> None:
    def check(kit: Kit) -> None:
        status(504, kit.ask(method, "slow", "delay=7"))
        fetched(kit, 2)

    title = f"A {method} that is not answered in time is sent as often as there are attempts (here two)"
    ORIGINS.add(f"silent-{method.lower()}-is-tried-again", title, check)


for _method in ("GET", "HEAD"):
    _tried_again(_method)


@ORIGINS.rule()
def second_attempt_may_succeed(kit: Kit) -> None:
    """An answer to the second attempt is the viewer's answer."""
    answer = kit.get("slow", "delay=7", "then", "body=awake")
    status(200, answer)
    same("the body", "awake", answer.text)


def _tried_once(method: str) -> None:
    def check(kit: Kit) -> None:
        status(504, kit.ask(method, "slow", "delay=7", body=b"a=1" if method == "POST" else None))
        fetched(kit, 1)

    ORIGINS.add(
        f"silent-{method.lower()}-is-tried-once", f"A {method} that is not answered in time is a 504", check
    )


for _method in ("POST", "DELETE"):
    _tried_once(_method)


@ORIGINS.rule("RequestAndResponseBehaviorCustomOrigin")
def origins_are_asked_in_http_1_1(kit: Kit) -> None:
    """Requests to origins are HTTP/1.1, also for a viewer of HTTP/1.0."""
    same("the version", "HTTP/1.1", kit.sent("none", version="1.0").version)


@ORIGINS.rule("RequestAndResponseBehaviorCustomOrigin")
def head_is_forwarded_as_head(kit: Kit) -> None:
    """A HEAD that misses reaches the origin as HEAD."""
    kit.ask("HEAD", "plain", FRESH)
    same("the methods at the origin", ["HEAD"], [seen.method for seen in kit.seen()])


@ORIGINS.rule("RequestAndResponseBehaviorCustomOrigin")
def chunked_body_of_the_origin_arrives(kit: Kit) -> None:
    """An answer in chunks arrives whole."""
    same("the size", 30_000, len(kit.get("none", "size=30000", "chunked").body))


@ORIGINS.rule("RequestAndResponseBehaviorCustomOrigin")
def truncated_body_is_not_made_whole(kit: Kit) -> None:
    """A body that ends too early is not presented as a whole one."""
    same("the size of a whole body", 4000, len(kit.get("none", "size=4000", key="whole").body))
    answer = kit.get("none", "size=4000", "cut=1000")
    holds(not answer.complete or answer.status >= 500, "a broken connection or an error", answer)


@ORIGINS.rule("lambda-event-structure")
def function_may_change_the_origin(kit: Kit) -> None:
    """An origin-request function may send the request to another origin, with its path."""
    header("second", kit.get("edge", "origin-request=second:host"), "X-Origin")


@ORIGINS.rule("lambda-event-structure")
def changed_origin_keeps_the_old_host(kit: Kit) -> None:
    """Where the function changes the origin and not the header, Host stays that of the first origin."""
    kit.get("edge", "origin-request=second")
    kit.get("edge", "origin-request=second:host", key="host")
    (first,), (second,) = kit.seen(), kit.seen("host")
    configured = kit.sent("edge", key="plain").header("Host")
    same("Host", configured, first.header("Host"))
    same("the origin", ("second", "second"), (first.origin, second.origin))


@ORIGINS.rule("private-content-restricting-access-to-lambda")
def function_url_answers(kit: Kit) -> None:
    """A function URL behind an origin access control answers, with the function's status and headers."""
    answer = kit.get("url", query="a=1")
    status(201, answer)
    header("called", answer, "X-Url")
    event = answer.json()
    same("the event's path", kit.path("url"), event["rawPath"])
    same("the event's query", "a=1", event["rawQueryString"])
    same("the event's version", "2.0", event["version"])


@ORIGINS.rule("private-content-restricting-access-to-lambda")
def function_url_gets_its_own_host(kit: Kit) -> None:
    """With AllViewerExceptHostHeader the function URL's own domain is its Host."""
    host = kit.get("url").json()["headers"]["host"]
    holds(".lambda-url." in host, "the domain of a function URL", host)


@ORIGINS.rule("using-managed-origin-request-policies")
def function_url_refuses_the_viewers_host(kit: Kit) -> None:
    """Forwarding the viewer's Host to a function URL is a 403."""
    status(201, kit.get("url"))
    status(403, kit.get("url-host"))
