"""Signature Version 4, which proves to AWS who sends a request and that nobody has changed it.

AWS's IAM User Guide, "Create a signed AWS API request". Not for S3, which encodes paths otherwise.
"""

from __future__ import annotations

import hmac
import time
from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .credentials import Credentials

_ALGORITHM = "AWS4-HMAC-SHA256"
_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/"


def sign(
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    service: str,
    region: str,
    credentials: Credentials,
    now: int,
) -> dict[str, str]:
    """`headers` with X-Amz-Date, X-Amz-Security-Token (for temporary credentials) and Authorization added.

    `target` is path and query as they are sent, percent-encoded, without empty or dot segments. `headers` hold Host,
    and whatever else is in them is signed too. `now` is in microseconds; AWS takes the request within 5 minutes of it.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now // 1_000_000))
    signed = {**headers, "X-Amz-Date": stamp}
    if credentials.token:
        signed["X-Amz-Security-Token"] = credentials.token
    request, names = _canonical_request(method, target, signed, body)
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    text = f"{_ALGORITHM}\n{stamp}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (stamp[:8], region, service, "aws4_request", text):
        key = hmac.digest(key, part.encode(), "sha256")
    signed["Authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={key.hex()}"
    )
    return signed


def _canonical_request(method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
    """The one form of a request on which both sides agree, and the names of the headers in it."""
    path, _, query = target.partition("?")
    # Of the parts between the `&`s, sorted by name, then value: sorting them whole would put `a-b=` before `a=`.
    parameters = sorted(
        (name, value) for name, _, value in (part.partition("=") for part in query.split("&"))
    )
    values = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    names = ";".join(sorted(values))
    lines = (
        method,
        _encode(path),  # once more: what is sent is encoded already
        "&".join(f"{name}={value}" for name, value in parameters) if query else "",
        *(f"{name}:{values[name]}" for name in sorted(values)),
        "",
        names,
        sha256(body).hexdigest(),
    )
    return "\n".join(lines), names


def _encode(path: str) -> str:
    """As `urllib.parse.quote` does, whose import takes as long as hundreds of signatures."""
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in path.encode())
