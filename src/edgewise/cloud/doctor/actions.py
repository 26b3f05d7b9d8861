"""The actions that a deployment takes, each with the resource that it is for.

Those of CloudFormation's resource types are called in the name of whoever deploys. Names are those of the Service
Authorization Reference; which of them a type needs is in its handlers in CloudFormation's registry, and for functions
at the edge in "Set up IAM permissions and roles for Lambda@Edge" in the CloudFront Developer Guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from edgewise.cloud.assets import bucket_name

# CloudFormation names what has no name of its own after the stack, which has the site's; CloudFront gives ids.
_STACK: Final = "arn:aws:cloudformation:us-east-1:{account}:stack/{site}/*"
_ASSETS: Final = "arn:aws:s3:::{assets}"
_GROUP: Final = "arn:aws:logs:us-east-1:{account}:log-group:/aws/lambda/us-east-1.{site}-viewer:*"

# Resource, service, names of actions.
_EVERY_TIME: Final = (
    (
        _STACK,
        "cloudformation",
        "CreateChangeSet DeleteChangeSet DeleteStack DescribeChangeSet DescribeStackEvents DescribeStacks "
        "ExecuteChangeSet GetTemplate ListStackResources",
    ),
    (
        _ASSETS,
        "s3",
        "CreateBucket DeleteBucket GetBucketTagging ListBucket ListBucketVersions PutBucketPolicy "
        "PutBucketPublicAccessBlock PutBucketTagging PutBucketVersioning PutEncryptionConfiguration "
        "PutLifecycleConfiguration",
    ),
    (f"{_ASSETS}/*", "s3", "DeleteObject DeleteObjectVersion GetObject PutObject"),
    (_GROUP, "logs", "CreateLogGroup DeleteLogGroup DescribeLogGroups FilterLogEvents PutRetentionPolicy"),
)
_BY_TYPE: Final = {
    "AWS::Athena::NamedQuery": (
        "arn:aws:athena:us-east-1:{account}:workgroup/{site}",
        "athena",
        "CreateNamedQuery DeleteNamedQuery GetNamedQuery",
    ),
    "AWS::Athena::WorkGroup": (
        "arn:aws:athena:us-east-1:{account}:workgroup/{site}",
        "athena",
        "CreateWorkGroup DeleteWorkGroup GetWorkGroup UpdateWorkGroup",
    ),
    "AWS::CloudFront::CachePolicy": (
        "arn:aws:cloudfront::{account}:cache-policy/EDFDVBD6EXAMPLE",
        "cloudfront",
        "CreateCachePolicy DeleteCachePolicy GetCachePolicy UpdateCachePolicy",
    ),
    "AWS::CloudFront::Distribution": (
        "arn:aws:cloudfront::{account}:distribution/EDFDVBD6EXAMPLE",
        "cloudfront",
        "CreateDistribution DeleteDistribution GetDistribution GetDistributionConfig UpdateDistribution",
    ),
    "AWS::CloudFront::OriginAccessControl": (
        "arn:aws:cloudfront::{account}:origin-access-control/EDFDVBD6EXAMPLE",
        "cloudfront",
        "CreateOriginAccessControl DeleteOriginAccessControl GetOriginAccessControl UpdateOriginAccessControl",
    ),
    "AWS::CloudFront::OriginRequestPolicy": (
        "arn:aws:cloudfront::{account}:origin-request-policy/EDFDVBD6EXAMPLE",
        "cloudfront",
        "CreateOriginRequestPolicy DeleteOriginRequestPolicy GetOriginRequestPolicy UpdateOriginRequestPolicy",
    ),
    # CloudFormation calls the function that stands behind it.
    "AWS::CloudFormation::CustomResource": (
        "arn:aws:lambda:us-east-1:{account}:function:{site}-resource",
        "lambda",
        "InvokeFunction",
    ),
    "AWS::CloudWatch::Alarm": (
        "arn:aws:cloudwatch:us-east-1:{account}:alarm:{site}",
        "cloudwatch",
        "DeleteAlarms DescribeAlarms PutMetricAlarm",
    ),
    "AWS::DynamoDB::GlobalTable": (
        "arn:aws:dynamodb:us-east-1:{account}:table/{site}-release",
        "dynamodb",
        "CreateTable DeleteTable DescribeTable UpdateTable UpdateTimeToLive",
    ),
    "AWS::Events::EventBus": (
        "arn:aws:events:us-east-1:{account}:event-bus/{site}",
        "events",
        "CreateEventBus DeleteEventBus DescribeEventBus",
    ),
    "AWS::Events::Rule": (
        "arn:aws:events:us-east-1:{account}:rule/{site}",
        "events",
        "DeleteRule DescribeRule PutRule PutTargets RemoveTargets",
    ),
    "AWS::Glue::Crawler": (
        "arn:aws:glue:us-east-1:{account}:crawler/{site}",
        "glue",
        "CreateCrawler DeleteCrawler GetCrawler UpdateCrawler",
    ),
    "AWS::Glue::Database": (
        "arn:aws:glue:us-east-1:{account}:catalog",
        "glue",
        "CreateDatabase DeleteDatabase GetDatabase UpdateDatabase",
    ),
    "AWS::Glue::Table": (
        "arn:aws:glue:us-east-1:{account}:catalog",
        "glue",
        "CreateTable DeleteTable GetTable UpdateTable",
    ),
    "AWS::IAM::ManagedPolicy": (
        "arn:aws:iam::{account}:policy/{site}",
        "iam",
        "CreatePolicy CreatePolicyVersion DeletePolicy DeletePolicyVersion GetPolicy",
    ),
    "AWS::IAM::Role": (
        "arn:aws:iam::{account}:role/{site}-FunctionRole-edgewise",
        "iam",
        "CreateRole DeleteRole DeleteRolePolicy GetRole PassRole PutRolePolicy",
    ),
    "AWS::KinesisFirehose::DeliveryStream": (
        "arn:aws:firehose:us-east-1:{account}:deliverystream/{site}",
        "firehose",
        "CreateDeliveryStream DeleteDeliveryStream DescribeDeliveryStream UpdateDestination",
    ),
    "AWS::Lambda::Function": (
        "arn:aws:lambda:us-east-1:{account}:function:{site}-viewer",
        "lambda",
        "CreateFunction DeleteFunction GetFunction UpdateFunctionCode UpdateFunctionConfiguration",
    ),
    "AWS::Lambda::Permission": (
        "arn:aws:lambda:us-east-1:{account}:function:{site}-judge",
        "lambda",
        "AddPermission RemovePermission",
    ),
    # To publish one, and to associate it with a distribution.
    "AWS::Lambda::Version": (
        "arn:aws:lambda:us-east-1:{account}:function:{site}-viewer",
        "lambda",
        "DisableReplication EnableReplication ListVersionsByFunction PublishVersion",
    ),
    "AWS::Logs::LogGroup": (
        "arn:aws:logs:us-east-1:{account}:log-group:{site}:*",
        "logs",
        "CreateLogGroup DeleteLogGroup DescribeLogGroups PutRetentionPolicy",
    ),
    "AWS::Logs::LogStream": (
        "arn:aws:logs:us-east-1:{account}:log-group:{site}:*",
        "logs",
        "CreateLogStream DeleteLogStream DescribeLogStreams",
    ),
    "AWS::S3::Bucket": (
        "arn:aws:s3:::{site}-bucket",
        "s3",
        "CreateBucket PutBucketOwnershipControls PutBucketPublicAccessBlock PutEncryptionConfiguration",
    ),
    "AWS::S3::BucketPolicy": (
        "arn:aws:s3:::{site}-bucket",
        "s3",
        "DeleteBucketPolicy GetBucketPolicy PutBucketPolicy",
    ),
    "AWS::SQS::Queue": (
        "arn:aws:sqs:us-east-1:{account}:{site}",
        "sqs",
        "CreateQueue DeleteQueue GetQueueAttributes SetQueueAttributes",
    ),
    "AWS::SQS::QueuePolicy": ("arn:aws:sqs:us-east-1:{account}:{site}", "sqs", "SetQueueAttributes"),
    "AWS::StepFunctions::StateMachine": (
        "arn:aws:states:us-east-1:{account}:stateMachine:{site}",
        "states",
        "CreateStateMachine DeleteStateMachine DescribeStateMachine UpdateStateMachine",
    ),
}


def needed(template: Mapping[str, Any], site: str, account: str) -> dict[str, list[str]]:
    """The actions that a deployment of a template takes, by the resource that they are for."""
    kinds = sorted(_kinds(template) & _BY_TYPE.keys())
    actions: dict[str, set[str]] = {}
    for resource, service, names in (*_EVERY_TIME, *(_BY_TYPE[kind] for kind in kinds)):
        where = resource.format(site=site, account=account, assets=bucket_name(site, account))
        actions.setdefault(where, set()).update(f"{service}:{name}" for name in names.split())
    return {resource: sorted(actions[resource]) for resource in sorted(actions)}


def without_rights(template: Mapping[str, Any]) -> list[str]:
    """The resource types of a template whose actions are not known here."""
    return sorted(_kinds(template) - _BY_TYPE.keys())


def _kinds(template: Mapping[str, Any]) -> set[str]:
    """The resource types of a template; those that somebody made up are all one."""
    kinds = {resource["Type"] for resource in template["Resources"].values()}
    return {"AWS::CloudFormation::CustomResource" if one.startswith("Custom::") else one for one in kinds}
