"""Both versions of the tea counter on their own, without a table: they sell tea all the same."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from edgewise.sessions import MemorySessions
from sessions.browser import ask

VERSIONS = Path(__file__).parents[2] / "examples/rollout"


@pytest.fixture(params=["v1", "v2"])
def version(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module of a version, whose table cannot be reached."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    name = f"tea_{request.param}"
    spec = importlib.util.spec_from_file_location(name, VERSIONS / request.param / "app.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    yield module


def page(module: ModuleType, path: str = "/", method: str = "GET", body: bytes = b"") -> tuple[int, str, Any]:
    answer = ask(module.app, FORM if body else [], path, method, body)
    return answer.status, answer.body.decode(), answer


FORM = [("content-type", "application/x-www-form-urlencoded")]


def test_it_says_which_version_it_is_and_goes_on_without_its_table(version: ModuleType) -> None:
    status, text, answer = page(version)
    assert (status, answer.all("set-cookie")) == (200, [])
    assert f'id="version">{version.VERSION}<' in text and "Oolong" in text
    assert page(version, "/basket", "POST", b"tea=oolong")[0] == 303
    assert page(version, "/basket", "POST", b"tea=none")[0] == 404
    assert page(version, "/health")[1] == f'{{"version":"{version.VERSION}"}}'


def test_a_basket_of_the_other_version_is_shown(version: ModuleType) -> None:
    table = MemorySessions()
    for middleware in version.app.user_middleware:
        middleware.kwargs["store"] = table
    (line,) = page(version, "/basket", "POST", b"tea=oolong")[2].all("set-cookie")
    token = line.partition("=")[2].partition(";")[0]
    cookie = [("cookie", f"session={token}")]
    assert 'id="basket">1<' in ask(version.app, cookie).body.decode()
    (row,) = table.rows.values()
    table.rows[token] = type(row)(row.version, row.issued, row.expires, '{"basket":["yunnan","none"]}')
    assert 'id="basket">2<' in ask(version.app, cookie).body.decode()
    thanks = ask(version.app, cookie, "/order", "POST")
    assert "kettle" in thanks.body.decode() and table.rows[token].data == "{}"


def test_the_stylesheet_of_each_version_is_another() -> None:
    assert len({(VERSIONS / name / "assets/style.css").read_bytes() for name in ("v1", "v2")}) == 2
