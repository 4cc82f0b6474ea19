--
-- Arrivals: rate, bursts, patterns of the day and the week, duration.
--
CREATE SCHEMA stream_arrivals;
SET search_path = stream_arrivals, public;
-- patterns have their clock in UTC, whatever the session has
SET TimeZone = 'Asia/Kolkata';

-- The offsets of a stream in seconds: at most n deliveries.
CREATE FUNCTION offsets(n bigint, rate float8, arrivals text DEFAULT 'uniform', windows jsonb DEFAULT NULL, pattern jsonb DEFAULT NULL,
  clock timestamptz DEFAULT NULL, seed bigint DEFAULT 42, scale text DEFAULT 'small')
RETURNS TABLE (k bigint, t float8, gap float8) LANGUAGE sql AS $$
  SELECT delivery_seq, t, t - lag(t, 1, 0) OVER ()
  FROM (SELECT delivery_seq, extract(epoch FROM arrival)::float8 AS t
        FROM spindle_stream('retail', 'order', scale, seed, n, events_per_second => rate, arrivals => arrivals,
          burst_windows => windows, time_pattern => pattern, clock_start => clock)) s
$$;

-- Uniform: delivery k at (k + 1) / rate, to the microsecond.
SELECT rate, count(*) AS events, count(*) FILTER (WHERE abs(t - (k + 1) / rate) > 1e-6 + 1e-15 * t) AS wrong
FROM unnest('{10,3,1000000,0.001,0.7}'::float8[]) rate, offsets(5000, rate) GROUP BY rate ORDER BY rate;
SELECT count(*), min(arrival), max(arrival) FROM spindle_stream('retail', 'order', arrivals => 'uniform');

-- Poisson: gaps are independent and exponential.  Their mean is 1 / rate, the
-- distance of their distribution from the exponential one below that of
-- Kolmogorov and Smirnov at 0.001, and neighbours are not correlated.
CREATE FUNCTION exponential(gaps float8[], OUT mean boolean, OUT distribution boolean, OUT independent boolean) LANGUAGE sql AS $$
  SELECT abs(avg(g) - 1) < 5 / sqrt(count(*)),
    max(greatest(abs(1 - exp(-g) - rank / n), abs(1 - exp(-g) - (rank - 1) / n))) < 1.95 / sqrt(count(*)),
    abs(corr(g, next)) < 5 / sqrt(count(*))
  FROM (SELECT g, lead(g) OVER (ORDER BY i) AS next, rank() OVER (ORDER BY g)::float8 AS rank, cardinality(gaps)::float8 AS n
        FROM unnest(gaps) WITH ORDINALITY u (g, i)) x
$$;
SELECT rate, seed, e.*
FROM (VALUES (10.0::float8, 42), (10, 1), (10, -7), (0.5, 42), (250, 3)) v (rate, seed),
  LATERAL (SELECT array_agg(gap * rate ORDER BY k) AS gaps FROM offsets(5000, rate, 'poisson', seed => seed)) g, exponential(gaps) e
ORDER BY rate, seed;
-- The rate only stretches time; another seed is another draw.
SELECT count(*) FROM offsets(5000, 10, 'poisson') a JOIN offsets(5000, 0.1, 'poisson') b USING (k) WHERE abs(100 * a.t - b.t) > 1e-3;
SELECT count(*) FROM offsets(1000, 10, 'poisson') a JOIN offsets(1000, 10, 'poisson', seed => 43) b USING (k) WHERE a.gap = b.gap;
-- Poisson is what one gets without asking; time does not run backwards
SELECT count(*), bool_and(s.arrival = make_interval(secs => o.t)) AS same
FROM spindle_stream('retail', 'order') s JOIN offsets(5000, 10, 'poisson') o ON k = delivery_seq;
SELECT count(*) FROM offsets(5000, 10, 'poisson') WHERE gap < 0;

-- Windows by event: start <= k < end; the gap before delivery k is 1 / (rate x
-- the multipliers of k).
CREATE FUNCTION by_event(start bigint, "end" bigint, multiplier float8) RETURNS jsonb LANGUAGE sql AS
  'SELECT spindle_burst_window(start, "end", multiplier => multiplier)';
