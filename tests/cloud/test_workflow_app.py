"""The steps of the app's workflow, run as GitHub runs them: a site that answers, one that does not, one that did not
come as far. The site is a server on this machine.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner as TyperRunner

from cloud.workflow_job import BEFORE, COMMIT, Job, Run
from cloud.workflow_sites import made
from edgewise.cli.main import app

NEW = f"111122223333.dkr.ecr.eu-central-1.amazonaws.com/journal-app:{COMMIT}"


@dataclass
class Site:
    """A site that answers with `statuses`, the last of them for ever."""

    statuses: Sequence[int] = (200,)
    asked: list[str] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            self.send_response(site.statuses[min(len(site.asked), len(site.statuses)) - 1])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            """Nothing on the screen."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield site
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture(scope="module")
def workflow(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = made(tmp_path_factory.mktemp("repository")) / ".github/workflows/app-journal-app.yml"
    document: dict[str, Any] = yaml.safe_load(file.read_text())
    return document


@pytest.fixture
def job(tmp_path: Path, site: Site, workflow: dict[str, Any]) -> Job:
    """The job `deploy`, which asks the site here instead of CloudFront."""
    return Job(tmp_path, workflow, "deploy", {"steps.before.outputs.url": site.url})


def test_the_apps_tests_are_run_where_it_says_what_they_need(
    tmp_path: Path, workflow: dict[str, Any]
) -> None:
    run = Job(tmp_path, workflow, "test").run()
    assert "python -m pip install --quiet --requirement requirements.txt" in run.calls
    assert "python -m pytest" in run.calls


def test_an_app_of_another_language_is_not_taken_for_python(tmp_path: Path) -> None:
    repository = made(tmp_path)
    (repository / "site/app/requirements.txt").unlink()
    told = TyperRunner().invoke(app, ["ci", str(repository / "site")])
    assert "app-journal-app.yml runs no tests" in told.output
    text = (repository / ".github/workflows/app-journal-app.yml").read_text()
    assert "pip install" not in text and "Tests the app" not in text
    (step,) = [one for one in yaml.safe_load(text)["jobs"]["test"]["steps"] if "run" in one]
    assert step["name"] == "Build the image"


def updates(run: Run) -> list[str]:
    """The images that the function was told to run."""
    return [call.split("--image-uri ")[1].split()[0] for call in run.calls if "update-function-code" in call]


def test_a_site_that_answers_keeps_the_new_image(job: Job, site: Site) -> None:
    run = job.run()
    assert run.well
    assert updates(run) == [NEW]
    # Named by the commit, brought before it is named, waited for, and asked for past every cache.
    assert not any("latest" in call for call in run.calls)
    pushed, updated, waited, emptied = (
        next(number for number, call in enumerate(run.calls) if call.startswith(begin))
        for begin in (
            f"docker push {NEW}",
            "aws lambda update-function-code",
            "aws lambda wait function-updated-v2 --function-name journal-app",
            "aws cloudfront wait invalidation-completed --distribution-id E1 --id I1",
        )
    )
    assert pushed < updated < waited < emptied
    assert run.ran.index("Empty the cache") < run.ran.index("Ask the site")
    assert len(site.asked) == 3
    assert len(set(site.asked)) == 3, "no two questions are the same, or a cache might answer"


def test_a_site_that_does_not_answer_gets_the_image_before_again(job: Job, site: Site) -> None:
    site.statuses = (200, 502)
    run = job.run()
    assert not run.well
    assert updates(run) == [NEW, BEFORE]
    assert len(site.asked) == 24
    last = [call.split()[1:3] for call in run.calls][-3:]
    assert last == [
        ["lambda", "update-function-code"],
        ["lambda", "wait"],
        ["cloudfront", "create-invalidation"],
    ]


def test_a_site_that_needs_a_moment_is_given_it(job: Job, site: Site) -> None:
    site.statuses = (502, 200, 503, 200)
    run = job.run()
    assert run.well
    assert updates(run) == [NEW]


def test_an_update_that_fails_is_taken_back(job: Job, site: Site) -> None:
    run = job.run(REFUSED=f"--image-uri {NEW}")
    assert not run.well
    assert updates(run) == [NEW, BEFORE]
    assert not site.asked


@pytest.mark.parametrize(
    "refused", ["get-function", "DomainName", "get-login-password", "get-caller-identity"]
)
def test_what_fails_before_the_update_touches_no_function(job: Job, refused: str) -> None:
    run = job.run(REFUSED=refused)
    assert not run.well
    assert updates(run) == []


def test_a_run_that_is_repeated_takes_the_image_that_is_there(job: Job) -> None:
    run = job.run(THERE="yes")
    assert run.well
    assert not any(call.startswith("docker push") for call in run.calls)
    assert updates(run) == [NEW]
