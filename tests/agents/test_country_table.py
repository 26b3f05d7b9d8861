"""The table of addresses knows at the edge what the database knows here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.agents import Countries, DatabaseError, country_names, country_table
from edgewise.edge.errors import SettingsError
from edgewise.edge.statistics.countries import FILE_NAME
from edgewise.edge.statistics.countries import Countries as Table
from support.addresses import country, database

NETWORKS = {
    "9.9.9.0/24": country("US"),
    "9.9.10.0/24": country("US"),
    "9.9.11.0/25": country("CA"),
    "81.2.69.0/24": country("gb"),
    "192.0.0.0/8": country("FR"),
    "224.0.0.0/4": country("ZZ"),
    "2a02:2e0::/32": country("DE"),
    "2a02:2e1::/65": country("AT"),
    "2a02:2e1:0:0:8000::/65": country("CH"),
    "2002::/16": country("XX"),
    "ffff::/16": country("YY"),
}
FOUR = st.integers(0, 2**32 - 1).map(IPv4Address)
SIX = st.integers(0, 2**128 - 1).map(IPv6Address)
NEAR = st.sampled_from([network.partition("/")[0] for network in NETWORKS]).flatmap(
    lambda text: st.integers(-3, 300).map(
        lambda step: (
            IPv6Address((int(IPv6Address(text)) + step * 2**60) % 2**128)
            if ":" in text
            else IPv4Address(int(IPv4Address(text)) + step)
        )
    )
)


def made(folder: Path, networks: dict[str, object], ip_version: int = 6) -> tuple[Countries, Table]:
    """Both over the same networks."""
    file = folder / "countries.mmdb"
    file.write_bytes(database(networks, ip_version))
    (folder / FILE_NAME).write_bytes(country_table(file))
    return Countries(file), Table(str(folder))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Countries, Table]]:
    opened, table = made(tmp_path_factory.mktemp("both"), NETWORKS)
    with closing(opened):
        yield opened, table


@settings(deadline=None, max_examples=400)
@given(address=FOUR | SIX | NEAR | FOUR.map(lambda four: IPv6Address(f"::ffff:{four}")))
def test_of_every_address_it_knows_the_same(
    both: tuple[Countries, Table], address: IPv4Address | IPv6Address
) -> None:
    opened, table = both
    assert table.country(str(address)) == opened.country(str(address))


def test_a_few_by_hand(tmp_path: Path) -> None:
    opened, table = made(tmp_path, NETWORKS)
    with closing(opened):
        for text, code in {
            "9.9.9.0": "US",
            "9.9.10.255": "US",
            "9.9.11.127": "CA",
            "9.9.11.128": None,
            "81.2.69.160": "GB",
            "192.168.1.1": None,
            "192.169.0.0": "FR",
            "192.0.1.0": "FR",
            "0.0.0.0": None,
            "255.255.255.255": None,
            "2a02:2e0:ffff::1": "DE",
            "2a02:2e1::8000:0:0:1": "AT",
            "2002:5102:45a0::1": None,
            "::ffff:81.2.69.160": "GB",
            "": None,
            "no address": None,
            "81.2.69": None,
            "fe80::1%eth0": None,
        }.items():
            assert (table.country(text), opened.country(text)) == (code, code), text


def test_a_database_of_ipv4_alone(tmp_path: Path) -> None:
    opened, table = made(tmp_path, {"81.2.69.0/24": country("GB")}, 4)
    opened.close()
    assert table.country("81.2.69.1") == "GB"
    assert table.country("2a02:2e0::1") is None


def test_it_is_compact(tmp_path: Path) -> None:
    networks = {f"81.2.{number}.0/24": country("GB" if number % 2 else "FR") for number in range(200)}
    opened, _ = made(tmp_path, networks)
    opened.close()
    assert (tmp_path / FILE_NAME).stat().st_size < 528 + 240 * 5 + 40 * 9


@pytest.mark.parametrize("content", [b"", b"not a database", database(NETWORKS)[:-200]])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "wrong.mmdb").write_bytes(content)
    with pytest.raises(DatabaseError, match=r"wrong\.mmdb"):
        country_table(tmp_path / "wrong.mmdb")


@pytest.mark.parametrize("cut", [0, 10, 600, -1])
def test_a_table_that_is_not_whole_is_refused_at_the_edge(tmp_path: Path, cut: int) -> None:
    opened, _ = made(tmp_path, NETWORKS)
    opened.close()
    file = tmp_path / FILE_NAME
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(SettingsError, match=FILE_NAME):
        Table(str(tmp_path))


def test_names_of_countries() -> None:
    names = country_names()
    assert len(names) == 250
    assert names["DE"] == "Germany"
    assert all(len(code) == 2 and code.isupper() and name == name.strip() for code, name in names.items())
    assert len(set(names.values())) == len(names)
