"""The part of the checked site that is about page views; see `model.py`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgewise.site import limits
from edgewise.site.secret import Secret


@dataclass(frozen=True, slots=True)
class Statistics:
    """The page views: how they are counted, which way they go, how long their files stay.

    `path` is `step-functions` or `firehose`, `name` the site's, which everything is called after. `countries` is an
    address database. `own_key` is the user's key of the visitors' hashes; without it the template makes a salt a day.
    """

    name: str
    path: str = "step-functions"
    countries: Path | None = None
    bots: bool = True
    days: int = 730
    format: str = "json"
    catalog: str = "projection"
    buffer_seconds: int = 300
    batch_seconds: float = 0
    budget_ms: float = 50
    wait: bool = False
    own_key: Secret | None = None

    # All of it is in one region, the one of the functions.
    region = limits.HOME_REGION
    table = "page_views"

    @property
    def pipeline(self) -> str:
        """What the state machine, the event bus, the delivery stream and Athena's workgroup are all called."""
        return f"{self.name}-page-views"

    @property
    def queue(self) -> str:
        """The queue of what could not be handed on."""
        return f"{self.pipeline}-failed"

    @property
    def database(self) -> str:
        """The Glue database; SQL would want a hyphen in quotes."""
        return f"{self.name.replace('-', '_')}_statistics"

    @property
    def salts(self) -> str:
        """The path of the parameters with the salts: below it is one for each day."""
        return f"/{self.name}/visitor-salts"


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Paths of folders get the name of their page, `index`, in the behaviors with these paths (`*`: the default)."""

    index: str
    behaviors: tuple[str, ...]
