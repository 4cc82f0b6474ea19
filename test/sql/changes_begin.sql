--
-- Where a stream of changes begins, and how it is stopped: the first change behind any
-- time is that of the whole stream, and a cancel acts wherever it comes.  Nothing here is
-- about how long that takes, but for what would be a hang.
--
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA changes_begin;
SET search_path = changes_begin, public;
\getenv abs_srcdir PG_ABS_SRCDIR
\set domains :abs_srcdir '/data'
SET spindle.domain_directory = :'domains';

-- the first change behind drawn times, and behind times of changes and the microseconds around them
CREATE FUNCTION firsts(domain text, scale text, profile text, OUT times bigint, OUT met bigint, OUT other bigint) LANGUAGE plpgsql AS $$
DECLARE
  at timestamptz;
  first record;
  should record;
BEGIN
  EXECUTE format('CREATE TEMP TABLE all_changes AS SELECT position, event_time, table_name, op, key::text AS key, after::text AS after FROM spindle_changes(%L, scale => %L, profile => %L, include_initial => false)', domain, scale, profile);
  times := 0;
  met := 0;
  other := 0;
  FOR at IN SELECT least + (greatest - least) * k / 19 FROM (SELECT min(event_time) - interval '1 day', max(event_time) FROM all_changes) b(least, greatest), generate_series(0, 19) k
    UNION SELECT event_time + d * interval '1 microsecond' FROM (SELECT event_time FROM all_changes ORDER BY md5(position::text) LIMIT 5) c, generate_series(-1, 1) d LOOP
    SELECT position, event_time, table_name, op, key, after INTO should FROM all_changes WHERE event_time > at ORDER BY position LIMIT 1;
    EXECUTE 'SELECT position, event_time, table_name, op, key::text, after::text FROM spindle_changes($1, scale => $2, profile => $3, from_time => $4, include_initial => false) LIMIT 1' INTO first USING domain, scale, profile, at;
    times := times + 1;
    met := met + (first.position IS NOT NULL)::int;
    other := other + (first IS DISTINCT FROM should AND NOT (first IS NULL AND should IS NULL))::int;
  END LOOP;
  DROP TABLE all_changes;
END
$$;
SELECT * FROM firsts('retail', 'fabric_demo', 'retention');
SELECT * FROM firsts('lifecycle', 'tiny', 'tidy');

-- at large scales, too, what comes first is behind the time
SELECT bool_and(event_time > at) AS behind, bool_and(event_time < at + interval '1 hour') AS soon FROM (SELECT '2022-02-03'::timestamptz + k * interval '170 days' AS at FROM generate_series(0, 6) k) t,
  LATERAL (SELECT event_time FROM spindle_changes('retail', scale => 'medium', profile => 'retention', from_time => at, include_initial => false, max_events => 1)) c;

-- a cancel acts while the stream begins, while it runs, and while versions are made or sampled
CREATE FOREIGN TABLE past (order_id bigint, status text, _spindle_version int) SERVER spindle OPTIONS (domain 'retail', "table" 'order', scale 'xxl', history 'true');
SELECT clock_timestamp() AS start \gset
SET statement_timeout = '100 ms';
SELECT count(*) FROM spindle_changes('retail', scale => 'xxl', from_time => '2024-01-01', include_initial => false);
SELECT count(*) FROM spindle_changes('retail', 'order', 'xlarge', profile => 'retention', out_of_order_fraction => 0.9, out_of_order_max_delay_slots => 1000);
SELECT count(*) FROM spindle_change_counts('retail', 'product', 'xxl');
SELECT count(status) FROM spindle_history('retail', 'order', 'xxl') AS h(status text);
SELECT count(*) FROM ROWS FROM (spindle_history('retail', 'order', 'xxl') AS (status text)) WITH ORDINALITY;
SELECT max(_spindle_version) FROM past;
SELECT count(*) FROM past WHERE status = 'none';
RESET statement_timeout;
SELECT clock_timestamp() - :'start' < interval '30 s' AS in_time;
DROP SCHEMA changes_begin CASCADE;
