"""The built-in steps of a rollout, one for each trigger: decide, choose the origin, note its answer, set the cookie.

Whatever fails here is counted and told in the record; the visitor gets the version of his cookie, or the stable one.
"""

from __future__ import annotations

from edgewise.edge.cookies import take_cookie
from edgewise.edge.privacy import household

from . import origin
from .decision import Decision, Visitor, decide, decide_without_release
from .exclusion import is_automatic
from .knowledge import Knowledge
from .tokens import (
    NO_RELEASE,
    PARAMETER,
    make_session_cookie,
    make_tester_cookie,
    read_cookie,
    read_link,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from edgewise.edge.environment import Environment
    from edgewise.edge.request import Request
    from edgewise.edge.response import Response

    from .release import Release
    from .tokens import Claim, Signer

DECISION = "X-Edgewise-Decision"  # RELEASE;REASON;START and, where a cookie is due, ;COOKIE
_OURS = (DECISION.lower(), origin.ASKED.lower())
_MOST_COOKIES = 4  # of our name, which browsers send if somebody has set some for other paths or domains
_HELD = ("cookie", "earlier")  # whose visitor has a cookie already, as a rule
_SKEW_SECONDS = 300  # by which the clocks of two environments may differ


class Rollout:
    """The steps of one environment."""

    def __init__(self, rollout: Mapping[str, Any], environment: Environment) -> None:
        """`rollout` as `Settings` has checked it."""
        self._environment = environment
        self._knowledge = Knowledge(rollout, environment)
        self._stable: str = rollout["stable"]
        self._origins: Mapping[str, Mapping[str, str]] = rollout["origins"]
        self._header: str = rollout["header"]
        self._cookie: str = rollout["cookie"]
        self._session_s: int = rollout["session_s"]
        self._excluded_paths = frozenset(rollout["exclude_paths"])

    def close(self) -> None:
        """Close the connections."""
        self._knowledge.close()

    def decide_version(self, request: Request) -> Response | None:
        """At viewer-request: the version goes into its header, the reason and a cookie that is due into another."""
        headers, values = request.event["headers"], []
        try:
            if PARAMETER in request.query and (answer := self._follow_link(request)) is not None:
                return answer
            values = take_cookie(self._cookie, headers)[:_MOST_COOKIES]
            decision, release, cookie = self._decide(request, values)
        except Exception as fault:
            self._environment.note_failure("rollout", fault)
            claim = self._read_claim(values, None)
            decision, release, cookie = Decision(claim.version if claim else self._stable, "fault"), "", ""
        for name in _OURS:
            headers.pop(name, None)
        told = f"{release};{decision.reason};{'' if decision.issued is None else decision.issued}"
        _set(headers, self._header, decision.version)
        _set(headers, DECISION, f"{told};{cookie}" if cookie else told)
        noted = self._environment.noted
        noted["release"], noted["version"], noted["decision"] = release, decision.version, decision.reason
        return None

    def choose_origin(self, request: Request) -> None:
        """At origin-request: to the origin of the version, if the request is on its way to the stable one's."""
        if not origin.is_at(request, self._origins[self._stable]["domain"]):
            request.headers.remove(origin.ASKED)
            return
        origin.note_time(request, self._environment.clock.now())
        version = request.headers.get(self._header) or self._stable
        if version != self._stable and version in self._origins:
            origin.send_to(request, self._origins[version])

    def note_outcome(self, request: Request, response: Response) -> None:
        """At origin-response: the record tells which version answered, and after how long."""
        noted = self._environment.noted
        noted.update(origin.outcome(request, self._origins, self._environment.entered))
        release, _, rest = (request.headers.get(DECISION) or "").partition(";")
        if noted and rest:
            noted["release"], noted["decision"] = release, rest.partition(";")[0]

    def set_cookie(self, request: Request, response: Response) -> None:
        """At viewer-response: the cookie that is due, a first one on pages. Here it is never cached with the object."""
        parts = (request.headers.get(DECISION) or "").split(";")
        if len(parts) == 4 and (parts[1] in _HELD or _is_page(request, response)):
            response.set_cookie(self._cookie, parts[3], max_age=self._session_s)

    def _decide(self, request: Request, values: Sequence[str]) -> tuple[Decision, str, str]:
        """The decision, the name of the release, and the cookie if one is due."""
        now = self._environment.entered
        seconds = now // 1_000_000
        signer = self._knowledge.read_key()
        release, is_old = self._knowledge.read_release()
        claim = self._read_claim(values, signer)
        visitor = Visitor(
            claim,
            lambda: self._knowledge.find_session(request),
            lambda: request.path in self._excluded_paths or is_automatic(_user_agent(request)),
            lambda: None if signer is None or release is None else _share(signer, release, request),
        )
        if release is None:
            decision, name = decide_without_release(self._stable, claim, now), ""
        else:
            decision, name = decide(release, visitor, now, is_old=is_old), release.name
        if decision.reason == "cookie" and decision.release != NO_RELEASE:
            name = decision.release  # though it may not be known here
        cookie = ""
        if signer is not None and decision.issued is not None and self._is_due(decision, claim):
            cookie = make_session_cookie(signer, decision.release, decision.version, decision.issued, seconds)
        return decision, name, cookie

    def _is_due(self, decision: Decision, claim: Claim | None) -> bool:
        """Whether the cookie is another one than the visitor has, or a tenth of its time has passed."""
        known = claim and (claim.release, claim.version, claim.issued)
        if claim is None or known != (decision.release, decision.version, decision.issued):
            return True
        age = self._environment.entered // 1_000_000 - claim.renewed
        return not -_SKEW_SECONDS <= age < self._session_s / 10

    def _read_claim(self, values: Sequence[str], signer: Signer | None) -> Claim | None:
        """The first cookie of ours that is good still."""
        seconds = self._environment.entered // 1_000_000
        for value in values:
            claim = read_cookie(value, signer, self._session_s)
            if claim is not None and claim.version in self._origins and seconds < claim.expires:
                return claim
        return None

    def _follow_link(self, request: Request) -> Response | None:
        """A link leads to the same address without it, so that nothing else learns it; a good one sets a cookie.

        None for other addresses, and for what has a body, which would be lost.
        """
        parts = request.query.split("&")
        tokens = [part.partition("=")[2] for part in parts if _is_link(part)]
        if not tokens or request.method not in ("GET", "HEAD"):
            return None
        # A path that begins with two slashes would be another host's name.
        path = f"/.{request.path}" if request.path[1:2] in ("/", "\\") else request.path
        query = "&".join(part for part in parts if not _is_link(part))
        answer = request.redirect(f"{path}?{query}" if query else path)
        answer.headers.set("Cache-Control", "no-store")
        # The token is good until it expires: its record goes without the query.
        self._environment.noted |= {"decision": "tester-refused", "query": None}
        signer = self._knowledge.read_key()
        link = read_link(tokens[0], signer) if signer is not None else None
        seconds = self._environment.entered // 1_000_000
        if signer is not None and link is not None and link[0] in self._origins and link[1] > seconds:
            version, expires = link
            cookie = make_tester_cookie(signer, version, seconds, expires)
            answer.set_cookie(self._cookie, cookie, max_age=expires - seconds)
            self._environment.noted["decision"] = "tester-link"
        return answer


def _is_link(part: str) -> bool:
    """Whether a part of a query is a tester's link."""
    return part.partition("=")[0] == PARAMETER


def _set(headers: dict[str, Any], name: str, value: str) -> None:
    """The values are ours, so that nothing of them has to be looked at."""
    headers[name.lower()] = [{"key": name, "value": value}]


def _is_page(request: Request, response: Response) -> bool:
    """Whether a browser shows it. A page that has not changed says nothing of its type: what was asked for does."""
    if response.status == 304:
        headers = request.headers
        return headers.get("sec-fetch-dest") == "document" or "text/html" in (headers.get("accept") or "")
    return (response.headers.get("content-type") or "").lower().startswith("text/html")


def _user_agent(request: Request) -> str:
    return request.headers.get("user-agent") or ""


def _share(signer: Signer, release: Release, request: Request) -> float:
    """The visitor's number: the same for all of his first requests, which have no cookie yet."""
    return signer.share(release.name, household(request.client_ip), _user_agent(request))
