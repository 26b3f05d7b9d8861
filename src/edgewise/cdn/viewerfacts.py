"""Who asks: what CloudFront knows of a viewer and says in its `CloudFront-*` headers.

Source: CloudFront Developer Guide, "Add CloudFront request headers". CloudFront looks a viewer's address up; here
there is no such database, so the place is a default one unless the request says otherwise. Nothing is looked up
before somebody asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import IPv6Address, ip_address
from urllib.parse import quote

from edgewise.agents.devices import devices
from edgewise.cdn.message import Request
from edgewise.cdn.places import DEFAULT_COUNTRY, Place, place_of

# What a viewer of this machine may say of itself: `Edgewise-NAME` sets what `CloudFront-NAME` will say.
_PREFIX = "edgewise-"
_LOCATION = "location"
_ADDRESS = "viewer-address"
_COUNTRY = "viewer-country"
_PORT = re.compile("[0-9]{1,5}")

# A number that no network has (RFC 5398): there is no database that knows the real one.
_NO_ASN = "64496"
_HEADER_ORDER_BYTES = 7_680

# How CloudFront spells its headers towards an origin, by their names in lower case.
SPELLING = {
    f"cloudfront-{name.lower()}": f"CloudFront-{name}"
    for name in (
        *("Forwarded-Proto", "Is-Android-Viewer", "Is-Desktop-Viewer", "Is-IOS-Viewer", "Is-Mobile-Viewer"),
        *("Is-SmartTV-Viewer", "Is-Tablet-Viewer", "Viewer-Address", "Viewer-ASN", "Viewer-City"),
        *("Viewer-Country", "Viewer-Country-Name", "Viewer-Country-Region", "Viewer-Country-Region-Name"),
        *("Viewer-Header-Count", "Viewer-Header-Order", "Viewer-Http-Version", "Viewer-JA3-Fingerprint"),
        *("Viewer-JA4-Fingerprint", "Viewer-Latitude", "Viewer-Longitude", "Viewer-Metro-Code"),
        *("Viewer-Postal-Code", "Viewer-Time-Zone", "Viewer-TLS", "Error-Uri", "Error-Args"),
    )
}


class ViewerFacts:
    """The facts of one request. `location` is the edge location it asks for, empty when it does not care."""

    __slots__ = ("_given", "_request", "location")

    def __init__(self, request: Request, given: Mapping[str, str] | None = None, location: str = "") -> None:
        self._request = request
        # What the request says of its viewer, by names without `edgewise-`.
        self._given = given
        self.location = location

    @property
    def country(self) -> str:
        """The viewer's country, two letters."""
        return self.header("cloudfront-viewer-country")

    def header(self, name: str) -> str:
        """The value of a `CloudFront-*` header (its name in lower case), empty when there is none."""
        short = name.removeprefix("cloudfront-")
        if self._given is not None and short in self._given:
            return self._given[short]
        derive = _DERIVED.get(short)
        return derive(self) if derive is not None else ""

    @property
    def request(self) -> Request:
        """The viewer's request, as it came."""
        return self._request

    @property
    def place(self) -> Place:
        """Where the viewer is."""
        return place_of(self._given.get(_COUNTRY, DEFAULT_COUNTRY) if self._given else DEFAULT_COUNTRY)


def viewer_facts(request: Request) -> ViewerFacts:
    """Reads the `Edgewise-*` headers of a request and takes them off it.

    They are believed from viewers on this machine only. `Edgewise-Viewer-Address` becomes `request.viewer`.
    """
    for name, _ in request.headers.lines:
        if name[:1] in "eE" and name[:9].lower() == _PREFIX:
            return _told(request)
    return ViewerFacts(request)


