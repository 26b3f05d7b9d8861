-- name: visitors
-- title: Visitors by day
-- description: Different people of each day (UTC). Who comes on two days is counted on both: do not add days up.
-- page_views: all
-- columns:
--   day time: when the day begins
--   visitors count: different people
--   page_views count: pages that they asked for
SELECT day, count(DISTINCT visitor) AS visitors, count(*) AS page_views
FROM chosen
WHERE page_view
GROUP BY day
ORDER BY day
