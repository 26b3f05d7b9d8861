-- name: versions
-- title: Versions side by side
-- description: What each release met. A request without a release counts for the version of the function that ran.
-- parameters: top
-- columns:
--   version text: the release, else the function's version
--   requests count: all requests
--   page_views count: pages that people asked for
--   visitors count: different people, each counted once a day
--   client_errors count: answers of 400 to 499
--   server_errors count: answers of 500 and more
--   error_percent percent: server errors of its requests
--   hit_percent percent: answers from the cache, of those that the cache could have had
--   p50_ms ms: half of the requests took less
--   p95_ms ms: 95 of 100 took less
--   p99_ms ms: 99 of 100 took less
--   first_seen time: its first request
--   last_seen time: its last request
SELECT
    version,
    count(*) AS requests,
    count(*) FILTER (WHERE page_view) AS page_views,
    count(DISTINCT CASE WHEN page_view THEN visitor END) AS visitors,
    count(*) FILTER (WHERE status BETWEEN 400 AND 499) AS client_errors,
    count(*) FILTER (WHERE status >= 500) AS server_errors,
    round(1e2 * count(*) FILTER (WHERE status >= 500) / count(*), 2) AS error_percent,
    round(1e2 * count(*) FILTER (WHERE hit) / nullif(count(*) FILTER (WHERE hit OR miss), 0), 2) AS hit_percent,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms), 1) AS p50_ms,
    round(percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms), 1) AS p95_ms,
    round(percentile_cont(0.99) WITHIN GROUP (ORDER BY duration_ms), 1) AS p99_ms,
    min(_timestamp) AS first_seen,
    max(_timestamp) AS last_seen
FROM chosen
GROUP BY version
ORDER BY last_seen DESC, version
LIMIT $top
