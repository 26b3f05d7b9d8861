"""CloudFront's continuous deployment policies, and what they ask of the two distributions.

Sources: CloudFront's API reference; "Quotas and other considerations for continuous deployment" and "Learn how
continuous deployment works" in its developer guide. Words of refusals are those that people quote, where they do.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from cloud.double.wire import Refusal

MOST = 20
_MAY_DIFFER = frozenset(
    (
        *("CacheBehaviors", "Comment", "CustomErrorResponses", "DefaultCacheBehavior", "DefaultRootObject"),
        *("Logging", "OriginGroups", "Origins", "Restrictions"),
    )
)
# Names, ids and the marks of their roles are each one's own.
_OWN = frozenset(("Aliases", "CallerReference", "ContinuousDeploymentPolicyId", "Staging"))


class Known(Protocol):
    """A distribution."""

    id: str
    config: dict[str, Any]


@dataclass
class Policy:
    """One policy."""

    id: str
    config: dict[str, Any]
    etag: str

    def told(self) -> dict[str, Any]:
        return {
            "ContinuousDeploymentPolicy": {
                "Id": self.id,
                "LastModifiedTime": datetime.now(UTC),
                "ContinuousDeploymentPolicyConfig": self.config,
            },
            "ETag": self.etag,
        }


class Policies:
    """The service's policies over its `distributions`, which are found by their ids.

    What takes one off its distribution is reported in four ways: an update with an "empty" policy, the same once the
    policy is "disabled", that with the update "refused" before, or only that it is "deleted" after that. `gone_by` is
    the one that is true here.
    """

    def __init__(self, distributions: dict[str, Any]) -> None:
        self.policies: dict[str, Policy] = {}
        self.gone_by = "empty"
        self._distributions = distributions
        self._numbers = itertools.count(1)

    def create(self, given: dict[str, Any]) -> dict[str, Any]:
        if len(self.policies) >= MOST:
            raise Refusal("TooManyContinuousDeploymentPolicies", "You have reached the maximum number.")
        config = given["ContinuousDeploymentPolicyConfig"]
        self._check(config, "")
        made = Policy(f"policy-{next(self._numbers):04d}", config, self._etag())
        self.policies[made.id] = made
        return {**made.told(), "Location": made.id}

    def get(self, given: dict[str, Any]) -> dict[str, Any]:
        return self._found(given).told()

    def update(self, given: dict[str, Any]) -> dict[str, Any]:
        found = self._matching(given)
        self._check(given["ContinuousDeploymentPolicyConfig"], found.id)
        found.config, found.etag = given["ContinuousDeploymentPolicyConfig"], self._etag()
        return found.told()

    def delete(self, given: dict[str, Any]) -> dict[str, Any]:
        found = self._matching(given)
        primaries = [
            one.config
            for one in self._distributions.values()
            if one.config.get("ContinuousDeploymentPolicyId") == found.id
        ]
        if self.gone_by == "deleted" and not found.config["Enabled"]:
            for config in primaries:
                config["ContinuousDeploymentPolicyId"] = ""
        elif primaries:
            raise Refusal(
                "ContinuousDeploymentPolicyInUse",
                "You cannot delete a continuous deployment policy that is associated with a primary distribution.",
            )
        del self.policies[found.id]
        return {}

    def check_new(self, config: dict[str, Any]) -> None:
        """What a distribution may not be made with."""
        if config.get("ContinuousDeploymentPolicyId"):
            raise _invalid("Continuous deployment policy is not supported during distribution creation.")
        if config.get("Staging"):
            _check_staging(config)

    def check_update(self, known: Known, config: dict[str, Any]) -> dict[str, Any]:
        """The configuration as it is kept: a policy that is left out stays, only an empty one goes."""
        before = known.config.get("ContinuousDeploymentPolicyId", "")
        policy = config.get("ContinuousDeploymentPolicyId", before)
        if before and not policy and not self._is_let_go(before):
            policy = before
        if bool(config.get("Staging")) != bool(known.config.get("Staging")):
            raise Refusal("IllegalUpdate", "A distribution cannot become a staging distribution.")
        if config.get("Staging"):
            _check_staging(config)
            if not config["Enabled"] and self._by_staging(known.id):
                raise _in_use()
        attached = self.policies.get(policy) if policy else None
        if policy and attached is None:
            raise Refusal(
                "NoSuchContinuousDeploymentPolicy", "The continuous deployment policy doesn't exist."
            )
        if (before and policy) or self._is_attached_staging(known):
            _refuse_other_fields(known.config, config)
        elif attached:
            staging = self._staging(attached.config)
            _refuse_other_fields(staging.config, config)
        if attached and "3" in config.get("HttpVersion", ""):
            raise _no_http3()
        return {**config, "ContinuousDeploymentPolicyId": policy}

    def _is_let_go(self, policy: str) -> bool:
        if self.gone_by in ("disabled", "refused"):
            enabled = self.policies[policy].config["Enabled"]
            if enabled and self.gone_by == "refused":
                raise Refusal("IllegalUpdate", "The update contains modifications that are not allowed.")
            return not enabled
        return self.gone_by == "empty"

    def check_deletion(self, known: Known) -> None:
        if self._by_staging(known.id):
            raise _in_use()

    def _is_attached_staging(self, known: Known) -> bool:
        policy = self._by_staging(known.id)
        return policy is not None and any(
            one.config.get("ContinuousDeploymentPolicyId") == policy.id
            for one in self._distributions.values()
        )

    def _by_staging(self, distribution: str) -> Policy | None:
        for one in self.policies.values():
            if self._staging(one.config).id == distribution:
                return one
        return None

    def _staging(self, config: dict[str, Any]) -> Any:
        names = config["StagingDistributionDnsNames"].get("Items", [])
        for one in self._distributions.values():
            if [f"{one.id.lower()}.cloudfront.net"] == names:
                return one
        raise _invalid(f"There is no distribution {names}.")

    def _check(self, config: dict[str, Any], own: str) -> None:
        staging = self._staging(config)
        if not staging.config.get("Staging"):
            raise _invalid("The distribution is not a staging distribution.")
        known = self._by_staging(staging.id)
        if known and known.id != own:
            raise Refusal(
                "StagingDistributionInUse",
                "A continuous deployment policy for this distribution exists already.",
            )
        traffic = config.get("TrafficConfig")
        if traffic is None:
            raise _invalid("The parameter Type is not valid.")
        if traffic["Type"] == "SingleHeader":
            if not traffic["SingleHeaderConfig"]["Header"].lower().startswith("aws-cf-cd-"):
                raise _invalid("The header must begin with aws-cf-cd-.")
            return
        weight = traffic["SingleWeightConfig"]
        if not 0 <= float(weight["Weight"]) <= 0.15:
            raise _invalid("The weight must be between 0 and 0.15.")
        session = weight.get("SessionStickinessConfig")
        if session and not 300 <= session["IdleTTL"] <= session["MaximumTTL"] <= 3600:
            raise _invalid("The TTLs of a session must be between 300 and 3600 seconds.")

    def _found(self, given: dict[str, Any]) -> Policy:
        if given["Id"] not in self.policies:
            raise Refusal(
                "NoSuchContinuousDeploymentPolicy", "The continuous deployment policy doesn't exist."
            )
        return self.policies[given["Id"]]

    def _matching(self, given: dict[str, Any]) -> Policy:
        found = self._found(given)
        if given.get("IfMatch") != found.etag:
            raise Refusal("PreconditionFailed", "The If-Match version is not the current one.")
        return found

    def _etag(self) -> str:
        return f"POLICY{next(self._numbers):09d}"


def _check_staging(config: dict[str, Any]) -> None:
    if config.get("Aliases", {}).get("Items"):
        raise _invalid("A staging distribution cannot have aliases.")
    if "3" in config.get("HttpVersion", ""):
        raise _no_http3()


def _refuse_other_fields(one: dict[str, Any], other: dict[str, Any]) -> None:
    for key in {*one, *other} - _MAY_DIFFER - _OWN:
        if one.get(key) != other.get(key):
            raise Refusal(
                "IllegalUpdate",
                f"One or more fields updated are not supported for continuous deployment. ({key})",
            )


def _invalid(message: str) -> Refusal:
    return Refusal("InvalidArgument", message)


def _no_http3() -> Refusal:
    return _invalid("The parameter HTTP3 is not supported for Continuous Deployment Policy.")


def _in_use() -> Refusal:
    return Refusal(
        "StagingDistributionInUse",
        "The specified staging distribution is currently used by a continuous deployment policy. "
        "Please the update policy before deleting.",
    )
