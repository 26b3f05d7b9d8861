"""Ctrl-C on the real command, in a process of its own, while CloudFormation works."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

from cloud.double.server import KEYS
from cloud.workshop import Workshop


def test_ctrl_c_leaves_no_lock_and_the_same_command_goes_on(workshop: Workshop) -> None:
    workshop.deploy()
    workshop.code("second")
    stack = workshop.double.formation.named("tea")
    assert stack is not None
    stack.held = True
    command = [sys.executable, "-m", "edgewise", "deploy", str(workshop.folder)]
    environment = {**os.environ, **KEYS, "AWS_ENDPOINT_URL": workshop.double.url}
    with subprocess.Popen(
        [*command, "--yes", "--no-verify", "--log-days", "0", "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line).get("step") == "execute":
                break
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=90)

    assert process.returncode == 130
    assert said.strip() == (
        "Stopped waiting. What CloudFormation has begun goes on there; run `edgewise deploy` again to go on."
    )
    assert workshop.objects("lock") == []
    stack.held = False
    result = workshop.deployment().resume()
    assert result is not None
    assert set(workshop.served.values()) == {2}
