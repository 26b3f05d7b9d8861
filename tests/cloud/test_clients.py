"""Clients are made once each; whatever AWS or its client says becomes one message with what to do."""

from __future__ import annotations

import http.server
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.stub import Stubber

from cloud.moto_clients import CREDENTIALS, Refusing
from edgewise.cloud.asking import called
from edgewise.cloud.clients import Clients
from edgewise.cloud.errors import CloudError, CredentialsError, UnreachableError


def test_a_client_is_made_once_for_each_service_and_region() -> None:
    aws = Clients("http://127.0.0.1:1", CREDENTIALS)
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda number: aws("logs", f"eu-west-{number % 2 + 1}"), range(16)))
    assert len({id(one) for one in made}) == 2
    assert {one.meta.region_name for one in made} == {"eu-west-1", "eu-west-2"}
    assert aws("sts").meta.region_name == "us-east-1"


@pytest.mark.parametrize(
    ("code", "kind", "hint"),
    [
        ("ExpiredToken", CredentialsError, "Sign in"),
        ("InvalidClientTokenId", CredentialsError, "Sign in"),
        ("AccessDenied", CloudError, "lack the permission"),
        ("Throttling", CloudError, "too often"),
        ("ServiceUnavailable", CloudError, ""),
    ],
)
def test_a_refusal_says_what_to_do(code: str, kind: type[CloudError], hint: str) -> None:
    aws = Refusing("http://127.0.0.1:1", {("sts", "us-east-1"): code})
    with pytest.raises(CloudError) as caught:
        called("the account", aws("sts").get_caller_identity)
    error = caught.value
    assert type(error) is kind and error.reason == code and error.file == "the account"
    assert f"AWS refused GetCallerIdentity: {code}" in error.message and hint in (error.hint or "")


@pytest.fixture
def stranger() -> Iterator[str]:
    """A server that is not AWS's, as a proxy may be that asks for a password."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = b"<!doctype html><h1>Sign in to the network"
            self.send_response(400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_who_does_not_answer_or_is_not_aws(stranger: str) -> None:
    with pytest.raises(UnreachableError, match="does not speak as AWS does"):
        called("AWS", Clients(stranger, CREDENTIALS)("sts").get_caller_identity)
    with pytest.raises(UnreachableError, match="does not answer"):
        called("AWS", Clients("http://127.0.0.1:1", CREDENTIALS)("sts").get_caller_identity)


def test_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(CredentialsError, match="no credentials") as caught:
        called("AWS", Clients("http://127.0.0.1:1")("sts").get_caller_identity)
    assert "AWS_PROFILE" in (caught.value.hint or "")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(CredentialsError, match="nobody"):
        Clients()("sts")


def test_without_boto3_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(CloudError, match="boto3 is not installed") as caught:
        Clients()("s3")
    assert "pip install boto3" in str(caught.value.hint)


def test_a_signature_that_is_refused_is_not_repeated_with_the_sessions_token() -> None:
    """AWS's words for it show all that was signed."""
    aws = Clients("http://127.0.0.1:1", CREDENTIALS)
    said = "The signature does not match.\n\nThe Canonical String should have been\n'x-amz-security-token:FwoGZX'"
    with Stubber(aws("sts")) as answers, pytest.raises(CredentialsError) as caught:
        answers.add_client_error("get_caller_identity", "SignatureDoesNotMatch", said)
        called("the account", aws("sts").get_caller_identity)
    assert caught.value.message.endswith("SignatureDoesNotMatch: The signature does not match.")
