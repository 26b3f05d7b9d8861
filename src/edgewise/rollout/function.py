"""The judge as a Lambda function that is called every minute: one look, what it says is done, a line and a record.

What it needs to know is in `edgewise_judge.json` beside it, which the site's template brings. A failure is an error of
the function, so that an alarm can see it; nothing was changed then.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from edgewise.rollout.errors import ChangedError
from edgewise.rollout.looking import act, leave_record, look
from edgewise.rollout.openobserve import OpenObserve
from edgewise.rollout.places import aws_client, place_of
from edgewise.rollout.rules import rules_from
from edgewise.rollout.secrets import current, secret

SETTINGS: Final = "edgewise_judge.json"
# Seconds for all that OpenObserve is asked. The function has a few more, so that it is never ended half-way.
BUDGET: Final = 40.0
Client = Callable[[str, "str | None", str], Any]


def lambda_handler(event: object, context: object) -> dict[str, Any]:
    """What Lambda calls; answers and prints the judgement."""
    folder = Path(os.environ.get("LAMBDA_TASK_ROOT") or ".")
    judgement = run(json.loads((folder / SETTINGS).read_text(encoding="utf-8")), time.time_ns() // 1000)
    print(json.dumps(judgement))
    return judgement


def run(
    settings: Mapping[str, Any], now: int, client: Client = aws_client, budget: float = BUDGET
) -> dict[str, Any]:
    """One look with the settings of a site, at a time in microseconds. `client` makes AWS's clients."""
    endpoint, region = settings.get("endpoint"), str(settings["region"])
    place = place_of(settings["state"], lambda service: client(service, endpoint, region))
    release = place.read()
    if release is None:
        return {"action": "hold", "rule": "nothing", "sentence": "There is no release.", "acted": False}
    records = settings["openobserve"]
    password = _password(records["password"], records.get("region") or region, endpoint, client)
    openobserve = OpenObserve(records["url"], records["organization"], records["user"], password, budget)
    found = look(
        release,
        openobserve,
        rules_from(settings.get("rules") or {}),
        now,
        behaviors=settings["behaviors"],
        stream=records["stream"],
    )
    try:
        found = act(place, found, now)
    except ChangedError:
        # Somebody was quicker; the next look is in a minute, at what they made of it.
        return {**found.record(now), "acted": False, "note": "somebody else changed the release meanwhile"}
    trouble = leave_record(found.record(now), openobserve.keep)
    return {**found.record(now), **({"note": trouble} if trouble else {})}


def _password(where: Mapping[str, Any], region: str, endpoint: str | None, client: Client) -> str:
    # An ARN names its region itself.
    name = str(where["name"])
    region = name.split(":")[3] if name.startswith("arn:") else region
    return current(secret(where["from"], name, lambda service: client(service, endpoint, region)))
