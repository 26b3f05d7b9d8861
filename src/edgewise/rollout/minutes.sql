-- Every minute: how many visitors of each version got one of the slowest answers, the slowest 5 % of all when each visitor's
-- slowest counts and the new version's times are divided by the factor that it may be slower. Whoever did is not looked at
-- from the next minute on: he may be one who asks for the same slow page again and again.
SELECT
    minute,
    sum(1 - is_new) AS timed_old,
    sum(is_new) AS timed_new,
    sum(slow * (1 - is_new)) AS slow_old,
    sum(slow * is_new) AS slow_new
FROM (
    SELECT
        *,
        min(CASE WHEN slow = 1 THEN minute END) OVER (PARTITION BY is_new, who) AS first_slow
    FROM (
        SELECT
            *,
            CASE
                WHEN
                    20 * row_number() OVER (PARTITION BY minute ORDER BY scaled_ms DESC, who)
                    <= count(*) OVER (PARTITION BY minute)
                    THEN 1
                ELSE 0
            END AS slow
        FROM (
            SELECT
                answered - answered % 60000000 AS minute,
                is_new,
                who,
                max(CASE WHEN is_new = 1 THEN origin_ms / {factor} ELSE origin_ms END) AS scaled_ms
            FROM judged
            WHERE status < 400 AND origin_ms IS NOT NULL
            GROUP BY 1, 2, 3
        ) AS visitors
    ) AS ranked
) AS marked
WHERE first_slow IS NULL OR minute <= first_slow
GROUP BY minute
ORDER BY minute
