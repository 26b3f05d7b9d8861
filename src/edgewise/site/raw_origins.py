"""The tables of the site file that say where content comes from, as `raw.py` has the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from edgewise.site.raw_key import Key, RawSecret


@dataclass(frozen=True, slots=True)
class RawLocal:
    command: Annotated[
        list[str] | None,
        Key(
            "how `edgewise up` starts the origin; `{port}` becomes the port it has to listen on, a first word "
            "`python` the interpreter that runs edgewise, and one with a slash is looked for from `directory`"
        ),
    ] = None
    directory: Annotated[
        str | None,
        Key("the folder of the command or of the handler; default an image's own folder, else `.`"),
    ] = None
    url: Annotated[
        str | None, Key("instead of `command`: where the origin runs already, `http://HOST:PORT`")
    ] = None
    handler: Annotated[
        str | None,
        Key(
            "instead of `command`: a Lambda handler, `module.attribute`, which `edgewise up` runs as Lambda does"
        ),
    ] = None
    event: Annotated[
        str | None,
        Key(
            "what calls the handler; default `function-url`",
            choices=("function-url", "load-balancer", "load-balancer-multi-value"),
        ),
    ] = None
    environment: Annotated[
        dict[str, str] | None,
        Key(
            "variables of the command or the handler, in the place of an image's own of the same name",
            may_be_secret=True,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class RawOrigin:
    domain: Annotated[str | None, Key("a custom origin's host name on AWS")] = None
    protocol: Annotated[
        str | None,
        Key(
            "how CloudFront talks to a custom origin; default `https-only`",
            choices=("http-only", "https-only", "match-viewer"),
        ),
    ] = None
    local: Annotated[
        RawLocal | None, Key("how `edgewise up` reaches a custom origin, or starts an image's app")
    ] = None
    folder: Annotated[
        str | None, Key("makes the origin a bucket: the folder whose files are its objects on this machine")
    ] = None
    image: Annotated[
        str | None, Key("makes the origin an app that runs as a function: the folder with its `Dockerfile`")
    ] = None
    region: Annotated[str | None, Key("where an image's function runs; default `us-east-1`")] = None
    access: Annotated[
        str | None,
        Key(
            "who may call an image's function; default `signed`: this distribution alone",
            choices=("signed", "public"),
        ),
    ] = None
    architecture: Annotated[
        str | None,
        Key("what an image is built for; default `x86_64`", choices=("x86_64", "arm64")),
    ] = None
    memory_mb: Annotated[float | None, Key("memory of an image's function, 128 to 10240; default 512")] = None
    timeout_s: Annotated[
        float | None, Key("how long an image's function may take, 1 to 120 seconds; default 30")
    ] = None
    environment: Annotated[
        dict[str, str] | None,
        Key("variables of an image's app, on AWS and here, 4 KB in all", may_be_secret=True),
    ] = None
    secrets: Annotated[
        dict[str, RawSecret] | None,
        Key(
            "variables that hold the name of a secret, which an image's app may read: "
            '`TOKEN = { from = "ssm", name = "/site/token" }`',
            may_be_secret=True,
        ),
    ] = None
    policies: Annotated[
        list[str] | None,
        Key("what an image's app may do besides: the ARNs of managed policies, AWS's or your own"),
    ] = None
    subnets: Annotated[
        list[str] | None, Key("the subnets of a VPC that an image's function is in, `subnet-…`")
    ] = None
    security_groups: Annotated[
        list[str] | None, Key("the security groups of a function in a VPC, `sg-…`")
    ] = None
