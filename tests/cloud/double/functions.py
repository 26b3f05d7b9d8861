"""Lambda, as far as edge functions need it: code by its hash, numbered versions, replicas that hold a function back.

Sources: Lambda's API reference (PublishVersion: nothing is published "if the function's configuration and code haven't
changed since the last version"), "Delete Lambda@Edge functions and replicas" in the CloudFront developer guide.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from cloud.double.wire import Refusal

ACCOUNT = "123456789012"
HOURS_OF_REPLICAS = 4.0
_SETTINGS = (
    "Role",
    "Handler",
    "Runtime",
    "MemorySize",
    "Timeout",
    "Description",
    "Architectures",
    "Environment",
)


@dataclass
class Function:
    """One function: its latest settings and code, and the versions by their numbers."""

    name: str
    settings: dict[str, Any]
    code: str
    region: str
    versions: dict[int, dict[str, Any]] = field(default_factory=dict)
    last: int = 0

    def arn(self, version: int | None = None) -> str:
        end = "" if version is None else f":{version}"
        return f"arn:aws:lambda:{self.region}:{ACCOUNT}:function:{self.name}{end}"

    def told(self, version: int | None = None) -> dict[str, Any]:
        kept = self.versions[version] if version is not None else {**self.settings, "CodeSha256": self.code}
        return {
            **kept,
            "FunctionName": self.name,
            "FunctionArn": self.arn(version),
            "Version": "$LATEST" if version is None else str(version),
        }


class Functions:
    """The service in a region. `hours` is the time that has passed; `content` gives an object of S3."""

    def __init__(self, content: Any, region: str) -> None:
        self.region = region
        self.functions: dict[str, Function] = {}
        self.hours = 0.0
        self.hours_of_replicas = HOURS_OF_REPLICAS
        # When a version's last association ended, by its ARN; infinity while there is one.
        self.replicated_until: dict[str, float] = {}
        self._content = content

    def handle(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        return getattr(self, f"_{operation}")(given)

    def associated(self, arns: set[str]) -> None:
        """What all distributions together are associated with by now."""
        for arn in arns:
            self.replicated_until[arn] = float("inf")
        for arn, until in self.replicated_until.items():
            if arn not in arns and until == float("inf"):
                self.replicated_until[arn] = self.hours + self.hours_of_replicas

    def by_arn(self, arn: str) -> dict[str, Any] | None:
        """The version of an ARN."""
        *_, name, version = arn.split(":")
        function = self.functions.get(name)
        number = int(version) if version.isdigit() else -1
        return function.versions.get(number) if function else None

    def _CreateFunction(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["FunctionName"] in self.functions:
            raise Refusal("ResourceConflictException", f"Function already exist: {given['FunctionName']}")
        settings = {key: given[key] for key in _SETTINGS if key in given}
        function = Function(given["FunctionName"], settings, self._code(given["Code"]), self.region)
        self.functions[function.name] = function
        return function.told()

    def _UpdateFunctionCode(self, given: dict[str, Any]) -> dict[str, Any]:
        function = self._found(given)
        function.code = self._code(given)
        return function.told()

    def _UpdateFunctionConfiguration(self, given: dict[str, Any]) -> dict[str, Any]:
        function = self._found(given)
        function.settings |= {key: given[key] for key in _SETTINGS if key in given}
        return function.told()

    def _PublishVersion(self, given: dict[str, Any]) -> dict[str, Any]:
        function = self._found(given)
        state = {**function.settings, "CodeSha256": function.code}
        if function.versions.get(function.last) != state:
            function.last += 1
            function.versions[function.last] = state
        return function.told(function.last)

    def _GetFunction(self, given: dict[str, Any]) -> dict[str, Any]:
        function = self._found(given)
        qualifier = given.get("Qualifier", "$LATEST")
        told = {"Configuration": function.told(int(qualifier) if qualifier.isdigit() else None)}
        if ".dkr.ecr." in function.code:
            digest = hashlib.sha256(function.code.encode()).hexdigest()
            resolved = f"{function.code.partition('@')[0].rpartition(':')[0]}@sha256:{digest}"
            told["Code"] = {"ImageUri": function.code, "ResolvedImageUri": resolved}
        return told

    def _ListVersionsByFunction(self, given: dict[str, Any]) -> dict[str, Any]:
        function = self._found(given)
        told = [function.told(), *(function.told(number) for number in sorted(function.versions))]
        begin = int(given.get("Marker", 0))
        more = {"NextMarker": str(begin + 2)} if begin + 2 < len(told) else {}
        return {"Versions": told[begin : begin + 2], **more}

    def _DeleteFunction(self, given: dict[str, Any]) -> dict[str, Any]:
        function = self._found(given)
        wanted = [int(given["Qualifier"])] if "Qualifier" in given else sorted(function.versions)
        for number in wanted:
            arn = function.arn(number)
            if self.replicated_until.get(arn, -1.0) > self.hours:
                raise Refusal(
                    "InvalidParameterValueException",
                    f"Lambda was unable to delete {arn} because it is a replicated function. Please see our "
                    "documentation for Deleting Lambda@Edge Functions and Replicas.",
                )
        for number in wanted:
            del function.versions[number]
        if "Qualifier" not in given:
            del self.functions[function.name]
        return {}

    def _found(self, given: dict[str, Any]) -> Function:
        name = given["FunctionName"].split(":function:")[-1].split(":")[0]
        if name not in self.functions:
            raise Refusal(
                "ResourceNotFoundException",
                f"Function not found: arn:aws:lambda:{self.region}:{ACCOUNT}:function:{name}",
            )
        return self.functions[name]

    def _code(self, given: dict[str, Any]) -> str:
        if "ImageUri" in given:
            if f".dkr.ecr.{self.region}." not in given["ImageUri"]:
                raise Refusal("InvalidParameterValueException", "Source image is not in this region.")
            return given["ImageUri"]
        return hashlib.sha256(self._content(given["S3Bucket"], given["S3Key"])).hexdigest()
