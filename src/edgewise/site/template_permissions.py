"""What a function's role may do: bring records to one place, read the secrets and the tables that the site names.

Action and resource names: the Service Authorization Reference. A secret that is encrypted with the account's own key
for the service asks for no permission more. A permission is an action or several, and the only resource it is for, an
ARN or a text that `Fn::Sub` makes one of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from edgewise.site import limits
from edgewise.site.model import Rollout, Site
from edgewise.site.model_origins import ImageOrigin
from edgewise.site.model_statistics import Statistics
from edgewise.site.secret import Secret

LOG_ACTIONS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
Permissions = dict[str, tuple[tuple[str, ...], str]]

# By delivery: the action, and the resource by its name (ARNs are taken as they are).
_DELIVERIES = {
    "firehose": ("firehose:PutRecordBatch", "firehose", "deliverystream/", "stream_name"),
    "step-functions": ("states:StartExecution", "states", "stateMachine:", "state_machine_arn"),
    "eventbridge": ("events:PutEvents", "events", "event-bus/", "bus"),
}
_NETWORK_ACTIONS = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
_SECRETS = {
    "secrets-manager": ("secretsmanager:GetSecretValue", "secretsmanager", "secret:"),
    "ssm": ("ssm:GetParameter", "ssm", "parameter/"),
}


def edge_permissions(site: Site) -> Permissions:
    """What the functions at the edge may do besides writing their own logs, by a name each."""
    log, rollout = site.log, site.rollout
    permissions: Permissions = {}
    if log and log.delivery in _DELIVERIES:
        action, service, kind, key = _DELIVERIES[log.delivery]
        permissions["records"] = (
            (action,),
            _arn(service, log.region, kind, str(log.target.get(key, "default"))),
        )
    if rollout:
        permissions["release"] = _release(rollout, region="*", dynamodb=("GetItem",), ssm=("GetParameter",))
    if rollout and rollout.sessions:
        permissions["sessions"] = (("dynamodb:GetItem",), _table(rollout.sessions.table, "*"))
    if site.statistics:
        permissions |= _views(site.statistics)
    return permissions | reading(_secrets(site))


def judge_permissions(site: Site, rollout: Rollout) -> Permissions:
    """What the judge's function may do besides writing its log: read and write the release, read its password."""
    release = _release(
        rollout,
        region=limits.HOME_REGION,
        dynamodb=("GetItem", "PutItem"),
        ssm=("GetParameter", "PutParameter"),
    )
    secrets = {}
    if site.log and rollout.judge and rollout.judge.password:
        secrets["password"] = (rollout.judge.password, site.log.region)
    return {"release": release, **reading(secrets)}


def reading(secrets: Mapping[str, tuple[Secret, str]]) -> Permissions:
    """Permission to read secrets, and to use the keys that they are encrypted with."""
    permissions: Permissions = {}
    for name, (secret, region) in secrets.items():
        action, service, kind = _SECRETS[secret.source]
        permissions[name] = ((action,), _arn(service, region, kind, _name_in_arn(secret)))
    keys = dict.fromkeys(secret.kms_key for secret, _ in secrets.values() if secret.kms_key)
    for number, key in enumerate(keys, 1):
        permissions["kms" if number == 1 else f"kms-{number}"] = (("kms:Decrypt",), key)
    return permissions


def policies(permissions: Permissions) -> list[dict[str, Any]]:
    """The permissions as a role has them."""
    return [policy(name, actions, [resource]) for name, (actions, resource) in permissions.items()]


def policy(name: str, actions: Iterable[str], resources: list[str]) -> dict[str, Any]:
    """One inline policy of a role."""
    return policy_of(name, [statement(actions, resources)])


