"""The tea counter, version 1: a list, a basket that lasts as long as the session, an order in two steps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from edgewise.sessions import DynamoSessions, SessionMiddleware, dynamodb_client

VERSION = "v1"
TEAS = {"assam": "Assam", "oolong": "Oolong", "sencha": "Sencha"}
HERE = Path(__file__).parent


class Assets(StaticFiles):
    """Files that the edge keeps for an hour, each version's apart, and that browsers ask for anew each time.

    A browser knows nothing of versions: what it kept of one it would use with a page of the other.
    """

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        response = super().file_response(*arguments, **options)
        response.headers["Cache-Control"] = "max-age=0, s-maxage=3600"
        return response


app = FastAPI(title="Tea", docs_url=None, redoc_url=None, openapi_url=None)
app.mount("/assets", Assets(directory=HERE / "assets"))
# Generous deadlines, for on a laptop one program plays all of AWS.
table = DynamoSessions(dynamodb_client("us-east-1", timeout_s=2), "tea-sessions")
app.add_middleware(SessionMiddleware, store=table, version=VERSION, deadline_ms=2_000)
pages = Jinja2Templates(HERE)


def page(request: Request, step: str) -> HTMLResponse:
    return pages.TemplateResponse(request, "page.html", {"step": step, "version": VERSION, "teas": TEAS})


@app.get("/", response_class=HTMLResponse)
def counter(request: Request) -> HTMLResponse:
    return page(request, "counter")


@app.post("/basket")
def add(request: Request, tea: Annotated[str, Form()]) -> RedirectResponse:
    if tea not in TEAS:
        raise HTTPException(404, f"There is no tea {tea!r}.")
    # Both versions keep the basket in this way: a visitor who is moved finds it again.
    request.session["basket"] = [*request.session.get("basket", []), tea]
    return RedirectResponse("/", status_code=303)


@app.get("/order", response_class=HTMLResponse)
def look_again(request: Request) -> HTMLResponse:
    """The first step, which version 2 does without."""
    return page(request, "order")


@app.post("/order", response_class=HTMLResponse)
def order(request: Request) -> HTMLResponse:
    request.session.pop("basket", None)
    return page(request, "thanks")


@app.get("/health")
def health() -> dict[str, str]:
    return {"version": VERSION}
