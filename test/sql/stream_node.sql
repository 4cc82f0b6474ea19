--
-- The scan node in the place of spindle_stream and spindle_rows in FROM.
--
-- It does not matter whether the library is loaded: the first statement of a
-- connection has the node, too.
\c
EXPLAIN (COSTS OFF) SELECT seq FROM spindle_stream('retail', 'order');
\c
EXPLAIN (COSTS OFF) SELECT count(*) FROM spindle_rows('retail', 'order') AS t (order_id bigint, status text) WHERE status = 'shipped';
CREATE SCHEMA stream_node;
SET search_path = stream_node, public;

-- "nodes" of a plan, in its order: scans with a function and what they compute.
CREATE FUNCTION nodes(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
    IF line ~ 'Custom Scan|Function Scan|Columns Computed|Function:' THEN
      RETURN NEXT regexp_replace(line, '^[ >-]+', '');
    END IF;
  END LOOP;
END
$$;
-- The node: plain calls, in subqueries, joins, CTEs, views, unions, DML.
SELECT nodes($$SELECT * FROM spindle_stream('retail', 'order', scale => 'medium', max_events => 1 + 2)$$);
SELECT nodes($$SELECT x FROM (SELECT seq + 1 AS x FROM spindle_stream('retail', 'order') OFFSET 0) s WHERE x > 3$$);
SELECT nodes($$SELECT a.seq FROM spindle_stream('retail', 'order') a JOIN spindle_stream('retail', 'return') b USING (seq) WHERE b.event_time > a.event_time$$);
SELECT nodes($$WITH c AS MATERIALIZED (SELECT event FROM spindle_stream('retail', 'order')) SELECT * FROM c$$);
SELECT nodes($$SELECT * FROM spindle_rows('retail', 'order') AS r (order_id bigint) WHERE order_id IN (SELECT seq FROM spindle_stream('retail', 'order'))$$);
SELECT nodes($$SELECT seq FROM spindle_stream('retail', 'order') UNION ALL SELECT delivery_seq FROM spindle_stream('retail', 'return')$$);
SELECT nodes($$SELECT (SELECT max(arrival) FROM spindle_stream('retail', 'order'))$$);
CREATE VIEW v AS SELECT seq, event_time FROM spindle_stream('retail', 'order', anomalies => spindle_point_anomaly('a', 'order_total'));
SELECT nodes($$SELECT seq FROM v$$);
CREATE TABLE t (seq bigint, event json);
SELECT nodes($$INSERT INTO t SELECT seq, event FROM spindle_stream('retail', 'store')$$);
SELECT nodes($$SELECT seq FROM spindle_stream('retail', 'order') WHERE anomaly_type IS NULL ORDER BY event_time$$);
SELECT nodes($$SELECT * FROM LATERAL spindle_stream('retail', 'order') s$$);
-- an argument that is a function of the statement, not of a row
SELECT nodes($$SELECT seq FROM spindle_stream('retail', 'order', clock_start => now(), seed => length(current_user::text))$$);
-- The plain function: arguments from other relations, ROWS FROM with several,
-- WITH ORDINALITY, the select list.
SELECT nodes($$SELECT s.seq FROM generate_series(1, 2) g, spindle_stream('retail', 'order', seed => g) s$$);
SELECT nodes($$SELECT r.store_id FROM generate_series(1, 2) g, LATERAL spindle_rows('retail', 'store', seed => g) AS r (store_id int)$$);
SELECT nodes($$SELECT * FROM ROWS FROM (spindle_stream('retail', 'order'), generate_series(1, 5)) x$$);
SELECT nodes($$SELECT seq FROM spindle_stream('retail', 'order') WITH ORDINALITY$$);
SELECT nodes($$SELECT * FROM ROWS FROM (spindle_rows('retail', 'store') AS (store_id int)) WITH ORDINALITY$$);
-- one function in ROWS FROM is a plain call
SELECT nodes($$SELECT seq FROM ROWS FROM (spindle_stream('retail', 'order')) x$$);
-- other functions are left alone
SELECT nodes($$SELECT * FROM generate_series(1, 3)$$);
SELECT nodes($$SELECT * FROM spindle_tables('retail')$$);

-- Node and function give the same rows.
CREATE FUNCTION same(args text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  columns text := 'md5(string_agg(concat_ws(''|'', s.delivery_seq, s.seq, s.table_name, s.event_time, s.arrival, s.is_anomaly, s.anomaly_type, s.event), E''\n''))';
  a text;
  b text;
BEGIN
  EXECUTE format('SELECT %s FROM spindle_stream(%s) s', columns, args) INTO a;
  EXECUTE format('SELECT %s FROM spindle_stream(%s) WITH ORDINALITY s', columns, args) INTO b;
  RETURN a = b AND (SELECT count(*) = 2 FROM nodes(format('SELECT seq FROM spindle_stream(%s)', args)) n WHERE n ~ 'Custom Scan|Function: spindle_stream');
END
$$;
SELECT args, same(args) FROM (VALUES ($$'retail', 'order'$$), ($$'retail', 'return'$$), ($$'retail', 'store'$$), ($$'retail', 'order_line', 'fabric_demo', 7, max_events => 300, skip_events => 20$$),
  ($$'retail', 'order', out_of_order_fraction => 0.3, anomalies => spindle_point_anomaly('a', 'order_total', fraction => 0.2), time_pattern => '"retail_peak"', burst_windows => '{"start_event": 3, "end_event": 90, "multiplier": 7}'$$),
  ($$'retail', 'return', 'fabric_demo', out_of_order_fraction => 0.9, label_anomalies => false, arrivals => 'uniform', duration => '9 s', anomalies => spindle_contextual_anomaly('a', 'reason', 'reason', '["other"]', '["x"]')$$),
  ($$'retail', 'customer', 'fabric_demo'$$), ($$'retail', 'promotion', skip_events => 199$$)) v (args);
-- rows with nulls of every kind of column
SELECT a = b AS same FROM
  (SELECT md5(string_agg(concat_ws('|', order_id, promotion_id, order_date, status, order_total), ',')) FROM spindle_rows('retail', 'order') AS r (order_id bigint, promotion_id int, order_date timestamptz, status text, order_total numeric)) x (a),
  (SELECT md5(string_agg(concat_ws('|', order_id, promotion_id, order_date, status, order_total), ',')) FROM ROWS FROM (spindle_rows('retail', 'order') AS (order_id bigint, promotion_id int, order_date timestamptz, status text, order_total numeric)) WITH ORDINALITY) y (b);

-- Only the columns that are read are computed, and they do not depend on the
-- others.
SELECT nodes($$SELECT seq, is_anomaly FROM spindle_stream('retail', 'order') WHERE event_time > 'epoch' ORDER BY arrival$$);
SELECT nodes($$SELECT count(*) FROM spindle_stream('retail', 'order')$$);
SELECT nodes($$SELECT 1 FROM spindle_rows('retail', 'store') AS t (store_id int, city text)$$);
SELECT nodes($$SELECT city FROM spindle_rows('retail', 'store') AS t (store_id int, city text, state text) WHERE state = 'CA'$$);
SELECT nodes($$SELECT a.city FROM spindle_rows('retail', 'store') AS a (store_id int, city text) JOIN spindle_rows('retail', 'store') AS b (store_id int, city text) ON a.store_id = b.store_id + 1$$);
SELECT count(*) FROM spindle_stream('retail', 'order');
SELECT count(*) FROM spindle_rows('retail', 'order') AS t (status text);
SELECT count(*) FROM spindle_stream('retail', 'order', max_events => 0);
CREATE TABLE all_columns AS SELECT * FROM spindle_stream('retail', 'return', 'fabric_demo', out_of_order_fraction => 0.2, anomalies => spindle_point_anomaly('a', 'refund_amount', fraction => 0.2)) WITH ORDINALITY;
SELECT count(*), bool_and(seq = ANY (SELECT seq FROM all_columns)) FROM spindle_stream('retail', 'return', 'fabric_demo', out_of_order_fraction => 0.2, anomalies => spindle_point_anomaly('a', 'refund_amount', fraction => 0.2));
CREATE FUNCTION alone(col text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  result boolean;
BEGIN
  EXECUTE format('SELECT (SELECT string_agg(coalesce(%1$I::text, ''null''), '','') FROM spindle_stream(''retail'', ''return'', ''fabric_demo'', out_of_order_fraction => 0.2,
    anomalies => spindle_point_anomaly(''a'', ''refund_amount'', fraction => 0.2))) = (SELECT string_agg(coalesce(%1$I::text, ''null''), '','' ORDER BY ordinality) FROM all_columns)', col) INTO result;
  RETURN result;
END
$$;
SELECT col, alone(col) FROM unnest('{delivery_seq,seq,table_name,event_time,arrival,is_anomaly,anomaly_type,event}'::text[]) col;

-- Rows are computed when asked for: LIMIT stops, cursors wait.
SELECT seq FROM spindle_stream('retail', 'order', 'xxxl') LIMIT 0;
SELECT seq, event ->> 'order_id' AS order_id FROM spindle_stream('retail', 'order', 'xxxl') LIMIT 1;
SELECT order_id FROM spindle_rows('retail', 'order', 'xxxl') AS t (order_id bigint) LIMIT 2 OFFSET 40;
SELECT EXISTS (SELECT FROM spindle_stream('retail', 'order', 'xxxl'));
BEGIN;
DECLARE s CURSOR FOR SELECT seq FROM spindle_stream('retail', 'order', 'xxxl', out_of_order_fraction => 0);
DECLARE r CURSOR FOR SELECT order_id FROM spindle_rows('retail', 'order', 'xxxl') AS t (order_id bigint);
FETCH 2 FROM s;
FETCH 2 FROM r;
MOVE 300 IN s;
FETCH 1 FROM s;
MOVE 1000 IN r;
FETCH 1 FROM r;
FETCH 1 FROM s;
CLOSE s;
DECLARE b SCROLL CURSOR FOR SELECT seq FROM spindle_stream('retail', 'store');
FETCH LAST FROM b;
FETCH PRIOR FROM b;
FETCH FIRST FROM b;
FETCH ABSOLUTE 100 FROM b;
DECLARE h CURSOR WITH HOLD FOR SELECT seq FROM spindle_stream('retail', 'store', skip_events => 148);
COMMIT;
FETCH ALL FROM h;
CLOSE h;
-- an aborted transaction leaves nothing behind
BEGIN;
DECLARE s CURSOR FOR SELECT event FROM spindle_stream('retail', 'return', out_of_order_fraction => 0.5);
FETCH 1 FROM s \gset
SAVEPOINT p;
SELECT 1 / (seq - 100) FROM spindle_stream('retail', 'order', 'xxxl'); -- ERROR
ROLLBACK TO p;
FETCH 1 FROM s \gset
ROLLBACK;

-- Prepared statements: parameters, in custom and in generic plans.
PREPARE p (text, bigint, bigint) AS SELECT count(*), min(seq), md5(string_agg(event::text, ',')) = md5('') AS empty
  FROM spindle_stream('retail', $1, seed => $2, max_events => $3);
EXECUTE p ('order', 42, 7);
SET plan_cache_mode = force_generic_plan;
SELECT nodes($$EXECUTE p ('order', 42, 7)$$);
EXECUTE p ('order', 42, 7);
EXECUTE p ('return', 1, NULL);
EXECUTE p ('returns', 1, 5); -- ERROR
EXECUTE p ('store', NULL, 5); -- ERROR
EXECUTE p ('store', 42, 5);
PREPARE r (text, bigint) AS SELECT count(*), max(store_id) FROM spindle_rows('retail', 'store', $1, first_row => $2) AS t (store_id int);
SELECT nodes($$EXECUTE r ('small', 10)$$);
EXECUTE r ('small', 10);
EXECUTE r ('medium', 149);
RESET plan_cache_mode;
DEALLOCATE ALL;
-- in PL/pgSQL, where arguments are variables
DO $$
DECLARE
  n bigint; total bigint := 0; r record;
BEGIN
  FOR i IN 1 .. 8 LOOP
    SELECT count(*) INTO n FROM spindle_stream('retail', 'order', seed => i, max_events => i * 10);
    total := total + n;
  END LOOP;
  FOR r IN SELECT seq FROM spindle_stream('retail', 'order', 'xxxl') LOOP
    EXIT WHEN r.seq > 100;
    total := total + 1;
  END LOOP;
  RAISE NOTICE '% rows', total;
END
$$;

-- Rescans: the same rows again, from the start.
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM generate_series(1, 3) g LEFT JOIN spindle_stream('retail', 'store', max_events => 10) s ON s.seq > g;
SELECT g, count(s.seq), min(s.seq), max(s.event ->> 'store_id') FROM generate_series(7, 11) g LEFT JOIN spindle_stream('retail', 'store', max_events => 11, out_of_order_fraction => 0.5) s ON s.seq >= g GROUP BY g ORDER BY g;
SELECT g, count(t.store_id) FROM generate_series(148, 151) g LEFT JOIN spindle_rows('retail', 'store') AS t (store_id int) ON t.store_id >= g GROUP BY g ORDER BY g;
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_material;
-- a subplan with a parameter in a condition, and one in the arguments
SELECT nodes($$SELECT g, (SELECT count(*) FROM spindle_stream('retail', 'store') WHERE seq < g) FROM generate_series(0, 3) g$$);
SELECT g, (SELECT count(*) FROM spindle_stream('retail', 'store') WHERE seq < g) FROM generate_series(0, 3) g;
SELECT nodes($$SELECT g, (SELECT max(seq) FROM spindle_stream('retail', 'store', skip_events => 1, max_events => g)) FROM generate_series(0, 3) g$$);
SELECT g, (SELECT max(seq) FROM spindle_stream('retail', 'store', skip_events => 1, max_events => g)) FROM generate_series(0, 3) g;
SELECT g, (SELECT string_agg(city, ';') FROM spindle_rows('retail', 'store', seed => g, first_row => 148) AS t (city text)) = (SELECT string_agg(city, ';') FROM ROWS FROM (spindle_rows('retail', 'store', seed => g, first_row => 148) AS (city text)) WITH ORDINALITY) AS same
FROM generate_series(1, 4) g;
SELECT g, (SELECT seq FROM spindle_stream('retail', 'order', 'xxxl', skip_events => g) LIMIT 1) FROM generate_series(10, 12) g;
-- the result of a statement that is evaluated once
SELECT count(*) FROM spindle_stream('retail', 'order', max_events => (SELECT count(*) FROM spindle_rows('retail', 'store') AS t (store_id int)));

-- Whole rows, and other ways to name them.
SELECT s FROM spindle_stream('retail', 'store', max_events => 1) s;
SELECT count(s), count(s.*) FROM spindle_stream('retail', 'store') s;
SELECT row_to_json(s) FROM spindle_stream('retail', 'store', max_events => 1) s;
SELECT (s).seq, s IS NULL AS is_null FROM (SELECT s FROM spindle_stream('retail', 'store', max_events => 1) s OFFSET 0) x;
SELECT t FROM spindle_rows('retail', 'store', max_rows => 2) AS t (store_id int, city text);
SELECT t, store_id FROM spindle_rows('retail', 'store') AS t (store_id int, state varchar) WHERE t.store_id = 3;
SELECT md5(string_agg(s::text, ',')) = (SELECT md5(string_agg(ROW(delivery_seq, seq, table_name, event_time, arrival, is_anomaly, anomaly_type, event)::text, ',')) FROM spindle_stream('retail', 'return')) AS same
FROM spindle_stream('retail', 'return') s;
SELECT x.a, x.b FROM spindle_stream('retail', 'store', skip_events => 148) x (a, b);
SELECT seq FROM spindle_stream('retail', 'store', skip_events => 148) FOR UPDATE;

-- Conditions and orders.
SELECT seq FROM spindle_stream('retail', 'order') WHERE seq BETWEEN 10 AND 12 AND event ->> 'order_id' <> '12';
SELECT seq FROM spindle_stream('retail', 'store') ORDER BY event ->> 'store_name' DESC LIMIT 2;
SELECT table_name, count(*) FROM spindle_stream('retail', 'store') GROUP BY table_name HAVING count(*) > 1;
SELECT DISTINCT is_anomaly FROM spindle_stream('retail', 'store');
SELECT seq FROM spindle_stream('retail', 'store') WHERE false;
SELECT seq FROM spindle_stream('retail', 'store') WHERE 1 / seq > 0; -- ERROR
SELECT count(*) FROM spindle_stream('retail', 'order') a FULL JOIN spindle_stream('retail', 'order', skip_events => 10) b USING (seq) WHERE b.seq IS NULL;

-- The estimate follows from constants.
CREATE FUNCTION estimate(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
  RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END
$$;
SELECT estimate($$SELECT * FROM spindle_stream('retail', 'order')$$), estimate($$SELECT * FROM spindle_stream('retail', 'order', 'xxxl')$$),
  estimate($$SELECT * FROM spindle_stream('retail', 'order', max_events => 17)$$), estimate($$SELECT * FROM spindle_stream('retail', 'store', max_events => 1000)$$),
  estimate($$SELECT * FROM spindle_stream('retail', 'order', max_events => 0)$$), estimate($$SELECT * FROM spindle_stream('retail', 'order', max_events => NULL)$$);
SELECT estimate($$SELECT * FROM spindle_rows('retail', 'order') AS t (order_id bigint)$$), estimate($$SELECT * FROM spindle_rows('retail', 'store', max_rows => 12) AS t (store_id int)$$),
  estimate($$SELECT * FROM spindle_rows('retail', 'order', 'medium', max_rows => 600000) AS t (order_id bigint)$$);
-- mistakes do not disturb planning
SELECT estimate($$SELECT * FROM spindle_stream('retail', 'orders')$$) > 0, estimate($$SELECT * FROM spindle_stream('x', 'order')$$) > 0, estimate($$SELECT * FROM spindle_stream('retail', 'order', 'tiny')$$) > 0,
  estimate($$SELECT * FROM spindle_stream('retail', 'order', max_events => -5)$$) > 0, estimate($$SELECT * FROM spindle_rows('retail', 'store') AS t (town text)$$) > 0;

-- Mistakes are reported when the node runs, as the function does it.
EXPLAIN (COSTS OFF) SELECT seq FROM spindle_stream('retail', 'orders');
SELECT seq FROM spindle_stream('retail', 'orders'); -- ERROR
SELECT seq FROM spindle_stream('retail', 'orders') WHERE false;
SELECT seq FROM spindle_stream('retail', 'order', max_events => -1); -- ERROR
SELECT count(*) FROM spindle_stream('retail', 'order', anomalies => '{}'); -- ERROR
SELECT t.store_id FROM spindle_rows('retail', 'store') AS t (store_id bigint); -- ERROR
SELECT count(*) FROM spindle_rows('retail', 'store') AS t (town text); -- ERROR
SELECT count(*) FROM spindle_rows('retail', 'shop') AS t (store_id int); -- ERROR
SELECT count(*) FROM spindle_rows('retail', 'store', first_row => -1) AS t (store_id int); -- ERROR
SELECT count(*) FROM spindle_rows('retail', 'store', scale => NULL) AS t (store_id int);
\set VERBOSITY sqlstate
SELECT seq FROM spindle_stream('retail', 'orders'); -- ERROR
SELECT seq FROM spindle_stream('retail', 'order', max_events => -1); -- ERROR
SELECT t.store_id FROM spindle_rows('retail', 'store') AS t (store_id bigint); -- ERROR
SELECT count(*) FROM spindle_rows('retail', 'store') AS t (town text); -- ERROR
\set VERBOSITY default

-- EXPLAIN ANALYZE tells what was delivered; rescans add up.
CREATE FUNCTION analyzed(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) ' || query LOOP
    IF line !~ 'Sort Method|Memory|Batches' THEN
      -- some servers show fractions of rows
      RETURN NEXT regexp_replace(line, '(rows=\d+)\.00', '\1');
    END IF;
  END LOOP;
END
$$;
SELECT analyzed($$SELECT seq FROM spindle_stream('retail', 'order', seed => 7, events_per_second => 25, out_of_order_fraction => 0.25, max_events => 400, anomalies => spindle_point_anomaly('a', 'order_total', fraction => 0.1)) WHERE seq >= 0$$);
SELECT analyzed($$SELECT seq FROM spindle_stream('retail', 'order', 'xxxl') LIMIT 3$$);
SELECT analyzed($$SELECT city FROM spindle_rows('retail', 'store', 'medium', 5) AS t (store_id int, city text) WHERE store_id > 140$$);
SELECT a FROM analyzed($$SELECT seq FROM spindle_stream('retail', 'store') WHERE false$$) a WHERE a ~ 'Spindle|Rows Generated'; -- a stream generates events
SELECT analyzed($$SELECT (SELECT count(*) FROM spindle_stream('retail', 'store') WHERE seq < g) FROM generate_series(1, 5) g$$);
SELECT regexp_replace(a, ' [0-9.]+ ms', ' N ms') FROM analyzed($$SELECT seq FROM spindle_stream('retail', 'store', max_events => 2, realtime => true, events_per_second => 100000)$$) a;
EXPLAIN (COSTS OFF, VERBOSE) SELECT s.seq + 1 FROM spindle_stream('retail', 'store') s WHERE s.event_time IS NULL;
CREATE FUNCTION plan_json(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (COSTS OFF, FORMAT json) ' || query INTO plan;
  -- not all servers tell it
  RETURN regexp_replace(plan::text, '\n *"Disabled": false,', '');
END
$$;
SELECT plan_json($$SELECT seq FROM spindle_stream('retail', 'store')$$);

-- Modes of the planner and the executor.
SELECT name AS parallel_mode FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query') \gset
SET :parallel_mode = on;
SELECT count(*), max(seq), count(event) FROM spindle_stream('retail', 'order', out_of_order_fraction => 0.1);
SELECT count(*), max(order_id) FROM spindle_rows('retail', 'order') AS t (order_id bigint);
RESET :parallel_mode;
SET jit_above_cost = 0;
SELECT count(*), max(seq) FROM spindle_stream('retail', 'order') WHERE seq % 2 = 0;
RESET jit_above_cost;
CREATE MATERIALIZED VIEW m AS SELECT delivery_seq, event FROM spindle_stream('retail', 'store');
SELECT count(*) FROM m;
COPY (SELECT seq, event FROM spindle_stream('retail', 'store', max_events => 1)) TO STDOUT;

-- The privilege to execute the function is needed, as for a function scan.
CREATE ROLE regress_spindle_node;
GRANT USAGE ON SCHEMA stream_node TO regress_spindle_node;
GRANT SELECT ON v TO regress_spindle_node;
SELECT string_agg(p.oid::regprocedure::text, ', ') AS stream FROM pg_proc p WHERE proname = 'spindle_stream' \gset
SELECT p.oid::regprocedure AS rows FROM pg_proc p WHERE proname = 'spindle_rows' \gset
REVOKE EXECUTE ON FUNCTION :stream, :rows FROM PUBLIC;
SET ROLE regress_spindle_node;
SELECT seq FROM spindle_stream('retail', 'store', max_events => 1); -- ERROR
SELECT seq FROM spindle_stream('retail', 'store', max_events => 1) WITH ORDINALITY; -- ERROR
SELECT store_id FROM spindle_rows('retail', 'store') AS t (store_id int); -- ERROR
-- a view runs its functions with the rights of its user
SELECT count(*) FROM v; -- ERROR
\set VERBOSITY sqlstate
SELECT seq FROM spindle_stream('retail', 'store', max_events => 1); -- ERROR
SELECT store_id FROM spindle_rows('retail', 'store') AS t (store_id int); -- ERROR
\set VERBOSITY default
RESET ROLE;
GRANT EXECUTE ON FUNCTION :stream, :rows TO PUBLIC;
SET ROLE regress_spindle_node;
SELECT seq FROM spindle_stream('retail', 'store', max_events => 1);
RESET ROLE;

SET client_min_messages = warning;
DROP SCHEMA stream_node CASCADE;
DROP ROLE regress_spindle_node;

-- A subquery that runs once per row of another table calls the function once, as
-- a function scan does, unless its arguments change.
CREATE SCHEMA stream_node;
SET search_path = stream_node, public;
CREATE SEQUENCE calls;
CREATE FUNCTION counted(n bigint) RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT nextval(''stream_node.calls'') * 0 + n';
CREATE VIEW once AS SELECT nextval('calls') AS n, timestamptz '2024-01-01' + i * interval '1 day' AS ts, i % 7 AS g FROM generate_series(1, 50) i;
CREATE TABLE o AS SELECT generate_series(1, 6) AS i;
CREATE FUNCTION plain_and_node(query text) RETURNS TABLE (same boolean, calls bigint, plain_calls bigint) LANGUAGE plpgsql AS $$
DECLARE
  a text;
  b text;
BEGIN
  ALTER SEQUENCE calls RESTART;
  EXECUTE format('SELECT string_agg(q::text, E''\n'') FROM (%s) q', replace(query, '#', '')) INTO a;
  calls := nextval('calls') - 1;
  ALTER SEQUENCE calls RESTART;
  EXECUTE format('SELECT string_agg(q::text, E''\n'') FROM (%s) q', replace(query, '#', ' WITH ORDINALITY')) INTO b;
  plain_calls := nextval('calls') - 1;
  same := a = b;
  RETURN NEXT;
END
$$;
EXPLAIN (COSTS OFF) SELECT i, (SELECT count(*) FROM spindle_stream('once'::regclass) s WHERE s.seq < o.i) FROM o;
SELECT r.* FROM unnest(ARRAY[
  $$SELECT i, (SELECT count(*) || min(event::text) FROM spindle_stream('once'::regclass)# s WHERE s.seq < o.i) FROM o$$,
  $$SELECT i, (SELECT string_agg(concat(delivery_seq, seq, arrival, event, anomaly_type), ',') FROM spindle_stream('once'::regclass, out_of_order_fraction => 0.3, skip_events => 4,
      anomalies => jsonb_build_array(spindle_collective_anomaly('c', 'g', 'ts', fraction => 0.4), spindle_point_anomaly('p', 'n', fraction => 0.5)))# s WHERE s.seq % 6 <> o.i) FROM o$$,
  $$SELECT i, (SELECT string_agg(event::text, ',') FROM spindle_stream('retail', 'order', max_events => counted(30), out_of_order_fraction => 0.3,
      anomalies => jsonb_build_array(spindle_collective_anomaly('c', 'customer_id', 'order_date', fraction => 0.4), spindle_point_anomaly('p', 'order_total', fraction => 0.5)))# s WHERE s.seq % 6 <> o.i) FROM o$$,
  $$SELECT i, (SELECT string_agg(event::text, ',') FROM spindle_stream('retail', max_events => counted(50))# s WHERE s.seq % 6 <> o.i) FROM o$$,
  $$SELECT i, (SELECT s.seq FROM spindle_stream('once'::regclass)# s WHERE s.seq >= o.i LIMIT 1) FROM o$$,
  $$SELECT i, (SELECT sum(s.seq) FROM spindle_stream('once'::regclass, max_events => o.i)# s) FROM o$$,
  $$SELECT i, s.seq FROM o LEFT JOIN spindle_stream('once'::regclass, max_events => counted(7))# s ON s.seq > o.i$$]) q, plain_and_node(q) r;
ALTER SEQUENCE calls RESTART;
SELECT i, (SELECT count(*) FROM spindle_rows('retail', 'store', first_row => counted(2), max_rows => 9) AS t (store_id int) WHERE store_id > i) FROM o;
SELECT nextval('calls');
-- what a relation costs is due before its first row
CREATE TABLE large AS SELECT i FROM generate_series(1, 10000) i;
ANALYZE large;
CREATE FUNCTION first_row_cost(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
  RETURN plan -> 0 -> 'Plan' ->> 'Startup Cost';
END
$$;
SELECT first_row_cost($$SELECT * FROM spindle_stream('large'::regclass, max_events => 1)$$) > 100 AS relation,
  first_row_cost($$SELECT * FROM spindle_stream('retail', 'order')$$) AS domain;
-- cursors go back, and past the end
BEGIN;
DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT seq FROM spindle_stream('large'::regclass, max_events => 3);
FETCH ALL c;
FETCH BACKWARD 2 c;
MOVE ABSOLUTE 1 c;
COMMIT;
FETCH c;
CLOSE c;
SET client_min_messages = warning;
DROP SCHEMA stream_node CASCADE;
RESET client_min_messages;

-- To find out that a function is none of ours, its library is not loaded: that
-- is for those who may call it.
CREATE ROLE regress_spindle_node;
CREATE FUNCTION public.foreign_function() RETURNS SETOF record LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_validator';
REVOKE EXECUTE ON FUNCTION public.foreign_function() FROM public;
\c
SET ROLE regress_spindle_node;
SELECT count(*) FROM spindle_rows('retail', 'store', max_rows => 1) AS t (store_id int);
SELECT * FROM public.foreign_function() AS t (a int); -- ERROR
SELECT count(*) FROM pg_settings WHERE name LIKE 'plpgsql.%';
RESET ROLE;
DROP FUNCTION public.foreign_function();
DROP ROLE regress_spindle_node;
