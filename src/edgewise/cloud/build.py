"""`edgewise build`: what would be shipped, on the disk: the template, and beside it a zip of each functions' folder.

The template names folders, as `edgewise synth` writes it; a zip lies beside its folder and holds the same files.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edgewise.cloud.errors import BuildError
from edgewise.cloud.zips import folder_files, hash_of, zipped
from edgewise.site import Query, Site, write_template

# Unpacked, with everything in it: "Lambda quotas" in the Lambda Developer Guide.
MOST_UNPACKED: Final = 250 * 1024 * 1024
_OURS: Final = "edgewise/__init__.py"


@dataclass(frozen=True, slots=True)
class Package:
    """One functions' folder as it is shipped. `hash` is of its content; `sizes` has each file's, in bytes.

    `code` is how the template names the folder, `handlers` are those of its functions, `runtime` is Lambda's name of
    theirs. `at_viewer` says whether one of them runs at a viewer trigger.
    """

    code: str
    zip: Path
    hash: str
    sizes: Mapping[str, int]
    zipped_bytes: int
    handlers: tuple[str, ...]
    runtime: str
    at_viewer: bool

    @property
    def unpacked_bytes(self) -> int:
        return sum(self.sizes.values())


@dataclass(frozen=True, slots=True)
class Built:
    """What `build` wrote. `document` is the template's content, `apps` the templates of the images of other regions."""

    template: Path
    packages: tuple[Package, ...]
    document: dict[str, Any]
    apps: tuple[Path, ...] = ()


def build(site: Site, out: Path, queries: Sequence[Query] = ()) -> Built:
    """Write template, folders and zips into the folder `out`. `queries`, and what is raised besides `BuildError`: see
    `write_template`.

    Nothing that Edgewise did not make is overwritten.
    """
    written = write_template(site, out / "template.yaml", queries)
    functions = list(_functions(written.document))
    codes = dict.fromkeys(function.code for function in functions)
    packages = (
        _package(written.template.parent, [one for one in functions if one.code == code]) for code in codes
    )
    apps = tuple(file for file, _ in written.apps.values())
    return Built(written.template, tuple(packages), written.document, apps)


@dataclass(frozen=True, slots=True)
class _Function:
    code: str
    handler: str
    runtime: str
    at_viewer: bool


def _functions(template: Mapping[str, Any]) -> Iterator[_Function]:
    """The functions whose code is a folder of ours."""
    resources = template["Resources"]
    viewers = {
        resources[association["LambdaFunctionARN"]["Ref"]]["Properties"]["FunctionName"]["Ref"]
        for association in _associations(resources)
        if association["EventType"].startswith("viewer-")
    }
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Lambda::Function" and isinstance(properties.get("Code"), str):
            yield _Function(properties["Code"], properties["Handler"], properties["Runtime"], name in viewers)


def _associations(resources: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    config = resources["Distribution"]["Properties"]["DistributionConfig"]
    for behavior in (config["DefaultCacheBehavior"], *config.get("CacheBehaviors", ())):
        yield from behavior.get("LambdaFunctionAssociations", ())


def _package(folder: Path, functions: list[_Function]) -> Package:
    code = functions[0].code
    files = folder_files(folder / code)
    content = zipped(files)
    file = folder / f"{code}.zip"
    _write(file, content)
    return Package(
        code=code,
        zip=file,
        hash=hash_of(files),
        sizes={name: len(one) for name, one in files.items()},
        zipped_bytes=len(content),
        handlers=tuple(dict.fromkeys(one.handler for one in functions)),
        runtime=functions[0].runtime,
        at_viewer=any(one.at_viewer for one in functions),
    )


def _write(file: Path, content: bytes) -> None:
    """Write a zip beside its place and rename it there."""
    if file.exists() and not _is_ours(file):
        raise BuildError(
            "this file is not a zip that `edgewise build` made",
            file=file,
            hint="Move it away, or build into another folder.",
        )
    try:
        part = file.with_name(f".{file.name}.part")
        part.write_bytes(content)
        part.replace(file)
    except OSError as error:
        raise BuildError(f"cannot write the zip: {error.strerror}", file=file) from None


def _is_ours(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            return _OURS in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False
