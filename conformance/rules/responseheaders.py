"""Response headers policies."""

import re

from conformance.kit import Kit, event_in
from conformance.rule import Group, holds, same
from conformance.rules._expect import FRESH, header, without

RESPONSE_HEADERS = Group("response headers policy", "understanding-response-headers-policies")
_MANAGED = "using-managed-response-headers-policies"
_CORS = [("Origin", "https://shop.example.com")]


@RESPONSE_HEADERS.rule(_MANAGED)
def simple_cors_allows_every_origin(kit: Kit) -> None:
    """SimpleCORS adds `Access-Control-Allow-Origin: *`."""
    header("*", kit.get("simple-cors", headers=_CORS), "Access-Control-Allow-Origin")


@RESPONSE_HEADERS.rule()
def cors_of_the_origin_wins_without_override(kit: Kit) -> None:
    """Without override, the origin's own Access-Control-Allow-Origin stays."""
    header("*", kit.get("simple-cors", headers=_CORS, key="none"), "Access-Control-Allow-Origin")
    answer = kit.get("simple-cors", "header=Access-Control-Allow-Origin:https://a.example", headers=_CORS)
    same("the values", ["https://a.example"], answer.all("Access-Control-Allow-Origin"))


@RESPONSE_HEADERS.rule()
def any_cors_header_of_the_origin_stops_the_policys(kit: Kit) -> None:
    """Without override, any CORS header of the origin's keeps all of the policy's out."""
    header("*", kit.get("simple-cors", headers=_CORS, key="none"), "Access-Control-Allow-Origin")
    answer = kit.get("simple-cors", "header=Access-Control-Max-Age:5", headers=_CORS)
    header(None, answer, "Access-Control-Allow-Origin")


@RESPONSE_HEADERS.rule()
def cors_override_replaces_the_origins(kit: Kit) -> None:
    """With override, the policy's CORS headers replace the origin's."""
    answer = kit.get("own-cors", "header=Access-Control-Allow-Origin:https://a.example", headers=_CORS)
    same("the values", ["https://shop.example.com"], answer.all("Access-Control-Allow-Origin"))


@RESPONSE_HEADERS.rule()
def cors_exposes_the_listed_headers(kit: Kit) -> None:
    """The policy's exposed headers are told."""
    header("X-Shown", kit.get("own-cors", headers=_CORS), "Access-Control-Expose-Headers")


_SECURITY = {
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "X-XSS-Protection": "1; mode=block",
}


@RESPONSE_HEADERS.rule(_MANAGED)
def security_policy_adds_five_headers(kit: Kit) -> None:
    """SecurityHeadersPolicy adds its five headers."""
    answer = kit.get("security", tls=True)
    same("the headers", _SECURITY, {name: answer.header(name) for name in _SECURITY})


@RESPONSE_HEADERS.rule(_MANAGED)
def security_policy_leaves_the_origins(kit: Kit) -> None:
    """SecurityHeadersPolicy does not override the origin's X-Frame-Options and Referrer-Policy."""
    answer = kit.get(
        "security", "header=X-Frame-Options:DENY", "header=Referrer-Policy:no-referrer", tls=True
    )
    found = (answer.all("X-Frame-Options"), answer.all("Referrer-Policy"), answer.all("X-XSS-Protection"))
    same("the two, and one of the policy's", (["DENY"], ["no-referrer"], ["1; mode=block"]), found)


@RESPONSE_HEADERS.rule(_MANAGED)
def security_overrides_content_type_options(kit: Kit) -> None:
    """SecurityHeadersPolicy overrides the origin's X-Content-Type-Options."""
    answer = kit.get("security", "header=X-Content-Type-Options:sniff")
    same("the values", ["nosniff"], answer.all("X-Content-Type-Options"))


@RESPONSE_HEADERS.rule()
def custom_header_is_added(kit: Kit) -> None:
    """A custom header of the policy is added."""
    header("policy", kit.get("added"), "X-Offered")


