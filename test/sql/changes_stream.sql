--
-- What a stream of changes promises: images that chain, times and positions that rise,
-- transactions, the tail behind a position; and the ways of rows through their states.
--
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA changes_stream;
SET search_path = changes_stream, public;
\getenv abs_srcdir PG_ABS_SRCDIR
\set domains :abs_srcdir '/data'
SET spindle.domain_directory = :'domains';

CREATE TABLE c AS SELECT 'retail' AS domain, * FROM spindle_changes('retail', scale => 'fabric_demo', profile => 'retention');
INSERT INTO c SELECT 'lifecycle', * FROM spindle_changes('lifecycle', scale => 'tiny', profile => 'tidy');

-- per table and operation; and as they are counted
SELECT domain, table_name, string_agg(op::text || ' ' || n, ', ' ORDER BY op) AS changes
FROM (SELECT domain, table_name, op, count(*) AS n FROM c GROUP BY 1, 2, 3) x GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) AS differing FROM (SELECT domain, table_name, op, count(*) AS n FROM c GROUP BY 1, 2, 3) a
FULL JOIN (SELECT 'retail' AS domain, * FROM spindle_change_counts('retail', scale => 'fabric_demo', profile => 'retention')
  UNION ALL SELECT 'lifecycle', * FROM spindle_change_counts('lifecycle', scale => 'tiny', profile => 'tidy')) b USING (domain, table_name, op, n)
WHERE a.n IS NULL OR b.n IS NULL;

-- images chain, an update changes what it says, a life begins and ends as it should, versions rise
SELECT count(*) FILTER (WHERE op = 'u' AND before::text IS DISTINCT FROM previous OR op = 'd' AND before::text IS DISTINCT FROM previous) AS broken,
  count(*) FILTER (WHERE op IN ('c', 'r') AND before IS NOT NULL OR op = 'd' AND after IS NOT NULL) AS odd_images,
  count(*) FILTER (WHERE (op = 'u') <> (changed IS NOT NULL) OR changed = '{}' OR op = 'u' AND changed <> ARRAY(
    SELECT a.k FROM json_each_text(before) WITH ORDINALITY b(k, v, n) JOIN json_each_text(after) WITH ORDINALITY a(k, v, n) USING (k) WHERE a.v IS DISTINCT FROM b.v ORDER BY a.n)) AS odd_changed,
  count(*) FILTER (WHERE previous_op IS NULL AND op NOT IN ('c', 'r') OR previous_op = 'd' AND op <> 'c' OR previous_op <> 'd' AND op IN ('c', 'r')) AS odd_lives,
  count(*) FILTER (WHERE version <= previous_version AND op <> 'd' OR version < previous_version OR version < 1) AS odd_versions,
  count(*) FILTER (WHERE previous_op = 'd') AS come_back
FROM (SELECT *, lag(after::text) OVER w AS previous, lag(op) OVER w AS previous_op, lag(version) OVER w AS previous_version
  FROM c WINDOW w AS (PARTITION BY domain, table_name, key::text ORDER BY delivery_seq)) x;

-- times never fall, positions rise from transaction to transaction, which are numbered from 1 to their last
SELECT count(*) FILTER (WHERE event_time < previous_time) AS falling,
  count(*) FILTER (WHERE position < previous_position) AS falling_positions,
  count(*) FILTER (WHERE txn_seq <> CASE WHEN position = previous_position THEN previous_seq + 1 ELSE 1 END) AS odd_numbers,
  count(*) FILTER (WHERE txn_last IS NOT DISTINCT FROM (position = next_position)) AS odd_ends,
  count(*) FILTER (WHERE event_time IS DISTINCT FROM previous_time AND position = previous_position) AS odd_transactions,
  count(*) FILTER (WHERE delivery_seq <> row_number - 1) AS odd_seq, max(txn_seq) FILTER (WHERE position > '0/0') AS largest
FROM (SELECT *, lag(event_time) OVER w AS previous_time, lag(position) OVER w AS previous_position, lead(position) OVER w AS next_position,
  lag(txn_seq) OVER w AS previous_seq, row_number() OVER w FROM c WINDOW w AS (PARTITION BY domain ORDER BY delivery_seq)) x;

