"""CloudFront's distributions: ETags, spreading to the edges, and what may be associated with them.

Sources: CloudFront's API reference (UpdateDistribution, DeleteDistribution), "Restrictions on Lambda@Edge".
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cloud.double.functions import ACCOUNT, Functions
from cloud.double.policies import Policies
from cloud.double.wire import Refusal

LOOKS_UNTIL_DEPLOYED = 2
_RUNTIMES = ("python3.", "nodejs")


@dataclass
class Distribution:
    """One distribution, and how often it has to be looked at until every edge has it."""

    id: str
    config: dict[str, Any]
    etag: str
    looks: int = LOOKS_UNTIL_DEPLOYED

    def told(self) -> dict[str, Any]:
        return {
            "Id": self.id,
            "ARN": f"arn:aws:cloudfront::{ACCOUNT}:distribution/{self.id}",
            "Status": "InProgress" if self.looks > 0 else "Deployed",
            "LastModifiedTime": datetime.now(UTC),
            "InProgressInvalidationBatches": 0,
            "DomainName": f"{self.id.lower()}.cloudfront.net",
            "DistributionConfig": self.config,
        }


class Distributions:
    """The service."""

    def __init__(self, functions: Functions) -> None:
        self.distributions: dict[str, Distribution] = {}
        self.policies = Policies(self.distributions)
        self._functions = functions
        self._numbers = itertools.count(1)

    def handle(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        return getattr(self, f"_{operation}")(given)

    def _CreateContinuousDeploymentPolicy(self, given: dict[str, Any]) -> dict[str, Any]:
        return self.policies.create(given)

    def _GetContinuousDeploymentPolicy(self, given: dict[str, Any]) -> dict[str, Any]:
        return self.policies.get(given)

    def _UpdateContinuousDeploymentPolicy(self, given: dict[str, Any]) -> dict[str, Any]:
        return self.policies.update(given)

    def _DeleteContinuousDeploymentPolicy(self, given: dict[str, Any]) -> dict[str, Any]:
        return self.policies.delete(given)

    def _CreateDistribution(self, given: dict[str, Any]) -> dict[str, Any]:
        config = given["DistributionConfig"]
        for known in self.distributions.values():
            if known.config["CallerReference"] == config["CallerReference"]:
                raise Refusal("DistributionAlreadyExists", "The caller reference is in use.")
        self._check(config)
        self.policies.check_new(config)
        made = Distribution(f"E{next(self._numbers):013d}", config, self._etag())
        self.distributions[made.id] = made
        self._associate()
        return {"Distribution": made.told(), "ETag": made.etag, "Location": made.id}

    def _GetDistribution(self, given: dict[str, Any]) -> dict[str, Any]:
        found = self._found(given)
        found.looks -= 1
        return {"Distribution": found.told(), "ETag": found.etag}

    def _GetDistributionConfig(self, given: dict[str, Any]) -> dict[str, Any]:
        found = self._found(given)
        return {"DistributionConfig": found.config, "ETag": found.etag}

    def _UpdateDistribution(self, given: dict[str, Any]) -> dict[str, Any]:
        found = self._matching(given)
        if given["DistributionConfig"]["CallerReference"] != found.config["CallerReference"]:
            raise Refusal("IllegalUpdate", "The caller reference cannot be changed.")
        self._check(given["DistributionConfig"])
        found.config, found.etag, found.looks = (
            self.policies.check_update(found, given["DistributionConfig"]),
            self._etag(),
            LOOKS_UNTIL_DEPLOYED,
        )
        self._associate()
        return {"Distribution": found.told(), "ETag": found.etag}

    def _DeleteDistribution(self, given: dict[str, Any]) -> dict[str, Any]:
        found = self._matching(given)
        if found.config["Enabled"] or found.looks > 0:
            raise Refusal(
                "DistributionNotDisabled",
                "The distribution you are trying to delete has not been disabled.",
            )
        self.policies.check_deletion(found)
        del self.distributions[found.id]
        self._associate()
        return {}

    def _found(self, given: dict[str, Any]) -> Distribution:
        if given["Id"] not in self.distributions:
            raise Refusal("NoSuchDistribution", "The specified distribution does not exist.")
        return self.distributions[given["Id"]]

    def _matching(self, given: dict[str, Any]) -> Distribution:
        found = self._found(given)
        if "IfMatch" not in given:
            raise Refusal("InvalidIfMatchVersion", "The If-Match version is missing or not valid.")
        if given["IfMatch"] != found.etag:
            raise Refusal("PreconditionFailed", "The If-Match version is not the current one.")
        return found

    def _etag(self) -> str:
        return f"ETAG{next(self._numbers):09d}"

    def _associate(self) -> None:
        self._functions.associated(
            {
                one["LambdaFunctionARN"]
                for distribution in self.distributions.values()
                for one in _associations(distribution.config)
            }
        )

    def _check(self, config: dict[str, Any]) -> None:
        origins = {one["Id"] for one in config["Origins"]["Items"]}
        for behavior in _behaviors(config):
            if behavior["TargetOriginId"] not in origins:
                raise Refusal("NoSuchOrigin", "No origin exists with the specified Origin Id.")
            events = [one["EventType"] for one in _of(behavior)]
            if len(events) != len(set(events)):
                raise _unfit("The event type must be unique within a behavior.")
        for one in _associations(config):
            self._check_function(one)

    def _check_function(self, association: dict[str, Any]) -> None:
        arn = association["LambdaFunctionARN"]
        if not arn.startswith("arn:aws:lambda:us-east-1:"):
            raise _unfit(f"The function must be in region us-east-1. ARN: {arn}")
        if not arn.rpartition(":")[2].isdigit():
            raise _unfit(f"The function ARN must reference a specific function version. ARN: {arn}")
        version = self._functions.by_arn(arn)
        if version is None:
            raise _unfit(f"The function does not exist. ARN: {arn}")
        if version.get("Environment", {}).get("Variables"):
            raise _unfit(f"The function cannot have environment variables. Function: {arn}")
        if version["Timeout"] > 30:
            raise _unfit(f"The function timeout is too large. Max allowed: 30 Actual: {version['Timeout']}")
        viewer = association["EventType"].startswith("viewer")
        most = 128 if viewer else 10_240
        if version["MemorySize"] > most:
            raise _unfit(
                f"The function memory size is too large. Max allowed: {most} Actual: {version['MemorySize']}"
            )
        if not version["Runtime"].startswith(_RUNTIMES) or version.get("Architectures", ["x86_64"]) != [
            "x86_64"
        ]:
            raise _unfit(f"The function runtime is not supported at the edge. Function: {arn}")
        if association.get("IncludeBody") and association["EventType"].endswith("response"):
            raise _unfit("Only a request event can include the body.")


def _behaviors(config: dict[str, Any]) -> list[dict[str, Any]]:
    return [config["DefaultCacheBehavior"], *config.get("CacheBehaviors", {}).get("Items", ())]


def _of(behavior: dict[str, Any]) -> list[dict[str, Any]]:
    return behavior.get("LambdaFunctionAssociations", {}).get("Items", [])


def _associations(config: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for behavior in _behaviors(config) for one in _of(behavior)]


def _unfit(message: str) -> Refusal:
    return Refusal("InvalidLambdaFunctionAssociation", message)
