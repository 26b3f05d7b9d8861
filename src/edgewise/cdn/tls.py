"""A certificate authority of this machine's own, for `https://` on the local address, under whatever name.

HTTP/2 is not offered: `docs/local-cdn.md` says why.
"""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509

# Browsers refuse certificates of longer life, even from an authority that they were told to trust.
_LIFE = timedelta(days=397)
_REMADE_AFTER = timedelta(days=300)
_MAX_NAMES = 1_000


def local_authority(folder: Path, now: datetime | None = None) -> trustme.CA:
    """The authority kept in `folder` (`ca.pem`, `ca.key`), made at the first use and when it has expired.

    It stays the same over restarts, so that a browser or `curl --cacert ca.pem` can trust it once. Files that cannot
    be read as a certificate and its key are replaced.
    """
    certificate, key = folder / "ca.pem", folder / "ca.key"
    if certificate.exists() and key.exists():
        found = _kept(certificate.read_bytes(), key.read_bytes(), now or datetime.now(UTC))
        if found is not None:
            key.chmod(0o600)
            return found
    authority = trustme.CA(organization_name="Edgewise, this machine only")
    folder.mkdir(parents=True, exist_ok=True)
    certificate.unlink(missing_ok=True)  # never one beside a key that is not its own
    key.unlink(missing_ok=True)
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(authority.private_key_pem.bytes())
    authority.cert_pem.write_to_path(certificate)
    return authority


def _kept(certificate: bytes, key: bytes, now: datetime) -> trustme.CA | None:
    try:
        expires = x509.load_pem_x509_certificate(certificate).not_valid_after_utc
        return trustme.CA.from_pem(certificate, key) if expires > now else None
    except ValueError:
        return None


def server_context(authority: trustme.CA, names: Iterable[str]) -> ssl.SSLContext:
    """What a server needs to speak TLS under any name.

    A viewer that names no host, or an address, gets the certificate for `names`. One that names a host (SNI) gets one
    for that host, made on the spot and kept.
    """
    certificates = _Certificates(authority)
    context = certificates.new(names)

    def choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        if name:
            # trustme makes no certificate for what is no name of a host.
            with contextlib.suppress(ValueError):
                connection.context = certificates.named(name.lower())

    context.sni_callback = choose
    return context


class _Certificates:
    """Contexts with a certificate each, by the host's name; the oldest leave when there are too many."""

    def __init__(self, authority: trustme.CA) -> None:
        self._authority = authority
        self._made: dict[str, tuple[datetime, ssl.SSLContext]] = {}

    def named(self, name: str) -> ssl.SSLContext:
        """Raises `ValueError` for what is no name of a host."""
        now = datetime.now(UTC)
        made, context = self._made.get(name, (None, None))
        if made is None or context is None or now - made > _REMADE_AFTER:
            context = self.new([name])
            self._made.pop(name, None)
            self._made[name] = (now, context)
            if len(self._made) > _MAX_NAMES:
                del self._made[next(iter(self._made))]
        return context

    def new(self, names: Iterable[str]) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        issued = self._authority.issue_cert(*names, not_after=datetime.now(UTC) + _LIFE)
        issued.configure_cert(context)
        return context
