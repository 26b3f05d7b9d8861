"""What was handed over (`handover.py`) becomes part of the store: all files of a folder or none, over any crash.

An empty journal segment is there while the files get their places, so they do not count (`partitions.py`: a file whose
segment is still in the journal is unfinished); removing it makes all of them count. `ready` holds the segment's number
meanwhile, so that whoever opens the store after a crash knows how far it came: while the segment is there everything is
done again; when it is gone only the note has to be put away.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

from edgewise.store.disk import Disk
from edgewise.store.handover import READY, hour_of
from edgewise.store.home import Home
from edgewise.store.known import Kind
from edgewise.store.partitions import Part, part
from edgewise.store.sealing import save_schema
from edgewise.store.segment import segment_path
from edgewise.store.tables import kinds_of


def waiting(home: Home) -> Path | None:
    """The folder that was handed over first, if there is one."""
    return next(_ready(home), None)


def settle(home: Home, in_journal: Container[int], disk: Disk) -> None:
    """After a crash, before the journal is cleared of its empty segments: forget what was not finished."""
    for folder in list(_ready(home)):
        content = _content(folder)
        if content.get("number") in in_journal:
            del content["number"]
            disk.replace_bytes(folder / READY, orjson.dumps(content))


def is_placed(home: Home, folder: Path) -> bool:
    """Do its files count already, so that only `conclude` is left to do?"""
    number = _content(folder).get("number")
    return number is not None and not segment_path(home.journal, number).exists()


def columns(folder: Path) -> tuple[str, dict[str, Kind]]:
    """The stream that the folder is for, and the columns of its files."""
    file = next(folder.glob("*.parquet"), None)
    return _content(folder)["stream"], {} if file is None else kinds_of(pq.read_schema(file))


def placed(home: Home, folder: Path) -> tuple[int, list[Part]]:
    """The number that the folder's files got, and the places of those that have not become too old since."""
    content = _content(folder)
    number = content["number"]
    made = (_part(home, content["stream"], path, number) for path in folder.glob("*.parquet"))
    return number, [one for one in made if one.path.is_file()]


def place(home: Home, folder: Path, kinds: Mapping[str, Kind], number: int, disk: Disk) -> None:
    """Give the folder's files their places as those of this number; they count when this returns.

    `kinds` are the stream's columns, those of the files among them. When it raises, `is_placed` says whether they
    count. If they do not, the segment stays, and the next one who opens the store clears it away.
    """
    content = _content(folder)
    marker = segment_path(home.journal, number)
    os.close(disk.create(marker))
    disk.replace_bytes(folder / READY, orjson.dumps(content | {"number": number}))
    save_schema(home.data, content["stream"], kinds, disk)
    for path in folder.glob("*.parquet"):
        target = _part(home, content["stream"], path, number).path
        disk.make_directory(target.parent)
        disk.link(path, target)
    disk.unlink(marker)


def conclude(home: Home, folder: Path, disk: Disk) -> None:
    """Put the note away where `notes` finds it, and remove the folder."""
    disk.make_directory(home.imported)
    disk.replace_bytes(home.imported / f"{folder.name}.json", orjson.dumps(_content(folder)["note"]))
    disk.unlink(folder / READY)
    shutil.rmtree(folder)


def notes(home: Home) -> list[Any]:
    """The notes of everything that was taken in, and of what was handed over and will be; the oldest first.

    What cannot be read is left out.
    """
    found = {folder.name: _content(folder).get("note") for folder in _ready(home)}
    found |= {path.stem: _json(path) for path in home.imported.glob("*.json")}
    return [note for _, note in sorted(found.items()) if note is not None]


def _part(home: Home, stream: str, path: Path, number: int) -> Part:
    return part(home.data, stream, hour_of(path), number, number)


def _ready(home: Home) -> Iterator[Path]:
    for path in sorted(home.incoming.glob(f"*/{READY}")):
        if "stream" in _content(path.parent):
            yield path.parent


def _content(folder: Path) -> dict[str, Any]:
    content = _json(folder / READY)
    return content if isinstance(content, dict) else {}


def _json(path: Path) -> Any:
    try:
        return orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
