"""`edgewise build`: the zips that would be shipped, how large they are, and which Pythons can import them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgewise.cli.terminal import printable

if TYPE_CHECKING:
    from edgewise.cloud.build import Package
    from edgewise.cloud.imports import Tried


def build(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The site's folder.")] = Path(),
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="Where it goes; default DIR/build.")
    ] = None,
    bucket: Annotated[
        str | None,
        typer.Option(
            "--bucket",
            metavar="NAME",
            help="Also write what to upload by hand, for code in that bucket of yours.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print objects, one a zip.")] = False,
) -> None:
    """Write the template and a zip of each functions' folder, and say whether Lambda can take and import them."""
    # Here, so that the other commands start without it.
    from edgewise.cli.saving import queries_of
    from edgewise.cloud.build import build as built_in
    from edgewise.cloud.imports import pythons, try_imports
    from edgewise.cloud.upload import check_bucket, write_upload
    from edgewise.site import load_site

    if bucket is not None:
        check_bucket(bucket)
    site = load_site(directory)
    built = built_in(site, out or site.directory / "build", queries_of(site))
    if not as_json:
        for file in (*built.apps, built.template):
            print(f"Wrote {file}")
    found = pythons() if built.packages else []
    failed = False
    for package in built.packages:
        tried = list(try_imports(package.zip, package.handlers, found))
        problems = [*too_large(package), *cannot_import(package, tried)]
        failed = failed or any(level == "error" for level, _ in problems)
        if as_json:
            print(json.dumps(_facts(package, tried, problems)))
        else:
            _print(package, tried, problems)
    if bucket:
        for file in write_upload(built, bucket):
            print(f"Wrote {file}", file=sys.stderr if as_json else sys.stdout)
    if failed:
        raise typer.Exit(1)


def too_large(package: Package) -> list[tuple[str, str]]:
    """What of a package's size is against Lambda's limits, as level and text."""
    from edgewise.check.limits import PACKAGE_BYTES, VIEWER_PACKAGE_BYTES
    from edgewise.cloud.build import MOST_UNPACKED

    found = []
    size = package.zipped_bytes
    if size > PACKAGE_BYTES:
        found.append(("error", f"the zip is over the {_size(PACKAGE_BYTES)} that Lambda@Edge takes"))
    elif package.at_viewer and size > VIEWER_PACKAGE_BYTES:
        found.append(
            ("warning", "CloudFront refused more than 1 MB at viewer triggers for years; it starts slowly")
        )
    if package.unpacked_bytes > MOST_UNPACKED:
        found.append(("error", f"unpacked it is over the {_size(MOST_UNPACKED)} that Lambda takes"))
    return found


def cannot_import(package: Package, tried: list[Tried]) -> list[tuple[str, str]]:
    """Failed imports: an error under the functions' own runtime, a warning under another Python."""
    found = []
    for one in tried:
        where = f"{one.file}:{one.line}: " if one.file and one.line else ""
        if one.error:
            level = "error" if one.runtime == package.runtime else "warning"
            found.append((level, f"{one.runtime} cannot import {one.handler}: {where}{one.error}"))
    if package.runtime not in {one.runtime for one in tried}:
        found.append(
            ("warning", f"the functions' own {package.runtime} is not on PATH: not shown that it imports")
        )
    return found


def _facts(package: Package, tried: list[Tried], problems: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "code": package.code,
        "zip": str(package.zip),
        "sha256": package.hash,
        "files": len(package.sizes),
        "unpacked_bytes": package.unpacked_bytes,
        "zipped_bytes": package.zipped_bytes,
        "runtime": package.runtime,
        "handlers": list(package.handlers),
        "imports": [
            {"runtime": one.runtime, "handler": one.handler, "error": one.error, "needs": one.missing}
            for one in tried
        ],
        "problems": [{"level": level, "message": message} for level, message in problems],
    }


def _print(package: Package, tried: list[Tried], problems: list[tuple[str, str]]) -> None:
    size = (
        f"{_size(package.zipped_bytes)}, {_size(package.unpacked_bytes)} unpacked, {len(package.sizes)} files"
    )
    print(f"Wrote {package.zip}\n  {size}, content {package.hash[:12]}")
    largest = sorted(package.sizes.items(), key=lambda one: -one[1])[:3]
    print(f"  largest: {', '.join(f'{printable(name)} {_size(size)}' for name, size in largest)}")
    for handler in package.handlers:
        good = [one.runtime for one in tried if one.handler == handler and not (one.error or one.missing)]
        print(f"  {handler} imports under {', '.join(good) or 'none of the Pythons here'}")
        if needs := sorted({one.missing for one in tried if one.handler == handler and one.missing}):
            print(
                f"  {handler} needs {', '.join(needs)} of Lambda's own, which is not here: import not shown"
            )
    for level, message in problems:
        print(f"  {level}: {printable(message)}")


def _size(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MB" if size >= 1024 * 1024 else f"{size / 1024:.1f} KB"
