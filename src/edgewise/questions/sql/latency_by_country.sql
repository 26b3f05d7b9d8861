-- name: latency_by_country
-- title: Latency by country
-- description: How long requests took, by country; the countries with most requests first.
-- parameters: top
-- columns:
--   country text: the country
--   requests count: requests whose time is known
--   p50_ms ms: half of them took less
--   p95_ms ms: 95 of 100 took less
--   p99_ms ms: 99 of 100 took less
SELECT
    country,
    count(*) AS requests,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms), 1) AS p50_ms,
    round(percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms), 1) AS p95_ms,
    round(percentile_cont(0.99) WITHIN GROUP (ORDER BY duration_ms), 1) AS p99_ms
FROM chosen
WHERE duration_ms IS NOT NULL
GROUP BY country
ORDER BY requests DESC, country
LIMIT $top
