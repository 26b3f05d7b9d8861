-- name: referrers
-- title: Where people come from
-- description: The hosts whose links people followed to a page. The site's own hosts are no source; a page view without
--   a referrer has none.
-- parameters: top
-- columns:
--   referrer text: the host, without `www.`
--   page_views count: page views that it brought
--   visitors count: different people, each counted once a day
--   percent percent: of all page views with a source
SELECT
    referrer,
    count(*) AS page_views,
    count(DISTINCT visitor) AS visitors,
    round(1e2 * count(*) / sum(count(*)) OVER (), 2) AS percent
FROM chosen
WHERE
    page_view
    AND referrer IS NOT NULL
    AND referrer NOT IN (
        SELECT CASE WHEN starts_with(lower(host), 'www.') THEN substr(lower(host), 5) ELSE lower(host) END
        FROM (
            SELECT DISTINCT host
            FROM requests
            WHERE host IS NOT NULL
        ) AS hosts
    )
GROUP BY referrer
ORDER BY page_views DESC, referrer
LIMIT $top
