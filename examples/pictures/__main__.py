"""Makes the README's pictures: the dashboard and a terminal session, light and dark, from made-up traffic.

python -m examples.pictures [FOLDER]        docs/pictures if no folder is given; needs a Chromium and playwright
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from examples.pictures.browser import photograph
from examples.pictures.shop import running_store
from examples.pictures.terminal import session
from examples.pictures.traffic import Traffic

_DAYS = 4
_VISITS = 9_000
# File name, address, width, height and pixels for each of these.
_PAGES = (
    ("overview", "", 1280, 1010, 1),
    ("versions", "?view=versions", 1280, 560, 1),
    ("phone", "", 390, 780, 2),
)
_VERSIONS = "SELECT version, count(*) AS requests, max(status) AS worst FROM requests GROUP BY version ORDER BY version"
_COMMANDS = (("stats", "--since", "24h"), ("query", _VERSIONS))


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, running_store(Path(place) / "store") as store:
        store.take(Traffic(time.time_ns() // 1000, _DAYS, _VISITS).records())
        for scheme in ("light", "dark"):
            photograph(store, folder, scheme, _PAGES)
            session(store, folder / f"terminal-{scheme}.svg", scheme, _COMMANDS)
    for file in sorted(folder.iterdir()):
        print(f"{file}  {file.stat().st_size / 1000:,.0f} kB")


if __name__ == "__main__":
    main()
