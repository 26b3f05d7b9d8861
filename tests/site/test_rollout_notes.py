"""What is said before a release begins: of records that no judge sees, and of plain http."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgewise.site import load_site, rollout_notes

ROLLOUT = """
[rollout]
stable = "v1"
new = "v2"
key = { from = "ssm", name = "/shop/rollout-key" }
"""
OPENOBSERVE = '[log]\ndelivery = "openobserve"\nurl = "https://logs.shop.test"'
JUDGE = """
[rollout.judge]
user = "judge@shop.test"
password = { from = "ssm", name = "/shop/judge" }
"""


def told(folder: Path, rest: str, protocol: str = "redirect-to-https", *, on_aws: bool = True) -> list[str]:
    (folder / "edgewise.toml").write_text(
        f"""
name = "shop"
[origins.v1]
domain = "v1.shop.test"
[origins.v2]
domain = "v2.shop.test"
[origins.other]
domain = "other.shop.test"
[default]
origin = "v1"
viewer_protocol = "{protocol}"
[[behaviors]]
path = "/other/*"
origin = "other"
[[behaviors]]
path = "/assets/*"
origin = "v1"
viewer_protocol = "{protocol}"
{rest}
"""
    )
    return [note.key for note in rollout_notes(load_site(folder), on_aws=on_aws)]


@pytest.mark.parametrize(
    ("rest", "on_aws", "here"),
    [
        (ROLLOUT, ["log"], ["log"]),
        (f"{ROLLOUT}[log]", ["log.delivery"], []),
        (f"{ROLLOUT}[log]\nsample = 0.5", ["log.sample", "log.delivery"], ["log.sample"]),
        (f"{ROLLOUT}{OPENOBSERVE}", ["log.delivery"], []),
        (f"{ROLLOUT}{JUDGE}{OPENOBSERVE}", [], []),
        ("", [], []),
    ],
    ids=["no log", "CloudWatch", "sampled", "OpenObserve without a judge", "a judge", "no rollout"],
)
def test_what_the_judge_will_not_see(tmp_path: Path, rest: str, on_aws: list[str], here: list[str]) -> None:
    assert told(tmp_path, rest) == on_aws
    assert told(tmp_path, rest, on_aws=False) == here


def test_plain_http_is_said_of_steered_behaviors(tmp_path: Path) -> None:
    assert told(tmp_path, ROLLOUT + JUDGE + OPENOBSERVE, "allow-all") == ["viewer_protocol"]
    (note,) = rollout_notes(load_site(tmp_path), on_aws=False)
    assert note.message.startswith("* and /assets/* can be had over plain http too")
    assert told(tmp_path, ROLLOUT + JUDGE + OPENOBSERVE, "https-only") == []
