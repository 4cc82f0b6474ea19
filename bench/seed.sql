-- Stored tables, with wal_level replica.  Files are in memory where possible, so that they compare the
-- loading and not the disk; every command replaces what the one before it made.
\set seed_scale medium
SET maintenance_work_mem = '256MB';
CREATE SCHEMA medium;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO medium OPTIONS (scale :'seed_scale');
SELECT sum(row_count) AS all_rows, sum(row_count) FILTER (WHERE table_name = 'order_line') AS lines
FROM spindle_tables('retail', :'seed_scale') \gset

-- What others load: a file per table, and a table without indexes.
SELECT format('COPY (SELECT * FROM medium.%I) TO %L (FORMAT csv)', table_name, :'dir' || '/' || table_name || '.csv')
FROM spindle_tables('retail') \gexec
\set binary :dir '/order_line.binary'
\set csv :dir '/order_line.csv'
COPY (SELECT * FROM medium.order_line) TO :'binary' (FORMAT binary);
CREATE TABLE bench.order_line (LIKE medium.order_line);
SELECT format('CALL spindle_seed(%L, %L, scale => %L, tables => %L, keys => false, indexes => false, statistics => false, if_exists => %L)',
  'retail', 'seeded', :'seed_scale', '{order_line}', 'replace') AS seed_line \gset

CALL bench.compare('order_line stored, logged, no indexes : COPY FROM csv of the same rows', 2.5,
  :lines, :'seed_line', :lines, format('TRUNCATE bench.order_line; COPY bench.order_line FROM %L (FORMAT csv)', :'csv'),
  :runs, is_command => true);
CALL bench.compare('the same : COPY FROM binary of the same rows', 1.4,
  :lines, :'seed_line', :lines, format('TRUNCATE bench.order_line; COPY bench.order_line FROM %L (FORMAT binary)', :'binary'),
  :runs, is_command => true);
CALL bench.compare('the same : INSERT of 8 columns by random()', 4,
  :lines, :'seed_line', :lines, $$TRUNCATE bench.order_line; INSERT INTO bench.order_line
    SELECT i, (random() * 500000)::bigint, (random() * 5000)::int, CASE WHEN random() < 0.3 THEN (random() * 200)::int END,
      1 + (random() * 4)::int, (random() * 100)::numeric(10,2), (random() * 50)::numeric(5,2), (random() * 400)::numeric(12,2)
    FROM generate_series(1, $$ || :lines || ') i', :runs, is_command => true);

-- The whole domain, ready with keys, indexes and statistics.
SELECT split_part(ddl, mark, 1) AS tables, split_part(ddl, mark, 2) AS keys,
  (SELECT string_agg(format('COPY loaded.%I FROM %L (FORMAT csv);', table_name, :'dir' || '/' || table_name || '.csv'), ' ')
   FROM spindle_tables('retail')) AS copies,
  (SELECT string_agg(format('ANALYZE loaded.%I;', table_name), ' ') FROM spindle_tables('retail')) AS statistics,
  format('CALL spindle_seed(%L, %L, scale => %L, if_exists => %L)', 'retail', 'seeded', :'seed_scale', 'replace') AS seed_all
FROM spindle_ddl('retail', 'loaded') AS ddl, (SELECT '-- Load the data here.' AS mark) m \gset
SET client_min_messages = warning;
CALL bench.compare('retail with keys, indexes, statistics : the usual script, constraints first, COPY FROM csv', 4,
  :all_rows, :'seed_all', :all_rows, 'DROP SCHEMA IF EXISTS loaded CASCADE;' || :'tables' || :'keys' || :'copies' || :'statistics',
  least(:runs, 2), is_command => true, warm_up => false);
CALL bench.compare('the same : the careful script, constraints last', 1.3,
  :all_rows, :'seed_all', :all_rows, 'DROP SCHEMA IF EXISTS loaded CASCADE;' || :'tables' || :'copies' || :'keys' || :'statistics',
  :runs, is_command => true, warm_up => false);

-- Tables that exist, with all keys; the other side has the rows in tables already.
SELECT 'TRUNCATE ' || string_agg(format('loaded.%I', table_name), ', ') || ';' AS empty,
  string_agg(format('INSERT INTO loaded.%1$I SELECT * FROM seeded.%1$I;', table_name), ' ') AS inserts
FROM spindle_tables('retail') \gset
CALL bench.compare('retail into existing tables with keys : INSERT ... SELECT of the same rows, stored', 3,
  :all_rows, :'empty' || format('CALL spindle_fill_schema(%L, %L, scale => %L)', 'retail', 'loaded', :'seed_scale'),
  :all_rows, :'empty' || :'inserts', least(:runs, 2), is_command => true, warm_up => false);
-- A table with a trigger takes an INSERT; the goal is within 1.2 times the other one.
CREATE SCHEMA watched;
CREATE TABLE watched.order_line (LIKE seeded.order_line INCLUDING ALL);
CREATE FUNCTION watched.look() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER look AFTER INSERT ON watched.order_line FOR EACH STATEMENT EXECUTE FUNCTION watched.look();
CALL bench.compare('order_line into a table with a trigger and a key : INSERT ... SELECT of the same rows, stored', 1 / 1.2,
  :lines, format('TRUNCATE watched.order_line; CALL spindle_fill_schema(%L, %L, scale => %L, tables => %L)', 'retail', 'watched', :'seed_scale', '{order_line}'),
  :lines, 'TRUNCATE watched.order_line; INSERT INTO watched.order_line SELECT * FROM seeded.order_line', least(:runs, 3), is_command => true);
DROP SCHEMA watched CASCADE;
DROP SCHEMA seeded CASCADE;

-- Workers commit, so calls with them cannot be measured within a function:
-- seed_workers.sql fills these in.
CREATE TABLE bench.careful_script AS
SELECT 'DROP SCHEMA IF EXISTS loaded CASCADE;' || :'tables' || :'copies' || :'keys' || :'statistics' AS script;
INSERT INTO bench.result (comparison, goal, a_rows, b_rows) VALUES
  ('the same by 2 workers : the careful script', 1.3, :all_rows, :all_rows),
  ('the same by 2 workers : by 1 worker (no parallel index builds)', 1.3, :all_rows, :all_rows);
