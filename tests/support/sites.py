"""The site `shop` of tests that are about one part of a site file: the parts that it needs besides, and its folder.

Each part is text that ends a line, so that a test adds them up in the order of the file, with its own among them.
"""

from __future__ import annotations

from pathlib import Path

from edgewise.site import Site, load_site

ONE_ORIGIN = """\
name = "shop"
[origins.app]
domain = "app.example.com"
[default]
origin = "app"
"""
TWO_VERSIONS = """\
name = "shop"
[origins.v1]
domain = "v1.example.com"
[origins.v2]
domain = "v2.example.com"
[default]
origin = "v1"
"""
TO_OPENOBSERVE = """\
[log]
delivery = "openobserve"
url = "https://logs.example.com"
token = { from = "ssm", name = "/shop/token" }
"""
TO_FIREHOSE = """\
[log]
delivery = "firehose"
stream_name = "records"
"""
ROLLOUT = """\
[rollout]
stable = "v1"
new = "v2"
"""
KEY = 'key = { from = "ssm", name = "/shop/key" }\n'  # of a rollout
JUDGE = """\
[rollout.judge]
user = "judge@example.com"
password = { from = "ssm", name = "/shop/judge" }
"""
JUDGED = TWO_VERSIONS + TO_OPENOBSERVE + ROLLOUT + KEY + JUDGE


def site_of(folder: Path, text: str) -> Site:
    """The site of a file with that text, in a folder that is there."""
    (folder / "edgewise.toml").write_text(text)
    return load_site(folder)
