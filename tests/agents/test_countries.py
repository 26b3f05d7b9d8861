"""Addresses looked up in a database of the user's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.agents import Countries, DatabaseError
from support.addresses import country, database

NETWORKS = {
    "9.9.9.0/24": country("us"),
    "81.2.69.0/24": country("GB"),
    "2a02:2e0::/32": country("DE"),
    "10.0.0.0/8": country("XX"),
    "77.1.0.0/16": {"country_code": "FR"},
    "78.1.0.0/16": {"city": {"names": {}}},
}


@pytest.fixture
def countries(tmp_path: Path) -> Iterator[Countries]:
    file = tmp_path / "countries.mmdb"
    file.write_bytes(database(NETWORKS))
    with closing(Countries(file)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("81.2.69.160", "GB"),
        ("9.9.9.9", "US"),
        ("77.1.2.3", "FR"),
        ("2a02:2e0:3fe:1001:7777:772e:2:85", "DE"),
        ("::ffff:81.2.69.160", "GB"),
        ("78.1.2.3", None),
        ("8.8.8.8", None),
        ("10.1.2.3", None),
        ("192.168.1.1", None),
        ("127.0.0.1", None),
        ("fe80::1%eth0", None),
        ("-", None),
        ("", None),
        ("81.2.69", None),
        ("9" * 100_000, None),
    ],
)
def test_the_country_of_an_address(countries: Countries, address: str, code: str | None) -> None:
    assert countries.country(address) == code


def test_a_database_of_ipv4_knows_no_ipv6_address(tmp_path: Path) -> None:
    file = tmp_path / "four.mmdb"
    file.write_bytes(database({"81.2.69.0/24": country("GB")}, ip_version=4))
    with closing(Countries(file)) as opened:
        assert opened.country("81.2.69.1") == "GB"
        assert opened.country("2a02:2e0::1") is None


@pytest.mark.parametrize("content", [b"", b"not a database", database(NETWORKS)[:-200]])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "wrong.mmdb"
    file.write_bytes(content)
    with pytest.raises(DatabaseError, match=r"wrong\.mmdb: this is not an address database"):
        Countries(file)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="No such file"):
        Countries(tmp_path / "none.mmdb")


@settings(deadline=None)
@given(cut=st.binary(min_size=1, max_size=40), place=st.integers(0, 10_000))
def test_a_damaged_database_is_an_error_of_ours_or_an_answer(
    tmp_path_factory: pytest.TempPathFactory, cut: bytes, place: int
) -> None:
    whole = database(NETWORKS)
    place %= len(whole)
    file = tmp_path_factory.getbasetemp() / "damaged.mmdb"
    file.write_bytes(whole[:place] + cut + whole[place + len(cut) :])
    try:
        with closing(Countries(file)) as opened:
            opened.country("81.2.69.160")
    except DatabaseError as error:
        assert "damaged.mmdb" in str(error)
