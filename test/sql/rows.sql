--
-- spindle_rows: typed rows without a foreign table.
--
SELECT * FROM spindle_rows('retail', 'product_category', max_rows => 3)
  AS t (category_id integer, category_name text, parent_category_id integer, level integer);
-- any columns in any order, with or without the length of their types
SELECT * FROM spindle_rows('retail', 'product_category', first_row => 48)
  AS t (level integer, category_id integer);
SELECT count(*), count(cost), pg_typeof(min(cost)) FROM spindle_rows('retail', 'product', 'fabric_demo', 7) AS t (cost numeric);

-- The same values as the foreign table, for every table and all columns.
CREATE SCHEMA rows;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO rows OPTIONS (scale 'fabric_demo', seed '11');
CREATE FUNCTION rows_differ(t text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  list text;
  n bigint;
BEGIN
  SELECT string_agg(format('%I %s', column_name, data_type), ', ') INTO list FROM spindle_columns('retail', t);
  EXECUTE format('SELECT count(*) FROM ((SELECT * FROM spindle_rows(''retail'', %1$L, ''fabric_demo'', 11) AS x (%2$s)
                    EXCEPT ALL SELECT * FROM rows.%1$I) UNION ALL
                   (SELECT * FROM rows.%1$I EXCEPT ALL
                    SELECT * FROM spindle_rows(''retail'', %1$L, ''fabric_demo'', 11) AS x (%2$s))) s', t, list) INTO n;
  RETURN n;
END
$$;
SELECT table_name, rows_differ(table_name) FROM spindle_tables('retail');

-- first_row and max_rows cut a piece out; beyond the end there is nothing.
SELECT first_row, max_rows, count(order_id), min(order_id), max(order_id)
FROM (VALUES (0, NULL), (0, 0), (0, 1), (999, NULL), (999, 5), (1000, 1), (1000, NULL), (5, 10), (0, 1000), (0, 1001),
  (9223372036854775807, 1), (0, 9223372036854775807), (9223372036854775807, 9223372036854775807)) v (first_row, max_rows)
LEFT JOIN LATERAL spindle_rows('retail', 'order', 'fabric_demo', first_row => v.first_row, max_rows => v.max_rows)
  AS t (order_id bigint) ON true
GROUP BY 1, 2 ORDER BY 1, 2;

-- Mistakes: the hint prints the right column definition list.
SELECT spindle_rows('retail', 'store'); -- ERROR
SELECT * FROM spindle_rows('retail', 'store'); -- ERROR
SELECT * FROM spindle_rows('retail', 'store') AS t (store_id integer, town text); -- ERROR
SELECT * FROM spindle_rows('retail', 'store') AS t (store_id bigint); -- ERROR
SELECT * FROM spindle_rows('retail', 'store') AS t (state varchar(3)); -- ERROR
SELECT * FROM spindle_rows('retail', 'store') AS t (state text); -- ERROR
SELECT * FROM spindle_rows('retail', 'order') AS t (order_date timestamp); -- ERROR
SELECT * FROM spindle_rows('retail', 'address') AS t (house_number integer); -- ERROR
SELECT * FROM spindle_rows('retail', 'shop') AS t (store_id integer); -- ERROR
SELECT * FROM spindle_rows('retial', 'store') AS t (store_id integer); -- ERROR
SELECT * FROM spindle_rows('retail', 'store', 'tiny') AS t (store_id integer); -- ERROR
SELECT * FROM spindle_rows('retail', 'store', first_row => -1) AS t (store_id integer); -- ERROR
SELECT * FROM spindle_rows('retail', 'store', first_row => NULL) AS t (store_id integer); -- ERROR
SELECT * FROM spindle_rows('retail', 'store', max_rows => -1) AS t (store_id integer); -- ERROR
SELECT * FROM spindle_rows(NULL, 'store') AS t (store_id integer); -- ERROR
SELECT * FROM spindle_rows('retail', NULL) AS t (store_id integer); -- ERROR
SELECT count(*) FROM spindle_rows('retail', 'store', NULL) AS t (store_id integer);
SELECT * FROM spindle_rows('retail', 'store', 'small', NULL) AS t (store_id integer); -- ERROR
\set VERBOSITY sqlstate
SELECT spindle_rows('retail', 'store'); -- ERROR
SELECT * FROM spindle_rows('retail', 'store') AS t (store_id integer, town text); -- ERROR
SELECT * FROM spindle_rows('retail', 'store') AS t (store_id bigint); -- ERROR
SELECT * FROM spindle_rows('retail', 'store', first_row => -1) AS t (store_id integer); -- ERROR
SELECT * FROM spindle_rows('retail', 'store', 'small', NULL) AS t (store_id integer); -- ERROR
SELECT * FROM spindle_rows('retail', 'store', 'tiny') AS t (store_id integer); -- ERROR
\set VERBOSITY default

-- the same column twice is the same value twice
SELECT bool_and(a IS NOT DISTINCT FROM b) FROM spindle_rows('retail', 'store') AS t (store_id integer, city text), LATERAL (SELECT city, city) x (a, b);

-- extreme seeds are as good as any
SELECT count(DISTINCT x) FROM (
  SELECT string_agg(first_name, ',') AS x FROM (VALUES (0), (-1), (9223372036854775807), (-9223372036854775808), (1)) s (seed),
    spindle_rows('retail', 'customer', seed => s.seed, max_rows => 50) AS t (first_name varchar) GROUP BY seed) y;

SET client_min_messages = warning;
DROP SCHEMA rows CASCADE;
DROP FUNCTION rows_differ(text);
