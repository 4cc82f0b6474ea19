-- Joins of generated tables as they were imported, without ANALYZE, against the
-- same queries on seeded, indexed, analyzed tables: times, and how far the
-- planner's numbers of rows are from the truth.

CALL spindle_seed('retail', 'stored', scale => :'scale', report => false);
CREATE INDEX ON stored."order" (order_date);
VACUUM ANALYZE stored."order";

CREATE TABLE bench.join_query (id int GENERATED ALWAYS AS IDENTITY, few_by_reference boolean DEFAULT false, query text);
INSERT INTO bench.join_query (query) VALUES
  ($$SELECT o.status, count(*) FROM "order" o JOIN store s USING (store_id) WHERE s.store_type = 'online' GROUP BY o.status$$),
  ($$SELECT count(*), sum(l.quantity) FROM "order" o JOIN order_line l USING (order_id)
     WHERE o.order_date >= '2024-11-29' AND o.order_date < '2024-11-30'$$),
  ($$SELECT p.product_name, sum(l.quantity) FROM "order" o JOIN order_line l USING (order_id) JOIN product p USING (product_id)
     WHERE o.order_date >= '2024-11-29' AND o.order_date < '2024-11-30' GROUP BY p.product_name ORDER BY 2 DESC LIMIT 10$$),
  ($$SELECT c.loyalty_tier, count(*) FROM "order" o JOIN customer c USING (customer_id)
     WHERE o.order_date >= '2025-06-01' AND o.order_date < '2025-06-08' GROUP BY c.loyalty_tier$$),
  ($$SELECT a.state, count(*) FROM customer c JOIN address a USING (customer_id) WHERE c.loyalty_tier = 'Platinum' AND a.is_primary
     GROUP BY a.state$$),
  ($$SELECT r.reason, count(*), sum(r.refund_amount) FROM "return" r JOIN "order" o USING (order_id)
     WHERE o.order_date BETWEEN '2025-01-01' AND '2025-01-31' GROUP BY r.reason$$),
  ($$SELECT g.category_name, count(*) FROM product p JOIN product_category g USING (category_id)
     WHERE p.product_status = 'active' GROUP BY g.category_name$$),
  ($$SELECT count(*) FROM order_line l JOIN product p USING (product_id) WHERE p.unit_price > 500 AND l.order_id <= 200000$$),
  ($$SELECT count(*) FROM "order" o JOIN promotion m USING (promotion_id) WHERE m.promo_type IN ('bogo', 'bundle')$$),
  ($$SELECT count(*) FROM "order" o WHERE o.order_id <= 100000 AND NOT EXISTS (SELECT 1 FROM "return" r WHERE r.order_id = o.order_id)$$),
  ($$SELECT count(*) FROM "order" o WHERE o.order_id <= 100000 AND EXISTS
     (SELECT 1 FROM order_line l WHERE l.order_id = o.order_id AND l.quantity > 5)$$),
  ($$SELECT count(*) FROM customer c WHERE c.customer_id IN (SELECT o.customer_id FROM "order" o WHERE o.order_date >= '2025-12-01')$$),
  ($$SELECT count(*) FROM customer c WHERE c.is_active AND NOT EXISTS
     (SELECT 1 FROM "order" o WHERE o.customer_id = c.customer_id AND o.order_date >= '2025-07-01')$$),
  ($$SELECT s.state, sum(o.order_total) FROM "order" o JOIN store s USING (store_id)
     WHERE o.order_date >= '2025-03-01' AND o.order_date < '2025-03-08' AND o.status <> 'cancelled' GROUP BY s.state$$),
  ($$SELECT c.last_name, count(*) FROM customer c JOIN address a USING (customer_id) WHERE c.last_name LIKE 'Sm%' AND a.address_type = 'both'
     GROUP BY c.last_name$$),
  ($$SELECT count(*) FROM customer c JOIN address a USING (customer_id) WHERE c.email IS NULL AND a.state IN ('CA', 'TX', 'NY')$$),
  ($$SELECT count(*) FROM "order" o JOIN customer c USING (customer_id)
     WHERE (c.gender = 'F' OR c.loyalty_tier = 'Gold') AND o.status = 'returned' AND o.order_id > 400000 AND o.order_id < 600000$$),
  ($$SELECT o.order_id, o.order_date, c.email FROM "order" o JOIN customer c USING (customer_id) ORDER BY o.order_date DESC LIMIT 50$$),
  ($$SELECT DISTINCT p.category_id FROM order_line l JOIN product p USING (product_id) WHERE l.order_id BETWEEN 1000 AND 30000$$),
  ($$SELECT date_trunc('month', o.order_date), count(*) FROM "order" o JOIN store s USING (store_id)
     WHERE s.store_type = 'warehouse' GROUP BY 1 ORDER BY 1$$),
  ($$SELECT g.category_name, sum(l.line_total) FROM "order" o JOIN order_line l USING (order_id) JOIN product p USING (product_id)
     JOIN product_category g USING (category_id) WHERE o.order_date >= '2025-12-24' AND o.order_date < '2025-12-25' GROUP BY 1$$),
  ($$SELECT a.state, count(*) FROM "order" o JOIN address a ON a.address_id = o.shipping_address_id
     WHERE o.order_date >= '2025-10-01' AND o.order_date < '2025-10-02' GROUP BY a.state$$),
  ($$SELECT r.reason, s.store_type, count(*) FROM "return" r JOIN "order" o USING (order_id) JOIN store s USING (store_id)
     WHERE r.return_id <= 50000 GROUP BY 1, 2$$),
  ($$SELECT c.customer_id, count(*) FROM customer c JOIN "order" o USING (customer_id) WHERE c.customer_id BETWEEN 1000 AND 1100
     GROUP BY c.customer_id$$),
  ($$SELECT m.promo_name, count(*) FROM order_line l JOIN promotion m USING (promotion_id) WHERE l.order_line_id <= 500000
     AND m.discount_pct >= 20 GROUP BY 1$$),
  ($$SELECT count(*) FROM "order" o LEFT JOIN promotion m USING (promotion_id) WHERE m.promotion_id IS NULL AND o.order_id <= 300000$$),
  ($$SELECT c.loyalty_tier, g.category_name, sum(l.line_total) FROM "order" o JOIN order_line l USING (order_id)
     JOIN product p USING (product_id) JOIN product_category g USING (category_id) JOIN customer c USING (customer_id)
     WHERE o.order_date >= '2025-11-28' AND o.order_date < '2025-11-29' AND c.gender = 'F' GROUP BY 1, 2$$),
  ($$SELECT s.store_name, a.state, c.loyalty_tier, sum(l.line_total) FROM "order" o JOIN order_line l USING (order_id)
     JOIN product p USING (product_id) JOIN customer c USING (customer_id) JOIN address a ON a.address_id = o.shipping_address_id
     JOIN store s USING (store_id) WHERE o.order_date >= '2025-11-28' AND o.order_date < '2025-11-29'
     AND p.product_status = 'active' GROUP BY 1, 2, 3$$),
  ($$SELECT o.status, count(*), avg(l.unit_price * l.quantity) FROM "order" o JOIN order_line l USING (order_id)
     WHERE l.quantity >= 4 AND o.order_id % 100 = 0 GROUP BY o.status$$),
  ($$SELECT o.store_id, m.promo_type, count(*) FROM "order" o JOIN promotion m USING (promotion_id) JOIN store s USING (store_id)
     WHERE s.city = 'Houston' OR s.state = 'FL' GROUP BY 1, 2$$);
