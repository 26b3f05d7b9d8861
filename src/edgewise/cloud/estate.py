"""All that a site has on AWS by which it is changed: its stacks, the bucket of its code, the notes of its runs.

Deployment, staged change and destruction work on the same, and tell of it in the same way.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from edgewise.cloud.asking import Aws, account_of
from edgewise.cloud.assets import Assets
from edgewise.cloud.journal import Journal
from edgewise.cloud.stack import Stack, app_stack
from edgewise.cloud.work import Event

Tell = Callable[[str, str], None]
"""Is told each step as it is taken: its name and a sentence."""


class Estate:
    """What the site `name` has in the account that `aws` is signed in to; `folder` is the site's `.edgewise`.

    Raises `CredentialsError` when AWS does not know who asks.
    """

    def __init__(
        self,
        aws: Aws,
        name: str,
        folder: Path,
        *,
        tell: Tell,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.aws = aws
        self.name = name
        self.account = account_of(aws)
        self.tell = tell
        self.sleep = sleep or time.sleep
        self.assets = Assets(aws("s3"), name, self.account)
        self.journal = Journal(folder, self.account)
        self.stack = Stack(aws("cloudformation"), name, self.sleep)

    def app_stack(self, region: str) -> Stack:
        """The stack of the site's apps in a region."""
        return app_stack(self.aws, self.name, region, self.sleep)

    def tell_event(self, event: Event) -> None:
        """A line of a stack's story, as a step."""
        why = f": {event.reason}" if event.status.endswith("_FAILED") else ""
        self.tell("event", f"{event.resource} {event.status.lower().replace('_', ' ')}{why}")
