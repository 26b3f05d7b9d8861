-- name: hosts
-- title: Hosts
-- description: The hosts that were asked for: the names of the site.
-- page_views: host, page_views, visitors
-- parameters: top
-- columns:
--   host text: the host
--   page_views count: pages that people asked for
--   visitors count: different people, each counted once a day
--   requests count: all requests, of bots too
SELECT
    host,
    count(*) FILTER (WHERE page_view) AS page_views,
    count(DISTINCT CASE WHEN page_view THEN visitor END) AS visitors,
    count(*) AS requests
FROM chosen
GROUP BY host
ORDER BY page_views DESC, requests DESC, host
LIMIT $top
