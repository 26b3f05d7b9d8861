-- name: top_pages
-- title: Top pages
-- description: Pages by views of people.
-- parameters: top
-- columns:
--   path text: the page
--   page_views count: how often people asked for it
--   visitors count: different people, each counted once a day
--   percent percent: of all page views
SELECT
    path,
    count(*) AS page_views,
    count(DISTINCT visitor) AS visitors,
    round(1e2 * count(*) / sum(count(*)) OVER (), 2) AS percent
FROM chosen
WHERE page_view
GROUP BY path
ORDER BY page_views DESC, path
LIMIT $top
