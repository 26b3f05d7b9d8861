"""Which origins of a site run as functions here, and with what; no process is started."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from edgewise.cdn.template.distribution import read_distribution
from edgewise.cli.errors import StartError
from edgewise.cli.running.apps import app_differences, local_functions
from edgewise.cli.running.built import compile_site
from edgewise.site import Site, load_site, read_dockerfile

DOCKERFILE = """\
FROM python:3.13-slim
# ENV AWS_LWA_REMOVE_BASE_PATH=/comment
ENV AWS_LWA_PORT=8080 \\
    AWS_LWA_READINESS_CHECK_PATH="/a health" \\
    MODE=production
ENV AWS_LWA_ASYNC_INIT true
env aws_other=1 AWS_LWA_ERROR_STATUS_CODES='500-599'
RUN echo ENV AWS_LWA_INVOKE_MODE=response_stream
"""
SITE = """\
name = "notes"
[origins.app]
image = "app"
region = "eu-central-1"
memory_mb = 256
timeout_s = 7
[origins.app.local]
command = ["python", "-m", "uvicorn", "app:app", "--port", "{port}"]
[origins.balanced]
domain = "lb.example.com"
[origins.balanced.local]
handler = "app.handler"
directory = "app"
event = "load-balancer"
[origins.server]
domain = "server.example.com"
[origins.server.local]
command = ["python", "serve.py", "{port}"]
[default]
origin = "app"
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "app.py").touch()
    (tmp_path / "app" / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "edgewise.toml").write_text(SITE)
    return load_site(tmp_path)


