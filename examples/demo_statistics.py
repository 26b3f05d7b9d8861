"""Statistics in a minute: visitors read a static site out of the cache, and every view of a page goes its whole way.

`make demo-statistics` runs it. Edge functions, state machine, event bus, delivery stream and bucket are those that
would be on AWS, here in the memory of one run. At the end the same visits are counted three times: from what the edge
recorded, from CloudFront's access log, and from the files of the pipeline. It ends by itself.
"""

from __future__ import annotations

import gzip
import http.client
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from demo import EDGEWISE, show
from demo_rollout import end, line_of, say, start
from visitors import Request, visits

from edgewise.localaws.places import REGION, client

SITE = Path(__file__).parent / "statistics"
PATIENCE_S = 40


def main() -> None:
    show("edgewise up examples/statistics --access-log")
    up = start("up", str(SITE), "--port", "0", "--json", "--access-log")
    try:
        ready = json.loads(line_of(up))
        print(f"ready\n  url  {ready['url']}\n  aws  {ready['aws']}", flush=True)
        tell_the_story(ready)
    finally:
        end(up)
    print("\nNothing is left running. To stay with it: edgewise up examples/statistics\n")


def tell_the_story(ready: dict[str, str]) -> None:
    began = time.time() - 1
    requests = list(visits(80))
    say(f"Eighty visitors of twelve countries read pages, three bots crawl: {len(requests)} requests.")
    port = int(ready["url"].rpartition(":")[2])
    play(requests, port)
    since = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(began))
    with tempfile.TemporaryDirectory(prefix="edgewise-demo-") as folder:
        wait_for_the_pipeline(since, port)
        show_the_files(ready["aws"])
        say("What they say:")
        stats("--source", "page-views", "--since", since, shown=True)
        compare(since, Path(folder))


def play(requests: list[Request], port: int) -> None:
    for request in requests:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request(request.method, request.target, headers=request.headers)
        connection.getresponse().read()
        connection.close()


def wait_for_the_pipeline(since: str, port: int) -> None:
    """Until there have been no more views for some seconds.

    Somebody goes on asking for a file: a function that could not send its last view in time does so when it runs again.
    """
    file = [request for request in visits(1) if request.target == "/style.css"][:1]
    print("  (a moment, until the last file is written)", flush=True)
    deadline = time.monotonic() + PATIENCE_S
    counted, quiet = -1, 0
    while quiet < 4:
        if time.monotonic() > deadline:
            sys.exit("the pipeline did not come to rest")
        play(file, port)
        time.sleep(0.5)
        now = stats("--source", "page-views", "--since", since)["overview"][0]["page_views"]
        quiet = quiet + 1 if now == counted else 0
        counted = now


def show_the_files(aws: str) -> None:
    say("The files, as any client of S3 sees them:")
    s3 = client("s3", aws, REGION)
    bucket = "local-pageviewsfiles"
    objects = s3.list_objects_v2(Bucket=bucket)["Contents"]
    for one in objects[:3]:
        print(f"  s3://{bucket}/{one['Key']}  {one['Size']} bytes")
    print(f"  … {len(objects)} in all. A line of the first:\n")
    text = gzip.decompress(s3.get_object(Bucket=bucket, Key=objects[0]["Key"])["Body"].read())
    print("  " + text.decode().splitlines()[0].replace('","', '", "').replace(',"', ', "'), flush=True)


def compare(since: str, folder: Path) -> None:
    """Three ways to count, and whether they agree."""
    say("The same visits, counted three times:")
    log = SITE / ".edgewise/logs/s3/access-log"
    words = ("import", str(log), "--store", str(folder), "--countries", str(SITE / "networks.mmdb"), "--json")
    subprocess.run([*EDGEWISE, *words], check=True, timeout=60, stdout=subprocess.DEVNULL)
    ways = {
        "what the edge recorded": stats("--since", since),
        "CloudFront's access log": stats("--since", since, store=folder),
        "the pipeline's files": stats("--source", "page-views", "--since", since),
    }
    first = facts(ways["what the edge recorded"])
    for name, answers in ways.items():
        same = "the same pages, countries and devices" if facts(answers) == first else "OTHERS than the first"
        print(f"  {name:<24} {answers['overview'][0]['page_views']:>4} page views, {same}", flush=True)
    if any(facts(answers) != first for answers in ways.values()):
        sys.exit("they do not agree")


def facts(answers: dict[str, Any]) -> dict[str, Any]:
    """What all three know: page views by page, by country and by device."""
    return {
        "page views": answers["overview"][0]["page_views"],
        "pages": {row["page"]: row["page_views"] for row in answers["top_pages"]},
        "countries": {row["country"]: row["page_views"] for row in answers["countries"]},
        "devices": {row["device"]: row["page_views"] for row in answers["devices"] if row["page_views"]},
    }


def stats(*words: str, store: Path = SITE, shown: bool = False) -> dict[str, Any]:
    """What `edgewise stats` answers; `shown`, as it looks."""
    command = ["stats", *words, "--store", str(store), "--top", "50"]
    if shown:
        show(f"edgewise stats {' '.join(words)}")
        subprocess.run([*EDGEWISE, *command], check=True, timeout=60)
        return {}
    found = subprocess.run([*EDGEWISE, *command, "--json"], check=True, timeout=60, stdout=subprocess.PIPE)
    answers: dict[str, Any] = json.loads(found.stdout)["answers"]
    return answers


if __name__ == "__main__":
    main()
