-- name: shipper_over_time
-- title: The shipper over time
-- description: What was delivered and given up between two records of an environment, at the later of the two.
-- parameters: bucket
-- columns:
--   time time: when the bucket begins
--   sent count: records that were delivered
--   retried count: records that were sent again
--   dropped count: records that were given up
--   worst_lag_ms ms: how old the oldest record of a batch was
SELECT
    _timestamp - _timestamp % $bucket AS time,
    CAST(sum(sent_since) AS BIGINT) AS sent,
    CAST(sum(retried_since) AS BIGINT) AS retried,
    CAST(sum(dropped_since) AS BIGINT) AS dropped,
    max(batch_age_ms) AS worst_lag_ms
FROM (
    SELECT
        _timestamp,
        batch_age_ms,
        coalesce(sent, 0) - lag(coalesce(sent, 0), 1, 0) OVER life AS sent_since,
        coalesce(retried, 0) - lag(coalesce(retried, 0), 1, 0) OVER life AS retried_since,
        coalesce(dropped, 0) - lag(coalesce(dropped, 0), 1, 0) OVER life AS dropped_since
    FROM runs
    WHERE environment_id IS NOT NULL
    WINDOW life AS (PARTITION BY environment_id ORDER BY invocation, _timestamp)
) AS steps
GROUP BY 1
ORDER BY 1