@RESPONSE_HEADERS.rule()
def custom_header_with_override_replaces(kit: Kit) -> None:
    """With override, the policy's custom header replaces the origin's."""
    same("the values", ["policy"], kit.get("added", "header=X-Forced:origin").all("X-Forced"))


@RESPONSE_HEADERS.rule()
def custom_header_without_override_yields(kit: Kit) -> None:
    """Without override, the origin's header stays."""
    header("policy", kit.get("added", key="none"), "X-Offered")
    same("the values", ["origin"], kit.get("added", "header=X-Offered:origin").all("X-Offered"))


@RESPONSE_HEADERS.rule()
def listed_header_is_removed(kit: Kit) -> None:
    """A header that the policy removes does not reach the viewer."""
    without(kit.get("added", "header=X-Gone:origin"), "X-Gone")


@RESPONSE_HEADERS.rule()
def removal_comes_before_addition(kit: Kit) -> None:
    """Headers are removed first, then added: a header that is in both has the policy's value."""
    same("the values", ["policy"], kit.get("added", "header=X-Replaced:origin").all("X-Replaced"))


@RESPONSE_HEADERS.rule()
def removed_server_becomes_cloudfronts(kit: Kit) -> None:
    """Removing Server puts CloudFront's own in its place."""
    same("the values", ["CloudFront"], kit.get("added").all("Server"))


@RESPONSE_HEADERS.rule()
def removed_date_becomes_cloudfronts(kit: Kit) -> None:
    """Removing Date puts CloudFront's own in its place."""
    given = "header=Date:Sat, 01 Jun 2024 12:00:00 GMT"
    same("Date without the policy", ["Sat, 01 Jun 2024 12:00:00 GMT"], kit.get("none", given).all("Date"))
    values = kit.get("added", given, key="removed").all("Date")
    holds(len(values) == 1 and "2024" not in values[0], "one Date, of today", values)


@RESPONSE_HEADERS.rule()
def policy_applies_to_hits(kit: Kit) -> None:
    """An answer from the cache has the policy's headers as well, once each."""
    kit.get("added", FRESH)
    same("the values", ["policy"], kit.get("added", FRESH).all("X-Forced"))


@RESPONSE_HEADERS.rule("lambda-event-structure")
def viewer_response_function_sees_the_policys_headers(kit: Kit) -> None:
    """The policy acts before the viewer-response function, which may change what it added."""
    headers = event_in(kit.get("edge-added", "viewer-response=event"))["response"]["headers"]
    same("x-forced in the event", "policy", headers.get("x-forced", [{}])[0].get("value"))
    answer = kit.get("edge-added", "viewer-response=set:X-Forced:function", key="changed")
    same("the values", ["function"], answer.all("X-Forced"))


@RESPONSE_HEADERS.rule("lambda-event-structure")
def origin_response_function_does_not_see_them(kit: Kit) -> None:
    """The policy's headers are not part of what the origin-response function sees."""
    answer = kit.get("edge-added", "origin-response=event")
    header("policy", answer, "X-Forced")
    headers = event_in(answer)["response"]["headers"]
    holds("x-forced" not in headers, "no X-Forced in the event", sorted(headers))


@RESPONSE_HEADERS.rule()
def server_timing_on_request(kit: Kit) -> None:
    """With Server-Timing in the policy, `Pragma: server-timing` makes the answer tell how it came about."""
    pragma = [("Pragma", "server-timing")]
    miss = kit.get("added", FRESH, headers=pragma).header("Server-Timing") or ""
    for metric in ("cdn-cache-miss", "cdn-pop", "cdn-rid"):
        holds(metric in miss, f"{metric} in Server-Timing of a miss", miss)
    hit = kit.get("added", FRESH, headers=pragma).header("Server-Timing") or ""
    holds(bool(re.search(r"cdn-cache-hit", hit)), "cdn-cache-hit in Server-Timing of a hit", hit)


@RESPONSE_HEADERS.rule()
def no_server_timing_without_sampling(kit: Kit) -> None:
    """With a sampling rate of 0 and no Pragma there is no Server-Timing."""
    answer = kit.get("added")
    header("policy", answer, "X-Offered")
    header(None, answer, "Server-Timing")
