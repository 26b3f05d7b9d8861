"""What a function is given on each trigger."""

import base64
import re
from typing import Any

from conformance.client import Pairs
from conformance.kit import Kit, event_in
from conformance.rule import Group, holds, same
from conformance.rules._expect import FRESH, for_each

EVENTS = Group("events", "lambda-event-structure")
TRIGGERS = ("viewer-request", "origin-request", "origin-response", "viewer-response")
_BROWSER: Pairs = [
    ("User-Agent", "Browser/1.0"),
    ("Accept", "text/html"),
    ("X-Own", "one"),
    ("Cookie", "a=1"),
]


def _event(kit: Kit, trigger: str, *steps: str, behavior: str = "edge", **how: Any) -> dict[str, Any]:
    return event_in(kit.get(behavior, f"{trigger}=event", *steps, key=trigger, **how))


def _value(headers: dict[str, Any], name: str) -> str | None:
    return headers[name][0]["value"] if name in headers else None


@EVENTS.rule()
def config_names_distribution_and_trigger(kit: Kit) -> None:
    """config of each event names the distribution, its domain and the trigger."""

    def check(kit: Kit, trigger: str) -> None:
        config = _event(kit, trigger)["config"]
        same("the event's type", trigger, config["eventType"])
        holds(
            config["distributionDomainName"].endswith(".cloudfront.net"),
            "a name below cloudfront.net",
            config,
        )
        holds(bool(config["distributionId"]), "a distributionId", config)

    for_each(kit, TRIGGERS, check)


@EVENTS.rule("lambda-edge-testing-debugging")
def request_id_is_the_viewers(kit: Kit) -> None:
    """requestId of each event is the X-Amz-Cf-Id that the viewer gets."""

    def check(kit: Kit, trigger: str) -> None:
        answer = kit.get("edge", f"{trigger}=event")
        same("requestId", answer.header("X-Amz-Cf-Id"), event_in(answer)["config"]["requestId"])

    for_each(kit, TRIGGERS, check)


@EVENTS.rule()
def viewer_request_has_the_request(kit: Kit) -> None:
    """A viewer-request event holds clientIp, headers, method, querystring and uri."""
    request = _event(kit, "viewer-request", query="b=2&a=%201")["request"]
    same("method and query", ("GET", "b=2&a=%201"), (request["method"], request["querystring"]))
    same("the uri", kit.path("edge", "viewer-request=event", key="viewer-request"), request["uri"])
    holds(bool(re.fullmatch(r"[0-9a-f.:]+", request["clientIp"])), "an address", request["clientIp"])


@EVENTS.rule()
def querystring_is_always_there(kit: Kit) -> None:
    """querystring is an empty text where there is no query."""
    same("the query", "", _event(kit, "viewer-request")["request"]["querystring"])


@EVENTS.rule()
def viewer_request_has_no_origin(kit: Kit) -> None:
    """A viewer-request event has no origin, and no body unless it was asked for."""
    request = _event(kit, "viewer-request")["request"]
    same("origin and body", [], [name for name in ("origin", "body") if name in request])


@EVENTS.rule()
def headers_are_lists_by_lower_case_name(kit: Kit) -> None:
    """Headers are lists of key and value under the name in lower case; the key is as the viewer wrote it."""
    headers = _event(kit, "viewer-request", headers=[("X-oWn", "one")])["request"]["headers"]
    same("x-own", [{"key": "X-oWn", "value": "one"}], headers.get("x-own"))


@EVENTS.rule()
def repeated_headers_are_several_entries(kit: Kit) -> None:
    """Each line of a repeated header is an entry of the list."""
    headers = _event(kit, "viewer-request", headers=[("X-Own", "one"), ("X-Own", "two")])["request"][
        "headers"
    ]
    same("the values of x-own", ["one", "two"], [entry["value"] for entry in headers["x-own"]])


