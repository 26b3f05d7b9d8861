"""Cases about the place in which a function runs."""

import json
import os
import platform
import threading
import time
import uuid
from typing import Any

from .show import Cf, generated

ENVIRONMENT = uuid.uuid4().hex
_state = {"invocations": 0, "running": 0, "overlapped": 0, "ticks": 0}


def environment(cf: Cf, context: Any, seconds: str = "0") -> Any:
    """What can be known of the environment, after staying in it for some seconds."""
    _state["invocations"] += 1
    _state["running"] += 1
    _state["overlapped"] += _state["running"] > 1
    time.sleep(float(seconds))
    _state["running"] -= 1
    shown = {
        **_state,
        "environment": ENVIRONMENT,
        "request_id": context.aws_request_id,
        "remaining": context.get_remaining_time_in_millis(),
        "name": context.function_name,
        "version": context.function_version,
        "memory": context.memory_limit_in_mb,
        "machine": platform.machine(),
        "python": platform.python_version(),
        "region": os.environ.get("AWS_REGION", ""),
        "variables": sorted(os.environ),
    }
    return generated("200", json.dumps(shown))


def tick(cf: Cf, context: Any) -> Any:
    """Leave a thread behind that counts; the next invocation in this environment tells how far it came."""
    if _state["invocations"] == 0:
        threading.Thread(target=_count, daemon=True).start()
    return environment(cf, context)


def _count() -> None:
    while True:
        time.sleep(0.02)
        _state["ticks"] += 1


CASES = {"environment": environment, "tick": tick}
