"""What an application can get wrong about its sessions."""

from __future__ import annotations

from edgewise.errors import EdgewiseError


class SessionError(EdgewiseError):
    """An app keeps in a session what is not JSON or too much, or an option of the middleware cannot be."""

    code = "sessions"
