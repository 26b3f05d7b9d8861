-- name: shipper
-- title: Shipper unhealthy
-- description: In the last 15 minutes an environment gave up records, or brought some that were older than a minute.
-- period: 15
SELECT
    region,
    environment_id,
    max(dropped) - min(dropped) AS dropped,
    max(batch_age_ms) AS worst_lag_ms
FROM edge
WHERE environment_id IS NOT NULL
GROUP BY region, environment_id
HAVING max(dropped) > min(dropped) OR max(batch_age_ms) > 60000
