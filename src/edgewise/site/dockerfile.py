"""What a Dockerfile says of an app that is to run as a function: the adapter's settings, whether it is there, the port.

The format: "Dockerfile reference" of Docker, as far as it is asked for. A Dockerfile that cannot be read says nothing.
The image is what its last stage makes, of the stage that one begins with and of what it copies from others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from edgewise.site.dockerenv import variables_of

# Where the adapter asks the app that is told nothing else; its guide (version 1), "Configurations".
_ADAPTER_PORT = "8080"

# An instruction's line, its word and its arguments.
Instruction = tuple[int, str, str]

_FROM = re.compile(r"(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<name>\S+))?", re.IGNORECASE)
_COPIED = re.compile(r"--from=(?P<stage>\S+)")
# All of a stage, or all of the folder that the adapter is in.
_EVERYTHING = re.compile(r"\s/(opt/?)?\s")
_INSTRUCTION = re.compile(r"(?P<word>[A-Za-z]+)[ \t]+(?P<rest>.*)", re.DOTALL)
# Lines that an instruction takes along, up to one that is this word; those of `<<-` may be indented.
_HEREDOC = re.compile(r"(?<!\S)\d*<<(?P<indented>-?)(?P<quote>[\"']?)(?P<end>[^\s<\"']+)(?P=quote)(?!\S)")
# What the adapter goes by.
_NAME = re.compile(r"AWS_LWA_[A-Z_]+|PORT")
_ADAPTER = re.compile(r"lambda-adapter|/opt/extensions")
# AWS's own images bring a runtime interface client, and so may whoever installs one.
_LAMBDAS_OWN = re.compile(r"(^|/)(lambda/|aws-lambda-)|\$", re.IGNORECASE)
_RUNTIME_CLIENT = re.compile(r"awslambdaric|aws-lambda-ric|lambda[-_]runtime", re.IGNORECASE)
# A server's port among its words: `--port 80`, `-b 0.0.0.0:80`.
_PORT = re.compile(r"(?:^| )(?:--port[= ]|-p |(?:--bind|-b)[= ]\S*:)(\d{2,5})(?= |$)")


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """`settings` are the adapter's. `serves_events`: something in the image takes Lambda's events.

    `variables` are those that it sets with ENV, the adapter's among them, where it says their values itself.
    `port` is the one that its command names, in the line `port_line`; `asked_port` the one that the adapter asks,
    because of the function's variable `asked_by`; empty where no variable of its says so.
    """

    settings: dict[str, str]
    variables: dict[str, str]
    serves_events: bool
    port: str | None
    port_line: int
    asked_port: str
    asked_by: str = ""


def read_dockerfile(folder: Path, environment: Mapping[str, str] = MappingProxyType({})) -> Dockerfile:
    """The Dockerfile of a folder, and the function's variables, which come after those that it sets."""
    try:
        text = (folder / "Dockerfile").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    return parse_dockerfile(text, environment)


def parse_dockerfile(text: str, environment: Mapping[str, str] = MappingProxyType({})) -> Dockerfile:
    """What a Dockerfile's text says."""
    stages = _stages(_instructions(text))
    found = _whole(stages, len(stages) - 1)
    set_here, unknown = variables_of((word, rest) for _, word, rest in found)
    variables = {name: value for name, value in {**set_here, **environment}.items() if _NAME.fullmatch(name)}
    commands = [(line, rest) for line, word, rest in found if word in ("CMD", "ENTRYPOINT")]
    ports = [(line, match[1]) for line, rest in commands if (match := _PORT.search(_words(rest)))]
    line, port = ports[-1] if ports else (1, None)
    by = next((name for name in ("AWS_LWA_PORT", "PORT") if variables.get(name)), "")
    asked = variables.get(by, _ADAPTER_PORT)
    return Dockerfile(
        settings={name: value for name, value in variables.items() if name != "PORT"},
        variables={name: value for name, value in set_here.items() if name not in unknown},
        # Of an empty file nothing is known.
        serves_events=not found or _serves_events(stages, found),
        # What a variable stands for cannot be compared.
        port=port if asked.isdecimal() else None,
        port_line=line,
        asked_port=asked,
        asked_by=by if environment.get(by) else "",
    )


