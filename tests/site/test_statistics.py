"""The site file's [statistics], [rewrite] and viewer_function: what they become, and which mistakes are told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgewise.edge.settings import Settings
from edgewise.site import Secret, SiteError, Statistics, bundle_settings, load_site

SITE = """\
name = "my-shop"

[origins.app]
domain = "app.example.com"

[origins.files]
folder = "."

[default]
origin = "files"
{default}
[[behaviors]]
path = "/api/*"
origin = "app"
{api}
[[behaviors]]
path = "docs/*"
origin = "files"
{docs}
{more}
"""
FUNCTION = 'viewer_function = "arn:aws:cloudfront::111122223333:function/rewrite"\n'
Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A site's folder; the arguments are more lines for parts of its file."""
    (tmp_path / "places.mmdb").write_bytes(b"")

    def make(more: str = "[statistics]", default: str = "", api: str = "", docs: str = "") -> Path:
        text = SITE.format(default=default, api=api, docs=docs, more=more)
        (tmp_path / "edgewise.toml").write_text(text)
        return tmp_path

    return make


def test_an_empty_table_turns_it_on_with_these_defaults(folder: Folder) -> None:
    statistics = load_site(folder()).statistics
    assert statistics == Statistics(
        name="my-shop",
        path="step-functions",
        countries=None,
        bots=True,
        days=730,
        format="json",
        catalog="projection",
        buffer_seconds=300,
        batch_seconds=0,
        budget_ms=50,
        wait=False,
        own_key=None,
    )
    assert (statistics.pipeline, statistics.queue) == ("my-shop-page-views", "my-shop-page-views-failed")
    assert (statistics.database, statistics.table) == ("my_shop_statistics", "page_views")
    assert statistics.salts == "/my-shop/visitor-salts"
    assert load_site(folder("")).statistics is None


def test_every_key_is_read(folder: Folder) -> None:
    text = """
        [statistics]
        path = "firehose"
        countries = "places.mmdb"
        bots = false
        days = 30
        format = "parquet"
        catalog = "crawler"
        buffer_seconds = 60
        batch_seconds = 2.5
        budget_ms = 20
        wait = true
        key = { from = "secrets-manager", name = "shop/key" }
    """
    place = folder(text)
    assert load_site(place).statistics == Statistics(
        name="my-shop",
        path="firehose",
        countries=place / "places.mmdb",
        bots=False,
        days=30,
        format="parquet",
        catalog="crawler",
        buffer_seconds=60,
        batch_seconds=2.5,
        budget_ms=20,
        wait=True,
        own_key=Secret("secrets-manager", "shop/key"),
    )


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('path = "kinesis"', "unknown value"),
        ('countries = "gone.mmdb"', "there is no file"),
        ('countries = ""', "there is no file"),
        ("days = 0", "out of range"),
        ("days = 3651", "out of range"),
        ("days = 1.5", "whole number"),
        ("days = nan", "out of range"),
        ("days = inf", "out of range"),
        ('format = "csv"', "unknown value"),
        ('catalog = "crawl"', "crawler"),
        ("buffer_seconds = 59", "out of range"),
        ("buffer_seconds = 901", "out of range"),
        ("batch_seconds = 61", "out of range"),
        ("budget_ms = 0", "out of range"),
        ('bots = "no"', "expected true or false"),
        ('key = "a secret that was pasted here"', "expected a table"),
        ('key = { from = "ssm", name = "a name with spaces" }', "cannot be the name"),
        ("buffer = 300", "buffer_seconds"),
    ],
)
def test_a_value_that_cannot_be_is_told_with_its_key(folder: Folder, line: str, says: str) -> None:
    with pytest.raises(SiteError) as caught:
        load_site(folder(f"[statistics]\n{line}\n"))
    assert says in str(caught.value) and f"statistics.{line.split()[0]}" in str(caught.value)
    assert "pasted here" not in str(caught.value)


def test_a_site_without_functions_counts_nothing(folder: Folder) -> None:
    off = "functions = false"
    with pytest.raises(SiteError, match="no behavior runs functions"):
        load_site(folder(default=off, api=off, docs=off))


