-- The domain tpch: its text against other generators of such rows, and what the queries
-- of TPC-H ask of generated against stored tables.  Prints three tables.
--
--   psql -X -f bench/tpch.sql        in a database of its own, as a superuser
--
--   -v scale=sf1      scale to read and store
--   -v runs=3         runs of each side, of which the best counts
--   -v dir=/dev/shm   where files are written
--   -v dbgen=DIR      with TPC's dbgen, built there, too, at sf1; the server's user starts it
--
-- A and B alternate.  All by one process.
\set ON_ERROR_STOP 1
\set QUIET 1
\pset footer off
\if :{?scale} \else \set scale sf1
\endif
\if :{?runs} \else \set runs 3
\endif
\if :{?dir} \else \set dir /dev/shm
\endif
\if :{?dbgen} \else \set dbgen ''
\endif
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
SET jit = off;
CREATE EXTENSION IF NOT EXISTS spindle;
DROP SCHEMA IF EXISTS bench, generated, stored CASCADE;
CREATE SCHEMA bench;
CREATE SCHEMA generated;
IMPORT FOREIGN SCHEMA tpch FROM SERVER spindle INTO generated OPTIONS (scale :'scale');
SELECT max(row_count) FILTER (WHERE table_name = 'lineitem') AS lines, max(row_count) FILTER (WHERE table_name = 'orders') AS orders
FROM spindle_tables('tpch', :'scale') \gset
\set file :dir /spindle_tpch.tbl
SET search_path = bench, public;

