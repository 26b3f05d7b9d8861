"""What a site is built into for a run: the functions' folder, kept up to date, and the template."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from edgewise.cdn import Template, load_template
from edgewise.cli.running.screen import Screen
from edgewise.errors import EdgewiseError
from edgewise.site import CODE_FOLDER, Bundle, Site, bundle_settings, compile_template, render_yaml


def make_bundle(site: Site, build: Path, store: Mapping[str, str]) -> Bundle | None:
    """The folder that the functions run from, inside `build`; None for a site without functions.

    `store` holds the address and the credentials for functions that deliver their records themselves.
    """
    if not site.runs_functions:
        return None
    log: dict[str, object] = {"delivery": "stdout"}
    if site.log is not None and site.log.delivery == "openobserve":
        log = {
            "delivery": "openobserve",
            "organization": "default",
            "stream": "edge",
            "budget_ms": 50,
            **store,
        }
    bundle = Bundle(site, build / CODE_FOLDER, bundle_settings(site, log=log))
    bundle.refresh()
    return bundle


def compile_site(site: Site, bundle: Bundle | None, build: Path) -> Template:
    """Compile the site and hand over the template as a file, as anyone's: the local CDN knows nothing else."""
    build.mkdir(parents=True, exist_ok=True)
    file = build / "template.yaml"
    file.write_text(
        render_yaml(compile_template(site, code_hash=bundle.code_hash if bundle else "")), encoding="utf-8"
    )
    return load_template(file)


def refresher(bundle: Bundle, screen: Screen) -> Callable[[], None]:
    """Bring the functions' folder up to date; a source that cannot be bundled leaves the last good one running."""
    said = ""

    def refresh() -> None:
        nonlocal said
        try:
            bundle.refresh()
            said = ""
        except EdgewiseError as error:
            if str(error) != said:
                said = str(error)
                screen.message(f"the functions were not changed: {said}")

    return refresh


class ReadOnce:
    """A file that is read when `edgewise up` starts, the site's or the template's: a change of it is said, once each.

    `look` costs one system call.
    """

    def __init__(self, file: Path, screen: Screen) -> None:
        self._file = file
        self._screen = screen
        self._written = self._now()

    def look(self) -> None:
        """Say it if the file has changed since the last look."""
        now = self._now()
        if now != self._written:
            self._written = now
            self._screen.message(f"{self._file.name} has changed: start `edgewise up` again to use it")

    def _now(self) -> int:
        try:
            return self._file.stat().st_mtime_ns
        except OSError:
            return 0
