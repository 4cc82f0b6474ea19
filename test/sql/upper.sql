--
-- Aggregates that the definition answers at once: the same answers as by the
-- scan, which FILTER (WHERE true) brings about.
--
CREATE SCHEMA upper;
SET search_path = upper, public;
SET timezone = 'UTC';
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO upper OPTIONS (scale 'small');

-- Is a query answered at once?
CREATE FUNCTION is_at_once(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
    IF line ~ '^ *Answers: ' THEN
      RETURN true;
    END IF;
  END LOOP;
  RETURN false;
END
$$;

-- All aggregates over one table, by both ways; true if they agree.
CREATE FUNCTION agree(relation text, condition text, columns text, OUT at_once boolean, OUT answer text, OUT same boolean)
LANGUAGE plpgsql AS $$
DECLARE
  query text;
  scanned text;
BEGIN
  SELECT 'SELECT row(' || string_agg(format('count(%1$I)%%1$s, min(%1$I)%%1$s, max(%1$I)%%1$s', c), ', ')
    || ', count(*)%1$s)::text FROM ' || relation || ' WHERE ' || replace(condition, '%', '%%')
    INTO query FROM regexp_split_to_table(columns, ', *') c;
  at_once := is_at_once(format(query, ''));
  EXECUTE format(query, '') INTO answer;
  EXECUTE format(query, ' FILTER (WHERE true)') INTO scanned;
  IF is_at_once(format(query, ' FILTER (WHERE true)')) THEN
    RAISE 'not scanned';
  END IF;
  same := answer = scanned;
END
$$;

-- Every table whole, with the columns that never fall.
SELECT relation, a.* FROM (VALUES
  ('customer', 'customer_id, signup_date'), ('address', 'address_id, customer_id'), ('product_category', 'category_id'),
  ('product', 'product_id'), ('store', 'store_id'), ('promotion', 'promotion_id, start_date'),
  ('"order"', 'order_id, order_date'), ('order_line', 'order_line_id, order_id'), ('"return"', 'return_id, order_id')
) v (relation, columns), agree(relation, 'true', columns) a;

-- Conditions that become ranges, and some that do not.
SELECT condition, a.* FROM (VALUES
  ('order_id = 1'), ('order_id = 0'), ('order_id = 5000'), ('order_id = 5001'), ('order_id = -9223372036854775808'),
  ('order_id = NULL'), ('order_id = 7::smallint'), ('7 = order_id'), ('order_id < 10'), ('order_id <= 10'),
  ('10 > order_id'), ('order_id > 4990'), ('order_id >= 4990'), ('order_id BETWEEN 100 AND 200'),
  ('order_id BETWEEN 200 AND 100'), ('order_id > 100 AND order_id < 101'), ('order_id IN (3, 1, 3, 2, 4999)'),
  ('order_id IN (NULL, 5)'), ('order_id = ANY (NULL::bigint[])'), ('order_id = ANY (''{}''::bigint[])'),
  ('order_id IN (10, 20, 30) AND order_id BETWEEN 15 AND 30'), ('order_id <= 9223372036854775807'),
  ('order_date < ''2022-02-01'''), ('order_date >= ''2025-12-31'''),
  ('order_date BETWEEN ''2023-01-01'' AND ''2023-01-31'' AND order_id < 900'), ('order_date < ''-infinity'''),
  ('order_date <= ''infinity'''), ('order_date < now() + interval ''1000 years'''),
  ('order_id < (SELECT 10)'), ('order_id = ANY (ARRAY(SELECT generate_series(5, 50, 5)))'),
  ('order_id = 7.0'), ('order_id <> 5'), ('order_id = 1 OR order_id = 2'), ('order_id + 1 = 10'), ('order_id = customer_id'),
  ('order_id < 10 AND status = ''completed'''), ('order_id < random() * 1000 + 5001'),
  ('order_id NOT IN (1, 2)'), ('EXISTS (SELECT FROM store WHERE store_id = order_id)'), ('(SELECT true)'), ('false'), ('NULL')
) v (condition), agree('"order"', condition, 'order_id, order_date') a;
SELECT condition, a.* FROM (VALUES
  ('order_id = 17'), ('order_id IN (1, 77, 77, 5000, 5001, 0)'), ('order_id >= 5000'), ('order_id < 2 AND order_line_id > 1'),
  ('order_id = 5000 AND order_line_id = 1')
) v (condition), agree('order_line', condition, 'order_line_id, order_id') a;
SELECT count(*) FROM generate_series(0, 5001, 50) k, agree('"return"', 'order_id > ' || k, 'order_id') a WHERE NOT same OR NOT at_once;

-- Which aggregates are, and which not: one of those is enough to scan.
SELECT a, is_at_once('SELECT ' || a || ' FROM "order"') FROM (VALUES
  ('count(*)'), ('count(1)'), ('count(NULL)'), ('count(status)'), ('count(order_total)'), ('count(promotion_id)'), ('count("order")'),
  ('count(DISTINCT order_id)'), ('count(DISTINCT order_date)'), ('count(DISTINCT status)'), ('count(DISTINCT 1)'), ('count(order_id ORDER BY status)'),
  ('count(order_id ORDER BY order_id)'), ('min(DISTINCT order_date)'), ('max(order_id ORDER BY order_id DESC)'), ('max(order_id ORDER BY status)'),
  ('min(order_id), max(order_id), count(*)'), ('count(*) + max(order_id) * 2, 1, ''text'''), ('count(*), sum(order_id)'),
  ('max(customer_id)'), ('max(order_total)'), ('max(order_id + 1)'), ('max(-order_id)'), ('avg(order_id)'), ('count(*) FILTER (WHERE true)'),
  ('count(*) FILTER (WHERE order_id < 5)'), ('count(tableoid)'), ('max(order_date)::date'), ('max(order_id::int)'),
  ('count(*) OVER ()'), ('count(*), sum(count(*)) OVER ()'), ('generate_series(1, count(*))'),
  ('regr_count(1, 1)'), ('range_agg(int8range(order_id, order_id + 1))'), ('mode() WITHIN GROUP (ORDER BY order_id)')
) v (a);
SELECT a, is_at_once('SELECT ' || a || ' FROM return') FROM (VALUES ('count(return_date)'), ('max(return_date)'), ('count(refund_amount)')) v (a);
SELECT count(DISTINCT order_id), count(*), count("order"), count(status), count(DISTINCT order_id) FILTER (WHERE true) FROM "order" WHERE order_id <= 70;
SELECT q, is_at_once('SELECT count(*) ' || q) FROM (VALUES
  ('FROM store GROUP BY ()'), ('FROM store GROUP BY store_type'), ('FROM store WHERE store_id = 3 GROUP BY store_id'), ('FROM store HAVING count(*) > 5'),
  ('FROM store HAVING max(store_id) > 5 AND min(city) > ''A'''), ('FROM store, product_category'), ('FROM store a JOIN store b USING (store_id)'),
  ('FROM store LEFT JOIN (SELECT DISTINCT order_id FROM "order") o ON o.order_id = store_id'),
  ('FROM store, generate_series(1, 2)'), ('FROM (SELECT * FROM store LIMIT 5) s'), ('FROM (SELECT * FROM store) s'), ('FROM (SELECT * FROM store OFFSET 0) s'),
  ('FROM store ORDER BY 1 LIMIT 1'), ('FROM (SELECT * FROM store UNION ALL SELECT * FROM store) s'), ('FROM ONLY store')
) v (q);
SELECT count(*) FROM store WHERE store_id = 151 GROUP BY store_id;

-- HAVING, expressions, and columns of other levels.
SELECT count(*) * 2 + 1 AS a, max(store_id) || ' stores', min(store_id) FROM store HAVING count(*) > 5 AND max(store_id) < 1000;
SELECT count(*) FROM store HAVING count(*) > 150;
SELECT 'few' FROM store HAVING count(*) < 1000;
SELECT count(*) FROM store HAVING count(*) = (SELECT max(store_id) FROM store);
SELECT (SELECT count(*) FROM order_line l WHERE l.order_id < max(s.store_id)) = (SELECT count(*) FILTER (WHERE true) FROM order_line WHERE order_id < 150)
FROM store s;
SELECT count(*) FROM generate_series(-1, 5002, 13) k
WHERE (SELECT row(count(*), min(order_line_id), max(order_line_id)) FROM order_line WHERE order_id = k)
  IS DISTINCT FROM (SELECT row(count(*) FILTER (WHERE true), min(order_line_id), max(order_line_id)) FROM order_line WHERE order_id = k);
SELECT k, n, first FROM (VALUES (1), (NULL), (5000), (5001)) v (k),
  LATERAL (SELECT count(*) AS n, min(order_id) AS first FROM "order" WHERE order_id >= k) s ORDER BY k;
SELECT store_id FROM store WHERE store_id = (SELECT count(*) FROM product_category) OR EXISTS (SELECT count(*) FROM store HAVING count(*) = 0);
SELECT count(*) FROM store UNION ALL SELECT max(order_id) FROM "order" UNION ALL SELECT count(*) FROM product_category WHERE category_id > 48 ORDER BY 1;
WITH n AS MATERIALIZED (SELECT count(*) AS n FROM store) SELECT n FROM n WHERE n > (SELECT min(store_id) FROM store);

-- What EXPLAIN shows; the number of rows is that of the last of several scans.
EXPLAIN (COSTS OFF, VERBOSE) SELECT count(*), max(order_date) FROM "order" o
WHERE order_id IN (1, 7) AND order_date < '2022-06-01' HAVING count(*) > 1;
CREATE FUNCTION answers(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
    IF line ~ 'Answers|Rows Found By|Rows Counted|Rows Read|Generates' THEN
      RETURN NEXT trim(line);
    END IF;
  END LOOP;
END
$$;
SELECT answers('SELECT min(order_line_id) FROM order_line WHERE order_id BETWEEN 1 AND 10');
SELECT answers('SELECT count(*), count(status) FROM "order"');
SELECT answers('SELECT (SELECT count(*) FROM "order" WHERE order_id <= k) FROM generate_series(1, 3) k');

-- Parameters of prepared statements, in plans for any value.
SET plan_cache_mode = force_generic_plan;
PREPARE between_keys (bigint, bigint) AS SELECT count(*), min(order_id), max(order_date) FROM "order" WHERE order_id BETWEEN $1 AND $2;
EXECUTE between_keys (5, 14);
EXECUTE between_keys (14, 5);
EXECUTE between_keys (NULL, 5);
EXECUTE between_keys (-100, 9223372036854775807);
EXPLAIN (COSTS OFF) EXECUTE between_keys (5, 14);
PREPARE by_array (bigint[]) AS SELECT count(*), min(order_id), max(order_id) FROM "order" WHERE order_id = ANY ($1);
EXECUTE by_array ('{3,1,3,NULL,9999}');
EXECUTE by_array ('{}');
EXECUTE by_array (NULL);
DEALLOCATE ALL;
RESET plan_cache_mode;

-- PL/pgSQL, cursors, inserts, parallel plans.  A view with a security barrier is
-- a relation of its own, whose rows are scanned.
CREATE FUNCTION orders_from(first bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT count(*) FROM "order" WHERE order_id >= first);
END
$$;
SELECT k, orders_from(k) FROM generate_series(4996, 5002) k;
SELECT sum(orders_from(k)) FROM generate_series(4901, 5000) k;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT count(*), max(order_id) FROM "order" WHERE order_id < 100;
FETCH ALL FROM c;
FETCH PRIOR FROM c;
FETCH ABSOLUTE 1 FROM c;
DECLARE n CURSOR WITH HOLD FOR SELECT count(*) FROM "order";
COMMIT;
FETCH ALL FROM n;
CLOSE n;
CREATE VIEW late_orders WITH (security_barrier) AS SELECT * FROM "order" WHERE order_date >= '2025-12-01';
SELECT is_at_once('SELECT count(*) FROM late_orders'), is_at_once('SELECT count(*) FROM late_orders WHERE order_id > 4990'),
  is_at_once('SELECT count(*) FROM late_orders WHERE status <> ''shipped''');
SELECT count(*) = count(*) FILTER (WHERE true) FROM late_orders;
CREATE TABLE counted AS SELECT count(*) AS n, 'store' AS what FROM store;
INSERT INTO counted SELECT max(order_id), 'order' FROM "order";
UPDATE counted SET n = (SELECT count(*) FROM order_line WHERE order_id < n);
SELECT what, n = (SELECT count(*) FILTER (WHERE true) FROM order_line WHERE order_id < CASE what WHEN 'store' THEN 150 ELSE 5000 END) FROM counted;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT count(*) FROM (SELECT count(*) AS n FROM "order" UNION ALL SELECT n FROM counted UNION ALL SELECT max(order_id) FROM "order") s WHERE n > 0;
SELECT count(*) FILTER (WHERE n = (SELECT count(*) FROM order_line WHERE order_id < 150)) FROM counted;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;

-- A table with some of the columns, under an alias, dropped columns, children,
-- partitions: what has children is scanned.
CREATE FOREIGN TABLE part (status text, order_date timestamptz, gone int, order_id bigint) SERVER spindle OPTIONS (domain 'retail', "table" 'order');
ALTER FOREIGN TABLE part DROP COLUMN gone;
SELECT count(*), count(x), min(x.order_date) = (SELECT order_date FROM "order" WHERE order_id = 3), max(order_id) FROM part AS x (a) WHERE order_id BETWEEN 3 AND 9;
SELECT is_at_once('SELECT count(x), max(order_id) FROM part AS x (a)');
CREATE FOREIGN TABLE more () INHERITS (part) SERVER spindle OPTIONS (domain 'retail', "table" 'order', scale 'fabric_demo');
SELECT is_at_once('SELECT count(*) FROM part'), is_at_once('SELECT count(*) FROM ONLY part'), is_at_once('SELECT count(*) FROM more');
SELECT (SELECT count(*) FROM part) = (SELECT count(*) FROM ONLY part) + (SELECT count(*) FROM more);
CREATE TABLE parted (order_id bigint, status text) PARTITION BY RANGE (order_id);
CREATE FOREIGN TABLE parted_one PARTITION OF parted FOR VALUES FROM (1) TO (5001) SERVER spindle OPTIONS (domain 'retail', "table" 'order');
CREATE TABLE parted_two PARTITION OF parted FOR VALUES FROM (5001) TO (6001);
INSERT INTO parted VALUES (6000, 'planned');
SELECT count(*), max(order_id) FROM parted;
SET enable_partitionwise_aggregate = on;
SELECT count(*), max(order_id) FROM parted;
SELECT count(*) FROM parted WHERE order_id < 100;
RESET enable_partitionwise_aggregate;

-- The privileges are those of the table, or of all columns that are counted.
CREATE ROLE regress_upper;
GRANT USAGE ON SCHEMA upper TO regress_upper;
GRANT SELECT (store_id) ON store TO regress_upper;
SET ROLE regress_upper;
SELECT count(*) FROM "order"; -- ERROR
SELECT count(city) FROM store; -- ERROR
SELECT count(*), max(store_id) FROM store;
RESET ROLE;
DROP OWNED BY regress_upper;
DROP ROLE regress_upper;
-- row security is nothing that a foreign table can have
ALTER FOREIGN TABLE store ENABLE ROW LEVEL SECURITY; -- ERROR

-- Ten billion rows, and none.
CREATE SCHEMA upper_huge;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO upper_huge OPTIONS (scale 'xxxl');
SELECT count(*), min(order_id), max(order_id), count(DISTINCT order_id), min(order_date) < max(order_date) AS rises FROM upper_huge."order";
SELECT count(*), max(order_id) FROM upper_huge.order_line WHERE order_id > 5000000000;
SELECT count(*), min(order_id), max(order_date) FROM upper_huge."order" WHERE order_date > '9999-01-01';

-- Calls of spindle_rows: some rows or all, with conditions that become ranges.
SELECT rows, condition, a.* FROM (VALUES
  ('', 'true'), (', first_row => 10', 'true'), (', max_rows => 7', 'true'), (', first_row => 4990, max_rows => 100', 'true'), (', first_row => 5000', 'true'),
  (', max_rows => 0', 'true'), (', first_row => 10, max_rows => 100', 'order_id < 50'), (', first_row => 10, max_rows => 100', 'order_id IN (5, 11, 110, 111)'),
  (', scale => ''fabric_demo'', seed => 7', 'order_date < ''2022-02-01'''), ('', 'status = ''returned'''), ('', 'order_id < (SELECT 10)')
) v (rows, condition), agree(format('spindle_rows(''retail'', ''order''%s) AS t(order_date timestamptz, status text, order_id bigint)', rows), condition,
  'order_id, order_date') a;
SELECT q, is_at_once('SELECT count(*) FROM ' || q) FROM (VALUES
  ('spindle_rows(''retail'', ''store'') AS t(store_id int)'), ('spindle_rows(''retail'', ''store'', first_row => (SELECT 1)) AS t(store_id int)'),
  ('spindle_rows(''retail'', ''store'') AS t(store_id int) GROUP BY store_id'), ('(SELECT * FROM spindle_rows(''retail'', ''store'') AS t(store_id int)) s HAVING count(*) > 5'),
  ('spindle_rows(''retail'', ''store'') AS t(store_id int), spindle_rows(''retail'', ''store'') AS u(store_id int)'),
  ('spindle_rows(''retail'', ''store'') AS t(store_id int) LEFT JOIN address a ON a.address_id < store_id'), ('spindle_stream(''retail'', ''order'')'), ('generate_series(1, 5)')
) v (q);
SELECT is_at_once('SELECT count(t), max(store_id) FROM spindle_rows(''retail'', ''store'') AS t(store_id int)'),
  is_at_once('SELECT count(*) FROM ROWS FROM (spindle_rows(''retail'', ''store'') AS (store_id int), generate_series(1, 3)) AS t');
-- mistakes are those of the scan
SELECT count(*) FROM spindle_rows('retail', 'store', 'enormous') AS t(store_id int); -- ERROR
SELECT count(*) FROM spindle_rows('retail', 'stores') AS t(store_id int); -- ERROR
SELECT count(*) FROM spindle_rows('retail', 'store') AS t(store_id bigint); -- ERROR
SELECT count(*) FROM spindle_rows('retail', 'store', first_row => -1) AS t(store_id int); -- ERROR
SELECT count(*), max(order_id), min(order_date) < max(order_date) AS rises FROM spindle_rows('retail', 'order', 'xxxl') AS t(order_id bigint, order_date timestamptz);
EXPLAIN (COSTS OFF, VERBOSE) SELECT count(*) + 1, max(order_id) FROM spindle_rows('retail', 'order', max_rows => 20) AS t(order_id bigint) WHERE order_id > 5
HAVING count(*) > 1;
SELECT answers('SELECT (SELECT count(*) FROM spindle_rows(''retail'', ''order'') AS t(order_id bigint) WHERE order_id <= k) FROM generate_series(1, 3) k');
SELECT count(*) FROM store WHERE (SELECT count(*) FROM spindle_rows('retail', 'address') AS a(customer_id int) WHERE customer_id = store_id)
  IS DISTINCT FROM (SELECT count(*) FILTER (WHERE true) FROM address WHERE customer_id = store_id);
SELECT first, (SELECT count(*) FROM spindle_rows('retail', 'order', first_row => first) AS t(order_id bigint)) FROM (VALUES (1), (4999)) v (first);
-- prepared, and in a cursor
PREPARE from_key (bigint) AS SELECT count(*), min(order_id) FROM spindle_rows('retail', 'order') AS t(order_id bigint) WHERE order_id >= $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE from_key (4990);
EXECUTE from_key (NULL);
RESET plan_cache_mode;
DEALLOCATE from_key;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT count(*) FROM spindle_rows('retail', 'order') AS t(order_id bigint);
FETCH ALL FROM c;
FETCH PRIOR FROM c;
FETCH FIRST FROM c;
COMMIT;
-- the privilege is that of the function
BEGIN;
CREATE ROLE regress_upper;
REVOKE EXECUTE ON FUNCTION spindle_rows FROM PUBLIC;
SET ROLE regress_upper;
SAVEPOINT s;
SELECT count(*) FROM spindle_rows('retail', 'store') AS t(store_id int); -- ERROR
ROLLBACK TO s;
RESET ROLE;
GRANT EXECUTE ON FUNCTION spindle_rows TO regress_upper;
SET ROLE regress_upper;
SELECT count(*) FROM spindle_rows('retail', 'store') AS t(store_id int);
ROLLBACK;

SET client_min_messages = warning;
DROP SCHEMA upper, upper_huge CASCADE;
