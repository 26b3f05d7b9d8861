"""What is said of a key of the site file, and the table that names a secret, which several features have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True, slots=True)
class Key:
    """What is said of a key besides its type: `choices` are the only texts it takes.

    A value of a wrong shape is not shown where it may be a secret, written where only its name belongs; a variable's
    number that lacks its quotes is. `example` is told to who writes something else in a table's place.
    """

    help: str
    choices: tuple[str, ...] = ()
    required: bool = False
    may_be_secret: bool = False
    example: str = ""


@dataclass(frozen=True, slots=True)
class RawSecret:
    from_: Annotated[
        str | None, Key("the service that keeps it", choices=("secrets-manager", "ssm"), required=True)
    ] = None
    name: Annotated[
        str | None, Key("its name there, or its whole ARN", required=True, may_be_secret=True)
    ] = None
    kms_key: Annotated[
        str | None, Key("the ARN of the key of KMS's that it is encrypted with, if that is your own")
    ] = None
