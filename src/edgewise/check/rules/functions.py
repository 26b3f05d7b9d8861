"""What the edge does not have: rules about the properties of a Lambda function that a behavior runs.

Source, where no other is named: Developer Guide, "Restrictions on Lambda@Edge".
"""

from __future__ import annotations

from collections.abc import Iterator

from edgewise.cdn.limits import MAX_MEMORY_MB, MAX_TIMEOUT
from edgewise.check import limits
from edgewise.check.finding import Problem, rule
from edgewise.check.stack import Stack

_RESTRICTIONS = "lambda-at-edge-function-restrictions"
_QUOTAS = "cloudfront-limits"


def _set(stack: Stack, what: str, *path: str) -> Iterator[Problem]:
    """A problem for each edge function that has a property."""
    for function in stack.edge_functions:
        part = function.properties.at(*path)
        if part.is_set:
            yield Problem(part, f"{function.name} has {what}, which Lambda@Edge does not take")


@rule(
    101,
    "error",
    "an edge function has environment variables",
    hint="bake the settings into the code, or read them from an origin's custom headers",
    source=_RESTRICTIONS,
)
def environment_variables(stack: Stack) -> Iterator[Problem]:
    return _set(stack, "environment variables", "Environment", "Variables")


@rule(
    102,
    "error",
    "an edge function has layers",
    hint="put what the layer holds into the function's own package",
    source=_RESTRICTIONS,
)
def layers(stack: Stack) -> Iterator[Problem]:
    return _set(stack, "layers", "Layers")


@rule(
    103,
    "error",
    "an edge function has a dead-letter queue",
    hint="take DeadLetterConfig out: CloudFront calls the function and waits, nothing is ever queued",
    source=_RESTRICTIONS,
)
def dead_letter_queue(stack: Stack) -> Iterator[Problem]:
    return _set(stack, "a dead-letter queue", "DeadLetterConfig", "TargetArn")


