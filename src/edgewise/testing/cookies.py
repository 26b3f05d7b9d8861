"""The cookies that a visitor of a test was given, kept and sent back as browsers do. RFC 6265, sections 5.1 to 5.4."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass

from edgewise.cdn.httpdate import parsed

# Not `str.strip()`: that takes off \xa0 and \x85 too, which are halves of letters on a UTF-8 wire.
_BLANKS = " \t"
_FOR_EVER = float("inf")


@dataclass(frozen=True, slots=True)
class _Kept:
    value: str
    ends: float


class Cookies(MutableMapping[str, str]):
    """By name; `clock` says what is over. One that a test sets goes to every path.

    Of several with one name and different paths, the name stands for that of the longest path; to delete it deletes
    all of them.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, str], _Kept] = {}  # by name and path

    def for_path(self, asked: str) -> list[str]:
        """`NAME=VALUE` of those that go to the path `asked`, the longest paths first, as section 5.4 wants it."""
        there = [(name, path) for name, path in self._alive() if _is_below(asked, path)]
        there.sort(key=lambda key: -len(key[1]))
        return [f"{name}={self._kept[name, path].value}" for name, path in there]

    def keep(self, line: str, asked: str) -> None:
        """Keep, or drop, what the value of a `Set-Cookie` says that came for the path `asked`."""
        pair, *rest = line.split(";")
        name, equals, value = (part.strip(_BLANKS) for part in pair.partition("="))
        if not equals or not name:
            return  # section 5.2: such a line is passed over
        attributes = _attributes(rest)
        path = attributes.get("path", "")
        path = path if path.startswith("/") else asked.rpartition("/")[0] or "/"
        self._kept[name, path] = _Kept(value, self._end(attributes))

    def _end(self, attributes: Mapping[str, str]) -> float:
        """When a cookie with these attributes is over. Section 5.3: `Max-Age` comes first."""
        age = attributes.get("max-age", "")
        if age.removeprefix("-").isdecimal():
            # Not `int`: Python refuses to read one of thousands of digits.
            return self._clock() + float(age)
        expires = parsed(attributes.get("expires", ""))
        return _FOR_EVER if expires is None else expires

    def _alive(self) -> list[tuple[str, str]]:
        now = self._clock()
        self._kept = {key: kept for key, kept in self._kept.items() if kept.ends > now}
        return list(self._kept)

    def __getitem__(self, name: str) -> str:
        paths = [path for key, path in self._alive() if key == name]
        if not paths:
            raise KeyError(name)
        return self._kept[name, max(paths, key=len)].value

    def __setitem__(self, name: str, value: str) -> None:
        self._kept[name, "/"] = _Kept(value, _FOR_EVER)

    def __delitem__(self, name: str) -> None:
        found = [key for key in self._alive() if key[0] == name]
        if not found:
            raise KeyError(name)
        for key in found:
            del self._kept[key]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for name, _ in self._alive()))

    def __len__(self) -> int:
        return len({name for name, _ in self._alive()})

    def __repr__(self) -> str:
        return repr(dict(self))


def _attributes(given: list[str]) -> dict[str, str]:
    """Attributes of a cookie, by lower-case name; of two with one name the last counts."""
    parts = (attribute.partition("=") for attribute in given)
    return {name.strip(_BLANKS).lower(): value.strip(_BLANKS) for name, _, value in parts}


def _is_below(asked: str, path: str) -> bool:
    """Whether a cookie of `path` goes to the path `asked`. Section 5.1.4."""
    return asked == path or asked.startswith(path.removesuffix("/") + "/")
