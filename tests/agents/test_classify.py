"""What a user agent is said to be, by real ones and by hostile ones."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.agents import Agent, classify

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"

PEOPLE = {
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36": ("Chrome", "Windows", "desktop"),
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 Edg/131.0.0.0": (
        "Edge",
        "Windows",
        "desktop",
    ),
    "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0": ("Firefox", "Linux", "desktop"),
    f"{IPHONE} Version/17.4 Mobile/15E148 Safari/604.1": ("Mobile Safari", "iOS", "mobile"),
    f"{IPHONE} Mobile/15E148 Instagram 334.0.4.32.98 (iPhone14,5; iOS 17_5)": ("Instagram", "iOS", "mobile"),
    "Mozilla/5.0 (iPad; CPU OS 16_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 "
    "Mobile/15E148 Safari/604.1": ("Mobile Safari", "iOS", "tablet"),
    f"Mozilla/5.0 (Web0S; Linux/SmartTV) {CHROME} Safari/537.36": ("Chrome", "Web0S", "smart-tv"),
    # A phone whose maker is called like a bot, and one with a build that a crawler borrowed.
    f"Mozilla/5.0 (Linux; Android 9; CUBOT_X19) {CHROME} Mobile Safari/537.36": (
        "Chrome Mobile",
        "Android",
        "mobile",
    ),
    f"Mozilla/5.0 (Linux; Android 9; CUBOT CHEETAH 2) {CHROME} Mobile Safari/537.36": (
        "Chrome Mobile",
        "Android",
        "mobile",
    ),
    f"Mozilla/5.0 (Linux; Android 15; CPH2557 Build/AP3A.240617.008; wv) {CHROME} Mobile Safari/537.36": (
        "Chrome Mobile WebView",
        "Android",
        "mobile",
    ),
    "SAMSUNG-GT-E2232/1.0 Openwave/6.2.3 Profile/MIDP-2.0 Configuration/CLDC-1.1": (
        "Openwave",
        None,
        "mobile",
    ),
    "Opera/9.80 (J2ME/MIDP; Opera Mini/5.1.21214/28.2725; U; en) Presto/2.8.119 Version/11.10": (
        "Opera Mini",
        None,
        "mobile",
    ),
}
OTHERS = {
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": ("bot", "crawler: Googlebot"),
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)": (
        "bot",
        "crawler: GPTBot",
    ),
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)": ("bot", "crawler: bingbot"),
    # On no list, and it says what it is.
    "Mozilla/5.0 (compatible; SomethingNewBot/1.0; +http://example.com)": ("bot", "crawler: SomethingNewBot"),
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/122.0.0.0 Safari/537.36": (
        "bot",
        "headless",
    ),
    "Playwright/1.40.0 (x64; ubuntu 22.04)": ("bot", "automation: Playwright"),
    "curl/8.5.0": ("tool", "tool: curl"),
    "python-requests/2.31.0": ("tool", "tool: python-requests"),
    "PostmanRuntime/7.36.0": ("tool", "tool: PostmanRuntime"),
    "Java/17.0.1": ("tool", "tool: Java"),
    "AcmeBot/2": ("bot", "crawler: AcmeBot"),
    "portscout/0.8.1": ("tool", "tool: portscout"),
    "UniversalFeedParser/4.2-pre-314-svn +http://feedparser.org/": ("bot", "crawler: UniversalFeedParser"),
    "Mozilla/5.0 (compatible; Ezooms/1.0; help@moz.com)": ("bot", "crawler: Ezooms"),
    "Chef Client/10.18.2 (ruby-1.9.3-p327; x86_64-linux; +http://opscode.com)": ("bot", "crawler: Chef"),
    # Apps that fetch pages for later, whatever they run on.
    "Liferea/1.8.3 (Linux; en_GB.UTF-8; http://liferea.sf.net/)": ("bot", "crawler: Liferea"),
    "Newsify/120 CFNetwork/672.0.8 Darwin/14.0.0": ("tool", "tool: Newsify"),
    "Mozilla/5.0 (Windows NT 6.1; rv:6.0) Gecko/20110814 Firefox/6.0 Google favicon": (
        "bot",
        "crawler: favicon",
    ),
    "": ("unknown", "no user agent"),
    "-": ("unknown", "no user agent"),
    "Mozilla/5.0": ("unknown", "not recognised"),
    "() { :; }; /bin/bash -c x": ("unknown", "not recognised"),
    "<script>alert(1)</script>": ("unknown", "not recognised"),
}


@pytest.mark.parametrize("user_agent", PEOPLE)
def test_the_browsers_of_people(user_agent: str) -> None:
    browser, system, device = PEOPLE[user_agent]
    assert classify(user_agent) == Agent("person", browser, system, device)


@pytest.mark.parametrize("user_agent", OTHERS)
def test_what_is_no_person_and_why(user_agent: str) -> None:
    found = classify(user_agent)
    assert (found.kind, found.reason) == OTHERS[user_agent]


def test_a_crawler_that_looks_like_a_phone_is_a_bot_on_a_phone() -> None:
    agent = classify(f"{IPHONE} Version/17.4 Mobile/15E148 Safari/604.1 (compatible; Googlebot/2.1)")
    assert (agent.kind, agent.os, agent.device) == ("bot", "iOS", "mobile")


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=())) | st.text(alphabet="Bot spider/;()\0\x1b<>.1"))
def test_any_text_has_an_answer_that_is_safe_to_show(user_agent: str) -> None:
    found = classify(user_agent)
    assert (found.kind == "person") == (found.reason is None)
    for told in filter(None, (found.browser, found.os, found.reason)):
        assert told.isprintable()
        assert len(told) <= 60
        told.encode()


def test_a_very_long_one_is_judged_by_its_beginning() -> None:
    assert classify("curl/8.5.0 " + "x" * 100_000) is classify("curl/8.5.0 " + "x" * 200_000)


def test_importing_it_loads_none_of_the_data() -> None:
    code = (
        "import sys, edgewise.agents; print({'ua_parser', 'crawleruseragents', 'maxminddb'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100
    )
    assert done.stdout.strip() == "set()"
