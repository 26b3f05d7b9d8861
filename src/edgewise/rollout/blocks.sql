-- Every ten seconds, for each version: what was asked, what its origin answered, what failed. The test needs things that
-- happen by themselves, and whoever gets an error tries again: a visitor fails once, at his first error, and from then on
-- he is not looked at. `visitors` are those who were answered and had not failed before; `leaving`, who came no more.
SELECT
    block,
    is_new,
    count(DISTINCT asked_by) AS asked,
    count(DISTINCT answered_for) AS answered,
    sum(good) AS good,
    count(DISTINCT failed_for) AS failed,
    count(DISTINCT tried_by) AS visitors,
    count(DISTINCT left_by) AS leaving
FROM (
    SELECT
        asked - asked % 10000000 AS block,
        is_new,
        who AS asked_by,
        CAST(NULL AS VARCHAR) AS answered_for,
        0 AS good,
        CAST(NULL AS VARCHAR) AS failed_for,
        CAST(NULL AS VARCHAR) AS tried_by,
        CASE WHEN asked = max(asked) OVER (PARTITION BY is_new, who) THEN who END AS left_by
    FROM judged
    UNION ALL
    SELECT
        answered - answered % 10000000 AS block,
        is_new,
        CAST(NULL AS VARCHAR) AS asked_by,
        who AS answered_for,
        CASE WHEN status < 400 AND (broke IS NULL OR answered < broke) THEN 1 ELSE 0 END AS good,
        CASE WHEN status >= 500 AND answered = broke THEN who END AS failed_for,
        CASE
            WHEN (status < 400 OR status >= 500) AND (broke IS NULL OR answered <= broke) THEN who
        END AS tried_by,
        CAST(NULL AS VARCHAR) AS left_by
    FROM (
        SELECT
            *,
            min(CASE WHEN status >= 500 THEN answered END) OVER (PARTITION BY is_new, who) AS broke
        FROM judged
        WHERE answered IS NOT NULL
    ) AS answers
) AS moments
GROUP BY block, is_new
ORDER BY block, is_new
