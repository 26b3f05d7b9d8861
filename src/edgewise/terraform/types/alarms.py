"""CloudWatch's alarms and dashboards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgewise.terraform.blocks import Attribute
from edgewise.terraform.names import on_aws
from edgewise.terraform.rules import Kind, Made, Place, Rules, block, document, flat, pairs

_DIMENSIONS = pairs("dimensions", "Name")
_METRIC: Rules = {
    "Metric": flat({"Namespace": "namespace", "MetricName": "metric_name", "Dimensions": _DIMENSIONS}),
    "Period": "period",
    "Stat": "stat",
    "Unit": "unit",
}
_QUERY: Rules = {
    "Id": "id",
    "AccountId": "account_id",
    "Expression": "expression",
    "Label": "label",
    "Period": "period",
    "ReturnData": "return_data",
    "MetricStat": block("metric", _METRIC),
}


def _queries(value: Any, place: Place) -> Iterator[Made]:
    for one in value:
        # CloudFormation returns what does not say otherwise; Terraform does not.
        yield from block("metric_query", _QUERY)({"ReturnData": True, **one}, place)


KINDS = {
    "AWS::CloudWatch::Alarm": Kind(
        "aws_cloudwatch_metric_alarm",
        "alarms",
        {
            "AlarmName": "alarm_name",
            "AlarmDescription": "alarm_description",
            "Namespace": "namespace",
            "MetricName": "metric_name",
            "Dimensions": _DIMENSIONS,
            "Statistic": "statistic",
            "ExtendedStatistic": "extended_statistic",
            "Period": "period",
            "Unit": "unit",
            "EvaluationPeriods": "evaluation_periods",
            "DatapointsToAlarm": "datapoints_to_alarm",
            "ComparisonOperator": "comparison_operator",
            "Threshold": "threshold",
            "ThresholdMetricId": "threshold_metric_id",
            "TreatMissingData": "treat_missing_data",
            "ActionsEnabled": "actions_enabled",
            "AlarmActions": "alarm_actions",
            "OKActions": "ok_actions",
            "InsufficientDataActions": "insufficient_data_actions",
            "Metrics": _queries,
        },
        endings=("Alarm",),
        ref="alarm_name",
        attributes={"Arn": "arn"},
        always=lambda place: (
            []
            if "AlarmName" in place.properties
            else [Attribute("alarm_name", on_aws(place.scope.site, place.name, 255))]
        ),
    ),
    "AWS::CloudWatch::Dashboard": Kind(
        "aws_cloudwatch_dashboard",
        "alarms",
        {"DashboardName": "dashboard_name", "DashboardBody": document("dashboard_body")},
        endings=("Dashboard",),
        ref="dashboard_name",
        always=lambda place: (
            []
            if "DashboardName" in place.properties
            else [Attribute("dashboard_name", on_aws(place.scope.site, place.name, 255))]
        ),
    ),
}
