"""From a parsed site file to the checked site. Origins, behaviors, functions and the log have files of their own.

What is on disk is asked through a function, so that nothing here touches it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgewise.site.check_alarms import check_alarms
from edgewise.site.check_behaviors import check_behavior, check_behaviors
from edgewise.site.check_context import Context, FoldersIn, OnDisk, no_folders
from edgewise.site.check_domain import check_domain
from edgewise.site.check_functions import check_functions
from edgewise.site.check_log import check_log, check_persistence
from edgewise.site.check_logging import check_real_time_log, check_standard_log
from edgewise.site.check_origins import check_origins
from edgewise.site.check_rollout import check_rollout
from edgewise.site.check_statistics import check_counted, check_rewrite, check_statistics
from edgewise.site.check_steered import check_steered
from edgewise.site.model import Site
from edgewise.site.problems import Problems
from edgewise.site.raw import RawDefault, RawSite
from edgewise.site.reader import read_table


def check_site(
    document: Mapping[str, Any], file: Path, on_disk: OnDisk, folders_in: FoldersIn = no_folders
) -> Site:
    """The checked site of a parsed site file.

    `file` is absolute; the file's relative paths start at its folder. `on_disk` says what a path is,
    `folders_in` which folders are in one. Raises `SiteError`, or `SiteProblems` with all problems together.
    """
    problems = Problems(file)
    context = Context(file.parent, problems, on_disk, folders_in)
    raw = read_table(RawSite, document, "", problems)
    name = context.name("name", raw.name)
    origins = check_origins(context, raw.origins, name)
    default = check_behavior(context, "default", raw.default or RawDefault(), "*", origins)
    behaviors = check_behaviors(context, raw.behaviors or [], origins)
    functions = check_functions(context, raw.functions) if raw.functions else None
    log = check_log(context, raw.log) if raw.log else None
    persistence_header = check_persistence(context, raw.persistence) if raw.persistence else None
    rollout = check_rollout(context, raw.rollout, name, origins, log) if raw.rollout else None
    site = Site(
        file=file,
        name=name,
        origins=tuple(origins.values()),
        default=default,
        behaviors=behaviors,
        functions=functions,
        log=log,
        persistence_header=persistence_header,
        rollout=rollout,
        alarms=check_alarms(context, raw.alarms) if raw.alarms else None,
        domain=check_domain(context, raw.domain) if raw.domain else None,
        statistics=check_statistics(context, raw.statistics, name) if raw.statistics else None,
    )
    if raw.rewrite:
        site = replace(site, rewrite=check_rewrite(context, raw.rewrite, site))
    if raw.real_time_log:
        site = replace(site, real_time_log=check_real_time_log(context, raw.real_time_log, raw.log, site))
    if raw.standard_log:
        site = replace(site, standard_log=check_standard_log(context, raw.standard_log, site))
    check_steered(context, site)
    check_counted(context, site)
    problems.raise_any()
    return site
