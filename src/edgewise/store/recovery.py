"""What a directory holds when a store is opened: live files, journal segments, schemas, and what is broken.

It only looks. The one who may write (`engine.py`) then clears away what does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from edgewise.store import facts
from edgewise.store.home import Home
from edgewise.store.known import Kind
from edgewise.store.once import MARK
from edgewise.store.partitions import Part, find_parts, split_live
from edgewise.store.schema import Schema
from edgewise.store.sealing import load_schemas
from edgewise.store.segment import Recovered, Segment, recover, segment_paths
from edgewise.store.tables import kinds_of


@dataclass(slots=True)
class Found:
    """The state of a directory. `dead` and `broken` files do not count; `messages` say why, for people."""

    schemas: dict[str, Schema]
    segments: list[Segment]
    parts: list[Part]
    dead: list[Part]
    broken: list[Part] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    @property
    def next_number(self) -> int:
        """Larger than any segment's number that was ever used and can still matter."""
        used = [one.number for one in self.segments] + [
            one.last for one in (*self.parts, *self.dead, *self.broken)
        ]
        return max(used, default=0) + 1


def look(home: Home) -> Found:
    """Read the directory. A segment or file that cannot be read whole is reported, and the rest is served."""
    paths = segment_paths(home.journal)
    candidates, dead = split_live(find_parts(home.data), paths.keys())
    kept, illegible = load_schemas(home.data)
    found = Found({stream: Schema(stream, kinds) for stream, kinds in kept.items()}, [], [], dead)
    for path, why in illegible.items():
        found.messages.append(f"{path}: does not say the columns, made anew from the Parquet files: {why}")
    for one in candidates:
        try:
            found.parts.append(_with_footer(one))
        except (OSError, pa.ArrowException) as error:
            found.broken.append(one)
            found.messages.append(f"{one.path}: not readable as Parquet, set aside: {_reason(error)}")
    for one in found.parts:
        if one.stream not in kept:
            _merge(found.schemas, one.stream, kinds_of(pq.read_schema(one.path)))
    for number, path in paths.items():
        recovered = recover(number, path)
        found.segments.append(recovered.segment)
        found.messages += _damage(recovered)
        for stream, body in recovered.schemas:
            _merge(found.schemas, stream, orjson.loads(body))
    return found


def examined(one: Part) -> Part:
    """The file with what its footer says; as it was when it cannot be read, which a query will notice."""
    try:
        return _with_footer(one)
    except (OSError, pa.ArrowException):
        return one


def _with_footer(one: Part) -> Part:
    with pq.ParquetFile(one.path) as content:
        columns = tuple((field.name, str(field.type)) for field in content.schema_arrow)
        said = content.metadata.metadata or {}
    return replace(
        one, shape=hash(columns), once=MARK.items() <= said.items(), facts=facts.MARK.items() <= said.items()
    )


def fault(path: Path) -> str | None:
    """Why a Parquet file cannot be read to its end; nothing when it can. Raises what is the machine's fault."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as content:
            for _ in content.iter_batches():
                pass
    except (OSError, pa.ArrowException) as error:
        return _reason(error)
    return None


def _reason(error: Exception) -> str:
    """Why the file cannot be read. Raises the error when it speaks of the machine."""
    if is_shortage(error):
        raise error
    return str(error).splitlines()[0]


def is_shortage(error: Exception) -> bool:
    """Does it speak of the machine (descriptors, memory, permission) instead of the file's content?

    Arrow's own complaints about a file are an `OSError` without a number.
    """
    if isinstance(error, FileNotFoundError):
        return False
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno is not None)


def _damage(recovered: Recovered) -> Iterable[str]:
    path, corrupt = recovered.segment.path, recovered.segment.corrupt
    for damage in recovered.damage:
        where = f"{path}: {damage.length} bytes at {damage.offset} are no whole frame"
        if damage.at_end and not corrupt:
            yield f"{where}: a write that never finished, and so was never acknowledged"
        else:
            yield f"{where}: damaged; the rest is kept, the file is set aside as .corrupt"


def _merge(schemas: dict[str, Schema], stream: str, stated: Mapping[str, Kind]) -> None:
    kinds = schemas.setdefault(stream, Schema(stream)).kinds
    for name, kind in stated.items():
        if kinds.get(name) != "float":  # a widened column stays wide
            kinds[name] = kind
