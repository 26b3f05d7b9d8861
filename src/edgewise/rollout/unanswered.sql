-- Every ten seconds, for each version: visitors who asked for something, and those who got no answer from its origin, apart
-- for what is due and what the cache may answer. Of a visitor's requests in a block one is drawn, by its id, which says
-- nothing: a record can get lost, and a version whose pages ask for more would lose more of them. Whoever was left without
-- an answer is not looked at from the next block on.
SELECT
    block,
    is_new,
    due,
    count(*) AS visitors,
    sum(missed) AS failed,
    count(*) - sum(missed) AS good
FROM (
    SELECT
        *,
        min(CASE WHEN missed = 1 THEN block END) OVER (PARTITION BY is_new, who, due) AS left_out
    FROM (
        SELECT
            asked - asked % 10000000 AS block,
            is_new,
            who,
            due,
            CASE WHEN answered IS NULL THEN 1 ELSE 0 END AS missed,
            row_number() OVER (
                PARTITION BY is_new, who, due, asked - asked % 10000000 ORDER BY request_id
            ) AS place
        FROM judged
        WHERE due IS NOT NULL AND asked < {waited}
    ) AS requests
    WHERE place = 1
) AS drawn
WHERE left_out IS NULL OR block <= left_out
GROUP BY block, is_new, due
ORDER BY block, is_new, due
