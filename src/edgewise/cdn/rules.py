"""The rules that a function's result is held against: which headers it may touch, and each rule by its name.

The names are stable: error messages, the inspector, the documentation and tests use them. `answer.py` and
`origins/target.py` apply the rules; a break is made with `broken`.

Source: CloudFront Developer Guide, the pages named in the table. Sentences and log lines are those that users
have seen, where any has; the others follow their form.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgewise.cdn.distribution import Trigger
from edgewise.cdn.failure import Explanation, RequestFailure, function_invalid


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Hidden from events; a function that adds one makes the request fail.
_DISALLOWED = _names(
    "connection expect keep-alive proxy-authenticate proxy-authorization proxy-connection trailer upgrade "
    "x-accel-buffering x-accel-charset x-accel-limit-rate x-accel-redirect x-amzn-auth x-amzn-cf-billing "
    "x-amzn-cf-id x-amzn-cf-xff x-amzn-errortype x-amzn-fle-profile x-amzn-header-count x-amzn-header-order "
    "x-amzn-lambda-integration-tag x-amzn-requestid x-cache x-forwarded-proto x-real-ip "
    "cloudfront-viewer-cert-pem cloudfront-viewer-client-cert cloudfront-viewer-client-cert-chain"
)
_DISALLOWED_PREFIXES = ("x-amz-cf-", "x-edge-")

# Shown, but adding, changing and deleting them makes the request fail.
READ_ONLY: dict[Trigger, frozenset[str]] = {
    "viewer-request": _names("cdn-loop content-length host transfer-encoding via"),
    "origin-request": _names(
        "accept-encoding cdn-loop content-length if-modified-since if-none-match if-range if-unmodified-since "
        "transfer-encoding via"
    ),
    "origin-response": _names("transfer-encoding via"),
    "viewer-response": _names("content-encoding content-length transfer-encoding via warning"),
}

# What CloudFront alone says of a viewer; it does so after viewer-request.
CLOUDFRONT_HEADERS = "cloudfront-"


def is_disallowed(name: str) -> bool:
    """Whether functions may neither see nor add a header; `name` is in lower case."""
    return name in _DISALLOWED or name.startswith(_DISALLOWED_PREFIXES)


# What the visitor reads.
_INVALID_JSON = "The Lambda function returned invalid json: The json output is not parsable."
_NOT_OBJECT = "The Lambda function returned invalid JSON: The JSON output must be an object type."
_NOT_ARRAY = (
    "The Lambda function returned an invalid entry in the headers object: "
    "Each header entry in the headers object must be an array."
)
_FAILED = "The Lambda function result failed validation:"
_READ_ONLY = f"{_FAILED} The function tried to add, delete, or change a read-only header."
_BLACKLISTED = f"{_FAILED} The function tried to add a blacklisted header."
_BODY = f"{_FAILED} The body is not a string, is not an object, or exceeds the maximum size."
_URI = f"{_FAILED} The specified URI is in an invalid format."
# Nobody has published the sentences of the other rules.
_VALUE = f"{_FAILED} The function returned an invalid value."

# How the line of CloudFront's validation log begins; users have seen these three.
_RESULT = "Lambda function result failed validation"
_HEADER = "Lambda function result validation failed, the function returned an invalid header"
_ENTRY = "The Lambda function returned an invalid entry in the headers object"

_GUIDE = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide"
_EVENT = f"{_GUIDE}/lambda-event-structure.html"
_HEADERS = f"{_GUIDE}/edge-function-restrictions-all.html"
_RESTRICTIONS = f"{_GUIDE}/lambda-at-edge-function-restrictions.html"
_GENERATE = f"{_GUIDE}/lambda-generating-http-responses.html"
_REQUEST_BODY = f"{_GUIDE}/lambda-include-body-access.html"
_QUOTAS = f"{_GUIDE}/cloudfront-limits.html"
_ORIGIN_HEADERS = f"{_GUIDE}/add-origin-custom-headers.html"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its name, what the visitor reads, what its author can do, and the guide's page that states it."""

    name: str
    sentence: str
    advice: str
    page: str
    log: str = _RESULT


