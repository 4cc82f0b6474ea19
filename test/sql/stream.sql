--
-- spindle_stream: the events of a table.
--
CREATE SCHEMA stream;
SET search_path = stream, public;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO stream OPTIONS (scale 'fabric_demo');
CREATE TABLE events AS
  SELECT t.n, t.table_name AS t, s.*
  FROM spindle_tables('retail') WITH ORDINALITY t (table_name, d, r, k, e, q, n),
    LATERAL (SELECT delivery_seq, seq, s.table_name, event_time, event, arrival, is_anomaly, anomaly_type, row_number() OVER () AS position
             FROM spindle_stream('retail', t.table_name, 'fabric_demo') s) s;

-- One event per row; both numbers count from 0 without gaps, in the order of
-- delivery, which is that of event time where there is one.
SELECT t, count(*) = (SELECT row_count FROM spindle_tables('retail', 'fabric_demo') x WHERE x.table_name = t) AS complete,
  bool_and(seq = position - 1) AS seq, bool_and(delivery_seq = seq) AS delivery_seq, bool_and(table_name = t) AS table_name,
  count(event_time) AS times
FROM events GROUP BY n, t ORDER BY n;
SELECT count(*) FROM (SELECT t, event_time < lag(event_time) OVER (PARTITION BY t ORDER BY seq) AS falls FROM events) s WHERE falls;

-- Without options for it there are no anomalies, and arrivals do not fall.
SELECT count(*) FROM events WHERE is_anomaly OR anomaly_type IS NOT NULL OR arrival IS NULL;
SELECT count(*) FROM (SELECT arrival < lag(arrival, 1, interval '0') OVER (PARTITION BY t ORDER BY delivery_seq) AS falls FROM events) s WHERE falls;

-- An event is a JSON object: the columns in their order, then three members.
SELECT t, count(*) FILTER (WHERE keys <> wanted) AS violations
FROM (SELECT n, t, (SELECT array_agg(k) FROM json_object_keys(event) k) AS keys,
        (SELECT array_agg(column_name ORDER BY ordinal_position) FROM spindle_columns('retail', t)) ||
        '{_spindle_table,_spindle_seq,_spindle_event_time}' AS wanted FROM events) s
GROUP BY n, t ORDER BY n;
SELECT count(*) FROM events WHERE event::jsonb ->> '_spindle_table' <> t OR (event ->> '_spindle_seq')::bigint <> seq
  OR (event ->> '_spindle_event_time')::timestamptz IS DISTINCT FROM event_time
  OR (event_time IS NULL) <> (json_typeof(event -> '_spindle_event_time') = 'null');

