-- name: visits
-- title: Visits
-- description: Half an hour without a page view ends a visit, and so does midnight (UTC), since nobody is known beyond
--   a day. How long the last page of a visit was read is not known and not counted.
-- page_views: all
-- columns:
--   visits count: visits of people
--   page_views count: the pages of these visits
--   pages_per_visit count: pages of a visit, on average
--   bounce_percent percent: visits of one page only
--   average_s s: from the first page to the last, on average
SELECT
    count(*) FILTER (WHERE opens) AS visits,
    count(*) AS page_views,
    round(1e0 * count(*) / nullif(count(*) FILTER (WHERE opens), 0), 2) AS pages_per_visit,
    round(1e2 * count(*) FILTER (WHERE opens AND closes) / nullif(count(*) FILTER (WHERE opens), 0), 2)
        AS bounce_percent,
    round(sum(CASE WHEN NOT opens THEN silence END) / 1e6 / nullif(count(*) FILTER (WHERE opens), 0), 1) AS average_s
FROM (
    SELECT
        silence,
        silence IS NULL OR silence > 1800000000 AS opens,
        ahead IS NULL OR ahead > 1800000000 AS closes
    FROM (
        SELECT
            _timestamp - lag(_timestamp) OVER visit AS silence,
            lead(_timestamp) OVER visit - _timestamp AS ahead
        FROM chosen
        WHERE page_view AND visitor IS NOT NULL
        WINDOW visit AS (PARTITION BY visitor ORDER BY _timestamp)
    ) AS views
) AS ends
