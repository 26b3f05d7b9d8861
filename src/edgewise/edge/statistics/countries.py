"""In which country an address is, by the table that lies beside the code; `edgewise.agents.table` has its format."""

from __future__ import annotations

from bisect import bisect_right
from mmap import ACCESS_READ, mmap

from edgewise.edge.errors import SettingsError
from edgewise.edge.privacy import address_numbers

FILE_NAME = "edgewise_countries.bin"
_MAGIC = b"EWCTRY1\0"
_CODES = 16
_ROWS = _CODES + 512


class Countries:
    """The table, of which only the pages that are asked for are read. Its numbers are those of every machine that
    Lambda has: little-endian."""

    def __init__(self, folder: str) -> None:
        """`folder` has the file. SettingsError if it is not there or not whole."""
        try:
            with open(f"{folder}/{FILE_NAME}", "rb") as file:  # noqa: PTH123 pathlib costs an import
                data = memoryview(mmap(file.fileno(), 0, access=ACCESS_READ))
        except (OSError, ValueError) as fault:
            raise SettingsError(f"{FILE_NAME} cannot be read: {type(fault).__name__}") from None
        if data[:8] != _MAGIC or len(data) < _ROWS:
            raise SettingsError(f"{FILE_NAME} is damaged")
        four, six = data[8:_CODES].cast("I")
        middle = _ROWS + 5 * four
        if len(data) != middle + 9 * six:
            raise SettingsError(f"{FILE_NAME} is damaged")
        self._codes = data[_CODES:_ROWS]
        # Of both, where rows begin, and the numbers of their codes.
        self._four = data[_ROWS : _ROWS + 4 * four].cast("I"), data[_ROWS + 4 * four : middle]
        self._six = data[middle : middle + 8 * six].cast("Q"), data[middle + 8 * six :]

    def country(self, address: str) -> str | None:
        """Two letters; None for an address that nobody outside has or knows, and for what is no address."""
        numbers = address_numbers(address)
        if numbers is None:
            return None
        if len(numbers) == 8 and numbers[:6] == [0, 0, 0, 0, 0, 0xFFFF]:  # IPv4 in an IPv6 address
            numbers = [numbers[6] >> 8, numbers[6] & 0xFF, numbers[7] >> 8, numbers[7] & 0xFF]
        if len(numbers) == 4:
            (starts, codes), number = self._four, _joined(numbers, 8)
        else:
            (starts, codes), number = self._six, _joined(numbers[:4], 16)
        place = 2 * codes[bisect_right(starts, number) - 1]
        return bytes(self._codes[place : place + 2]).decode("ascii") if place else None


def _joined(numbers: list[int], bits: int) -> int:
    joined = 0
    for number in numbers:
        joined = joined << bits | number
    return joined
