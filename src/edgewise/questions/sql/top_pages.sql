-- name: top_pages
-- title: Top pages
-- description: Pages by views of people.
-- page_views: all
-- parameters: top
-- columns:
--   page text: the page: its path without `index.html`, a slash at its end and `;parameters`
--   page_views count: how often people asked for it
--   visitors count: different people, each counted once a day
--   percent percent: of all page views
SELECT
    page,
    count(*) AS page_views,
    count(DISTINCT visitor) AS visitors,
    round(1e2 * count(*) / sum(count(*)) OVER (), 2) AS percent
FROM chosen
WHERE page_view
GROUP BY page
ORDER BY page_views DESC, page
LIMIT $top
