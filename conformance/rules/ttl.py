"""How long an object is kept."""

from conformance.kit import Kit
from conformance.rule import Group, holds, same
from conformance.rules._expect import EXPIRED, FRESH, SHORT, fetched, for_each, header, kept, renewed

TTL = Group("ttl", "Expiration")
_LONG_AGO = "header=Expires:Thu, 01 Jan 1970 00:00:00 GMT"
_FAR_OFF = "header=Expires:Thu, 01 Jan 2099 00:00:00 GMT"


def _keeps(kit: Kit, behavior: str, *steps: str) -> None:
    kept(kit.get(behavior, *steps), kit.get(behavior, *steps))


def _does_not_keep(kit: Kit, behavior: str, *steps: str) -> None:
    renewed(kit.get(behavior, *steps), kit.get(behavior, *steps))


def _keeps_for_a_second(kit: Kit, behavior: str, *steps: str) -> None:
    """Fresh at once, expired after a while."""
    first = kit.get(behavior, *steps)
    kept(first, kit.get(behavior, *steps))
    kit.pause(EXPIRED)
    renewed(first, kit.get(behavior, *steps))


@TTL.rule()
def max_age_keeps_and_ends(kit: Kit) -> None:
    """`max-age` says for how many seconds an object is served from the cache."""
    _keeps_for_a_second(kit, "plain", SHORT)


@TTL.rule()
def s_maxage_beats_max_age(kit: Kit) -> None:
    """Where both are given, `s-maxage` counts, in both directions."""
    _keeps(kit, "plain", "cc=max-age=0, s-maxage=300")
    first = kit.get("plain", "cc=max-age=300, s-maxage=0", key="ends")
    renewed(first, kit.get("plain", "cc=max-age=300, s-maxage=0", key="ends"))


@TTL.rule()
def expires_keeps(kit: Kit) -> None:
    """Without Cache-Control, `Expires` counts."""
    _keeps(kit, "capped", _FAR_OFF)
    _does_not_keep(kit, "plain", _LONG_AGO)


@TTL.rule()
def max_age_beats_expires(kit: Kit) -> None:
    """Where both are given, `max-age` counts and `Expires` does not."""
    _keeps(kit, "plain", FRESH, _LONG_AGO)


@TTL.rule()
def default_ttl_without_headers(kit: Kit) -> None:
    """Without any header about it, an object is kept for the default TTL."""
    _keeps(kit, "plain")


@TTL.rule()
def default_ttl_ends(kit: Kit) -> None:
    """The default TTL (here one second) ends."""
    _keeps_for_a_second(kit, "brief")


@TTL.rule()
def max_ttl_caps_max_age(kit: Kit) -> None:
    """An object is kept no longer than the maximum TTL (here two seconds), whatever the origin says."""
    first = kit.get("capped", FRESH)
    kept(first, kit.get("capped", FRESH))
    kit.pause(EXPIRED + 1)
    renewed(first, kit.get("capped", FRESH))


@TTL.rule()
def max_ttl_caps_expires(kit: Kit) -> None:
    """The maximum TTL holds for `Expires` as well."""
    first = kit.get("capped", _FAR_OFF)
    kit.pause(EXPIRED + 1)
    renewed(first, kit.get("capped", _FAR_OFF))


_DIRECTIVES = ("no-cache", "no-store", "private", "max-age=0")


@TTL.rule()
def minimum_0_lets_the_origin_forbid(kit: Kit) -> None:
    """With a minimum TTL of 0, `no-cache`, `no-store`, `private` and `max-age=0` are not served again."""
    for_each(kit, _DIRECTIVES, lambda kit, directive: _does_not_keep(kit, "plain", f"cc={directive}"))


@TTL.rule()
def minimum_above_0_keeps_all_the_same(kit: Kit) -> None:
    """With a minimum TTL above 0, even `no-cache`, `no-store`, `private` and `max-age=0` are kept for the minimum."""
    for_each(kit, _DIRECTIVES, lambda kit, directive: _keeps(kit, "min", f"cc={directive}"))


@TTL.rule()
def minimum_ttl_raises_expires(kit: Kit) -> None:
    """An `Expires` in the past is raised to the minimum TTL."""
    _keeps(kit, "min", _LONG_AGO)


@TTL.rule()
def minimum_ttl_ends(kit: Kit) -> None:
    """`no-store` under a minimum TTL of one second is kept for that second and no longer."""
    _keeps_for_a_second(kit, "brief", "cc=no-store")


@TTL.rule("using-managed-cache-policies")
def managed_optimized_keeps_no_store_for_a_second(kit: Kit) -> None:
    """CachingOptimized has a minimum TTL of one second, so `no-store` is kept for it."""
    _keeps_for_a_second(kit, "optimized", "cc=no-store")


@TTL.rule("using-managed-cache-policies")
def managed_disabled_keeps_nothing(kit: Kit) -> None:
    """CachingDisabled serves nothing from the cache, whatever the origin says."""
    _does_not_keep(kit, "none", FRESH)


