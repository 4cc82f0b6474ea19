--
-- What a delivery from a relation sees: a procedure what any command in its place
-- would, a function what the query sees that calls it.
--
CREATE SCHEMA deliver_snapshot;
SET search_path = deliver_snapshot, public;
CREATE TABLE source (id int);
CREATE TABLE target (id int);
CREATE TABLE compared (id int);
-- Rows that the transaction itself has written before the call.
CREATE FUNCTION fill(n int) RETURNS void LANGUAGE sql AS 'INSERT INTO deliver_snapshot.source SELECT generate_series(1, n)';
CREATE PROCEDURE delivers() LANGUAGE plpgsql AS $$
DECLARE
  t text; n bigint; a bigint; l bigint; b bigint; s float8; r float8;
BEGIN
  INSERT INTO source SELECT generate_series(1, 100);
  UPDATE source SET id = id + 1;
  DELETE FROM source WHERE id > 91;
  INSERT INTO compared SELECT id FROM source;
  CALL spindle_to_table('target', 'source'::regclass, table_name => t, events_sent => n, anomaly_count => a,
    out_of_order_count => l, bytes_sent => b, duration_seconds => s, events_per_second_actual => r);
  RAISE NOTICE 'table: %', n;
  PERFORM fill(10);
  CALL spindle_to_channel('c', 'source'::regclass, table_name => t, events_sent => n, anomaly_count => a,
    out_of_order_count => l, bytes_sent => b, duration_seconds => s, events_per_second_actual => r);
  RAISE NOTICE 'channel: %', n;
  PERFORM fill(10);
  CALL spindle_to_wal('p', 'source'::regclass, table_name => t, events_sent => n, anomaly_count => a,
    out_of_order_count => l, bytes_sent => b, duration_seconds => s, events_per_second_actual => r);
  RAISE NOTICE 'wal: %', n;
  ROLLBACK;
END
$$;
CALL delivers();
SELECT (SELECT count(*) FROM target) AS target, count(*) AS compared FROM compared;
TRUNCATE source, target;
DO $$
DECLARE
  t text; n bigint; a bigint; l bigint; b bigint; s float8; r float8;
BEGIN
  INSERT INTO source SELECT generate_series(1, 100);
  CALL spindle_to_table('target', 'source'::regclass, table_name => t, events_sent => n, anomaly_count => a,
    out_of_order_count => l, bytes_sent => b, duration_seconds => s, events_per_second_actual => r);
  RAISE NOTICE 'table: %', n;
END
$$;
SELECT count(*) FROM target;
TRUNCATE source, target;
-- a transaction with one snapshot sees its own changes, too
SET default_transaction_isolation = 'repeatable read';
DO $$
DECLARE
  t text; n bigint; a bigint; l bigint; b bigint; s float8; r float8;
BEGIN
  PERFORM FROM source;
  INSERT INTO source SELECT generate_series(1, 100);
  CALL spindle_to_table('target', 'source'::regclass, table_name => t, events_sent => n, anomaly_count => a,
    out_of_order_count => l, bytes_sent => b, duration_seconds => s, events_per_second_actual => r);
  RAISE NOTICE 'table: %', n;
END
$$;
RESET default_transaction_isolation;
-- A query sees its own snapshot, whatever its functions write meanwhile.
TRUNCATE source;
WITH w AS (INSERT INTO source SELECT generate_series(1, 5) RETURNING id)
SELECT (SELECT count(*) FROM w) AS written, (SELECT count(*) FROM spindle_stream('source'::regclass)) AS seen;
SELECT count(*) FROM spindle_stream('source'::regclass);
-- A view that writes works where workers could be had.
CREATE SEQUENCE counter;
CREATE VIEW counted AS SELECT nextval('counter') AS n;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
CREATE TABLE many AS SELECT generate_series(1, 2000) AS i;
ANALYZE many;
SELECT count(*), sum(n) FROM (SELECT count(*) FROM many) a (i), (SELECT (event ->> 'n')::int AS n FROM spindle_stream('counted'::regclass)) s;
SELECT count(*) FROM many WHERE i > (SELECT count(*) FROM spindle_stream('counted'::regclass));
SELECT proparallel, count(*) FROM pg_proc WHERE proname = 'spindle_stream' GROUP BY 1 ORDER BY 1;
SET client_min_messages = warning;
DROP SCHEMA deliver_snapshot CASCADE;
