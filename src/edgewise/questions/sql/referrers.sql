-- name: referrers
-- title: Where people come from
-- description: The hosts whose links people followed to a page. The site's own hosts are no source; a page view without
--   a referrer has none.
-- page_views: all
-- parameters: top
-- columns:
--   referrer text: the host, without `www.`
--   page_views count: page views that it brought
--   visitors count: different people, each counted once a day
--   percent percent: of all page views with a source
SELECT
    from_host AS referrer,
    count(*) AS page_views,
    count(DISTINCT visitor) AS visitors,
    round(1e2 * count(*) / sum(count(*)) OVER (), 2) AS percent
FROM chosen
WHERE
    page_view
    AND from_host IS NOT NULL
    AND from_host NOT IN (
        SELECT own_host
        FROM (
            SELECT {own_host} AS own_host
            FROM (
                SELECT DISTINCT host
                FROM requests
            ) AS hosts
        ) AS own
        WHERE own_host IS NOT NULL
    )
GROUP BY from_host
ORDER BY page_views DESC, referrer
LIMIT $top
