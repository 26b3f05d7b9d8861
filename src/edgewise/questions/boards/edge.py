"""Questions over the records of functions alone, in the dialects of stores that have no view `requests`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from edgewise.questions.binding import with_relation
from edgewise.questions.catalogue import Question, relation
from edgewise.questions.engines import ANY, Engine
from edgewise.questions.parameters import bounds

_NAMES: Final = {
    "VARCHAR": "request_id trigger host method path query client_ip visitor user_agent referrer language country "
    "device content_type region function_version environment_id failure version agent bot_reason browser os release "
    "decision",
    "BIGINT": "_timestamp status environment_age_ms invocation memory_hits memory_misses sent retried dropped "
    "batch_age_ms failed_steps",
    "DOUBLE": "duration_ms waited_ms origin_ms",
    "BOOLEAN": "cold",
}
# The columns of a function's records that questions name, with their types.
COLUMNS: Final[Mapping[str, str]] = {name: kind for kind, names in _NAMES.items() for name in names.split()}
_BUCKET: Final = "_timestamp - _timestamp % $bucket"
_PERCENTILE = re.compile(r"percentile_cont\(([\d.]+)\) WITHIN GROUP \(ORDER BY (\w+)\)")
_DEFAULTS: Final = {"$top": "10", "$find": "''", **bounds({})}


def openobserve(question: Question, stream: str, known: Collection[str]) -> str:
    """The question for a stream of OpenObserve with these columns. Its dashboard has the variable `$bucket`.

    The time is not in it: OpenObserve bounds every query by the dashboard's own.
    """
    sql = question.sql.replace(_BUCKET, "histogram(_timestamp, '$bucket')")
    return _approximate(_over(question, sql, _source(stream, known)))


def alert_for_openobserve(sql: str, stream: str, known: Collection[str]) -> str:
    """An alert's statement for the same stream."""
    return _approximate(sql.replace("FROM edge", f"FROM {_source(stream, known)}"))


def athena_over_edge(question: Question, table: str, start: str, end: str, bucket: str) -> str:
    """The question for a table of Athena, with placeholders (digits and a program's variables) for the times.

    The statement is translated with numbers in the places of the variables, which it does not understand.
    """
    from edgewise.questions.dialects import to_athena

    marks = {start: "1000000000000001", end: "1000000000000002", bucket: "1000000000000003"}
    places = {"$start": marks[start], "$end": marks[end], "$bucket": marks[bucket]}
    sql = _filled(question.sql, places)
    times = f"_timestamp >= {marks[start]} AND _timestamp < {marks[end]}"
    text = to_athena(_over(question, sql, _source(table, COLUMNS, times)))
    for variable, mark in marks.items():
        text = text.replace(mark, variable)
    return text


def athena_view(table: str) -> str:
    """The statement that makes the view `requests` in Athena, which the questions there read."""
    from edgewise.questions.dialects import to_athena

    requests = _reading(_source(table, COLUMNS)).fill(relation("edge_requests"))
    return f"CREATE OR REPLACE VIEW requests AS\n{to_athena(requests)}"


def _over(question: Question, sql: str, source: str) -> str:
    engine = _reading(source)
    requests = engine.fill(relation("edge_requests"))
    engine = replace(engine, requests=f"(\n{requests}\n) AS requests")
    return with_relation(question, [], engine.fill(_filled(sql, _DEFAULTS)), engine)


def _filled(sql: str, places: Mapping[str, str]) -> str:
    for place, value in places.items():
        sql = sql.replace(place, value)
    return sql


def _reading(source: str) -> Engine:
    return replace(ANY, edge=source)


def _source(name: str, known: Collection[str], where: str = "true") -> str:
    """The stream with every column that a question may name: what it has, and null for what it has not."""
    columns = [
        column if column in known else f"CAST(NULL AS {kind}) AS {column}" for column, kind in COLUMNS.items()
    ]
    quoted = '"' + name.replace('"', '""') + '"'
    return f"(SELECT {', '.join(columns)} FROM {quoted} WHERE {where}) AS edge"


def _approximate(sql: str) -> str:
    """With OpenObserve's percentiles, which need no more memory for more records."""
    return _PERCENTILE.sub(r"approx_percentile_cont(\2, \1)", sql)
