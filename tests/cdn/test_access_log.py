"""Standard access logs: the line, the file, and that what is written can be read back."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.running import behavior, running_cdn, running_origin, template

from edgewise.cdn.accesslog import files
from edgewise.cdn.accesslog.config import LoggingConfig, RealtimeLogConfig
from edgewise.cdn.accesslog.standard import HEAD, standard_line
from edgewise.cdn.accesslog.values import encoded
from edgewise.cdn.accesslog.writer import MAX_WAITING, AccessLogs
from edgewise.cdn.errors import TemplateError
from edgewise.cdn.message import Headers, Request
from edgewise.cdn.template.document import parse_template
from edgewise.cdn.template.logging import standard_logging
from edgewise.cdn.trace import FunctionRun, Trace
from edgewise.cdn.viewerfacts import ViewerFacts
from edgewise.logfiles.lines import LoggedRequest, read

# The first line of the example in the guide, "Standard logging reference" (December 2019; the page of April 2026
# has the same 33 fields).
GOLDEN = (
    "2019-12-04\t21:02:31\tLAX1\t392\t192.0.2.100\tGET\td111111abcdef8.cloudfront.net\t/index.html\t200\t-\t"
    "Mozilla/5.0%20(Windows%20NT%2010.0;%20Win64;%20x64)%20AppleWebKit/537.36%20(KHTML,%20like%20Gecko)%20"
    "Chrome/78.0.3904.108%20Safari/537.36\t-\t-\tHit\tSOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC4KyHmureZmBNrjGdRLiNIQ==\t"
    "d111111abcdef8.cloudfront.net\thttps\t23\t0.001\t-\tTLSv1.2\tECDHE-RSA-AES128-GCM-SHA256\tHit\tHTTP/2.0\t-\t-\t"
    "11040\t0.001\tHit\ttext/html\t78\t-\t-\n"
)
GOLDEN_HEAD = (
    "#Version: 1.0\n"
    "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) "
    "cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes "
    "time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status "
    "fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len "
    "sc-range-start sc-range-end\n"
)
STARTED = 1575493351.0  # 2019-12-04 21:02:31 UTC
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/78.0.3904.108 Safari/537.36"
)

_wire = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=20)


def a_trace(request: Request, tls: str = "", **facts: object) -> Trace:
    given = {"viewer-tls": tls} if tls else None
    trace = Trace(
        request_id="SOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC4KyHmureZmBNrjGdRLiNIQ==",
        started=STARTED,
        request=request,
        facts=ViewerFacts(request, given),
        distribution_id="EMLARXS9EXAMPLE",
        distribution_domain="d111111abcdef8.cloudfront.net",
        edge_location="LAX1",
        region="us-west-1",
        host=request.headers.get("host"),
        behavior="*",
        status=200,
    )
    for name, value in facts.items():
        setattr(trace, name, value)
    return trace


def a_request(uri: str = "/", query: str = "", *lines: tuple[str, str]) -> Request:
    headers = Headers([("Host", "d111111abcdef8.cloudfront.net"), *lines])
    return Request("GET", uri, query, headers, viewer="192.0.2.100", viewer_port=11040, scheme="https")


def field(line: str, name: str) -> str:
    names = HEAD.splitlines()[1].removeprefix("#Fields: ").split()
    return dict(zip(names, line.rstrip("\n").split("\t"), strict=True))[name]


def test_the_line_is_that_of_the_guide() -> None:
    request = a_request("/index.html", "", ("User-Agent", CHROME))
    request.http_version = "2.0"
    request.received_bytes = 23
    trace = a_trace(
        request,
        "TLSv1.2:ECDHE-RSA-AES128-GCM-SHA256:fullHandshake",
        result="Hit",
        response_result="Hit",
        bytes_sent=392,
        duration_ms=1.0,
        first_byte_ms=1.0,
        answer=Headers([("Content-Type", "text/html")]),
        content_length=78,
    )
    assert standard_line(trace, cookies=True) == GOLDEN
    assert HEAD == GOLDEN_HEAD


@given(_wire, _wire, _wire, _wire)
def test_what_is_logged_is_read_back(path: str, query: str, agent: str, referrer: str) -> None:
    path = "/" + path.replace("?", "")
    request = a_request(path, query, ("User-Agent", agent), ("Referer", referrer))
    line = standard_line(a_trace(request, duration_ms=0.0), cookies=False)
    (back,) = [logged for logged in read((HEAD + line).splitlines()) if isinstance(logged, LoggedRequest)]

    def sent(text: str) -> str:
        return text.encode("latin-1").decode("utf-8", "surrogateescape")

    assert back.timestamp == int(STARTED * 1_000_000)
    assert back.target == sent(path) + (f"?{sent(query)}" if query not in ("", "-") else "")
    assert (back.method, back.status, back.client_ip) == ("GET", 200, "192.0.2.100")
    assert back.referrer == (sent(referrer) if referrer not in ("", "-") else None)
    # The reader takes `%20` that a viewer wrote itself for the double encoding of old files.
    if "%20" not in agent:
        assert back.user_agent == (sent(agent) if agent not in ("", "-") else None)
    assert (back.host, back.protocol) == ("d111111abcdef8.cloudfront.net", "HTTP/1.1")


@given(st.text(st.characters(max_codepoint=0xFF), max_size=30))
def test_a_value_never_breaks_its_line(value: str) -> None:
    assert set(encoded(value)).isdisjoint("\t\n\r \"'<>{}[]|\\^~`#\x00\x85")
    assert encoded(value).isascii()


def test_values_are_encoded_once_more() -> None:
    line = standard_line(a_trace(a_request("/a%20b", "q=l%C3%A9&r=~'")), cookies=False)
    assert (field(line, "cs-uri-stem"), field(line, "cs-uri-query")) == ("/a%2520b", "q=l%25C3%25A9&r=%7E%27")


def test_cookies_are_logged_when_the_template_asks() -> None:
    trace = a_trace(a_request("/", "", ("Cookie", "a=1"), ("Cookie", 'b="2"')))
    assert field(standard_line(trace, cookies=True), "cs(Cookie)") == "a=1;%20b=%222%22"
    assert field(standard_line(trace, cookies=False), "cs(Cookie)") == "-"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"result": "Miss", "response_result": "Miss"}, ("Miss", "Miss", "Miss")),
        (
            {"result": "Error", "response_result": "Error", "detailed_result": "OriginDnsError"},
            ("Error", "Error", "OriginDnsError"),
        ),
        ({"result": "Error", "response_result": "Hit"}, ("Error", "Hit", "Error")),
        (
            {
                "result": "LambdaGeneratedResponse",
                "response_result": "LambdaGeneratedResponse",
                "functions": [FunctionRun("origin-request", "f", 1.0, False)],
            },
            ("Miss", "Miss", "MissGeneratedResponse"),
        ),
        (
            {"result": "LambdaValidationError", "response_result": "LambdaValidationError"},
            ("LambdaValidationError", "LambdaValidationError", "LambdaValidationError"),
        ),
    ],
)
def test_result_types(facts: dict[str, object], expected: tuple[str, str, str]) -> None:
    line = standard_line(a_trace(a_request(), **facts), cookies=False)
    names = ("x-edge-result-type", "x-edge-response-result-type", "x-edge-detailed-result-type")
    assert tuple(field(line, name) for name in names) == expected


def test_a_viewer_who_left_and_a_part_that_was_sent() -> None:
    left = standard_line(a_trace(a_request(), status=0), cookies=False)
    assert field(left, "sc-status") == "000"
    answer = Headers([("Content-Range", "bytes 2-4/10")])
    part = standard_line(a_trace(a_request(), answer=answer, content_length=3), cookies=False)
    assert [field(part, f"sc-{name}") for name in ("content-len", "range-start", "range-end")] == [
        "3",
        "2",
        "4",
    ]


def test_a_request_through_the_local_cdn(tmp_path: Path) -> None:
    with (
        running_origin() as origin,
        running_cdn(tmp_path, template(behavior()), origins={"app": origin.url}) as cdn,
    ):
        asked = cdn.request("/a%20b?c=d", headers={"User-Agent": "a test", "X-Forwarded-For": "192.0.2.7"})
    line = standard_line(cdn.traces[0], cookies=False)
    assert (field(line, "cs-uri-stem"), field(line, "cs-uri-query")) == ("/a%2520b", "c=d")
    assert (field(line, "cs(User-Agent)"), field(line, "x-forwarded-for")) == ("a%20test", "192.0.2.7")
    assert field(line, "x-edge-request-id") == asked.headers["X-Amz-Cf-Id"]
    results = [field(line, f"x-edge-{kind}result-type") for kind in ("", "response-", "detailed-")]
    assert results == ["Miss"] * 3
    assert field(line, "sc-content-type") == "application/json"
    assert field(line, "sc-content-len") == asked.headers["Content-Length"]
    assert int(field(line, "sc-bytes")) > len(asked.body) and int(field(line, "cs-bytes")) > 20
    assert 0 <= float(field(line, "time-to-first-byte")) <= float(field(line, "time-taken")) < 10
    assert (field(line, "cs-protocol"), field(line, "ssl-protocol")) == ("http", "-")


# Files.


def logs(folder: Path, said: list[str], **options: object) -> AccessLogs:
    config = LoggingConfig("my-logs", "web/")
    return AccessLogs(folder, "EMLARXS9EXAMPLE", config, {}, said.append, **options)  # type: ignore[arg-type]


def test_a_file_is_named_like_cloudfronts_and_grows_readably(tmp_path: Path) -> None:
    said: list[str] = []
    log = logs(tmp_path, said, unique=lambda: "1a2b3c4d", interval=3600.0)
    path = tmp_path / "s3/my-logs/web/EMLARXS9EXAMPLE.2019-12-04-21.1a2b3c4d.gz"
    for number in range(3):
        log(a_trace(a_request(f"/{number}")))
        log.flush()
        lines = gzip.decompress(path.read_bytes()).decode().splitlines()
        assert "\n".join(lines[:2]) + "\n" == GOLDEN_HEAD
        assert [line.split("\t")[7] for line in lines[2:]] == [f"/{n}" for n in range(number + 1)]
    log.close()
    assert not said


def test_it_is_written_every_few_seconds_and_at_the_end(tmp_path: Path) -> None:
    log = logs(tmp_path, [], interval=3600.0)
    for number in range(100):
        log(a_trace(a_request(f"/{number}"), started=STARTED + number * 3600))
    log.close()
    written = sorted((tmp_path / "s3/my-logs/web").iterdir())
    # One file for each hour, and the oldest make room.
    assert len(written) == files.KEPT_FILES
    assert b"/99\t" in gzip.decompress(written[-1].read_bytes())


def test_a_request_whose_url_is_too_long_is_not_logged(tmp_path: Path) -> None:
    log = logs(tmp_path, [], interval=3600.0)
    log(a_trace(a_request(), status=414))
    log(a_trace(a_request(), status=494))
    log.close()
    assert not list(tmp_path.rglob("*.gz"))


def test_a_disk_that_cannot_be_written_is_told_once_and_costs_nothing_else(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "s3").write_text("a file where a folder must be")
    log = logs(tmp_path, said, interval=3600.0)
    for _ in range(3):
        log(a_trace(a_request()))
        log.flush()
    assert len(said) == 1 and "access logs are not written to" in said[0]
    (tmp_path / "s3").unlink()
    log(a_trace(a_request("/again")))
    log.close()
    (path,) = tmp_path.rglob("*.gz")
    assert b"/again" in gzip.decompress(path.read_bytes())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_begins_a_new_file_afterwards(tmp_path: Path) -> None:
    said: list[str] = []
    names = iter(["a", "b"])
    log = logs(tmp_path, said, unique=lambda: next(names), interval=3600.0)
    folder = tmp_path / "s3/my-logs/web"
    folder.mkdir(parents=True)
    (folder / "EMLARXS9EXAMPLE.2019-12-04-21.a.gz").symlink_to("/dev/full")
    for uri in ("/lost", "/kept"):
        log(a_trace(a_request(uri)))
        log.flush()
    log.close()
    text = gzip.decompress((folder / "EMLARXS9EXAMPLE.2019-12-04-21.b.gz").read_bytes()).decode()
    assert text.startswith(GOLDEN_HEAD) and "/kept" in text
    assert said == [f"access logs are not written to {tmp_path}/s3/my-logs: {os.strerror(28)}"]


def test_a_disk_that_is_too_slow_loses_lines_and_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    log = AccessLogs(
        tmp_path,
        "E",
        None,
        {"*": RealtimeLogConfig(("sc-status",), "stream")},
        said.append,
        interval=3600.0,
    )
    trace = a_trace(a_request())
    for _ in range(MAX_WAITING + 5):
        log(trace)
    log.close()
    (path,) = tmp_path.rglob("*.tsv")
    assert len(path.read_text().splitlines()) == MAX_WAITING
    assert len(said) == 1 and "faster than access logs can be written" in said[0]


# The template.


def read_logging(logging: object) -> LoggingConfig | None:
    resources = {
        "LogBucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "named"}},
        "D": {"Type": "AWS::CloudFront::Distribution", "Properties": {"Logging": logging}},
    }
    template = parse_template(json.dumps({"Resources": resources}), Path("t.json"))
    return standard_logging(template.node("D"))


@pytest.mark.parametrize(
    ("logging", "expected"),
    [
        ({"Bucket": "b.s3.amazonaws.com"}, LoggingConfig("b")),
        ({"Bucket": {"Fn::GetAtt": ["LogBucket", "DomainName"]}}, LoggingConfig("named")),
        ({"Bucket": {"Fn::GetAtt": ["LogBucket", "RegionalDomainName"]}}, LoggingConfig("named")),
        (
            {"Bucket": "b.s3.eu-west-1.amazonaws.com", "Prefix": "web", "IncludeCookies": True},
            LoggingConfig("b", "web/", True),
        ),
        ({"Bucket": "b.s3.amazonaws.com", "Prefix": "web/a/"}, LoggingConfig("b", "web/a/")),
        ({"IncludeCookies": True}, None),
    ],
)
def test_logging_of_a_template(logging: object, expected: LoggingConfig | None) -> None:
    assert read_logging(logging) == expected


@pytest.mark.parametrize(
    ("logging", "message"),
    [
        ({"Bucket": "../b.s3.amazonaws.com"}, "Bucket"),
        ({"Bucket": "..s3.amazonaws.com"}, "Bucket"),
        ({"Bucket": "b.s3.amazonaws.com", "Prefix": "a/../../b"}, "Prefix"),
        ({"Bucket": ["b"]}, "Bucket"),
        ("on", "Logging"),
    ],
)
def test_logging_that_is_refused(logging: object, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        read_logging(logging)
    assert message in str(caught.value.key)
