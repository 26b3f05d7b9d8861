"""Which requests have their records kept where not all are: decided by the request's id, so that the records of
one request, made in different functions and regions, are kept or left out together."""

from __future__ import annotations


def is_sampled(request_id: str, rate: float) -> bool:
    """Whether the request belongs to the share `rate` (0 to 1). CloudFront makes the ids, so no visitor can choose."""
    if rate >= 1:
        return True
    from binascii import crc32  # here, for most sites keep all

    return crc32(request_id.encode("utf-8", "replace")) < rate * 0x1_0000_0000
