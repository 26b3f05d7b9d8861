"""What a template's resource names, its counterparts name: the same thing, the same attribute, in the same place.

Values are held by the tests beside; `Ref`, `Fn::GetAtt` and `Fn::Sub` have none that could be compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pytest

from edgewise.terraform import Configuration
from edgewise.terraform.names import snake
from edgewise.terraform.values import text_of
from terraform.documents import Documents
from terraform.mentions import Mention, Reader, arguments, blocks, literals, waits, written
from terraform.reading import SCHEMA, argument_names

# Facts of an account, which texts of templates have in braces.
PSEUDO = {"AWS::AccountId": "local.account_id", "AWS::Partition": "local.partition"}


def expected(one: Mention, counterparts: Mapping[str, tuple[str, ...]]) -> str:
    """The address that stands for what is mentioned. A certificate is used when it is validated."""
    if one.what not in counterparts:
        # Of a module it is the one thing that somebody else has.
        return "var" if one.what in ("var", "Distribution") else ""
    made = counterparts[one.what]
    return next((address for address in made if "_validation." in address), made[0])


def fits(asked: Mention, found: Mention, names: set[str]) -> bool:
    """Whether a reference may be what a template asks for."""
    if found.what == "var":
        return found.attribute == ("distribution_id" if asked.what == "Distribution" else asked.attribute)
    if asked.where in names and found.where != asked.where:
        return False
    # `StreamArn` is `arn`, `RegionalDomainName` is `bucket_regional_domain_name`: the last word is the same.
    return not asked.attribute or found.attribute.rpartition("_")[2] == asked.attribute.rpartition("_")[2]


def lost(
    asked: Iterable[Mention],
    text: str,
    counterparts: Mapping[str, tuple[str, ...]],
    known: set[str] | None = None,
) -> Iterator[Mention]:
    """What is asked for and not in a text, each reference standing for one mention. A property that is called as an
    argument, be it of the text or a `known` one, has to be that argument.
    """
    left, names = list(written(text)), arguments(text) | (known or set())
    # First what has to stand in a certain place.
    for one in sorted(asked, key=lambda one: one.where not in names):
        address = expected(one, counterparts)
        match = next((other for other in left if other.what == address and fits(one, other, names)), None)
        if match:
            left.remove(match)
        else:
            yield one


def test_what_a_resource_names_is_named_by_its_counterparts(
    documents: dict[str, Documents], configurations: dict[str, Configuration]
) -> None:
    seen = 0
    for name, configuration in configurations.items():
        described = documents[name.removesuffix("-attach")]
        reader, texts = Reader(described), blocks(configuration.files, "resource")
        for logical_id, made in configuration.counterparts.items():
            text = "\n".join(texts[address] for address in made)
            body = described.resources[logical_id]
            if body["Type"] == "AWS::Lambda::Version":
                continue
            asked = list(reader.mentions(body.get("Properties", {})))
            known = {one for address in made for one in argument_names(SCHEMA[address.partition(".")[0]])}
            gone = list(lost(asked, text, configuration.counterparts, known))
            assert not gone, f"{name}: {logical_id} lost {gone}"
            for part in literals(body.get("Properties", {})):
                assert text_of(part).strip('"') in text, f"{name}: {logical_id} lost {part!r}"
            for pseudo, local in PSEUDO.items():
                assert f"${{{pseudo}}}" not in str(body) or local in text, (
                    f"{name}: {logical_id} lost {pseudo}"
                )
            seen += len(asked)
    assert seen > 1000


def test_what_a_resource_waits_for_its_counterpart_waits_for(
    documents: dict[str, Documents], configurations: dict[str, Configuration]
) -> None:
    for name, configuration in configurations.items():
        described = documents[name.removesuffix("-attach")]
        reader, texts = Reader(described), blocks(configuration.files, "resource")
        counterparts = configuration.counterparts
        for logical_id, made in counterparts.items():
            body = described.resources[logical_id]
            given = body.get("DependsOn", [])
            asked = {counterparts[one][0] for one in ([given] if isinstance(given, str) else given)}
            # A stack makes a role with its policies.
            for one in reader.mentions(body.get("Properties", {})):
                role = described.resources.get(one.what, {}).get("Type") == "AWS::IAM::Role"
                if role and one.attribute == "arn" and body["Type"] != "AWS::IAM::Role":
                    asked.update(counterparts[one.what][1:])
            assert asked <= waits(texts[made[0]]), f"{name}: {logical_id}"


def test_outputs_name_what_they_are_of(
    documents: dict[str, Documents], configurations: dict[str, Configuration]
) -> None:
    for name, described in documents.items():
        reader, texts = Reader(described), blocks(configurations[name].files, "output")
        for template in (described.template, *described.apps.values()):
            for output, body in template.get("Outputs", {}).items():
                if output in described.template.get("Parameters", {}):
                    # One template tells the other by it.
                    continue
                asked = list(reader.mentions(body["Value"]))
                assert not list(lost(asked, texts[snake(output)], configurations[name].counterparts)), name


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (Mention("role_arn", "Role", "arn"), "  role_arn = aws_iam_role.other.arn"),
        (Mention("role_arn", "Role", "arn"), "  role_arn = aws_iam_role.one.name"),
        (Mention("role_arn", "Role", "arn"), "  role_arn = 1\n  bucket_arn = aws_iam_role.one.arn"),
        (Mention("role_arn", "Role", "arn"), "  depends_on = [\n    aws_iam_role.one.arn,\n  ]"),
        (Mention("image_uri", "var", "image"), "  image_uri = var.other"),
    ],
)
def test_another_reference_is_not_the_one_asked_for(asked: Mention, text: str) -> None:
    assert list(lost([asked], text, {"Role": ("aws_iam_role.one",)})) == [asked]


def test_a_reference_in_its_place_is_seen() -> None:
    asked = [Mention("resource", "Role", "arn"), Mention("resource", "Role", "arn")]
    listed = '    Resource = [\n      aws_iam_role.one.arn,\n      "${aws_iam_role.one.arn}/*",\n    ]'
    text = f"  policy = jsonencode({{\n{listed}\n  }})"
    assert not list(lost(asked, text, {"Role": ("aws_iam_role.one",)}))
