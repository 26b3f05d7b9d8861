"""The deliveries that are compared: the settings of each, as a site's own would be."""

from __future__ import annotations

from typing import Any

# `http`, because there is no TLS in a network that is not there; the round trip of its handshake is modelled.
_AT = "http://collector.example"
SETTINGS: dict[str, dict[str, Any]] = {
    "stdout": {"delivery": "stdout"},
    "openobserve": {"delivery": "openobserve", "url": _AT, "user": "me", "password": "simulated"},
    "openobserve-wait": {
        "delivery": "openobserve",
        "url": _AT,
        "user": "me",
        "password": "simulated",
        "wait": True,
    },
    "firehose": {"delivery": "firehose", "stream_name": "edge", "endpoint": _AT},
    "step-functions": {
        "delivery": "step-functions",
        "state_machine_arn": "arn:aws:states:us-east-1:123456789012:stateMachine:edge",
        "endpoint": _AT,
    },
    "eventbridge": {"delivery": "eventbridge", "endpoint": _AT},
}
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "simulated",
}


def settings_of(name: str, budget_ms: float) -> dict[str, Any]:
    """What `Edge` is given for the delivery `name`."""
    return {"hash": "simulated", "log": {**SETTINGS[name], "budget_ms": budget_ms}}
