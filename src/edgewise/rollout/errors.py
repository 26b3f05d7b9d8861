"""What can go wrong with a release: its document, where that is kept, and what is asked of it."""

from __future__ import annotations

from edgewise.errors import EdgewiseError


class RolloutError(EdgewiseError):
    """Anything a rollout cannot do."""

    code = "rollout"


class DocumentError(RolloutError):
    """What is kept as the release's state is none; `key` names the field."""

    code = "rollout.document"


class StepError(RolloutError):
    """The release is in a state in which that cannot be done."""

    code = "rollout.step"


class PlaceError(RolloutError):
    """The table or parameter with the release's state cannot be read or written."""

    code = "rollout.place"


class ChangedError(PlaceError):
    """Somebody else changed the release at the same time; nothing was written."""

    code = "rollout.changed"


class EvidenceError(RolloutError):
    """The records that a release is judged by cannot be asked for, or a judgement cannot be kept."""

    code = "rollout.evidence"


class RulesError(RolloutError):
    """A rule of the judge is none, or has a value that cannot be; `key` names it."""

    code = "rollout.rules"