CREATE TABLE result (id int GENERATED ALWAYS AS IDENTITY, a text, b text, rows bigint, a_ms float8, b_ms float8);
CREATE FUNCTION milliseconds(command text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  start timestamptz := clock_timestamp();
BEGIN
  EXECUTE command;
  RETURN extract(epoch FROM clock_timestamp() - start) * 1000;
END
$$;
CREATE PROCEDURE compare(a text, b text, nrows bigint, a_command text, b_command text, runs int) LANGUAGE plpgsql AS $$
DECLARE
  a_ms float8 := 'Infinity';
  b_ms float8 := 'Infinity';
BEGIN
  FOR run IN 1 .. runs LOOP
    a_ms := least(a_ms, milliseconds(a_command));
    COMMIT;
    b_ms := least(b_ms, milliseconds(b_command));
    COMMIT;
  END LOOP;
  INSERT INTO result (a, b, rows, a_ms, b_ms) VALUES (a, b, nrows, a_ms, b_ms);
END
$$;

-- The same columns by random(), from lists as short as those of the domain.
CREATE VIEW words AS SELECT 'the quick brown parcel waits among final regular deposits before careful late requests move along'::text AS w;
CREATE FUNCTION random_lines(n bigint) RETURNS text LANGUAGE sql AS $$ SELECT format($q$
  SELECT i / 4 AS orderkey, (random() * 199999)::int + 1 AS partkey, (random() * 9999)::int + 1 AS suppkey, (i %% 4)::int + 1 AS linenumber,
    quantity, (quantity * (900 + random() * 1200))::numeric(15,2) AS price, (random() * 0.1)::numeric(15,2) AS discount, (random() * 0.08)::numeric(15,2) AS tax,
    CASE WHEN random() < 0.5 THEN 'N' WHEN random() < 0.5 THEN 'R' ELSE 'A' END::char(1) AS flag, CASE WHEN random() < 0.5 THEN 'O' ELSE 'F' END::char(1) AS status,
    shipped, shipped + (random() * 60)::int - 30 AS committed, shipped + 1 + (random() * 29)::int AS received,
    ('{DELIVER IN PERSON,COLLECT COD,NONE,TAKE BACK RETURN}'::text[])[1 + (random() * 3)::int]::char(25) AS instruct,
    ('{REG AIR,AIR,RAIL,SHIP,TRUCK,MAIL,FOB}'::text[])[1 + (random() * 6)::int]::char(10) AS mode,
    substr(w, (random() * 50)::int, 10 + (random() * 33)::int)::varchar(44) AS comment
  FROM (SELECT i, (1 + (random() * 49)::int)::numeric(15,2) AS quantity, date '1992-01-02' + (random() * 2525)::int AS shipped
        FROM generate_series(1, %s) i OFFSET 0) r, bench.words$q$, n) $$;
CREATE FUNCTION random_orders(n bigint) RETURNS text LANGUAGE sql AS $$ SELECT format($q$
  SELECT i AS orderkey, (random() * 149999)::int + 1 AS custkey, CASE WHEN random() < 0.5 THEN 'O' ELSE 'F' END::char(1) AS status,
    (random() * 300000)::numeric(15,2) AS total, date '1992-01-01' + (random() * 2405)::int AS ordered,
    ('{1-URGENT,2-HIGH,3-MEDIUM,4-NOT SPECIFIED,5-LOW}'::text[])[1 + (random() * 4)::int]::char(15) AS priority,
    ('Clerk#' || to_char((random() * 999)::int + 1, 'FM000000000'))::char(15) AS clerk, 0 AS shippriority,
    substr(w, (random() * 20)::int, 19 + (random() * 59)::int)::varchar(79) AS comment
  FROM generate_series(1, %s) i, bench.words$q$, n) $$;

CALL compare('lineitem as text, COPY to a file', 'the same columns by random()', :lines,
  format('COPY (SELECT * FROM generated.lineitem) TO %L (DELIMITER ''|'')', :'file'),
  format('COPY (%s) TO %L (DELIMITER ''|'')', random_lines(:lines), :'file'), :runs);
CALL compare('orders as text, with totals and status of their lines', 'the same columns by random()', :orders,
  format('COPY (SELECT * FROM generated.orders) TO %L (DELIMITER ''|'')', :'file'),
  format('COPY (%s) TO %L (DELIMITER ''|'')', random_orders(:orders), :'file'), :runs);
SELECT :'dbgen' <> '' AND :'scale' = 'sf1' AS has_dbgen \gset
\if :has_dbgen
CREATE TABLE nothing (line text);
SELECT format('COPY bench.nothing FROM PROGRAM %L', format('cd %s && DSS_PATH=%s ./dbgen -q -f -s 1 -T ', :'dbgen', :'dir')) AS dbgen_start \gset
CALL compare('lineitem as text, COPY to a file', 'dbgen -T L, with its start', :lines,
  format('COPY (SELECT * FROM generated.lineitem) TO %L (DELIMITER ''|'')', :'file'), replace(:'dbgen_start', '-T ''', '-T L'''), :runs);
CALL compare('orders as text, with totals and status of their lines', 'dbgen -T O, with its start', :orders,
  format('COPY (SELECT * FROM generated.orders) TO %L (DELIMITER ''|'')', :'file'), replace(:'dbgen_start', '-T ''', '-T O'''), :runs);
SELECT round(least(milliseconds(replace(:'dbgen_start', '-s 1 -T ''', '-s 0.001 -T L''')), milliseconds(replace(:'dbgen_start', '-s 1 -T ''', '-s 0.001 -T L'''))))
  AS "ms that dbgen takes to start";
\set lines_file :dir /lineitem.tbl
\set orders_file :dir /orders.tbl
COPY (SELECT) TO :'lines_file';
COPY (SELECT) TO :'orders_file';
\endif
COPY (SELECT) TO :'file';
CALL compare('lineitem stored, CREATE TABLE AS', 'the same columns by random()', :lines,
  'DROP TABLE IF EXISTS bench.lines; CREATE TABLE bench.lines AS SELECT * FROM generated.lineitem',
  'DROP TABLE IF EXISTS bench.lines; CREATE TABLE bench.lines AS ' || random_lines(:lines), :runs);
DROP TABLE lines;
\echo Generation, in million rows a second
SELECT a, b, rows, round((rows / a_ms / 1000)::numeric, 3) AS "A", round((rows / b_ms / 1000)::numeric, 3) AS "B", round((b_ms / a_ms)::numeric, 2) AS ratio FROM result ORDER BY id;

-- Stored with keys, indexes and statistics.
CALL spindle_seed('tpch', 'stored', scale => :'scale', report => false);
VACUUM ANALYZE;
\ir ../test/data/tpch_queries.sql
CREATE FUNCTION answer_ms(place text, query text, OUT ms float8, OUT hash text) LANGUAGE plpgsql AS $$
DECLARE
  start timestamptz;
BEGIN
  PERFORM set_config('search_path', place || ', bench, public', true);
  start := clock_timestamp();
  EXECUTE format('SELECT md5(string_agg(q::text, E''\n'')) FROM (%s) q', query) INTO hash;
  ms := extract(epoch FROM clock_timestamp() - start) * 1000;
END
$$;
CREATE TABLE answer (n int PRIMARY KEY, generated_ms float8, stored_ms float8, is_same boolean);
CREATE PROCEDURE measure(runs int) LANGUAGE plpgsql AS $$
DECLARE
  q record;
  g record;
  s record;
  g_ms float8;
  s_ms float8;
BEGIN
  FOR q IN SELECT * FROM bench.tpch_query ORDER BY n LOOP
    g_ms := 'Infinity';
    s_ms := 'Infinity';
    FOR run IN 1 .. runs LOOP
      g := bench.answer_ms('generated', q.query);
      s := bench.answer_ms('stored', q.query);
      g_ms := least(g_ms, g.ms);
      s_ms := least(s_ms, s.ms);
    END LOOP;
    INSERT INTO bench.answer VALUES (q.n, g_ms, s_ms, g.hash IS NOT DISTINCT FROM s.hash);
    COMMIT;
  END LOOP;
END
$$;
CALL measure(:runs);
\echo Queries, in milliseconds
SELECT n, round(generated_ms::numeric, 1) AS generated, round(stored_ms::numeric, 1) AS stored, round((generated_ms / stored_ms)::numeric, 2) AS ratio, is_same
FROM bench.answer ORDER BY n;
\echo All of them
SELECT round(sum(generated_ms)::numeric) AS generated, round(sum(stored_ms)::numeric) AS stored, round((sum(generated_ms) / sum(stored_ms))::numeric, 2) AS ratio,
  round(exp(avg(ln(generated_ms / stored_ms)))::numeric, 2) AS "geometric mean", bool_and(is_same) AS same FROM bench.answer;
