"""Where the release's state is kept: an item of a DynamoDB table, or a parameter of SSM.

The client is boto3's, passed in or made here (boto3 is not needed to import this). A write names the revision that it
was made from and fails when that is no longer the one that is kept. SSM has no such condition: there the last read is
all that stands between two writers.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, Protocol

from edgewise.rollout.errors import ChangedError, DocumentError, PlaceError
from edgewise.rollout.release import Release, parse

REGION: Final = "us-east-1"
_KEY: Final = {"id": {"S": "release"}}
_MOST_PARAMETER: Final = 4096  # bytes of a standard parameter


class Place(Protocol):
    """Keeps one release document."""

    def read(self) -> Release | None:
        """What is kept; None if nothing is. Raises `PlaceError`, and `DocumentError` for what is no release."""
        ...

    def write(self, release: Release) -> Release:
        """Keep it, one revision on, and return it so. Raises `ChangedError` if what is kept is not its revision."""
        ...


class Table:
    """The item `release` of a DynamoDB table; what is read is never stale."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def read(self) -> Release | None:
        item = called(
            self._table, lambda: self._client.get_item(TableName=self._table, Key=_KEY, ConsistentRead=True)
        ).get("Item")
        if not item:
            return None
        try:
            text, revision = item["document"]["S"], int(item["revision"]["N"])
        except (KeyError, TypeError, ValueError):
            raise DocumentError(
                "the item with the release's state has other attributes", file=self._table
            ) from None
        return replace(parse(text), revision=revision)

    def write(self, release: Release) -> Release:
        following = replace(release, revision=release.revision + 1)
        item = {
            **_KEY,
            "document": {"S": following.to_json()},
            "revision": {"N": str(following.revision)},
        }
        try:
            called(
                self._table,
                lambda: self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(#revision) OR #revision = :before",
                    ExpressionAttributeNames={"#revision": "revision"},
                    ExpressionAttributeValues={":before": {"N": str(release.revision)}},
                ),
            )
        except PlaceError as error:
            return _written_after_all(self, following, error, "ConditionalCheckFailed")
        return following


class Parameter:
    """A parameter of SSM's Parameter Store."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def read(self) -> Release | None:
        try:
            answer = called(self._name, lambda: self._client.get_parameter(Name=self._name))
        except PlaceError as error:
            if "ParameterNotFound" in error.message:
                return None
            raise
        return parse(answer["Parameter"]["Value"])

    def write(self, release: Release) -> Release:
        kept = self.read()
        if kept is not None and kept.revision != release.revision:
            raise _changed(self._name)
        following = replace(release, revision=release.revision + 1)
        text = following.to_json()
        if len(text.encode()) > _MOST_PARAMETER:
            raise PlaceError(
                f"the release's state is longer than the {_MOST_PARAMETER} bytes of a parameter",
                file=self._name,
                hint='Make the plan shorter, or keep the state in DynamoDB: state = "dynamodb".',
            )
        try:
            called(
                self._name,
                lambda: self._client.put_parameter(
                    Name=self._name, Value=text, Type="String", Overwrite=kept is not None
                ),
            )
        except PlaceError as error:
            return _written_after_all(self, following, error, "ParameterAlreadyExists")
        return following


def place_of(state: Mapping[str, Any], client: Callable[[str], Any]) -> Place:
    """Where the state is kept: `{"from": "dynamodb", "table": …}` or `{"from": "ssm", "name": …}`."""
    if state["from"] == "dynamodb":
        return Table(client("dynamodb"), state["table"])
    return Parameter(client("ssm"), state["name"])


def aws_client(
    service: str,
    endpoint: str | None = None,
    region: str = REGION,
    credentials: Mapping[str, str] = MappingProxyType({}),
) -> Any:
    """boto3's client. `credentials` are given in the words of AWS's variables; without them boto3 looks for some.

    With them none of the user's settings for AWS is looked at. Raises `PlaceError`.
    """
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise PlaceError("boto3 is not installed", hint="Install it: pip install boto3") from None
    settings = Config(connect_timeout=5, read_timeout=10, retries={"max_attempts": 3})
    keys = {name.lower(): value for name, value in credentials.items()}

    def made() -> Any:
        maker = _without_settings() if credentials else boto3
        return maker.client(service, region_name=region, endpoint_url=endpoint, config=settings, **keys)

    return called(f"{service} in {region}", made)


@functools.cache
def _without_settings() -> Any:
    """boto3's session, deaf to what the environment and the user's files say of AWS."""
    import boto3
    from botocore.session import Session

    known = Session.SESSION_VARIABLES.items()
    variables = {name: (None, None, default, cast) for name, (_, _, default, cast) in known}
    nowhere = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    return boto3.Session(botocore_session=Session(session_vars={**variables, **nowhere}))


def has_credentials() -> bool:
    """Whether boto3 finds credentials for AWS in its variables and files. A machine's own role is not asked for."""
    try:
        from botocore.exceptions import BotoCoreError
        from botocore.session import get_session
    except ImportError:
        return False
    try:
        resolver = get_session().get_component("credential_provider")
        resolver.remove("iam-role")  # it waits for an address that only servers on AWS have
        return resolver.load_credentials() is not None
    except BotoCoreError:
        return True  # there are some, which are over or cannot be read


def called(place: str, call: Callable[[], Any]) -> Any:
    """What AWS answers, or its client. AWS's errors, and settings that boto3 cannot use, become `PlaceError`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call()
    except ClientError as error:
        told = error.response.get("Error", {})
        raise PlaceError(
            f"AWS refused: {told.get('Code', 'unknown')}: {told.get('Message', '')}".strip(),
            file=place,
            hint=_HINTS.get(str(told.get("Code"))),
        ) from None
    # A ValueError is of an address in AWS_ENDPOINT_URL that is none.
    except (BotoCoreError, ValueError) as error:
        hint = _SETTINGS.get(type(error).__name__, _ASK)
        raise PlaceError(f"AWS cannot be asked: {error}", file=place, hint=hint) from None


_ASK: Final = "Is `edgewise up` running, or are there credentials and a network for AWS?"
_SETTINGS: Final = {
    "ProfileNotFound": "Let AWS_PROFILE name one that `aws configure list-profiles` shows, or unset it.",
    "PartialCredentialsError": "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither.",
    "ConfigParseError": "Mend the file that is named, or let AWS_CONFIG_FILE name another.",
    "ValueError": "Let AWS_ENDPOINT_URL be an address, or unset it.",
}
_HINTS: Final = {
    "ResourceNotFoundException": "Deploy the site first; its template makes the table.",
    "AccessDeniedException": "These credentials may not read and write the release's state.",
    "ExpiredTokenException": "Sign in to AWS again.",
}


def _written_after_all(place: Place, wanted: Release, error: PlaceError, code: str) -> Release:
    """What is kept if it is what was to be written: boto3 writes again when an answer is lost, and then the first time
    looks like somebody else's change. Otherwise the error, which is a `ChangedError` if it has that code."""
    if code not in error.message:
        raise error
    if place.read() == wanted:
        return wanted
    raise _changed(error.file)


def _changed(place: str | None) -> ChangedError:
    return ChangedError(
        "somebody else changed the release at the same time; nothing was written",
        file=place,
        hint="Look with `edgewise rollout status`, and say it again if it still holds.",
    )
