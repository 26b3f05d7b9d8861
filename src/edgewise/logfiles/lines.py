"""Access logs as servers write them: lines in, requests out.

Reads Apache's and nginx's common and combined formats and CloudFront's standard log, told apart by their
content. Opens no files and sends nothing; a line that is not a request becomes a `SkippedLine` with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from urllib.parse import unquote


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request as it was logged; a fact that the log does not have is None.

    `timestamp` is in microseconds since the epoch. `target` is path and query as the visitor sent them.
    `status` is 0 when there was none: CloudFront logs `000` for a visitor who left first. `result` is CloudFront's
    `x-edge-result-type`, such as `Hit`. `tls` says whether the visitor came over TLS. Bytes that are not UTF-8 are kept
    as lone surrogates (`surrogateescape`), so that every text can be turned back into bytes.
    """

    timestamp: int
    client_ip: str | None
    method: str
    target: str
    status: int
    referrer: str | None = None
    user_agent: str | None = None
    host: str | None = None
    protocol: str | None = None
    bytes_sent: int | None = None
    result: str | None = None
    tls: bool | None = None


@dataclass(frozen=True, slots=True)
class SkippedLine:
    """A line that holds no request: its number in the file, from 1, and why."""

    number: int
    reason: str


# What a line is: a request, or the reason why it is none.
_Parser = Callable[[str], "LoggedRequest | str"]

_DIRECTIVE = re.compile(r"#[A-Za-z-]+:")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read(lines: Iterable[str]) -> Iterator[LoggedRequest | SkippedLine]:
    """Every line that is not blank or a `#Directive:`, in the order of the file.

    `lines` are to be decoded as UTF-8 with `surrogateescape`. A `#Fields:` line makes what follows a
    CloudFront log and decides the order of its columns, also in the middle of a file: log files are joined.
    """
    parse: _Parser = parse_combined
    for number, line in enumerate(lines, start=1):
        line = line.rstrip("\r\n")
        if not line.strip():
            continue
        if _DIRECTIVE.match(line):
            if line.startswith("#Fields:"):
                parse = cloudfront_parser(line.removeprefix("#Fields:").split())
            continue
        result = parse(line)
        yield SkippedLine(number, result) if isinstance(result, str) else result


# Apache's and nginx's formats.
# https://httpd.apache.org/docs/2.4/mod/mod_log_config.html, https://nginx.org/en/docs/http/ngx_http_log_module.html

