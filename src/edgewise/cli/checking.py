"""What `edgewise check` knows of a site that its template does not say: the images, and whose keys became which."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgewise.check import Image
    from edgewise.check.part import Path as KeyPath
    from edgewise.site import Origin, Site

_CONFIG = ("Resources", "Distribution", "Properties", "DistributionConfig")
# Where a template's path ends that comes from one key outside the distribution's origins and behaviors.
_BY_END: dict[KeyPath, str] = {
    ("Properties", "HostedZoneId"): "domain.hosted_zone.id",
    ("ViewerCertificate", "AcmCertificateArn"): "domain.certificate",
}
# The template's keys that come from one key of a behavior.
_OF_BEHAVIOR = {
    "AllowedMethods": "methods",
    "CachePolicyId": "cache",
    "OriginRequestPolicyId": "forward",
    "PathPattern": "path",
    "TargetOriginId": "origin",
    "ViewerProtocolPolicy": "viewer_protocol",
}


def site_key(site: Site, path: KeyPath) -> str:
    """The key of the site file that a key of its template comes from; empty where there is none alone."""
    match path[len(_CONFIG) :] if path[: len(_CONFIG)] == _CONFIG else ():
        case ("Origins", int(index), *rest) if index < len(site.origins):
            origin = site.origins[index]
            own = _origin_key(origin) if rest[:1] == ["DomainName"] else ""
            return f"origins.{origin.name}{own}"
        case ("CacheBehaviors", int(index), *rest) if index < len(site.behaviors):
            return f"behaviors[{index}]{_behavior_key(rest)}"
        case ("DefaultCacheBehavior", *rest):
            return f"default{_behavior_key(rest)}"
        case ("Aliases", *rest):
            return "domain.names" + (f"[{rest[0]}]" if rest else "")
    return _BY_END.get(path[-2:], "")


def _behavior_key(rest: list[str | int]) -> str:
    key = _OF_BEHAVIOR.get(str(rest[0])) if rest else None
    return f".{key}" if key else ""


def _origin_key(origin: Origin) -> str:
    """The key that decides what an origin's host is."""
    from edgewise.site import BucketOrigin, CustomOrigin

    if isinstance(origin, CustomOrigin):
        return ".domain"
    return ".folder" if isinstance(origin, BucketOrigin) else ".access"


def site_images(site: Site) -> dict[str, Image]:
    """What is known of the site's images, by the origin."""
    # Here, so that the other commands start without it.
    from edgewise.check import Image
    from edgewise.site import read_dockerfile

    found = {}
    for origin in site.images:
        said = read_dockerfile(origin.folder, origin.variables)
        found[origin.name] = Image(
            name=origin.name,
            dockerfile=str(nearby(origin.folder / "Dockerfile")),
            runs_here=origin.local is not None,
            serves_events=said.serves_events,
            port=said.port,
            port_line=said.port_line,
            asked_port=said.asked_port,
            asked_by=said.asked_by,
            environment=origin.environment,
            policies=origin.policies,
            secret_services=tuple(sorted({one.source for one in origin.secrets.values()})),
            in_vpc=origin.network is not None,
        )
    return found


def nearby(path: Path) -> Path:
    """A path as it is best read: from this folder on, if it is inside."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
