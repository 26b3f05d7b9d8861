"""The notebook's API: a list of notes, as long as this function lives."""

from __future__ import annotations

import os
from typing import Annotated

from fastapi import FastAPI, Request
from pydantic import BaseModel, StringConstraints

# Of the site file; the image runs without it, too.
MOST_NOTES = int(os.environ.get("MOST_NOTES", "50"))

app = FastAPI(title="Notes", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
notes: list[Note] = []


class Note(BaseModel):
    """One note. What a page does with it is the page's affair: it is text, not HTML."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


@app.get("/api/notes")
def read() -> list[Note]:
    return notes


@app.post("/api/notes", status_code=201)
def write(note: Note) -> Note:
    notes.append(note)
    del notes[:-MOST_NOTES]
    return note


@app.get("/api/request")
def request(request: Request) -> dict[str, str]:
    """What the function was told of the request, to see what the edge and the function URL make of it."""
    return dict(request.headers)


@app.get("/api/broken")
def broken() -> None:
    raise RuntimeError("broken on purpose")
