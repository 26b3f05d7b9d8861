"""One run of `edgewise up`: starts the parts in order, wires them together, and ends them in reverse."""

from __future__ import annotations

import asyncio
import os
import platform
import signal
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from edgewise.cdn import (
    AccessLogs,
    CdnOptions,
    ControlServer,
    History,
    LocalCdn,
    LocalFunction,
    LogEvent,
    LogFolder,
    LogSink,
    MovableClock,
    Subscription,
    Template,
    Trace,
    access_record,
    load_template,
    local_authority,
    server_context,
)
from edgewise.cdn.origins.places import without_a_place
from edgewise.cli.errors import StartError
from edgewise.cli.running.addresses import certified, check_host, https_url, reachable, url
from edgewise.cli.running.apps import local_functions
from edgewise.cli.running.built import compile_site, differences, make_bundle, refresher, tell_of_changes
from edgewise.cli.running.local_aws import LocalAws
from edgewise.cli.running.origins import start_origins
from edgewise.cli.running.ports import free_port
from edgewise.cli.running.real_time import RealTimeLog
from edgewise.cli.running.screen import Screen
from edgewise.cli.running.sources import SourceNames
from edgewise.cli.running.store import StoreProcess
from edgewise.cli.running.views import ViewFiles
from edgewise.cli.runs import STATE_FOLDER, Run, announce, running_in
from edgewise.site import Bundle, Site, load_site
from edgewise.store import ensure_credentials, reading_link
from edgewise.store.known import PAGE_VIEWS

