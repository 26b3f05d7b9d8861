-- name: rollout_decisions
-- title: Who met which version, and why
-- description: The decisions of the functions in each release, the newest first, by reason and version.
-- columns:
--   release text: the release; unknown where nothing was known of one
--   decision text: the reason
--   version text: the version that was chosen; of a tester's link none, for it only leads on
--   requests count: requests that were decided so
--   percent percent: of all decisions of the release
--   first_seen time: the first of them
--   last_seen time: the last of them
WITH decided AS (
    SELECT
        release,
        decision,
        -- Without a choice the record has the function's own version.
        CASE WHEN decision NOT IN ('tester-link', 'tester-refused') THEN version END AS version,
        _timestamp
    FROM runs
    WHERE trigger = 'viewer-request' AND decision IS NOT NULL
),
decisions AS (
    SELECT
        release,
        decision,
        version,
        count(*) AS requests,
        min(_timestamp) AS first_seen,
        max(_timestamp) AS last_seen
    FROM decided
    GROUP BY release, decision, version
)
SELECT
    release,
    decision,
    version,
    requests,
    round(1e2 * requests / total, 2) AS percent,
    first_seen,
    last_seen
FROM (
    SELECT
        *,
        sum(requests) OVER (PARTITION BY release) AS total,
        max(last_seen) OVER (PARTITION BY release) AS newest
    FROM decisions
) AS ordered
ORDER BY newest DESC, release, requests DESC, decision, version
