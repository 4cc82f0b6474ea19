-- A whole domain as one stream: all tables that have event times, merged.
\pset format unaligned
CREATE SCHEMA stream_domain;
SET search_path = stream_domain, public;

-- What it must be: the streams of the tables, by time, parents first.  Within
-- a table the order is that of its own stream.
CREATE TABLE parents (table_name text PRIMARY KEY, level int);
INSERT INTO parents VALUES ('customer', 0), ('promotion', 0), ('order', 1), ('order_line', 2), ('return', 2);
CREATE TABLE expected AS
SELECT row_number() OVER (ORDER BY s.event_time, p.level, p.table_name, s.seq) - 1 AS seq, p.table_name, s.event_time,
  s.event::jsonb - '_spindle_seq' AS event
FROM parents p, spindle_stream('retail', p.table_name) s;
CREATE TABLE merged AS SELECT * FROM spindle_stream('retail');
SELECT table_name, count(*) FROM merged GROUP BY 1 ORDER BY 1;
SELECT count(*) AS differences FROM expected e FULL JOIN merged m USING (seq)
WHERE (e.table_name, e.event_time, e.event) IS DISTINCT FROM (m.table_name, m.event_time, m.event::jsonb - '_spindle_seq');
SELECT count(*) AS wrong_numbers FROM merged WHERE (event ->> '_spindle_seq')::bigint <> seq OR delivery_seq <> seq
  OR (event ->> '_spindle_table') <> table_name;

-- Children never come before their parents.
SELECT count(*) AS orphans FROM merged l
WHERE table_name IN ('order_line', 'return') AND NOT EXISTS (
  SELECT FROM merged o WHERE o.table_name = 'order' AND o.event ->> 'order_id' = l.event ->> 'order_id' AND o.seq < l.seq)
  AND (l.event ->> 'order_id')::int <= 300;

-- Any cut and any tail of it is that of the whole.
SELECT n, count(*) AS differences FROM unnest(ARRAY[0, 1, 2, 100, 1023, 19549, 19550, 30000]) n,
  LATERAL (SELECT seq, event::text FROM merged WHERE seq < n EXCEPT SELECT seq, event::text FROM spindle_stream('retail', max_events => n)) d
GROUP BY n;
SELECT n, (SELECT count(*) FROM spindle_stream('retail', max_events => n)) FROM unnest(ARRAY[0, 1, 100, 19549, 19550, 30000]) n;
SELECT n, bool_and(s.event::text = m.event::text), count(*) FROM unnest(ARRAY[0, 1, 511, 512, 10000, 19549]) n,
  LATERAL spindle_stream('retail', skip_events => n, max_events => 19550) s JOIN merged m ON m.seq = s.seq GROUP BY n ORDER BY n;
SELECT count(*) FROM spindle_stream('retail', skip_events => 19550);

-- Late events, arrivals and anomalies work as on a single table; an anomaly
-- belongs to the table whose column it names, and counts its events in the cut.
CREATE TABLE odd AS SELECT * FROM spindle_stream('retail', max_events => 5000, out_of_order_fraction => 0.1, seed => 7,
  anomalies => jsonb_build_array(
    spindle_point_anomaly('price', 'unit_price', fraction => 0.05),
    spindle_contextual_anomaly('undone', 'order.status', 'order.status', '["cancelled"]', '["completed"]', 0.5),
    spindle_collective_anomaly('rush', 'customer_id', 'order_date', 3600, 0.02)));
SELECT table_name, anomaly_type, count(*) FROM odd WHERE is_anomaly GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) AS lines, floor(count(*) * 0.05) AS wanted, count(*) FILTER (WHERE is_anomaly) AS taken FROM odd WHERE table_name = 'order_line';
SELECT floor(count(*) * 0.5) AS wanted FROM spindle_stream('retail', max_events => 5000, seed => 7) WHERE table_name = 'order' AND event ->> 'status' = 'cancelled';
SELECT count(*), count(DISTINCT seq), max(seq), count(*) FILTER (WHERE seq < delivery_seq) > 0 AS some_late FROM odd;
SELECT count(*) AS out_of_time FROM (SELECT event_time < lag(event_time) OVER (ORDER BY seq) AS back FROM odd) t WHERE back;
SELECT max(delivery_seq - seq) <= 10 AS within_slots FROM odd;
SELECT n, bool_and(s.event::text = o.event::text AND s.seq = o.seq), count(*) FROM unnest(ARRAY[1, 2500, 4999]) n,
  LATERAL spindle_stream('retail', max_events => 5000, out_of_order_fraction => 0.1, seed => 7, skip_events => n,
  anomalies => jsonb_build_array(
    spindle_point_anomaly('price', 'unit_price', fraction => 0.05),
    spindle_contextual_anomaly('undone', 'order.status', 'order.status', '["cancelled"]', '["completed"]', 0.5),
    spindle_collective_anomaly('rush', 'customer_id', 'order_date', 3600, 0.02))) s
  JOIN odd o ON o.delivery_seq = s.delivery_seq GROUP BY n ORDER BY n;
