"""Makes a site's workflows and the template of their roles, from the files under `files/`.

Actions are named by the hash of a commit, which nobody can move, with the version behind it.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from edgewise.cloud.errors import WorkflowError
from edgewise.cloud.workflows.filling import filled
from edgewise.cloud.workflows.policy_text import policies
from edgewise.cloud.workflows.rights import app_statements, deploy_statements, plan_statements
from edgewise.site import Behavior, BucketOrigin, ImageOrigin, Site, read_dockerfile
from edgewise.site.template_buckets import bucket_id
from edgewise.site.template_images import image_name

_ACTIONS: Final = {
    "CHECKOUT": "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0",
    "PYTHON": "actions/setup-python@e797f83bcb11b83ae66e0230d6156d7c80228e7c # v6.0.0",
    "CREDENTIALS": "aws-actions/configure-aws-credentials@61815dcd50bd041e203e49132bacad1fd04d2708 # v5.1.1",
}
_RUNNERS: Final = {"x86_64": "ubuntu-24.04", "arm64": "ubuntu-24.04-arm"}
_PLATFORMS: Final = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}
# What means nothing else in YAML, in a shell's quotes and in GitHub's patterns.
_PLAIN: Final = re.compile(r"[\w./ -]+")
# Of these, what Git takes for a branch ("git check-ref-format").
_BRANCH: Final = re.compile(r"(?!-)(?!.*(//|\.\.|\.lock/|/\.|\.lock$|[./]$))[\w-][\w./-]*")

_WORKFLOWS: Final = Path(".github", "workflows")
# What the workflows install: Edgewise and all it needs, with hashes. Whoever has the site makes it.
REQUIREMENTS: Final = Path(".github", "edgewise-requirements.txt")
# What an app's tests need, in its folder.
_APP_REQUIREMENTS: Final = "requirements.txt"


def render_workflows(
    site: Site, templates: Sequence[Mapping[str, Any]], root: Path, branch: str
) -> dict[Path, str]:
    """The files, by their names in the repository `root`; `templates` are the site's, whose resources roles may touch.

    A workflow for the site, and one for each origin that is an image. Raises `WorkflowError` for a folder outside the
    repository, and for names that would have to be quoted.
    """
    if not _BRANCH.fullmatch(branch):
        raise WorkflowError("this cannot be the name of a branch here", key=branch)
    variable = f"EDGEWISE_{site.name.upper().replace('-', '_')}"
    values = {**_ACTIONS, "BRANCH": branch, "SITE": site.name, "VARIABLE": variable}
    folder = _within(site.directory, root)
    edge = f"edge-{site.name}"
    files = {_WORKFLOWS / f"{edge}.yml": _edge(site, edge, folder, root, values)}
    for origin in site.images:
        name = app_workflow(site, origin)
        files[_WORKFLOWS / f"{name}.yml"] = _app(site, name, origin, root, values)
    roles = roles_file(site)
    values["FILE"] = str(roles)
    for role, statements in (
        ("Plan", plan_statements(site, templates)),
        ("Deploy", deploy_statements(site, templates)),
        ("App", app_statements(site)),
    ):
        made = policies(role, statements)
        values |= {f"{role.upper()}_NAMES": made.names, f"{role.upper()}_POLICIES": made.resources}
    files[roles] = filled("roles.yaml", values, {"images": bool(site.images)})
    return files


def roles_file(site: Site) -> Path:
    """The template of the roles, by its name in the repository."""
    return Path(".github", f"edgewise-roles-{site.name}.yaml")


def app_workflow(site: Site, origin: ImageOrigin) -> str:
    """What the workflow of an app is called."""
    return f"app-{site.name}-{origin.name}"


def untested(site: Site) -> list[ImageOrigin]:
    """The apps whose tests are not known: they say what they need in another file than Python's."""
    return [one for one in site.images if not (one.folder / _APP_REQUIREMENTS).is_file()]


def _edge(site: Site, name: str, folder: str, root: Path, values: Mapping[str, str]) -> str:
    buckets = [one for one in site.origins if isinstance(one, BucketOrigin)]
    images = [f"!{_within(one.folder, root)}/**" for one in site.images]
    mine = [str(_WORKFLOWS / f"{name}.yml"), str(REQUIREMENTS)]
    everything = ["**", "!.github/**"] if folder == "." else [f"{folder}/**"]
    cached = _cached(site.all_behaviors)
    return filled(
        "edge.yml",
        {
            **values,
            "WORKFLOW": name,
            "PATHS": json.dumps([*everything, *images, *mine]),
            "REQUIREMENTS": str(REQUIREMENTS),
            "SITE_FOLDER": folder,
            "SYNC": "\n".join(_sync(one, root) for one in buckets),
            "CACHED": cached,
        },
        {"buckets": bool(buckets), "cached": bool(cached)},
    )


def _sync(origin: BucketOrigin, root: Path) -> str:
    return f'bucket=$(output {bucket_id(origin)}Name)\naws s3 sync "{_within(origin.folder, root)}" "s3://$bucket"'


def _app(site: Site, name: str, origin: ImageOrigin, root: Path, values: Mapping[str, str]) -> str:
    behaviors = [one for one in site.all_behaviors if one.origin == origin.name]
    cached = _cached(behaviors)
    tested = origin not in untested(site)
    return filled(
        "app.yml",
        {
            **values,
            "WORKFLOW": name,
            "TESTS": "Tests the app." if tested else "A pull request's image is built.",
            "APP": _within(origin.folder, root),
            "RUNNER": _RUNNERS[origin.architecture],
            "PLATFORM": _PLATFORMS[origin.architecture],
            "FUNCTION": image_name(site.name, origin.name),
            "REGION": origin.region,
            "SMOKE_PATH": smoke_path(site, origin),
            "CACHED": cached,
        },
        {"cached": bool(cached), "python": tested},
    )


def _cached(behaviors: Sequence[Behavior]) -> str:
    """The paths to invalidate, quoted for a shell; a wildcard of theirs is the last character."""
    paths = {
        _before_wildcard(one.path) + ("*" if re.search(r"[*?]", one.path) else "")
        for one in behaviors
        if one.cache.caches or one.cache.own
    }
    return " ".join(map(shlex.quote, ["/*"] if "/*" in paths else sorted(paths)))


def smoke_path(site: Site, origin: ImageOrigin) -> str:
    """A path that the app answers, as far as anything tells: what its adapter asks until it is ready, if visitors can
    ask for it too, else the first path of its behaviors.
    """
    patterns = [one.path for one in site.all_behaviors if one.origin == origin.name]
    ready = read_dockerfile(origin.folder, origin.variables).settings.get("AWS_LWA_READINESS_CHECK_PATH", "/")
    reachable = any(fnmatchcase(ready, "/" + pattern.lstrip("/")) for pattern in patterns if pattern != "*")
    if reachable or "*" in patterns:
        path = ready
    else:
        path = _before_wildcard(patterns[0]) if patterns else "/"
    return path if _PLAIN.fullmatch(path) else "/"


def _before_wildcard(pattern: str) -> str:
    return "/" + re.split(r"[*?]", pattern)[0].lstrip("/")


def _within(folder: Path, root: Path) -> str:
    try:
        name = folder.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        raise WorkflowError("this folder is outside the repository", file=folder) from None
    if not _PLAIN.fullmatch(name):
        raise WorkflowError("workflows cannot name this folder", file=folder, hint="Use letters and digits.")
    return name
