-- The requests by which a release is judged, one row each, of the records of functions alone: OpenObserve has no others.
-- A request counts when its viewer-request record says which version was meant for it and why, and no tester and no
-- excluded client asked; and when the origin that answered it, if one did, was that version's: an answer of a behavior
-- that is not steered says nothing. Repeated records change nothing. `asked` and `answered` are when it came and when its
-- origin answered; answers of the cache have no `answered`. `who` stands for the visitor, or for the request alone where
-- nobody is told apart. Names in braces are literals that asking.py makes.
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
        max(CASE WHEN trigger = 'origin-response' THEN _timestamp END) AS answered,
        max(CASE WHEN trigger = 'origin-response' THEN version END) AS answered_by,
        max(CASE WHEN trigger = 'origin-response' THEN status END) AS status,
        max(CASE WHEN trigger = 'origin-response' THEN origin_ms END) AS origin_ms
    FROM {source}
    WHERE trigger IN ('viewer-request', 'origin-response')
    GROUP BY request_id
),
judged AS (
    SELECT
        *,
        coalesce(visitor, request_id) AS who,
        CASE WHEN version = {new} THEN 1 ELSE 0 END AS is_new,
        CASE WHEN sample_rate > 0 THEN 1 / sample_rate ELSE 1 END AS stands_for
    FROM seen
    WHERE
        release = {release} AND version IN ({stable}, {new}) AND decision IN ({decisions})
        AND (answered IS NULL OR answered_by = version)
)
