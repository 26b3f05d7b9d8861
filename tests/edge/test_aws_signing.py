"""Signature Version 4 against AWS's published example and against botocore's signer."""

from __future__ import annotations

import time
from urllib.parse import quote

from botocore.auth import SIGNED_HEADERS_BLACKLIST
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from edge.aws_double import authorization
from edgewise.edge.aws.credentials import Credentials
from edgewise.edge.aws.signing import sign

_ALPHABET = st.characters(exclude_categories=("Cs",), exclude_characters="\0")
_ENCODED = st.text(_ALPHABET, max_size=12).map(lambda text: quote(text, safe="-_.~"))
_SEGMENTS = _ENCODED.filter(lambda segment: segment not in ("", ".", ".."))
_PATHS = st.lists(_SEGMENTS, max_size=4).map(lambda segments: "/" + "/".join(segments))
_PAIRS = st.tuples(_ENCODED.filter(bool), _ENCODED).map("=".join) | _ENCODED.filter(bool)
_QUERIES = st.lists(_PAIRS, max_size=5).map("&".join)
_SET_BY_SIGNING = {
    "host",
    "date",
    "authorization",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-content-sha256",
}
_NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,14}", fullmatch=True).filter(
    lambda name: name.lower() not in {*SIGNED_HEADERS_BLACKLIST, *_SET_BY_SIGNING}
)
_VALUES = st.text(st.characters(codec="ascii", exclude_categories=("Cc",)) | st.just("\t"), max_size=30)
_HEADERS = st.lists(st.tuples(_NAMES, _VALUES), max_size=4, unique_by=lambda header: header[0].lower()).map(
    dict
)
_SECRETS = st.text(st.characters(codec="ascii", exclude_categories=("Cc", "Zs")), min_size=1, max_size=40)


@given(
    method=st.sampled_from(["GET", "POST", "PUT"]),
    path=_PATHS,
    query=_QUERIES,
    headers=_HEADERS,
    body=st.binary(max_size=100),
    service=st.sampled_from(["firehose", "states", "events", "secretsmanager", "ssm"]),
    region=st.sampled_from(["us-east-1", "eu-central-2", "us-gov-west-1"]),
    access_key=_SECRETS,
    secret_key=_SECRETS,
    token=st.just("") | _SECRETS,
    now=st.integers(0, 4_000_000_000_000_000),
)
def test_every_request_is_signed_as_botocore_signs_it(
    *,
    method: str,
    path: str,
    query: str,
    headers: dict[str, str],
    body: bytes,
    service: str,
    region: str,
    access_key: str,
    secret_key: str,
    token: str,
    now: int,
) -> None:
    target = f"{path}?{query}" if query else path
    signed = sign(
        method,
        target,
        {"Host": "api.example:8443", **headers},
        body,
        service=service,
        region=region,
        credentials=Credentials(access_key, secret_key, token),
        now=now,
    )
    written = signed.pop("Authorization")
    assert signed["X-Amz-Date"] == time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now // 1_000_000))
    assert signed.get("X-Amz-Security-Token", "") == token
    assert written == authorization(
        method,
        f"http://api.example:8443{target}",
        signed,
        body,
        service=service,
        region=region,
        credentials=BotocoreCredentials(access_key, secret_key, token),
    )


def test_the_published_example_is_signed_as_published() -> None:
    """AWS General Reference (2015), "Signature Version 4 signing process": ListUsers."""
    signed = sign(
        "GET",
        "/?Action=ListUsers&Version=2010-05-08",
        {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "Host": "iam.amazonaws.com"},
        b"",
        service="iam",
        region="us-east-1",
        credentials=Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        now=1_440_938_160_000_000,
    )
    assert signed["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )


def test_what_is_given_is_not_changed() -> None:
    headers = {"Host": "a.example"}
    credentials = Credentials("a", "b", "c")
    sign("POST", "/", headers, b"", service="ssm", region="us-east-1", credentials=credentials, now=0)
    assert headers == {"Host": "a.example"}
