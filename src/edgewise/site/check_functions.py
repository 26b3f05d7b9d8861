"""Checks the user's own steps: their folder, their handler, their triggers."""

from __future__ import annotations

from edgewise.site import limits
from edgewise.site.check_context import Context
from edgewise.site.model import Functions
from edgewise.site.problems import shown
from edgewise.site.raw import RawFunctions


def check_functions(context: Context, raw: RawFunctions) -> Functions:
    """The user's functions; each trigger once."""
    source = context.folder("functions.source", raw.source)
    if raw.triggers == []:
        context.problems.add(
            "functions.triggers", "there are no triggers", f"Expected some of: {', '.join(limits.TRIGGERS)}."
        )
    triggers = dict.fromkeys(trigger for trigger in raw.triggers or () if trigger)
    functions = Functions(source, raw.handler or "", tuple(triggers))
    if raw.handler is not None:
        _check_handler(context, functions)
    return functions


def _check_handler(context: Context, functions: Functions) -> None:
    handler, names = functions.handler, functions.handler.split(".")
    shaped = len(names) > 1 and all(name.isascii() and name.isidentifier() for name in names)
    if not shaped or len(handler) > limits.MAX_HANDLER:
        context.problems.add(
            "functions.handler",
            f"{shown(handler)} is not a handler",
            f"Expected module.attribute, such as app.handler, at most {limits.MAX_HANDLER} characters.",
        )
        return
    files = functions.handler_files
    is_there = any(context.on_disk(functions.source / file) == "file" for file in files)
    if context.on_disk(functions.source) == "folder" and not is_there:
        context.problems.add(
            "functions.handler",
            f"{shown(handler)} names a module that is not in {functions.source}",
            f"Expected the file {files[0]} there.",
        )
