"""Cases that read and replace bodies."""

import base64
from typing import Any

from .show import DONE, Cf, generated


def body_seen(cf: Cf, context: Any) -> Any:
    """What of the request's body arrived here, in short."""
    body = cf["request"].get("body")
    if body is None:
        return generated("200", "null")
    data = base64.b64decode(body["data"])
    text = repr(data[:40].decode("latin-1")).replace("'", '"')
    truncated = "true" if body["inputTruncated"] else "false"
    shape = f'"encoding": "{body["encoding"]}", "action": "{body["action"]}", "inputTruncated": {truncated}'
    return generated("200", f'{{{shape}, "size": {len(data)}, "begins": {text}}}')


def edit_body(cf: Cf, context: Any) -> Any:
    """Edit the body and leave its action at read-only."""
    cf["request"]["body"]["data"] = base64.b64encode(b"edited").decode()
    return DONE


def replace_body(cf: Cf, context: Any, encoding: str, data: str) -> Any:
    cf["request"]["body"].update(action="replace", encoding=encoding, data=data)
    return DONE


def replace_size(cf: Cf, context: Any, encoding: str, size: str) -> Any:
    """A new body of so many characters."""
    cf["request"]["body"].update(action="replace", encoding=encoding, data="x" * int(size))
    return DONE


def answer_body(cf: Cf, context: Any, text: str = "") -> Any:
    """Another body for the response."""
    cf["response"]["body"] = text
    return DONE


def answer_size(cf: Cf, context: Any, size: str) -> Any:
    cf["response"]["body"] = "x" * int(size)
    return DONE


CASES = {
    "body-seen": body_seen,
    "edit-body": edit_body,
    "replace-body": replace_body,
    "replace-size": replace_size,
    "body": answer_body,
    "body-size": answer_size,
}
