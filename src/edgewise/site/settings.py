"""What is baked into the functions' folder: the settings the edge runtime reads when an environment starts.

Lambda@Edge has no environment variables. Secrets are never baked in for AWS: only the local run, whose store is
on this machine, passes a user and a password.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from edgewise.site.errors import SiteError
from edgewise.site.model import Site

SECRETS = frozenset({"password"})


def bundle_settings(site: Site, *, log: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The settings of a site's functions, as `edgewise_settings.json` holds them.

    `log` takes the place of the site's own log settings: `edgewise up` points the delivery at its store. It is
    ignored for a site that does not log. Raises `SiteError` for a delivery that needs a secret and got none.
    """
    settings: dict[str, Any] = {"site": site.name}
    if site.log:
        settings["log"] = dict(log) if log is not None else _log_on_aws(site)
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


def _log_on_aws(site: Site) -> dict[str, Any]:
    assert site.log is not None
    if site.log.delivery == "openobserve":
        raise SiteError(
            "the delivery `openobserve` works with `edgewise up` only, for now",
            hint="On AWS it needs a token, and secrets are never written into a template or a function's zip. "
            'Use delivery = "stdout".',
            file=site.file,
            key="log.delivery",
        )
    return {"delivery": site.log.delivery}
