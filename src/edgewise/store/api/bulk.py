"""Elasticsearch's `_bulk`, as far as log shippers use it: `create`, `index` and `update` all add a record.

As in OpenObserve `_id` becomes a column and replaces nothing, `delete` removes nothing, and one line that is no JSON
refuses the request. Unlike there every action has its item, in the request's order and under its name, and `errors` is
true when one failed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from edgewise.store.bodies import (
    MAX_RECORDS,
    Values,
    check_containers,
    check_count,
    parse,
    parse_exactly,
    split_lines,
)
from edgewise.store.engine import Accepted, Engine
from edgewise.store.errors import BodyError
from edgewise.store.normalize import stream_name

_ACTIONS: Final = ("create", "index", "update")
_DELETE: Final = "delete"
_NOTHING_REMOVED: Final = "records are kept: the store removes whole hours, and nothing by its _id"
# Elasticsearch's words for which there is nothing here.
_CONSTANTS: Final = {
    "_version": 1,
    "result": "created",
    "_shards": {"total": 1, "successful": 1, "failed": 0},
    "_seq_no": 1,
    "_primary_term": 1,
}


@dataclass(frozen=True, slots=True)
class _Item:
    """One action, and which of its stream's records it is; none for `delete`."""

    action: str
    index: str
    document: str | None
    stream: str
    position: int | None = None


@dataclass(slots=True)
class _Stream:
    lines: list[bytes] = field(default_factory=list)
    items: list[Any] = field(default_factory=list)
    documents: list[str | None] = field(default_factory=list)

    def values(self) -> Values:
        return Values(self._named(self.items), lambda: self._named(list(map(parse_exactly, self.lines))))

    def _named(self, items: list[Any]) -> list[Any]:
        for item, document in zip(items, self.documents, strict=True):
            if document is not None and isinstance(item, dict):
                item["_id"] = document
        return items


class Bulk:
    """One request: `store` it, wait for the disk, then `answer`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._items: list[_Item] = []
        self._accepted: dict[str, Accepted] = {}

    def store(self, body: bytes) -> list[Accepted]:
        """Give every stream its records, in order: all of them, or none. Raises `BodyError`."""
        streams = self._read(body)
        accepted = self._engine.ingest_all({name: stream.values() for name, stream in streams.items()})
        self._accepted = {one.stream: one for one in accepted}
        return accepted

    def answer(self) -> dict[str, Any]:
        """Elasticsearch's answer, once all is durable."""
        items = [self._outcome(item) for item in self._items]
        return {
            "took": 0,
            "errors": any("error" in next(iter(one.values())) for one in items),
            "items": items,
        }

    def _read(self, body: bytes) -> dict[str, _Stream]:
        check_containers(body)
        streams: dict[str, _Stream] = {}
        lines = iter(split_lines(body, 2 * MAX_RECORDS))
        for number, line in enumerate(lines, 1):
            check_count(number)
            try:
                item = _action(line)
                if item.action != _DELETE:
                    item = self._add(item, next(lines, None), streams.setdefault(item.stream, _Stream()))
            except BodyError as error:
                raise BodyError(f"action {number}: {error.message}", status=error.status) from None
            self._items.append(item)
        return streams

    def _add(self, item: _Item, line: bytes | None, stream: _Stream) -> _Item:
        if line is None:
            raise BodyError("it is the last and has no record after it")
        stream.items.append(parse(line))
        stream.lines.append(line)
        stream.documents.append(item.document)
        return replace(item, position=len(stream.lines) - 1)

    def _outcome(self, item: _Item) -> dict[str, Any]:
        told: dict[str, Any] = {"_index": item.index, "_id": item.document or "", **_CONSTANTS}
        if item.position is None:
            return {item.action: {**told, **_failed(item, 400, _NOTHING_REMOVED)}}
        reason = self._accepted[item.stream].failures.get(item.position)
        if reason is None:
            return {item.action: {**told, "status": 201 if item.action == "create" else 200}}
        return {item.action: {**told, **_failed(item, 422, reason)}}


def _failed(item: _Item, status: int, reason: str) -> dict[str, Any]:
    error = {"type": "document_parsing_exception", "reason": reason, "index": item.index}
    return {"result": "rejected", "status": status, "error": error}


def _action(line: bytes) -> _Item:
    """What an action line asks for. Raises `BodyError`."""
    value = parse(line)
    action, target = next(iter(value.items()), ("", None)) if isinstance(value, dict) else ("", None)
    if action not in (*_ACTIONS, _DELETE) or not isinstance(target, dict):
        raise BodyError(
            f"expected one of {', '.join(_ACTIONS)} and {_DELETE}, "
            f"such as {{'index': {{'_index': …}}}}, got {line[:60].decode(errors='replace')!r}"
        )
    index, document = target.get("_index"), target.get("_id")
    if not isinstance(index, str):
        raise BodyError(f"{action!r} names no _index")
    return _Item(action, index, document if isinstance(document, str) else None, stream_name(index))