-- nothing chosen: nothing changed but for the labels
SELECT count(*) AS differences FROM merged m
JOIN spindle_stream('retail', anomalies => spindle_point_anomaly('price', 'unit_price', fraction => 0), label_anomalies => false) s USING (seq)
WHERE m.event::text <> s.event::text;
-- a cut by duration is one by number
SELECT count(*) = max(delivery_seq) + 1 AS all_there, max(arrival) < '60 s' AS in_time FROM spindle_stream('retail', duration => '60 s', events_per_second => 50);

-- A file of it: no table is named in the result.
SELECT table_name, events_sent, anomaly_count, out_of_order_count FROM spindle_to_file('/dev/null', 'retail', max_events => 5000,
  out_of_order_fraction => 0.1, seed => 7, anomalies => spindle_point_anomaly('price', 'unit_price', fraction => 0.05));

-- A table whose times do not rise with its rows, but follow those of another.
CREATE TABLE returns AS SELECT seq, event_time FROM spindle_stream('retail', 'return', scale => 'medium');
SELECT count(*) AS rows, count(DISTINCT seq) AS numbers, count(*) FILTER (WHERE earlier) AS out_of_time
FROM (SELECT seq, event_time < lag(event_time) OVER (ORDER BY seq) AS earlier FROM returns) r;
SELECT count(*) AS differences FROM (SELECT return_date, row_number() OVER (ORDER BY return_date) - 1 AS seq
  FROM spindle_rows('retail', 'return', 'medium') AS t (return_id int, return_date timestamptz)) t FULL JOIN returns r USING (seq) WHERE t.return_date IS DISTINCT FROM r.event_time;
-- many walks: the memory is enough for 2048 rows at a time
SET work_mem = '64kB';
SELECT count(*) AS differences FROM returns r FULL JOIN (SELECT seq, event_time FROM spindle_stream('retail', 'return', scale => 'medium')) s USING (seq)
WHERE r.event_time IS DISTINCT FROM s.event_time;
RESET work_mem;

-- Refused.
CREATE FUNCTION error(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  message text;
  detail text;
  hint text;
BEGIN
  EXECUTE query;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', SQLSTATE, message, nullif(detail, ''), nullif(hint, ''));
END
$$;
SELECT error($$SELECT * FROM spindle_stream('retail', timestamp_column => 'order_date')$$);
SELECT error($$SELECT * FROM spindle_stream('retail', anomalies => spindle_point_anomaly('x', 'quantities'))$$);
SELECT error($$SELECT * FROM spindle_stream('retail', anomalies => spindle_contextual_anomaly('x', 'order_id', 'order_id', '[1]', '[2]'))$$);
SELECT error($$SELECT * FROM spindle_stream('retail', anomalies => spindle_contextual_anomaly('x', 'order.status', 'return.reason', '["other"]', '["completed"]'))$$);
SELECT error($$SELECT * FROM spindle_stream('retail', anomalies => spindle_point_anomaly('x', 'store.store_id'))$$);
-- the event time of a generated table may be another of its columns
SELECT seq, event ->> 'promotion_id' AS id, event_time = (event ->> 'end_date')::timestamptz AS by_end
FROM spindle_stream('retail', 'promotion', timestamp_column => 'end_date', max_events => 3);
SELECT error($$SELECT * FROM spindle_stream('retail', 'order', timestamp_column => 'status')$$);
SELECT error($$SELECT * FROM spindle_stream('retail', 'order', timestamp_column => 'orderdate')$$);
DROP SCHEMA stream_domain CASCADE;
