"""Runs checkov over the templates of all examples: `python tests/scanning/run.py CHECKOV`, the program's path.

It has a place of its own, as it wants another boto3. What it finds beyond docs/deploy/checkov.md is told, and so is
what that page names and nobody finds; then the exit status is 1.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from scanning.exceptions import exceptions, templates, write_terraform


def findings(program: str) -> Iterator[tuple[str, str, str]]:
    """The check, the type of resource, and where."""
    with tempfile.TemporaryDirectory() as folder:
        for one in templates():
            (Path(folder) / one.name).write_text(one.text(), encoding="utf-8")
        write_terraform(Path(folder, "terraform"))
        command = [
            program,
            "--skip-download",
            "--compact",
            "--quiet",
            "--output",
            "json",
            "--directory",
            folder,
        ]
        done = subprocess.run(
            [*command, "--framework", "cloudformation", "terraform"],
            capture_output=True,
            text=True,
            check=False,
        )
    # It is 1 when there are findings.
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    reports: Any = json.loads(done.stdout)
    for report in reports if isinstance(reports, list) else [reports]:
        for one in report["results"]["failed_checks"]:
            # AWS::S3::Bucket.Files, or aws_s3_bucket.files, maybe in a module.
            kind, _, name = one["resource"].rpartition(".")
            kind = kind.rpartition(".")[2]
            yield one["check_id"], kind, f"{one['check_name']}: {name} in {one['file_path'].lstrip('/')}"


def main(program: str) -> int:
    """The exit status."""
    allowed, met, status = exceptions(), set(), 0
    for check, kind, where in findings(program):
        met.add((check, kind))
        if (check, kind) not in allowed:
            print(f"{check} {kind}: {where}")
            status = 1
    for check, kind in sorted(allowed.keys() - met):
        print(f"{check} {kind}: no longer found, so the exception can go")
        status = 1
    print(
        f"{len(met)} kinds of findings, {len(allowed)} of them explained"
        if not status
        else "not as explained"
    )
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
