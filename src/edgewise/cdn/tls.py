"""A certificate authority of this machine's own, for `https://` on the local address."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable
from pathlib import Path

import trustme


def local_authority(folder: Path) -> trustme.CA:
    """The authority kept in `folder` (`ca.pem`, `ca.key`), made at the first use.

    It stays the same over restarts, so that a browser or `curl --cacert ca.pem` can trust it once.
    """
    certificate, key = folder / "ca.pem", folder / "ca.key"
    if certificate.exists() and key.exists():
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    authority = trustme.CA(organization_name="Edgewise, this machine only")
    folder.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(authority.private_key_pem.bytes())
    authority.cert_pem.write_to_path(certificate)
    return authority


def server_context(authority: trustme.CA, names: Iterable[str]) -> ssl.SSLContext:
    """What a server needs to speak TLS under some names and addresses."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context
