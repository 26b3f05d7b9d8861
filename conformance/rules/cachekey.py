"""What makes two requests the same to the cache."""

from conformance.client import Pairs
from conformance.kit import Kit
from conformance.rule import Group, same
from conformance.rules._expect import FRESH, kept, renewed

CACHE_KEY = Group("cache key", "understanding-the-cache-key")


def _same_query(kit: Kit, behavior: str, first: str, second: str) -> None:
    kept(kit.get(behavior, FRESH, query=first), kit.get(behavior, FRESH, query=second))


def _other_query(kit: Kit, behavior: str, first: str, second: str) -> None:
    renewed(kit.get(behavior, FRESH, query=first), kit.get(behavior, FRESH, query=second))


def _same_headers(kit: Kit, behavior: str, first: Pairs, second: Pairs) -> None:
    kept(kit.get(behavior, FRESH, headers=first), kit.get(behavior, FRESH, headers=second))


def _other_headers(kit: Kit, behavior: str, first: Pairs, second: Pairs) -> None:
    renewed(kit.get(behavior, FRESH, headers=first), kit.get(behavior, FRESH, headers=second))


@CACHE_KEY.rule()
def same_path_is_the_same_object(kit: Kit) -> None:
    """Two requests for one path are answered with one object."""
    kept(kit.get("plain", FRESH), kit.get("plain", FRESH))


@CACHE_KEY.rule()
def path_is_case_sensitive(kit: Kit) -> None:
    """Paths that differ in case are different objects."""
    renewed(kit.get("plain", FRESH, "note=a"), kit.get("plain", FRESH, "note=A"))


@CACHE_KEY.rule()
def query_is_not_in_the_key_by_itself(kit: Kit) -> None:
    """Without a query in the policy, requests that differ in the query are the same."""
    _same_query(kit, "plain", "a=1", "a=2")


@CACHE_KEY.rule()
def query_all_distinguishes_values(kit: Kit) -> None:
    """With all query strings in the key, another value is another object."""
    _other_query(kit, "queries", "a=1", "a=2")


@CACHE_KEY.rule()
def query_order_matters(kit: Kit) -> None:
    """The order of the parameters is part of the key."""
    _other_query(kit, "queries", "a=1&b=2", "b=2&a=1")


@CACHE_KEY.rule()
def query_names_are_case_sensitive(kit: Kit) -> None:
    """`a` and `A` are different parameters."""
    _other_query(kit, "queries", "a=1", "A=1")


@CACHE_KEY.rule()
def query_values_are_case_sensitive(kit: Kit) -> None:
    """`x` and `X` are different values."""
    _other_query(kit, "keyed", "a=x", "a=X")


@CACHE_KEY.rule()
def query_listed_parameter_distinguishes(kit: Kit) -> None:
    """A listed parameter is in the key."""
    _other_query(kit, "keyed", "a=1", "a=2")


@CACHE_KEY.rule()
def query_other_parameter_does_not(kit: Kit) -> None:
    """A parameter that is not listed is not in the key."""
    _same_query(kit, "keyed", "a=1&z=1", "a=1&z=2")


@CACHE_KEY.rule()
def query_all_except_leaves_out_the_excepted(kit: Kit) -> None:
    """With all but some, the excepted parameter does not distinguish, and another does."""
    _same_query(kit, "queries-except", "a=1&x=1", "a=1&x=2")
    second = kit.get("queries-except", FRESH, query="a=2&x=1")
    same("the fetch for another value of another parameter", 2, second.fetch)


@CACHE_KEY.rule("cache-key-create-cache-policy")
def star_in_a_list_is_itself(kit: Kit) -> None:
    """A `*` in a policy's list of names is a plain character: `c*` is not every name that starts with c."""
    _same_query(kit, "keyed", "cc=1", "cc=2")


@CACHE_KEY.rule()
def header_is_not_in_the_key_by_itself(kit: Kit) -> None:
    """A header that the policy does not name does not distinguish."""
    _same_headers(kit, "plain", [("X-Key", "1")], [("X-Key", "2")])