-- Every member has the value of the foreign table's column, in the form that
-- its type has: numbers with their scale, times in UTC with Z and without
-- trailing zeros.
CREATE FUNCTION event_text(value anyelement) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN value IS NULL THEN 'null'
  WHEN pg_typeof(value) = 'timestamptz'::regtype THEN
    to_json(regexp_replace(to_char(value::text::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '\.?0*$', '') || 'Z')::text
  ELSE to_json(value)::text END
$$;
SELECT event_text('2022-01-01 00:00:00+00'::timestamptz), event_text('2022-01-01 00:00:10.120+00'::timestamptz), event_text(1.50);
CREATE FUNCTION wrong_values(t text) RETURNS TABLE (col text, compared bigint, wrong bigint) LANGUAGE plpgsql AS $$
DECLARE
  key text;
BEGIN
  SELECT key_column INTO key FROM spindle_tables('retail') x WHERE x.table_name = t;
  FOR col IN SELECT column_name FROM spindle_columns('retail', t) LOOP
    EXECUTE format('SELECT count(*), count(*) FILTER (WHERE (e.event -> %1$L)::text IS DISTINCT FROM event_text(r.%1$I))
                    FROM events e LEFT JOIN %2$I r ON r.%3$I = (e.event ->> %3$L)::bigint WHERE e.t = %2$L', col, t, key)
      INTO compared, wrong;
    RETURN NEXT;
  END LOOP;
END
$$;
SELECT table_name, sum(compared) = row_count * count(*) AS all_compared, sum(wrong) AS wrong
FROM spindle_tables('retail', 'fabric_demo') x, wrong_values(x.table_name) GROUP BY table_name, row_count
ORDER BY table_name COLLATE "C";

-- no spaces outside strings
SELECT count(*) FROM events WHERE regexp_replace(event::text, '"([^"\\]|\\.)*"', '""', 'g') ~ '\s';

-- Equal event times keep the order of the rows: lines of an order.  And lines
-- come in the order of their orders' times.
SELECT count(*) FROM (
  SELECT (event ->> 'order_line_id')::bigint < lag((event ->> 'order_line_id')::bigint) OVER (ORDER BY seq) AS falls
  FROM events WHERE t = 'order_line') s WHERE falls;
SELECT count(*) FROM events e JOIN "order" o ON o.order_id = (event ->> 'order_id')::bigint
WHERE t = 'order_line' AND e.event_time <> o.order_date;
-- returns are sorted by their date, which is not the order of the rows
SELECT bool_and(position = rank) AS sorted, bool_and(position = return_id) AS by_row
FROM (SELECT position, return_id, row_number() OVER (ORDER BY return_date, return_id) AS rank
      FROM events JOIN "return" r ON r.return_id = (event ->> 'return_id')::int WHERE t = 'return') s;
-- a table without event time keeps the order of its rows
SELECT bool_and((event ->> 'store_id')::int = position) FROM events WHERE t = 'store';

-- max_events keeps the first events, skip_events leaves out the first ones,
-- all else unchanged.
SELECT t.table_name, skip, max, count(*) AS violations
FROM (VALUES ('order'), ('return'), ('store'), ('order_line')) t (table_name),
  (VALUES (0, NULL), (1, NULL), (99, NULL), (149, NULL), (150, NULL), (5000, NULL), (0, 0), (0, 1), (0, 17), (3, 17), (17, 17), (18, 17),
          (9223372036854775807, NULL), (0, 9223372036854775807), (100, 120)) v (skip, max),
  LATERAL (
    (SELECT delivery_seq, seq, table_name, event_time, event::text FROM events
     WHERE t = t.table_name AND seq >= skip AND (max IS NULL OR seq < max)
     EXCEPT ALL SELECT delivery_seq, seq, s.table_name, event_time, event::text
     FROM spindle_stream('retail', t.table_name, 'fabric_demo', skip_events => skip, max_events => max) s)
    UNION ALL
    (SELECT delivery_seq, seq, s.table_name, event_time, event::text
     FROM spindle_stream('retail', t.table_name, 'fabric_demo', skip_events => skip, max_events => max) s
     EXCEPT ALL SELECT delivery_seq, seq, table_name, event_time, event::text FROM events
     WHERE t = t.table_name AND seq >= skip AND (max IS NULL OR seq < max))) d
GROUP BY 1, 2, 3;

-- LIMIT on a stream, and a stream in the select list
SELECT seq, event ->> 'store_name' FROM spindle_stream('retail', 'store') LIMIT 2;
SELECT (spindle_stream('retail', 'store', max_events => 2)).seq;

-- another seed, other events
SELECT count(*) FROM (SELECT event::text FROM events WHERE t = 'order'
  INTERSECT SELECT event::text FROM spindle_stream('retail', 'order', 'fabric_demo', 43)) s;

-- far into ten billion events
SELECT seq, event ->> 'order_id' AS order_id FROM spindle_stream('retail', 'order', 'xxxl', skip_events => 9999999998);
SELECT seq, event ->> 'order_line_id' AS id FROM spindle_stream('retail', 'order_line', 'xxxl', skip_events => 24999999999);

-- Mistakes.
SELECT * FROM spindle_stream('retail', 'orders'); -- ERROR
SELECT * FROM spindle_stream('x', 'order'); -- ERROR
SELECT * FROM spindle_stream('retail', 'order', 'huge'); -- ERROR
SELECT * FROM spindle_stream('retail', 'order', max_events => -1); -- ERROR
SELECT * FROM spindle_stream('retail', 'order', skip_events => -1); -- ERROR
SELECT * FROM spindle_stream('retail', 'order', skip_events => NULL); -- ERROR
SELECT * FROM spindle_stream('retail', 'order', seed => NULL); -- ERROR
SELECT count(*) FROM spindle_stream('retail', 'order', scale => NULL, max_events => 9);
SELECT * FROM spindle_stream(NULL, 'order'); -- ERROR
SELECT seq, event FROM spindle_stream('retail', 'order', 42); -- ERROR
SELECT seq, event FROM spindle_stream('retail', NULL, 42); -- ERROR
SELECT seq, event FROM spindle_stream('retail', 'order', NULL::bigint); -- ERROR
SELECT seq, event FROM spindle_stream('events', 'small', 42); -- ERROR
\set VERBOSITY sqlstate
SELECT * FROM spindle_stream('retail', 'orders'); -- ERROR
SELECT * FROM spindle_stream('x', 'order'); -- ERROR
SELECT * FROM spindle_stream('retail', 'order', 'huge'); -- ERROR
SELECT * FROM spindle_stream('retail', 'order', max_events => -1); -- ERROR
SELECT * FROM spindle_stream('retail', 'order', skip_events => NULL); -- ERROR
\set VERBOSITY default

SET client_min_messages = warning;
DROP SCHEMA stream CASCADE;
