"""How an execution environment's process is started: the runtime client, its path and its variables.

A function sees the standard library, what AWS's Python runtime brings (the runtime client and, where it is
installed, boto3) and its own folder: not this project, not the user's packages, not the user's shell.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from edgewise.cdn.distribution import FunctionDefinition
from edgewise.cdn.errors import RuntimeClientError

# AWS's runtime client with what it needs, and the SDK that the managed runtime contains.
_CLIENT = ("awslambdaric", "simplejson", "snapshot_restore_py")
_SDK = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")


class Launcher:
    """Knows the command line and the variables of an environment. `close` removes its folder."""

    def __init__(self, *, own_client: bool | None = None) -> None:
        """`own_client` forces the choice of client; without it AWS's is used where it is installed."""
        self.own_client = not _installed(_CLIENT[0]) if own_client is None else own_client
        self._folder = Path(tempfile.mkdtemp(prefix="edgewise-runtime-"))
        self._site = self._folder / "site"
        self._site.mkdir()
        for name in (*(() if self.own_client else _CLIENT), *_SDK):
            if _installed(name):
                _link(name, self._site)

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def command(self, handler: str) -> list[str]:
        # -S: no site-packages and no .pth files. PYTHONPATH (see `environment`) says what can be imported.
        client = (
            [str(Path(__file__).with_name("runtime_client.py"))]
            if self.own_client
            else ["-m", "awslambdaric"]
        )
        return [sys.executable, "-S", *client, handler]

    def environment(
        self, function: FunctionDefinition, region: str, *, api: str, log_stream: str
    ) -> dict[str, str]:
        """The variables of a Lambda environment that exist at the edge; there are no others.

        Source: Lambda Developer Guide, "Defined runtime environment variables". The name's prefix is that of a
        replica: CloudFront Developer Guide, "Edge function logs".
        """
        name = f"us-east-1.{function.name}"
        return {
            "AWS_DEFAULT_REGION": region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
            "AWS_LAMBDA_RUNTIME_API": api,
            "AWS_REGION": region,
            "LAMBDA_RUNTIME_DIR": str(self._site),
            "LAMBDA_TASK_ROOT": str(function.code),
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            # `/var/task` is read-only on AWS: what has no bytecode in it is compiled at every start. Here it also
            # means that an edit within the same second is never hidden by bytecode of the file before it.
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": f"{function.code}:{self._site}",
            "TZ": ":UTC",
            "_HANDLER": function.handler,
        }


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
