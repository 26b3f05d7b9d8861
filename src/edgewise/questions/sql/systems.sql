-- name: systems
-- title: Operating systems
-- description: Operating systems, by page views.
-- parameters: top
-- columns:
--   os text: the system's family
--   page_views count: pages that people asked for
--   visitors count: different people, each counted once a day
--   requests count: all requests, of bots too
SELECT
    os,
    count(*) FILTER (WHERE page_view) AS page_views,
    count(DISTINCT CASE WHEN page_view THEN visitor END) AS visitors,
    count(*) AS requests
FROM chosen
GROUP BY os
ORDER BY page_views DESC, requests DESC, os
LIMIT $top
