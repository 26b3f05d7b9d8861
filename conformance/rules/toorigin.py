"""What of a request reaches the origin."""

import re

from conformance.client import Pairs
from conformance.kit import Kit
from conformance.rule import Group, holds, same
from conformance.rules._expect import for_each

TO_ORIGIN = Group("headers to origin", "RequestAndResponseBehaviorCustomOrigin")
_POLICIES = "using-managed-origin-request-policies"
_MERGE = "understanding-how-origin-request-policies-and-cache-policies-work-together"
_BROWSER: Pairs = [
    ("User-Agent", "Browser/1.0"),
    ("Accept", "text/html"),
    ("Accept-Language", "de"),
    ("Referer", "https://a.example/"),
    ("Origin", "https://a.example"),
    ("Authorization", "Bearer abc"),
    ("Access-Control-Request-Method", "PUT"),
    ("Access-Control-Request-Headers", "x-a"),
    ("X-Own", "1"),
    ("Cookie", "b=2; a=1"),
]


def _gets(kit: Kit, behavior: str, name: str, expected: str | None, headers: Pairs | None = None) -> None:
    seen = kit.sent(behavior, headers=_BROWSER if headers is None else headers, query="a=1&b=2")
    same(f"{name} at the origin", expected, seen.header(name))


@TO_ORIGIN.rule("controlling-origin-requests")
def headers_are_not_forwarded_by_themselves(kit: Kit) -> None:
    """Headers and cookies of the viewer do not reach the origin unless a policy says so."""
    names = ("Accept", "Accept-Language", "Referer", "Authorization", "X-Own", "Cookie")
    for_each(kit, names, lambda kit, name: _gets(kit, "none", name, None))


@TO_ORIGIN.rule("controlling-origin-requests")
def query_is_not_forwarded_by_itself(kit: Kit) -> None:
    """The query does not reach the origin unless a policy says so."""
    same("the query at the origin", "", kit.sent("none", query="a=1").query)


@TO_ORIGIN.rule()
def host_is_the_origins(kit: Kit) -> None:
    """Host is the origin's domain unless the viewer's is forwarded."""
    host = kit.sent("none").header("Host")
    holds(bool(host) and host != kit.client.host, "the origin's own domain", host)


@TO_ORIGIN.rule(_POLICIES)
def host_is_the_viewers_with_all_viewer(kit: Kit) -> None:
    """AllViewer forwards the viewer's Host."""
    same("Host at the origin", kit.client.host, kit.sent("host").header("Host"))


@TO_ORIGIN.rule()
def user_agent_is_amazon_cloudfront(kit: Kit) -> None:
    """User-Agent reads `Amazon CloudFront` unless the viewer's is forwarded."""
    _gets(kit, "none", "User-Agent", "Amazon CloudFront")


@TO_ORIGIN.rule()
def via_names_cloudfront(kit: Kit) -> None:
    """Via is added: the viewer's HTTP version and a name below cloudfront.net."""
    via = kit.sent("none").header("Via") or ""
    holds(
        bool(re.search(r"1\.1 [0-9a-f]+\.cloudfront\.net \(CloudFront\)$", via)),
        "1.1 HEX.cloudfront.net (CloudFront)",
        via,
    )


@TO_ORIGIN.rule()
def request_id_is_sent(kit: Kit) -> None:
    """X-Amz-Cf-Id at the origin is the id that the viewer is told."""
    answer = kit.get("none")
    same(
        "X-Amz-Cf-Id at the origin",
        answer.header("X-Amz-Cf-Id") or "an id",
        kit.seen()[0].header("X-Amz-Cf-Id"),
    )


@TO_ORIGIN.rule()
def forwarded_for_is_the_viewers_address(kit: Kit) -> None:
    """X-Forwarded-For is the viewer's address."""
    value = kit.sent("none").header("X-Forwarded-For") or ""
    holds(bool(re.fullmatch(r"[0-9a-f.:]+", value)), "one address", value)


@TO_ORIGIN.rule()
def forwarded_for_is_appended_to(kit: Kit) -> None:
    """The viewer's address is appended to the X-Forwarded-For that came."""
    value = kit.sent("none", headers=[("X-Forwarded-For", "192.0.2.1")]).header("X-Forwarded-For") or ""
    holds(
        bool(re.fullmatch(r"192\.0\.2\.1, ?[0-9a-f.:]+", value)), "192.0.2.1 and the viewer's address", value
    )


@TO_ORIGIN.rule()
def content_type_of_a_body_is_forwarded(kit: Kit) -> None:
    """Content-Type and Content-Length of a body reach the origin without a policy."""
    seen = kit.sent("none", method="POST", body=b"a=1", headers=[("Content-Type", "text/x-a")])
    same("the body", (b"a=1", "text/x-a"), (seen.body, seen.header("Content-Type")))


