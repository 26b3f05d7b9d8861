"""The AWS that `edgewise up` brings for a rollout, as a process of a test's own: DynamoDB, and a key in SSM."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from edgewise.localaws.places import CREDENTIALS
from edgewise.rollout import aws_client
from localaws.aws import REGION, local_aws

TABLE, PARAMETER, KEY = "shop-release", "/shop/release", "/shop/rollout-key"


def local_client(service: str, url: str | None, region: str = "us-east-1") -> Any:
    """boto3's, as the one user whom that AWS knows."""
    return aws_client(service, url, region, CREDENTIALS)


@contextmanager
def running_aws() -> Iterator[str]:
    """Its address; the table is there, and empty."""
    key = {"source": "ssm", "name": KEY, "region": REGION}
    with local_aws(tables={TABLE: "id"}, keys=[key]) as aws:
        yield aws.url
