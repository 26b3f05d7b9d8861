"""The zone of Route 53 in which a site's template makes records and a certificate."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any, Final

from edgewise.cloud.asking import called
from edgewise.cloud.clients import Clients
from edgewise.cloud.doctor.finding import Finding, unknown
from edgewise.cloud.errors import CloudError
from edgewise.site import Site

# A name has one of these, or the two that the template makes.
_IN_THE_WAY: Final = ("A", "AAAA", "CNAME")


def check_zone(aws: Clients, site: Site, *, is_deployed: bool) -> Iterator[Finding]:
    """Whether the zone is there, is public and has the name that the site file says, and whether names are free.

    Records of a site that `is_deployed` are its own.
    """
    zone = site.domain.zone if site.domain else None
    if zone is None or site.domain is None:
        return
    client = aws("route53")
    try:
        found = called(zone.id, lambda: client.get_hosted_zone(Id=zone.id))["HostedZone"]
        if not (yield from _is_the_one(found, zone.name)) or is_deployed:
            return
        taken = {name: kinds for name in site.domain.names if (kinds := _records(client, zone.id, name))}
    except CloudError as error:
        if error.reason == "NoSuchHostedZone":
            yield Finding(
                "zone", "error", f"there is no zone {zone.id} in this account", "See `hosted_zone`."
            )
        else:
            yield unknown("zone", error)
        return
    for name, kinds in taken.items():
        hint = "CloudFormation makes no record that is there already: delete it, or leave out `hosted_zone`."
        yield Finding("zone", "error", f"{name} has a record already: {', '.join(kinds)}", hint)


def _is_the_one(found: dict[str, Any], name: str) -> Generator[Finding, None, bool]:
    told = found["Name"].rstrip(".").lower()
    if told != name:
        yield Finding("zone", "error", f"the zone {found['Id']} is {told}, not {name}", "See `hosted_zone`.")
        return False
    if found.get("Config", {}).get("PrivateZone"):
        hint = "Visitors do not see a private zone: name the public one."
        yield Finding("zone", "error", f"the zone {name} is private", hint)
        return False
    yield Finding("zone", "ok", f"the zone {name} is there and public")
    return True


def _records(client: Any, zone: str, name: str) -> list[str]:
    """The kinds of a name's records that would be in the way."""
    page = called(
        zone, lambda: client.list_resource_record_sets(HostedZoneId=zone, StartRecordName=name, MaxItems="20")
    )
    return [
        one["Type"]
        for one in page["ResourceRecordSets"]
        # Route 53 writes a star by its number.
        if one["Name"].replace("\\052", "*") == f"{name}." and one["Type"] in _IN_THE_WAY
    ]
