-- name: rollout_versions
-- title: The two versions of a release
-- description: What the origins of each version answered in each release, the newest first, by the records of functions:
--   as a release is judged, but with testers, bots and sessions from before it.
-- columns:
--   release text: the release; unknown for requests outside of any
--   version text: the version
--   answers count: answers of its origin
--   server_errors count: answers of 500 and more
--   error_percent percent: server errors of its answers
--   client_errors count: answers of 400 to 499
--   p50_ms ms: half of them took its origin less
--   p95_ms ms: 95 of 100 took less
--   p99_ms ms: 99 of 100 took less
--   first_seen time: its first answer
--   last_seen time: its last answer
WITH asked AS (
    -- The function at the origin is told of the release only where a policy lets the header through.
    SELECT
        request_id,
        max(release) AS release
    FROM runs
    WHERE trigger = 'viewer-request'
    GROUP BY request_id
),
answers AS (
    SELECT
        coalesce(runs.release, asked.release) AS release,
        runs.version,
        runs.status,
        runs.origin_ms,
        runs._timestamp
    FROM runs
    LEFT JOIN asked ON runs.request_id = asked.request_id
    WHERE runs.trigger = 'origin-response' AND runs.origin_ms IS NOT NULL
),
versions AS (
    SELECT
        release,
        version,
        count(*) AS answers,
        count(*) FILTER (WHERE status >= 500) AS server_errors,
        round(1e2 * count(*) FILTER (WHERE status >= 500) / count(*), 2) AS error_percent,
        count(*) FILTER (WHERE status BETWEEN 400 AND 499) AS client_errors,
        round(percentile_cont(0.5) WITHIN GROUP (ORDER BY origin_ms), 1) AS p50_ms,
        round(percentile_cont(0.95) WITHIN GROUP (ORDER BY origin_ms), 1) AS p95_ms,
        round(percentile_cont(0.99) WITHIN GROUP (ORDER BY origin_ms), 1) AS p99_ms,
        min(_timestamp) AS first_seen,
        max(_timestamp) AS last_seen
    FROM answers
    GROUP BY release, version
)
SELECT
    release,
    version,
    answers,
    server_errors,
    error_percent,
    client_errors,
    p50_ms,
    p95_ms,
    p99_ms,
    first_seen,
    last_seen
FROM (
    SELECT
        *,
        max(last_seen) OVER (PARTITION BY release) AS newest
    FROM versions
) AS ordered
ORDER BY newest DESC, release, version
