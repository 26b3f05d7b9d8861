"""The Lambda function itself: its settings, the key of its hashes, and a line of log when something went wrong.

It begins with the settings that `edgewise synth` wrote beside it, and asks AWS for nothing but that key.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from edgewise.edge.privacy import Keys
from edgewise.realtime import record
from edgewise.transform.batch import transformed
from edgewise.transform.masking import Masking

SETTINGS_FILE: Final = "edgewise_realtime.json"
# A key that was read is asked for again after so long, and serves on while that fails.
_KEY_SECONDS: Final = 300.0
_DAYS: Final = 2

Transform = Callable[[Mapping[str, Any]], tuple[dict[str, Any], dict[str, Any]]]


def lambda_handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """What Lambda calls with a batch of Firehose's."""
    answer, trouble = _transform()(event)
    if trouble:
        print(json.dumps(trouble))
    return answer


def transform_of(settings: Mapping[str, Any], keys: Keys) -> Transform:
    """A function from a batch to its answer, and to what went wrong, without anything that a visitor sent."""
    fields = tuple(settings["fields"])
    # In each record, so that counts can be weighed.
    sampled = {name: settings[name] for name in ("sample_rate",) if name in settings}
    masking = Masking(settings["privacy"], keys)

    def transform(event: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        masking.failed = 0
        left_out: Counter[str] = Counter()
        answer, failures = transformed(event, lambda line: masking(record(line, fields, left_out)) | sampled)
        # A filter of the log's adds up `failed`, a number, and an alarm looks at the sum.
        trouble: dict[str, Any] = {}
        if failures:
            trouble = {"failed": failures.total(), "reasons": dict(failures)}
        if masking.failed:
            trouble["without_hash"] = {masking.why: masking.failed}
        if left_out:
            trouble["left_out"] = left_out.total()
        return answer, trouble

    return transform


class RandomKeys(Keys):
    """Random keys, one for each of two days: around midnight lines of both come in any order.

    Of a day before these there is no key any more, and a visitor of that day would get a second hash: none is made.
    """

    __slots__ = ("_days",)

    def __init__(self, environment_id: str) -> None:
        super().__init__(environment_id)
        self._days: dict[int, bytes] = {}

    def key(self, day: int) -> bytes:
        """32 bytes. Raises `LookupError` for a day whose key is gone."""
        if day not in self._days:
            if len(self._days) == _DAYS and day < min(self._days):
                raise LookupError("the key of that day is gone")
            self._days[day] = secrets.token_bytes(32)
            if len(self._days) > _DAYS:
                del self._days[min(self._days)]
        return self._days[day]


class KeyReader:
    """The text of a secret, as boto3 gives it; `now` is in seconds."""

    def __init__(self, fetch: Callable[[], str], now: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._now = now
        self._text = ""
        self._due = float("-inf")

    def __call__(self) -> str:
        """Raises what fetching raises where there is none from before."""
        if self._now() >= self._due:
            # Set before, so that a service that is away is not asked for every record.
            self._due = self._now() + _KEY_SECONDS
            try:
                self._text = self._fetch()
            except Exception:
                if not self._text:
                    raise
        if not self._text:
            raise LookupError("no key")
        return self._text


def fetch_secret(where: Mapping[str, str]) -> str:
    """The key from where the settings say: `from`, `name`, `region`. Of a pair that is rotated the current one."""
    import boto3

    name, region = where["name"], where["region"]
    if where["from"] == "ssm":
        answer = boto3.client("ssm", region).get_parameter(Name=name, WithDecryption=True)
        text = str(answer["Parameter"]["Value"])
    else:
        text = str(boto3.client("secretsmanager", region).get_secret_value(SecretId=name)["SecretString"])
    try:
        pair = json.loads(text) if text.startswith("{") else {}
    except ValueError:
        pair = {}
    return str(pair.get("current", text))


@cache
def _transform() -> Transform:
    """Made in the first call of an environment."""
    folder = Path(os.environ.get("LAMBDA_TASK_ROOT") or ".")
    settings = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    where, environment = settings.get("key"), secrets.token_hex(8)
    if where:
        return transform_of(settings, Keys(environment, KeyReader(partial(fetch_secret, where))))
    return transform_of(settings, RandomKeys(environment))
