"""A journal cut or damaged anywhere gives back every whole frame, and nothing that is not one."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from edgewise.store.frames import RECORDS, SCHEMA, Damage, Frame, encode, scan

bodies = st.lists(st.tuples(st.text(max_size=8), st.text(max_size=200).map(str.encode)), max_size=6)


def write(found: list[tuple[str, bytes]]) -> tuple[bytes, list[int]]:
    """A journal of these frames, and where each ends."""
    journal, ends = b"", []
    for stream, body in found:
        journal += encode(RECORDS, stream, 1, body)[0]
        ends.append(len(journal))
    return journal, ends


def frames(journal: bytes) -> list[tuple[str, bytes]]:
    whole = [one for one in scan(journal) if isinstance(one, Frame)]
    return [(one.stream, journal[one.offset : one.offset + one.length]) for one in whole]


@given(bodies)
def test_what_was_written_is_read(found: list[tuple[str, bytes]]) -> None:
    journal, _ = write(found)
    assert frames(journal) == found
    assert not any(isinstance(one, Damage) for one in scan(journal))


def test_a_journal_cut_at_any_byte_keeps_every_whole_frame() -> None:
    found = [("edge", json.dumps([{"n": number, "text": "é" * number}]).encode()) for number in range(4)]
    journal, ends = write(found)
    for size in range(len(journal) + 1):
        torn = journal[:size]
        assert frames(torn) == found[: sum(end <= size for end in ends)]
        damage = [one for one in scan(torn) if isinstance(one, Damage)]
        assert all(one.at_end for one in damage)
        assert bool(damage) == (size not in (0, *ends))


@given(st.data())
def test_a_flipped_byte_costs_its_frame_only(data: st.DataObject) -> None:
    found = [("edge", b'[{"n":%d}]' % number) for number in range(5)]
    journal, ends = write(found)
    position = data.draw(st.integers(0, len(journal) - 1))
    broken = bytearray(journal)
    broken[position] ^= data.draw(st.integers(1, 255))
    hit = sum(end <= position for end in ends)
    assert frames(bytes(broken)) == found[:hit] + found[hit + 1 :]


def test_kinds_and_counts_survive() -> None:
    journal = encode(SCHEMA, "a:b", 0, b"{}")[0] + encode(RECORDS, "a:b", 70_000, b"[]")[0]
    assert [(one.kind, one.count) for one in scan(journal) if isinstance(one, Frame)] == [
        (SCHEMA, 0),
        (RECORDS, 70_000),
    ]
