"""`edgewise init` and `edgewise synth` as a user runs them, and the new site's application as `up` starts it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

import pytest

from edgewise.site import SiteError, load_site, write_template
from support.command import edgewise

from .processes import serving


def test_init_makes_a_site_and_says_what_to_do_next(tmp_path: Path) -> None:
    done = edgewise("init", "new", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Made the site new in new:\n")
    assert "edgewise up new\n" in done.stdout and "edgewise deploy new\n" in done.stdout
    site = load_site(tmp_path / "new")
    assert (site.name, site.triggers) == ("new", ("viewer-request", "origin-response"))
    for line in done.stdout.splitlines():
        if line.startswith("  "):
            assert (tmp_path / "new" / line.strip()).is_file()


def test_init_takes_an_empty_folder_and_refuses_another(tmp_path: Path) -> None:
    assert edgewise("init", ".", folder=tmp_path).returncode == 0
    (tmp_path / "edgewise.toml").write_text("mine")
    again = edgewise("init", ".", folder=tmp_path)
    assert again.returncode == 1
    assert "not empty" in again.stderr and "Traceback" not in again.stderr
    assert (tmp_path / "edgewise.toml").read_text() == "mine"


def test_a_site_in_a_folder_with_an_unfit_name_keeps_the_starters(tmp_path: Path) -> None:
    done = edgewise("init", "My Site", folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("Made the site my-site in 'My Site':\n")
    assert "edgewise up 'My Site'\n" in done.stdout
    assert "terraform.tfstate*\n" in (tmp_path / "My Site" / ".gitignore").read_text()
    assert load_site(tmp_path / "My Site").name == "my-site"


def test_init_names_a_place_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in ("file", "file/new"):
        done = edgewise("init", place, folder=tmp_path)
        assert done.returncode == 1
        assert done.stderr.startswith("error[site.init]: ") and place in done.stderr


def test_the_new_sites_application_answers(tmp_path: Path) -> None:
    edgewise("init", "new", folder=tmp_path)
    site = load_site(tmp_path / "new")
    with serving(site) as port:
        client = HTTPConnection("127.0.0.1", port, timeout=60)
        client.request("GET", "/api/hello?name=you")
        assert json.loads(client.getresponse().read()) == {
            "hello": "you",
            "method": "GET",
            "path": "/api/hello",
        }
        client.request("GET", "/")
        page = client.getresponse().read().decode()
        client.close()
    assert "/static/style.css" in page
    assert (site.directory / "assets/static/style.css").is_file()


def test_synth_writes_the_template_and_the_folder_beside_it(site_folder: Path) -> None:
    done = edgewise("synth", folder=site_folder)
    assert done.returncode == 0, done.stderr
    template = site_folder / "build/template.yaml"
    assert f"Wrote {template}\n" in done.stdout
    assert "Code: functions/edge\n" in template.read_text()
    assert (template.parent / "functions/edge/steps.py").is_file()
    package, deploy = done.stdout.replace("\\\n", "").split("\n\n")[1].splitlines()[1:3]
    assert shlex.split(package)[:5] == ["aws", "cloudformation", "package", "--region", "us-east-1"]
    assert shlex.split(deploy)[:5] == ["aws", "cloudformation", "deploy", "--region", "us-east-1"]
    assert str(template) in shlex.split(package)
    # A template of more than 51,200 bytes is deployed out of a bucket, and a site with statistics has one.
    assert "--s3-bucket" in shlex.split(deploy)


def test_synth_of_a_site_that_counts_writes_the_salts_function_and_the_saved_questions(
    edit: Callable[[str, str], Path],
) -> None:
    folder = edit("[log]", "[log]\n[statistics]\n[rewrite]")
    done = edgewise("synth", folder=folder)
    assert done.returncode == 0, done.stderr
    assert f"Wrote {folder}/build/functions/salts/\n" in done.stdout
    template = folder / "build/template.yaml"
    assert "does not make" not in done.stdout
    assert "Type: AWS::Athena::NamedQuery" in template.read_text() and "-- Top pages" in template.read_text()
    again = edgewise("synth", folder=folder)
    assert again.returncode == 0, "what an earlier run wrote may be written again"


def test_synth_names_what_has_to_be_there_on_aws(edit: Callable[[str, str], Path]) -> None:
    machine = "arn:aws:states:eu-west-2:111122223333:stateMachine:visits"
    folder = edit(
        "[log]",
        f'[log]\ndelivery = "step-functions"\nstate_machine_arn = "{machine}"\nvisitor = true\n'
        'key = { from = "ssm", name = "/demo/key" }\nregion = "eu-west-1"',
    )
    needed = edgewise("synth", folder=folder).stdout.split("does not make:\n")[1].split("\n\n")[0]
    assert needed.splitlines() == [
        f"  the state machine {machine}",
        "  the secret /demo/key of ssm in eu-west-1",
    ]


def test_synth_again_makes_the_same_and_new_code_another_version(site_folder: Path, tmp_path: Path) -> None:
    versions = []
    for i, code in enumerate(("handler = 1\n", "handler = 1\n", "handler = 2\n")):
        (site_folder / "edge/steps.py").write_text(code)
        out = tmp_path / str(i) / "t.yaml"
        write_template(load_site(site_folder), out)
        versions.append(re.findall(r"^  (\w+FunctionVersion\w+):$", out.read_text(), re.MULTILINE))
    first, same, changed = versions
    assert len(first) == 2
    assert first == same
    assert not set(first) & set(changed)


def test_synth_of_a_site_without_functions_writes_a_template_alone(tmp_path: Path) -> None:
    (tmp_path / "edgewise.toml").write_text(
        'name = "files"\n[origins.f]\nfolder = "."\n[default]\norigin = "f"\n'
    )
    done = edgewise("synth", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "build/functions").exists()
    assert done.stdout.count("Wrote") == 1


@pytest.mark.parametrize(
    ("out", "reason"),
    [
        ("edgewise.toml", "YAML"),
        ("public", "YAML"),
        ("edgewise.toml/t.yaml", "cannot"),
        ("edge/t.yaml", "contain each other"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused(site_folder: Path, out: str, reason: str) -> None:
    before = sorted(site_folder.rglob("*"))
    with pytest.raises(SiteError, match=reason) as caught:
        write_template(load_site(site_folder), site_folder / out)
    assert caught.value.file is not None and caught.value.file.startswith(str(site_folder))
    assert sorted(site_folder.rglob("*")) == before


def test_synth_prints_all_commands_of_a_site_with_an_app_in_another_region(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/Dockerfile").write_text("FROM scratch")
    (tmp_path / "edgewise.toml").write_text(
        'name = "notes"\n[origins.app]\nimage = "app"\nregion = "eu-central-1"\n[origins.app.local]\n'
        'command = ["true", "{port}"]\n[default]\norigin = "app"\n'
    )
    done = edgewise("synth", folder=tmp_path)
    assert "the repository notes-app of ECR's in eu-central-1" in done.stdout
    printed = done.stdout.replace(" \\\n     ", "")
    commands = [line.strip() for line in printed.splitlines() if "aws " in line]
    assert [re.findall(r"aws \w+ [\w-]+", command)[0] for command in commands] == [
        "aws cloudformation deploy",
        "aws cloudformation describe-stacks",
        "aws cloudformation package",
        "aws cloudformation deploy",
        "aws sts get-caller-identity",
        "aws cloudformation describe-stacks",
        "aws cloudformation deploy",
    ]
    first, domain, _, site, _, number, again = commands
    assert first.endswith("AppImage=...") and "AppImage: The image of the origin app" in printed
    assert domain.startswith("AppDomain=$(") and "--stack-name notes-app" in domain
    assert site.endswith("--parameter-overrides AppDomain=$AppDomain")
    assert number.startswith("ID=$(") and "--stack-name notes " in number and "DistributionId" in number
    assert again.endswith("DistributionArn=arn:aws:cloudfront::$ACCOUNT:distribution/$ID")


def test_synth_refuses_what_cannot_run_on_aws(edit: Callable[[str, str], Path]) -> None:
    folder = edit("[log]", '[log]\ndelivery = "openobserve"')
    done = edgewise("synth", folder=folder)
    assert done.returncode == 1
    assert "[log.url]" in done.stderr and "stdout" in done.stderr
    assert not (folder / "build").exists()


def test_a_broken_site_file_is_one_message(site_folder: Path) -> None:
    file = site_folder / "edgewise.toml"
    file.write_text(file.read_text().replace('"files"', '"fils"'))
    done = edgewise("synth", folder=site_folder)
    assert done.returncode == 1
    assert "behaviors[0].origin" in done.stderr and "Did you mean `files`?" in done.stderr
    assert "Traceback" not in done.stderr
