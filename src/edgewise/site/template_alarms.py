"""The alarms in us-east-1: of CloudFront's metrics, which are of all regions, and of functions that run there.

Source of the metrics: "Types of metrics for CloudFront" in the CloudFront developer guide; those of Lambda@Edge are the
ones that CloudFront's own console shows under the distribution.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewise.site.model import Site
from edgewise.site.model_alarms import Alarms
from edgewise.site.template_alarm import alarm
from edgewise.site.template_alarm_topic import topic_of, topic_resources

_ALARM = "AWS::CloudWatch::Alarm"
_DISTRIBUTION = [
    {"Name": "DistributionId", "Value": {"Ref": "Distribution"}},
    {"Name": "Region", "Value": "Global"},
]
# Names of CloudFront's metrics, what alarms of them are called, and what they mean.
_AT_THE_EDGE = {
    "EdgeErrors": (
        "LambdaExecutionError",
        "edge-errors",
        "Edge functions fail or run out of time: visitors get a 503. `edgewise logs --from aws --status 5xx` has why.",
    ),
    "EdgeAnswers": (
        "LambdaValidationError",
        "edge-answers",
        "Edge functions return what CloudFront does not take: visitors get a 502. `edgewise logs --from aws` has why.",
    ),
    "EdgeThrottles": (
        "LambdaLimitExceededErrors",
        "edge-throttles",
        "More edge functions at a time than the account may run: visitors get a 503. `edgewise doctor` has the quota.",
    ),
}
_PERIOD = 300
# The share of its timeout that a function may take.
_NEAR_THE_END = 0.8


def alarm_resources(site: Site, resources: Mapping[str, Any]) -> dict[str, Any]:
    """The alarms of a site whose other resources are there: their alarms are to ring as well."""
    alarms = site.alarms
    if alarms is None:
        return {}
    made = {"ErrorsAlarm": _share_of_errors(site, alarms)}
    if site.runs_functions:
        made |= _at_the_edge(site, alarms)
    for name, body in resources.items():
        if body["Type"] == "AWS::Lambda::Function" and name not in ("ViewerFunction", "OriginFunction"):
            made |= _function_alarms(site, alarms, name, body["Properties"], resources)
    topic = topic_of(alarms)
    for body in (*made.values(), *resources.values()):
        if body["Type"] == _ALARM:
            body["Properties"] |= {"AlarmActions": [topic], "OKActions": [topic]}
    made |= topic_resources(site, alarms)
    return made | ({"MoreMetrics": _more_metrics()} if alarms.more_metrics else {})


def _at_the_edge(site: Site, alarms: Alarms) -> dict[str, Any]:
    return {
        f"{name}Alarm": _of_cloudfront(f"{site.name}.{end}", text, metric, alarms.function_errors)
        for name, (metric, end, text) in _AT_THE_EDGE.items()
    }


def _share_of_errors(site: Site, alarms: Alarms) -> dict[str, Any]:
    """Of few requests one error is a large share: those do not count."""
    metrics = [
        {
            "Id": name,
            "MetricStat": {
                "Metric": {"Namespace": "AWS/CloudFront", "MetricName": metric, "Dimensions": _DISTRIBUTION},
                "Period": _PERIOD,
                "Stat": stat,
            },
            "ReturnData": False,
        }
        for name, metric, stat in (("share", "5xxErrorRate", "Average"), ("requests", "Requests", "Sum"))
    ]
    expression = {
        "Id": "errors",
        "Label": "5xx, percent",
        "Expression": f"IF(requests >= {alarms.least_requests}, share, 0)",
        "ReturnData": True,
    }
    return {
        "Type": _ALARM,
        "Properties": {
            "AlarmName": f"{site.name}.errors",
            "AlarmDescription": "Too many answers are errors of ours, whether of the origin or of functions.",
            "Metrics": [expression, *metrics],
            "EvaluationPeriods": 1,
            "Threshold": alarms.error_percent,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
        },
    }


def _function_alarms(
    site: Site, alarms: Alarms, name: str, function: Mapping[str, Any], resources: Mapping[str, Any]
) -> dict[str, Any]:
    """Of a function that runs in this region, as the judge does. Some have an alarm of their errors already."""
    called = str(function["FunctionName"]).removeprefix(f"{site.name}-")
    most_ms = round(function["Timeout"] * 1000 * _NEAR_THE_END)
    kinds = (
        ("Errors", "Sum", alarms.function_errors, "fails or runs out of time: its log has why"),
        ("Throttles", "Sum", 0, "is kept from running: the account's quota is used up"),
        ("Duration", "Maximum", most_ms, f"takes nearly all of its {function['Timeout']} s"),
    )
    made = {}
    for metric, stat, most, text in kinds:
        if not _is_watched(resources, metric, name):
            made[f"{name}{metric}Alarm"] = alarm(
                f"{site.name}.function.{called}-{metric.lower()}",
                f"{function['FunctionName']} {text}.",
                ("AWS/Lambda", metric, stat),
                ("FunctionName", name),
                most,
            )
    return made


def _is_watched(resources: Mapping[str, Any], metric: str, function: str) -> bool:
    dimensions = [{"Name": "FunctionName", "Value": {"Ref": function}}]
    return any(
        body["Type"] == _ALARM
        and (body["Properties"].get("MetricName"), body["Properties"].get("Dimensions"))
        == (metric, dimensions)
        for body in resources.values()
    )


def _of_cloudfront(name: str, text: str, metric: str, most: float) -> dict[str, Any]:
    made = alarm(name, text, ("AWS/CloudFront", metric, "Sum"), ("DistributionId", "Distribution"), most)
    made["Properties"]["Dimensions"] = _DISTRIBUTION
    return made


def _more_metrics() -> dict[str, Any]:
    return {
        "Type": "AWS::CloudFront::MonitoringSubscription",
        "Properties": {
            "DistributionId": {"Ref": "Distribution"},
            "MonitoringSubscription": {
                "RealtimeMetricsSubscriptionConfig": {"RealtimeMetricsSubscriptionStatus": "Enabled"}
            },
        },
    }
