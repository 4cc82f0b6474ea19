--
-- Every value is a function of seed, definition, scale, table, column and row
-- number; of nothing else.
--
CREATE SCHEMA purity;
SET search_path = purity, public;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO purity OPTIONS (scale 'small');
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';

-- A checksum of all rows of a table, as a query gives them in the order of
-- the key.
CREATE FUNCTION checksum(t text, query text DEFAULT 'SELECT * FROM %I') RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  EXECUTE format('SELECT md5(string_agg(x::text, E''\n'' ORDER BY %I)) FROM (%s) x',
                 (SELECT key_column FROM spindle_tables('retail') s WHERE s.table_name = t), format(query, t)) INTO result;
  RETURN result;
END
$$;

-- The only golden values: they change with the definition, its data and the
-- generator, and then all values do.
CREATE TABLE sums AS SELECT n, table_name, checksum(table_name) AS sum
  FROM spindle_tables('retail') WITH ORDINALITY t (table_name, d, r, k, e, q, n);
SELECT table_name, sum FROM sums ORDER BY n;

-- Slices give what the whole gives, whatever their size: 1 is row by row, 7
-- starts anywhere in a batch, 256 and 1000 are beyond one.
CREATE FUNCTION sliced(t text, size int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN checksum(t, format('SELECT x.* FROM generate_series(0, (SELECT row_count - 1 FROM spindle_tables(''retail'') WHERE table_name = %1$L), %2$s) f,
    LATERAL (SELECT * FROM spindle_rows(''retail'', %1$L, first_row => f, max_rows => %2$s) AS r (%3$s)) x', t, size,
    (SELECT string_agg(format('%I %s', column_name, data_type), ', ') FROM spindle_columns('retail', t))));
END
$$;
SELECT table_name FROM sums WHERE sliced(table_name, 7) <> sum;
SELECT table_name FROM sums WHERE sliced(table_name, 1000) <> sum;
SELECT table_name FROM sums WHERE table_name NOT IN ('order', 'order_line') AND sliced(table_name, 1) <> sum;
SELECT table_name FROM sums WHERE table_name IN ('order', 'order_line') AND sliced(table_name, 256) <> sum;

-- Look-ups by key, in an order that is none.
CREATE TABLE some_keys AS SELECT (k * 7919) % 5000 + 1 AS k FROM generate_series(1, 200) k;
SELECT count(*) FROM some_keys, LATERAL (SELECT * FROM "order" WHERE order_id = k) a
JOIN (SELECT * FROM "order" OFFSET 0) b USING (order_id) WHERE a IS DISTINCT FROM b;
SELECT count(*) FROM some_keys, LATERAL (SELECT * FROM order_line WHERE order_line_id = k) a
JOIN (SELECT * FROM order_line OFFSET 0) b USING (order_line_id) WHERE a IS DISTINCT FROM b;
SELECT count(*) FROM some_keys, LATERAL (SELECT * FROM "return" WHERE order_id = k) a
JOIN (SELECT * FROM "return" OFFSET 0) b USING (return_id) WHERE a IS DISTINCT FROM b;

-- Ranges, backwards, and in pieces.
SELECT table_name FROM sums WHERE table_name = 'order' AND
  checksum(table_name, 'SELECT * FROM %I ORDER BY order_id DESC OFFSET 0') <> sum;
SELECT table_name FROM sums WHERE table_name = 'order_line' AND
  checksum(table_name, 'SELECT * FROM %I ORDER BY order_id DESC OFFSET 0') <> sum;
SELECT table_name FROM sums WHERE table_name = 'order' AND
  checksum(table_name, 'SELECT * FROM %I x WHERE order_id < 1234 UNION ALL SELECT * FROM "order" WHERE order_id BETWEEN 1234 AND 1300
    UNION ALL SELECT * FROM "order" WHERE order_id > 1300') <> sum;

-- A column has the same values alone, in pairs with others, and in whole rows.
CREATE FUNCTION alone_differs(t text) RETURNS TABLE (col text) LANGUAGE plpgsql AS $$
DECLARE
  key text;
  n bigint;
BEGIN
  SELECT key_column INTO key FROM spindle_tables('retail') s WHERE s.table_name = t;
  FOR col IN SELECT column_name FROM spindle_columns('retail', t) LOOP
    EXECUTE format('SELECT count(*) FROM (SELECT %1$I, row_number() OVER () AS n FROM %2$I) a
      FULL JOIN (SELECT %1$I, row_number() OVER () AS n FROM (SELECT x.* FROM %2$I x OFFSET 0) y) b USING (n)
      WHERE a.%1$I IS DISTINCT FROM b.%1$I', col, t) INTO n;
    IF n > 0 THEN RETURN NEXT; END IF;
  END LOOP;
END
$$;
SELECT table_name, d.col FROM sums, alone_differs(table_name) d;
-- the other direction: conditions on one column change no other
SELECT count(*) FROM "order" a JOIN (SELECT * FROM "order" OFFSET 0) b USING (order_id)
WHERE a.status = 'returned' AND a IS DISTINCT FROM b;

-- Settings of the session change how values are shown, not what they are;
-- events do not change at all.
CREATE TABLE event_sums AS SELECT t.table_name, md5(string_agg(event::text, E'\n' ORDER BY seq)) AS sum
  FROM spindle_tables('retail', 'fabric_demo') t, spindle_stream('retail', t.table_name, 'fabric_demo') GROUP BY 1;
CREATE VIEW events_differ AS SELECT t.table_name
  FROM event_sums t, spindle_stream('retail', t.table_name, 'fabric_demo') GROUP BY t.table_name, t.sum
  HAVING t.sum <> md5(string_agg(event::text, E'\n' ORDER BY seq));
SELECT * FROM events_differ;
SET TimeZone = 'Asia/Kathmandu'; SET DateStyle = 'German'; SET IntervalStyle = 'iso_8601';
SET extra_float_digits = -15; SET bytea_output = 'escape'; SET array_nulls = off; SET standard_conforming_strings = on;
SET xmlbinary = 'hex'; SET work_mem = '64kB'; SET lc_monetary = 'C';
SELECT * FROM events_differ;
-- a comma as decimal separator, if the machine knows the locale
DO $$ BEGIN SET lc_numeric = 'de_DE.UTF-8'; SET lc_time = 'de_DE.UTF-8'; EXCEPTION WHEN OTHERS THEN NULL; END $$;
SELECT * FROM events_differ;
SET TimeZone = 'America/New_York'; SET DateStyle = 'SQL, DMY';
SELECT * FROM events_differ;
RESET lc_numeric; RESET lc_time; RESET work_mem; RESET extra_float_digits;
SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD';
SELECT table_name FROM sums WHERE checksum(table_name) <> sum;
-- nor does the planner's work change anything
SELECT setseed(0.5);
SET jit = off; SET enable_hashagg = off; SET max_parallel_workers_per_gather = 0;
SELECT table_name FROM sums WHERE checksum(table_name) <> sum;
RESET ALL;
SET search_path = purity, public;
SET TimeZone = 'UTC';

-- Another seed gives other values in every column that is drawn: keys, the
-- category tree and names that number the rows stay.  Columns with two values
-- of nearly equal weight agree by chance in half of the rows, and a column
-- whose most frequent value has a share p in at least p * p: no drawn column
-- may agree in more than 90 % of the rows.
CREATE SCHEMA purity_43;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO purity_43 OPTIONS (seed '43');
CREATE FUNCTION agreement(t text) RETURNS TABLE (col text, share numeric) LANGUAGE plpgsql AS $$
BEGIN
  FOR col IN SELECT column_name FROM spindle_columns('retail', t) LOOP
    EXECUTE format('SELECT avg((a.%1$I IS NOT DISTINCT FROM b.%1$I)::int)
      FROM (SELECT %1$I, row_number() OVER () AS n FROM purity.%2$I) a
      JOIN (SELECT %1$I, row_number() OVER () AS n FROM purity_43.%2$I) b USING (n)', col, t) INTO share;
    RETURN NEXT;
  END LOOP;
END
$$;
SELECT table_name, col FROM sums, agreement(table_name) WHERE share > 0.9 ORDER BY n, col;

-- Scales differ, too, but a table that has the same rows at all scales is the
-- same at all of them where it depends on no other table.
SELECT checksum('product_category', 'SELECT * FROM spindle_rows(''retail'', %L, ''xxxl'') AS r
  (category_id integer, category_name text, parent_category_id integer, level integer)') =
  (SELECT sum FROM sums WHERE table_name = 'product_category');

SET client_min_messages = warning;
DROP SCHEMA purity, purity_43 CASCADE;
