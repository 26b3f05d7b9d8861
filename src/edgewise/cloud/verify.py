"""Asks the site whether what was deployed is what answers, and finds the request's own record in the functions' logs.

CloudFront gives every answer the request's id in a header, and records carry the same id, whatever is masked in them.
The record says which settings and which version wrote it.
"""

from __future__ import annotations

import http.client
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from edgewise.cloud.errors import VerifyError
from edgewise.cloud.estate import Tell
from edgewise.cloud.versions import Trigger

Find = Callable[[str, int], Mapping[str, Any] | None]
"""Finds the record of a request by its id, written after a time in milliseconds."""

PATIENCE_S: Final = 180.0
EVERY_S: Final = 5.0
_TIMEOUT_S: Final = 15
# What CloudFront says of itself when a function of ours failed ("Testing and debugging Lambda@Edge functions").
_OURS: Final = (
    "LambdaGeneratedResponse",
    "LambdaExecutionError",
    "LambdaValidationError",
    "LambdaLimitExceeded",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the site answered: its status, the request's id at CloudFront, and what CloudFront says in `X-Cache`."""

    status: int
    request_id: str
    cache: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What records should say: the hash of the settings, and the versions that may have written them."""

    settings_hash: str
    versions: frozenset[int]

    @classmethod
    def of(cls, settings_hash: str, served: Mapping[Trigger, int | None]) -> Expected:
        """Of what serves each trigger."""
        return cls(settings_hash, frozenset(one for one in served.values() if one))

    def trouble(self, record: Mapping[str, Any]) -> str:
        """What a record says otherwise; empty if nothing."""
        settings, version = record.get("settings_hash"), str(record.get("function_version", ""))
        if settings != self.settings_hash:
            return f"a function with other settings answered: {settings}, not {self.settings_hash}"
        if version.isdigit() and int(version) not in self.versions:
            return f"version {version} of a function answered, which is not deployed"
        return ""


def ask(url: str, headers: Mapping[str, str] = MappingProxyType({})) -> Answer:
    """Ask for the page, with a query that no cache knows. Raises `VerifyError` when nobody answers."""
    asked = urllib.request.Request(
        f"{url}?edgewise-deploy={secrets.token_hex(8)}", headers={"User-Agent": "edgewise-deploy", **headers}
    )
    try:
        with urllib.request.urlopen(asked, timeout=_TIMEOUT_S) as answer:
            return _answer(answer.status, answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error.code, error.headers)
    except (OSError, http.client.HTTPException) as error:
        raise VerifyError(
            f"the site does not answer: {error}",
            file=url,
            hint="A new address takes some minutes to be known. `edgewise deploy` again asks again.",
        ) from None


def verify(
    url: str,
    expected: Expected | None,
    find: Find,
    *,
    tell: Tell,
    sleep: Callable[[float], None],
    patience_s: float = PATIENCE_S,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Ask until the site answers as it was deployed; a sentence on what was seen. Raises `VerifyError`.

    `headers` go with each request, so that it meets a staged change.

    Without anything `expected`, as where records do not go to the functions' logs or chance decides which version
    answers, only the answer is looked at.
    """
    tries = max(1, int(patience_s / EVERY_S))
    for left in reversed(range(tries)):
        try:
            return _look(url, headers, expected, find, sleep, tell)
        except VerifyError as error:
            if not left:
                raise
            tell("verify", error.message)
            sleep(EVERY_S)
    raise AssertionError("there is at least one try")


def _look(
    url: str,
    headers: Mapping[str, str],
    expected: Expected | None,
    find: Find,
    sleep: Callable[[float], None],
    tell: Tell,
) -> str:
    since = time.time_ns() // 1_000_000 - 60_000
    answer = ask(url, headers)
    refuse_failed(answer, url)
    seen = f"{url} answers {answer.status}"
    if expected is None:
        return f"{seen}; no record of it was looked for"
    tell("verify", f"{seen}; looking for the record of {answer.request_id}")
    for _ in range(6):
        if answer.request_id and (record := find(answer.request_id, since)) is not None:
            if trouble := expected.trouble(record):
                raise VerifyError(
                    trouble,
                    file=url,
                    hint="An edge may keep the version before for some minutes. `edgewise deploy` again asks again.",
                )
            return f"{seen}, {written_by(record)}"
        sleep(EVERY_S)
    raise unrecorded(answer.request_id, url)


def refuse_failed(answer: Answer, url: str) -> None:
    """Raises `VerifyError` for an answer by which CloudFront says that a function of ours failed."""
    if answer.status >= 500 and any(word in answer.cache for word in _OURS):
        raise VerifyError(
            f"a function failed: {answer.status}, {answer.cache}",
            file=url,
            hint="`edgewise logs --from aws` shows why; `edgewise rollback` goes back.",
        )


def unrecorded(request_id: str, url: str) -> VerifyError:
    """What is raised when a request is not in the logs of functions that record every one."""
    return VerifyError(
        f"no record of the request {request_id or '(without an id)'} is in the logs",
        file=url,
        hint="Does CloudFront answer at this address? `edgewise doctor` says whether the logs may be read.",
    )


def written_by(record: Mapping[str, Any]) -> str:
    """Who wrote a record, in words."""
    version, region = record.get("function_version", "unknown"), record.get("region", "an unknown region")
    return f"recorded by version {version} in {region}"


def _answer(status: int, headers: Any) -> Answer:
    return Answer(status, headers.get("X-Amz-Cf-Id", ""), headers.get("X-Cache", ""))
