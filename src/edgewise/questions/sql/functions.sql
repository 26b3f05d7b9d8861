-- name: functions
-- title: Functions
-- description: Runs of functions at the edge that made a record, by trigger and version.
-- columns:
--   trigger text: when it ran: viewer-request, origin-request, origin-response, viewer-response
--   function_version text: the version of the function
--   runs count: runs that made a record
--   cold_starts count: runs that were the first of an environment
--   cold_percent percent: cold starts of all runs
--   failures count: runs that failed
--   failed_steps count: steps that failed in its environments
--   regions count: regions that it ran in
--   p50_ms ms: half of the runs took less
--   p95_ms ms: 95 of 100 took less
--   p99_ms ms: 99 of 100 took less
WITH environments AS (
    SELECT trigger, function_version, environment_id, max(failed_steps) AS failed_steps
    FROM runs
    GROUP BY trigger, function_version, environment_id
),
steps AS (
    SELECT trigger, function_version, CAST(sum(failed_steps) AS BIGINT) AS failed_steps
    FROM environments
    GROUP BY trigger, function_version
),
calls AS (
    SELECT
        trigger,
        function_version,
        count(*) AS runs,
        count(*) FILTER (WHERE cold) AS cold_starts,
        round(1e2 * count(*) FILTER (WHERE cold) / count(*), 2) AS cold_percent,
        count(*) FILTER (WHERE failure IS NOT NULL) AS failures,
        count(DISTINCT region) AS regions,
        round(percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms), 2) AS p50_ms,
        round(percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms), 2) AS p95_ms,
        round(percentile_cont(0.99) WITHIN GROUP (ORDER BY duration_ms), 2) AS p99_ms
    FROM runs
    GROUP BY trigger, function_version
)
SELECT
    calls.trigger, calls.function_version, runs, cold_starts, cold_percent, failures, failed_steps, regions, p50_ms,
    p95_ms, p99_ms
FROM calls
LEFT JOIN steps
    ON coalesce(calls.trigger, '') = coalesce(steps.trigger, '')
    AND coalesce(calls.function_version, '') = coalesce(steps.function_version, '')
ORDER BY runs DESC, calls.trigger, calls.function_version
