"""The headers with which CloudFront tells origins about viewers."""

import re

from conformance.client import Pairs
from conformance.kit import Kit
from conformance.rule import Group, holds, same
from conformance.rules._expect import FRESH, kept, renewed

CLOUDFRONT_HEADERS = Group("cloudfront headers", "adding-cloudfront-headers")
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0"
_IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {_SAFARI}"
_IPAD = f"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) {_SAFARI}"
_ANDROID = f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {_CHROME} Mobile Safari/537.36"
_DESKTOP = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME} Safari/537.36"
_TELEVISION = f"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) {_CHROME} TV Safari/537.36"
_KINDS = ("Android", "Desktop", "IOS", "Mobile", "SmartTV", "Tablet")


def _device(name: str, agent: str, expected: dict[str, bool]) -> None:
    def check(kit: Kit) -> None:
        seen = kit.sent("cf", headers=[("User-Agent", agent)])
        found = {kind: seen.header(f"CloudFront-Is-{kind}-Viewer") for kind in expected}
        same("CloudFront-Is-…-Viewer", {kind: str(value).lower() for kind, value in expected.items()}, found)

    title = f"{name} is told from its User-Agent: {', '.join(kind for kind in expected if expected[kind])}"
    CLOUDFRONT_HEADERS.add(f"device-{name.split()[-1].lower()}", title, check)


_device("An iPhone", _IPHONE, {"Mobile": True, "IOS": True, "Desktop": False, "Android": False})
_device("A phone with Android", _ANDROID, {"Mobile": True, "Android": True, "Desktop": False, "IOS": False})
_device("An iPad", _IPAD, {"Tablet": True, "Desktop": False, "Android": False})
_device("A desktop", _DESKTOP, {"Desktop": True, "Mobile": False, "Tablet": False, "SmartTV": False})
_device("A television", _TELEVISION, {"SmartTV": True, "Mobile": False})


@CLOUDFRONT_HEADERS.rule()
def none_without_a_policy(kit: Kit) -> None:
    """Without a policy that names them there are no CloudFront- headers, even where all headers are forwarded."""
    same("the scheme where a policy asks", "http", kit.sent("cf").header("CloudFront-Forwarded-Proto"))
    seen = kit.sent("all")
    same(
        "CloudFront- headers",
        [],
        [name for name, _ in seen.headers if name.lower().startswith("cloudfront-")],
    )


@CLOUDFRONT_HEADERS.rule()
def listed_one_comes_alone(kit: Kit) -> None:
    """A policy that lists one of them adds that one."""
    seen = kit.sent("some")
    names = [name.lower() for name, _ in seen.headers if name.lower().startswith("cloudfront-")]
    same("CloudFront- headers", ["cloudfront-viewer-country"], names)


@CLOUDFRONT_HEADERS.rule("using-managed-origin-request-policies")
def managed_policy_adds_all_devices(kit: Kit) -> None:
    """AllViewerAndCloudFrontHeaders-2022-06 says of each kind of device whether the viewer is one."""
    seen = kit.sent("cf")
    values = [seen.header(f"CloudFront-Is-{kind}-Viewer") for kind in _KINDS]
    holds(set(values) <= {"true", "false"}, "true or false for each", values)


@CLOUDFRONT_HEADERS.rule("using-managed-origin-request-policies")
def managed_policy_adds_nothing_newer(kit: Kit) -> None:
    """AllViewerAndCloudFrontHeaders-2022-06 has none of the headers that came later."""
    seen = kit.sent("cf", tls=True)
    same("the scheme", "https", seen.header("CloudFront-Forwarded-Proto"))
    newer = ("JA3-Fingerprint", "JA4-Fingerprint", "Header-Order", "Header-Count")
    same("newer headers", [], [name for name in newer if seen.header(f"CloudFront-Viewer-{name}")])


@CLOUDFRONT_HEADERS.rule()
def viewer_address_is_address_and_port(kit: Kit) -> None:
    """CloudFront-Viewer-Address is the viewer's address and port."""
    value = kit.sent("cf").header("CloudFront-Viewer-Address") or ""
    holds(bool(re.fullmatch(r"[0-9a-fA-F.:\[\]]+:\d+", value)), "ADDRESS:PORT", value)


