"""What is baked for a site with statistics: the edge takes its settings and finds its data beside the code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge.doubles import ENVIRON, Context, HandClock, Output, load_event
from edgewise.agents import DatabaseError
from edgewise.edge import Edge
from edgewise.site import Bundle, bundle_settings, load_site
from support.addresses import country, database
from support.sites import ONE_ORIGIN, site_of

COUNTRIES = 'countries = "networks.mmdb"\n'


def bundle_of(folder: Path, text: str) -> Bundle:
    site = site_of(folder, ONE_ORIGIN + text)
    bundle = Bundle(site, folder / "build", bundle_settings(site))
    bundle.refresh()
    return bundle


def views_of(folder: Path, **changes: Any) -> list[dict[str, Any]]:
    """What the function in a folder hands to its delivery for one page."""
    lines: list[str] = []

    class Handed:
        sent = dropped = 0

        def deliver_line(self, line: str, remaining_ms: float) -> None:
            lines.append(line)

    output = Output()
    edge = Edge(
        clock=HandClock(),
        write=output,
        environ=ENVIRON | {"LAMBDA_TASK_ROOT": str(folder)},
        deliver=lambda asked, environment, write: Handed(),
    )
    event = load_event("viewer-response")
    event["Records"][0]["cf"]["request"] |= changes
    edge(event, Context())
    # There is no AWS here that would have the day's salt.
    assert all("edgewise_" not in note for note in output.notes)
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("path", ["step-functions", "firehose"])
def test_the_edge_counts_with_what_is_baked(tmp_path: Path, path: str) -> None:
    (tmp_path / "networks.mmdb").write_bytes(database({"81.2.69.0/24": country("GB")}))
    bundle = bundle_of(tmp_path, f'[statistics]\npath = "{path}"\n{COUNTRIES}')
    (view,) = views_of(bundle.target, clientIp="81.2.69.160", uri="/shirts/")
    assert (view["page"], view["country"]) == ("/shirts", "GB")
    if path == "firehose":
        assert (view["country_name"], view["device"]) == ("United Kingdom", "desktop")
    else:
        assert view["settings_hash"] == bundle_settings(load_site(tmp_path))["hash"]
    shipped = {file.name for file in bundle.target.rglob("*.py")}
    assert f"{path.replace('-', '_')}.py" in shipped
    assert ("firehose.py" in shipped) != ("step_functions.py" in shipped)


def test_a_database_that_changes_makes_another_bundle(tmp_path: Path) -> None:
    file = tmp_path / "networks.mmdb"
    file.write_bytes(database({"81.2.69.0/24": country("GB")}))
    first = bundle_of(tmp_path, f"[statistics]\n{COUNTRIES}").code_hash
    file.write_bytes(database({"81.2.69.0/24": country("FR"), "9.9.9.0/24": country("US")}))
    assert bundle_of(tmp_path, f"[statistics]\n{COUNTRIES}").code_hash != first


def test_one_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "networks.mmdb").write_text("no database")
    with pytest.raises(DatabaseError, match=r"networks\.mmdb"):
        bundle_of(tmp_path, f"[statistics]\n{COUNTRIES}")


def test_without_a_database_there_is_no_table(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, "[statistics]\n")
    assert not (bundle.target / "edgewise_countries.bin").exists()
    assert "countries" not in json.loads((bundle.target / "edgewise_agents.json").read_bytes())
    assert len(views_of(bundle.target)) == 1
