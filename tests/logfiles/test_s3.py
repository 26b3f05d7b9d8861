"""Logs of a bucket: listed page by page, fetched, imported once."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgewise.logfiles.errors import SourceError
from logfiles.samples import bring_from, line, log, rows
from support.bucket import bucket

OBJECTS = {
    "logs/": b"",
    **{
        f"logs/E2EXAMPLE0001.2024-03-11-1{hour}.a b+c%2F.gz": gzip.compress(
            log(line(time=f"1{hour}:00:00", x_edge_request_id=f"r{hour}")).encode()
        )
        for hour in range(5)
    },
    "other/x.gz": b"not asked for",
}


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with bucket("mine", OBJECTS) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
        yield monkeypatch


def test_the_objects_of_a_prefix_are_imported_once(s3: pytest.MonkeyPatch, tmp_path: Path) -> None:
    summary, _ = bring_from(tmp_path / "store", "s3://mine/logs/")
    assert (summary.records, len(summary.files)) == (5, 5)
    assert [row["distribution_id"] for row in rows(tmp_path / "store")] == ["E2EXAMPLE0001"] * 5
    assert bring_from(tmp_path / "store", "s3://mine/logs/")[0].skipped == 5


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("s3://mine/none/", "nothing is under"),
        ("s3://yours/", "NoSuchBucket"),
        ("s3:///a", "names no bucket"),
    ],
)
def test_what_s3_does_not_give_is_said(
    s3: pytest.MonkeyPatch, tmp_path: Path, url: str, message: str
) -> None:
    with pytest.raises(SourceError, match=message):
        bring_from(tmp_path / "store", url)


def test_an_object_that_cannot_be_had_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, s3: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with bucket("mine", {**OBJECTS, "logs/secret.gz": None}) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
        summary, _ = bring_from(tmp_path / "store", "s3://mine/logs/")
    assert summary.records == 5
    assert "AccessDenied" in summary.failed["s3://mine/logs/secret.gz"]


def test_without_boto3_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(SourceError, match="pip install boto3"):
        bring_from(tmp_path / "store", "s3://mine/logs/")
