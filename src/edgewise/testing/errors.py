"""What can go wrong with a test's own set-up."""

from __future__ import annotations

from edgewise.errors import EdgewiseError


class TestingError(EdgewiseError):
    """A test asks for something that the site does not have, or that did not happen in time."""

    code = "testing"
    __test__ = False  # its name looks like a test's to pytest
