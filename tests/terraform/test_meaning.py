"""Where Terraform by itself would do otherwise than a stack: the configuration says what the stack does."""

from __future__ import annotations

import re

import pytest

from edgewise.terraform import Configuration, UntranslatedError, translate
from terraform.mentions import blocks, shown, written
from terraform.sites import CLOUDFRONT_FUNCTION

# What CloudFront or ACM refuse to delete while a distribution has it.
IN_USE = ("aws_cloudfront_", "aws_acm_certificate.")


def test_what_a_distribution_uses_is_deleted_after_it_changed(
    configurations: dict[str, Configuration],
) -> None:
    found = set()
    for name, configuration in configurations.items():
        texts = blocks(configuration.files, "resource")
        used = {one.what for one in written(texts.get("aws_cloudfront_distribution.main", ""))}
        used |= {one.what for text in blocks(configuration.files, "output").values() for one in written(text)}
        used |= {one.replace("certificate_validation.", "certificate.") for one in used}
        for address in used - {"aws_cloudfront_distribution.main"}:
            if address.startswith(IN_USE):
                assert "  lifecycle {\n    create_before_destroy = true" in texts[address], (
                    f"{name}: {address}"
                )
                found.add(address.partition(".")[0])
    assert {one.removeprefix("aws_") for one in found} == {
        "acm_certificate",
        "cloudfront_cache_policy",
        "cloudfront_continuous_deployment_policy",
        "cloudfront_origin_access_control",
        "cloudfront_origin_request_policy",
        "cloudfront_realtime_log_config",
    }


def test_nothing_is_described_as_managed_by_terraform(configurations: dict[str, Configuration]) -> None:
    for name, configuration in configurations.items():
        for address, text in blocks(configuration.files, "resource").items():
            if address.startswith("aws_cloudfront_origin_access_control."):
                assert re.search(r"^  description +=", text, re.MULTILINE), f"{name}: {address}"


def test_an_attached_origin_is_spoken_to_as_in_the_template(configurations: dict[str, Configuration]) -> None:
    outputs = blocks(configurations["whole-attach"].files, "output")["origins"]
    origins = dict(re.findall(r"^    (\w+) = \{\n(.*?)^    \}", outputs, re.MULTILINE | re.DOTALL))
    assert set(origins) == {"v1", "v2", "near", "far"}
    assert re.search(r"origin_read_timeout +=  ?60\n", origins["far"])
    assert re.search(r"origin_read_timeout += null\n", origins["v1"])
    assert all(re.search(r'origin_protocol_policy += "https-only"\n', one) for one in origins.values())


def test_a_behavior_of_a_module_has_its_cloudfront_function(configurations: dict[str, Configuration]) -> None:
    outputs = blocks(configurations["own-names-attach"].files, "output")["behaviors"]
    bound = outputs[outputs.index('"/bound/*" = {') :]
    assert re.search(rf'cloudfront_functions += \{{\n +viewer-request = "{CLOUDFRONT_FUNCTION}"', bound)


def test_what_no_output_of_a_module_says_is_refused() -> None:
    behavior = {"TargetOriginId": "v1", "ViewerProtocolPolicy": "https-only", "SmoothStreaming": True}
    origin = {
        "Id": "v1",
        "DomainName": "a.example.com",
        "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"},
    }
    config = {"Enabled": True, "Origins": [origin], "DefaultCacheBehavior": behavior}
    resource = {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": config}}
    with pytest.raises(UntranslatedError, match="SmoothStreaming"):
        translate("site", {"Resources": {"Distribution": resource}}, attach=True)


def test_a_module_shows_a_call_with_all_that_it_asks_for(configurations: dict[str, Configuration]) -> None:
    for name, configuration in configurations.items():
        if not name.endswith("-attach"):
            continue
        main = configuration.files["main.tf"]
        call = blocks({"": shown(main)}, "module")["edge"]
        aliases = re.search(r"configuration_aliases = \[(.*?)\]", main)
        wanted = {"aws", *(aliases[1].split(", ") if aliases else ())}
        providers = re.search(r"providers = \{(.*?)\}", call, re.DOTALL)
        assert providers and set(re.findall(r"(\S+) +=", providers[1])) == wanted, name
        variables = blocks(configuration.files, "variable")
        without = {one for one, text in variables.items() if "  default " not in text}
        assert set(re.findall(r"^  (\w+) +=", call, re.MULTILINE)) == {"source", "providers", *without}, name
