-- name: rollout_decisions
-- title: Who met which version, and why
-- description: The decisions of the functions in each release, the newest first, by reason and version.
-- columns:
--   release text: the release; unknown where nothing was known of one
--   decision text: the reason
--   version text: the version that was chosen
--   requests count: requests that were decided so
--   percent percent: of all decisions of the release
--   first_seen time: the first of them
--   last_seen time: the last of them
WITH decisions AS (
    SELECT
        release,
        decision,
        version,
        count(*) AS requests,
        min(_timestamp) AS first_seen,
        max(_timestamp) AS last_seen
    FROM runs
    WHERE trigger = 'viewer-request' AND decision IS NOT NULL
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
