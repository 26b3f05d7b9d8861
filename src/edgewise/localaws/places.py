"""Where the local AWS is, and how to call it."""

from __future__ import annotations

from typing import Any

HOST = "127.0.0.1"
REGION = "us-east-1"  # where a site's state is written
# Those of its one user. It listens on this machine alone, so that they are no secret.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "edgewise", "AWS_SECRET_ACCESS_KEY": "edgewise-on-this-machine"}


def client(service: str, url: str, region: str) -> Any:
    """boto3's client of a service at an address."""
    # Here, for it takes its time and not every site needs it.
    import boto3

    return boto3.client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
