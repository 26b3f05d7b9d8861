"""The arithmetic of the score, the list of known deviations, and what the command prints."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from conformance.__main__ import main
from conformance.rule import Group, Rule
from conformance.rules import GROUPS, every_rule
from conformance.run import Result

from conformance import score

PAGE = Path(__file__).parents[2] / "docs/conformance.md"
README = Path(__file__).parents[2] / "README.md"


def rule(name: str, group: str = "one", *, doubtful: bool = False) -> Rule:
    made = Group(group, "page")
    made.add(name, f"The rule {name} holds.", lambda kit: None, doubtful=doubtful)
    return made.rules[0]


RESULTS = [
    Result(rule("good"), True),
    Result(rule("bad"), False, "this", "that"),
    Result(rule("better", "two"), True),
    Result(rule("unsure", "two", doubtful=True), False, "this", "that"),
    Result(rule("sure", "two", doubtful=True), True),
    Result(rule("elsewhere", "two"), None),
]


def test_doubtful_and_skipped_rules_are_counted_beside_the_score() -> None:
    total = score.score(RESULTS)
    assert (total.passed, total.scored, total.percent) == (2, 3, 66)
    assert (total.doubtful_passed, total.doubtful, total.skipped) == (1, 2, 1)


def test_a_hundred_percent_means_all() -> None:
    assert score.Score(999, 1000).percent == 99
    assert score.Score(0, 0).percent == 100


def test_each_group_has_its_score() -> None:
    groups = score.by_group(RESULTS)
    assert {name: (line.passed, line.scored) for name, line in groups.items()} == {
        "one": (1, 2),
        "two": (1, 1),
    }


def test_the_table_has_a_line_for_each_group_and_the_total() -> None:
    lines = [line.split() for line in score.table(RESULTS).splitlines()]
    assert lines[1:] == [
        ["one", "1", "2", "50"],
        ["two", "1", "1", "100", "1/2", "1"],
        ["total", "2", "3", "66", "1/2", "1"],
    ]


def test_a_failure_is_not_good() -> None:
    verdict = score.verdict(RESULTS, {})
    assert [each.rule.name for each in verdict.failed] == ["bad"]
    assert not verdict.good


def test_a_known_failure_is_good() -> None:
    verdict = score.verdict(RESULTS, {"bad": "it is hard"})
    assert verdict.good
    assert [each.rule.name for each in verdict.known] == ["bad"]


def test_a_listed_rule_that_passes_is_an_error() -> None:
    verdict = score.verdict(RESULTS, {"bad": "it is hard", "good": "it was hard"})
    assert [each.rule.name for each in verdict.mended] == ["good"]
    assert not verdict.good


def test_failures_show_everything() -> None:
    text = score.failures(RESULTS, {"bad": "it is hard"})
    first, second = text.split("\n\n")
    assert first.splitlines() == [
        "one / bad (known: it is hard)",
        "  rule      The rule bad holds.",
        "  expected  this",
        "  seen      that",
        "  page      https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/page.html",
    ]
    assert second.startswith("two / unsure (doubtful, not scored)")


def test_json_holds_every_rule() -> None:
    told = json.loads(json.dumps(score.as_json(RESULTS, {})))
    assert (told["good"], told["total"]["passed"], told["groups"]["two"]["skipped"]) == (False, 2, 1)
    assert [each["passed"] for each in told["rules"]] == [True, False, True, False, True, None]


def test_the_list_of_known_deviations_can_be_used() -> None:
    score.read_known(score.KNOWN, every_rule())


@pytest.mark.parametrize(
    ("text", "complaint"), [('no-such-rule = "why"', "which is no rule"), ('good = " "', "gives no reason")]
)
def test_a_wrong_list_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "known.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=complaint):
        score.read_known(file, [rule("good")])


def test_the_page_shows_every_known_deviation_with_its_reason() -> None:
    shown = PAGE.read_text(encoding="utf-8")
    for name, reason in tomllib.loads(score.KNOWN.read_text(encoding="utf-8")).items():
        assert f"| `{name}` | {reason} |" in shown, (
            f"docs/conformance.md lacks `{name}` or gives another reason"
        )


def test_the_page_shows_every_group_with_its_rules() -> None:
    shown = PAGE.read_text(encoding="utf-8")
    counts = Counter(each.group for each in every_rule() if not each.doubtful)
    for group in GROUPS:
        assert f"| {group.name} | {counts[group.name]} |" in shown, (
            f"docs/conformance.md: {group.name} has {counts[group.name]}"
        )


def test_the_page_shows_every_doubtful_rule() -> None:
    shown = PAGE.read_text(encoding="utf-8")
    for each in every_rule():
        assert not each.doubtful or f"`{each.name}`" in shown, (
            f"docs/conformance.md lacks the doubtful `{each.name}`"
        )


def test_the_command_names_rules_without_running_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "--only", "geo", "--only", "redirect-get-is-301"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["protocol", "geo", "geo", "geo", "geo", "geo", "geo"]


def test_the_command_refuses_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "weather"]) == 2
    assert "weather" in capsys.readouterr().err
    assert main(["--address", "nowhere", "--only", "geo"]) == 2
    assert "is not an address" in capsys.readouterr().err


def test_the_readme_states_the_score_that_the_list_of_deviations_implies() -> None:
    scored = [each.name for each in every_rule() if not each.doubtful]
    known = tomllib.loads(score.KNOWN.read_text(encoding="utf-8"))
    doubtful = len(every_rule()) - len(scored)
    readme = " ".join(README.read_text(encoding="utf-8").split())
    assert f"**{len(scored) - len(known)} of {len(scored)} hold**" in readme
    assert f"of {doubtful} more that AWS documents poorly" in readme
