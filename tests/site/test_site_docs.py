"""`docs/site.md` says what the program does: every key, every policy, its examples; so do the pages about the log."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from edgewise.edge.settings import Settings
from edgewise.site import SiteError, bundle_settings, compile_template, load_site
from edgewise.site.policies import CACHE_POLICIES, ORIGIN_REQUEST_POLICIES, CachePolicy, OriginRequestPolicy
from edgewise.site.raw import (
    RawBehavior,
    RawFunctions,
    RawJudge,
    RawLog,
    RawPersistence,
    RawRollout,
    RawSessions,
    RawSite,
    RawSubscription,
)
from edgewise.site.raw_alarms import RawAlarms
from edgewise.site.raw_domain import RawDomain, RawHostedZone
from edgewise.site.raw_key import RawSecret
from edgewise.site.raw_logging import RawRealTimeLog, RawStandardLog
from edgewise.site.raw_origins import RawLocal, RawOrigin
from edgewise.site.raw_statistics import RawRewrite, RawStatistics
from edgewise.site.reader import shapes_of

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "site.md").read_text()
DELIVERIES = (DOCS / "deliveries.md").read_text()
EXAMPLES = [
    block
    for page in ("deliveries.md", "privacy.md", "memory.md")
    for block in re.findall(r"^```toml\n(.*?)^```", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE)
]
OPENOBSERVE = '[log]\ndelivery = "openobserve"\nurl = "https://logs.example.com"\n'
TABLES = {
    "The top of the file": RawSite,
    "`[origins.NAME]`": RawOrigin,
    "`[origins.NAME.local]`": RawLocal,
    "`[default]` and `[[behaviors]]`": RawBehavior,
    "`[functions]`": RawFunctions,
    "`[log]`": RawLog,
    "Secrets": RawSecret,
    "`[persistence]`": RawPersistence,
    "`[rollout]`": RawRollout,
    "`[rollout.sessions]`": RawSessions,
    "`[rollout.judge]`": RawJudge,
    "`[statistics]`": RawStatistics,
    "`[rewrite]`": RawRewrite,
    "`[domain]`": RawDomain,
    "`[domain.hosted_zone]`": RawHostedZone,
    "`[alarms]`": RawAlarms,
    "`[log.subscription]`": RawSubscription,
    "`[real_time_log]`": RawRealTimeLog,
    "`[standard_log]`": RawStandardLog,
}


def rows(heading: str) -> list[str]:
    """The rows of the table under a heading, without its head."""
    section = re.search(rf"^##+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section, f"there is no heading {heading}"
    return [line for line in section[1].splitlines() if line.startswith("| `")]


@pytest.mark.parametrize(("heading", "table"), TABLES.items(), ids=str)
def test_every_key_has_its_row(heading: str, table: type[Any]) -> None:
    expected = []
    for name, shape in shapes_of(table).items():
        required = ", required" if shape.key.required else ""
        choices = "; " + ", ".join(f"`{choice}`" for choice in shape.key.choices) if shape.key.choices else ""
        expected.append(f"| `{name}` | {shape.name}{required} | {shape.key.help}{choices} |")
    assert rows(heading) == expected


@pytest.mark.parametrize(
    ("heading", "catalogue"),
    [("Cache policies", CACHE_POLICIES), ("Origin request policies", ORIGIN_REQUEST_POLICIES)],
)
def test_every_policy_has_its_row(
    heading: str, catalogue: dict[str, CachePolicy | OriginRequestPolicy]
) -> None:
    assert rows(heading) == [f"| `{short}` | {policy.name} |" for short, policy in catalogue.items()]


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The page's example as a file, with the folders that it names."""
    for folder in ("app", "pictures", "edge"):
        (tmp_path / folder).mkdir()
    (tmp_path / "edge/app.py").write_text("")
    file = tmp_path / "edgewise.toml"
    file.write_text(PAGE.split("```toml\n")[1].split("```")[0])
    return file


def test_the_example_is_a_site(example: Path) -> None:
    assert load_site(example).triggers == ("viewer-request", "origin-response")


def test_the_example_of_a_log_works_on_aws_without_a_secret_in_it(example: Path) -> None:
    log = PAGE.split("```toml\n")[2].split("```")[0]
    example.write_text(example.read_text().replace("[log]\n", log))
    settings = bundle_settings(load_site(example))["log"]
    assert settings["token"] == {"from": "secrets-manager", "name": "journal/openobserve"}
    assert (settings["sample"], settings["privacy"]["query"]) == (0.25, ["page", "q"])


def template_with(example: Path, block: str) -> dict[str, Any]:
    """The template of the page's example with another log, which the edge takes."""
    log = OPENOBSERVE + block if block.startswith("[log.") else block
    example.write_text(PAGE.split("```toml\n")[1].split("```")[0].replace("[log]\n", log))
    site = load_site(example)
    assert Settings(bundle_settings(site)).hash
    return compile_template(site, code_hash="0")


@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: block.split("\n")[1])
def test_the_examples_of_the_pages_about_the_log_work_on_aws(example: Path, block: str) -> None:
    assert template_with(example, block)["Resources"]["FunctionRole"]


def actions(value: Any) -> set[str]:
    """The actions that the policies of a template allow."""
    if isinstance(value, dict):
        own = value["Action"] if "Resource" in value else []
        return {own} if isinstance(own, str) else set(own).union(*map(actions, value.values()))
    return set().union(*map(actions, value)) if isinstance(value, list) else set()


def test_the_table_of_permissions_is_what_the_examples_need(example: Path) -> None:
    needed = set()
    for block in EXAMPLES:
        role = template_with(example, block)["Resources"]["FunctionRole"]
        needed |= actions(role["Properties"]["Policies"])
    section = DELIVERIES.split("## What has to be there")[1].split("## ")[0]
    assert set(re.findall(r"`([a-z]+:[A-Za-z]+)`", section)) == needed


def test_the_mistakes_are_reported_as_shown(example: Path) -> None:
    text = example.read_text().replace("[default]\n", '[default]\nviewer_protocol = "https"\n')
    example.write_text(text.replace('origin = "pictures"', 'orign = "pictures"'))
    with pytest.raises(SiteError) as caught:
        load_site(example)
    shown = PAGE.split("```text\n")[1].split("```")[0]
    assert shown == f"error[site.file]: {caught.value}\n".replace(str(example), "edgewise.toml")


def test_the_page_about_privacy_on_aws_names_every_place_and_every_time() -> None:
    page = (DOCS / "deploy" / "privacy.md").read_text()
    table = page[page.index("| place |") : page.index("## Less")]
    tables = ("log", "log.subscription", "statistics", "real_time_log", "standard_log")
    keys = (
        "retention_days",
        "--log-days",
        "records_only",
        "days",
        "retention_hours",
        "failed_days",
        "session_minutes",
    )
    for one in (*(f"[{name}]" for name in tables), *keys):
        assert re.search(rf"`[^`|]*{re.escape(one)}", table), one
