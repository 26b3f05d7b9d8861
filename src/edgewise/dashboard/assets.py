"""The files of the pages: read once, compressed once, named after what is in them so that browsers keep them."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

import brotli
from starlette.requests import Request
from starlette.responses import Response

_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_FOR_EVER: Final = "private, max-age=31536000, immutable"
_PAGE: Final = "index.html"
_PLACE: Final = "ASSETS"


class Asset:
    """One file as it is sent: plain or compressed, made when first asked for."""

    def __init__(self, body: bytes, kind: str) -> None:
        self.body = body
        self.kind = kind

    @cached_property
    def encoded(self) -> Mapping[str, bytes]:
        return {
            "br": brotli.compress(self.body, mode=brotli.MODE_TEXT, quality=9),
            "gzip": gzip.compress(self.body, 9, mtime=0),
        }

    def response(self, request: Request, caching: str) -> Response:
        accepted = {each.partition(";")[0].strip() for each in _header(request, "accept-encoding").split(",")}
        encoding = next((each for each in ("br", "gzip") if each in accepted), None)
        body = self.encoded[encoding] if encoding else self.body
        headers = {"Cache-Control": caching, "Vary": "Accept-Encoding"}
        if encoding:
            headers["Content-Encoding"] = encoding
        return Response(body, headers=headers, media_type=self.kind)


class Assets:
    """All files by path. Their folder's name changes with their content, so they may be kept for ever."""

    def __init__(self) -> None:
        found = _read(files("edgewise.dashboard").joinpath("static"), "")
        digest = hashlib.sha256()
        for path in sorted(found):
            digest.update(path.encode() + b"\0" + found[path] + b"\0")
        self.folder = digest.hexdigest()[:12]
        page = found.pop(_PAGE).decode().replace(_PLACE, f"/static/{self.folder}")
        page = page.replace("<!-- modules -->", self._preloads(found))
        self._page = Asset(page.encode(), _TYPES["html"])
        self._assets = {
            path: Asset(body, _TYPES[ending])
            for path, body in found.items()
            if (ending := path.rpartition(".")[2]) in _TYPES
        }

    def _preloads(self, found: Mapping[str, bytes]) -> str:
        """All modules at once, where a browser would find them one import after the other."""
        modules = (path for path in sorted(found) if path.endswith(".js") and "/" not in path)
        return "\n".join(
            f'<link rel="modulepreload" href="/static/{self.folder}/{path}">' for path in modules
        )

    async def page(self, request: Request) -> Response:
        return self._page.response(request, "no-cache")

    async def file(self, request: Request) -> Response:
        asset = self._assets.get(request.path_params["path"])
        if asset is None or request.path_params["folder"] != self.folder:
            return Response("there is no such file\n", 404, media_type="text/plain")
        return asset.response(request, _FOR_EVER)


def _read(folder: Traversable, prefix: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for each in folder.iterdir():
        if each.is_dir():
            found |= _read(each, f"{prefix}{each.name}/")
        else:
            found[prefix + each.name] = each.read_bytes()
    return found


def _header(request: Request, name: str) -> str:
    return request.headers.get(name, "").lower()
