"""CloudFront's own API for invalidations, so that the AWS command line and boto3 work with an endpoint on this machine.

Create, get and list, in the XML of version 2020-05-31; signatures are not checked. Source: CloudFront API Reference.
Everything else of that API is answered with an error that says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qs
from xml.etree import ElementTree

from edgewise.cdn.control.html import text as escape
from edgewise.cdn.control.invalidation import Invalidation, InvalidationError, Invalidations
from edgewise.cdn.message import Headers, Request, Response

VERSION = "2020-05-31"
_NAMESPACE = f"http://cloudfront.amazonaws.com/doc/{VERSION}/"
_MAX_BODY = 16 * 1024 * 1024
_MAX_ITEMS = 100


class CloudFrontApi:
    """Answers requests below `/2020-05-31/`. Never raises: CloudFront's errors are answers too."""

    def __init__(self, distribution_id: str, invalidations: Invalidations) -> None:
        self._distribution_id = distribution_id
        self._invalidations = invalidations

    def answer(self, request: Request) -> Response:
        try:
            return self._answer(request)
        except InvalidationError as error:
            return _error(error.status, error.kind, f"{error.message}. {error.hint or ''}".strip())

    def _answer(self, request: Request) -> Response:
        match request.method, request.uri.strip("/").split("/")[1:]:
            case "POST", ["distribution", distribution, "invalidation"]:
                self._check(distribution)
                made = self._invalidations.create(*_batch(request.body))
                where = f"http://{request.headers.get('host')}{request.uri}/{made.id}"
                return _xml(201, _invalidation(made), Location=where)
            case "GET", ["distribution", distribution, "invalidation", identifier]:
                self._check(distribution)
                found = self._invalidations.find(identifier)
                if found is None:
                    raise InvalidationError(
                        "NoSuchInvalidation", f"there is no invalidation {identifier!r}", status=404
                    )
                return _xml(200, _invalidation(found))
            case "GET", ["distribution", distribution, "invalidation"]:
                self._check(distribution)
                return _xml(200, _list(self._invalidations.latest_first(), request.query))
        raise InvalidationError(
            "NotImplemented",
            "of CloudFront's API only CreateInvalidation, GetInvalidation and ListInvalidations work on this machine",
            status=501,
        )

    def _check(self, distribution: str) -> None:
        if distribution != self._distribution_id:
            raise InvalidationError(
                "NoSuchDistribution",
                f"there is no distribution {distribution!r}; the one that runs here is {self._distribution_id}",
                status=404,
            )


def _batch(body: bytes) -> tuple[list[str], str]:
    """The paths and the caller reference of an `InvalidationBatch`."""
    if not body.strip():
        raise InvalidationError("MissingBody", "an InvalidationBatch is expected as the body")
    # A document type could define entities that grow without end; CloudFront's messages have none.
    if len(body) > _MAX_BODY or b"<!" in body:
        raise InvalidationError("InvalidArgument", "the body is no InvalidationBatch")
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise InvalidationError("InvalidArgument", f"the body is not XML: {error}") from None
    names = {"c": _NAMESPACE}
    paths = [path.text or "" for path in root.findall("c:Paths/c:Items/c:Path", names)]
    quantity = root.findtext("c:Paths/c:Quantity", "", names).strip()
    reference = (root.findtext("c:CallerReference", "", names) or "").strip()
    if quantity != str(len(paths)):
        raise InvalidationError(
            "InconsistentQuantities", f"Quantity is {quantity!r}, and there are {len(paths)} paths"
        )
    if not reference:
        raise InvalidationError("InvalidArgument", "a CallerReference is needed")
    return paths, reference


def _list(made: Sequence[Invalidation], query: str) -> str:
    parameters = parse_qs(query)
    marker = parameters.get("Marker", [""])[0]
    items = parameters.get("MaxItems", [""])[0] or str(_MAX_ITEMS)
    if not (items.isascii() and items.isdigit() and len(items) < 10 and 0 < int(items) <= _MAX_ITEMS):
        raise InvalidationError("InvalidArgument", f"MaxItems is from 1 to {_MAX_ITEMS}")
    start = next((index + 1 for index, each in enumerate(made) if each.id == marker), 0)
    page = made[start : start + int(items)]
    more = start + len(page) < len(made)
    following = f"<NextMarker>{page[-1].id}</NextMarker>" if more else ""
    summaries = "".join(f"<InvalidationSummary>{_head(each)}</InvalidationSummary>" for each in page)
    return _element(
        "InvalidationList",
        f"<Marker>{escape(marker)}</Marker>{following}<MaxItems>{int(items)}</MaxItems>"
        f"<IsTruncated>{str(more).lower()}</IsTruncated><Quantity>{len(page)}</Quantity>"
        f"<Items>{summaries}</Items>",
    )


def _invalidation(made: Invalidation) -> str:
    paths = "".join(f"<Path>{escape(path)}</Path>" for path in made.paths)
    return _element(
        "Invalidation",
        f"{_head(made)}<InvalidationBatch><Paths><Quantity>{len(made.paths)}</Quantity><Items>{paths}</Items></Paths>"
        f"<CallerReference>{escape(made.caller_reference)}</CallerReference></InvalidationBatch>",
    )


def _head(made: Invalidation) -> str:
    created = (
        datetime.fromtimestamp(made.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
    return f"<Id>{made.id}</Id><CreateTime>{created}</CreateTime><Status>Completed</Status>"


def _error(status: int, kind: str, message: str) -> Response:
    content = f"<Error><Type>Sender</Type><Code>{kind}</Code><Message>{escape(message)}</Message></Error>"
    return _xml(status, _element("ErrorResponse", f"{content}<RequestId>{secrets.token_hex(16)}</RequestId>"))


def _element(name: str, content: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} xmlns="{_NAMESPACE}">{content}</{name}>'


def _xml(status: int, document: str, **headers: str) -> Response:
    lines = [("Content-Type", "text/xml; charset=utf-8"), ("x-amzn-RequestId", secrets.token_hex(16))]
    return Response(status, Headers([*lines, *headers.items()]), document.encode("utf-8", "replace"))
