-- name: traffic_drop
-- title: Traffic drop
-- description: In the last 10 minutes there was less than 30 % of what 10 minutes of the 50 before had, which had 100
--   records or more.
-- period: 60
SELECT earlier, recent
FROM (
    SELECT
        count(*) FILTER (WHERE _timestamp < moment - 600000000) AS earlier,
        count(*) FILTER (WHERE _timestamp >= moment - 600000000) AS recent
    FROM edge CROSS JOIN (SELECT CAST(extract(epoch FROM now()) * 1e6 AS BIGINT) AS moment) AS clock
) AS counts
WHERE earlier >= 100 AND recent * 50 < earlier * 3
