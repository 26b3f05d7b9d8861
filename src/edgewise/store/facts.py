"""What the questions ask of nearly every request, found out once: files of `access` have columns for it.

    is page      whether it was a page
    visitor key  the visitor as a number: of the key in the record, else of day, host, address and agent; or null

They are no columns of the stream: the space keeps them apart, and `COLUMNS_OF_STREAM` leaves them out. The view
`known requests` has them of every request: computed, where no file has them. A file's footer tells by which rule they
were made, and by which DuckDB, whose hashes may change.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

import duckdb
import pyarrow as pa

from edgewise.agents.pages import PAGE

_VISITOR: Final = """CASE
    WHEN visitor IS NOT NULL THEN hash(visitor)
    WHEN client_ip IS NOT NULL THEN hash(
        _timestamp - _timestamp % 86400000000, coalesce(host, ''), client_ip, coalesce(user_agent, '')
    )
END"""
FIELDS: Final = (pa.field("is page", pa.bool_()), pa.field("visitor key", pa.uint64()))
NAMES: Final = tuple(field.name for field in FIELDS)
# A list of SELECT, over the columns of a request.
FACTS: Final = f'{PAGE} AS "{NAMES[0]}", {_VISITOR} AS "{NAMES[1]}"'
COLUMNS_OF_STREAM: Final = "COLUMNS(lambda name: NOT contains(name, ' '))"
_RULE = sha256(f"{FACTS} {duckdb.__version__}".encode()).hexdigest()[:16]
MARK: Final = {b"edgewise.facts": _RULE.encode()}


def with_facts(database: Any, rows: Any) -> Any:
    """An Arrow table of records of `access` with these columns at its end, made by a DuckDB of one thread."""
    with database.cursor() as cursor:
        cursor.register("rows", rows)
        made = cursor.sql(f"SELECT {FACTS} FROM rows").to_arrow_table()
    for field in FIELDS:
        rows = rows.append_column(field, made[field.name].cast(field.type))
    return rows


def extended(schema: Any) -> Any:
    """An Arrow schema with them at its end."""
    return pa.schema([*without_facts(schema), *FIELDS])


def without_facts(schema: Any) -> Any:
    """An Arrow schema without them."""
    return pa.schema([field for field in schema if field.name not in NAMES])


def said(schema: Any) -> dict[bytes, bytes]:
    """What the footer of a file with these columns says about them."""
    return MARK if set(NAMES) <= set(schema.names) else {}
