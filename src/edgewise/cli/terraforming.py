"""What `edgewise synth --terraform` does: the configuration of what was synthesized, with the zips that it names.

`terraform` translates templates and knows no zips, `cloud` makes zips and knows no Terraform.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgewise.site import Site, Synthesis


def write_terraform(site: Site, written: Synthesis, folder: Path, *, attach: bool) -> Iterator[str]:
    """Write a site's configuration of Terraform's into a folder; the lines to be printed."""
    # Here, so that commands start without it.
    from edgewise.cloud.zips import folder_files, zipped
    from edgewise.terraform import translate, write_configuration

    apps = {region: document for region, (_, document) in written.apps.items()}
    configuration = translate(site.name, written.document, apps, attach=attach)
    zips = {code: zipped(folder_files(written.template.parent / code)) for code in configuration.code}
    for file in write_configuration(configuration, folder, zips):
        yield f"Wrote {file}"
    if attach:
        yield f"\nA module for your distribution: {folder / 'outputs.tf'} says what to attach."
        return
    values = "variables.tf" in configuration.files
    given = f" ({folder / 'variables.tf'} has what it asks for)" if values else ""
    place = shlex.quote(str(folder))
    yield f"\nDeploy it{given}:\n  terraform -chdir={place} init\n  terraform -chdir={place} apply"
