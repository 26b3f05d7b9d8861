"""Lines of access logs, clean and dirty, become requests; the rest is named with its number and reason."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.logfiles.lines import LoggedRequest, SkippedLine, read

NOON = datetime(2024, 3, 11, 12, 0, 0, tzinfo=UTC)
NOON_US = int(NOON.timestamp()) * 1_000_000
CLOUDFRONT_FIELDS = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) "
    "cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol"
)


def combined(
    request: str = "GET / HTTP/1.1",
    *,
    address: str = "203.0.113.9",
    user: str = "-",
    time: str = "11/Mar/2024:12:00:00 +0000",
    tail: str = ' "-" "-"',
    status: str = "200",
) -> str:
    return f'{address} - {user} [{time}] "{request}" {status} 512{tail}'


def cloudfront(*, fields: str = CLOUDFRONT_FIELDS, **changes: str) -> list[str]:
    values = {
        "date": "2024-03-11",
        "time": "12:00:00",
        "c-ip": "203.0.113.9",
        "cs-method": "GET",
        "cs(Host)": "d111111abcdef8.cloudfront.net",
        "cs-uri-stem": "/",
        "sc-status": "200",
        "x-host-header": "www.example.com",
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    row = "\t".join(values.get(name, "-") for name in fields.split())
    return ["#Version: 1.0", f"#Fields: {fields}", row]


def one(*lines: str) -> LoggedRequest:
    (result,) = read(lines)
    assert isinstance(result, LoggedRequest), result
    return result


def reason(*lines: str) -> str:
    (result,) = read(lines)
    assert isinstance(result, SkippedLine), result
    return result.reason


def test_a_combined_line_gives_every_fact() -> None:
    line = combined(
        "GET /a%20b?q=1 HTTP/1.1",
        status="404",
        tail=' "https://www.example.com/?x=y" "Mozilla/5.0 (X11; Linux)"',
    )
    assert one(line) == LoggedRequest(
        timestamp=NOON_US,
        client_ip="203.0.113.9",
        method="GET",
        target="/a%20b?q=1",
        status=404,
        referrer="https://www.example.com/?x=y",
        user_agent="Mozilla/5.0 (X11; Linux)",
        host=None,
        protocol="HTTP/1.1",
        bytes_sent=512,
    )


def test_a_common_line_has_neither_referrer_nor_user_agent() -> None:
    request = one(combined(tail=""))
    assert (request.referrer, request.user_agent) == (None, None)


def test_fields_after_the_combined_ones_are_ignored() -> None:
    assert one(combined(tail=' "-" "curl/8.5.0" "198.51.100.1" 0.004')).user_agent == "curl/8.5.0"
    assert one(combined(tail=" 8123")).status == 200


def test_the_virtual_host_of_vhost_combined_is_the_host() -> None:
    assert one("shop.example.com:443 " + combined()).host == "shop.example.com"
    assert one(combined(address="2001:db8::1:80")).host is None


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("11/Mar/2024:13:00:00 +0100", NOON_US),
        ("11/Mar/2024:06:30:00 -0530", NOON_US),
        ("31/Dec/1969:23:59:59 +0000", -1_000_000),
    ],
)
def test_the_time_is_microseconds_since_the_epoch_in_any_zone(time: str, expected: int) -> None:
    assert one(combined(time=time)).timestamp == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:203.0.113.9", "::ffff:203.0.113.9"),
        ("crawler.example.com", None),
        ("-", None),
    ],
)
def test_addresses_may_be_ipv6_and_a_host_name_is_not_an_address(address: str, expected: str | None) -> None:
    assert one(combined(address=address)).client_ip == expected


@pytest.mark.parametrize(
    ("logged", "method", "target", "protocol"),
    [
        ("GET /a", "GET", "/a", None),
        ("GET /a b c HTTP/1.0", "GET", "/a b c", "HTTP/1.0"),
        ("GET /a HTTP/2.0", "GET", "/a", "HTTP/2.0"),
        ("OPTIONS * HTTP/1.0", "OPTIONS", "*", "HTTP/1.0"),
        ("GET http://example.com/x HTTP/1.1", "GET", "http://example.com/x", "HTTP/1.1"),
        (r"GET /say\"hi\" HTTP/1.1", "GET", '/say"hi"', "HTTP/1.1"),
        (r"GET /back\\slash HTTP/1.1", "GET", "/back\\slash", "HTTP/1.1"),
        (r"GET /\xd0\xb6 HTTP/1.1", "GET", "/ж", "HTTP/1.1"),
        (r"GET /\xE9 HTTP/1.1", "GET", "/\udce9", "HTTP/1.1"),
        (r"GET /?re=\d+ HTTP/1.1", "GET", r"/?re=\d+", "HTTP/1.1"),
        ("PROPFIND /dav HTTP/1.1", "PROPFIND", "/dav", "HTTP/1.1"),
    ],
)
def test_request_lines_found_in_the_wild(logged: str, method: str, target: str, protocol: str | None) -> None:
    request = one(combined(logged))
    assert (request.method, request.target, request.protocol) == (method, target, protocol)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (combined("-", status="408"), "sent no request"),
        (combined(""), "sent no request"),
        (combined(r"\x16\x03\x01\x02"), "not HTTP"),
        (combined("\udc80\udcff \udc81"), "not HTTP"),
        (combined("GET"), "not HTTP"),
        (combined("CONNECT example.com:443 HTTP/1.1"), "does not name a path"),
        (combined("t3 12.1.2"), "does not name a path"),
        (combined(time="11/Foo/2024:12:00:00 +0000"), "not a date"),
        (combined(time="31/Feb/2024:12:00:00 +0000"), "not a date"),
        (combined(time="31/Dec/9999:23:59:59 -0100"), "not a date"),
        (combined(time="01/Jan/0001:00:59:59 +0100"), "not a date"),
        (combined(tail=' "-" "cut off here'), "two quoted fields"),
        ("\0\0\0\0\0\0", "combined or common"),
        ("# what is this", "combined or common"),
        ('{"time": "2024-03-11"}', "combined or common"),
    ],
)
def test_a_line_without_a_request_says_why(line: str, words: str) -> None:
    assert words in reason(line)


def test_skipped_lines_carry_their_number_and_hide_nothing_around_them() -> None:
    results = list(read(["\n", combined() + "\r\n", "junk\n", "  \n", combined("GET /b HTTP/1.1")]))
    assert [type(result) for result in results] == [LoggedRequest, SkippedLine, LoggedRequest]
    assert isinstance(results[1], SkippedLine)
    assert results[1].number == 3


@pytest.mark.parametrize(("logged", "tls"), [("https", True), ("wss", True), ("http", False), ("-", None)])
def test_a_cloudfront_line_says_whether_it_came_over_tls(logged: str, tls: bool | None) -> None:
    request = one(*cloudfront(cs_protocol=logged))
    assert isinstance(request, LoggedRequest) and request.tls is tls


def test_a_cloudfront_line_gives_every_fact() -> None:
    lines = cloudfront(
        cs_uri_stem="/a%2520b",
        cs_uri_query="q=lambda%2520edge&x=1",
        **{
            "cs(Referer)": "https://www.example.com/?q=a%2520b",
            "cs(User-Agent)": "Mozilla/5.0%20(X11;%20Linux)",
        },
    )
    assert one(*lines) == LoggedRequest(
        timestamp=NOON_US,
        client_ip="203.0.113.9",
        method="GET",
        target="/a%20b?q=lambda%20edge&x=1",
        status=200,
        referrer="https://www.example.com/?q=a%20b",
        user_agent="Mozilla/5.0 (X11; Linux)",
        host="www.example.com",
        protocol=None,
    )


def test_the_user_agent_of_an_old_file_is_decoded_twice() -> None:
    lines = cloudfront(**{"cs(User-Agent)": "Mozilla/5.0%2520(compatible;%2520MSIE%25209.0)"})
    assert one(*lines).user_agent == "Mozilla/5.0 (compatible; MSIE 9.0)"


def test_the_fields_line_decides_the_order_and_may_change_in_the_middle() -> None:
    usual = cloudfront(cs_uri_stem="/usual")
    turned = cloudfront(cs_uri_stem="/turned", fields="sc-status cs-uri-stem cs-method c-ip time date")
    requests = [result for result in read(usual + turned) if isinstance(result, LoggedRequest)]
    assert [request.target for request in requests] == ["/usual", "/turned"]
    assert requests[1].host is None


def test_a_newer_file_may_have_more_columns_than_are_named() -> None:
    *head, row = cloudfront()
    assert one(*head, row + "\tsomething\tnew").status == 200


def test_cloudfront_lines_without_a_request_say_why() -> None:
    *head, row = cloudfront()
    assert "fewer columns" in reason(*head, row[: len(row) // 2])
    assert "not a date" in reason(*cloudfront(date="yesterday"))
    assert "does not name a path" in reason(*cloudfront(cs_uri_stem="-"))
    assert "method" in reason(*cloudfront(cs_method="-"))
    assert "does not name cs-method, cs-uri-stem" in reason(*cloudfront(fields="date time c-ip sc-status"))


def test_a_visitor_who_left_first_has_no_status() -> None:
    assert one(*cloudfront(sc_status="000")).status == 0
    assert one(combined(status="-")).status == 0


# Round trips: what a server writes about a request is read back as that request.

addresses = st.ip_addresses().map(str)
methods = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
timestamps = st.integers(-(10**9), 4 * 10**9).map(lambda seconds: seconds * 1_000_000)
wire_text = st.binary(max_size=40).map(lambda data: data.decode("utf-8", "surrogateescape"))
values = st.none() | wire_text.filter(lambda text: text not in ("", "-"))
targets = wire_text.map(lambda text: "/" + text)


def apache_quoted(text: str | None) -> str:
    """The escapes of Apache's `ap_escape_logitem`: quotes, backslashes and what cannot be printed."""
    if text is None:
        return '"-"'
    names = {0x22: '\\"', 0x5C: "\\\\", 0x08: "\\b", 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x0B: "\\v"}
    data = text.encode("utf-8", "surrogateescape")
    return '"' + "".join(names.get(b) or (chr(b) if 32 <= b < 127 else f"\\x{b:02x}") for b in data) + '"'


