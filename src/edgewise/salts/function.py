"""The Lambda function that keeps the salts: called by a schedule, and by CloudFormation as a custom resource.

The event says where they are: `Path`, of a custom resource in its properties. Terraform calls it like the schedule, and
says in `tf` what it does (`lifecycle_scope` of `aws_lambda_invocation`). A failure is an error of the function,
so that Lambda calls it again and an alarm can see it; to CloudFormation it is told, too, which waits for an hour
otherwise. Source: "Custom resource request and response" in the CloudFormation user guide.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.request import Request, urlopen

from edgewise.salts.keeping import forget_salts, keep_salts

_ANSWER_SECONDS: Final = 20
# Characters, of up to six bytes: CloudFormation takes 4,096 in all.
_MOST_REASON: Final = 500
# Sends a body to a URL of CloudFormation's.
Send = Callable[[str, bytes], None]


def lambda_handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """What Lambda calls; answers and prints what was done."""
    import boto3

    done = run(event, boto3.client("ssm"), time.time(), _send)
    print(json.dumps(done))
    return done


def run(event: Mapping[str, Any], ssm: Any, now: float, send: Send) -> dict[str, Any]:
    """One call at a time in seconds; the dates of what was made and deleted. Raises `SaltsError`."""
    if event.get("tf", {}).get("action") == "delete":
        return {"deleted": list(forget_salts(ssm, str(event["Path"])))}
    if "RequestType" not in event:
        return _keep(ssm, str(event["Path"]), now)
    path = str(event["ResourceProperties"]["Path"])
    try:
        deletes = event["RequestType"] == "Delete"
        done = {"deleted": list(forget_salts(ssm, path))} if deletes else _keep(ssm, path, now)
    except Exception as error:
        send(*_answer(event, path, "FAILED", str(error)))
        raise
    send(*_answer(event, path, "SUCCESS", ""))
    return done


def _keep(ssm: Any, path: str, now: float) -> dict[str, Any]:
    kept = keep_salts(ssm, path, now)
    return {"made": list(kept.made), "deleted": list(kept.deleted)}


def _answer(event: Mapping[str, Any], path: str, status: str, reason: str) -> tuple[str, bytes]:
    """The URL, and what it is to be told."""
    names = ("StackId", "RequestId", "LogicalResourceId")
    # Of a delete it has to be the id that the resource has, whatever made it.
    answer = {"Status": status, "PhysicalResourceId": event.get("PhysicalResourceId", path)}
    answer |= {name: event[name] for name in names}
    if reason:
        answer["Reason"] = reason[:_MOST_REASON]
    return str(event["ResponseURL"]), json.dumps(answer).encode()


def _send(url: str, body: bytes) -> None:
    # The URL is signed for a PUT without a type of content.
    request = Request(url, data=body, method="PUT", headers={"Content-Type": ""})
    with urlopen(request, timeout=_ANSWER_SECONDS):
        pass
