"""Which image an app's function runs: what is taken for an address, and what to type where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud.elsewhere import AWAY, code, image, site
from cloud.workshop import Workshop
from edgewise.cli.main import app
from edgewise.cloud.errors import ImageError
from edgewise.cloud.images import given_images
from edgewise.site import Site, load_site


@pytest.fixture
def tea(tmp_path: Path) -> Site:
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge" / "app.py").write_text("")
    (tmp_path / "files").mkdir()
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "edgewise.toml").write_text(site(AWAY, 'architecture = "arm64"'))
    return load_site(tmp_path)


@pytest.mark.parametrize("end", [":1", ":v1.2-rc_3", f"@sha256:{'0f' * 32}"])
def test_an_address_has_a_tag_or_a_digest(tea: Site, end: str) -> None:
    address = f"123456789012.dkr.ecr.{AWAY}.amazonaws.com/team/tea-api{end}"

    assert given_images(tea, [f"api={address}"]) == {"ApiImage": address}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("api", "not the address of an image in Amazon ECR"),
        ("api=tea-api:1", "not the address of an image in Amazon ECR"),
        ("api=public.ecr.aws/docker/library/nginx:1", "not the address of an image in Amazon ECR"),
        (f"api=123456789012.dkr.ecr.{AWAY}.amazonaws.com/tea-api", "not the address"),
        (f"api=123456789012.dkr.ecr.{AWAY}.amazonaws.com/tea-api@sha256:12", "not the address"),
        (
            f"api={image('1', 'us-east-1')}",
            "the image is in us-east-1, and the function of api in eu-central-1",
        ),
        (f"web={image('1')}", "the site has no image origin web"),
        (f"files={image('1')}", "the site has no image origin files"),
    ],
)
def test_what_cannot_be_run_is_refused_before_aws_is_asked(tea: Site, text: str, told: str) -> None:
    with pytest.raises(ImageError, match=told):
        given_images(tea, [text])


def deploy(workshop: Workshop, *options: str) -> tuple[int, str, str]:
    options = ("--yes", "--no-verify", "--log-days", "0", *options)
    result = CliRunner().invoke(app, ["deploy", str(workshop.folder), *options])
    return result.exit_code, result.output, str(getattr(result.exception, "hint", ""))


def test_the_command_says_how_to_make_an_image_takes_one_and_keeps_it(
    away: Workshop, on_the_double: None
) -> None:
    _, _, hint = deploy(away)
    registry = f"123456789012.dkr.ecr.{AWAY}.amazonaws.com"
    assert hint.splitlines()[1:] == [
        f"aws ecr create-repository --region {AWAY} --repository-name tea-api --image-tag-mutability IMMUTABLE",
        f"aws ecr get-login-password --region {AWAY} "
        f"| docker login --username AWS --password-stdin {registry}",
        f"docker build --platform linux/amd64 --provenance=false -t {registry}/tea-api:1 api",
        f"docker push {registry}/tea-api:1",
        f"edgewise deploy --image api={registry}/tea-api:1",
    ]

    status, output, _ = deploy(away, "--image", f"api={image('7')}")
    assert status == 0, output
    assert (
        f"The stack tea-app in {AWAY}, account 123456789012:\n  + ApiImage: nothing → {image('7')}" in output
    )
    assert "Deployed as number 1" in output
    assert code(away) == image("7")
    assert "nothing changes" in deploy(away)[1]
