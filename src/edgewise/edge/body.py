"""Bodies between Python and CloudFront's JSON, and how large they may be."""

from __future__ import annotations

from .errors import MessageError, TooLargeError

# Bytes that a function may hand back, the headers of a response included. A trigger that is missing here may not
# touch status or body (CloudFront Developer Guide: "Quotas on Lambda@Edge", "Restrictions on Lambda@Edge").
SIZE_LIMITS = {"viewer-request": 40 * 1024, "origin-request": 1024 * 1024, "origin-response": 1024 * 1024}


def encode_body(body: str | bytes) -> tuple[str, str]:
    """`(data, encoding)` as CloudFront takes them: text as it is, bytes in base64."""
    if isinstance(body, str):
        try:
            body.encode()
        except UnicodeEncodeError:  # the runtime client would end the process when it is to send this
            raise MessageError("the body holds a lone surrogate, which has no UTF-8") from None
        return body, "text"
    from binascii import b2a_base64  # here, for most functions never touch a body

    return b2a_base64(body, newline=False).decode("ascii"), "base64"


def decode_body(data: str, encoding: str) -> bytes:
    """The bytes of `data` as CloudFront hands it over."""
    if encoding == "text":
        return data.encode("utf-8", "replace")
    from binascii import a2b_base64

    return a2b_base64(data)


def check_size(size: int, trigger: str) -> None:
    """Raise MessageError if `trigger` may not make an answer, TooLargeError if one of `size` bytes is too large."""
    limit = SIZE_LIMITS.get(trigger)
    if limit is None:
        raise MessageError(f"a {trigger} function may change headers only; CloudFront refuses anything else")
    if size > limit:
        raise TooLargeError(
            f"{size:,} bytes with headers are over the limit of {limit // 1024:,} KB for what {trigger} makes; "
            "let the origin serve it, or redirect to it"
        )
