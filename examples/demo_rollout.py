"""A rollout in a minute: two versions of a small app, a share of new visitors, a bad version that goes back by itself.

`make demo-rollout` runs it. It types what a person would type, plays the visitors, and ends by itself. Every visitor
has an address of his own and keeps his cookies; nobody's requests are told which version to go to.
"""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

from demo import EDGEWISE, show

SITE = Path(__file__).parent / "rollout"
BROKEN = SITE / "v2/broken"
KEPT = SITE / ".edgewise/aws.json"
# The folder, and that the site which runs here is meant whatever credentials for AWS there are.
HERE = ("--dir", str(SITE), "--local")
TTL_S = 5  # ttl_seconds of the site: how long a function may not know of a change
PATIENCE_S = 120


class Visitor:
    """Somebody with a browser: `seen` counts the versions of the pages, `errors` those that failed."""

    numbers = count(1)

    def __init__(self, port: int) -> None:
        self.number = next(self.numbers)
        self.port = port
        self.cookies: dict[str, str] = {}
        self.seen: Counter[str] = Counter()
        self.errors = 0
        self.basket = 0

    def open(self, path: str = "/", form: dict[str, str] | None = None) -> None:
        status, page = self._ask("POST" if form else "GET", path, urlencode(form) if form else None)
        if status == 303:
            status, page = self._ask("GET", "/", None)
        if status != 200:
            self.errors += 1
            return
        version = re.search(r'id="version">(\w+)<', page)
        basket = re.search(r'id="basket">(\d+)<', page)
        assert version is not None, page
        self.seen[version[1]] += 1
        self.basket = int(basket[1]) if basket else 0

    def _ask(self, method: str, path: str, body: str | None) -> tuple[int, str]:
        headers = {
            "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Edgewise-Viewer-Address": f"198.51.{100 + self.number // 250}.{self.number % 250 + 1}:50000",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body, {name: value for name, value in headers.items() if value})
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie", []):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        page = answer.read().decode()
        connection.close()
        return answer.status, page

    @property
    def versions(self) -> str:
        return " and ".join(sorted(self.seen)) or "none"


def main() -> None:
    # It begins without a release, whatever the last run has left.
    for left in (BROKEN, KEPT):
        left.unlink(missing_ok=True)
    show("edgewise up examples/rollout")
    up = start("up", str(SITE), "--port", "0", "--json")
    try:
        ready = json.loads(line_of(up))
        print(f"ready\n  url        {ready['url']}\n  inspector  {ready['inspector']}", flush=True)
        tell_the_story(int(ready["url"].rpartition(":")[2]))
    finally:
        BROKEN.unlink(missing_ok=True)
        end(up)
    print("\nNothing is left running. To stay with it: edgewise up examples/rollout\n")


def tell_the_story(port: int) -> None:
    rollout("start", "--steps", "10:1h,50:1h")
    wait("until every function knows of it", TTL_S)

    say("A hundred new visitors come.")
    crowd = [Visitor(port) for _ in range(100)]
    for visitor in crowd:
        visitor.open()
    shares = Counter(visitor.versions for visitor in crowd)
    print(f"  {shares['v1']} of them meet v1, {shares['v2']} meet v2")

    ada = next(visitor for visitor in crowd if visitor.versions == "v1")
    bo = next((visitor for visitor in crowd if visitor.versions == "v2"), None) or find(port, "v2")
    say(f"Two of them stay: Ada on {ada.versions}, Bo on {bo.versions}. Each puts two teas into the basket.")
    for visitor in (ada, bo):
        for tea in ("oolong", "sencha"):
            visitor.open("/basket", {"tea": tea})

    rollout("set", "50")
    wait("until every function knows of it", TTL_S)
    for visitor in (ada, bo):
        for _ in range(10):
            visitor.open()
    later = [Visitor(port) for _ in range(40)]
    for visitor in later:
        visitor.open()
    halves = Counter(visitor.versions for visitor in later)
    print(f"  Ada is on {ada.versions}, Bo on {bo.versions}; of forty new visitors {halves['v2']} meet v2")

    say("Version 2 breaks: every other page of it fails. A judge watches the records.")
    BROKEN.touch()
    old = [visitor for visitor in crowd if visitor.versions == "v1"]
    show("edgewise rollout watch --every 2s")
    judge = start("rollout", "watch", "--every", "2s", *HERE)
    try:
        went_back = threading.Event()
        listener = threading.Thread(target=listen, args=(judge, went_back), daemon=True)
        listener.start()
        unlucky = traffic(port, old, went_back)
    finally:
        end(judge)
    wait("until every function knows of it", TTL_S)

    for visitor in (*old, bo):
        visitor.open()
    say("What became of them:")
    print(f"  {len(old)} visitors of v1 had {sum(visitor.errors for visitor in old)} errors")
    print(f"  and saw only {' and '.join(sorted(set().union(*(visitor.seen for visitor in old))))}")
    print(f"  {unlucky} new visitors met an error before it went back")
    print(f"  Bo saw {bo.versions}: moved to v1 by the rollback, {bo.basket} teas still in the basket")
    rollout("status")


def traffic(port: int, old: list[Visitor], went_back: threading.Event) -> int:
    """Old visitors read on and new ones come, until the judge has spoken; gives the new ones that met an error."""
    newcomers = []
    deadline = time.monotonic() + PATIENCE_S
    for visitor in endlessly(old):
        if went_back.is_set():
            return sum(newcomer.errors > 0 for newcomer in newcomers)
        if time.monotonic() > deadline:
            sys.exit("the judge did not roll back within two minutes")
        visitor.open()
        newcomers.append(Visitor(port))
        newcomers[-1].open()
        time.sleep(0.05)
    raise AssertionError("there is no end of visitors")


def endlessly(visitors: list[Visitor]) -> Iterator[Visitor]:
    while True:
        yield from visitors


def find(port: int, version: str) -> Visitor:
    """New visitors, until one meets that version."""
    while True:
        visitor = Visitor(port)
        visitor.open()
        if visitor.versions == version:
            return visitor


def say(text: str) -> None:
    print(f"\n{text}", flush=True)


def wait(what: str, seconds: float) -> None:
    print(f"  ({seconds:g} seconds, {what})", flush=True)
    time.sleep(seconds)


def rollout(*words: str) -> None:
    show(" ".join(("edgewise rollout", *words)))
    subprocess.run([*EDGEWISE, "rollout", *words, *HERE], check=True, timeout=60)


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*EDGEWISE, *words], stdout=subprocess.PIPE, text=True)


def line_of(process: subprocess.Popen[str]) -> str:
    """The first line; the rest is read and left, so that the process never waits for a reader."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        sys.exit(f"it ended with status {process.wait(10)}")
    threading.Thread(target=process.stdout.read, daemon=True).start()
    return line


def listen(judge: subprocess.Popen[str], went_back: threading.Event) -> None:
    """Show what the judge says, until it rolls back."""
    assert judge.stdout is not None
    for line in judge.stdout:
        print(f"  {line}", end="", flush=True)
        if "rolled back" in line:
            went_back.set()


def end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    process.wait(30)


if __name__ == "__main__":
    main()
