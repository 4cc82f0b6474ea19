--
-- Late events: the order of delivery.
--
CREATE SCHEMA stream_late;
SET search_path = stream_late, public;

-- What a consumer finds, from the order of delivery alone.  An event is late
-- if one with a higher seq was delivered before it.
CREATE TABLE settings (f float8, s int, late_min int, late_max int, steps_min int, steps_max int);
INSERT INTO settings VALUES (0.01, 10, 49, 50, 46, 50), (0.05, 10, 249, 250, 230, 250),
  (0.20, 5, 998, 1000, 840, 910), (0.50, 10, 2497, 2500, 1750, 1890);
CREATE FUNCTION consume(f float8, s int, seed bigint, OUT events bigint, OUT first bigint, OUT last bigint, OUT different bigint,
  OUT numbered boolean, OUT late bigint, OUT steps bigint, OUT farthest bigint) LANGUAGE sql AS $$
  SELECT count(*), min(seq), max(seq), count(DISTINCT seq), bool_and(delivery_seq = position),
    count(*) FILTER (WHERE seq < highest), count(*) FILTER (WHERE event_time < previous), max(delivery_seq - seq)
  FROM (SELECT delivery_seq, seq, event_time, row_number() OVER () - 1 AS position, lag(event_time) OVER () AS previous,
          max(seq) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS highest
        FROM spindle_stream('retail', 'order', seed => seed, out_of_order_fraction => f, out_of_order_max_delay_slots => s)) x
$$;
CREATE TABLE found AS SELECT f, s, seed, c.* FROM settings, generate_series(1, 20) seed, consume(f, s, seed) c;

-- 20 seeds: every event once, the numbers of late events and of steps back in
-- time in their ranges, and no event more than s positions after its place.
SELECT f, s, count(*) AS seeds, bool_and(events = 5000 AND different = 5000 AND first = 0 AND last = 4999) AS complete,
  bool_and(numbered) AS numbered,
  bool_and(late BETWEEN late_min AND late_max) AS late, bool_and(steps BETWEEN steps_min AND steps_max) AS steps,
  bool_and(farthest BETWEEN 1 AND s) AS places
FROM found JOIN settings USING (f, s) GROUP BY f, s ORDER BY f;
-- Exactly n = floor(5000 f + 1/2) events are chosen.  Each of them is late but
-- the last event of the stream, which nothing follows.
SELECT f, bool_and(late IN (floor(5000 * f + 0.5), floor(5000 * f + 0.5) - 1)) AS chosen FROM found GROUP BY f ORDER BY f;
-- Different seeds choose different events.
SELECT count(DISTINCT steps) > 10 AS differ FROM found WHERE f = 0.5;

-- The result of spindle_to_file counts the same.
SELECT f, s, seed, r.events_sent, r.out_of_order_count - late AS difference
FROM found, LATERAL spindle_to_file('/dev/null', 'retail', 'order', seed => seed,
  out_of_order_fraction => f, out_of_order_max_delay_slots => s) r
WHERE seed IN (1, 20) ORDER BY f, seed;

-- In words of lists.  Each event is overtaken by events that come after it:
-- none if it is not chosen, exactly d of 1 .. s if it is, fewer only where the
-- stream ends.  Overtaken counts are taken from the order of delivery; the
-- list that they give, built from the last event to the first, is that order.
CREATE FUNCTION delivered(f float8, s int, seed bigint, n bigint) RETURNS SETOF bigint LANGUAGE sql AS $$
  SELECT seq FROM spindle_stream('retail', 'order', seed => seed, max_events => n, out_of_order_fraction => f, out_of_order_max_delay_slots => s)
$$;
CREATE FUNCTION built(counts bigint[]) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
  list bigint[] := '{}';
BEGIN
  FOR seq IN REVERSE cardinality(counts) - 1 .. 0 LOOP
    list := list[:counts[seq + 1]] || seq::bigint || list[counts[seq + 1] + 1:];
  END LOOP;
  RETURN list;
END
$$;
CREATE TABLE lists AS
  SELECT f, s, seed, d.seq, d.position
  FROM (VALUES (0.001, 1), (0.3, 1), (0.3, 4), (0.9, 3), (1, 7), (0.5, 100), (1, 5000)) v (f, s),
    generate_series(1, 2) seed, delivered(f, s, seed, 300) WITH ORDINALITY d (seq, position);
CREATE TABLE overtaken AS
  SELECT f, s, seed, a.seq, a.position, count(b.seq) AS times
  FROM lists a LEFT JOIN lists b USING (f, s, seed) WHERE b.position <= a.position AND b.seq >= a.seq
  GROUP BY f, s, seed, a.seq, a.position;
