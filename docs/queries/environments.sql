/* How long execution environments live and what their memory is worth: one row per region and version of a function.
   Viewer and origin triggers are different functions, and so are different rows.

     edgewise query --file docs/queries/environments.sql --since 24h

   Ages and counters are the environment's own: a record that was lost, or left out of the sample, takes none of them
   along. But an environment is seen only when it makes a record, so that it may have lived longer than it was seen,
   and a pause is the time between two records. `alive` were seen in the last hour; their lives are not over.
   `hit_percent` is what the memory answered without a wait, an old value whose source is dead included. */
WITH environments AS (
    SELECT
        region,
        CASE WHEN trigger LIKE 'viewer-%' THEN 'viewer' ELSE 'origin' END AS side,
        function_version,
        environment_id,
        max(environment_age_ms) / 60000.0 AS age_min,
        max(invocation) AS invocations,
        max(coalesce(memory_hits, 0)) AS hits,
        max(coalesce(memory_misses, 0)) AS misses,
        max(_timestamp) AS last_seen
    FROM edge
    WHERE environment_id IS NOT NULL
    GROUP BY ALL
),
pauses AS (
    SELECT
        environment_id,
        (_timestamp - lag(_timestamp) OVER (PARTITION BY environment_id ORDER BY _timestamp)) / 60e6 AS pause_min
    FROM edge
),
longest AS (
    SELECT environment_id, max(pause_min) AS pause_min
    FROM pauses
    GROUP BY environment_id
)
SELECT
    region,
    side,
    function_version,
    count(*) AS environments,
    count(*) FILTER (last_seen > (SELECT max(last_seen) FROM environments) - 3600000000) AS alive,
    round(median(age_min), 1) AS median_age_min,
    round(quantile_cont(age_min, 0.9), 1) AS p90_age_min,
    round(max(age_min), 1) AS oldest_min,
    round(max(pause_min), 1) AS longest_pause_min,
    sum(environments.invocations)::BIGINT AS invocations,
    round(100.0 * count(*) / sum(environments.invocations), 2) AS cold_percent,
    round(100.0 * sum(hits) / nullif(sum(hits) + sum(misses), 0), 2) AS hit_percent
FROM environments
LEFT JOIN longest USING (environment_id)
GROUP BY ALL
ORDER BY invocations DESC