CREATE FUNCTION by_time(start float8, duration float8, multiplier float8) RETURNS jsonb LANGUAGE sql AS
  'SELECT spindle_burst_window(start_offset_seconds => start, duration_seconds => duration, multiplier => multiplier)';
SELECT k, round(gap::numeric, 6) AS gap FROM offsets(12, 1, windows => by_event(3, 6, 4));
CREATE TABLE event_windows AS SELECT jsonb_build_array(by_event(1000, 2000, 10), by_event(1500, 3000, 0.5), by_event(2999, 3000, 3),
  by_event(0, 1, 7), by_event(4999, 100000, 2)) AS windows;
CREATE FUNCTION event_multiplier(k bigint) RETURNS float8 LANGUAGE sql AS $$
  SELECT CASE WHEN k >= 1000 AND k < 2000 THEN 10 ELSE 1 END * CASE WHEN k >= 1500 AND k < 3000 THEN 0.5 ELSE 1 END *
    CASE WHEN k = 2999 THEN 3 ELSE 1 END * CASE WHEN k = 0 THEN 7 ELSE 1 END * CASE WHEN k >= 4999 THEN 2 ELSE 1 END
$$;
SELECT count(*), count(*) FILTER (WHERE abs(gap - 1 / (10 * event_multiplier(k))) > 2e-6) AS wrong
FROM event_windows, offsets(5000, 10, windows => windows);
-- Poisson: mean gap of each stretch within 5 sigma; gaps scaled back are
-- exponential.
SELECT multiplier, count(*), abs(avg(gap) * 10 * multiplier - 1) < 5 / sqrt(count(*)) AS mean
FROM event_windows, offsets(5000, 10, 'poisson', windows), event_multiplier(k) multiplier
WHERE k BETWEEN 1 AND 4998 GROUP BY multiplier HAVING count(*) > 1 ORDER BY multiplier;
SELECT e.* FROM (SELECT array_agg(gap * 10 * event_multiplier(k) ORDER BY k) AS gaps
  FROM event_windows, offsets(5000, 10, 'poisson', windows)) g, exponential(gaps) e;

-- Windows by time: start <= t < start + duration; several multiply.  The
-- integral of the rate up to the arrival of delivery k is k + 1 if uniform,
-- and a sum of unit exponentials if Poisson: a gap is never drawn at one rate
-- and spent in another.
CREATE FUNCTION integral(upto float8, rate float8, windows jsonb) RETURNS float8 LANGUAGE sql AS $$
  WITH w AS (SELECT (x ->> 'start_offset_seconds')::float8 AS a, (x ->> 'start_offset_seconds')::float8 + (x ->> 'duration_seconds')::float8 AS b,
               (x ->> 'multiplier')::float8 AS m FROM jsonb_array_elements(windows) x),
    pieces AS (SELECT a, lead(a, 1, upto) OVER (ORDER BY a) AS b
      FROM (SELECT a FROM w UNION SELECT b FROM w UNION SELECT 0) c WHERE a < upto)
  SELECT sum((p.b - p.a) * rate * (SELECT coalesce(exp(sum(ln(m))), 1) FROM w WHERE w.a <= p.a AND p.a < w.b)) FROM pieces p
$$;
SELECT integral(100, 2, '[]'), integral(100, 2, '[{"start_offset_seconds": 10, "duration_seconds": 20, "multiplier": 3},
  {"start_offset_seconds": 20, "duration_seconds": 20, "multiplier": 0.5}]') AS "20 + 60 + 30 + 10 + 120";
SELECT k, round(t::numeric, 6) AS t FROM offsets(12, 1, windows => by_time(3.5, 2, 4));
CREATE TABLE time_windows (name text, rate float8, windows jsonb);
INSERT INTO time_windows VALUES
  ('one', 10, jsonb_build_array(by_time(10, 10, 5))),
  ('stacked', 2, jsonb_build_array(by_time(10, 40, 5), by_time(20, 10, 4), by_time(45, 10, 0.1))),
  ('equal', 10, jsonb_build_array(by_time(10, 10, 2), by_time(10, 10, 2), by_time(20, 10, 3))),
  ('from the start', 1, jsonb_build_array(by_time(0, 100, 20))),
  ('slow', 10, jsonb_build_array(by_time(5, 1000, 0.001))),
  -- much shorter than a mean gap of 10 s: 100 deliveries each, none is jumped over
  ('short', 0.1, (SELECT jsonb_agg(by_time(i * 7, 0.001, 1000000)) FROM generate_series(1, 15) i));
