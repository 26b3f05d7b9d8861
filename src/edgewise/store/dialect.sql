-- OpenObserve's functions in DuckDB's words, so that a query written for the one runs on the other.
-- Their own ones work on integer microseconds, as `_timestamp` is; DataFusion's on timestamps.
-- `match_all` is not here: it needs the columns of the stream (dialect.py).

-- Bucket starts. Weeks begin on Mondays: 2001-01-01 was one, and it is OpenObserve's origin too.
CREATE MACRO histogram(t) AS
    time_bucket(
        CAST(coalesce(getvariable('histogram_interval'), '1 hour') AS INTERVAL),
        make_timestamp(t),
        TIMESTAMP '2001-01-01'
    ),
(t, width) AS
    time_bucket(CAST(width AS INTERVAL), make_timestamp(t), TIMESTAMP '2001-01-01'),
(t, width, zone) AS
    time_bucket(
        CAST(width AS INTERVAL), make_timestamp(t) AT TIME ZONE 'UTC' AT TIME ZONE zone, TIMESTAMP '2001-01-01'
    );

CREATE MACRO str_match(field, wanted) AS contains(CAST(field AS VARCHAR), wanted);
CREATE MACRO match_field(field, wanted) AS contains(CAST(field AS VARCHAR), wanted);
CREATE MACRO str_match_ignore_case(field, wanted) AS contains(lower(CAST(field AS VARCHAR)), lower(wanted));
CREATE MACRO match_field_ignore_case(field, wanted) AS contains(lower(CAST(field AS VARCHAR)), lower(wanted));
CREATE MACRO re_match(field, pattern) AS regexp_matches(CAST(field AS VARCHAR), pattern);
CREATE MACRO re_not_match(field, pattern) AS NOT regexp_matches(CAST(field AS VARCHAR), pattern);

-- Text to microseconds, by the rules for `_timestamp` (timestamps.py); what is no time is null.
CREATE MACRO whole_number(text) AS CAST(trunc(TRY_CAST(text AS DECIMAL(38, 9))) AS HUGEINT);
CREATE MACRO cast_to_timestamp(moment) AS
    CASE
        WHEN NOT regexp_full_match(CAST(moment AS VARCHAR), '[+-]?\d{1,20}(\.\d+)?')
            THEN epoch_us(TRY_CAST(CAST(moment AS VARCHAR) AS TIMESTAMPTZ))
        WHEN whole_number(moment) = 0 THEN epoch_us(now())
        WHEN whole_number(moment) > 31536000000000000 THEN CAST(whole_number(moment) // 1000 AS BIGINT)
        WHEN whole_number(moment) > 31536000000000 THEN CAST(whole_number(moment) AS BIGINT)
        WHEN whole_number(moment) > 31536000000 THEN CAST(whole_number(moment) * 1000 AS BIGINT)
        ELSE CAST(whole_number(moment) * 1000000 AS BIGINT)
    END;
CREATE MACRO time_range(field, low, high) AS field >= cast_to_timestamp(low) AND field < cast_to_timestamp(high);
CREATE MACRO date_format(field, format) AS strftime(make_timestamp(field), format),
(field, format, zone) AS strftime(make_timestamp(field) AT TIME ZONE 'UTC' AT TIME ZONE zone, format);

-- The approximations of a cluster are exact on one machine.
CREATE MACRO approx_distinct(x) AS count(DISTINCT x);
CREATE MACRO approx_median(x) AS median(x);
CREATE MACRO approx_percentile_cont(x, share) AS quantile_cont(x, share),
(x, share, centroids) AS quantile_cont(x, share);
CREATE MACRO approx_topk(x, k) AS
    list_transform(
        list_slice(
            list_reverse_sort(
                list_transform(
                    map_entries(system.main.histogram(CAST(x AS VARCHAR))),
                    lambda entry: struct_pack(count := entry.value, value := entry.key)
                )
            ),
            1,
            k
        ),
        lambda entry: struct_pack(value := entry.value, count := entry.count)
    );
CREATE MACRO approx_topk_distinct(x, counted, k) AS
    list_transform(
        list_slice(
            list_reverse_sort(
                list_transform(
                    map_entries(
                        list_aggregate(
                            list_transform(
                                list(DISTINCT struct_pack(x := CAST(x AS VARCHAR), counted := counted))
                                    FILTER (WHERE counted IS NOT NULL),
                                lambda pair: pair.x
                            ),
                            'histogram'
                        )
                    ),
                    lambda entry: struct_pack(count := entry.value, value := entry.key)
                )
            ),
            1,
            k
        ),
        lambda entry: struct_pack(value := entry.value, count := entry.count)
    );

CREATE MACRO date_bin(width, t) AS time_bucket(CAST(width AS INTERVAL), t, TIMESTAMP '1970-01-01'),
(width, t, origin) AS time_bucket(CAST(width AS INTERVAL), t, origin);
CREATE MACRO to_timestamp_micros(t) AS make_timestamp(t);
CREATE MACRO to_timestamp_millis(t) AS make_timestamp(t * 1000);
CREATE MACRO to_timestamp_seconds(t) AS make_timestamp(t * 1000000);
CREATE MACRO to_char(t, format) AS strftime(t, format);
CREATE MACRO regexp_like(field, pattern) AS regexp_matches(field, pattern);
CREATE MACRO btrim(text) AS trim(text);
CREATE MACRO nvl(x, otherwise) AS coalesce(x, otherwise);

-- Functions that make a long text of a number. DuckDB's bound on memory does not count such texts, and it makes those
-- of some thousand rows at once.
-- The bound is inside the argument, because what stands beside it is computed even where a CASE leaves it out.
CREATE MACRO bounded(number, size) AS
    CASE WHEN size > 65536 THEN error('lpad, repeat and rpad make at most 65536 characters here') ELSE number END;
CREATE MACRO repeat(x, times) AS
    system.main.repeat(x, bounded(CAST(times AS BIGINT), CAST(len(x) AS HUGEINT) * times));
CREATE MACRO lpad(text, size, filling) AS system.main.lpad(text, CAST(bounded(size, size) AS INTEGER), filling);
CREATE MACRO rpad(text, size, filling) AS system.main.rpad(text, CAST(bounded(size, size) AS INTEGER), filling);
