-- name: error_rate
-- title: Error rate
-- description: In the last 5 minutes at least 5 % of 20 answers or more were 500 and above.
-- period: 5
SELECT
    count(*) AS answers,
    count(*) FILTER (WHERE status >= 500) AS errors,
    round(1e2 * count(*) FILTER (WHERE status >= 500) / count(*), 2) AS error_percent
FROM edge
WHERE status IS NOT NULL
HAVING count(*) >= 20 AND count(*) FILTER (WHERE status >= 500) * 20 >= count(*)