def _told(request: Request) -> ViewerFacts:
    given: dict[str, str] = {}
    kept: list[tuple[str, str]] = []
    for line in request.headers.lines:
        name = line[0].lower()
        if name.startswith(_PREFIX):
            given[name.removeprefix(_PREFIX)] = _ascii(line[1].strip(" \t"))
        else:
            kept.append(line)
    request.headers.lines = kept
    if not _is_loopback(request.viewer):
        return ViewerFacts(request)
    _set_address(request, given.pop(_ADDRESS, ""))
    if given.get(_COUNTRY):
        given[_COUNTRY] = given[_COUNTRY].upper()
    return ViewerFacts(request, given, given.pop(_LOCATION, ""))


def _is_loopback(address: str) -> bool:
    peer = ip_address(address)
    mapped = peer.ipv4_mapped if isinstance(peer, IPv6Address) else None
    return (mapped or peer).is_loopback


def _set_address(request: Request, given: str) -> None:
    """`ADDRESS` or `ADDRESS:PORT`; what is neither is passed over: the request is one of this machine then."""
    address, separator, port = given, "", ""
    if given.count(":") == 1 or given.startswith("["):
        address, separator, port = given.rpartition(":") if not given.endswith("]") else (given, "", "")
    try:
        request.viewer = str(ip_address(address.strip("[]")))
    except ValueError:
        return
    if separator and _PORT.fullmatch(port) and int(port) < 65_536:
        request.viewer_port = int(port)


def _ascii(value: str) -> str:
    """Percent-encoded where it is not ASCII; `value` is a Latin-1 view of the wire."""
    return value if value.isascii() else quote(value.encode("latin-1"), safe=_PRINTABLE)


_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


def _flag(name: str) -> Callable[[ViewerFacts], str]:
    return lambda facts: "true" if name in devices(facts.request.headers.get("user-agent")) else "false"


def _of_place(name: str) -> Callable[[ViewerFacts], str]:
    return lambda facts: str(getattr(facts.place, name))


def _address(facts: ViewerFacts) -> str:
    # An IPv6 address stands without brackets, as far as is known: the port is what follows the last colon.
    return f"{facts.request.viewer}:{facts.request.viewer_port}"


def _tls(facts: ViewerFacts) -> str:
    """Protocol, cipher and kind of handshake, which is not known here and always said to be a full one."""
    request = facts.request
    protocol, cipher = getattr(request, "tls_protocol", ""), getattr(request, "tls_cipher", "")
    return f"{protocol}:{cipher}:fullHandshake" if protocol and cipher else ""


def _http_version(facts: ViewerFacts) -> str:
    version = facts.request.http_version
    return version if "." in version else f"{version}.0"


def _header_order(facts: ViewerFacts) -> str:
    return ":".join([name for name, _ in facts.request.headers])[:_HEADER_ORDER_BYTES]


# By name without `cloudfront-`. A fingerprint cannot be derived: JA3 and JA4 are there only when they are given.
_DERIVED: dict[str, Callable[[ViewerFacts], str]] = {
    "forwarded-proto": lambda facts: facts.request.scheme,
    **{
        f"is-{name}-viewer": _flag(name)
        for name in ("android", "desktop", "ios", "mobile", "smarttv", "tablet")
    },
    "viewer-address": _address,
    "viewer-asn": lambda facts: _NO_ASN,
    "viewer-http-version": _http_version,
    "viewer-tls": _tls,
    "viewer-header-order": _header_order,
    "viewer-header-count": lambda facts: str(len(facts.request.headers)),
    "viewer-country": _of_place("country"),
    "viewer-country-name": _of_place("country_name"),
    "viewer-country-region": _of_place("region"),
    "viewer-country-region-name": _of_place("region_name"),
    "viewer-city": _of_place("city"),
    "viewer-latitude": _of_place("latitude"),
    "viewer-longitude": _of_place("longitude"),
    "viewer-metro-code": _of_place("metro_code"),
    "viewer-postal-code": _of_place("postal_code"),
    "viewer-time-zone": _of_place("time_zone"),
}
