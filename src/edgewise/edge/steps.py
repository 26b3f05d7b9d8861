"""The ordered steps of one trigger. The list is also the decorator that adds to it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar, overload

    StepFunction = TypeVar("StepFunction", bound=Callable[..., Any])


class Step:
    """One function at one trigger. If it is optional its failure is counted and the request goes on."""

    __slots__ = ("name", "optional", "run")

    def __init__(self, run: Callable[..., Any], optional: bool) -> None:
        self.name: str = getattr(run, "__name__", type(run).__name__)
        self.run = run
        self.optional = optional

    def __str__(self) -> str:
        """`name at file.py:line`, as far as it is known: what was added may be any callable."""
        code = getattr(self.run, "__code__", None)
        place = f" at {code.co_filename.rpartition('/')[2]}:{code.co_firstlineno}" if code else ""
        return self.name + place


class Steps(list[Step]):
    """In order of addition. Used as `@edge.viewer_request` or `@edge.viewer_request(optional=True)`."""

    __slots__ = ()

    if TYPE_CHECKING:

        @overload
        def __call__(self, run: StepFunction, /) -> StepFunction: ...
        @overload
        def __call__(self, /, *, optional: bool) -> Callable[[StepFunction], StepFunction]: ...

    def __call__(self, run: Any = None, /, *, optional: bool = False) -> Any:
        """Add `run` and return it unchanged; without `run`, return a decorator that does so."""

        def add(run: Any) -> Any:
            self.append(Step(run, optional))
            return run

        return add if run is None else add(run)
