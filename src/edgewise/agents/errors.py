"""What can go wrong with the data that tell who a visitor is."""

from __future__ import annotations

from edgewise.errors import EdgewiseError


class AgentsError(EdgewiseError):
    """Anything that keeps a user agent or an address from being looked up."""

    code = "agents"


class DatabaseError(AgentsError):
    """A file that was given as an address database is none that can be read."""

    code = "agents.database"
