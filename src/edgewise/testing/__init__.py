"""For tests of sites at the edge: a site in real execution environments, origins that tests write, event builders.

    def test_the_stylesheet_is_cached(edgewise_site):
        site = edgewise_site("my-site", origins={"app": FakeOrigin()})
        assert site.get("/static/style.css").cache == "Miss"
        site.clock.move(30)
        assert site.get("/static/style.css").cache == "Hit"

pytest finds the fixture by itself (`pytest_plugin.py`); `run_site` is the same for those who do without pytest.
"""

from edgewise.testing import events
from edgewise.testing.answer import Answer
from edgewise.testing.asking import Visitor
from edgewise.testing.errors import TestingError
from edgewise.testing.origin import FakeOrigin, Received, Reply
from edgewise.testing.records import Records
from edgewise.testing.site import EdgeSite, run_site

__all__ = [
    "Answer",
    "EdgeSite",
    "FakeOrigin",
    "Received",
    "Records",
    "Reply",
    "TestingError",
    "Visitor",
    "events",
    "run_site",
]
