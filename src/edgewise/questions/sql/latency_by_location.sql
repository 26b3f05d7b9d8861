-- name: latency_by_location
-- title: Latency by edge location
-- description: How long requests took, by edge location; the edge locations with most requests first.
-- parameters: top
-- columns:
--   edge_location text: the edge location
--   requests count: requests whose time is known
--   p50_ms ms: half of them took less
--   p95_ms ms: 95 of 100 took less
--   p99_ms ms: 99 of 100 took less
SELECT
    edge_location,
    count(*) AS requests,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms), 1) AS p50_ms,
    round(percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms), 1) AS p95_ms,
    round(percentile_cont(0.99) WITHIN GROUP (ORDER BY duration_ms), 1) AS p99_ms
FROM chosen
WHERE duration_ms IS NOT NULL
GROUP BY edge_location
ORDER BY requests DESC, edge_location
LIMIT $top
