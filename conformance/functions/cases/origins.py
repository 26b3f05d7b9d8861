"""Cases that change where a request goes: its uri, its query and its origin."""

from typing import Any

from .show import DONE, Cf


def uri(cf: Cf, context: Any, old: str, new: str) -> Any:
    """Replace a part of the uri."""
    cf["request"]["uri"] = cf["request"]["uri"].replace(old, new)
    return DONE


def whole_uri(cf: Cf, context: Any, value: str) -> Any:
    cf["request"]["uri"] = value
    return DONE


def long_uri(cf: Cf, context: Any, size: str) -> Any:
    """A uri of so many characters."""
    cf["request"]["uri"] = "/" + "x" * (int(size) - 1)
    return DONE


def query(cf: Cf, context: Any, value: str) -> Any:
    cf["request"]["querystring"] = value
    return DONE


def second(cf: Cf, context: Any, host: str = "") -> Any:
    """Send the request to the second origin, whose domain is in a custom header of the first."""
    origin = cf["request"]["origin"]["custom"]
    domain = origin["customHeaders"]["x-second-domain"][0]["value"]
    origin["domainName"] = domain
    origin["path"] = "/second"
    if host:
        cf["request"]["headers"]["host"] = [{"key": "Host", "value": domain}]
    return DONE


# Values that CloudFront does not take, by the key of a custom origin.
NUMBERS = ("port", "readTimeout", "keepaliveTimeout")


def origin(cf: Cf, context: Any, key: str, *value: str) -> Any:
    """Another value for one key of the origin."""
    text = ":".join(value)
    cf["request"]["origin"]["custom"][key] = int(text) if key in NUMBERS else text
    return DONE


def protocols(cf: Cf, context: Any, name: str) -> Any:
    cf["request"]["origin"]["custom"]["sslProtocols"] = [name]
    return DONE


def both_kinds(cf: Cf, context: Any) -> Any:
    """An origin that is a server and a bucket."""
    cf["request"]["origin"]["s3"] = {
        "domainName": "bucket.s3.eu-central-1.amazonaws.com",
        "region": "",
        "authMethod": "none",
        "path": "",
        "customHeaders": {},
    }
    return DONE


def custom_header(cf: Cf, context: Any, name: str, value: str) -> Any:
    """One more header that only the origin shall see."""
    headers = cf["request"]["origin"]["custom"]["customHeaders"]
    headers[name.lower()] = [{"key": name, "value": value}]
    return DONE


CASES = {
    "uri": uri,
    "whole-uri": whole_uri,
    "long-uri": long_uri,
    "query": query,
    "second": second,
    "origin": origin,
    "protocols": protocols,
    "both-kinds": both_kinds,
    "custom-header": custom_header,
}
