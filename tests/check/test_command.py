"""`edgewise check` as it is used: a template, a site, its exit status, and the rules in cfn-lint."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from check.samples import changed
from edgewise.check import RULE_PACK, RULES, check_template
from edgewise.cli.check import check as command
from edgewise.site import create_site

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "examples/shop"
PROBE = Path(__file__).parent / "bad_edge.yaml"

app = typer.Typer()
app.command()(command)


def run(*arguments: object) -> tuple[int, str]:
    """The exit status and what was printed."""
    result = CliRunner().invoke(app, [*map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def rows(*arguments: object) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(*arguments, "--json")[1].splitlines()]


def template(folder: Path, **changes: Any) -> Path:
    file = folder / "template.json"
    file.write_text(
        json.dumps(changed({name.replace("_", "."): value for name, value in changes.items()}), indent=1)
    )
    return file


def test_a_sound_template(tmp_path: Path) -> None:
    assert run("--template", template(tmp_path)) == (0, "0 errors, 0 warnings\n")


def test_an_error_says_what_where_and_what_next(tmp_path: Path) -> None:
    file = template(tmp_path, Function_Timeout=31)
    status, output = run("--template", file)
    assert status == 1
    (row,) = rows("--template", file)
    assert row == {
        "rule": "EDGE113",
        "level": "error",
        "message": "Function has 31 seconds; Lambda@Edge gives 30 at most",
        "file": str(file),
        "line": file.read_text().splitlines().index('    "Timeout": 31') + 1,
        "key": "Resources.Function.Properties.Timeout",
        "hint": "30 seconds is the most, and a visitor waits for every one of them",
        "source": "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html",
    }
    for part in (row["message"], f"{file}:{row['line']} [{row['key']}]", row["hint"], row["source"]):
        assert part in output
    assert output.endswith("1 error, 0 warnings\n")


def test_warnings_fail_when_they_shall(tmp_path: Path) -> None:
    file = template(tmp_path, Function_ReservedConcurrentExecutions=1)
    assert run("--template", file)[0] == 0
    assert run("--template", file, "--strict")[0] == 1
    assert run("--template", file, "--strict", "--ignore", "EDGE117") == (0, "0 errors, 0 warnings\n")


def test_the_region_of_the_stack(tmp_path: Path) -> None:
    assert [row["rule"] for row in rows("--template", template(tmp_path), "--region", "eu-west-1")] == [
        "EDGE511"
    ]


def test_a_strangers_text_does_not_drive_the_terminal(tmp_path: Path) -> None:
    output = run("--template", template(tmp_path, Behavior_TargetOriginId="\x1b[2J"))[1]
    assert "\x1b" not in output and "\\x1b[2J" in output


def test_our_own_sites_have_nothing_but_their_example_domain(tmp_path: Path) -> None:
    create_site(tmp_path / "site")
    for folder in (SHOP, tmp_path / "site"):
        status, _ = run(folder, "--strict")
        assert status == 0
        assert [(row["rule"], row["level"]) for row in rows(folder)] == [("EDGE303", "note")]


def test_a_public_function_of_a_site_is_warned_of_in_whichever_region(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").touch()
    images = "".join(
        f'[origins.{name}]\nimage = "."\naccess = "{access}"\nregion = "{region}"\n'
        for name, access, region in (
            ("near", "public", "us-east-1"),
            ("far", "public", "eu-west-1"),
            ("signed", "signed", "eu-west-1"),
        )
    )
    (tmp_path / "edgewise.toml").write_text(f'name = "app"\n{images}[default]\norigin = "signed"\n')
    found = rows(tmp_path, "--ignore", "EDGE322")
    assert [(row["rule"], row["level"], row["key"]) for row in found] == [
        ("EDGE320", "warning", "origins.near.access"),
        ("EDGE320", "warning", "origins.far.access"),
        ("EDGE321", "note", "default.methods"),
    ]
    # Its host is made at deployment: there is none to tell.
    assert all("lambda-url" not in row["message"] for row in found)


DOCKERFILE = """\
# syntax=docker/dockerfile:1
FROM {base}
{copy}
ENV MODE=production \\
    AWS_LWA_PORT=8080