-- behind any position, and behind any time, comes the tail, with the same bytes
CREATE FUNCTION fingerprint(change_set text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text; BEGIN EXECUTE format('SELECT md5(string_agg(concat_ws(''|'', position, txn_seq, txn_last, table_name, op, key, before, after, changed, event_time, version), E''\n'' ORDER BY delivery_seq)) FROM %s', change_set) INTO r; RETURN r; END $$;
SELECT count(*) AS tails, count(*) FILTER (WHERE
  fingerprint(format('c WHERE domain = %L AND position > %L', domain, position)) IS DISTINCT FROM
  fingerprint(format('spindle_changes(%L, scale => %L, profile => %L, after_position => %L)', domain, scale, profile, position))) AS differing
FROM (SELECT *, row_number() OVER (PARTITION BY domain ORDER BY md5(position::text)) AS n FROM (SELECT DISTINCT domain, position FROM c) d) x
JOIN (VALUES ('retail', 'fabric_demo', 'retention'), ('lifecycle', 'tiny', 'tidy')) p(domain, scale, profile) USING (domain) WHERE n <= 8;
SELECT count(*) AS tails, count(*) FILTER (WHERE
  fingerprint(format('c WHERE domain = ''lifecycle'' AND event_time > %L AND event_time <= %L', at, at + interval '50 days')) IS DISTINCT FROM
  fingerprint(format('spindle_changes(''lifecycle'', scale => ''tiny'', profile => ''tidy'', from_time => %L, to_time => %L, include_initial => false)', at, at + interval '50 days'))) AS differing
FROM (SELECT event_time AS at FROM c WHERE domain = 'lifecycle' AND event_time IS NOT NULL ORDER BY md5(event_time::text) LIMIT 6) x;

-- with the rows that are there at a time: position and time are those of the snapshot
SELECT table_name, op, count(*), count(DISTINCT position) AS positions, min(event_time) AS at, max(txn_seq) AS most FROM spindle_changes('lifecycle', scale => 'tiny', from_time => '2023-09-01', to_time => '2023-09-01') GROUP BY 1, 2 ORDER BY 1;
SELECT count(*) FROM spindle_changes('lifecycle', scale => 'tiny', after_position => (SELECT max(position) FROM spindle_changes('lifecycle', scale => 'tiny', from_time => '2023-09-01', to_time => '2023-09-01')), to_time => '2023-09-08')
UNION ALL SELECT count(*) FROM spindle_changes('lifecycle', scale => 'tiny', from_time => '2023-09-01', to_time => '2023-09-08', include_initial => false);

-- one table: the same changes, in transactions of their own
SELECT count(*) AS differing FROM (SELECT op, key::text, before::text, after::text, event_time, version FROM c WHERE domain = 'lifecycle' AND table_name = 'payment'
  EXCEPT ALL SELECT op, key::text, before::text, after::text, event_time, version FROM spindle_changes('lifecycle', 'payment', 'tiny', profile => 'tidy')) x;

-- a domain that says nothing of lifecycles: rows that are there, and inserts in the order of events
SELECT table_name, op, count(*), count(DISTINCT position) > 1 AS has_times FROM spindle_changes('every', scale => 'tiny') GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT 4;

-- ways of 20 000 rows that can go in circles: how often each length comes, by the last state, as among all walks that end there
CREATE TABLE walk AS SELECT '{"spindle": 1, "description": "walks", "range": {"start": "2023-01-01", "end": "2025-01-01"}, "presets": {"small": {"w": 20000}}, "tables": {"w": {
  "key": "id", "event_time": "t", "rows": {"kind": "preset"}, "columns": {"id": {"type": "integer", "rule": {"kind": "sequence"}},
    "t": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true}}, "s": {"type": "text", "rule": {"kind": "weighted", "weights": {"a": 1, "b": 1, "z": 2}}}},
  "lifecycle": {"states": {"column": "s", "initial": "a", "max_steps": 8, "within": 50, "unit": "days", "transitions": [
    {"from": "a", "to": "b", "weight": 5, "after": {"distribution": "uniform", "min": 1, "max": 5}, "unit": "hours"}, {"from": "a", "to": "z", "weight": 1, "after": {"distribution": "uniform", "min": 1, "max": 5}, "unit": "hours"}, {"from": "a", "stay": 2},
    {"from": "b", "to": "a", "weight": 3, "after": {"distribution": "exponential", "mean": 9, "max": 90}, "unit": "hours"}, {"from": "b", "to": "z", "weight": 2, "after": {"distribution": "uniform", "min": 1, "max": 5}, "unit": "hours"}, {"from": "b", "stay": 1}]}}}}}'::json AS definition;