@TTL.rule("using-managed-cache-policies")
def managed_origin_controlled_has_no_default(kit: Kit) -> None:
    """UseOriginCacheControlHeaders keeps only what the origin says is to be kept."""
    _does_not_keep(kit, "origin-controlled")
    first = kit.get("origin-controlled", FRESH, key="said")
    kept(first, kit.get("origin-controlled", FRESH, key="said"))


@TTL.rule()
def viewer_cache_control_is_ignored(kit: Kit) -> None:
    """A viewer that sends `Cache-Control: no-cache` is served from the cache all the same."""
    first = kit.get("plain", FRESH)
    kept(first, kit.get("plain", FRESH, headers=[("Cache-Control", "no-cache, max-age=0")]))


@TTL.rule()
def viewer_pragma_is_ignored(kit: Kit) -> None:
    """A viewer that sends `Pragma: no-cache` is served from the cache all the same."""
    first = kit.get("plain", FRESH)
    kept(first, kit.get("plain", FRESH, headers=[("Pragma", "no-cache")]))


@TTL.rule()
def viewer_sees_the_origins_cache_control(kit: Kit) -> None:
    """Cache-Control and Expires reach the viewer as the origin wrote them, whatever the policy makes of them."""
    answer = kit.get("capped", "cc=max-age=86400, must-revalidate", _FAR_OFF)
    header("max-age=86400, must-revalidate", answer, "Cache-Control")
    header("Thu, 01 Jan 2099 00:00:00 GMT", answer, "Expires")


@TTL.rule("RequestAndResponseBehaviorCustomOrigin")
def age_on_a_hit(kit: Kit) -> None:
    """An object from the cache carries `Age`, in seconds, and it grows."""
    kit.get("plain", FRESH)
    kit.pause(EXPIRED)
    age = kit.get("plain", FRESH).header("Age")
    holds(age is not None and age.isdigit() and 1 <= int(age) <= 60, "Age: 2 or so", age)


@TTL.rule("RequestAndResponseBehaviorCustomOrigin")
def redirects_are_kept(kit: Kit) -> None:
    """A redirect of the origin is passed on, not followed, and kept."""
    first = kit.get("plain", "status=301", FRESH, "header=Location:/elsewhere")
    same("the status", 301, first.status)
    header("/elsewhere", first, "Location")
    kept(first, kit.get("plain", "status=301", FRESH, "header=Location:/elsewhere"))


@TTL.rule("RequestAndResponseBehaviorCustomOrigin", doubtful=True)
def temporary_redirect_307_is_not_kept_by_default(kit: Kit) -> None:
    """A 307 is kept only if the origin says for how long."""
    _does_not_keep(kit, "plain", "status=307", "header=Location:/elsewhere")


@TTL.rule("RequestAndResponseBehaviorCustomOrigin", doubtful=True)
def temporary_redirect_307_is_kept_with_max_age(kit: Kit) -> None:
    """A 307 with `max-age` is kept."""
    _keeps(kit, "plain", "status=307", FRESH, "header=Location:/elsewhere")


@TTL.rule("RequestAndResponseBehaviorCustomOrigin")
def truncated_body_is_not_kept(kit: Kit) -> None:
    """An answer that ends before its Content-Length is not kept."""
    kit.get("plain", FRESH, "size=4000", "cut=1000", "then", FRESH, "body=whole")
    second = kit.get("plain", FRESH, "size=4000", "cut=1000", "then", FRESH, "body=whole")
    same("the second answer's body", "whole", second.text)


@TTL.rule("RequestAndResponseBehaviorCustomOrigin")
def vary_star_is_fetched_each_time(kit: Kit) -> None:
    """An answer with `Vary: *` is fetched for each request, where the minimum TTL is 0."""
    _does_not_keep(kit, "plain", FRESH, "header=Vary:*")


@TTL.rule("lambda-cloudfront-trigger-events")
def origin_response_function_sets_the_ttl(kit: Kit) -> None:
    """A Cache-Control that the origin-response function writes decides how long the object is kept."""
    _does_not_keep(kit, "edge-cached", FRESH, "origin-response=set:Cache-Control:no-store")
    steps = ("cc=no-store", "origin-response=set:Cache-Control:max-age=300")
    first = kit.get("edge-cached", *steps, key="kept")
    kept(first, kit.get("edge-cached", *steps, key="kept"))


@TTL.rule()
def ttl_is_of_the_object_not_of_the_viewer(kit: Kit) -> None:
    """Ten viewers within the time to live cost the origin one request."""
    for number in range(10):
        kit.get("plain", FRESH, headers=[("User-Agent", f"viewer {number}"), ("Cookie", f"a={number}")])
    fetched(kit, 1)


@TTL.rule()
def max_ttl_caps_s_maxage(kit: Kit) -> None:
    """The maximum TTL holds for `s-maxage` as well."""
    first = kit.get("capped", "cc=s-maxage=300")
    kept(first, kit.get("capped", "cc=s-maxage=300"))
    kit.pause(EXPIRED + 1)
    renewed(first, kit.get("capped", "cc=s-maxage=300"))