@TO_ORIGIN.rule(doubtful=True)
def some_headers_are_always_forwarded(kit: Kit) -> None:
    """Range, Cache-Control, Pragma and conditions reach the origin without a policy."""
    headers = (
        ("Range", "bytes=0-9"),
        ("If-None-Match", '"x"'),
        ("If-Modified-Since", "Sat, 01 Jun 2024 12:00:00 GMT"),
        ("Cache-Control", "no-cache"),
        ("Pragma", "no-cache"),
    )
    for_each(kit, headers, lambda kit, pair: _gets(kit, "none", pair[0], pair[1], [pair]))


@TO_ORIGIN.rule()
def path_arrives_byte_for_byte(kit: Kit) -> None:
    """Percent-encoding in the path is not touched."""
    path = f"/none/{kit.key()}/%7e%2F%41+;a=b,c"
    kit.client.request("GET", path)
    same("the path at the origin", [path], [seen.target for seen in kit.seen()])


@TO_ORIGIN.rule(_POLICIES)
def query_arrives_byte_for_byte(kit: Kit) -> None:
    """A query that is forwarded whole is not touched."""
    query = "b=%20x&a=%7e&&b=2&c"
    same("the query at the origin", query, kit.sent("all", query=query).query)


# What a managed policy makes of the browser's headers above.
_MANAGED: dict[str, tuple[str, dict[str, str | None]]] = {
    "AllViewer": ("host", {"X-Own": "1", "User-Agent": "Browser/1.0", "Authorization": "Bearer abc"}),
    "AllViewerExceptHostHeader": (
        "all",
        {"X-Own": "1", "User-Agent": "Browser/1.0", "Referer": "https://a.example/"},
    ),
    "CORS-S3Origin": (
        "cors-s3",
        {
            "Origin": "https://a.example",
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "x-a",
            "X-Own": None,
            "Referer": None,
        },
    ),
    "CORS-CustomOrigin": ("cors", {"Origin": "https://a.example", "Access-Control-Request-Method": None}),
    "UserAgentRefererHeaders": (
        "agent",
        {"User-Agent": "Browser/1.0", "Referer": "https://a.example/", "Origin": None, "X-Own": None},
    ),
    "HostHeaderOnly": ("host-only", {"X-Own": None, "Referer": None, "Authorization": None}),
}


def _managed(policy: str, behavior: str, expected: dict[str, str | None]) -> None:
    def check(kit: Kit) -> None:
        for_each(kit, expected.items(), lambda kit, pair: _gets(kit, behavior, *pair))

    wanted = ", ".join(name for name, value in expected.items() if value) or "no other header"
    TO_ORIGIN.add(
        f"managed-{policy.lower()}", f"The managed policy {policy} forwards {wanted}", check, page=_POLICIES
    )


for _policy, (_behavior, _expected) in _MANAGED.items():
    _managed(_policy, _behavior, _expected)


@TO_ORIGIN.rule(_POLICIES)
def host_only_forwards_host(kit: Kit) -> None:
    """HostHeaderOnly forwards the viewer's Host."""
    same("Host at the origin", kit.client.host, kit.sent("host-only").header("Host"))


@TO_ORIGIN.rule(_POLICIES)
def all_viewer_forwards_cookies_and_query(kit: Kit) -> None:
    """AllViewer forwards all cookies and the whole query."""
    seen = kit.sent("host", headers=[("Cookie", "a=1; b=2")], query="a=1&b=2")
    same("query and cookies", ("a=1&b=2", "a=1; b=2"), (seen.query, seen.header("Cookie")))


@TO_ORIGIN.rule("controlling-origin-requests")
def listed_things_are_forwarded_and_no_others(kit: Kit) -> None:
    """An origin request policy with lists forwards the listed header, cookie and parameter."""
    headers = [("X-One", "1"), ("X-Two", "2"), ("Cookie", "other=1; session=2")]
    seen = kit.sent("some", headers=headers, query="b=1&a=2")
    found = (seen.header("X-One"), seen.header("X-Two"), seen.header("Cookie"), seen.query)
    same("X-One, X-Two, cookies and query", ("1", None, "session=2", "a=2"), found)


@TO_ORIGIN.rule("controlling-origin-requests")
def all_except_forwards_the_others(kit: Kit) -> None:
    """An origin request policy with exceptions forwards everything else."""
    headers = [("X-Not", "1"), ("X-Two", "2"), ("Cookie", "not=1; other=2")]
    seen = kit.sent("except", headers=headers, query="not=1&b=2")
    found = (seen.header("X-Not"), seen.header("X-Two"), seen.header("Cookie"), seen.query)
    same("X-Not, X-Two, cookies and query", (None, "2", "other=2", "b=2"), found)


@TO_ORIGIN.rule(_MERGE)
def allow_of_the_cache_policy_beats_the_exception(kit: Kit) -> None:
    """What the cache policy includes is forwarded, although the origin request policy excepts it."""
    headers = [("X-Key", "1"), ("Cookie", "session=1")]
    seen = kit.sent("merge", headers=headers, query="a=1")
    found = (seen.header("X-Key"), seen.header("Cookie"), seen.query)
    same("X-Key, cookies and query", ("1", "session=1", "a=1"), found)


