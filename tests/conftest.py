"""What every test has: folders of its own for what a user has once (runs, caches), and how many examples are tried.

And what a run of them says that was cut short.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

# The same examples everywhere, so that what passes here passes there. Who hunts a fault says `--hypothesis-profile
# thorough`, which tries others each time.
settings.register_profile("everyday", max_examples=40, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=1000, deadline=None)
settings.load_profile("everyday")


# A shell that runs the tests in the background has its children ignore Ctrl-C, and they theirs.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Status 1 says that all ran and some failed; xdist says it too where its processes died, and others never ran."""
    told = session.config.pluginmanager.get_plugin("terminalreporter")
    if told is None or session.exitstatus != pytest.ExitCode.TESTS_FAILED:
        return  # a worker of xdist has no terminal
    reports = [report for alike in told.stats.values() for report in alike]
    ran = {report.nodeid for report in reports if isinstance(report, pytest.TestReport)}
    if len(ran) < session.testscollected:
        session.exitstatus = pytest.ExitCode.INTERRUPTED


@pytest.fixture(scope="session", autouse=True)
def folders_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def credentials_of_its_own() -> Iterator[None]:
    """boto3 keeps those that it found in the environment: a test's are not for whichever comes next in this process."""
    yield
    session = getattr(sys.modules.get("boto3"), "DEFAULT_SESSION", None)
    if session is not None:
        session._session._credentials = None