def test_images_and_handlers_are_functions_and_servers_are_not(site: Site, tmp_path: Path) -> None:
    found = local_functions(site, {}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    assert list(found) == ["app", "balanced"]
    app, balanced = found["app"], found["balanced"]
    assert (app.region, app.event, app.signed) == ("eu-central-1", "function-url", True)
    definition = app.definition
    assert (definition.name, definition.memory_mb, definition.timeout) == ("notes-app", 256, 7.0)
    assert (definition.code, definition.at_edge) == (tmp_path / "app", False)
    assert definition.variables == {
        "AWS_LWA_READINESS_CHECK_PATH": "/a health",
        "AWS_LWA_ERROR_STATUS_CODES": "500-599",
    }
    assert definition.app is not None
    assert definition.app.words[:3] == (sys.executable, "-m", "uvicorn")
    assert definition.app.variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert (balanced.definition.handler, balanced.event, balanced.signed) == (
        "app.handler",
        "load-balancer",
        False,
    )
    assert balanced.definition.variables == {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    # What the user places elsewhere is asked there.
    assert list(local_functions(site, {"app": "http://127.0.0.1:1"}, {})) == ["balanced"]


def test_the_adapters_settings_are_read_from_the_dockerfile(site: Site) -> None:
    (app,) = site.images
    assert read_dockerfile(app.folder).settings == {
        "AWS_LWA_PORT": "8080",
        "AWS_LWA_READINESS_CHECK_PATH": "/a health",
        "AWS_LWA_ASYNC_INIT": "true",
        "AWS_LWA_ERROR_STATUS_CODES": "500-599",
    }
    assert read_dockerfile(app.folder / "nowhere").settings == {}


def test_the_adapter_goes_by_the_sites_variables_before_the_dockerfiles(site: Site, tmp_path: Path) -> None:
    (tmp_path / "edgewise.toml").write_text(
        f'{SITE}[origins.app.environment]\nAWS_LWA_READINESS_CHECK_PATH = "/site"\nAWS_LWA_PASS_THROUGH_PATH = "/p"\n'
        'AWS_LWA_ERROR_STATUS_CODES = "503"\n[origins.app.local.environment]\nAWS_LWA_ERROR_STATUS_CODES = "504"\n'
    )
    found = load_site(tmp_path)
    definition = local_functions(found, {}, {})["app"].definition
    assert definition.variables == {
        "AWS_LWA_READINESS_CHECK_PATH": "/site",
        "AWS_LWA_ERROR_STATUS_CODES": "504",
    }
    *_, settings = app_differences(found)
    assert settings.endswith("AWS_LWA_ASYNC_INIT, AWS_LWA_PASS_THROUGH_PATH")


def test_the_app_has_the_variables_of_its_image_below_those_of_the_site(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = "ENV PATH=/app/bin:$PATH HOME=/app PYTHONPATH=/app LD_LIBRARY_PATH=/lib VIRTUAL_ENV=/app\n"
    (tmp_path / "app" / "Dockerfile").write_text(
        f"{DOCKERFILE}ENV LEVEL=image TABLE=image OF=$BASE\n{folders}"
    )
    (tmp_path / "edgewise.toml").write_text(
        f'{SITE}[origins.app.environment]\nLEVEL = "site"\nTABLE = "site"\n'
        '[origins.app.local.environment]\nTABLE = "here"\n'
    )
    monkeypatch.setenv("MODE", "of the shell")
    monkeypatch.setenv("HOME", "/home/somebody")
    for name in ("PYTHONPATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "OF"):
        monkeypatch.delenv(name, raising=False)
    app = local_functions(load_site(tmp_path), {}, {})["app"].definition.app
    assert app is not None
    assert (app.variables["MODE"], app.variables["LEVEL"], app.variables["TABLE"]) == (
        "production",
        "site",
        "here",
    )
    assert app.variables["HOME"] == "/home/somebody" and "/app/bin" not in app.variables["PATH"]
    assert not app.variables.keys() & {"PYTHONPATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "OF"}


def test_what_is_done_otherwise_here_is_said(site: Site) -> None:
    built, adapter, settings = app_differences(site)
    assert "is not built" in built
    assert "does not copy the adapter" in adapter
    assert settings.endswith("not simulated: AWS_LWA_ASYNC_INIT")
    (app,) = site.images
    more = "COPY --from=adapter /lambda-adapter /opt/extensions/lambda-adapter\nCMD serve --port 9000\n"
    (app.folder / "Dockerfile").write_text(DOCKERFILE + more)
    _, port, _ = app_differences(site)
    assert "asks port 8080" in port and "on 9000" in port


def test_a_program_that_is_not_there_is_told_at_the_start(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "edgewise.toml"
    app = re.escape(str(tmp_path / "app"))
    for word, place in (("no-such-program", "on PATH"), (".venv/bin/python", f"in {app}")):
        file.write_text(SITE.replace('"python", "-m"', f'"{word}", "-m"'))
        with pytest.raises(StartError, match=f"there is no program '{word}' {place} to start") as caught:
            local_functions(load_site(tmp_path), {}, {})
        assert caught.value.key == "origins.app.local.command"
    own = tmp_path / "app" / "serve"
    own.touch(mode=0o755)
    file.write_text(SITE.replace('"python", "-m"', '"./serve", "-m"'))
    assert "app" in local_functions(load_site(tmp_path), {}, {})


def test_a_program_is_looked_for_where_the_app_will(site: Site, tmp_path: Path) -> None:
    own = tmp_path / "app" / "bin" / "serve-notes"
    own.parent.mkdir()
    own.touch(mode=0o755)
    text = SITE.replace('"python", "-m"', '"serve-notes"')
    (tmp_path / "edgewise.toml").write_text(f'{text}[origins.app.environment]\nPATH = "{own.parent}"\n')
    found = local_functions(load_site(tmp_path), {}, {})["app"].definition.app
    assert found and found.variables["PATH"] == str(own.parent)


def test_an_image_without_a_command_is_told_what_to_say(site: Site, tmp_path: Path) -> None:
    text = SITE.replace("[origins.app.local]\n", "").replace(
        'command = ["python", "-m"', 'other = ["python", "-m"'
    )
    (tmp_path / "edgewise.toml").write_text(
        "".join(line for line in text.splitlines(True) if "other =" not in line)
    )
    with pytest.raises(StartError, match="images are not built here") as caught:
        local_functions(load_site(tmp_path), {}, {})
    assert "`[origins.app.local] command`" in str(caught.value)
    # One that runs already is asked over HTTP.
    (tmp_path / "edgewise.toml").write_text(
        text.replace('"eu-central-1"\n', '"eu-central-1"\nlocal = { url = "http://127.0.0.1:1" }\n').replace(
            "other =", "#"
        )
    )
    assert list(local_functions(load_site(tmp_path), {}, {})) == ["balanced"]


def test_the_template_that_is_run_here_has_a_host_for_every_image(site: Site, tmp_path: Path) -> None:
    distribution, _ = read_distribution(compile_site(site, None, tmp_path / "build"))
    assert distribution.origins["app"].domain == "appimageurl.lambda-url.eu-central-1.on.aws"
