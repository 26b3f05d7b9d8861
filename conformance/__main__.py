"""`python -m conformance`: judge the local CDN, or any address, by CloudFront's documented rules."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from conformance import score, target
from conformance.rule import Rule
from conformance.rules import every_rule
from conformance.run import run


def main(arguments: Sequence[str]) -> int:
    """0 when all scored rules hold but the known deviations; 1 otherwise; 2 for what cannot be run."""
    options = _parser().parse_args(arguments)
    rules = _chosen(every_rule(), options.only)
    if not rules:
        print(f"no group and no rule is called {options.only!r}; --list names them", file=sys.stderr)
        return 2
    if options.list:
        print("\n".join(f"{rule.group:28}{rule.name:64}{rule.title}" for rule in rules))
        return 0
    try:
        return _judge(rules, options)
    except (target.CannotStart, ValueError) as error:
        print(error, file=sys.stderr)
        return 2


def _judge(rules: list[Rule], options: argparse.Namespace) -> int:
    # The committed list is about Edgewise; another address answers for itself.
    file = options.known or (None if options.address else score.KNOWN)
    known = score.read_known(file, every_rule()) if file else {}
    began = time.monotonic()
    with _target(options.address) as judged:
        results = run(rules, judged)
    verdict = score.verdict(results, known)
    if options.json:
        print(json.dumps(score.as_json(results, known), indent=2))
        return 0 if verdict.good else 1
    print("\n\n".join(filter(None, [score.failures(results, known), score.table(results)])))
    for result in verdict.mended:
        print(f"\n{result.rule.name} passes, yet it is listed as a known deviation: take it off the list")
    print(f"\n{judged.address}: {len(results)} rules in {time.monotonic() - began:.1f} s")
    return 0 if verdict.good else 1


def _target(address: str | None) -> AbstractContextManager[target.Target]:
    return nullcontext(target.remote(address)) if address else target.local()


def _chosen(rules: list[Rule], wanted: list[str]) -> list[Rule]:
    return [rule for rule in rules if not wanted or rule.group in wanted or rule.name in wanted]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    parser.add_argument("--address", metavar="URL", help="judge this address instead of `edgewise up`")
    parser.add_argument(
        "--only", metavar="GROUP|RULE", action="append", default=[], help="only these; may be repeated"
    )
    parser.add_argument(
        "--known", metavar="FILE", type=Path, help="known deviations, instead of Edgewise's own"
    )
    parser.add_argument("--json", action="store_true", help="print everything as one object")
    parser.add_argument("--list", action="store_true", help="name the rules and run none")
    return parser


if __name__ == "__main__":
    # An end that is asked for ends the local CDN too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main(sys.argv[1:]))
