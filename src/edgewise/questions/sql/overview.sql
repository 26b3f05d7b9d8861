-- name: overview
-- title: Overview
-- description: The whole period in one row. Visitors are those of a day: who comes on two days is two visitors. Their
--   mean is that of full days, which lie in the period from midnight to midnight (UTC); a period without one has none.
-- page_views: page_views, visitors, visitors_per_day, days, bot_requests
-- columns:
--   requests count: all requests, of bots too
--   page_views count: pages that people asked for
--   visitors count: different people, each counted once a day
--   visitors_per_day count: different people in a full day that had requests, on average
--   days count: days (UTC) that had requests
--   bot_requests count: requests of bots and tools, and of what sent no user agent
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
    -- A visitor is one of one day, so those of some days and those of the others have nobody in common.
    count(DISTINCT CASE WHEN page_view AND full_day THEN visitor END)
        + count(DISTINCT CASE WHEN page_view AND NOT full_day THEN visitor END) AS visitors,
    round(
        1e0 * count(DISTINCT CASE WHEN page_view AND full_day THEN visitor END)
            / nullif(count(DISTINCT CASE WHEN full_day THEN day END), 0),
        1
    ) AS visitors_per_day,
    count(DISTINCT day) AS days,
    count(*) FILTER (WHERE agent <> 'person') AS bot_requests,
    count(*) FILTER (WHERE status BETWEEN 400 AND 499) AS client_errors,
    count(*) FILTER (WHERE status >= 500) AS server_errors,
    round(1e2 * count(*) FILTER (WHERE status >= 500) / nullif(count(*), 0), 2) AS error_percent,
    round(1e2 * count(*) FILTER (WHERE hit) / nullif(count(*) FILTER (WHERE hit OR miss), 0), 2) AS hit_percent,
    CAST(sum(bytes_sent) AS BIGINT) AS bytes_sent,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms), 1) AS p50_ms,
    round(percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms), 1) AS p95_ms,
    round(percentile_cont(0.99) WITHIN GROUP (ORDER BY duration_ms), 1) AS p99_ms
FROM (
    SELECT *, day >= $start AND day + 86400000000 <= $end AS full_day
    FROM chosen
) AS requests_of_days
