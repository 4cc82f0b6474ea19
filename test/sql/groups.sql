--
-- How many groups the planner expects of generated rows, without ANALYZE: with
-- conditions, references to what conditions leave, HAVING, and of subqueries.
--
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA shop;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO shop OPTIONS (scale 'small');
CREATE SCHEMA tpch;
IMPORT FOREIGN SCHEMA tpch FROM SERVER spindle INTO tpch OPTIONS (scale 'sf0_01');
SET search_path = shop, tpch, public;
CREATE FUNCTION expected(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
  RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END
$$;
-- whether that is within a factor of the truth
CREATE FUNCTION is_near(query text, factor float8) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  truth float8;
  n float8 := expected(query);
BEGIN
  EXECUTE format('SELECT count(*) FROM (%s) q', query) INTO truth;
  RETURN CASE WHEN n BETWEEN truth / factor AND truth * factor THEN 'near' ELSE format('%s for %s', n, truth) END;
END
$$;

-- groups that conditions leave, of one relation and of several
SELECT query, is_near(query, 1.2) FROM unnest(ARRAY[
  $$SELECT l_shipmode FROM lineitem WHERE l_shipmode IN ('MAIL', 'SHIP') GROUP BY 1$$,
  $$SELECT DISTINCT extract(year FROM o_orderdate) FROM orders WHERE o_orderdate BETWEEN '1995-01-01' AND '1996-12-31'$$,
  $$SELECT l_returnflag, l_linestatus FROM lineitem GROUP BY 1, 2$$,
  $$SELECT n_name FROM nation JOIN region ON r_regionkey = n_regionkey JOIN supplier ON s_nationkey = n_nationkey WHERE r_name = 'ASIA' GROUP BY 1$$,
  $$SELECT date_trunc('month', order_date) FROM "order" WHERE order_date >= '2024-03-01' AND order_date < '2024-09-01' GROUP BY 1$$,
  $$SELECT o.store_id, o.status FROM "order" o JOIN store s USING (store_id) WHERE s.store_type = 'online' GROUP BY 1, 2$$,
  $$SELECT category_id, product_status FROM product WHERE category_id IN (20, 22, 25, 30, 35) AND product_status <> 'active' GROUP BY 1, 2$$,
  $$SELECT p.promo_type, s.store_type FROM "order" o JOIN promotion p USING (promotion_id) JOIN store s USING (store_id)
    WHERE p.promo_type LIKE 'b%' GROUP BY 1, 2$$,
  $$SELECT left(last_name, 1) FROM customer WHERE left(last_name, 1) IN ('A', 'E', 'O', 'U') AND customer_id > (SELECT 10) GROUP BY 1$$]) query;

-- HAVING of groups that lie side by side
SELECT query, is_near(query, 1.3) FROM unnest(ARRAY[
  'SELECT order_id FROM order_line GROUP BY 1 HAVING count(*) > 3',
  'SELECT order_id FROM order_line GROUP BY 1 HAVING 4 >= sum(quantity)',
  'SELECT order_id FROM order_line GROUP BY 1 HAVING avg(unit_price) < 10.5 AND count(*) FILTER (WHERE quantity > 1) = 1',
  'SELECT order_id FROM order_line WHERE order_id <= 100 GROUP BY 1 HAVING max(quantity) = 1',
  'SELECT order_id FROM order_line WHERE quantity > 1 GROUP BY 1 HAVING min(unit_price) >= 20',
  'SELECT l_orderkey FROM lineitem GROUP BY 1 HAVING sum(l_quantity) > 200',
  'SELECT order_id FROM order_line l JOIN product p USING (product_id) WHERE p.product_status = ''introduced'' GROUP BY 1 HAVING sum(l.quantity) > 1',
  'SELECT customer_id FROM address GROUP BY 1 HAVING count(state) > 2']) query;
-- a third, where it is not known
SELECT query, round(expected(query) / expected(regexp_replace(query, ' HAVING.*', '')) * 100) AS percent FROM unnest(ARRAY[
  'SELECT order_id FROM order_line GROUP BY 1 HAVING count(DISTINCT product_id) > 3',
  'SELECT order_id FROM order_line GROUP BY 1 HAVING sum(quantity) > (SELECT 5)',
  'SELECT product_id FROM order_line GROUP BY 1 HAVING sum(quantity) > 10',
  'SELECT order_id FROM order_line GROUP BY 1 HAVING sum(1 / (quantity - 2)) > 1']) query;

-- subqueries
SELECT query, is_near(query, 1.5) FROM unnest(ARRAY[
  $$WITH c AS MATERIALIZED (SELECT left(c_phone, 2) AS code, c_acctbal FROM tpch.customer WHERE left(c_phone, 2) IN ('13', '31', '23', '29'))
    SELECT code FROM c WHERE c_acctbal > 0 GROUP BY code$$,
  $$WITH c AS MATERIALIZED (SELECT l_shipmode AS mode FROM lineitem) SELECT 1 FROM c WHERE mode = 'AIR'$$,
  $$SELECT * FROM (SELECT o_custkey, row_number() OVER (PARTITION BY o_custkey ORDER BY o_orderdate) AS place FROM orders) o WHERE place = 1$$,
  $$SELECT * FROM (SELECT s_suppkey, rank() OVER (ORDER BY s_acctbal DESC) AS place FROM supplier) s WHERE place = 1$$,
  $$SELECT n FROM (SELECT o_custkey, count(*) AS n FROM orders GROUP BY 1) o GROUP BY 1$$,
  $$WITH taken AS MATERIALIZED (SELECT l_partkey, l_suppkey, sum(l_quantity) FROM lineitem WHERE l_shipdate < '1992-03-01' GROUP BY 1, 2)
    SELECT 1 FROM partsupp JOIN taken ON l_partkey = ps_partkey AND l_suppkey = ps_suppkey$$,
  $$SELECT 1 FROM partsupp JOIN (SELECT l.l_suppkey AS s, l.l_partkey AS p FROM lineitem l JOIN orders ON o_orderkey = l_orderkey
    WHERE l.l_quantity > 45 OFFSET 0) q ON s = ps_suppkey AND p = ps_partkey$$]) query;

-- nothing that a user has written is called, and nothing fails that the query would not
CREATE FUNCTION loud(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE 'called'; END $$;
SELECT expected('SELECT loud(quantity) FROM order_line WHERE quantity > 100 GROUP BY 1 HAVING sum(loud(quantity)) > 1') > 0 AS planned;
SELECT expected('SELECT 1 / (quantity - 1) FROM order_line WHERE quantity > 1 GROUP BY 1') > 0 AS planned;
SELECT 1 / (quantity - 1) AS q FROM order_line WHERE quantity > 1 GROUP BY 1 ORDER BY 1;
SELECT order_id FROM order_line WHERE order_id < 0 GROUP BY 1 HAVING sum(quantity) > 3;
SELECT DISTINCT status FROM "order" WHERE status IS NULL UNION SELECT store_type FROM store WHERE false GROUP BY 1;
-- without the right to see all rows, nothing is tried
CREATE ROLE spindle_groups_reader;
GRANT USAGE ON SCHEMA shop TO spindle_groups_reader;
GRANT EXECUTE ON FUNCTION expected TO spindle_groups_reader;
CREATE VIEW shop.some_products WITH (security_barrier) AS SELECT * FROM product WHERE product_id > 10;
GRANT SELECT ON shop.some_products TO spindle_groups_reader;
SET ROLE spindle_groups_reader;
SELECT expected('SELECT category_id FROM some_products WHERE category_id IN (30, 31) GROUP BY 1') > 2 AS hidden;
RESET ROLE;

-- stored tables are planned as ever, also beside generated ones
CREATE TABLE shop.stored AS SELECT order_id, quantity FROM order_line;
ANALYZE shop.stored;
SELECT round(expected(q || ' HAVING sum(quantity) > 1000') / expected(q) * 100) AS percent FROM (VALUES ('SELECT order_id FROM stored GROUP BY 1')) v (q);
SELECT expected('WITH s AS MATERIALIZED (SELECT quantity FROM stored) SELECT quantity FROM s GROUP BY 1') =
  CASE WHEN current_setting('server_version_num')::int < 170000 THEN 200 ELSE (SELECT count(DISTINCT quantity) FROM stored) END AS as_ever;

DROP FUNCTION expected, is_near, loud;
RESET search_path;
DROP SCHEMA shop, tpch CASCADE;
DROP ROLE spindle_groups_reader;