_STORE_PORT = 5080  # OpenObserve's own
_CONTROL_PORT = 8081


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What the command line said. Exactly one of `directory` and `template` is used."""

    directory: Path
    template: Path | None
    distribution: str | None
    port: int
    origins: Mapping[str, str]
    max_environments: int
    lifetime: float | None
    host: str
    location: str
    access_log: bool = False


class Session:
    """`run` returns when the user ends it; everything that was started is gone then."""

    def __init__(self, options: UpOptions, screen: Screen) -> None:
        self._options = options
        self._screen = screen
        self._state = (Path() if options.template else options.directory) / STATE_FOLDER
        self._clock = MovableClock()
        self._history = History()

    async def run(self) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop.set)
        async with AsyncExitStack() as stack:
            starting = loop.create_task(self._start(stack))
            stopping = loop.create_task(stop.wait())
            # Ctrl-C while an origin is still starting must not wait for it.
            await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                starting.cancel()
            await asyncio.gather(starting, return_exceptions=stop.is_set())
            await stopping

    async def _start(self, stack: AsyncExitStack) -> None:
        options, screen = self._options, self._screen
        # Before anything is started or written: most mistakes are found here.
        check_host(options.host)
        site = None if options.template else self._load_site()
        template = load_template(options.template) if options.template else None
        described = site.file if site else options.template or Path()
        stack.push_async_callback(_given_up, asyncio.create_task(tell_of_changes(described, screen)))
        self._make_state_folder()
        self._refuse_a_second_run()
        views = ViewFiles(lambda view: subscription.add(PAGE_VIEWS, view), screen.message)
        self._aws = LocalAws(site, self._state, screen.output, views.written)
        stack.push_async_callback(self._aws.stop)
        # These and the origins' commands start while the store does: all take their time.
        aws = asyncio.get_running_loop().create_task(self._aws.start())
        places = asyncio.get_running_loop().create_task(self._origins(site, aws, stack))
        stack.push_async_callback(_given_up, places)
        store = StoreProcess(self._state / "store", screen.output)
        credentials = ensure_credentials(store.directory)
        stack.push_async_callback(store.stop)
        await store.start(_STORE_PORT)
        subscription = Subscription(store.url, credentials.user, credentials.password, screen.message)
        stack.push_async_callback(self._close_subscription, subscription)
        await aws
        if site is not None and site.statistics:
            views.start(self._aws.url)
            stack.push_async_callback(views.close)

        bundle = None
        if site is not None:
            delivery = {"user": credentials.user, "password": credentials.password, "url": store.url}
            bundle = make_bundle(site, self._state / "build", delivery, self._aws.url)
            if bundle is not None and site.functions is not None:
                screen.in_source = SourceNames(bundle.target, site.functions.source)
            template = compile_site(site, bundle, self._state / "build")
        assert template is not None
        logs = LogFolder(self._state / "logs", screen.message)
        stack.callback(logs.close)
        placed = await places
        behind = local_functions(site, placed, self._aws.variables) if site else {}
        cdn = self._cdn(template, placed, behind, subscription, logs, bundle)
        screen.function_log.folders = {function.code for function in cdn.distribution.functions.values()}
        self._write_access_logs(template, cdn, logs, subscription, stack)
        port = await cdn.start(options.host, options.port)
        stack.push_async_callback(cdn.close)
        control = ControlServer(
            cdn,
            self._history,
            self._clock,
            viewer_port=port,
            viewer_host=reachable(options.host),
            in_source=screen.in_source,
            logs=logs.folder,
        )
        inspector = f"http://127.0.0.1:{control.start('127.0.0.1', free_port(_CONTROL_PORT))}"
        stack.push_async_callback(control.close)
        viewers = url("http", options.host, port)
        run = Run(str(self._state.resolve()), viewers, os.getpid(), inspector, self._aws.url)
        self._announce(stack, run)
        screen.ready(
            url=viewers,
            https=https_url(options.host, port),
            ca=str((self._state / "tls" / "ca.pem").resolve()),
            store=store.url,
            dashboard=reading_link(store.url, credentials),
            inspector=inspector,
            **({"aws": self._aws.url} if self._aws.url else {}),
        )
        self._tell(cdn, {*placed, *behind})
        for difference in differences(site) if site else ():
            screen.message(difference)

    def _write_access_logs(
        self,
        template: Template,
        cdn: LocalCdn,
        logs: LogFolder,
        subscription: Subscription,
        stack: AsyncExitStack,
    ) -> None:
        screen = self._screen
        self._real_time = RealTimeLog(template, cdn.distribution)
        self._real_time.start(stack, subscription.add, screen.message, self._log_of(logs))
        self._access_logs = AccessLogs.of(
            cdn.distribution,
            logs.folder,
            screen.message,
            always=self._options.access_log,
            on_line=self._real_time.line,
        )
        stack.callback(self._access_logs.close)

    def _log_of(self, logs: LogFolder) -> LogSink:
        """What becomes of the log of a function that makes no records of its own."""

        def on_log(event: LogEvent) -> None:
            logs(event)
            self._screen.log(event)

        return on_log

    def _load_site(self) -> Site:
        """The site, whose images have all that they need to run here."""
        site = load_site(self._options.directory)
        local_functions(site, self._options.origins, {})
        return site

    def _refuse_a_second_run(self) -> None:
        run = running_in(self._state)
        if run is not None:
            hint = "use that one, or end it first"
            raise StartError(
                f"edgewise up runs here already, at {run.url} (pid {run.pid})", file=self._state, hint=hint
            )

    def _announce(self, stack: AsyncExitStack, run: Run) -> None:
        try:
            file = announce(run)
        except OSError as error:
            self._screen.message(f"other commands will not find this run by themselves: {error}")
        else:
            stack.callback(file.unlink, missing_ok=True)

    async def _origins(
        self, site: Site | None, aws: asyncio.Task[None], stack: AsyncExitStack
    ) -> dict[str, str]:
        """Where each origin is: what the user said, else what the site says. AWS is there before they start."""
        given = dict(self._options.origins)
        if site is None:
            return given
        await aws
        return given | await start_origins(site, set(given), stack, self._screen.output, self._aws.variables)

    def _make_state_folder(self) -> None:
        try:
            self._state.mkdir(parents=True, exist_ok=True)
            (self._state / ".gitignore").write_text("*\n", encoding="utf-8")
        except OSError as error:
            hint = "edgewise keeps the store, logs and the built functions there"
            raise StartError(
                f"the folder cannot be written: {error.strerror}", file=self._state, hint=hint
            ) from None

    def _cdn(
        self,
        template: Template,
        origins: Mapping[str, str],
        functions: Mapping[str, LocalFunction],
        subscription: Subscription,
        logs: LogFolder,
        bundle: Bundle | None,
    ) -> LocalCdn:
        def on_log(event: LogEvent) -> None:
            logs(event)
            subscription.log_event(event)
            self._screen.log(event)

        def on_request(trace: Trace) -> None:
            if not self._real_time.covers(trace):
                subscription.access(access_record(trace))
            self._history.add(trace)
            self._access_logs(trace)
            self._screen.request(trace)

        authority = local_authority(self._state / "tls")
        return LocalCdn(
            template,
            CdnOptions(
                distribution=self._options.distribution,
                origins=origins,
                functions=functions,
                location=self._options.location,
                max_environments=self._options.max_environments,
                lifetime=self._options.lifetime,
                credentials=self._aws.credentials,
                clock=self._clock,
                tls=server_context(authority, certified(self._options.host)),
                refresh_code=None if bundle is None else refresher(bundle, self._screen),
                on_request=on_request,
                on_log=on_log,
            ),
        )

    def _tell(self, cdn: LocalCdn, placed: Collection[str]) -> None:
        self._screen.notices([*cdn.notices, *self._real_time.notices])
        for origin in without_a_place(cdn.distribution, placed):
            self._screen.message(
                f"the origin {origin.id} is asked at its real address {origin.domain}; "
                f"--origin {origin.id}=http://127.0.0.1:PORT names one here"
            )
        here = "python" + ".".join(platform.python_version_tuple()[:2])
        wanted = {function.runtime for function in cdn.distribution.functions.values()} - {here}
        for runtime in sorted(wanted):
            self._screen.message(f"functions ask for {runtime}; on this machine they run on {here}")
        if cdn.uses_own_runtime_client:
            self._screen.message(
                "AWS's runtime client is not installed here: functions run on a small one of our own"
            )

    async def _close_subscription(self, subscription: Subscription) -> None:
        left = await subscription.close()
        if left or subscription.dropped:
            self._screen.message(f"records that did not reach the store: {left + subscription.dropped}")


async def _given_up(task: asyncio.Task[object]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
