"""Where Node and AWS's runtime client for it (npm's `aws-lambda-ric`) are on this machine.

The client is not installed with this project: it is compiled when npm installs it, which takes a minute or two.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from edgewise.cdn.distribution import FunctionDefinition
from edgewise.cdn.errors import RuntimeClientError

# Names the folder of the package, or one whose `node_modules` has it.
FOLDER_VARIABLE = "EDGEWISE_NODE_CLIENT"

_PACKAGE = Path("node_modules") / "aws-lambda-ric"
# What the package's own `bin` entry names, by age of the package.
_SCRIPTS = ("bin/index.mjs", "bin/index.js")


def command(function: FunctionDefinition) -> list[str]:
    """The command line for a function in JavaScript. Raises `RuntimeClientError`."""
    node = shutil.which("node")
    if node is None:
        raise RuntimeClientError(
            f"the function {function.name} is for {function.runtime}, and there is no `node` here",
            hint="install Node.js (https://nodejs.org) so that `node` is on the PATH",
        )
    return [node, str(_script(function)), function.handler]


def _script(function: FunctionDefinition) -> Path:
    for folder in _candidates(function):
        for script in _SCRIPTS:
            if (folder / script).is_file():
                return folder / script
    raise RuntimeClientError(
        f"the function {function.name} is for {function.runtime}, and AWS's runtime client for Node is not here",
        hint=f"run `npm install aws-lambda-ric` in {function.code.parent} (it compiles for a minute or two: cmake, "
        f"a C++ compiler and autotools are needed), or name the folder that has it in {FOLDER_VARIABLE}",
    )


def _candidates(function: FunctionDefinition) -> list[Path]:
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return [Path(named), Path(named) / _PACKAGE]
    return [folder / _PACKAGE for folder in (function.code, *function.code.parents)]
