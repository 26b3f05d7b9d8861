"""Who sends a user agent: a person's browser, a bot or a tool, and with which browser, system and device.

Whether it is a person is the rule of `people.py`; the names are those that `ua-parser` knows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from edgewise.agents import crawlers
from edgewise.agents.devices import devices
from edgewise.agents.people import LOOKED_AT, ROBOTS, says_person

Kind = Literal["person", "bot", "tool", "unknown"]

# The narrower name first: a tablet counts as a mobile viewer too.
_DEVICES: Final = {"smarttv": "smart-tv", "tablet": "tablet", "mobile": "mobile", "desktop": "desktop"}
_REMEMBERED: Final = 8_192
# How robots introduce themselves: `NameBot/1.0 (+http://example.com/about)`, or with an address for mail.
_ROBOT: Final = re.compile("|".join((r"https?://", "@", *map(re.escape, ROBOTS))), re.IGNORECASE)
_NAME: Final = re.compile(
    r"(?:Mozilla/\d\.\d \(compatible; )?(?!Mozilla|Opera)([A-Za-z][\w.-]{1,39})(/\d)?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Agent:
    """What is known of a user agent.

    `browser` and `os` are names without versions (`Firefox`, `iOS`); `device` is one of the kinds of CloudFront's
    headers, for bots too: desktop, mobile, tablet, smart-tv. `reason` says why it is no person: `crawler: Googlebot`,
    `tool: curl`, `automation: Playwright`, `headless`, `no user agent`, `not recognised`.
    """

    kind: Kind
    browser: str | None = None
    os: str | None = None
    device: str | None = None
    reason: str | None = None


def classify(user_agent: str) -> Agent:
    """The agent of a user agent as the viewer sent it, already decoded; `-` and nothing are no user agent."""
    return _classified(user_agent[:LOOKED_AT])


@lru_cache(maxsize=_REMEMBERED)
def _classified(user_agent: str) -> Agent:
    if user_agent.strip() in ("", "-"):
        return Agent("unknown", reason="no user agent")
    kinds = devices(user_agent)
    device = next(name for kind, name in _DEVICES.items() if kind in kinds)
    browser, system = _parsed(user_agent)
    listed = _listed(user_agent)
    if listed is None and says_person(user_agent):
        return Agent("person", browser, system, device)
    kind, reason = listed or _program(user_agent, browser)
    return Agent(kind, browser, system, device, reason)


def _parsed(user_agent: str) -> tuple[str | None, str | None]:
    """The names of browser and system, by the data of `ua-parser`."""
    import ua_parser

    # The parser takes text that can be written as UTF-8, and half a surrogate pair cannot.
    text = user_agent.encode("utf-8", "replace").decode()
    agent, system = ua_parser.parse_user_agent(text), ua_parser.parse_os(text)
    return (agent and crawlers.tidy(agent.family)) or None, (system and crawlers.tidy(system.family)) or None


def _listed(user_agent: str) -> tuple[Kind, str] | None:
    entry = crawlers.find(user_agent)
    if entry is None:
        return None
    if "http-library" in entry.tags:
        return "tool", f"tool: {entry.name}"
    if "headless" in entry.name.lower():
        return "bot", "headless"
    what = "automation" if "browser-automation" in entry.tags else "crawler"
    return "bot", f"{what}: {entry.name}"


def _program(user_agent: str, browser: str | None) -> tuple[Kind, str]:
    """What one that is on no list and no person's is; the name is its own word."""
    match = _NAME.match(user_agent)
    name = browser or (match[1] if match else None)
    if _ROBOT.search(user_agent):
        return "bot", f"crawler: {name or 'unnamed'}"
    if match and match[2]:
        return "tool", f"tool: {name}"
    return "unknown", "not recognised"
