"""One call of an AWS service as bytes, against botocore's serializer, and errors against botocore's parser."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.credentials import Credentials
from botocore.parsers import create_parser
from hypothesis import given
from hypothesis import strategies as st

from edge.aws_double import AWS_ENVIRON, authorization, operation_model
from edge.doubles import HandClock
from edgewise.edge.aws.call import Operation, Problem, region_of
from edgewise.edge.aws.credentials import CredentialsError
from edgewise.edge.environment import Environment
from edgewise.edge.errors import SettingsError

_MESSAGES = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
_CODES = st.from_regex(r"[A-Z][A-Za-z]{0,20}(Exception)?", fullmatch=True)


def environment(**variables: str) -> Environment:
    return Environment(HandClock(), {**AWS_ENVIRON, **variables})


def take_apart(request: bytes) -> tuple[str, dict[str, str], bytes]:
    """First line, headers and body of a request, whose length is what its headers say."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert int(headers["Content-Length"]) == len(body)
    return first, headers, body


def test_a_request_has_the_headers_of_its_protocol_and_comes_from_the_region() -> None:
    operation = Operation("ssm", "AmazonSSM.GetParameter", environment())
    assert operation.host == "https://ssm.eu-west-2.amazonaws.com"
    first, headers, body = take_apart(operation.request({"Name": "a/ü"}))
    assert first == "POST / HTTP/1.1"
    assert headers["Host"] == "ssm.eu-west-2.amazonaws.com"
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    assert headers["X-Amz-Target"] == "AmazonSSM.GetParameter"
    assert headers["X-Amz-Security-Token"] == AWS_ENVIRON["AWS_SESSION_TOKEN"]
    assert "/eu-west-2/ssm/aws4_request, " in headers["Authorization"]
    assert json.loads(body) == {"Name": "a/ü"}


def test_region_and_endpoint_can_be_given() -> None:
    there = Operation("events", "AWSEvents.PutEvents", environment(), region="us-west-2")
    assert there.host == "https://events.us-west-2.amazonaws.com"
    here = Operation("events", "AWSEvents.PutEvents", environment(), endpoint="http://localhost:4566/")
    assert here.host == "http://localhost:4566"
    assert take_apart(here.request({}))[1]["Host"] == "localhost:4566"


def test_an_endpoint_can_have_a_path_which_is_signed_too() -> None:
    operation = Operation("ssm", "AmazonSSM.GetParameter", environment(), endpoint="http://[::1]:4566/a/ssm")
    assert operation.host == "http://[::1]:4566"
    first, headers, body = take_apart(operation.request({}))
    assert first == "POST /a/ssm HTTP/1.1"
    assert headers["Host"] == "[::1]:4566"
    given = {
        name: value for name, value in headers.items() if name not in ("Authorization", "Content-Length")
    }
    assert headers["Authorization"] == authorization(
        "POST",
        "http://[::1]:4566/a/ssm",
        given,
        body,
        service="ssm",
        region="eu-west-2",
        credentials=Credentials(AWS_ENVIRON["AWS_ACCESS_KEY_ID"], AWS_ENVIRON["AWS_SECRET_ACCESS_KEY"]),
    )


def test_what_is_told_of_a_wrong_signature_holds_nothing_of_the_request() -> None:
    message = (
        "The request signature we calculated does not match the signature you provided.\n\n"
        "The Canonical String for this request should have been\n'POST\n/\n\nx-amz-security-token:SECRET"
    )
    problem = Problem(403, json.dumps({"__type": "InvalidSignatureException", "message": message}).encode())
    assert "does not match" in str(problem)
    assert "SECRET" not in str(problem)


def test_without_a_region_the_settings_are_refused() -> None:
    with pytest.raises(SettingsError, match="no region for firehose"):
        Operation("firehose", "Firehose_20150804.PutRecordBatch", environment(AWS_REGION=""))


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_missing_credentials_are_named(name: str) -> None:
    operation = Operation("ssm", "AmazonSSM.GetParameter", environment(**{name: ""}))
    with pytest.raises(CredentialsError, match=name):
        operation.request({})


def test_credentials_that_were_replaced_are_used_and_permanent_ones_have_no_token() -> None:
    variables = dict(AWS_ENVIRON)
    operation = Operation("ssm", "AmazonSSM.GetParameter", Environment(HandClock(), variables))
    before = take_apart(operation.request({}))[1]["Authorization"]
    variables.update(AWS_ACCESS_KEY_ID="AKIANEXT", AWS_SESSION_TOKEN="")
    _, headers, _ = take_apart(operation.request({}))
    assert "Credential=ASIAEXAMPLE/" in before
    assert "Credential=AKIANEXT/" in headers["Authorization"]
    assert "X-Amz-Security-Token" not in headers


@given(
    code=_CODES,
    form=st.sampled_from(
        ["{}", "com.amazonaws.firehose#{}", "{}:http://internal.amazon.com/coral/", "a#{}:b#c"]
    ),
    message=_MESSAGES,
    key=st.sampled_from(["message", "Message"]),
)
def test_errors_are_read_as_botocore_reads_them(code: str, form: str, message: str, key: str) -> None:
    body = json.dumps({"__type": form.format(code), key: message}).encode()
    assert _read(400, body) == _botocore_reads(400, body) == (code, message)


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>\xffBad Gateway</html>", b"[1]", b"null", b'"text"'])
def test_whatever_a_proxy_answers_has_its_status_as_code(body: bytes) -> None:
    problem = Problem(502, body)
    assert problem.code == "502"
    assert str(problem).startswith("status 502, 502: ")
    assert "html" not in str(problem)


@pytest.mark.parametrize(
    "form", ["{}", '{{"message": "{}"}}', '{{"__type": "{}", "Message": "{}"}}', '["{}"]']
)
def test_an_answer_that_repeats_the_request_tells_no_credentials(form: str) -> None:
    operation = Operation("ssm", "AmazonSSM.GetParameter", environment())
    _, headers, _ = take_apart(operation.request({}))
    sent = [headers["X-Amz-Security-Token"], headers["Authorization"].rpartition("=")[2]]
    for secret in sent:
        told = str(operation.problem(403, form.replace("{}", f"you sent {secret}").format().encode()))
        assert secret not in told
        assert ("you sent ***" in told) == ("essage" in form)


def test_a_long_message_is_cut() -> None:
    assert len(str(Problem(500, json.dumps({"message": "x" * 10_000}).encode()))) == 300


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("arn:aws:states:eu-west-1:123456789012:stateMachine:views", "eu-west-1"),
        ("arn:aws-us-gov:events:us-gov-west-1:123456789012:event-bus/x:y", "us-gov-west-1"),
        ("arn:aws:iam::123456789012:role/x", None),
        ("arn:aws:states", None),
        ("default", None),
        ("a:b:c:d:e:f", None),
    ],
)
def test_an_arn_knows_its_region(text: str, region: str | None) -> None:
    assert region_of(text) == region


def _read(status: int, body: bytes) -> tuple[str, str]:
    problem = Problem(status, body)
    return problem.code, problem.message


def _botocore_reads(status: int, body: bytes) -> tuple[str, str]:
    _, model = operation_model("Firehose_20150804.PutRecordBatch")
    response: dict[str, Any] = {"status_code": status, "headers": {}, "body": body}
    error = create_parser("json").parse(response, model.output_shape)["Error"]
    return error["Code"], error["Message"]