SELECT name, max(k) + 1 AS events, max(abs(integral(t, rate, windows) - (k + 1))) < 0.2 AS uniform,
  max(abs(integral(t, rate, windows) - (k + 1))) FILTER (WHERE name <> 'short') < 1e-3 AS close
FROM time_windows, offsets(2000, rate, windows => windows) GROUP BY name ORDER BY name COLLATE "C";
SELECT name, e.*
FROM (SELECT name, array_agg(need ORDER BY k) AS gaps
      FROM (SELECT name, k, i - lag(i, 1, 0::float8) OVER (PARTITION BY name ORDER BY k) AS need
            FROM time_windows, offsets(2000, rate, 'poisson', windows), integral(t, rate, windows) i) x
      WHERE name <> 'short' GROUP BY name) g, exponential(gaps) e ORDER BY name COLLATE "C";
-- Numbers of arrivals per window against the integral of the rate: 5 sigma;
-- uniform: within 1.
SELECT arrivals, name, count(*) AS windows, count(*) FILTER (WHERE abs(n - mean) > CASE arrivals WHEN 'poisson' THEN 5 * sqrt(mean) ELSE 1 END) AS wrong
FROM (SELECT arrivals, name, a, b, integral(b, rate, windows) - integral(a, rate, windows) AS mean,
        (SELECT count(*) FROM unnest(times) t WHERE t >= a AND t < b) AS n
      FROM (SELECT arrivals, name, rate, windows, array_agg(t) AS times
            FROM unnest('{poisson,uniform}'::text[]) arrivals, time_windows, offsets(2000, rate, arrivals, windows) GROUP BY 1, 2, 3, 4) x,
        LATERAL (SELECT (w ->> 'start_offset_seconds')::float8 AS a,
                   (w ->> 'start_offset_seconds')::float8 + (w ->> 'duration_seconds')::float8 AS b FROM jsonb_array_elements(windows) w) y
      WHERE b <= times[2000]) z
GROUP BY arrivals, name ORDER BY arrivals, name COLLATE "C";
-- By event and by time together they multiply as well.
SELECT k, round(t::numeric, 6) AS t
FROM offsets(10, 1, windows => jsonb_build_array(by_event(2, 6, 2), by_time(3, 2, 5)));
-- one object is as good as an array of one; an empty array is none
SELECT (SELECT array_agg(t) FROM offsets(100, 10, 'poisson', by_event(5, 50, 3))) = (SELECT array_agg(t) FROM offsets(100, 10, 'poisson', jsonb_build_array(by_event(5, 50, 3)))) AS one,
  (SELECT array_agg(t) FROM offsets(100, 10, 'poisson', '[]')) = (SELECT array_agg(t) FROM offsets(100, 10, 'poisson')) AS none;

-- Patterns: multipliers by hour and weekday, of a clock in UTC.
CREATE TABLE presets (preset text, first int, last int, multiplier float8);
INSERT INTO presets VALUES
  ('business_hours', 0, 7, 0.3), ('business_hours', 8, 11, 1.5), ('business_hours', 12, 14, 1.5), ('business_hours', 15, 17, 1.5),
  ('business_hours', 18, 18, 1.0), ('business_hours', 19, 20, 1.0), ('business_hours', 21, 22, 0.3), ('business_hours', 23, 23, 0.3),
  ('retail_peak', 0, 7, 0.4), ('retail_peak', 8, 11, 0.4), ('retail_peak', 12, 14, 1.2), ('retail_peak', 15, 17, 0.4),
  ('retail_peak', 18, 18, 0.4), ('retail_peak', 19, 20, 2.0), ('retail_peak', 21, 22, 2.0), ('retail_peak', 23, 23, 0.4);
