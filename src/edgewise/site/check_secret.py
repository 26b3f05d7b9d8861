"""Checks where a secret is kept: its name, and the key of KMS's that it is encrypted with. It is never shown."""

from __future__ import annotations

from edgewise.site import limits
from edgewise.site.check_context import Context
from edgewise.site.problems import shown
from edgewise.site.raw_key import RawSecret
from edgewise.site.secret import Secret, region_of


def check_secret(context: Context, key: str, raw: RawSecret | None, region: str) -> Secret | None:
    """`region` is where a secret is that is not named by its ARN."""
    if raw is None:
        return None
    secret = Secret(raw.from_ or "", raw.name or "", raw.kms_key)
    names = limits.SECRET_NAMES.get(secret.source)
    if names and raw.name is not None and not names.fullmatch(raw.name):
        # It is not shown: it may be the secret itself.
        context.problems.add(
            f"{key}.name",
            f"this cannot be the name of a secret in `{secret.source}`",
            "Expected its name or its whole ARN on AWS, never the secret itself.",
        )
    if raw.kms_key is not None and not limits.KMS_KEY.fullmatch(raw.kms_key):
        context.problems.add(
            f"{key}.kms_key",
            f"{shown(raw.kms_key)} is not the ARN of a key",
            "Expected arn:aws:kms:REGION:ACCOUNT:key/ID, or nothing for a secret without a key of your own.",
        )
    elif raw.kms_key is not None and region_of(raw.kms_key, region) != (
        own := region_of(secret.name, region)
    ):
        context.problems.add(
            f"{key}.kms_key",
            f"the key is in {region_of(raw.kms_key, region)}, and the secret in {own}",
            "A secret is encrypted with a key of its own region. Name that key, or set `region`, or the secret's ARN.",
        )
    return secret
