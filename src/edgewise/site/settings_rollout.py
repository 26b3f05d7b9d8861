"""The part of the baked settings that the rollout reads: where versions, state, sessions and the key are."""

from __future__ import annotations

from typing import Any

from edgewise.site.model import Rollout, Site
from edgewise.site.model_origins import CustomOrigin
from edgewise.site.regions import nearest_replicas
from edgewise.site.secret import Secret


def rollout_settings(site: Site, rollout: Rollout, aws: str | None) -> dict[str, Any]:
    """`aws` is the address of an AWS on this machine, where the home region has the only tables."""
    versions = (rollout.stable, rollout.new)
    sessions = rollout.sessions
    return {
        "stable": rollout.stable,
        "new": rollout.new,
        "origins": {
            origin.name: {"domain": origin.domain, "protocol": origin.protocol}
            for origin in site.origins
            if isinstance(origin, CustomOrigin) and origin.name in versions
        },
        "header": rollout.header,
        "cookie": rollout.cookie,
        "session_s": round(rollout.session_minutes * 60),
        "ttl_s": rollout.ttl_seconds,
        "key": {"from": rollout.key.source, "name": rollout.key.plain_name} if aws else where(rollout.key),
        "key_region": rollout.key_region,
        "state": state_settings(rollout),
        "sessions": sessions
        and {"table": sessions.table, "cookie": sessions.cookie, "deadline_ms": sessions.deadline_ms},
        "replicas": {} if aws else nearest_replicas(rollout.regions),
        "exclude_paths": list(rollout.exclude_paths),
        "endpoint": aws,
    }


def state_settings(rollout: Rollout) -> dict[str, str]:
    """Where the release is kept."""
    if rollout.state == "ssm":
        return {"from": "ssm", "name": rollout.parameter}
    return {"from": "dynamodb", "table": rollout.table}


def where(secret: Secret) -> dict[str, str]:
    """Where a secret is; the secret itself is never in the settings."""
    return {"from": secret.source, "name": secret.name}
