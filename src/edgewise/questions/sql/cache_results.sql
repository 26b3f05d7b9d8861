-- name: cache_results
-- title: What the cache did
-- description: Results as CloudFront names them. The hit ratio is that of Hit, RefreshHit and OriginShieldHit to these
--   and Miss together; errors and redirects are no question to the cache.
-- parameters: top
-- columns:
--   result text: CloudFront's result
--   requests count: requests with it
--   percent percent: of all requests
--   bytes_sent bytes: what went to viewers
--   p50_ms ms: half of them took less
--   p95_ms ms: 95 of 100 took less
SELECT
    result,
    count(*) AS requests,
    round(1e2 * count(*) / sum(count(*)) OVER (), 2) AS percent,
    CAST(sum(bytes_sent) AS BIGINT) AS bytes_sent,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms), 1) AS p50_ms,
    round(percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms), 1) AS p95_ms
FROM chosen
GROUP BY result
ORDER BY requests DESC, result
LIMIT $top
