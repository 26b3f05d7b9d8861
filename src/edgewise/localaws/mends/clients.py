"""The clients by which moto's state machines call other services: one each, kept.

moto makes a new client for every task of every execution, which takes longer than the call itself, and signs with a key
that its own server refuses once it looks. On AWS a state machine signs as its role.
"""

from __future__ import annotations

import os
from typing import Any

import boto3
from moto.stepfunctions.parser.asl.utils import boto_client

from edgewise.localaws.mends.replacing import replace
from edgewise.localaws.places import CREDENTIALS

# Where moto's own code looks for the port of the server that it runs in.
_PORT = "MOTO_PORT"


_made: dict[tuple[Any, ...], Any] = {}


class _Clients:
    """What moto's module uses of boto3."""

    @staticmethod
    def client(**arguments: Any) -> Any:
        place = tuple(arguments.get(name) for name in ("service_name", "region_name", "endpoint_url"))
        if place not in _made:
            keys = {name.lower(): value for name, value in CREDENTIALS.items()}
            _made[place] = boto3.client(**arguments | keys)
        return _made[place]


def apply() -> None:
    replace(boto_client, boto3=_Clients)


def at_port(port: int, region: str) -> None:
    """Tell moto's code which port its server has; the clients ask there. Those that pipelines need are made now."""
    os.environ[_PORT] = str(port)
    for service in ("events", "sqs"):
        boto_client.boto_client_for(region, service)
