"""What the local AWS is to know again in the next run: its tables' items, the release's parameter where it has one, the
salts of visitors and the keys, in one file of JSON.

moto keeps all of it in memory. It is read from there by its own answers, now and then and at the end.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from edgewise.localaws.errors import KeptError

Item = dict[str, Any]

_SCHEMA: Final = "local-aws/1"
_OWNER_ONLY: Final = 0o600  # there is a key in it
_BATCH: Final = 25  # items that DynamoDB takes at once


class Kept:
    """The file of one state folder. `tables`, `parameter` and the path of the `salts` are what the site has now."""

    def __init__(self, file: Path, tables: Mapping[str, str], parameter: str = "", salts: str = "") -> None:
        """Raises `KeptError` for a file that is none of ours: it may hold what somebody wants back."""
        self._file = file
        self._tables = tables
        self._parameter = parameter
        self._salts = salts
        self._text = _read(file)
        self._known: dict[str, Any] = _parsed(file, self._text) if self._text else {}

    def key(self, name: str) -> str:
        """The key of this name of the last run; empty if there was none."""
        return str(self._known.get("keys", {}).get(name, ""))

    def restore(self, dynamodb: Any, ssm: Any) -> str:
        """Put back what was there, but for sessions that are over. What that was, in words; empty for nothing."""
        now, counts = time.time(), {}
        value = self._known.get("parameters", {}).get(self._parameter)
        if value is not None:
            ssm.put_parameter(Name=self._parameter, Value=value, Type="String")
            counts[self._parameter] = 1
        # Those of days that are over are deleted right after, by the code that does so on AWS.
        for name, salt in self._known.get("salts", {}).items():
            if self._salts and name.startswith(f"{self._salts}/"):
                ssm.put_parameter(Name=name, Value=salt, Type="SecureString")
        for table in self._tables:
            items = [item for item in self._known.get("tables", {}).get(table, []) if not _is_over(item, now)]
            for first in range(0, len(items), _BATCH):
                puts = [{"PutRequest": {"Item": item}} for item in items[first : first + _BATCH]]
                dynamodb.batch_write_item(RequestItems={table: puts})
            if items:
                counts[table] = len(items)
        return ", ".join(f"{count} in {name}" for name, count in counts.items())

    def keep(self, dynamodb: Any, ssm: Any, keys: Mapping[str, str]) -> None:
        """Write it if it has changed. Raises `OSError`."""
        tables = {table: list(_items(dynamodb, table)) for table in self._tables}
        # Without a name for the question it would be refused.
        found = ssm.get_parameters(Names=[self._parameter])["Parameters"] if self._parameter else ()
        parameters = {each["Name"]: each["Value"] for each in found}
        kept = {
            "keys": dict(keys),
            "tables": tables,
            "parameters": parameters,
            "salts": _below(ssm, self._salts),
        }
        text = json.dumps({"schema": _SCHEMA, **kept})
        if text == self._text:
            return
        fresh = self._file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.touch(_OWNER_ONLY)
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self._file)
        self._text = text


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise _unfit(file, str(error)) from None


def _parsed(file: Path, text: str) -> dict[str, Any]:
    try:
        known = json.loads(text)
    except ValueError as error:
        raise _unfit(file, str(error)) from None
    if not isinstance(known, dict) or known.get("schema") != _SCHEMA:
        raise _unfit(file, f"it is not of the schema {_SCHEMA}")
    return known


def _unfit(file: Path, why: str) -> KeptError:
    return KeptError(
        f"the release and the sessions of the last run cannot be read: {why}",
        file=file,
        hint="Remove the file, and the run begins without them.",
    )


def _is_over(item: Item, now: float) -> bool:
    """Whether its time has come, in the attribute by which DynamoDB removes sessions; moto does not."""
    return float(item.get("expires", {}).get("N", "inf")) <= now


def _items(dynamodb: Any, table: str) -> Iterator[Item]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]


def _below(ssm: Any, path: str) -> dict[str, str]:
    """The secret parameters below a path; none without one."""
    if not path:
        return {}
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=path, WithDecryption=True)
    return {each["Name"]: each["Value"] for page in pages for each in page["Parameters"]}
