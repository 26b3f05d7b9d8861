"""The real-time log of a run: its lines go through the function that the template has for them, into the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial

from edgewise.cdn import Distribution, LineDelivery, LogSink, Notice, Template, Trace, line_streams


class RealTimeLog:
    """`line` takes what is written into a stream. Nothing is started for a template without such a stream."""

    def __init__(self, template: Template, distribution: Distribution) -> None:
        self.notices: list[Notice] = []
        self._streams = line_streams(template, self.notices)
        self._deliveries: Mapping[str, LineDelivery] = {}
        # The behaviors whose requests come into the store this way alone, as they do on AWS.
        self._behaviors = frozenset(
            behavior.pattern
            for behavior in distribution.behaviors
            if behavior.realtime_log is not None and behavior.realtime_log.stream in self._streams
        )

    def start(
        self,
        stack: AsyncExitStack,
        forward: Callable[[str, bytes], None],
        say: Callable[[str], None],
        on_log: LogSink,
    ) -> None:
        """`forward` takes the store's stream and a record as JSON."""
        self._deliveries = {
            source: LineDelivery(one, partial(forward, one.records), say, on_log)
            for source, one in self._streams.items()
            if self._behaviors
        }
        for delivery in self._deliveries.values():
            stack.push_async_callback(delivery.close)

    def covers(self, trace: Trace) -> bool:
        """Whether this log tells of the request, or leaves it out of its sample."""
        return trace.behavior in self._behaviors

    def line(self, stream: str, line: str) -> None:
        """A line with its end, from any thread."""
        delivery = self._deliveries.get(stream)
        if delivery is not None:
            delivery.add(line)
