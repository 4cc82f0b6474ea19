-- Streams of relations: what SELECT * FROM them gives the caller, by time.
\pset format unaligned
CREATE SCHEMA stream_relation;
SET search_path = stream_relation, public;
SET timezone = 'UTC';
CREATE FUNCTION error(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  message text;
  detail text;
  hint text;
BEGIN
  EXECUTE query;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', SQLSTATE, message, nullif(detail, ''), nullif(hint, ''));
END
$$;

-- Rows of the generated table, stored: the same events under another name.
IMPORT FOREIGN SCHEMA retail LIMIT TO ("order", order_line) FROM SERVER spindle INTO stream_relation;
CREATE TABLE orders AS SELECT * FROM "order" ORDER BY md5(order_id::text);
SELECT count(*) AS differences FROM spindle_stream('retail', 'order') g FULL JOIN spindle_stream('orders'::regclass) r USING (seq)
WHERE g.event::text IS DISTINCT FROM replace(r.event::text, '"_spindle_table":"orders"', '"_spindle_table":"order"')
  OR g.event_time IS DISTINCT FROM r.event_time OR r.table_name <> 'orders';
-- ... and so does the foreign table itself, a view, a materialized view, a
-- partitioned table and an inheritance tree
CREATE VIEW order_view AS SELECT * FROM orders WHERE order_id <= 1000;
CREATE MATERIALIZED VIEW order_mv AS SELECT * FROM orders;
CREATE TABLE order_parts (LIKE orders) PARTITION BY HASH (order_id);
CREATE TABLE order_part0 PARTITION OF order_parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE order_part1 PARTITION OF order_parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO order_parts SELECT * FROM orders;
CREATE TABLE order_tree (LIKE orders);
CREATE TABLE order_child () INHERITS (order_tree);
INSERT INTO order_child SELECT * FROM orders;
CREATE TEMP TABLE order_temp AS SELECT * FROM orders;
SELECT r.name, count(*), md5(string_agg(s.event::text, E'\n' ORDER BY s.seq)) = (SELECT md5(string_agg(replace(event::text, '"_spindle_table":"orders"', format('"_spindle_table":"%s"', r.name)), E'\n' ORDER BY seq))
  FROM spindle_stream('orders'::regclass, max_events => CASE r.name WHEN 'order_view' THEN 1000 END)) AS same
FROM unnest(ARRAY['order', 'order_view', 'order_mv', 'order_parts', 'order_tree', 'order_temp']) r (name), LATERAL spindle_stream(quote_ident(r.name)::regclass) s GROUP BY 1 ORDER BY 1;

-- Types.  Numbers are numbers with all their digits, times are UTC, the rest is
-- as to_json() gives it, without spaces.
CREATE TYPE mood AS ENUM ('fine', 'so "so"');
CREATE DOMAIN positive AS numeric(8,3) CHECK (VALUE > 0);
CREATE TYPE pair AS (a int, b text, at timestamptz);
CREATE TABLE types (at timestamptz, plain timestamp, day date, small smallint, whole int, big bigint, price numeric(10,2), any_number numeric, f4 real, f8 float8,
  flag boolean, words text, name varchar(10), fixed char(4), one "char", mood mood, positive positive, pair pair, ints int[], texts text[], js json, jb jsonb, bytes bytea,
  span int4range, spans tstzrange, gap interval, net inet, id uuid, bits bit(3), dot point, ts tsvector, x xml, o oid, "quo""ted" int);
INSERT INTO types VALUES
  ('2024-02-29 23:59:59.5+00', '2024-02-29 23:59:59.120', '2024-02-29', -32768, -2147483648, -9223372036854775808, 119.90, 1e30, 1.5, 0.1, true, E'a "b" \\ \n\t\u0001 é', 'abc', 'ab', 'z', 'so "so"', 1.5,
   (1, 'x y', '2024-01-01 00:00:00+00'), '{1,NULL,3}', '{"a b",NULL}', E'{ "k" : [ 1,\n 2 ], "s": "a  b" }', '{"k": [1, 2], "s": "a  b"}', '\x00ff', '[1,5)', '[2024-01-01 00:00+00,)', '1 day 2:03', '10.0.0.1/8',
   '00000000-0000-0000-0000-000000000001', B'101', '(1,2)', 'a:1 b', '<a>1</a>', 42, 7),
  ('infinity', '-infinity', 'infinity', 0, 0, 0, 'NaN', 'NaN', 'NaN', 'NaN', false, '', '', '', '', 'fine', 'NaN', NULL, '{}', '{}', '[]', '{}', '', 'empty', 'empty', '0', '::1', NULL, NULL, NULL, '', NULL, 0, NULL),
  ('-infinity', 'infinity', '-infinity', 1, 1, 1, 0.00, 'Infinity', 'Infinity', '-Infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  ('0044-03-15 12:00:00+00 BC', '10000-01-01 00:00:00', '0044-03-15 BC', NULL, NULL, NULL, NULL, -0.00001, -0.0, 1e-300, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL, 12345678901234567890.123456789012345678901234567890, NULL, 1e23, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT event FROM spindle_stream('types'::regclass);
-- the same as row_to_json() but for times, which it gives in the session's zone
SELECT count(*) AS keys, count(*) FILTER (WHERE t.value::jsonb IS DISTINCT FROM e.value::jsonb) AS different, string_agg(e.key, ', ' ORDER BY e.key) FILTER (WHERE t.value::jsonb IS DISTINCT FROM e.value::jsonb) AS names
FROM (SELECT row_to_json(t) AS row, row_number() OVER (ORDER BY at) - 1 AS seq FROM types t) r
JOIN spindle_stream('types'::regclass) s USING (seq), json_each(s.event) e, json_each(r.row) t WHERE t.key = e.key;
SELECT count(*) AS lines FROM spindle_stream('types'::regclass) s WHERE event::text ~ E'[\n\r]';
-- no columns, columns that were dropped, columns of our own names
CREATE TABLE none ();
INSERT INTO none SELECT;
SELECT event FROM spindle_stream('none'::regclass);
CREATE TABLE dropped (a int, gone text, at timestamptz, b text, _spindle_seq int);
ALTER TABLE dropped DROP COLUMN gone;
INSERT INTO dropped VALUES (1, '2024-01-02', 'late', 99), (2, '2024-01-01', 'early', 98);
SELECT seq, event FROM spindle_stream('dropped'::regclass);
SELECT seq, event FROM spindle_stream('dropped'::regclass, anomalies => spindle_point_anomaly('x', 'a', '[2,2]', 1)) ORDER BY seq;

-- Event time: the first timestamp, or the column that is named; equal times keep
-- the order of the rows, and rows without time come last.
CREATE TABLE times (id int, day date, plain timestamp, zoned timestamptz);
INSERT INTO times VALUES (1, '2024-01-03', '2024-01-02', '2024-01-01'), (2, '2024-01-02', NULL, '2024-01-02'), (3, '2024-01-02', '2024-01-01', '2024-01-03'), (4, '2024-01-01', '2024-01-02', NULL), (5, NULL, '2024-01-02', '2024-01-01');
SELECT c, string_agg(event ->> 'id', ' ' ORDER BY seq) AS ids, string_agg(coalesce(event_time::text, '-'), ' ' ORDER BY seq) AS times
FROM unnest(ARRAY[NULL, 'day', 'plain', 'zoned']) c, LATERAL spindle_stream('times'::regclass, timestamp_column => c::name) GROUP BY c ORDER BY c NULLS FIRST;
CREATE TABLE plain (id int, word text);
INSERT INTO plain SELECT i, 'w' || i FROM generate_series(1, 1000) i;
SELECT bool_and(event ->> 'id' = (seq + 1)::text), count(*), count(event_time) FROM spindle_stream('plain'::regclass);
SELECT count(*), max((event ->> 'id')::int) FROM spindle_stream('plain'::regclass, max_events => 10);
SELECT count(*) FROM spindle_stream('plain'::regclass, max_events => 0);
SELECT error($$SELECT * FROM spindle_stream('times'::regclass, timestamp_column => 'id')$$);
SELECT error($$SELECT * FROM spindle_stream('times'::regclass, timestamp_column => 'tim')$$);
SELECT error($$SELECT * FROM spindle_stream(0::regclass)$$);
SELECT error($$SELECT * FROM spindle_stream(NULL::regclass)$$);
SELECT error($$SELECT * FROM spindle_stream('plain'::regclass, scale => 'medium')$$);
CREATE INDEX plain_id ON plain (id);
CREATE SEQUENCE counter;
SELECT error($$SELECT * FROM spindle_stream('plain_id'::regclass)$$);
SELECT error($$SELECT * FROM spindle_stream('counter'::regclass)$$);
SELECT error($$SELECT * FROM spindle_stream('pair'::regclass)$$);

-- Anomalies: counts are exact for every fraction, and the rest is untouched.
CREATE FUNCTION share(n bigint, f float8) RETURNS bigint LANGUAGE sql AS $$
  SELECT CASE WHEN n = 0 OR f = 0 THEN 0 ELSE greatest(1, floor(n * f + 1e-9)) END::bigint
$$;
SELECT f, count(*) FILTER (WHERE s.anomaly_type = 'point:p') - share(5000, f) AS point_error,
  count(*) FILTER (WHERE s.is_anomaly AND s.event::jsonb - '{order_total,_spindle_is_anomaly,_spindle_anomaly_type}'::text[] <> p.event::jsonb - 'order_total'::text
    OR NOT s.is_anomaly AND s.event::jsonb - '{_spindle_is_anomaly,_spindle_anomaly_type}'::text[] <> p.event::jsonb) AS touched
FROM unnest(ARRAY[0, 0.001, 0.05, 0.4, 1]) f, LATERAL spindle_stream('orders'::regclass, anomalies => spindle_point_anomaly('p', 'order_total', fraction => f)) s
JOIN spindle_stream('orders'::regclass) p USING (seq) GROUP BY f ORDER BY f;
SELECT f, count(*) FILTER (WHERE s.is_anomaly) - share(count(*) FILTER (WHERE p.event ->> 'status' = 'cancelled'), f) AS count_error,
  count(*) FILTER (WHERE s.is_anomaly AND (p.event ->> 'status' <> 'cancelled' OR s.event ->> 'status' NOT IN ('completed', 'shipped'))) AS wrong,
  count(DISTINCT s.event ->> 'status') FILTER (WHERE s.is_anomaly) AS values
FROM unnest(ARRAY[0, 0.001, 0.05, 0.4, 1]) f,
  LATERAL spindle_stream('orders'::regclass, anomalies => spindle_contextual_anomaly('c', 'status', 'status', '["cancelled"]', '["completed","shipped","cancelled"]', f)) s
JOIN spindle_stream('orders'::regclass) p USING (seq) GROUP BY f ORDER BY f;
SELECT f, count(DISTINCT s.event ->> 'customer_id') FILTER (WHERE is_anomaly) - share((SELECT count(*) FROM (SELECT FROM orders GROUP BY customer_id HAVING count(*) >= 2) g), f) AS group_error,
  count(*) FILTER (WHERE is_anomaly) = (SELECT count(*) FROM orders WHERE customer_id IN (SELECT (event ->> 'customer_id')::int FROM spindle_stream('orders'::regclass,
    anomalies => spindle_collective_anomaly('g', 'customer_id', 'order_date', 3600, f)) WHERE is_anomaly)) AS whole_groups,
  count(*) FILTER (WHERE NOT is_anomaly AND (s.event ->> 'order_date')::timestamptz <> o.order_date) AS others_moved,
  count(*) FILTER (WHERE s.event_time <> (s.event ->> 'order_date')::timestamptz) AS wrong_times
FROM unnest(ARRAY[0, 0.001, 0.05, 0.4, 1]) f, LATERAL spindle_stream('orders'::regclass, anomalies => spindle_collective_anomaly('g', 'customer_id', 'order_date', 3600, f)) s
JOIN orders o ON o.order_id = (s.event ->> 'order_id')::int GROUP BY f ORDER BY f;
CREATE TABLE moved AS SELECT * FROM spindle_stream('orders'::regclass, out_of_order_fraction => 0.1, anomalies => jsonb_build_array(
  spindle_collective_anomaly('g', 'customer_id', 'order_date', 3600, 0.1), spindle_point_anomaly('p', 'order_total', fraction => 0.1),
  spindle_collective_anomaly('h', 'store_id', 'order_date', 60, 0.01), spindle_contextual_anomaly('c', 'promotion_id', 'status', '["completed"]', '[null, 7]', 0.2)));
SELECT anomaly_type, count(*) > 0 AS some FROM moved GROUP BY 1 ORDER BY 1;
SELECT count(*), count(DISTINCT seq), min(seq), max(seq), count(DISTINCT event ->> 'order_id') AS orders FROM moved;
SELECT count(*) FILTER (WHERE back) AS out_of_time FROM (SELECT event_time < lag(event_time) OVER (ORDER BY seq) AS back FROM moved) t;
SELECT max(w) <= '1 hour' AS in_window FROM (SELECT max(event_time) - min(event_time) AS w FROM moved WHERE anomaly_type = 'collective:g' GROUP BY event ->> 'customer_id') g;
SELECT n, bool_and(s.event::text = m.event::text AND s.seq = m.seq), count(*) FROM unnest(ARRAY[0, 1, 777, 4999]) n,
  LATERAL spindle_stream('orders'::regclass, skip_events => n, out_of_order_fraction => 0.1, anomalies => jsonb_build_array(
  spindle_collective_anomaly('g', 'customer_id', 'order_date', 3600, 0.1), spindle_point_anomaly('p', 'order_total', fraction => 0.1),
  spindle_collective_anomaly('h', 'store_id', 'order_date', 60, 0.01), spindle_contextual_anomaly('c', 'promotion_id', 'status', '["completed"]', '[null, 7]', 0.2))) s
  JOIN moved m USING (delivery_seq) GROUP BY n ORDER BY n;
-- nothing chosen: nothing changed but for the labels
SELECT count(*) AS differences FROM spindle_stream('orders'::regclass) p JOIN spindle_stream('orders'::regclass, label_anomalies => false, anomalies => jsonb_build_array(
  spindle_point_anomaly('p', 'order_total', fraction => 0), spindle_collective_anomaly('g', 'customer_id', 'order_date', fraction => 0))) s USING (delivery_seq)
WHERE (p.seq, p.arrival, p.event_time, p.event::text) <> (s.seq, s.arrival, s.event_time, s.event::text);
-- the mean is that of the whole relation, also if fewer events are streamed
SELECT bool_and((event ->> 'order_total')::numeric BETWEEN 2 * 0.8 * mean - 0.01 AND 2 * 1.2 * mean + 0.01) FROM (SELECT avg(abs(order_total)) AS mean FROM orders) m,
  spindle_stream('orders'::regclass, max_events => 50, anomalies => spindle_point_anomaly('p', 'order_total', '[2,2]', 1));
-- values stay within the type, and keep the scale of what they replace
CREATE TABLE numbers (s smallint, i int, b bigint, n numeric(6,2), free numeric, f4 real, f8 float8, p positive);
INSERT INTO numbers VALUES (30000, 2000000000, 9000000000000000000, 9000.25, 12.345, 1e38, 1e307, 90000.5), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (1, 1, 1, 1, 'NaN', 'NaN', 'NaN', 1);
SELECT c, string_agg(event ->> c, ' ' ORDER BY seq) FROM unnest('{s,i,b,n,p}'::text[]) c, LATERAL spindle_stream('numbers'::regclass, anomalies => spindle_point_anomaly('p', c, '[1000000000,1000000000]', 1)) GROUP BY c ORDER BY c;
SELECT c, string_agg(scale((event ->> c)::numeric)::text, ' ' ORDER BY seq) FROM unnest('{free}'::text[]) c, LATERAL spindle_stream('numbers'::regclass, anomalies => spindle_point_anomaly('p', c, fraction => 1)) GROUP BY c ORDER BY c;
SELECT count(*) FROM unnest('{f4,f8}'::text[]) c, LATERAL spindle_stream('numbers'::regclass, anomalies => spindle_point_anomaly('p', c, '[1000,1000]', 1)) WHERE (event ->> c)::float8 < 'Infinity';
-- groups and values of any type that can be compared
SELECT c, count(*) FILTER (WHERE is_anomaly) FROM unnest('{mood,pair,ints,span,words,jb,id}'::text[]) c,
  LATERAL spindle_stream('types'::regclass, anomalies => spindle_collective_anomaly('g', c, 'at', 60, 1)) GROUP BY c ORDER BY c;
SELECT error(format('SELECT * FROM spindle_stream(''types''::regclass, anomalies => %L)', a)) FROM unnest(ARRAY[
  spindle_contextual_anomaly('c', 'mood', 'mood', '["fine"]', '["bad"]'),
  spindle_contextual_anomaly('c', 'positive', 'mood', '["fine"]', '[-1]'),
  spindle_contextual_anomaly('c', 'whole', 'mood', '["fine"]', '["x"]'),
  spindle_contextual_anomaly('c', 'name', 'mood', '["fine"]', '["01234567890"]'),
  spindle_contextual_anomaly('c', 'at', 'mood', '["fine"]', '["soon"]'),
  spindle_contextual_anomaly('c', 'mood', 'dot', '["(1,2)"]', '["fine"]'),
  spindle_collective_anomaly('c', 'x', 'at'),
  spindle_collective_anomaly('c', 'mood', 'day'),
  spindle_point_anomaly('c', 'words'),
  spindle_point_anomaly('c', 'wor'),
  spindle_contextual_anomaly('c', 'words', 'words', '["a"]', '["a"]')]) a;
SELECT count(*) FILTER (WHERE is_anomaly), max(event ->> 'mood') FILTER (WHERE is_anomaly) AS mood FROM spindle_stream('types'::regclass, anomalies => spindle_contextual_anomaly('c', 'mood', 'mood', '["fine", null]', '["so \"so\""]', 1));
-- one that changes the event time moves events, those without time too
SELECT seq, event ->> 'id' AS id, event_time, anomaly_type FROM spindle_stream('times'::regclass, timestamp_column => 'zoned',
  anomalies => spindle_contextual_anomaly('back', 'zoned', 'id', '[3, 4]', '["2024-01-01 12:00:00+00"]', 1)) ORDER BY seq;
SELECT error($$SELECT * FROM spindle_stream('times'::regclass, timestamp_column => 'zoned', anomalies => spindle_contextual_anomaly('back', 'zoned', 'id', '[3]', '[null]', 1))$$);
SELECT error($$SELECT * FROM spindle_stream('times'::regclass, timestamp_column => 'day', anomalies => spindle_contextual_anomaly('back', 'day', 'id', '[3]', '["2024-01-01"]', 1))$$);
-- keys are no numbers to spoil
CREATE TABLE keyed (id int PRIMARY KEY, other int REFERENCES keyed, n int);
SELECT c, error(format('SELECT * FROM spindle_stream(''keyed''::regclass, anomalies => %L)', spindle_point_anomaly('k', c))) FROM unnest('{id,other,n}'::text[]) c;

-- Rights are the caller's, row security included; a view reads with its owner's.
CREATE ROLE regress_spindle_reader;
GRANT USAGE ON SCHEMA stream_relation TO regress_spindle_reader;
CREATE TABLE secret (id int, word text);
INSERT INTO secret SELECT i, 'w' FROM generate_series(1, 10) i;
CREATE VIEW open_view AS SELECT * FROM secret;
GRANT SELECT ON open_view TO regress_spindle_reader;
SET ROLE regress_spindle_reader;
SELECT error($$SELECT * FROM spindle_stream('secret'::regclass)$$);
SELECT error($$SELECT count(*) FROM spindle_stream('secret'::regclass) WITH ORDINALITY$$);
SELECT count(*) FROM spindle_stream('open_view'::regclass);
RESET ROLE;
GRANT SELECT (id) ON secret TO regress_spindle_reader;
SET ROLE regress_spindle_reader;
SELECT error($$SELECT * FROM spindle_stream('secret'::regclass)$$);
RESET ROLE;
GRANT SELECT ON secret TO regress_spindle_reader;
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON secret USING (id <= 3);
SET ROLE regress_spindle_reader;
SELECT count(*), max(event ->> 'id') FROM spindle_stream('secret'::regclass);
RESET ROLE;
SELECT count(*) FROM spindle_stream('secret'::regclass);
REVOKE ALL ON SCHEMA stream_relation FROM regress_spindle_reader;
DROP OWNED BY regress_spindle_reader;
DROP ROLE regress_spindle_reader;

-- What the transaction has done is seen; the relation may be the one written to.
BEGIN;
INSERT INTO plain SELECT i, 'new' FROM generate_series(1001, 1010) i;
SELECT count(*) FROM spindle_stream('plain'::regclass);
INSERT INTO plain SELECT (event ->> 'id')::int, 'copy' FROM spindle_stream('plain'::regclass);
SELECT count(*) FROM spindle_stream('plain'::regclass);
ROLLBACK;
-- names that need quotes, and one that hides a function of the server
CREATE SCHEMA "Odd "" name";
CREATE TABLE "Odd "" name"."my ""table" ("a ""b" int);
INSERT INTO "Odd "" name"."my ""table" VALUES (1);
SELECT table_name, event FROM spindle_stream('"Odd "" name"."my ""table"'::regclass);
-- the plan says what it reads, and what it did
CREATE FUNCTION analyzed(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) ' || query LOOP
    RETURN NEXT regexp_replace(line, '(rows=\d+)\.00', '\1');
  END LOOP;
END
$$;
SELECT analyzed($$SELECT seq FROM spindle_stream('plain'::regclass, max_events => 10)$$);
-- a change of seed changes choices only
SELECT count(*) AS differences FROM spindle_stream('orders'::regclass) a JOIN spindle_stream('orders'::regclass, seed => 1) b USING (seq) WHERE a.event::text <> b.event::text;
SELECT count(DISTINCT sums) FROM (SELECT string_agg(seq::text, ',' ORDER BY seq) AS sums FROM unnest(ARRAY[1, 1, 2]) seed,
  LATERAL spindle_stream('orders'::regclass, seed => seed, anomalies => spindle_point_anomaly('p', 'order_total')) WHERE is_anomaly GROUP BY seed) s;
-- the file has the same bytes, and its figures are true
SELECT table_name, events_sent, anomaly_count = (SELECT count(*) FROM moved WHERE is_anomaly) AS anomalies,
  out_of_order_count = (SELECT count(*) FROM (SELECT seq < max(seq) OVER (ORDER BY delivery_seq) AS late FROM moved) l WHERE late) AS late,
  bytes_sent = (SELECT sum(octet_length(event::text) + 1) FROM moved) AS bytes
FROM spindle_to_file('/dev/null', 'orders'::regclass, out_of_order_fraction => 0.1, anomalies => jsonb_build_array(
  spindle_collective_anomaly('g', 'customer_id', 'order_date', 3600, 0.1), spindle_point_anomaly('p', 'order_total', fraction => 0.1),
  spindle_collective_anomaly('h', 'store_id', 'order_date', 60, 0.01), spindle_contextual_anomaly('c', 'promotion_id', 'status', '["completed"]', '[null, 7]', 0.2)));
SELECT events_sent, anomaly_count, bytes_sent = (SELECT sum(octet_length(event::text) + 1) FROM spindle_stream('orders'::regclass, max_events => 100, label_anomalies => false,
  anomalies => spindle_point_anomaly('p', 'order_total', fraction => 0.1))) AS bytes
FROM spindle_to_file('/dev/null', 'orders'::regclass, max_events => 100, label_anomalies => false, anomalies => spindle_point_anomaly('p', 'order_total', fraction => 0.1));
-- a sort that does not fit its memory gives the same
SET work_mem = '64kB';
SELECT md5(string_agg(event::text, E'\n' ORDER BY delivery_seq)) = (SELECT md5(string_agg(event::text, E'\n' ORDER BY delivery_seq)) FROM moved) AS same
FROM spindle_stream('orders'::regclass, out_of_order_fraction => 0.1, anomalies => jsonb_build_array(
  spindle_collective_anomaly('g', 'customer_id', 'order_date', 3600, 0.1), spindle_point_anomaly('p', 'order_total', fraction => 0.1),
  spindle_collective_anomaly('h', 'store_id', 'order_date', 60, 0.01), spindle_contextual_anomaly('c', 'promotion_id', 'status', '["completed"]', '[null, 7]', 0.2)));
RESET work_mem;
DROP SCHEMA stream_relation, "Odd "" name" CASCADE;
