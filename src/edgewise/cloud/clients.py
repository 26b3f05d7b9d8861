"""Every client of AWS's that this package uses, made here: region, endpoint, patience, and errors in our words.

A client is boto3's. What fails for a moment (throttling, a lost answer) is tried again by boto3 itself, in its
`standard` mode, so that nobody else has to.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final

from edgewise.cloud.errors import CloudError, CredentialsError, UnreachableError

HOME_REGION: Final = "us-east-1"
ATTEMPTS: Final = 5
CONNECT_S, READ_S = 5, 30

# AWS's words, which differ from service to service ("Common errors" of each API reference).
NOT_KNOWN: Final = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
DENIED: Final = frozenset({"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
THROTTLED: Final = frozenset(
    {
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_SIGN_IN: Final = "Sign in to AWS again, and repeat the command; `edgewise doctor` says who you are to AWS."
_NO_CREDENTIALS: Final = (
    "Give credentials as the AWS command line takes them: AWS_PROFILE, `aws configure`, `aws sso login`."
)
_HINTS: Final = (
    (DENIED, "These credentials lack the permission that AWS names; `edgewise doctor` lists what is needed."),
    (THROTTLED, "AWS is asked too often, perhaps by others of this account: try again in a minute."),
)


class Clients:
    """AWS's clients, one for each service and region, made when first asked for. Threads may share it.

    `endpoint` is the address of an AWS on this machine, in place of the real one. `credentials` are given in the words
    of AWS's variables; without them boto3 looks for some where the AWS command line does.
    """

    def __init__(
        self, endpoint: str | None = None, credentials: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._endpoint = endpoint
        self._keys = {name.lower(): value for name, value in credentials.items()}
        self._session: Any = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()  # sessions of boto3's are not for several threads, its clients are

    def __call__(self, service: str, region: str = HOME_REGION) -> Any:
        """The client of a service in a region. Raises `CloudError`."""
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._made(service, region)
            return self._clients[service, region]

    def _made(self, service: str, region: str) -> Any:
        try:
            import boto3
            from botocore.config import Config
        except ImportError:
            raise CloudError(
                "boto3 is not installed, and AWS is asked with it",
                hint="Install it: pip install boto3. In a clone of Edgewise `make setup` does, in .venv.",
            ) from None
        config = Config(
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
        )
        with told(service):
            self._session = self._session or boto3.session.Session(**self._keys)
            return self._session.client(
                service, region_name=region, endpoint_url=self._endpoint, config=config
            )


@contextmanager
def told(place: str) -> Iterator[None]:
    """Errors of AWS and of its client become ours; `place` says what was asked about."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        raise _refusal(error, place) from None
    except BotoCoreError as error:
        raise _failure(error, place) from None
    except ResponseParserError:
        raise UnreachableError(
            "what answers in AWS's place does not speak as AWS does",
            file=place,
            hint="Is there a proxy on the way, or an AWS_ENDPOINT_URL that is meant for something else?",
        ) from None


def _refusal(error: Any, place: str) -> CloudError:
    told = error.response.get("Error", {})
    code, said = str(told.get("Code", "unknown")), told.get("Message", "")
    if code in NOT_KNOWN:
        # Below its first line a refused signature repeats what was signed, and the session's token with it.
        said = said.partition("\n")[0]
    message = f"AWS refused {error.operation_name}: {code}{': ' if said else ''}{said}"
    if code in NOT_KNOWN:
        return CredentialsError(message, reason=code, file=place, hint=_SIGN_IN)
    hint = next((hint for codes, hint in _HINTS if code in codes), None)
    return CloudError(message, reason=code, file=place, hint=hint)


def _failure(error: Any, place: str) -> CloudError:
    from botocore import exceptions

    if isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError):
        return UnreachableError(
            f"AWS does not answer: {error}", file=place, hint="Is there a network, and a way to AWS from it?"
        )
    if isinstance(error, exceptions.ProfileNotFound):
        return CredentialsError(
            f"there is no profile {error.kwargs['profile']} in AWS's settings of this machine",
            file=place,
            hint="AWS_PROFILE names it; `aws configure list-profiles` lists those that are there.",
        )
    without = (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.CredentialRetrievalError,
        exceptions.SSOError,
        exceptions.TokenRetrievalError,
    )
    if isinstance(error, without):
        return CredentialsError(
            f"there are no credentials for AWS: {error}", file=place, hint=_NO_CREDENTIALS
        )
    return CloudError(f"AWS cannot be asked: {error}", file=place)