CREATE TABLE week AS
  SELECT preset, weekday, hour, multiplier * CASE WHEN weekday < 5 THEN 1 WHEN preset = 'business_hours' THEN (array[0.4, 0.2])[weekday - 4]
    ELSE (array[1.5, 1.8])[weekday - 4] END AS multiplier
  FROM presets, generate_series(first, last) hour, generate_series(0, 6) weekday;
-- Two weeks from a Monday noon: the arrivals of each hour of the week against
-- its multiplier, 5 sigma if Poisson, within 2 if uniform (an hour of the week
-- comes twice); and the hours of the day and the weekdays by themselves.
CREATE TABLE shares AS
  SELECT preset, arrivals, weekday, hour, multiplier * 2 * 3600 * 0.02 AS mean, count(t) AS n
  FROM week CROSS JOIN unnest('{poisson,uniform}'::text[]) arrivals
  LEFT JOIN (SELECT preset, arrivals, t, extract(isodow FROM clock)::int - 1 AS weekday, extract(hour FROM clock)::int AS hour
    FROM unnest('{business_hours,retail_peak}'::text[]) preset, unnest('{poisson,uniform}'::text[]) arrivals,
      offsets(24000, 0.02, arrivals, pattern => to_jsonb(preset), clock => '2024-07-01 12:00:00+00', scale => 'medium'),
      LATERAL (SELECT timestamp '2024-07-01 12:00' + make_interval(secs => t) AS clock) c
    WHERE t < 14 * 86400) x USING (preset, arrivals, weekday, hour)
  GROUP BY preset, arrivals, weekday, hour, multiplier;
SELECT preset, arrivals, count(*) AS hours, count(*) FILTER (WHERE abs(n - mean) > CASE arrivals WHEN 'poisson' THEN 5 * sqrt(mean) ELSE 2 END) AS wrong
FROM shares GROUP BY 1, 2 ORDER BY 1, 2;
SELECT preset, hour, n, mean FROM (SELECT preset, hour, sum(n) AS n, sum(mean) AS mean FROM shares WHERE arrivals = 'poisson' GROUP BY 1, 2) x
WHERE abs(n - mean) > 5 * sqrt(mean);
SELECT preset, weekday, n, mean FROM (SELECT preset, weekday, sum(n) AS n, sum(mean) AS mean FROM shares WHERE arrivals = 'poisson' GROUP BY 1, 2) x
WHERE abs(n - mean) > 5 * sqrt(mean);
-- A preset by its name, in an object and by the builder.
SELECT count(*), count(DISTINCT s) FROM (SELECT array_agg(t) AS s FROM (VALUES (1, to_jsonb('retail_peak'::text)), (2, '{"preset": "retail_peak"}'),
  (3, spindle_time_pattern('retail_peak')), (4, spindle_time_pattern(preset => 'retail_peak', hours => '{}', weekdays => '{}'))) v (n, p), offsets(300, 0.01, 'poisson', pattern => p)
  GROUP BY n) x;
-- Hours given replace those of the preset, and others are 1: noon of a
-- Wednesday is 3 instead of 1.2, 14 o'clock remains 1.2; without a preset 1.
SELECT preset, hour, count(*) FROM unnest('{NULL,retail_peak}'::text[]) preset,
  offsets(700, 1.0 / 36, pattern => spindle_time_pattern(preset, '{"12": 3}'), clock => '2024-07-03 11:00+00'), LATERAL (SELECT 11 + floor(t / 3600 - 1e-9) AS hour) h
WHERE hour BETWEEN 11 AND 14 GROUP BY 1, 2 ORDER BY 1, 2;

-- Silent hours and days have no arrivals; the stream waits for the next live
-- hour, and the silence takes nothing of a gap.
SELECT DISTINCT arrivals, extract(hour FROM clock) AS hour
FROM unnest('{poisson,uniform}'::text[]) arrivals, offsets(2000, 0.01, arrivals, clock => '2024-07-01+00',
    pattern => spindle_time_pattern(hours => (SELECT jsonb_object_agg(h, 0) FROM generate_series(0, 23) h WHERE h NOT IN (9, 17)))),
  LATERAL (SELECT timestamp '2024-07-01' + make_interval(secs => t) AS clock) c ORDER BY 1, 2;
