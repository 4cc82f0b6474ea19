--
-- Changes: applied by somebody who knows nothing of spindle, with foreign keys that are
-- checked at once, they give the tables as they are at any time; and what a stream of
-- them promises.
--
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA changes;
SET search_path = changes, public;
\getenv abs_srcdir PG_ABS_SRCDIR
\set domains :abs_srcdir '/data'
SET spindle.domain_directory = :'domains';

-- Apply changes to tables of a schema, by the JSON of their keys and rows alone.
CREATE FUNCTION apply(target text, change_set text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  c record;
  n bigint := 0;
  met bigint;
  keys text;
BEGIN
  FOR c IN EXECUTE change_set LOOP
    SELECT string_agg(format('t.%1$I = k.%1$I', k), ' AND ') INTO keys FROM json_object_keys(c.key) k;
    IF c.op IN ('r', 'c') THEN
      EXECUTE format('INSERT INTO %1$I.%2$I SELECT * FROM json_populate_record(NULL::%1$I.%2$I, $1)', target, c.table_name) USING c.after;
    ELSIF c.op = 'u' THEN
      EXECUTE format('UPDATE %1$I.%2$I t SET (%3$s) = (SELECT * FROM json_populate_record(NULL::%1$I.%2$I, $1)) FROM json_populate_record(NULL::%1$I.%2$I, $2) k WHERE %4$s',
        target, c.table_name, (SELECT string_agg(quote_ident(k), ', ') FROM json_object_keys(c.after) k), keys) USING c.after, c.key;
    ELSE
      EXECUTE format('DELETE FROM %1$I.%2$I t USING json_populate_record(NULL::%1$I.%2$I, $1) k WHERE %3$s', target, c.table_name, keys) USING c.key;
    END IF;
    GET DIAGNOSTICS met = ROW_COUNT;
    IF met <> 1 THEN
      RAISE EXCEPTION 'change % of % % met % rows', c.op, c.table_name, c.key, met;
    END IF;
    n := n + 1;
  END LOOP;
  RETURN n;
END $$;
CREATE FUNCTION columns_of(target text, t text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum)
  FROM pg_attribute WHERE attrelid = format('%I.%I', target, t)::regclass AND attnum > 0 AND NOT attisdropped
$$;
-- How many rows differ between a table of a schema and the generated one, as it is at a time, or by its history.
CREATE FUNCTION differing(target text, domain text, t text, scale text, profile text, at timestamptz, by_history boolean) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
  columns text := columns_of(target, t);
  list text := (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = format('%I.%I', target, t)::regclass AND attnum > 0 AND NOT attisdropped);
BEGIN
  EXECUTE format('WITH should AS (SELECT %1$s FROM %2$s), stored AS (SELECT %1$s FROM %3$I.%4$I)
    SELECT (SELECT count(*) FROM (TABLE should EXCEPT ALL TABLE stored) x) + (SELECT count(*) FROM (TABLE stored EXCEPT ALL TABLE should) x)', list,
    CASE WHEN by_history THEN format('spindle_history(%L, %L, %L, profile => %L) h(%s, _spindle_valid_from timestamptz, _spindle_valid_to timestamptz)
      WHERE _spindle_valid_from <= $1 AND (_spindle_valid_to > $1 OR _spindle_valid_to = ''infinity'')', domain, t, scale, profile, columns)
    ELSE format('spindle_rows(%L, %L, %L, profile => %L, as_of => $1) r(%s)', domain, t, scale, profile, columns) END, target, t) INTO n USING at;
  RETURN n;
END $$;
-- Apply the changes of a domain piece by piece, up to times that are drawn, changes that
-- are drawn and the microseconds around them, and compare all tables there.
CREATE FUNCTION check_domain(domain text, scale text, profile text, ntimes int) RETURNS TABLE (times bigint, differing bigint) LANGUAGE plpgsql AS $$
DECLARE
  target text := 'live_' || domain;
  at timestamptz;
  last timestamptz := '-infinity';
BEGIN
  EXECUTE format('CREATE SCHEMA %I', target);
  EXECUTE format('CALL spindle_seed(%L, %L, report => false, scale => %L, statistics => false)', domain, target, scale);
  EXECUTE (SELECT format('TRUNCATE %s', string_agg(format('%I.%I', target, relname), ', ')) FROM pg_class WHERE relnamespace = target::regnamespace AND relkind = 'r');
  times := 0;
  differing := 0;
  FOR at IN EXECUTE format('SELECT t FROM (
      SELECT (SELECT range_start FROM (SELECT min(event_time) FROM spindle_changes(%1$L, scale => %2$L, profile => %3$L, include_initial => false)) x(range_start)) + (k * 29 %% %4$s) * interval ''1000 days'' / %4$s AS t FROM generate_series(0, %4$s) k
      UNION SELECT event_time + d * interval ''1 microsecond'' FROM generate_series(-1, 1) d,
        (SELECT event_time FROM spindle_changes(%1$L, scale => %2$L, profile => %3$L, include_initial => false) ORDER BY md5(position::text || delivery_seq) LIMIT %4$s / 2) c
      UNION SELECT ''infinity'') x ORDER BY t', domain, scale, profile, ntimes)
  LOOP
    PERFORM apply(target, format('SELECT op, table_name, key, after FROM spindle_changes(%L, scale => %L, profile => %L, from_time => %L, to_time => %L, include_initial => %L)',
      domain, scale, profile, last, at, last = '-infinity'));
    last := at;
    times := times + 1;
    differing := differing + (SELECT sum(changes.differing(target, domain, relname, scale, profile, at, times % 7 = 0)) FROM pg_class WHERE relnamespace = target::regnamespace AND relkind = 'r');
  END LOOP;
  RETURN NEXT;
END $$;
SELECT * FROM check_domain('retail', 'fabric_demo', NULL, 6);
SELECT * FROM check_domain('lifecycle', 'tiny', NULL, 10);

-- with deletes that happen only if they are asked for
DROP SCHEMA live_retail, live_lifecycle CASCADE;
SELECT * FROM check_domain('lifecycle', 'tiny', 'tidy', 10);
SELECT * FROM check_domain('retail', 'fabric_demo', 'retention', 6);

-- the last version of every row is that of today
CREATE FUNCTION last_versions(domain text, scale text) RETURNS TABLE (t text, nrows bigint, same boolean) LANGUAGE plpgsql AS $$
DECLARE
  list text;
BEGIN
  FOR t IN SELECT table_name FROM spindle_tables(domain) LOOP
    list := columns_of('live_' || domain, t);
    EXECUTE format('SELECT count(*), md5(string_agg(x::text, '','' ORDER BY x::text)) = (SELECT md5(string_agg(r::text, '','' ORDER BY r::text)) FROM spindle_rows(%1$L, %2$L, %3$L) r(%4$s))
      FROM (SELECT %5$s FROM spindle_history(%1$L, %2$L, %3$L) h(%4$s, _spindle_valid_to timestamptz) WHERE _spindle_valid_to = ''infinity'') x', domain, t, scale, list,
      (SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) FROM spindle_columns(domain, t))) INTO nrows, same;
    RETURN NEXT;
  END LOOP;
END $$;
SELECT * FROM last_versions('retail', 'fabric_demo');
SELECT * FROM last_versions('lifecycle', 'tiny') WHERE t NOT IN ('account', 'card', 'payment');

DROP SCHEMA live_retail, live_lifecycle CASCADE;
DROP SCHEMA changes CASCADE;
