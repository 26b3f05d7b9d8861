"""Columns that follow from others: who asked with which browser (`user_agent`), and from which country (`client_ip`).

They are filled where records become columns, so that taking records costs nothing, and once per distinct value.
What knows agents and addresses is passed in; a value that the record brought itself stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from edgewise.store.known import ACCESS, EDGE

FILLED_STREAMS: Final = frozenset({EDGE, ACCESS})
AGENT_COLUMNS: Final = ("agent", "browser", "os", "device", "bot_reason")

# A stream's name and a table of its records, to the table with more of its cells filled.
Derive = Callable[[str, Any], Any]


class Agent(Protocol):
    """What a user agent says about who asked; empty text or None is not known."""

    @property
    def kind(self) -> str: ...
    @property
    def browser(self) -> str | None: ...
    @property
    def os(self) -> str | None: ...
    @property
    def device(self) -> str | None: ...
    @property
    def reason(self) -> str | None: ...


def nothing(stream: str, table: Any) -> Any:
    """Derive nothing."""
    return table


def derivation(
    classify: Callable[[str], Agent], country: Callable[[str], str | None] | None = None
) -> Derive:
    """Fills the agent's columns and, where there is an address database, `country`."""

    def agent(user_agent: str) -> tuple[str | None, ...]:
        found = classify(user_agent)
        return found.kind, found.browser, found.os, found.device, found.reason

    def derive(stream: str, table: Any) -> Any:
        if stream not in FILLED_STREAMS:
            return table
        table = _fill(table, AGENT_COLUMNS, "user_agent", agent)
        return (
            table if country is None else _fill(table, ("country",), "client_ip", lambda one: (country(one),))
        )

    return derive


def _fill(table: Any, names: Sequence[str], source: str, facts: Callable[[str], Sequence[str | None]]) -> Any:
    """The table with the null cells of these columns filled with what `facts` says of the source's value."""
    if not table.num_rows or not {source, *names} <= set(table.column_names):
        return table
    # Only what is needed is asked for: one of a thousand records in a batch may bring its country.
    wanted = pc.if_else(_any_null(table, names), table[source], None)
    encoded = pc.dictionary_encode(wanted).combine_chunks()
    known = [[value or None for value in facts(one)] for one in encoded.dictionary.to_pylist()]
    for index, name in enumerate(names):
        column = pa.array([values[index] for values in known], pa.string()).take(encoded.indices)
        filled = pc.coalesce(table[name], column)
        table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), filled)
    return table


def _any_null(table: Any, names: Sequence[str]) -> Any:
    mask = pc.is_null(table[names[0]])
    for name in names[1:]:
        mask = pc.or_(mask, pc.is_null(table[name]))
    return mask
