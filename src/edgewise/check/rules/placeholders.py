"""The rule about what examples are made of and nobody has: names, addresses and zones for documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from edgewise.check.baked import baked
from edgewise.check.finding import Problem, rule
from edgewise.check.part import Part
from edgewise.check.stack import Stack

_PLACEHOLDER = re.compile(
    # RFC 2606, alone or in an address of mail or of the web.
    r"(.*[@./])?example\.(com|net|org)([:/].*)?"
    # Zones of Route 53's guide, and of ours.
    r"|Z0123456789[A-Z0-9]*|Z[A-Z0-9]*EXAMPLE[A-Z0-9]*",
    re.IGNORECASE,
)
# The properties in which a template names something that has to exist, by the type of their resource.
_NAMING = (
    ("AWS::Route53::RecordSet", ("HostedZoneId",)),
    ("AWS::SNS::Subscription", ("Endpoint",)),
    (
        "AWS::KinesisFirehose::DeliveryStream",
        ("HttpEndpointDestinationConfiguration", "EndpointConfiguration", "Url"),
    ),
)


def _named(stack: Stack) -> Iterator[tuple[Part, str | None]]:
    """What has to exist: the part that names it, and the name."""
    for distribution in stack.distributions:
        for origin in distribution.origins:
            yield origin.part.at("DomainName"), origin.domain
        for alias in distribution.config.at("Aliases").items():
            yield alias, alias.text
    for kind, keys in _NAMING:
        for name in stack.of_type(kind):
            part = stack.properties(name).at(*keys)
            yield part, part.text
    for topic in stack.of_type("AWS::SNS::Topic"):
        for subscription in stack.properties(topic).at("Subscription").items():
            yield subscription.at("Endpoint"), subscription.at("Endpoint").text
    for function in stack.edge_functions:
        url = (baked(function, "log") or {}).get("url")
        yield function.properties.at("Code"), url if isinstance(url, str) else None


@rule(
    303,
    "note",
    "a name, an address or an id is one for documentation",
    hint="put the real one in before the deployment",
    source="https://www.rfc-editor.org/rfc/rfc2606",
)
def placeholder(stack: Stack) -> Iterator[Problem]:
    told = set()
    for part, text in _named(stack):
        if text and text not in told and not part.is_guess and _PLACEHOLDER.fullmatch(text):
            told.add(text)
            yield Problem(part, f"{text} is one for documentation")
