--
-- Streams of relations that one does not meet every day: empty ones, without
-- columns, without times, of every kind, and with every limit.
--
CREATE SCHEMA odd;
SET search_path = odd, public;
SET timezone = 'UTC';
CREATE FUNCTION error(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  hint text;
BEGIN
  EXECUTE query;
  RETURN 'none';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(hint, ''));
END
$$;

-- Every limit, with times and without, of rows in memory and sorted.
CREATE TABLE mine AS SELECT i AS id, '2024-01-01'::timestamptz AS ts FROM generate_series(1, 3) i;
CREATE TABLE timeless AS SELECT id FROM mine;
CREATE TABLE unknown_times AS SELECT id, NULL::timestamptz AS ts FROM mine;
CREATE TABLE some_times AS SELECT id, CASE WHEN id = 2 THEN ts END AS ts FROM mine;
CREATE TABLE infinite AS SELECT id, (ARRAY['infinity', '-infinity', NULL])[id]::timestamptz AS ts FROM mine;
CREATE TABLE empty (id int, ts timestamptz);
CREATE TABLE nothing ();
CREATE TABLE no_columns ();
INSERT INTO no_columns SELECT FROM generate_series(1, 3);
CREATE TABLE all_dropped (a int, b text);
INSERT INTO all_dropped VALUES (1, 'x');
ALTER TABLE all_dropped DROP a, DROP b;
SELECT r::regclass AS relation, n, string_agg(coalesce(event ->> 'id', '-'), ' ' ORDER BY delivery_seq) AS ids, count(s.seq)
FROM unnest('{mine,timeless,unknown_times,some_times,infinite,empty,nothing,no_columns,all_dropped}'::text[]) WITH ORDINALITY r (r, o)
CROSS JOIN unnest('{0,1,3,4,9223372036854775807,NULL}'::bigint[]) WITH ORDINALITY n (n, p)
LEFT JOIN LATERAL spindle_stream(r::regclass, max_events => n) s ON true GROUP BY r, o, n, p ORDER BY o, p;
-- the node gives the same
SELECT * FROM spindle_stream('mine'::regclass, max_events => 0);
SELECT * FROM spindle_stream('unknown_times'::regclass, max_events => 0);
SELECT seq, event_time, event FROM spindle_stream('unknown_times'::regclass, max_events => 2);
SELECT * FROM spindle_stream('mine'::regclass, max_events => 0, skip_events => 5, out_of_order_fraction => 1, time_pattern => '"retail_peak"',
  anomalies => jsonb_build_array(spindle_point_anomaly('p', 'id'), spindle_collective_anomaly('c', 'id', 'ts', fraction => 1)));
SELECT count(*) FROM spindle_stream('mine'::regclass, duration => '0');
SELECT error($$SELECT * FROM spindle_stream('mine'::regclass, max_events => -1)$$);
SELECT error($$SELECT * FROM spindle_stream('mine'::regclass, max_events => '-9223372036854775808')$$);
SELECT seq FROM spindle_stream('mine'::regclass, skip_events => 9223372036854775807);
CALL spindle_to_wal('p', 'mine'::regclass, max_events => 0) \gset
\echo :events_sent
-- rights are checked, even if nothing is wanted
CREATE ROLE regress_spindle_odd;
GRANT USAGE ON SCHEMA odd TO regress_spindle_odd;
SET ROLE regress_spindle_odd;
SELECT error($$SELECT * FROM spindle_stream('mine'::regclass, max_events => 0)$$);
RESET ROLE;

-- Kinds of relations.
CREATE TABLE parted (id int, ts timestamptz) PARTITION BY LIST (id);
SELECT count(*) FROM spindle_stream('parted'::regclass);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parted_2 (gone int, ts timestamptz, id int);
ALTER TABLE parted_2 DROP gone;
ALTER TABLE parted ATTACH PARTITION parted_2 DEFAULT;
INSERT INTO parted SELECT * FROM mine;
SELECT count(*), max(event ->> 'id') FROM spindle_stream('parted'::regclass);
SELECT event FROM spindle_stream('parted_2'::regclass, max_events => 1);
CREATE TABLE parent (id int);
CREATE TABLE child (more int) INHERITS (parent);
INSERT INTO child VALUES (1, 2);
SELECT event FROM spindle_stream('parent'::regclass);
CREATE FOREIGN TABLE generated (order_id bigint, order_date timestamptz) SERVER spindle OPTIONS (domain 'retail', "table" 'order');
SELECT count(*), count(DISTINCT event_time) > 1 AS times FROM spindle_stream('generated'::regclass, max_events => 10);
CREATE MATERIALIZED VIEW stored AS TABLE mine WITH NO DATA;
SELECT error($$SELECT * FROM spindle_stream('stored'::regclass)$$);
REFRESH MATERIALIZED VIEW stored;
SELECT count(*) FROM spindle_stream('stored'::regclass);
CREATE VIEW two_deep AS SELECT seq, event_time FROM spindle_stream('mine'::regclass);
SELECT event FROM spindle_stream('two_deep'::regclass);
CREATE VIEW fails AS SELECT 1 / (id - 2) AS q FROM mine;
SELECT error($$SELECT * FROM spindle_stream('fails'::regclass)$$);
SELECT count(*) FROM spindle_stream('fails'::regclass, max_events => 0);
SELECT count(*) > 100 AS many, bool_and(event ? 'relname') FROM (SELECT event::jsonb FROM spindle_stream('pg_class'::regclass)) s;
CREATE TABLE toasted (t text);
CREATE INDEX an_index ON mine (id);
CREATE SEQUENCE a_sequence;
CREATE TYPE a_type AS (a int);
SELECT name, regexp_replace(error(format('SELECT * FROM spindle_stream(%s::regclass)', oid)), 'pg_toast_\d+', 'pg_toast')
FROM (VALUES ('index', 'an_index'::regclass::oid), ('sequence', 'a_sequence'::regclass), ('type', 'a_type'::regclass),
  ('toast', (SELECT reltoastrelid FROM pg_class WHERE oid = 'toasted'::regclass)), ('none', 4000000000)) v (name, oid);

-- A name without a cast is that of a domain, and a third number is no scale.
CREATE TABLE retail (id int);
SELECT error(query) FROM unnest(ARRAY[
  $$SELECT * FROM spindle_stream('odd.mine')$$,
  $$SELECT * FROM spindle_stream('mine')$$,
  $$SELECT * FROM spindle_stream('mine', 'x') WITH ORDINALITY$$,
  $$SELECT * FROM spindle_stream('nobody.mine')$$,
  $$SELECT * FROM spindle_stream('"')$$,
  $$SELECT * FROM spindle_to_file('/dev/null', 'odd.mine')$$,
  $$SELECT * FROM spindle_to_program('cat >/dev/null', 'odd.mine')$$,
  $$SELECT * FROM spindle_stream('retail', 'order', 42)$$,
  $$SELECT * FROM spindle_to_file('/dev/null', 'retail', 'order', 42)$$]) query;
CALL spindle_to_channel('c', 'odd.mine'); -- ERROR
CALL spindle_to_wal('p', 'odd.mine'); -- ERROR
CALL spindle_to_table('mine', 'odd.mine', 'x'); -- ERROR
CALL spindle_to_wal('p', 'retail', 'order', 42); -- ERROR

DROP OWNED BY regress_spindle_odd;
DROP ROLE regress_spindle_odd;
SET client_min_messages = warning;
DROP SCHEMA odd CASCADE;
