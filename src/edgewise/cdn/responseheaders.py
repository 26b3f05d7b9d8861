"""Response headers policies: what a behavior adds to and removes from every answer, and the managed ones by id.

Source: CloudFront Developer Guide, "Understand response headers policies" and "Use managed response headers
policies". Headers are removed first, then added.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from edgewise.cdn.message import Headers, Request, Response

CORS_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")

# Whether an answer that is not one to a preflight exposes headers. The guide says so of the setting, and says of the
# managed policies that such answers get `Access-Control-Allow-Origin` alone; browsers need it here.
_EXPOSES_ALWAYS = True


@dataclass(frozen=True, slots=True)
class CorsHeaders:
    """The CORS part. `origins` may hold `*` and wildcards; `max_age` is in seconds."""

    origins: tuple[str, ...]
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    expose: tuple[str, ...] = ()
    credentials: bool = False
    max_age: int | None = None
    override: bool = False


@dataclass(frozen=True, slots=True)
class AddedHeader:
    """A header that is added; without `override` one of the origin's stays in its place."""

    name: str
    value: str
    override: bool = False


@dataclass(frozen=True, slots=True)
class ResponseHeadersPolicy:
    """One policy, ready to be applied.

    `removed` are names in lower case; `server_timing` is the percentage of answers that get a `Server-Timing` header,
    None when the policy has none.
    """

    name: str
    cors: CorsHeaders | None = None
    added: tuple[AddedHeader, ...] = ()
    removed: frozenset[str] = frozenset()
    server_timing: float | None = None


def apply(
    policy: ResponseHeadersPolicy,
    request: Request,
    response: Response,
    server_timing: Callable[[], str],
    draw: Callable[[], float] = random.random,
) -> None:
    """Changes the response in place. `request` is the viewer's; `server_timing` tells CloudFront's metrics.

    `draw` gives a number from 0 to 1 that decides about sampling.
    """
    headers = response.headers
    if policy.removed:
        headers.remove(*policy.removed)
    if policy.cors is not None:
        _add_cors(policy.cors, request, headers)
    if policy.added:
        _add(policy.added, headers)
    # CloudFront puts its own in place of one that is removed; `Date` is in every answer anyway.
    if "server" in policy.removed and "server" not in headers:
        headers.add("Server", "CloudFront")
    if policy.server_timing is not None and _sampled(policy.server_timing, request, draw):
        _add_server_timing(headers, server_timing())


def _add(added: tuple[AddedHeader, ...], headers: Headers) -> None:
    present = {name.lower() for name, _ in headers.lines}
    for header in added:
        if header.name.lower() not in present:
            headers.lines.append((header.name, header.value))
        elif header.override:
            headers.set(header.name, header.value)


def _add_cors(cors: CorsHeaders, request: Request, headers: Headers) -> None:
    origin = request.headers.get("origin")
    allowed = _allowed_origin(cors.origins, origin)
    if not allowed:
        return
    if not cors.override and any(name.lower().startswith("access-control-") for name, _ in headers):
        return
    for name, value in _cors_lines(cors, allowed, preflight=_is_preflight(request)):
        headers.set(name, value)


def _cors_lines(cors: CorsHeaders, allowed: str, *, preflight: bool) -> list[tuple[str, str]]:
    lines = [("Access-Control-Allow-Origin", allowed)]
    if cors.credentials:
        lines.append(("Access-Control-Allow-Credentials", "true"))
    if cors.expose and (preflight or _EXPOSES_ALWAYS):
        lines.append(("Access-Control-Expose-Headers", ", ".join(cors.expose)))
    if not preflight:
        return lines
    methods = CORS_METHODS if "ALL" in cors.methods else cors.methods
    if methods:
        lines.append(("Access-Control-Allow-Methods", ", ".join(methods)))
    if cors.headers:
        lines.append(("Access-Control-Allow-Headers", ", ".join(cors.headers)))
    if cors.max_age is not None:
        lines.append(("Access-Control-Max-Age", str(cors.max_age)))
    return lines


def _is_preflight(request: Request) -> bool:
    # Fetch standard, "CORS-preflight request".
    return request.method == "OPTIONS" and "access-control-request-method" in request.headers


def _allowed_origin(patterns: tuple[str, ...], origin: str) -> str:
    """What `Access-Control-Allow-Origin` says to that `Origin`; empty when it is not allowed, or there is none."""
    if not origin:
        return ""
    if "*" in patterns:
        return "*"
    return origin if _origins(patterns).fullmatch(origin) else ""


@lru_cache(maxsize=64)
def _origins(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(_origin_pattern, patterns)), re.IGNORECASE)


def _origin_pattern(pattern: str) -> str:
    """One allowed origin. Without a scheme both match; `*.` stands for one or more labels, `:*` for any port."""
    scheme, separator, rest = pattern.rpartition("://")
    host, colon, port = rest.partition(":")
    sources = [re.escape(scheme).replace(r"\*", "[a-z]*") + "://" if separator else "https?://"]
    sources.append(r"[^/:]+\." + re.escape(host[2:]) if host.startswith("*.") else re.escape(host))
    if colon:
        sources.append(r"(?::[0-9]+)?" if port == "*" else f":{re.escape(port)}")
    return "".join(sources)


def _sampled(percentage: float, request: Request, draw: Callable[[], float]) -> bool:
    if draw() * 100 < percentage:
        return True
    return "server-timing" in request.headers.joined("pragma").lower()


def _add_server_timing(headers: Headers, metrics: str) -> None:
    """One header in all: on a miss the origin's own metrics stay, on a hit they are of another request."""
    given = "" if "cdn-cache-hit" in metrics else headers.joined("server-timing")
    headers.set("Server-Timing", f"{metrics},{given}" if given else metrics)


_SIMPLE_CORS = CorsHeaders(("*",))
_PREFLIGHT_CORS = CorsHeaders(("*",), methods=CORS_METHODS, expose=("*",))
_SECURITY = (
    AddedHeader("X-XSS-Protection", "1; mode=block"),
    AddedHeader("X-Frame-Options", "SAMEORIGIN"),
    AddedHeader("Referrer-Policy", "strict-origin-when-cross-origin"),
    AddedHeader("X-Content-Type-Options", "nosniff", override=True),
    AddedHeader("Strict-Transport-Security", "max-age=31536000"),
)

MANAGED_RESPONSE_HEADERS_POLICIES: dict[str, ResponseHeadersPolicy] = {
    "60669652-455b-4ae9-85a4-c4c02393f86c": ResponseHeadersPolicy("SimpleCORS", _SIMPLE_CORS),
    "5cc3b908-e619-4b99-88e5-2cf7f45965bd": ResponseHeadersPolicy("CORS-With-Preflight", _PREFLIGHT_CORS),
    "67f7725c-6f97-4210-82d7-5512b31e9d03": ResponseHeadersPolicy("SecurityHeadersPolicy", added=_SECURITY),
    "e61eb60c-9c35-4d20-a928-2b84e02af89c": ResponseHeadersPolicy(
        "CORS-and-SecurityHeadersPolicy", _SIMPLE_CORS, _SECURITY
    ),
    "eaab4381-ed33-4a86-88ca-d9558dc6cd63": ResponseHeadersPolicy(
        "CORS-with-preflight-and-SecurityHeadersPolicy", _PREFLIGHT_CORS, _SECURITY
    ),
}
