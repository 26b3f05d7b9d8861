-- One row per request from the records of functions alone, for stores that have no view `requests`: OpenObserve and
-- Athena. Of a request's records the first says who asked for what; the status is that of any that knew one.
-- What only the CDN knows (its result, the bytes, how long it took) is null.
SELECT *
FROM (
    SELECT
        request_id,
        _timestamp,
        method,
        host,
        path,
        query,
        max(status) OVER whole AS status,
        CAST(NULL AS VARCHAR) AS result,
        CAST(NULL AS DOUBLE) AS duration_ms,
        CAST(NULL AS BIGINT) AS bytes_sent,
        max(content_type) OVER whole AS content_type,
        max(country) OVER whole AS country,
        max(device) OVER whole AS device,
        browser,
        os,
        agent,
        bot_reason,
        user_agent,
        referrer,
        language,
        CAST(NULL AS VARCHAR) AS edge_location,
        region,
        max(failure) OVER whole AS failure,
        'edge' AS recorded_by,
        client_ip,
        cold,
        duration_ms AS functions_ms,
        max(version) OVER whole AS version,
        function_version,
        max(visitor) OVER whole AS visitor,
        row_number() OVER (PARTITION BY request_id ORDER BY _timestamp) AS place
    FROM edge
    WHERE request_id IS NOT NULL
    WINDOW whole AS (PARTITION BY request_id)
) AS records
WHERE place = 1
