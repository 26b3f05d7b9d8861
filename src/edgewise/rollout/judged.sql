-- The requests by which a release is judged, one row each, of the records of functions alone: OpenObserve has no others.
-- A request counts when its viewer-request record says which version was meant for it and why, and no tester and no
-- excluded client asked; and when the origin that answered it, if one did, was that version's: an answer of a behavior
-- that is not steered says nothing, and nor does one that a function gave itself. Repeated records change nothing. `asked`
-- and `answered` are when it came and when its origin answered; answers of the cache have no `answered`. `due` is 1 where
-- nothing but the origin can answer, 0 where the cache may, and null where the answer's record may be left out: a sample
-- keeps what a failure of ours is told in, and not what goes with it. `who` stands for the visitor, or for the request
-- alone where nobody is told apart. Names in braces are what asking.py makes of values.
WITH seen AS (
    SELECT
        request_id,
        max(CASE WHEN trigger = 'viewer-request' THEN _timestamp END) AS asked,
        max(CASE WHEN trigger = 'viewer-request' THEN release END) AS release,
        max(CASE WHEN trigger = 'viewer-request' THEN version END) AS version,
        max(CASE WHEN trigger = 'viewer-request' THEN decision END) AS decision,
        max(CASE WHEN trigger = 'viewer-request' THEN sample_rate END) AS sample_rate,
        max(CASE
            WHEN trigger = 'viewer-request' THEN coalesce(visitor, client_ip || ' ' || coalesce(user_agent, ''))
        END) AS visitor,
        max(CASE WHEN trigger = 'viewer-request' THEN method END) AS method,
        max(CASE WHEN trigger = 'viewer-request' THEN path END) AS path,
        max(CASE WHEN trigger <> 'origin-response' THEN failure END) AS failure,
        max(CASE WHEN trigger <> 'origin-response' THEN status END) AS made,
        max(CASE WHEN trigger = 'origin-response' THEN _timestamp END) AS answered,
        max(CASE WHEN trigger = 'origin-response' THEN version END) AS answered_by,
        max(CASE WHEN trigger = 'origin-response' THEN status END) AS status,
        max(CASE WHEN trigger = 'origin-response' THEN origin_ms END) AS origin_ms
    FROM {source}
    WHERE trigger IN ('viewer-request', 'origin-request', 'origin-response')
    GROUP BY request_id
),
meant AS (
    SELECT
        *,
        coalesce(visitor, request_id) AS who,
        CASE WHEN version = {new} THEN 1 ELSE 0 END AS is_new,
        CASE WHEN sample_rate > 0 THEN 1 / sample_rate ELSE 1 END AS stands_for,
        {answerer} AS answerer
    FROM seen
    WHERE release = {release} AND version IN ({stable}, {new}) AND decision IN ({decisions}) AND made IS NULL
),
judged AS (
    SELECT
        *,
        CASE
            WHEN failure IS NOT NULL THEN NULL
            WHEN answerer = 'origin' OR method NOT IN ('GET', 'HEAD', 'OPTIONS') THEN 1
            ELSE 0
        END AS due
    FROM meant
    WHERE answered_by = version OR (answered IS NULL AND answerer <> 'elsewhere')
)
