"""What is baked into the functions' folder: the settings the edge runtime reads when an environment starts.

Lambda@Edge has no environment variables. Secrets are never baked in for AWS, only where they are: the local run
alone, whose store is on this machine, passes a user and a password.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from edgewise.site.errors import SiteError
from edgewise.site.model import Log, Privacy, Site
from edgewise.site.settings_rollout import rollout_settings, where
from edgewise.site.settings_statistics import rewrite_settings, statistics_settings

SECRETS = frozenset({"password"})


def bundle_settings(
    site: Site, *, log: Mapping[str, Any] | None = None, aws: str | None = None
) -> dict[str, Any]:
    """The settings of a site's functions, as `edgewise_settings.json` holds them.

    `log` is a delivery on this machine, with its sampling, which takes the place of the site's own: `edgewise up`
    points it at its store. What is masked stays masked there, but hashes are an environment's own, as nothing of AWS
    is asked. It is ignored for a site that does not log. `aws` is the address of an AWS on this machine, which the
    rollout and the statistics ask instead of the real one. Raises `SiteError` for a delivery that works on this machine
    only.
    """
    settings: dict[str, Any] = {"site": site.name}
    if site.log:
        settings["log"] = (
            _log_on_aws(site, site.log) if log is None else {**log, **_privacy(site.log, key=False)}
        )
    if site.persistence_header:
        settings["persistence"] = {"header": site.persistence_header}
    if site.rollout:
        settings["rollout"] = rollout_settings(site, site.rollout, aws)
    if site.statistics:
        settings["statistics"] = statistics_settings(site, site.statistics, aws)
    if site.rewrite:
        settings["rewrite"] = rewrite_settings(site, site.rewrite)
    return {**settings, "hash": settings_hash(settings)}


def settings_hash(settings: Mapping[str, Any]) -> str:
    """12 hex digits that stand for the settings without their secrets and without the hash itself."""
    shown = _without_secrets({key: value for key, value in settings.items() if key != "hash"})
    canonical = json.dumps(shown, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def has_secrets(settings: Any) -> bool:
    """Whether a secret is anywhere in the settings."""
    return bool(settings != _without_secrets(settings))


def _without_secrets(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: _without_secrets(one) for key, one in value.items() if key not in SECRETS}


def _log_on_aws(site: Site, log: Log) -> dict[str, Any]:
    for key in ("url", "token"):
        if log.delivery == "openobserve" and not (log.target.get(key) or (key == "token" and log.token)):
            raise SiteError(
                f"without `{key}` the delivery `openobserve` works with `edgewise up` only",
                hint="On AWS it needs `url`, and `token`, which names a secret of Secrets Manager or SSM: none is ever "
                'written into a template or a function\'s code. Or use delivery = "stdout".',
                file=site.file,
                key=f"log.{key}",
            )
    settings = {"delivery": log.delivery, **log.target, **_privacy(log, key=True)}
    if log.delivery != "stdout" or log.secrets:
        settings["region"] = log.region
    if log.token:
        settings["token"] = where(log.token)
    if log.sample != 1:
        settings["sample"] = log.sample
    return settings


def _privacy(log: Log, *, key: bool) -> dict[str, Any]:
    """What is masked, where it is anything."""
    privacy = log.privacy
    settings = privacy_settings(privacy)
    if key and privacy.key:
        settings["key"] = where(privacy.key)
    return {} if privacy == Privacy() else {"privacy": settings}


def privacy_settings(privacy: Privacy) -> dict[str, Any]:
    """What is masked, without the key of the hashes."""
    return {
        "client_address": privacy.client_address,
        "query": privacy.query if isinstance(privacy.query, str) else list(privacy.query),
        "headers": list(privacy.headers),
        "visitor": privacy.visitor,
    }
