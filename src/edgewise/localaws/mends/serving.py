"""moto's server, without two waits in each request.

Its answers leave in two pieces, and the second waits for the first to be acknowledged: 40 ms on Linux. And it lists its
own folder on disk for each request, to see whether the host is the name of a service.
"""

from __future__ import annotations

from functools import lru_cache

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler

from edgewise.localaws.mends.replacing import replace

_HOSTS = 256

_backend_for_host = DomainDispatcherApplication.get_backend_for_host


def apply() -> None:
    """Once in a process, before the server starts; again does nothing that matters."""
    replace(MotoRequestHandler, disable_nagle_algorithm=True)
    replace(DomainDispatcherApplication, get_backend_for_host=lru_cache(_HOSTS)(_backend_for_host))
