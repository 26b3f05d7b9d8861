"""The handler on all four triggers: it does what the request's path says for the trigger that runs.

A path part `viewer-request=set:X-A:1` calls the case `set` with the arguments `X-A` and `1` on viewer requests. A
trigger that the path does not name lets everything pass.
"""

from typing import Any
from urllib.parse import unquote

from . import bodies, environment, headers, origins, results, show

CASES: dict[str, Any] = {
    **show.CASES,
    **headers.CASES,
    **results.CASES,
    **bodies.CASES,
    **origins.CASES,
    **environment.CASES,
}


def handler(event: dict[str, Any], context: Any) -> Any:
    cf = event["Records"][0]["cf"]
    for name, arguments in steps(cf["request"]["uri"], cf["config"]["eventType"]):
        result = CASES[name](cf, context, *arguments)
        if result is not show.DONE:
            return result
    return cf["response"] if "response" in cf else cf["request"]


def steps(uri: str, trigger: str) -> list[tuple[str, list[str]]]:
    """The cases that the path names for this trigger, with their arguments."""
    found = []
    for part in uri.split("/"):
        event, equals, call = unquote(part).partition("=")
        if equals and event == trigger:
            name, *arguments = call.split(":")
            found.append((name, arguments))
    return found
