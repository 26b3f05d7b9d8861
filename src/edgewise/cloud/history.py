"""What was deployed, in order: one small document a deployment in the assets bucket, beside the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from edgewise.cloud.assets import Assets
from edgewise.cloud.errors import HistoryError
from edgewise.cloud.package import Package, digest_of, notes_of

_PREFIX: Final = "history/"
# As far as one can go back; older ones stay in the bucket.
_LATEST: Final = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One deployment: its number, run, time (ISO 8601, UTC) and person; the key of its template in the bucket.

    `recipe` stands for the template, `state` for all that was deployed, where that is more: `apps` has the keys of the
    apps' templates by region (None: not known, and left as they are), `images` what their functions run. `again` is the
    number of the deployment that it brought back, or 0.
    """

    number: int
    run: str
    at: str
    by: str
    recipe: str
    template: str
    settings_hash: str
    again: int = 0
    state: str = ""
    apps: Mapping[str, str] | None = None
    images: Mapping[str, str] = field(default_factory=dict)

    @property
    def original(self) -> int:
        """The number of the deployment that first brought its template."""
        return self.again or self.number

    @property
    def what(self) -> str:
        """What stands for all that it deployed."""
        return self.state or self.recipe


def entries(assets: Assets) -> list[Entry]:
    """The latest deployments, the first first."""
    return [Entry(**assets.get(key)) for key in assets.names(_PREFIX)[-_LATEST:]]


def record(assets: Assets, entry: Entry) -> Entry:
    """Write a deployment down, once: a run that is there already is not written again. Gives it its number."""
    known = entries(assets)
    for one in known:
        if one.run == entry.run:
            return one
    numbered = Entry(**{**asdict(entry), "number": known[-1].number + 1 if known else 1})
    key = f"{_PREFIX}{numbered.number:06d}.json"
    # What is there may be this entry: boto3 writes again when an answer is lost.
    if not assets.put_once(key, asdict(numbered)) and Entry(**assets.get(key)).run != entry.run:
        raise HistoryError(
            "somebody else wrote the history at the same time", file=assets.bucket, hint="Run it again."
        )
    return numbered


def one_before(known: Sequence[Entry], state: str) -> Entry:
    """The deployment before the one that is there, which `state` stands for. Going back again goes back further.

    Raises `HistoryError`.
    """
    now = next((one for one in reversed(known) if one.what == state), None)
    limit = now.original if now else float("inf")
    earlier = [one for one in known if not one.again and one.number < limit and one.what != state]
    if not earlier:
        raise HistoryError(
            "no earlier deployment is known",
            hint="`edgewise deploy` writes them down; go back to an earlier state of the site file and deploy that.",
        )
    return earlier[-1]


def recipe_of(deployed: Mapping[str, Any]) -> str:
    """What stands for the template that a deployed one was made from; empty if we did not deploy it."""
    return str(notes_of(deployed).get("Recipe", ""))


def state_of(recipe: str, apps: Mapping[str, Mapping[str, Any]], images: Mapping[str, str]) -> str:
    """What stands for all that is deployed: the site's own template, and its apps' templates and images."""
    if not (apps or images):
        return recipe
    return digest_of([recipe, {region: digest_of(one) for region, one in apps.items()}, dict(images)])


def package_of(assets: Assets, entry: Entry) -> Package:
    """What an earlier deployment took along. Its code is still in the bucket."""
    known = None if entry.apps is None else {region: assets.get(key) for region, key in entry.apps.items()}
    return Package(assets.get(entry.template), (), entry.settings_hash, known, entry.images)


def numbered(known: Sequence[Entry], number: int) -> Entry:
    """The deployment of a number. Raises `HistoryError`."""
    for one in known:
        if one.number == number:
            return one
    raise HistoryError(
        f"there is no deployment {number}", hint=f"Known: {', '.join(str(one.number) for one in known)}."
    )
