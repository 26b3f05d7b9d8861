"""Elasticsearch's `_bulk`, as far as log shippers use it: `create`, `index` and `update` all add a record.

As in OpenObserve `_id` becomes a column and replaces nothing, and one line that is no JSON refuses the request.
Unlike there the items are in the request's order under their action's name, and `errors` is true when one failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from edgewise.store.bodies import Values, check_count, parse, parse_exactly, split_lines
from edgewise.store.engine import Accepted, Engine
from edgewise.store.errors import BodyError
from edgewise.store.normalize import stream_name

_ACTIONS: Final = ("create", "index", "update")
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
    """One action, and which of its stream's records it is."""

    action: str
    index: str
    document: str | None
    stream: str
    position: int


@dataclass(slots=True)
class _Stream:
    lines: list[bytes] = field(default_factory=list)
    documents: list[str | None] = field(default_factory=list)

    def values(self) -> Values:
        items = list(map(parse, self.lines))
        return Values(self._named(items), lambda: self._named(list(map(parse_exactly, self.lines))))

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
        """Give every stream its records, in order. Raises `BodyError`."""
        streams: dict[str, _Stream] = {}
        for item, line in self._read(body):
            stream = streams.setdefault(item.stream, _Stream())
            self._items.append(_Item(item.action, item.index, item.document, item.stream, len(stream.lines)))
            stream.lines.append(line)
            stream.documents.append(item.document)
        batches = {name: stream.values() for name, stream in streams.items()}
        for name, values in batches.items():
            self._accepted[name] = self._engine.ingest(name, values)
        return list(self._accepted.values())

    def answer(self) -> dict[str, Any]:
        """Elasticsearch's answer, once all is durable."""
        items = [self._outcome(item) for item in self._items]
        return {
            "took": 0,
            "errors": any("error" in next(iter(one.values())) for one in items),
            "items": items,
        }

    def _read(self, body: bytes) -> Iterator[tuple[_Item, bytes]]:
        lines = iter(split_lines(body))
        for number, line in enumerate(lines):
            action = _action(line)
            if action is None:
                continue
            following = next(lines, None)
            if following is None:
                raise BodyError("the last action has no record after it")
            check_count(number + 1)
            yield action, following

    def _outcome(self, item: _Item) -> dict[str, Any]:
        told: dict[str, Any] = {"_index": item.index, "_id": item.document or "", **_CONSTANTS}
        reason = self._accepted[item.stream].failures.get(item.position)
        if reason is None:
            return {item.action: {**told, "status": 201 if item.action == "create" else 200}}
        error = {"type": "document_parsing_exception", "reason": reason, "index": item.index}
        return {item.action: {**told, "result": "rejected", "status": 422, "error": error}}


def _action(line: bytes) -> _Item | None:
    """What an action line asks for; nothing for what has no record after it, such as `delete`."""
    value = parse(line)
    if not isinstance(value, dict):
        raise BodyError(f"expected an action like {{'index': {{'_index': …}}}}, got {line[:60]!r}")
    for action in _ACTIONS:
        if isinstance(target := value.get(action), dict):
            index, document = target.get("_index"), target.get("_id")
            if not isinstance(index, str):
                raise BodyError(f"the action {action!r} names no _index")
            return _Item(
                action, index, document if isinstance(document, str) else None, stream_name(index), 0
            )
    return None
