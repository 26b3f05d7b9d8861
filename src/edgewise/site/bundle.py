"""Assembles the folder that runs as the functions: the user's files, the edge runtime, the baked settings and data.

The runtime is found on the disk beside this package and copied; it is never imported here. This module decides
what is in the folder; `sources.py` looks at the sources, `lean.py` takes from the runtime what nobody needs there,
`manifest.py` tells ours from others', `folder.py` writes.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from edgewise.site.data import AGENTS_FILE, COUNTRIES_FILE, data_files
from edgewise.site.errors import BundleError
from edgewise.site.folder import Entry, bring
from edgewise.site.lean import lean
from edgewise.site.limits import DELIVERIES
from edgewise.site.manifest import own_names
from edgewise.site.model import GENERATED_MODULE, Functions, Site
from edgewise.site.settings import has_secrets
from edgewise.site.sources import Source, is_skipped, scan

SETTINGS_FILE = "edgewise_settings.json"
_RUNTIME = Path(__file__).parent.parent / "edge"
_RUNTIME_PREFIX = "edgewise/edge/"
_HANDLER_CODE = b'''\
"""The handler of a site without steps of its own."""

from edgewise.edge import Edge

handler = Edge()
'''


class Bundle:
    """A functions' folder and the sources it is made of.

    `settings` is what `bundle_settings` made. The folder `target` belongs to the bundle: one that holds anything which
    no bundle wrote there is refused before it is touched, and so is one among the sources. `code_hash` (hex) stands
    for the folder's content once `refresh` was called.
    """

    def __init__(self, site: Site, target: Path, settings: Mapping[str, Any]) -> None:
        self.target = target.absolute()
        self.handler = site.handler
        self.code_hash = ""
        self._functions = site.functions
        self._settings = settings
        self._data = data_files(site, settings)
        # The site's own sources as they were read last.
        self._own: tuple[Source, ...] = ()
        if site.functions:
            _refuse_overlap(self.target, site.functions.source)

    def refresh(self) -> bool:
        """Bring the folder up to date with its sources; True when its content changed.

        While no source of the site changes this looks at their directory entries and does nothing else; the library
        is looked at with those that changed. Raises `BundleError`; the folder then still holds what it held, unless
        the disk itself failed.
        """
        own = scan(self._functions.source, "") if self._functions else ()
        if self.code_hash and own == self._own:
            return False
        plan = self._plan(own)
        code_hash = _hash(plan)
        changed = code_hash != self.code_hash
        if changed:
            ours = may_rewrite(self.target, plan, SETTINGS_FILE)
            # Known to be nothing until all of it is written, so that a full disk is not taken for success later.
            self.code_hash = ""
            write_folder(self.target, plan, ours)
        self.code_hash, self._own = code_hash, own
        return changed

    def _plan(self, sources: tuple[Source, ...]) -> dict[str, Entry]:
        """Every file of the folder by its path in it."""
        text = json.dumps(self._settings, sort_keys=True, indent=2) + "\n"
        own, runtime = map(read_all, (sources, scan(_RUNTIME, _RUNTIME_PREFIX)))
        runtime = {
            name: Entry(lean(one.content)) for name, one in runtime.items() if _is_used(name, self._settings)
        }
        if self._functions:
            _refuse_shadows(own, self._functions.source)
            _refuse_missing_handler(own, self._functions)
        else:
            own = {f"{GENERATED_MODULE}.py": Entry(_HANDLER_CODE)}
        return {
            # All may read it, since Lambda runs the code as a user of its own; a secret never goes there.
            SETTINGS_FILE: Entry(text.encode(), 0o600 if has_secrets(self._settings) else 0o644),
            **{name: Entry(content) for name, content in self._data.items()},
            # Empty: at the edge this package is only the place of `edgewise.edge`.
            "edgewise/__init__.py": Entry(b""),
            **runtime,
            **own,
        }


def may_rewrite(target: Path, plan: Mapping[str, Entry], marker: str) -> frozenset[str]:
    """The names in a folder that may be overwritten and deleted (see `own_names`). Raises `BundleError`."""
    try:
        return own_names(target, plan.keys(), marker)
    except OSError as error:
        raise BundleError(
            f"cannot use this as the functions' folder: {error.strerror}", file=target
        ) from error


def write_folder(target: Path, plan: Mapping[str, Entry], own: frozenset[str]) -> None:
    """Make the folder hold the files of the plan (see `bring`). Raises `BundleError`."""
    try:
        bring(target, plan, own)
    except OSError as error:
        raise BundleError(
            f"cannot write the functions' folder: {error.strerror}", file=error.filename or target
        ) from error


def _is_used(module: str, settings: Mapping[str, Any]) -> bool:
    """Whether the site needs a module of the runtime: of deliveries its own, and standard output to fall back on."""
    for part in ("rollout", "statistics", "rewrite"):
        if module.startswith((f"{_RUNTIME_PREFIX}{part}/", f"{_RUNTIME_PREFIX}{part}.py")):
            return part in settings
    used = ("stdout", settings.get("log", {}).get("delivery"), settings.get("statistics", {}).get("path"))
    unused = (
        f"{_RUNTIME_PREFIX}delivery/{one.replace('-', '_')}.py" for one in DELIVERIES if one not in used
    )
    return module not in unused


def read_all(seen: Iterable[Source]) -> dict[str, Entry]:
    """The files of a scan by their names. Raises `BundleError`."""
    files: dict[str, Entry] = {}
    for source in seen:
        try:
            files[source.name] = Entry(Path(source.path).read_bytes())
        except FileNotFoundError:
            # Gone since the scan; the next scan will differ from this one.
            continue
        except OSError as error:
            raise BundleError(
                f"cannot read the functions' source: {error.strerror}", file=source.path
            ) from error
    return files


def _hash(plan: Mapping[str, Entry]) -> str:
    digest = hashlib.sha256()
    for name in sorted(plan):
        content = plan[name].content
        digest.update(f"{name}\0{len(content)}\0".encode(errors="surrogateescape") + content)
    return digest.hexdigest()


def _refuse_shadows(files: Mapping[str, Entry], source: Path) -> None:
    """A file of the user's that Python, or the runtime, would find in place of ours."""
    for name in files:
        top = name.split("/")[0]
        if top.split(".")[0].casefold() == "edgewise" or name in (SETTINGS_FILE, AGENTS_FILE, COUNTRIES_FILE):
            raise BundleError(
                f"`{top}` would hide the part of Edgewise that runs at the edge",
                file=source / top,
                hint="Give it another name.",
            )


def _refuse_missing_handler(files: Mapping[str, Entry], functions: Functions) -> None:
    if not any(name in files for name in functions.handler_files):
        raise BundleError(
            f"the handler's module is not there: {functions.handler_files[0]}",
            file=functions.source,
            hint=f"The handler is {functions.handler}.",
        )


def _refuse_overlap(target: Path, source: Path) -> None:
    # realpath, because Path.resolve raises on links in a circle.
    inner, outer = Path(os.path.realpath(target)), Path(os.path.realpath(source))
    inside = inner.is_relative_to(outer) and not any(map(is_skipped, inner.relative_to(outer).parts))
    if inside or outer.is_relative_to(inner):
        raise BundleError(
            f"the functions' folder and their source would contain each other: {source}",
            file=target,
            hint="Write somewhere else, or keep the steps in a folder of their own.",
        )
