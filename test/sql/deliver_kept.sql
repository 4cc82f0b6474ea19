--
-- What a delivery that commits keeps beyond a transaction is released when it
-- ends, in whatever way: rows of a relation that are in temporary files.
--
CREATE SCHEMA deliver_kept;
SET search_path = deliver_kept, public;
SET timezone = 'UTC';
SET work_mem = '64kB';

CREATE TABLE source AS
  SELECT i, '2024-01-01 UTC'::timestamptz - i * interval '1 s' AS at, i % 4000 AS "group", CASE WHEN i % 3000 = 1 THEN repeat(md5(i::text), 4000) ELSE 'note ' || i END AS note
  FROM generate_series(1, 6000) i;
ALTER TABLE source ALTER note SET STORAGE EXTERNAL;
CREATE TABLE unordered AS SELECT i, note FROM source;
CREATE VIEW temporary_files AS SELECT count(*) FROM pg_ls_tmpdir() WHERE name LIKE 'pgsql_tmp' || pg_backend_pid() || '.%';

-- To the end: all rows, some of them longer than work_mem, in order.
CREATE TABLE target (n int GENERATED ALWAYS AS IDENTITY, i int, note text);
CALL spindle_to_table('target', 'source'::regclass) \gset r_
SELECT count(*), bool_and(t.i = 6001 - t.n) AS ordered, bool_and(t.note = s.note) AS same FROM target t JOIN source s USING (i);
TRUNCATE target RESTART IDENTITY;
CALL spindle_to_table('target', 'unordered'::regclass, skip_events => 10, batch_size => 7) \gset r_
SELECT count(*), bool_and(t.i = t.n + 10) AS ordered, bool_and(t.note = s.note) AS same FROM target t JOIN source s USING (i);
-- collective anomalies read and sort them several times
TRUNCATE target RESTART IDENTITY;
CALL spindle_to_table('target', 'source'::regclass, anomalies => spindle_collective_anomaly('c', 'group', 'at', fraction => 0.5)) \gset r_
SELECT count(*), count(DISTINCT i), bool_and(t.note = s.note) AS same FROM target t JOIN source s USING (i);
TABLE temporary_files;

-- An error after some commits.
CREATE TABLE refuses (i int CHECK (i <> 1500));
CALL spindle_to_table('refuses', 'source'::regclass); -- ERROR
TABLE temporary_files;
CALL spindle_to_table('refuses', 'unordered'::regclass); -- ERROR
TABLE temporary_files;
\set SHOW_CONTEXT never
CALL spindle_to_table('refuses', 'source'::regclass, anomalies => spindle_collective_anomaly('c', 'group', 'at', fraction => 0.5)); -- ERROR
TABLE temporary_files;
-- an end from outside, while the delivery waits
SET statement_timeout = '300ms';
CALL spindle_to_table('target', 'source'::regclass, realtime => true, events_per_second => 1, arrivals => 'uniform'); -- ERROR
RESET statement_timeout;
TABLE temporary_files;
SET statement_timeout = '300ms';
CALL spindle_to_wal('p', 'unordered'::regclass, realtime => true, events_per_second => 1, arrivals => 'uniform'); -- ERROR
RESET statement_timeout;
TABLE temporary_files;
-- a file that cannot grow, as if the disk were full: one error, and no file
SET temp_file_limit = '128kB';
\set VERBOSITY sqlstate
CALL spindle_to_table('target', 'unordered'::regclass); -- ERROR
\set VERBOSITY default
TABLE temporary_files;
RESET temp_file_limit;
\set SHOW_CONTEXT errors
-- the session goes on
TRUNCATE target RESTART IDENTITY;
CALL spindle_to_table('target', 'unordered'::regclass, max_events => 1) \gset r_
SELECT n, i FROM target;

SET client_min_messages = warning;
DROP SCHEMA deliver_kept CASCADE;
