"""The access logs that `replay` and `simulate` are given: opened, gzip or not, and read request by request."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Generator
from pathlib import Path
from typing import IO

from edgewise.errors import EdgewiseError
from edgewise.logfiles.lines import LoggedRequest, SkippedLine, read

FORMATS = "An access log has Apache's common or combined format, or is CloudFront's standard log."


def entries(file: Path, refusal: type[EdgewiseError]) -> Generator[LoggedRequest | SkippedLine]:
    """The requests of a file, and the lines that hold none. `refusal` is raised for a file that cannot be read."""
    try:
        with _opened(file) as lines:
            yield from read(lines)
    except (OSError, EOFError, zlib.error) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise refusal(
            f"the log cannot be read: {reason}", hint="Name an access log, gzipped or not.", file=file
        ) from error


def _opened(file: Path) -> IO[str]:
    """Its lines as the reader wants them."""
    with file.open("rb") as start:
        is_gzip = start.read(2) == b"\x1f\x8b"
    # Only a line feed ends a line: a stray carriage return belongs to the text that a visitor sent.
    if is_gzip:
        return gzip.open(file, "rt", encoding="utf-8", errors="surrogateescape", newline="\n")
    return file.open(encoding="utf-8", errors="surrogateescape", newline="\n")
