"""Terraform: a configuration of a site, translated from its CloudFormation templates, type by type.

`translate` decides and asks nobody; `write_configuration` writes.
"""

from edgewise.terraform.configuration import Configuration
from edgewise.terraform.errors import PlaceError, TerraformError, UntranslatedError
from edgewise.terraform.translate import translate
from edgewise.terraform.write import write_configuration

__all__ = [
    "Configuration",
    "PlaceError",
    "TerraformError",
    "UntranslatedError",
    "translate",
    "write_configuration",
]
