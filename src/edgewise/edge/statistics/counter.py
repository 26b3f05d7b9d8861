"""Makes the views of one environment, and brings them on their way over a courier of their own."""

from __future__ import annotations

import json

from edgewise.edge.delivery.courier import RESERVE_MS
from edgewise.edge.errors import LoadError, SettingsError
from edgewise.edge.privacy import DAY, make_keys

from .finish import finish
from .people import People
from .view import SCHEMA, make_view

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    from edgewise.edge.delivery import LineDelivery
    from edgewise.edge.environment import Environment
    from edgewise.edge.output import Write
    from edgewise.edge.request import Request
    from edgewise.edge.settings import Settings

    from .countries import Countries
    from .view import Seen

    T = TypeVar("T")
    MakeDelivery = Callable[[dict[str, Any], Environment, Write], LineDelivery]

AGENTS_FILE = "edgewise_agents.json"
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Counter:
    """Counts views: makes each, finishes it where no state machine does, and delivers it.

    Data that cannot be read are told once; views are counted without what they would have said.
    """

    def __init__(
        self, settings: Settings, environment: Environment, write: Write, deliver: MakeDelivery
    ) -> None:
        """`settings` have statistics."""
        statistics = settings.statistics
        assert statistics is not None
        self._environment = environment
        self._settings_hash = settings.hash
        self._bots: bool = statistics["bots"]
        self._budget_ms: float = statistics["budget_ms"]
        self._is_finished_here = statistics["path"] == "firehose"
        self._keys = make_keys(statistics["key"], statistics, environment)
        self._key_day = -1  # the last one whose key was there
        self._is_told = False
        self._people: People | None = None
        self._names: Mapping[str, str] = {}
        self._countries: Countries | None = None
        folder = environment.environ.get("LAMBDA_TASK_ROOT", ".")
        self._try(lambda: self._read_agents(folder))
        if statistics["countries"]:
            self._try(lambda: self._open_countries(folder))
        self._delivery = deliver(_delivery_settings(statistics), environment, write)

    def count(self, seen: Seen, request: Request, status: int, event_id: str, country: str | None) -> None:
        """Tell one view. `country` is CloudFront's word, which the table's comes before."""
        environment = self._environment
        if not self._bots and self._is_bot(seen):
            self.advance()
            return
        if self._countries is not None:
            country = self._countries.country(seen.address())
        view = {"schema": SCHEMA, "event_id": event_id, "_timestamp": environment.entered}
        began = environment.clock.ticks()
        visitor = self._visitor(request, seen)
        remaining_ms = self._remaining_ms(began)
        view |= make_view(seen, request, status, self._people, country, visitor)
        if self._is_finished_here:
            view = finish(view, self._names)
        elif self._settings_hash:
            view["settings_hash"] = self._settings_hash
        self._delivery.deliver_line(_encode(view), remaining_ms)
        self._note()

    def advance(self) -> None:
        """Go on with the views of before. The key of visitors is asked for before there is one whom it is for."""
        began, day = self._environment.clock.ticks(), self._environment.entered // DAY
        if day != self._key_day:
            self._keyed(lambda: self._keys.key(day))
        self._delivery.advance(self._remaining_ms(began))
        self._note()

    def _remaining_ms(self, began: float) -> float:
        """For the delivery: what a visitor waits for the key, since `began`, and for that is within one budget."""
        left_ms = self._budget_ms - (self._environment.clock.ticks() - began) * 1000
        return min(self._environment.remaining_ms(), left_ms + RESERVE_MS)

    def _is_bot(self, seen: Seen) -> bool:
        agent = seen.user_agent
        return self._people is not None and agent is not None and not self._people.about(agent)[0]

    def _note(self) -> None:
        """For the record of this invocation, if there is one."""
        noted = self._environment.noted
        noted["views_sent"], noted["views_dropped"] = self._delivery.sent, self._delivery.dropped

    def _visitor(self, request: Request, seen: Seen) -> str | None:
        """None without an address, and without the key."""
        address = seen.address()
        if not address:
            return None
        now, site, agent = self._environment.entered, request.distribution_id, str(seen.header("user-agent"))
        return self._keyed(lambda: self._keys.visitor(now, site, address, agent))

    def _keyed(self, make: Callable[[], T]) -> T | None:
        """What needs the key; None without it. That it cannot be read is told when it begins; that it is on its way,
        or not asked for again yet, is not."""
        try:
            made = make()
        except Exception as fault:
            if not self._is_told and not (isinstance(fault, LoadError) and fault.__cause__ is None):
                self._environment.note_failure("statistics", fault)
                self._is_told = True
            return None
        self._key_day, self._is_told = self._environment.entered // DAY, False
        return made

    def _read_agents(self, folder: str) -> None:
        try:
            with open(f"{folder}/{AGENTS_FILE}", encoding="utf-8") as file:  # noqa: PTH123 pathlib costs an import
                data = json.load(file)
        except (OSError, ValueError) as fault:
            raise SettingsError(f"{AGENTS_FILE} cannot be read: {type(fault).__name__}") from None
        self._people = People(data)
        self._names = data.get("countries", {})

    def _open_countries(self, folder: str) -> None:
        from .countries import Countries

        self._countries = Countries(folder)

    def _try(self, read: Callable[[], None]) -> None:
        try:
            read()
        except SettingsError as fault:
            self._environment.note_failure("statistics", fault)


def _delivery_settings(statistics: Mapping[str, Any]) -> dict[str, Any]:
    """As those of a log."""
    path = statistics["path"]
    if path == "firehose":
        # The template's stream ends the lines.
        goal = {"stream_name": statistics["stream_name"], "line_end": ""}
    else:
        goal = {"state_machine_arn": statistics["state_machine"], "execution_per": "batch"}
    common = {name: statistics[name] for name in ("region", "endpoint", "budget_ms", "wait")}
    return {"delivery": path, **goal, **common, "gather": statistics["batch_seconds"]}
