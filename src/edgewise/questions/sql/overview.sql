-- name: overview
-- title: Overview
-- description: The whole period in one row. Visitors are those of a day, averaged over the days that had requests:
--   who comes on two days is two visitors, so that no sum of days is a number of people.
-- columns:
--   requests count: all requests, of bots too
--   page_views count: pages that people asked for
--   visitors_per_day count: different people in a day, on average
--   days count: days (UTC) that had requests
--   bot_requests count: requests of bots and tools
--   client_errors count: answers of 400 to 499
--   server_errors count: answers of 500 and more
--   error_percent percent: server errors of all requests
--   hit_percent percent: answers from the cache, of those that the cache could have had
--   bytes_sent bytes: what went to viewers
--   p50_ms ms: half of the requests took less
--   p95_ms ms: 95 of 100 took less
--   p99_ms ms: 99 of 100 took less
SELECT
    count(*) AS requests,
    count(*) FILTER (WHERE page_view) AS page_views,
    -- A visitor is one of one day, so those of all days are their sum.
    round(1e0 * count(DISTINCT CASE WHEN page_view THEN visitor END) / nullif(count(DISTINCT day), 0), 1)
        AS visitors_per_day,
    count(DISTINCT day) AS days,
    count(*) FILTER (WHERE agent IN ('bot', 'tool')) AS bot_requests,
    count(*) FILTER (WHERE status BETWEEN 400 AND 499) AS client_errors,
    count(*) FILTER (WHERE status >= 500) AS server_errors,
    round(1e2 * count(*) FILTER (WHERE status >= 500) / nullif(count(*), 0), 2) AS error_percent,
    round(1e2 * count(*) FILTER (WHERE hit) / nullif(count(*) FILTER (WHERE hit OR miss), 0), 2) AS hit_percent,
    CAST(sum(bytes_sent) AS BIGINT) AS bytes_sent,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms), 1) AS p50_ms,
    round(percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms), 1) AS p95_ms,
    round(percentile_cont(0.99) WITHIN GROUP (ORDER BY duration_ms), 1) AS p99_ms
FROM chosen
