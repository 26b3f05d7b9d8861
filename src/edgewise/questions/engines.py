"""What a statement of ours needs that one engine is quick with and another does not have. The answers are equal.

`ANY` runs on DuckDB, on DataFusion and, translated, on Athena; `DUCKDB` is for our store, which has found out some of
it already, and computes one function of one column once per distinct value. What they say of a page, a referrer, a
campaign and a language is what the edge says (`edge/statistics/page.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from edgewise.agents.pages import PAGE

_BRACES: Final = re.compile(r"\{(\w+)\}")
_FROM: Final = re.compile(r"\bFROM (requests|edge|page_views)$", re.MULTILINE)
_PERCENTILE: Final = re.compile(r"percentile_cont\(([\d.]+)\) WITHIN GROUP \(ORDER BY (\w+)\)")
_TAG: Final = re.compile(r"utm_\w+")
_DAY: Final = "_timestamp - _timestamp % 86400000000"


@dataclass(frozen=True, slots=True)
class Engine:
    """Expressions over the columns of a request, by the names that the braces of a relation have.

    `tag` is the value of a tag of the query, which is called TAG there. `chosen` names the relation that questions
    read; `requests`, `edge` and `page_views` are what is read behind it, as SQL. `percentile` is what a percentile
    becomes, a template for `re`: of the first group, a share, and the second, a column.
    """

    visitor: str
    referrer: str
    own_host: str
    page: str
    tag: str
    language: str
    is_page: str = PAGE
    chosen: str = "requests"
    requests: str = "requests"
    edge: str = "edge"
    page_views: str = "page_views"
    percentile: str = r"\g<0>"

    def fill(self, sql: str) -> str:
        """A relation's or a question's text with this engine's expressions, sources and percentiles."""
        filled = _BRACES.sub(lambda match: self._expression(match[1]), sql)
        filled = _FROM.sub(lambda match: f"FROM {getattr(self, match[1])}", filled)
        return _PERCENTILE.sub(self.percentile, filled)

    def _expression(self, name: str) -> str:
        return self.tag.replace("TAG", name) if _TAG.match(name) else str(getattr(self, name))


def _host(url: str) -> str:
    """Of what follows `//` the host: without user, port, `www.` and last dots; null for what no host can be."""
    authority = f"split_part(split_part(split_part(lower({url}), '/', 3), '?', 1), '#', 1)"
    named = f"split_part(regexp_replace({authority}, '^[^/]*@', ''), ':', 1)"
    sound = f"regexp_replace({named}, '^[^/]*[^a-z0-9._/-][^/]*$', '')"
    return f"nullif(regexp_replace(regexp_replace({sound}, '^www[.]', ''), '[.]+$', ''), '')"


_REFERRER: Final = (
    f"CASE WHEN referrer LIKE '%//%' AND split_part(referrer, '/', 2) = '' THEN {_host('referrer')} END"
)
_OWN_HOST: Final = _host("'//' || host")


def _quick_host(url: str, begins: str) -> str:
    host = "([a-z0-9._-]*)(?:[:/?#]|$)"
    return (
        f"nullif(rtrim(regexp_extract(replace(lower({url}), '//www.', '//'), '{begins}{host}', 1), '.'), '')"
    )


_PARAMETERS: Final = "regexp_replace(path, ';[^/]*', '', 'g')"


def _named(path: str) -> str:
    """The page of a path without parameters: without slashes at its end and the index's name before them."""
    return f"substr('/' || regexp_replace(substr({path}, 2), '/*((^|/)index[.]html?)?/*$', ''), 1, 1024)"


_LANGUAGE: Final = "lower(split_part(trim(split_part(split_part(language, ',', 1), ';', 1)), '-', 1))"
_VALUE: Final = "replace(split_part(split_part('&' || query, '&TAG=', 2), '&', 1), '+', ' ')"
_QUICK_VALUE: Final = "replace(regexp_extract(query, '(?:^|&)TAG=([^&]*)', 1), '+', ' ')"


def _tag(decoded: str) -> str:
    return f"CASE WHEN query LIKE '%TAG=%' THEN nullif(substr(trim({decoded}), 1, 128), '') END"


ANY: Final = Engine(
    visitor=f"""CASE
            WHEN visitor IS NOT NULL THEN visitor
            WHEN client_ip IS NOT NULL THEN md5(
                CAST({_DAY} AS VARCHAR) || coalesce(host, '') || ' ' || client_ip || ' ' || coalesce(user_agent, '')
            )
        END""",
    referrer=_REFERRER,
    own_host=_OWN_HOST,
    page=_named(_PARAMETERS),
    # Without a function for it in every engine: of escapes only that of the blank, which is the usual one.
    tag=_tag(f"replace({_VALUE}, '%20', ' ')"),
    language=f"CASE WHEN {_LANGUAGE} ~ '^[a-z]{{2,3}}$' THEN {_LANGUAGE} END",
)
DUCKDB: Final = Engine(
    visitor='"visitor key"',
    # Not by `split_part`, which is a macro here: what is split is computed again and again. Few have a user's name.
    referrer=f"""CASE
            WHEN contains(referrer, '@') THEN {_quick_host("referrer", "^[^/]*//(?:[^/?#]*@)?")}
            ELSE {_quick_host("referrer", "^[^/]*//")}
        END""",
    own_host=_quick_host("'//' || host", "^//"),
    # Most paths are their page's name, or end as most others do.
    page=f"""CASE
            WHEN
                contains(path, ';')
                OR contains(path, '//')
                OR strlen(path) > 1024
                OR (suffix(path, '/') AND contains(path, '/index.htm'))
                THEN {_named(_PARAMETERS)}
            WHEN path IN ('/', '/index.html', '/index.htm') THEN '/'
            WHEN suffix(path, '/') THEN left(path, -1)
            WHEN suffix(path, '/index.html') THEN left(path, -11)
            WHEN suffix(path, '/index.htm') THEN left(path, -10)
            ELSE path
        END""",
    # What is no UTF-8 once it is decoded stays as it came.
    tag=_tag(f"coalesce(try(url_decode({_QUICK_VALUE})), {_QUICK_VALUE})"),
    language="nullif(lower(regexp_extract(language, '^ *([A-Za-z]{2,3})(?:-| *[,;]| *$)', 1)), '')",
    is_page='"is page"',
    requests='"known requests"',
    # All percentiles of a column by one aggregate, which the engine then makes once: it gathers all values.
    percentile=r"list_extract(quantile_cont(\2, [0.5, 0.9, 0.95, 0.99]), list_position([0.5, 0.9, 0.95, 0.99], \1))",
)