SELECT spindle_create_domain('walks', definition) FROM walk;
WITH RECURSIVE p(s, t, weight) AS (VALUES ('a', 'b', 5.0), ('a', 'z', 1), ('a', NULL, 2), ('b', 'a', 3), ('b', 'z', 2), ('b', NULL, 1), ('z', NULL, 1)),
share AS (SELECT s, t, weight / sum(weight) OVER (PARTITION BY s) AS share FROM p),
way(s, n, share) AS (SELECT 'a', 0, 1.0 UNION ALL SELECT t, n + 1, way.share * share.share FROM way JOIN share USING (s) WHERE t IS NOT NULL AND n < 8),
final AS (SELECT s, n, sum(way.share * share.share) AS share FROM way JOIN share USING (s) WHERE t IS NULL GROUP BY 1, 2),
expected AS (SELECT s, n, share / sum(share) OVER (PARTITION BY s) AS share FROM final),
found AS (SELECT s, n, count(*) AS rows FROM (SELECT (after ->> 'id')::int AS id, count(*) - 1 AS n FROM spindle_changes('walks') GROUP BY 1) c
  JOIN spindle_rows('walks', 'w') AS w(id integer, s text) USING (id) GROUP BY 1, 2)
SELECT s, sum(rows) AS rows, count(*) AS lengths, count(*) FILTER (WHERE expected.share IS NULL OR abs(coalesce(rows, 0) - all_rows * expected.share) > 3 * sqrt(all_rows * expected.share * (1 - expected.share)) + 1) AS beyond_3_sigma
FROM (SELECT *, sum(rows) OVER (PARTITION BY s) AS all_rows FROM found) f FULL JOIN expected USING (s, n) GROUP BY s ORDER BY s;
SELECT spindle_drop_domain('walks');

-- the scan: only what is read is computed, a limit stops at once, also where there are billions of changes and where it begins in the middle
EXPLAIN (COSTS off) SELECT position, op FROM spindle_changes('retail') WHERE table_name = 'order';
-- without decimals, which 18 shows of rows
CREATE FUNCTION explained(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off) ' || query LOOP
    RETURN NEXT regexp_replace(line, '(actual rows=\d+)\.00', '\1');
  END LOOP;
