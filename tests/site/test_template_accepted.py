"""Templates of different sites against AWS's own rules: cfn-lint, and CloudFront's API model."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from edgewise.cloud.staging import staged
from edgewise.cloud.traffic import by_share
from edgewise.questions import saved_queries
from edgewise.site import compile_app_template, compile_template, create_site, load_site, render_yaml
from edgewise.site.limits import MAX_NAME
from edgewise.site.policies import CACHE_POLICIES, ORIGIN_REQUEST_POLICIES

ROOT = Path(__file__).parents[2]
APP = '[origins.app]\ndomain = "app.example.com"\n'
BUCKET = '[origins.files]\nfolder = "."\n'

SITES = {
    "bucket": f'name = "bucket"\n{BUCKET}[default]\norigin = "files"\nviewer_protocol = "redirect-to-https"\n',
    "app": f'name = "app"\n{APP}[default]\norigin = "app"\n[log]\n',
    "many": f'name = "many"\n{APP}{BUCKET}[default]\norigin = "app"\nforward = "none"\n[log]\n'
    + "".join(f'[[behaviors]]\npath = "/{i}/*"\norigin = "{("app", "files")[i % 2]}"\n' for i in range(75)),
}
KMS = "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
DELIVERIES = {
    "stdout": "",
    "openobserve": 'url = "https://logs.example.com"\n'
    f'token = {{ from = "secrets-manager", name = "log/token", kms_key = "{KMS}" }}',
    "firehose": 'stream_name = "records"',
    "step-functions": 'state_machine_arn = "arn:aws:states:eu-west-2:111122223333:stateMachine:records"',
    "eventbridge": 'bus = "records"',
}
# Each with everything else that a log may have.
SITES |= {
    delivery: f'name = "log"\n{APP}[default]\norigin = "app"\n[log]\ndelivery = "{delivery}"\n{target}\n'
    f'visitor = true\nkey = {{ from = "ssm", name = "/log/key", kms_key = "{KMS}" }}\n'
    'region = "eu-west-2"\n[persistence]\n'
    for delivery, target in DELIVERIES.items()
}

ROLLOUT = """
[rollout]
stable = "v1"
new = "v2"
key = { from = "secrets-manager", name = "app/key", kms_key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd" }
"""
VERSIONS = '[origins.v1]\ndomain = "v1.example.com"\n[origins.v2]\ndomain = "v2.example.com"\n'
# With every cache policy, and every way to forward.
EVERY_POLICY = "".join(
    f'[[behaviors]]\npath = "/{cache}/*"\norigin = "v1"\ncache = "{cache}"\n' for cache in CACHE_POLICIES
) + "".join(
    f'[[behaviors]]\npath = "/{forward}/*"\norigin = "v1"\nforward = "{forward}"\n'
    for forward in (*ORIGIN_REQUEST_POLICIES, "none")
)
SITES |= {
    "rollout": f'name = "app"\n{VERSIONS}[default]\norigin = "v1"\n{ROLLOUT}',
    "rollout-parameter": f'name = "app"\n{VERSIONS}[default]\norigin = "v1"\n[log]\n{ROLLOUT}state = "ssm"\n',
    "rollout-everything": f'name = "app"\n{VERSIONS}[default]\norigin = "v1"\n{EVERY_POLICY}'
    f'[log]\ndelivery = "openobserve"\n{DELIVERIES["openobserve"]}\nregion = "eu-west-2"\n{ROLLOUT}'
    'regions = ["us-east-1", "eu-west-1", "ap-southeast-1"]\n[rollout.sessions]\ncookie = "session"\n'
    '[rollout.judge]\nuser = "judge@example.com"\npassword = { from = "ssm", name = "/app/judge" }\n',
}
STATISTICS = f'name = "app"\n{APP}{BUCKET}[[behaviors]]\npath = "/api/*"\norigin = "app"\n'
FUNCTION = "arn:aws:cloudfront::111122223333:function/rewrite"
SITES |= {
    f"views-{path}-{format}-{catalog}": f'{STATISTICS}[default]\norigin = "files"\n[rewrite]\n[statistics]\n'
    f'path = "{path}"\nformat = "{format}"\ncatalog = "{catalog}"\n'
    for path, format, catalog in (
        ("step-functions", "json", "projection"),
        ("step-functions", "parquet", "crawler"),
        ("firehose", "json", "crawler"),
        ("firehose", "parquet", "projection"),
    )
}
SITES |= {
    "views-key": f'{STATISTICS}functions = false\n[default]\norigin = "files"\n[log]\n[statistics]\n'
    'key = { from = "ssm", name = "/app/key", kms_key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd" }\n',
    "views-at-origin": f'{STATISTICS}viewer_function = "{FUNCTION}"\n[default]\norigin = "files"\n'
    f'viewer_function = "{FUNCTION}"\n[log]\n[statistics]\n',
}
TOPIC = "arn:aws:sns:us-east-1:111122223333:ops"
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/11111111-2222-3333-4444-555555555555"
ZONE = 'names = ["example.com", "*.example.com"]\nhosted_zone = { name = "example.com", id = "Z0123456789ABC" }\n'
# With everything that can be watched, and every way to have names and to be told.
SITES |= {
    "watched": f"{SITES['rollout-everything']}[statistics]\n[domain]\n{ZONE}[alarms]\n"
    'email = "ops@example.com"\nmore_metrics = true\n'
    '[log.subscription]\ndestination = "arn:aws:firehose:{region}:111122223333:deliverystream/lines"\n',
    "named": f'{SITES["bucket"]}[domain]\nnames = ["example.com"]\ncertificate = "{CERTIFICATE}"\n'
    f'minimum_tls = "TLSv1.3_2025"\n[alarms]\ntopic = "{TOPIC}"\n',
}
# With all that a function's app can be told and allowed.
RIGHTS = """\
policies = ["arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess"]
subnets = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
security_groups = ["sg-0123456789abcdef0"]
[origins.NAME.environment]
LOG_LEVEL = "info"
TITLE = "a ${b} %{c}"
[origins.NAME.secrets]
TOKEN_NAME = { from = "ssm", name = "/app/token" }
DATABASE_SECRET = { from = "secrets-manager", name = "app/database", kms_key = "KMS" }
"""
# The Dockerfile of all of them is in the site's folder.
NEAR = RIGHTS.replace("NAME", "near").replace("KMS", "arn:aws:kms:us-east-1:111122223333:key/1234abcd")
FAR = RIGHTS.replace("NAME", "far").replace("KMS", "arn:aws:kms:eu-central-1:111122223333:key/1234abcd")
IMAGES = (
    f'[origins.near]\nimage = "."\n{NEAR}'
    '[origins.open]\nimage = "."\naccess = "public"\n[origins.far]\nimage = "."\n'
)
SITES |= {
    "images": f'name = "app"\n{IMAGES}region = "eu-central-1"\narchitecture = "arm64"\ntimeout_s = 60\n{FAR}{BUCKET}'
    '[default]\norigin = "near"\n[[behaviors]]\npath = "/far/*"\norigin = "far"\n'
    '[[behaviors]]\npath = "/open/*"\norigin = "open"\n[log]\n',
}

OWN_LOGS = (
    '[real_time_log]\nurl = "https://logs.example.com"\nvisitor = true\nheaders = ["X-App"]\n'
    'access_key = { from = "secrets-manager", '
    'name = "arn:aws:secretsmanager:us-east-1:111122223333:secret:log/firehose-AbCdEf", '
    'kms_key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd" }\nkey = { from = "ssm", name = "/log/key" }\n'
)
FIREHOSE = "arn:aws:firehose:us-east-1:111122223333:deliverystream/lines"
SITES |= {
    "logs-s3": f'{SITES["bucket"]}{OWN_LOGS}[standard_log]\nformat = "w3c"\npath = "{{distributionid}}/{{HH}}"\n',
    "logs-cloudwatch": f'{SITES["app"]}[standard_log]\nto = "cloudwatch"\nformat = "plain"\n',
    "logs-firehose": f'{SITES["app"]}[standard_log]\nto = "firehose"\nstream_arn = "{FIREHOSE}"\n',
}


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The templates of several sites: the small ones above, the shop with and without a staged change, a new one."""
    folders = {"shop": ROOT / "examples/shop", "new": tmp_path_factory.mktemp("new") / "site"}
    create_site(folders["new"])
    for name, text in SITES.items():
        folders[name] = tmp_path_factory.mktemp(name)
        (folders[name] / "edgewise.toml").write_text(text)
        (folders[name] / "Dockerfile").touch()
    queries = saved_queries("app_statistics", "page_views")
    made = {
        name: compile_template(load_site(folder), code_hash="0", queries=queries)
        for name, folder in folders.items()
    }
    new = compile_template(load_site(folders["shop"]), code_hash="1", queries=queries)
    return {**made, "staged": staged(made["shop"], new, by_share(5, 60))}


@pytest.fixture(scope="module")
def app_template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The template of images that run in another region, one of them public."""
    folder = tmp_path_factory.mktemp("apps")
    (folder / "Dockerfile").touch()
    (folder / "edgewise.toml").write_text(
        SITES["images"].replace('"public"', '"public"\nregion = "eu-central-1"')
    )
    return compile_app_template(load_site(folder), "eu-central-1")


def test_every_name_has_room_for_the_longest_of_sites(tmp_path: Path) -> None:
    name = "a" * MAX_NAME
    (tmp_path / "Dockerfile").touch()
    found = set()
    for text in SITES.values():
        (tmp_path / "edgewise.toml").write_text(re.sub('^name = ".*"', f'name = "{name}"', text))
        resources = compile_template(load_site(tmp_path), code_hash="0", queries=())["Resources"]
        for body in resources.values():
            schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", body["Type"]).schema
            for key, value in body.get("Properties", {}).items():
                if isinstance(value, str) and name in value and key.endswith("Name"):
                    found.add(body["Type"])
                    # Where the schema does not say: a function's 64 are the least of those.
                    most = schema["properties"][key].get("maxLength", 64)
                    assert len(value) <= most, (body["Type"], key, value)
    assert {"AWS::Logs::DeliveryDestination", "AWS::Logs::DeliverySource", "AWS::Lambda::Function"} <= found


@pytest.mark.parametrize("name", SITES)
def test_what_stays_has_no_name_that_the_next_one_would_want(
    templates: dict[str, dict[str, Any]], name: str
) -> None:
    for logical, body in templates[name]["Resources"].items():
        if body.get("DeletionPolicy", "").startswith("Retain") and body["Type"] != "AWS::Lambda::Version":
            named = [
                key for key in body.get("Properties", {}) if key in ("Name", "LogGroupName", "BucketName")
            ]
            assert not named, logical


def test_cfn_lint_finds_nothing(
    templates: dict[str, dict[str, Any]], app_template: dict[str, Any], tmp_path: Path
) -> None:
    # One process for all: most of its time is its start.
    for name, template in (templates | {"images-app": app_template}).items():
        (tmp_path / f"{name}.yaml").write_text(render_yaml(template))
    files = sorted(map(str, tmp_path.glob("*.yaml")))
    assert len(files) == len(templates) + 1
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), *files],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.mark.parametrize("name", ["shop", "new", "staged", *SITES])
def test_cloudfronts_api_takes_the_distribution(templates: dict[str, dict[str, Any]], name: str) -> None:
    config = templates[name]["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    service = botocore.session.get_session().get_service_model("cloudfront")
    shape = service.operation_model("CreateDistribution").input_shape
    request = {"DistributionConfig": {"CallerReference": "once", **api_form(config)}}
    assert not ParamValidator().validate(request, shape).generate_report()


def test_lambdas_api_takes_the_functions_of_apps(
    templates: dict[str, dict[str, Any]], app_template: dict[str, Any]
) -> None:
    service = botocore.session.get_session().get_service_model("lambda")
    shape = service.operation_model("CreateFunction").input_shape
    resources = [*templates["images"]["Resources"].values(), *app_template["Resources"].values()]
    apps = [one["Properties"] for one in resources if one["Properties"].get("PackageType") == "Image"]
    assert len(apps) == 4
    for app in apps:
        request = {**app, "Role": "known at deployment", "Code": {"ImageUri": "known at deployment"}}
        request["LoggingConfig"] = {"LogGroup": "known at deployment"}
        assert not ParamValidator().validate(request, shape).generate_report()


def api_form(value: Any) -> Any:
    """CloudFormation's form of a distribution as the API has it: counted lists, other capitals, no expressions."""
    renamed = {
        "IPV6Enabled": "IsIPV6Enabled",
        "OriginSSLProtocols": "OriginSslProtocols",
        "AcmCertificateArn": "ACMCertificateArn",
        "SslSupportMethod": "SSLSupportMethod",
    }
    match value:
        case {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::Select": _}:
            return "known at deployment"
        case {"OriginProtocolPolicy": _}:
            ports = {"HTTPPort": 80, "HTTPSPort": 443}
            return ports | {renamed.get(key, key): api_form(one) for key, one in value.items()}
        case dict():
            return {renamed.get(key, key): api_form(one) for key, one in value.items()}
        case list():
            return {"Quantity": len(value), "Items": [api_form(one) for one in value]}
        case _:
            return value
