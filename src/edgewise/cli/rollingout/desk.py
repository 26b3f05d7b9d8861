"""What a command about a release works with: the site, where its state is kept, and where its records are.

Which site is meant, `edgewise up`'s or the one on AWS, is `which.py`'s to say.
"""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from edgewise.cli.errors import RolloutCommandError
from edgewise.cli.rollingout.which import has_ended_in, run_that_is_meant
from edgewise.cli.runs import Run, store_place
from edgewise.errors import EdgewiseError
from edgewise.localaws.places import CREDENTIALS
from edgewise.rollout import EvidenceError, Look, Place, Release, Rules, aws_client, look, rules_from
from edgewise.rollout.openobserve import OpenObserve
from edgewise.rollout.places import REGION, place_of
from edgewise.rollout.secrets import current, secret
from edgewise.site import Rollout, Site, load_site
from edgewise.site.judge import who_answers
from edgewise.site.secret import region_of

if TYPE_CHECKING:
    from edgewise.store import Reader


_NO_STREAM = 20002  # the number of a `QueryError` about that


@dataclass(frozen=True, slots=True)
class Desk:
    """`run` is the site's run on this machine, if that is meant. `has_run` is for AWS, which nobody has named in a
    folder with the release of a run that is over."""

    site: Site
    rollout: Rollout
    run: Run | None
    place: Place
    has_run: bool = False

    @property
    def where(self) -> str:
        return "on this machine" if self.run else "on AWS"

    @property
    def address(self) -> str:
        """Where the release is, as the first line of each command says it."""
        if self.run:
            return f"on this machine: `edgewise up` at {self.run.url}"
        kept = f"table {self.rollout.table}" if self.rollout.state == "dynamodb" else self.rollout.parameter
        profile, endpoint = os.environ.get("AWS_PROFILE"), os.environ.get("AWS_ENDPOINT_URL")
        return "".join(
            (
                f"on AWS: {kept} in {REGION}",
                f", profile {profile}" if profile else "",
                f", asked at {endpoint}" if endpoint else "",
                "; not what `edgewise up` had here, which has ended" if self.has_run else "",
            )
        )

    @property
    def rules(self) -> Rules:
        return rules_from(self.rollout.judge.rules if self.rollout.judge else {})

    @property
    def stream(self) -> str:
        """The stream with the functions' records."""
        return str(self.site.log.target.get("stream", "edge")) if self.site.log and not self.run else "edge"

    @property
    def behaviors(self) -> list[list[str]]:
        """Who may answer which path."""
        return who_answers(self.site)

    def release(self) -> Release:
        """The release that is kept. Raises `RolloutCommandError` when there is none."""
        found = self.place.read()
        if found is None:
            raise RolloutCommandError(
                f"{self.site.name} has no release {self.where}", hint="`edgewise rollout start` begins one."
            )
        return found

    def look(self, release: Release, records: Found) -> Look:
        """What the judge would do with it now."""
        return look(release, records, self.rules, now(), behaviors=self.behaviors, stream=self.stream)

    def key(self) -> str:
        """The text of the key that signs."""
        where = self.rollout.key
        name = where.plain_name if self.run else where.name
        return self._secret(where.source, name, self.rollout.key_region)

    def records(self, store: str | None = None) -> Found:
        """Where the records are: where the user says, in the run's store, or in the site's OpenObserve. Those of a site
        on AWS are in no store that happens to be in this folder: there are those of its runs."""
        judge, log = self.rollout.judge, self.site.log
        if store is None and self.run is None and log is not None and judge is not None and judge.password:
            where = judge.password
            password = self._secret(where.source, where.name, region_of(where.name, log.region))
            organization = str(log.target.get("organization", "default"))
            return OpenObserve(str(log.target["url"]), organization, judge.user, password)
        if store is not None and store.startswith(("http://", "https://")):
            return _openobserve(store)
        if store is not None:
            return Stored(store_place(store))
        return Stored(self.run.store) if self.run else Elsewhere()

    def _secret(self, source: str, name: str, region: str) -> str:
        return current(secret(source, name, lambda service: _client(self.run, service, region)))


def open_desk(directory: Path, local: bool | None, *, changes: bool = False) -> Desk:
    """The desk of a site's folder. `local` is what the user says of the place, None for nothing; `changes` is whether
    something is going to be.

    Raises `SiteError`, and `RolloutCommandError` for a site without a rollout or a place that is not clear.
    """
    site = load_site(directory)
    rollout = site.rollout
    if rollout is None:
        raise RolloutCommandError(
            "this site has no [rollout]",
            file=site.file,
            hint='Name its two versions there: stable = "v1", new = "v2".',
        )
    run = run_that_is_meant(directory, local, changes)
    if run is not None and not run.aws:
        raise RolloutCommandError(
            "the running `edgewise up` was started before this site had a rollout", hint="Start it again."
        )
    state = {"from": rollout.state, "table": rollout.table, "name": rollout.parameter}
    has_run = run is None and local is None and has_ended_in(directory)
    return Desk(site, rollout, run, place_of(state, lambda service: _client(run, service)), has_run)


def _client(run: Run | None, service: str, region: str = REGION) -> Any:
    """A run's own AWS knows its own user only, and nobody else's credentials are shown to it."""
    return aws_client(service, run.aws, region, CREDENTIALS) if run else aws_client(service, region=region)


def _openobserve(url: str) -> OpenObserve:
    """What answers at http(s)://user:password@host:port[/organization]: a store speaks as OpenObserve does."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return OpenObserve(f"{parts.scheme}://{place}", parts.path.strip("/") or "default", user, password)


class Elsewhere:
    """Records that cannot be reached from here without being told where they are."""

    def ask(self, sql: str, start: int, end: int) -> Sequence[Mapping[str, Any]]:
        """Raises `EvidenceError`."""
        raise _elsewhere()

    def columns(self, stream: str) -> None:
        """Raises `EvidenceError`."""
        raise _elsewhere()

    def keep(self, stream: str, record: Mapping[str, Any]) -> None:
        """Raises `EvidenceError`."""
        raise _elsewhere()

    def close(self) -> None:
        """There is nothing to close."""


def _elsewhere() -> EvidenceError:
    return EvidenceError(
        "this site's records are in no OpenObserve that [rollout.judge] names",
        hint="Name `user` and `password` there, or a store that has them: --store.",
    )


class Stored:
    """A store's directory, asked for evidence and given judgements. It may be there only later."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._reader: Reader | None = None

    def ask(self, sql: str, start: int, end: int) -> Sequence[Mapping[str, Any]]:
        """See `edgewise.rollout.Records`; a stream without a record yet has no rows."""
        from edgewise.store import QueryError, open_reader

        try:
            self._reader = self._reader or open_reader(self._where)
            answer = self._reader.query(sql, start=start, end=end)
        except QueryError as error:
            if error.number == _NO_STREAM:
                return ()
            raise EvidenceError(error.message) from None
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


Found = Stored | OpenObserve | Elsewhere


def now() -> int:
    return time.time_ns() // 1000


def user() -> str:
    """Who gives the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"
