"""Geographic restriction. In the template viewers in Antarctica (AQ) are refused; a test needs to choose its place."""

from conformance.client import Pairs
from conformance.kit import Kit
from conformance.rule import Group, holds
from conformance.rules._expect import FRESH, fetched, refused, status

GEO = Group("geo", "georestrictions")
_BLOCKED: Pairs = [("Edgewise-Viewer-Country", "AQ")]
_OTHER: Pairs = [("Edgewise-Viewer-Country", "JP")]


@GEO.rule(local=True)
def blocked_country_is_403(kit: Kit) -> None:
    """A viewer in a listed country is refused, and the origin is not asked."""
    refused(kit, 403, kit.get("none", headers=_BLOCKED))


@GEO.rule(local=True)
def other_country_is_served(kit: Kit) -> None:
    """A viewer in another country is served."""
    status(200, kit.get("none", headers=_OTHER))
    fetched(kit, 1)


@GEO.rule(local=True)
def blocked_country_gets_no_kept_object(kit: Kit) -> None:
    """The restriction holds for objects in the cache too."""
    status(200, kit.get("plain", FRESH, headers=_OTHER))
    status(403, kit.get("plain", FRESH, headers=_BLOCKED))


@GEO.rule(local=True)
def whole_distribution_is_restricted(kit: Kit) -> None:
    """The restriction holds for every behavior."""
    for behavior in ("plain", "all", "edge"):
        refused(kit, 403, kit.get(behavior, headers=_BLOCKED))


@GEO.rule("lambda-edge-event-request-response", local=True)
def refusal_comes_before_the_viewer_request_function(kit: Kit) -> None:
    """No function runs for a viewer that is refused for its country."""
    status(418, kit.get("edge", "viewer-request=generate:418", headers=_OTHER))
    status(403, kit.get("edge", "viewer-request=generate:418", headers=_BLOCKED))


@GEO.rule(local=True, doubtful=True)
def refusal_says_request_blocked(kit: Kit) -> None:
    """The page of the refusal says that the request was blocked."""
    answer = kit.get("none", headers=_BLOCKED)
    status(403, answer)
    holds("block" in answer.text.lower(), "a page that says the request was blocked", answer)
