"""Terraform itself: its formatter over all configurations, its test over one that has everything.

Skipped where Terraform, or the AWS provider on the disk, is not there. The provider is large and slow to start, so it
starts once: one test holds against its plan whatever there is to hold.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from edgewise.cloud.zips import zipped
from edgewise.terraform import Configuration, write_configuration
from edgewise.terraform.reasons import MADE_BY
from terraform.documents import ROOT, Documents
from terraform.extract import extracted
from terraform.mentions import shown
from terraform.reading import SCHEMA

# Half a minute on a busy machine; the rest is for one that is busier.
pytestmark = pytest.mark.timeout(600)
_INIT_S, _TEST_S = 60, 220
TERRAFORM = shutil.which("terraform")
# Folders that Terraform itself looks into, and those that people put a mirror in.
PLACES = (
    "~/.terraform.d/plugins",
    "~/.local/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
    "/opt/*",
)
# The first version in which a provider of a test can.
PRETENDS_IN_PLANS = (1, 11)
PROVIDER = "registry.terraform.io/hashicorp/aws/*/*/terraform-provider-aws*"
DOCUMENT = ROOT / "docs/deploy/terraform.md"
# Beside the site, so that Terraform starts once for all three.
ATTACHED = """
module "example" {
  source    = "./attach"
  providers = { aws = aws, aws.us_east_1 = aws }
}

module "apart" {
  source    = "./apart"
  providers = { aws.us_east_1 = aws, aws.eu_central_1 = aws.eu_central_1 }
}
"""
# A distribution of somebody's, and below it the call that a module's own comment shows.
APART = """
terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      configuration_aliases = [aws.us_east_1, aws.eu_central_1]
    }
  }
}

variable "api_image" {
  default = "111122223333.dkr.ecr.us-east-1.amazonaws.com/api:1"
}

variable "far_image" {
  default = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/far:1"
}

