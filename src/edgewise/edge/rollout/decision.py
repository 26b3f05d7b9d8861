"""Which version a visitor gets, and why. Plain rules: time and everything that is known is passed in.

In this order: the kill switch, a tester's cookie, one of a release that is not known here yet, the end of the release,
a session's cookie, the session store, the exclusions, the weight. Who has a session keeps its version; the weight is
for new ones alone.
"""

from __future__ import annotations

from edgewise.edge.errors import LoadError

from .tokens import NO_RELEASE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .release import Release
    from .sessions import Session
    from .tokens import Claim

REASONS = (
    "off",  # the kill switch
    "tester",
    "tester-link",  # led to the same address without it
    "tester-refused",  # the same with a link that is not good, or not any more
    "cookie",
    "earlier",  # a session that the release has not sent there
    "cookie-unverified",  # the key cannot be read
    "session-store",
    "session-unknown",  # there is a session of the app, and the store does not say on which version
    "excluded",
    "weight",  # whichever side of it
    "full",
    "done",
    "rolled-back",
    "no-state",  # nothing is known of a release
    "old-state",  # what is known of it may have been taken back since
    "no-key",
    "fault",  # ours
)


class Decision:
    """`version` because of `reason`, and the session that a cookie is to keep, if any: since `issued` (seconds), in
    `release`."""

    __slots__ = ("issued", "reason", "release", "version")

    def __init__(
        self, version: str, reason: str, issued: int | None = None, release: str = NO_RELEASE
    ) -> None:
        self.version = version
        self.reason = reason
        self.issued = issued
        self.release = release


class Visitor:
    """What is known of who asks. Each question that costs something is asked only where the answer matters.

    `claim` is that of the cookie. `find_session` asks the store, LoadError if that does not answer; `is_excluded` is
    whether to keep the visitor from the new version; `share` is the visitor's number from 0 to 100, None without a key.
    """

    __slots__ = ("claim", "find_session", "is_excluded", "share")

    def __init__(
        self,
        claim: Claim | None,
        find_session: Callable[[], Session | None],
        is_excluded: Callable[[], bool],
        share: Callable[[], float | None],
    ) -> None:
        self.claim = claim
        self.find_session = find_session
        self.is_excluded = is_excluded
        self.share = share


def decide(release: Release, visitor: Visitor, now: int, *, is_old: bool = False) -> Decision:
    """The decision while `release` goes on; `now` is in microseconds.

    `is_old`: it may have been rolled back since, so that no session begins on the new version.
    """
    claim, seconds = visitor.claim, now // 1_000_000
    if release.off:
        return Decision(release.stable, "off")
    if claim is not None and claim.is_tester:
        return Decision(claim.version, "tester")
    if claim is not None and _is_of_a_later_one(release, claim):
        return decide_without_release(release.stable, claim, now)
    if release.state == "done":
        begun = claim.issued if claim is not None and claim.version == release.new else seconds
        return Decision(release.new, "done", begun, release.name)
    if claim is not None and _holds(release, claim, now):
        return Decision(claim.version, _cookie_reason(claim, release), claim.issued, claim.release)
    try:
        session = visitor.find_session()
    except LoadError:
        decision = _begin(release, visitor, now, is_old)
        if decision.version == release.new:
            decision.issued = None  # for now only: the session may well be on the other version
        decision.reason = "session-unknown"
        return decision
    if session is not None and seconds < session.expires and _holds(release, session, now):
        if _is_from_before(release, session):
            return Decision(session.version, "earlier", session.issued)
        return Decision(session.version, "session-store", session.issued, release.name)
    return _begin(release, visitor, now, is_old)


def decide_without_release(stable: str, claim: Claim | None, now: int) -> Decision:
    """The decision where nothing is known of a release: a cookie keeps its version, all others begin on `stable`.

    So a release that starts, or is known at last, moves nobody in the middle of a session.
    """
    if claim is None:
        return Decision(stable, "no-state", now // 1_000_000)
    if claim.is_tester:
        return Decision(claim.version, "tester")
    return Decision(claim.version, _cookie_reason(claim), claim.issued, claim.release)


def _is_of_a_later_one(release: Release, claim: Claim) -> bool:
    """Whether a session began in a release that is not known here yet: this one is over, and moves nobody."""
    if not claim.verified or not release.started or claim.release in (NO_RELEASE, release.name):
        return False
    return not _is_from_before(release, claim)


def _is_from_before(release: Release, session: Claim | Session) -> bool:
    """Whether a session is older than the release."""
    return session.issued < release.started // 1_000_000


def _cookie_reason(claim: Claim, release: Release | None = None) -> str:
    if not claim.verified:
        return "cookie-unverified"
    return "cookie" if release is None or claim.release == release.name else "earlier"


def _holds(release: Release, session: Claim | Session, now: int) -> bool:
    """Whether a session that has begun goes on, also one from before the release unless that has evicted it."""
    version = session.version
    if version == release.evict_version and session.issued * 1_000_000 < release.evict_before:
        return False
    if version == release.stable:
        return not _has_drained(release, now)
    return version == release.new


def _has_drained(release: Release, now: int) -> bool:
    """Whether sessions on the stable version are over, whose origin may be gone then."""
    return release.state == "draining" and release.drain_until is not None and now >= release.drain_until


def _begin(release: Release, visitor: Visitor, now: int, is_old: bool) -> Decision:
    """A new session."""
    seconds = now // 1_000_000
    if release.state == "rolled-back":
        return Decision(release.stable, "rolled-back", seconds, release.name)
    if is_old and not _has_drained(release, now):
        return Decision(release.stable, "old-state", seconds, release.name)
    if release.state in ("full", "draining"):
        return Decision(release.new, "full", seconds, release.name)
    if visitor.is_excluded():
        return Decision(release.stable, "excluded")
    share = visitor.share()
    if share is None:
        return Decision(release.stable, "no-key")
    version = release.new if share < release.weight else release.stable
    return Decision(version, "weight", seconds, release.name)
