-- name: entry_pages
-- title: Where visits begin
-- description: The first page of each visit. Half an hour without a page view ends a visit, and so does midnight (UTC).
-- parameters: top
-- columns:
--   path text: the page
--   visits count: visits that began there
--   percent percent: of all visits
SELECT
    path,
    count(*) AS visits,
    round(1e2 * count(*) / sum(count(*)) OVER (), 2) AS percent
FROM (
    SELECT path, _timestamp - lag(_timestamp) OVER visit AS silence
    FROM chosen
    WHERE page_view AND visitor IS NOT NULL
    WINDOW visit AS (PARTITION BY visitor ORDER BY _timestamp, path)
) AS views
WHERE silence IS NULL OR silence > 1800000000
GROUP BY path
ORDER BY visits DESC, path
LIMIT $top
