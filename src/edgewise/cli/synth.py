"""`edgewise synth`: the site's CloudFormation template, ready for stock AWS tools."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from edgewise.site import Site, Synthesis


def synth(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The site's folder.")] = Path(),
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="The template; default DIR/build/template.yaml."),
    ] = None,
    terraform: Annotated[
        Path | None,
        typer.Option("--terraform", metavar="FOLDER", help="Also write a Terraform configuration, there."),
    ] = None,
    attach: Annotated[
        bool,
        typer.Option("--attach", help="Make that a module to attach to a distribution that you have."),
    ] = False,
) -> None:
    """Write the site's CloudFormation template, its functions' folder beside it."""
    # Here, so that the other commands start without it.
    from edgewise.cli.saving import queries_of
    from edgewise.site import load_site, needed_on_aws, write_template

    if attach and not terraform:
        raise typer.BadParameter("is for --terraform FOLDER", param_hint="--attach")
    site = load_site(directory)
    written = write_template(site, out or site.directory / "build" / "template.yaml", queries_of(site))
    for file, _ in written.apps.values():
        typer.echo(f"Wrote {file}")
    typer.echo(f"Wrote {written.template}")
    for folder in written.folders:
        typer.echo(f"Wrote {folder}/")
    if needed := needed_on_aws(site):
        typer.echo("\nThe functions need, and the template does not make:")
        for one in needed:
            typer.echo(f"  {one}")
    if terraform:
        from edgewise.cli.terraforming import write_terraform

        lines = write_terraform(site, written, terraform, attach=attach)
    else:
        lines = _with_stock_tools(site, written)
    for line in lines:
        typer.echo(line)


def _with_stock_tools(site: Site, written: Synthesis) -> Iterator[str]:
    """How the stack is deployed, after the apps of other regions."""
    yield from _apps_first(site, written)
    template = shlex.quote(str(written.template))
    values = _values(written.document)
    packaged = shlex.quote(str(written.template.with_name(f"packaged-{written.template.name}")))
    yield f"""
Deploy it (BUCKET is one of yours in us-east-1, where Lambda@Edge functions live):
  aws cloudformation package --region us-east-1 --template-file {template} \\
      --s3-bucket BUCKET --output-template-file {packaged}
  aws cloudformation deploy --region us-east-1 --template-file {packaged} \\
      --s3-bucket BUCKET --stack-name {site.name} --capabilities CAPABILITY_IAM{values}"""


def _apps_first(site: Site, written: Synthesis) -> Iterator[str]:
    """How the apps of other regions are deployed, before the site and after it."""
    if written.apps:
        yield "\nDeploy the apps first, and again with DistributionArn when the site is there:"
    for region, (file, document) in written.apps.items():
        yield f"  aws cloudformation deploy --region {region} --template-file {shlex.quote(str(file))} \\"
        yield f"      --stack-name {site.name}-app --capabilities CAPABILITY_IAM{_values(document)}"


def _values(document: Mapping[str, Any]) -> str:
    """The option that gives the parameters of a template that have no value of their own."""
    names = [name for name, body in document.get("Parameters", {}).items() if "Default" not in body]
    return " \\\n      --parameter-overrides " + " ".join(f"{name}=..." for name in names) if names else ""
