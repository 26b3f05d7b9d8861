"""What Typer's commands do differently here: plain flags in `--help`, and values that begin with a hyphen."""

from __future__ import annotations

import re
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

# What may begin with a hyphen: a whole request id, the beginning of one, a span of time. Two hyphens begin an option,
# and so does what is no whole request id after them: a misspelt option must not pass for the beginning of an id.
_VALUE: Final = re.compile(r"-(?:[^-].*|-[\w-]+==)?", re.DOTALL)


class PlainCommand(TyperCommand):
    """A command whose flags are shown as they are written, without the type that Typer puts behind them."""

    def get_params(self, ctx: Any) -> Any:
        return _plain(super().get_params(ctx))


class PlainGroup(TyperGroup):
    """The same for the program itself."""

    def get_params(self, ctx: Any) -> Any:
        return _plain(super().get_params(ctx))


class ValueCommand(PlainCommand):
    """A command without options of one letter, so that its argument may begin with a hyphen."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        options = [each for each in args[:end] if not _VALUE.fullmatch(each)]
        values = [each for each in args[:end] if _VALUE.fullmatch(each)]
        return super().parse_args(ctx, [*options, "--", *values, *args[end + 1 :]])


class PlaceCommand(PlainCommand):
    """A command about the site here or the one on AWS, which is never about both."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if {"--local", "--aws"} <= set(args):
            raise typer.BadParameter("choose one", param_hint="--local, --aws")
        return super().parse_args(ctx, args)


class PlaceValueCommand(PlaceCommand, ValueCommand):
    """Such a command whose argument may begin with a hyphen, if only to be told that it is wrong."""


def _plain(params: Any) -> Any:
    for param in params:
        if isinstance(param, TyperOption) and param.is_flag:
            param.metavar = ""
    return params
