"""What functions may not return, and what the viewer gets then."""

from conformance.client import Answer
from conformance.kit import Kit
from conformance.rule import Group, holds
from conformance.rules._expect import for_each, header, status, without

RESULTS = Group("results", "lambda-at-edge-function-restrictions")
_HEADERS = "edge-function-restrictions-all"
_SHAPE = "lambda-event-structure"
_MADE = "lambda-generating-http-responses"


def _invalid(answer: Answer) -> None:
    status(502, answer)
    header("LambdaValidationError from cloudfront", answer, "X-Cache")


def _failed(answer: Answer) -> None:
    status(503, answer)
    header("LambdaExecutionError from cloudfront", answer, "X-Cache")


def _is_invalid(name: str, title: str, step: str, *more: str, page: str = _SHAPE) -> None:
    def check(kit: Kit) -> None:
        _invalid(kit.get("edge", step, *more))

    RESULTS.add(name, f"{title} is a 502", check, page=page)


# The value of a read-only header differs from what is there: setting it is a change, or an addition.
_READ_ONLY = {
    "viewer-request": ("CDN-Loop", "Content-Length", "Host", "Transfer-Encoding", "Via"),
    "origin-request": (
        *("Accept-Encoding", "CDN-Loop", "Content-Length", "If-Modified-Since", "If-None-Match"),
        *("If-Range", "If-Unmodified-Since", "Transfer-Encoding", "Via"),
    ),
    "origin-response": ("Transfer-Encoding", "Via"),
    "viewer-response": ("Warning", "Via", "Content-Length", "Content-Encoding", "Transfer-Encoding"),
}


def _may_not_set(trigger: str, names: tuple[str, ...]) -> None:
    def check(kit: Kit) -> None:
        for_each(kit, names, lambda kit, name: _invalid(kit.get("edge", f"{trigger}=set:{name}:9")))

    title = f"A {trigger} function that adds or changes a read-only header is a 502: {', '.join(names)}"
    RESULTS.add(f"{trigger}-may-not-set-read-only-headers", title, check, page=_HEADERS)


for _trigger, _names in _READ_ONLY.items():
    _may_not_set(_trigger, _names)

_DELETED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("viewer-request", "Host", ()),
    ("origin-request", "Via", ()),
    ("origin-response", "Transfer-Encoding", ("chunked", "size=100")),
    ("viewer-response", "Content-Length", ("size=100",)),
)
for _trigger, _name, _steps in _DELETED:
    _is_invalid(
        f"{_trigger}-may-not-delete-{_name.lower()}",
        f"A {_trigger} function that deletes the read-only {_name}",
        f"{_trigger}=delete:{_name}",
        *_steps,
        page=_HEADERS,
    )