CMD ["python", "-m", "uvicorn", "app:app", \\
     "--port", "{port}"]
"""
ADAPTER = "COPY --from=public.ecr.aws/awsguru/aws-lambda-adapter:1.0.1 /lambda-adapter /opt/extensions/lambda-adapter"


@pytest.mark.parametrize(
    ("base", "copy", "port", "found"),
    [
        ("python:3.13", ADAPTER, "8080", []),
        ("python:3.13", "", "8080", [("EDGE323", 1)]),
        ("python:3.13", f"# {ADAPTER}", "8080", [("EDGE323", 1)]),
        ("public.ecr.aws/lambda/python:3.13", "", "8080", []),
        ("${BASE}", "", "8080", []),
        ("python:3.13", "RUN pip install awslambdaric", "8080", []),
        ("python:3.13", ADAPTER, "9000", [("EDGE324", 6)]),
    ],
)
def test_an_images_dockerfile_is_looked_at(
    tmp_path: Path, base: str, copy: str, port: str, found: list[tuple[str, int]]
) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/Dockerfile").write_text(DOCKERFILE.format(base=base, copy=copy, port=port))
    site = 'name = "app"\n[origins.app]\nimage = "app"\n{}[default]\norigin = "app"\nmethods = "read"\n'
    (tmp_path / "edgewise.toml").write_text(
        site.format('[origins.app.local]\ncommand = ["python", "app.py", "{port}"]\n')
    )
    told = rows(tmp_path)
    assert [(row["rule"], row["line"]) for row in told] == found
    assert all((row["file"], row["key"]) == (str(tmp_path / "app/Dockerfile"), "origins.app") for row in told)
    # What the site file sets comes after what the image sets.
    (tmp_path / "edgewise.toml").write_text(
        site.format(
            f'environment = {{ AWS_LWA_PORT = "{port}" }}\n[origins.app.local]\ncommand = ["python", "{{port}}"]\n'
        )
    )
    assert "EDGE324" not in [row["rule"] for row in rows(tmp_path)]
    for name in ("AWS_LWA_PORT", "PORT"):
        (tmp_path / "app/Dockerfile").write_text(
            DOCKERFILE.format(base=base, copy=ADAPTER, port=port).replace("    AWS_LWA_PORT=8080", "    A=b")
        )
        (tmp_path / "edgewise.toml").write_text(
            site.format(
                f'environment = {{ {name} = "7000" }}\n[origins.app.local]\ncommand = ["python", "{{port}}"]\n'
            )
        )
        (wrong,) = rows(tmp_path)
        assert (wrong["rule"], wrong["file"]) == ("EDGE324", str(tmp_path / "edgewise.toml"))
        assert wrong["key"] == f"origins.app.environment.{name}"
        assert port in str(wrong["hint"]) and "Dockerfile" in str(wrong["hint"])
    (tmp_path / "edgewise.toml").write_text(site.format(""))
    assert rows(tmp_path)[0]["rule"] == "EDGE322"
    assert "[origins.app.local]" in str(rows(tmp_path)[0]["hint"])


@pytest.mark.parametrize(
    ("more", "found", "key"),
    [
        ('environment = { API_TOKEN = "x" }', [("EDGE325", "API_TOKEN")], ".environment.API_TOKEN"),
        (
            'environment = { DATABASE = "postgres://me:pw@db/notes" }',
            [("EDGE325", "a URL with a password")],
            ".environment.DATABASE",
        ),
        ('environment = { SMTP_PASS = "x" }', [("EDGE325", "SMTP_PASS")], ".environment.SMTP_PASS"),
        ('environment = { TOKEN_URL = "https://id.example.com:443/token", API_TOKEN = "" }', [], ""),
        ('environment = { DATABASE_SECRET = "arn:aws:secretsmanager:us-east-1:1:secret:a" }', [], ""),
        ('environment = { TOKEN_TTL = "900", SECRET_NAME = "notes", PASSWORD_MIN_LENGTH = "12" }', [], ""),
        (
            'policies = ["arn:aws:iam::111122223333:policy/a", "arn:aws:iam::aws:policy/AdministratorAccess"]',
            [("EDGE326", "AdministratorAccess")],
            ".policies[1]",
        ),
        ('policies = ["arn:aws:iam::111122223333:policy/AdministratorAccess"]', [], ""),
        (
            f"policies = {[f'arn:aws:iam::aws:policy/P{i}' for i in range(11)]}",
            [("EDGE327", "11 policies")],
            ".policies",
        ),
        (
            'subnets = ["subnet-01234567"]\nsecurity_groups = ["sg-01234567"]\n'
            'secrets = { TOKEN_NAME = { from = "ssm", name = "/t" } }',
            [("EDGE328", "by itself, not even Systems Manager, where its secrets are")],
            ".subnets",
        ),
    ],
)
def test_what_an_app_is_given_is_looked_at_in_the_other_template_too(
    tmp_path: Path, more: str, found: list[tuple[str, str]], key: str
) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM python:3.13\n{ADAPTER}\n")
    (tmp_path / "edgewise.toml").write_text(
        f'name = "app"\n[origins.app]\nimage = "."\nregion = "eu-west-1"\n{more}\n'
        '[origins.app.local]\ncommand = ["python", "app.py", "{port}"]\n'
        '[default]\norigin = "app"\nmethods = "read"\n'
    )
    told = rows(tmp_path)
    assert [row["rule"] for row in told] == [rule for rule, _ in found]
    assert all(word in row["message"] for row, (_, word) in zip(told, found, strict=True))
    assert all(row["key"] == f"origins.app{key}" for row in told)
    assert not any("NAME" in str(row["hint"]) for row in told)


# Put together here, so that nobody's scanner takes them for real ones.
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("AK" + "IAIOSFODNN7EXAMPLE", "an access key of AWS's"),
        ("id=AS" + "IAIOSFODNN7EXAMPLE;", "an access key of AWS's"),
        ("sk_" + f"live_{LETTERS}", "a key of Stripe's"),
        ("gh" + f"p_{LETTERS}", "a token of GitHub's"),
        ("github_" + f"pat_{LETTERS}", "a token of GitHub's"),
        ("xox" + f"b-123456-{LETTERS}", "a token of Slack's"),
        ("https://hooks.slack.com/" + "services/T0/B0/x", "a webhook of Slack's"),
        ("ey" + f"J{LETTERS}.eyJ{LETTERS}.{LETTERS}", "a signed token (JWT)"),
        ("-----BEGIN RSA " + "PRIVATE KEY-----\\nMII", "a private key"),
        ("-----BEGIN " + "PRIVATE KEY-----\\nMII", "a private key"),
        ("-----BEGIN PUBLIC KEY-----\\nMII", None),
        ("AKIA", None),
        ("X" + "AKIAIOSFODNN7EXAMPLE", None),
        ("sk_test", None),
        ("the prefix is ghp_", None),
        ("eyJhbGciOiJub25lIn0", None),
        ("https://slack.com/services/help", None),
        ("me:you@example.com", None),
    ],
)
def test_a_value_that_looks_like_a_secret_is_warned_of_and_never_shown(
    tmp_path: Path, value: str, kind: str | None
) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM python:3.13\n{ADAPTER}\n")
    (tmp_path / "edgewise.toml").write_text(
        f'name = "app"\n[origins.app]\nimage = "."\nenvironment = {{ PLAIN = "{value}" }}\n'
        '[origins.app.local]\ncommand = ["python", "app.py", "{port}"]\n'
        '[default]\norigin = "app"\nmethods = "read"\n'
    )
    told = rows(tmp_path)
    assert [row["key"] for row in told] == (["origins.app.environment.PLAIN"] if kind else [])
    for row in told:
        assert row["rule"] == "EDGE325" and f"looks like {kind};" in str(row["message"])
        assert "[origins.app.secrets]" in str(row["hint"])
        assert value[8:] not in json.dumps(row)


def test_values_for_documentation_are_noted_wherever_a_name_is(tmp_path: Path) -> None:
    create_site(tmp_path / "site")
    file = tmp_path / "site/edgewise.toml"
    text = file.read_text().replace(
        'delivery = "stdout"',
        'delivery = "openobserve"\nurl = "https://logs.example.com"\ntoken = { from = "ssm", name = "/t" }',
    )
    file.write_text(
        text + '[domain]\nnames = ["www.example.com"]\n'
        'hosted_zone = { name = "example.com", id = "Z0123456789ABCDEFGHIJ" }\n'
        '[alarms]\nemail = "ops@example.com"\n'
    )
    told = [row for row in rows(tmp_path / "site") if row["rule"] == "EDGE303"]
    assert [row["message"].split()[0] for row in told] == [
        "app.example.com",
        "www.example.com",
        "Z0123456789ABCDEFGHIJ",
        "ops@example.com",
        "https://logs.example.com",
    ]
    assert [row["key"] for row in told][:3] == [
        "origins.app.domain",
        "domain.names[0]",
        "domain.hosted_zone.id",
    ]
    output = run(tmp_path / "site")[1]
    assert ", in the template of `edgewise synth` [Resources." in output


def test_a_sites_code_is_shown_where_the_user_wrote_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_site(tmp_path / "site")
    step = tmp_path / "site/edge/app.py"
    step.write_text("import boto3\n" + step.read_text() + "\nboto3.client('s3')\n")
    monkeypatch.chdir(tmp_path / "site")
    (row,) = [row for row in rows() if row["rule"] == "EDGE615"]
    assert (row["file"], row["line"]) == ("edge/app.py", len(step.read_text().splitlines()))
    assert all(row["file"] == "edgewise.toml" for row in rows() if row["rule"] == "EDGE303")


@pytest.fixture(scope="module")
def linted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What the real cfn-lint says with our rules, by template: the probe and our own example. One process."""
    from edgewise.site import load_site, write_template

    shop = write_template(load_site(SHOP), tmp_path_factory.mktemp("shop") / "template.yaml").template
    folder = run("--rules")[1].strip()
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), PROBE, shop, "--format", "json", "-a", folder],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.stdout.startswith("["), done.stdout + done.stderr
    found: dict[str, list[dict[str, Any]]] = {"bad_edge.yaml": [], "template.yaml": []}
    for match in json.loads(done.stdout):
        found[Path(match["Filename"]).name].append(match)
    return found