@EVENTS.rule()
def viewer_request_has_the_viewers_headers(kit: Kit) -> None:
    """A viewer-request event has all of the viewer's headers, whatever the policies forward."""
    headers = _event(kit, "viewer-request", behavior="edge-none", headers=_BROWSER)["request"]["headers"]
    same("Accept and Cookie", ("text/html", "a=1"), (_value(headers, "accept"), _value(headers, "cookie")))
    same("Host", kit.client.host, _value(headers, "host"))


@EVENTS.rule("edge-function-restrictions-all")
def disallowed_headers_are_hidden(kit: Kit) -> None:
    """Disallowed headers are never in an event, although the viewer sent them."""
    names = ("X-Forwarded-Proto", "X-Real-IP", "X-Edge-Own", "X-Amzn-Auth", "Proxy-Connection", "X-Cache")
    sent = [("X-Own", "1"), *((name, "1") for name in names)]
    headers = _event(kit, "viewer-request", headers=sent)["request"]["headers"]
    holds("x-own" in headers, "the header that is allowed", sorted(headers))
    same("hidden headers", [], [name for name in names if name.lower() in headers])


@EVENTS.rule("edge-function-restrictions-all")
def hidden_headers_of_answers(kit: Kit) -> None:
    """X-Cache, X-Amz-Cf-Id and X-Amz-Cf-Pop are in no response event."""
    headers = _event(kit, "viewer-response")["response"]["headers"]
    same(
        "hidden headers", [], [name for name in headers if name == "x-cache" or name.startswith("x-amz-cf-")]
    )


@EVENTS.rule()
def origin_request_has_the_custom_origin(kit: Kit) -> None:
    """An origin-request event names the origin with all its settings."""
    origin = _event(kit, "origin-request")["request"]["origin"]
    same("the kind", ["custom"], list(origin))
    custom = origin["custom"]
    expected = {
        "customHeaders",
        "domainName",
        "keepaliveTimeout",
        "path",
        "port",
        "protocol",
        "readTimeout",
        "sslProtocols",
    }
    holds(expected <= set(custom), f"the keys {sorted(expected)}", sorted(custom))
    found = (custom["path"], custom["protocol"], custom["keepaliveTimeout"], custom["readTimeout"])
    same("path, protocol and timeouts", ("", "http", 5, 30), found)


@EVENTS.rule()
def custom_headers_are_in_the_origin(kit: Kit) -> None:
    """The origin's custom headers are in customHeaders, in the form of headers."""
    custom = _event(kit, "origin-request")["request"]["origin"]["custom"]["customHeaders"]
    same("x-kit-origin", "main", _value(custom, "x-kit-origin"))


@EVENTS.rule()
def origin_request_has_the_bucket(kit: Kit) -> None:
    """An origin-request event for a bucket has an `s3` origin."""
    origin = _event(kit, "origin-request", behavior="edge-bucket")["request"]["origin"]
    same("the kind", ["s3"], list(origin))
    expected = {"authMethod", "customHeaders", "domainName", "path", "region"}
    holds(expected <= set(origin["s3"]), f"the keys {sorted(expected)}", sorted(origin["s3"]))
    same("authMethod", "none", origin["s3"]["authMethod"])


@EVENTS.rule()
def origin_request_has_the_request_to_the_origin(kit: Kit) -> None:
    """An origin-request event has the request as it goes to the origin: what no policy forwards is gone."""
    request = _event(kit, "origin-request", behavior="edge-none", headers=_BROWSER, query="a=1")["request"]
    headers = request["headers"]
    same("stripped headers", [], [name for name in ("accept", "x-own", "cookie") if name in headers])
    same("User-Agent", "Amazon CloudFront", _value(headers, "user-agent"))
    same("the query", "", request["querystring"])
    holds("via" in headers and "x-forwarded-for" in headers, "via and x-forwarded-for", sorted(headers))


@EVENTS.rule()
def origin_request_has_the_origins_host(kit: Kit) -> None:
    """Host of an origin-request event is the origin's domain."""
    request = _event(kit, "origin-request")["request"]
    same("Host", request["origin"]["custom"]["domainName"], _value(request["headers"], "host"))


