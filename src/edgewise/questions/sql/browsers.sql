-- name: browsers
-- title: Browsers
-- description: Browsers, by page views.
-- parameters: top
-- columns:
--   browser text: the browser's family
--   page_views count: pages that people asked for
--   visitors count: different people, each counted once a day
--   requests count: all requests, of bots too
SELECT
    browser,
    count(*) FILTER (WHERE page_view) AS page_views,
    count(DISTINCT CASE WHEN page_view THEN visitor END) AS visitors,
    count(*) AS requests
FROM chosen
GROUP BY browser
ORDER BY page_views DESC, requests DESC, browser
LIMIT $top
