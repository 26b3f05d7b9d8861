"""What can be wrong with a request to the control port."""

from __future__ import annotations

from edgewise.errors import EdgewiseError


class ControlError(EdgewiseError):
    """A request to the control port of `edgewise up` cannot be carried out."""

    code = "cdn.control"
    status = 400  # of HTTP


class NotFound(ControlError):
    """What is asked for is not there: no such page, or a past request that is no longer kept."""

    status = 404


class Refused(ControlError):
    """A page of another site asks, or the port was reached by another name than this machine's."""

    status = 403
