"""`edgewise check`: what would fail at deployment or at the edge, before either."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.checking import nearby, site_images, site_key
from edgewise.cli.terminal import printable

if TYPE_CHECKING:
    from edgewise.cdn import Template
    from edgewise.check import Finding, Image
    from edgewise.check.part import Path as KeyPath
    from edgewise.site import Site


def check(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The site's folder.")] = Path(),
    *,
    template: Annotated[
        Path | None,
        typer.Option("--template", metavar="FILE", help="Check a CloudFormation template instead of a site."),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="RULE", help="Leave a rule out, such as EDGE303.")
    ] = None,
    region: Annotated[
        str, typer.Option(metavar="REGION", help="Where the stack is to be deployed.")
    ] = "us-east-1",
    resolve: Annotated[
        bool, typer.Option("--resolve", help="Ask the DNS for the domains of the origins.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print objects, one a line.")] = False,
    rules: Annotated[
        bool, typer.Option("--rules", help="Print the folder of the rules for `cfn-lint -a`, and stop.")
    ] = False,
) -> None:
    """Say what would fail at deployment or at the edge."""
    # Here, so that the other commands start without it.
    from edgewise.check import RULE_PACK, CheckOptions, check_template

    if rules:
        typer.echo(RULE_PACK)
        return
    with _opened(directory, template) as subject:
        options = CheckOptions(region, _resolves if resolve else None, subject.images)
        found = check_template(subject.template, options, ignore or ())
        rows = [subject.row(finding) for finding in found]
    for row in rows:
        print(json.dumps(row) if as_json else _lines(row, subject))
    if not as_json:
        print(_summary(found))
    if any(one.rule.level == "error" or (strict and one.rule.level == "warning") for one in found):
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is checked, and how its places are named.

    `line` finds a key's line in `file`. The code in the folder `built` was copied from `source`. `site` is what the
    template was compiled from.
    """

    template: Template
    file: Path
    line: Callable[[KeyPath], int | None] = lambda path: None
    built: Path | None = None
    source: Path | None = None
    site: Site | None = None

    @property
    def images(self) -> Mapping[str, Image]:
        return site_images(self.site) if self.site else {}

    def row(self, finding: Finding) -> dict[str, str | int | None]:
        """A finding as it is printed."""
        file, line = str(self.file), self.line(finding.path)
        if finding.place:
            file, line = finding.place.file, finding.place.line
            if self.built and self.source and Path(file).is_relative_to(self.built):
                file = str(self.source / Path(file).relative_to(self.built))
        of_site = site_key(self.site, finding.path) if self.site else ""
        return {
            "rule": finding.rule.id,
            "level": finding.rule.level,
            "message": finding.message,
            "file": file,
            "line": line,
            "key": ".".join(one for one in (of_site or finding.key, finding.setting) if one),
            "hint": finding.hint,
            "source": finding.rule.source,
        }


@contextlib.contextmanager
def _opened(directory: Path, template: Path | None) -> Iterator[_Subject]:
    """The template to check: a file, or a site compiled as for AWS; what that builds is gone afterwards."""
    from edgewise.cdn import load_template, parse_template
    from edgewise.check import line_finder
    from edgewise.site import (
        CODE_FOLDER,
        Bundle,
        bundle_settings,
        compile_template,
        load_site,
        render_yaml,
        with_stand_ins,
    )

    if template is not None:
        loaded = load_template(template)
        yield _Subject(loaded, template, line_finder(template.read_text(encoding="utf-8")))
        return
    site = load_site(directory)
    with tempfile.TemporaryDirectory() as scratch:
        built = Path(scratch) / CODE_FOLDER
        bundle = Bundle(site, built, bundle_settings(site)) if site.runs_functions else None
        if bundle:
            bundle.refresh()
        compiled_site = compile_template(site, code_hash=bundle.code_hash if bundle else "")
        text = render_yaml(with_stand_ins(site, compiled_site))
        compiled = parse_template(text, Path(scratch) / "template.yaml")
        # The template is nobody's file: its keys are told, and its lines are not.
        source = nearby(site.functions.source) if site.functions else None
        yield _Subject(compiled, nearby(site.file), built=built, source=source, site=site)


def _resolves(domain: str) -> bool:
    try:
        socket.getaddrinfo(domain, 443)
    except socket.gaierror as error:
        if error.errno == socket.EAI_NONAME:
            return False
        # No answer is no proof: this machine may have no network.
        print(f"the DNS was not able to say whether {domain} exists: {error.strerror}", file=sys.stderr)
    return True


def _lines(row: dict[str, str | int | None], subject: _Subject) -> str:
    where = f"{row['file']}:{row['line']}" if row["line"] else str(row["file"])
    if subject.site and not row["line"] and str(row["key"]).startswith("Resources."):
        where += ", in the template of `edgewise synth`"
    return "\n".join(
        printable(line)
        for line in (
            f"{row['level']} {row['rule']}: {row['message']}",
            f"  {where} [{row['key']}]",
            f"  {row['hint']}",
            f"  {row['source']}",
        )
    )


def _summary(found: Iterable[Finding]) -> str:
    counts = Counter(one.rule.level for one in found)
    parts = [f"{counts[level]} {level}{'' if counts[level] == 1 else 's'}" for level in ("error", "warning")]
    return ", ".join([*parts, *([f"{counts['note']} to note"] if counts["note"] else [])])