SELECT DISTINCT extract(isodow FROM timestamp '2024-07-01' + make_interval(secs => t)) AS day
FROM offsets(2000, 0.001, 'poisson', clock => '2024-07-01+00', pattern => spindle_time_pattern(weekdays => '{"0": 0, "1": 0, "3": 0, "6": 0}')) ORDER BY 1;
SELECT k, timestamp '2024-07-01 10:30' + make_interval(secs => t) AS clock
FROM offsets(8, 3 / 3600.0, clock => '2024-07-01 16:00+05:30', pattern => '{"hours": {"11": 0, "12": 0}, "weekdays": {"0": 1, "1": 0}}');
-- one live hour a week
SELECT k, make_interval(secs => t) AS after FROM offsets(4, 2 / 3600.0, clock => '2024-07-01+00',
  pattern => jsonb_build_object('hours', (SELECT jsonb_object_agg(h, 0) FROM generate_series(1, 23) h), 'weekdays', (SELECT jsonb_object_agg(d, 0) FROM generate_series(1, 6) d)));
-- a clock far from now
SELECT clock, count(*), min(t) >= 0 AS ok, bool_and(extract(hour FROM clock AT TIME ZONE 'UTC' + make_interval(secs => t)) = 5) AS five
FROM unnest('{0099-03-01 00:00:00+00 BC,1969-12-31 23:59:59.999999+00,9999-01-01+00}'::timestamptz[]) clock,
  offsets(50, 0.01, 'poisson', clock => clock, pattern => jsonb_build_object('hours', (SELECT jsonb_object_agg(h, 0) FROM generate_series(0, 23) h WHERE h <> 5)))
GROUP BY clock ORDER BY clock;

-- By default the clock begins with the first event.
CREATE TABLE first AS SELECT t, event_time FROM unnest('{order,return,promotion,store}'::text[]) t, spindle_stream('retail', t, max_events => 1);
SELECT t, event_time AT TIME ZONE 'UTC' AS first_event,
  (SELECT array_agg(arrival ORDER BY delivery_seq) FROM spindle_stream('retail', t, events_per_second => 0.001, max_events => 100, time_pattern => '"business_hours"')) =
  (SELECT array_agg(arrival ORDER BY delivery_seq) FROM spindle_stream('retail', t, events_per_second => 0.001, max_events => 100, time_pattern => '"business_hours"',
    clock_start => coalesce(event_time, '2022-01-01+00'))) AS by_default,
  (SELECT array_agg(arrival ORDER BY delivery_seq) FROM spindle_stream('retail', t, events_per_second => 0.001, max_events => 100, time_pattern => '"business_hours"')) =
  (SELECT array_agg(arrival ORDER BY delivery_seq) FROM spindle_stream('retail', t, events_per_second => 0.001, max_events => 100, time_pattern => '"business_hours"',
    clock_start => coalesce(event_time, '2022-01-01+00') + '9 h')) AS later
FROM first ORDER BY t COLLATE "C";

-- duration keeps exactly the deliveries with an arrival below it, realtime or
-- not; the others are as they were.
CREATE FUNCTION differ(keep interval, rate float8, arrivals text, is_realtime boolean DEFAULT false) RETURNS TABLE (kept bigint, differ bigint) LANGUAGE sql AS $$
  SELECT (SELECT count(*) FROM spindle_stream('retail', 'order', duration => keep, events_per_second => rate, arrivals => arrivals, realtime => is_realtime)), count(*)
  FROM (SELECT delivery_seq, seq, arrival FROM spindle_stream('retail', 'order', duration => keep, events_per_second => rate, arrivals => arrivals, realtime => is_realtime)) a
  FULL JOIN (SELECT delivery_seq, seq, arrival FROM spindle_stream('retail', 'order', events_per_second => rate, arrivals => arrivals) s WHERE arrival < keep) b USING (delivery_seq)
  WHERE (a.seq, a.arrival) IS DISTINCT FROM (b.seq, b.arrival)
$$;
SELECT arrivals, keep, d.* FROM unnest('{poisson,uniform}'::text[]) arrivals,
  unnest('{0,1 us,50 ms,100 ms,150 ms,1 s,7 s,1 min,499.95 s,1 day,1000 days}'::interval[]) keep, differ(keep, 10, arrivals) d ORDER BY 1, 2;