@EVENTS.rule()
def origin_request_has_what_is_forwarded(kit: Kit) -> None:
    """An origin-request event has the headers, cookies and query that the policies forward."""
    request = _event(kit, "origin-request", headers=_BROWSER, query="a=1")["request"]
    headers = request["headers"]
    found = (_value(headers, "x-own"), _value(headers, "cookie"), request["querystring"])
    same("X-Own, Cookie and query", ("one", "a=1", "a=1"), found)


@EVENTS.rule()
def origin_response_has_the_response(kit: Kit) -> None:
    """An origin-response event has status (a text), statusDescription and headers, and no body."""
    response = _event(kit, "origin-response", "reason=Quite fine")["response"]
    found = (response["status"], response["statusDescription"])
    same("status and description", ("200", "Quite fine"), found)
    same("X-Origin", "main", _value(response["headers"], "x-origin"))
    holds("body" not in response, "no body", sorted(response))


@EVENTS.rule()
def origin_response_has_the_request_to_the_origin(kit: Kit) -> None:
    """The request of an origin-response event is the one to the origin, with `origin`, after the function's edits."""
    request = _event(kit, "origin-response", "origin-request=set:X-Added:1", headers=_BROWSER)["request"]
    holds("origin" in request, "an origin", sorted(request))
    same("Host", request["origin"]["custom"]["domainName"], _value(request["headers"], "host"))
    same("X-Added", "1", _value(request["headers"], "x-added"))


@EVENTS.rule()
def viewer_response_has_the_viewers_request(kit: Kit) -> None:
    """The request of a viewer-response event is the viewer's: its Host, its User-Agent, no `origin`."""
    request = _event(kit, "viewer-response", headers=_BROWSER)["request"]
    found = (_value(request["headers"], "host"), _value(request["headers"], "user-agent"))
    same("Host and User-Agent", (kit.client.host, "Browser/1.0"), found)
    holds("origin" not in request, "no origin", sorted(request))


@EVENTS.rule()
def viewer_response_has_the_response(kit: Kit) -> None:
    """A viewer-response event has status, statusDescription and headers, and no body."""
    response = _event(kit, "viewer-response")["response"]
    same("the status", "200", response["status"])
    holds(
        "statusDescription" in response and "body" not in response, "a description, no body", sorted(response)
    )
    same("X-Origin", "main", _value(response["headers"], "x-origin"))


@EVENTS.rule()
def viewer_response_sees_the_viewer_requests_edits(kit: Kit) -> None:
    """What the viewer-request function added to the request is there for the viewer-response function."""
    request = _event(kit, "viewer-response", "viewer-request=set:X-Added:1")["request"]
    same("X-Added", "1", _value(request["headers"], "x-added"))


@EVENTS.rule()
def viewer_response_does_not_see_the_origin_requests_edits(kit: Kit) -> None:
    """What the origin-request function added to the request is not there for the viewer-response function."""
    request = _event(kit, "viewer-response", "origin-request=set:X-Added:1")["request"]
    same("X-Added", None, _value(request["headers"], "x-added"))


@EVENTS.rule()
def viewer_response_on_a_hit_has_age(kit: Kit) -> None:
    """On a hit the viewer-response function sees Age."""
    _event(kit, "viewer-response", FRESH, behavior="edge-cached")
    headers = _event(kit, "viewer-response", FRESH, behavior="edge-cached")["response"]["headers"]
    holds("age" in headers, "age", sorted(headers))


@EVENTS.rule("adding-cloudfront-headers")
def cloudfront_headers_are_in_origin_events(kit: Kit) -> None:
    """An origin-request event has the CloudFront- headers that a policy asks for."""
    headers = _event(kit, "origin-request", behavior="edge-cf")["request"]["headers"]
    same("the scheme", "http", _value(headers, "cloudfront-forwarded-proto"))


