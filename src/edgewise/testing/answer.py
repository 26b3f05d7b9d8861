"""What a visitor of a test got, and what happened on the way."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from edgewise.cdn import Trace
from edgewise.testing.errors import TestingError
from edgewise.testing.records import Records

__tracebackhide__ = True  # pytest shows the line of the test, not ours

_SHOWN = 160  # characters of a problem: pytest cuts the middle out of what is much longer


@dataclass(frozen=True, repr=False)
class Answer:
    """An HTTP answer with its trace. `headers` are the lines as they came; `records` are those of this request."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes
    trace: Trace
    records: Records

    def __repr__(self) -> str:
        """What a failed `assert` has to show: status, cache and problem first, and not much more."""
        problem = " ".join(self.problem.split())
        if len(problem) > _SHOWN:
            problem = problem[: _SHOWN - 1] + "…"
        request = self.trace.request
        said = f": {problem}" if problem else ""
        return f"<Answer {self.status} {self.cache}{said} ({request.method} {request.target[:40]})>"

    def header(self, name: str, default: str = "") -> str:
        """All values of a header, joined by commas; its name in any capitals."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else default

    @property
    def text(self) -> str:
        """Raises `TestingError` for a body that is not UTF-8."""
        try:
            return self.body.decode("utf-8")
        except UnicodeDecodeError:
            raise TestingError(f"the body is no text in UTF-8: {self!r}", hint="look at `body`") from None

    def json(self) -> Any:
        """Raises `TestingError` for a body that is no JSON, such as a page that tells of an error."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise TestingError(f"the body is no JSON: {self!r}", hint="look at `body`") from None

    @property
    def cache(self) -> str:
        """What `X-Cache` says: `Hit`, `Miss`, `RefreshHit`, `Error`, `LambdaValidationError` and so on."""
        return self.header("x-cache").removesuffix(" from cloudfront")

    @property
    def request_id(self) -> str:
        return self.trace.request_id

    @property
    def why(self) -> str:
        """Why it was a hit or a miss, with the part of the cache key that made the difference."""
        return self.trace.cache.explanation

    @property
    def problem(self) -> str:
        """What CloudFront would tell the developer of an error; empty when all went well."""
        return self.trace.detail

    @cached_property
    def events(self) -> Mapping[str, Any]:
        """The event of each trigger that ran, by the trigger's name; of two runs the last."""
        return {run.trigger: json.loads(run.event) for run in self.trace.functions}

    @cached_property
    def results(self) -> Mapping[str, Any]:
        """What each function returned, by the trigger's name; a function that failed has none."""
        runs = (run for run in self.trace.functions if run.result and not run.error)
        return {run.trigger: json.loads(run.result) for run in runs}
