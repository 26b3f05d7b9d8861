"""Sessions for an application behind a rollout: `SessionMiddleware` for FastAPI, Starlette and any other ASGI app.

It issues unguessable tokens, keeps what the app puts into `request.session` in a table, and writes down which version
a session is on, so that the functions at the edge can look it up. Standard library only; boto3 belongs to the caller.
"""

from edgewise.sessions.dynamodb import DynamoSessions, dynamodb_client
from edgewise.sessions.errors import SessionError
from edgewise.sessions.middleware import SessionMiddleware
from edgewise.sessions.session import Session
from edgewise.sessions.store import MemorySessions, Row, SessionStore

__all__ = [
    "DynamoSessions",
    "MemorySessions",
    "Row",
    "Session",
    "SessionError",
    "SessionMiddleware",
    "SessionStore",
    "dynamodb_client",
]
