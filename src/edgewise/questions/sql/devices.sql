-- name: devices
-- title: Devices
-- description: The kinds of device: desktop, mobile, tablet, smart-tv.
-- page_views: device, page_views, visitors
-- parameters: top
-- columns:
--   device text: the kind
--   page_views count: pages that people asked for
--   visitors count: different people, each counted once a day
--   requests count: all requests, of bots too
SELECT
    device,
    count(*) FILTER (WHERE page_view) AS page_views,
    count(DISTINCT CASE WHEN page_view THEN visitor END) AS visitors,
    count(*) AS requests
FROM chosen
GROUP BY device
ORDER BY page_views DESC, requests DESC, device
LIMIT $top
