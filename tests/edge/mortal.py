"""An execution environment that serves visitors until it is killed: a program, started by a test.

Its arguments are its name and its settings as JSON. After each visitor it writes to standard error how many records
it has made, sent and dropped, and how many are pending.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from typing import Any

from edge.doubles import ENVIRON, Context, load_event
from edgewise.edge import Edge
from edgewise.edge.delivery import make_delivery

GAP_SECONDS = 0.002  # between two visitors


def main(name: str, settings: dict[str, Any]) -> None:
    deliveries: list[Any] = []

    def deliver(*arguments: Any) -> Any:
        deliveries.append(make_delivery(*arguments))
        return deliveries[-1]

    edge = Edge(settings, environ=ENVIRON, deliver=deliver)
    event = load_event("viewer-request")
    for number in itertools.count(1):
        event["Records"][0]["cf"]["config"]["requestId"] = f"{name}-{number}"
        edge(event, Context())
        (delivery,) = deliveries
        pending = getattr(delivery, "pending", 0)
        os.write(2, b"%d %d %d %d\n" % (number, delivery.sent, delivery.dropped, pending))
        time.sleep(GAP_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
