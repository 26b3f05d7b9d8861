-- name: rollout_versions
-- title: The two versions of a release
-- description: What the origins of each version answered, by the records of functions: as a release is judged, but with
--   testers and bots.
-- columns:
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
SELECT
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
FROM runs
WHERE trigger = 'origin-response' AND origin_ms IS NOT NULL
GROUP BY version
ORDER BY last_seen DESC, version
