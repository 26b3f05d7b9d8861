"""`[real_time_log]` with `edgewise up`: lines go through the function that is deployed, and come into the store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from support.site import eventually, running

SITE = """\
name = "busy"
[origins.files]
folder = "public"
[default]
origin = "files"
functions = false
[[behaviors]]
path = "/api/*"
origin = "files"
[[behaviors]]
path = "/plain/*"
origin = "files"
functions = false
[log]
client_address = "truncate"
query = ["page"]
[real_time_log]
url = "https://logs.example.com"
access_key = { from = "secrets-manager", name = "arn:aws:secretsmanager:us-east-1:111122223333:secret:busy/k-AbCdEf" }
behaviors = ["*", "/api/*"]
headers = ["X-App"]
visitor = true
"""
QUERY = "SELECT * FROM access ORDER BY path"


def test_requests_without_a_function_are_recorded_and_masked(tmp_path: Path) -> None:
    for folder in ("public/api", "public/plain"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "page").write_text("hello")
    (tmp_path / "edgewise.toml").write_text(SITE)
    with running(folder=tmp_path) as up:
        headers = {"X-App": "seven", "Cookie": "session=1", "User-Agent": "Mozilla/5.0 (X11)"}
        # No file, so an error of the bucket's: functions of the viewer's would not run after it, had it any.
        up.request("/nothing;id=1?page=2&token=secret", headers=headers)
        up.request("/api/page?page=3&token=secret", headers=headers)
        up.request("/plain/page?token=public")

        def all_three() -> list[dict[str, Any]] | None:
            rows = up.rows(QUERY)
            return rows if len(rows) == 3 else None

        api, missing, plain = eventually(all_three)
        assert (missing["path"], missing["query"], missing["status"]) == ("/nothing", "page=2", 403)
        assert (missing["client_ip"], missing["header_x_app"], missing.get("origin")) == (
            "127.0.0.0",
            "seven",
            None,
        )
        assert missing["visitor"] and missing["visitor"] == api["visitor"]
        # A behavior that is not in this log is recorded by the local CDN itself, as ever.
        assert (plain["query"], plain["client_ip"], plain["result"]) == ("token=public", "127.0.0.1", "Miss")
        eventually(lambda: up.rows("SELECT 1 FROM edge"))
        joined = {
            row["path"]: row["recorded_by"] for row in up.rows("SELECT path, recorded_by FROM requests")
        }
        assert joined == {"/api/page": "edge+access", "/nothing": "access", "/plain/page": "access"}
        (edge,) = up.rows("SELECT DISTINCT request_id FROM edge")
        assert edge["request_id"] == api["request_id"]
        done = subprocess.run(
            [sys.executable, "-m", "edgewise", "logs"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert "/nothing?page=2" in done.stdout and "secret" not in done.stdout
        assert up.end() == 0
    # What is written as CloudFront writes it has the lines as they are.
    lines = "".join(
        file.read_text() for file in (tmp_path / ".edgewise/logs/kinesis/busy-real-time").iterdir()
    )
    assert lines.count("\n") == 2 and "token=secret" in lines
