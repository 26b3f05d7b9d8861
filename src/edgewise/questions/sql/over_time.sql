-- name: over_time
-- title: Requests and errors over time
-- description: Requests by the class of their answer, page views and the hit ratio. A bucket without a request has no
--   row.
-- page_views: time, page_views, bots
-- parameters: bucket
-- columns:
--   time time: when the bucket begins
--   requests count: all requests
--   page_views count: pages that people asked for
--   bots count: requests of bots and tools, and of what sent no user agent
--   succeeded count: answers of 200 to 299
--   redirected count: answers of 300 to 399
--   client_errors count: answers of 400 to 499
--   server_errors count: answers of 500 and more
--   hit_percent percent: answers from the cache, of those that the cache could have had
--   bytes_sent bytes: what went to viewers
SELECT
    _timestamp - _timestamp % $bucket AS time,
    count(*) AS requests,
    count(*) FILTER (WHERE page_view) AS page_views,
    count(*) FILTER (WHERE agent <> 'person') AS bots,
    count(*) FILTER (WHERE status BETWEEN 200 AND 299) AS succeeded,
    count(*) FILTER (WHERE status BETWEEN 300 AND 399) AS redirected,
    count(*) FILTER (WHERE status BETWEEN 400 AND 499) AS client_errors,
    count(*) FILTER (WHERE status >= 500) AS server_errors,
    round(1e2 * count(*) FILTER (WHERE hit) / nullif(count(*) FILTER (WHERE hit OR miss), 0), 2) AS hit_percent,
    CAST(sum(bytes_sent) AS BIGINT) AS bytes_sent
FROM chosen
GROUP BY 1
ORDER BY 1
