-- name: latest
-- title: Latest requests
-- description: Requests as they were, the newest first; `find` looks for a text in path, query, user agent and address.
-- parameters: top, find
-- columns:
--   request_id text: CloudFront's id of the request
--   _timestamp time: when it came
--   method text: the method
--   host text: the host
--   path text: the path
--   query text: the query string
--   status count: the answer
--   result text: what the cache did
--   duration_ms ms: how long it took
--   bytes_sent bytes: what went to the viewer
--   country text: where it came from
--   device text: the kind of device
--   browser text: the browser's family
--   os text: the system's family
--   agent text: person, bot, tool or unknown
--   bot_reason text: why it is taken for no person
--   referrer text: the host whose link was followed
--   version text: the release, else the function's version
--   edge_location text: the edge location
--   failure text: what a function said when it failed
--   recorded_by text: edge, access or both
SELECT
    request_id, _timestamp, method, host, path, query, status, result, duration_ms, bytes_sent, country, device,
    browser, os, agent, bot_reason, referrer, version, edge_location, failure, recorded_by
FROM chosen
WHERE
    $find = ''
    OR strpos(
        lower(
            coalesce(path, '') || ' ' || coalesce(query, '') || ' ' || coalesce(user_agent, '') || ' '
            || coalesce(client_ip, '')
        ),
        lower($find)
    ) > 0
ORDER BY _timestamp DESC, request_id
LIMIT $top
