"""Lines as CloudFront writes them, and an import without its command."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from edgewise.logfiles.importing import Import, Summary
from edgewise.logfiles.records import Making
from edgewise.logfiles.rejects import Rejects
from edgewise.logfiles.sources import find
from edgewise.logfiles.target import open_target
from edgewise.store import open_reader

FIELDS = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) "
    "cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken "
    "x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status "
    "fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len "
    "sc-range-start sc-range-end"
)
CHROME = (
    "Mozilla/5.0%20(Windows%20NT%2010.0;%20Win64;%20x64)%20AppleWebKit/537.36%20(KHTML,%20like%20Gecko)%20"
    "Chrome/131.0.0.0%20Safari/537.36"
)
NOON = 1_710_158_400_000_000  # 2024-03-11 12:00:00 UTC
HEADER = f"#Version: 1.0\n#Fields: {FIELDS}\n"


def values(**changes: str) -> dict[str, str]:
    """A request's values by field; `sc_status="404"` changes one."""
    return {
        "date": "2024-03-11",
        "time": "12:00:00",
        "x-edge-location": "FRA56-P2",
        "sc-bytes": "4321",
        "c-ip": "203.0.113.9",
        "cs-method": "GET",
        "cs(Host)": "d111111abcdef8.cloudfront.net",
        "cs-uri-stem": "/caf%C3%A9%2520au%2520lait",
        "sc-status": "200",
        "cs(Referer)": "https://example.com/?q=%25",
        "cs(User-Agent)": CHROME,
        "cs-uri-query": "a=1%2520b",
        "x-edge-result-type": "Hit",
        "x-edge-request-id": "req-1",
        "x-host-header": "www.example.com",
        "cs-protocol": "https",
        "cs-bytes": "321",
        "time-taken": "0.057",
        "time-to-first-byte": "0.031",
        "sc-content-type": "text/html;%20charset=utf-8",
    } | {name.replace("_", "-"): value for name, value in changes.items()}


def line(fields: str = FIELDS, **changes: str) -> str:
    known = values(**changes)
    return "\t".join(known.get(name, "-") for name in fields.split()) + "\n"


def log(*lines: str) -> str:
    return HEADER + "".join(lines)


def bring(
    store: Path, *places: Path, making: Making | None = None, fields: tuple[str, ...] | None = None
) -> tuple[Summary, Rejects]:
    return bring_from(store, *map(str, places), making=making, fields=fields)


def bring_from(
    store: Path, *places: str, making: Making | None = None, fields: tuple[str, ...] | None = None
) -> tuple[Summary, Rejects]:
    with open_target(store) as target, closing(Rejects(target.rejects)) as rejects:
        run = Import(target, target.manifest, rejects=rejects, making=making or Making(), fields=fields)
        return run.run(find(places)), rejects


def rows(
    store: Path, sql: str = "SELECT * FROM access ORDER BY _timestamp, request_id"
) -> list[dict[str, Any]]:
    with closing(open_reader(store)) as reader:
        return reader.query(sql).rows
