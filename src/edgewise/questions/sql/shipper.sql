-- name: shipper
-- title: The shipper's health
-- description: What environments say of the delivery of their own records. Counters run from the start of an environment;
--   one that began before the period brings what it had counted by then.
-- columns:
--   region text: where it ran
--   side text: viewer or origin
--   environments count: environments that were seen
--   arrived count: records of theirs that are here, in this period
--   sent count: records that they know to be delivered; the last one cannot tell of itself
--   retried count: records that were sent again
--   dropped count: records that were given up
--   dropped_percent percent: of those sent and dropped
--   p95_waited_ms ms: what delivery took of visitors' time, 95 of 100 less
--   p95_lag_ms ms: how old the oldest record of a batch was, 95 of 100 less
--   worst_lag_ms ms: the oldest of all
WITH counters AS (
    SELECT
        region,
        side,
        environment_id,
        count(*) AS arrived,
        max(sent) AS sent,
        max(retried) AS retried,
        max(dropped) AS dropped
    FROM runs
    WHERE environment_id IS NOT NULL
    GROUP BY region, side, environment_id
),
sums AS (
    SELECT
        region,
        side,
        count(*) AS environments,
        CAST(sum(arrived) AS BIGINT) AS arrived,
        CAST(sum(sent) AS BIGINT) AS sent,
        CAST(sum(coalesce(retried, 0)) AS BIGINT) AS retried,
        CAST(sum(dropped) AS BIGINT) AS dropped
    FROM counters
    GROUP BY region, side
),
lags AS (
    SELECT
        region,
        side,
        round(percentile_cont(0.95) WITHIN GROUP (ORDER BY waited_ms), 1) AS p95_waited_ms,
        round(percentile_cont(0.95) WITHIN GROUP (ORDER BY batch_age_ms), 1) AS p95_lag_ms,
        max(batch_age_ms) AS worst_lag_ms
    FROM runs
    WHERE environment_id IS NOT NULL
    GROUP BY region, side
)
SELECT
    sums.region,
    sums.side,
    environments,
    arrived,
    sent,
    retried,
    dropped,
    round(1e2 * dropped / nullif(sent + dropped, 0), 2) AS dropped_percent,
    p95_waited_ms,
    p95_lag_ms,
    worst_lag_ms
FROM sums
LEFT JOIN lags ON coalesce(sums.region, '') = coalesce(lags.region, '') AND sums.side = lags.side
ORDER BY dropped DESC, arrived DESC, sums.region, sums.side
