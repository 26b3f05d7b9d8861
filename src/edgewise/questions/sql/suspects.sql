-- name: suspects
-- title: People who behave like bots
-- description: Visitors with a browser's user agent who looked for holes, or asked for five pages or more and for no
--   style, script, font or picture. Only logs see this. They stay counted as people: who has everything in its cache
--   asks for pages alone too.
-- parameters: top
-- columns:
--   reason text: what is odd
--   day time: the day of the visitor
--   user_agent text: what was sent
--   country text: where it came from
--   requests count: all requests of this visitor
--   pages count: pages among them
--   assets count: requests for anything else that was there
--   probes count: requests for places where holes are looked for, answered with an error
--   last_seen time: its last request
SELECT
    CASE WHEN probes > 0 THEN 'asked for probe paths' ELSE 'never fetched an asset' END AS reason,
    day,
    user_agent,
    country,
    requests,
    pages,
    assets,
    probes,
    last_seen
FROM (
    SELECT
        visitor,
        day,
        min(user_agent) AS user_agent,
        min(country) AS country,
        count(*) AS requests,
        count(*) FILTER (WHERE page_view) AS pages,
        count(*) FILTER (WHERE NOT is_page AND coalesce(status, 200) < 400) AS assets,
        count(*) FILTER (
            WHERE CASE WHEN status >= 400
                THEN lower(path) ~ '^(/[.](env|git|aws|svn|ssh|ds_store).*|.*/(xmlrpc|wp-login|wp-config|phpinfo)[.]php.*|/(phpmyadmin|cgi-bin|actuator)/.*)$'
            END
        ) AS probes,
        max(_timestamp) AS last_seen
    FROM chosen
    WHERE agent = 'person' AND visitor IS NOT NULL
    GROUP BY visitor, day
) AS behaviour
WHERE probes > 0 OR (pages >= 5 AND assets = 0)
ORDER BY probes DESC, pages DESC, last_seen DESC, user_agent, country
LIMIT $top
