"""What a simulation has come to: one JSON object, tables for people, a drawing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from edgewise.cli.simulating.table import notes, records, visitors
from edgewise.simulate import Outcome, Plan, PlanError, read_prices
from edgewise.simulate.cost import Bill, Workflow, bill, facts
from edgewise.simulate.plot import plot


class Report:
    """Of a plan and its outcomes; `memory` (MB) is the functions', `skipped` counts lines of logs without a request."""

    def __init__(self, plan: Plan, outcomes: Sequence[Outcome], memory: int, skipped: int) -> None:
        self._plan = plan
        self._outcomes = outcomes
        self._skipped = skipped
        self._prices = read_prices()
        self._bills: dict[str, Bill] = {
            each.delivery: bill(each.usages, memory, self._prices, Workflow(), 1_000_000 / each.visits)
            for each in outcomes
        }

    def facts(self) -> dict[str, Any]:
        """For `--json`."""
        deliveries = [
            {**each.facts(), "a_million": facts(self._bills[each.delivery], self._prices)}
            for each in self._outcomes
        ]
        return {"seconds": self._plan.seconds, "skipped_lines": self._skipped, "deliveries": deliveries}

    def show(self) -> None:
        """Print it for people."""
        visits, minutes = self._outcomes[0].visits, self._plan.seconds / 60
        dated = self._prices.dated
        print(
            f"{visits:,} requests in {minutes:g} min · seed {self._plan.seed} · prices as listed on {dated}"
        )
        if self._skipped:
            lines = "line" if self._skipped == 1 else "lines"
            print(f"{self._skipped:,} {lines} of the log without a request: skipped")
        console = Console(soft_wrap=not sys.stdout.isatty(), highlight=False)
        for table in (visitors(self._outcomes, self._bills), records(self._outcomes)):
            print()
            console.print(table)
        print()
        for note in notes(self._bills):
            print(note)

    def draw(self, file: Path) -> None:
        """Write the drawing. PlanError where that is not possible."""
        drawing = plot(self._outcomes, self._plan.faults, self._plan.seconds)
        try:
            file.write_text(drawing, encoding="utf-8")
        except OSError as error:
            raise PlanError(f"the plot cannot be written: {error}", file=file) from error
