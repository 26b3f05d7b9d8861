"""An answer of an origin on this machine that is right for the visitor and says too little to the developer."""

from __future__ import annotations

from dataclasses import dataclass

from edgewise.cdn.message import Response


@dataclass(slots=True)
class Refusal(Response):
    """The origin's error as AWS would send it; `why` is one line for the developer, never sent to anyone."""

    why: str = ""