_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_COMMON = re.compile(
    r"(?:(?P<host>[^\s:]+):\d+ )?"  # `vhost_combined` begins with the virtual host and its port
    # A time is so long at most: where brackets come by the thousand each must cost little.
    r"(?P<address>\S+) \S+ .*?\[(?P<time>[^\[\]]{20,40})\] "
    rf"(?P<request>{_QUOTED}) (?P<status>\d{{3}}|-) (?P<bytes>\d+|-)(?=\s|$)"
)
_REFERRER_AND_AGENT = re.compile(rf"\s{_QUOTED} {_QUOTED}(?=\s|$)")
_TIME = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4})")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token: RFC 9110, section 5.6.2
_PROTOCOL = re.compile(r"HTTP/\d+(?:\.\d+)?")
_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{2}|[bnrtv\"\\])")
_ESCAPED = {b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v", b'"': b'"', b"\\": b"\\"}


def parse_combined(line: str) -> LoggedRequest | str:
    """A line of the common or combined format, or why it is not a request. More fields may follow."""
    common = _COMMON.match(line)
    if not common:
        return "not a line of the combined or common log format"
    rest = line[common.end() :]
    tail = _REFERRER_AND_AGENT.match(rest)
    if tail is None and '"' in rest:
        return "referrer and user agent are not two quoted fields"
    timestamp = _apache_time(common["time"])
    if timestamp is None:
        return "the time is not a date"
    request = _request_line(_unescape(common["request"][1:-1]))
    if isinstance(request, str):
        return request
    method, target, protocol = request
    return LoggedRequest(
        timestamp=timestamp,
        client_ip=_address(common["address"]),
        method=method,
        target=target,
        status=_status(common["status"]),
        referrer=_known(_unescape(tail[1])) if tail else None,
        user_agent=_known(_unescape(tail[2])) if tail else None,
        host=common["host"],
        protocol=protocol,
        bytes_sent=_integer(common["bytes"]),
    )


def is_combined(line: str) -> bool:
    """Whether it has referrer and user agent as well. Then nothing that is read is at its end, where it may be cut."""
    common = _COMMON.match(line)
    return common is not None and _REFERRER_AND_AGENT.match(line, common.end()) is not None


def _request_line(text: str) -> tuple[str, str, str | None] | str:
    """Method, target and protocol; the target may hold blanks, and HTTP/0.9 had no protocol."""
    if text in ("", "-"):
        return "the visitor sent no request"
    method, _, rest = text.partition(" ")
    if not _METHOD.fullmatch(method) or not rest:
        return "the request line is not HTTP"
    target, _, last = rest.rpartition(" ")
    if not _PROTOCOL.fullmatch(last):
        return _checked(method, rest, None)
    return _checked(method, target, last)


def _checked(method: str, target: str, protocol: str | None) -> tuple[str, str, str | None] | str:
    # RFC 9112, section 3.2: a path, a whole URL (sent to proxies) or `*`; CONNECT names a host, not a path.
    if target == "*" or target.startswith("/") or re.match(r"https?://", target, re.IGNORECASE):
        return method, target, protocol
    return "the request does not name a path"


def _apache_time(text: str) -> int | None:
    parts = _TIME.fullmatch(text)
    if parts is None or parts[2] not in _MONTHS:
        return None
    day, month, year, clock, zone = parts.groups()
    return _timestamp(f"{year}-{_MONTHS.index(month) + 1:02}-{day}T{clock}{zone}")


def _unescape(text: str) -> str:
    r"""Undo the escapes `\"`, `\\`, `\n` (Apache) and `\xHH` (both); they stand for bytes, not characters."""
    if "\\" not in text:
        return text
    data = _ESCAPE.sub(_escaped_byte, text.encode("utf-8", "surrogateescape"))
    return data.decode("utf-8", "surrogateescape")


def _escaped_byte(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return _ESCAPED.get(code) or bytes.fromhex(code[1:].decode())


# CloudFront's standard log (legacy).
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html

_NEEDED = ("date", "time", "c-ip", "cs-method", "cs-uri-stem", "sc-status")
_OVER_TLS = {"http": False, "ws": False, "https": True, "wss": True, "grpcs": True}


def cloudfront_parser(names: list[str]) -> Callable[[str], LoggedRequest | str]:
    """A parser for tab-separated lines whose columns have the names of a `#Fields:` line, in its order."""
    missing = [name for name in _NEEDED if name not in names]
    column = {name: index for index, name in enumerate(names)}

    def parse(line: str) -> LoggedRequest | str:
        if missing:
            return f"the #Fields line does not name {', '.join(missing)}"
        values = line.split("\t")
        if len(values) < len(names):
            return "fewer columns than the #Fields line names"

        def value(name: str) -> str | None:
            return _known(values[column[name]]) if name in column else None

        return _cloudfront_request(value)

    return parse


def _cloudfront_request(value: Callable[[str], str | None]) -> LoggedRequest | str:
    timestamp = _timestamp(f"{value('date')}T{value('time')}+00:00")
    if timestamp is None:
        return "date and time are not a date"
    method, path = value("cs-method"), _decoded(value("cs-uri-stem"))
    if method is None or not _METHOD.fullmatch(method):
        return "the method is not one of HTTP"
    if path is None or not path.startswith("/"):
        return "the request does not name a path"
    query = _decoded(value("cs-uri-query"))
    return LoggedRequest(
        timestamp=timestamp,
        client_ip=_address(value("c-ip")),
        method=method,
        target=path if query is None else f"{path}?{query}",
        status=_status(value("sc-status")),
        referrer=_decoded(value("cs(Referer)")),
        user_agent=_decoded_agent(value("cs(User-Agent)")),
        # `cs(Host)` is the distribution's own domain name; `x-host-header` is what the visitor asked for.
        host=_decoded(value("x-host-header") or value("cs(Host)")),
        protocol=value("cs-protocol-version"),
        result=value("x-edge-result-type"),
        tls=_OVER_TLS.get(value("cs-protocol") or ""),
    )


def _decoded(text: str | None) -> str | None:
    """What was sent: the log percent-encodes each value once more, so that `%20` sent is `%2520` logged."""
    return None if text is None else unquote(text, errors="surrogateescape")


def _decoded_agent(text: str | None) -> str | None:
    """Like `_decoded`; files of 2013 to about 2020 encode the user agent twice, as its blanks show."""
    once = _decoded(text)
    return _decoded(once) if once and "%20" in once and " " not in once else once


# What both families share.


def _known(text: str) -> str | None:
    return None if text in ("", "-") else text


def _status(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0


def _integer(text: str) -> int | None:
    # More digits than any answer has bytes; Python's own limit is far above the columns'.
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _address(text: str | None) -> str | None:
    """The address, or None for a host name (Apache with `HostnameLookups On`)."""
    try:
        ip_address(text or "")
    except ValueError:
        return None
    return text


def _timestamp(iso: str) -> int | None:
    try:
        # In UTC, where the first and the last day of the calendar can lie outside of it.
        return (datetime.fromisoformat(iso).astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return None
