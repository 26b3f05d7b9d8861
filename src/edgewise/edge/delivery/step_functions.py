"""AWS Step Functions: an execution of a state machine for each batch of records, or for each record.

An execution is named after what it is given, so that a Standard workflow runs once however often a batch is sent.
An Express workflow does not look at names.
"""

from __future__ import annotations

import json
import re
from hashlib import sha256

from edgewise.edge.aws.call import Operation, region_of
from edgewise.edge.errors import SettingsError

from .aws_answers import verdict_on_problem
from .destination import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from edgewise.edge.environment import Environment

_NAME = r"[A-Za-z0-9_-]{1,80}"  # what every part of AWS takes and shows well (API reference, StartExecution)


class StepFunctions:
    """The destination `state_machine_arn`, by StartExecution.

    The input is the array of a batch's records or, with `execution_per` "record", one record.
    """

    def __init__(self, log: Mapping[str, Any], environment: Environment) -> None:
        """`log` as `Settings` has checked it: state_machine_arn, execution_per, endpoint. The ARN has the region.

        A name may take the ARN's place, with a `region`: it is a state machine of the function's own account.
        """
        self._arn = log["state_machine_arn"]
        self._region = region_of(self._arn) or log["region"]
        self._environment = environment
        self._per_record = log["execution_per"] == "record"
        self._operation = Operation(
            "states",
            "AWSStepFunctions.StartExecution",
            environment,
            region=self._region,
            endpoint=log["endpoint"],
            version="1.0",
        )
        self.host = self._operation.host
        self.most_records = 1 if self._per_record else 500

    def request(self, lines: Sequence[str]) -> bytes:
        """A signed StartExecution."""
        given = lines[0] if self._per_record else f"[{','.join(lines)}]"
        name = _name_of_record(given) if self._per_record else _digest(given)
        return self._operation.request({"stateMachineArn": self._whole_arn(), "name": name, "input": given})

    def _whole_arn(self) -> str:
        if self._arn.startswith("arn:"):
            return str(self._arn)
        own = str(getattr(self._environment.context, "invoked_function_arn", "")).split(":")
        if len(own) < 5 or not own[4]:
            raise SettingsError("the function's own ARN, which has the account, is not known")
        return f"arn:{own[1]}:states:{self._region}:{own[4]}:stateMachine:{self._arn}"

    def verdict(self, status: int, body: bytes, count: int) -> Verdict:
        """One answer for all: the execution has started, or had been started by an earlier attempt, or has not."""
        if status == 200:
            if b'"executionArn"' in body:
                return Verdict(stored=range(count))
            return Verdict(reason="status 200 without an execution")
        problem = self._operation.problem(status, body)
        if problem.code == "ExecutionAlreadyExists":
            return Verdict(stored=range(count))
        return verdict_on_problem(problem, count)


def _name_of_record(line: str) -> str:
    """The record's id as far as a name can hold it: by it the execution of a request can be found."""
    record_id = str(json.loads(line)["record_id"])
    name = record_id.replace("=", "").replace(":", "_")  # CloudFront's request ids end in `==`
    return name if re.fullmatch(_NAME, name) else _digest(record_id)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
