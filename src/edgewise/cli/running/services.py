"""What runs beside the local CDN, each in a process of its own: the store, the site's AWS, the origins' commands."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from edgewise.cdn import Subscription
from edgewise.cli.running.child import given_up
from edgewise.cli.running.local_aws import LocalAws
from edgewise.cli.running.origins import start_origins
from edgewise.cli.running.screen import Screen
from edgewise.cli.running.store import StoreProcess
from edgewise.cli.running.views import ViewFiles
from edgewise.site import Site
from edgewise.store import ensure_credentials
from edgewise.store.known import PAGE_VIEWS

_STORE_PORT = 5080  # OpenObserve's own


class Services:
    """They start at once, for each takes its time. `subscription` brings records to the store, once that is there."""

    def __init__(self, site: Site | None, state: Path, screen: Screen) -> None:
        """`state` is the folder of the run."""
        self._site = site
        self._screen = screen
        self._views = ViewFiles(lambda view: self.subscription.add(PAGE_VIEWS, view), screen.message)
        self.aws = LocalAws(site, state, screen.output, self._views.written)
        self.store = StoreProcess(state / "store", screen.output)

    async def start(self, placed: Mapping[str, str], stack: AsyncExitStack) -> None:
        """Returns when store and AWS are ready; origins may still be starting. Raises `StartError`.

        `placed` is where the user says that origins are. All are ended with `stack`.
        """
        stack.push_async_callback(self.aws.stop)
        aws = asyncio.get_running_loop().create_task(self.aws.start())
        self._origins = asyncio.get_running_loop().create_task(self._start_origins(placed, aws, stack))
        stack.push_async_callback(given_up, self._origins)
        self.credentials = ensure_credentials(self.store.directory)
        stack.push_async_callback(self.store.stop)
        await self.store.start(_STORE_PORT)
        user, password = self.credentials.user, self.credentials.password
        self.subscription = Subscription(self.store.url, user, password, self._screen.message)
        stack.push_async_callback(self._close_subscription)
        await aws
        if self._site is not None and self._site.statistics:
            self._views.start(self.aws.url)
            stack.push_async_callback(self._views.close)

    async def places(self) -> dict[str, str]:
        """Where each origin is, when all have started: what the user said, else what the site says."""
        return await self._origins

    async def _start_origins(
        self, placed: Mapping[str, str], aws: asyncio.Task[None], stack: AsyncExitStack
    ) -> dict[str, str]:
        if self._site is None:
            return dict(placed)
        await aws  # their commands may ask it at once
        started = await start_origins(self._site, set(placed), stack, self._screen.output, self.aws.variables)
        return {**placed, **started}

    async def _close_subscription(self) -> None:
        left = await self.subscription.close()
        if left or self.subscription.dropped:
            self._screen.message(f"records that did not reach the store: {left + self.subscription.dropped}")
