"""Pictures of the dashboard, taken by a Chromium that is on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from examples.pictures.shop import Store

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
)
_PATIENCE = 60_000


def photograph(
    store: Store, folder: Path, scheme: str, pages: Sequence[tuple[str, str, int, int, int]]
) -> None:
    """One PNG for each page: name, address, width, height, and pixels for each of these."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        raise SystemExit("there is no Chromium on this machine, which takes the pictures")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(_QUIET))
        for name, address, width, height, pixels in pages:
            page = browser.new_page(
                viewport={"width": width, "height": height},
                device_scale_factor=pixels,
                color_scheme="dark" if scheme == "dark" else "light",
                http_credentials={"username": store.user, "password": store.password},
            )
            page.goto(f"{store.url}/{address}")
            page.wait_for_selector("#views a", timeout=_PATIENCE)
            page.wait_for_selector(".waiting", state="detached", timeout=_PATIENCE)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=folder / f"{name}-{scheme}.png")
            page.close()
        browser.close()
