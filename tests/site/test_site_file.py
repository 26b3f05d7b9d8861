"""The site file: what a good one gives, and that each mistake is named with its key, what was expected, the nearest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgewise.site import (
    BucketOrigin,
    CustomOrigin,
    LocalCommand,
    LocalUrl,
    SiteError,
    SiteProblems,
    load_site,
)

Edit = Callable[[str, str], Path]


def test_a_good_file_gives_a_site_with_its_defaults_filled_in(site_folder: Path) -> None:
    site = load_site(site_folder)
    app, files = site.origins
    assert app == CustomOrigin(
        "app", "app.example.com", "https-only", LocalCommand(("python", "serve.py", "{port}"), site_folder)
    )
    assert files == BucketOrigin("files", site_folder / "public")
    assert (site.default.methods, site.default.cache.name) == ("all", "CachingDisabled")
    assert site.default.forward is not None and site.default.forward.name == "AllViewerExceptHostHeader"
    (bucket,) = site.behaviors
    assert (bucket.methods, bucket.cache.name, bucket.forward) == ("read", "CachingOptimized", None)
    assert site.log is not None and site.log.delivery == "stdout"
    assert site.directory == site_folder


def test_the_triggers_are_the_users_and_the_logs(edit: Edit) -> None:
    assert load_site(edit("viewer-request", "viewer-response")).triggers == (
        "viewer-request",
        "origin-response",
        "viewer-response",
    )
    assert load_site(edit("[log]", "")).triggers == ("viewer-response",)


def test_a_site_is_found_by_its_file_too(site_folder: Path) -> None:
    assert load_site(site_folder / "edgewise.toml") == load_site(site_folder)


def test_the_command_gets_its_port_and_our_interpreter() -> None:
    command = LocalCommand(("python", "-m", "serve", "--bind=127.0.0.1:{port}"), Path())
    assert command.argv(9000, "/opt/python") == ["/opt/python", "-m", "serve", "--bind=127.0.0.1:9000"]
    assert LocalCommand(("node", "{port}", "python"), Path()).argv(1, "/x") == ["node", "1", "python"]


def test_an_origin_may_run_already(edit: Edit) -> None:
    folder = edit('command = ["python", "serve.py", "{port}"]', 'url = "http://[::1]:9000/"')
    assert load_site(folder).origins[0] == CustomOrigin(
        "app", "app.example.com", "https-only", LocalUrl("http://[::1]:9000")
    )


def test_policies_are_given_by_short_name_or_id(edit: Edit) -> None:
    own = "11111111-2222-3333-4444-555555555555"
    folder = edit(
        '[default]\norigin = "app"',
        f'[default]\norigin = "app"\ncache = "{own}"\nforward = "216adef6-5c7f-47e4-b989-5492eafa07d3"',
    )
    default = load_site(folder).default
    assert (default.cache.id, default.forward and default.forward.name) == (own, "AllViewer")


# What is changed in the site file → the key that the message names → fragments that it holds.
MISTAKES = [
    (
        'origin = "files"',
        'orign = "files"',
        "behaviors[0].orign",
        ["unknown key", "`origin`", "viewer_protocol"],
    ),
    (
        'origin = "files"',
        'origin = "file"',
        "behaviors[0].origin",
        ["unknown origin", "`files`", "app, files"],
    ),
    ('origin = "files"', "", "behaviors[0].origin", ["missing", "a text"]),
    ('name = "demo"', "", "name", ["missing", "a text"]),
    ('name = "demo"', "name = 7", "name", ["expected a text", "a whole number", "7"]),
    ('name = "demo"', 'name = "My Shop"', "name", ["cannot be a name", "hyphens"]),
    ('name = "demo"', f'name = "{"a" * 41}"', "name", ["cannot be a name", "at most 40"]),
    ('name = "demo"', 'name = "demo"\n[orgins]', "orgins", ["unknown key", "`origins`"]),
    ("[origins.files]", '[origins."my files"]', 'origins."my files"', ["cannot be a name"]),
    ("[origins.files]", "[origins.a-1]", "origins.a-1", ["cannot be a name", "letter"]),
    ('domain = "app.example.com"', "", "origins.app", ["`domain`", "`folder`"]),
    (
        'domain = "app.example.com"',
        'domain = "https://a.b"',
        "origins.app.domain",
        ["host name", "no scheme"],
    ),
    ('domain = "app.example.com"', 'domain = "127.0.0.1"', "origins.app.domain", ["host name"]),
    ('domain = "app.example.com"', 'folder = "public"', "origins.app.local", ["`local`", "bucket"]),
    ('folder = "public"', 'folder = "pubic"', "origins.files.folder", ["no folder", "pubic"]),
    ('folder = "public"', 'folder = "edge/steps.py"', "origins.files.folder", ["no folder"]),
    ('folder = "public"', 'folder = ""', "origins.files.folder", ["no folder"]),
    ('folder = "public"', 'folder = "a\\u0000b"', "origins.files.folder", ["no folder"]),
    ('"{port}"', '"80"', "origins.app.local.command", ["port", "{port}"]),
    ('["python", "serve.py", "{port}"]', "[]", "origins.app.local.command", ["program"]),
    ('"serve.py"', "3", "origins.app.local.command[1]", ["expected a text", "a whole number"]),
    (
        'command = ["python", "serve.py", "{port}"]',
        "",
        "origins.app.local",
        ["one of `command`, `url` and `handler`"],
    ),
    (
        'command = ["python", "serve.py", "{port}"]',
        'url = "app:1"',
        "origins.app.local.url",
        ["http://HOST:PORT"],
    ),
    (
        'command = ["python", "serve.py", "{port}"]',
        'url = "http://a:99999"',
        "origins.app.local.url",
        ["http://HOST:PORT"],
    ),
    (
        'command = ["python", "serve.py", "{port}"]',
        'url = "http://a"\ndirectory = "."',
        "origins.app.local.directory",
        ["`command`"],
    ),
    (
        "[origins.app.local]",
        "[origins.app.local]\ndirectory = 'x'",
        "origins.app.local.directory",
        ["no folder"],
    ),
    ('path = "/files/*"', 'path = ""', "behaviors[0].path", ["1 to 255"]),
    ('path = "/files/*"', f'path = "/{"a" * 255}"', "behaviors[0].path", ["1 to 255", "256"]),
    ('path = "/files/*"', 'path = "/a b"', "behaviors[0].path", ["characters", "A-Z"]),
    ('path = "/files/*"', "", "behaviors[0].path", ["missing"]),
    ("[log]", '[[behaviors]]\npath = "files/*"\norigin = "app"', "behaviors[1].path", ["behaviors[0]"]),
    ('origin = "files"', 'origin = "files"\nmethods = "all"', "behaviors[0].methods", ["read, read-options"]),
    ('origin = "files"', 'origin = "files"\nmethods = "reed"', "behaviors[0].methods", ["`read`", "all"]),
    ('origin = "files"', 'origin = "files"\ncache = "optimised"', "behaviors[0].cache", ["`optimized`"]),
    (
        'origin = "files"',
        'origin = "files"\ncache = ""',
        "behaviors[0].cache",
        ["cache policy", "policy's id"],
    ),
    ('origin = "files"', 'origin = "files"\ncache = "amplify"', "behaviors[0].cache", ["Host", "403"]),
    ('origin = "files"', 'origin = "files"\nforward = "all-viewer"', "behaviors[0].forward", ["Host", "403"]),
    ('origin = "files"', 'origin = "files"\nforward = "non"', "behaviors[0].forward", ["`none`"]),
    ('origin = "files"', 'origin = "files"\nfunctions = "no"', "behaviors[0].functions", ["true or false"]),
    (
        'origin = "files"',
        'origin = "files"\nviewer_protocol = "redirect"',
        "behaviors[0].viewer_protocol",
        ["https"],
    ),
    ("[[behaviors]]", "[behaviors]", "behaviors", ["a list of tables", "a table"]),
    ('source = "edge"', 'source = "egde"', "functions.source", ["no folder"]),
    ('handler = "steps.handler"', 'handler = "handler"', "functions.handler", ["module.attribute"]),
    ('handler = "steps.handler"', 'handler = "step.handler"', "functions.handler", ["step.py"]),
    ('["viewer-request"]', '["viewer-requests"]', "functions.triggers[0]", ["`viewer-request`"]),
    ('["viewer-request"]', "[]", "functions.triggers", ["no triggers", "origin-response"]),
    ("[log]", '[log]\ndelivery = "stdot"', "log.delivery", ["`stdout`", "openobserve"]),
    ("[log]", "[[log]]", "log", ["expected a table", "a list"]),
]


@pytest.mark.parametrize(
    ("old", "new", "key", "fragments"), MISTAKES, ids=[f"{m[2]}={m[1][:30]}" for m in MISTAKES]
)
def test_a_mistake_is_named(edit: Edit, old: str, new: str, key: str, fragments: list[str]) -> None:
    folder = edit(old, new)
    with pytest.raises(SiteError) as caught:
        load_site(folder)
    problems = caught.value.problems if isinstance(caught.value, SiteProblems) else (caught.value,)
    named = [problem for problem in problems if problem.key == key]
    assert len(named) == 1, str(caught.value)
    message = str(named[0])
    assert message.startswith(f"{folder / 'edgewise.toml'} [{key}]: ")
    for fragment in fragments:
        assert fragment in message


def test_all_problems_of_a_file_are_reported_together(edit: Edit) -> None:
    edit('name = "demo"', 'name = "Demo"')
    folder = edit('origin = "files"', 'origin = "fils"')
    with pytest.raises(SiteProblems) as caught:
        load_site(folder)
    assert [problem.key for problem in caught.value.problems] == ["name", "behaviors[0].origin"]
    assert all(str(problem) in str(caught.value) for problem in caught.value.problems)


def test_a_misspelt_required_key_is_one_problem_not_two(edit: Edit) -> None:
    with pytest.raises(SiteError) as caught:
        load_site(edit('origin = "files"', 'orign = "files"'))
    assert not isinstance(caught.value, SiteProblems)


def test_limits_of_a_distribution(site_folder: Path) -> None:
    file = site_folder / "edgewise.toml"
    behaviors = "".join(f'[[behaviors]]\npath = "/{i}"\norigin = "app"\n' for i in range(75))
    file.write_text(file.read_text() + behaviors)
    with pytest.raises(SiteError, match="76 behaviors") as caught:
        load_site(site_folder)
    assert "at most 75" in str(caught.value)
    origins = "".join(f'[origins.o{i}]\ndomain = "o.example.com"\n' for i in range(101))
    file.write_text(f'name = "demo"\n{origins}[default]\norigin = "o1"\n')
    with pytest.raises(SiteError, match="101 origins"):
        load_site(site_folder)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b'name = "demo"\nname = \n', 2),
        (b'name = "demo"\n[origins\n', 2),
        (b'name = "demo"\nother = [1,\n', 3),
        (b'name = "demo"\ntext = "\xff"\n', 2),
    ],
)
def test_what_is_not_toml_is_named_with_its_line(site_folder: Path, text: bytes, line: int) -> None:
    (site_folder / "edgewise.toml").write_bytes(text)
    with pytest.raises(SiteError) as caught:
        load_site(site_folder)
    assert caught.value.line == line
    assert f"edgewise.toml:{line}: " in str(caught.value)


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, f"a = {'9' * 5000}"], ids=["nested", "digits"])
def test_toml_that_python_gives_up_on_is_a_site_error(site_folder: Path, text: str) -> None:
    (site_folder / "edgewise.toml").write_text(text)
    with pytest.raises(SiteError):
        load_site(site_folder)


def test_a_missing_site_file_says_how_to_make_one(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(SiteError, match="no site file") as caught:
            load_site(place)
        assert "edgewise init" in str(caught.value)