-- few rows of a skewed reference: an index finds them, a scan computes all
UPDATE bench.join_query SET few_by_reference = true
WHERE query LIKE '%c.customer_id BETWEEN%' OR query LIKE '%p.unit_price > 500%';

CREATE FUNCTION bench.plan(query text, schema text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  plan jsonb;
BEGIN
  PERFORM set_config('search_path', schema, false);
  EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ' || query INTO plan;
  RETURN plan -> 0;
END
$$;

-- All nodes of a plan that ran to their end: none below a LIMIT, and no input of
-- a merge join, which may stop when the other input ends.
CREATE FUNCTION bench.nodes(plan jsonb) RETURNS TABLE (node jsonb) LANGUAGE sql AS $$
  WITH RECURSIVE tree AS (
    SELECT plan -> 'Plan' AS node, NULL AS above
    UNION ALL
    SELECT jsonb_array_elements(t.node -> 'Plans'), t.node ->> 'Node Type' FROM tree t WHERE t.node ->> 'Node Type' <> 'Limit'
  )
  SELECT node FROM tree WHERE (node ->> 'Actual Loops')::float8 > 0 AND above IS DISTINCT FROM 'Merge Join'
$$;
CREATE FUNCTION bench.q_error(estimate float8, truth float8) RETURNS float8 LANGUAGE sql AS
  'SELECT greatest(greatest(estimate, 1) / greatest(truth, 1), greatest(truth, 1) / greatest(estimate, 1))';

CREATE TABLE bench.join_run (id int, schema text, run int, plan jsonb);
CREATE PROCEDURE bench.run_joins(runs int) LANGUAGE plpgsql AS $$
DECLARE
  q record;
BEGIN
  FOR q IN SELECT * FROM bench.join_query ORDER BY id LOOP
    FOR run IN 1 .. runs LOOP
      INSERT INTO bench.join_run SELECT q.id, s, run, bench.plan(q.query, s) FROM unnest('{shop,stored}'::text[]) s;
    END LOOP;
  END LOOP;
  PERFORM set_config('search_path', 'public', false);
END
$$;
CALL bench.run_joins(least(:runs, 3));

CREATE VIEW bench.join_time AS
SELECT id, few_by_reference,
  min((plan ->> 'Execution Time')::float8) FILTER (WHERE schema = 'shop') AS a,
  min((plan ->> 'Execution Time')::float8) FILTER (WHERE schema = 'stored') AS b,
  min((plan ->> 'Planning Time')::float8) FILTER (WHERE schema = 'shop') AS a_planning,
  min((plan ->> 'Planning Time')::float8) FILTER (WHERE schema = 'stored') AS b_planning
FROM bench.join_run JOIN bench.join_query USING (id) GROUP BY id, few_by_reference;
CREATE VIEW bench.join_error AS
SELECT schema, percentile_cont(0.5) WITHIN GROUP (ORDER BY q) AS median, percentile_cont(0.95) WITHIN GROUP (ORDER BY q) AS p95
FROM bench.join_run, bench.nodes(plan) n,
  bench.q_error((node ->> 'Plan Rows')::float8, (node ->> 'Actual Rows')::float8) q
WHERE run = 1 GROUP BY schema;

-- Estimates of conditions on single columns against those of ANALYZE.
CREATE TABLE bench.condition_query (name text, condition text);
INSERT INTO bench.condition_query VALUES
  ('order', $$status = 'returned'$$), ('order', $$status IN ('shipped', 'processing')$$), ('order', 'store_id = 1'),
  ('order', 'store_id < 20'), ('order', 'promotion_id IS NULL'), ('order', 'order_total > 500'), ('order', 'order_total < 10'),
  ('order', $$order_date < '2023-01-01'$$), ('order_line', 'quantity = 1'), ('order_line', 'quantity > 4'),
  ('order_line', 'unit_price BETWEEN 10 AND 20'), ('order_line', 'line_total > 100'), ('order_line', 'discount_percent = 0'),
  ('customer', $$loyalty_tier = 'Gold'$$), ('customer', 'NOT is_active'), ('customer', 'email IS NULL'),
  ('customer', $$last_name = 'Smith'$$), ('customer', $$first_name < 'C'$$), ('customer', $$signup_date > '2025-01-01'$$),
  ('address', $$state = 'TX'$$), ('address', 'is_primary'), ('address', 'lat > 40'), ('product', 'unit_price < 20'),
  ('product', 'category_id = 30'), ('return', $$reason = 'defective'$$), ('return', $$return_date > '2025-06-01'$$),
  ('return', 'refund_amount > 100');
CREATE FUNCTION bench.estimate(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
  RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END
$$;
CREATE VIEW bench.condition_error AS
SELECT name, condition, a, b, bench.q_error(a, b) AS q
FROM bench.condition_query,
  bench.estimate(format('SELECT 1 FROM shop.%I WHERE %s', name, condition)) a,
  bench.estimate(format('SELECT 1 FROM stored.%I WHERE %s', name, condition)) b;

INSERT INTO bench.result (comparison, goal, value, unit)
SELECT 'joins of generated : of stored, analyzed tables, time of all', 1.3, sum(a) / sum(b), 'times' FROM bench.join_time
WHERE NOT few_by_reference
UNION ALL
SELECT 'the same, the worst of them', 2, max(a / b), 'times' FROM bench.join_time WHERE NOT few_by_reference
UNION ALL
SELECT 'planning of the join of six tables, more than of stored ones', 2, a_planning - b_planning, 'ms' FROM bench.join_time
WHERE id = 28
UNION ALL
SELECT 'full scans that are repeated in a nested loop', 0, count(*), 'scans' FROM bench.join_run, bench.nodes(plan)
WHERE schema = 'shop' AND run = 1 AND node ->> 'Node Type' = 'Foreign Scan' AND (node ->> 'Actual Loops')::float8 > 1
  AND NOT node ? 'Rows Found By'
UNION ALL
SELECT 'q-error of their nodes, median', 1.1, median, 'times' FROM bench.join_error WHERE schema = 'shop'
UNION ALL
SELECT 'the same, 95th percentile', 3, p95, 'times' FROM bench.join_error WHERE schema = 'shop'
UNION ALL
SELECT 'the same of stored, analyzed tables, 95th percentile', NULL, p95, 'times' FROM bench.join_error WHERE schema = 'stored'
UNION ALL
SELECT 'conditions on single columns, estimate : with ANALYZE, the worst', 1.2, max(q), 'times' FROM bench.condition_error;
-- in a new session, which has to read the definition first
CREATE FUNCTION bench.planning_ms(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  SET LOCAL search_path = shop;
  EXECUTE 'EXPLAIN (SUMMARY ON, FORMAT JSON) ' || query INTO plan;
  RETURN plan -> 0 ->> 'Planning Time';
END
$$;
\connect -
SET client_min_messages = warning;
SELECT bench.planning_ms(query) AS first FROM bench.join_query WHERE id = 28 \gset
INSERT INTO bench.result (comparison, goal, value, unit)
VALUES ('planning of the join of six tables, the first of a session', 30, :first, 'ms');
DROP SCHEMA stored CASCADE;
