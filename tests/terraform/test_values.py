"""Values and blocks as Terraform writes them: alignment, quotes, and what must not be taken for an expression."""

from __future__ import annotations

from typing import Any

import hcl2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.terraform.blocks import Attribute, Block, text_of_blocks
from edgewise.terraform.values import Call, Line, Reference, Template, aligned, lines_of, text_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('say "hi"\n\tC:\\', r'"say \"hi\"\n\tC:\\"'),
        ("${x} %{if}", '"$${x} %%{if}"'),
        ("\x1b[31m", r'"\u001b[31m"'),
        ("Åland – ☃", '"Åland – ☃"'),
        (Template(("a", Reference("b.c"), "${d}")), '"a${b.c}$${d}"'),
        (Template(("costs $", Reference("b"))), '"costs ${"$"}${b}"'),
        ({"a-b": 1, "c d": [True, None]}, '{ a-b = 1, "c d" = [true, null] }'),
        (Call("lookup", ({"a": 1}, Reference("each.key"))), "lookup({ a = 1 }, each.key)"),
        (0.05, "0.05"),
        ({}, "{}"),
    ],
)
def test_a_value_on_one_line(value: Any, text: str) -> None:
    assert text_of(value) == text


def test_what_is_long_or_deep_gets_lines_of_its_own() -> None:
    assert lines_of(["a" * 60, "b" * 60]) == ["[", f'  "{"a" * 60}",', f'  "{"b" * 60}",', "]"]
    assert lines_of([{"a": 1}]) == ["[", "  {", "    a = 1", "  },", "]"]
    assert lines_of(Call("jsonencode", ({"a": 1},))) == ["jsonencode({", "  a = 1", "})"]
    assert lines_of(Call("f", ("x", {"a": 1}))) == ['f("x", {', "  a = 1", "})"]


def test_signs_stand_below_each_other_until_a_value_has_lines() -> None:
    entries = [Line("a", ["1"]), Line("long", ["2"]), Line("b", ["{", "}"]), Line("c", ["3"])]
    assert aligned(entries) == ["a    = 1", "long = 2", "b = {", "}", "c = 3"]


def test_remarks_that_follow_each_other_stand_below_each_other() -> None:
    entries = [
        Line("a", ["1"], "one"),
        Line("b", ["1000"], "many"),
        Line("c", ["1"]),
        Line("d", ["1"], "last"),
    ]
    assert aligned(entries) == ["a = 1    # one", "b = 1000 # many", "c = 1", "d = 1 # last"]


def test_a_block_has_arguments_then_blocks_then_what_it_waits_for() -> None:
    block = Block(
        "resource",
        ("kind", "name"),
        [
            Block("lifecycle", (), [Attribute("prevent_destroy", True)]),
            Attribute("depends_on", [Reference("x.y")]),
            Block("inner"),
            Attribute("name", "n"),
            Attribute("provider", Reference("aws.far")),
        ],
        "Why.",
    )
    assert text_of_blocks([block]) == (
        '# Why.\nresource "kind" "name" {\n  provider = aws.far\n\n  name = "n"\n\n  inner {}\n\n'
        "  lifecycle {\n    prevent_destroy = true\n  }\n\n  depends_on = [x.y]\n}\n"
    )


# What python-hcl2 gives back as it stands, so that only quoting is tested.
@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029"), max_size=30))
def test_a_text_is_read_back_as_it_was(text: str) -> None:
    written = hcl2.loads(f"a = {text_of(text)}\n")["a"]
    assert written == text_of(text)
    inner = written[1:-1]
    assert "\n" not in inner and not inner.replace("$${", "").count("${")
