"""Starts AWS's runtime client, `awslambdaric`, as `python -m awslambdaric` does, but for one thing.

For Python 3.12 and later the client starts a thread for each invocation that it asks for, so that signals are
handled meanwhile. An environment that waits here is frozen, and the thread is half of what an invocation costs.
Run as a script: `python aws_client.py module.function`.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # The script's own folder comes first on the path; a function must not see this project's modules.
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]

    from awslambdaric import bootstrap
    from awslambdaric.lambda_runtime_client import LambdaRuntimeClient

    bootstrap.run(
        sys.argv[1],
        LambdaRuntimeClient(os.environ["AWS_LAMBDA_RUNTIME_API"], use_thread_for_polling_next=False),
    )
