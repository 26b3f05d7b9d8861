"""What is put on AWS by hand, in a browser: zips named by their content, and a template that names them in a bucket.

CloudFormation sees that code has changed by the name of its zip alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from edgewise.cloud.build import Built
from edgewise.cloud.errors import BuildError
from edgewise.cloud.package import with_code
from edgewise.site import render_yaml

FOLDER: Final = "upload"
# "General purpose bucket naming rules" in the S3 user guide.
_BUCKET: Final = re.compile(
    r"(?!xn--|sthree-|amzn-s3-demo-|\d+\.\d+\.\d+\.\d+\Z)(?!.*\.\.)(?!.*(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)\Z)"
    r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
    re.ASCII,
)


def check_bucket(name: str) -> None:
    """Raises `BuildError` for what cannot be the name of a bucket."""
    if not _BUCKET.fullmatch(name):
        raise BuildError(
            f"a bucket cannot be called {name or '(empty)'}",
            hint="3 to 63 small letters, digits, hyphens and points, a letter or digit first and last; S3 keeps some "
            "beginnings and ends, such as -s3alias, for itself.",
        )


def write_upload(built: Built, bucket: str) -> tuple[Path, ...]:
    """Write the folder `upload` beside the template: the template first, then the zips. Raises `BuildError`.

    Files of earlier builds stay in it: they are named otherwise, or written anew.
    """
    folder = built.template.parent / FOLDER
    names = {one.code: f"{one.zip.stem}-{one.hash[:16]}.zip" for one in built.packages}
    template = folder / built.template.name
    zips = tuple(folder / name for name in names.values())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for package, file in zip(built.packages, zips, strict=True):
            file.write_bytes(package.zip.read_bytes())
        template.write_text(render_yaml(with_code(built.document, bucket, names)), encoding="utf-8")
    except OSError as error:
        raise BuildError(f"cannot write it: {error.strerror}", file=folder) from None
    return (template, *zips)
