"""What a deployment would change, in the user's words: two templates in, a list of changes out. It asks nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from edgewise.cloud.versions import (
    DISTRIBUTION,
    FUNCTION,
    VERSION,
    associations,
    function_of,
    number_of,
    versions,
)

# Deleting one of these deletes what somebody put there.
DATA: Final = frozenset(
    (
        "AWS::DynamoDB::GlobalTable",
        "AWS::DynamoDB::Table",
        "AWS::S3::Bucket",
        "AWS::Logs::LogGroup",
        "AWS::Kinesis::Stream",
    )
)
# What tells the items of a list from each other, in a distribution and in a policy.
_IDENTITIES: Final = ("PathPattern", "Id", "PolicyName", "EventType", "IndexName", "Region", "Key")
_LONGEST: Final = 70


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changes. `verb` is add, change or remove; `loses_data` for what nothing brings back."""

    verb: str
    resource: str
    sentence: str
    loses_data: bool = False


@dataclass(frozen=True, slots=True)
class Numbers:
    """What AWS knows: the ARNs of versions by their names in the template, the highest number of each function."""

    physical: Mapping[str, str]
    highest: Mapping[str, int]

    def text(self, served: str, template: Mapping[str, Any]) -> str:
        """The number of a version of the template: its own, or the one that it will get."""
        number = number_of(served) or number_of(self.physical.get(served, ""))
        if number is not None:
            return str(number)
        function = function_of(template["Resources"].get(served, {}))
        return f"{self.highest.get(function, 0) + 1} (new)"


def changes(
    new: Mapping[str, Any], deployed: Mapping[str, Any] | None, numbers: Numbers
) -> tuple[Change, ...]:
    """What has to change for the new template to be deployed, the associations of functions first."""
    old = deployed or {"Resources": {}}
    return (
        *_associated(new, old, numbers),
        *_resources(new["Resources"], old.get("Resources", {}), numbers),
        *_outputs(new.get("Outputs", {}), old.get("Outputs", {})),
    )


def same(new: Mapping[str, Any], deployed: Mapping[str, Any]) -> bool:
    """Whether CloudFormation would find nothing to do. Notes and descriptions alone are nothing to it."""
    parts = ("Resources", "Outputs", "Parameters", "Conditions", "Mappings")
    return all(new.get(part, {}) == deployed.get(part, {}) for part in parts)


def _associated(new: Mapping[str, Any], old: Mapping[str, Any], numbers: Numbers) -> Iterator[Change]:
    before = {trigger: numbers.text(one, old) for trigger, one in associations(old).items()}
    after = {trigger: numbers.text(one, new) for trigger, one in associations(new).items()}
    grouped: dict[tuple[str, str | None, str | None], list[str]] = {}
    for path, event in dict.fromkeys((*after, *before)):
        was, will = before.get((path, event)), after.get((path, event))
        if was != will:
            grouped.setdefault((event, was, will), []).append(path)
    for (event, was, will), paths in grouped.items():
        where = f"{event} of {', '.join(paths)}"
        if was is None:
            yield Change("add", "Distribution", f"{where}: function version {will}")
        elif will is None:
            yield Change("remove", "Distribution", f"{where}: no function any more (was version {was})")
        else:
            yield Change("change", "Distribution", f"{where}: function version {was} → {will}")


def _resources(new: Mapping[str, Any], old: Mapping[str, Any], numbers: Numbers) -> Iterator[Change]:
    for name in dict.fromkeys((*new, *old)):
        if name not in old:
            if new[name]["Type"] != VERSION:
                yield Change("add", name, f"{name}: a new {new[name]['Type']}")
        elif name not in new:
            yield _removed(name, old[name], numbers)
        elif new[name]["Type"] != old[name]["Type"]:
            yield Change("change", name, f"{name}: {old[name]['Type']} → {new[name]['Type']}")
        else:
            yield from _changed(name, new[name], old[name])


def _removed(name: str, one: Mapping[str, Any], numbers: Numbers) -> Change:
    kind = one["Type"]
    if one.get("DeletionPolicy", "Delete").startswith("Retain"):
        what = f"{name}: leaves the stack and stays on AWS"
        if kind == VERSION and (number := number_of(numbers.physical.get(name, ""))):
            what = f"{name}: version {number} leaves the stack and stays on AWS"
        return Change("remove", name, what)
    return Change("remove", name, f"{name}: this {kind} is deleted", loses_data=kind in DATA)


def _changed(name: str, new: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[Change]:
    after, before = _compared(new), _compared(old)
    if new["Type"] == FUNCTION and after.pop("Code", None) != before.pop("Code", None):
        yield Change("change", name, f"{name}: new code")
    for where, was, will in _differences(before, after):
        yield Change("change", name, f"{name}: {where}: {_text(was)} → {_text(will)}")
    policies = ("DeletionPolicy", "UpdateReplacePolicy", "DependsOn")
    for key in policies:
        if new.get(key) != old.get(key):
            yield Change("change", name, f"{name}: {key}: {_text(old.get(key))} → {_text(new.get(key))}")


def _compared(resource: Mapping[str, Any]) -> dict[str, Any]:
    """The properties that are told one by one: a distribution's without its associations, which are told in words."""
    properties = dict(resource.get("Properties", {}))
    if resource["Type"] != DISTRIBUTION:
        return properties
    config = dict(properties["DistributionConfig"])
    config["DefaultCacheBehavior"] = _plain_behavior(config["DefaultCacheBehavior"])
    config["CacheBehaviors"] = [_plain_behavior(one) for one in config.get("CacheBehaviors", ())]
    return config


def _plain_behavior(behavior: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in behavior.items() if key != "LambdaFunctionAssociations"}


def _differences(old: Any, new: Any, where: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The places where two values differ, as deep as they can be compared."""
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from _differences(old.get(key), new.get(key), f"{where}.{key}" if where else str(key))
    elif (names := _identity(old)) and names == _identity(new):
        before, after = ({one[names]: one for one in items} for items in (old, new))
        if list(before) != list(after) and set(before) == set(after):
            yield f"the order of {where}", list(before), list(after)
        for key in dict.fromkeys((*before, *after)):
            yield from _differences(before.get(key), after.get(key), f"{where} {key}")
    else:
        yield where, old, new


def _identity(items: Any) -> str | None:
    """The key that tells the items of a list of tables from each other; None if there is none."""
    if not isinstance(items, Sequence) or isinstance(items, str) or not items:
        return None
    for key in _IDENTITIES:
        if all(isinstance(one, Mapping) and isinstance(one.get(key), str) for one in items):
            return key if len({one[key] for one in items}) == len(items) else None
    return None


def _text(value: Any) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, separators=(", ", ": "))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _outputs(new: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys((*new, *old)):
        if name not in old:
            yield Change("add", name, f"output {name}")
        elif name not in new:
            yield Change("remove", name, f"output {name}")
        elif new[name] != old[name]:
            yield Change("change", name, f"output {name}")


def highest_numbers(template: Mapping[str, Any], published: Mapping[str, int]) -> dict[str, int]:
    """The highest version number of each function of the template, from those by the functions' names on AWS."""
    functions = {function_of(one) for _, one in versions(template)}
    return {
        name: published.get(str(template["Resources"][name]["Properties"].get("FunctionName", name)), 0)
        for name in functions
        if name in template["Resources"]
    }
