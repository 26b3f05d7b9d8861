-- name: errors_by_path
-- title: Errors by path
-- description: What was answered with 400 or more, or where a function failed; the most frequent first.
-- parameters: top
-- columns:
--   path text: what was asked for
--   status count: the answer
--   requests count: how often
--   bots count: of these by bots and tools, and by what sent no user agent
--   failure text: one of the things that functions said of it
--   last_seen time: the last time
SELECT
    path,
    status,
    count(*) AS requests,
    count(*) FILTER (WHERE agent <> 'person') AS bots,
    max(failure) AS failure,
    max(_timestamp) AS last_seen
FROM chosen
WHERE status >= 400 OR failure IS NOT NULL
GROUP BY path, status
ORDER BY requests DESC, path, status
LIMIT $top
