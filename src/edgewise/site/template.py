"""Compiles a checked site to a CloudFormation template: values in, a dictionary out.

The template is the hinge of the project: the local CDN reads it and stock AWS tools deploy it. The functions'
resources are in `template_functions.py`, a bucket's in `template_buckets.py`, an image's in `template_images.py`, a
rollout's in `template_rollout.py` and `template_versions.py`, the statistics' in `template_statistics.py`, the text in
`template_text.py`.
Property names and defaults: the CloudFormation reference of `AWS::CloudFront::Distribution`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgewise.site.model import Behavior, Site
from edgewise.site.model_origins import BucketOrigin, CustomOrigin, ImageOrigin, Origin
from edgewise.site.template_alarm_topic import alarm_outputs
from edgewise.site.template_alarms import alarm_resources
from edgewise.site.template_buckets import bucket_id, bucket_resources
from edgewise.site.template_dashboard import dashboard_resources
from edgewise.site.template_domain import domain_config, domain_resources
from edgewise.site.template_functions import function_resources, version_ids
from edgewise.site.template_images import image_origin, image_outputs, image_parameters, image_resources
from edgewise.site.template_log_groups import log_group_outputs, log_group_resources
from edgewise.site.template_real_time import REAL_TIME_LOG, real_time_outputs, real_time_resources
from edgewise.site.template_rollout import rollout_outputs, rollout_resources
from edgewise.site.template_standard_log import standard_log_outputs, standard_log_resources
from edgewise.site.template_statistics import VIEW_POLICY, statistics_outputs, statistics_resources
from edgewise.site.template_versions import behavior_policies, policy_resources
from edgewise.site.template_views_athena import Query

_METHODS = {
    "read": ["GET", "HEAD"],
    "read-options": ["GET", "HEAD", "OPTIONS"],
    "all": ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
}


def compile_template(site: Site, *, code_hash: str, queries: Sequence[Query] = ()) -> dict[str, Any]:
    """The CloudFormation template of a site.

    `code_hash` (lower-case hex) stands for the content of the functions' folder: another one makes new function
    versions. `Code` is the folder `functions/edge`, relative to the template's own file. `queries` are saved in Athena
    for a site that counts page views: the name of each, its title, its text.
    """
    versions = version_ids(site, code_hash)
    resources: dict[str, Any] = {
        "Distribution": {
            "Type": "AWS::CloudFront::Distribution",
            "Properties": {"DistributionConfig": _distribution(site, versions)},
        }
    }
    resources |= function_resources(site, versions)
    resources |= policy_resources(site)
    resources |= rollout_resources(site)
    resources |= statistics_resources(site, queries)
    resources |= log_group_resources(site)
    resources |= real_time_resources(site)
    resources |= standard_log_resources(site)
    resources |= bucket_resources(site)
    resources |= image_resources(site)
    resources |= domain_resources(site)
    # Last: the alarms of all others are to ring as well.
    resources |= alarm_resources(site, resources)
    resources |= dashboard_resources(site)
    parameters = image_parameters(site)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"The site {site.name}, compiled by Edgewise from its site file.",
        "Metadata": {"cfn-lint": {"config": {"ignore_checks": ["W3002"]}}},
        **({"Parameters": parameters} if parameters else {}),
        "Resources": resources,
        "Outputs": _outputs(site),
    }


def _distribution(site: Site, versions: dict[str, str]) -> dict[str, Any]:
    config: dict[str, Any] = {
        "Enabled": True,
        "Comment": site.name,
        "HttpVersion": "http2",
        "IPV6Enabled": True,
        **domain_config(site),
        "Origins": [_origin(origin) for origin in site.origins],
        "DefaultCacheBehavior": _behavior(site, site.default, versions),
    }
    if site.behaviors:
        config["CacheBehaviors"] = [
            {"PathPattern": one.path, **_behavior(site, one, versions)} for one in site.behaviors
        ]
    return config


def _origin(origin: Origin) -> dict[str, Any]:
    if isinstance(origin, ImageOrigin):
        return image_origin(origin)
    if isinstance(origin, CustomOrigin):
        return {
            "Id": origin.name,
            "DomainName": origin.domain,
            "CustomOriginConfig": {
                "OriginProtocolPolicy": origin.protocol,
                "OriginSSLProtocols": ["TLSv1.2"],
            },
        }
    return {
        "Id": origin.name,
        "DomainName": {"Fn::GetAtt": [bucket_id(origin), "RegionalDomainName"]},
        "OriginAccessControlId": {"Fn::GetAtt": ["OriginAccessControl", "Id"]},
        # Empty on purpose: access control replaces the older identity, but the key must be there.
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }


def _behavior(site: Site, behavior: Behavior, versions: dict[str, str]) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "TargetOriginId": behavior.origin,
        "ViewerProtocolPolicy": behavior.viewer_protocol,
        "AllowedMethods": _METHODS[behavior.methods],
        **behavior_policies(site, behavior),
    }
    if behavior.cache.compresses:
        properties["Compress"] = True
    if site.has_view_policy(behavior):
        properties["OriginRequestPolicyId"] = {"Ref": VIEW_POLICY}
    if site.real_time_log and behavior.path in site.real_time_log.behaviors:
        properties["RealtimeLogConfigArn"] = {"Fn::GetAtt": [REAL_TIME_LOG, "Arn"]}
    if behavior.viewer_function:
        properties["FunctionAssociations"] = [
            {"EventType": "viewer-request", "FunctionARN": behavior.viewer_function}
        ]
    if triggers := site.triggers_of(behavior):
        properties["LambdaFunctionAssociations"] = [
            {"EventType": trigger, "LambdaFunctionARN": {"Ref": versions[trigger]}} for trigger in triggers
        ]
    return properties


def _outputs(site: Site) -> dict[str, Any]:
    outputs: dict[str, Any] = {
        "DomainName": {
            "Description": "The site's address.",
            "Value": {"Fn::GetAtt": ["Distribution", "DomainName"]},
        },
        "DistributionId": {"Description": "The distribution's id.", "Value": {"Ref": "Distribution"}},
    }
    for origin in site.origins:
        if isinstance(origin, BucketOrigin):
            outputs[f"{bucket_id(origin)}Name"] = {
                "Description": f"The bucket that the files of the origin {origin.name} belong in.",
                "Value": {"Ref": bucket_id(origin)},
            }
    return (
        outputs
        | image_outputs(site)
        | rollout_outputs(site)
        | statistics_outputs(site)
        | _watching_outputs(site)
    )


def _watching_outputs(site: Site) -> dict[str, Any]:
    logs = log_group_outputs(site) | real_time_outputs(site) | standard_log_outputs(site)
    return logs | alarm_outputs(site)
