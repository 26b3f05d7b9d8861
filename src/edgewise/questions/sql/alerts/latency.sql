-- name: latency
-- title: Slow functions
-- description: In the last 5 minutes 5 of 100 runs of a trigger took longer than half a second, of 20 runs or more.
-- period: 5
SELECT
    trigger,
    count(*) AS runs,
    round(percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms), 1) AS p95_ms
FROM edge
GROUP BY trigger
HAVING count(*) >= 20 AND percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) > 500
