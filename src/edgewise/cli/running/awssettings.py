"""An environment without the user's settings for AWS, for what talks to the AWS on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

# Those of boto3 that choose who asks and where, or keep a client from being made. An app's own AWS_… stay.
_THEIRS: Final = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_CA_BUNDLE",
        "AWS_DEFAULT_PROFILE",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "AWS_MAX_ATTEMPTS",
        "AWS_PROFILE",
        "AWS_RETRY_MODE",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SECURITY_TOKEN",
        "AWS_SESSION_TOKEN",
        "AWS_USE_DUALSTACK_ENDPOINT",
        "AWS_USE_FIPS_ENDPOINT",
    }
)
_NO_FILES: Final = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """A copy of it in which boto3 finds nothing of the user's, in variables or in files."""
    left = {
        name: value
        for name, value in environment.items()
        if name not in _THEIRS and not name.startswith("AWS_ENDPOINT_URL")
    }
    return {**left, **_NO_FILES}
