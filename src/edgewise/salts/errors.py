"""What can go wrong with salts."""

from __future__ import annotations

from edgewise.errors import EdgewiseError


class SaltsError(EdgewiseError):
    """A salt cannot be made, listed or deleted; `file` names the parameter or the path."""

    code = "salts"
