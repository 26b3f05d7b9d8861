"""One past request, told in full: a plain dictionary that is the JSON of the inspector and all that its page shows.

Made when somebody asks, from the trace. Fields: `docs/inspect.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edgewise.cdn.cachekey import spelled
from edgewise.cdn.control import stages
from edgewise.cdn.control.changes import changes
from edgewise.cdn.control.masking import Mask
from edgewise.cdn.control.printed import printed
from edgewise.cdn.event import text
from edgewise.cdn.message import Headers
from edgewise.cdn.trace import CacheLook, FunctionRun, OriginExchange, Trace

Report = dict[str, Any]
Source = Callable[[str], str]


def summary(trace: Trace) -> Report:
    """One line of the list of requests. Durations are in milliseconds."""
    request = trace.request
    return {
        "request_id": trace.request_id,
        "time": datetime.fromtimestamp(trace.started, UTC).isoformat(timespec="milliseconds"),
        "method": request.method,
        "path": text(request.uri),
        "query": text(request.query),
        "host": text(trace.host),
        "status": trace.status,
        "result": trace.result,
        "ms": round(trace.duration_ms, 3),
        "edge_location": trace.edge_location,
        "behavior": trace.behavior,
        "cache": trace.cache.outcome,
        "functions": [run.trigger for run in trace.functions],
        "detail": trace.detail,
    }


def inspection(trace: Trace, mask: Mask, in_source: Source, logs: Path | None = None) -> Report:
    """Everything about one request. `in_source` says the file that a person edits for one that was built from it.

    `logs` is the folder with what functions printed.
    """
    return {
        **summary(trace),
        "detail": in_source(trace.detail),
        "response_result": trace.response_result,
        "detailed_result": trace.detailed_result,
        "distribution": {"id": trace.distribution_id, "domain": trace.distribution_domain},
        "region": trace.region,
        "origin": trace.origin,
        "viewer": _viewer(trace, mask),
        "cache": _cache(trace.cache, mask),
        "functions": [_function(run, trace, mask, in_source, logs) for run in trace.functions],
        "origin_requests": [_exchange(exchange, mask) for exchange in trace.exchanges],
        # In which order the functions and requests to origins above took place.
        "walk": ["function" if run is not None else "origin" for run, _ in stages.steps(trace)],
        "timings": timings(trace),
        "answer": {
            "status": trace.status,
            "headers": [] if trace.answer is None else _lines(trace.answer, mask),
            "bytes_sent": trace.bytes_sent,
        },
        "stages": {
            "request": _stages(stages.requests(trace, mask)),
            "response": _stages(stages.responses(trace, mask)),
        },
        "masked": not mask.reveal,
    }


def _viewer(trace: Trace, mask: Mask) -> Report:
    request = trace.request
    return {
        "address": request.viewer,
        "port": request.viewer_port,
        "country": trace.facts.country,
        "scheme": request.scheme,
        "http_version": request.http_version,
        "headers": _lines(request.headers, mask),
        "body_bytes": len(request.body),
        "body": mask.secret(request.body[:2_000].decode("utf-8", "replace")),
    }


def _lines(headers: Headers, mask: Mask) -> list[list[str]]:
    return [[text(name), mask.header(name, text(value))] for name, value in headers]


def _cache(look: CacheLook, mask: Mask) -> Report:
    key = _spelled(look, look.raw_key, mask)
    there = dict(_spelled(look, look.nearest, mask))
    return {
        "outcome": look.outcome,
        "reason": look.reason,
        "key": key,
        # Why an object with the same path was not this one: the parts of the key in which they differ.
        "nearest": [
            {"part": name, "here": value, "there": there.get(name, "")}
            for name, value in key
            if there and there.get(name, "") != value
        ],
        "age_seconds": None if look.age is None else round(look.age, 3),
        "ttl_seconds": None if look.ttl is None else round(look.ttl, 3),
    }


def _spelled(look: CacheLook, key: Any, mask: Mask) -> list[list[str]]:
    if key is None or look.policy is None:
        return []
    return [[name, mask.key_part(name, text(value))] for name, value in spelled(key, look.policy)]


def _function(run: FunctionRun, trace: Trace, mask: Mask, in_source: Source, logs: Path | None) -> Report:
    given, returned = stages.parts(run)
    said = [] if logs is None else printed(logs, trace.region, run, trace.started)
    shown: Report = {
        "trigger": run.trigger,
        "function": run.function,
        "file": in_source(run.file),
        "request_id": run.request_id,
        "ms": round(run.milliseconds, 3),
        "cold": run.cold,
        "error": in_source(run.error),
        "rule": None,
        "printed": [mask.known(in_source(line), trace.request) for line in said],
        "changes": [asdict(each) for each in changes(given, returned, mask)],
        "event": mask.event(stages.decoded(run.event)),
        "result": mask.event(stages.decoded(run.result)),
    }
    if run.explanation is not None:
        shown["rule"] = asdict(run.explanation)
    return shown


def _exchange(exchange: OriginExchange, mask: Mask) -> Report:
    request = exchange.request
    return {
        "origin": exchange.origin,
        "domain": exchange.domain,
        "method": request.method,
        "path": text(request.uri),
        "query": text(request.query),
        "headers": _lines(request.headers, mask),
        "body_bytes": len(request.body),
        "status": exchange.status,
        "answer_headers": _lines(exchange.headers, mask),
        "ms": round(exchange.milliseconds, 3),
        "error": exchange.error,
    }


def timings(trace: Trace) -> list[Report]:
    """Milliseconds of each step in the order of the walk.

    What is left of the whole is the CDN itself, and the start of environments: a cold function's time is that of its
    handler.
    """
    taken = []
    for run, exchange in stages.steps(trace):
        if run is not None:
            taken.append((f"{run.trigger} {run.function}{' (cold)' if run.cold else ''}", run.milliseconds))
        else:
            taken.append((f"origin {exchange.domain}", exchange.milliseconds))
    rest = max(0.0, trace.first_byte_ms - sum(ms for _, ms in taken))
    taken += [
        ("the CDN itself" + (" and cold starts" if trace.cold_starts else ""), rest),
        ("first byte", trace.first_byte_ms),
        ("last byte", trace.duration_ms),
    ]
    return [{"step": step, "ms": round(ms, 3)} for step, ms in taken]


def _stages(columns: list[stages.Stage]) -> Report:
    return {
        "columns": [{"title": stage.title, "note": stage.note} for stage in columns],
        "rows": [
            {
                "field": row.field,
                "cells": [{"value": cell.value, "changed": cell.changed} for cell in row.cells],
            }
            for row in stages.table(columns)
        ],
    }
