"""What a Dockerfile says of the image that it makes: that of its last stage."""

from __future__ import annotations

import pytest

from edgewise.site.dockerfile import parse_dockerfile

ADAPTER = "COPY --from=public.ecr.aws/awsguru/aws-lambda-adapter:1.0.1 /lambda-adapter /opt/extensions/lambda-adapter"
SLIM = "FROM python:3.13-slim"


@pytest.mark.parametrize(
    ("lines", "serves"),
    [
        ([SLIM, ADAPTER], True),
        # Of an earlier stage, nothing stays that is not copied.
        ([SLIM, ADAPTER, SLIM], False),
        ([f"{SLIM} AS build", ADAPTER, SLIM, "COPY --from=build /app /app"], False),
        (["FROM public.ecr.aws/lambda/python:3.13 AS build", SLIM, "COPY --from=build /app /app"], False),
        # A stage that begins with an earlier one has all of it.
        ([f"{SLIM} AS base", ADAPTER, "FROM base", "COPY . ."], True),
        ([f"{SLIM} as Base", ADAPTER, "FROM --platform=linux/amd64 base AS next", "FROM next"], True),
        ([f"{SLIM} AS base", ADAPTER, "FROM base AS tests", "RUN pytest", SLIM], False),
        (["FROM public.ecr.aws/lambda/python:3.13 AS base", "FROM base"], True),
        # What a stage has copied.
        ([f"{SLIM} AS build", ADAPTER, SLIM, "COPY --from=build /opt/extensions /opt/extensions"], True),
        ([f"{SLIM} AS build", ADAPTER, SLIM, "COPY --from=build /opt /opt"], True),
        ([f"{SLIM} AS build", ADAPTER, SLIM, "COPY --from=0 / /"], True),
        (
            [f"{SLIM} AS build", "RUN pip install -t /app awslambdaric", SLIM, "COPY --from=build /app /app"],
            True,
        ),
        ([SLIM, "RUN pip install -t /app awslambdaric", SLIM, "COPY --from=0 --chown=1:1 /app /app"], True),
        ([SLIM, "RUN pip install -t /app awslambdaric", SLIM, "COPY --from=7 /app /app"], False),
        # The image of a name that no stage has is somebody's.
        (["FROM public.ecr.aws/lambda/python:3.13 AS other", SLIM, "COPY --from=others / /"], False),
        (["ARG VERSION=3.13", f"{SLIM} AS build", "FROM ${BASE}"], True),
        # What an instruction takes along is no instruction.
        ([SLIM, ADAPTER, "COPY <<EOF /app.py", "from fastapi import FastAPI", "EOF", "CMD serve"], True),
        ([SLIM, "RUN <<-'END' sh", "\tfrom lambda/python", "\tEND", "COPY . ."], False),
        ([SLIM, "COPY <<-END /read.me", "\tEND", "FROM public.ecr.aws/lambda/python"], True),
        ([SLIM, "RUN <<A cat && <<B sh", "A", "pip install awslambdaric", "B"], True),
        ([SLIM, "RUN echo $((1<<2)) <<<EOF", "FROM public.ecr.aws/lambda/python"], True),
        ([], True),
        (["# nothing but a comment"], True),
    ],
)
def test_the_last_stage_is_the_image(lines: list[str], serves: bool) -> None:
    assert parse_dockerfile("\n".join(lines)).serves_events is serves


def test_settings_and_ports_are_those_of_the_last_stage_and_of_what_it_begins_with() -> None:
    text = f"""\
{SLIM} AS base
ENV AWS_LWA_READINESS_CHECK_PATH=/base AWS_LWA_REMOVE_BASE_PATH=/v1
{SLIM} AS tests
ENV AWS_LWA_PORT=1111
CMD serve --port 2222
FROM base
ENV AWS_LWA_READINESS_CHECK_PATH=/last
CMD serve --port 3333
"""
    found = parse_dockerfile(text)
    assert found.settings == {
        "AWS_LWA_READINESS_CHECK_PATH": "/last",
        "AWS_LWA_REMOVE_BASE_PATH": "/v1",
    }
    assert (found.port, found.port_line, found.asked_port) == ("3333", 8, "8080")


def test_settings_stay_when_a_file_is_written_in_place() -> None:
    written = "COPY <<EOF /app.py\nfrom fastapi import FastAPI\nEOF"
    found = parse_dockerfile(f"{SLIM}\nENV AWS_LWA_PORT=9000\n{written}\nCMD serve --port 9000\n")
    assert found.settings == {"AWS_LWA_PORT": "9000"}
    assert (found.port, found.port_line) == ("9000", 6)


def test_the_functions_variables_come_after_those_of_the_image() -> None:
    text = f"{SLIM}\nENV AWS_LWA_PORT=8080 AWS_LWA_REMOVE_BASE_PATH=/v1\nCMD serve --port 9000\n"
    given = {"AWS_LWA_PORT": "9000", "MODE": "production", "AWS_LWA_READINESS_CHECK_PATH": "/health"}
    found = parse_dockerfile(text, given)
    assert found.settings == {
        "AWS_LWA_PORT": "9000",
        "AWS_LWA_REMOVE_BASE_PATH": "/v1",
        "AWS_LWA_READINESS_CHECK_PATH": "/health",
    }
    assert found.port == found.asked_port
