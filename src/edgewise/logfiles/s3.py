"""The objects of an S3 prefix as sources, by boto3 where it is installed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edgewise.logfiles.errors import SourceError

_PIECE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Object:
    """An object of a bucket; its version is its ETag."""

    client: Any
    bucket: str
    key: str
    size: int
    version: str

    @property
    def name(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @contextmanager
    def here(self) -> Iterator[Path]:
        """A copy of it, for as long as the block lasts. Raises `SourceError`."""
        with tempfile.TemporaryDirectory(prefix="edgewise-import-") as folder:
            path = Path(folder, Path(self.key).name or "object")
            with _told(self.name), path.open("wb") as file:
                body = self.client.get_object(Bucket=self.bucket, Key=self.key)["Body"]
                shutil.copyfileobj(body, file, _PIECE)
            yield path


def objects(url: str) -> list[Object]:
    """All objects under `s3://BUCKET/PREFIX`. Region, keys and endpoint are those of AWS's own settings.

    Raises `SourceError` when boto3 is not there, the bucket cannot be listed, or nothing is under the prefix.
    """
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    if not bucket:
        raise SourceError(f"{url!r} names no bucket", hint="It looks like s3://BUCKET/PREFIX.")
    client = _client()
    found = []
    with _told(url):
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            found += [
                Object(client, bucket, one["Key"], one["Size"], one["ETag"].strip('"'))
                for one in page.get("Contents", ())
                if not one["Key"].endswith("/")
            ]
    if not found:
        raise SourceError("nothing is under this prefix", file=url)
    return found


def _client() -> Any:
    try:
        import boto3
    except ImportError:
        raise SourceError(
            "S3 is read by boto3, which is not installed", hint="Install it: pip install boto3"
        ) from None
    with _told("s3"):
        return boto3.client("s3")


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Errors of AWS and of its client as ours."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise SourceError(
            f"S3 does not give it: {error}",
            file=name,
            hint="Keys and region are those of the AWS command line.",
        ) from None
