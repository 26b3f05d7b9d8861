"""The options that commands about a site on AWS have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="The site's folder.")]
PlanOnly = Annotated[bool, typer.Option("--plan-only", help="Only show what would change; AWS is only read.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
NoVerify = Annotated[bool, typer.Option("--no-verify", help="Do not ask the site afterwards.")]
Ignored = Annotated[
    list[str] | None,
    typer.Option("--ignore", metavar="RULE", help="Go on although a rule of the check finds an error."),
]
Images = Annotated[
    list[str] | None,
    typer.Option(
        "--image",
        metavar="NAME=ADDRESS",
        help="The image in Amazon ECR that an origin's function runs; by default the one that it runs already.",
    ),
]
LogDays = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="N",
        help="Keep the functions' logs so long, everywhere; by default as the site file says, else 30 where nothing is "
        "set; 0 changes nothing.",
    ),
]
BreakLock = Annotated[
    bool, typer.Option("--break-lock", help="Deploy although somebody else seems to: theirs ended badly.")
]
LoseData = Annotated[
    bool, typer.Option("--lose-data", help="Also delete tables and buckets that the site no longer has.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