UPDATE overtaken SET times = times - 1; -- by itself
SELECT f, s, max(times) AS most, bool_and(times <= s) AS at_most_s, bool_and(times <= 299 - seq) AS at_most_all,
  count(*) FILTER (WHERE times > 0) / 2.0 AS chosen
FROM overtaken GROUP BY f, s ORDER BY f, s;
SELECT count(*) AS lists, count(*) FILTER (WHERE built(counts) <> delivered) AS differ
FROM (SELECT array_agg(times ORDER BY seq) AS counts, array_agg(seq ORDER BY position) AS delivered FROM overtaken GROUP BY f, s, seed) x;

-- d is uniform in 1 .. s: each value within 5 sigma.  At the end of the stream
-- there are fewer events to be overtaken by, so its last s are left out.
SELECT s, d, n, total FROM (
  SELECT s, d, total, (SELECT count(*) FROM overtaken o WHERE o.s = x.s AND times = d AND seq < 300 - x.s) AS n
  FROM (SELECT s, count(*) FILTER (WHERE times > 0)::float8 AS total FROM overtaken WHERE s IN (3, 4, 7) AND seq < 300 - s GROUP BY s) x,
    generate_series(1, s) d) y
WHERE abs(n - total / s) >= 5 * sqrt(total / s * (1 - 1.0 / s));
-- Every event is as likely to be chosen as any other: the late ones of each
-- tenth of the stream (5 sigma of a draw without repetition), and neighbours
-- that are both late (5 sigma of a binomial number).
CREATE FUNCTION late_events(f float8, s int, seed bigint) RETURNS SETOF bigint LANGUAGE sql AS $$
  SELECT seq
  FROM (SELECT seq, max(seq) OVER (ROWS UNBOUNDED PRECEDING) AS highest
        FROM spindle_stream('retail', 'order', seed => seed, out_of_order_fraction => f, out_of_order_max_delay_slots => s)) x
  WHERE seq < highest
$$;
CREATE TABLE chosen AS
  SELECT seed, seq, lag(seq) OVER (PARTITION BY seed ORDER BY seq) = seq - 1 AS after_another
  FROM generate_series(1, 20) seed, late_events(0.2, 5, seed) seq;
SELECT tenth, n FROM (SELECT seq / 500 AS tenth, count(*) AS n FROM chosen GROUP BY 1) x
WHERE abs(n - 2000) >= 5 * sqrt(10000 * 0.2 * 0.8 * 0.9);
SELECT abs(n - 20 * 4999 * 0.04) < 5 * sqrt(20 * 4999 * 0.04 * 0.96) AS independent
FROM (SELECT count(*) AS n FROM chosen WHERE after_another) x;

-- Numbers at the edges: none of 0 and 1 events; at least 1 if the fraction is
-- not 0, at most N - 1; halves are rounded up.
CREATE FUNCTION late(f float8, n bigint, s int DEFAULT 10, seed bigint DEFAULT 42) RETURNS bigint LANGUAGE sql AS $$
  SELECT out_of_order_count FROM spindle_to_file('/dev/null', 'retail', 'order', seed => seed, max_events => n,
    out_of_order_fraction => f, out_of_order_max_delay_slots => s)
$$;
SELECT late(0, 5000), late(0.5, 0), late(1, 0), late(0.5, 1), late(1, 1);
SELECT f::text, n, wanted, count(*) FILTER (WHERE late IN (wanted, wanted - 1)) AS near,
  count(*) FILTER (WHERE late = wanted) > 0 OR wanted = 4999 AS exact -- then the last event is surely chosen
FROM (VALUES (1e-12::float8, 5000, 1), (1e-300, 5000, 1), (0.00029, 5000, 1), (0.1, 2, 1), (1, 2, 1),
        (1, 5000, 4999), (0.9999, 5000, 4999), (0.25, 10, 3), (0.249, 10, 2), (0.625, 4, 3), (0.9, 4, 3)) v (f, n, wanted),
  generate_series(1, 8) seed, late(f, n, 10, seed) late
GROUP BY f, n, wanted ORDER BY n DESC, f;
-- All but one chosen, with one slot each: still every event once.
SELECT f, s, n, count(d) AS events, count(DISTINCT d) AS different, min(d), max(d)
FROM (VALUES (1, 1, 1000), (1, 1, 2), (1, 10, 3), (1, 1000000, 1000), (0.5, 1000000, 1000), (1, 10, 1), (1, 10, 0)) v (f, s, n)
LEFT JOIN LATERAL delivered(f, s, 42, n) d ON true
GROUP BY f, s, n ORDER BY n DESC, s, f;
-- no event late: the order of time
SELECT bool_and(seq = delivery_seq) FROM spindle_stream('retail', 'return', out_of_order_fraction => 0);

