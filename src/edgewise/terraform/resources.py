"""The resources of one template as blocks of Terraform's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from edgewise.terraform.blocks import Attribute, Block
from edgewise.terraform.configuration import Draft
from edgewise.terraform.errors import UntranslatedError
from edgewise.terraform.expressions import function_name
from edgewise.terraform.names import unique
from edgewise.terraform.reasons import MADE_BY
from edgewise.terraform.rules import Aside, Beside, Kind, Made, Place, apply
from edgewise.terraform.scope import Scope, Target
from edgewise.terraform.types.access import ROLE, policy_suffix
from edgewise.terraform.types.catalogue import KINDS
from edgewise.terraform.values import Reference

# Beginnings of logical ids that are more telling than a type, and the file of what is called so.
_BELONGS: Final = {
    "PageViews": "statistics",
    "VisitorSalts": "statistics",
    "Query": "statistics",
    "RealTime": "logs",
    "AccessLog": "logs",
    "EdgeAlarms": "alarms",
}
_RETAINED: Final = Block("lifecycle", (), [Attribute("prevent_destroy", True)])
_RETAINS: Final = ("Retain", "RetainExceptOnCreate")
_KNOWN_KEYS: Final = frozenset(
    (
        "Type",
        "Properties",
        "DependsOn",
        "Condition",
        "DeletionPolicy",
        "UpdateReplacePolicy",
        "Metadata",
    )
)
Resources = Mapping[str, Mapping[str, Any]]


def name_targets(resources: Resources, conditions: Mapping[str, bool | Reference]) -> dict[str, Target]:
    """Where each resource will be. Raises `UntranslatedError` for a type without a counterpart."""
    kinds = {name: _kind(name, body) for name, body in resources.items()}
    whole = {name: kind for name, kind in kinds.items() if not kind.part_of}
    names = unique({name: (kind.resource, kind.endings) for name, kind in whole.items()})
    addresses = {name: f"{kind.resource}.{names[name]}" for name, kind in whole.items()}
    targets = {}
    for name, kind in kinds.items():
        body = resources[name]
        owner = _owner(name, kind, body)
        counted = isinstance(conditions.get(body.get("Condition", "")), Reference)
        ready = f"{kind.ready}.{names[owner]}" if kind.ready else ""
        targets[name] = Target(addresses[owner], kind.ref, kind.attributes, counted, ready)
    return targets


def add_resources(resources: Resources, scope: Scope, said: Mapping[str, str], draft: Draft) -> None:
    """Put every resource of a template into the draft, with what is `said` of it. Raises `UntranslatedError`."""
    for name, body in resources.items():
        kind = _kind(name, body)
        target = scope.target(name)
        if scope.conditions.get(body.get("Condition", "")) is False:
            draft.left_out[name] = f"its condition {body['Condition']} does not hold"
        elif kind.part_of:
            draft.counterparts[name] = (target.address,)
        else:
            _add(name, resources, scope, draft, said.get(name, ""))


def _add(name: str, resources: Resources, scope: Scope, draft: Draft, reason: str) -> None:
    body, target = resources[name], scope.target(name)
    kind = _kind(name, body)
    label = target.address.partition(".")[2]
    properties = body.get("Properties", {})
    place = Place(scope, name, label, target.address, properties)
    made = list(_made(kind, place, properties))
    file = _file(name, kind)
    shared = list(_shared(body, scope))
    items = [one for one in made if isinstance(one, Attribute | Block)]
    items += _versioned(name, resources)
    items += _retained(kind, body)
    items += _waiting(name, resources, scope)
    draft.add(file, Block("resource", (kind.resource, label), [*shared, *items], reason))
    addresses = [target.address]
    for one in made:
        if isinstance(one, Beside):
            beside = f"{label}{one.suffix}"
            draft.add(file, Block("resource", (one.resource, beside), [*shared, *one.body]))
            addresses.append(f"{one.resource}.{beside}")
        elif isinstance(one, Aside):
            draft.asides[one.path] = f"{one.mark} {MADE_BY}\n\n{one.text}"
    if isinstance(properties.get("Code"), str):
        draft.code[properties["Code"]] = None
    draft.counterparts[name] = tuple(addresses)


def _file(name: str, kind: Kind) -> str:
    if kind.file == "alarms":
        return kind.file
    return next((file for start, file in _BELONGS.items() if name.startswith(start)), kind.file)


def _made(kind: Kind, place: Place, properties: Mapping[str, Any]) -> Iterator[Made]:
    # A name that AWS would not choose comes first, as the table has it there.
    always = list(kind.always(place)) if kind.always else []
    yield from (one for one in always if isinstance(one, Attribute))
    yield from apply(kind.rules, properties, place)
    yield from (one for one in always if not isinstance(one, Attribute))


def _shared(body: Mapping[str, Any], scope: Scope) -> Iterator[Attribute]:
    """What each resource of a template's resource has: where it is, and whether it is there."""
    if scope.provider:
        yield Attribute("provider", Reference(scope.provider))
    test = scope.conditions.get(body.get("Condition", ""))
    if isinstance(test, Reference):
        yield Attribute("count", Reference(f"{test.text} ? 1 : 0"))


