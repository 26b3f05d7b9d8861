"""Origins: what a template says of them, what a function may make of them, and where they are on this machine."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from edgewise.cdn import parse_template
from edgewise.cdn.distribution import BucketOrigin, CustomOrigin, Distribution, Origin
from edgewise.cdn.errors import OriginError, TemplateError
from edgewise.cdn.event import origin_object
from edgewise.cdn.failure import RequestFailure
from edgewise.cdn.http.upstream import Address
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.origins.function_url import FunctionUrl
from edgewise.cdn.origins.places import Folder, Places, read_places, same_bucket
from edgewise.cdn.origins.router import OriginRouter, completed
from edgewise.cdn.origins.target import changed_origin
from edgewise.cdn.template.bucket_policies import listed_buckets
from edgewise.cdn.template.function_urls import function_urls
from edgewise.cdn.template.notices import Notices
from edgewise.cdn.template.origins import read_origins
from support.running import associations, behavior, function, reply, running_cdn, running_origin
from support.running import template as template_text

APP = CustomOrigin("app", "app.example.com", custom_headers=(("X-Secret", "1"),))
BUCKET = BucketOrigin("files", "local-bucket.s3.us-east-1.amazonaws.com")


def given_to_function(origin: Origin, scheme: str = "http") -> Any:
    """The origin object as a function gets it, to be changed."""
    return orjson.loads(orjson.dumps(origin_object(origin, scheme)))


def changed(kind: str, change: dict[str, Any], headers: dict[str, Any] | None = None) -> Origin:
    """What becomes of an origin of that kind when a function makes `change` in its settings."""
    origin = APP if kind == "custom" else BUCKET
    given = given_to_function(origin)
    given[kind].update(change)
    return changed_origin({"origin": given, "headers": headers or {}}, origin)


# What a function may make of an origin.


def test_the_origin_object_of_each_kind() -> None:
    assert given_to_function(APP) == {
        "custom": {
            "customHeaders": {"x-secret": [{"key": "X-Secret", "value": "1"}]},
            "domainName": "app.example.com",
            "keepaliveTimeout": 5,
            "path": "",
            "port": 80,
            "protocol": "http",
            "readTimeout": 30,
            "responseCompletionTimeout": 0,
            "sslProtocols": ["TLSv1.2"],
        }
    }
    assert given_to_function(BUCKET) == {
        "s3": {
            "authMethod": "none",
            "customHeaders": {},
            "domainName": "local-bucket.s3.us-east-1.amazonaws.com",
            "path": "",
            "readTimeout": 30,
            "region": "us-east-1",
            "responseCompletionTimeout": 0,
        }
    }


def test_match_viewer_is_shown_as_the_viewer_came_and_stays_what_it_was() -> None:
    origin = CustomOrigin("app", "app.example.com", protocol="match-viewer", http_port=8080, https_port=8443)
    for scheme, port in (("http", 8080), ("https", 8443)):
        shown = given_to_function(origin, scheme)
        assert (shown["custom"]["protocol"], shown["custom"]["port"]) == (scheme, port)
        assert changed_origin({"origin": shown}, origin, scheme) is origin


def test_what_is_left_out_or_left_alone_is_the_origin_as_it_was() -> None:
    assert changed_origin({}, APP) is APP
    assert changed_origin({"origin": given_to_function(APP)}, APP) is APP


def test_a_custom_origin_keeps_what_an_origin_object_cannot_say() -> None:
    patient = CustomOrigin("app", "app.example.com", connect_timeout=2, connect_attempts=1)
    given = given_to_function(patient)
    given["custom"] |= {"domainName": "canary.example.com", "port": 8443, "protocol": "https"}
    assert changed_origin({"origin": given}, patient) == CustomOrigin(
        "app",
        "canary.example.com",
        protocol="https-only",
        http_port=8443,
        https_port=8443,
        connect_timeout=2,
        connect_attempts=1,
    )


def test_a_function_may_turn_to_a_bucket_and_back() -> None:
    settings = {"domainName": "b.s3.amazonaws.com", "region": "", "authMethod": "none", "path": "/v1"}
    moved = changed_origin({"origin": {"s3": {**settings, "customHeaders": {}}}}, APP)
    assert moved == BucketOrigin("app", "b.s3.amazonaws.com", "/v1", region="")
    back = changed_origin({"origin": {"custom": {"domainName": "a.example", "protocol": "http"}}}, BUCKET)
    assert back == CustomOrigin("files", "a.example", https_port=80)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("custom", {"port": 443}),
        ("custom", {"port": 1024}),
        ("custom", {"port": 65535}),
        ("custom", {"path": "/a%20b/c"}),
        ("custom", {"path": "/" + "a" * 254}),
        ("custom", {"readTimeout": 120, "keepaliveTimeout": 1}),
        ("custom", {"responseCompletionTimeout": 30}),
        ("custom", {"responseCompletionTimeout": None}),
        ("custom", {"sslProtocols": ["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2"]}),
        ("custom", {"customHeaders": {"x-other": [{"value": "2"}]}}),
        ("s3", {"authMethod": "origin-access-identity", "region": "eu-west-1"}),
        ("s3", {"domainName": "a" * 63 + ".s3.amazonaws.com"}),
    ],
)
def test_what_an_origin_object_may_say(kind: str, change: dict[str, Any]) -> None:
    assert changed(kind, change).id


@pytest.mark.parametrize(
    ("kind", "change", "rule", "subject"),
    [
        ("custom", {"domainName": ""}, "origin-domain", "origin.custom.domainName"),
        ("custom", {"domainName": None}, "origin-domain", "origin.custom.domainName"),
        ("custom", {"domainName": "10.0.0.1"}, "origin-domain", "origin.custom.domainName"),
        ("custom", {"domainName": "::1"}, "origin-domain", "origin.custom.domainName"),
        ("custom", {"domainName": "a.example:80"}, "origin-domain", "origin.custom.domainName"),
        ("custom", {"domainName": "a..b"}, "origin-domain", "origin.custom.domainName"),
        ("custom", {"domainName": "a." * 127 + "b"}, "origin-domain", "origin.custom.domainName"),
        ("s3", {"domainName": "Bucket.s3.amazonaws.com"}, "origin-domain", "origin.s3.domainName"),
        ("s3", {"domainName": ("a" * 40 + ".") * 4 + "com"}, "origin-domain", "origin.s3.domainName"),
        ("custom", {"path": "a"}, "origin-path", "origin.custom.path"),
        ("custom", {"path": "/"}, "origin-path", "origin.custom.path"),
        ("custom", {"path": "/a/"}, "origin-path", "origin.custom.path"),
        ("custom", {"path": "/a b"}, "origin-path", "origin.custom.path"),
        ("s3", {"path": "/é"}, "origin-path", "origin.s3.path"),
        ("custom", {"path": "/" + "a" * 255}, "origin-path", "origin.custom.path"),
        ("custom", {"port": 81}, "origin-port", "origin.custom.port"),
        ("custom", {"port": 65536}, "origin-port", "origin.custom.port"),
        ("custom", {"port": "443"}, "origin-port", "origin.custom.port"),
        ("custom", {"port": True}, "origin-port", "origin.custom.port"),
        ("custom", {"protocol": "match-viewer"}, "origin-protocol", "origin.custom.protocol"),
        ("custom", {"readTimeout": 0}, "origin-timeout", "origin.custom.readTimeout"),
        ("s3", {"readTimeout": 121}, "origin-timeout", "origin.s3.readTimeout"),
        ("custom", {"keepaliveTimeout": 1.5}, "origin-timeout", "origin.custom.keepaliveTimeout"),
        (
            "custom",
            {"responseCompletionTimeout": 29},
            "origin-timeout",
            "origin.custom.responseCompletionTimeout",
        ),
        ("custom", {"sslProtocols": ["TLSv1.3"]}, "origin-ssl-protocols", "origin.custom.sslProtocols"),
        ("custom", {"sslProtocols": "TLSv1.2"}, "origin-ssl-protocols", "origin.custom.sslProtocols"),
        ("s3", {"authMethod": "oac"}, "origin-access", "origin.s3.authMethod"),
        ("s3", {"authMethod": "origin-access-identity", "region": ""}, "origin-access", "origin.s3.region"),
        ("custom", {"customHeaders": {"Proxy-A": []}}, "origin-custom-header", "Proxy-A"),
        ("custom", {"customHeaders": {"x-real-ip": []}}, "origin-custom-header", "x-real-ip"),
        ("custom", {"customHeaders": ["a"]}, "origin-custom-header", "customHeaders"),
    ],
)
def test_what_an_origin_object_may_not_say(
    kind: str, change: dict[str, Any], rule: str, subject: str
) -> None:
    with pytest.raises(RequestFailure) as caught:
        changed(kind, change)
    failure = caught.value
    assert (failure.status, failure.result) == (502, "LambdaValidationError")
    assert failure.explanation is not None
    assert (failure.explanation.rule, failure.explanation.subject) == (rule, subject)
    assert failure.explanation.page.startswith("https://docs.aws.amazon.com/AmazonCloudFront/")


@pytest.mark.parametrize("given", [{}, {"custom": {}, "s3": {}}, {"ftp": {}}, {"custom": []}, "app", 7])
def test_an_origin_has_exactly_one_kind(given: Any) -> None:
    with pytest.raises(RequestFailure, match="exactly one of custom and s3"):
        changed_origin({"origin": given}, APP)


def test_a_header_of_the_origin_is_not_a_header_of_the_request_too() -> None:
    beside = {"x-mine": [{"value": "1"}], "x-secret": [{"value": "a viewer's"}]}
    with pytest.raises(RequestFailure, match=r"both request\.headers and origin customHeaders"):
        changed("custom", {"customHeaders": {"X-Mine": [{"value": "2"}]}}, beside)
    # The template's own name does not become a mistake because a viewer sends it.
    assert changed("custom", {"path": "/a"}, beside).custom_headers == (("X-Secret", "1"),)


# Where origins are.


def distribution(*origins: Origin) -> Distribution:
    return Distribution("E", "d.cloudfront.net", (), {origin.id: origin for origin in origins}, {})


def test_an_origin_is_found_by_its_id_and_wherever_a_function_names_its_domain(tmp_path: Path) -> None:
    other = CustomOrigin("other", "other.example.com")
    given = {"app": "http://127.0.0.1:1", "other": "http://127.0.0.1:2", "files": str(tmp_path)}
    places = read_places(distribution(APP, other, BUCKET), given)
    assert places.find(APP) == Address("127.0.0.1", 1, False, "127.0.0.1")
    # The origin keeps its id when a function sends it to another domain.
    assert places.find(CustomOrigin("app", "other.example.com")) == places.find(other)
    assert places.find(CustomOrigin("app", "OTHER.example.com")) == places.find(other)
    assert places.find(CustomOrigin("app", "elsewhere.example.com")) is None
    assert places.find(BucketOrigin("app", "local-bucket.s3.amazonaws.com")) == Folder(tmp_path)


def test_two_origins_of_one_domain_have_places_of_their_own() -> None:
    api = CustomOrigin("api", APP.domain, "/api")
    places = read_places(distribution(APP, api), {"app": "http://127.0.0.1:1", "api": "https://localhost"})
    assert places.find(APP) == Address("127.0.0.1", 1, False, "127.0.0.1")
    assert places.find(api) == Address("localhost", 443, True, "localhost")


def test_a_domain_that_only_a_function_names_can_have_a_place(tmp_path: Path) -> None:
    given = {"canary.example.com": "http://127.0.0.1:3", "b.s3.amazonaws.com": str(tmp_path)}
    places = read_places(distribution(APP), given)
    assert places.find(CustomOrigin("app", "canary.example.com")) == Address(
        "127.0.0.1", 3, False, "127.0.0.1"
    )
    assert places.find(BucketOrigin("app", "b.s3.eu-west-1.amazonaws.com")) == Folder(tmp_path)
    assert places.find(APP) is None


WEBSITE = CustomOrigin("site", "local-bucket.s3-website-us-east-1.amazonaws.com")


@pytest.mark.parametrize(
    ("origin", "given", "message"),
    [
        (BUCKET, {}, "is a bucket, and buckets are not on this machine"),
        (BUCKET, {"files": "/no/such/folder"}, "does not exist"),
        (WEBSITE, {}, "website endpoint"),
        (APP, {"nope": "http://127.0.0.1"}, "the template has no origin 'nope'"),
        (APP, {"app": "127.0.0.1:8000"}, "needs a URL"),
        (APP, {"app": "http://127.0.0.1:port"}, "needs a URL"),
        (APP, {"app": "http://[::1"}, "needs a URL"),
        (APP, {"app": "ftp://a.example"}, "needs a URL"),
    ],
)
def test_a_place_that_is_none_says_what_to_do(origin: Origin, given: dict[str, str], message: str) -> None:
    with pytest.raises(OriginError, match=message) as caught:
        read_places(distribution(origin), given)
    assert message == "does not exist" or caught.value.hint


def test_a_website_endpoint_is_a_server_like_any_other() -> None:
    places = read_places(distribution(WEBSITE), {"site": "http://127.0.0.1:4"})
    assert isinstance(places.find(WEBSITE), Address)
    assert same_bucket(WEBSITE.domain) == WEBSITE.domain


@pytest.mark.parametrize(
    "domain",
    [
        "b.s3.amazonaws.com",
        "b.s3.eu-west-1.amazonaws.com",
        "b.s3-eu-west-1.amazonaws.com",
        "B.s3.amazonaws.com",
    ],
)
def test_one_bucket_has_many_spellings(domain: str) -> None:
    assert same_bucket(domain) == "b.s3.amazonaws.com"


# Requests on their way.


def send(origin: Origin, places: Places, request: Request) -> Response:
    async def sent() -> Response:
        router = OriginRouter(places)
        try:
            response = await router.send(origin, completed(origin, request))
            await response.read()
            return response
        finally:
            router.close()

    return asyncio.run(sent())


def test_what_the_origin_was_sent_is_told_with_its_custom_headers(tmp_path: Path) -> None:
    document = json.loads(template_text())
    config = document["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    config["Origins"][0]["OriginCustomHeaders"] = [{"HeaderName": "X-Own", "HeaderValue": "mine"}]
    with (
        running_origin(lambda handler: reply(handler, 200, b"here")) as server,
        running_cdn(tmp_path, json.dumps(document), origins={"app": server.url}) as cdn,
    ):
        cdn.request("/a")
        assert server.seen[0][2]["X-Own"] == "mine"
        assert cdn.traces[-1].exchanges[0].request.headers.get("x-own") == "mine"


def test_path_and_custom_headers_of_the_origin_are_added() -> None:
    origin = CustomOrigin("app", APP.domain, "/v1", (("X-Secret", "mine"),))
    with running_origin(lambda handler: reply(handler, 200, b"here")) as server:
        places = read_places(distribution(origin), {"app": server.url})
        headers = Headers([("Host", APP.domain), ("x-secret", "a viewer's")])
        assert send(origin, places, Request("GET", "/a", "q=1", headers)).body == b"here"
    method, target, seen, _ = server.seen[0]
    assert (method, target, seen["Host"]) == ("GET", "/v1/a?q=1", APP.domain)
    assert seen.get_all("X-Secret") == ["mine"]


TO_CANARY = """
def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    request["origin"]["custom"].update(domainName="canary.example.com", protocol="https", port=443)
    request["headers"]["host"] = [{"value": "canary.example.com"}]
    return request
