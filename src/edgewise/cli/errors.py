"""What the commands themselves can find wrong; the packages bring their own errors."""

from __future__ import annotations

from edgewise.errors import EdgewiseError


class ReplayError(EdgewiseError):
    """An access log cannot be replayed: no requests in it, no site to send them to, or an unfit option."""

    code = "cli.replay"


class StartError(EdgewiseError):
    """Something that `edgewise up` starts did not come up: an origin's command, or the store."""

    code = "cli.start"


class RunError(EdgewiseError):
    """A command does not know which running site it is about."""

    code = "cli.run"


class DashboardsError(EdgewiseError):
    """Dashboards or alerts cannot be brought to OpenObserve, or written as files."""

    code = "cli.dashboards"


class RolloutCommandError(EdgewiseError):
    """A command about a release cannot be carried out: the site has no rollout, or no release."""

    code = "cli.rollout"


class ReportError(EdgewiseError):
    """The report cannot be written."""

    code = "cli.report"


class DeployCommandError(EdgewiseError):
    """A command that changes AWS cannot go on: nobody is there to be asked, or the site would not work there."""

    code = "cli.deploy"
