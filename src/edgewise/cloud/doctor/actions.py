"""The actions that a deployment takes, each with the resource that it is for.

Those of CloudFormation's resource types are called in the name of whoever deploys. Names are those of the Service
Authorization Reference; which of them a type needs is in its handlers in CloudFormation's registry, and for functions
at the edge in "Set up IAM permissions and roles for Lambda@Edge" in the CloudFront Developer Guide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from edgewise.cloud.assets import bucket_name
from edgewise.cloud.clients import HOME_REGION

# CloudFormation names what has no name of its own after the stack, which has the site's; CloudFront gives ids. Where
# such a name may have 64 characters, or 63, at least so many of them are the stack's: the others may be cut.
CUT: Final = 25
_STACK: Final = "arn:aws:cloudformation:us-east-1:{account}:stack/{site}/*"
_ASSETS: Final = "arn:aws:s3:::{assets}"
_GROUP: Final = "arn:aws:logs:us-east-1:{account}:log-group:/aws/lambda/us-east-1.{site}-viewer:*"
_EDGE_ALARM: Final = "arn:aws:cloudwatch:us-east-1:{account}:alarm:{site}.edge.dropped"
_EDGE_RULE: Final = "arn:aws:events:us-east-1:{account}:rule/{site}.edge-alarms"
_POLICY: Final = "arn:aws:cloudfront::{account}:continuous-deployment-policy/EXAMPLE"
_ROLE: Final = "arn:aws:iam::{account}:role/{cut}-FunctionRole-edgewise"
_DISTRIBUTION: Final = "arn:aws:cloudfront::{account}:distribution/EDFDVBD6EXAMPLE"
_SOURCE: Final = "arn:aws:logs:us-east-1:{account}:delivery-source:{site}-access-log"
_DESTINATION: Final = "arn:aws:logs:us-east-1:{account}:delivery-destination:{site}-access-log"

# What knows no resource, by the reference. It gives DescribeAlarms the kind of an alarm, and CloudWatch asks for all of
# them whichever are looked for.
_ANYWHERE: Final = frozenset(
    (
        "acm:RequestCertificate",
        "cloudfront:CreateCachePolicy",
        "cloudfront:CreateContinuousDeploymentPolicy",
        "cloudfront:CreateDistribution",
        "cloudfront:CreateMonitoringSubscription",
        "cloudfront:CreateOriginAccessControl",
        "cloudfront:CreateOriginRequestPolicy",
        "cloudfront:CreateRealtimeLogConfig",
        "cloudfront:DeleteMonitoringSubscription",
        "cloudfront:GetMonitoringSubscription",
        "cloudwatch:DescribeAlarms",
        "glue:CreateCrawler",
        "kinesis:UpdateStreamMode",
        "logs:DeleteResourcePolicy",
        "logs:DescribeDeliveries",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:PutResourcePolicy",
    )
)

# Resource, service, names of actions.
_EVERY_TIME: Final = (
    (
        _STACK,
        "cloudformation",
        "CreateChangeSet DeleteChangeSet DeleteStack DescribeChangeSet DescribeStackEvents DescribeStacks "
        "ExecuteChangeSet GetTemplate ListChangeSets ListStackResources",
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
    # What an earlier site file placed in the regions of the edge is taken away when no role of it is left.
    (_GROUP, "logs", "DeleteMetricFilter DeleteSubscriptionFilter"),
    (_EDGE_ALARM, "cloudwatch", "DeleteAlarms DescribeAlarms"),
    (_EDGE_RULE, "events", "DeleteRule RemoveTargets"),
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
        "CreateWorkGroup DeleteWorkGroup GetWorkGroup ListTagsForResource TagResource UntagResource "
        "UpdateWorkGroup",
    ),
    "AWS::CertificateManager::Certificate": (
        "arn:aws:acm:us-east-1:{account}:certificate/EXAMPLE",
        "acm",
        "AddTagsToCertificate DeleteCertificate DescribeCertificate ListTagsForCertificate "
        "RemoveTagsFromCertificate RequestCertificate UpdateCertificateOptions",
    ),
    "AWS::CloudFront::CachePolicy": (
        "arn:aws:cloudfront::{account}:cache-policy/EDFDVBD6EXAMPLE",
        "cloudfront",
        "CreateCachePolicy DeleteCachePolicy GetCachePolicy UpdateCachePolicy",
    ),
    # Of a staged change.
    "AWS::CloudFront::ContinuousDeploymentPolicy": (
        _POLICY,
        "cloudfront",
        "CreateContinuousDeploymentPolicy DeleteContinuousDeploymentPolicy GetContinuousDeploymentPolicy "
        "UpdateContinuousDeploymentPolicy",
    ),
    "AWS::CloudFront::Distribution": (
        _DISTRIBUTION,
        "cloudfront",
        "CreateDistribution DeleteDistribution GetDistribution "
        "GetDistributionConfig ListTagsForResource TagResource UntagResource UpdateDistribution",
    ),
    "AWS::CloudFront::MonitoringSubscription": (
        _DISTRIBUTION,
        "cloudfront",
        "CreateMonitoringSubscription DeleteMonitoringSubscription GetMonitoringSubscription",
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
    "AWS::CloudFront::RealtimeLogConfig": (
        "arn:aws:cloudfront::{account}:realtime-log-config/{site}-real-time",
        "cloudfront",
        "CreateRealtimeLogConfig DeleteRealtimeLogConfig GetRealtimeLogConfig UpdateRealtimeLogConfig",
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
        "DeleteAlarms DescribeAlarms ListTagsForResource PutMetricAlarm TagResource UntagResource",
    ),
    "AWS::CloudWatch::Dashboard": (
        "arn:aws:cloudwatch::{account}:dashboard/{site}",
        "cloudwatch",
        "DeleteDashboards GetDashboard ListTagsForResource PutDashboard TagResource UntagResource",
    ),
    "AWS::DynamoDB::GlobalTable": (
        "arn:aws:dynamodb:us-east-1:{account}:table/{site}-release",
        "dynamodb",
        "BatchWriteItem CreateTable CreateTableReplica DeleteItem DeleteTable DeleteTableReplica "
        "DescribeContinuousBackups DescribeContributorInsights DescribeKinesisStreamingDestination "
        "DescribeTable DescribeTimeToLive GetItem ListTagsOfResource PutItem Query "
        "Scan TagResource UntagResource UpdateItem UpdateTable UpdateTimeToLive",
    ),
    "AWS::Events::EventBus": (
        "arn:aws:events:us-east-1:{account}:event-bus/{site}",
        "events",
        "CreateEventBus DeleteEventBus DescribeEventBus ListTagsForResource TagResource UntagResource "
        "UpdateEventBus",
    ),
    "AWS::Events::Rule": (
        "arn:aws:events:us-east-1:{account}:rule/{cut}-rule",
        "events",
        "DeleteRule DescribeRule ListTagsForResource ListTargetsByRule PutRule PutTargets RemoveTargets "
        "TagResource UntagResource",
    ),
    "AWS::Glue::Crawler": (
        "arn:aws:glue:us-east-1:{account}:crawler/{site}",
        "glue",
        "CreateCrawler DeleteCrawler GetCrawler GetTags StopCrawler TagResource UntagResource UpdateCrawler",
    ),
    "AWS::Glue::Database": (
        "arn:aws:glue:us-east-1:{account}:catalog",
        "glue",
        "CreateDatabase DeleteDatabase GetDatabase UpdateDatabase",
    ),
    "AWS::Glue::Table": (
        "arn:aws:glue:us-east-1:{account}:catalog",
        "glue",
        "CreateTable DeleteTable GetDatabase GetTable UpdateTable",
    ),
    "AWS::IAM::ManagedPolicy": (
        "arn:aws:iam::{account}:policy/{site}",
        "iam",
        "CreatePolicy CreatePolicyVersion DeletePolicy DeletePolicyVersion GetPolicy GetPolicyVersion "
        "ListEntitiesForPolicy ListPolicyVersions",
    ),
    "AWS::IAM::Role": (
        _ROLE,
        "iam",
        "AttachRolePolicy CreateRole DeleteRole DeleteRolePolicy DetachRolePolicy GetRole GetRolePolicy "
        "ListAttachedRolePolicies ListRolePolicies PassRole PutRolePolicy TagRole UntagRole "
        "UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription",
    ),
    "AWS::Kinesis::Stream": (
        "arn:aws:kinesis:us-east-1:{account}:stream/{site}-real-time",
        "kinesis",
        "AddTagsToStream CreateStream DecreaseStreamRetentionPeriod DeleteStream DescribeStreamSummary "
        "IncreaseStreamRetentionPeriod ListTagsForResource ListTagsForStream RemoveTagsFromStream "
        "StartStreamEncryption StopStreamEncryption TagResource UntagResource UpdateStreamMode",
    ),
    "AWS::KinesisFirehose::DeliveryStream": (
        "arn:aws:firehose:us-east-1:{account}:deliverystream/{site}",
        "firehose",
        "CreateDeliveryStream DeleteDeliveryStream DescribeDeliveryStream ListTagsForDeliveryStream "
        "TagDeliveryStream UntagDeliveryStream UpdateDestination",
    ),
    "AWS::Lambda::Function": (
        "arn:aws:lambda:us-east-1:{account}:function:{site}-viewer",
        "lambda",
        "CreateFunction DeleteFunction GetFunction GetFunctionRecursionConfig GetRuntimeManagementConfig "
        "TagResource UntagResource UpdateFunctionCode UpdateFunctionConfiguration",
    ),
    "AWS::Lambda::Permission": (
        "arn:aws:lambda:us-east-1:{account}:function:{site}-judge",
        "lambda",
        "AddPermission GetPolicy RemovePermission",
    ),
    # To publish one, and to associate it with a distribution.
    "AWS::Lambda::Url": (
        "arn:aws:lambda:us-east-1:{account}:function:{site}-app",
        "lambda",
        "CreateFunctionUrlConfig DeleteFunctionUrlConfig GetFunctionUrlConfig UpdateFunctionUrlConfig",
    ),
    "AWS::Lambda::Version": (
        "arn:aws:lambda:us-east-1:{account}:function:{site}-viewer",
        "lambda",
        "DeleteFunction DisableReplication EnableReplication GetFunctionConfiguration "
        "GetRuntimeManagementConfig ListVersionsByFunction PublishVersion",
    ),
    "AWS::Logs::Delivery": (
        "arn:aws:logs:us-east-1:{account}:delivery:EXAMPLE",
        "logs",
        "CreateDelivery DeleteDelivery DescribeDeliveries GetDelivery ListTagsForResource TagResource "
        "UntagResource UpdateDeliveryConfiguration",
    ),
    "AWS::Logs::DeliveryDestination": (
        _DESTINATION,
        "logs",
        "CreateDelivery DeleteDeliveryDestination GetDeliveryDestination ListTagsForResource "
        "PutDeliveryDestination TagResource UntagResource",
    ),
    "AWS::Logs::DeliverySource": (
        _SOURCE,
        "logs",
        "CreateDelivery DeleteDeliverySource GetDeliverySource "
        "ListTagsForResource PutDeliverySource TagResource UntagResource",
    ),
    "AWS::Logs::LogGroup": (
        "arn:aws:logs:us-east-1:{account}:log-group:{group}:*",
        "logs",
        "CreateLogGroup DeleteLogGroup DeleteRetentionPolicy DescribeLogGroups ListTagsForResource "
        "PutRetentionPolicy TagResource UntagResource",
    ),
    "AWS::Logs::LogStream": (
        "arn:aws:logs:us-east-1:{account}:log-group:{group}:*",
        "logs",
        "CreateLogStream DeleteLogStream DescribeLogStreams",
    ),
    "AWS::Logs::MetricFilter": (
        "arn:aws:logs:us-east-1:{account}:log-group:{group}:*",
        "logs",
        "DeleteMetricFilter DescribeMetricFilters PutMetricFilter",
    ),
    "AWS::Logs::ResourcePolicy": (
        "arn:aws:logs:us-east-1:{account}:*",
        "logs",
        "DeleteResourcePolicy DescribeResourcePolicies PutResourcePolicy",
    ),
    # Of a zone that the user has, and of the certificate's own records in it.
    "AWS::Route53::RecordSet": (
        "arn:aws:route53:::hostedzone/Z0123456789EXAMPLE",
        "route53",
        "ChangeResourceRecordSets GetHostedZone ListResourceRecordSets",
    ),
    "AWS::S3::Bucket": (
        "arn:aws:s3:::{cut}-bucket",
        "s3",
        "CreateBucket DeleteBucket GetAccelerateConfiguration GetAnalyticsConfiguration GetBucketAbac "
        "GetBucketAcl GetBucketCORS GetBucketLogging GetBucketNotification GetBucketObjectLockConfiguration "
        "GetBucketOwnershipControls GetBucketPublicAccessBlock GetBucketTagging GetBucketVersioning "
        "GetBucketWebsite GetEncryptionConfiguration GetIntelligentTieringConfiguration "
        "GetInventoryConfiguration GetLifecycleConfiguration GetMetricsConfiguration "
        "GetReplicationConfiguration ListBucket ListTagsForResource PutBucketOwnershipControls "
        "PutBucketPublicAccessBlock PutBucketTagging PutEncryptionConfiguration PutLifecycleConfiguration "
        "TagResource UntagResource",
    ),
    "AWS::S3::BucketPolicy": (
        "arn:aws:s3:::{cut}-bucket",
        "s3",
        "DeleteBucketPolicy GetBucketPolicy PutBucketPolicy",
    ),
    "AWS::SNS::Topic": (
        "arn:aws:sns:us-east-1:{account}:{site}",
        "sns",
        "CreateTopic DeleteTopic GetTopicAttributes ListSubscriptionsByTopic ListTagsForResource "
        "SetTopicAttributes Subscribe TagResource Unsubscribe UntagResource",
    ),
    "AWS::SNS::TopicPolicy": ("arn:aws:sns:us-east-1:{account}:{site}", "sns", "SetTopicAttributes"),
    "AWS::SQS::Queue": (
        "arn:aws:sqs:us-east-1:{account}:{site}",
        "sqs",
        "CreateQueue DeleteQueue GetQueueAttributes GetQueueUrl ListQueueTags SetQueueAttributes TagQueue "
        "UntagQueue",
    ),
    "AWS::SQS::QueuePolicy": ("arn:aws:sqs:us-east-1:{account}:{site}", "sqs", "SetQueueAttributes"),
    "AWS::StepFunctions::StateMachine": (
        "arn:aws:states:us-east-1:{account}:stateMachine:{site}",
        "states",
        "CreateStateMachine DeleteStateMachine DescribeStateMachine ListTagsForResource TagResource "
        "UntagResource UpdateStateMachine",
    ),
}
# What a type takes of other resources: the source of a log has to let it be delivered, Lambda takes the image of a
# function that has a URL from its repository, which has to let it, and a record is waited for. The reference has the
# source of a log deleted by its destination.
_ELSEWHERE: Final = (
    # A policy that a staged change left on the distribution is taken off by whichever deployment comes next.
    (
        "AWS::CloudFront::Distribution",
        _POLICY,
        "cloudfront",
        "DeleteContinuousDeploymentPolicy GetContinuousDeploymentPolicy UpdateContinuousDeploymentPolicy",
    ),
    ("AWS::IAM::ManagedPolicy", _ROLE, "iam", "AttachRolePolicy DetachRolePolicy"),
    (
        "AWS::Lambda::Url",
        "arn:aws:ecr:us-east-1:{account}:repository/{site}-app",
        "ecr",
        "BatchGetImage GetDownloadUrlForLayer GetRepositoryPolicy SetRepositoryPolicy",
    ),
    ("AWS::Logs::Delivery", _DESTINATION, "logs", "GetDeliveryDestination UpdateDeliveryConfiguration"),
    ("AWS::Logs::Delivery", _SOURCE, "logs", "GetDeliverySource UpdateDeliveryConfiguration"),
    ("AWS::Logs::DeliverySource", _DISTRIBUTION, "cloudfront", "AllowVendedLogDeliveryForResource"),
    ("AWS::Logs::DeliverySource", _DESTINATION, "logs", "DeleteDeliverySource"),
    ("AWS::Route53::RecordSet", "arn:aws:route53:::change/C0123456789EXAMPLE", "route53", "GetChange"),
)
# What a deployment places in the regions of the edge, by the resources that it is done with.
_BY_NAME: Final = (
    ("EdgeAlarmsRole", _GROUP, "logs", "PutMetricFilter"),
    ("EdgeAlarmsRole", _EDGE_ALARM, "cloudwatch", "PutMetricAlarm"),
    ("EdgeAlarmsRole", _EDGE_RULE, "events", "PutRule PutTargets"),
    ("EdgeAlarmsRole", "arn:aws:iam::{account}:role/{cut}-EdgeAlarmsRole-edgewise", "iam", "PassRole"),
    ("EdgeLogsRole", _GROUP, "logs", "PutSubscriptionFilter"),
    ("EdgeLogsRole", "arn:aws:iam::{account}:role/{cut}-EdgeLogsRole-edgewise", "iam", "PassRole"),
)

# Lambda looks at a VPC with the rights of whoever puts a function into it.
_VPC: Final = ("*", "ec2", "DescribeNetworkInterfaces DescribeSecurityGroups DescribeSubnets DescribeVpcs")


def needed(
    template: Mapping[str, Any], site: str, account: str, region: str = HOME_REGION
) -> dict[str, list[str]]:
    """The actions that a deployment of a template takes, by the resource that they are for.

    In another region it is that of the site's apps, whose stack is called after that. Actions that know no resource are
    for "*".
    """
    actions: dict[str, set[str]] = {}
    words = {"site": site, "cut": site[:CUT], "account": account, "assets": bucket_name(site, account)}
    for resource, service, names in _rows(template, region):
        groups = _groups(template, site) if "{group}" in resource else [""]
        for where in (resource.format(**words, group=group) for group in groups):
            if region != HOME_REGION:
                where = where.replace(HOME_REGION, region).replace(f":stack/{site}/", f":stack/{site}-app/")
            for action in (f"{service}:{name}" for name in names.split()):
                actions.setdefault("*" if action in _ANYWHERE else where, set()).add(action)
    return {resource: sorted(actions[resource]) for resource in sorted(actions)}


def _rows(template: Mapping[str, Any], region: str) -> Iterator[tuple[str, str, str]]:
    yield from _EVERY_TIME if region == HOME_REGION else _EVERY_TIME[:1]
    kinds = _kinds(template)
    yield from (_BY_TYPE[kind] for kind in sorted(kinds & _BY_TYPE.keys()))
    yield from (row[1:] for row in _ELSEWHERE if row[0] in kinds)
    yield from (row[1:] for row in _BY_NAME if row[0] in template["Resources"])
    if any("VpcConfig" in one.get("Properties", {}) for one in template["Resources"].values()):
        yield _VPC


def _groups(template: Mapping[str, Any], site: str) -> list[str]:
    found = (one for one in template["Resources"].values() if one["Type"] == "AWS::Logs::LogGroup")
    return sorted({one.get("Properties", {}).get("LogGroupName", f"{site}-group") for one in found})


def without_rights(template: Mapping[str, Any]) -> list[str]:
    """The resource types of a template whose actions are not known here."""
    return sorted(_kinds(template) - _BY_TYPE.keys())


def _kinds(template: Mapping[str, Any]) -> set[str]:
    """The resource types of a template; those that somebody made up are all one."""
    kinds = {resource["Type"] for resource in template["Resources"].values()}
    return {"AWS::CloudFormation::CustomResource" if one.startswith("Custom::") else one for one in kinds}
