"""Rules about page views: which are not counted where, and what is not known of them."""

from __future__ import annotations

from collections.abc import Iterator

from edgewise.check.counting import AGENT, COUNTRY, DEVICES, counted, counting_of, forwards
from edgewise.check.finding import Problem, rule
from edgewise.check.stack import Stack

_TRIGGERS = "lambda-cloudfront-trigger-events"
_HEADERS = "adding-cloudfront-headers"
_ALL_EDGE = "edge-function-restrictions-all"


@rule(
    801,
    "error",
    "a function that counts page views does not run where they are counted",
    hint="let the behavior run it at the trigger that was baked into it: deploy what one `edgewise synth` wrote",
    source=_TRIGGERS,
)
def counted_without_trigger(stack: Stack) -> Iterator[Problem]:
    for counting, behavior in counted(stack):
        functions = stack.functions_at(behavior, counting.trigger)
        if not any(counting_of(one) == counting for one in functions):
            yield Problem(
                behavior.part.at("LambdaFunctionAssociations"),
                f"{behavior.name} counts page views at {counting.trigger}, and nothing of it runs there",
            )


@rule(
    802,
    "warning",
    "page views that a cache answers are not counted",
    hint="take the CloudFront Function out, `rewrite` does what most are for; or do not cache pages here",
    source=_ALL_EDGE,
)
def hits_not_counted(stack: Stack) -> Iterator[Problem]:
    for counting, behavior in counted(stack):
        if counting.is_at_origin and behavior.cache is not None and behavior.cache.caches:
            yield Problem(
                behavior.part.at("CachePolicyId"),
                f"{behavior.name} caches, and counts page views when an origin answers: what the cache answers is "
                "not seen",
            )


@rule(
    803,
    "warning",
    "page views are counted where bots cannot be told from people",
    hint="forward User-Agent to the origin; it need not be in the cache key",
    source=_TRIGGERS,
)
def agent_not_forwarded(stack: Stack) -> Iterator[Problem]:
    for counting, behavior in counted(stack):
        if counting.is_at_origin and not forwards(behavior, AGENT):
            yield Problem(
                behavior.part,
                f"{behavior.name} counts page views when an origin answers and does not forward {AGENT}: all of them "
                "seem to come from Amazon CloudFront",
            )


@rule(
    804,
    "note",
    "page views have no country",
    hint="name an address database in `statistics.countries`, or forward CloudFront-Viewer-Country to the origin",
    source=_HEADERS,
)
def no_country(stack: Stack) -> Iterator[Problem]:
    for counting, behavior in counted(stack):
        if not counting.knows_countries and not forwards(behavior, COUNTRY):
            yield Problem(behavior.part, f"{behavior.name} is not told the country of any page view")


@rule(
    805,
    "note",
    "page views that a cache answers have no country",
    hint="name an address database in `statistics.countries`: CloudFront tells countries to origins alone",
    source=_HEADERS,
)
def no_country_of_hits(stack: Stack) -> Iterator[Problem]:
    for counting, behavior in counted(stack):
        caches = behavior.cache is not None and behavior.cache.caches
        # In the cache key it is the same for all who get the answer, and still told to origins alone.
        if caches and not (counting.knows_countries or counting.is_at_origin) and forwards(behavior, COUNTRY):
            yield Problem(
                behavior.part.at("CachePolicyId"),
                f"{behavior.name} caches: of its page views only those that an origin answers have a country",
            )


@rule(
    806,
    "note",
    "page views have no kind of device",
    hint=f"forward {', '.join(DEVICES)} to the origin",
    source=_HEADERS,
)
def no_device(stack: Stack) -> Iterator[Problem]:
    for counting, behavior in counted(stack):
        if counting.is_at_origin and not forwards(behavior, *DEVICES):
            yield Problem(
                behavior.part, f"{behavior.name} is not told what kind of device a page view is from"
            )
