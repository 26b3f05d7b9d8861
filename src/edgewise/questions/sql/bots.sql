-- name: bots
-- title: Bots, with the reason
-- description: Requests that no person made, by the reason for thinking so. They are in no count of page views, visitors
--   or visits.
-- parameters: top
-- columns:
--   agent text: bot, tool or unknown
--   bot_reason text: why
--   requests count: all requests
--   pages count: pages among them
--   user_agents count: different user agents
--   client_errors count: answers of 400 to 499
--   bytes_sent bytes: what went to them
--   percent percent: of all requests
SELECT agent, bot_reason, requests, pages, user_agents, client_errors, bytes_sent, percent
FROM (
    SELECT
        agent,
        bot_reason,
        count(*) AS requests,
        count(*) FILTER (WHERE is_page) AS pages,
        count(DISTINCT user_agent) AS user_agents,
        count(*) FILTER (WHERE status BETWEEN 400 AND 499) AS client_errors,
        CAST(sum(bytes_sent) AS BIGINT) AS bytes_sent,
        round(1e2 * count(*) / sum(count(*)) OVER (), 2) AS percent
    FROM chosen
    GROUP BY agent, bot_reason
) AS kinds
WHERE agent <> 'person'
ORDER BY requests DESC, agent, bot_reason
LIMIT $top
