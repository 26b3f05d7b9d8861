"""The resources of image origins: web apps that run as Lambda functions, each behind a function URL.

Sources: "Restrict access to an AWS Lambda function URL origin" in the CloudFront developer guide; "Control access to
Lambda function URLs" in the Lambda developer guide: since October 2025 a caller needs both permissions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewise.site import limits
from edgewise.site.model import Site
from edgewise.site.model_origins import ImageOrigin
from edgewise.site.template_permissions import app_policies, trust

ACCESS_CONTROL = "ImageAccessControl"
# The parameter of an app's template that says which distribution may call it, and the condition that it is known.
DISTRIBUTION_PARAMETER = "DistributionArn"
_DISTRIBUTION_KNOWN = "DistributionKnown"
_LOG_DAYS = 30
# What CloudFront waits for an origin's answer unless it is told otherwise, in seconds.
_READ_TIMEOUT = 30


def _id(origin: ImageOrigin) -> str:
    """The beginning of an origin's logical ids: `api-v2` gives `ApiV2`."""
    return "".join(word.capitalize() for word in origin.name.split("-"))


def image_parameter(origin: ImageOrigin) -> str:
    """The parameter that holds the image's address: `app` gives `AppImage`."""
    return f"{_id(origin)}Image"


def domain_name(origin: ImageOrigin) -> str:
    """The output of an app's template, and the parameter of the site's, with the host of the function URL."""
    return f"{_id(origin)}Domain"


def image_name(site_name: str, origin_name: str) -> str:
    """The name of an image's function."""
    return f"{site_name}-{origin_name}"


def image_origin(origin: ImageOrigin) -> dict[str, Any]:
    """The origin in the distribution."""
    settings: dict[str, Any] = {"OriginProtocolPolicy": "https-only", "OriginSSLProtocols": ["TLSv1.2"]}
    if origin.timeout_s > _READ_TIMEOUT:
        settings["OriginReadTimeout"] = origin.timeout_s
    here = origin.region == limits.HOME_REGION
    described: dict[str, Any] = {
        "Id": origin.name,
        "DomainName": _host(origin) if here else {"Ref": domain_name(origin)},
        "CustomOriginConfig": settings,
    }
    if origin.signed:
        described["OriginAccessControlId"] = {"Fn::GetAtt": [ACCESS_CONTROL, "Id"]}
    return described


def image_parameters(site: Site) -> dict[str, Any]:
    """The parameters of the site's own template."""
    here = [one for one in site.images if one.region == limits.HOME_REGION]
    elsewhere = [one for one in site.images if one.region != limits.HOME_REGION]
    return _image_parameters(here) | {
        domain_name(one): {
            "Type": "String",
            "Description": f"The output {domain_name(one)} of the stack {site.name}-app in {one.region}.",
            "AllowedPattern": r"[a-z0-9]+\.lambda-url\.[a-z0-9-]+\.on\.aws",
        }
        for one in elsewhere
    }


def image_resources(site: Site) -> dict[str, Any]:
    """What the site's own template has for images: their access control, and the functions of the home region."""
    resources: dict[str, Any] = {}
    if any(origin.signed for origin in site.images):
        resources[ACCESS_CONTROL] = _access_control(site)
    distribution = {
        "Fn::Sub": "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"
    }
    for origin in site.images:
        if origin.region == limits.HOME_REGION:
            resources |= _function_resources(site, origin) | _permissions(origin, distribution)
    return resources


def image_outputs(site: Site) -> dict[str, Any]:
    """The outputs of the site's own template."""
    return _outputs([one for one in site.images if one.region == limits.HOME_REGION])


def compile_app_template(site: Site, region: str) -> dict[str, Any]:
    """The template of the images that run in another region than the distribution's functions do.

    Its outputs are parameters of the site's own template, which is deployed next; then this one once more, with the
    distribution that may call the functions.
    """
    images = [one for one in site.images if one.region == region]
    parameters = _image_parameters(images)
    template: dict[str, Any] = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"The apps of the site {site.name} in {region}, compiled by Edgewise from its site file.",
        "Parameters": parameters,
    }
    if any(one.signed for one in images):
        parameters[DISTRIBUTION_PARAMETER] = {
            "Type": "String",
            "Default": "",
            "Description": f"The distribution that may call the functions: that of the stack {site.name}.",
        }
        unknown = {"Fn::Equals": [{"Ref": DISTRIBUTION_PARAMETER}, ""]}
        template["Conditions"] = {_DISTRIBUTION_KNOWN: {"Fn::Not": [unknown]}}
    resources: dict[str, Any] = {}
    for origin in images:
        resources |= _function_resources(site, origin)
        permissions = _permissions(origin, {"Ref": DISTRIBUTION_PARAMETER})
        if origin.signed:
            permissions = {
                name: {"Type": body["Type"], "Condition": _DISTRIBUTION_KNOWN, **body}
                for name, body in permissions.items()
            }
        resources |= permissions
    outputs = _outputs(images)
    for origin in images:
        outputs[domain_name(origin)] = {
            "Description": f"The host of the function URL of the origin {origin.name}.",
            "Value": _host(origin),
        }
    return template | {"Resources": resources, "Outputs": outputs}