_DISALLOWED = (
    *("Connection", "Expect", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection"),
    *("Trailer", "Upgrade", "X-Accel-Buffering", "X-Accel-Redirect", "X-Amz-Cf-Id", "X-Amzn-Auth"),
    *("X-Amzn-Errortype", "X-Amzn-RequestId", "X-Cache", "X-Edge-Own", "X-Forwarded-Proto", "X-Real-IP"),
)


@RESULTS.rule(_HEADERS)
def disallowed_headers_may_not_be_added(kit: Kit) -> None:
    """A function that adds a header of the guide's list of disallowed ones is a 502."""
    for_each(kit, _DISALLOWED, lambda kit, name: _invalid(kit.get("edge", f"viewer-request=set:{name}:1")))


@RESULTS.rule(_HEADERS)
def no_trigger_may_add_a_disallowed_header(kit: Kit) -> None:
    """On every trigger a function that adds a disallowed header is a 502."""
    for_each(kit, _READ_ONLY, lambda kit, trigger: _invalid(kit.get("edge", f"{trigger}=set:X-Edge-Own:1")))


_is_invalid(
    "viewer-request-may-not-add-cloudfront-viewer-country",
    "A viewer-request function that adds CloudFront-Viewer-Country",
    "viewer-request=set:CloudFront-Viewer-Country:DE",
)


@RESULTS.rule(_HEADERS)
def host_is_writable_in_origin_request(kit: Kit) -> None:
    """An origin-request function may change Host."""
    seen = kit.sent("edge", "origin-request=set:Host:other.example")
    holds(seen.header("Host") == "other.example", "Host: other.example at the origin", seen.header("Host"))


@RESULTS.rule(_HEADERS)
def own_headers_may_be_added_everywhere(kit: Kit) -> None:
    """Functions on all triggers may add headers of their own."""
    steps = [f"{trigger}=set:X-Own-{trigger}:1" for trigger in _READ_ONLY]
    answer = kit.get("edge", *steps)
    status(200, answer)
    seen = kit.seen()[0]
    found = [seen.header("X-Own-viewer-request"), seen.header("X-Own-origin-request")]
    found += [answer.header("X-Own-origin-response"), answer.header("X-Own-viewer-response")]
    holds(found == ["1"] * 4, "four headers", found)


@RESULTS.rule(_HEADERS)
def own_headers_may_be_deleted(kit: Kit) -> None:
    """A function may delete a header that is not read-only, such as User-Agent or an origin's X-Origin."""
    without(kit.get("edge", "viewer-response=delete:X-Origin"), "X-Origin")


@RESULTS.rule()
def key_may_be_left_out(kit: Kit) -> None:
    """A header entry without `key` is sent under the map's name, capitalised."""
    answer = kit.get("edge", "viewer-response=without-key:x-own-name")
    names = [name for name, _ in answer.headers if name.lower() == "x-own-name"]
    holds(names == ["X-Own-Name"], "X-Own-Name", names)


@RESULTS.rule()
def two_entries_are_two_lines(kit: Kit) -> None:
    """Two entries of one header are two lines."""
    answer = kit.get("edge", "viewer-response=set-two:Set-Cookie:a=1:b=2")
    holds(answer.all("Set-Cookie") == ["a=1", "b=2"], "two Set-Cookie lines", answer.all("Set-Cookie"))


_WRONG_HEADERS = {
    "text": "A header that is a text and not a list",
    "object": "A header that is an object and not a list",
    "number": "A header value that is a number",
    "no-value": "A header entry without a value",
    "line-break": "A header value with a line break",
    "bad-name": "A header name with a space",
}
for _kind, _title in _WRONG_HEADERS.items():
    _is_invalid(f"header-{_kind}-is-invalid", _title, f"viewer-response=wrong-header:{_kind}")
_is_invalid("headers-must-be-a-map", "A headers object that is a list", "viewer-request=headers-list")


@RESULTS.rule()
def functions_must_return_something(kit: Kit) -> None:
    """On every trigger a function that returns nothing is a 502."""
    for_each(kit, _READ_ONLY, lambda kit, trigger: _invalid(kit.get("edge", f"{trigger}=returns:none")))


@RESULTS.rule()
def results_must_be_a_request_or_a_response(kit: Kit) -> None:
    """A result that is a text, a number, a list or an empty object is a 502."""
    kinds = ("text", "number", "list", "empty")
    for_each(kit, kinds, lambda kit, kind: _invalid(kit.get("edge", f"viewer-request=returns:{kind}")))


_REQUEST = {
    "uri-without-a-slash": ("whole-uri:no-slash", "A uri that does not start with a slash"),
    "query-with-a-space": ("query:a b", "A query with a space"),
    "query-with-a-hash": ("query:a#b", "A query with a #"),
    "uri-too-long": ("long-uri:8300", "A uri and query of more than 8,192 characters"),
}
for _name, (_step, _title) in _REQUEST.items():
    _is_invalid(f"{_name}-is-invalid", _title, f"viewer-request={_step}", page=_HEADERS)

_ORIGIN = {
    "domain-empty": ("domainName:", "A domain name that is empty"),
    "domain-with-a-port": ("domainName:a.example:80", "A domain name with a colon"),
    "domain-an-address": ("domainName:192.0.2.1", "A domain name that is an address"),
    "path-without-a-slash": ("path:no-slash", "An origin path that does not start with a slash"),
    "path-with-a-slash-at-its-end": ("path:/slash/", "An origin path that ends with a slash"),
    "port-81": ("port:81", "A port below 1024 that is neither 80 nor 443"),
    "protocol-ftp": ("protocol:ftp", "A protocol that is neither http nor https"),
    "read-timeout-0": ("readTimeout:0", "A read timeout of 0"),
    "read-timeout-121": ("readTimeout:121", "A read timeout of more than 120 seconds"),
    "keepalive-timeout-121": ("keepaliveTimeout:121", "A keep-alive timeout of more than 120 seconds"),
}
for _name, (_step, _title) in _ORIGIN.items():
    _is_invalid(f"origin-{_name}-is-invalid", _title, f"origin-request=origin:{_step}")
_is_invalid("origin-of-two-kinds-is-invalid", "An origin that is custom and s3", "origin-request=both-kinds")
_is_invalid("origin-protocol-unknown-is-invalid", "An unknown TLS protocol", "origin-request=protocols:TLSv9")
_is_invalid(
    "custom-header-may-not-be-a-request-header",
    "A custom header that is also a header of the request",
    "origin-request=set:X-Own:1",
    "origin-request=custom-header:X-Own:2",
)
_is_invalid(
    "custom-header-may-not-be-cache-control",
    "A custom header that origins may not be given",
    "origin-request=custom-header:Cache-Control:no-cache",
)


@RESULTS.rule(_SHAPE)
def custom_header_reaches_the_origin(kit: Kit) -> None:
    """An origin-request function may add a custom header for the origin."""
    seen = kit.sent("edge", "origin-request=custom-header:X-Secret:1")
    holds(seen.header("X-Secret") == "1", "X-Secret: 1 at the origin", seen.header("X-Secret"))


@RESULTS.rule(_MADE)
def status_must_be_from_200_to_599(kit: Kit) -> None:
    """A status that is no number from 200 to 599 is a 502."""
    values = ("99", "199", "600", "fine")
    for_each(kit, values, lambda kit, value: _invalid(kit.get("edge", f"viewer-request=generate:{value}")))


_is_invalid("204-with-a-body-is-invalid", "A 204 with a body", "viewer-request=generate:204:5", page=_MADE)
_is_invalid("body-must-be-text", "A body that is an object", "viewer-request=generate-body", page=_MADE)
_is_invalid(
    "body-must-be-base64-if-it-says-so",
    "A body that says base64 and is not",
    "viewer-request=generate-encoded:not base64!:base64",
    page=_MADE,
)
_is_invalid(
    "body-encoding-must-be-known",
    "A body encoding that is neither text nor base64",
    "viewer-request=generate-encoded:abc:gzip",
    page=_MADE,
)
_is_invalid(
    "made-response-may-not-have-a-disallowed-header",
    "A made response with a disallowed header",
    "viewer-request=generate-header:X-Amz-Cf-Id:1",
    page=_HEADERS,
)


def _fails(name: str, title: str, behavior: str, *steps: str) -> None:
    def check(kit: Kit) -> None:
        _failed(kit.get(behavior, *steps))

    RESULTS.add(name, f"{title} is a 503", check, page="http-503-service-unavailable")


@RESULTS.rule("http-503-service-unavailable")
def exceptions_are_503(kit: Kit) -> None:
    """On every trigger an exception is a 503."""
    for_each(kit, _READ_ONLY, lambda kit, trigger: _failed(kit.get("edge", f"{trigger}=raise")))


_fails("exit-is-503", "A function that ends its process", "edge", "viewer-request=exit")
_fails("timeout-is-503", "A function that runs over its timeout (here one second)", "edge-slow")
_fails("failed-import-is-503", "A function that cannot be imported", "edge-broken")


@RESULTS.rule("http-503-service-unavailable")
def next_request_after_a_crash_is_served(kit: Kit) -> None:
    """After a function has ended its process the next invocation works."""
    kit.get("edge", "viewer-request=exit")
    header("viewer-response", kit.get("edge", "viewer-response=trail", key="next"), "X-Trail")


def _sentence(name: str, step: str, sentence: str) -> None:
    def check(kit: Kit) -> None:
        answer = kit.get("edge", step)
        holds(sentence in answer.text, f"a page that says {sentence!r}", answer)

    RESULTS.add(name, f"The page says: {sentence}", check, page="http-502-bad-gateway", doubtful=True)


_sentence(
    "sentence-of-an-exception",
    "viewer-request=raise",
    "The Lambda function associated with the CloudFront distribution is invalid",
)
_sentence(
    "sentence-of-a-read-only-header",
    "viewer-request=set:Via:1",
    "The Lambda function result failed validation: The function tried to add, delete, or change a read-only header.",
)
_sentence(
    "sentence-of-no-object",
    "viewer-request=returns:none",
    "The Lambda function returned invalid JSON: The JSON output must be an object type.",
)
_sentence(
    "sentence-of-a-header-that-is-no-list",
    "viewer-request=wrong-header:text",
    "Each header entry in the headers object must be an array.",
)
