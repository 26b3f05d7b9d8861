"""Which kinds of device a user agent is, in the six kinds that CloudFront tells apart.

How CloudFront decides is not documented. A table of tokens is what this project knows to be common; a library that
knows every model would be as much of a guess at CloudFront's answer, at a thousand times the cost.

Source of the kinds: Developer Guide, "Add CloudFront request headers", device type.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

# Consoles are left out on purpose: a browser on one is a desktop's.
TV: Final = (
    r"smart-?tv|google ?tv|android ?tv|apple ?tv|\btvos\b|hbbtv|netcast|web0s|\broku\b|viera|bravia|philipstv"
    r"|\bcrkey\b|\baft[a-z0-9]{1,6}\b|tizen.*\btv\b|opera tv|\bce-html\b"
)
TABLET: Final = r"ipad|tablet|playbook|kindle|\bsilk\b(?!.*mobile)|\bkf[a-z]{2,5}\b(?!.*mobile)"
MOBILE: Final = (
    r"mobile|mobi\b|iphone|ipod|windows phone|blackberry|\bbb10\b|opera mini|symbian|series60|\bmidp\b|palm"
)
_TV, _TABLET, _MOBILE = map(re.compile, (TV, TABLET, MOBILE))
_IOS = re.compile(r"\b(?:iphone|ipad|ipod)")


# What a viewer sends may be as long as all headers together; what tells the device stands at the beginning.
_LOOKED_AT = 512


def devices(user_agent: str) -> frozenset[str]:
    """Of `android`, `desktop`, `ios`, `mobile`, `smarttv` and `tablet` those that a user agent is.

    Several may be true. What is neither handheld nor a TV is a desktop, an unknown agent too.
    """
    return _kinds(user_agent[:_LOOKED_AT].lower())


@lru_cache(maxsize=256)
def _kinds(agent: str) -> frozenset[str]:
    # Windows Phone calls itself everything that was popular in its time.
    windows_phone = "windows phone" in agent
    android = "android" in agent and not windows_phone
    ios = _IOS.search(agent) is not None and not windows_phone
    systems = {kind for kind, is_one in (("android", android), ("ios", ios)) if is_one}
    return frozenset(systems | (_forms(agent, android) or {"desktop"}))


def _forms(agent: str, android: bool) -> set[str]:
    if _TV.search(agent):
        return {"smarttv"}
    mobile = _MOBILE.search(agent) is not None
    # Google's rule for Android: a phone says `Mobile`, a tablet does not.
    tablet = _TABLET.search(agent) is not None or (android and not mobile)
    # A tablet that says `Mobile` too, as an iPad does, is both: the guide allows that.
    return {kind for kind, is_one in (("mobile", mobile), ("tablet", tablet)) if is_one}
