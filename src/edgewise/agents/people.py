"""Who is a person: the one rule, by which a page view counts or does not, at the edge and wherever records are read.

A user agent is a claim, and this is what it claims: no program of the list of crawlers and tools, no word of a robot,
and a browser on some system, or an app on a device. The rule is data and the few lines below; `export.py` hands the
data to the edge, which has the same lines once more, as it may import nothing of ours.
"""

from __future__ import annotations

from typing import Final

from edgewise.agents import crawlers

# What tells who it is stands at the beginning, and a header may be as long as all headers together.
LOOKED_AT: Final = 512
# How robots call themselves, or where they say more of themselves; in lower case, as all words below.
ROBOTS: Final = (
    *("bot", "crawl", "spider", "slurp", "headless", "scraper", "indexer", "archiver", "favicon"),
    *("+http", "+ http"),
)
# Makers of phones whose names have such a word in them.
NO_ROBOTS: Final = ("cubot",)
# How programs that show pages to people begin. They name a system, or at least what draws the page.
BROWSERS: Final = ("Mozilla/", "Opera/")
SYSTEMS: Final = (
    *(
        "windows",
        "macintosh",
        "mac os",
        "mac_powerpc",
        "darwin",
        "linux",
        "x11",
        "cros",
        "bsd",
        "sunos",
        "haiku",
    ),
    *("playstation", "nintendo", "xbox", "os/2", "amiga", "risc os", "irix", "hp-ux"),
    *("gecko/", "applewebkit/", "trident/", "msie ", "presto/", "khtml/", "chrome/", "goanna/"),
)
# Of apps, and of old phones, which begin with anything: a person holds these, or sits before them.
SCREENS: Final = (
    *("android", "iphone", "ipad", "ipod", "kaios", "harmony", "windows phone", "blackberry", "bb10", "palm"),
    *(
        "symbian",
        "series60",
        "midp",
        "j2me",
        "openwave",
        "meego",
        "maemo",
        "bada/",
        "nokia",
        "webos",
        "hpwos",
    ),
    *("web0s", "tizen", "tvos", "roku", "hbbtv", "netcast", "viera", "bravia", "smart-tv", "smarttv"),
)


def is_person(user_agent: str) -> bool:
    """Whether a user agent, as the viewer sent it and decoded, is a person's browser or app.

    None at all is no person. A bot that says it is a browser is one: only its behaviour could tell.
    """
    looked_at = user_agent[:LOOKED_AT]
    return says_person(looked_at) and crawlers.find(looked_at) is None


def says_person(looked_at: str) -> bool:
    """The rule without the list."""
    if says_robot(looked_at):
        return False
    text = looked_at.lower()
    if any(name in text for name in SCREENS):
        return True
    return looked_at.startswith(BROWSERS) and any(name in text for name in SYSTEMS)


def says_robot(looked_at: str) -> bool:
    """Whether one of the robots' words is in it."""
    text = looked_at.lower()
    for name in NO_ROBOTS:
        text = text.replace(name, "")
    return any(word in text for word in ROBOTS)
