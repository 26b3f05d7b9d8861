"""The HTTP answers that several routes give, in OpenObserve's shapes, and our errors as such answers."""

from __future__ import annotations

import functools
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Final

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from edgewise.store.api.access import Access, is_foreign
from edgewise.store.errors import BodyError, JournalError, QueryError, TokenError
from edgewise.store.tokens import Right

ORGANIZATION: Final = "default"
Handler = Callable[[Request], Awaitable[Response]]
_OTHER: Final[dict[Right, Right]] = {"read": "ingest", "ingest": "read"}
_WHAT: Final[dict[Right, str]] = {"read": "read", "ingest": "put records in"}
_LONGEST_HEADER: Final = 512
_LOG: Final = logging.getLogger(__name__)


def as_json(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers, "application/json")


def refusal(status: int, message: str) -> Response:
    return as_json({"code": status, "message": message}, status)


def guarded(access: Access, right: Right, handler: Handler) -> Handler:
    """The handler for those who may do this, in the one organisation there is, with our errors as answers."""

    @functools.wraps(handler)
    async def answer(request: Request) -> Response:
        try:
            refused = _refused(access, right, request)
            return refused if refused is not None else await handler(request)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:
            return failed(error)

    return answer


def _refused(access: Access, right: Right, request: Request) -> Response | None:
    if is_foreign(request.method, request.headers):
        return refusal(403, "a page of another site may not ask this")
    if not access.allows(request.headers, right):
        if access.allows(request.headers, _OTHER[right]):
            return refusal(403, f"this token may not {_WHAT[right]}; it was made to {_WHAT[_OTHER[right]]}")
        return PlainTextResponse(
            "Unauthorized Access", 401, {"WWW-Authenticate": 'Bearer realm="openobserve"'}
        )
    if request.path_params.get("organization", ORGANIZATION) != ORGANIZATION:
        return refusal(403, f"there is one organisation here: {ORGANIZATION}")
    return None


def failed(error: Exception) -> Response:
    """Whatever went wrong, in the shape of every other refusal."""
    if isinstance(error, QueryError):
        return _query_failed(error)
    status, message = status_of(error)
    return refusal(status, message)


def status_of(error: Exception) -> tuple[int, str]:
    """The HTTP status of a failure and what to say of it; one that nobody thought of is also logged."""
    if isinstance(error, BodyError):
        return error.status, error.message
    if isinstance(error, JournalError | TokenError):
        return 503, error.message
    _LOG.error("a request could not be answered", exc_info=error)
    return 500, f"the store failed: {error}"


def _query_failed(error: QueryError) -> Response:
    content = {
        "code": error.number,
        "message": error.message,
        "error_detail": error.hint or "",
        "trace_id": uuid.uuid4().hex,
    }
    return as_json(content, error.status, {"X-Error-Message": _header(error.message)})


def _header(message: str) -> str:
    """What of a message a header can carry: it may quote anything that was sent."""
    told = message[:_LONGEST_HEADER].encode("ascii", "backslashreplace").decode()
    return "".join(one if one.isprintable() else " " for one in told)[:_LONGEST_HEADER]
