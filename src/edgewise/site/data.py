"""The data that ship beside the code of a site with statistics: who is a person, and which country an address is in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from edgewise.agents import country_table, exported
from edgewise.site.model import Site

AGENTS_FILE = "edgewise_agents.json"
COUNTRIES_FILE = "edgewise_countries.bin"


def data_files(site: Site, settings: Mapping[str, Any]) -> dict[str, bytes]:
    """The files by their names, as the settings ask for them.

    Raises `DatabaseError` for an address database that cannot be read.
    """
    if "statistics" not in settings:
        return {}
    # Names are for those who finish views themselves.
    agents = exported(names=settings["statistics"]["path"] == "firehose")
    files = {AGENTS_FILE: (json.dumps(agents, ensure_ascii=False, separators=(",", ":")) + "\n").encode()}
    database = site.statistics.countries if site.statistics else None
    if settings["statistics"].get("countries") and database:
        stat = database.stat()
        files[COUNTRIES_FILE] = _table(database, stat.st_mtime_ns, stat.st_size)
    return files


@lru_cache(maxsize=2)
def _table(database: Path, mtime_ns: int, size: int) -> bytes:
    """It takes seconds to make one of a database of the whole world, and `edgewise up` makes bundles anew."""
    return country_table(database)