def policy_of(name: str, statements: list[dict[str, Any]]) -> dict[str, Any]:
    """One inline policy of several statements."""
    return {"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}


def app_policies(origin: ImageOrigin, function: str, streams: str) -> list[dict[str, Any]]:
    """What an app may do besides what `policies` of the site file allow; `function` is its own ARN.

    Lambda makes a function's network interfaces by the function's role. The app itself may not, as "Giving Lambda
    functions access to resources in an Amazon VPC" in the Lambda developer guide has it; they know no resource.
    """
    found = [policy("logs", ("logs:CreateLogStream", "logs:PutLogEvents"), [streams])]
    if origin.secrets:
        # No variable is called so, and neither is what `reading` adds for keys.
        secrets = {f"secret-{name}": (secret, origin.region) for name, secret in origin.secrets.items()}
        rights: dict[tuple[str, ...], list[str]] = {}
        for actions, resource in dict.fromkeys(reading(secrets).values()):
            rights.setdefault(actions, []).append(resource)
        found.append(policy_of("secrets", [statement(*one) for one in rights.items()]))
    if origin.network:
        allowed = statement(_NETWORK_ACTIONS, ["*"])
        itself = {"ArnEquals": {"lambda:SourceFunctionArn": {"Fn::Sub": function}}}
        found.append(policy_of("network", [allowed, {**allowed, "Effect": "Deny", "Condition": itself}]))
    return found


def statement(actions: Iterable[str], resources: list[str]) -> dict[str, Any]:
    """What is allowed, and with what."""
    return {
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": [{"Fn::Sub": one} if "${" in one else one for one in resources],
    }


def trust(*services: str) -> dict[str, Any]:
    """The document that lets services of AWS's take a role."""
    allowed = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [allowed]}


def _views(statistics: Statistics) -> Permissions:
    """To send page views, and to read the salts that the template's function makes."""
    action, service, kind, _ = _DELIVERIES[statistics.path]
    permissions: Permissions = {
        "views": ((action,), _arn(service, statistics.region, kind, statistics.pipeline))
    }
    if statistics.own_key is None:
        salts = f"{statistics.salts.removeprefix('/')}/*"
        permissions["salts"] = (("ssm:GetParameter",), _arn("ssm", statistics.region, "parameter/", salts))
    return permissions


def _secrets(site: Site) -> dict[str, tuple[Secret, str]]:
    """The secrets that are read at the edge, each with the region where it is if its name is no ARN."""
    log, rollout = site.log, site.rollout
    named: list[tuple[str, Secret | None, str]] = []
    if log:
        named += [("token", log.token, log.region), ("key", log.privacy.key, log.region)]
    if rollout:
        named.append(("rollout-key", rollout.key, limits.HOME_REGION))
    if site.statistics:
        named.append(("views-key", site.statistics.own_key, limits.HOME_REGION))
    return {name: (secret, region) for name, secret, region in named if secret}


def _release(
    rollout: Rollout, *, region: str, dynamodb: tuple[str, ...], ssm: tuple[str, ...]
) -> tuple[tuple[str, ...], str]:
    """A parameter is in the home region alone; a table has replicas."""
    if rollout.state == "ssm":
        name = rollout.parameter.removeprefix("/")
        return tuple(f"ssm:{one}" for one in ssm), _arn("ssm", limits.HOME_REGION, "parameter/", name)
    return tuple(f"dynamodb:{one}" for one in dynamodb), _table(rollout.table, region)


def _table(name: str, region: str) -> str:
    return _arn("dynamodb", region, "table/", name)


def _name_in_arn(secret: Secret) -> str:
    if secret.name.startswith("arn:"):
        return secret.name
    if secret.source == "ssm":
        return secret.name.removeprefix("/")  # the one that the kind ends in
    return f"{secret.name}-??????"  # Secrets Manager ends its ARNs in six random characters


def _arn(service: str, region: str, kind: str, name: str) -> str:
    if name.startswith("arn:"):
        return name
    return f"arn:${{AWS::Partition}}:{service}:{region}:${{AWS::AccountId}}:{kind}{name}"
