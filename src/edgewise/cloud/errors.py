"""What this package raises.

EdgewiseError
└── CloudError            AWS refuses, or cannot be asked
    ├── CredentialsError  AWS does not know who asks
    ├── UnreachableError  AWS does not answer
    ├── BuildError        what is to be shipped cannot be made
    ├── ImageError        it is not known which image a function runs
    ├── AssetsError       the functions' code cannot be brought to AWS
    ├── LockedError       somebody else deploys now
    ├── BusyError         the stack is being changed
    ├── ChangedError      what was planned is no longer what is there
    ├── StackError        CloudFormation could not do it
    ├── JournalError      a run's own notes cannot be used
    ├── HistoryError      there is no earlier deployment to go back to
    ├── StagingError      a change cannot be staged, or is
    ├── ReplicasError     CloudFront still holds the functions' replicas
    └── VerifyError       the site does not answer as it was deployed
"""

from __future__ import annotations

from typing import Any

from edgewise.errors import EdgewiseError


class CloudError(EdgewiseError):
    """AWS refused a call, or cannot be asked; `reason` is its own word for why, such as `AccessDenied`."""

    code = "cloud.aws"

    def __init__(self, message: str, *, reason: str = "", **where: Any) -> None:
        super().__init__(message, **where)
        self.reason = reason


class CredentialsError(CloudError):
    """AWS does not know who asks: there are no credentials, or they are over or wrong."""

    code = "cloud.credentials"


class UnreachableError(CloudError):
    """AWS does not answer, or not in time."""

    code = "cloud.unreachable"


class BuildError(CloudError):
    """What is to be shipped cannot be made, is too large, or cannot be imported."""

    code = "cloud.build"


class ImageError(CloudError):
    """It is not known which image a function runs, or the one that is named is none."""

    code = "cloud.image"


class AssetsError(CloudError):
    """The functions' code cannot be brought to AWS."""

    code = "cloud.assets"


class LockedError(CloudError):
    """Somebody else deploys this site now."""

    code = "cloud.locked"


class BusyError(CloudError):
    """The stack is being changed already."""

    code = "cloud.busy"


class ChangedError(CloudError):
    """What was planned is no longer what is there."""

    code = "cloud.changed"


class StackError(CloudError):
    """CloudFormation could not make the stack what it should be."""

    code = "cloud.stack"


class JournalError(CloudError):
    """The notes of a deployment cannot be read or written."""

    code = "cloud.journal"


class HistoryError(CloudError):
    """There is no earlier deployment to go back to."""

    code = "cloud.history"


class StagingError(CloudError):
    """A change cannot be staged; or one is, and what was asked for would end it unseen."""

    code = "cloud.staging"


class ReplicasError(CloudError):
    """CloudFront still holds replicas of the functions."""

    code = "cloud.replicas"


class VerifyError(CloudError):
    """The site does not answer as it was deployed."""

    code = "cloud.verify"


class WorkflowError(EdgewiseError):
    """Workflows cannot be written for this folder."""

    code = "cloud.workflow"