@CACHE_KEY.rule()
def header_listed_distinguishes(kit: Kit) -> None:
    """A listed header is in the key."""
    _other_headers(kit, "keyed", [("X-Key", "1")], [("X-Key", "2")])


@CACHE_KEY.rule()
def header_missing_is_not_the_header_present(kit: Kit) -> None:
    """A request without the listed header is another than one with it."""
    _other_headers(kit, "keyed", [], [("X-Key", "1")])


@CACHE_KEY.rule()
def header_names_are_case_insensitive(kit: Kit) -> None:
    """The case of a header's name does not matter."""
    _same_headers(kit, "keyed", [("X-Key", "1")], [("x-KEY", "1")])


@CACHE_KEY.rule()
def header_values_are_case_sensitive(kit: Kit) -> None:
    """The case of a header's value matters."""
    _other_headers(kit, "keyed", [("X-Key", "a")], [("X-Key", "A")])


@CACHE_KEY.rule()
def user_agent_is_not_in_the_key_by_itself(kit: Kit) -> None:
    """Two browsers share an object."""
    _same_headers(kit, "plain", [("User-Agent", "one")], [("User-Agent", "two")])


@CACHE_KEY.rule()
def cookie_is_not_in_the_key_by_itself(kit: Kit) -> None:
    """Cookies that the policy does not name do not distinguish."""
    _same_headers(kit, "plain", [("Cookie", "session=1")], [("Cookie", "session=2")])


@CACHE_KEY.rule()
def cookie_listed_distinguishes(kit: Kit) -> None:
    """A listed cookie is in the key."""
    _other_headers(kit, "keyed", [("Cookie", "session=1")], [("Cookie", "session=2")])


@CACHE_KEY.rule()
def cookie_other_does_not(kit: Kit) -> None:
    """A cookie that is not listed is not in the key."""
    _same_headers(kit, "keyed", [("Cookie", "session=1; z=1")], [("Cookie", "z=2; session=1")])


@CACHE_KEY.rule()
def cookie_values_are_case_sensitive(kit: Kit) -> None:
    """The case of a cookie's value matters."""
    _other_headers(kit, "keyed", [("Cookie", "session=a")], [("Cookie", "session=A")])


@CACHE_KEY.rule()
def cookie_names_are_case_sensitive(kit: Kit) -> None:
    """A cookie whose name differs in case from the listed one is another cookie."""
    _same_headers(kit, "keyed", [("Cookie", "Session=1")], [("Cookie", "Session=2")])


@CACHE_KEY.rule()
def cookie_all_distinguishes_every_cookie(kit: Kit) -> None:
    """With all cookies in the key, any cookie distinguishes."""
    _other_headers(kit, "cookies", [("Cookie", "a=1")], [("Cookie", "a=2")])


@CACHE_KEY.rule("using-https-viewers-to-cloudfront")
def scheme_is_not_in_the_key(kit: Kit) -> None:
    """An object that came over http is served over https."""
    kept(kit.get("plain", FRESH), kit.get("plain", FRESH, tls=True))


@CACHE_KEY.rule("adding-cloudfront-headers")
def scheme_is_in_the_key_with_forwarded_proto(kit: Kit) -> None:
    """With CloudFront-Forwarded-Proto in the policy, http and https are different objects."""
    renewed(kit.get("scheme", FRESH), kit.get("scheme", FRESH, tls=True))


@CACHE_KEY.rule("controlling-the-cache-key")
def what_is_in_the_key_is_forwarded(kit: Kit) -> None:
    """Header, cookie and parameter of the key reach the origin; others do not."""
    headers = [("X-Key", "k"), ("X-Other", "o"), ("Cookie", "other=1; session=2")]
    seen = kit.sent("keyed", headers=headers, query="z=1&a=2")
    same("X-Key", "k", seen.header("X-Key"))
    same("X-Other", None, seen.header("X-Other"))
    same("Cookie", "session=2", seen.header("Cookie"))
    same("the query", "a=2", seen.query)