"""


def test_a_canary_that_a_function_chooses_is_reached_here(tmp_path: Path) -> None:
    text = template_text(behavior(LambdaFunctionAssociations=associations("origin-request")))
    with running_origin(lambda handler: reply(handler, 200, b"canary")) as canary:
        places = {"app": "http://127.0.0.1:1", "canary.example.com": canary.url}
        with running_cdn(tmp_path, text, {"app.py": TO_CANARY}, origins=places) as cdn:
            assert cdn.request("/").body == b"canary"
    assert canary.seen[0][2]["Host"] == "canary.example.com"


def test_a_bucket_is_asked_below_the_path_of_its_origin(tmp_path: Path) -> None:
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1" / "a").write_text("here")
    origin = BucketOrigin("files", BUCKET.domain, "/v1")
    places = read_places(distribution(origin), {"files": str(tmp_path)})
    request = Request("GET", "/a", headers=Headers([("Host", BUCKET.domain)]))
    assert send(origin, places, request).body == b"here"


def test_only_what_is_not_on_this_machine_is_looked_up() -> None:
    nowhere = CustomOrigin("app", "no-such-origin.invalid")

    async def resolved(places: Places, origin: Origin) -> None:
        router = OriginRouter(
            places, {"abc.lambda-url.us-east-1.on.aws": FunctionUrl(_Never(), time.time, lambda: None)}
        )
        try:
            await router.resolve(origin)
        finally:
            router.close()

    asyncio.run(resolved(read_places(distribution(nowhere), {"app": "http://127.0.0.1:1"}), nowhere))
    asyncio.run(resolved(Places(), CustomOrigin("app", "abc.lambda-url.us-east-1.on.aws")))
    asyncio.run(resolved(Places(), CustomOrigin("app", "localhost")))
    with pytest.raises(RequestFailure) as caught:
        asyncio.run(resolved(Places(), nowhere))
    assert (caught.value.status, caught.value.detailed) == (502, "OriginDnsError")


class _Never:
    """A function that is not to be called."""

    async def invoke(self, event: bytes) -> Any:
        raise AssertionError("it was called")


# What a template says.


def read(*origins: dict[str, Any], resources: dict[str, Any] | None = None, folder: Path = Path()) -> Any:
    """The template with those origins, and the origins read from it."""
    config = {"Origins": list(origins)}
    body = {"Bucket": {"Type": "AWS::S3::Bucket"}, **(resources or {})}
    body["D"] = {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": config}}
    template = parse_template(json.dumps({"Resources": body}), folder / "t.json")
    return template, read_origins(template.node("D").required("DistributionConfig"), Notices())


def custom(
    domain: Any = "app.example.com", config: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    settings = {"OriginProtocolPolicy": "http-only", **(config or {})}
    return {"Id": "app", "DomainName": domain, "CustomOriginConfig": settings, **more}


def test_custom_headers_are_spelled_as_the_origin_gets_them() -> None:
    pairs = [{"HeaderName": "elb-key", "HeaderValue": "1"}]
    _, origins = read(custom(OriginCustomHeaders=pairs))
    assert origins["app"].custom_headers == (("Elb-Key", "1"),)


def test_a_bucket_has_a_read_timeout_of_its_own() -> None:
    settings = {"OriginAccessIdentity": "", "OriginReadTimeout": "7"}
    _, origins = read({"Id": "files", "DomainName": "b.s3.amazonaws.com", "S3OriginConfig": settings})
    assert origins["files"].read_timeout == 7


@pytest.mark.parametrize(
    ("origin", "key"),
    [
        (custom(OriginCustomHeaders=[{"HeaderName": "X-Amz-A", "HeaderValue": "1"}]), "HeaderName"),
        (custom(config={"OriginReadTimeout": 121}), "OriginReadTimeout"),
        (custom(config={"OriginKeepaliveTimeout": 0}), "OriginKeepaliveTimeout"),
        (custom(ConnectionAttempts=4), "ConnectionAttempts"),
        (custom(ConnectionTimeout=11), "ConnectionTimeout"),
    ],
)
def test_what_cloudfront_does_not_take_of_an_origin(origin: dict[str, Any], key: str) -> None:
    with pytest.raises(TemplateError) as caught:
        read(origin)
    assert caught.value.key is not None and caught.value.key.endswith(key)


POLICY = {"Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}}
IDENTITY = {"CanonicalUser": {"Fn::GetAtt": ["Identity", "S3CanonicalUserId"]}}


@pytest.mark.parametrize(
    ("statement", "listed"),
    [
        ({**POLICY, "Action": "s3:ListBucket"}, True),
        ({**POLICY, "Action": ["s3:GetObject", "s3:List*"]}, True),
        ({**POLICY, "Action": "s3:*"}, True),
        ({**POLICY, "Action": "s3:GetObject"}, False),
        ({**POLICY, "Effect": "Deny", "Action": "s3:ListBucket"}, False),
        ({**POLICY, "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:ListBucket"}, False),
        ({**POLICY, "Principal": "*", "Action": "s3:ListBucket"}, True),
        ({**POLICY, "Principal": IDENTITY, "Action": "s3:ListBucket"}, True),
    ],
)
def test_a_bucket_policy_says_whether_a_missing_key_is_404(statement: dict[str, Any], listed: bool) -> None:
    policy = {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {"Statement": [statement]}},
    }
    identity = {"Type": "AWS::CloudFront::CloudFrontOriginAccessIdentity", "Properties": {}}
    bucket = {
        "Id": "files",
        "DomainName": {"Fn::GetAtt": ["Bucket", "RegionalDomainName"]},
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    template, origins = read(bucket, resources={"Policy": policy, "Identity": identity})
    domains = listed_buckets(template, origins.values())
    assert domains == ({BUCKET.domain} if listed else set())
    places = read_places(distribution(*origins.values()), {"files": "."}, domains)
    assert places.find(origins["files"]) == Folder(Path(), lists=listed)


def url(target: Any, **more: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Url",
        "Properties": {"TargetFunctionArn": target, "AuthType": "NONE", **more},
    }


DOMAIN_OF_URL = {"Fn::Select": [2, {"Fn::Split": ["/", {"Fn::GetAtt": ["Url", "FunctionUrl"]}]}]}


@pytest.mark.parametrize(
    "target", [{"Ref": "Api"}, {"Fn::GetAtt": ["Api", "Arn"]}, {"Fn::Sub": "${Api.Arn}:live"}]
)
def test_the_function_behind_a_function_url_is_a_regional_one(tmp_path: Path, target: Any) -> None:
    api = function(".", FunctionName="api", Timeout=900, Environment={"Variables": {"MODE": "a", "SIZE": 3}})
    resources = {"Api": api, "Url": url(target, InvokeMode="RESPONSE_STREAM", AuthType="AWS_IAM")}
    template, origins = read(custom(DOMAIN_OF_URL), resources=resources, folder=tmp_path)
    notices = Notices()
    found = function_urls(template, origins.values(), notices)
    (definition,) = found.values()
    assert list(found) == [origins["app"].domain]
    assert (definition.name, definition.timeout, definition.at_edge) == ("api", 900.0, False)
    assert definition.variables == {"MODE": "a", "SIZE": "3"}
    assert [notice.key.rpartition(".")[2] for notice in notices] == ["InvokeMode", "AuthType"]


def test_a_function_url_of_another_template_is_asked_for_a_place(tmp_path: Path) -> None:
    resources = {"Url": url("arn:aws:lambda:us-east-1:123456789012:function:elsewhere")}
    template, origins = read(custom(DOMAIN_OF_URL), resources=resources, folder=tmp_path)
    with pytest.raises(TemplateError, match="no function of this template"):
        function_urls(template, origins.values())
    # One that no origin uses is nobody's business here.
    template, origins = read(custom(), resources=resources, folder=tmp_path)
    assert function_urls(template, origins.values()) == {}


def test_a_function_at_the_edge_has_no_variables_and_a_regional_one_no_odd_names(tmp_path: Path) -> None:
    api = function(".", Environment={"Variables": {"NOT-A-NAME": "a"}})
    resources = {"Api": api, "Url": url({"Ref": "Api"})}
    template, origins = read(custom(DOMAIN_OF_URL), resources=resources, folder=tmp_path)
    with pytest.raises(TemplateError, match="a variable's name"):
        function_urls(template, origins.values())
