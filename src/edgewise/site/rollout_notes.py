"""What a rollout does without and may not mean to: records that a judge can read, and cookies that browsers keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edgewise.site.model import Log, Site
from edgewise.site.needs import records_go_to


@dataclass(frozen=True, slots=True)
class Note:
    """`key` is the site file's: `log`, `log.sample`, `log.delivery` or `viewer_protocol`."""

    key: str
    message: str
    hint: str


_NO_LOG = Note(
    "log",
    "without [log] nothing is recorded: the judge sees nothing, never takes a step, and never goes back",
    "Add [log] to the site file; on AWS it needs a delivery that the judge can ask.",
)


def rollout_notes(site: Site, *, on_aws: bool) -> tuple[Note, ...]:
    """What to know before a release begins; nothing for a site without a rollout.

    On this machine records go to the store whatever the delivery is.
    """
    if site.rollout is None:
        return ()
    log = [_NO_LOG] if site.log is None else _of_log(site.log, on_aws and not site.judges_on_aws)
    return (*log, *_of_protocols(site))


def _of_log(log: Log, is_elsewhere: bool) -> Iterator[Note]:
    if log.sample < 1:
        yield Note(
            "log.sample",
            f"{log.sample:.0%} of the requests are recorded: the judge needs as many more of them",
            "Without `sample` all are.",
        )
    if is_elsewhere:
        yield Note(
            "log.delivery",
            f"records go to {records_go_to(log) or 'CloudWatch Logs'}, where the judge does not look by itself",
            "Judge what is in OpenObserve, by [rollout.judge] with user and password, or in a store: `--store`.",
        )


def _of_protocols(site: Site) -> Iterator[Note]:
    open_paths = [
        behavior.path
        for behavior in site.all_behaviors
        if site.steers(behavior) and behavior.viewer_protocol == "allow-all"
    ]
    if open_paths:
        yield Note(
            "viewer_protocol",
            f"{' and '.join(open_paths)} can be had over plain http too: browsers do not keep the rollout's cookie "
            "there, and a visitor may meet both versions",
            'Say viewer_protocol = "redirect-to-https" in these behaviors.',
        )
