-- name: campaigns
-- title: Campaigns
-- description: Page views whose address carried utm tags. Plus signs and %20 are blanks; other escapes are shown as they
--   came.
-- parameters: top
-- columns:
--   source text: utm_source
--   medium text: utm_medium
--   campaign text: utm_campaign
--   page_views count: page views that came with these tags
--   visitors count: different people, each counted once a day
SELECT
    source,
    medium,
    campaign,
    count(*) AS page_views,
    count(DISTINCT visitor) AS visitors
FROM (
    SELECT
        visitor,
        nullif(split_part(split_part(tags, '&utm_source=', 2), '&', 1), '') AS source,
        nullif(split_part(split_part(tags, '&utm_medium=', 2), '&', 1), '') AS medium,
        nullif(split_part(split_part(tags, '&utm_campaign=', 2), '&', 1), '') AS campaign
    FROM (
        SELECT visitor, '&' || replace(replace(query, '+', ' '), '%20', ' ') AS tags
        FROM chosen
        WHERE page_view AND query LIKE '%utm_%'
    ) AS tagged
) AS parts
WHERE source IS NOT NULL OR medium IS NOT NULL OR campaign IS NOT NULL
GROUP BY source, medium, campaign
ORDER BY page_views DESC, source, medium, campaign
LIMIT $top
