-- name: campaigns
-- title: Campaigns
-- description: Page views whose address carried utm tags.
-- page_views: all
-- parameters: top
-- columns:
--   source text: utm_source
--   medium text: utm_medium
--   campaign text: utm_campaign
--   page_views count: page views that came with these tags
--   visitors count: different people, each counted once a day
SELECT
    campaign_source AS source,
    campaign_medium AS medium,
    campaign_name AS campaign,
    count(*) AS page_views,
    count(DISTINCT visitor) AS visitors
FROM chosen
WHERE
    page_view
    AND (campaign_source IS NOT NULL OR campaign_medium IS NOT NULL OR campaign_name IS NOT NULL)
GROUP BY campaign_source, campaign_medium, campaign_name
ORDER BY page_views DESC, source, medium, campaign
LIMIT $top
