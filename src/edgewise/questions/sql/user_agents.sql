-- name: user_agents
-- title: User agents
-- description: User agents as they were sent, by requests, with the kind that each is taken for.
-- parameters: top
-- columns:
--   user_agent text: what was sent
--   agent text: person, bot, tool or unknown
--   requests count: all requests
--   page_views count: pages that people asked for
SELECT user_agent, agent, count(*) AS requests, count(*) FILTER (WHERE page_view) AS page_views
FROM chosen
GROUP BY user_agent, agent
ORDER BY requests DESC, user_agent, agent
LIMIT $top
