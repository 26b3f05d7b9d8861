"""Programs that look at a site by themselves and keep no cookies: they see the stable version while a release ramps.

By how they introduce themselves, which is enough here: one that lies is a visitor like any other. Tools and apps
without a browser are visitors.
"""

from __future__ import annotations

_WORDS = (
    "bot",
    "crawl",
    "spider",
    "slurp",
    "facebookexternalhit",
    "google-inspectiontool",
    "mediapartners",
    "lighthouse",
    "headlesschrome",
    "healthcheck",  # AWS's load balancers
    "health-check",  # and Route 53
    "googlehc",
    "kube-probe",
    "pingdom",
    "uptime",
    "statuscake",
    "site24x7",
    "cloudwatchsynthetics",
    "datadog",
    "newrelic",
)
_PHONE = "cubot"  # whose owners are people


def is_automatic(user_agent: str) -> bool:
    """Whether a crawler, a monitor or a health check sends this user agent."""
    text = user_agent.lower().replace(_PHONE, "")
    return any(word in text for word in _WORDS)