def with_stand_ins(site: Site, template: Mapping[str, Any]) -> dict[str, Any]:
    """The site's own template with a value for each parameter of images, for machines that have no AWS."""
    values = {image_parameter(one): "no-image" for one in site.images} | {
        domain_name(one): f"{_id(one).lower()}imageurl.lambda-url.{one.region}.on.aws" for one in site.images
    }
    parameters = {
        name: {**body, "Default": values[name]} if name in values else body
        for name, body in template.get("Parameters", {}).items()
    }
    return {**template, "Parameters": parameters} if parameters else dict(template)


def _image_parameters(images: list[ImageOrigin]) -> dict[str, Any]:
    return {
        image_parameter(one): {
            "Type": "String",
            "Description": f"The image of the origin {one.name}: ACCOUNT.dkr.ecr.{one.region}.amazonaws.com/NAME:TAG.",
        }
        for one in images
    }


def _outputs(images: list[ImageOrigin]) -> dict[str, Any]:
    return {
        f"{_id(one)}FunctionName": {
            "Description": f"The function that runs the image of the origin {one.name}.",
            "Value": {"Ref": f"{_id(one)}ImageFunction"},
        }
        for one in images
    }


def _host(origin: ImageOrigin) -> Mapping[str, Any]:
    """The host of a function URL, which is `https://HOST/`."""
    url = {"Fn::GetAtt": [f"{_id(origin)}ImageUrl", "FunctionUrl"]}
    return {"Fn::Select": [2, {"Fn::Split": ["/", url]}]}


def _access_control(site: Site) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudFront::OriginAccessControl",
        "Properties": {
            "OriginAccessControlConfig": {
                "Name": f"{site.name}-images",
                "OriginAccessControlOriginType": "lambda",
                "SigningBehavior": "always",
                "SigningProtocol": "sigv4",
            }
        },
    }


def _function_resources(site: Site, origin: ImageOrigin) -> dict[str, Any]:
    """The function, its role, its log group and its URL."""
    prefix, name = _id(origin), image_name(site.name, origin.name)
    group = f"{prefix}ImageLogs"
    here = "${AWS::Region}:${AWS::AccountId}"
    streams = f"arn:${{AWS::Partition}}:logs:{here}:log-group:/aws/lambda/{name}:*"
    function = f"arn:${{AWS::Partition}}:lambda:{here}:function:{name}"
    policies = app_policies(origin, function, streams)
    more = ", and do what the site file names" if origin.policies or len(policies) > 1 else ""
    return {
        f"{prefix}ImageFunction": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": name,
                "Description": f"The app of the origin {origin.name} of {site.name}.",
                "PackageType": "Image",
                "Code": {"ImageUri": {"Ref": image_parameter(origin)}},
                "Architectures": [origin.architecture],
                "MemorySize": origin.memory_mb,
                "Timeout": origin.timeout_s,
                "Role": {"Fn::GetAtt": [f"{prefix}ImageRole", "Arn"]},
                "LoggingConfig": {"LogGroup": {"Ref": group}},
                **_settings(origin),
            },
        },
        f"{prefix}ImageRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "Description": f"Lets the app of the origin {origin.name} write its log{more}.",
                "AssumeRolePolicyDocument": trust("lambda.amazonaws.com"),
                "Policies": policies,
                **({"ManagedPolicyArns": list(origin.policies)} if origin.policies else {}),
            },
        },
        group: {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Retain",
            "Properties": {"LogGroupName": f"/aws/lambda/{name}", "RetentionInDays": _LOG_DAYS},
        },
        f"{prefix}ImageUrl": {
            "Type": "AWS::Lambda::Url",
            "Properties": {
                "TargetFunctionArn": {"Fn::GetAtt": [f"{prefix}ImageFunction", "Arn"]},
                "AuthType": _auth_type(origin),
            },
        },
    }


def _settings(origin: ImageOrigin) -> dict[str, Any]:
    """The function's variables and its network, where it has some."""
    settings: dict[str, Any] = {}
    if origin.variables:
        settings["Environment"] = {"Variables": origin.variables}
    if origin.network:
        settings["VpcConfig"] = {
            "SubnetIds": list(origin.network.subnets),
            "SecurityGroupIds": list(origin.network.security_groups),
        }
    return settings


def _auth_type(origin: ImageOrigin) -> str:
    return "AWS_IAM" if origin.signed else "NONE"


def _permissions(origin: ImageOrigin, distribution: Mapping[str, Any]) -> dict[str, Any]:
    """Who may call the function: the distribution, or everybody."""
    prefix = _id(origin)
    function = {"Fn::GetAtt": [f"{prefix}ImageFunction", "Arn"]}
    # Everybody may come through the URL alone; CloudFront has no other way.
    caller: dict[str, Any] = {"Principal": "*"}
    through: dict[str, Any] = {"InvokedViaFunctionUrl": True}
    if origin.signed:
        caller, through = {"Principal": "cloudfront.amazonaws.com", "SourceArn": distribution}, {}
    return {
        f"{prefix}ImageUrlPermission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": function,
                "Action": "lambda:InvokeFunctionUrl",
                **caller,
                "FunctionUrlAuthType": _auth_type(origin),
            },
        },
        f"{prefix}ImageInvokePermission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": function,
                "Action": "lambda:InvokeFunction",
                **caller,
                **through,
            },
        },
    }
