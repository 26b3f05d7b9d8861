"""What a site is built into for a run: the functions' folder, kept up to date, and the template.

AWS itself is never asked here: records go to the store on this machine wherever the site sends them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from edgewise.cdn import Template, load_template
from edgewise.cli.running.apps import app_differences
from edgewise.cli.running.screen import Screen
from edgewise.errors import EdgewiseError
from edgewise.site import (
    CODE_FOLDER,
    TRANSFORM_FOLDER,
    Bundle,
    Site,
    bundle_settings,
    compile_template,
    records_go_to,
    render_yaml,
    rollout_notes,
    with_stand_ins,
    write_transform,
)

# Seconds between two looks at the file that a run was started with.
_LOOK_EVERY = 0.5


def make_bundle(site: Site, build: Path, store: Mapping[str, str], aws: str) -> Bundle | None:
    """The folder that the functions run from, inside `build`; None for a site without functions.

    `store` holds the address and the credentials for functions that deliver their records themselves; `aws` is the
    address of an AWS on this machine, or empty.
    """
    if not site.runs_functions:
        return None
    log: dict[str, object] = {"delivery": "stdout"}
    if site.log is not None and site.log.delivery == "openobserve":
        log = {"delivery": "openobserve", **store}
        log |= {key: site.log.target[key] for key in ("budget_ms", "wait") if key in site.log.target}
    if site.log is not None and site.log.sample != 1:
        log["sample"] = site.log.sample
    bundle = Bundle(site, build / CODE_FOLDER, bundle_settings(site, log=log, aws=aws or None))
    bundle.refresh()
    return bundle


def differences(site: Site) -> Iterator[str]:
    """What a site does otherwise here than on AWS, and what a rollout needs that it does not have: sentences."""
    if site.rollout:
        yield (
            "the release, the sessions and a signing key of its own are in this folder and outlive the run; "
            "without a release, which `edgewise rollout start` begins, everybody gets the stable version"
        )
    if site.statistics:
        yield (
            "the pipeline of page views is in the memory of this run, its bucket in the S3 at the address of aws; "
            "files are written after half a second and brought into the store (the stream page_views) as they come"
        )
    yield from app_differences(site)
    for note in rollout_notes(site, on_aws=False):
        yield f"{note.message}. {note.hint}"
    if site.judges_on_aws:
        yield "on AWS a function judges the release every minute; here `edgewise rollout watch` does"
    yield from _of_the_log(site)


def _of_the_log(site: Site) -> Iterator[str]:
    if site.real_time_log:
        yield (
            "lines of the real-time log go through their own function into the store (the stream access), a second "
            f"later; on AWS they go to {site.real_time_log.url} by Kinesis and Firehose, most of a minute later"
        )
    log = site.log
    if log is None or not site.runs_functions:
        return
    if place := records_go_to(log):
        yield f"records go to the store on this machine; on AWS they go to {place}"
    if log.sample != 1:
        yield f"sample = {log.sample}: the stream edge has that share of the requests, and all errors"
    if log.privacy.key:
        yield "no secret is read here: hashes have a key of each environment's own, and its id in them"
    if log.privacy.masks and not _masked_by_real_time_log(site):
        yield (
            "the functions' records are masked (the stream edge); the stream access is the distribution's own log, "
            "where addresses and queries stay, as they do in CloudFront's"
        )


def _masked_by_real_time_log(site: Site) -> bool:
    """Whether all that comes into the stream `access` comes through the function that masks."""
    log = site.real_time_log
    return log is not None and {*log.behaviors} >= {one.path for one in site.all_behaviors}


def compile_site(site: Site, bundle: Bundle | None, build: Path) -> Template:
    """Compile the site and hand over the template as a file, as anyone's: the local CDN knows nothing else."""
    build.mkdir(parents=True, exist_ok=True)
    if site.real_time_log:
        write_transform(site, build / TRANSFORM_FOLDER, on_aws=False)
    file = build / "template.yaml"
    document = with_stand_ins(site, compile_template(site, code_hash=bundle.code_hash if bundle else ""))
    file.write_text(render_yaml(document), encoding="utf-8")
    return load_template(file)


def refresher(bundle: Bundle, screen: Screen) -> Callable[[], Mapping[Path, str]]:
    """Bring the functions' folder up to date, and give the hash of its content.

    A source that cannot be bundled leaves the last good one running.
    """
    said, folder = "", bundle.target.resolve()

    def refresh() -> Mapping[Path, str]:
        nonlocal said
        try:
            bundle.refresh()
            said = ""
        except EdgewiseError as error:
            if str(error) != said:
                said = str(error)
                screen.message(f"the functions were not changed: {said}")
        return {folder: bundle.code_hash}

    return refresh


async def tell_of_changes(file: Path, screen: Screen) -> None:
    """Say when a file changes that is read at the start alone, the site's or the template's; until cancelled."""
    before = _written(file)
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        now = _written(file)
        if now != before:
            before = now
            screen.message(f"{file.name} has changed: start `edgewise up` again to use it")


def _written(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
