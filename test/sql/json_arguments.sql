--
-- Arguments that are JSON: what can be written for them, everywhere the same.
--
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS json_arguments CASCADE;
RESET client_min_messages;
CREATE SCHEMA json_arguments;
SET search_path = json_arguments, public;
SET timezone = 'UTC';
CREATE TABLE reading AS
SELECT i AS id, 'state ' || i % 3 AS state, i * 1.5 AS amount, '2024-01-01 UTC'::timestamptz + i * interval '1 hour' AS at
FROM generate_series(1, 40) i;

-- The checksum of a stream with the arguments of a call.
CREATE FUNCTION checksum(arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  EXECUTE format('SELECT left(md5(string_agg(s::text, '','')), 8) FROM spindle_stream(%s, clock_start => ''2024-01-01 UTC'') s', arguments)
    INTO result;
  RETURN result;
END
$$;

-- Each of these has to give one checksum: windows, patterns, anomalies.
CREATE VIEW spelling (argument, spelled) AS VALUES
  ('burst_windows', $$'{"start_event": 1, "end_event": 9, "multiplier": 5}'$$),
  ('burst_windows', $$'[{"start_event": 1, "end_event": 9, "multiplier": 5}]'$$),
  ('burst_windows', $$'{"start_event": 1, "end_event": 9, "multiplier": 5}'::jsonb$$),
  ('burst_windows', $$'{"start_event": 1, "end_event": 9, "multiplier": 5}'::json$$),
  ('burst_windows', $$'{"start_event": 1, "end_event": 9, "multiplier": 5}'::text$$),
  ('burst_windows', $$'{"start_event": 1, "end_event": 9, "multiplier": 5}'::varchar$$),
  ('burst_windows', $$spindle_burst_window(1, 9, multiplier => 5)$$),
  ('burst_windows', $$jsonb_build_array(spindle_burst_window(1, 9, multiplier => 5))$$),
  ('burst_windows', $$ARRAY[spindle_burst_window(1, 9, multiplier => 5)]$$),
  ('burst_windows', $$ARRAY['{"start_event": 1, "end_event": 9, "multiplier": 5}']::jsonb[]$$),
  ('burst_windows', $$(SELECT array_agg(spindle_burst_window(1, 9, multiplier => m)) FROM (VALUES (5)) v (m))$$),
  ('burst_windows', $$coalesce(NULL, ARRAY[spindle_burst_window(1, 9, multiplier => 5)])$$),
  ('time_pattern', $$'retail_peak'$$),
  ('time_pattern', $$'"retail_peak"'$$),
  ('time_pattern', $$'retail_peak'::text$$),
  ('time_pattern', $$'retail_peak'::varchar$$),
  ('time_pattern', $$'"retail_peak"'::jsonb$$),
  ('time_pattern', $$to_jsonb('retail_peak'::text)$$),
  ('time_pattern', $$spindle_time_pattern('retail_peak')$$),
  ('time_pattern', $$'{"preset": "retail_peak"}'$$),
  ('anomalies', $$'{"type": "point", "name": "p", "column": "amount", "fraction": 0.5, "multiplier_range": [10, 50]}'$$),
  ('anomalies', $$spindle_point_anomaly('p', 'amount', '[10, 50]', 0.5)$$),
  ('anomalies', $$spindle_point_anomaly('p', 'amount', '[10, 50]'::jsonb, 0.5)$$),
  ('anomalies', $$spindle_point_anomaly('p', 'amount', numrange(10, 50), 0.5)$$),
  ('anomalies', $$spindle_point_anomaly('p', 'amount', '[10,50]'::numrange, 0.5)$$),
  ('anomalies', $$spindle_point_anomaly('p', 'amount', ARRAY[10, 50], 0.5)$$),
  ('anomalies', $$spindle_point_anomaly('p', 'amount', ARRAY[10.0, 5e1], 0.5)$$),
  ('anomalies', $$ARRAY[spindle_point_anomaly('p', 'amount', multiplier_range => numrange(10, 50), fraction => 0.5)]$$),
  ('anomalies ', $$spindle_contextual_anomaly('c', 'state', 'state', '["state 1"]', '["x", null]')$$),
  ('anomalies ', $$spindle_contextual_anomaly('c', 'state', 'state', '["state 1"]'::jsonb, '["x", null]'::jsonb)$$),
  ('anomalies ', $$spindle_contextual_anomaly('c', 'state', 'state', ARRAY['state 1'], ARRAY['x', NULL])$$),
  ('anomalies ', $$spindle_contextual_anomaly('c', 'state', 'state', '{state 1}'::text[], '{x,NULL}'::varchar[])$$),
  ('anomalies ', $$ARRAY[spindle_contextual_anomaly('c', 'state', 'state', jsonb_build_array('state 1'), ARRAY['"x"'::jsonb, 'null'])]$$),
  ('anomalies  ', $$spindle_contextual_anomaly('n', 'id', 'id', '[1, 2, 3, 4]', '[5]')$$),
  ('anomalies  ', $$spindle_contextual_anomaly('n', 'id', 'id', ARRAY[1, 2, 3, 4], ARRAY[5])$$),
  ('anomalies  ', $$spindle_contextual_anomaly('n', 'id', 'id', '{1,2,3,4}'::bigint[], ARRAY[5.0]::double precision[])$$),
  ('anomalies  ', $$spindle_contextual_anomaly('n', 'id', 'id', ARRAY['1', '2', '3', '4'], ARRAY['5'])$$);
SELECT argument, count(*) AS spellings, count(DISTINCT checksum(format('''reading''::regclass, %s => %s', argument, spelled))) AS checksums,
  bool_or(checksum(format('''reading''::regclass, %s => %s', argument, spelled)) = checksum('''reading''::regclass')) AS ignored
FROM spelling GROUP BY argument ORDER BY argument;

-- by position, and with the other source; null and the default are no argument at all
SELECT checksum($$'reading'::regclass, 'small', 42, NULL, NULL, 10, false, 'poisson', ARRAY[spindle_burst_window(1, 9)], 'retail_peak'$$)
  = checksum($$'reading'::regclass, burst_windows => spindle_burst_window(1, 9), time_pattern => '"retail_peak"'$$) AS relation,
  checksum($$'retail', 'store', 'small', 42, 9, NULL, 10, false, 'poisson', ARRAY[spindle_burst_window(1, 9)], 'retail_peak'$$)
  = checksum($$'retail', 'store', max_events => 9, burst_windows => spindle_burst_window(1, 9), time_pattern => '"retail_peak"'$$) AS domain,
  checksum($$'reading'::regclass, burst_windows => NULL, time_pattern => NULL, anomalies => NULL$$) = checksum($$'reading'::regclass$$) AS nulls;

-- variables, parameters, functions and procedures that deliver
DO $$
DECLARE
  w jsonb := spindle_burst_window(1, 9);
  ws jsonb[] := ARRAY[w, w];
  preset text := 'business_hours';
BEGIN
  PERFORM spindle_to_file('/dev/null', 'reading'::regclass, burst_windows => ws, time_pattern => preset, anomalies => '[]');
  CALL spindle_to_channel('c', 'reading', report => false, burst_windows => w, time_pattern => preset);
END
$$;
PREPARE typed (jsonb, jsonb[], text) AS
SELECT count(*) FROM spindle_stream('reading'::regclass, burst_windows => $2, time_pattern => $3, anomalies => $1);
EXECUTE typed ('[]', '{}', 'retail_peak');
PREPARE untyped AS
SELECT count(*) FROM spindle_stream('reading'::regclass, burst_windows => $1, time_pattern => $2, anomalies => $3);
EXECUTE untyped ('[]', 'retail_peak', '[]');
EXECUTE untyped ('[]'::jsonb, 'retail_peak'::text, ARRAY[]::jsonb[]);
CREATE VIEW kept AS
SELECT count(*) FROM spindle_stream('reading'::regclass, burst_windows => ARRAY[spindle_burst_window(1, 9)], time_pattern => 'retail_peak');
SELECT pg_get_viewdef('kept') ~ 'spindle_json' AS kept;
SELECT * FROM kept;

-- What is neither says how it is written.
CREATE FUNCTION try(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  message text;
  detail text;
  hint text;
BEGIN
  EXECUTE 'SELECT ' || call;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  -- details of syntax errors are not the same in all versions of the server
  RETURN concat_ws(' | ', SQLSTATE, message, CASE WHEN SQLSTATE <> '22P02' THEN nullif(detail, '') END, nullif(hint, ''));
END
$$;
\pset format unaligned
\pset tuples_only on
SELECT call || E'\n\t' || try(call) FROM (VALUES
  ($$spindle_point_anomaly('p', 'amount', '(10,50)')$$),
  ($$spindle_point_anomaly('p', 'amount', '{10,50}')$$),
  ($$spindle_contextual_anomaly('c', 'state', 'state', 'state 1', '[]')$$),
  ($$spindle_stream('reading'::regclass, time_pattern => 'weekend')$$),
  ($$spindle_stream('reading'::regclass, burst_windows => 'retail_peak')$$),
  ($$spindle_stream('reading'::regclass, anomalies => ARRAY['a', 'b'])$$),
  ($$spindle_stream('reading'::regclass, anomalies => ARRAY[NULL]::jsonb[])$$),
  ($$spindle_point_anomaly('p', 'amount', numrange(10, NULL))$$),
  ($$spindle_point_anomaly('p', 'amount', 'empty'::numrange)$$),
  ($$spindle_point_anomaly('p', 'amount', numrange(10, 'infinity'))$$),
  ($$spindle_point_anomaly('p', 'amount', ARRAY[10, 20, 30])$$),
  ($$spindle_point_anomaly('p', 'amount', ARRAY[50, 10])$$),
  ($$spindle_point_anomaly('p', 'amount', ARRAY[ARRAY[10, 50]])$$),
  ($$spindle_point_anomaly('p', 'amount', ARRAY['10', '50'])$$),
  ($$spindle_point_anomaly('p', 'amount', ARRAY[10, 'nan']::float8[])$$),
  ($$spindle_burst_window()$$),
  ($$spindle_burst_window(end_event => 60)$$),
  ($$spindle_burst_window(1, 60, 1, 60)$$),
  ($$spindle_burst_window(duration_seconds => 60)$$),
  ($$spindle_contextual_anomaly('c', 'state', 'state', 'x', ARRAY['x'])$$),
  ($$spindle_stream('reading'::regclass, time_pattern => '5')$$),
  ($$spindle_stream('reading'::regclass, anomalies => '{"type": "point"}')$$),
  ($$spindle_stream('reading'::regclass, anomalies => '{"name": "p"}')$$),
  ($$spindle_stream('reading'::regclass, anomalies => spindle_burst_window(1, 2))$$)) v (call);
\pset format aligned
\pset tuples_only off

-- the type itself
SELECT 'abc'::spindle_json, 'true'::spindle_json, 'null'::spindle_json, '{"b": 1, "a": [1.50]}'::spindle_json,
  '{"a,b", NULL, "\""}'::text[]::spindle_json, '{1.50,NaN,-2}'::numeric[]::spindle_json, '{}'::int[]::spindle_json;
SELECT spindle_json_send('[1]') = jsonb_send('[1]') AS send;

SET client_min_messages = warning;
DROP SCHEMA json_arguments CASCADE;
