"""Origins that are functions from images: the site file's keys, the templates, and what may call the functions.

The reviewed templates are `golden/images.yaml` and `golden/images-app.yaml`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader

from edgewise.site import (
    ImageOrigin,
    LocalCommand,
    LocalHandler,
    SiteProblems,
    SynthError,
    compile_app_template,
    compile_template,
    domain_name,
    image_parameter,
    load_site,
    needed_on_aws,
    render_app_yaml,
    render_yaml,
    with_stand_ins,
    write_template,
)
from edgewise.site.errors import SiteError
from edgewise.site.limits import REGION
from edgewise.site.own_functions import OWN_FUNCTIONS, own_function
from edgewise.site.regions import POSITIONS
from terraform.sites import SITES

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
SITE = """\
name = "notes"
[origins.api]
image = "api"
[origins.api.local]
command = ["python", "-m", "uvicorn", "api:app", "--port", "{port}"]
[origins.far]
image = "api"
region = "eu-central-1"
architecture = "arm64"
memory_mb = 1024
timeout_s = 60
policies = ["arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess", "arn:aws:iam::111122223333:policy/team/far"]
subnets = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
security_groups = ["sg-0123456789abcdef0"]
[origins.far.environment]
LOG_LEVEL = "info"
TITLE = 'Far ${away}: "notes"'
[origins.far.secrets]
DATABASE_SECRET = { from = "secrets-manager", name = "far/database" }
TOKEN_NAME = { from = "ssm", name = "/far/token" }
[default]
origin = "api"
[[behaviors]]
path = "/far/*"
origin = "far"
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a site file; there is an image in the folder `api`, and a handler in `fn`."""
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "Dockerfile").touch()
    (tmp_path / "fn").mkdir()
    (tmp_path / "fn" / "app.py").touch()

    def written(text: str) -> Path:
        (tmp_path / "edgewise.toml").write_text(text)
        return tmp_path

    return written


Write = Callable[[str], Path]


def of_type(template: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: body for name, body in template["Resources"].items() if body["Type"] == kind}


def test_what_an_image_is(write: Write) -> None:
    api, far = load_site(write(SITE)).origins
    assert isinstance(api, ImageOrigin) and isinstance(far, ImageOrigin)
    assert (api.region, api.signed, api.architecture, api.memory_mb, api.timeout_s) == (
        "us-east-1",
        True,
        "x86_64",
        512,
        30,
    )
    assert isinstance(api.local, LocalCommand)
    assert api.local.directory == api.folder
    assert (far.region, far.architecture, far.memory_mb, far.timeout_s) == ("eu-central-1", "arm64", 1024, 60)


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        (
            'image = "api"\n[origins.api.local]',
            'image = "fn"\n[origins.api.local]',
            "api.image",
            "Dockerfile",
        ),
        ('"eu-central-1"', '"Frankfurt"', "far.region", "not a region"),
        ('"eu-central-1"', '"cn-north-1"', "far.region", "not a region"),
        ('"eu-central-1"', '"eu-centrall-9"', "far.region", "Did you mean `eu-central-"),
        ("1024", "100", "far.memory_mb", "Expected a whole number from 128 to 10240."),
        ("1024", "600.5", "far.memory_mb", "no whole number"),
        ("timeout_s = 60", "timeout_s = 121", "far.timeout_s", "out of range"),
        ("timeout_s = 60", 'domain = "a.example.com"', "far.domain", "does not go with `image`"),
        ("timeout_s = 60", 'access = "open"', "far.access", "unknown value"),
        ('image = "api"\nregion', 'folder = "api"\nregion', "far.region", "do not go with `folder`"),
        (
            'image = "api"\nregion',
            'domain = "a.example.com"\nregion',
            "far.region",
            "do not go with `domain`",
        ),
        ("command =", "handler =", "local.handler", "expected a text"),
        (
            'origin = "far"',
            'origin = "far"\nforward = "all-viewer"',
            "forward",
            "a function URL answers that with 403",
        ),
        (
            'origin = "far"',
            'origin = "far"\ncache = "amplify"',
            "cache",
            "a function URL answers that with 403",
        ),
        *(
            ("origins.far]", f"origins.{end}]", f"origins.{end}", "a function of Edgewise's own")
            for end in OWN_FUNCTIONS
        ),
        ('"notes"', f'"n{"o" * 39}"\n[origins.{"a" * 30}]\nimage = "api"', "origins.a", "too long"),
    ],
)
def test_mistakes_are_told(write: Write, old: str, new: str, key: str, said: str) -> None:
    assert old in SITE
    with pytest.raises((SiteError, SiteProblems)) as caught:
        load_site(write(SITE.replace(old, new, 1)))
    assert key in str(caught.value) and said in str(caught.value)


def test_no_other_function_of_ours_has_a_name_that_an_image_could_have(write: Write, tmp_path: Path) -> None:
    """Over sites that between them have all that a site file can ask for."""
    (tmp_path / "public").mkdir()
    (tmp_path / "Dockerfile").touch()
    ends = set()
    for text in SITES.values():
        site = load_site(write(text))
        named = {
            body["Properties"]["FunctionName"]
            for body in of_type(compile_template(site, code_hash="0"), "AWS::Lambda::Function").values()
        }
        ours = {own_function(site.name, end): end for end in OWN_FUNCTIONS}
        assert named - {own_function(site.name, one.name) for one in site.images} <= ours.keys()
        ends |= {end for name, end in ours.items() if name in named}
    assert ends == set(OWN_FUNCTIONS)


def test_the_regions_that_are_known_are_botocores() -> None:
    """A new one is a line in `regions.py`, with its place."""
    (found,) = (one for one in Loader().load_data("endpoints")["partitions"] if one["partition"] == "aws")
    assert set(POSITIONS) == set(found["regions"])
    assert all(REGION.fullmatch(one) for one in POSITIONS)


def test_a_region_that_is_newer_than_this_version_is_taken_with_a_word(write: Write) -> None:
    site = load_site(write(SITE.replace("eu-central-1", "eu-central-9")))
    assert [one.region for one in site.images] == ["us-east-1", "eu-central-9"]
    assert any(
        "eu-central-9, which this version of Edgewise does not know" in one for one in needed_on_aws(site)
    )
    assert not any("does not know" in one for one in needed_on_aws(load_site(write(SITE))))


HANDLER = """\
name = "notes"
[origins.api]
domain = "lb.example.com"
[origins.api.local]
handler = "app.handler"
directory = "fn"
event = "load-balancer"
[default]
origin = "api"
"""


def test_a_handler_that_runs_here(write: Write, tmp_path: Path) -> None:
    (api,) = load_site(write(HANDLER)).origins
    assert getattr(api, "local", None) == LocalHandler("app.handler", tmp_path / "fn", "load-balancer")
    several = load_site(write(HANDLER.replace('"load-balancer"', '"load-balancer-multi-value"')))
    assert getattr(several.origins[0].local, "event", "") == "load-balancer-multi-value"
    for old, new, said in (
        ('"app.handler"', '"app"', "is not a handler"),
        ('"app.handler"', '"other.handler"', "a module that is not in"),
        ('handler = "app.handler"', 'command = ["x", "{port}"]', "`event` goes with `handler`"),
        ('event = "load-balancer"', 'event = "load"', "load-balancer-multi-value"),
        ('handler = "app.handler"', 'handler = "app.handler"\nurl = "http://a:1"', "expected one of"),
        ('domain = "lb.example.com"', 'image = "api"', "an image's app is a server"),
    ):
        with pytest.raises((SiteError, SiteProblems), match=re.escape(said)):
            load_site(write(HANDLER.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('image = "api"\n[origins.api.local]', 'image = "apis"\n[origins.api.local]', "Did you mean `api`?"),
        ('image = "api"\n[origins.api.local]', "image = 1\n[origins.api.local]", "expected a text"),
        ('image = "api"\nregion', 'imgae = "api"\nregion', "Did you mean `image`?"),
        ('image = "api"\nregion', 'image = "api"\nfolder = "fn"\nregion', "`image`, `region`"),
        (
            'command = ["python", "-m", "uvicorn", "api:app", "--port", "{port}"]',
            'handler = "app.x"',
            "a server",
        ),
    ],
)
def test_one_mistake_is_one_message(write: Write, tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in SITE
    with pytest.raises(SiteError) as caught:
        load_site(write(SITE.replace(old, new, 1)))
    assert not isinstance(caught.value, SiteProblems)
    assert said in str(caught.value)
    if "apis" in new:
        assert f"Looked for {tmp_path / 'apis'}." in str(caught.value)


def test_a_version_of_a_rollout_is_no_image(write: Write) -> None:
    rollout = '[rollout]\nstable = "api"\nnew = "far"\nkey = { from = "ssm", name = "/notes/key" }\n'
    with pytest.raises(SiteProblems, match="whose host name AWS makes at deployment"):
        load_site(write(SITE + rollout))


def test_the_templates_are_the_reviewed_ones(write: Write) -> None:
    site = load_site(write(SITE))
    assert render_yaml(compile_template(site, code_hash="0")) == (GOLDEN / "images.yaml").read_text()
    app = render_app_yaml(compile_app_template(site, "eu-central-1"))
    assert app == (GOLDEN / "images-app.yaml").read_text()


def test_the_distribution_alone_may_call_a_signed_function(write: Write) -> None:
    template = compile_template(load_site(write(SITE)), code_hash="0")
    (url,) = of_type(template, "AWS::Lambda::Url").values()
    assert url["Properties"]["AuthType"] == "AWS_IAM"
    (control,) = of_type(template, "AWS::CloudFront::OriginAccessControl").values()
    config = control["Properties"]["OriginAccessControlConfig"]
    assert (config["OriginAccessControlOriginType"], config["SigningBehavior"]) == ("lambda", "always")
    permissions = [body["Properties"] for body in of_type(template, "AWS::Lambda::Permission").values()]
    assert {one["Action"] for one in permissions} == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
    for one in permissions:
        assert one["Principal"] == "cloudfront.amazonaws.com"
        assert "distribution/${Distribution}" in one["SourceArn"]["Fn::Sub"]
    origins = template["Resources"]["Distribution"]["Properties"]["DistributionConfig"]["Origins"]
    assert all("OriginAccessControlId" in origin for origin in origins)


def test_a_public_function_takes_its_url_alone(write: Write) -> None:
    site = load_site(write(SITE.replace('image = "api"\n', 'image = "api"\naccess = "public"\n', 1)))
    template = compile_template(site, code_hash="0")
    permissions = [body["Properties"] for body in of_type(template, "AWS::Lambda::Permission").values()]
    assert [one["Principal"] for one in permissions] == ["*", "*"]
    by_action = {one["Action"]: one for one in permissions}
    assert by_action["lambda:InvokeFunctionUrl"]["FunctionUrlAuthType"] == "NONE"
    assert by_action["lambda:InvokeFunction"]["InvokedViaFunctionUrl"] is True
    origin = template["Resources"]["Distribution"]["Properties"]["DistributionConfig"]["Origins"][0]
    assert "OriginAccessControlId" not in origin


def test_a_function_may_write_its_own_log_and_no_more(write: Write) -> None:
    template = compile_template(load_site(write(SITE)), code_hash="0")
    (policy,) = template["Resources"]["ApiImageRole"]["Properties"]["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    (resource,) = statement["Resource"]
    assert resource["Fn::Sub"].endswith(":log-group:/aws/lambda/notes-api:*")
    assert template["Resources"]["ApiImageLogs"]["Properties"]["RetentionInDays"] == 30


def test_another_region_has_a_template_of_its_own(write: Write) -> None:
    site = load_site(write(SITE))
    near, far = site.images
    own, app = compile_template(site, code_hash="0"), compile_app_template(site, "eu-central-1")
    assert site.app_regions == ("eu-central-1",)
    assert set(own["Parameters"]) == {image_parameter(near), domain_name(far)}
    assert set(app["Parameters"]) == {image_parameter(far), "DistributionArn"}
    assert domain_name(far) in app["Outputs"], "what the one puts out is a parameter of the other"
    # Nobody is let in as long as it is not known whom.
    assert all(body["Condition"] for body in of_type(app, "AWS::Lambda::Permission").values())
    assert not any("Far" in name for name in own["Resources"])


def test_the_behavior_of_an_image_caches_nothing_and_keeps_the_host_back(write: Write) -> None:
    default = load_site(write(SITE)).default
    assert default.cache.name == "CachingDisabled"
    assert default.forward and default.forward.name == "AllViewerExceptHostHeader"


def test_all_templates_are_written_and_nothing_foreign_is_overwritten(write: Write, tmp_path: Path) -> None:
    site = load_site(write(SITE))
    written = write_template(site, tmp_path / "out" / "template.yaml")
    (region, (file, document)), *others = written.apps.items()
    assert (region, file.name, others) == ("eu-central-1", "app-eu-central-1.yaml", [])
    assert document == compile_app_template(site, "eu-central-1")
    file.write_text("mine: true\n")
    with pytest.raises(SynthError, match="not a template that `edgewise synth` made"):
        write_template(site, tmp_path / "out" / "template.yaml")


def test_stand_ins_are_for_this_machine_alone(write: Write) -> None:
    site = load_site(write(SITE))
    template = compile_template(site, code_hash="0")
    filled = with_stand_ins(site, template)
    assert all("Default" in body for body in filled["Parameters"].values())
    assert not any("Default" in body for body in template["Parameters"].values())


@pytest.mark.parametrize("file", sorted(ROOT.glob("examples/**/Dockerfile")), ids=str)
def test_the_dockerfiles_of_the_examples_are_clean_and_pinned(file: Path) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("hadolint is not installed")
    done = subprocess.run([hadolint, file], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout
    text = file.read_text()
    images = re.findall(r"(?m)^(?:FROM |COPY --from=)(\S+:\S+)", text)
    assert len(images) >= 2 and not any(image.endswith(":latest") for image in images)
    assert re.search(r"(?m)^USER \d+", text), "it must not run as root"
    assert "--require-hashes" in text
    pinned = re.findall(
        r"(?m)^[a-z0-9-]+==\S+ \\\n    --hash=sha256:", (file.parent / "requirements.txt").read_text()
    )
    assert pinned, "requirements.txt has no hashes"
