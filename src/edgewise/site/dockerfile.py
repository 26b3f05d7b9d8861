"""What a Dockerfile says of an app that is to run as a function: the adapter's settings, whether it is there, the port.

The format: "Dockerfile reference" of Docker, as far as it is asked for. A Dockerfile that cannot be read says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Where the adapter asks the app that is told nothing else; its guide (version 1), "Configurations".
_ADAPTER_PORT = "8080"

_INSTRUCTION = re.compile(r"(?P<word>[A-Za-z]+)[ \t]+(?P<rest>.*)", re.DOTALL)
# `NAME=value` and `NAME value` of an ENV.
_SETTING = re.compile(r"(?<![\w-])(AWS_LWA_[A-Z_]+|PORT)[= ](?:\"([^\"\n]*)\"|'([^'\n]*)'|([^\s\\]*))")
_ADAPTER = re.compile(r"lambda-adapter|/opt/extensions")
# AWS's own images bring a runtime interface client, and so may whoever installs one.
_LAMBDAS_OWN = re.compile(r"(^|/)(lambda/|aws-lambda-)|\$", re.IGNORECASE)
_RUNTIME_CLIENT = re.compile(r"awslambdaric|aws-lambda-ric|lambda[-_]runtime", re.IGNORECASE)
# A server's port among its words: `--port 80`, `-b 0.0.0.0:80`.
_PORT = re.compile(r"(?:^| )(?:--port[= ]|-p |(?:--bind|-b)[= ]\S*:)(\d{2,5})(?= |$)")


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """`settings` are the adapter's. `serves_events`: something in the image takes Lambda's events.

    `port` is the one that its command names, in the line `port_line`; `asked_port` the one that the adapter asks.
    """

    settings: dict[str, str]
    serves_events: bool
    port: str | None
    port_line: int
    asked_port: str


def read_dockerfile(folder: Path) -> Dockerfile:
    """The Dockerfile of a folder."""
    try:
        text = (folder / "Dockerfile").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    return parse_dockerfile(text)


def parse_dockerfile(text: str) -> Dockerfile:
    """What a Dockerfile's text says."""
    found = list(_instructions(text))
    variables: dict[str, str] = {}
    for _, word, rest in found:
        if word == "ENV":
            variables |= {one[1]: one[2] or one[3] or one[4] or "" for one in _SETTING.finditer(rest)}
    commands = [(line, rest) for line, word, rest in found if word in ("CMD", "ENTRYPOINT")]
    ports = [(line, match[1]) for line, rest in commands if (match := _PORT.search(_words(rest)))]
    line, port = ports[-1] if ports else (1, None)
    asked = variables.get("AWS_LWA_PORT") or variables.get("PORT") or _ADAPTER_PORT
    return Dockerfile(
        settings={name: value for name, value in variables.items() if name != "PORT"},
        # Of an empty file nothing is known.
        serves_events=not found or any(_serves_events(word, rest) for _, word, rest in found),
        # What a variable stands for cannot be compared.
        port=port if asked.isdecimal() else None,
        port_line=line,
        asked_port=asked,
    )


def _instructions(text: str) -> Iterator[tuple[int, str, str]]:
    """Each instruction's line, word and arguments; comments are left out, and lines that go on are joined."""
    parts: list[str] = []
    first = 1
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        first = first if parts else number
        parts.append(line.rstrip().removesuffix("\\"))
        if line.rstrip().endswith("\\"):
            continue
        if found := _INSTRUCTION.fullmatch(" ".join(parts).strip()):
            yield first, found["word"].upper(), found["rest"]
        parts = []


def _serves_events(word: str, rest: str) -> bool:
    if word == "FROM":
        # What a variable stands for is not known here.
        return bool(_LAMBDAS_OWN.search(rest))
    adapter = word in ("COPY", "ADD", "RUN") and _ADAPTER.search(rest)
    return bool(adapter or _RUNTIME_CLIENT.search(rest))


def _words(rest: str) -> str:
    """The words of a command, whichever way it is written."""
    return " ".join(re.sub(r"[\[\]\",]", " ", rest).split())
