"""Writes a site's template and its functions' folder to disk, ready for stock AWS tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgewise.site.bundle import Bundle
from edgewise.site.errors import SynthError
from edgewise.site.folder import Entry, replace_file
from edgewise.site.judge import write_judge
from edgewise.site.model import Site
from edgewise.site.salts import write_salts
from edgewise.site.settings import bundle_settings
from edgewise.site.template import compile_template
from edgewise.site.template_functions import CODE_FOLDER
from edgewise.site.template_images import compile_app_template
from edgewise.site.template_real_time import TRANSFORM_FOLDER
from edgewise.site.template_rollout import JUDGE_FOLDER
from edgewise.site.template_salts import SALTS_FOLDER
from edgewise.site.template_text import FIRST_LINE, render_app_yaml, render_yaml
from edgewise.site.template_views_athena import Query
from edgewise.site.transform import write_transform


@dataclass(frozen=True, slots=True)
class Synthesis:
    """What was written: the template, and the folders of the functions that the site has. `document` is the template's
    content. `apps` are the templates of the images of other regions, by region: file and content.
    """

    template: Path
    functions: Path | None
    judge: Path | None
    salts: Path | None
    transform: Path | None
    document: dict[str, Any]
    apps: Mapping[str, tuple[Path, dict[str, Any]]] = field(default_factory=dict)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that there are."""
        return tuple(filter(None, (self.functions, self.judge, self.salts, self.transform)))


def write_template(site: Site, out_file: Path, queries: Sequence[Query] = ()) -> Synthesis:
    """Compile a site for AWS into `out_file`, its functions' folders beside it. `queries`: see `compile_template`.

    Raises `SynthError` or `BundleError` when a place cannot be written, and `SiteError` when the site works on
    this machine only. Nothing that Edgewise did not make is overwritten.
    """
    out_file = out_file.absolute()
    if out_file.suffix not in (".yaml", ".yml"):
        raise SynthError(
            "a template is a YAML file", file=out_file, hint="Give it a name that ends in .yaml."
        )
    apps = {
        region: (out_file.with_name(f"app-{region}.yaml"), compile_app_template(site, region))
        for region in site.app_regions
    }
    for file in (out_file, *(file for file, _ in apps.values())):
        _refuse_foreign(file)
    bundle = (
        Bundle(site, out_file.parent / CODE_FOLDER, bundle_settings(site)) if site.runs_functions else None
    )
    if bundle:
        bundle.refresh()
    judge = out_file.parent / JUDGE_FOLDER if site.judges_on_aws else None
    if judge:
        write_judge(site, judge)
    salts = out_file.parent / SALTS_FOLDER if site.makes_salts else None
    if salts:
        write_salts(salts)
    transform = out_file.parent / TRANSFORM_FOLDER if site.real_time_log else None
    if transform:
        write_transform(site, transform)
    document = compile_template(site, code_hash=bundle.code_hash if bundle else "", queries=queries)
    for file, app in apps.values():
        _write(file, render_app_yaml(app))
    _write(out_file, render_yaml(document))
    return Synthesis(out_file, bundle.target if bundle else None, judge, salts, transform, document, apps)


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, Entry(text.encode()))
    except OSError as error:
        raise SynthError(f"cannot write the template: {error.strerror}", file=file) from error


def _refuse_foreign(out_file: Path) -> None:
    if not out_file.is_file():
        return
    try:
        with out_file.open("rb") as file:
            ours = file.read(len(FIRST_LINE)) == FIRST_LINE.encode()
    except OSError as error:
        raise SynthError(f"cannot read what is there: {error.strerror}", file=out_file) from error
    if not ours:
        raise SynthError(
            "this file is not a template that `edgewise synth` made",
            file=out_file,
            hint="Name another file, or move this one away.",
        )
