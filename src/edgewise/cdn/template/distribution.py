"""From a template to the distribution that the local CDN runs.

A part that is not simulated becomes a `Notice` that says what happens instead (`notices.py`). Property names and
defaults: CloudFormation reference, `AWS::CloudFront::Distribution`.
"""

from __future__ import annotations

from typing import Literal, cast

from edgewise.cdn.distribution import Distribution, ErrorResponse, GeoRestriction, Notice
from edgewise.cdn.errors import TemplateError
from edgewise.cdn.template.behaviors import Behaviors
from edgewise.cdn.template.document import Template
from edgewise.cdn.template.function_urls import function_images, function_urls, signed_urls
from edgewise.cdn.template.functions import EdgeFunctions
from edgewise.cdn.template.identities import DISTRIBUTION_DOMAIN, DISTRIBUTION_ID
from edgewise.cdn.template.lines import line_of
from edgewise.cdn.template.log_deliveries import log_deliveries
from edgewise.cdn.template.logging import standard_logging
from edgewise.cdn.template.node import Node
from edgewise.cdn.template.notices import Notices
from edgewise.cdn.template.origins import read_origin_groups, read_origins

_DISTRIBUTION = "AWS::CloudFront::Distribution"
# Developer Guide, "Generate custom error responses".
ERROR_CODES = frozenset({400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504})


def read_distribution(template: Template, name: str | None = None) -> tuple[Distribution, list[Notice]]:
    """The distribution of a template, and the notices of what is not simulated.

    `name` is the logical id, needed only when there are several. Raises `TemplateError`, with the line of its key.
    """
    chosen = _choose(template, name)
    try:
        return _read(template, chosen)
    except TemplateError as error:
        if error.line is None and error.key:
            error.line = line_of(template.file, error.key)
        raise


def _read(template: Template, name: str) -> tuple[Distribution, list[Notice]]:
    config = template.node(name).required("DistributionConfig")
    notices = Notices(template.left_out)
    notices.of("distribution", config)
    origins = read_origins(config, notices)
    groups = read_origin_groups(config, origins)
    functions = EdgeFunctions(template, notices)
    behaviors = Behaviors(template, {*origins, *groups}, functions, notices).read(config)
    distribution = Distribution(
        id=DISTRIBUTION_ID,
        domain=DISTRIBUTION_DOMAIN,
        behaviors=behaviors,
        origins=origins,
        functions=functions.definitions,
        default_root_object=config.text("DefaultRootObject", ""),
        aliases=tuple(alias.lower() for alias in config.names("Aliases")),
        origin_groups=groups,
        error_responses={
            response.code: response
            for response in map(read_error_response, config.children("CustomErrorResponses"))
        },
        geo_restriction=read_geo_restriction(config),
        logging=standard_logging(config),
        log_deliveries=log_deliveries(template, name, notices),
        function_urls=function_urls(template, origins.values(), notices),
        images=function_images(template, origins.values()),
        signed_urls=signed_urls(template),
    )
    return distribution, notices


def _choose(template: Template, name: str | None) -> str:
    names = template.of_type(_DISTRIBUTION)
    if not names:
        raise TemplateError(f"there is no {_DISTRIBUTION}", file=template.file, key="Resources")
    if name is None and len(names) > 1:
        # A staging distribution has no name that viewers could ask for.
        primary = [one for one in names if not _is_staging(template, one)]
        if len(primary) == 1:
            return primary[0]
        hint = "choose one with --distribution: " + ", ".join(names)
        raise TemplateError("there are several distributions", file=template.file, key="Resources", hint=hint)
    if name is not None and name not in names:
        hint = "the template has " + ", ".join(names)
        raise TemplateError(f"there is no distribution {name!r}", file=template.file, hint=hint)
    return name or names[0]


def _is_staging(template: Template, name: str) -> bool:
    config = template.node(name).child("DistributionConfig")
    return config is not None and config.flag("Staging")


def read_error_response(item: Node) -> ErrorResponse:
    """One of the `CustomErrorResponses`. Raises `TemplateError`."""
    code = item.integer("ErrorCode", 0)
    if code not in ERROR_CODES:
        hint = "one of " + ", ".join(map(str, sorted(ERROR_CODES)))
        raise item.error(f"CloudFront takes no custom error response for {code}", "ErrorCode", hint)
    min_ttl = float(item.integer("ErrorCachingMinTTL", 10))
    if not item.has("ResponsePagePath") and not item.has("ResponseCode"):
        return ErrorResponse(code, min_ttl=min_ttl)
    for name in ("ResponsePagePath", "ResponseCode"):
        if item.value(name) in (None, ""):
            raise item.error("it is missing", name, "give ResponsePagePath and ResponseCode, or neither")
    page, status = item.text("ResponsePagePath"), item.integer("ResponseCode", 0)
    if not page.startswith("/"):
        raise item.error("the path of an error page starts with /", "ResponsePagePath")
    if status not in {200, *ERROR_CODES}:
        hint = "200, or one of " + ", ".join(map(str, sorted(ERROR_CODES)))
        message = f"CloudFront does not answer with {status} in place of an error"
        raise item.error(message, "ResponseCode", hint)
    return ErrorResponse(code, status, page, min_ttl)


def read_geo_restriction(config: Node) -> GeoRestriction:
    """The `Restrictions` of a `DistributionConfig`. Raises `TemplateError`."""
    restrictions = config.child("Restrictions")
    geo = restrictions.child("GeoRestriction") if restrictions else None
    if geo is None:
        return GeoRestriction()
    kind = geo.choice("RestrictionType", ("none", "whitelist", "blacklist"))
    countries = frozenset(country.upper() for country in geo.names("Locations"))
    return GeoRestriction(cast(Literal["none", "whitelist", "blacklist"], kind), countries)