@EVENTS.rule("adding-cloudfront-headers")
def cloudfront_headers_are_not_in_viewer_events(kit: Kit) -> None:
    """CloudFront- headers are not in viewer events, whatever the policies say."""
    asked = _event(kit, "origin-request", behavior="edge-cf")["request"]["headers"]
    holds("cloudfront-forwarded-proto" in asked, "them in the origin-request event", sorted(asked))

    def check(kit: Kit, trigger: str) -> None:
        headers = _event(kit, trigger, behavior="edge-cf")["request"]["headers"]
        same("CloudFront- headers", [], [name for name in headers if name.startswith("cloudfront-")])

    for_each(kit, ("viewer-request", "viewer-response"), check)


@EVENTS.rule("adding-cloudfront-headers")
def viewers_own_cloudfront_header_is_shown_to_it(kit: Kit) -> None:
    """A viewer's own CloudFront-Viewer-Country is shown to the viewer-request function, and to no origin function."""
    headers = [("CloudFront-Viewer-Country", "XX")]
    shown = _event(kit, "viewer-request", behavior="edge-cf", headers=headers)["request"]["headers"]
    same("in viewer-request", "XX", _value(shown, "cloudfront-viewer-country"))
    hidden = _event(kit, "origin-request", behavior="edge-cf", headers=headers)["request"]["headers"]
    holds(_value(hidden, "cloudfront-viewer-country") != "XX", "CloudFront's own value", "XX")


@EVENTS.rule("lambda-include-body-access")
def body_is_given_where_it_is_asked_for(kit: Kit) -> None:
    """With IncludeBody the event has the body in base64, read-only and not truncated."""
    answer = kit.ask("POST", "edge-body", "viewer-request=event", body=b"a=1")
    body = event_in(answer)["request"].get("body", {})
    expected = {"inputTruncated": False, "action": "read-only", "encoding": "base64"}
    same("the body's shape", expected, {name: body.get(name) for name in expected})
    same("the data", base64.b64encode(b"a=1").decode(), body.get("data"))


@EVENTS.rule()
def viewer_response_has_the_rewritten_uri(kit: Kit) -> None:
    """The uri of a viewer-response event is the one that the viewer-request function made."""
    request = _event(kit, "viewer-response", "note=a", "viewer-request=uri:note=a:note=b")["request"]
    holds(request["uri"].split("/")[4] == "note=b", "the rewritten uri", request["uri"])


@EVENTS.rule(doubtful=True)
def origin_has_a_completion_timeout(kit: Kit) -> None:
    """The origin of an origin-request event has responseCompletionTimeout."""
    custom = _event(kit, "origin-request")["request"]["origin"]["custom"]
    holds("responseCompletionTimeout" in custom, "responseCompletionTimeout", sorted(custom))


def _text(name: str, sent: str, title: str) -> None:
    def check(kit: Kit) -> None:
        request = _event(kit, "viewer-request", headers=[("X-Own", sent)])["request"]
        same("X-Own in the event", "caf\u00e9", _value(request["headers"], "x-own"))

    EVENTS.add(name, title, check, page="edge-function-restrictions-all")


_text("utf-8-is-text-in-events", "caf\xc3\xa9", "A header in UTF-8 is that text in the event")
_text(
    "iso-8859-1-is-text-in-events",
    "caf\xe9",
    "A header that is not UTF-8 is taken for ISO-8859-1 in the event",
)


@EVENTS.rule("edge-function-restrictions-all")
def untouched_values_arrive_byte_for_byte(kit: Kit) -> None:
    """What a function does not change reaches the origin with the bytes of the viewer."""
    headers = [("X-Own", "caf\xe9"), ("X-Text", "caf\xc3\xa9")]
    seen = kit.sent("edge", "viewer-request=trail", "origin-request=trail", headers=headers)
    same("both functions ran", "viewer-request origin-request", seen.header("X-Trail"))
    same("X-Own and X-Text", ("caf\xe9", "caf\xc3\xa9"), (seen.header("X-Own"), seen.header("X-Text")))


@EVENTS.rule("edge-function-restrictions-all")
def changed_values_arrive_in_utf_8(kit: Kit) -> None:
    """What a function writes reaches the origin in UTF-8."""
    seen = kit.sent("edge", "viewer-request=set:X-Own:caf\u00e9")
    same("X-Own", "caf\xc3\xa9", seen.header("X-Own"))
