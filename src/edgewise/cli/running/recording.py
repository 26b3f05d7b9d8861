"""Where requests and what functions print go: the screen, the store, the inspector's history, CloudFront's own logs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack

from edgewise.cdn import (
    AccessLogs,
    Distribution,
    History,
    LogEvent,
    LogFolder,
    Notice,
    Subscription,
    Template,
    Trace,
    access_record,
)
from edgewise.cli.running.real_time import RealTimeLog
from edgewise.cli.running.screen import Screen


class Recording:
    """The local CDN is given `request` and `log`; `follow` comes before its first request."""

    def __init__(self, screen: Screen, subscription: Subscription, logs: LogFolder) -> None:
        self.history = History()
        self.logs = logs
        self._screen = screen
        self._subscription = subscription

    def follow(
        self, template: Template, distribution: Distribution, stack: AsyncExitStack, *, access_log: bool
    ) -> None:
        """Begin the logs that the template asks for, and with `access_log` the standard one in any case."""
        screen = self._screen
        screen.function_log.folders = {function.code for function in distribution.functions.values()}
        self._real_time = RealTimeLog(template, distribution)
        self._real_time.start(stack, self._subscription.add, screen.message, self._log_without_records)
        self._access_logs = AccessLogs.of(
            distribution, self.logs.folder, screen.message, always=access_log, on_line=self._real_time.line
        )
        stack.callback(self._access_logs.close)

    @property
    def notices(self) -> Sequence[Notice]:
        """What of the template's logs is not simulated."""
        return self._real_time.notices

    def request(self, trace: Trace) -> None:
        """A request was answered."""
        if not self._real_time.covers(trace):
            self._subscription.access(access_record(trace))
        self.history.add(trace)
        self._access_logs(trace)
        self._screen.request(trace)

    def log(self, event: LogEvent) -> None:
        """A function printed a line, which may be a record."""
        self._subscription.log_event(event)
        self._log_without_records(event)

    def _log_without_records(self, event: LogEvent) -> None:
        self.logs(event)
        self._screen.log(event)
