"""The main job, end to end: `edgewise up` as a process, real origins, real functions, the real store."""

from __future__ import annotations

import base64
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from support.command import edgewise
from support.site import Up, alive, command_of, descendants, eventually, running

# A step that answers every request.
TEAPOT = """

@edge.viewer_request
def teapot(request):
    return request.respond(418, "tea")
"""
ROOT = Path(__file__).parents[2]
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/11111111-2222-3333-4444-555555555555"
METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE")


def copied_shop(folder: Path) -> Path:
    shop = folder / "shop"
    shutil.copytree(
        ROOT / "examples" / "shop", shop, ignore=shutil.ignore_patterns(".edgewise", "__pycache__")
    )
    return shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = copied_shop(tmp_path_factory.mktemp("site"))
    with (folder / "edgewise.toml").open("a") as file:
        file.write(
            f'\n[domain]\nnames = ["www.example.com", "*.example.org"]\ncertificate = "{CERTIFICATE}"\n'
        )
    with running(folder=folder) as up:
        yield up


def records_of(up: Up, request_id: str, stream: str) -> list[dict[str, Any]]:
    return up.rows(f"SELECT * FROM {stream} WHERE request_id = '{request_id}' ORDER BY _timestamp")


def test_the_first_line_says_where_everything_is(shop: Up) -> None:
    assert shop.events[0]["event"] == "ready"
    assert shop.events[0]["url"].startswith("http://127.0.0.1:")
    assert shop.events[0]["store"].startswith("http://127.0.0.1:")
    assert "BEGIN CERTIFICATE" in Path(shop.events[0]["ca"]).read_text()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")
