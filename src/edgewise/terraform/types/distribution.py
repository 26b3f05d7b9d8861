"""The distribution, and what CloudFront has beside it.

What CloudFormation has a default for and Terraform asks for is written out: cached methods, ports, the certificate of
cloudfront.net, the absence of restrictions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from edgewise.site.policies import CACHE_POLICIES, ORIGIN_REQUEST_POLICIES
from edgewise.terraform.blocks import Attribute, Block
from edgewise.terraform.rules import (
    Kind,
    Made,
    Place,
    Rule,
    Rules,
    attribute,
    block,
    blocks,
    deleted_last,
    flat,
    implied,
    pairs,
    read_elsewhere,
    single,
)

_POLICY_NAMES: Final = {one.id: one.name for one in CACHE_POLICIES.values()} | {
    one.id: one.name for one in ORIGIN_REQUEST_POLICIES.values()
}
_CACHED: Final = ["GET", "HEAD"]
_METHODS: Final = attribute("allowed_methods")


def _allowed_methods(value: Any, place: Place) -> Iterator[Made]:
    yield from _METHODS(value, place)
    if "CachedMethods" not in place.properties:
        yield Attribute("cached_methods", _CACHED)


def _policy(name: str) -> Rule:
    """A policy; the id of one of CloudFront's own says nothing to a reader, so its name goes beside it."""

    def rule(value: Any, place: Place) -> Iterator[Made]:
        remark = _POLICY_NAMES.get(value, "") if isinstance(value, str) else ""
        yield Attribute(name, place.value(value), remark)

    return rule


def _behavior(name: str) -> Rule:
    """The rule of a behavior's block. Without methods CloudFront takes those that read."""
    inner = block(name, _BEHAVIOR)

    def rule(value: Any, place: Place) -> Iterator[Made]:
        yield from inner({"AllowedMethods": _CACHED, **value}, place)

    return rule


def _behaviors(value: Any, place: Place) -> Iterator[Made]:
    for one in value:
        yield from _behavior("ordered_cache_behavior")(one, place)


def _origin_ports(value: Any, place: Place) -> Iterator[Made]:
    ports = {"HTTPPort": 80, "HTTPSPort": 443}
    yield from block("custom_origin_config", _CUSTOM_ORIGIN)({**ports, **value}, place)


def _s3_config(value: Any, place: Place) -> Iterator[Made]:
    # Terraform has no block for an empty one: access control stands in its own argument.
    if value.get("OriginAccessIdentity"):
        yield from block("s3_origin_config", {"OriginAccessIdentity": "origin_access_identity"})(value, place)


def _items(rule: Rule | str) -> Rule:
    """A counted list."""
    return flat({"Quantity": read_elsewhere, "Items": rule})


def _distribution_defaults(place: Place) -> Iterator[Made]:
    config: Mapping[str, Any] = place.properties["DistributionConfig"]
    if "Restrictions" not in config:
        none = Block("geo_restriction", (), [Attribute("restriction_type", "none")])
        yield Block("restrictions", (), [none])
    if "ViewerCertificate" not in config:
        yield Block("viewer_certificate", (), [Attribute("cloudfront_default_certificate", True)])


