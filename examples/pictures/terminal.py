"""A terminal session as SVG: real commands with their real output, drawn by rich."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from examples.pictures.shop import EDGEWISE
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI, TerminalTheme
from rich.text import Text

if TYPE_CHECKING:
    from examples.pictures.shop import Store

_WIDTH = 104
_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_LIGHT = TerminalTheme(
    (255, 255, 255),
    (22, 27, 34),
    [
        (22, 27, 34), (179, 38, 30), (20, 105, 58), (138, 82, 0),
        (10, 88, 202), (138, 79, 163), (15, 107, 100), (87, 96, 107),
    ],
)  # fmt: skip


def session(store: Store, out: Path, scheme: str, commands: Sequence[Sequence[str]]) -> None:
    """Type the commands over the store, and draw what came."""
    console = Console(
        width=_WIDTH, record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    for words in commands:
        console.print(Text(f"$ edgewise {shlex.join(words)}", style="bold"), soft_wrap=False)
        console.print(Text.from_ansi(_output(store, words)))
    theme = DIMMED_MONOKAI if scheme == "dark" else _LIGHT
    picture = console.export_svg(title="edgewise", theme=theme)
    # rich names a font of another host; a picture loads nothing.
    out.write_text(_FONT.sub("", picture).replace("Fira Code", "ui-monospace"), encoding="utf-8")


def _output(store: Store, words: Sequence[str]) -> str:
    environment = {**os.environ, "COLUMNS": str(_WIDTH), "FORCE_COLOR": "1"}
    command = [*EDGEWISE, *words, "--store", str(store.directory)]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment, timeout=120
    ).stdout
