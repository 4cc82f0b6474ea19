--
-- The arguments that all streaming functions share: what each may be, and that
-- nothing is begun when one is wrong.
--
CREATE SCHEMA stream_options;
SET search_path = stream_options, public;
SELECT current_setting('data_directory') || '/spindle_stream_options' AS file \gset
CREATE TABLE setting AS SELECT :'file'::text AS file;

-- The error of a call with these arguments, by the node, by the function and
-- by spindle_to_file: all three say the same.
CREATE FUNCTION try(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; message text; detail text; hint text;
BEGIN
  EXECUTE query;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', state, message, nullif(detail, ''), nullif(hint, ''));
END
$$;
CREATE FUNCTION error(args text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  node text := try(format('SELECT * FROM spindle_stream(%s)', args));
  called text := try(format('SELECT * FROM spindle_stream(%s) WITH ORDINALITY', args));
  sent text := try(format('SELECT * FROM spindle_to_file(%L, %s)', (SELECT file FROM setting), args));
BEGIN
  RETURN CASE WHEN node = called AND node = sent THEN node ELSE concat_ws(E'\n', 'node: ' || node, 'function: ' || called, 'file: ' || sent) END;
END
$$;
CREATE FUNCTION option(name text, value text) RETURNS text LANGUAGE sql AS $$
  SELECT error(format('domain => ''retail'', table_name => ''order'', max_events => 3, %I => %s', name, value))
$$;
\pset format unaligned

-- NULL is a value of those arguments alone that say so: no limit, no windows ...
SELECT name, error(format('domain => %s, table_name => %s%s', CASE name WHEN 'domain' THEN 'NULL' ELSE '''retail''' END, CASE name WHEN 'table_name' THEN 'NULL, max_events => 3' ELSE '''store''' END,
  CASE WHEN name NOT IN ('domain', 'table_name') THEN format(', %I => NULL', name) END))
FROM (SELECT DISTINCT ON (name) unnest(proargnames[:pronargs]) AS name FROM pg_proc WHERE proname = 'spindle_stream' ORDER BY 1) a
WHERE name IN ('domain', 'table_name', 'scale', 'seed', 'max_events', 'duration', 'events_per_second', 'realtime', 'arrivals', 'burst_windows', 'time_pattern', 'clock_start',
  'out_of_order_fraction', 'out_of_order_max_delay_slots', 'anomalies', 'label_anomalies', 'timestamp_column', 'skip_events', 'batch_size') ORDER BY name COLLATE "C";
SELECT NOT pg_stat_file(file, true) IS NULL AS made FROM setting;
COPY (SELECT WHERE false) TO PROGRAM 'rm -f spindle_stream_options';

-- Names.
SELECT args, regexp_replace(error(args), '( \| |  )Domains: .*', '') FROM (VALUES ($$'', 'order'$$), ($$'Retail', 'order'$$), ($$'retial', 'order'$$), ($$'../retail', 'order'$$), ($$'retail', ''$$), ($$'retail', 'Order'$$), ($$'retail', 'ordr'$$),
  ($$'retail', 'order', ''$$), ($$'retail', 'order', 'Small'$$), ($$'retail', 'order', 'smal'$$)) v (args);
-- Counts.
SELECT name, value, option(name, value) FROM (VALUES ('skip_events', '-1'), ('skip_events', '-9223372036854775808')) v (name, value);
SELECT value, error(format($$'retail', 'order', max_events => %s$$, value)) FROM unnest('{-1,-9223372036854775808}'::text[]) value;
-- Intervals: months have no fixed length.
SELECT value, option('duration', quote_literal(value)) FROM unnest('{-1 s,-1 us,1 mon,1 year,-1 mon,1 mon -30 days,1 day -25 h,soon,1 day -23 h,0,100000 days}'::text[]) value;
-- Numbers with bounds.
SELECT value, option('events_per_second', quote_literal(value)) FROM unnest('{0,-1,-0,1e-7,1e-6,1e9,1.1e9,NaN,Infinity,-Infinity,x}'::text[]) value;
SELECT value, option('out_of_order_fraction', quote_literal(value)) FROM unnest('{-0.1,-1e-300,0,1,1.5,2,NaN,Infinity,-Infinity}'::text[]) value;
SELECT value, option('out_of_order_max_delay_slots', value) FROM unnest('{-2147483648,-1,0,1,1000000,1000001,2147483647}'::text[]) value;
SELECT value, option('clock_start', quote_literal(value)) FROM unnest('{infinity,-infinity,2024-01-01,epoch,noon}'::text[]) value;
-- Words.
SELECT value, option('arrivals', quote_literal(value)) FROM unnest('{poisson,uniform,Poisson,"",poison,"uniform "}'::text[]) value;

-- Burst windows.
SELECT value, option('burst_windows', quote_literal(value)) FROM unnest(ARRAY[
  '{"start_event": 0, "end_event": 1, "multiplier": 2}', '[]', '[{"start_event": 0, "end_event": 1, "multiplier": 2}, {"start_offset_seconds": 0, "duration_seconds": 0.5, "multiplier": 0.5}]',
  '{"start_event": 5, "end_event": 5, "multiplier": 2}', '{"start_event": 5, "end_event": 4, "multiplier": 2}', '{"start_event": -1, "end_event": 4, "multiplier": 2}', '{"start_event": 1.5, "end_event": 4, "multiplier": 2}',
  '{"start_event": 1, "multiplier": 2}', '{"end_event": 1, "multiplier": 2}', '{"start_event": "1", "end_event": 4, "multiplier": 2}', '{"start_event": 0, "end_event": 9223372036854775807, "multiplier": 2}',
  '{"start_event": 0, "end_event": 9223372036854775808, "multiplier": 2}',
  '{"start_offset_seconds": -1, "duration_seconds": 1, "multiplier": 2}', '{"start_offset_seconds": 1, "duration_seconds": 0, "multiplier": 2}', '{"start_offset_seconds": 1, "duration_seconds": -1, "multiplier": 2}',
  '{"start_offset_seconds": 1, "multiplier": 2}', '{"duration_seconds": 1, "multiplier": 2}', '{"start_offset_seconds": 1e13, "duration_seconds": 1, "multiplier": 2}',
  '{"start_event": 0, "end_event": 1, "start_offset_seconds": 1, "duration_seconds": 1, "multiplier": 2}', '{"start_event": 0, "duration_seconds": 1, "multiplier": 2}', '{"multiplier": 2}', '{}',
  '{"start_event": 0, "end_event": 1, "multiplier": 0}', '{"start_event": 0, "end_event": 1, "multiplier": -2}', '{"start_event": 0, "end_event": 1, "multiplier": "2"}', '{"start_event": 0, "end_event": 1, "multiplier": 1e7}',
  '{"start_event": 0, "end_event": 1, "multiplier": 2, "rate": 3}', '5', '"x"', 'null', 'true', '[5]', '[null]', '[[]]', '[{"start_event": 0, "end_event": 1, "multiplier": 2}, {"start_event": 0}]', '{']) value;
SELECT option('burst_windows', quote_literal((SELECT jsonb_agg(spindle_burst_window(i, i + 1)) FROM generate_series(1, n) i))) FROM unnest('{1000,1001}'::int[]) n;
-- the builder: its default multiplier is 2, what is NULL is left out
SELECT spindle_burst_window(0, 5), spindle_burst_window(start_offset_seconds => 0.5, duration_seconds => 1, multiplier => 3);
SELECT call, try('SELECT spindle_burst_window(' || call || ')') FROM unnest(ARRAY['', '1', '5, 5', '5, 4', '-1, 4', 'NULL, 4', '0, 5, 1, 1', 'start_offset_seconds => 1', 'start_offset_seconds => 1, duration_seconds => 0', 'start_offset_seconds => ''NaN'', duration_seconds => 1',
  '0, 5, multiplier => 0', '0, 5, multiplier => -1', '0, 5, multiplier => ''infinity''', '0, 5, multiplier => ''NaN''', '0, 9223372036854775807']) call;

-- Time patterns.
SELECT value, option('time_pattern', quote_literal(value)) FROM unnest(ARRAY[
  '"business_hours"', '"retail_peak"', '{}', '{"preset": "retail_peak"}', '{"preset": "retail_peak", "hours": {"0": 2.5}, "weekdays": {"6": 0}}', '{"hours": {}}',
  '"Business_hours"', '"lunch"', '""', '{"preset": "lunch"}', '{"preset": 5}', '{"hours": {"24": 1}}', '{"hours": {"-1": 1}}', '{"hours": {"01": 1}}', '{"hours": {"noon": 1}}', '{"hours": {"0": -1}}', '{"hours": {"0": "1"}}', '{"hours": {"0": 1e7}}',
  '{"hours": [1, 2]}', '{"hours": 5}', '{"weekdays": {"7": 1}}', '{"weekdays": {"mon": 1}}', '{"weekdays": {"0": -0.5}}', '{"weekday": {"0": 1}}', '[]', '5', 'null', 'true',
  '{"weekdays": {"0": 0, "1": 0, "2": 0, "3": 0, "4": 0, "5": 0, "6": 0}}']) value;
SELECT option('time_pattern', quote_literal(jsonb_build_object('hours', jsonb_object_agg(h, 0)))) FROM generate_series(0, 23) h;
SELECT spindle_time_pattern('retail_peak'), spindle_time_pattern(hours => '{"3": 0}', weekdays => '{"0": 2}'), spindle_time_pattern();
SELECT call, try('SELECT spindle_time_pattern(' || call || ')') FROM unnest(ARRAY['''lunch''', '''''', 'hours => ''{"24": 1}''', 'hours => ''[]''', 'weekdays => ''{"7": 1}''', 'weekdays => ''{"0": -1}''', '''retail_peak'', ''5''']) call;

-- Several mistakes: the first is reported.  All this made no file.
SELECT error($$'retail', 'order', arrivals => 'x', events_per_second => 0, out_of_order_fraction => 5$$);
SELECT try(format('SELECT spindle_to_file(%L, ''retail'', ''order'', mode => ''z'')', file)) FROM setting;
SELECT bool_or(try(format('SELECT spindle_to_file(%L, ''retail'', ''order'', %s)', file, args)) NOT LIKE '22%') AS accepted
FROM setting, unnest(ARRAY['max_events => -1', 'events_per_second => 0', 'arrivals => ''x''', 'duration => ''-1 s''', 'burst_windows => ''5''', 'time_pattern => ''5''', 'clock_start => ''infinity''',
  'out_of_order_fraction => 2', 'out_of_order_max_delay_slots => 0', 'anomalies => ''5''', 'skip_events => -1', 'realtime => NULL', 'label_anomalies => NULL', 'mode => ''rw''']) args;
COPY (SELECT WHERE false) TO PROGRAM 'rm -f spindle_stream_options';
SELECT count(*) FROM (SELECT try(format('SELECT spindle_to_file(%L, ''retail'', ''order'', %s)', file, args)) FROM setting, unnest(ARRAY['max_events => -1', 'events_per_second => 0', 'arrivals => ''x''', 'duration => ''-1 s''', 'burst_windows => ''5''',
  'time_pattern => ''5''', 'clock_start => ''infinity''', 'out_of_order_fraction => 2', 'out_of_order_max_delay_slots => 0', 'anomalies => ''5''', 'skip_events => -1', 'realtime => NULL', 'label_anomalies => NULL', 'mode => ''rw''']) args) x;
SELECT pg_stat_file(file, true) IS NULL AS no_file FROM setting;
-- A file that exists is left as it is.
SELECT events_sent FROM setting, spindle_to_file(file, 'retail', 'store', max_events => 4);
SELECT try(format('SELECT spindle_to_file(%L, ''retail'', ''order'', arrivals => ''x'')', file)) FROM setting;
SELECT pg_read_file(file) = (SELECT string_agg(event::text || E'\n', '' ORDER BY seq) FROM spindle_stream('retail', 'store', max_events => 4)) AS untouched FROM setting;

-- Arguments that change nothing: the values that they have by default.
SELECT count(*), count(DISTINCT sum) FROM (
  SELECT md5(string_agg(concat_ws(',', delivery_seq, seq, arrival, is_anomaly, event), ';')) AS sum FROM spindle_stream('retail', 'order', max_events => 200)
  UNION ALL SELECT md5(string_agg(concat_ws(',', delivery_seq, seq, arrival, is_anomaly, event), ';')) FROM spindle_stream(domain => 'retail', table_name => 'order', scale => 'small', seed => 42, max_events => 200, duration => NULL,
    events_per_second => 10, realtime => false, arrivals => 'poisson', burst_windows => NULL, time_pattern => NULL, clock_start => NULL, out_of_order_fraction => 0, out_of_order_max_delay_slots => 10,
    anomalies => NULL, label_anomalies => true, skip_events => 0)
  UNION ALL SELECT md5(string_agg(concat_ws(',', delivery_seq, seq, arrival, is_anomaly, event), ';')) FROM spindle_stream('retail', 'order', max_events => 200, out_of_order_max_delay_slots => 999, burst_windows => '[]', anomalies => '[]', time_pattern => '{}', clock_start => '2024-02-29')) x;

-- As a client sees it.
\set VERBOSITY sqlstate
SELECT * FROM spindle_stream('retail', 'order', arrivals => NULL); -- ERROR
SELECT * FROM spindle_stream('retail', 'order', arrivals => 'x'); -- ERROR
SELECT * FROM spindle_stream('retail', 'order', burst_windows => '{}'); -- ERROR
SELECT spindle_burst_window(5, 4); -- ERROR
\set VERBOSITY default
SELECT * FROM spindle_stream('retail', 'order', arrivals => NULL); -- ERROR
SELECT * FROM spindle_stream('retail', 'order', burst_windows => '[{"start_event": 3, "end_event": 9, "multiplier": 2}, {"start_event": 5, "end_event": 4, "multiplier": 2}]'); -- ERROR
SELECT * FROM spindle_stream('retail', 'order', speed => 5); -- ERROR
\pset format aligned

COPY (SELECT WHERE false) TO PROGRAM 'rm -f spindle_stream_options';
SET client_min_messages = warning;
DROP SCHEMA stream_options CASCADE;
