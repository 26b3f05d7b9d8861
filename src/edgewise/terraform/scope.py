"""What the names in one template stand for in Terraform: resources, parameters, conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from edgewise.terraform.errors import UntranslatedError
from edgewise.terraform.values import Reference, Template

_PSEUDO: Final[dict[str, Any]] = {
    "AWS::AccountId": Reference("local.account_id"),
    "AWS::Partition": Reference("local.partition"),
    "AWS::URLSuffix": Reference("data.aws_partition.current.dns_suffix"),
    "AWS::NoValue": None,
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a resource of the template is.

    `ref` is the attribute that `Ref` means; `attributes` are those of `Fn::GetAtt`, a text in round brackets follows.
    With `counted` there may be none of it. `ready` is the address of the resource that waits until this one can be
    used, if there is one: `Ref` and whoever depends on this one take that.
    """

    address: str
    ref: str
    attributes: Mapping[str, str | tuple[str, str]]
    counted: bool = False
    ready: str = ""

    @property
    def usable(self) -> str:
        """The address of what is there when this one can be used."""
        return self.ready or self.address

    def reference(self) -> Reference:
        """What `Ref` means."""
        return self._of(self.usable, self.ref)

    def attribute(self, name: str) -> Reference:
        """An attribute by Terraform's name for it."""
        return self._of(self.address, name)

    def _of(self, address: str, attribute: str) -> Reference:
        return Reference(f"one({address}[*].{attribute})" if self.counted else f"{address}.{attribute}")


@dataclass(slots=True)
class Scope:
    """One template's names. `given` are values instead of references, such as those of what is left out."""

    site: str
    region: str
    provider: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    conditions: dict[str, bool | Reference] = field(default_factory=dict)
    targets: dict[str, Target] = field(default_factory=dict)
    given: dict[tuple[str, str], Any] = field(default_factory=dict)

    def ref(self, name: str) -> Any:
        """What `Ref` means. Raises `UntranslatedError`."""
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name == "AWS::Region":
            return self.region
        if name == "AWS::StackName":
            return self.site
        if name in self.parameters:
            return self.parameters[name]
        if (name, "") in self.given:
            return self.given[name, ""]
        return self.target(name).reference()

    def attribute(self, name: str, attribute: str) -> Any:
        """What `Fn::GetAtt` means. Raises `UntranslatedError`."""
        if (name, attribute) in self.given:
            return self.given[name, attribute]
        target = self.target(name)
        match target.attributes.get(attribute):
            case str(known):
                return target.attribute(known)
            case (known, ending):
                return Template((target.attribute(known), ending))
            case _:
                raise UntranslatedError(f"no counterpart of the attribute {attribute}", key=name)

    def target(self, name: str) -> Target:
        """The resource of a logical id. Raises `UntranslatedError`."""
        if name not in self.targets:
            raise UntranslatedError("the template refers to something that it does not have", key=name)
        return self.targets[name]