def apache_line(request: LoggedRequest) -> str:
    time = datetime.fromtimestamp(request.timestamp // 1_000_000, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    first = apache_quoted(f"{request.method} {request.target} {request.protocol}")
    rest = f"{apache_quoted(request.referrer)} {apache_quoted(request.user_agent)}"
    return f"{request.client_ip} - - [{time}] {first} {request.status} {request.bytes_sent} {rest}"


@settings(deadline=None)
@given(
    st.builds(
        LoggedRequest,
        timestamp=timestamps,
        client_ip=addresses,
        method=methods,
        target=targets,
        status=st.integers(100, 599),
        referrer=values,
        user_agent=values,
        host=st.none(),
        protocol=st.sampled_from(["HTTP/1.0", "HTTP/1.1", "HTTP/2.0"]),
        bytes_sent=st.integers(0, 10**18 - 1),
    )
)
def test_combined_round_trip(request: LoggedRequest) -> None:
    assert one(apache_line(request)) == request


def logged(text: str | None) -> str:
    return "-" if text is None else quote(text, safe="/:;,()+=&?.@_!*$", errors="surrogateescape")


def cloudfront_line(path: str, query: str | None, request: LoggedRequest) -> list[str]:
    when = datetime.fromtimestamp(request.timestamp // 1_000_000, UTC)
    return cloudfront(
        date=when.strftime("%Y-%m-%d"),
        time=when.strftime("%H:%M:%S"),
        c_ip=str(request.client_ip),
        cs_method=request.method,
        cs_uri_stem=logged(path),
        cs_uri_query=logged(query),
        sc_status=str(request.status),
        x_host_header=str(request.host),
        **{"cs(Referer)": logged(request.referrer), "cs(User-Agent)": logged(request.user_agent)},
    )


@settings(deadline=None)
@given(
    path=targets.filter(lambda text: "?" not in text),
    query=values,
    request=st.builds(
        LoggedRequest,
        timestamp=timestamps,
        client_ip=addresses,
        method=methods,
        target=st.just("/"),
        status=st.integers(100, 599),
        referrer=values,
        # A blank tells a user agent that was encoded once from one that was encoded twice.
        user_agent=st.none() | wire_text.map(lambda text: f"Mozilla/5.0 {text}"),
        host=st.just("www.example.com"),
    ),
)
def test_cloudfront_round_trip(path: str, query: str | None, request: LoggedRequest) -> None:
    read_back = one(*cloudfront_line(path, query, request))
    assert read_back.target == (path if query is None else f"{path}?{query}")
    for name in ("timestamp", "client_ip", "method", "status", "referrer", "user_agent", "host"):
        assert getattr(read_back, name) == getattr(request, name), name


@settings(deadline=None)
@given(
    st.lists(st.binary(max_size=60).map(lambda data: data.decode("utf-8", "surrogateescape"))), st.booleans()
)
def test_any_bytes_are_read_or_skipped_but_never_lost(lines: list[str], is_cloudfront: bool) -> None:
    head = [f"#Fields: {CLOUDFRONT_FIELDS}"] if is_cloudfront else []
    expected = [line for line in lines if line.strip() and not line.startswith("#")]
    hidden = [line for line in lines if line.startswith("#")]
    assert len(expected) <= len(list(read(head + lines))) <= len(expected) + len(hidden)
