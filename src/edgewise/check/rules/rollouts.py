"""Rules about rollouts: whether the version gets from the function that decides to the cache and to the origin."""

from __future__ import annotations

from collections.abc import Iterator

from edgewise.check.finding import Problem, rule
from edgewise.check.part import Part
from edgewise.check.rules.forwarding import host_part
from edgewise.check.stack import Stack
from edgewise.check.steering import (
    JUDGED_TRIGGERS,
    TRIGGERS,
    is_recording,
    steered,
    steered_behaviors,
    without,
)

_KEY = "understanding-the-cache-key"
_TRIGGERS = "lambda-cloudfront-trigger-events"
_TABLE = "AWS::DynamoDB::GlobalTable"


@rule(
    701,
    "error",
    "a cache does not keep the versions of a rollout apart",
    hint="put the version's header into the cache policy; CachingDisabled needs none",
    source=_KEY,
)
def version_outside_the_key(stack: Stack) -> Iterator[Problem]:
    for steering, behavior in steered_behaviors(stack):
        cache = behavior.cache
        if cache is not None and cache.caches and steering.header not in cache.headers:
            yield Problem(
                behavior.part.at("CachePolicyId"),
                f"{behavior.name} caches without {steering.header} in its key: visitors would meet both versions",
            )


@rule(
    702,
    "error",
    "the function that chooses the origin cannot see a rollout's version",
    hint="forward the version's header: AllViewerExceptHostHeader does, or a policy that names it",
    source=_TRIGGERS,
)
def version_not_forwarded(stack: Stack) -> Iterator[Problem]:
    for steering, behavior in steered_behaviors(stack):
        cache, forward = behavior.cache, behavior.forward
        if cache is None or forward is None or cache.caches or forward.takes_header(steering.header):
            continue
        part = behavior.part.at("OriginRequestPolicyId")
        yield Problem(
            part if part.is_set else behavior.part,
            f"{behavior.name} does not forward {steering.header}: everybody would get the stable version",
        )


@rule(
    703,
    "error",
    "a version of a rollout has no origin in the distribution",
    hint="give the distribution both origins, with the domains that were baked into the functions",
    source="distribution-web-values-specify",
)
def version_without_origin(stack: Stack) -> Iterator[Problem]:
    for steering, distribution, _ in steered(stack):
        if any(origin.domain is None for origin in distribution.origins):
            continue
        there = {(origin.domain or "").lower() for origin in distribution.origins}
        for domain in steering.domains:
            if domain not in there:
                message = (
                    f"no origin of {distribution.name} has the domain {domain}, which the rollout steers by"
                )
                yield Problem(distribution.config.at("Origins"), message)


@rule(
    704,
    "error",
    "a rollout does not run at each of its triggers",
    hint=f"a behavior whose origin is the stable version runs the functions at {', '.join(TRIGGERS)}",
    source=_TRIGGERS,
)
def steered_without_trigger(stack: Stack) -> Iterator[Problem]:
    for steering, behavior in steered_behaviors(stack):
        missing = without(stack, behavior, TRIGGERS, steering.runs_in)
        if missing:
            yield Problem(
                behavior.part.at("LambdaFunctionAssociations"),
                f"{behavior.name} is steered, and the rollout does not run at its {' and '.join(missing)}",
            )


@rule(
    705,
    "error",
    "functions read a replica that a rollout's table does not have",
    hint="deploy the template and the functions' folder that one `edgewise synth` has written",
    source="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GlobalTables.html",
)
def replica_missing(stack: Stack) -> Iterator[Problem]:
    tables = {
        stack.properties(name).at("TableName").text: stack.properties(name).at("Replicas")
        for name in stack.of_type(_TABLE)
    }
    for steering, _, _ in steered(stack):
        for table in steering.tables:
            replicas = tables.get(table)
            missing = steering.replicas - _regions(replicas) if replicas is not None else ()
            if replicas is not None and missing:
                yield Problem(replicas, f"{table} has no replica in {' and '.join(sorted(missing))}")


@rule(
    706,
    "error",
    "the viewer's Host is forwarded to a new version that routes by Host",
    hint="forward all but Host: the policy AllViewerExceptHostHeader, and no Host in the cache key",
    source="using-managed-origin-request-policies",
)
def host_for_the_new_version(stack: Stack) -> Iterator[Problem]:
    for steering, distribution, behaviors in steered(stack):
        new = [one for one in distribution.origins if (one.domain or "").lower() == steering.domains[1]]
        for behavior in behaviors:
            part = host_part(behavior)
            for origin in new:
                if part is not None and origin.routes_by_host:
                    message = (
                        f"{behavior.name} sends the viewer's Host to {origin.id} ({origin.kind}) as well"
                    )
                    yield Problem(part, f"{message}: it answers 403")


@rule(
    707,
    "error",
    "a steered page's session cookie is kept in the cache in spite of what the app says",
    hint="set the cache policy's MinTTL to 0, as the policies of `edgewise synth` do, or forward no cookies",
    source="Expiration",
)
def session_cookie_cached(stack: Stack) -> Iterator[Problem]:
    for _, behavior in steered_behaviors(stack):
        cache, forward = behavior.cache, behavior.forward
        if cache is None or not cache.caches or cache.min_ttl == 0:
            continue
        forwarded = cache.cookies.kind != "none" or (forward and forward.cookies.kind != "none")
        if forwarded:
            yield Problem(
                behavior.part.at("CachePolicyId"),
                f"{behavior.name} forwards cookies and keeps every answer for {cache.min_ttl} s at least: one "
                "visitor's Set-Cookie would go to others",
            )


@rule(
    708,
    "warning",
    "a steered behavior answers over plain http, where browsers do not keep the rollout's cookie",
    hint='let ViewerProtocolPolicy be redirect-to-https; in a site file, viewer_protocol = "redirect-to-https"',
    source="using-https-viewers-to-cloudfront",
)
def cookie_over_plain_http(stack: Stack) -> Iterator[Problem]:
    for _, behavior in steered_behaviors(stack):
        part = behavior.part.at("ViewerProtocolPolicy")
        if part.text == "allow-all":
            message = f"{behavior.name} answers over plain http: there a visitor may meet both versions"
            yield Problem(part, message)


@rule(
    709,
    "warning",
    "nothing of a rollout is recorded, so that nobody can judge it",
    hint="add [log] to the site file, with a delivery that the judge can ask, and run `edgewise synth`",
    source=_TRIGGERS,
)
def nothing_to_judge_by(stack: Stack) -> Iterator[Problem]:
    for _, behavior in steered_behaviors(stack):
        missing = without(stack, behavior, JUDGED_TRIGGERS, is_recording)
        if missing:
            yield Problem(
                behavior.part.at("LambdaFunctionAssociations"),
                f"{behavior.name} makes no records at its {' and '.join(missing)}: the judge never takes a step, "
                "and never goes back",
            )


def _regions(replicas: Part) -> set[str]:
    return {replica.at("Region").text or "" for replica in replicas.items()}