-- a whole number of gaps: the last arrival is at the duration, not below it
SELECT rate, keep, d.*, round(rate * extract(epoch FROM keep)::float8) - 1 AS wanted
FROM (VALUES (10.0::float8, '1 s'::interval), (10, '0.3 s'), (10, '0.7 s'), (10, '100 s'), (100, '1 s'), (5, '2 s'), (1000, '3 s'), (0.1, '1 h')) v (rate, keep), differ(keep, rate, 'uniform') d;
SELECT arrivals, d.* FROM unnest('{poisson,uniform}'::text[]) arrivals, differ('20 ms', 100000, arrivals, true) d ORDER BY 1;
-- with all that changes the rate, and with max_events: whichever comes first
SELECT count(*) = max(delivery_seq) + 1 AS without_gaps, count(*) BETWEEN 1 AND 4999 AS cut, max(arrival) < '5 days' AS below
FROM spindle_stream('retail', 'order', duration => '5 days', events_per_second => 0.005, time_pattern => '"retail_peak"', burst_windows => by_event(100, 500, 3));
SELECT max_events, count(*) FROM (VALUES (3), (200)) v (max_events), spindle_stream('retail', 'order', duration => '10.05 s', max_events => v.max_events, arrivals => 'uniform')
GROUP BY 1 ORDER BY 1;
SELECT events_sent FROM spindle_to_file('/dev/null', 'retail', 'order', duration => '10.05 s', arrivals => 'uniform');

-- Arrivals belong to deliveries: late events, anomalies and skipped events
-- change none.
SELECT count(*), bool_and(a.arrival = b.arrival) AS late_events, bool_and(a.arrival = c.arrival) AS anomalies
FROM spindle_stream('retail', 'order', time_pattern => '"retail_peak"', burst_windows => by_time(10, 10, 9)) a
JOIN spindle_stream('retail', 'order', time_pattern => '"retail_peak"', burst_windows => by_time(10, 10, 9), out_of_order_fraction => 0.5) b USING (delivery_seq)
JOIN spindle_stream('retail', 'order', time_pattern => '"retail_peak"', burst_windows => by_time(10, 10, 9), anomalies => spindle_point_anomaly('x', 'order_total')) c USING (delivery_seq);
SELECT skip, count(*), bool_and(a.arrival = b.arrival) AS same
FROM unnest('{1,4,5,99,4999}'::bigint[]) skip, LATERAL (SELECT delivery_seq, arrival FROM spindle_stream('retail', 'order', burst_windows => by_event(5, 100, 0.1), skip_events => skip)) b
JOIN spindle_stream('retail', 'order', burst_windows => by_event(5, 100, 0.1)) a USING (delivery_seq) GROUP BY skip ORDER BY skip;

-- Few events: a time pattern is not walked hour by hour through millions of
-- weeks.  Arrivals are where the integral of the rate says, within a week, and
-- in live hours; windows by time and by event count as ever.
CREATE FUNCTION rarely(pattern jsonb, more jsonb DEFAULT '[]') RETURNS TABLE (k bigint, t float8) LANGUAGE sql AS $$
  SELECT delivery_seq, extract(epoch FROM arrival)::float8 FROM spindle_stream('retail', 'order', max_events => 4, events_per_second => 1e-6, arrivals => 'uniform',
    burst_windows => jsonb_build_array(by_event(0, 100, 1e-6)) || more, time_pattern => pattern, clock_start => '2024-07-01+00')
$$;
SELECT preset, k, abs(t - (k + 1) * 1e12 / mean) < 7 * 86400 AS right
FROM (SELECT preset, avg(multiplier) AS mean FROM week GROUP BY preset) m, rarely(to_jsonb(preset)) ORDER BY 1, 2;
SELECT k, round(t / 1e9) AS "10^9 s" FROM rarely('{"hours": {"0": 1}}', jsonb_build_array(by_time(1e11, 2e11, 10), by_time(2e11, 3e11, 2)));
-- one live hour a week
SELECT k, to_char(timestamp '2024-07-01' + make_interval(secs => t - floor(t / 604800) * 604800), 'ID HH24') AS clock, round(t / 1e9) AS "10^9 s"
FROM rarely(jsonb_build_object('hours', (SELECT jsonb_object_agg(h, 0) FROM generate_series(0, 23) h WHERE h <> 5), 'weekdays', (SELECT jsonb_object_agg(d, 0) FROM generate_series(0, 6) d WHERE d <> 3)),
  jsonb_build_array(by_time(0, 1e12, 1000))) WHERE k < 3;

