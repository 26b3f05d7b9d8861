"""One delivery through the whole traffic: real `Edge` objects with their real couriers, in virtual time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import ceil
from random import Random
from typing import TYPE_CHECKING, Any

import orjson

from edgewise.edge import Edge, Request
from edgewise.edge.delivery import make_delivery
from edgewise.edge.memory import Memory
from edgewise.edge.settings import Settings

from . import events
from .collector import Collector
from .deliveries import CREDENTIALS, settings_of
from .faults import Fault, Faults
from .fleet import Environment, Fleet
from .network import Place, VirtualClock, VirtualNetwork
from .outcome import Outcome, Tally
from .parsing import Spread
from .traffic import ORIGIN_DELAY, Traffic
from .usage import HOME, Usage

if TYPE_CHECKING:
    from edgewise.edge.delivery import Delivery


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated. Times are in seconds; `work` is what an invocation takes without waiting."""

    traffic: Traffic
    seconds: float
    lifetime: Spread
    idle: Spread
    round_trips: dict[str, float]
    keep_alive: float
    faults: tuple[Fault, ...]
    budget_ms: float
    work: float
    ttl: float
    seed: int


def run(plan: Plan, name: str) -> Outcome:
    """Simulate the delivery `name`. The same plan has the same outcome."""
    simulation = _Simulation(plan, name)
    for number, visit in enumerate(plan.traffic.visits()):
        simulation.serve(
            number, visit.at, visit.region, "viewer-request", events.viewer_request(number, visit)
        )
        if visit.reaches_origin:
            at = visit.at + ORIGIN_DELAY
            simulation.serve(
                number, at, visit.region, "origin-response", events.origin_response(number, visit)
            )
    return simulation.end()


class _Simulation:
    """The environments of every region and function, and what is counted of them."""

    def __init__(self, plan: Plan, name: str) -> None:
        self._plan = plan
        self._name = name
        self._settings = settings_of(name, plan.budget_ms)
        Settings(self._settings)  # or they are refused here: an `Edge` would go on with standard output
        self._random = Random(f"environments {plan.seed}")
        self._tally = Tally(plan.seconds)
        self._usages: dict[str, Usage] = {}
        self._fleets: dict[tuple[str, str], Fleet] = {}
        collector = Collector(self._tally.note_arrival)
        self._place = Place(collector, Faults(plan.faults), plan.round_trips[name], plan.keep_alive)

    def serve(self, number: int, at: float, region: str, trigger: str, event: dict[str, Any]) -> None:
        usage = self._usages.setdefault(region, Usage())
        fleet = self._fleets.get((region, trigger))
        if fleet is None:
            make = partial(self._make, region, trigger)
            fleet = self._fleets[region, trigger] = Fleet(make, self._tally.note_end)
        took = fleet.serve(at, event, f"{number:08x}-0000-4000-8000-{trigger[:6]:0<12}")
        usage.invocations += 1
        usage.billed_ms += max(1, ceil(round(took * 1000, 6)))
        self._tally.note_invocation(number, trigger, at, took - self._plan.work)

    def end(self) -> Outcome:
        for fleet in self._fleets.values():
            fleet.close()
        cold = sum(fleet.made for fleet in self._fleets.values())
        return self._tally.outcome(self._name, cold, self._usages)

    def _make(self, region: str, trigger: str, at: float) -> Environment:
        plan, draw = self._plan, self._random.uniform
        lifetime, idle = (draw(spread.least, spread.most) for spread in (plan.lifetime, plan.idle))
        random = Random(self._random.getrandbits(64))
        clock, usage = VirtualClock(at), self._usages[region]
        # Functions in all regions call one stream, bus or state machine.
        network = VirtualNetwork(clock, self._place, self._usages.setdefault(HOME, Usage()), random)
        made: list[Delivery] = []

        def deliver(log: dict[str, Any], environment: Any, write: Any) -> Delivery:
            made.append(make_delivery(log, environment, write, network))
            return made[0]

        edge = Edge(
            self._settings,
            clock=clock,
            write=lambda line: self._print(line, usage),
            environ={**CREDENTIALS, "AWS_REGION": region, "AWS_LAMBDA_FUNCTION_VERSION": "1"},
            deliver=deliver,
        )
        # The jitter of its times to live is the one thing that the runtime draws and that makes a difference here.
        edge.memory = edge.environment.memory = Memory(edge.environment, random.random)
        self._add_steps(edge, clock, trigger)
        return Environment(edge, made[0], clock, at + lifetime, idle)

    def _add_steps(self, edge: Edge, clock: VirtualClock, trigger: str) -> None:
        """What a site's own steps stand for: time that passes, and values that they keep in memory."""

        def work(*_: object) -> None:
            clock.seconds += self._plan.work

        def remember(request: Request) -> None:
            self._tally.look_up(edge, "rules", "rules", self._plan.ttl)
            self._tally.look_up(edge, "path", f"path:{request.path}", self._plan.ttl)

        if trigger == "viewer-request":
            edge.viewer_request(work)
            edge.viewer_request(remember)
        else:
            edge.origin_response(work)

    def _print(self, line: str, usage: Usage) -> None:
        usage.log_bytes += len(line) + 1
        if line.startswith("{"):
            note = self._tally.note_arrival if self._name == "stdout" else self._tally.note_printed
            note(orjson.loads(line))
