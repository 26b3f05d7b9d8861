-- name: languages
-- title: Languages
-- description: The first language that browsers ask for. Standard logs do not know it.
-- page_views: language, page_views, visitors
-- parameters: top
-- columns:
--   language text: the language's code (ISO 639), without a region
--   page_views count: pages that people asked for
--   visitors count: different people, each counted once a day
--   requests count: all requests, of bots too
SELECT
    language,
    count(*) FILTER (WHERE page_view) AS page_views,
    count(DISTINCT CASE WHEN page_view THEN visitor END) AS visitors,
    count(*) AS requests
FROM chosen
GROUP BY language
ORDER BY page_views DESC, requests DESC, language
LIMIT $top
