"""The site's dashboard in CloudWatch: one page with what visitors got and what functions did, in all regions.

Source: "Dashboard body structure and syntax" in the CloudWatch API reference. A graph may have metrics of several
regions; one of a log's lines has those of a single region.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from edgewise.site import limits
from edgewise.site.edge_alarms import DROPPED, dropped_pattern, drops_namespace
from edgewise.site.model import Rollout, Site
from edgewise.site.own_functions import JUDGE, own_function
from edgewise.site.regions import EDGE_REGIONS
from edgewise.site.template_functions import served_functions

_PERIOD = 300
_COLUMNS = 24
_WIDTH, _HEIGHT = 8, 6
# What `Fn::Sub` puts the distribution's id into.
_DISTRIBUTION = ("DistributionId", "${Distribution}", "Region", "Global")


def dashboard_resources(site: Site) -> dict[str, Any]:
    """The dashboard, if the site has alarms and wants one."""
    if site.alarms is None or not site.alarms.dashboard:
        return {}
    widgets = [*_visitors(site), *_functions(site)]
    if site.rollout:
        widgets += _rollout(site, site.rollout)
    return {
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {"DashboardName": site.name, "DashboardBody": {"Fn::Sub": _body(widgets)}},
        }
    }


def _body(widgets: list[dict[str, Any]]) -> str:
    """A widget a line, so that a change of one is seen as that."""
    a_row = _COLUMNS // _WIDTH
    placed = [
        {"x": i % a_row * _WIDTH, "y": i // a_row * _HEIGHT, "width": _WIDTH, "height": _HEIGHT, **widget}
        for i, widget in enumerate(widgets)
    ]
    lines = ",\n".join(f"  {json.dumps(one)}" for one in placed)
    return f'{{"widgets": [\n{lines}\n]}}\n'


def _visitors(site: Site) -> list[dict[str, Any]]:
    widgets = [
        _graph("Requests", [_cloudfront("Requests", "Sum")]),
        _graph(
            "Answers that are errors, percent",
            [_cloudfront("4xxErrorRate", "Average"), _cloudfront("5xxErrorRate", "Average")],
        ),
    ]
    if site.runs_functions:
        widgets.append(
            _graph(
                "Errors of edge functions that visitors met, all regions",
                [
                    _cloudfront("LambdaExecutionError", "Sum"),
                    _cloudfront("LambdaValidationError", "Sum"),
                    _cloudfront("LambdaLimitExceededErrors", "Sum"),
                ],
            )
        )
    if site.alarms and site.alarms.more_metrics:
        widgets += [
            _graph("Answers of the cache, percent", [_cloudfront("CacheHitRate", "Average")]),
            _graph("Time to the origin's first byte, ms", [_cloudfront("OriginLatency", "p95")]),
        ]
    return widgets


def _functions(site: Site) -> list[dict[str, Any]]:
    widgets = [
        _graph(
            f"{name}: {title}",
            _by_region(
                ["AWS/Lambda", metric, "FunctionName", f"{limits.HOME_REGION}.{name}"], EDGE_REGIONS, stat
            ),
        )
        for name in served_functions(site)
        for metric, stat, title in (
            ("Invocations", "Sum", "runs by region"),
            ("Errors", "Sum", "errors by region"),
            ("Duration", "p99", "99 of 100 runs take at most, ms"),
        )
    ]
    if dropped_pattern(site):
        dropped = _by_region([drops_namespace(site.name), DROPPED], EDGE_REGIONS, "Sum")
        widgets.append(_graph("Records given up by region", dropped))
    return widgets


def _rollout(site: Site, rollout: Rollout) -> list[dict[str, Any]]:
    widgets = []
    if rollout.state == "dynamodb":
        reads = [
            "AWS/DynamoDB",
            "SuccessfulRequestLatency",
            "TableName",
            rollout.table,
            "Operation",
            "GetItem",
        ]
        taken = _by_region(reads, rollout.regions, "Average")
        widgets.append(_graph("Rollout: reading the release takes, ms", taken))
    if site.judges_on_aws:
        judge = [
            ["AWS/Lambda", metric, "FunctionName", own_function(site.name, JUDGE), {"stat": "Sum"}]
            for metric in ("Invocations", "Errors")
        ]
        widgets.append(_graph("Rollout: the judge", judge))
    if site.log and site.log.delivery == "stdout":
        viewer = f"/aws/lambda/{limits.HOME_REGION}.{site.name}-viewer"
        query = f"SOURCE '{viewer}' | filter ispresent(version) | stats count(*) by bin(5m), version"
        properties = {
            "title": f"Rollout: requests by version, {limits.HOME_REGION} alone",
            "region": limits.HOME_REGION,
            "view": "table",
            "query": query,
        }
        widgets.append({"type": "log", "properties": properties})
    return widgets


def _cloudfront(metric: str, stat: str) -> list[Any]:
    return ["AWS/CloudFront", metric, *_DISTRIBUTION, {"stat": stat}]


def _by_region(metric: list[Any], regions: Sequence[str], stat: str) -> list[list[Any]]:
    """One metric in several regions; the dots repeat what was said of the one before."""
    return [
        [*(["..."] if i else metric), {"stat": stat, "region": region, "label": region}]
        for i, region in enumerate(regions)
    ]


def _graph(title: str, metrics: list[list[Any]]) -> dict[str, Any]:
    properties = {
        "title": title,
        "region": limits.HOME_REGION,
        "view": "timeSeries",
        "period": _PERIOD,
        "metrics": metrics,
    }
    return {"type": "metric", "properties": properties}
