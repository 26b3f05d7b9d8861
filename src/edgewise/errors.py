"""The root of every error that Edgewise raises on purpose.

Each package derives its own errors from `EdgewiseError` in its `errors.py`. The command line prints any of
them in one way; a traceback on the screen means a bug of ours.
"""

from __future__ import annotations

from pathlib import Path


class EdgewiseError(Exception):
    """Something the user can mend: what is wrong, where, and what to do next.

    `code` is stable and documented in `docs/errors.md`; `hint` says what to do; `file`, `line` (from 1) and
    `key` (a dotted path inside the file) say where.
    """

    code = "edgewise"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        file: Path | str | None = None,
        line: int | None = None,
        key: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.file = None if file is None else str(file)
        self.line = line
        self.key = key

    @property
    def where(self) -> str:
        """`file:line [key]`, as much of it as is known."""
        place = self.file or ""
        if self.line is not None:
            place += f":{self.line}"
        if self.key:
            place = f"{place} [{self.key}]".strip()
        return place

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\n  {self.hint}" if self.hint else head
