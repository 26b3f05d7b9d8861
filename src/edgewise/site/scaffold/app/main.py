"""The origin: a small web application of its own. Replace it by yours, in any language."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

_PAGE = Path(__file__).parent / "index.html"


async def home(request: Request) -> Response:
    return FileResponse(_PAGE)


async def hello(request: Request) -> Response:
    """Greets, and shows what reached the origin."""
    name = request.query_params.get("name", "world")
    return JSONResponse({"hello": name, "method": request.method, "path": request.url.path})


app = Starlette(routes=[Route("/", home), Route("/api/hello", hello, methods=["GET", "POST"])])
