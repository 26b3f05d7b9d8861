"""What the tests of deployments share: the double, a small site, and deployments of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


@pytest.fixture(name="site")
def changed_site(workshop: Workshop) -> Workshop:
    """The site `tea`, deployed, and changed here since."""
    workshop.deploy()
    workshop.code("second")
    return workshop


@pytest.fixture
def away(workshop: Workshop) -> Workshop:
    """The site `tea` with an app in Frankfurt, not deployed yet; its image is given."""
    (workshop.folder / "api").mkdir()
    (workshop.folder / "api" / "Dockerfile").write_text("FROM scratch\n")
    workshop.site_file(site(AWAY))
    workshop.images = {"ApiImage": image("1")}
    return workshop


class KeptSession:
    """A session that makes each client once: the services' models are read once, and clients are for any thread."""

    def __init__(self) -> None:
        self._session = boto3.session.Session()
        self._clients: dict[tuple[str | None, ...], Any] = {}

    def client(self, service: str, *, region_name: str, endpoint_url: str | None, config: Any) -> Any:
        environ = (os.environ.get(name) for name in ("AWS_ENDPOINT_URL", *KEYS))
        place = (service, region_name, endpoint_url, *environ)
        if place not in self._clients:
            self._clients[place] = self._session.client(
                service, region_name=region_name, endpoint_url=endpoint_url, config=config
            )
        return self._clients[place]


@pytest.fixture(scope="session")
def kept_session() -> KeptSession:
    return KeptSession()


@pytest.fixture
def quick_clients(kept_session: KeptSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that run in this process take the clients of the ones before: to make them takes longer than to ask."""
    make = boto3.session.Session
    monkeypatch.setattr("boto3.session.Session", lambda **keys: make(**keys) if keys else kept_session)


@pytest.fixture
def on_the_double(workshop: Workshop, quick_clients: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands find the double where they look for AWS, and wait no time: it goes on with every look."""
    for name, value in {"AWS_ENDPOINT_URL": workshop.double.url, **KEYS}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