_ALL = (
    # The result as a whole.
    Rule(
        "json",
        _INVALID_JSON,
        "Return numbers and text that JSON has: no NaN, no Infinity, no half of a surrogate pair.",
        _EVENT,
    ),
    Rule(
        "object",
        _NOT_OBJECT,
        "Return the request or the response; a handler without `return` gives None.",
        _EVENT,
    ),
    Rule(
        "whole-event",
        _VALUE,
        "Return `event['Records'][0]['cf']['request']` (or `['response']`) itself, not what it lies in.",
        _EVENT,
    ),
    Rule("status-code", _VALUE, "Say `status`; `statusCode` is API Gateway's name for it.", _GENERATE),
    Rule(
        "no-uri", _VALUE, "Return the whole request with its `uri`, or a response with its `status`.", _EVENT
    ),
    Rule(
        "no-status",
        _VALUE,
        "A response trigger returns a response: change `['cf']['response']` and return it.",
        _EVENT,
    ),
    # Requests.
    Rule("read-only-field", _VALUE, "Leave the field as it is in the event.", _EVENT),
    Rule("uri", _URI, "Begin with /, and percent-encode blanks, control characters, ? and #.", _EVENT),
    Rule(
        "query-string",
        _VALUE,
        "Percent-encode blanks, control characters and #; leave out the question mark.",
        _HEADERS,
    ),
    Rule("url-length", _VALUE, "Keep `uri` and `querystring` together shorter than 8,192 bytes.", _HEADERS),
    Rule("headers-size", _VALUE, "Keep the request's headers and query string within 32,768 bytes.", _QUOTAS),
    Rule(
        "body-object",
        _BODY,
        "Make `body` an object with `action`, `encoding` and `data`, or leave it out.",
        _REQUEST_BODY,
    ),
    Rule("body-action", _BODY, "Say `read-only` or `replace`.", _REQUEST_BODY),
    # Headers.
    Rule(
        "headers-object",
        _NOT_ARRAY,
        'Make `headers` an object of lists: `{"x-a": [{"key": "X-A", "value": "1"}]}`.',
        _EVENT,
    ),
    Rule("header-list", _NOT_ARRAY, "Make each header a list, also when it has one line.", _EVENT, _ENTRY),
    Rule(
        "header-value",
        _NOT_ARRAY,
        "Make each line an object whose `value` is a string; turn numbers into text.",
        _EVENT,
        _ENTRY,
    ),
    Rule(
        "header-key",
        _VALUE,
        "Spell `key` like the name of its entry but for capitals, or leave it out.",
        _EVENT,
        _HEADER,
    ),
    Rule(
        "header-name-character",
        _VALUE,
        "Use letters, digits and hyphens in a header's name.",
        _HEADERS,
        _HEADER,
    ),
    Rule(
        "header-value-character",
        _VALUE,
        "Take line ends and control characters out of the value, or percent-encode them.",
        _HEADERS,
        _HEADER,
    ),
    Rule(
        "read-only-header",
        _READ_ONLY,
        "Leave the header as it is in the event: add to `headers` rather than build it anew.",
        _HEADERS,
    ),
    Rule(
        "disallowed-header", _BLACKLISTED, "Use another name; CloudFront keeps this one to itself.", _HEADERS
    ),
    Rule(
        "cloudfront-header",
        _VALUE,
        "Do it in an origin-request function; CloudFront adds these headers after viewer-request.",
        _RESTRICTIONS,
    ),
    # Responses.
    Rule("status", _VALUE, "Make `status` a number from 200 to 599, as a string.", _GENERATE),
    Rule(
        "viewer-response-status", _VALUE, "Change the status in an origin-response function.", _RESTRICTIONS
    ),
    Rule(
        "status-description", _VALUE, "Make `statusDescription` a string without control characters.", _EVENT
    ),
    Rule("no-content-body", _BODY, "Leave the body of a 204 out.", _GENERATE),
    # Bodies.
    Rule("body-string", _BODY, "Make the body a string; encode bytes as base64 and say so.", _GENERATE),
    Rule("body-encoding", _BODY, "Say `text` or `base64`.", _GENERATE),
    Rule("body-base64", _BODY, "Encode the body with the standard alphabet and its padding.", _GENERATE),
    Rule(
        "body-size",
        _BODY,
        "Stay within 40 KB at a viewer trigger, 1 MB at an origin trigger; headers count for a response.",
        _QUOTAS,
    ),
    # The origin object.
    Rule("origin-object", _VALUE, "Give `origin` exactly one of `custom` and `s3`, each an object.", _EVENT),
    Rule(
        "origin-domain",
        _VALUE,
        "Give `domainName` a domain name: no address, no port, at most 253 characters (S3: 128, in lower case).",
        _EVENT,
    ),
    Rule(
        "origin-path",
        _VALUE,
        "Make `path` empty or begin it with /; it does not end with / and is URL-encoded, at most 255 characters.",
        _EVENT,
    ),
    Rule("origin-port", _VALUE, "Use port 80, 443, or one from 1024 to 65535.", _EVENT),
    Rule("origin-protocol", _VALUE, "Say `http` or `https`.", _EVENT),
    Rule(
        "origin-timeout",
        _VALUE,
        "Use whole seconds from 1 to 120; a completion timeout is not shorter than the read timeout.",
        _EVENT,
    ),
    Rule("origin-ssl-protocols", _VALUE, "List SSLv3, TLSv1, TLSv1.1 or TLSv1.2.", _EVENT),
    Rule(
        "origin-access",
        _VALUE,
        "Use `none` or `origin-access-identity` as `authMethod`, and name the bucket's `region` with the latter.",
        _EVENT,
    ),
    Rule(
        "origin-custom-header",
        _VALUE,
        "Use a name that CloudFront lets origins have, and that the request does not have.",
        _ORIGIN_HEADERS,
    ),
)

_SHOWN = 500  # characters of a message

RULES: dict[str, Rule] = {rule.name: rule for rule in _ALL}


def broken(name: str, subject: str, what: str) -> RequestFailure:
    """A break of the rule `name`, to be raised by the caller.

    `subject` is the header or field, `what` the end of CloudFront's log line without its full stop.
    """
    rule = RULES[name]
    detail = f"ERROR Validation error: {rule.log}, {_in_one_line(what)}."
    explanation = Explanation(name, _in_one_line(subject), rule.page, rule.advice)
    return function_invalid(rule.sentence, detail, explanation)


def _in_one_line(text: str) -> str:
    """What a function returned may hold anything and be long; a log line may not."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text[:_SHOWN])


def as_table() -> str:
    """All rules as a table in markdown, for the documentation."""
    lines = ["| rule | what to do | what the visitor reads |", "|---|---|---|"]
    for rule in _ALL:
        sentence = rule.sentence.removeprefix(f"{_FAILED} ")
        lines.append(f"| [`{rule.name}`]({rule.page}) | {rule.advice} | {sentence} |")
    return "\n".join(lines)
