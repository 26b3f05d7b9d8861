"""The tables of the site file that are about page views, as they are written; see `raw.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from edgewise.site.limits import CATALOGS, FILE_FORMATS, VIEW_PATHS
from edgewise.site.raw_key import Key, RawSecret


@dataclass(frozen=True, slots=True)
class RawStatistics:
    path: Annotated[
        str | None,
        Key(
            "the way of a page view: default `step-functions`, a state machine and an event bus; `firehose`, straight "
            "to the delivery stream",
            choices=VIEW_PATHS,
        ),
    ] = None
    countries: Annotated[
        str | None,
        Key(
            "an address database in MaxMind's format (.mmdb), which goes with the functions; without it views have "
            "the country that CloudFront tells origins, so none that the cache answers"
        ),
    ] = None
    bots: Annotated[bool | None, Key("whether views of bots are kept, marked; default `true`")] = None
    days: Annotated[
        float | None, Key("how long files stay in the bucket, 1 to 3650 whole days; default 730")
    ] = None
    format: Annotated[
        str | None,
        Key("what the files are: default `json`, a view a line; or `parquet`", choices=FILE_FORMATS),
    ] = None
    catalog: Annotated[
        str | None,
        Key(
            "how Athena knows the days: default `projection`, by the table; or `crawler`, which is paid for by run",
            choices=CATALOGS,
        ),
    ] = None
    buffer_seconds: Annotated[
        float | None, Key("how long the stream collects views for a file, 60 to 900; default 300")
    ] = None
    batch_seconds: Annotated[
        float | None,
        Key(
            "how long views wait in a function's memory to be sent together, 0 to 60; default 0. It is cheaper, and "
            "what waits in a function that AWS ends is lost"
        ),
    ] = None
    budget_ms: Annotated[
        float | None, Key("how long a visitor may wait for views to be sent; default 50")
    ] = None
    wait: Annotated[
        bool | None, Key("waits for answers within the budget and leaves less behind; default `false`")
    ] = None
    key: Annotated[
        RawSecret | None,
        Key(
            "where your own key of the visitors' hashes is kept on AWS; without it a function there makes a salt for "
            "each day and deletes it",
            may_be_secret=True,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class RawRewrite:
    index: Annotated[str | None, Key("the name of a folder's page; default `index.html`")] = None
    behaviors: Annotated[
        list[str] | None,
        Key("the paths of the behaviors, `*` for the default one; default all whose origin is a bucket"),
    ] = None
