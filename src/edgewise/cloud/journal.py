"""A run, written down before each step that cannot be taken twice: what a crash leaves is enough to go on.

One file an account in the site's `.edgewise` folder. AWS knows how far a run came; the file knows which run it was.
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from edgewise.cloud.errors import JournalError, LockedError


@dataclass(frozen=True, slots=True)
class Run:
    """One deployment. `digest` stands for the template that is deployed, `recipe` is the key of what it was made from.

    `executing` is set before CloudFormation is told to begin. `again` is the number of the earlier deployment that
    this one brings back, or 0. `given_up` are the runs of this folder before it that came to no end: what they hold,
    it may take.

    `template` is the key of what CloudFormation gets, `values` those of its parameters, `seen` stands for what was
    there. `apps` has the same of the apps' stacks by region, `gone` are the regions whose stack goes. In `regions` it,
    or one that it takes the place of, may have left a stack that nothing else knows of.
    """

    id: str
    action: str
    digest: str
    recipe: str = ""
    settings_hash: str = ""
    again: int = 0
    executing: bool = False
    given_up: tuple[str, ...] = ()
    template: str = ""
    seen: str = ""
    values: Mapping[str, str | None] = field(default_factory=dict)
    apps: Mapping[str, Any] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    lose_data: bool = False
    regions: tuple[str, ...] = ()

    @property
    def everywhere(self) -> tuple[str, ...]:
        """All regions where it may have a stack of apps."""
        return tuple(dict.fromkeys((*self.regions, *self.apps, *self.gone)))

    @property
    def ids(self) -> frozenset[str]:
        """Its id and those of the runs that it takes the place of."""
        return frozenset((self.id, *self.given_up))

    @property
    def change_set(self) -> str:
        """The name of its change set."""
        return f"edgewise-{self.id}"

    @property
    def token(self) -> str:
        """What CloudFormation tells a repeated call by, and writes beside each event of the run."""
        return f"edgewise-{self.id}-run"


def new_run(action: str, digest: str, before: Run | None, again: int = 0) -> Run:
    """A run that was never before; it takes the place of the unfinished one, if there is one."""
    given_up = (*before.given_up, before.id) if before else ()
    regions = before.everywhere if before else ()
    return Run(uuid.uuid4().hex[:16], action, digest, again=again, given_up=given_up, regions=regions)


class Journal:
    """The file of the run that is not finished."""

    def __init__(self, folder: Path, account: str) -> None:
        self._file = folder / f"deploy-{account}.json"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside the block no other process of this machine uses it; a crash ends that too.

        Raises `LockedError` and `JournalError`.
        """
        with ExitStack() as open_files:
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                file = open_files.enter_context(self._file.with_suffix(".lock").open("w"))
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LockedError(
                    "this site is being deployed from this folder",
                    file=self._file,
                    hint="Wait until that is done.",
                ) from None
            except OSError as error:
                raise _unwritten(self._file, error) from None
            yield

    def read(self) -> Run | None:
        """The unfinished run, if there is one. Raises `JournalError`."""
        try:
            return _run_of(json.loads(self._file.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise JournalError(
                f"the unfinished run cannot be read: {error}",
                file=self._file,
                hint="Look at the stack in the AWS console; then move this file away.",
            ) from None

    def write(self, run: Run) -> Run:
        """Keep it, on the disk before this returns. Raises `JournalError`."""
        part = self._file.with_suffix(".part")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with part.open("w", encoding="utf-8") as file:
                json.dump(asdict(run), file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._file)
        except OSError as error:
            raise _unwritten(self._file, error) from None
        return run

    def executing(self, run: Run) -> Run:
        """The run, about to be executed."""
        return self.write(replace(run, executing=True))

    def regions(self) -> tuple[str, ...]:
        """Where runs that came to no good end may have left stacks of apps."""
        run = self.read()
        return run.everywhere if run else ()

    def drop(self, run: Run) -> None:
        """Do not go on with it; another run may take what it holds."""
        self.write(replace(run, executing=False, digest=""))

    def give_up(self, run: Run) -> None:
        """It came to no good end, and holds nothing. Where it may have left stacks of apps, that is kept."""
        if run.everywhere:
            self.drop(run)
        else:
            self.finish()

    def finish(self) -> None:
        """Nothing is unfinished any more."""
        self._file.unlink(missing_ok=True)


def _run_of(kept: Any) -> Run:
    """What was kept, as a run. Raises `TypeError` where it is none."""
    if not isinstance(kept, dict):
        raise TypeError("it is no JSON object")
    told: dict[str, Any] = {key: tuple(one) if isinstance(one, list) else one for key, one in kept.items()}
    run, blank = Run(**told), Run("", "", "")
    wrong = [
        one.name for one in fields(Run) if type(getattr(run, one.name)) is not type(getattr(blank, one.name))
    ]
    if not (wrong or all(_is_app(app) for app in run.apps.values())):
        wrong = ["apps"]
    if not (wrong or all(isinstance(one, str) for one in (*run.given_up, *run.gone, *run.regions))):
        wrong = ["a list"]
    if wrong:
        raise TypeError(f"it does not hold what a run does: {', '.join(wrong)}")
    return run


def _is_app(app: Any) -> bool:
    return (
        isinstance(app, dict) and isinstance(app.get("template"), str) and isinstance(app.get("values"), dict)
    )


def _unwritten(file: Path, error: OSError) -> JournalError:
    return JournalError(f"the run cannot be written down: {error.strerror}", file=file)
