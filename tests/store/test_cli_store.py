"""`edgewise store` and what is below it: tokens, the link, what is kept."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from edgewise.cli.store import size_in_bytes
from support.command import edgewise


def authorization(secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"x:{secret}".encode()).decode()}


def test_tokens_of_a_running_store(tmp_path: Path, serve: Any) -> None:
    def token(*arguments: str) -> Any:
        return edgewise("store", "token", *arguments, "--store", str(tmp_path))

    with serve(tmp_path) as server:
        taking = token("create", "edge").stdout.strip()
        reading = token("create", "wall", "--read").stdout.strip()
        path = "/api/default/mine/_json"
        assert server.request("POST", path, b'[{"n":1}]', authorization(taking))[0].status == 200
        assert server.request("POST", path, b'[{"n":1}]', authorization(reading))[0].status == 403
        query = json.dumps(
            {"query": {"sql": "SELECT n FROM mine", "start_time": 0, "end_time": 2**60}}
        ).encode()
        response, content = server.request("POST", "/api/default/_search", query, authorization(reading))
        assert (response.status, json.loads(content)["hits"]) == (200, [{"n": 1}])
        assert token("disable", "edge").returncode == 0
        assert server.request("POST", path, b'[{"n":1}]', authorization(taking))[0].status == 401
    listed = token("list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["edge", "wall"]
    assert "disabled" in listed[0] and "ingest" in listed[0] and "read" in listed[1]
    assert taking not in "".join(listed)
    taken = token("create", "wall")
    assert taken.returncode == 1 and taken.stderr.startswith(
        "error[store.token]: there is a token 'wall' already"
    )


def test_the_link_is_for_the_running_store(tmp_path: Path, serve: Any) -> None:
    with serve(tmp_path) as server:
        link = urlsplit(edgewise("store", "link", "--store", str(tmp_path)).stdout.strip())
        assert f"http://{link.hostname}:{link.port}" == server.url
        assert str(link.password).startswith("o2or_")
    missing = edgewise("store", "link", "--store", str(tmp_path))
    assert missing.returncode == 1 and missing.stderr.startswith("error[store.missing]")


def test_a_store_is_named_as_by_every_other_command(tmp_path: Path, serve: Any, monkeypatch: Any) -> None:
    inside = tmp_path / "site" / ".edgewise" / "store"
    inside.mkdir(parents=True)
    with serve(inside) as server:
        by_site = edgewise("store", "link", "--store", str(tmp_path / "site")).stdout
        assert by_site.rstrip().endswith(f"@{server.url.removeprefix('http://')}/enter")
        # Without a name, a site that runs comes before the folder's store: none runs here.
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
        monkeypatch.chdir(tmp_path / "site")
        assert edgewise("store", "link").stdout == by_site
        assert edgewise("store", "token", "create", "edge").returncode == 0
        assert edgewise("store", "token", "list", "--store", ".").stdout.startswith("edge ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("link", "--store", "http://127.0.0.1:5080"), "needs the store's directory, not a URL"),
        (("--dir", "elsewhere", "link"), "name the store behind the command, with --store"),
    ],
)
def test_a_store_that_cannot_be_named_so_is_one_message(arguments: Any, words: str) -> None:
    result = edgewise("store", *arguments)
    assert result.returncode == 2
    assert words in result.stderr


def test_what_is_kept_can_be_said(tmp_path: Path, start_store: Any, eventually: Any) -> None:
    server = start_store(tmp_path)
    server.post("mine", [{"_timestamp": "2026-01-01T00:00:00Z", "n": 1}, {"n": 2}])
    server.stop()
    assert len(list(tmp_path.rglob("part-*.parquet"))) == 2
    server = start_store(tmp_path, "--keep", "30d", "--keep-size", "10GB")
    eventually(lambda: server.rows("SELECT n FROM mine") == [{"n": 2}])
    server.stop()
    assert len(list(tmp_path.rglob("part-*.parquet"))) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--keep", "30"), "no span of time"),
        (("--keep-size", "10"), "no size"),
        (("--countries", "nowhere.mmdb"), "agents.database"),
    ],
)
def test_what_cannot_be_kept_is_one_message(tmp_path: Path, run_cli: Any, options: Any, words: str) -> None:
    result = run_cli("store", "--dir", str(tmp_path), "--port", "0", *options)
    assert result.returncode != 0
    assert words in result.stderr and "Traceback" not in result.stderr


def test_sizes() -> None:
    assert [size_in_bytes(text) for text in ("1kB", "500MB", "10GB", "2 TiB")] == [
        1 << 10,
        500 << 20,
        10 << 30,
        2 << 40,
    ]
