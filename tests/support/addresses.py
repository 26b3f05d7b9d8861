"""Writes a small address database, as people bring one, so that no foreign data are needed in tests.

Source: MaxMind DB File Format Specification 2.0 (records of 24 bits).
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

_SEPARATOR = bytes(16)
_METADATA = b"\xab\xcd\xefMaxMind.com"
_TEXT, _MAP, _UINT16, _UINT32, _UINT64, _ARRAY = 2, 7, 5, 6, 9, 11


def database(networks: Mapping[str, Any], ip_version: int = 6) -> bytes:
    """A database in which each network has its record; IPv4 networks lie under `::/96`."""
    nodes: list[list[int | None]] = [[None, None]]
    data = bytearray()
    ends: dict[tuple[int, int], int] = {}
    for text, record in networks.items():
        node, bits = 0, _bits(ip_network(text), ip_version)
        for bit in bits[:-1]:
            following = nodes[node][bit]
            if following is None:
                following = nodes[node][bit] = len(nodes)
                nodes.append([None, None])
            node = following
        ends[node, bits[-1]] = len(data)
        data += _encoded(record)
    count = len(nodes)
    tree = bytearray()
    for number, pair in enumerate(nodes):
        for bit in (0, 1):
            end = ends.get((number, bit))
            child = pair[bit]
            value = count + 16 + end if end is not None else count if child is None else child
            tree += value.to_bytes(3, "big")
    metadata = {
        "node_count": (_UINT32, count),
        "record_size": (_UINT16, 24),
        "ip_version": (_UINT16, ip_version),
        "database_type": "Test-Country",
        "binary_format_major_version": (_UINT16, 2),
        "binary_format_minor_version": (_UINT16, 0),
        "build_epoch": (_UINT64, 1_700_000_000),
        "languages": ["en"],
        "description": {"en": "for tests"},
    }
    return bytes(tree) + _SEPARATOR + bytes(data) + _METADATA + _encoded(metadata)


def country(code: str) -> dict[str, Any]:
    """A record as MaxMind's country databases have it."""
    return {"country": {"iso_code": code}}


def _bits(network: IPv4Network | IPv6Network, ip_version: int) -> list[int]:
    length = network.prefixlen
    number = int(network.network_address)
    bits = [number >> (network.max_prefixlen - 1 - place) & 1 for place in range(length)]
    return [0] * 96 + bits if network.version == 4 and ip_version == 6 else bits


def _encoded(value: Any) -> bytes:
    if isinstance(value, str):
        return _head(_TEXT, len(value.encode())) + value.encode()
    if isinstance(value, dict):
        return _head(_MAP, len(value)) + b"".join(_encoded(k) + _encoded(v) for k, v in value.items())
    if isinstance(value, list):
        return _head(_ARRAY, len(value)) + b"".join(map(_encoded, value))
    kind, number = value
    content = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return _head(kind, len(content)) + content


def _head(kind: int, size: int) -> bytes:
    assert size < 29
    return bytes([kind << 5 | size]) if kind <= 7 else bytes([size, kind - 7])
