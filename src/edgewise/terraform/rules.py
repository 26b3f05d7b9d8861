"""How the properties of a type become arguments and blocks: small rules, put together in tables by type.

A rule takes a property's value and yields what it makes. Every property of a template has to have one: what is not
in the table is an error, so that nothing is lost on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from edgewise.terraform.blocks import Attribute, Block
from edgewise.terraform.errors import UntranslatedError
from edgewise.terraform.expressions import expression, function_name, json_expression
from edgewise.terraform.scope import Scope
from edgewise.terraform.values import Reference


@dataclass(frozen=True, slots=True)
class Beside:
    """A resource of its own that Terraform has for a property; `suffix` follows the name of the one it belongs to."""

    resource: str
    body: Sequence[Attribute | Block]
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Aside:
    """A file that the configuration reads: its path, what begins its comments, its text."""

    path: str
    mark: str
    text: str


Made = Attribute | Block | Beside | Aside


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule works: the resource, and the properties around the one it is given."""

    scope: Scope
    logical_id: str
    name: str
    address: str
    properties: Mapping[str, Any]
    path: tuple[str, ...] = ()

    def value(self, value: Any) -> Any:
        """A value, its expressions translated."""
        return expression(value, self.scope)

    def own(self, attribute: str) -> Reference:
        """An attribute of the resource itself."""
        return self.scope.target(self.logical_id).attribute(attribute)

    def inside(self, name: str, properties: Mapping[str, Any]) -> Place:
        """The place within a property."""
        return replace(self, properties=properties, path=(*self.path, name))

    def failure(self, message: str) -> UntranslatedError:
        """An error that names the place."""
        return UntranslatedError(message, key=".".join((self.logical_id, *self.path)))


Rule = Callable[[Any, Place], Iterable[Made]]
Rules = Mapping[str, "Rule | str"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of CloudFormation's in Terraform.

    `file` is where it is written, `endings` are of logical ids, and say what the type says. `part_of` names the
    property with the resource that a type is only a part of. `always` makes what no property asks for; `retained` is
    said of what CloudFormation retains, instead of forbidding to destroy it. `ready` is the type of the resource beside
    it that waits until it can be used; `ref` is an attribute of that one then.
    """

    resource: str
    file: str
    rules: Rules
    endings: tuple[str, ...] = ()
    ref: str = "id"
    attributes: Mapping[str, str | tuple[str, str]] = field(default_factory=dict)
    always: Callable[[Place], Iterable[Made]] | None = None
    part_of: str = ""
    retained: Attribute | None = None
    ready: str = ""


def apply(rules: Rules, properties: Mapping[str, Any], place: Place) -> Iterator[Made]:
    """What the rules make of properties, in the order of the table; `UntranslatedError` for one without a rule."""
    for name in properties:
        if name not in rules:
            raise place.failure(f"no counterpart of the property {name}")
    for name, rule in rules.items():
        value = _known(properties.get(name), place)
        if value is None:
            continue
        if isinstance(rule, str):
            rule = attribute(rule)
        try:
            yield from rule(value, place.inside(name, properties))
        except UntranslatedError as error:
            if error.key and error.key.startswith(place.logical_id + "."):
                raise
            raise place.inside(name, properties).failure(error.message) from None


def attribute(name: str, words: Mapping[str, Any] | None = None) -> Rule:
    """An argument, its value in other `words` if there are some."""

    def rule(value: Any, place: Place) -> Iterator[Made]:
        changed = words.get(value, value) if words and isinstance(value, str) else value
        yield Attribute(name, place.value(changed))

    return rule


def document(name: str) -> Rule:
    """An argument that is a document of JSON."""

    def rule(value: Any, place: Place) -> Iterator[Made]:
        yield Attribute(name, json_expression(value, place.scope))

    return rule


def block(name: str, rules: Rules) -> Rule:
    """A block for an object."""

    def rule(value: Any, place: Place) -> Iterator[Made]:
        items, others = _parted(apply(rules, _object(value, place), place))
        yield Block(name, (), items)
        yield from others

    return rule


def blocks(name: str, rules: Rules) -> Rule:
    """A block for each object of a list."""
    one = block(name, rules)

    def rule(value: Any, place: Place) -> Iterator[Made]:
        for each in _list(value, place):
            yield from one(each, place)

    return rule


def flat(rules: Rules) -> Rule:
    """What is in an object, without a block around it."""

    def rule(value: Any, place: Place) -> Iterator[Made]:
        yield from apply(rules, _object(value, place), place)

    return rule


def single(rule: Rule | str) -> Rule:
    """The one member of a list."""

    def alone(value: Any, place: Place) -> Iterator[Made]:
        members = _list(value, place)
        if len(members) != 1:
            raise place.failure("Terraform takes one of them")
        yield from (attribute(rule) if isinstance(rule, str) else rule)(members[0], place)

    return alone


def pairs(name: str, key: str = "Key", value: str = "Value") -> Rule:
    """A map for a list of pairs."""

    def rule(given: Any, place: Place) -> Iterator[Made]:
        yield Attribute(name, {one[key]: place.value(one[value]) for one in _list(given, place)})

    return rule


def implied(*values: Any) -> Rule:
    """Nothing, because Terraform does the same without being told; other values are errors."""

    def rule(value: Any, place: Place) -> Iterator[Made]:
        if value not in values:
            raise place.failure(f"no counterpart of the value {value!r}")
        return iter(())

    return rule


def read_elsewhere(value: Any, place: Place) -> Iterator[Made]:
    """Nothing: another rule reads this one, or Terraform knows it by what is around it."""
    return iter(())


def deleted_last(place: Place) -> Iterator[Made]:
    """What says that a resource goes after all changes, as CloudFormation has it; AWS deletes none that is in use.

    Terraform deletes what is gone from a configuration before it changes what named it, but for these. Source:
    "Resource Destruction" in Terraform's own documents.
    """
    yield Block(
        "lifecycle", (), [Attribute("create_before_destroy", True, "Deleted last: not while in use.")]
    )


def beside(resource: str, rule: Rule, link: str, attribute_of_own: str = "id") -> Rule:
    """A resource of its own with what `rule` makes; its argument `link` leads back."""

    def made(value: Any, place: Place) -> Iterator[Made]:
        items, others = _parted(rule(value, place))
        yield Beside(resource, [Attribute(link, place.own(attribute_of_own)), *items])
        yield from others

    return made


def _known(value: Any, place: Place) -> Any:
    """The value, decided where a condition of it is known; None for none."""
    while function_name(value) == "Fn::If":
        test = place.scope.conditions[value["Fn::If"][0]]
        if not isinstance(test, bool):
            return value
        value = value["Fn::If"][1 if test else 2]
    return None if value == {"Ref": "AWS::NoValue"} else value


def _object(value: Any, place: Place) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or function_name(value):
        raise place.failure("Terraform wants to know what is in here")
    return value


def _list(value: Any, place: Place) -> list[Any]:
    if not isinstance(value, list):
        raise place.failure("Terraform wants to know what is in this list")
    return [one for one in (_known(each, place) for each in value) if one is not None]


def _parted(made: Iterable[Made]) -> tuple[list[Attribute | Block], list[Made]]:
    """What belongs into a block, and the rest."""
    items: list[Attribute | Block] = []
    others: list[Made] = []
    for one in made:
        if isinstance(one, Attribute | Block):
            items.append(one)
        else:
            others.append(one)
    return items, others
