"""OpenObserve's API for streams, dashboards and alerts: what is there already is changed, the rest is made.

Source of the endpoints: OpenObserve's `api/management`; dashboards are matched by title, alerts by name, since an
id that is sent along is replaced and a second creation makes a second copy.
"""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Collection
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from edgewise.cli.errors import DashboardsError
from edgewise.questions.boards.edge import COLUMNS

Json = dict[str, Any]

_TIMEOUT: Final = 30.0
_TYPES: Final = {"VARCHAR": "Utf8", "BIGINT": "Int64", "DOUBLE": "Float64", "BOOLEAN": "Boolean"}
_FOLDER: Final = "folder=default"
_EXAMPLE: Final = "It looks like https://user:password@host:5080/organization."
# No text of a record is in it: what visitors sent has no business in other programs' markup.
_TEMPLATE: Final = '{"text": "{alert_name} on {stream_name}: {alert_count} rows. {alert_url}"}'


class OpenObserve:
    """`url`: http(s)://user:password@host[:port][/organization]. Every method raises `DashboardsError`."""

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise DashboardsError("this is no address of an OpenObserve", hint=_EXAMPLE) from None
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is None:
            raise DashboardsError("this is no address of an OpenObserve with a user", hint=_EXAMPLE)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, port, timeout=_TIMEOUT)
        self.place = f"{parts.scheme}://{parts.hostname}" + (f":{port}" if port else "")
        self._organization = quote(parts.path.strip("/") or "default", safe="")
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        self._headers = {
            "Authorization": "Basic " + base64.b64encode(secret).decode(),
            "Content-Type": "application/json",
        }

    def close(self) -> None:
        self._connection.close()

    def columns(self, stream: str) -> Collection[str]:
        """The columns of a stream; one that is not there is made, with all that a question may name."""
        place = f"/api/{self._organization}/streams/{quote(stream, safe='')}"
        status, answer = self._ask("GET", f"{place}/schema?type=logs", missing=True)
        if status == 200:
            return [str(field.get("name")) for field in answer.get("schema") or []]
        fields = [
            {"name": name, "type": _TYPES[kind]} for name, kind in COLUMNS.items() if name != "_timestamp"
        ]
        self._ask("POST", f"{place}?type=logs", {"fields": fields, "settings": {}})
        return COLUMNS.keys()

    def put_dashboard(self, dashboard: Json) -> bool:
        """Make the dashboard, or change the one of its title. Was it made?"""
        place = f"/api/{self._organization}/dashboards"
        _, answer = self._ask("GET", f"{place}?{_FOLDER}")
        same = [each for each in map(_known, answer.get("dashboards") or []) if each[1] == dashboard["title"]]
        if not same:
            self._ask("POST", f"{place}?{_FOLDER}", dashboard)
            return True
        name, _, digest = same[0]
        if not digest:
            digest = str(self._ask("GET", f"{place}/{quote(name)}?{_FOLDER}")[1].get("hash") or "")
        changed = {**dashboard, "dashboardId": name}
        self._ask("PUT", f"{place}/{quote(name)}?{_FOLDER}&hash={quote(digest)}", changed)
        return False

    def put_alert(self, alert: Json) -> bool:
        """Make the alert, or change the one of its name. Was it made?"""
        place = f"/api/v2/{self._organization}/alerts"
        _, answer = self._ask("GET", f"{place}?{_FOLDER}")
        same = [each for each in answer.get("list") or [] if each.get("name") == alert["name"]]
        if not same:
            self._ask("POST", f"{place}?{_FOLDER}", alert)
            return True
        self._ask("PUT", f"{place}/{quote(str(same[0]['alert_id']))}?{_FOLDER}", alert)
        return False

    def put_destination(self, name: str, url: str) -> None:
        """Make, or change, where alerts are sent to: a webhook that takes JSON with a `text`."""
        self._put_named("templates", {"name": name, "body": _TEMPLATE, "type": "http", "title": ""})
        self._put_named(
            "destinations",
            {
                "name": name,
                "url": url,
                "method": "post",
                "type": "http",
                "template": name,
                "skip_tls_verify": False,
                "headers": {},
            },
        )

    def has_destination(self, name: str) -> bool:
        place = f"/api/{self._organization}/alerts/destinations/{quote(name, safe='')}"
        return self._ask("GET", place, missing=True)[0] == 200

    def _put_named(self, kind: str, value: Json) -> None:
        place = f"/api/{self._organization}/alerts/{kind}"
        named = f"{place}/{quote(value['name'], safe='')}"
        if self._ask("GET", named, missing=True)[0] == 200:
            self._ask("PUT", named, value)
        else:
            self._ask("POST", place, value)

    def _ask(
        self, method: str, path: str, body: Json | None = None, missing: bool = False
    ) -> tuple[int, Json]:
        """Status and object of an answer; 404 is one where something may be missing."""
        try:
            content = None if body is None else json.dumps(body)
            self._connection.request(method, path, content, self._headers)
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise DashboardsError(f"no OpenObserve answers: {error}", file=self.place) from None
        answer = _object(text)
        if response.status == 404 and missing:
            return 404, answer
        if not 200 <= response.status < 300:
            raise DashboardsError(
                f"{method} {path.partition('?')[0]} was answered {response.status}: {_reason(answer, text)}",
                file=self.place,
                hint=_HINTS.get(response.status),
            )
        return response.status, answer


_HINTS: Final = {
    401: "The user or the password is not the right one.",
    403: "The user may not do this.",
    409: "Somebody changed it at the same time; run the command again.",
    422: "This OpenObserve does not take dashboards of version 8; a newer one does.",
}


def _known(item: Json) -> tuple[str, str, str]:
    """Id, title and hash of a dashboard in a list: older servers name it by its version alone."""
    inner = item.get(f"v{item.get('version')}") or {}
    name = item.get("dashboard_id") or item.get("dashboardId") or inner.get("dashboardId") or ""
    return str(name), str(item.get("title") or inner.get("title") or ""), str(item.get("hash") or "")


def _object(text: bytes) -> Json:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _reason(answer: Json, text: bytes) -> str:
    return str(answer.get("message") or answer.get("error") or text[:200].decode(errors="replace"))
