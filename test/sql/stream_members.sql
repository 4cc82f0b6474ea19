--
-- Stream arguments as members of "options": the same streams, the same checks.
--
CREATE SCHEMA stream_members;
SET search_path = stream_members, public;
SELECT current_setting('data_directory') || '/spindle_stream_members' AS file \gset
CREATE FUNCTION try(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; message text; detail text; hint text; context text;
BEGIN
  EXECUTE query;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
  RETURN concat_ws(' | ', state, message, nullif(detail, ''), nullif(hint, ''), substring(context FROM 'member [^\n]*'));
END
$$;
CREATE FUNCTION checksum(args text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  EXECUTE format('SELECT md5(string_agg(concat_ws('','', delivery_seq, seq, arrival, is_anomaly, event), '';'')) FROM spindle_stream(''retail'', ''order''%s)', args) INTO result;
  RETURN result;
END
$$;
CREATE TABLE given (name text, argument text, member jsonb);
INSERT INTO given VALUES
  ('scale', $$'medium'$$, '"medium"'), ('seed', '9007199254740993', '9007199254740993'), ('seed', '-7', '-7.0'), ('max_events', '30', '3e1'), ('duration', $$'4 s'$$, '"4 s"'), ('events_per_second', '2.5', '2.5'),
  ('realtime', 'false', 'false'), ('arrivals', $$'uniform'$$, '"uniform"'), ('burst_windows', 'spindle_burst_window(3, 9)', spindle_burst_window(3, 9)), ('time_pattern', $$'retail_peak'$$, '"retail_peak"'),
  ('clock_start', $$'2024-02-29 12:00+00'$$, '"2024-02-29T12:00:00Z"'), ('out_of_order_fraction', '0.25', '0.25'), ('out_of_order_max_delay_slots', '3', '3'),
  ('anomalies', $$spindle_point_anomaly('a', 'order_total', fraction => 0.2)$$, spindle_point_anomaly('a', 'order_total', fraction => 0.2)), ('label_anomalies', 'false', 'false'),
  ('timestamp_column', 'NULL', 'null'), ('skip_events', '5', '5'), ('batch_size', '10', '10');

-- each by itself: as an argument and as a member
SELECT name, member, checksum(format(', %I => %s', name, argument) || rest) = checksum(format(', options => %L', jsonb_build_object(name, member)) || rest) AS same,
  checksum(format(', options => %L', jsonb_build_object(name, member)) || rest) <> checksum(rest) AS matters
FROM given, LATERAL (SELECT concat(CASE WHEN name <> 'max_events' THEN ', max_events => 60' END, CASE WHEN name = 'out_of_order_max_delay_slots' THEN ', out_of_order_fraction => 0.3' END,
  CASE WHEN name IN ('clock_start') THEN ', time_pattern => ''retail_peak''' END,
  CASE WHEN name = 'label_anomalies' THEN ', anomalies => spindle_point_anomaly(''a'', ''order_total'')' END) AS rest) r;
-- all that the list of arguments has were tried, and no other
SELECT argument_name FROM spindle_stream_arguments() WHERE argument_name NOT IN (SELECT name FROM given);
-- all together, from a variable, in a prepared statement with either kind of plan, as a function scan, per row of a table
SELECT jsonb_object_agg(name, member) - 'max_events' - 'scale' || '{"max_events": 60}' AS options FROM given \gset
SELECT string_agg(format('%I => %s', name, argument), ', ') AS arguments FROM (SELECT DISTINCT ON (name) name, argument FROM given WHERE name NOT IN ('max_events', 'scale') ORDER BY name, ctid DESC) g \gset
SELECT checksum(', max_events => 60, ' || :'arguments') = checksum(format(', options => %L', :'options')) AS same;
CREATE FUNCTION of_variable(given jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT sum(hashtext(event::text)) FROM spindle_stream('retail', 'order', options => given));
END
$$;
PREPARE streamed(jsonb) AS SELECT sum(hashtext(event::text)) FROM spindle_stream('retail', 'order', options => $1);
PREPARE mixed(jsonb, bigint) AS SELECT sum(hashtext(event::text)) FROM spindle_stream('retail', 'order', options => $1, max_events => $2);
CREATE TABLE preset (options jsonb);
INSERT INTO preset VALUES (:'options'), (NULL), ('{"max_events": 3}'), ('{"max_events": 3, "seed": null}');
SELECT of_variable(:'options') = (SELECT sum(hashtext(event::text)) FROM spindle_stream('retail', 'order', options => :'options') WITH ORDINALITY) AS same;
SELECT of_variable(:'options') \gset
SET plan_cache_mode = force_generic_plan;
EXECUTE streamed(:'options') \gset generic_
EXECUTE mixed((:'options')::jsonb - 'max_events', 60) \gset mixed_
SET plan_cache_mode = force_custom_plan;
EXECUTE streamed(:'options') \gset custom_
RESET plan_cache_mode;
SELECT :of_variable = :generic_sum AS generic, :of_variable = :mixed_sum AS mixed, :of_variable = :custom_sum AS custom;
SELECT count(*) FROM (SELECT * FROM preset LIMIT 3) p, spindle_stream('retail', 'order', options => p.options, scale => 'fabric_demo');
SELECT count(*) FROM preset p, spindle_stream('retail', 'order', options => p.options); -- ERROR
SELECT count(*), count(DISTINCT seq) FROM spindle_stream('stream_members.given'::regclass, options => '{"max_events": 4, "seed": 8}');
-- the node takes its place, and the planner knows what can be known
CREATE FUNCTION estimated(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
    IF line ~ 'Custom Scan|Function Scan' THEN
      RETURN substring(line FROM '(\w+ Scan).* rows=') || substring(line FROM ' rows=\d+');
    END IF;
  END LOOP;
END
$$;
SELECT options, estimated(format('SELECT event FROM spindle_stream(''retail'', ''order'', options => %s)', options)) FROM unnest('{"NULL","''{}''","''{\"max_events\": 7}''","''{\"scale\": \"medium\"}''","jsonb_build_object(''max_events'', 8)","''{\"max_events\": -7}''","''{\"scale\": 5}''","''[]''","''{\"max_events\": 1e99}''"}'::text[]) options;
SET plan_cache_mode = force_generic_plan;
SELECT estimated('EXECUTE streamed(''{"max_events": 7}'')');
RESET plan_cache_mode;

-- deliveries: lines by one process and by several, tables, channels; in front of the arguments of each kind
SELECT max_events, count(DISTINCT md5(pg_read_file(:'file' || n))) AS contents, sum(bytes_sent) > 0 AS wrote
FROM (SELECT 100 AS max_events UNION ALL SELECT 110000) m, generate_series(1, 2) n,
  LATERAL (SELECT * FROM spindle_to_file(:'file' || n, 'retail', 'order_line', scale => 'medium', max_events => CASE n WHEN 1 THEN m.max_events END, out_of_order_fraction => CASE n WHEN 1 THEN 0.1 ELSE 0 END,
    options => CASE n WHEN 2 THEN jsonb_build_object('max_events', m.max_events, 'out_of_order_fraction', 0.1) END, mode => 'w')) d
GROUP BY max_events ORDER BY max_events;
SELECT events_sent FROM spindle_to_program('cat >/dev/null', 'retail', 'order', options => '{"max_events": 12}');
CREATE TABLE sample (order_id bigint, status text);
CALL spindle_to_table('sample', 'retail', 'order', options => '{"max_events": 5, "skip_events": 2, "batch_size": 1}') \gset
SELECT :events_sent AS events_sent;
CALL spindle_to_table('sample', 'retail', 'order', report => false, options => '{"max_events": 5, "seed": 43}');
CALL spindle_to_channel('stream_members', 'retail', 'order', report => false, options => '{"max_events": 5, "timestamp_column": "order_date"}', oversize => 'skip');
CALL spindle_to_channel('stream_members', 'given'::regclass, options => '{"max_events": 2, "seed": 7}', oversize => 'skip') \gset
SELECT :'table_name' AS table_name, :events_sent AS events_sent;
SELECT count(*), count(DISTINCT order_id) FROM sample;

-- What is wrong, with the place and what is legal; the source has been looked up by nobody.
\pset format unaligned
SELECT options, regexp_replace(try(format('SELECT * FROM spindle_stream(''nowhere'', options => %L)', options)), '0{99,}|(seed, max_events, ).*(batch_size)', '\1…\2') FROM unnest(ARRAY[
  '[]', '5', 'null', '"x"', '{"sede": 5}', '{"": 5}', '{"options": {}}',  '{"mode": "w"}', '{"domain": "retail"}', '{"max_events": "5"}', '{"max_events": 5.5}', '{"max_events": 9223372036854775808}', '{"max_events": true}',
  '{"seed": [5]}', '{"seed": {"a": 5}}', '{"seed": 1e30}', '{"batch_size": 2147483648}', '{"events_per_second": "10"}', '{"events_per_second": 1e400}', '{"realtime": "yes"}', '{"realtime": 1}', '{"scale": 5}', '{"arrivals": ["poisson"]}',
  '{"duration": 5}', '{"duration": "soon"}', '{"clock_start": "noon"}', '{"clock_start": "2024-02-30"}', '{"timestamp_column": 1}', '{"label_anomalies": []}']) options;
-- what only the value tells is found where that of an argument is
SELECT options, try(format('SELECT * FROM spindle_stream(''retail'', ''order'', options => %L)', options)) FROM unnest(ARRAY[
  '{"seed": null}', '{"max_events": null, "scale": null, "anomalies": null}', '{"max_events": -1}', '{"events_per_second": 0}', '{"arrivals": "x"}', '{"duration": "1 mon"}', '{"clock_start": "infinity"}', '{"out_of_order_fraction": 2}',
  '{"batch_size": 0}', '{"burst_windows": {}}', '{"time_pattern": "lunch"}', '{"anomalies": [{"name": "a"}]}', '{"timestamp_column": "nothing"}', '{"scale": "smal"}']) options;
-- given twice: an argument that has its default cannot be told from one that was left out
SELECT arguments, try(format('SELECT * FROM spindle_stream(''retail'', ''order'', options => ''{"seed": 5, "scale": "small", "max_events": 3, "realtime": false, "arrivals": "uniform"}'', %s)', arguments))
FROM unnest(ARRAY['seed => 42', 'seed => 43', 'seed => NULL', 'scale => ''small''', 'scale => NULL', 'max_events => 3', 'realtime => true', 'arrivals => ''poisson''', 'arrivals => ''uniform''', 'skip_events => 1']) arguments;
SELECT count(*), count(*) FILTER (WHERE try(format('SELECT * FROM spindle_stream(''retail'', ''order'', %I => %s, options => %L)', name, argument, jsonb_build_object(name, member))) LIKE '22023 | argument "' || name || '" is given twice%') AS refused
FROM given WHERE name NOT IN ('realtime', 'timestamp_column');
-- nothing was begun
SELECT try(format('SELECT * FROM spindle_to_file(%L, ''retail'', ''order'', options => ''{"sede": 5}'')', :'file' || 3)) ~ 'unknown member: "sede"' AS refused, pg_stat_file(:'file' || 3, true) IS NULL AS no_file;
\pset format aligned

COPY (SELECT WHERE false) TO PROGRAM 'rm -f spindle_stream_members1 spindle_stream_members2';
SET client_min_messages = warning;
DROP SCHEMA stream_members CASCADE;
