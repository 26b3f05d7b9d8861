"""A function that sleeps longer than its timeout of one second."""

import time
from typing import Any


def handler(event: dict[str, Any], context: Any) -> Any:
    time.sleep(5)
    return event["Records"][0]["cf"]["request"]