@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("www.example.com", "200"),
        ("WWW.example.com", "200"),
        ("any.example.org", "200"),
        ("example.com", "403"),
    ],
)
def test_the_sites_own_names_are_answered_with_a_certificate_for_them(
    shop: Up, name: str, status: str
) -> None:
    """curl looks at the names of the certificate; a name that is not the site's is refused as CloudFront does."""
    port = urlsplit(shop.events[0]["url"]).port
    done = subprocess.run(
        [
            *("curl", "--silent", "--show-error", "--max-time", "60", "--cacert", shop.events[0]["ca"]),
            *(
                "--resolve",
                f"{name.lower()}:{port}:127.0.0.1",
                "--output",
                os.devnull,
                "--write-out",
                "%{http_code}",
            ),
            f"https://{name}:{port}/api/products",
        ],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert (done.stdout, done.stderr) == (status, "")


def test_the_dashboards_address_opens_it_without_a_password(shop: Up) -> None:
    link = urlsplit(shop.events[0]["dashboard"])
    key = base64.b64encode(f"{link.username}:{link.password}".encode()).decode()
    store = http.client.HTTPConnection(str(link.hostname), link.port, timeout=30)
    try:
        store.request("GET", link.path, headers={"Authorization": f"Basic {key}"})
        entered = store.getresponse()
        entered.read()
        assert (entered.status, entered.getheader("Location")) == (303, f"{shop.events[0]['store']}/")
        store.request("GET", "/", headers={"Authorization": f"Basic {key}"})
        page = store.getresponse()
        assert (page.status, page.read()[:15]) == (200, b"<!doctype html>")
    finally:
        store.close()


@pytest.mark.parametrize("path", ["/api/products?page=1", "/public-data/style.css"])
@pytest.mark.parametrize("method", METHODS)
def test_every_request_is_in_the_store_with_one_request_and_one_response_record(
    shop: Up, method: str, path: str
) -> None:
    agent = f"test of {method} {path}"
    status, headers, _ = shop.request(
        path,
        method,
        body=b"{}" if method[0] == "P" else None,
        headers={
            "User-Agent": agent,
            "Referer": "https://example.com/from",
            "Edgewise-Viewer-Address": "203.0.113.77",
        },
    )
    request_id = headers["X-Amz-Cf-Id"]
    bucket = path.startswith("/public-data")
    refused = bucket and method not in ("GET", "HEAD")
    access = eventually(lambda: records_of(shop, request_id, "access"))
    assert len(access) == 1
    assert (access[0]["status"], access[0]["method"], access[0]["client_ip"]) == (
        status,
        method,
        "203.0.113.77",
    )
    assert status == 403 if refused else status < 500
    # CloudFront refuses a method before any function runs; a cached object has no origin response.
    hit = access[0]["result"] == "Hit"
    expected = [] if refused else ["viewer-request"] if hit else ["viewer-request", "origin-response"]
    found = eventually(lambda: len(rows := records_of(shop, request_id, "edge")) == len(expected) and [rows])
    edge = found[0]
    if not expected:
        return
    assert [record["trigger"] for record in edge] == expected
    first = edge[0]
    assert (first["method"], first["path"]) == (method, path.partition("?")[0])
    assert (first["user_agent"], first["referrer"]) == (agent, "https://example.com/from")
    assert (first["client_ip"], first["region"], first["schema"]) == (
        "203.0.113.77",
        "eu-central-1",
        "edge/1",
    )
    assert first["record_id"] == f"{request_id}:viewer-request"
    if not hit:
        assert edge[1]["status"] == status
    joined = eventually(lambda: records_of(shop, request_id, "requests"))
    assert [(row["method"], row["status"], row["user_agent"]) for row in joined] == [(method, status, agent)]


def test_the_shop_works(shop: Up) -> None:
    status, headers, body = shop.request("/")
    assert status == 200 and b"<html" in body and headers["X-Cache"] == "Miss from cloudfront"
    assert shop.request("/broken")[0] == 500
    assert shop.request("/account")[0] == 301
    assert shop.request("/nowhere")[0] == 404
    shown = shop.wait_for(lambda event: event.get("path") == "/broken")
    assert shown["status"] == 500
    triggers = ["viewer-request", "origin-request", "origin-response"]
    assert [run["trigger"] for run in shown["functions"]] == triggers


def test_an_asset_is_cached(shop: Up) -> None:
    path = "/public-data/logo.svg"
    results = [shop.request(path)[1]["X-Cache"] for _ in range(3)]
    assert results[1:] == ["Hit from cloudfront"] * 2


def test_function_logs_are_files_per_region(shop: Up) -> None:
    shop.request("/")
    folder = shop.folder / ".edgewise" / "logs" / "eu-central-1" / "aws" / "lambda"
    streams = eventually(lambda: list(folder.glob("us-east-1.shop-viewer/*/*/*/*.log")))
    text = "".join(stream.read_text() for stream in streams)
    assert "START RequestId: " in text and "\nREPORT RequestId: " in text


def test_an_edited_function_and_a_broken_one_take_effect_on_the_next_request(tmp_path: Path) -> None:
    folder = copied_shop(tmp_path)
    source = folder / "edge" / "app.py"
    original = source.read_text()
    with running(folder=folder) as up:
        assert up.request("/api/products")[0] == 200
        source.write_text(original + TEAPOT)
        assert up.request("/api/products")[0] == 418
        source.write_text("def (:\n")
        status, headers, _ = up.request("/api/products")
        assert (status, headers["X-Cache"]) == (503, "LambdaExecutionError from cloudfront")
        shown = up.wait_for(lambda event: event.get("status") == 503)
        assert "Runtime.UserCodeSyntaxError" in shown["detail"]
        source.write_text(original)
        assert up.request("/api/products")[0] == 200


def test_delivery_straight_to_the_store(tmp_path: Path) -> None:
    folder = copied_shop(tmp_path)
    site = folder / "edgewise.toml"
    site.write_text(site.read_text().replace('delivery = "stdout"', 'delivery = "openobserve"'))
    with running(folder=folder) as up:
        request_id = up.request("/api/products")[1]["X-Amz-Cf-Id"]

        def both() -> list[dict[str, Any]] | None:
            # A record that did not get through within its budget goes with a later invocation.
            up.request("/api/products")
            rows = records_of(up, request_id, "edge")
            return rows if len(rows) == 2 else None

        edge = eventually(both)
    assert [record["trigger"] for record in edge] == ["viewer-request", "origin-response"]
    logs = (folder / ".edgewise" / "logs").rglob("*.log")
    assert not any(request_id in file.read_text() for file in logs), "the record did not go through the log"


def test_a_killed_store_is_started_again_and_nothing_is_lost(tmp_path: Path) -> None:
    with running(folder=copied_shop(tmp_path)) as up:
        up.request("/api/products?n=0")
        eventually(lambda: up.rows("SELECT * FROM access"))
        store = next(pid for pid in descendants(up.process.pid) if command_of(pid).find("store") > 0)
        os.kill(store, signal.SIGKILL)
        for n in range(1, 6):
            assert up.request(f"/api/products?n={n}")[0] == 200
        up.wait_for(lambda event: "starting it again" in event.get("line", ""))
        up.wait_for(lambda event: "is back" in event.get("line", ""))
        counts = eventually(
            lambda: (
                len(rows := up.rows("SELECT query, count(*) AS n FROM access GROUP BY query")) == 6 and rows
            )
        )
    assert {row["n"] for row in counts} == {1}


def test_a_killed_origin_is_announced_and_started_again(tmp_path: Path) -> None:
    with running(folder=copied_shop(tmp_path)) as up:
        assert up.request("/api/products")[0] == 200
        os.kill(
            next(pid for pid in descendants(up.process.pid) if "uvicorn" in command_of(pid)), signal.SIGKILL
        )
        up.wait_for(
            lambda event: event.get("source") == "app" and "starting it again" in event.get("line", "")
        )
        assert eventually(lambda: up.request("/api/products")[0] == 200)


def test_a_second_up_in_the_same_folder_is_one_message(shop: Up) -> None:
    assert f"edgewise up runs here already, at {shop.addresses['url']}" in _failing(shop.folder)


def test_a_changed_site_file_is_told(shop: Up) -> None:
    (shop.folder / "edgewise.toml").touch()
    shop.request("/")
    shop.wait_for(lambda event: "edgewise.toml has changed" in event.get("message", ""))


def test_a_failure_names_the_file_that_a_person_edits(tmp_path: Path) -> None:
    shop = copied_shop(tmp_path)
    with running(folder=shop) as up:
        (shop / "edge" / "app.py").write_text(
            "from edgewise.edge import Edge\nhandler = Edge()\n\n\n"
            "@handler.viewer_request\ndef boom(request):\n    1 / 0\n"
        )
        assert up.request("/")[0] == 503
        shown = up.wait_for(lambda event: event.get("status") == 503)
        assert "ZeroDivisionError: division by zero" in shown["detail"]
        up.wait_for(lambda event: f'File "{shop / "edge" / "app.py"}", line 7' in event.get("line", ""))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_nothing_running_even_with_a_hanging_function(
    tmp_path: Path, number: signal.Signals
) -> None:
    folder = copied_shop(tmp_path)
    (folder / "edge" / "app.py").write_text(
        "import time\nfrom edgewise.edge import Edge\nedge = Edge()\n"
        "@edge.viewer_request\ndef hang(request):\n    if request.path == '/hang':\n        time.sleep(60)\n"
        "handler = edge\n"
    )
    with running(folder=folder) as up:
        assert up.request("/api/products")[0] == 200
        with socket.create_connection(("127.0.0.1", int(up.addresses["url"].rsplit(":", 1)[1]))) as viewer:
            viewer.sendall(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")
            # The origin, the store, a frozen environment and a hanging one.
            started = eventually(lambda: len(found := descendants(up.process.pid)) >= 4 and found)
            status = up.end(number)
    assert status == 0
    assert [pid for pid in started if alive(pid)] == []


@pytest.mark.parametrize("begun", ["its folder", "a process"])
def test_ctrl_c_while_starting_leaves_nothing_and_says_nothing(tmp_path: Path, begun: str) -> None:
    shop = copied_shop(tmp_path)
    command = [sys.executable, "-m", "edgewise", "up", "--port", "0"]
    with subprocess.Popen(
        command, cwd=shop, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        eventually((shop / ".edgewise").exists)
        if begun == "a process":
            eventually(lambda: descendants(process.pid))
        started = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=90)
    assert "Traceback" not in said and "never retrieved" not in said
    assert [pid for pid in started if alive(pid)] == []


def test_a_killed_up_takes_its_store_with_it_and_the_next_ends_its_origins(tmp_path: Path) -> None:
    with running(folder=copied_shop(tmp_path)) as up:
        up.request("/api/products")
        started = descendants(up.process.pid)
        ours = [pid for pid in started if "uvicorn" not in command_of(pid)]
        others = [pid for pid in started if pid not in ours]
        try:
            up.end(signal.SIGKILL)
            assert len(ours) >= 2
            eventually(lambda: not any(alive(pid) for pid in ours))
            assert any(alive(pid) for pid in others)
            with running(folder=up.folder) as following:
                following.wait_for(lambda event: "a run that was killed" in event.get("line", ""))
                eventually(lambda: not any(alive(pid) for pid in others))
                assert following.request("/api/products")[0] == 200
            assert not (up.folder / ".edgewise/origins.json").exists()
        finally:
            for pid in filter(alive, others):
                os.kill(pid, signal.SIGKILL)


def test_a_template_alone_can_be_run(tmp_path: Path) -> None:
    shop = copied_shop(tmp_path)
    _edgewise("synth", str(shop), "--out", str(tmp_path / "out" / "template.yaml"))
    origins = ["--origin", f"assets={shop / 'assets'}", "--origin", "app=http://127.0.0.1:1"]
    with running("--template", str(tmp_path / "out" / "template.yaml"), *origins, folder=tmp_path) as up:
        assert up.request("/public-data/style.css")[0] == 200
        status, _, body = up.request("/")
        assert status == 502 and b"wasn't able to connect to the origin" in body


def test_a_template_says_which_origins_are_asked_where_they_are_and_that_it_was_edited(
    tmp_path: Path,
) -> None:
    shop = copied_shop(tmp_path)
    template = tmp_path / "out" / "template.yaml"
    _edgewise("synth", str(shop), "--out", str(template))
    with running("--template", str(template), "--origin", f"assets={shop / 'assets'}", folder=tmp_path) as up:
        up.wait_for(
            lambda event: (
                "origin app is asked at its real address" in event.get("message", "")
                and "--origin app=http://127.0.0.1:PORT" in event["message"]
            )
        )
        template.touch()
        assert up.request("/public-data/style.css")[0] == 200
        up.wait_for(lambda event: "template.yaml has changed" in event.get("message", ""))
        assert not any("origin assets" in event.get("message", "") for event in up.events)


def test_a_place_that_is_none_is_one_message_with_what_to_do(tmp_path: Path) -> None:
    shop = copied_shop(tmp_path)
    result = _failing(shop, "--origin", "assets=nowhere")
    assert (
        "the folder nowhere of the bucket 'assets' does not exist\n  make it (mkdir -p nowhere), or" in result
    )
    result = _failing(shop, "--origin", "asets=assets")
    assert "no origin 'asets'\n  is 'assets' meant? its origins are " in result


def test_the_address_shown_is_the_one_that_is_listened_on(tmp_path: Path) -> None:
    _edgewise("init", str(tmp_path / "fresh"))
    with running("fresh", "--host", "127.0.0.2", folder=tmp_path) as up:
        assert up.addresses["url"].startswith("http://127.0.0.2:")
        assert up.request("/static/style.css")[0] == 200


@pytest.mark.parametrize("host", ["192.0.2.77", "no.such.host.invalid", "2001:db8::77"])
def test_an_address_that_is_not_of_this_machine_is_said_before_anything_starts(
    tmp_path: Path, host: str
) -> None:
    _edgewise("init", str(tmp_path / "fresh"))
    result = _failing(tmp_path / "fresh", "--host", host)
    assert f"error[cli.start]: cannot listen on {host}: " in result and "--host takes an address" in result
    assert not (tmp_path / "fresh" / ".edgewise").exists()


def test_a_template_that_cannot_be_read_leaves_nothing_behind(tmp_path: Path) -> None:
    result = _failing(tmp_path, "--template", str(tmp_path / "none.yaml"))
    assert "none.yaml: cannot read the template" in result
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_template_is_told_with_its_line_and_where_the_rest_is_told(tmp_path: Path) -> None:
    (tmp_path / "my site.yaml").write_bytes((ROOT / "tests/check/bad_edge.yaml").read_bytes())
    result = _failing(tmp_path, "--template", "my site.yaml", "--distribution", "Dist")
    assert result.startswith("error[cdn.template]: my site.yaml:")
    assert result.rstrip().endswith("`edgewise check --template 'my site.yaml'` lists all mistakes")


def test_a_new_site_runs_at_once(tmp_path: Path) -> None:
    _edgewise("init", str(tmp_path / "fresh"))
    with running("fresh", folder=tmp_path) as up:
        assert up.request("/")[0] == 200
        up.folder = tmp_path / "fresh"
        eventually(lambda: up.rows("SELECT * FROM edge"))


def test_a_replayed_log_is_in_the_store_exactly_once(tmp_path: Path) -> None:
    lines = (
        f'198.51.100.{n % 100} - - [11/Mar/2024:12:00:{n % 60:02} +0000] "GET /api/products?n={n} HTTP/1.1" '
        f'200 1 "https://example.com/" "agent {n % 7}"\n'
        for n in range(150)
    )
    (tmp_path / "access.log").write_text("".join(lines))
    with running(folder=copied_shop(tmp_path)) as up:
        result = subprocess.run(
            [sys.executable, "-m", "edgewise", "replay", str(tmp_path / "access.log")],
            cwd=up.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        assert "found in the store: 150 of 150, none twice" in result.stdout
        counts = "count(*) AS n, count(DISTINCT query) AS q, count(DISTINCT client_ip) AS a"
        counted = up.rows(f"SELECT {counts} FROM requests")
    assert counted == [{"n": 150, "q": 150, "a": 100}]


def test_a_port_in_use_is_one_message(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = _failing(copied_shop(tmp_path), "--port", str(port))
    assert result.startswith(
        f"error[cdn.listen]: cannot listen on 127.0.0.1:{port}: Address already in use\n"
    )
    assert "--port" in result and "Traceback" not in result


def test_an_origin_that_does_not_start_is_one_message(tmp_path: Path) -> None:
    shop = copied_shop(tmp_path)
    (shop / "app" / "app.py").write_text("raise SystemExit('no database')\n")
    result = _failing(shop)
    assert "error[cli.start]: the origin 'app' ended with status 1 before it listened" in result
    assert "no database" in result and "Traceback (most" not in result


def test_a_wrong_site_file_is_one_message(tmp_path: Path) -> None:
    shop = copied_shop(tmp_path)
    site = shop / "edgewise.toml"
    site.write_text(site.read_text().replace('origin = "app"', 'orign = "app"', 1))
    result = _failing(shop)
    assert (
        "edgewise.toml" in result and "orign" in result and "`origin`" in result and "Traceback" not in result
    )


def test_a_folder_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    shop = copied_shop(tmp_path)
    (shop / ".edgewise").write_text("a file where the folder has to be")
    result = _failing(shop)
    assert result.startswith("error[cli.start]: ") and "the folder cannot be written" in result
    assert "Traceback" not in result


def _failing(folder: Path, *arguments: str) -> str:
    """What `edgewise up` says when it does not come up; it must end by itself with status 1."""
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "edgewise",
            "up",
            *arguments,
            *([] if "--port" in arguments else ["--port", "0"]),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 1, result.stdout
    return result.stderr


def _edgewise(*arguments: str) -> None:
    edgewise(*arguments).check_returncode()
