"""Which file a person edits for one that functions run from: functions run from a folder that is built of sources.

Nothing is invented: a file that has no source, such as one of the library that is copied in, keeps its name.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

# What ends a path in a message or a traceback: the name of a module has none of these.
_REST = r"(?P<inside>(?:/[^\s/\"':;,()]+)*)"


class SourceNames:
    """`names(text)` is the text with the sources in the place of the files that were built from them.

    The folder `built` is known in every form that a message may have: as given, absolute, with its links followed.
    """

    def __init__(self, built: Path, source: Path) -> None:
        self._source = source.resolve() if ".." in source.parts else source.absolute()
        absolute = {str(built.absolute()), os.path.normpath(built.absolute()), str(built.resolve())}
        forms = [re.escape(form) for form in sorted(absolute, key=len, reverse=True)]
        if not built.is_absolute():
            forms.append(rf"(?<![\w./-]){re.escape(str(built))}")
        self._built = re.compile(rf"(?:{'|'.join(forms)})(?![\w-]){_REST}")

    def __call__(self, text: str) -> str:
        return self._built.sub(self._named, text)

    def _named(self, match: re.Match[str]) -> str:
        source = self._source / match["inside"].lstrip("/")
        return str(source) if source.exists() else match[0]
