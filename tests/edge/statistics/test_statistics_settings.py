"""The settings of the statistics: what may be in them, and what there is without."""

from __future__ import annotations

from typing import Any

import pytest

from edgewise.edge.errors import SettingsError
from edgewise.edge.settings import Settings

MACHINE = {"path": "step-functions", "state_machine": "shop-page-views"}
ARN = "arn:aws:states:eu-west-1:123456789012:stateMachine:mine"
REST = {
    "region": "us-east-1",
    "endpoint": None,
    "budget_ms": 50.0,
    "wait": False,
    "bots": True,
    "key": None,
    "counts_at": "viewer-response",
    "countries": False,
    "batch_seconds": 0,
    "own_hosts": [],
}


def test_what_there_is_without_a_word() -> None:
    assert Settings({"statistics": MACHINE}).statistics == MACHINE | REST
    stream = {"path": "firehose", "stream_name": "shop-page-views"}
    assert Settings({"statistics": stream}).statistics == stream | REST
    assert Settings({}).statistics is None


@pytest.mark.parametrize(
    "changes",
    [
        {"state_machine": ARN},
        {"region": "eu-west-2", "endpoint": "http://127.0.0.1:5000"},
        {"key": {"from": "ssm", "name": "/shop/visitor-salts/{date}"}},
        {"counts_at": "origin-response", "countries": True, "bots": False, "wait": True},
        {"batch_seconds": 2.5, "budget_ms": 5},
        {"own_hosts": ["/example.com", ".example.org"]},
    ],
)
def test_what_may_be_said(changes: dict[str, Any]) -> None:
    assert Settings({"statistics": MACHINE | changes}).statistics == MACHINE | REST | changes


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"path": None}, "path"),
        ({"path": "eventbridge"}, "path"),
        ({"path": "firehose"}, "stream_name"),
        ({"state_machine": "a b"}, "state_machine"),
        ({"state_machine": None}, "state_machine"),
        ({"stream_name": "a"}, "stream_name"),
        ({"counts_at": "viewer-request"}, "counts_at"),
        ({"bots": 1}, "bots"),
        ({"countries": "a.mmdb"}, "countries"),
        ({"key": "secret"}, "key"),
        ({"key": {"from": "file", "name": "a"}}, "key.from"),
        ({"key": {"from": "ssm"}}, "key.name"),
        ({"batch_seconds": 61}, "batch_seconds"),
        ({"budget_ms": 0}, "budget_ms"),
        ({"privacy": {}}, "privacy"),
    ],
)
def test_a_mistake_is_named(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(SettingsError, match=rf"statistics\.{key.replace('.', '[.]')} "):
        Settings({"statistics": MACHINE | changes})


@pytest.mark.parametrize("values", [[], "firehose", True, 1])
def test_what_is_no_object(values: Any) -> None:
    with pytest.raises(SettingsError, match=r"statistics\.path"):
        Settings({"statistics": values})
