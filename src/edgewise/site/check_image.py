"""Checks origins that are functions from images, and handlers that run on this machine as Lambda runs them."""

from __future__ import annotations

from pathlib import Path

from edgewise.site import limits
from edgewise.site.check_context import Context
from edgewise.site.model import ImageOrigin, Local, LocalHandler
from edgewise.site.own_functions import OWN_FUNCTIONS
from edgewise.site.problems import joined, shown
from edgewise.site.raw_origins import RawLocal, RawOrigin

# The keys that only an image has.
IMAGE_KEYS = ("region", "access", "architecture", "memory_mb", "timeout_s")


def check_image(
    context: Context, name: str, raw: RawOrigin, folder: Path, local: Local | None
) -> ImageOrigin:
    """The origin of an app in `folder`; its `local` is checked already."""
    key = joined("origins", name)
    if not context.problems.has(f"{key}.image") and context.on_disk(folder / "Dockerfile") != "file":
        context.problems.add(
            f"{key}.image",
            f"there is no Dockerfile in {shown(str(folder))}",
            "Expected the folder that the image is built from.",
        )
    return ImageOrigin(
        name=name,
        folder=folder,
        region=context.region(f"{key}.region", raw.region),
        signed=raw.access != "public",
        architecture=raw.architecture or "x86_64",
        memory_mb=context.whole(f"{key}.memory_mb", raw.memory_mb, 512, limits.IMAGE_MEMORY_MB),
        timeout_s=context.whole(f"{key}.timeout_s", raw.timeout_s, 30, limits.IMAGE_TIMEOUT_S),
        local=local,
    )


def check_function_name(context: Context, site: str, origin: str) -> None:
    """The function's name on AWS is made of the site's and the origin's."""
    key = joined("origins", origin)
    if origin in OWN_FUNCTIONS:
        context.problems.add(
            key,
            f"a function of Edgewise's own is called {shown(f'{site}-{origin}')}",
            "An image's function has the site's name and the origin's: give the origin another one.",
        )
    elif len(f"{site}-{origin}") > limits.MAX_FUNCTION_NAME:
        context.problems.add(
            key,
            f"the function's name, {shown(f'{site}-{origin}')}, is too long",
            f"A function's name has at most {limits.MAX_FUNCTION_NAME} characters.",
        )


def check_handler(context: Context, key: str, raw: RawLocal) -> LocalHandler:
    """A handler that runs on this machine."""
    handler = raw.handler or ""
    directory = context.folder(f"{key}.directory", "." if raw.directory is None else raw.directory)
    names = handler.split(".")
    if len(names) < 2 or not all(name.isascii() and name.isidentifier() for name in names):
        context.problems.add(
            f"{key}.handler",
            f"{shown(handler)} is not a handler",
            "Expected module.attribute, such as app.handler.",
        )
    else:
        stem = "/".join(names[:-1])
        files = (directory / f"{stem}.py", directory / stem / "__init__.py")
        if context.on_disk(directory) == "folder" and not any(
            context.on_disk(one) == "file" for one in files
        ):
            context.problems.add(
                f"{key}.handler",
                f"{shown(handler)} names a module that is not in {directory}",
                f"Expected the file {stem}.py there.",
            )
    return LocalHandler(handler, directory, raw.event or "function-url")
