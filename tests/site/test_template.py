"""What a site compiles to, against the shop's template as it was reviewed, and by the rules that matter on AWS.

After a deliberate change: `python -m pytest tests/site/test_template.py` fails and shows the difference; write the
new text to `golden/shop.yaml` and read it before you commit it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from edgewise.site import Site, compile_template, load_site, render_yaml

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden" / "shop.yaml"


@pytest.fixture
def site(site_folder: Path) -> Site:
    return load_site(site_folder)


def resources(site: Site, kind: str, code_hash: str = "0") -> dict[str, Any]:
    """The resources of a type by their logical ids."""
    found = compile_template(site, code_hash=code_hash)["Resources"]
    return {name: body for name, body in found.items() if body["Type"] == kind}


def distribution(site: Site) -> dict[str, Any]:
    (body,) = resources(site, "AWS::CloudFront::Distribution").values()
    config: dict[str, Any] = body["Properties"]["DistributionConfig"]
    return config


def test_the_shops_template_is_the_reviewed_one() -> None:
    text = render_yaml(compile_template(load_site(ROOT / "examples/shop"), code_hash="0"))
    assert text == GOLDEN.read_text()


def test_the_text_says_what_the_template_says(site: Site) -> None:
    class Loader(yaml.SafeLoader):
        """Reads the short tags back to their long form."""

    Loader.add_constructor("!Ref", lambda loader, node: {"Ref": node.value})
    Loader.add_constructor("!Sub", lambda loader, node: {"Fn::Sub": node.value})
    Loader.add_constructor("!GetAtt", lambda loader, node: {"Fn::GetAtt": node.value.split(".")})
    template = compile_template(site, code_hash="0")
    # The loader derives from SafeLoader.
    assert yaml.load(render_yaml(template), Loader=Loader) == template


def test_origins_keep_the_names_of_the_site_file(site: Site) -> None:
    app, files = distribution(site)["Origins"]
    assert (app["Id"], app["DomainName"]) == ("app", "app.example.com")
    assert files["Id"] == "files"
    assert files["DomainName"] == {"Fn::GetAtt": ["FilesBucket", "RegionalDomainName"]}
    assert files["OriginAccessControlId"] == {"Fn::GetAtt": ["OriginAccessControl", "Id"]}


def test_each_trigger_runs_a_numbered_version(site: Site) -> None:
    versions = resources(site, "AWS::Lambda::Version")
    associations = distribution(site)["DefaultCacheBehavior"]["LambdaFunctionAssociations"]
    served = {one["EventType"]: versions[one["LambdaFunctionARN"]["Ref"]] for one in associations}
    assert {trigger: body["Properties"]["FunctionName"] for trigger, body in served.items()} == {
        "viewer-request": {"Ref": "ViewerFunction"},
        "origin-response": {"Ref": "OriginFunction"},
    }


def test_changed_code_is_a_new_version_and_unchanged_code_none(site: Site) -> None:
    first, again, changed = (set(resources(site, "AWS::Lambda::Version", hash)) for hash in ("a", "a", "b"))
    assert first == again
    assert not first & changed


def test_another_handler_is_a_new_version_of_the_same_code(site: Site) -> None:
    assert site.functions is not None
    other = replace(site, functions=replace(site.functions, handler="steps.other"))
    assert not set(resources(site, "AWS::Lambda::Version")) & set(resources(other, "AWS::Lambda::Version"))


def test_functions_have_nothing_that_the_edge_forbids(site: Site) -> None:
    functions = resources(site, "AWS::Lambda::Function")
    assert len(functions) == 2
    for body in functions.values():
        properties = body["Properties"]
        assert not properties.keys() & {
            "Environment",
            "Layers",
            "VpcConfig",
            "DeadLetterConfig",
            "TracingConfig",
        }
        assert properties["Code"] == "functions/edge"
        assert properties["MemorySize"] <= 128
    assert functions["ViewerFunction"]["Properties"]["Timeout"] <= 5


def test_the_role_may_write_its_own_logs_in_every_region_and_nothing_else(site: Site) -> None:
    (role,) = resources(site, "AWS::IAM::Role").values()
    trust = role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"]
    assert trust == ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]
    (policy,) = role["Properties"]["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert all(action.startswith("logs:") for action in statement["Action"])
    arn = "arn:${AWS::Partition}:logs:*:${AWS::AccountId}:log-group:/aws/lambda/us-east-1.demo-%s:*"
    assert statement["Resource"] == [{"Fn::Sub": arn % name} for name in ("viewer", "origin")]


def test_a_bucket_is_private_and_kept(site: Site) -> None:
    bucket = resources(site, "AWS::S3::Bucket")["FilesBucket"]
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    (statement,) = resources(site, "AWS::S3::BucketPolicy")["FilesBucketPolicy"]["Properties"][
        "PolicyDocument"
    ]["Statement"]
    assert (statement["Action"], statement["Principal"]) == (
        "s3:GetObject",
        {"Service": "cloudfront.amazonaws.com"},
    )
    assert statement["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Sub"].endswith(
        ":distribution/${Distribution}"
    )


def test_only_what_is_cached_in_compressed_forms_is_compressed(site: Site) -> None:
    config = distribution(site)
    assert "Compress" not in config["DefaultCacheBehavior"]
    assert config["CacheBehaviors"][0]["Compress"] is True


def test_a_behavior_can_switch_its_functions_off(edit: Callable[[str, str], Path]) -> None:
    site = load_site(edit('origin = "files"', 'origin = "files"\nfunctions = false'))
    config = distribution(site)
    assert "LambdaFunctionAssociations" not in config["CacheBehaviors"][0]
    assert "LambdaFunctionAssociations" in config["DefaultCacheBehavior"]


def test_a_function_that_nothing_uses_is_not_there(edit: Callable[[str, str], Path]) -> None:
    edit("[log]", "")
    site = load_site(edit('["viewer-request"]', '["origin-request"]'))
    assert list(resources(site, "AWS::Lambda::Function")) == ["OriginFunction"]
    nowhere = replace(site, default=replace(site.default, functions=False), behaviors=())
    assert not resources(nowhere, "AWS::Lambda::Function")
    assert not resources(nowhere, "AWS::IAM::Role")


def test_logical_ids_are_letters_and_digits(edit: Callable[[str, str], Path]) -> None:
    edit("[origins.files]", "[origins.press-kit2]")
    site = load_site(edit('origin = "files"', 'origin = "press-kit2"'))
    ids = compile_template(site, code_hash="0")["Resources"]
    assert "PressKit2Bucket" in ids
    assert all(re.fullmatch("[A-Za-z0-9]+", name) for name in ids)
