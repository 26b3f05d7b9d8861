"""The delivery stream that `up` plays: Firehose's event goes in, and every answer that there can be comes back."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from edgewise.cdn.accesslog.delivery import LineDelivery
from edgewise.cdn.distribution import FunctionDefinition
from edgewise.cdn.template.line_streams import LineStream

# What it does is what the line says.
HANDLER = """\
import base64, json

def handler(event, context):
    assert event["sourceKinesisStreamArn"].endswith(":stream/lines") and event["region"] == "us-east-1"
    answers = []
    for record in event["records"]:
        assert record["kinesisRecordMetadata"]["shardId"].startswith("shardId-")
        line = base64.b64decode(record["data"]).decode().rstrip("\\n")
        if line == "break":
            raise ValueError("broken")
        if line == "nonsense":
            return "nonsense"
        if line == "forget":
            continue
        result = {"drop": "Dropped", "fail": "ProcessingFailed"}.get(line, "Ok")
        data = (json.dumps({"line": line}) + "\\n").encode() * (2 if line == "twice" else 1)
        answers.append({"recordId": record["recordId"], "result": result, "data": base64.b64encode(data).decode()})
    return {"records": answers}
"""


def test_what_becomes_of_lines(tmp_path: Path) -> None:
    (tmp_path / "index.py").write_text(HANDLER)
    function = FunctionDefinition("transform", "index.handler", tmp_path, at_edge=False, timeout=10.0)
    records: list[dict[str, Any]] = []
    said: list[str] = []

    async def deliver() -> None:
        stream = LineStream("lines", "out", function, "access")
        delivery = LineDelivery(
            stream, lambda one: records.append(json.loads(one)), said.append, lambda event: None
        )
        for batch in (("a", "drop", "fail", "twice", "forget"), ("nonsense",), ("break", "lost"), ("b",)):
            for line in batch:
                delivery.add(f"{line}\n")
            await asyncio.sleep(0)
            while delivery.is_busy:
                await asyncio.sleep(0.02)
        delivery.add("last\n")
        await delivery.close()

    asyncio.run(asyncio.wait_for(deliver(), 60))
    assert [one["line"] for one in records] == ["a", "twice", "twice", "b", "last"]
    name = "the delivery stream out: lines of the real-time log that are no records: "
    assert said == [
        f"{name}2, its function could not read them",
        f"{name}1, its function's answer is not what Firehose takes",
        f"{name}2, its function failed (Unhandled)",
    ]