def _instructions(text: str) -> Iterator[Instruction]:
    """Each instruction's line, word and arguments; comments are left out, and lines that go on are joined.

    The lines of a heredoc are among the arguments of the instruction that begins it.
    """
    parts: list[str] = []
    first = 1
    lines = enumerate(text.splitlines(), 1)
    for number, line in lines:
        if line.lstrip().startswith("#"):
            continue
        first = first if parts else number
        parts.append(line.rstrip().removesuffix("\\"))
        if line.rstrip().endswith("\\"):
            continue
        if found := _INSTRUCTION.fullmatch(" ".join(parts).strip()):
            word, rest = found["word"].upper(), found["rest"]
            yield first, word, "\n".join((rest, *_heredocs(word, rest, lines)))
        parts = []


def _heredocs(word: str, rest: str, lines: Iterator[tuple[int, str]]) -> Iterator[str]:
    """The lines of an instruction's heredocs, which are taken from `lines`."""
    if word not in ("ADD", "COPY", "RUN"):
        return
    for heredoc in _HEREDOC.finditer(rest):
        for _, line in lines:
            if (line.lstrip("\t") if heredoc["indented"] else line) == heredoc["end"]:
                break
            yield line


def _stages(instructions: Iterator[Instruction]) -> list[list[Instruction]]:
    """The instructions of each stage; what stands before the first `FROM` makes nothing."""
    stages: list[list[Instruction]] = []
    for one in instructions:
        if one[1] == "FROM":
            stages.append([one])
        elif stages:
            stages[-1].append(one)
    return stages


def _whole(stages: list[list[Instruction]], last: int) -> list[Instruction]:
    """A stage's instructions, after those of the stages that it begins with."""
    found: list[Instruction] = []
    number: int | None = last if stages else None
    while number is not None:
        found = [*stages[number], *found]
        begun = _FROM.match(stages[number][0][2])
        number = _earlier(stages[:number], begun["image"]) if begun else None
    return found


def _earlier(stages: list[list[Instruction]], name: str) -> int | None:
    """The number of the stage that a name, or a number, stands for; None for an image of somebody's."""
    named = {
        match["name"].lower(): number
        for number, stage in enumerate(stages)
        if (match := _FROM.match(stage[0][2])) and match["name"]
    }
    by_number = int(name) if name.isdecimal() and int(name) < len(stages) else None
    return named.get(name.lower(), by_number)


def _serves_events(stages: list[list[Instruction]], found: list[Instruction]) -> bool:
    return any(_serves(word, rest) or _copies(stages, word, rest) for _, word, rest in found)


def _serves(word: str, rest: str) -> bool:
    if word == "FROM":
        # What a variable stands for is not known here.
        return bool(_LAMBDAS_OWN.search(rest))
    adapter = word in ("COPY", "ADD", "RUN") and _ADAPTER.search(rest)
    return bool(adapter or _RUNTIME_CLIENT.search(rest))


def _copies(stages: list[list[Instruction]], word: str, rest: str) -> bool:
    """Whether a stage that is copied from brings it: a runtime client in packages, with all of it the adapter too."""
    match = _COPIED.search(rest) if word == "COPY" else None
    number = _earlier(stages, match["stage"]) if match else None
    if number is None:
        return False
    found = [(word, rest) for _, word, rest in _whole(stages, number) if word != "FROM"]
    if _EVERYTHING.search(rest):
        return any(_serves(*one) for one in found)
    return any(word == "RUN" and _RUNTIME_CLIENT.search(rest) for word, rest in found)


def _words(rest: str) -> str:
    """The words of a command, whichever way it is written."""
    return " ".join(re.sub(r"[\[\]\",]", " ", rest).split())
