"""The variables that a Dockerfile sets with ENV."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.site.dockerfile import parse_dockerfile


def variables(*lines: str) -> dict[str, str]:
    return parse_dockerfile("\n".join(("FROM python:3.13-slim", *lines))).variables


# From "Dockerfile reference", "ENV" and "Environment replacement".
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (['ENV A="John Doe"', r"ENV B=Rex\ The\ Dog", "ENV C=cat"], {"A": "John Doe", "B": "Rex The Dog", "C": "cat"}),
        ([r'ENV A="John Doe" B=Rex\ The\ Dog ' + "\\", "    C=cat"], {"A": "John Doe", "B": "Rex The Dog", "C": "cat"}),
        (["ENV ONE TWO= THREE=world"], {"ONE": "TWO= THREE=world"}),
        (["ENV EMPTY= ALSO=\"\""], {"EMPTY": "", "ALSO": ""}),
        (["ENV abc=hello", "ENV abc=bye def=$abc", "ENV ghi=$abc"], {"abc": "bye", "def": "hello", "ghi": "bye"}),
        (["ENV A=x", r"ENV B=${A}_y C=\$A D='$A'"], {"A": "x", "B": "x_y", "C": "$A", "D": "$A"}),
        (["ENV A=x", 'ENV B="$A z"'], {"A": "x", "B": "x z"}),
        (["ARG V=1", "ENV V=2", "ARG V=3", "ENV W=$V"], {"V": "2", "W": "2"}),
        (["ARG V=1", "ENV W=v$V X=${V:+set} Y=${V:-none}"], {"W": "v1", "X": "set", "Y": "1"}),
        # What only the base image or the build knows.
        (["ARG V", "ENV W=$V X=1"], {"X": "1"}),
        (["ENV P=/app:$PATH", "ENV Q=$P"], {}),
        (["ENV P=$PATH", "ENV P=known"], {"P": "known"}),
        ([r'ENV A="a\"b" B="c\d"'], {"A": 'a"b', "B": r"c\d"}),
    ],
)  # fmt: skip
def test_variables_are_what_docker_makes_of_them(lines: list[str], expected: dict[str, str]) -> None:
    assert variables(*lines) == expected


def test_a_stage_has_the_variables_of_the_one_that_it_begins_with() -> None:
    assert variables("ENV A=1 B=1", "FROM python:3.13-slim", "ENV C=1") == {"C": "1"}
    text = "FROM python AS base\nENV A=1 B=1\nFROM base\nENV B=$A$A"
    assert parse_dockerfile(text).variables == {"A": "1", "B": "11"}


@given(st.text(st.characters(exclude_characters='"\\\\$', exclude_categories=("C", "Z")), min_size=1))
def test_a_value_in_quotes_is_read_as_it_is(value: str) -> None:
    assert variables(f'ENV NAME="{value}"') == {"NAME": value}


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    variables(f"ENV {text}")