@rule(
    104,
    "error",
    "an edge function is in a VPC",
    hint="take VpcConfig out; reach what is inside through a public, authenticated address",
    source=_RESTRICTIONS,
)
def vpc(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        part = function.properties.at("VpcConfig")
        if part.at("SubnetIds").is_set or part.at("SecurityGroupIds").is_set:
            yield Problem(part, f"{function.name} is in a VPC, and Lambda@Edge has none")


@rule(
    105,
    "error",
    "an edge function is traced with X-Ray",
    hint="take TracingConfig out, and log a request id instead",
    source=_RESTRICTIONS,
)
def tracing(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        part = function.properties.at("TracingConfig", "Mode")
        if part.text == "Active":
            yield Problem(part, f"{function.name} has X-Ray tracing, which Lambda@Edge does not take")


@rule(
    106,
    "error",
    "an edge function is not for x86_64",
    hint="take Architectures out, or say x86_64",
    source=_RESTRICTIONS,
)
def architecture(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        part = function.properties.at("Architectures")
        for name in part.texts():
            if name != "x86_64":
                yield Problem(part, f"{function.name} is for {name}, and the edge is x86_64 only")


@rule(
    107,
    "error",
    "an edge function is a container image",
    hint="package the function as a zip",
    source=_RESTRICTIONS,
)
def container_image(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        kind, image = function.properties.at("PackageType"), function.properties.at("Code", "ImageUri")
        if kind.text == "Image" or image.is_set:
            part = kind if kind.is_set else image
            yield Problem(part, f"{function.name} is a container image, and Lambda@Edge takes zips only")


@rule(
    108,
    "error",
    f"an edge function asks for more than {limits.EPHEMERAL_STORAGE_MB} MB of /tmp",
    hint="take EphemeralStorage out",
    source=_RESTRICTIONS,
)
def ephemeral_storage(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        part = function.properties.at("EphemeralStorage", "Size")
        if (part.number or 0) > limits.EPHEMERAL_STORAGE_MB:
            message = f"{function.name} asks for {part.number} MB of /tmp; the edge has {limits.EPHEMERAL_STORAGE_MB}"
            yield Problem(part, message)


@rule(
    109,
    "error",
    "an edge function has provisioned concurrency",
    hint="take it out of the version; the edge starts environments when they are needed",
    source=_RESTRICTIONS,
)
def provisioned_concurrency(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        for version in function.versions:
            part = version.at("ProvisionedConcurrencyConfig")
            if part.is_set:
                message = f"a version of {function.name} has provisioned concurrency, and the edge has none"
                yield Problem(part, message)


@rule(
    110,
    "error",
    "an edge function's zip is encrypted with a key of one's own",
    hint="leave the key out: Lambda encrypts the zip with one of its own",
    source=_RESTRICTIONS,
)
def customer_key(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        for path in (("KmsKeyArn",), ("Code", "SourceKMSKeyArn")):
            part = function.properties.at(*path)
            if part.is_set:
                message = (
                    f"{function.name} is encrypted with a customer managed key, which replicas cannot read"
                )
                yield Problem(part, message)


@rule(
    111,
    "error",
    "an edge function's runtime is not one that the edge takes",
    hint="write the function for a current Python or Node.js, such as python3.13",
    source=_RESTRICTIONS,
)
def runtime(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        part = function.properties.at("Runtime")
        if part.text and not part.text.startswith(("python", "nodejs")):
            yield Problem(part, f"{function.name} runs on {part.text}; the edge has Python and Node.js only")
        elif part.text in limits.BLOCKED_RUNTIMES:
            yield Problem(
                part, f"{function.name} runs on {part.text}, with which no function can be made now"
            )


@rule(
    112,
    "warning",
    "an edge function's runtime is deprecated",
    hint="take a current one, such as python3.13",
    source="https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html",
)
def runtime_age(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        part = function.properties.at("Runtime")
        if part.text in limits.DEPRECATED_RUNTIMES:
            message = f"{function.name} runs on {part.text}, which gets no security fixes any more"
            yield Problem(part, message)


@rule(
    113,
    "error",
    f"an edge function's timeout is above {MAX_TIMEOUT} seconds",
    hint=f"{MAX_TIMEOUT} seconds is the most, and a visitor waits for every one of them",
    source=_QUOTAS,
)
def timeout(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        part = function.properties.at("Timeout")
        if (part.number or 0) > MAX_TIMEOUT:
            message = f"{function.name} has {part.number} seconds; Lambda@Edge gives {MAX_TIMEOUT} at most"
            yield Problem(part, message)


@rule(
    114,
    "warning",
    f"a function at a viewer trigger has more than {limits.VIEWER_TIMEOUT} seconds",
    hint=f"set Timeout to {limits.VIEWER_TIMEOUT} or less: every visitor waits for a function that hangs",
    source="edge-functions-choosing",
)
def viewer_timeout(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        part = function.properties.at("Timeout")
        if function.is_at_viewer and limits.VIEWER_TIMEOUT < (part.number or 0) <= MAX_TIMEOUT:
            yield Problem(
                part,
                f"{function.name} runs at a viewer trigger with {part.number} seconds; CloudFront refused more "
                f"than {limits.VIEWER_TIMEOUT} for years, and the guide is not of one mind",
            )


@rule(
    115,
    "error",
    f"an edge function's memory is above {MAX_MEMORY_MB:,} MB",
    hint=f"{MAX_MEMORY_MB:,} MB is the most that Lambda has",
    source=_QUOTAS,
)
def memory(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        part = function.properties.at("MemorySize")
        if (part.number or 0) > MAX_MEMORY_MB:
            yield Problem(part, f"{function.name} asks for {part.number} MB; Lambda has {MAX_MEMORY_MB:,}")


@rule(
    116,
    "warning",
    f"a function at a viewer trigger has more than {limits.VIEWER_MEMORY_MB} MB of memory",
    hint=f"set MemorySize to {limits.VIEWER_MEMORY_MB}, or move the function to an origin trigger",
    source="edge-functions-choosing",
)
def viewer_memory(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        part = function.properties.at("MemorySize")
        if function.is_at_viewer and limits.VIEWER_MEMORY_MB < (part.number or 0) <= MAX_MEMORY_MB:
            yield Problem(
                part,
                f"{function.name} runs at a viewer trigger with {part.number} MB; one page of the guide allows "
                f"{limits.VIEWER_MEMORY_MB} there, another as much as Lambda has",
            )


@rule(
    117,
    "warning",
    "an edge function has reserved concurrency",
    hint="take it out; ask for a higher concurrency quota in the regions where the function runs",
    source="https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html",
)
def reserved_concurrency(stack: Stack) -> Iterator[Problem]:
    # What a reservation in us-east-1 does to replicas elsewhere is documented nowhere.
    for function in stack.edge_functions:
        part = function.properties.at("ReservedConcurrentExecutions")
        if part.number is not None:
            message = f"{function.name} reserves concurrency in its own region, and replicas run in others"
            yield Problem(part, message)


@rule(
    118,
    "error",
    "an edge function pins its runtime's version",
    hint="take RuntimeManagementConfig out, or set UpdateRuntimeOn to Auto",
    source=_RESTRICTIONS,
)
def runtime_management(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        part = function.properties.at("RuntimeManagementConfig", "UpdateRuntimeOn")
        if part.text and part.text != "Auto":
            message = f"{function.name} updates its runtime on {part.text}; Lambda@Edge takes Auto only"
            yield Problem(part, message)