resource "aws_cloudfront_distribution" "site" {
  provider = aws.us_east_1
  enabled  = true

  dynamic "origin" {
    for_each = module.edge.origins

    content {
      origin_id                = origin.key
      domain_name              = origin.value.domain_name
      origin_access_control_id = origin.value.origin_access_control_id

      custom_origin_config {
        http_port              = 80
        https_port             = 443
        origin_protocol_policy = origin.value.origin_protocol_policy
        origin_read_timeout    = origin.value.origin_read_timeout
        origin_ssl_protocols   = ["TLSv1.2"]
      }
    }
  }

  default_cache_behavior {
    target_origin_id       = module.edge.behaviors["*"].target_origin_id
    viewer_protocol_policy = "https-only"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    cache_policy_id        = module.edge.behaviors["*"].cache_policy_id
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}
"""
# Values of templates that the provider has no argument for, or has in other words.
IMPLIED: Mapping[str, tuple[Any, ...]] = {
    "AWS::KinesisFirehose::DeliveryStream": ("DirectPut", "KinesisStreamAsSource"),
    "AWS::DynamoDB::GlobalTable": ("HASH", "RANGE", "us-east-1"),
    # An empty identity: access control is an argument of its own.
    "AWS::CloudFront::Distribution": ("",),
    "Custom::VisitorSalts": ("600",),
}


def mirror() -> Path | None:
    """The folder on this machine that has the AWS provider."""
    for place in PLACES:
        root = Path(place).expanduser()
        for found in Path("/").glob(f"{str(root).lstrip('/')}/{PROVIDER}"):
            return found.parents[5]
    return None


MIRROR = mirror() if TERRAFORM else None
needs_terraform = pytest.mark.skipif(not TERRAFORM, reason="Terraform is not installed")
needs_provider = pytest.mark.skipif(not MIRROR, reason="the AWS provider is not on this machine's disk")


def terraform(*arguments: str, folder: Path, settings: Path | None = None, most_s: float = _INIT_S) -> str:
    """Run Terraform in a folder; what it prints. It reaches nobody, and knows nothing of this machine's settings."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "CHECKPOINT_DISABLE": "1"}
    if settings:
        environment["TF_CLI_CONFIG_FILE"] = str(settings)
    done = subprocess.run(
        [TERRAFORM or "terraform", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=most_s,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    return done.stdout


def put(configuration: Configuration, folder: Path) -> None:
    zips = {code: zipped({"edgewise/__init__.py": b"", "a": code.encode()}) for code in configuration.code}
    write_configuration(configuration, folder, zips)


@needs_terraform
def test_the_formatter_has_nothing_to_do(configurations: dict[str, Configuration], tmp_path: Path) -> None:
    for name, configuration in configurations.items():
        put(configuration, tmp_path / name)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/whole.tftest.hcl").write_text((Path(__file__).parent / "whole.tftest.hcl").read_text())
    (tmp_path / "example.tf").write_text(example())
    assert terraform("fmt", "-check", "-recursive", "-diff", folder=tmp_path) == ""


@needs_provider
def test_terraform_plans_what_the_templates_say(
    documents: dict[str, Documents],
    configurations: dict[str, Configuration],
    tmp_path: Path,
    subtests: pytest.Subtests,
) -> None:
    plan = planned(configurations, tmp_path)
    with subtests.test("every resource has the values of its template"):
        every_resource_has_its_values(plan, documents["whole"], configurations["whole"])
    with subtests.test("the document's example has everything attached"):
        the_example_has_everything_attached(plan, configurations["rollout-attach"])
    with subtests.test("the call that a module shows makes all of it"):
        assert in_module(plan, "apart") == every_counterpart(configurations["golden-images-attach"])
    with subtests.test("the extract of the schema is the provider's"):
        assert extracted(plan) == SCHEMA


def planned(configurations: dict[str, Configuration], folder: Path) -> dict[str, Any]:
    """The plan of the first run of `whole.tftest.hcl`, with the provider's schema. Every assertion in it held."""
    number = re.match(r"Terraform v(\d+)\.(\d+)", terraform("version", folder=folder))
    if not number or tuple(map(int, number.groups())) < PRETENDS_IN_PLANS:
        pytest.skip("this Terraform's providers pretend in no plan")
    put(configurations["whole"], folder)
    put(configurations["rollout-attach"], folder / "attach/edge")
    (folder / "attach/main.tf").write_text(as_module(example()))
    apart = configurations["golden-images-attach"]
    put(apart, folder / "apart/edge")
    (folder / "apart/main.tf").write_text(APART + shown(apart.files["main.tf"]))
    (folder / "attached.tf").write_text(ATTACHED)
    (folder / "mocks").mkdir()
    (folder / "mocks/aws.tfmock.hcl").write_text(mocks())
    shutil.copy(Path(__file__).parent / "whole.tftest.hcl", folder)
    settings = folder / "settings"
    settings.write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{MIRROR}"\n  }}\n}}\n'
    )
    terraform("init", "-backend=false", folder=folder, settings=settings)
    printed = terraform("test", "-json", "-verbose", folder=folder, settings=settings, most_s=_TEST_S)
    events = (json.loads(line) for line in printed.splitlines() if '"test_plan"' in line)
    return next(one["test_plan"] for one in events)


def every_resource_has_its_values(
    plan: dict[str, Any], documents: Documents, configuration: Configuration
) -> None:
    made: dict[str, list[Any]] = {}
    for one in plan["resource_changes"]:
        if one["mode"] == "managed" and "module_address" not in one:
            made.setdefault(re.sub(r"\[.*", "", one["address"]), []).append(one["change"]["after"])
    assert every_counterpart(configuration) == set(made)
    for logical_id, body in documents.resources.items():
        some = configuration.counterparts[logical_id]
        kept = {str(one) for address in some for one in plain(made[address], keys=True)}
        kept |= {one.removeprefix("./").removesuffix(".zip") for one in kept}  # of a folder, its zip
        kept.update(IMPLIED.get(body["Type"], ()))
        lost = {str(one) for one in plain(body.get("Properties", {}))} - kept
        assert not lost, f"{logical_id} lost {lost}"


def the_example_has_everything_attached(plan: dict[str, Any], configuration: Configuration) -> None:
    planned = {one["address"]: one["change"]["after"] for one in plan["resource_changes"]}
    distribution = planned["module.example.aws_cloudfront_distribution.site"]
    (default,), (assets,) = distribution["default_cache_behavior"], distribution["ordered_cache_behavior"]
    for behavior in (default, assets):
        events = {one["event_type"]: one["lambda_arn"] for one in behavior["lambda_function_association"]}
        assert set(events) == {
            f"{side}-{way}" for side in ("viewer", "origin") for way in ("request", "response")
        }
        assert all(arn.endswith(":7") for arn in events.values())
    policy = planned["module.example.module.edge.aws_cloudfront_cache_policy.optimized"]
    assert assets["cache_policy_id"] == policy["id"]
    assert {one["origin_id"] for one in distribution["origin"]} == {"v1", "v2"}
    assert in_module(plan, "example") == every_counterpart(configuration)


def every_counterpart(configuration: Configuration) -> set[str]:
    """The addresses of all that a configuration makes."""
    return {address for some in configuration.counterparts.values() for address in some}


def in_module(plan: dict[str, Any], name: str) -> set[str]:
    """What is planned in the module `edge` of a module."""
    start = f"module.{name}.module.edge.aws_"
    found = {one["address"] for one in plan["resource_changes"] if one["address"].startswith(start)}
    return {address.removeprefix(f"module.{name}.module.edge.") for address in found}


def plain(value: Any, *, keys: bool = False) -> Iterator[Any]:
    """The plain values in it, those of documents as text too; of a template's those without expressions. `keys` has
    the names of objects, too: Terraform has maps where CloudFormation has lists of pairs.
    """
    match value:
        case None | {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::Sub": _} | {"Fn::If": _} | {"Fn::Select": _}:
            return
        case dict():
            yield from value if keys else ()
            yield from plain(list(value.values()), keys=keys)
        case list():
            for one in value:
                yield from plain(one, keys=keys)
        case str():
            yield from texts(value, keys=keys)
        case float() if value.is_integer():
            yield int(value)
        case _:
            yield value


def texts(value: str, *, keys: bool) -> Iterator[Any]:
    """The plain values in a text; none where the state machine's definition has a place that is filled in."""
    if value.startswith(("{", "[")) and not value.startswith("{%"):
        try:
            yield from plain(json.loads(value), keys=keys)
            return
        except ValueError:
            pass
    if value.startswith(f"-- {MADE_BY}"):
        yield value.split("\n", 2)[2].rstrip("\n")
    elif "${" not in value:
        yield value


def example() -> str:
    """The example of a distribution with functions attached, as the documentation has it."""
    (found,) = re.findall(r"```hcl\n(terraform .*?)```", DOCUMENT.read_text(), re.DOTALL)
    return str(found)


def as_module(configuration: str) -> str:
    """A configuration that takes its provider from the one around it, so that a pretended one serves both."""
    alone, count = re.subn(r'provider "aws" \{\n  alias .*?\n\}\n', "", configuration, flags=re.DOTALL)
    version = 'version = ">= 5.100"'
    assert count == 1 and version in alone
    return alone.replace(version, f"{version}\n      configuration_aliases = [aws.us_east_1]")


def mocks() -> str:
    """What the provider pretends: an ARN for each type that has one, as others hold it to be one."""
    lines = []
    for kind, body in SCHEMA.items():
        given = {
            name: _arn(kind, ":7" if name == "qualified_arn" else "")
            for name in ("arn", "qualified_arn")
            if body["arguments"].get(name) in ("computed", "optional")
        }
        if kind == "aws_acm_certificate_validation":
            continue
        values = [f'    {name} = "{value}"' for name, value in given.items()]
        if kind == "aws_lambda_function_url":
            values.append('    function_url = "https://abc.lambda-url.us-east-1.on.aws/"')
        if kind == "aws_acm_certificate":
            options = [
                f'{{ domain_name = "{name}", resource_record_name = "_a.example.com", '
                'resource_record_type = "CNAME", resource_record_value = "b" }'
                for name in ("example.com", "*.example.com")
            ]
            values.append(f"    domain_validation_options = [{', '.join(options)}]")
        if values:
            lines += [f'mock_resource "{kind}" {{', "  defaults = {", *values, "  }", "}"]
    facts = {"aws_caller_identity": ("account_id", "111122223333"), "aws_partition": ("partition", "aws")}
    for source, (name, value) in facts.items():
        lines += [f'mock_data "{source}" {{', f'  defaults = {{ {name} = "{value}" }}', "}"]
    return "\n".join(lines) + "\n"


def _arn(kind: str, ending: str) -> str:
    if kind == "aws_s3_bucket":
        return "arn:aws:s3:::bucket"
    if kind.startswith("aws_iam"):
        return f"arn:aws:iam::111122223333:{kind.removeprefix('aws_iam_')}/one"
    return f"arn:aws:{kind.split('_')[1]}:us-east-1:111122223333:{kind}:one{ending}"