def test_what_is_baked_says_where_views_go(folder: Folder) -> None:
    assert bundle_settings(load_site(folder()))["statistics"] == {
        "path": "step-functions",
        "state_machine": "my-shop-page-views",
        "region": "us-east-1",
        "endpoint": None,
        "bots": True,
        "batch_seconds": 0,
        "budget_ms": 50,
        "wait": False,
        "key": {"from": "ssm", "name": "/my-shop/visitor-salts/{date}"},
        "counts_at": "viewer-response",
        "countries": False,
    }
    text = '[statistics]\npath = "firehose"\ncountries = "places.mmdb"\nkey = { from = "ssm", name = "/k" }'
    direct = bundle_settings(load_site(folder(text)))["statistics"]
    assert "state_machine" not in direct and direct["stream_name"] == "my-shop-page-views"
    assert direct["key"] == {"from": "ssm", "name": "/k"} and direct["countries"] is True
    assert "statistics" not in bundle_settings(load_site(folder("")))


def test_a_local_run_asks_its_own_aws_and_has_salts_of_its_own(folder: Folder) -> None:
    site = load_site(folder('[statistics]\nkey = { from = "secrets-manager", name = "shop/key" }'))
    local = bundle_settings(site, aws="http://127.0.0.1:5000")["statistics"]
    assert local["endpoint"] == "http://127.0.0.1:5000"
    assert local["key"] == {"from": "ssm", "name": "/my-shop/visitor-salts/{date}"}


def triggers(folder: Path) -> dict[str, tuple[str, ...]]:
    site = load_site(folder)
    return {one.path: site.triggers_of(one) for one in site.all_behaviors}


def test_views_are_counted_at_viewer_response_and_countries_are_handed_on_where_they_may_be(
    folder: Folder,
) -> None:
    # A custom origin is told no country by the default policy, a bucket is by one of the template's.
    assert triggers(folder()) == {
        "*": ("origin-response", "viewer-response"),
        "/api/*": ("viewer-response",),
        "docs/*": ("origin-response", "viewer-response"),
    }
    forward = 'forward = "all-viewer-and-cloudfront-headers-2022-06"'
    assert triggers(folder(api=forward))["/api/*"] == ("origin-response", "viewer-response")
    assert triggers(folder(api="functions = false"))["/api/*"] == ()
    assert set(triggers(folder('[statistics]\ncountries = "places.mmdb"')).values()) == {("viewer-response",)}


def given_policies(folder: Path) -> set[str]:
    """The behaviors that get the template's own origin request policy."""
    site = load_site(folder)
    return {one.path for one in site.all_behaviors if site.has_view_policy(one)}


def test_a_bucket_that_says_nothing_of_it_is_sent_what_views_need(folder: Folder) -> None:
    assert given_policies(folder()) == {"*", "docs/*"}
    assert given_policies(folder(docs='forward = "cors-s3-origin"')) == {"*"}
    assert given_policies(folder(docs="functions = false")) == {"*"}
    # With a table of addresses nothing is asked of CloudFront, where the viewer's own request is seen.
    table = '[statistics]\ncountries = "places.mmdb"'
    assert given_policies(folder(table)) == set()
    assert given_policies(folder(table, FUNCTION, FUNCTION, FUNCTION)) == {"*", "docs/*"}


def test_beside_a_cloudfront_function_everything_runs_at_the_origins_triggers(folder: Folder) -> None:
    place = folder("[log]\n[persistence]\n[statistics]", FUNCTION, FUNCTION, FUNCTION)
    assert set(triggers(place).values()) == {("origin-request", "origin-response")}
    settings = bundle_settings(load_site(place))["statistics"]
    assert settings["counts_at"] == "origin-response"


def test_a_behavior_without_functions_may_have_any_cloudfront_function(folder: Folder) -> None:
    site = load_site(folder(api=f"functions = false\n{FUNCTION}"))
    assert site.counts_at == "viewer-response"
    assert site.behaviors[0].viewer_function == "arn:aws:cloudfront::111122223333:function/rewrite"