@CACHE_KEY.rule("lambda-cloudfront-trigger-events")
def viewer_request_function_changes_the_key_by_uri(kit: Kit) -> None:
    """The key is made of the uri that the viewer-request function returns."""
    rewrite = "viewer-request=uri:note=b:note=a"
    first = kit.get("edge-cached", FRESH, rewrite, "note=a")
    kept(first, kit.get("edge-cached", FRESH, rewrite, "note=b"))


@CACHE_KEY.rule("lambda-cloudfront-trigger-events")
def viewer_request_function_changes_the_key_by_header(kit: Kit) -> None:
    """The key is made of the headers that the viewer-request function returns."""
    change = "viewer-request=set:X-Key:same"
    first = kit.get("edge-keyed", FRESH, change, headers=[("X-Key", "1")])
    kept(first, kit.get("edge-keyed", FRESH, change, headers=[("X-Key", "2")]))


@CACHE_KEY.rule("lambda-cloudfront-trigger-events")
def viewer_request_function_changes_the_key_by_query(kit: Kit) -> None:
    """The key is made of the query that the viewer-request function returns."""
    change = "viewer-request=query:a=0"
    first = kit.get("edge-keyed", FRESH, change, query="a=1")
    kept(first, kit.get("edge-keyed", FRESH, change, query="a=2"))


@CACHE_KEY.rule("lambda-cloudfront-trigger-events")
def origin_request_function_does_not_change_the_key(kit: Kit) -> None:
    """What an origin-request function edits is fetched, but kept under the viewer's key."""
    change = "origin-request=uri:note=a:note=b"
    kept(kit.get("edge-cached", FRESH, change, "note=a"), kit.get("edge-cached", FRESH, change, "note=a"))


@CACHE_KEY.rule("ServingCompressedFiles")
def accept_encoding_is_in_the_key_normalised(kit: Kit) -> None:
    """With compression in the policy, headers that mean the same encodings are the same."""
    first = [("Accept-Encoding", "gzip, deflate, br")]
    _same_headers(kit, "compress-off", first, [("Accept-Encoding", "br;q=1.0,gzip;q=0.8,zstd")])


@CACHE_KEY.rule("ServingCompressedFiles")
def accept_encoding_gzip_is_not_brotli(kit: Kit) -> None:
    """With compression in the policy, viewers of gzip alone and of both get different objects."""
    _other_headers(kit, "compress-off", [("Accept-Encoding", "gzip")], [("Accept-Encoding", "gzip, br")])


@CACHE_KEY.rule("ServingCompressedFiles")
def accept_encoding_is_not_in_the_key_without_compression(kit: Kit) -> None:
    """Without compression in the policy, Accept-Encoding does not distinguish."""
    _same_headers(kit, "plain", [("Accept-Encoding", "gzip")], [("Accept-Encoding", "br")])


@CACHE_KEY.rule("using-managed-cache-policies")
def managed_optimized_ignores_query_and_cookies(kit: Kit) -> None:
    """CachingOptimized has neither query nor cookies in the key."""
    first = kit.get("optimized", FRESH, query="a=1", headers=[("Cookie", "a=1")])
    kept(first, kit.get("optimized", FRESH, query="a=2", headers=[("Cookie", "a=2")]))


@CACHE_KEY.rule("using-managed-cache-policies")
def managed_origin_controlled_distinguishes_query_and_cookies(kit: Kit) -> None:
    """UseOriginCacheControlHeaders-QueryStrings has all queries, all cookies and Origin in the key."""
    first = kit.get("origin-controlled", FRESH, query="a=1")
    renewed(first, kit.get("origin-controlled", FRESH, query="a=2"))
    third = kit.get("origin-controlled", FRESH, query="a=1", headers=[("Cookie", "a=1")])
    same("the fetch for another cookie", 3, third.fetch)
    fourth = kit.get("origin-controlled", FRESH, query="a=1", headers=[("Origin", "https://a.example")])
    same("the fetch for another Origin", 4, fourth.fetch)