-- Events are late in a sorted stream and in one without times, too; and the
-- number that an event carries is its own, not that of its delivery.
SELECT t, count(*) AS events, count(DISTINCT seq) = count(*) AND max(seq) = count(*) - 1 AS complete,
  count(*) FILTER (WHERE seq < highest) IN (round(count(*) * 0.2), round(count(*) * 0.2) - 1) AS late,
  bool_and((event ->> '_spindle_seq')::bigint = seq) AS own_number,
  bool_and((event ->> '_spindle_event_time')::timestamptz IS NOT DISTINCT FROM event_time) AS own_time
FROM (SELECT t, seq, event, event_time, max(seq) OVER (PARTITION BY t ORDER BY delivery_seq) AS highest
      FROM unnest('{return,store,order_line}'::text[]) t,
        LATERAL spindle_stream('retail', t, 'fabric_demo', out_of_order_fraction => 0.2, out_of_order_max_delay_slots => 30) e) x
GROUP BY t ORDER BY t COLLATE "C";
-- A late event is the event that it would be in time.
SELECT count(*) FROM (
  SELECT seq, event_time, event::text FROM spindle_stream('retail', 'return', out_of_order_fraction => 0.7, out_of_order_max_delay_slots => 50)
  EXCEPT SELECT seq, event_time, event::text FROM spindle_stream('retail', 'return')) x;

-- max_events cuts before events are delayed: the first n of the order of time.
SELECT n, count(*) AS events, min(seq) AS first, max(seq) AS last, count(DISTINCT seq) = count(*) AS different
FROM (VALUES (1), (17), (300), (4999)) v (n),
  spindle_stream('retail', 'order', max_events => n, out_of_order_fraction => 0.5) GROUP BY n ORDER BY n;
-- and so does duration
SELECT count(*), count(*) = max(seq) + 1 AS without_gaps, max(arrival) < '20 s' AS in_time, max(seq) BETWEEN 120 AND 280 AS five_sigma
FROM spindle_stream('retail', 'order', duration => '20 s', out_of_order_fraction => 0.5);

-- Everything together: late events, arrivals with bursts and a pattern, and
-- anomalies.
CREATE FUNCTION everything(skip bigint DEFAULT 0, seed bigint DEFAULT 42, "table" text DEFAULT 'order') RETURNS SETOF text LANGUAGE sql AS $$
  SELECT concat_ws(',', delivery_seq, seq, table_name, event_time, arrival, is_anomaly, anomaly_type, event)
  FROM spindle_stream('retail', "table", 'fabric_demo', seed, skip_events => skip,
    burst_windows => jsonb_build_array(spindle_burst_window(100, 200, multiplier => 5), spindle_burst_window(NULL, NULL, 20, 30, 0.1)),
    time_pattern => spindle_time_pattern('retail_peak'),
    out_of_order_fraction => 0.3, out_of_order_max_delay_slots => 20,
    anomalies => CASE "table"
      WHEN 'order' THEN jsonb_build_array(spindle_point_anomaly('big', 'order_total', fraction => 0.1),
        spindle_contextual_anomaly('odd', 'status', 'status', '["completed", "shipped"]', '["processing", "lost"]', fraction => 0.2))
      ELSE spindle_point_anomaly('big', 'refund_amount', fraction => 0.1) END) s
$$;
-- The same arguments give the same bytes, another seed others.
CREATE TABLE once AS SELECT "table", n - 1 AS n, e
  FROM unnest('{order,return}'::text[]) "table", everything("table" => "table") WITH ORDINALITY e (e, n);
SELECT count(*) FROM once WHERE e LIKE '%point:big%' OR e LIKE '%contextual:odd%';
SELECT "table", md5(string_agg(o.e, ',' ORDER BY n)) = (SELECT md5(string_agg(e, ',')) FROM everything("table" => "table") e) AS same,
  md5(string_agg(o.e, ',' ORDER BY n)) = (SELECT md5(string_agg(e, ',')) FROM everything(0, 43, "table") e) AS other_seed
FROM once o GROUP BY "table" ORDER BY 1;
-- skip_events leaves out the first deliveries: the tail is as it was, arrivals
-- included.
SELECT v."table", skip, events, tail IS NOT DISTINCT FROM (SELECT string_agg(e, ',' ORDER BY n) FROM once WHERE "table" = v."table" AND n >= skip) AS same
FROM unnest('{order,return}'::text[]) v ("table"), unnest('{0,1,17,100,101,169,170,171,999,1000,1005,9223372036854775807}'::bigint[]) skip,
  LATERAL (SELECT count(*) AS events, string_agg(e, ',') AS tail FROM everything(skip, "table" => v."table") e) t
ORDER BY 1, 2;

SET client_min_messages = warning;
DROP SCHEMA stream_late CASCADE;