STEPS = '[functions]\nsource = "edge"\nhandler = "steps.handler"\ntriggers = ["viewer-request"]\n'
ROLLOUT = '[rollout]\nstable = "app"\nnew = "two"\nkey = { from = "ssm", name = "/k" }\n'
ROLLOUT += '[origins.two]\ndomain = "two.example.com"\n'


@pytest.mark.parametrize(
    ("parts", "key", "says"),
    [
        ({"default": FUNCTION, "api": FUNCTION}, "behaviors[1].viewer_function", "need not be"),
        ({"more": "", "default": 'viewer_function = "rewrite"'}, "default.viewer_function", "not the ARN"),
        ({"more": STEPS, "api": FUNCTION}, "behaviors[0].viewer_function", "viewer-request"),
        ({"more": ROLLOUT, "api": FUNCTION}, "behaviors[0].viewer_function", "the rollout"),
        ({"more": "[rewrite]", "docs": FUNCTION}, "behaviors[1].viewer_function", "`rewrite`"),
    ],
)
def test_what_cannot_run_beside_a_cloudfront_function_is_told(
    folder: Folder, parts: dict[str, str], key: str, says: str
) -> None:
    place = folder(**parts)
    (place / "edge").mkdir()
    (place / "edge/steps.py").touch()
    with pytest.raises(SiteError) as caught:
        load_site(place)
    assert key in str(caught.value) and says in str(caught.value)


def rewritten(place: Path) -> Any:
    return bundle_settings(load_site(place))["rewrite"]


def test_paths_are_rewritten_where_a_bucket_answers(folder: Folder) -> None:
    # In the order in which CloudFront looks, the default one last.
    assert rewritten(folder("[rewrite]")) == {
        "index": "index.html",
        "behaviors": [["/api/*", False], ["docs/*", True], ["*", True]],
    }
    assert rewritten(folder("[rewrite]", docs="functions = false"))["behaviors"][1] == ["docs/*", False]
    assert set(triggers(folder("[rewrite]")).values()) == {("viewer-request",), ()}


def test_the_behaviors_whose_paths_are_rewritten_can_be_named(folder: Folder) -> None:
    # CloudFront takes a pattern with and without its first slash for the same.
    settings = rewritten(folder('[rewrite]\nindex = "home.htm"\nbehaviors = ["api/*", "/docs/*"]'))
    assert settings == {"index": "home.htm", "behaviors": [["/api/*", True], ["docs/*", True], ["*", False]]}


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"more": '[rewrite]\nindex = "a/b.html"'}, "rewrite.index"),
        ({"more": '[rewrite]\nindex = "index"'}, "rewrite.index"),
        ({"more": '[rewrite]\nbehaviors = ["/doc/*"]'}, "docs/*"),
        (
            {"more": '[rewrite]\nbehaviors = ["docs/*"]', "docs": "functions = false"},
            "behaviors[1].functions",
        ),
        ({"more": "[rewrite]", "default": "functions = false", "docs": "functions = false"}, "has a bucket"),
    ],
)
def test_a_mistake_in_rewrite_is_told(folder: Folder, parts: dict[str, str], says: str) -> None:
    with pytest.raises(SiteError) as caught:
        load_site(folder(**parts))
    assert says in str(caught.value)


@pytest.mark.parametrize("way", ["step-functions", "firehose"])
@pytest.mark.parametrize("aws", [None, "http://127.0.0.1:5000"])
def test_the_edge_takes_what_is_baked_in_for_it(folder: Folder, way: str, aws: str | None) -> None:
    site = load_site(folder(f'[rewrite]\n[statistics]\npath = "{way}"\nbatch_seconds = 2\n[log]\n'))
    settings = Settings(bundle_settings(site, log={"delivery": "stdout"}, aws=aws))
    assert settings.statistics and settings.statistics["batch_seconds"] == 2
    assert settings.rewrite and settings.rewrite["index"] == "index.html"
