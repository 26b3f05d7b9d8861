"""Log streams as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgewise.cdn import LogEvent, LogFolder


def event(stream: str, message: str) -> LogEvent:
    return LogEvent("eu-central-1", "/aws/lambda/us-east-1.f", f"2026/11/21/[1]{stream}", 0.0, message)


def test_each_stream_is_a_file_below_its_region_and_group(tmp_path: Path) -> None:
    folder = LogFolder(tmp_path, pytest.fail)
    for number in range(200):
        folder(event(f"{number % 100}", f"line {number} \ud800"))
    folder.close()
    files = sorted((tmp_path / "eu-central-1/aws/lambda/us-east-1.f/2026/11/21").iterdir())
    assert len(files) == 100
    assert (files[0].parent / "[1]7.log").read_text() == "line 7 ?\nline 107 ?\n"


def test_a_disk_that_cannot_be_written_is_told_once(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "eu-central-1").write_text("a file where a folder must be")
    folder = LogFolder(tmp_path, said.append)
    for _ in range(3):
        folder(event("a", "x"))
    folder.close()
    assert len(said) == 1 and "function logs are not written" in said[0]
