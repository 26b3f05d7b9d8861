"""Whatever a TOML document holds, it is a site that compiles or an error that says why."""

from __future__ import annotations

import datetime
import tomllib
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.site import Site, SiteError, SiteProblems, bundle_settings, compile_template, render_yaml
from edgewise.site.check import check_site
from edgewise.site.load import parse_toml

from .conftest import SITE

FILE = Path("/site/edgewise.toml")
STEERED = """
name = "tea"
[origins.v1]
domain = "v1.example.com"
[origins.v2]
domain = "v2.example.com"
[default]
origin = "v1"
cache = "optimized"
[log]
delivery = "openobserve"
url = "https://logs.example.com"
[rollout]
stable = "v1"
new = "v2"
header = "X-Version"
cookie = "release"
session_minutes = 60
ttl_seconds = 15
state = "ssm"
regions = ["us-east-1", "eu-west-1"]
exclude_paths = ["/health"]
[rollout.key]
from = "ssm"
name = "/tea/key"
[rollout.sessions]
cookie = "session"
deadline_ms = 50
[rollout.judge]
least_requests = 100
latency_factor = 2
user = "judge"
password = { from = "ssm", name = "/tea/judge" }
"""
NAMES = [
    "name",
    "origins",
    "default",
    "behaviors",
    "functions",
    "log",
    "app",
    "files",
    "path",
    "origin",
    "local",
    "url",
]
TEXTS = [
    "app",
    "files",
    "stdout",
    "optimized",
    "viewer-request",
    "/a*",
    "steps.handler",
    "http://a:1",
    "",
    "\0",
    "ß",
]

# No deadline: how fast a machine is, is not a test.
examples = settings(deadline=None, max_examples=60)

names = st.sampled_from(NAMES) | st.text(max_size=8)
values = st.recursive(
    st.sampled_from(TEXTS)
    | st.text(max_size=8)
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.dates()
    | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


def on_disk(path: Path) -> Literal["file", "folder"]:
    return "file" if path.suffix == ".py" else "folder"


def checked(document: dict[str, Any]) -> Site | None:
    """The site of a document, compiled as a proof; None if it was refused with a complete message."""
    try:
        site = check_site(document, FILE, on_disk)
    except SiteError as error:
        assert str(error).startswith(str(FILE))
        return None
    if site.rollout:
        bundle_settings(site, log={"delivery": "stdout"})
    render_yaml(compile_template(site, code_hash="0"))
    return site


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a document as (container, key)."""
    if not isinstance(value, dict | list):
        return []
    keys: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
    return [spot for key in keys for spot in [(value, key), *spots(value[key])]]


@examples
@given(st.dictionaries(names, values, max_size=6))
def test_any_document_is_a_site_or_an_error(document: dict[str, Any]) -> None:
    checked(document)


@pytest.mark.parametrize("text", [SITE, STEERED], ids=["plain", "steered"])
@examples
@given(data=st.data())
def test_a_good_document_with_anything_somewhere_is_a_site_or_an_error(
    text: str, data: st.DataObject
) -> None:
    document = tomllib.loads(text)
    container, key = data.draw(st.sampled_from(spots(document)))
    container[key] = data.draw(values)
    checked(document)


@examples
@given(st.text(max_size=60) | st.text(alphabet="[]{}=\"'\\.,#\n a1:-", max_size=60))
def test_any_text_is_toml_or_an_error_with_its_line(text: str) -> None:
    try:
        parse_toml(text, FILE)
    except SiteError as error:
        assert error.line is not None and error.line >= 1


@examples
@given(
    st.text(alphabet="abz09_-.*$/~\"'@:+&?", min_size=1, max_size=255),
    st.sampled_from(["allow-all", "https-only", "redirect-to-https"]),
    st.booleans(),
)
def test_any_valid_pattern_survives_the_yaml(path: str, protocol: str, functions: bool) -> None:
    document = tomllib.loads(SITE)
    document["behaviors"][0] |= {"path": path, "viewer_protocol": protocol, "functions": functions}
    site = checked(document)
    assert site is not None
    text = render_yaml(compile_template(site, code_hash="0"))
    for tag in ("!Ref", "!GetAtt", "!Sub"):
        text = text.replace(tag, "")
    (behavior,) = yaml.safe_load(text)["Resources"]["Distribution"]["Properties"]["DistributionConfig"][
        "CacheBehaviors"
    ]
    assert (behavior["PathPattern"], behavior["ViewerProtocolPolicy"]) == (path, protocol)
    assert ("LambdaFunctionAssociations" in behavior) is functions


def test_a_date_is_called_a_date() -> None:
    with pytest.raises(SiteProblems, match="a date or time"):
        check_site({"name": datetime.date(2024, 1, 1)}, FILE, on_disk)
