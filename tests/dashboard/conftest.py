"""A running store with some days of a shop's traffic, and a real browser to look at its pages with."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from examples.pictures.traffic import Traffic

from store.conftest import Server, serving
from support.command import edgewise

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
VIEWS = (
    *("overview", "live", "pages", "sources", "visitors", "devices"),
    *("countries", "errors", "latency", "versions", "edge", "bots"),
)
# Tells the page's own policy violations to the test.
LISTEN = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
"""


def fill(server: Server, records: Iterator[tuple[str, dict[str, Any]]]) -> None:
    streams: dict[str, list[dict[str, Any]]] = {}
    for stream, record in records:
        streams.setdefault(stream, []).append(record)
    for stream, each in streams.items():
        assert server.post(stream, each)["successful"] == len(each)


def now() -> int:
    return time.time_ns() // 1000


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A store with a day of traffic that ends now, and the day's trouble whatever the hour. Tests only read it."""
    with serving(tmp_path_factory.mktemp("shop")) as server:
        fill(server, Traffic(now(), 27 / 24, 300).records())
        yield server


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "store") as server:
        yield server


@dataclass
class Looking:
    """A page in the browser with what went wrong on it."""

    page: Any
    server: Server
    troubles: list[str] = field(default_factory=list)

    def open(self, query: str = "") -> Any:
        """Go to a view and wait until it has its answers."""
        self.page.goto(f"{self.server.url}/{query}")
        self.settle()
        return self.page

    def settle(self) -> None:
        self.page.wait_for_selector("#views a")
        self.page.wait_for_selector(".waiting", state="detached")
        self.page.wait_for_load_state("networkidle")

    def fine(self) -> None:
        """Nothing was blocked, nothing failed, nothing but the store was asked."""
        self.troubles += self.page.evaluate("window.violations")
        assert not self.troubles


@pytest.fixture(scope="module")  # Playwright's event loop must be gone when other tests run theirs
def chromium() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def look(chromium: Any) -> Any:
    """`with look(server, width=360) as looking:` a fresh page that is logged in."""

    @contextmanager
    def looking(server: Server, width: int = 1280, scheme: str = "light") -> Iterator[Looking]:
        known = json.loads((server.directory / "credentials.json").read_bytes())
        context = chromium.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            http_credentials={"username": known["user"], "password": known["password"]},
            accept_downloads=True,
        )
        context.set_default_timeout(20_000)
        context.add_init_script(LISTEN)
        view = Looking(context.new_page(), server)
        view.page.on("dialog", lambda dialog: (view.troubles.append(dialog.message), dialog.dismiss()))
        view.page.on("pageerror", lambda error: view.troubles.append(str(error)))
        view.page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((server.url, "blob:"))
                else view.troubles.append(f"asked {request.url}")
            ),
        )
        try:
            yield view
        finally:
            context.close()

    return looking


@pytest.fixture
def run_report() -> Any:
    """Runs `edgewise report` over a server's store and gives the file."""

    def run(server: Server, out: Path, *options: str) -> Path:
        done = edgewise("report", "--store", str(server.directory), "--out", str(out), *options)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("wrote ")
        return out

    return run