-- What an interval cannot hold is an error, in the node and in the plain
-- function, also of those that are left out, and where it is waited for.
SELECT delivery_seq, arrival FROM spindle_stream('retail', 'store', max_events => 9, events_per_second => 1e-6, arrivals => 'uniform', burst_windows => by_event(0, 10000, 1e-6)) WHERE delivery_seq > 6;
SELECT delivery_seq, arrival FROM spindle_stream('retail', 'store', max_events => 10, events_per_second => 1e-6, arrivals => 'uniform', burst_windows => by_event(0, 10000, 1e-6)); -- ERROR
\echo :SQLSTATE
SELECT delivery_seq, arrival FROM spindle_stream('retail', 'store', max_events => 10, events_per_second => 1e-6, arrivals => 'uniform', burst_windows => by_event(0, 10000, 1e-6)) WITH ORDINALITY; -- ERROR
\echo :SQLSTATE
SELECT arrival FROM spindle_stream('retail', 'store', skip_events => 20, events_per_second => 1e-6, burst_windows => by_event(0, 10000, 1e-6), time_pattern => '"retail_peak"'); -- ERROR
\echo :SQLSTATE
SELECT arrival FROM spindle_stream('retail', 'store', skip_events => 20, out_of_order_fraction => 0.5, events_per_second => 1e-6, burst_windows => by_event(0, 10000, 1e-6)); -- ERROR
SELECT spindle_to_file('/dev/null', 'retail', 'store', skip_events => 20, realtime => true, events_per_second => 1e-6, arrivals => 'uniform', burst_windows => by_event(0, 10000, 1e-6)); -- ERROR
\echo :SQLSTATE
-- multipliers whose product is no number, or 0
SELECT arrival FROM spindle_stream('retail', 'store', max_events => 1, burst_windows => (SELECT jsonb_agg(by_event(0, 10, 1e-6)) FROM generate_series(1, 60))); -- ERROR
SELECT arrival FROM spindle_stream('retail', 'store', max_events => 1, burst_windows => (SELECT jsonb_agg(by_time(0, 1e12, 1e-6)) FROM generate_series(1, 60)), events_per_second => 1, arrivals => 'uniform');
SELECT delivery_seq, arrival FROM spindle_stream('retail', 'store', max_events => 2, events_per_second => 0.1, arrivals => 'uniform', time_pattern => '{"hours": {}}',
  burst_windows => (SELECT jsonb_agg(by_time(1, 1, 1e6)) FROM generate_series(1, 60)));
-- a duration cuts before that; one that reaches beyond the range cannot
SELECT keep, count(*) FROM unnest('{11574074 days,11574075 days,104166667 days,106751991 days}'::interval[]) keep,
  spindle_stream('retail', 'store', duration => keep, events_per_second => 1e-6, arrivals => 'uniform', burst_windows => by_event(0, 10000, 1e-6)) GROUP BY keep ORDER BY keep;
SELECT count(*) FROM spindle_stream('retail', 'store', duration => '106751992 days', events_per_second => 1e-6, arrivals => 'uniform', burst_windows => by_event(0, 10000, 1e-6)); -- ERROR
\echo :SQLSTATE
SELECT events_sent FROM spindle_to_file('/dev/null', 'retail', 'store', duration => '106751991 days', events_per_second => 1e-6, arrivals => 'uniform', burst_windows => by_event(0, 10000, 1e-6));
-- a clock that ends before the range does
SELECT delivery_seq, arrival > '5 days' AS later FROM spindle_stream('retail', 'store', max_events => 3, events_per_second => 1e-6, arrivals => 'uniform', time_pattern => '"retail_peak"', clock_start => '294276-12-31+00');

SET client_min_messages = warning;
DROP SCHEMA stream_arrivals CASCADE;
