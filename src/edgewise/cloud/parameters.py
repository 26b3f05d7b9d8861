"""The values of a template's parameters: what is given, else what is deployed, else the template's own default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edgewise.cloud.errors import ImageError
from edgewise.cloud.plan import Change

Values = Mapping[str, str | None]
"""Values by their parameters; None for one that another stack of the same deployment gives."""


def values_of(
    template: Mapping[str, Any], given: Values, deployed: Mapping[str, str]
) -> dict[str, str | None]:
    """The value of each parameter. Raises `ImageError` for one that nobody knows."""
    values: dict[str, str | None] = {}
    for name, parameter in template.get("Parameters", {}).items():
        if name in given:
            values[name] = given[name]
        elif name in deployed:
            values[name] = deployed[name]
        elif "Default" in parameter:
            values[name] = str(parameter["Default"])
        else:
            raise ImageError(
                f"no value is known for {name}: {parameter.get('Description', 'a parameter of the template')}",
                hint="`edgewise deploy --image NAME=ADDRESS` names the image of an origin.",
            )
    return values


def value_changes(values: Values, deployed: Mapping[str, str]) -> Iterator[Change]:
    """What of the values is another than what is deployed."""
    for name, value in values.items():
        if (was := deployed.get(name, "")) != value:
            will = "known when the app is there" if value is None else value or "nothing"
            yield Change("change" if was else "add", name, f"{name}: {was or 'nothing'} → {will}")


def images_of(values: Mapping[str, str]) -> dict[str, str]:
    """Those values that name images, by their parameters."""
    return {name: value for name, value in values.items() if name.endswith("Image")}