_CUSTOM_ORIGIN: Rules = {
    "HTTPPort": "http_port",
    "HTTPSPort": "https_port",
    "OriginProtocolPolicy": "origin_protocol_policy",
    "OriginSSLProtocols": "origin_ssl_protocols",
    "OriginReadTimeout": "origin_read_timeout",
    "OriginKeepaliveTimeout": "origin_keepalive_timeout",
}
_ORIGIN: Rules = {
    "Id": "origin_id",
    "DomainName": "domain_name",
    "OriginPath": "origin_path",
    "OriginAccessControlId": "origin_access_control_id",
    "ConnectionAttempts": "connection_attempts",
    "ConnectionTimeout": "connection_timeout",
    "CustomOriginConfig": _origin_ports,
    "S3OriginConfig": _s3_config,
    "OriginCustomHeaders": blocks("custom_header", {"HeaderName": "name", "HeaderValue": "value"}),
    "OriginShield": block(
        "origin_shield", {"Enabled": "enabled", "OriginShieldRegion": "origin_shield_region"}
    ),
}
_BEHAVIOR: Rules = {
    "PathPattern": "path_pattern",
    "TargetOriginId": "target_origin_id",
    "ViewerProtocolPolicy": "viewer_protocol_policy",
    "AllowedMethods": _allowed_methods,
    "CachedMethods": "cached_methods",
    "CachePolicyId": _policy("cache_policy_id"),
    "OriginRequestPolicyId": _policy("origin_request_policy_id"),
    "ResponseHeadersPolicyId": "response_headers_policy_id",
    "RealtimeLogConfigArn": "realtime_log_config_arn",
    "Compress": "compress",
    "FunctionAssociations": blocks(
        "function_association", {"EventType": "event_type", "FunctionARN": "function_arn"}
    ),
    "LambdaFunctionAssociations": blocks(
        "lambda_function_association",
        {"EventType": "event_type", "LambdaFunctionARN": "lambda_arn", "IncludeBody": "include_body"},
    ),
}
_ORIGIN_GROUP: Rules = {
    "Id": "origin_id",
    "FailoverCriteria": block("failover_criteria", {"StatusCodes": _items("status_codes")}),
    "Members": _items(blocks("member", {"OriginId": "origin_id"})),
}
_DISTRIBUTION: Rules = {
    "Enabled": "enabled",
    "Comment": "comment",
    "Aliases": "aliases",
    "HttpVersion": "http_version",
    "IPV6Enabled": "is_ipv6_enabled",
    "PriceClass": "price_class",
    "DefaultRootObject": "default_root_object",
    "WebACLId": "web_acl_id",
    "Staging": "staging",
    "ContinuousDeploymentPolicyId": "continuous_deployment_policy_id",
    "Origins": blocks("origin", _ORIGIN),
    "OriginGroups": _items(blocks("origin_group", _ORIGIN_GROUP)),
    "DefaultCacheBehavior": _behavior("default_cache_behavior"),
    "CacheBehaviors": _behaviors,
    "CustomErrorResponses": blocks(
        "custom_error_response",
        {
            "ErrorCode": "error_code",
            "ErrorCachingMinTTL": "error_caching_min_ttl",
            "ResponseCode": "response_code",
            "ResponsePagePath": "response_page_path",
        },
    ),
    "Logging": block(
        "logging_config", {"Bucket": "bucket", "Prefix": "prefix", "IncludeCookies": "include_cookies"}
    ),
    "Restrictions": block(
        "restrictions",
        {
            "GeoRestriction": block(
                "geo_restriction", {"RestrictionType": "restriction_type", "Locations": "locations"}
            )
        },
    ),
    "ViewerCertificate": block(
        "viewer_certificate",
        {
            "AcmCertificateArn": "acm_certificate_arn",
            "CloudFrontDefaultCertificate": "cloudfront_default_certificate",
            "MinimumProtocolVersion": "minimum_protocol_version",
            "SslSupportMethod": "ssl_support_method",
        },
    ),
}
_SINGLE_WEIGHT: Rules = {
    "Weight": "weight",
    "SessionStickinessConfig": block(
        "session_stickiness_config", {"IdleTTL": "idle_ttl", "MaximumTTL": "maximum_ttl"}
    ),
}


def _staging_names(value: Any, place: Place) -> Iterator[Made]:
    names = place.value(value)
    items = [Attribute("items", names), Attribute("quantity", len(names))]
    yield Block("staging_distribution_dns_names", (), items)


KINDS = {
    "AWS::CloudFront::Distribution": Kind(
        "aws_cloudfront_distribution",
        "distribution",
        {"DistributionConfig": flat(_DISTRIBUTION), "Tags": pairs("tags")},
        endings=("Distribution",),
        attributes={"DomainName": "domain_name", "Id": "id"},
        always=_distribution_defaults,
    ),
    "AWS::CloudFront::MonitoringSubscription": Kind(
        "aws_cloudfront_monitoring_subscription",
        "distribution",
        {
            "DistributionId": "distribution_id",
            "MonitoringSubscription": block(
                "monitoring_subscription",
                {
                    "RealtimeMetricsSubscriptionConfig": block(
                        "realtime_metrics_subscription_config",
                        {"RealtimeMetricsSubscriptionStatus": "realtime_metrics_subscription_status"},
                    )
                },
            ),
        },
        endings=("MonitoringSubscription", "Monitoring", "Metrics"),
    ),
    "AWS::CloudFront::RealtimeLogConfig": Kind(
        "aws_cloudfront_realtime_log_config",
        "logs",
        {
            "Name": "name",
            "SamplingRate": "sampling_rate",
            "Fields": "fields",
            "EndPoints": single(
                block(
                    "endpoint",
                    {
                        "StreamType": "stream_type",
                        "KinesisStreamConfig": block(
                            "kinesis_stream_config", {"RoleArn": "role_arn", "StreamArn": "stream_arn"}
                        ),
                    },
                )
            ),
        },
        endings=("RealtimeLogConfig", "LogConfig", "Config"),
        ref="arn",
        attributes={"Arn": "arn"},
        always=deleted_last,
    ),
    "AWS::CloudFront::ContinuousDeploymentPolicy": Kind(
        "aws_cloudfront_continuous_deployment_policy",
        "distribution",
        {
            "ContinuousDeploymentPolicyConfig": flat(
                {
                    "Enabled": "enabled",
                    "StagingDistributionDnsNames": _staging_names,
                    "TrafficConfig": block(
                        "traffic_config",
                        {
                            "Type": "type",
                            "SingleHeaderConfig": block(
                                "single_header_config", {"Header": "header", "Value": "value"}
                            ),
                            "SingleWeightConfig": block("single_weight_config", _SINGLE_WEIGHT),
                        },
                    ),
                    # Older words for the same, which Terraform's traffic has in itself.
                    "Type": implied("SingleWeight", "SingleHeader"),
                }
            )
        },
        endings=("ContinuousDeploymentPolicy", "Policy"),
        attributes={"Id": "id"},
        always=deleted_last,
    ),
}