def test_cfn_lint_finds_with_our_rules_what_we_find(linted: dict[str, list[dict[str, Any]]]) -> None:
    from edgewise.cdn import load_template

    ours = {rule.cfn_lint_id for rule in RULES}
    seen = sorted(
        (match["Rule"]["Id"], match["Location"]["Start"]["LineNumber"])
        for match in linted["bad_edge.yaml"]
        if match["Rule"]["Id"] in ours
    )
    lines = {row["key"]: row["line"] for row in rows("--template", PROBE)}
    expected = sorted(
        (finding.rule.cfn_lint_id, lines[finding.key])
        for finding in check_template(load_template(PROBE))
        # cfn-lint shows notes only when it is asked to.
        if finding.rule.level != "note"
    )
    assert seen == expected


def test_cfn_lint_finds_nothing_in_our_own_example(linted: dict[str, list[dict[str, Any]]]) -> None:
    assert linted["template.yaml"] == []


def test_only_the_rule_pack_imports_cfn_lint() -> None:
    importers = {
        path.relative_to(ROOT)
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and any(
            "cfnlint" in name
            for name in [getattr(node, "module", None) or "", *(one.name for one in node.names)]
        )
    }
    assert importers == {Path("src/edgewise/check/cfnlint/edge.py")}
    assert list(RULE_PACK.glob("*.py")) == [RULE_PACK / "edge.py"]