@CLOUDFRONT_HEADERS.rule()
def forwarded_proto_is_the_scheme(kit: Kit) -> None:
    """CloudFront-Forwarded-Proto is the viewer's scheme."""
    same("over http", "http", kit.sent("cf").header("CloudFront-Forwarded-Proto"))
    same("over https", "https", kit.sent("cf", tls=True).header("CloudFront-Forwarded-Proto"))


@CLOUDFRONT_HEADERS.rule()
def viewer_tls_names_version_and_cipher(kit: Kit) -> None:
    """CloudFront-Viewer-TLS is version, cipher and kind of handshake."""
    value = kit.sent("facts", tls=True).header("CloudFront-Viewer-TLS") or ""
    pattern = r"TLSv1\.\d:[A-Za-z0-9_-]+:(fullHandshake|sessionResumed|connectionReused)"
    holds(bool(re.fullmatch(pattern, value)), "TLSv1.3:CIPHER:fullHandshake", value)


@CLOUDFRONT_HEADERS.rule()
def header_order_names_the_viewers_headers(kit: Kit) -> None:
    """CloudFront-Viewer-Header-Order is the names of the viewer's headers, in order, joined with colons."""
    headers = [("Host", kit.client.host), ("X-B", "1"), ("User-Agent", "kit"), ("X-A", "2")]
    value = kit.sent("facts", headers=headers).header("CloudFront-Viewer-Header-Order") or ""
    same("the names", "host:x-b:user-agent:x-a", value.lower())


@CLOUDFRONT_HEADERS.rule()
def header_count_counts_the_viewers_headers(kit: Kit) -> None:
    """CloudFront-Viewer-Header-Count is the number of the viewer's headers."""
    headers = [("Host", kit.client.host), ("User-Agent", "kit"), ("X-A", "2")]
    same("the number", "3", kit.sent("facts", headers=headers).header("CloudFront-Viewer-Header-Count"))


@CLOUDFRONT_HEADERS.rule()
def viewers_own_value_is_replaced(kit: Kit) -> None:
    """A viewer that sends CloudFront-Forwarded-Proto itself does not get it through to the origin."""
    headers = [("CloudFront-Forwarded-Proto", "gopher")]
    same("the values", ["http"], kit.sent("cf", headers=headers).all("CloudFront-Forwarded-Proto"))


@CLOUDFRONT_HEADERS.rule()
def viewers_device_is_in_the_key(kit: Kit) -> None:
    """With a device header in the cache policy, devices get different objects and equal ones share."""
    phone, desktop = [("User-Agent", _IPHONE)], [("User-Agent", _DESKTOP)]
    first = kit.get("country", FRESH, headers=phone)
    kept(first, kit.get("country", FRESH, headers=[("User-Agent", _ANDROID)]))
    renewed(first, kit.get("country", FRESH, headers=desktop))


def _local(name: str, title: str, headers: Pairs, header: str, expected: str | None) -> None:
    def check(kit: Kit) -> None:
        same(header, expected, kit.sent("cf", headers=headers).header(header))

    CLOUDFRONT_HEADERS.add(name, title, check, local=True)


_local("country-of-the-viewer", "CloudFront-Viewer-Country is the viewer's country",
       [("Edgewise-Viewer-Country", "JP")], "CloudFront-Viewer-Country", "JP")  # fmt: skip
_local("city-is-percent-encoded", "What is not ASCII is percent-encoded",
       [("Edgewise-Viewer-City", "Z\xc3\xbcrich")], "CloudFront-Viewer-City", "Z%C3%BCrich")  # fmt: skip


@CLOUDFRONT_HEADERS.rule(local=True)
def metro_code_is_of_the_united_states(kit: Kit) -> None:
    """CloudFront-Viewer-Metro-Code is there for viewers in the United States alone."""
    seen = kit.sent("cf", headers=[("Edgewise-Viewer-Country", "JP")])
    found = (seen.header("CloudFront-Viewer-Country"), seen.header("CloudFront-Viewer-Metro-Code"))
    same("country and metro code", ("JP", None), found)


@CLOUDFRONT_HEADERS.rule(local=True)
def country_is_in_the_key(kit: Kit) -> None:
    """With CloudFront-Viewer-Country in the cache policy, countries get different objects."""
    first = kit.get("country", FRESH, headers=[("Edgewise-Viewer-Country", "JP")])
    kept(first, kit.get("country", FRESH, headers=[("Edgewise-Viewer-Country", "JP")]))
    renewed(first, kit.get("country", FRESH, headers=[("Edgewise-Viewer-Country", "DE")]))
