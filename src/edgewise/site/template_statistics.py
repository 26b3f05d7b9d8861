"""The resources of the statistics: all that is between the edge and an answer about page views.

They are in files by what they are for: the way through the state machine, the files, the table, the salts. Here are
what tells that something fails, and what a bucket is sent so that a function sees who asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgewise.agents import country_names
from edgewise.site.model import Site
from edgewise.site.model_statistics import Statistics
from edgewise.site.policies import COUNTRY
from edgewise.site.template_alarm import alarm
from edgewise.site.template_salts import salts_resources
from edgewise.site.template_views_athena import Query, athena_resources
from edgewise.site.template_views_catalog import catalog_resources
from edgewise.site.template_views_files import file_resources
from edgewise.site.template_views_path import path_resources

VIEW_POLICY = "PageViewsRequestPolicy"
# What is asked of a request where views are counted when an origin answers.
_AT_ORIGIN = (
    "User-Agent",
    "Referer",
    "Accept-Language",
    COUNTRY,
    "CloudFront-Is-SmartTV-Viewer",
    "CloudFront-Is-Tablet-Viewer",
    "CloudFront-Is-Mobile-Viewer",
    "CloudFront-Is-Desktop-Viewer",
)
_CAMPAIGN = ("utm_source", "utm_medium", "utm_campaign")
# What the stream may take longer than its buffer: with dynamic partitions it buffers in several stages.
_BUFFERS_MORE = 2


def statistics_resources(site: Site, queries: Sequence[Query] = ()) -> dict[str, Any]:
    """Everything; nothing for a site that does not count. `queries` are saved in Athena's workgroup."""
    statistics = site.statistics
    if statistics is None:
        return {}
    resources = _view_policy(site)
    if statistics.path == "step-functions":
        resources |= path_resources(statistics, country_names())
    resources |= file_resources(statistics)
    resources |= catalog_resources(statistics)
    resources |= athena_resources(statistics, queries)
    if site.makes_salts:
        resources |= salts_resources(statistics)
    return resources | _alarms(site, statistics)


def statistics_outputs(site: Site) -> dict[str, Any]:
    """What somebody who asks has to know."""
    statistics = site.statistics
    if statistics is None:
        return {}
    outputs = {
        "PageViewsBucketName": ("The bucket with the files of page views.", "PageViewsFiles"),
        "PageViewsDatabaseName": ("The database of the table page_views in Athena.", "PageViewsDatabase"),
        "PageViewsWorkGroupName": ("The workgroup of Athena with the saved queries.", "PageViewsWorkGroup"),
        "PageViewsReaderArn": ("The policy for who asks Athena, such as Grafana's role.", "PageViewsReader"),
    }
    if statistics.path == "step-functions":
        outputs["PageViewsFailedQueue"] = ("The queue of what could not be handed on.", "PageViewsFailed")
    return {
        name: {"Description": text, "Value": {"Ref": resource}} for name, (text, resource) in outputs.items()
    }


def _view_policy(site: Site) -> dict[str, Any]:
    if not any(map(site.has_view_policy, site.all_behaviors)):
        return {}
    at_origin = site.counts_at == "origin-response"
    queries: dict[str, Any] = {"QueryStringBehavior": "none"}
    if at_origin:
        queries = {"QueryStringBehavior": "whitelist", "QueryStrings": list(_CAMPAIGN)}
    config = {
        "Name": f"{site.name}-page-views",
        "Comment": "What page views are told of who asks",
        "HeadersConfig": {
            "HeaderBehavior": "whitelist",
            "Headers": list(_AT_ORIGIN if at_origin else (COUNTRY,)),
        },
        "CookiesConfig": {"CookieBehavior": "none"},
        "QueryStringsConfig": queries,
    }
    return {
        VIEW_POLICY: {
            "Type": "AWS::CloudFront::OriginRequestPolicy",
            "Properties": {"OriginRequestPolicyConfig": config},
        }
    }


def _alarms(site: Site, statistics: Statistics) -> dict[str, Any]:
    name = statistics.pipeline
    late = statistics.buffer_seconds * (1 + _BUFFERS_MORE)
    alarms = {
        "PageViewsStreamAlarm": alarm(
            f"{name}-late",
            "Files of page views are late: the stream cannot write to its bucket.",
            ("AWS/Firehose", "DeliveryToS3.DataFreshness", "Maximum"),
            ("DeliveryStreamName", "PageViewsStream"),
            late,
        )
    }
    if statistics.path == "step-functions":
        alarms["PageViewsExecutionsAlarm"] = alarm(
            f"{name}-executions",
            "Executions of the state machine fail: their views are lost. The log has the reasons.",
            ("AWS/States", "ExecutionsFailed", "Sum"),
            ("StateMachineArn", "PageViewsStateMachine"),
            0,
        )
        alarms["PageViewsTimeoutsAlarm"] = alarm(
            f"{name}-timeouts",
            "Executions of the state machine take longer than they may: their views are lost.",
            ("AWS/States", "ExecutionsTimedOut", "Sum"),
            ("StateMachineArn", "PageViewsStateMachine"),
            0,
        )
        alarms["PageViewsQueueAlarm"] = alarm(
            f"{name}-failed",
            "Page views were set aside: see the messages in the queue.",
            ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum"),
            ("QueueName", {"Fn::GetAtt": ["PageViewsFailed", "QueueName"]}),
            0,
        )
    if site.makes_salts:
        alarms["VisitorSaltsAlarm"] = alarm(
            f"{statistics.name}-visitor-salts",
            "Salts are not made or not deleted: visitors are not told apart, or can be longer than they should.",
            ("AWS/Lambda", "Errors", "Sum"),
            ("FunctionName", "VisitorSaltsFunction"),
            0,
        )
    return alarms