@TO_ORIGIN.rule(_MERGE)
def allow_of_the_origin_request_policy_beats_the_exception(kit: Kit) -> None:
    """What the origin request policy includes is forwarded, although the cache policy excepts it."""
    same("the query", "a=1&x=2", kit.sent("merge-all", query="a=1&x=2").query)


@TO_ORIGIN.rule("understanding-the-cache-key")
def cookies_are_sorted_by_name(kit: Kit) -> None:
    """Cookies are sorted by name before they are forwarded."""
    same("Cookie", "a=1; b=2; c=3", kit.sent("all", headers=[("Cookie", "c=3; a=1; b=2")]).header("Cookie"))


@TO_ORIGIN.rule("understanding-the-cache-key")
def cookies_with_a_dollar_are_dropped(kit: Kit) -> None:
    """Cookies whose names start with `$` are not forwarded."""
    same("Cookie", "a=1", kit.sent("all", headers=[("Cookie", "$Version=1; a=1; $Path=/")]).header("Cookie"))


@TO_ORIGIN.rule("add-origin-custom-headers")
def custom_headers_are_added(kit: Kit) -> None:
    """The custom headers of an origin are sent with every request to it."""
    same("X-Kit-Origin", "main", kit.sent("none").header("X-Kit-Origin"))


@TO_ORIGIN.rule("add-origin-custom-headers")
def custom_headers_overwrite_the_viewers(kit: Kit) -> None:
    """A custom header replaces a forwarded header of the same name."""
    same("X-Kit-Origin", ["main"], kit.sent("all", headers=[("X-Kit-Origin", "viewer")]).all("X-Kit-Origin"))


@TO_ORIGIN.rule("add-origin-custom-headers", doubtful=True)
def custom_headers_are_capitalised(kit: Kit) -> None:
    """A custom header that is written in lower case arrives capitalised."""
    names = [name for name, _ in kit.sent("none").headers if name.lower() == "x-lower-case"]
    same("the name", ["X-Lower-Case"], names)


@TO_ORIGIN.rule()
def legacy_removes_some_headers(kit: Kit) -> None:
    """With ForwardedValues, some headers are removed unless they are listed."""
    headers = (
        ("Accept", "text/html"),
        ("Accept-Charset", "utf-8"),
        ("Accept-Language", "de"),
        ("Referer", "https://a.example/"),
        ("Cookie", "a=1"),
        ("Authorization", "Bearer abc"),
        ("TE", "trailers"),
        ("Proxy-Authorization", "Basic abc"),
        ("X-Edge-Own", "1"),
        ("X-Forwarded-Proto", "https"),
        ("X-HTTP-Method-Override", "PUT"),
        ("X-Real-IP", "192.0.2.1"),
    )
    for_each(kit, headers, lambda kit, pair: _gets(kit, "legacy", pair[0], None, [pair]))


@TO_ORIGIN.rule()
def legacy_passes_other_headers_on(kit: Kit) -> None:
    """With ForwardedValues, other headers, unknown ones among them, are passed on."""
    headers = (
        ("X-Unknown", "1"),
        ("Origin", "https://a.example"),
        ("Cache-Control", "no-cache"),
        ("Date", "Sat, 01 Jun 2024 12:00:00 GMT"),
        ("From", "a@a.example"),
        ("Pragma", "no-cache"),
        ("Warning", '199 - "w"'),
        ("Content-Language", "de"),
    )
    for_each(kit, headers, lambda kit, pair: _gets(kit, "legacy", *pair, [pair]))


@TO_ORIGIN.rule()
def legacy_authorization_is_kept_on_post(kit: Kit) -> None:
    """With ForwardedValues, Authorization is passed on with methods that are never cached."""
    seen = kit.sent("legacy", method="POST", body=b"a", headers=[("Authorization", "Bearer abc")])
    same("Authorization", "Bearer abc", seen.header("Authorization"))


@TO_ORIGIN.rule()
def headers_of_the_connection_stay_there(kit: Kit) -> None:
    """Proxy-Connection, TE and Upgrade are about the viewer's connection: no policy forwards them."""
    headers = [("Proxy-Connection", "keep-alive"), ("TE", "trailers"), ("Upgrade", "h2c")]
    seen = kit.sent("all", headers=headers)
    same("what arrived of them", [], [name for name, _ in headers if seen.header(name)])


@TO_ORIGIN.rule("using-managed-cache-policies")
def host_of_the_cache_key_is_forwarded(kit: Kit) -> None:
    """UseOriginCacheControlHeaders has Host in its key, so the viewer's Host reaches the origin."""
    same("Host at the origin", kit.client.host, kit.sent("origin-controlled").header("Host"))
