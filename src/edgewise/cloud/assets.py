"""The bucket that CloudFormation takes the functions' code and the template from, made when it is missing.

Objects are named by their content, so that nothing is stored twice and nothing that was deployed is overwritten.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from edgewise.cloud.asking import called, pages
from edgewise.cloud.errors import AssetsError, CloudError
from edgewise.cloud.package import Asset

_KEPT_DAYS: Final = 90
# A bucket that has it was set up to the end, as this version does.
_READY: Final = {"Key": "edgewise-assets", "Value": "1"}
_THERE: Final = frozenset(("412", "PreconditionFailed"))


def bucket_name(site: str, account: str) -> str:
    """One bucket a site and account. Bucket names have 63 characters at most."""
    name = f"{site}-edgewise-assets-{account}"
    if len(name) <= 63:
        return name
    short = hashlib.sha256(site.encode()).hexdigest()[:8]
    return f"{site[: 63 - len(name) + len(site) - 9].rstrip('-.')}-{short}-edgewise-assets-{account}"


def template_key(template: Mapping[str, Any]) -> str:
    """What a template is called in the bucket."""
    return f"templates/{hashlib.sha256(json.dumps(template).encode()).hexdigest()}.json"


class Assets:
    """The bucket of a site in an account; `client` is S3's in us-east-1."""

    def __init__(self, client: Any, site: str, account: str) -> None:
        self.bucket = bucket_name(site, account)
        self._client = client
        self._account = account

    def exists(self) -> bool:
        """Whether it is there and ours. Raises `AssetsError` for one that is somebody else's."""
        try:
            self.call("head_bucket")
        except CloudError as error:
            if error.reason in ("404", "NoSuchBucket"):
                return False
            if error.reason in ("403", "AccessDenied"):
                raise AssetsError(
                    "the bucket of the functions' code belongs to another account, or may not be read",
                    file=self.bucket,
                    hint="`edgewise doctor` says which rights are missing.",
                ) from None
            raise
        return True

    def ensure(self) -> bool:
        """Make it and set it up: private, encrypted, TLS only, versioned. True if there was anything to do."""
        there = self.exists()
        if there and self._is_ready():
            return False
        if not there:
            called(self.bucket, lambda: self._client.create_bucket(Bucket=self.bucket))
        self._set_up()
        return True

    def put_code(self, asset: Asset) -> bool:
        """Bring a function's code there; False if it was there."""
        return self._put(asset.key, asset.content)

    def put_template(self, template: Mapping[str, Any]) -> tuple[str, str]:
        """Bring a template there; its key and the address that CloudFormation reads it at."""
        key, body = template_key(template), json.dumps(template).encode()
        self._put(key, body)
        return key, self.url(key)

    def url(self, key: str) -> str:
        """The address that CloudFormation reads a template at."""
        return f"https://{self.bucket}.s3.amazonaws.com/{key}"

    def get(self, key: str) -> dict[str, Any]:
        """A document that was put there."""
        answer = self.call("get_object", Key=key)
        document: dict[str, Any] = json.loads(answer["Body"].read())
        return document

    def names(self, prefix: str) -> list[str]:
        """The keys under a prefix, sorted."""
        found = pages(self.bucket, self._client, "list_objects_v2", Prefix=prefix, **self._own())
        return sorted(one["Key"] for page in found for one in page.get("Contents", ()))

    def put_once(self, key: str, document: Mapping[str, Any]) -> bool:
        """Write a document where nothing is; False if something is."""
        return self._put(key, json.dumps(document, indent=1).encode())

    def remove(self) -> None:
        """Delete the bucket and all that is in it, old versions too."""
        for page in pages(self.bucket, self._client, "list_object_versions", **self._own()):
            gone = [
                {"Key": one["Key"], "VersionId": one["VersionId"]}
                for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            ]
            if gone:
                self.call("delete_objects", Delete={"Objects": gone, "Quiet": True})
        self.call("delete_bucket")

    def call(self, operation: str, **arguments: Any) -> Any:
        """An operation of S3's on the bucket, provided that it is this account's. Raises `CloudError`."""
        ask = getattr(self._client, operation)
        return called(self.bucket, lambda: ask(**self._own(), **arguments))

    def _own(self) -> dict[str, str]:
        """The bucket, as long as it is this account's: its name is one that others could take first."""
        return {"Bucket": self.bucket, "ExpectedBucketOwner": self._account}

    def _put(self, key: str, content: bytes) -> bool:
        try:
            self.call("put_object", Key=key, Body=content, IfNoneMatch="*")
        except CloudError as error:
            if error.reason in _THERE:
                return False
            raise
        return True

    def _is_ready(self) -> bool:
        try:
            return _READY in self.call("get_bucket_tagging")["TagSet"]
        except CloudError as error:
            if error.reason == "NoSuchTagSet":
                return False
            raise

    def _set_up(self) -> None:
        private = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        self.call("put_public_access_block", PublicAccessBlockConfiguration=dict.fromkeys(private, True))
        encrypted = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        self.call("put_bucket_encryption", ServerSideEncryptionConfiguration={"Rules": [encrypted]})
        self.call("put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"})
        kept = {
            "ID": "old-versions",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": _KEPT_DAYS},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        }
        self.call("put_bucket_lifecycle_configuration", LifecycleConfiguration={"Rules": [kept]})
        self.call("put_bucket_policy", Policy=json.dumps(self._tls_only()))
        # Last: it says that all of the above is done.
        self.call("put_bucket_tagging", Tagging={"TagSet": [_READY]})

    def _tls_only(self) -> dict[str, Any]:
        arn = f"arn:aws:s3:::{self.bucket}"
        return {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "TlsOnly",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [arn, f"{arn}/*"],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        }
