"""CloudFront's policies: what is in a cache's key, what an origin is sent, how requests to origins are signed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgewise.terraform.blocks import Attribute, Block
from edgewise.terraform.rules import Kind, Made, Place, Rule, Rules, block, deleted_last, flat


def _selection(name: str, behavior: str, listed: str) -> Rule:
    """What is taken of cookies, headers or queries; names are in a block of their own."""

    def items(value: Any, place: Place) -> Iterator[Made]:
        yield Block(_snake_plural(listed), (), [Attribute("items", place.value(value))])

    return block(name, {behavior: name.removesuffix("s_config") + "_behavior", listed: items})


def _snake_plural(name: str) -> str:
    return {"Cookies": "cookies", "Headers": "headers", "QueryStrings": "query_strings"}[name]


_SELECTIONS: Rules = {
    "HeadersConfig": _selection("headers_config", "HeaderBehavior", "Headers"),
    "CookiesConfig": _selection("cookies_config", "CookieBehavior", "Cookies"),
    "QueryStringsConfig": _selection("query_strings_config", "QueryStringBehavior", "QueryStrings"),
}
_CONTROL: Rules = {
    "Name": "name",
    "Description": "description",
    "OriginAccessControlOriginType": "origin_access_control_origin_type",
    "SigningBehavior": "signing_behavior",
    "SigningProtocol": "signing_protocol",
}

KINDS = {
    "AWS::CloudFront::CachePolicy": Kind(
        "aws_cloudfront_cache_policy",
        "policies",
        {
            "CachePolicyConfig": flat(
                {
                    "Name": "name",
                    "Comment": "comment",
                    "MinTTL": "min_ttl",
                    "DefaultTTL": "default_ttl",
                    "MaxTTL": "max_ttl",
                    "ParametersInCacheKeyAndForwardedToOrigin": block(
                        "parameters_in_cache_key_and_forwarded_to_origin",
                        {
                            "EnableAcceptEncodingGzip": "enable_accept_encoding_gzip",
                            "EnableAcceptEncodingBrotli": "enable_accept_encoding_brotli",
                            **_SELECTIONS,
                        },
                    ),
                }
            )
        },
        endings=("CachePolicy",),
        attributes={"Id": "id"},
        always=deleted_last,
    ),
    "AWS::CloudFront::OriginRequestPolicy": Kind(
        "aws_cloudfront_origin_request_policy",
        "policies",
        {"OriginRequestPolicyConfig": flat({"Name": "name", "Comment": "comment", **_SELECTIONS})},
        endings=("OriginRequestPolicy", "RequestPolicy"),
        attributes={"Id": "id"},
        always=deleted_last,
    ),
    "AWS::CloudFront::OriginAccessControl": Kind(
        "aws_cloudfront_origin_access_control",
        "policies",
        {
            # Terraform's own description would be "Managed by Terraform".
            "OriginAccessControlConfig": lambda value, place: flat(_CONTROL)(
                {"Description": "", **value}, place
            )
        },
        endings=("OriginAccessControl", "AccessControl"),
        attributes={"Id": "id"},
        always=deleted_last,
    ),
}
