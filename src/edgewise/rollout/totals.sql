-- Each version as a whole: what people read. Records of a sample stand for as many requests as they were taken from.
SELECT
    version,
    sum(stands_for) AS asked,
    count(DISTINCT visitor) AS visitors,
    sum(CASE WHEN answered IS NOT NULL THEN stands_for ELSE 0 END) AS answers,
    sum(CASE WHEN status >= 500 THEN stands_for ELSE 0 END) AS errors,
    sum(CASE WHEN status BETWEEN 400 AND 499 THEN stands_for ELSE 0 END) AS client_errors,
    sum(CASE WHEN due = 1 AND answered IS NULL AND asked < {waited} THEN stands_for ELSE 0 END) AS unanswered,
    count(DISTINCT CASE WHEN status >= 500 THEN visitor END) AS visitors_with_errors,
    approx_percentile_cont(origin_ms, 0.5) AS p50_ms,
    approx_percentile_cont(origin_ms, 0.95) AS p95_ms,
    min(sample_rate) AS sample_rate,
    max(asked) AS last_asked
FROM judged
GROUP BY version
