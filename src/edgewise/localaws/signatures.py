"""From when on the local AWS refuses whoever does not sign as its user, as AWS does. It checks no permissions.

moto takes any key until it is told to look, and makes up those of its users: ours gets the one that is known.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any

from edgewise.localaws.places import CREDENTIALS

_USER = "edgewise"


def check_signatures(url: str, client_of: Callable[[str], Any]) -> None:
    """From now on; what has to be there without a signature is made before."""
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.iam.models import iam_backends

    iam = client_of("iam")
    iam.create_user(UserName=_USER)
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_user_policy(UserName=_USER, PolicyName="everything", PolicyDocument=document)
    iam.create_access_key(UserName=_USER)
    (key,) = iam_backends[DEFAULT_ACCOUNT_ID]["aws"].users[_USER].access_keys
    key.access_key_id = CREDENTIALS["AWS_ACCESS_KEY_ID"]
    key.secret_access_key = CREDENTIALS["AWS_SECRET_ACCESS_KEY"]
    at_once = urllib.request.Request(f"{url}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})
    urllib.request.urlopen(at_once, timeout=20).close()