def _versioned(name: str, resources: Resources) -> list[Attribute]:
    """What a function says whose versions the template has."""
    versions = [
        body
        for body in resources.values()
        if body["Type"] == "AWS::Lambda::Version" and body["Properties"].get("FunctionName") == {"Ref": name}
    ]
    items = [Attribute("publish", True)] if versions else []
    if any(body.get("DeletionPolicy") in _RETAINS for body in versions):
        items.append(Attribute("skip_destroy", True))
    return items


def _retained(kind: Kind, body: Mapping[str, Any]) -> list[Attribute | Block]:
    if body.get("DeletionPolicy") not in _RETAINS:
        return []
    return [kind.retained or _RETAINED]


def _waits(name: str, resources: Resources, scope: Scope) -> Iterator[str]:
    """The addresses that a resource has to wait for, besides those that it names."""
    body = resources[name]
    given = body.get("DependsOn", ())
    for one in [given] if isinstance(given, str) else given:
        yield scope.target(one).usable
    if body["Type"] == ROLE:
        return
    # A stack makes a role with its policies. Here whoever takes the role says that it wants those, too.
    for role in dict.fromkeys(_roles(body.get("Properties", {}), resources)):
        label = scope.target(role).address.partition(".")[2]
        for policy in resources[role]["Properties"].get("Policies", ()):
            yield f"aws_iam_role_policy.{label}{policy_suffix(policy['PolicyName'])}"
        for number, _ in enumerate(resources[role]["Properties"].get("ManagedPolicyArns", ()), 1):
            yield f"aws_iam_role_policy_attachment.{label}_{number}"


def _roles(value: Any, resources: Resources) -> Iterator[str]:
    match value:
        case {"Fn::GetAtt": [str(name), "Arn"]} if function_name(value):
            if resources.get(name, {}).get("Type") == ROLE:
                yield name
        case dict():
            for one in value.values():
                yield from _roles(one, resources)
        case list():
            for one in value:
                yield from _roles(one, resources)


def _waiting(name: str, resources: Resources, scope: Scope) -> list[Attribute]:
    waits = list(_waits(name, resources, scope))
    return [Attribute("depends_on", [Reference(one) for one in waits])] if waits else []


def _kind(name: str, body: Mapping[str, Any]) -> Kind:
    if body["Type"] not in KINDS:
        raise UntranslatedError(f"no counterpart of the type {body['Type']}", key=name)
    for key in body:
        if key not in _KNOWN_KEYS:
            raise UntranslatedError(f"no counterpart of the attribute {key}", key=name)
    return KINDS[body["Type"]]


def _owner(name: str, kind: Kind, body: Mapping[str, Any]) -> str:
    if not kind.part_of:
        return name
    owner = body["Properties"][kind.part_of]
    if not isinstance(owner, dict) or function_name(owner) != "Ref":
        raise UntranslatedError("what it is a part of is not in the template", key=name)
    return str(owner["Ref"])
