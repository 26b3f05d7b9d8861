-- name: bot_agents
-- title: Which bots
-- description: The user agents of bots and tools, by requests.
-- parameters: top
-- columns:
--   user_agent text: what was sent
--   agent text: bot, tool or unknown
--   bot_reason text: why it is taken for one
--   requests count: all requests
--   pages count: pages among them
--   last_seen time: its last request
SELECT
    user_agent,
    agent,
    bot_reason,
    count(*) AS requests,
    count(*) FILTER (WHERE is_page) AS pages,
    max(_timestamp) AS last_seen
FROM chosen
WHERE agent <> 'person'
GROUP BY user_agent, agent, bot_reason
ORDER BY requests DESC, user_agent, agent, bot_reason
LIMIT $top
