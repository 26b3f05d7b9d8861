"""What a command about a release works with: the site, where its state is kept, and where its records are.

While `edgewise up` runs in the site's folder, that is the site that is meant; otherwise the one on AWS.
"""

from __future__ import annotations

import getpass
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from edgewise.cli.errors import RolloutCommandError
from edgewise.cli.runs import STATE_FOLDER, Run, running_in, store_place
from edgewise.errors import EdgewiseError
from edgewise.rollout import EvidenceError, Place, Release, Rules, aws_client, rules_from
from edgewise.rollout.openobserve import OpenObserve
from edgewise.rollout.places import place_of
from edgewise.rollout.secrets import current, secret
from edgewise.site import Rollout, Site, load_site
from edgewise.site.secret import region_of

if TYPE_CHECKING:
    from edgewise.store import Reader


@dataclass(frozen=True, slots=True)
class Desk:
    """`run` is the site's run on this machine, if there is one."""

    site: Site
    rollout: Rollout
    run: Run | None
    place: Place

    @property
    def where(self) -> str:
        return "on this machine" if self.run else "on AWS"

    @property
    def rules(self) -> Rules:
        return rules_from(self.rollout.judge.rules if self.rollout.judge else {})

    @property
    def stream(self) -> str:
        """The stream with the functions' records."""
        return str(self.site.log.target.get("stream", "edge")) if self.site.log and not self.run else "edge"

    def release(self) -> Release:
        """The release that is kept. Raises `RolloutCommandError` when there is none."""
        found = self.place.read()
        if found is None:
            raise RolloutCommandError(
                f"{self.site.name} has no release {self.where}", hint="`edgewise rollout start` begins one."
            )
        return found

    def key(self) -> str:
        """The text of the key that signs."""
        where = self.rollout.key
        name = where.plain_name if self.run else where.name
        return self._secret(where.source, name, self.rollout.key_region)

    def records(self, store: str | None) -> Stored | OpenObserve:
        """Where the records are: where the user says, in the run's store, or in the site's OpenObserve."""
        judge, log = self.rollout.judge, self.site.log
        if store is None and self.run is None and log is not None and judge is not None and judge.password:
            where = judge.password
            password = self._secret(where.source, where.name, region_of(where.name, log.region))
            organization = str(log.target.get("organization", "default"))
            return OpenObserve(str(log.target["url"]), organization, judge.user, password)
        if store is not None and store.startswith(("http://", "https://")):
            return _openobserve(store)
        return Stored(self.run.store if store is None and self.run else store_place(store))

    def _secret(self, source: str, name: str, region: str) -> str:
        endpoint = self.run.aws if self.run else None
        return current(secret(source, name, lambda service: aws_client(service, endpoint, region)))


def open_desk(directory: Path) -> Desk:
    """The desk of a site's folder. Raises `SiteError`, and `RolloutCommandError` for a site without a rollout."""
    site = load_site(directory)
    rollout = site.rollout
    if rollout is None:
        raise RolloutCommandError(
            "this site has no [rollout]",
            file=site.file,
            hint='Name its two versions there: stable = "v1", new = "v2".',
        )
    run = running_in(directory / STATE_FOLDER)
    if run is not None and not run.aws:
        raise RolloutCommandError(
            "the running `edgewise up` was started before this site had a rollout", hint="Start it again."
        )
    state = {"from": rollout.state, "table": rollout.table, "name": rollout.parameter}
    endpoint = run.aws if run else None
    return Desk(site, rollout, run, place_of(state, lambda service: aws_client(service, endpoint)))


def _openobserve(url: str) -> OpenObserve:
    """What answers at http(s)://user:password@host:port[/organization]: a store speaks as OpenObserve does."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return OpenObserve(f"{parts.scheme}://{place}", parts.path.strip("/") or "default", user, password)


class Stored:
    """A store's directory, asked for evidence and given judgements. It may be there only later."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._reader: Reader | None = None

    def ask(self, sql: str, start: int, end: int) -> Sequence[Mapping[str, Any]]:
        """See `edgewise.rollout.Records`."""
        from edgewise.store import open_reader

        try:
            self._reader = self._reader or open_reader(self._where)
            answer = self._reader.query(sql, start=start, end=end)
        except EdgewiseError as error:
            raise EvidenceError(error.message) from None
        if answer.partial:
            raise EvidenceError("the answer has not all the rows")
        return answer.rows

    def columns(self, stream: str) -> None:
        """A store has all columns from the start."""

    def keep(self, stream: str, record: Mapping[str, Any]) -> None:
        """See `OpenObserve.keep`: a store takes records as long as its server runs."""
        from edgewise.store.home import existing, read_credentials, server_address

        try:
            home = existing(Path(self._where))
            address, known = server_address(home), read_credentials(home)
        except EdgewiseError as error:
            raise EvidenceError(f"the judgement was not kept: {error.message}") from None
        if address is None:
            raise EvidenceError("the judgement was not kept: the store is not running", file=self._where)
        OpenObserve(address, "default", known.user, known.password).keep(stream, record)

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()


def now() -> int:
    return time.time_ns() // 1000


def user() -> str:
    """Who gives the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"
