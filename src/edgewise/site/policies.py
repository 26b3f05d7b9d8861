"""CloudFront's managed policies: our short names, AWS's names and ids, and what a site must know of each.

The short name is AWS's name in lower-case words, without a leading "Caching". Sources: "Use managed cache
policies" and "Use managed origin request policies" in the CloudFront developer guide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

POLICY_ID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """One managed policy. `host`: it forwards the viewer's `Host`, or keys on it, which a bucket refuses.

    `compresses`: a cache policy that keeps gzip and brotli forms apart, so that `Compress` has an effect.
    """

    name: str
    id: str
    host: bool = False
    compresses: bool = False


CACHE_POLICIES = {
    "disabled": ManagedPolicy("CachingDisabled", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"),
    "optimized": ManagedPolicy("CachingOptimized", "658327ea-f89d-4fab-a63d-7e88639e58f6", compresses=True),
    "optimized-for-uncompressed-objects": ManagedPolicy(
        "CachingOptimizedForUncompressedObjects", "b2884449-e4de-46a7-ac36-70bc7f1ddd6d"
    ),
    "use-origin-cache-control-headers": ManagedPolicy(
        "UseOriginCacheControlHeaders", "83da9c7e-98b4-4e11-a168-04f0df8e2c65", host=True, compresses=True
    ),
    "use-origin-cache-control-headers-query-strings": ManagedPolicy(
        "UseOriginCacheControlHeaders-QueryStrings",
        "4cc15a8a-d715-48a4-82b8-cc0b614638fe",
        host=True,
        compresses=True,
    ),
    "amplify": ManagedPolicy("Amplify", "2e54312d-136d-493c-8eb9-b001f22f67d2", host=True, compresses=True),
    "elemental-media-package": ManagedPolicy(
        "Elemental-MediaPackage", "08627262-05a9-4f76-9ded-b50ca2e3a84f", compresses=True
    ),
}

# A behavior without an origin request policy sends the origin what is in the cache key, and no more.
NO_FORWARDING = "none"

ORIGIN_REQUEST_POLICIES = {
    "all-viewer": ManagedPolicy("AllViewer", "216adef6-5c7f-47e4-b989-5492eafa07d3", host=True),
    "all-viewer-except-host-header": ManagedPolicy(
        "AllViewerExceptHostHeader", "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    ),
    "all-viewer-and-cloudfront-headers-2022-06": ManagedPolicy(
        "AllViewerAndCloudFrontHeaders-2022-06", "33f36d7e-f396-46d9-90e0-52428a34d9dc", host=True
    ),
    "cors-s3-origin": ManagedPolicy("CORS-S3Origin", "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf"),
    "cors-custom-origin": ManagedPolicy("CORS-CustomOrigin", "59781a5b-3903-41f3-afcb-af62929ccde1"),
    "user-agent-referer-headers": ManagedPolicy(
        "UserAgentRefererHeaders", "acba4595-bd28-49b8-b9fe-13317c0390fa"
    ),
    "host-header-only": ManagedPolicy("HostHeaderOnly", "bf0718e1-ba1e-49d1-88b1-f726733018ae", host=True),
    "elemental-media-tailor-personalized-manifests": ManagedPolicy(
        "Elemental-MediaTailor-PersonalizedManifests", "775133bc-15f2-49f9-abea-afb2e0bf67d2"
    ),
}


def find_policy(catalogue: dict[str, ManagedPolicy], given: str) -> ManagedPolicy | None:
    """The policy that a short name or an id stands for; an id outside the catalogue is the user's own policy.

    None when `given` is neither a name of the catalogue nor shaped like an id.
    """
    if given in catalogue:
        return catalogue[given]
    if not POLICY_ID.fullmatch(given):
        return None
    by_id = {policy.id: policy for policy in catalogue.values()}
    return by_id.get(given, ManagedPolicy("custom", given, compresses=True))
