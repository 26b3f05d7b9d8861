"""`retention_days` and `[log.subscription]`: what the site file may say, and the role by which lines are handed on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgewise.site import Site, SiteError, bundle_settings, compile_template, load_site
from edgewise.site.regions import EDGE_REGIONS

Edit = Callable[[str, str], Path]
ARN = "arn:aws:{}:{{region}}:111122223333:{}"
FIREHOSE = ARN.format("firehose", "deliverystream/lines")


def logged(edit: Edit, lines: str) -> Site:
    return load_site(edit("[log]\n", f"[log]\n{lines}"))


def role(site: Site) -> dict[str, Any] | None:
    template = compile_template(site, code_hash="0")
    found = template["Resources"].get("EdgeLogsRole")
    assert (found is not None) == ("EdgeLogsRoleArn" in template["Outputs"])
    return found and found["Properties"]


@pytest.mark.parametrize(
    ("service", "name", "actions"),
    [
        ("firehose", "deliverystream/lines", ["firehose:PutRecord", "firehose:PutRecordBatch"]),
        ("kinesis", "stream/lines", ["kinesis:PutRecord", "kinesis:PutRecords"]),
    ],
)
def test_a_role_may_write_to_the_streams_of_all_regions(
    edit: Edit, service: str, name: str, actions: list[str]
) -> None:
    site = logged(edit, f'[log.subscription]\ndestination = "{ARN.format(service, name)}"\n')
    assert site.log is not None and site.log.subscription is not None
    assert site.log.subscription.regions == EDGE_REGIONS and site.log.subscription.records_only
    made = role(site)
    assert made is not None
    (allowed,) = made["Policies"][0]["PolicyDocument"]["Statement"]
    assert (allowed["Action"], allowed["Resource"]) == (
        actions,
        [f"arn:aws:{service}:*:111122223333:{name}"],
    )
    (trusted,) = made["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": ["logs.amazonaws.com"]}
    assert "${AWS::AccountId}" in str(trusted["Condition"])


def test_a_destination_of_cloudwatch_logs_has_a_role_of_its_own(edit: Edit) -> None:
    assert (
        role(logged(edit, f'[log.subscription]\ndestination = "{ARN.format("logs", "destination:d")}"\n'))
        is None
    )


def test_how_long_lines_are_kept_is_no_setting_of_the_functions(edit: Edit) -> None:
    """Another number of days makes no new version of them."""
    before = bundle_settings(logged(edit, ""))
    site = logged(edit, f'retention_days = 14\n[log.subscription]\ndestination = "{FIREHOSE}"\n')
    assert site.log is not None and site.log.retention_days == 14
    assert bundle_settings(site) == before


MISTAKES = [
    ("retention_days = 31\n", "log.retention_days", ["for 31 days", "30, 60"]),
    ("retention_days = 0.5\n", "log.retention_days", ["0.5"]),
    ("[log.subscription]\n", "log.subscription.destination", ["missing"]),
    (
        '[log.subscription]\ndestination = "lines"\n',
        "log.subscription.destination",
        ["not the ARN", "{region}"],
    ),
    (
        '[log.subscription]\ndestination = "arn:aws:lambda:us-east-1:111122223333:function:f"\n',
        "log.subscription.destination",
        ["not the ARN"],
    ),
    (
        f'[log.subscription]\ndestination = "{FIREHOSE.replace("{region}", "eu-west-1")}"\n',
        "log.subscription.destination",
        ["in eu-west-1 alone", 'regions = ["eu-west-1"]'],
    ),
    (
        f'[log.subscription]\ndestination = "{FIREHOSE.replace("{region}", "eu-west-1")}"\nregions = ["us-east-1"]\n',
        "log.subscription.regions",
        ["eu-west-1 is not among them"],
    ),
    (
        f'[log.subscription]\ndestination = "{FIREHOSE}"\nregions = ["eu-west-9"]\n',
        "log.subscription.regions[0]",
        ["unknown region", "eu-west-"],
    ),
]


@pytest.mark.parametrize(("lines", "key", "said"), MISTAKES, ids=lambda value: str(value)[:40])
def test_a_mistake_is_named(edit: Edit, lines: str, key: str, said: list[str]) -> None:
    with pytest.raises(SiteError) as caught:
        logged(edit, lines)
    told = str(caught.value)
    assert f"[{key}]" in told and all(one in told for one in said), told
