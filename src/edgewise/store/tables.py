"""Journal bodies (JSON arrays of records that already fit their schema) to Arrow tables, by DuckDB.

DuckDB parses without holding Python's lock, so this does not slow the taking of records down.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any, Final

import duckdb
import orjson
import pyarrow as pa

from edgewise.store.derived import Derive, nothing
from edgewise.store.facts import with_facts, without_facts
from edgewise.store.known import Kind

CHUNK_BYTES: Final = 8 << 20
_SQL_TYPE: Final[dict[Kind, str]] = {"int": "BIGINT", "float": "DOUBLE", "bool": "BOOLEAN", "text": "VARCHAR"}
_ARROW_TYPE: Final[dict[Kind, Any]] = {
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "text": pa.string(),
}
_PARSE: Final = """
    SELECT unnest(record) FROM (SELECT unnest(from_json(body, $columns)) AS record FROM bodies)
"""


def arrow_schema(kinds: Mapping[str, Kind]) -> Any:
    return pa.schema([(name, _ARROW_TYPE[kind]) for name, kind in kinds.items()])


def kinds_of(schema: Any) -> dict[str, Kind]:
    """The kinds that an Arrow schema of ours was made from."""
    kind_of = {arrow: kind for kind, arrow in _ARROW_TYPE.items()}
    return {field.name: kind_of[field.type] for field in without_facts(schema) if field.type in kind_of}


def conform(table: Any, schema: Any) -> Any:
    """The table with exactly these columns: absent ones are null, integers in a widened column become floats.

    Such an integer is rounded when it is beyond 2^53, as every reader of JSON numbers would round it.
    """
    columns = [
        table[field.name].cast(field.type, safe=False)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


class Converter:
    """One small in-memory DuckDB, made when it is needed; safe to use from several threads, one at a time."""

    def __init__(self, derive: Derive = nothing) -> None:
        self._derive = derive
        self._made: Any = None
        self._lock = threading.Lock()

    def close(self) -> None:
        with self._lock:
            if self._made is not None:
                self._made.close()

    def table(self, stream: str, bodies: Iterable[bytes], kinds: Mapping[str, Kind]) -> Any:
        """All records of the stream's bodies as one Arrow table with exactly these columns."""
        schema = arrow_schema(kinds)
        columns = orjson.dumps([{name: _SQL_TYPE[kind] for name, kind in kinds.items()}]).decode()
        pieces = [self._parse(chunk, columns).cast(schema) for chunk in _chunks(bodies)]
        return self._derive(stream, pa.concat_tables(pieces) if pieces else schema.empty_table())

    def with_facts(self, rows: Any) -> Any:
        """See `facts.with_facts`."""
        with self._lock:
            return with_facts(self._database(), rows)

    def _database(self) -> Any:
        # Who only reads finished files converts nothing.
        self._made = self._made or duckdb.connect(":memory:", config={"threads": 1})
        return self._made

    def _parse(self, bodies: list[bytes], columns: str) -> Any:
        with self._lock, self._database().cursor() as cursor:
            cursor.register("bodies", pa.table({"body": pa.array(bodies, type=pa.string())}))
            return cursor.sql(_PARSE, params={"columns": columns}).to_arrow_table()


def _chunks(bodies: Iterable[bytes]) -> Iterable[list[bytes]]:
    chunk: list[bytes] = []
    size = 0
    for body in bodies:
        chunk.append(body)
        size += len(body)
        if size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
