"""How an execution environment's process is started: the runtime client, its path and its variables.

A Python function sees the standard library, what AWS's runtime brings (the runtime client and, where it is
installed, boto3) and its own folder: not this project, not the user's packages, not the user's shell. Where
Node's client is looked for is in `node_client.py`.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from functools import cached_property
from importlib import metadata
from pathlib import Path

from edgewise.cdn.distribution import FunctionDefinition
from edgewise.cdn.errors import RuntimeClientError
from edgewise.cdn.functions import names, node_client
from edgewise.cdn.functions.edgewise_web_adapter import APP_VARIABLE

# AWS's runtime client with what it needs, and the SDK that the managed runtime contains.
_CLIENT = ("awslambdaric", "simplejson", "snapshot_restore_py")
# The stand-in for the adapter of an image, by the name of its module.
_ADAPTER = "edgewise_web_adapter"
_SDK = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")


class Launcher:
    """Knows the command line and the variables of an environment. `close` removes its folder.

    Nothing is made before the first Python function is started.
    """

    def __init__(
        self, *, own_client: bool | None = None, credentials: Mapping[str, str] | None = None
    ) -> None:
        """`own_client` forces the choice of Python client; without it AWS's is used where it is installed.

        `credentials` are variables, those in which Lambda gives a function the credentials of its role.
        """
        self._credentials = credentials or {}
        self.own_client = not _installed(_CLIENT[0]) if own_client is None else own_client

    @cached_property
    def _site(self) -> Path:
        """The folder of what AWS's Python runtime brings."""
        site = Path(tempfile.mkdtemp(prefix="edgewise-runtime-"))
        for name in (*(() if self.own_client else _CLIENT), *_SDK):
            if _installed(name):
                _link(name, site)
        (site / f"{_ADAPTER}.py").symlink_to(Path(__file__).with_name(f"{_ADAPTER}.py"))
        return site

    def close(self) -> None:
        if "_site" in self.__dict__:
            shutil.rmtree(self._site, ignore_errors=True)

    def check(self, function: FunctionDefinition) -> None:
        """Raises `RuntimeClientError` where functions of this kind cannot be started on this machine."""
        if _is_node(function):
            node_client.command(function)

    def command(self, function: FunctionDefinition) -> list[str]:
        """The command line of the runtime client. Raises `RuntimeClientError`."""
        if _is_node(function):
            return node_client.command(function)
        script = "runtime_client.py" if self.own_client else "aws_client.py"
        handler = f"{_ADAPTER}.handler" if function.app else function.handler
        # -S: no site-packages and no .pth files. PYTHONPATH (see `environment`) says what can be imported.
        return [sys.executable, "-S", str(Path(__file__).with_name(script)), handler]

    def environment(
        self, function: FunctionDefinition, region: str, *, api: str, log_stream: str
    ) -> dict[str, str]:
        """The variables of a Lambda environment that exist at the edge, and those of the function's own.

        Source: Lambda Developer Guide, "Defined runtime environment variables".
        """
        name = names.full_name(function)
        return {
            # These are the function's to set otherwise, the others Lambda's alone.
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TZ": ":UTC",
            **function.variables,
            **self._credentials,
            "AWS_DEFAULT_REGION": region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": names.log_group(function),
            "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
            "AWS_LAMBDA_RUNTIME_API": api,
            "AWS_REGION": region,
            "LAMBDA_TASK_ROOT": str(function.code),
            "_HANDLER": function.handler,
            **({} if _is_node(function) else self._python_environment(function)),
        }

    def _python_environment(self, function: FunctionDefinition) -> dict[str, str]:
        return {
            "LAMBDA_RUNTIME_DIR": str(self._site),
            # `/var/task` is read-only on AWS: what has no bytecode in it is compiled at every start. Here it also
            # means that an edit within the same second is never hidden by bytecode of the file before it.
            "PYTHONDONTWRITEBYTECODE": "1",
            **self._what_is_run(function),
        }

    def _what_is_run(self, function: FunctionDefinition) -> dict[str, str]:
        if function.app is None:
            return {"PYTHONPATH": f"{function.code}:{self._site}"}
        # Nothing of the app is imported beside the adapter: it is a process of its own.
        app = {"command": function.app.words, "environment": dict(function.app.variables)}
        return {
            "PYTHONPATH": str(self._site),
            "LAMBDA_TASK_ROOT": str(self._site),
            APP_VARIABLE: json.dumps(app),
        }


def _is_node(function: FunctionDefinition) -> bool:
    return function.runtime.startswith("nodejs")


def _installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _link(name: str, folder: Path) -> None:
    """Make a distribution's modules, and nothing else of where it is installed, importable from `folder`."""
    distribution = metadata.distribution(name)
    if distribution.files is None:
        raise RuntimeClientError(f"the files of the package {name} are not known", hint=f"reinstall {name}")
    tops = {file.parts[0] for file in distribution.files}
    for top in sorted(tops):
        source = Path(str(distribution.locate_file(top)))
        if top not in ("..", "__pycache__") and not top.endswith(".dist-info") and source.exists():
            (folder / top).symlink_to(source)
