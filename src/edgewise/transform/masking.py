"""What a record of the real-time log must not have is taken out of it, by the same rules as at the edge.

A line has what functions at the edge never read for a record: cookies and all headers. Of those only the named headers
stay. The keyed hashes are those of the edge where the site keeps a key, so that visitors are the same in both streams.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewise.edge.privacy import Keys, Privacy, header_field


class Masking:
    """`privacy` has `client_address`, `query`, `headers` and `visitor`, as the settings at the edge have them.

    `failed` counts the records that lack a hash because there was no key; they have nothing in its place.
    """

    def __init__(self, privacy: Mapping[str, Any], keys: Keys) -> None:
        self._privacy = Privacy(privacy, keys)
        self._keeps_addresses = privacy["client_address"] == "keep"
        self.failed = 0
        self.why = ""

    def __call__(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record, changed in place, and without what is empty now."""
        record.pop("cs_cookie", None)
        self._take_headers(record, record.pop("cs_headers", ""))
        if not self._keeps_addresses:
            # It names the visitor behind a proxy, and the proxies.
            record.pop("x_forwarded_for", None)
            # CloudFront's own, but an address like the visitor's: nothing tells them apart after a change of fields.
            record.pop("s_ip", None)
        # The line tells what a viewer's request told, and the edge makes a visitor's hash at the viewer's triggers.
        record["trigger"] = "viewer-request"
        try:
            self._privacy.mask(record, record["_timestamp"])
        except Exception as error:
            # Whatever kept the key away, what it was wanted for is out of the record already.
            self.failed, self.why = self.failed + 1, type(error).__name__
        del record["trigger"]
        return {name: value for name, value in record.items() if value not in (None, "")}

    def _take_headers(self, record: dict[str, Any], text: str) -> None:
        """The named ones among the headers of a request; CloudFront cuts their text, and the last may be torn."""
        if not self._privacy.headers:
            return
        wanted = {name for name, _ in self._privacy.headers}
        for line in text.split("\n")[:-1]:
            name, colon, value = line.partition(":")
            if colon and name.lower() in wanted:
                field = header_field(name)
                value = value.strip()
                record[field] = f"{record[field]}, {value}" if field in record else value
