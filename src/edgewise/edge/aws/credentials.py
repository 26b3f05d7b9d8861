"""The function's own credentials, which Lambda puts into the environment's variables."""

from __future__ import annotations

from edgewise.edge.errors import EdgeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class CredentialsError(EdgeError):
    """There are no credentials to sign with."""

    code = "edge.credentials"
    may_be_told = True


class Credentials:
    """An access key, its secret, and the session token that belongs to temporary ones (else empty)."""

    __slots__ = ("access_key", "secret_key", "token")

    def __init__(self, access_key: str, secret_key: str, token: str = "") -> None:
        self.access_key = access_key
        self.secret_key = secret_key
        self.token = token


def read_credentials(environ: Mapping[str, str]) -> Credentials:
    """Those of the function's role, by the variables that Lambda sets. CredentialsError names the one that is missing.

    Read anew for each request, since whoever runs the function may replace them.
    """
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        if not environ.get(name):
            raise CredentialsError(f"{name} is not set; Lambda sets it if the function has a role")
    return Credentials(
        environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"], environ.get("AWS_SESSION_TOKEN", "")
    )
