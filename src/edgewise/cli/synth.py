"""`edgewise synth`: the site's CloudFormation template, ready for stock AWS tools."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from edgewise.site import Site, Synthesis

_DISTRIBUTION: Final = "DistributionArn"  # the parameter of an app's template


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
    """How the stack is deployed, between the two times of the apps of other regions."""
    for region, (file, document) in written.apps.items():
        yield f"\nDeploy the app of {region} first, and take down what the site asks for:"
        yield _app(site, region, file, _values(document))
        yield from _asked_for(document)
        for name in _wired(document, written.document):
            yield f"  {name}=$({_output(region, f'{site.name}-app', name)})"
    template = shlex.quote(str(written.template))
    given = {name for _, app in written.apps.values() for name in _wired(app, written.document)}
    values = _values(written.document, given)
    packaged = shlex.quote(str(written.template.with_name(f"packaged-{written.template.name}")))
    yield f"""
Deploy it (BUCKET is one of yours in us-east-1, where Lambda@Edge functions live):
  aws cloudformation package --region us-east-1 --template-file {template} \\
      --s3-bucket BUCKET --output-template-file {packaged}
  aws cloudformation deploy --region us-east-1 --template-file {packaged} \\
      --s3-bucket BUCKET --stack-name {site.name} --capabilities CAPABILITY_IAM{values}"""
    yield from _asked_for(written.document, given)
    yield from _apps_again(site, written)


def _apps_again(site: Site, written: Synthesis) -> Iterator[str]:
    """How the signed apps of other regions are told the distribution that may call them."""
    signed = {
        region: file for region, (file, app) in written.apps.items() if _DISTRIBUTION in app["Parameters"]
    }
    if not signed:
        return
    yield "\nThe first time, tell each app which distribution may call it:"
    yield "  ACCOUNT=$(aws sts get-caller-identity --query Account --output text)"
    yield f"  ID=$({_output('us-east-1', site.name, 'DistributionId')})"
    for region, file in signed.items():
        arn = f"{_DISTRIBUTION}=arn:aws:cloudfront::$ACCOUNT:distribution/$ID"
        yield _app(site, region, file, f" \\\n      --parameter-overrides {arn}")


def _app(site: Site, region: str, file: Path, values: str) -> str:
    """The command that deploys the app of a region; parameters that it does not name stay as they are."""
    return (
        f"  aws cloudformation deploy --region {region} --template-file {shlex.quote(str(file))} \\\n"
        f"      --stack-name {site.name}-app --capabilities CAPABILITY_IAM{values}"
    )


def _output(region: str, stack: str, name: str) -> str:
    """The command that prints an output of a stack."""
    query = f"Stacks[0].Outputs[?OutputKey=='{name}'].OutputValue"
    return (
        f"aws cloudformation describe-stacks --region {region} --stack-name {stack} \\\n"
        f'      --query "{query}" --output text'
    )


def _wired(app: Mapping[str, Any], site: Mapping[str, Any]) -> list[str]:
    """The outputs of an app's template that are parameters of the site's."""
    return [name for name in app["Outputs"] if name in site.get("Parameters", {})]


def _unknown(document: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a template that have no value of their own."""
    return {name: one for name, one in document.get("Parameters", {}).items() if "Default" not in one}


def _values(document: Mapping[str, Any], given: Collection[str] = ()) -> str:
    """The option that gives them; those that are `given` are variables of the shell."""
    named = [f"{name}=${name}" if name in given else f"{name}=..." for name in _unknown(document)]
    return " \\\n      --parameter-overrides " + " ".join(named) if named else ""


def _asked_for(document: Mapping[str, Any], given: Collection[str] = ()) -> Iterator[str]:
    """What is to be put in place of the dots."""
    for name, body in _unknown(document).items():
        if name not in given:
            yield f"  {name}: {body['Description']}"
