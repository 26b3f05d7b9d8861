"""The notebook, as `edgewise up` runs it: pages from the bucket, the API in its function, a record of each request."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.site import Up, eventually, running

EXAMPLE = Path(__file__).parents[2] / "examples/logging"
ADDRESS = "203.0.113.77"


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("site") / "notes"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".edgewise", "__pycache__"))
    with running(folder=folder) as up:
        yield up


def test_every_request_is_in_the_log_with_what_became_of_it(notes: Up) -> None:
    note = json.dumps({"text": "tea"}).encode()
    told = {"X-Amz-Content-Sha256": hashlib.sha256(note).hexdigest(), "Content-Type": "application/json"}
    asked = [
        ("GET", "/", None, {}),
        ("GET", "/style.css?v=2", None, {}),
        ("POST", "/api/notes", note, told),
        ("GET", "/api/notes", None, {}),
        ("GET", "/api/broken", None, {}),
    ]
    answers = [
        notes.request(path, method, body=body, headers={**headers, "Edgewise-Viewer-Address": ADDRESS})
        for method, path, body, headers in asked
    ]
    assert [status for status, _, _ in answers] == [200, 200, 201, 200, 500]
    assert json.loads(answers[3][2]) == [{"text": "tea"}]

    ids = [headers["X-Amz-Cf-Id"] for _, headers, _ in answers]
    records = eventually(lambda: len(found := answered(notes, ids)) == len(ids) and found)
    assert [(records[one]["method"], records[one]["path"], records[one]["status"]) for one in ids] == [
        ("GET", "/index.html", 200),
        ("GET", "/style.css", 200),
        ("POST", "/api/notes", 201),
        ("GET", "/api/notes", 200),
        ("GET", "/api/broken", 500),
    ]
    # The site file says that addresses are cut and queries stay out.
    assert {records[one]["client_ip"] for one in ids} == {"203.0.113.0"}
    assert not any(records[one].get("query") for one in ids)


def test_the_function_is_called_as_a_function_url_calls_it(notes: Up) -> None:
    _, _, body = notes.request("/api/request")
    told = json.loads(body)
    assert told["host"].endswith(".lambda-url.us-east-1.on.aws"), "the visitor's host stays at CloudFront"
    context = json.loads(told["x-amzn-request-context"])
    assert context["http"]["path"] == "/api/request"


def answered(up: Up, ids: list[str]) -> dict[str, dict[str, object]]:
    """The records that the functions made of the origins' answers, by request."""
    rows = up.rows("SELECT * FROM edge WHERE status IS NOT NULL")
    return {str(row["request_id"]): row for row in rows if row["request_id"] in ids}
