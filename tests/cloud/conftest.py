"""What the tests of deployments share: the double, a small site, and deployments of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from cloud.double.server import KEYS, Double
from cloud.elsewhere import AWAY, image, site
from cloud.workshop import Workshop
from edgewise.cloud.clients import Clients


@pytest.fixture(scope="session")
def lasting() -> Iterator[tuple[Double, Clients]]:
    """One server and its clients for all tests: making them takes longer than a deployment."""
    made = Double()
    yield made, Clients(endpoint=made.url, credentials=KEYS)
    made.stop()


@pytest.fixture
def double(lasting: tuple[Double, Clients]) -> Double:
    """An AWS with nothing in it."""
    lasting[0].begin_anew()
    return lasting[0]


@pytest.fixture
def workshop(lasting: tuple[Double, Clients], double: Double, tmp_path: Path) -> Workshop:
    """The site `tea`, not deployed yet."""
    return Workshop(double, lasting[1], tmp_path / "site")


@pytest.fixture
def away(workshop: Workshop) -> Workshop:
    """The site `tea` with an app in Frankfurt, not deployed yet; its image is given."""
    (workshop.folder / "api").mkdir()
    (workshop.folder / "api" / "Dockerfile").write_text("FROM scratch\n")
    workshop.site_file(site(AWAY))
    workshop.images = {"ApiImage": image("1")}
    return workshop


@pytest.fixture(scope="session")
def kept_session() -> boto3.session.Session:
    return boto3.session.Session()


@pytest.fixture
def quick_clients(kept_session: boto3.session.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that run in this process read the services' models once: that takes longer than what they do."""
    make = boto3.session.Session
    monkeypatch.setattr("boto3.session.Session", lambda **keys: make(**keys) if keys else kept_session)
