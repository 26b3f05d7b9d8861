"""Every resource of every template is in the configuration, with all that the template says of it.

After a deliberate change the golden test fails: write the files anew with
`python -m terraform.golden` in `tests`, and read the difference before you commit it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgewise.terraform import Configuration, UntranslatedError, translate
from edgewise.terraform.values import text_of
from terraform.documents import Documents

GOLDEN = Path(__file__).parent / "golden"
_RESOURCE = re.compile(r'^resource "([a-z0-9_]+)" "([a-z0-9_]+)"', re.MULTILINE)
# Values that Terraform has no word for, because it does so anyway or says it in another way.
IMPLIED = {
    "AWS::KinesisFirehose::DeliveryStream": ("DirectPut", "KinesisStreamAsSource"),
    "AWS::DynamoDB::GlobalTable": ("HASH", "RANGE", "us-east-1"),
    "Custom::VisitorSalts": (600,),
}
# What stands in files of its own.
ASIDE = ("Definition", "QueryString")


def addresses(configuration: Configuration) -> list[str]:
    return [".".join(found) for text in configuration.files.values() for found in _RESOURCE.findall(text)]


def test_every_resource_has_counterparts_or_a_reason(
    documents: dict[str, Documents], configurations: dict[str, Configuration]
) -> None:
    for name, configuration in configurations.items():
        asked = set(documents[name.removesuffix("-attach")].resources)
        made, left = set(configuration.counterparts), set(configuration.left_out)
        assert made | left == asked and not made & left, name
        assert all(configuration.left_out.values())
        written = addresses(configuration)
        assert len(written) == len(set(written)), name
        assert set(written) == {one for some in configuration.counterparts.values() for one in some}, name
        if not name.endswith("-attach"):
            assert not left, name


def test_nothing_that_a_template_says_is_lost(
    documents: dict[str, Documents], configurations: dict[str, Configuration]
) -> None:
    """Each plain value is in the text of the resource's counterparts, as Terraform writes it."""
    for name, described in documents.items():
        configuration = configurations[name]
        blocks = {
            f"{found[1]}.{found[2]}": found[0]
            for text in configuration.files.values()
            for found in re.finditer(r'resource "([^"]+)" "([^"]+)" \{.*?^\}', text, re.MULTILINE | re.DOTALL)
        }
        for logical_id, body in described.resources.items():
            text = "\n".join(blocks[one] for one in configuration.counterparts[logical_id])
            implied = IMPLIED.get(body["Type"], ())
            for value in leaves(body.get("Properties", {})):
                if value not in implied:
                    assert text_of(value).strip('"') in text, f"{name}: {logical_id} lost {value!r}"


