"""The settings of a rollout: every default is filled in, every mistake is told by its key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge.doubles import Context, HandClock, Output
from edge.rollout.site import ORIGINS, SESSIONS, settings, viewer_event
from edgewise.edge import Edge
from edgewise.edge.errors import SettingsError
from edgewise.edge.settings import Settings

LEAST = {
    "stable": "v1",
    "new": "v2",
    "origins": ORIGINS,
    "key": {"from": "ssm", "name": "/shop/rollout-key"},
    "state": {"from": "dynamodb", "table": "shop-release"},
}


def checked(**rollout: Any) -> dict[str, Any]:
    found = Settings({"log": None, "rollout": LEAST | rollout}).rollout
    assert found is not None
    return found


def test_what_is_not_said_has_a_default() -> None:
    assert checked() == LEAST | {
        "header": "X-App-Version",
        "cookie": "edgewise-release",
        "session_s": 86_400,
        "ttl_s": 15,
        "key_region": "us-east-1",
        "sessions": None,
        "replicas": {},
        "exclude_paths": (),
        "endpoint": None,
    }
    assert checked(sessions={"table": "s", "cookie": "c"})["sessions"]["deadline_ms"] == 50
    assert checked(session_s=90.5)["session_s"] == 90
    assert Settings({"log": None}).rollout is None


@pytest.mark.parametrize(
    ("rollout", "key"),
    [
        ({"stable": "v 1"}, "rollout.stable is"),
        ({"new": None}, "rollout.new is"),
        ({"new": "v3"}, "rollout.origins.v3.domain is"),
        (
            {"origins": {**ORIGINS, "v2": {"domain": "v2.example.com", "protocol": "gopher"}}},
            "rollout.origins.v2.proto",
        ),
        (
            {"origins": {**ORIGINS, "v2": {"domain": "a b", "protocol": "https-only"}}},
            "rollout.origins.v2.domain",
        ),
        ({"origins": {**ORIGINS, "v2": ORIGINS["v1"]}}, "rollout.stable and rollout.new are one origin"),
        ({"new": "v1"}, "rollout.stable and rollout.new are one origin"),
        ({"header": "Host"}, "rollout.header is"),
        ({"header": "X-Edge-Version"}, "rollout.header is"),
        ({"cookie": "a b"}, "rollout.cookie is"),
        ({"session_s": 59}, "rollout.session_s is"),
        ({"ttl_s": "15"}, "rollout.ttl_s is"),
        ({"ttl_s": 301}, "rollout.ttl_s is"),
        ({"key": None}, "rollout.key.from is"),
        ({"key": {"from": "file", "name": "x"}}, "rollout.key.from is"),
        ({"key": {"from": "ssm", "name": "x", "value": "Secret"}}, "rollout.key.value is not known"),
        ({"key_region": "home"}, "rollout.key_region is"),
        ({"state": {"from": "s3", "table": "x"}}, "rollout.state.from is"),
        ({"state": {"from": ["dynamodb"]}}, "rollout.state.from is"),
        ({"state": {"from": "ssm", "table": "x"}}, "rollout.state.name is"),
        ({"state": {"from": "dynamodb", "table": "x", "name": "y"}}, "rollout.state.name is not known"),
        ({"state": "dynamodb"}, "rollout.state is"),
        ({"sessions": {**SESSIONS, "deadline_ms": 0}}, "rollout.sessions.deadline_ms is"),
        ({"sessions": {"table": "x"}}, "rollout.sessions.cookie is"),
        (
            {"sessions": {**SESSIONS, "cookie": "edgewise-release"}},
            "rollout.cookie is the app's session cookie",
        ),
        ({"replicas": {"eu-west-1": "nowhere"}}, "rollout.replicas is"),
        ({"exclude_paths": "/health"}, "rollout.exclude_paths is"),
        ({"endpoint": "localhost"}, "rollout.endpoint is"),
        ({"wait": True}, "rollout.wait is not known"),
    ],
)
def test_a_mistake_is_told_by_its_key(rollout: dict[str, Any], key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        checked(**rollout)
    assert str(caught.value).startswith(key)
    assert "Secret" not in str(caught.value)


def test_settings_that_cannot_be_used_leave_the_site_as_it_is(clock: HandClock, output: Output) -> None:
    edge = Edge(settings("http://localhost:9", ttl_s=0), clock=clock, write=output, environ={})
    assert "rollout.ttl_s" in output.notes[0]
    answer = edge(viewer_event(), Context())
    assert "x-app-version" not in answer["headers"]
    assert edge.rollout is None


@pytest.mark.parametrize(
    ("rollout", "header"),
    [
        ({"ttl_s": 0}, "X-App-Version"),
        ({"ttl_s": 0, "header": "X-Shop-Version"}, "X-Shop-Version"),
        ({"header": "Host"}, "X-App-Version"),
        ({"header": ["Host"]}, "X-App-Version"),
    ],
)
def test_where_nobody_decides_a_viewers_own_version_is_not_in_the_cache(
    clock: HandClock, output: Output, rollout: dict[str, Any], header: str
) -> None:
    edge = Edge(settings("http://localhost:9", **rollout), clock=clock, write=output, environ={})
    headers = edge(viewer_event(headers={header: "v2", "X-Other": "1"}), Context())["headers"]
    assert headers.keys() == {"host", "user-agent", "x-other"}
    assert output.records[-1]["failed_steps"] == 0


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"rollout": "v2"})])
def test_nor_where_the_file_is_no_settings_at_all(tmp_path: Path, clock: HandClock, text: str) -> None:
    (tmp_path / "edgewise_settings.json").write_text(text)
    edge = Edge(clock=clock, write=Output(), environ={"LAMBDA_TASK_ROOT": str(tmp_path)})
    assert "x-app-version" not in edge(viewer_event(headers={"X-App-Version": "v2"}), Context())["headers"]


def test_refused_settings_without_a_rollout_take_no_header_away(clock: HandClock, output: Output) -> None:
    edge = Edge({"log": "?"}, clock=clock, write=output, environ={})
    assert "x-app-version" in edge(viewer_event(headers={"X-App-Version": "v2"}), Context())["headers"]
