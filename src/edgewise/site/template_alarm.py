"""An alarm of a template's: one metric of one thing, and the number over which it rings."""

from __future__ import annotations

from typing import Any


def alarm(
    name: str, text: str, metric: tuple[str, str, str], dimension: tuple[str, Any] | None, threshold: float
) -> dict[str, Any]:
    """An alarm that rings over a threshold; whom, `[alarms]` in the site file says.

    No data are no requests, or no errors of a metric that has none without one: nothing is wrong then.
    """
    dimensions = {}
    if dimension:
        value = {"Ref": dimension[1]} if isinstance(dimension[1], str) else dimension[1]
        dimensions = {"Dimensions": [{"Name": dimension[0], "Value": value}]}
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": name,
            "AlarmDescription": text,
            "Namespace": metric[0],
            "MetricName": metric[1],
            "Statistic": metric[2],
            **dimensions,
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": threshold,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
        },
    }
