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
    CdnOptions,
    ControlServer,
    LocalCdn,
    LocalFunction,
    LogFolder,
    MovableClock,
    Template,
    load_template,
    local_authority,
    server_context,
)
from edgewise.cdn.origins.places import without_a_place
from edgewise.cli.errors import StartError
from edgewise.cli.running.addresses import certified, check_host, https_url, reachable, url
from edgewise.cli.running.apps import local_functions
from edgewise.cli.running.built import compile_site, differences, make_bundle, refresher, tell_of_changes
from edgewise.cli.running.child import given_up
from edgewise.cli.running.ports import free_port
from edgewise.cli.running.recording import Recording
from edgewise.cli.running.screen import Screen
from edgewise.cli.running.services import Services
from edgewise.cli.running.sources import SourceNames
from edgewise.cli.runs import STATE_FOLDER, Run, announce, running_in
from edgewise.site import Bundle, Site, load_site
from edgewise.store import reading_link

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
        options = self._options
        # Before anything is started or written: most mistakes are found here.
        check_host(options.host)
        site = None if options.template else self._load_site()
        template = load_template(options.template) if options.template else None
        described = site.file if site else options.template or Path()
        stack.push_async_callback(given_up, asyncio.create_task(tell_of_changes(described, self._screen)))
        self._make_state_folder()
        self._refuse_a_second_run()
        services = Services(site, self._state, self._screen)
        await services.start(options.origins, stack)
        bundle = None
        if site is not None:
            bundle, template = self._build(site, services)
        assert template is not None
        logs = LogFolder(self._state / "logs", self._screen.message)
        stack.callback(logs.close)
        recording = Recording(self._screen, services.subscription, logs)
        places = await services.places()
        functions = local_functions(site, places, services.aws.variables) if site else {}
        cdn = LocalCdn(template, self._cdn_options(places, functions, services, recording, bundle))
        recording.follow(template, cdn.distribution, stack, access_log=options.access_log)
        port = await cdn.start(options.host, options.port)
        stack.push_async_callback(cdn.close)
        inspector = self._inspect(cdn, port, recording, stack)
        self._say_ready(port, services, inspector, stack)
        self._say_more(site, cdn, {*places, *functions}, recording)

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

    def _make_state_folder(self) -> None:
        try:
            self._state.mkdir(parents=True, exist_ok=True)
            (self._state / ".gitignore").write_text("*\n", encoding="utf-8")
        except OSError as error:
            hint = "edgewise keeps the store, logs and the built functions there"
            raise StartError(
                f"the folder cannot be written: {error.strerror}", file=self._state, hint=hint
            ) from None

    def _build(self, site: Site, services: Services) -> tuple[Bundle | None, Template]:
        """The functions' folder, if the site has functions, and its template."""
        build = self._state / "build"
        user, password = services.credentials.user, services.credentials.password
        delivery = {"user": user, "password": password, "url": services.store.url}
        bundle = make_bundle(site, build, delivery, services.aws.url)
        if bundle is not None and site.functions is not None:
            self._screen.in_source = SourceNames(bundle.target, site.functions.source)
        return bundle, compile_site(site, bundle, build)

    def _cdn_options(
        self,
        origins: Mapping[str, str],
        functions: Mapping[str, LocalFunction],
        services: Services,
        recording: Recording,
        bundle: Bundle | None,
    ) -> CdnOptions:
        authority = local_authority(self._state / "tls")
        return CdnOptions(
            distribution=self._options.distribution,
            origins=origins,
            functions=functions,
            location=self._options.location,
            max_environments=self._options.max_environments,
            lifetime=self._options.lifetime,
            credentials=services.aws.credentials,
            clock=self._clock,
            tls=server_context(authority, certified(self._options.host)),
            refresh_code=None if bundle is None else refresher(bundle, self._screen),
            on_request=recording.request,
            on_log=recording.log,
        )

    def _inspect(self, cdn: LocalCdn, port: int, recording: Recording, stack: AsyncExitStack) -> str:
        """Start the inspector; its address."""
        control = ControlServer(
            cdn,
            recording.history,
            self._clock,
            viewer_port=port,
            viewer_host=reachable(self._options.host),
            in_source=self._screen.in_source,
            logs=recording.logs.folder,
        )
        own_port = control.start("127.0.0.1", free_port(_CONTROL_PORT))
        stack.push_async_callback(control.close)
        return f"http://127.0.0.1:{own_port}"

    def _say_ready(self, port: int, services: Services, inspector: str, stack: AsyncExitStack) -> None:
        """To other commands, and to the user."""
        host, aws = self._options.host, services.aws.url
        viewers = url("http", host, port)
        self._announce(Run(str(self._state.resolve()), viewers, os.getpid(), inspector, aws), stack)
        self._screen.ready(
            url=viewers,
            https=https_url(host, port),
            ca=str((self._state / "tls" / "ca.pem").resolve()),
            store=services.store.url,
            dashboard=reading_link(services.store.url, services.credentials),
            inspector=inspector,
            **({"aws": aws} if aws else {}),
        )

    def _announce(self, run: Run, stack: AsyncExitStack) -> None:
        try:
            file = announce(run)
        except OSError as error:
            self._screen.message(f"other commands will not find this run by themselves: {error}")
        else:
            stack.callback(file.unlink, missing_ok=True)

    def _say_more(
        self, site: Site | None, cdn: LocalCdn, placed: Collection[str], recording: Recording
    ) -> None:
        """What is otherwise here than on AWS."""
        self._screen.notices([*cdn.notices, *recording.notices])
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
        for difference in differences(site) if site else ():
            self._screen.message(difference)
