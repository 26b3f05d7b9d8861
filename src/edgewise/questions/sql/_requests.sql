-- The view `requests`, and what follows from its columns.
-- What a page is, is written in `edgewise.agents.pages`. A page view is a page that a person asked for.
-- A visitor is a person's key for one day: the edge's own (which is of one day already), else one of day, host, address
-- and agent. A referrer is the host of the page before, without `www.`; the host that was asked for is none.
-- What the braces stand for is written in `engines`, for each engine what it is quick with.
SELECT
    *,
    coalesce(is_page AND agent = 'person', false) AS page_view,
    nullif(from_host, own_host) AS referrer
FROM (
    SELECT
        request_id,
        _timestamp,
        _timestamp - _timestamp % 86400000000 AS day,
        method,
        host,
        path,
        {page} AS page,
        query,
        status,
        status - status % 100 AS status_class,
        result,
        coalesce(result IN ('Hit', 'RefreshHit', 'OriginShieldHit'), false) AS hit,
        coalesce(result = 'Miss', false) AS miss,
        duration_ms,
        bytes_sent,
        content_type,
        country,
        device,
        browser,
        os,
        user_agent,
        bot_reason,
        edge_location,
        region,
        failure,
        recorded_by,
        client_ip,
        cold,
        functions_ms,
        coalesce(version, function_version) AS version,
        coalesce(
            agent,
            -- Only of records that nobody classified: other stores than ours, and Athena's files.
            CASE
                WHEN user_agent IS NULL OR user_agent IN ('', '-') THEN 'unknown'
                WHEN lower(user_agent) ~ '^.*(bot\b|crawl|spider|slurp|headless|monitor|preview).*$' THEN 'bot'
                WHEN user_agent LIKE 'Mozilla/%' OR user_agent LIKE 'Opera/%' THEN 'person'
                ELSE 'tool'
            END
        ) AS agent,
        {is_page} AS is_page,
        {visitor} AS visitor,
        {utm_source} AS campaign_source,
        {utm_medium} AS campaign_medium,
        {utm_campaign} AS campaign_name,
        {language} AS language,
        {own_host} AS own_host,
        {referrer} AS from_host
    FROM requests
) AS facts
