"""A site's CloudFormation templates as one configuration of Terraform's: documents in, texts out.

The templates of apps in other regions come in under a provider of their own. What one template tells another by a
parameter is here a reference: nothing is copied by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from edgewise.site import DISTRIBUTION_PARAMETER
from edgewise.terraform.attach import Attached, attached
from edgewise.terraform.blocks import text_of_blocks
from edgewise.terraform.configuration import Configuration, Draft
from edgewise.terraform.errors import UntranslatedError
from edgewise.terraform.expressions import expression
from edgewise.terraform.files import main_file
from edgewise.terraform.names import snake
from edgewise.terraform.reasons import MADE_BY, reasons
from edgewise.terraform.resources import Resources, add_resources, name_targets
from edgewise.terraform.scope import Scope
from edgewise.terraform.values import Reference
from edgewise.terraform.variables import add_parameters, outputs, variables, without_value

HOME: Final = "us-east-1"


def translate(
    site: str,
    template: Mapping[str, Any],
    apps: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    attach: bool = False,
) -> Configuration:
    """The configuration of a site called `site`: of its template, and those of its apps in other regions, by region.

    With `attach` it is a module for a distribution that somebody else has: see `attached`. Raises `UntranslatedError`
    for whatever a template has that is not known here.
    """
    apps = apps or {}
    draft = Draft()
    part = attached(template) if attach else Attached(template)
    template = part.template
    draft.left_out |= part.left_out
    home = Scope(site, HOME, given=dict(part.given))
    scopes = {region: Scope(site, region, f"aws.{snake(region)}", given=home.given) for region in apps}
    _bind(template, apps, home, scopes, part)
    resources = _all_resources(template, *apps.values())
    said = reasons(resources)
    targets = name_targets(resources, _all_conditions(home, *scopes.values()))
    for scope in (home, *scopes.values()):
        scope.targets = targets
    for region, app in apps.items():
        _take_outputs(app, scopes[region], home)
    add_resources(template["Resources"], home, said, draft)
    for region, app in apps.items():
        add_resources(app["Resources"], scopes[region], said, draft)
    for described, scope in ((template, home), *((app, scopes[region]) for region, app in apps.items())):
        for block in variables(described, scope):
            draft.add("variables", block)
        for block in outputs(_without_wiring(described, template), scope):
            draft.add("outputs", block)
    for block in part.outputs(home):
        draft.add("outputs", block)
    return _configuration(site, draft, list(apps), part)


def _bind(
    template: Mapping[str, Any],
    apps: Mapping[str, Mapping[str, Any]],
    home: Scope,
    scopes: Mapping[str, Scope],
    part: Attached,
) -> None:
    """Let parameters that another template answers be references, and the others variables."""
    wired = {name for app in apps.values() for name in app.get("Outputs", {})}
    for name in template.get("Parameters", {}):
        if name in wired:
            home.parameters[name] = Reference(f"output.{name}")
    add_parameters(template, home)
    for region, app in apps.items():
        if DISTRIBUTION_PARAMETER in app.get("Parameters", {}):
            scopes[region].parameters[DISTRIBUTION_PARAMETER] = part.distribution_arn
        add_parameters(app, scopes[region])


def _take_outputs(app: Mapping[str, Any], scope: Scope, home: Scope) -> None:
    for name, body in app.get("Outputs", {}).items():
        if name in home.parameters:
            home.parameters[name] = expression(body["Value"], scope)


def _without_wiring(described: Mapping[str, Any], template: Mapping[str, Any]) -> dict[str, Any]:
    """A template without the outputs that are there for the parameters of the site's own."""
    parameters = template.get("Parameters", {}) if described is not template else {}
    outputs = {name: body for name, body in described.get("Outputs", {}).items() if name not in parameters}
    return {**described, "Outputs": outputs}


def _all_resources(*templates: Mapping[str, Any]) -> Resources:
    resources: dict[str, Mapping[str, Any]] = {}
    for template in templates:
        for name, body in template["Resources"].items():
            if name in resources:
                raise UntranslatedError("two templates have a resource of this name", key=name)
            resources[name] = body
    return resources


def _all_conditions(*scopes: Scope) -> dict[str, bool | Reference]:
    return {name: test for scope in scopes for name, test in scope.conditions.items()}


def _configuration(site: str, draft: Draft, regions: list[str], part: Attached) -> Configuration:
    texts = {f"{name}.tf": text_of_blocks(blocks) for name, blocks in draft.blocks.items()}
    for block in part.variables("\n".join(texts.values())):
        draft.add("variables", block)
    texts = {f"{name}.tf": text_of_blocks(blocks) for name, blocks in draft.blocks.items()}
    others = "\n".join(texts.values())
    asked = without_value(draft.blocks.get("variables", ()))
    texts["main.tf"] = main_file(site, regions, others, asked, is_module=part.is_module)
    files = {
        name: f"# {MADE_BY}\n{'' if name == 'main.tf' else chr(10)}{text}" for name, text in texts.items()
    }
    return Configuration(
        dict(sorted({**files, **draft.asides}.items())),
        tuple(sorted(draft.code)),
        draft.counterparts,
        draft.left_out,
    )
