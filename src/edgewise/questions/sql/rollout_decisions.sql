-- name: rollout_decisions
-- title: Who met which version, and why
-- description: The decisions of the functions, by release, reason and version.
-- columns:
--   release text: the release; unknown where nothing was known of one
--   decision text: the reason
--   version text: the version that was chosen
--   requests count: requests that were decided so
--   percent percent: of all decisions
--   first_seen time: the first of them
--   last_seen time: the last of them
SELECT
    release,
    decision,
    version,
    count(*) AS requests,
    round(1e2 * count(*) / sum(count(*)) OVER (), 2) AS percent,
    min(_timestamp) AS first_seen,
    max(_timestamp) AS last_seen
FROM runs
WHERE trigger = 'viewer-request' AND decision IS NOT NULL
GROUP BY release, decision, version
ORDER BY last_seen DESC, requests DESC, decision, version
