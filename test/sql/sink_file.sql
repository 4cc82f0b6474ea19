--
-- spindle_to_file: JSON lines in a file of the server.
--
-- The files lie in a directory of the cluster that runs the tests; messages
-- show it as DIR.
CREATE SCHEMA sink_file;
SET search_path = sink_file, public;
SELECT current_setting('data_directory') || '/spindle_sink_file' AS dir \gset
COPY (SELECT WHERE false) TO PROGRAM 'rm -rf spindle_sink_file && mkdir spindle_sink_file spindle_sink_file/directory spindle_sink_file/closed && mkfifo spindle_sink_file/fifo && chmod 0 spindle_sink_file/closed';
CREATE TABLE setting AS SELECT :'dir'::text AS dir;
GRANT USAGE ON SCHEMA sink_file TO public;
GRANT SELECT ON setting TO public;

-- The figures of the result row, or the error.
CREATE FUNCTION try(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  directory text := (SELECT dir FROM sink_file.setting);
  r record;
  state text; message text; detail text; hint text;
BEGIN
  EXECUTE format('SELECT table_name, events_sent, anomaly_count, out_of_order_count FROM spindle_to_file(%s)',
                 replace(call, 'DIR', directory)) INTO r;
  RETURN r::text;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN replace(concat_ws(' | ', state, message, nullif(detail, ''), nullif(hint, '')), directory, 'DIR');
END
$$;
CREATE FUNCTION lines(name text) RETURNS bigint LANGUAGE sql AS $$
  SELECT length(f) - length(replace(f, E'\n', '')) FROM pg_read_file((SELECT dir || '/' || name FROM sink_file.setting)) f
$$;

-- The figures are true: as many lines and bytes as the file has.
SELECT r.table_name, events_sent, anomaly_count, out_of_order_count,
  bytes_sent = (pg_stat_file(:'dir' || '/order')).size AS bytes, events_sent = lines('order') AS lines,
  duration_seconds >= 0 AS duration, events_per_second_actual > 0 AS rate
FROM spindle_to_file(:'dir' || '/order', 'retail', 'order', 'fabric_demo') r;
-- The content is that of spindle_stream, one event a line, each line complete.
SELECT pg_read_file(:'dir' || '/order') =
  (SELECT string_agg(event::text || E'\n', '' ORDER BY delivery_seq) FROM spindle_stream('retail', 'order', 'fabric_demo')) AS same;
-- More than the buffer of 1 MB, in the sorted stream, with all arguments.
SELECT events_sent, bytes_sent = (pg_stat_file(:'dir' || '/big')).size AS bytes, bytes_sent > 1024 * 1024 AS is_big,
  lines('big')
FROM spindle_to_file(path => :'dir' || '/big', domain => 'retail', table_name => 'order_line', scale => 'medium',
  seed => 5, max_events => 12000, skip_events => 2000, mode => 'x');
SELECT md5(pg_read_file(:'dir' || '/big')) = md5(string_agg(event::text || E'\n', '' ORDER BY delivery_seq)) AS same
FROM spindle_stream('retail', 'order_line', 'medium', 5, max_events => 12000, skip_events => 2000);
SELECT try($$'DIR/return', 'retail', 'return', 'small'$$), lines('return');

-- Many events are made by several processes, with the same bytes.
SET max_parallel_workers_per_gather = 0;
SELECT try($$'DIR/serial', 'retail', 'order', 'medium', max_events => 100000, out_of_order_fraction => 0.1, anomalies => spindle_point_anomaly('a', 'order_total')$$);
SET max_parallel_workers_per_gather = 1;
SELECT try($$'DIR/parallel', 'retail', 'order', 'medium', max_events => 100000, out_of_order_fraction => 0.1, anomalies => spindle_point_anomaly('a', 'order_total')$$);
RESET max_parallel_workers_per_gather;
SELECT md5(pg_read_binary_file(:'dir' || '/serial')) = md5(pg_read_binary_file(:'dir' || '/parallel')) AS same, lines('parallel');

-- No events: an empty file.
SELECT try($$'DIR/empty', 'retail', 'store', max_events => 0$$), (pg_stat_file(:'dir' || '/empty')).size;
SELECT try($$'DIR/empty', 'retail', 'store', skip_events => 1000000$$), (pg_stat_file(:'dir' || '/empty')).size;

-- The end of ten billion events is as near as their beginning.  A walk over
-- all of them would take minutes; the limit keeps a failure short.
SET statement_timeout = '20s';
SELECT try($$'DIR/last', 'retail', 'order', 'xxxl', skip_events => 9999999999$$);
RESET statement_timeout;
SELECT try($$'DIR/late', 'retail', 'order', 'xxxl', max_events => 1000001, skip_events => 1000000$$), pg_read_file(:'dir' || '/late')::json ->> 'order_id' AS order_id;

-- Modes: replace, append, create.
SELECT try($$'DIR/mode', 'retail', 'store', max_events => 5$$), lines('mode');
SELECT try($$'DIR/mode', 'retail', 'store', max_events => 2$$), lines('mode');
SELECT try($$'DIR/mode', 'retail', 'store', max_events => 5, skip_events => 2, mode => 'a'$$), lines('mode');
SELECT pg_read_file(:'dir' || '/mode') =
  (SELECT string_agg(event::text || E'\n', '' ORDER BY seq) FROM spindle_stream('retail', 'store', max_events => 5)) AS resumed;
SELECT try($$'DIR/appended', 'retail', 'store', max_events => 2, mode => 'a'$$), lines('appended');
SELECT try($$'DIR/mode', 'retail', 'store', mode => 'x'$$), lines('mode');
SELECT try($$'DIR/new', 'retail', 'store', max_events => 1, mode => 'x'$$), lines('new');
-- others may read the file, none but the server may write it
COPY (SELECT WHERE false) TO PROGRAM 'chmod 600 spindle_sink_file/mode; test "$(stat -c %a spindle_sink_file/new)" = 644';

-- Paths that will not do.
SELECT try($$'file', 'retail', 'store'$$);
SELECT try($$'./file', 'retail', 'store'$$);
SELECT try($$'', 'retail', 'store'$$);
SELECT try($$'DIR/directory', 'retail', 'store'$$);
SELECT try($$'DIR/missing/file', 'retail', 'store'$$);
-- which has nothing to do with events
SELECT spindle_to_file('/spindle_no_such_directory/file', 'retail', 'store', skip_events => 3); -- ERROR
SELECT try($$'DIR/closed/file', 'retail', 'store'$$);
SELECT try($$'DIR/order/file', 'retail', 'store'$$);
SELECT try($$'DIR/fifo', 'retail', 'store'$$);
SELECT try($$'DIR/' || repeat('x', 300), 'retail', 'store'$$) ~ 'File name too long' AS name_too_long;

-- Wrong arguments: no file is made.
SELECT try($$'DIR/none', 'retail', 'store', mode => 'r'$$);
SELECT try($$'DIR/none', 'retail', 'store', mode => 'W'$$);
SELECT try($$'DIR/none', 'retail', 'store', mode => ''$$);
SELECT try($$'DIR/none', 'retail', 'stores'$$);
SELECT try($$'DIR/none', 'retial', 'store'$$);
SELECT try($$'DIR/none', 'retail', 'store', 'smal'$$);
SELECT try($$'DIR/none', 'retail', 'store', max_events => -1$$);
SELECT try($$'DIR/none', 'retail', 'store', skip_events => -5$$);
SELECT try($$NULL, 'retail', 'store'$$);
SELECT try($$'DIR/none', NULL, 'store'$$);
SELECT try($$'DIR/none', 'retail', 'store', seed => NULL$$);
SELECT try($$'DIR/none', 'retail', 'store', skip_events => NULL$$);
SELECT try($$'DIR/none', 'retail', 'store', mode => NULL$$);
SELECT pg_stat_file(:'dir' || '/none', true) IS NULL AS no_file;
-- and an old file is untouched
SELECT try($$'DIR/mode', 'retail', 'store', 'smal'$$), lines('mode');

-- A full disk: the reason and the number of complete lines.
SELECT try($$'/dev/full', 'retail', 'store'$$);
SELECT try($$'/dev/full', 'retail', 'order_line', 'small'$$);
SELECT try($$'/dev/null', 'retail', 'store'$$);

-- Privileges are those of COPY TO a file.
CREATE ROLE regress_spindle_writer;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA sink_file TO regress_spindle_writer;
SET ROLE regress_spindle_writer;
SELECT try($$'DIR/role', 'retail', 'store'$$);
-- the privilege comes first: nobody finds out which files there are
SELECT try($$'DIR/directory', 'retail', 'store'$$);
RESET ROLE;
SELECT pg_stat_file(:'dir' || '/role', true) IS NULL AS no_file;
GRANT pg_write_server_files TO regress_spindle_writer;
SET ROLE regress_spindle_writer;
SELECT try($$'DIR/role', 'retail', 'store'$$);
RESET ROLE;
REVOKE pg_write_server_files FROM regress_spindle_writer;

-- errors as a client sees them
SELECT spindle_to_file('file', 'retail', 'store'); -- ERROR
\set VERBOSITY sqlstate
SELECT spindle_to_file('file', 'retail', 'store'); -- ERROR
SELECT spindle_to_file('/dev/full', 'retail', 'store'); -- ERROR
\set VERBOSITY default

-- A failed call leaves no file open: far more calls than a process may have
-- open files.
DO $$
BEGIN
  FOR i IN 1 .. 2000 LOOP
    BEGIN
      PERFORM spindle_to_file('/dev/full', 'retail', 'store', max_events => 1);
      RAISE EXCEPTION 'no error';
    EXCEPTION WHEN disk_full THEN NULL;
    END;
  END LOOP;
END
$$;

COPY (SELECT WHERE false) TO PROGRAM 'chmod 700 spindle_sink_file/closed && rm -r spindle_sink_file';
SET client_min_messages = warning;
DROP SCHEMA sink_file CASCADE;
DROP ROLE regress_spindle_writer;
