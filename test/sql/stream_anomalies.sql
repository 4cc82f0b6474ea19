--
-- Anomalies: how many, which events, what changes, and what is refused.
--
CREATE SCHEMA stream_anomalies;
SET search_path = stream_anomalies, public;

-- The events of a stream, without the members of anomalies.
CREATE FUNCTION events(t text, spec jsonb, scale text DEFAULT 'fabric_demo', n bigint DEFAULT NULL, seed bigint DEFAULT 42)
RETURNS TABLE (seq bigint, is_anomaly boolean, anomaly_type text, event json, body text) LANGUAGE sql AS $$
  SELECT seq, is_anomaly, anomaly_type, event,
    regexp_replace(event::text, ',"_spindle_is_anomaly":.*$', '}')
  FROM spindle_stream('retail', t, scale, seed, n, anomalies => spec)
$$;
CREATE TABLE plain AS SELECT t, e.* FROM unnest('{order,order_line,return,product}'::text[]) t, events(t, NULL) e;
CREATE INDEX ON plain (t, seq);
-- without anomalies nothing is one, and no event has the members
SELECT DISTINCT is_anomaly, anomaly_type, event::text ~ 'anomaly' FROM plain;
SELECT DISTINCT is_anomaly, anomaly_type, event::text ~ 'anomaly' FROM events('order', '[]', n => 5);
SELECT event FROM events('store', spindle_contextual_anomaly('a "b"\', 'store_type', 'store_type', '["physical"]', '["moon"]', 0), n => 1);
SELECT event FROM events('store', spindle_contextual_anomaly('a "b"\', 'store_type', 'store_type', '["physical"]', '["moon"]', 1), n => 1);

-- What a stream with one anomaly has changed: events by kind; anomalies that
-- differ in another member than the column; normal events that differ at all;
-- labels in the event that are not those of the row.
CREATE FUNCTION changes(t text, col text, spec jsonb, OUT events bigint, OUT anomalies bigint, OUT others_changed bigint, OUT normal_changed bigint,
  OUT labels_differ bigint, OUT reported bigint) LANGUAGE plpgsql AS $$
BEGIN
  SELECT count(*), count(*) FILTER (WHERE e.is_anomaly),
    count(*) FILTER (WHERE e.is_anomaly AND e.body <> regexp_replace(p.body, format('"%s":("[^"]*"|[^,"]*)', col), format('"%s":%s', col, e.event -> col))),
    count(*) FILTER (WHERE NOT e.is_anomaly AND e.body <> p.body),
    count(*) FILTER (WHERE e.event::text NOT LIKE format('%%,"_spindle_is_anomaly":%s,"_spindle_anomaly_type":%s}', e.is_anomaly::text,
      coalesce(to_json(e.anomaly_type)::text, 'null')) OR e.is_anomaly <> (e.anomaly_type IS NOT NULL))
  INTO events, anomalies, others_changed, normal_changed, labels_differ
  FROM events(t, spec) e FULL JOIN (SELECT * FROM plain p WHERE p.t = changes.t) p USING (seq);
  SELECT anomaly_count INTO reported FROM spindle_to_file('/dev/null', 'retail', t, 'fabric_demo', anomalies => spec);
END
$$;

-- Point anomalies: exactly k = max(1, floor(E x fraction)) of all E events,
-- 0 for the fraction 0.
SELECT t, col, fraction, c.*, CASE WHEN fraction = 0 THEN 0 ELSE greatest(1, floor(events * fraction::numeric)) END AS wanted
FROM (VALUES ('order', 'order_total'), ('return', 'refund_amount'), ('product', 'cost')) v (t, col),
  unnest('{0,1e-9,0.001,0.05,0.29,0.4,1}'::float8[]) fraction,
  changes(t, col, spindle_point_anomaly('big', col, fraction => fraction)) c
ORDER BY t COLLATE "C", fraction;
SELECT c.* FROM changes('order_line', 'quantity', spindle_point_anomaly('many', 'quantity', '[5, 20]', 0.05)) c;
-- one event; no events
SELECT n, count(*), count(*) FILTER (WHERE is_anomaly) AS anomalies FROM unnest('{1,2,99,100,199,200}'::bigint[]) n, events('order', spindle_point_anomaly('big', 'order_total'), n => n)
GROUP BY n ORDER BY n;
SELECT events_sent, anomaly_count FROM spindle_to_file('/dev/null', 'retail', 'order', max_events => 0, anomalies => spindle_point_anomaly('big', 'order_total'));

-- Their values lie between mean x lo x 0.8 and mean x hi x 1.2, where mean is
-- that of the absolute values of the clean column, are spread over that range
-- and rounded to the column's scale.  (lo + hi) / 2 times the mean is the mean
-- of the values, within 5 sigma.
SELECT t, col, range, count(*), min(value / mean) >= lo * 0.8 - 0.01 AND max(value / mean) <= hi * 1.2 + 0.01 AS in_range,
  abs(avg(value / mean) - (lo + hi) / 2) < 5 * max(hi - lo + 0.4 * hi) / sqrt(12 * count(*)) AS centred,
  CASE WHEN lo = hi THEN min(value / mean) < lo * 0.82 AND max(value / mean) > hi * 1.18
    ELSE min(value / mean) < lo + 0.1 * (hi - lo) AND max(value / mean) > hi - 0.1 * (hi - lo) END AS spread,
  count(DISTINCT value) > 20 AS different,
  bool_and(event ->> col ~ CASE col WHEN 'quantity' THEN '^[0-9]+$' ELSE '^[0-9]+\.[0-9][0-9]$' END) AS scale
FROM (VALUES ('order', 'order_total', '[10, 100]'::jsonb), ('order', 'order_total', '[3, 3]'), ('return', 'refund_amount', '[0.5, 0.6]'),
        ('order_line', 'quantity', '[100, 400]')) v (t, col, range),
  LATERAL (SELECT (range -> 0)::float8 AS lo, (range -> 1)::float8 AS hi) b,
  LATERAL (SELECT avg(abs((p.event ->> col)::float8)) AS mean FROM plain p WHERE p.t = v.t) m,
  LATERAL (SELECT (event ->> col)::float8 AS value, e.event FROM events(v.t, spindle_point_anomaly('big', col, range, 0.2)) e WHERE is_anomaly) e
GROUP BY t, col, range, lo, hi ORDER BY t, col, range;
-- The mean is that of the whole table, not of the events of a short stream.
SELECT count(*), bool_and(value BETWEEN 0.8 * mean - 0.01 AND 1.2 * mean + 0.01) AS in_range
FROM (SELECT (event ->> 'order_total')::numeric AS value FROM events('order', spindle_point_anomaly('mean', 'order_total', '[1, 1]', 1), n => 10)) e,
  (SELECT avg((event ->> 'order_total')::numeric) AS mean FROM plain WHERE t = 'order') m;
-- Of a table with more than 65536 rows the mean is taken over as many evenly
-- spaced ones: quantity is geometric with p = 0.6, so its mean is 1 / 0.6 and
-- its sd 1.054; 5 sigma of the sample, and the middle of U(0.8, 1.2) within
-- 0.01.
SELECT abs((min(q) + max(q)) / 2 / 1e6 - 1 / 0.6) < 5 * 1.054 / 256 + 0.01 * 1.67 AS mean
FROM (SELECT (event ->> 'quantity')::float8 AS q FROM events('order_line', spindle_point_anomaly('mean', 'quantity', '[1e6, 1e6]', 1), 'medium', 2000)) e;
-- A value beyond the column's largest is cut to it.
SELECT col, count(*) AS anomalies, count(DISTINCT event ->> col) AS different, max(event ->> col)
FROM (VALUES ('quantity'), ('discount_percent'), ('unit_price'), ('line_total')) v (col),
  events('order_line', spindle_point_anomaly('huge', col, '[1e12, 1e13]', 0.1), n => 100) WHERE is_anomaly
GROUP BY col ORDER BY col COLLATE "C";
SELECT count(*) FILTER (WHERE q = 2147483647) BETWEEN 1 AND 1999 AS some_cut, count(*) FILTER (WHERE q > 2147483647 OR q < 0) AS wrong
FROM (SELECT (event ->> 'quantity')::numeric AS q FROM events('order_line', spindle_point_anomaly('huge', 'quantity', '[1e8, 3e9]', 1), n => 2000)) e;
-- the largest bound itself
SELECT count(*) FROM events('order', spindle_point_anomaly('huge', 'order_total', '[1e15, 1e15]', 1), n => 3) WHERE event ->> 'order_total' = '9999999999.99';
-- defaults: [10, 100] and 0.01
SELECT spindle_point_anomaly('x', 'order_total') = spindle_point_anomaly('x', 'order_total', '[10, 100]', 0.01) AS builder,
  (SELECT md5(string_agg(event::text, '')) FROM events('order', '{"type": "point", "name": "x", "column": "order_total"}')) =
  (SELECT md5(string_agg(event::text, '')) FROM events('order', spindle_point_anomaly('x', 'order_total'))) AS by_hand;

-- Contextual anomalies: only events whose condition is among the normal values;
-- the new value is among the anomalous ones and differs from the present one.
CREATE TABLE contexts (name text, t text, col text, condition text, normal jsonb, anomalous jsonb);
INSERT INTO contexts VALUES
  ('other column', 'order', 'status', 'store_id', '[1, 2, 3, 43, 86, 101, 102, 103]', '["stolen", "lost"]'),
  ('same column', 'order', 'status', 'status', '["completed", "shipped"]', '["processing", "completed"]'),
  ('null', 'order', 'status', 'promotion_id', '[null]', '["none"]'),
  ('null or one', 'order', 'order_total', 'promotion_id', '[null, 1]', '[-1, 0.5, "99.99"]'),
  ('to null', 'order', 'promotion_id', 'status', '["completed", "returned"]', '[null, 7]'),
  ('number', 'order_line', 'quantity', 'quantity', '[1, 2]', '[1, 2, 3, 1000]'),
  ('numeric', 'order_line', 'unit_price', 'discount_percent', '[0, 5.00, "20"]', '[0, 0.01]'),
  ('sorted', 'return', 'refund_amount', 'reason', '["defective", "other", "late"]', '[0]'),
  ('key', 'product', 'product_id', 'product_status', '["active"]', '[0, -1]'),
  ('nobody', 'product', 'product_name', 'product_status', '["gone"]', '["x"]');
SELECT name, fraction, eligible, c.*, CASE WHEN fraction = 0 OR eligible = 0 THEN 0 ELSE greatest(1, floor(eligible * fraction::numeric)) END AS wanted
FROM contexts v, LATERAL (SELECT count(*) AS eligible FROM plain p
    WHERE p.t = v.t AND EXISTS (SELECT FROM jsonb_array_elements_text(normal) x WHERE p.event ->> condition IS NULL AND x IS NULL
      OR (json_typeof(p.event -> condition) = 'number' AND (p.event ->> condition)::numeric = x::numeric) OR (json_typeof(p.event -> condition) = 'string' AND p.event ->> condition = x))
      AND EXISTS (SELECT FROM jsonb_array_elements_text(anomalous) x WHERE x IS DISTINCT FROM p.event ->> col)) e,
  unnest(CASE name WHEN 'same column' THEN '{0,0.001,0.05,0.4,1}' ELSE '{0.3}' END::float8[]) fraction,
  changes(t, col, spindle_contextual_anomaly(name, col, condition, normal, anomalous, fraction)) c
ORDER BY name COLLATE "C", fraction;
-- "normal" and "new" count events whose condition and value are as asked;
-- "used" how often each anomalous value was put in.
SELECT name, sum(n) AS anomalies, bool_and(normal) AS normal, bool_and(new) AS new, bool_and(differs) AS differs, json_object_agg(value, n ORDER BY value COLLATE "C") AS used
FROM (SELECT name, e.event ->> col AS value, count(*) AS n,
        bool_and(EXISTS (SELECT FROM jsonb_array_elements_text(normal) x WHERE p.event ->> condition IS NULL AND x IS NULL
          OR (json_typeof(p.event -> condition) = 'number' AND (p.event ->> condition)::numeric = x::numeric) OR (json_typeof(p.event -> condition) = 'string' AND p.event ->> condition = x))) AS normal,
        bool_and(EXISTS (SELECT FROM jsonb_array_elements_text(anomalous) x WHERE e.event ->> col IS NULL AND x IS NULL
          OR (json_typeof(e.event -> col) = 'number' AND (e.event ->> col)::numeric = x::numeric) OR (json_typeof(e.event -> col) = 'string' AND e.event ->> col = x))) AS new,
        bool_and(e.event ->> col IS DISTINCT FROM p.event ->> col) AS differs
      FROM contexts v, LATERAL (SELECT * FROM events(t, spindle_contextual_anomaly(name, col, condition, normal, anomalous, 1)) WHERE is_anomaly) e, plain p
      WHERE name <> 'to null' AND p.t = v.t AND p.seq = e.seq GROUP BY 1, 2) x
GROUP BY name ORDER BY name COLLATE "C";
-- Values that all differ from the present one are chosen equally often: 5 sigma.
SELECT event ->> 'promotion_id' AS value, abs(count(*) - sum(count(*)) OVER () / 2.0) < 5 * sqrt(sum(count(*)) OVER () / 4) AS fair
FROM contexts v, events(t, spindle_contextual_anomaly(name, col, condition, normal, anomalous, 1)) WHERE name = 'to null' AND is_anomaly
  AND seq IN (SELECT seq FROM plain WHERE t = 'order' AND (event ->> 'promotion_id')::int <> 7) GROUP BY 1;
-- An event that has the only anomalous value already is not eligible.
SELECT anomaly_count > 0 AS some, anomaly_count = (SELECT count(*) FROM plain WHERE t = 'order' AND event ->> 'promotion_id' IS NULL AND event ->> 'status' <> 'completed') AS others
FROM spindle_to_file('/dev/null', 'retail', 'order', 'fabric_demo', anomalies => spindle_contextual_anomaly('x', 'status', 'promotion_id', '[null]', '["completed"]', 1));
-- One that changes the event time moves its events: exactly as many as the
-- fraction says, to one of the times; nothing else changes, and the stream is in
-- the order of the new times.
CREATE TABLE early AS SELECT e.*, s.event_time, s.delivery_seq FROM events('order',
  spindle_contextual_anomaly('early', 'order_date', 'status', '["shipped"]', '["2022-01-01", "2023-01-01T12:00:00Z"]', 0.5)) e
  JOIN spindle_stream('retail', 'order', 'fabric_demo', anomalies =>
  spindle_contextual_anomaly('early', 'order_date', 'status', '["shipped"]', '["2022-01-01", "2023-01-01T12:00:00Z"]', 0.5)) s USING (seq);
SELECT count(*) FILTER (WHERE is_anomaly) = (SELECT floor(count(*) * 0.5) FROM plain WHERE t = 'order' AND event ->> 'status' = 'shipped') AS exact,
  count(DISTINCT event ->> 'order_date') FILTER (WHERE is_anomaly) AS times,
  count(*) FILTER (WHERE is_anomaly AND event ->> 'status' <> 'shipped') AS wrong,
  count(*) FILTER (WHERE event_time <> (event ->> 'order_date')::timestamptz) AS times_differ,
  count(DISTINCT event ->> 'order_id') AS orders, max(seq) AS last FROM early;
SELECT count(*) FILTER (WHERE back) AS out_of_time FROM (SELECT event_time < lag(event_time) OVER (ORDER BY seq) AS back FROM early) e;
SELECT count(*) AS others_changed FROM early e JOIN plain p ON p.t = 'order' AND p.event ->> 'order_id' = e.event ->> 'order_id'
WHERE p.event::jsonb - '{_spindle_seq,_spindle_event_time,order_date}'::text[] <> e.event::jsonb - '{_spindle_seq,_spindle_event_time,order_date,_spindle_is_anomaly,_spindle_anomaly_type}'::text[]
  OR NOT e.is_anomaly AND p.event ->> 'order_date' <> e.event ->> 'order_date';
-- together with one that moves groups, neither takes what the other has taken
SELECT anomaly_type, count(*) > 0 AS some, count(*) = (SELECT count(*) FROM early WHERE is_anomaly) AS as_before FROM events('order', jsonb_build_array(
  spindle_contextual_anomaly('early', 'order_date', 'status', '["shipped"]', '["2022-01-01", "2023-01-01T12:00:00Z"]', 0.5),
  spindle_collective_anomaly('rush', 'customer_id', 'order_date', 600, 0.2), spindle_point_anomaly('high', 'order_total', fraction => 0.1)))
WHERE is_anomaly GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM spindle_stream('retail', 'order', 'fabric_demo',
  anomalies => spindle_contextual_anomaly('never', 'order_date', 'status', '["shipped"]', '[null]', 0.5)); -- ERROR

-- Collective: as many groups as the fraction says, none with one event only;
-- all events of a chosen group are moved, into the window that begins at the
-- group's first event, in the order of rows; nothing else moves; the stream is
-- in the order of the new times, numbered without gaps.
CREATE FUNCTION collective(fraction float8, seed bigint, OUT eligible bigint, OUT chosen bigint, OUT split bigint, OUT early bigint,
  OUT late bigint, OUT swapped bigint, OUT moved_others bigint, OUT in_order boolean, OUT numbered boolean) LANGUAGE sql AS $$
  WITH plain AS MATERIALIZED (SELECT (event ->> 'order_id')::bigint AS id, event ->> 'customer_id' AS grp, event_time FROM spindle_stream('retail', 'order', seed => seed)),
  changed AS MATERIALIZED (SELECT (event ->> 'order_id')::bigint AS id, event_time, seq, anomaly_type, (event ->> 'order_date')::timestamptz AS value
    FROM spindle_stream('retail', 'order', seed => seed, anomalies => spindle_collective_anomaly('c', 'customer_id', 'order_date', 3600, fraction))),
  both_ AS (SELECT p.id, grp, p.event_time AS before, c.event_time AS after, seq, anomaly_type IS NOT NULL AS moved,
      anomaly_type = 'collective:c' AND value = c.event_time AS right_label FROM plain p JOIN changed c USING (id)),
  groups AS (SELECT grp, count(*) AS n, count(*) FILTER (WHERE moved) AS n_moved, min(before) AS first, min(after) AS first_after, max(after) AS last_after FROM both_ GROUP BY grp)
  SELECT (SELECT count(*) FROM groups WHERE n > 1), (SELECT count(*) FROM groups WHERE n_moved > 0),
    (SELECT count(*) FROM groups WHERE n_moved > 0 AND n_moved <> n), (SELECT count(*) FROM groups WHERE n_moved > 0 AND first_after < first),
    (SELECT count(*) FROM groups WHERE n_moved > 0 AND last_after > first + interval '1 hour'),
    (SELECT count(*) FROM (SELECT after < lag(after) OVER (PARTITION BY grp ORDER BY id) AS s FROM both_ WHERE moved) x WHERE s),
    (SELECT count(*) FROM both_ WHERE NOT moved AND before <> after OR moved AND NOT right_label),
    (SELECT bool_and(after >= previous) FROM (SELECT after, lag(after, 1, after) OVER (ORDER BY seq) AS previous FROM both_) x),
    (SELECT count(DISTINCT seq) = 5000 AND max(seq) = 4999 FROM both_)
$$;
SELECT fraction, seed, chosen = CASE WHEN fraction = 0 THEN 0 ELSE greatest(1, floor(eligible * fraction::numeric)) END AS count_right,
  split, early, late, swapped, moved_others, in_order, numbered
FROM (VALUES (0, 1), (0.001, 1), (0.05, 2), (0.4, 3), (1, 4)) v (fraction, seed), collective(fraction, seed);

-- The count in the result; resuming; two of them share no event.
SELECT anomaly_count = (SELECT count(*) FROM spindle_stream('retail', 'order', anomalies => spindle_collective_anomaly('c', 'store_id', 'order_date', fraction => 0.1)) WHERE is_anomaly) AS counted
FROM spindle_to_file('/dev/null', 'retail', 'order', anomalies => spindle_collective_anomaly('c', 'store_id', 'order_date', fraction => 0.1));
SELECT n, (SELECT count(*) FROM spindle_stream('retail', 'order', skip_events => n, out_of_order_fraction => 0.1, anomalies => a) s
  FULL JOIN (SELECT * FROM spindle_stream('retail', 'order', out_of_order_fraction => 0.1, anomalies => a) WHERE delivery_seq >= n) t USING (delivery_seq)
  WHERE s.event::text IS DISTINCT FROM t.event::text OR s.arrival IS DISTINCT FROM t.arrival) AS different
FROM (VALUES (1), (17), (4999)) v (n), (SELECT jsonb_build_array(spindle_collective_anomaly('c', 'customer_id', 'order_date', 600, 0.1),
  spindle_collective_anomaly('d', 'status', 'order_date', 600, 0.1), spindle_point_anomaly('p', 'order_total'))) x (a);
SELECT anomaly_type, count(DISTINCT event ->> 'order_id') = count(*) AS once FROM spindle_stream('retail', 'order', anomalies =>
  jsonb_build_array(spindle_collective_anomaly('c', 'customer_id', 'order_date', 600, 0.1), spindle_collective_anomaly('d', 'store_id', 'order_date', 600, 0.1)))
WHERE is_anomaly GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM spindle_stream('retail', 'order', anomalies => spindle_collective_anomaly('c', 'customer_id', 'status')); -- ERROR
SELECT count(*) FROM spindle_stream('retail', 'address', anomalies => spindle_collective_anomaly('c', 'city', 'street')); -- ERROR
SELECT count(*) FROM spindle_stream('retail', 'order', anomalies => spindle_collective_anomaly('c', 'nobody', 'order_date')); -- ERROR
SELECT spindle_collective_anomaly('c', 'customer_id', 'order_date', window_seconds => 0); -- ERROR

-- A value may be given as the events show it.
SELECT count(*) FROM (SELECT event ->> 'order_date' AS value FROM plain WHERE t = 'order' AND seq = 10) p,
  events('order', spindle_contextual_anomaly('x', 'order_total', 'order_date', jsonb_build_array(value), '[0]', 1)) e WHERE is_anomaly AND seq = 10;

-- Every event is as likely as any other: the anomalies of each tenth of the
-- stream within 5 sigma; another seed, name or place in the list takes others.
SELECT kind, tenth, n FROM (
  SELECT kind, seq / 500 AS tenth, count(*) AS n, sum(count(*)) OVER (PARTITION BY kind) / 10 AS mean
  FROM (VALUES ('point', spindle_point_anomaly('x', 'order_total', fraction => 0.1)),
      ('contextual', spindle_contextual_anomaly('x', 'status', 'promotion_id', '[null]', '["none"]', 0.15))) v (kind, spec),
    generate_series(1, 4) seed, LATERAL (SELECT seq FROM spindle_stream('retail', 'order', seed => seed, anomalies => spec) WHERE is_anomaly) e
  GROUP BY kind, seq / 500) x
WHERE abs(n - mean) > 5 * sqrt(mean);
CREATE FUNCTION chosen(spec jsonb, seed bigint DEFAULT 42, label text DEFAULT '') RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(seq::text, ',') FROM spindle_stream('retail', 'order', seed => seed, anomalies => spec) WHERE anomaly_type ~ label
$$;
SELECT chosen(spec) = chosen(spec) AS again, chosen(spec) = chosen(spec, 43) AS seed,
  chosen(spec) = chosen(spec || '{"name": "y"}') AS name,
  chosen(spec) = chosen(jsonb_build_array('{"name": "y", "type": "point", "column": "order_total", "fraction": 0}'::jsonb, spec)) AS place
FROM (SELECT spindle_point_anomaly('x', 'order_total')) v (spec);

-- Lists, in order: an event carries at most one; those chosen are not
-- eligible for later ones.
CREATE TABLE listed AS SELECT e.* FROM events('order', jsonb_build_array(
  spindle_point_anomaly('one', 'order_total', fraction => 0.05),
  spindle_contextual_anomaly('two', 'status', 'status', '["completed"]', '["lost"]', 0.4),
  spindle_contextual_anomaly('three', 'status', 'promotion_id', '[null]', '["stolen"]', 0.001),
  spindle_point_anomaly('four', 'order_total', '[1000, 1000]', 0.4),
  spindle_point_anomaly('none', 'order_total', '[1000, 1000]', 0),
  spindle_contextual_anomaly('five', 'order_total', 'promotion_id', '[null]', '[0]', 1),
  spindle_point_anomaly('six', 'order_total', '[2, 2]', 1),
  spindle_point_anomaly('seven', 'order_total', '[2, 2]', 0.5),
  spindle_contextual_anomaly('eight', 'order_total', 'promotion_id', '[null]', '[0]', 1))) e;
CREATE FUNCTION count_listed(condition text, names text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM listed l JOIN plain p USING (seq) WHERE p.t = ''order'' AND (%s)
    AND NOT coalesce(l.anomaly_type = ANY (%L::text[]), false)', condition, names) INTO n;
  RETURN n;
END
$$;
SELECT name, eligible, (SELECT count(*) FROM listed WHERE anomaly_type = name) AS anomalies,
  CASE WHEN fraction = 0 OR eligible = 0 THEN 0 ELSE greatest(1, floor(eligible * fraction)) END AS wanted
FROM (VALUES (1, 'point:one', 0.05, 'true', '{}'),
    (2, 'contextual:two', 0.4, 'p.event ->> ''status'' = ''completed''', '{point:one}'),
    (3, 'contextual:three', 0.001, 'p.event ->> ''promotion_id'' IS NULL', '{point:one,contextual:two}'),
    (4, 'point:four', 0.4, 'true', '{point:one,contextual:two,contextual:three}'),
    (5, 'point:none', 0, 'true', '{point:one,contextual:two,contextual:three,point:four}'),
    (6, 'contextual:five', 1, 'p.event ->> ''promotion_id'' IS NULL', '{point:one,contextual:two,contextual:three,point:four}'),
    (7, 'point:six', 1, 'true', '{point:one,contextual:two,contextual:three,point:four,contextual:five}'),
    (8, 'point:seven', 0.5, 'true', '{point:one,contextual:two,contextual:three,point:four,contextual:five,point:six}'),
    (9, 'contextual:eight', 1, 'true', '{point:one,contextual:two,contextual:three,point:four,contextual:five,point:six}')) v (n, name, fraction, condition, before),
  count_listed(condition, before) eligible ORDER BY n;
-- the values are those of the anomaly that the event carries
SELECT count(*) FROM listed l JOIN plain p USING (seq) WHERE p.t = 'order' AND (
  (l.event ->> 'status' = p.event ->> 'status') = (coalesce(l.anomaly_type, '') IN ('contextual:two', 'contextual:three')) OR
  (l.anomaly_type = 'contextual:two') <> (l.event ->> 'status' = 'lost') OR (l.anomaly_type = 'contextual:three') <> (l.event ->> 'status' = 'stolen') OR
  (l.event ->> 'order_total' = p.event ->> 'order_total') = (coalesce(l.anomaly_type, '') IN ('point:one', 'point:four', 'contextual:five', 'point:six')) OR
  (l.anomaly_type = 'contextual:five') <> ((l.event ->> 'order_total')::numeric = 0));

-- Labels off: the same values, columns NULL, members absent, the count true.
CREATE FUNCTION two() RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_array(spindle_point_anomaly('big', 'refund_amount', fraction => 0.1), spindle_contextual_anomaly('odd', 'reason', 'reason', '["other", "defective"]', '["moon"]', 0.5))
$$;
SELECT count(*), count(is_anomaly) AS flags, count(anomaly_type) AS types, count(*) FILTER (WHERE event::text ~ 'anomaly') AS members,
  (SELECT string_agg(event::text, ',' ORDER BY seq) FROM spindle_stream('retail', 'return', 'fabric_demo', anomalies => two(), label_anomalies => false)) =
  (SELECT string_agg(body, ',' ORDER BY seq) FROM events('return', two())) AS same_values
FROM spindle_stream('retail', 'return', 'fabric_demo', anomalies => two(), label_anomalies => false);
SELECT label, events_sent, anomaly_count, anomaly_count = (SELECT count(*) FILTER (WHERE is_anomaly) FROM events('return', two())) AS is_true
FROM unnest('{t,f}'::boolean[]) label, spindle_to_file('/dev/null', 'retail', 'return', 'fabric_demo', anomalies => two(), label_anomalies => label);
-- labels off without anomalies: NULL as well
SELECT DISTINCT is_anomaly, anomaly_type FROM spindle_stream('retail', 'store', label_anomalies => false);
-- The counts are of the events after the cut; the result counts what was sent.
SELECT n, skip, r.events_sent, r.anomaly_count, s.anomalies
FROM (VALUES (100, 0), (100, 40), (170, 100), (170, 169), (170, 170)) v (n, skip),
  spindle_to_file('/dev/null', 'retail', 'return', 'fabric_demo', max_events => n, skip_events => skip, anomalies => spindle_point_anomaly('big', 'refund_amount', fraction => 0.1)) r,
  LATERAL (SELECT count(*) AS anomalies FROM spindle_stream('retail', 'return', 'fabric_demo', max_events => n, anomalies => spindle_point_anomaly('big', 'refund_amount', fraction => 0.1))
           WHERE is_anomaly AND delivery_seq >= skip) s ORDER BY n, skip;
-- Anomalies are found before events are delayed: the same events.
SELECT count(*) FROM (
  SELECT seq, is_anomaly, anomaly_type, event::text FROM spindle_stream('retail', 'return', 'fabric_demo', anomalies => two(), out_of_order_fraction => 0.5)
  EXCEPT SELECT seq, is_anomaly, anomaly_type, event::text FROM events('return', two())) x;

-- Hand-written JSON is as good as what the builders make; one object as good
-- as an array of it.
SELECT spindle_point_anomaly('big', 'order_total', '[2, 3.5]', 0.25) AS point;
SELECT spindle_contextual_anomaly('odd', 'status', 'store_id', '[1, null]', '["x"]') AS contextual;
SELECT count(*), count(DISTINCT sum) FROM (SELECT n, md5(string_agg(e.event::text, ',' ORDER BY seq)) AS sum FROM (VALUES
  (1, spindle_point_anomaly('big', 'order_total', '[2, 3.5]', 0.25)), (2, jsonb_build_array(spindle_point_anomaly('big', 'order_total', '[2, 3.5]', 0.25))),
  (3, '{"fraction": 0.25, "multiplier_range": [2.0, 35e-1], "column": "order_total", "name": "big", "type": "point"}'),
  (4, '[{"fraction": 0.25, "multiplier_range": [2, 3.5], "column": "order_total", "name": "big", "type": "point"}]')) v (n, spec), events('order', spec, n => 500) e GROUP BY n) x;
SELECT count(*), count(DISTINCT sum) FROM (SELECT n, md5(string_agg(e.event::text, ',' ORDER BY seq)) AS sum FROM (VALUES
  (1, spindle_contextual_anomaly('odd', 'status', 'store_id', '[43, 86]', '["x"]')),
  (2, '{"type": "contextual", "name": "odd", "column": "status", "condition_column": "store_id", "normal_values": [43, 86], "anomalous_values": ["x"]}'),
  (3, '{"type": "contextual", "name": "odd", "column": "status", "condition_column": "store_id", "normal_values": ["43", 86], "anomalous_values": ["x"], "fraction": null}')) v (n, spec),
  events('order', spec) e GROUP BY n) x;

-- What is refused: before anything is sent, and the error names the anomaly.
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
CREATE FUNCTION refused(t text, spec text) RETURNS text LANGUAGE sql AS $$
  SELECT try(format('SELECT * FROM spindle_stream(''retail'', %L, max_events => 1, anomalies => %L)', t, spec))
$$;
\pset format unaligned
SELECT spec, refused('order_line', '{"name": "n", "type": "point", ' || spec || '}') AS point FROM (VALUES
  ('"column": "order_line_id"'), ('"column": "order_id"'), ('"column": "product_id"'), ('"column": "promotion_id"'), ('"column": "event_time"'), ('"column": "Quantity"'), ('"column": ""'),
  ('"column": null'), ('"column": 1'), ('"fraction": 0.1'),
  ('"column": "quantity", "multiplier_range": [2, 1]'), ('"column": "quantity", "multiplier_range": [0, 1]'), ('"column": "quantity", "multiplier_range": [-1, 1]'),
  ('"column": "quantity", "multiplier_range": [1]'), ('"column": "quantity", "multiplier_range": [1, 2, 3]'), ('"column": "quantity", "multiplier_range": []'),
  ('"column": "quantity", "multiplier_range": 5'), ('"column": "quantity", "multiplier_range": ["1", 2]'), ('"column": "quantity", "multiplier_range": [null, 2]'),
  ('"column": "quantity", "multiplier_range": [1, 1e300]'),
  ('"column": "quantity", "fraction": -0.1'), ('"column": "quantity", "fraction": 1.0001'), ('"column": "quantity", "fraction": "0.1"'), ('"column": "quantity", "fraction": [0.1]'),
  ('"column": "quantity", "fractoin": 0.1'), ('"column": "quantity", "normal_values": [1]')) v (spec);
SELECT t, col, refused(t, format('{"name": "n", "type": "point", "column": "%s"}', col)) FROM (VALUES ('order', 'status'), ('order', 'order_date'), ('customer', 'is_active'), ('customer', 'mail_domain')) v (t, col);
SELECT spec, refused('order', '{"name": "n", "type": "contextual", ' || spec || '}') AS contextual FROM (VALUES
  ('"column": "status", "condition_column": "status", "normal_values": ["a"]'), ('"column": "status", "condition_column": "status", "anomalous_values": ["a"]'),
  ('"column": "status", "normal_values": ["a"], "anomalous_values": ["b"]'), ('"condition_column": "status", "normal_values": ["a"], "anomalous_values": ["b"]'),
  ('"column": "stat", "condition_column": "status", "normal_values": ["a"], "anomalous_values": ["b"]'), ('"column": "status", "condition_column": "state", "normal_values": ["a"], "anomalous_values": ["b"]'),
  ('"column": "status", "condition_column": "status", "normal_values": ["a"], "anomalous_values": ["a"]'), ('"column": "status", "condition_column": "status", "normal_values": [], "anomalous_values": ["b"]'),
  ('"column": "status", "condition_column": "status", "normal_values": ["a"], "anomalous_values": []'), ('"column": "status", "condition_column": "status", "normal_values": "a", "anomalous_values": ["b"]'),
  ('"column": "status", "condition_column": "status", "normal_values": ["a"], "anomalous_values": {"b": 1}'),
  ('"column": "status", "condition_column": "status", "normal_values": ["a"], "anomalous_values": [null]'), ('"column": "status", "condition_column": "status", "normal_values": ["a"], "anomalous_values": [["b"]]'),
  ('"column": "status", "condition_column": "store_id", "normal_values": ["a"], "anomalous_values": ["b"]'), ('"column": "status", "condition_column": "store_id", "normal_values": [1.5], "anomalous_values": ["b"]'),
  ('"column": "status", "condition_column": "store_id", "normal_values": [3000000000], "anomalous_values": ["b"]'), ('"column": "status", "condition_column": "store_id", "normal_values": [true], "anomalous_values": ["b"]'),
  ('"column": "order_total", "condition_column": "store_id", "normal_values": [1], "anomalous_values": [1, 10000000000]'), ('"column": "order_total", "condition_column": "store_id", "normal_values": [1], "anomalous_values": ["NaN"]'),
  ('"column": "order_date", "condition_column": "store_id", "normal_values": [1], "anomalous_values": ["soon"]'), ('"column": "order_date", "condition_column": "store_id", "normal_values": [1], "anomalous_values": [2022]'),
  ('"column": "status", "condition_column": "status", "normal_values": ["a"], "anomalous_values": ["b"], "fraction": 2'), ('"column": "status", "condition_column": "status", "normal_values": ["a"], "anomalous_values": ["b"], "multiplier_range": [1, 2]')) v (spec);
SELECT refused('store', spindle_contextual_anomaly('n', 'state', 'state', '["CA"]', '["CAL"]')::text) AS too_long,
  refused('customer', spindle_contextual_anomaly('n', 'is_active', 'is_active', '[true]', '["maybe"]')::text) AS boolean;
SELECT spec, refused('order', spec) AS document FROM (VALUES
  ('5'), ('"point"'), ('null'), ('[null]'), ('[[]]'), ('{}'), ('{"type": "point", "column": "order_total"}'), ('{"name": "", "type": "point", "column": "order_total"}'), ('{"name": 5, "type": "point", "column": "order_total"}'),
  ('{"name": "n", "column": "order_total"}'), ('{"name": "n", "type": "Point", "column": "order_total"}'), ('{"name": "n", "type": "spike", "column": "order_total"}'), ('{"name": "n", "type": null, "column": "order_total"}'),
  ('[{"name": "good", "type": "point", "column": "order_total"}, {"name": "bad", "type": "point", "column": "order_totals"}]'), ('[{"name": "good", "type": "point", "column": "order_total"}, {"type": "point", "column": "order_total"}]')) v (spec);
SELECT refused('order', jsonb_agg(spindle_point_anomaly('n' || i, 'order_total'))::text) AS too_many FROM generate_series(1, 101) i;
SELECT refused('order', jsonb_agg(spindle_point_anomaly('n' || i, 'order_total', fraction => 0.001))::text) AS not_too_many FROM generate_series(1, 100) i;
-- builders refuse at once
SELECT call, try('SELECT spindle_' || call) FROM (VALUES
  ($$point_anomaly(NULL, 'x')$$), ($$point_anomaly('n', NULL)$$), ($$point_anomaly('n', 'x', '[2, 1]')$$), ($$point_anomaly('n', 'x', '[0, 1]')$$), ($$point_anomaly('n', 'x', '[-2, -1]')$$),
  ($$point_anomaly('n', 'x', '[1]')$$), ($$point_anomaly('n', 'x', '{}')$$), ($$point_anomaly('n', 'x', '["a", "b"]')$$), ($$point_anomaly('n', 'x', fraction => 1.1)$$), ($$point_anomaly('n', 'x', fraction => -1)$$), ($$point_anomaly('n', 'x', fraction => 'NaN')$$),
  ($$point_anomaly('n', 'x', fraction => 'infinity')$$), ($$contextual_anomaly(NULL, 'x', 'y', '[1]', '[2]')$$), ($$contextual_anomaly('n', NULL, 'y', '[1]', '[2]')$$),
  ($$contextual_anomaly('n', 'x', NULL, '[1]', '[2]')$$), ($$contextual_anomaly('n', 'x', 'y', NULL, '[2]')$$), ($$contextual_anomaly('n', 'x', 'y', '[1]', NULL)$$), ($$contextual_anomaly('n', 'x', 'y', '[]', '[2]')$$),
  ($$contextual_anomaly('n', 'x', 'y', '[1]', '[]')$$), ($$contextual_anomaly('n', 'x', 'y', '1', '[2]')$$), ($$contextual_anomaly('n', 'x', 'y', '[1]', '{"a": 2}')$$), ($$contextual_anomaly('n', 'x', 'y', '[1]', '[2]', 1.5)$$)) v (call);
-- an empty name, too
SELECT call, left(try('SELECT spindle_' || call), 5) AS state FROM (VALUES ($$point_anomaly('', 'x')$$), ($$contextual_anomaly('', 'x', 'y', '[1]', '[2]')$$)) v (call);
\pset format aligned
-- nothing is sent: no file is made
SELECT try($$SELECT spindle_to_file('/nonexistent/file', 'retail', 'order', anomalies => '{"name": "n", "type": "spike"}')$$);
\set VERBOSITY sqlstate
SELECT * FROM spindle_stream('retail', 'order', anomalies => '{"name": "n", "type": "spike"}'); -- ERROR
SELECT spindle_point_anomaly('n', 'x', '[2, 1]'); -- ERROR
\set VERBOSITY default
SELECT spindle_point_anomaly('n', 'x', '[2, 1]'); -- ERROR

-- Builders keep the number that they are given, whatever the setting.
SET extra_float_digits = -15;
SELECT spindle_point_anomaly('n', 'x', fraction => 0.1::float8 / 3), spindle_burst_window(start_offset_seconds => 1234.5678, duration_seconds => 1e9::float8 / 7);
RESET extra_float_digits;

SET client_min_messages = warning;
DROP SCHEMA stream_anomalies CASCADE;
