-- name: exit_pages
-- title: Where visits end
-- description: The last page of each visit. Half an hour without a page view ends a visit, and so does midnight (UTC).
-- page_views: all
-- parameters: top
-- columns:
--   page text: the page: its path without `index.html`, a slash at its end and `;parameters`
--   visits count: visits that ended there
--   percent percent: of all visits
SELECT
    page,
    count(*) AS visits,
    round(1e2 * count(*) / sum(count(*)) OVER (), 2) AS percent
FROM (
    SELECT page, lead(_timestamp) OVER visit - _timestamp AS silence
    FROM chosen
    WHERE page_view AND visitor IS NOT NULL
    WINDOW visit AS (PARTITION BY visitor ORDER BY _timestamp, page)
) AS views
WHERE silence IS NULL OR silence > 1800000000
GROUP BY page
ORDER BY visits DESC, page
LIMIT $top
