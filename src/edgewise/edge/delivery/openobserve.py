"""OpenObserve's `_json` endpoint, which the embedded store speaks too: how records are posted, and what it answers.

A status of 200 proves nothing there: it is also given where nothing was stored, and only the `status` list counts.
"""

from __future__ import annotations

import json
import zlib
from binascii import b2a_base64

from edgewise.edge.output import hide

from .destination import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Tokens = Callable[[], Sequence[str]]

# Level 1 costs some 70 µs whatever the size, all of a small function's share of a processor: for one or two records
# that is more than the bytes are worth to the visitor. Five records shrink to a quarter for 85 µs.
COMPRESSED_FROM = 4096  # bytes
_SHOWN_CHARACTERS = 200
# The batch is at fault, or one record of it, or (415) that it is compressed; a smaller one may be taken. Whatever else
# is wrong (an address, credentials, a proxy) can be mended from outside while the records wait.
_REFUSING = (400, 413, 415, 422)


class OpenObserve:
    """The destination `url`/api/`organization`/`stream`/_json, with Basic credentials.

    `tokens` gives the passwords, or ingestion tokens, that may be valid at present: one, or two while they are
    rotated. The one that was taken last is used until it is refused (401, 403); then the other one has its turn.
    """

    def __init__(self, log: Mapping[str, Any], tokens: Tokens | None = None) -> None:
        """`log` as `Settings` has checked it: url, organization, stream, user and, without `tokens`, password."""
        scheme, _, rest = log["url"].partition("://")
        place, slash, prefix = rest.partition("/")
        self.host = f"{scheme}://{place}"
        self.most_records = 500
        self._head = (
            f"POST {slash}{prefix}/api/{log['organization']}/{log['stream']}/_json HTTP/1.1\r\n"
            f"Host: {place}\r\nUser-Agent: edgewise\r\nContent-Type: application/json\r\n"
        )
        self._user = log["user"]
        self._tokens: Tokens = tokens or (lambda: (log["password"],))
        self._turn = 0
        # Of what was sent; must not be printed, should an answer repeat it.
        self._hidden: tuple[str, ...] = ()

    def request(self, lines: Sequence[str]) -> bytes:
        """A POST of the records as one JSON array, compressed from a certain size on."""
        body = f"[{','.join(lines)}]".encode("ascii")
        encoding = ""
        if len(body) >= COMPRESSED_FROM:
            body, encoding = _gzip(body), "Content-Encoding: gzip\r\n"
        tokens = self._tokens()
        token = tokens[self._turn % len(tokens)]
        credentials = b2a_base64(f"{self._user}:{token}".encode(), newline=False).decode("ascii")
        self._hidden = (credentials, token) if token else ()
        head = (
            f"{self._head}Authorization: Basic {credentials}\r\n{encoding}Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode("ascii") + body

    def verdict(self, status: int, body: bytes, count: int) -> Verdict:
        """OpenObserve names the numbers of records that it stored and refused, never which."""
        shown = hide(body.decode("utf-8", "replace"), self._hidden)
        reason = f"status {status} {shown[:_SHOWN_CHARACTERS]}"
        if status == 200:
            stored, failed = _counts(body)
            if min(stored, failed) >= 0 and stored + failed == count:
                # Which ones is clear if it is all of them; else those that it stored would be stored twice.
                return Verdict(
                    range(stored), refused=range(stored, count), reason=reason, certain=stored in (0, count)
                )
        elif status in (401, 403) and len(self._tokens()) > 1:
            self._turn ^= 1
            reason += "; the other token is tried"
        elif status in _REFUSING:
            return Verdict(refused=range(count), reason=reason, certain=False)
        return Verdict(reason=reason)


def _counts(body: bytes) -> tuple[int, int]:
    """How many records the answer calls successful, and how many failed; none of either if it is of another shape."""
    try:
        parts = json.loads(body)["status"]
        return sum(int(part["successful"]) for part in parts), sum(int(part["failed"]) for part in parts)
    except (ValueError, LookupError, TypeError):
        return 0, 0


def _gzip(body: bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)  # 16: with the frame of gzip
    return packer.compress(body) + packer.flush()
