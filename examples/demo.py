"""The main job in a few seconds: run the shop at the edge on this machine, visit it, look at the records.

`make demo` runs it. It types what a person would type, shows the output, and ends by itself.
"""

from __future__ import annotations

import http.client
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

SHOP = Path(__file__).parent / "shop"
EDGEWISE = [sys.executable, "-m", "edgewise"]
# What the visitor asks for: method, path, form.
VISIT = [
    ("GET", "/", None),
    ("GET", "/public-data/style.css", None),
    ("GET", "/public-data/style.css", None),
    ("GET", "/api/products", None),
    ("POST", "/orders", "product_id=lamp&quantity=2"),
    ("GET", "/catalogue", None),
    ("GET", "/account", None),
    ("GET", "/broken", None),
]


def main() -> None:
    port = free_port()
    run("check", str(SHOP))
    show("edgewise up examples/shop")
    site = subprocess.Popen([*EDGEWISE, "up", str(SHOP), "--port", str(port)])
    try:
        wait_until_listening(port, site)
        time.sleep(0.5)
        for method, path, form in VISIT:
            visit(port, method, path, form)
        time.sleep(1.0)
        run("logs", "--store", str(SHOP), "--since", "1m", "--status", ">=400")
        question = "SELECT path, count(*) AS requests, max(status) AS worst FROM requests GROUP BY path ORDER BY path"
        run("query", question, "--store", str(SHOP), "--since", "1m")
    finally:
        site.send_signal(signal.SIGINT)
        site.wait(30)
    print("\nThat was the whole loop; nothing is left running. To stay with it: edgewise up examples/shop\n")


def show(command: str) -> None:
    print(f"\n$ {command}", flush=True)


def run(*arguments: str) -> None:
    words = (shlex.quote(word) for word in ("edgewise", *arguments))
    show(" ".join(words).replace(str(SHOP), "examples/shop"))
    subprocess.run([*EDGEWISE, *arguments], check=True)


def visit(port: int, method: str, path: str, form: str | None) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"User-Agent": "demo", "Content-Type": "application/x-www-form-urlencoded"}
    connection.request(method, path, form, headers)
    connection.getresponse().read()
    connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_listening(port: int, site: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if site.poll() is not None:
            sys.exit(f"the site ended with status {site.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    sys.exit("the site did not start within a minute")


if __name__ == "__main__":
    main()
