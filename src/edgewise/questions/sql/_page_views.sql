-- Finished page views (`pageview/1`) with the columns of `_requests.sql`, one row for each event however often it came.
-- What such a file does not say is null: a query, an address, what the cache did.
SELECT *, agent = 'person' AS page_view
FROM (
    SELECT
        event_id AS request_id,
        _timestamp,
        _timestamp - _timestamp % 86400000000 AS day,
        'GET' AS method,
        host,
        page AS path,
        page,
        CAST(NULL AS VARCHAR) AS query,
        CAST(status AS BIGINT) AS status,
        CAST(status - status % 100 AS BIGINT) AS status_class,
        CAST(NULL AS VARCHAR) AS result,
        false AS hit,
        false AS miss,
        CAST(NULL AS DOUBLE) AS duration_ms,
        CAST(NULL AS BIGINT) AS bytes_sent,
        'text/html' AS content_type,
        country,
        device,
        CAST(NULL AS VARCHAR) AS browser,
        CAST(NULL AS VARCHAR) AS os,
        CAST(NULL AS VARCHAR) AS user_agent,
        CAST(NULL AS VARCHAR) AS bot_reason,
        CAST(NULL AS VARCHAR) AS edge_location,
        CAST(NULL AS VARCHAR) AS region,
        CAST(NULL AS VARCHAR) AS failure,
        'page view' AS recorded_by,
        CAST(NULL AS VARCHAR) AS client_ip,
        CAST(NULL AS BOOLEAN) AS cold,
        CAST(NULL AS DOUBLE) AS functions_ms,
        CAST(NULL AS VARCHAR) AS version,
        CASE WHEN device = 'bot' THEN 'bot' ELSE 'person' END AS agent,
        true AS is_page,
        visitor,
        referrer_host AS from_host,
        referrer_host AS referrer,
        campaign_source,
        campaign_medium,
        campaign_name,
        language,
        row_number() OVER (PARTITION BY event_id ORDER BY _timestamp) AS place
    FROM page_views
) AS views
WHERE place = 1
