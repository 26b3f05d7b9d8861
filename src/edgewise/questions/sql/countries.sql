-- name: countries
-- title: Countries
-- description: Where requests came from, as CloudFront or the address database says.
-- page_views: country, page_views, visitors
-- parameters: top
-- columns:
--   country text: the country's code (ISO 3166, two letters)
--   page_views count: pages that people asked for
--   visitors count: different people, each counted once a day
--   requests count: all requests, of bots too
SELECT
    country,
    count(*) FILTER (WHERE page_view) AS page_views,
    count(DISTINCT CASE WHEN page_view THEN visitor END) AS visitors,
    count(*) AS requests
FROM chosen
GROUP BY country
ORDER BY page_views DESC, requests DESC, country
LIMIT $top
