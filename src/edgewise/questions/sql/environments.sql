-- name: environments
-- title: Execution environments
-- description: How long execution environments live and what their memory is worth, by region and version of a function.
--   Viewer and origin triggers are different functions. Ages and counters are the environment's own: a record that was
--   lost, or left out of a sample, takes none of them along. But an environment is seen only when it makes a record, so
--   it may have lived longer, and a pause is the time between two records.
-- columns:
--   region text: where it ran
--   side text: viewer or origin
--   function_version text: the version of the function
--   environments count: environments that were seen
--   alive count: of these in the last hour of the records; their lives are not over
--   median_age_min min: half of them were younger when seen last
--   p90_age_min min: 90 of 100 were younger
--   oldest_min min: the oldest
--   longest_pause_min min: the longest time between two records of one
--   invocations count: what they handled
--   cold_percent percent: invocations that were the first of an environment
--   memory_hit_percent percent: questions to the memory that it could answer
WITH lives AS (
    SELECT
        region,
        side,
        function_version,
        environment_id,
        max(environment_age_ms) / 60000e0 AS age_min,
        max(invocation) AS invocations,
        max(coalesce(memory_hits, 0)) AS hits,
        max(coalesce(memory_misses, 0)) AS misses,
        max(pause_min) AS pause_min,
        max(_timestamp) AS last_seen
    FROM (
        SELECT
            *,
            (_timestamp - lag(_timestamp) OVER (PARTITION BY environment_id ORDER BY _timestamp)) / 60e6 AS pause_min
        FROM runs
        WHERE environment_id IS NOT NULL
    ) AS moments
    GROUP BY region, side, function_version, environment_id
),
newest AS (
    SELECT max(last_seen) AS moment
    FROM lives
)
SELECT
    region,
    side,
    function_version,
    count(*) AS environments,
    count(*) FILTER (WHERE last_seen > moment - 3600000000) AS alive,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY age_min), 1) AS median_age_min,
    round(percentile_cont(0.9) WITHIN GROUP (ORDER BY age_min), 1) AS p90_age_min,
    round(max(age_min), 1) AS oldest_min,
    round(max(pause_min), 1) AS longest_pause_min,
    CAST(sum(invocations) AS BIGINT) AS invocations,
    round(1e2 * count(*) / sum(invocations), 2) AS cold_percent,
    round(1e2 * sum(hits) / nullif(sum(hits) + sum(misses), 0), 2) AS memory_hit_percent
FROM lives CROSS JOIN newest
GROUP BY region, side, function_version
ORDER BY invocations DESC, region, side, function_version
