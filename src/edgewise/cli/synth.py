"""`edgewise synth`: the site's CloudFormation template, ready for stock AWS tools."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer


def synth(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The site's folder.")] = Path(),
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="The template; default DIR/build/template.yaml."),
    ] = None,
) -> None:
    """Write the site's CloudFormation template, its functions' folder beside it."""
    # Here, so that the other commands start without it.
    from edgewise.cli.saving import queries_of
    from edgewise.site import load_site, needed_on_aws, write_template

    site = load_site(directory)
    written = write_template(site, out or site.directory / "build" / "template.yaml", queries_of(site))
    typer.echo(f"Wrote {written.template}")
    for folder in written.folders:
        typer.echo(f"Wrote {folder}/")
    if needed := needed_on_aws(site):
        typer.echo("\nThe functions need, and the template does not make:")
        for one in needed:
            typer.echo(f"  {one}")
    template = shlex.quote(str(written.template))
    packaged = shlex.quote(str(written.template.with_name(f"packaged-{written.template.name}")))
    typer.echo(
        f"""
Deploy it (BUCKET is one of yours in us-east-1, where Lambda@Edge functions live):
  aws cloudformation package --region us-east-1 --template-file {template} \\
      --s3-bucket BUCKET --output-template-file {packaged}
  aws cloudformation deploy --region us-east-1 --template-file {packaged} \\
      --s3-bucket BUCKET --stack-name {site.name} --capabilities CAPABILITY_IAM"""
    )
