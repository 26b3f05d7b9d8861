"""Files of the standard log as a site's own `[standard_log]` has them written: all of them can be imported."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from edgewise.site import load_site
from logfiles.samples import bring, rows, values

# By Hive's rules, below the folder that the template has; CloudFront begins the file's name with the distribution's id.
PLACE = "access/year=2024/month=03/day=11/E2EXAMPLE.2024-03-11-12.0badc0de"
KNOWN = values() | {
    "timestamp(ms)": "1710158400123",
    "c-country": "DE",
    "cache-behavior-path-pattern": "/api/*",
}


@pytest.fixture
def fields(tmp_path: Path) -> tuple[str, ...]:
    """Those of a site that says nothing of them."""
    text = 'name = "shop"\n[origins.app]\ndomain = "app.example.com"\n[default]\norigin = "app"\n[standard_log]\n'
    (tmp_path / "edgewise.toml").write_text(text)
    log = load_site(tmp_path).standard_log
    assert log
    return log.fields


def imported(folder: Path, name: str, content: bytes) -> dict[str, Any]:
    file = folder / f"{PLACE}{name}"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    bring(folder / "store", folder / "access")
    (row,) = rows(folder / "store")
    return {column: value for column, value in row.items() if value is not None}


@pytest.mark.parametrize("kind", ["json", "w3c", "parquet"])
def test_a_file_of_the_sites_own_fields(tmp_path: Path, fields: tuple[str, ...], kind: str) -> None:
    told = {name: KNOWN.get(name, "-") for name in fields}
    if kind == "parquet":
        columns = {
            name.translate(str.maketrans("()-", "___")).rstrip("_"): [one] for name, one in told.items()
        }
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table(columns), sink)
        row = imported(tmp_path, ".parquet", sink.getvalue().to_pybytes())
    elif kind == "json":
        row = imported(tmp_path, ".gz", gzip.compress(json.dumps(told).encode() + b"\n"))
    else:
        text = f"#Version: 1.0\n#Fields: {' '.join(fields)}\n" + "\t".join(told.values()) + "\n"
        row = imported(tmp_path, ".gz", gzip.compress(text.encode()))
    assert row["_timestamp"] == 1_710_158_400_123_000
    assert row["record_id"] == "req-1:access" and row["distribution_id"] == "E2EXAMPLE"
    assert (row["path"], row["query"], row["host"]) == ("/café%20au%20lait", "a=1%20b", "www.example.com")
    assert (row["status"], row["bytes_sent"], row["duration_ms"]) == (200, 4321, 57.0)
    assert (row["country"], row["behavior"], row["client_ip"]) == ("DE", "/api/*", "203.0.113.9")
    assert (row["browser"], row["content_type"], row["result"]) == (
        "Chrome",
        "text/html; charset=utf-8",
        "Hit",
    )
