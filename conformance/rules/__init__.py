"""All rules, group by group. Each module is one group and says which page of the guide it is about."""

from conformance.rule import Group, Rule
from conformance.rules.behaviors import BEHAVIORS
from conformance.rules.bodies import BODIES
from conformance.rules.cachekey import CACHE_KEY
from conformance.rules.cloudfrontheaders import CLOUDFRONT_HEADERS
from conformance.rules.collapsing import COLLAPSING
from conformance.rules.compression import COMPRESSION
from conformance.rules.environments import ENVIRONMENTS
from conformance.rules.errorpages import ERROR_PAGES
from conformance.rules.errors import ERRORS
from conformance.rules.events import EVENTS
from conformance.rules.failover import FAILOVER
from conformance.rules.generated import GENERATED
from conformance.rules.geo import GEO
from conformance.rules.limits import LIMITS
from conformance.rules.methods import METHODS
from conformance.rules.origins import ORIGINS
from conformance.rules.protocol import PROTOCOL
from conformance.rules.ranges import RANGES
from conformance.rules.responseheaders import RESPONSE_HEADERS
from conformance.rules.results import RESULTS
from conformance.rules.revalidation import REVALIDATION
from conformance.rules.stale import STALE
from conformance.rules.toorigin import TO_ORIGIN
from conformance.rules.toviewer import TO_VIEWER
from conformance.rules.triggers import TRIGGERS
from conformance.rules.ttl import TTL

__all__ = ["GROUPS", "every_rule"]

# In the order in which CloudFront works on a request, as far as there is one.
GROUPS: tuple[Group, ...] = (
    *(BEHAVIORS, PROTOCOL, METHODS, LIMITS, GEO, CACHE_KEY, TTL, REVALIDATION, STALE, COLLAPSING, RANGES),
    *(TO_ORIGIN, CLOUDFRONT_HEADERS, ORIGINS, FAILOVER, ERRORS, ERROR_PAGES, TO_VIEWER, COMPRESSION),
    *(RESPONSE_HEADERS, TRIGGERS, EVENTS, GENERATED, RESULTS, BODIES, ENVIRONMENTS),
)


def every_rule() -> list[Rule]:
    """The rules of all groups, in order."""
    return [rule for group in GROUPS for rule in group.rules]
