"""What is watched in every region where functions run, since metrics and logs of the edge stay there.

A stack has one region: `edgewise deploy` makes these alarms and filters in the others, and in its own, after the
stack. They ring no topic, which would have to be in their region; their changes travel over EventBridge to us-east-1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgewise.site import limits
from edgewise.site.model import Site
from edgewise.site.template_functions import served_functions

DURATION = "duration"
DROPPED = "dropped"
_PERIOD = 300
# How many periods in a row a function may be slow.
_SLOW_PERIODS = 3


@dataclass(frozen=True, slots=True)
class EdgeAlarm:
    """An alarm of a region: the words of PutMetricAlarm besides its name."""

    name: str
    words: dict[str, Any]


def edge_prefix(site_name: str) -> str:
    """What the names of a site's alarms in all regions begin with; no site's name has a dot."""
    return f"{site_name}.edge."


def drops_namespace(site_name: str) -> str:
    """Where the filters count."""
    return f"Edgewise/{site_name}"


def dropped_pattern(site: Site) -> str:
    """The filter pattern of CloudWatch Logs for what a function gives up: it prints the record, or the page view.

    Where records leave by standard output every one is printed, and none is given up. Empty if nothing can be.
    """
    schemas = []
    if site.log and site.log.delivery != "stdout":
        schemas.append("edge/*")
    if site.statistics:
        schemas.append("pageview/*")
    terms = [f'$.schema = "{one}"' for one in schemas]
    if not terms or not site.runs_functions:
        return ""
    return f"{{ {terms[0]} }}" if len(terms) == 1 else "{ " + " || ".join(f"({one})" for one in terms) + " }"


def edge_alarms(site: Site) -> list[EdgeAlarm]:
    """The alarms of each region; none for a site without alarms, or without functions."""
    if site.alarms is None:
        return []
    prefix = edge_prefix(site.name)
    alarms = [
        EdgeAlarm(
            f"{prefix}{name.removeprefix(f'{site.name}-')}-{DURATION}",
            {
                "AlarmDescription": f"{name} is slow in this region: visitors wait for it.",
                "Namespace": "AWS/Lambda",
                "MetricName": "Duration",
                "Dimensions": [{"Name": "FunctionName", "Value": f"{limits.HOME_REGION}.{name}"}],
                "ExtendedStatistic": "p99",
                "EvaluationPeriods": _SLOW_PERIODS,
                "Threshold": site.alarms.duration_ms,
                **_COMMON,
            },
        )
        for name in served_functions(site)
    ]
    if dropped_pattern(site):
        words = {
            "AlarmDescription": "Records were given up in this region: the functions' log there has them, and why.",
            "Namespace": drops_namespace(site.name),
            "MetricName": DROPPED,
            "Statistic": "Sum",
            "EvaluationPeriods": 1,
            "Threshold": site.alarms.dropped,
            **_COMMON,
        }
        alarms.append(EdgeAlarm(f"{prefix}{DROPPED}", words))
    return alarms


# Without a request there is no data, and nothing is wrong.
_COMMON = {
    "Period": _PERIOD,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}


def edge_events(site_name: str) -> dict[str, Any]:
    """The pattern of EventBridge for changes of these alarms that somebody wants to be told of: it rings, it is over.

    Not the first one, from no data to none that is wrong.
    """
    return {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "detail": {
            "alarmName": [{"prefix": edge_prefix(site_name)}],
            "$or": [{"state": {"value": ["ALARM"]}}, {"previousState": {"value": ["ALARM"]}}],
        },
    }
