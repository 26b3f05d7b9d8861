"""What this package raises.

EdgewiseError
└── TerraformError        a Terraform configuration cannot be made
    ├── UntranslatedError the template says something that has no counterpart in Terraform
    └── PlaceError        the configuration cannot be written there
"""

from __future__ import annotations

from edgewise.errors import EdgewiseError


class TerraformError(EdgewiseError):
    """Anything that keeps a Terraform configuration from being made."""

    code = "terraform"


class UntranslatedError(TerraformError):
    """A template has a type, a property or an expression that Edgewise cannot say in Terraform; `key` names it."""

    code = "terraform.untranslated"


class PlaceError(TerraformError):
    """The configuration cannot be written into that folder."""

    code = "terraform.place"
