-- name: status_classes
-- title: Answers by class of status
-- description: 200 stands for 200 to 299, and so on. A request that no part of the edge saw the answer of has none.
-- columns:
--   status_class count: the first of the hundred
--   requests count: requests with such an answer
--   percent percent: of all requests
SELECT
    status_class,
    count(*) AS requests,
    round(1e2 * count(*) / sum(count(*)) OVER (), 2) AS percent
FROM chosen
GROUP BY status_class
ORDER BY status_class