END
$$;
SELECT * FROM explained($$SELECT key FROM spindle_changes('retail', scale => 'fabric_demo', include_initial => false) LIMIT 7$$);
SELECT position, txn_seq, txn_last, table_name, op, key, event_time FROM spindle_changes('retail', scale => 'xxxl', include_initial => false) LIMIT 3;
SELECT table_name, op, event_time FROM spindle_changes('retail', 'order_line', scale => 'xxxl', from_time => '2024-02-29', include_initial => false) LIMIT 1;
-- estimates are of the rows that have events, and of max_events
CREATE FUNCTION estimate(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE plan json; BEGIN EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan; RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows'; END $$;
SELECT estimate($$SELECT * FROM spindle_changes('retail', scale => 'small', profile => 'retention', from_time => '2024-01-01')$$) AS small, estimate($$SELECT * FROM spindle_changes('retail', max_events => 12)$$) AS few;
SELECT n, (SELECT count(*) FROM spindle_changes('lifecycle', scale => 'tiny', to_time => '2023-03-01') WHERE table_name <> n::text) FROM generate_series(1, 2) n;
SELECT count(*), count(DISTINCT x) FROM generate_series(1, 3) g, LATERAL (SELECT md5(string_agg(x::text, '')) AS x FROM spindle_changes('lifecycle', scale => 'tiny', seed => 7, to_time => '2023-04-01') x OFFSET 0) y;
-- as a function, where the node cannot take its place
SELECT count(*) FROM (SELECT spindle_changes('lifecycle', scale => 'tiny')) x;
-- arrivals: one per transaction, or by the event time
SELECT count(*) = count(DISTINCT position) AS one_each, bool_and(arrival >= '0') AS forward FROM (SELECT position, min(arrival) AS arrival FROM spindle_changes('lifecycle', scale => 'tiny', include_initial => false) GROUP BY position HAVING count(DISTINCT arrival) = 1) x;
SELECT bool_and(abs(extract(epoch FROM event_time - '2023-06-01') / 86400 - extract(epoch FROM arrival)) < 0.001) AS by_the_day, count(*) > 50 AS some FROM spindle_changes('lifecycle', scale => 'tiny', from_time => '2023-06-01', speed => 86400, duration => '40 s', include_initial => false);

-- the same bytes under other settings
SET work_mem = 64; SET extra_float_digits = -5; SET timezone = 'Asia/Tokyo'; SET datestyle = 'German'; SET intervalstyle = 'iso_8601';
SELECT fingerprint('spindle_changes(''lifecycle'', scale => ''tiny'', profile => ''tidy'') c(delivery_seq, position, txn_seq, txn_last, table_name, op, key, before, after, changed, at, arrival, version), LATERAL (SELECT extract(epoch FROM at) AS event_time) e') =
  (SELECT md5(string_agg(concat_ws('|', position, txn_seq, txn_last, table_name, op, key, before, after, changed, extract(epoch FROM event_time), version), E'\n' ORDER BY delivery_seq)) FROM c WHERE domain = 'lifecycle') AS same;
RESET work_mem; RESET extra_float_digits; SET timezone = 'UTC'; RESET datestyle; RESET intervalstyle;
-- with no rights but those of everybody
CREATE ROLE changes_nobody;
GRANT USAGE ON SCHEMA changes_stream TO changes_nobody;
SET ROLE changes_nobody;
SELECT count(*) FROM spindle_changes('retail', scale => 'fabric_demo', to_time => '2022-02-01');
RESET ROLE;
BEGIN;
REVOKE EXECUTE ON FUNCTION spindle_changes FROM public;
SET ROLE changes_nobody;
SELECT count(*) FROM spindle_changes('retail', scale => 'fabric_demo', to_time => '2022-02-01');
ROLLBACK;
REVOKE USAGE ON SCHEMA changes_stream FROM changes_nobody;
DROP ROLE changes_nobody;

-- mistakes
CREATE FUNCTION try(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE hint text; BEGIN EXECUTE command; RETURN 'no error'; EXCEPTION WHEN OTHERS THEN GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT; RETURN concat_ws(' / ', SQLSTATE, SQLERRM, nullif(hint, '')); END $$;
SELECT try('SELECT * FROM spindle_changes(' || args || ')') FROM (VALUES
  ($$NULL$$), ($$'nowhere'$$), ($$'retail', 'nothing'$$), ($$'retail', profile => 'none'$$), ($$'lifecycle', scale => 'tiny', profile => 'none'$$),
  ($$'retail', from_time => '2024-01-02', to_time => '2024-01-01'$$), ($$'retail', from_time => '3000-01-01'$$), ($$'retail', from_time => NULL$$), ($$'retail', from_time => '2024-01-01', after_position => '0/1'$$),
  ($$'retail', speed => 0$$), ($$'retail', speed => 'NaN'$$), ($$'retail', include_initial => NULL$$), ($$'retail', events_per_second => 0$$), ($$'retail', scale => 'huge'$$)) x(args);
SELECT try('SELECT * FROM spindle_history(' || args || ') AS h(order_id bigint' || list || ')') FROM (VALUES
  ($$'retail', 'order', profile => 'none'$$, ''), ($$'retail', 'order'$$, ', _spindle_version bigint'), ($$'retail', 'order'$$, ', _spindle_since date'), ($$'retail', NULL$$, '')) x(args, list);
SELECT try('SELECT spindle_history(''retail'', ''order'')');
SELECT * FROM spindle_history('retail', 'order', 'small', max_rows => 3) AS h(order_id bigint, _spindle_op "char", status text, _spindle_version int, _spindle_valid_from timestamptz, _spindle_valid_to timestamptz);
-- nothing, and ends of time
SELECT count(*) FROM spindle_changes('retail', scale => 'fabric_demo', to_time => '-infinity');
SELECT op, count(*), max(event_time) FROM spindle_changes('lifecycle', 'ticket', 'tiny', from_time => 'infinity') GROUP BY op;
SELECT count(*) FROM spindle_changes('lifecycle', scale => 'tiny', after_position => 'FFFFFFFF/FFFFFFFF');
SELECT count(*) FROM spindle_changes('lifecycle', scale => 'tiny', from_time => '4000-01-01 BC', to_time => '1999-01-01', include_initial => false);
SELECT count(*) FROM spindle_changes('lifecycle', scale => 'tiny', max_events => 0);
-- Transactions can be late: they arrive together, behind others, and no change is another one.
CREATE TEMP TABLE in_time AS SELECT * FROM spindle_changes('retail', scale => 'fabric_demo', profile => 'retention', to_time => '2023-06-30');
CREATE FUNCTION late(f float8, s int, after_position pg_lsn = NULL, max_events bigint = NULL) RETURNS SETOF record LANGUAGE sql AS $$
  SELECT * FROM spindle_changes('retail', scale => 'fabric_demo', profile => 'retention', to_time => '2023-06-30', after_position => late.after_position,
    max_events => late.max_events, out_of_order_fraction => f, out_of_order_max_delay_slots => s)
$$;
CREATE FUNCTION look_at_late(f float8, s int, after_position pg_lsn = NULL, max_events bigint = NULL, OUT changes bigint, OUT other bigint, OUT transactions bigint, OUT late bigint, OUT together boolean,
  OUT one_arrival boolean, OUT by_time boolean, OUT farthest bigint, OUT late_hash text) LANGUAGE sql AS $$
  WITH c AS MATERIALIZED (SELECT * FROM late(f, s, look_at_late.after_position, look_at_late.max_events) AS (delivery_seq bigint, "position" pg_lsn, txn_seq int, txn_last boolean, table_name text, op "char", key json,
      before json, after json, changed text[], event_time timestamptz, arrival interval, version int)),
  t AS (SELECT position, min(delivery_seq) AS first, max(delivery_seq) - min(delivery_seq) + 1 = count(*) AND bool_and(txn_seq = delivery_seq - m + 1) AS together, count(DISTINCT arrival) = 1 AS one_arrival, min(arrival) AS arrival
    FROM (SELECT *, min(delivery_seq) OVER (PARTITION BY position) AS m FROM c) c GROUP BY position),
  o AS (SELECT *, max(position) OVER w AS highest, lag(arrival) OVER (ORDER BY first) <= arrival AS by_time, row_number() OVER (ORDER BY first) - row_number() OVER (ORDER BY position) AS moved
    FROM t WINDOW w AS (ORDER BY first ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))
  SELECT (SELECT count(*) FROM c), (SELECT count(*) FROM (SELECT position, txn_seq, txn_last, table_name, op, key::text, before::text, after::text, changed, event_time, version FROM c
    EXCEPT SELECT position, txn_seq, txn_last, table_name, op, key::text, before::text, after::text, changed, event_time, version FROM in_time) x),
    count(*), count(*) FILTER (WHERE position < highest), bool_and(together), bool_and(one_arrival), bool_and(by_time), max(moved),
    md5(string_agg(position::text, ',' ORDER BY position) FILTER (WHERE position < highest AND position BETWEEN '20000/0' AND '10000000/0')) FROM o
$$;
SELECT count(*), count(DISTINCT position) AS transactions FROM in_time;
SELECT f, s, l.changes, l.other, l.transactions, l.late::float8 / transactions BETWEEN f * 0.85 AND f * 1.15 AS share, together, one_arrival, by_time, farthest
FROM (VALUES (0.0, 10), (0.05, 10), (0.3, 1), (0.5, 200), (0.9, 1000000)) v (f, s), look_at_late(f, s) l;

-- which are late depends on their positions, not on where the stream begins or ends
SELECT a.late_hash = b.late_hash AS same, a.late_hash = c.late_hash AS same_farther, b.other FROM look_at_late(0.2, 2) a, look_at_late(0.2, 2, '10000/0') b, look_at_late(0.2, 3) c;
SELECT l.changes, l.late > 5 AS late, l.other <= 1 AS cut FROM look_at_late(0.2, 5, max_events => 2000) l;
SELECT count(*), max(arrival) < '2 min' AS within FROM spindle_changes('retail', scale => 'fabric_demo', duration => '2 min', out_of_order_fraction => 0.3, out_of_order_max_delay_slots => 1000);
SELECT count(*) FROM spindle_changes('retail', scale => 'fabric_demo', duration => '2 min');
SELECT bool_and(arrival >= before) AS by_time, count(*) FILTER (WHERE arrival > extract(epoch FROM event_time - '2022-01-01') / 100000 * interval '1 s' + interval '1 ms') > 100 AS late
FROM (SELECT arrival, event_time, lag(arrival) OVER (ORDER BY delivery_seq) AS before FROM spindle_changes('retail', scale => 'fabric_demo', speed => 100000, include_initial => false, out_of_order_fraction => 0.3)) x;
SELECT n, (SELECT md5(string_agg(position::text, ',')) FROM spindle_changes('retail', 'order', 'fabric_demo', max_events => 500, out_of_order_fraction => 0.3) WHERE delivery_seq >= n) FROM generate_series(0, 1) n, generate_series(1, 2);
SELECT * FROM explained($$SELECT position FROM spindle_changes('retail', scale => 'xxl', out_of_order_fraction => 0.5) WHERE op <> 'r' LIMIT 10$$);
SELECT try($$SELECT * FROM spindle_changes('retail', out_of_order_fraction => 1)$$), try($$SELECT * FROM spindle_changes('retail', out_of_order_fraction => -0.1)$$), try($$SELECT * FROM spindle_changes('retail', out_of_order_fraction => NULL)$$),
  try($$SELECT * FROM spindle_changes('retail', out_of_order_max_delay_slots => 0)$$);

DROP SCHEMA changes_stream CASCADE;
