"""What the functions' role may do for the log: bring records to one place, read the secrets that the site names.

Action and resource names: the Service Authorization Reference. A secret that is encrypted with the account's own key
for the service asks for no permission more.
"""

from __future__ import annotations

from edgewise.site.model import Log, Secret

# By delivery: the action, and the resource by its name (ARNs are taken as they are).
_DELIVERIES = {
    "firehose": ("firehose:PutRecordBatch", "firehose", "deliverystream/", "stream_name"),
    "step-functions": ("states:StartExecution", "states", "stateMachine:", "state_machine_arn"),
    "eventbridge": ("events:PutEvents", "events", "event-bus/", "bus"),
}
_SECRETS = {
    "secrets-manager": ("secretsmanager:GetSecretValue", "secretsmanager", "secret:"),
    "ssm": ("ssm:GetParameter", "ssm", "parameter/"),
}


def log_permissions(log: Log) -> dict[str, tuple[str, str]]:
    """By a name each: an action and the only resource it is for, an ARN or a text that `Fn::Sub` makes one of."""
    permissions = {}
    if log.delivery in _DELIVERIES:
        action, service, kind, key = _DELIVERIES[log.delivery]
        permissions["records"] = (
            action,
            _arn(service, log.region, kind, str(log.target.get(key, "default"))),
        )
    for name, secret in (("token", log.token), ("key", log.privacy.key)):
        if secret:
            permissions[name] = _reading(secret, log.region)
    keys = [secret.kms_key for secret in (log.token, log.privacy.key) if secret and secret.kms_key]
    for number, key in enumerate(dict.fromkeys(keys), 1):
        permissions["kms" if number == 1 else f"kms-{number}"] = ("kms:Decrypt", key)
    return permissions


def _reading(secret: Secret, region: str) -> tuple[str, str]:
    action, service, kind = _SECRETS[secret.source]
    if secret.name.startswith("arn:"):
        name = secret.name
    elif secret.source == "ssm":
        name = secret.name.removeprefix("/")  # the one that the kind ends in
    else:
        name = f"{secret.name}-??????"  # Secrets Manager ends its ARNs in six random characters
    return action, _arn(service, region, kind, name)


def _arn(service: str, region: str, kind: str, name: str) -> str:
    if name.startswith("arn:"):
        return name
    return f"arn:${{AWS::Partition}}:{service}:{region}:${{AWS::AccountId}}:{kind}{name}"
