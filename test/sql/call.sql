--
-- Procedures called from PL/pgSQL and SQL: the server wants a variable for each
-- output argument there, so each procedure also comes without them.
--
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS calls, calls_made CASCADE;
RESET client_min_messages;
CREATE SCHEMA calls;
SET search_path = calls, public;
CREATE TABLE target (order_id bigint, status text);
CREATE TABLE source (order_id bigint, status text);
INSERT INTO source SELECT i, 'status ' || i FROM generate_series(1, 5) i;
CREATE PROCEDURE forget() LANGUAGE sql AS $$
  SET LOCAL client_min_messages = warning;
  DROP SCHEMA IF EXISTS calls_made CASCADE;
  TRUNCATE target;
$$;

-- What the server does with output arguments that are left out.
DO $$ BEGIN CALL spindle_seed('retail', 'calls_made'); END $$; -- ERROR
\echo :SQLSTATE

-- notices have figures that are not the same each time
\set VERBOSITY terse

-- In a DO block.
DO $$
BEGIN
  CALL spindle_seed('retail', 'calls_made', report => true);
  CALL spindle_to_table('target', 'retail', 'order', report => true, max_events => 0);
  CALL spindle_to_table('target', 'source'::regclass, report => true, batch_size => 2);
  CALL spindle_to_table('target', 'source', report => true);
  CALL spindle_to_channel('c', 'retail', 'order', report => true, max_events => 7);
  CALL spindle_to_channel('c', 'retail', NULL, report => true, max_events => 7, oversize => 'skip');
  CALL spindle_to_channel('c', 'source', report => true, max_events => 2);
  CALL spindle_to_wal('p', 'retail', table_name => 'order', report => true, max_events => 7, transactional => true);
  CALL spindle_to_wal('p', 'source', report => true, skip_events => 4);
  CALL spindle_to_wal('p', 'source', report => false);
END
$$;
SELECT count(*), (SELECT count(*) FROM calls_made.store) AS stores FROM target;
CALL forget();

-- In a procedure, also with workers.
CREATE PROCEDURE delivers() LANGUAGE plpgsql AS $$
BEGIN
  CALL spindle_seed('retail', 'calls_made', report => false, workers => 1, tables => '{store}');
  CALL spindle_to_table('target', 'retail', 'order', report => false, max_events => 3);
END
$$;
CALL delivers();
SELECT count(*), (SELECT count(*) FROM calls_made.store) AS stores FROM target;
CALL forget();

-- Functions and blocks that catch errors can seed, as that need not commit ...
CREATE FUNCTION seeds() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  CALL spindle_seed('retail', 'calls_made', report => true, tables => '{store}');
  RETURN (SELECT count(*) FROM calls_made.store);
END
$$;
SELECT seeds();
CALL forget();
CREATE FUNCTION seeds_in_sql() RETURNS bigint LANGUAGE sql AS $$
  CALL spindle_seed('retail', 'calls_made', report => true, tables => '{store}');
  SELECT 1::bigint;
$$;
SELECT seeds_in_sql();
CALL forget();
DO $$
BEGIN
  CALL spindle_seed('retail', 'calls_made', report => false, tables => '{store}');
  RAISE division_by_zero;
EXCEPTION WHEN division_by_zero THEN
  RAISE NOTICE 'relation is %', to_regclass('calls_made.store');
END
$$;

-- ... and cannot deliver by a procedure.
CREATE FUNCTION delivers_too() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  CALL spindle_to_table('target', 'retail', 'order', report => false, max_events => 3);
END
$$;
SELECT delivers_too(); -- ERROR
\echo :SQLSTATE
CREATE PROCEDURE delivers_in_sql() LANGUAGE sql AS $$
  CALL spindle_to_table('target', 'retail', 'order', report => false, max_events => 3);
$$;
CALL delivers_in_sql(); -- ERROR
\echo :SQLSTATE
DO $$
BEGIN
  CALL spindle_to_wal('p', 'retail', 'order', report => false, max_events => 3);
EXCEPTION WHEN division_by_zero THEN NULL;
END
$$; -- ERROR
\echo :SQLSTATE

-- What works there instead.
CREATE FUNCTION delivers_otherwise() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO target SELECT (event->>'order_id')::bigint, event->>'status' FROM spindle_stream('retail', 'order', max_events => 3);
  PERFORM pg_notify('c', event::text) FROM spindle_stream('retail', 'order', max_events => 3);
  PERFORM pg_logical_emit_message(false, 'p', event::text) FROM spindle_stream('retail', 'order', max_events => 3);
  PERFORM spindle_to_file('/dev/null', 'retail', 'order', max_events => 3);
  RETURN (SELECT count(*) FROM target);
EXCEPTION WHEN division_by_zero THEN RETURN NULL;
END
$$;
SELECT delivers_otherwise();
CALL forget();

-- With variables for the results, each procedure is as it was.
DO $$
DECLARE
  t int; r bigint; b bigint; s float8;
BEGIN
  CALL spindle_seed('retail', 'calls_made', tables => '{store}', tables_created => t, rows_inserted => r,
    bytes_stored => b, duration_seconds => s);
  RAISE NOTICE '% tables, % rows', t, r;
END
$$;
CALL forget();

-- Outside of PL/pgSQL both forms can be called, and a literal means what it meant.
CALL spindle_seed('retail', 'calls_made', 'small', tables => '{store}') \gset
SELECT :tables_created, :rows_inserted;
CALL forget();
CALL spindle_seed('retail', 'calls_made', report => true, scale => 'small', tables => '{store}');
CALL spindle_to_channel('c', 'retail', 'order', 'small', 42, 3) \gset
SELECT :'table_name', :events_sent;
CALL spindle_to_channel('c', 'retail', NULL, max_events => 0) \gset
SELECT :events_sent;
CALL spindle_to_channel('c', 'source'::regclass, 'small', 42, 3) \gset
SELECT :'table_name', :events_sent;
CALL spindle_to_channel('c', 'retail', 'order', report => NULL); -- ERROR
\echo :SQLSTATE
CALL spindle_seed('retail', 'calls_made', report => NULL); -- ERROR
\echo :SQLSTATE
CALL spindle_seed('retail', 'calls_made', report => true, if_exists => 'maybe'); -- ERROR
CALL spindle_to_wal('p', 'retail', 'order', report => true, transactional => NULL); -- ERROR

SET client_min_messages = warning;
DROP SCHEMA calls, calls_made CASCADE;