def leaves(value: Any) -> Iterator[Any]:
    """The plain values, but of what is beside, and of texts with a document or expressions in them."""
    match value:
        case {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::Sub": _} | {"Fn::If": _}:
            return
        case dict():
            for key, one in value.items():
                if key not in ASIDE:
                    yield from leaves(one)
        case list():
            for one in value:
                yield from leaves(one)
        case str() if value.startswith("{") or value == "":
            return
        case _:
            yield value


def test_associations_are_numbered_versions(configurations: dict[str, Configuration]) -> None:
    for name, configuration in configurations.items():
        for text in configuration.files.values():
            for arn in re.findall(r"lambda_arn = (\S+)", text):
                assert re.fullmatch(r"aws_lambda_function\.(viewer|origin)\.qualified_arn", arn), name
                function = arn.split(".")[1]
                block = configuration.files["functions.tf"].split(f'"aws_lambda_function" "{function}"')[1]
                body = block[: block.index("\n}")]
                assert "publish          = true" in body and "skip_destroy     = true" in body, name


def test_a_table_has_a_replica_in_every_other_region(configurations: dict[str, Configuration]) -> None:
    text = configurations["rollout"].files["tables.tf"]
    sessions = text[text.index('"sessions"') :]
    assert re.findall(r'region_name = "([^"]+)"', sessions) == ["eu-west-1", "ap-southeast-1"]
    assert "stream_enabled   = true" in sessions and 'attribute_name = "expires"' in sessions


def test_whoever_takes_a_role_waits_for_its_policies(configurations: dict[str, Configuration]) -> None:
    text = configurations["statistics"].files["statistics.tf"]
    machine = text[text.index('"aws_sfn_state_machine"') :]
    machine = machine[: machine.index("\n}\n")]
    assert "aws_iam_role_policy.page_views_state_machine_log_delivery," in machine


def test_the_salts_are_made_with_the_rest_and_go_with_it(configurations: dict[str, Configuration]) -> None:
    text = configurations["statistics"].files["statistics.tf"]
    called = text[text.index('resource "aws_lambda_invocation"') :]
    called = called[: called.index("\n}\n")]
    assert 'lifecycle_scope = "CRUD"' in called and 'Path = "/walks/visitor-salts"' in called
    schedule = text[text.index('"aws_cloudwatch_event_rule" "visitor_salts"') :]
    assert "depends_on = [aws_lambda_invocation.visitor_salts]" in schedule


def test_apps_of_other_regions_are_wired_without_variables(
    configurations: dict[str, Configuration],
) -> None:
    files = configurations["golden-images"].files
    assert re.findall(r'variable "([^"]+)"', files["variables.tf"]) == ["api_image", "far_image"]
    assert 'split("/", aws_lambda_function_url.far_image.function_url)[2]' in files["distribution.tf"]
    permission = files["functions.tf"].split('"aws_lambda_permission" "far_image_url"')[1]
    assert "provider = aws.eu_central_1" in permission
    assert "source_arn             = aws_cloudfront_distribution.main.arn" in permission
    assert re.search(r'alias  = "eu_central_1"\n  region = "eu-central-1"', files["main.tf"])


def test_the_same_templates_are_the_same_bytes(
    documents: dict[str, Documents], configurations: dict[str, Configuration]
) -> None:
    again = documents["statistics"].translated()
    assert list(again.files.items()) == list(configurations["statistics"].files.items())


def test_the_configuration_of_a_rollout_is_the_reviewed_one(configurations: dict[str, Configuration]) -> None:
    reviewed = {path.name: path.read_text() for path in (GOLDEN / "rollout").iterdir()}
    assert dict(configurations["rollout"].files) == reviewed


@pytest.mark.parametrize(
    ("resource", "key"),
    [
        ({"Type": "AWS::EC2::Instance"}, "New"),
        ({"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": True}}, "New"),
        ({"Type": "AWS::SQS::Queue", "CreationPolicy": {}}, "New"),
        ({"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Nobody"}}}, "New.QueueName"),
        (
            {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::GetAtt": ["New", "Colour"]}}},
            "New.QueueName",
        ),
        (
            {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "{{resolve:ssm:/name}}"}},
            "New.QueueName",
        ),
        (
            {
                "Type": "AWS::KinesisFirehose::DeliveryStream",
                "Properties": {"DeliveryStreamType": "MSKAsSource"},
            },
            "New.DeliveryStreamType",
        ),
    ],
)
def test_what_has_no_counterpart_is_refused_with_its_place(resource: dict[str, Any], key: str) -> None:
    with pytest.raises(UntranslatedError) as caught:
        translate("site", {"Resources": {"New": resource}})
    assert caught.value.key == key


def test_two_of_one_name_are_refused() -> None:
    def role(policy: str) -> dict[str, Any]:
        policies = [{"PolicyName": policy, "PolicyDocument": {}}]
        return {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": {}, "Policies": policies},
        }

    with pytest.raises(UntranslatedError, match=r"aws_iam_role_policy\.views_rule_stream"):
        translate("site", {"Resources": {"ViewsRole": role("rule-stream"), "ViewsRuleRole": role("stream")}})
