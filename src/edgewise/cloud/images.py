"""The images that a site's apps run: which one is given, and how to make one where none is.

Lambda takes an image from the registry of its own region, in an account that lets it ("Create a Lambda function using
a container image" in the Lambda developer guide).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from edgewise.cloud.errors import ImageError
from edgewise.site import ImageOrigin, Site, image_name, image_parameter

_ADDRESS: Final = re.compile(
    r"\d{12}\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
    r"/[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[A-Za-z0-9_][\w.-]{0,127}|@sha256:[0-9a-f]{64})"
)
_MAKE: Final = (
    "Make one, and say its address. Workflows know the repository by this name, the site's and the origin's:"
)
_PLATFORMS: Final = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}


def given_images(site: Site, given: Sequence[str]) -> dict[str, str]:
    """The images of `NAME=ADDRESS` texts, by the parameters that they are for. Raises `ImageError`."""
    origins = {one.name: one for one in site.images}
    images: dict[str, str] = {}
    for text in given:
        name, _, address = text.partition("=")
        if name not in origins:
            known = ", ".join(sorted(origins)) or "none"
            raise ImageError(
                f"the site has no image origin {name or '(without a name)'}",
                file=site.file,
                hint=f"--image NAME=ADDRESS; those of the site: {known}.",
            )
        images[image_parameter(origins[name])] = _checked(origins[name], address)
    return images


def _checked(origin: ImageOrigin, address: str) -> str:
    found = _ADDRESS.fullmatch(address)
    if not found:
        raise ImageError(
            f"this is not the address of an image in Amazon ECR: {address or '(empty)'}",
            hint=f"ACCOUNT.dkr.ecr.{origin.region}.amazonaws.com/NAME:TAG, or @sha256:DIGEST in place of the tag.",
        )
    if found["region"] != origin.region:
        raise ImageError(
            f"the image is in {found['region']}, and the function of {origin.name} in {origin.region}",
            hint="Lambda takes images from its own region: push it there too.",
        )
    return address


def moving_tags(images: Mapping[str, str]) -> list[str]:
    """A sentence on each image whose tag says nothing of what it is: the same text again is no change."""
    return [
        f"{one}: give each image its own tag; when `latest` becomes another one, nobody sees it."
        for one in images.values()
        if one.endswith(":latest")
    ]


def refuse_unknown(
    site: Site, account: str, images: Mapping[str, str], command: str = "edgewise deploy"
) -> None:
    """Raises `ImageError` for the first origin that none of the `images` is for; `command` is what takes one."""
    for origin in site.images:
        if image_parameter(origin) not in images:
            raise ImageError(
                f"no image is known for the origin {origin.name}",
                file=site.file,
                hint="\n".join((_MAKE, *how_to_make(site, origin, account, command))),
            )


def how_to_make(site: Site, origin: ImageOrigin, account: str, command: str = "edgewise deploy") -> list[str]:
    """The commands that make an origin's image, bring it to where its function takes it from, and use it."""
    registry = f"{account}.dkr.ecr.{origin.region}.amazonaws.com"
    name = image_name(site.name, origin.name)
    address = f"{registry}/{name}:1"
    try:
        folder = origin.folder.relative_to(site.directory).as_posix()
    except ValueError:
        folder = str(origin.folder)
    at = f"--region {origin.region}"
    return [
        f"aws ecr create-repository {at} --repository-name {name} --image-tag-mutability IMMUTABLE",
        f"aws ecr get-login-password {at} | docker login --username AWS --password-stdin {registry}",
        # Lambda takes no image index, which attestations would make of it.
        f"docker build --platform {_PLATFORMS[origin.architecture]} --provenance=false -t {address} {folder}",
        f"docker push {address}",
        f"{command} --image {origin.name}={address}",
    ]
