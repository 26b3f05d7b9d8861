-- One row per viewer request: what the functions recorded (edge) joined to what the CDN recorded (access).
-- Repeated records change nothing: each is counted once by its id, and both sides are grouped by request.
-- What stands in braces is filled in by `views.py`, where it says when `settled.sql` tells the same.
WITH edge_once AS (
    SELECT *
    FROM ({edge})
    WHERE request_id IS NOT NULL
    QUALIFY record_id IS NULL OR row_number() OVER (PARTITION BY record_id) = 1
),
functions AS (
    SELECT
        request_id,
        min(_timestamp) AS _timestamp,
        arg_min(host, _timestamp) AS host,
        arg_min(method, _timestamp) AS method,
        arg_min(path, _timestamp) AS path,
        arg_min(query, _timestamp) AS query,
        -- Of the last function that knew one: the origin's, or that of the answer a viewer request got at once.
        arg_max(status, _timestamp) AS status,
        arg_min(client_ip, _timestamp) AS client_ip,
        arg_min(user_agent, _timestamp) AS user_agent,
        arg_min(referrer, _timestamp) AS referrer,
        arg_min(language, _timestamp) AS language,
        arg_min(country, _timestamp) AS country,
        arg_min(device, _timestamp) AS device,
        arg_min(agent, _timestamp) AS agent,
        arg_min(bot_reason, _timestamp) AS bot_reason,
        arg_min(browser, _timestamp) AS browser,
        arg_min(os, _timestamp) AS os,
        arg_min(visitor, _timestamp) AS visitor,
        -- Which release it is may be decided after the first function ran.
        arg_max(version, _timestamp) AS version,
        arg_min(release, _timestamp) AS release,
        arg_min(decision, _timestamp) AS decision,
        arg_max(origin_ms, _timestamp) AS origin_ms,
        arg_max(content_type, _timestamp) AS content_type,
        arg_min(region, _timestamp) AS region,
        arg_min(function_version, _timestamp) AS function_version,
        arg_min(distribution_id, _timestamp) AS distribution_id,
        bool_or(cold) AS cold,
        sum(duration_ms) AS functions_ms,
        max(failed_steps) AS failed_steps,
        arg_max(failure, _timestamp) AS failure
    FROM edge_once
    GROUP BY request_id
),
cdn AS (
    SELECT
        request_id,
        min(_timestamp) AS _timestamp,
        any_value(host) AS host,
        any_value(method) AS method,
        any_value(path) AS path,
        any_value(query) AS query,
        any_value(protocol) AS protocol,
        any_value(status) AS status,
        any_value(bytes_sent) AS bytes_sent,
        any_value(bytes_received) AS bytes_received,
        any_value(duration_ms) AS duration_ms,
        any_value(first_byte_ms) AS first_byte_ms,
        any_value(client_ip) AS client_ip,
        any_value(user_agent) AS user_agent,
        any_value(visitor) AS visitor,
        any_value(referrer) AS referrer,
        any_value(country) AS country,
        any_value(device) AS device,
        any_value(agent) AS agent,
        any_value(bot_reason) AS bot_reason,
        any_value(browser) AS browser,
        any_value(os) AS os,
        any_value(content_type) AS content_type,
        any_value(result) AS result,
        any_value(edge_location) AS edge_location,
        any_value(behavior) AS behavior,
        any_value(origin) AS origin,
        any_value(distribution_id) AS distribution_id,
        any_value(functions_ms) AS functions_ms,
        any_value(cold_starts) AS cold_starts
    FROM ({access})
    WHERE request_id IS NOT NULL
    GROUP BY request_id
)
SELECT *, {facts}
FROM (
    SELECT
        request_id,
        least(cdn._timestamp, functions._timestamp) AS _timestamp,
        coalesce(cdn.host, functions.host) AS host,
        coalesce(cdn.method, functions.method) AS method,
        coalesce(cdn.path, functions.path) AS path,
        coalesce(cdn.query, functions.query) AS query,
        coalesce(cdn.status, functions.status) AS status,
        cdn.duration_ms,
        cdn.first_byte_ms,
        cdn.result,
        cdn.bytes_sent,
        cdn.bytes_received,
        coalesce(cdn.client_ip, functions.client_ip) AS client_ip,
        coalesce(cdn.user_agent, functions.user_agent) AS user_agent,
        coalesce(cdn.referrer, functions.referrer) AS referrer,
        functions.language,
        coalesce(functions.country, cdn.country) AS country,
        coalesce(functions.device, cdn.device) AS device,
        -- The four belong together: they are of one user agent.
        coalesce(cdn.agent, functions.agent) AS agent,
        CASE WHEN cdn.agent IS NULL THEN functions.bot_reason ELSE cdn.bot_reason END AS bot_reason,
        CASE WHEN cdn.agent IS NULL THEN functions.browser ELSE cdn.browser END AS browser,
        CASE WHEN cdn.agent IS NULL THEN functions.os ELSE cdn.os END AS os,
        coalesce(functions.visitor, cdn.visitor) AS visitor,
        functions.version,
        functions.release,
        functions.decision,
        functions.origin_ms,
        coalesce(cdn.content_type, functions.content_type) AS content_type,
        functions.region,
        functions.function_version,
        coalesce(cdn.distribution_id, functions.distribution_id) AS distribution_id,
        coalesce(functions.cold OR cdn.cold_starts > 0, functions.cold, cdn.cold_starts > 0) AS cold,
        coalesce(cdn.functions_ms, functions.functions_ms) AS functions_ms,
        functions.failed_steps,
        functions.failure,
        cdn.protocol,
        cdn.edge_location,
        cdn.behavior,
        cdn.origin,
        CASE
            WHEN functions.request_id IS NULL THEN 'access'
            WHEN cdn.request_id IS NULL THEN 'edge'
            ELSE 'edge+access'
        END AS recorded_by
    FROM functions FULL JOIN cdn USING (request_id)
) AS joined
