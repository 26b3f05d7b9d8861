"""What a deployment takes along: the site's template with its code named by content, and the code itself."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from edgewise.cloud.zips import folder_files, hash_of, zipped
from edgewise.site import Query, Site, bundle_settings, write_template

# Where a deployed template says what it was made from.
METADATA: Final = "Edgewise"


@dataclass(frozen=True, slots=True)
class Asset:
    """A function's folder as a zip; `key` is its name in the assets bucket."""

    folder: Path
    key: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Package:
    """A template whose code is in `bucket`, and the zips that it names. Records of the site carry `settings_hash`.

    `apps` are the templates of the apps of other regions, by region; None leaves their stacks as they are. `images` are
    the images to run, by the parameters of the templates; one that is not given stays the one that runs.
    """

    template: dict[str, Any]
    assets: tuple[Asset, ...]
    settings_hash: str
    apps: Mapping[str, Mapping[str, Any]] | None = None
    images: Mapping[str, str] = field(default_factory=dict)

    @property
    def recipe(self) -> str:
        """64 hex digits that stand for the template."""
        return digest_of(self.template)


def digest_of(template: Any) -> str:
    """64 hex digits that stand for a document."""
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()


def package(
    site: Site,
    folder: Path,
    bucket: str,
    queries: Sequence[Query] = (),
    images: Mapping[str, str] = MappingProxyType({}),
) -> Package:
    """Make what the site needs on AWS in a folder of ours, for a bucket. `queries`: see `write_template`.

    Raises `SiteError` and `BuildError`.
    """
    written = write_template(site, folder / "template.yaml", queries)
    template = written.document
    if leaves_records(site):
        note(template, {"Recorded": True})
    folders = sorted({one for _, one in _local_code(template)})
    # Read once, so that a name and what it stands for are of the same files.
    files = {one: folder_files(folder / one) for one in folders}
    located = {one: f"functions/{hash_of(content)}.zip" for one, content in files.items()}
    settings = bundle_settings(site) if written.functions else {"hash": ""}
    return Package(
        with_code(template, bucket, located),
        tuple(Asset(folder / one, located[one], zipped(files[one])) for one in folders),
        settings["hash"],
        {region: document for region, (_, document) in written.apps.items()},
        images,
    )


def notes_of(template: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a template says of itself; empty if it is not one of ours."""
    notes: Mapping[str, Any] = template.get("Metadata", {}).get(METADATA, {})
    return notes


def note(template: dict[str, Any], notes: Mapping[str, Any]) -> None:
    """Let a template say that of itself too."""
    template["Metadata"] = {**template.get("Metadata", {}), METADATA: {**notes_of(template), **notes}}


def leaves_records(site: Site) -> bool:
    """Whether every request of the default behavior leaves a record in the functions' logs."""
    log = site.log
    return bool(log and log.delivery == "stdout" and log.sample >= 1 and site.triggers_of(site.default))


def with_code(template: Mapping[str, Any], bucket: str, keys: Mapping[str, str]) -> dict[str, Any]:
    """A copy of the template whose folders of code are objects of the bucket, by their `keys`."""
    changed = copy.deepcopy(dict(template))
    for properties, folder in _local_code(changed):
        properties["Code"] = {"S3Bucket": bucket, "S3Key": keys[folder]}
    return changed


def _local_code(template: Mapping[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """The properties of each function whose code is a folder here, with the folder."""
    found = (one.get("Properties", {}) for one in template["Resources"].values())
    return [(one, one["Code"]) for one in found if isinstance(one.get("Code"), str)]
