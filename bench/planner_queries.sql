-- Queries of retail, for planner.sql: thirty joins of two to six tables, and the
-- shapes of TPC-H.
CREATE TABLE bench.join_query (
  id int GENERATED ALWAYS AS IDENTITY,
  kind text DEFAULT 'join',
  number int,                               -- of its kind
  few_by_reference boolean DEFAULT false,   -- few rows by a reference: see below
  generated text DEFAULT 'shop',            -- search_path for either side
  stored text DEFAULT 'stored',
  query text
);
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

-- The shapes of the 22 queries of TPC-H, asked of retail: few tables read whole, joins
-- of up to six, EXISTS and NOT EXISTS, subqueries that depend on the row, groups of
-- groups, the greatest of an aggregate.
INSERT INTO bench.join_query (kind, query) VALUES
  -- 1 to 5
  ('shape', $$SELECT discount_percent, sum(quantity), sum(line_total), avg(quantity), avg(unit_price), count(*) FROM order_line
     WHERE quantity <= 10 GROUP BY 1 ORDER BY 1$$),
  ('shape', $$SELECT o.order_id, p.product_name, l.unit_price FROM "order" o JOIN order_line l USING (order_id) JOIN product p USING (product_id)
     WHERE o.order_date >= '2025-11-28' AND o.order_date < '2025-11-29' AND p.product_name LIKE '%Set'
     AND l.unit_price = (SELECT max(m.unit_price) FROM order_line m WHERE m.order_id = o.order_id) ORDER BY 3 DESC, 1 LIMIT 100$$),
  ('shape', $$SELECT o.order_id, o.order_date, sum(l.line_total) AS revenue FROM customer c JOIN "order" o USING (customer_id)
     JOIN order_line l USING (order_id) WHERE c.loyalty_tier = 'Gold' AND o.order_date < '2022-07-01' AND l.quantity > 1
     GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT 10$$),
  ('shape', $$SELECT o.status, count(*) FROM "order" o WHERE o.order_date >= '2023-07-01' AND o.order_date < '2023-10-01'
     AND EXISTS (SELECT 1 FROM order_line l WHERE l.order_id = o.order_id AND l.unit_price > 100) GROUP BY 1 ORDER BY 1$$),
  ('shape', $$SELECT s.state, sum(l.line_total) FROM "order" o JOIN customer c USING (customer_id) JOIN order_line l USING (order_id)
     JOIN store s USING (store_id) JOIN address a ON a.address_id = o.shipping_address_id AND a.state = s.state
     JOIN product p USING (product_id) WHERE s.store_type = 'physical' AND o.order_date >= '2024-01-01' AND o.order_date < '2025-01-01'
     GROUP BY 1 ORDER BY 2 DESC$$),
  -- 6 to 10
  ('shape', $$SELECT sum(unit_price * discount_percent) FROM order_line WHERE order_id BETWEEN 100000 AND 400000
     AND discount_percent BETWEEN 10 AND 20 AND quantity < 3$$),
  ('shape', $$SELECT s.state, a.state, date_trunc('year', o.order_date), sum(l.line_total) FROM "order" o JOIN order_line l USING (order_id)
     JOIN store s USING (store_id) JOIN address a ON a.address_id = o.shipping_address_id
     WHERE (s.state = 'CA' AND a.state = 'TX' OR s.state = 'TX' AND a.state = 'CA')
     AND o.order_date >= '2024-01-01' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3$$),
  ('shape', $$SELECT date_trunc('year', o.order_date), sum(CASE WHEN a.state = 'NY' THEN l.line_total ELSE 0 END) / sum(l.line_total)
     FROM "order" o JOIN order_line l USING (order_id) JOIN product p USING (product_id)
     JOIN address a ON a.address_id = o.shipping_address_id
     WHERE a.state IN ('NY', 'NJ', 'CT') AND p.category_id = 30 AND o.order_date >= '2024-01-01' GROUP BY 1 ORDER BY 1$$),
  ('shape', $$SELECT s.state, date_trunc('year', o.order_date), sum(l.line_total - p.cost * l.quantity) FROM order_line l
     JOIN "order" o USING (order_id) JOIN product p USING (product_id) JOIN store s USING (store_id)
     WHERE p.product_name LIKE '%Shirt%' GROUP BY 1, 2 ORDER BY 1, 2 DESC$$),
  ('shape', $$SELECT c.customer_id, c.last_name, c.email, sum(l.line_total) FROM customer c JOIN "order" o USING (customer_id)
     JOIN order_line l USING (order_id) WHERE o.order_date >= '2023-10-01' AND o.order_date < '2024-01-01' AND o.status = 'returned'
     GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1 LIMIT 20$$),
  -- 11 to 15
  ('shape', $$SELECT l.product_id, sum(l.line_total) FROM "order" o JOIN order_line l USING (order_id) JOIN store s USING (store_id)
     WHERE s.state = 'CA' GROUP BY 1 HAVING sum(l.line_total) > (SELECT sum(l.line_total) * 0.0005 FROM "order" o
     JOIN order_line l USING (order_id) JOIN store s USING (store_id) WHERE s.state = 'CA') ORDER BY 2 DESC$$),
  ('shape', $$SELECT s.store_type, sum(CASE WHEN o.status = 'completed' THEN 1 ELSE 0 END), sum(CASE WHEN o.status <> 'completed' THEN 1 ELSE 0 END)
     FROM "order" o JOIN store s USING (store_id) JOIN order_line l USING (order_id)
     WHERE s.store_type IN ('online', 'warehouse') AND o.order_date >= '2023-01-01' AND o.order_date < '2024-01-01'
     AND l.unit_price < l.line_total GROUP BY 1 ORDER BY 1$$),
  ('shape', $$SELECT n, count(*) FROM (SELECT c.customer_id, count(o.order_id) AS n FROM customer c
     LEFT JOIN "order" o ON o.customer_id = c.customer_id AND o.status <> 'cancelled' GROUP BY 1) s GROUP BY 1 ORDER BY 2 DESC, 1 DESC$$),
  ('shape', $$SELECT 100 * sum(CASE WHEN p.product_name LIKE 'Select%' THEN l.line_total ELSE 0 END) / sum(l.line_total) FROM "order" o
     JOIN order_line l USING (order_id) JOIN product p USING (product_id)
     WHERE o.order_date >= '2024-09-01' AND o.order_date < '2024-10-01'$$),
  ('shape', $$WITH revenue AS (SELECT o.store_id, sum(l.line_total) AS total FROM "order" o JOIN order_line l USING (order_id)
     WHERE o.order_date >= '2024-01-01' AND o.order_date < '2024-04-01' GROUP BY 1)
     SELECT s.store_id, s.store_name, total FROM store s JOIN revenue USING (store_id)
     WHERE total = (SELECT max(total) FROM revenue)$$),
  -- 16 to 22
  ('shape', $$SELECT p.category_id, p.product_status, count(DISTINCT l.order_id) FROM order_line l JOIN product p USING (product_id)
     WHERE p.product_status <> 'discontinued' AND p.category_id IN (20, 22, 25, 30, 35) AND l.order_id NOT IN
     (SELECT r.order_id FROM "return" r WHERE r.reason = 'defective') AND l.order_id <= 500000 GROUP BY 1, 2 ORDER BY 3 DESC$$),
  ('shape', $$SELECT sum(l.line_total) / 7 FROM order_line l JOIN product p USING (product_id)
     JOIN (SELECT product_id, avg(quantity) AS usual FROM order_line GROUP BY 1) a USING (product_id)
     WHERE p.category_id = 30 AND p.product_status = 'introduced' AND l.quantity < 0.7 * usual$$),
  ('shape', $$SELECT c.last_name, c.customer_id, o.order_id, o.order_date, o.order_total, sum(l.quantity) FROM customer c
     JOIN "order" o USING (customer_id) JOIN order_line l USING (order_id) WHERE o.order_id IN
     (SELECT order_id FROM order_line GROUP BY 1 HAVING sum(quantity) > 20) GROUP BY 1, 2, 3, 4, 5 ORDER BY 5 DESC, 4 LIMIT 100$$),
  ('shape', $$SELECT sum(l.line_total) FROM order_line l JOIN product p USING (product_id)
     WHERE p.category_id = 30 AND l.quantity BETWEEN 1 AND 3 AND p.unit_price < 15
     OR p.category_id = 31 AND l.quantity BETWEEN 2 AND 5 AND p.unit_price < 30
     OR p.category_id = 32 AND l.quantity BETWEEN 4 AND 9 AND p.unit_price < 60$$),
  ('shape', $$SELECT s.store_name, s.city FROM store s WHERE s.store_type = 'physical' AND s.store_id IN (SELECT o.store_id FROM "order" o
     WHERE o.order_date >= '2024-01-01' AND o.order_date < '2024-02-01' AND o.order_id IN (SELECT l.order_id FROM order_line l
     JOIN product p USING (product_id) WHERE p.product_name LIKE 'Select%' GROUP BY 1 HAVING sum(l.quantity) > 3)) ORDER BY 1$$),
  ('shape', $$SELECT s.store_name, count(*) FROM store s JOIN "order" o USING (store_id) JOIN order_line l USING (order_id)
     WHERE s.state = 'CA' AND o.status = 'returned' AND l.quantity > 1 AND EXISTS
     (SELECT 1 FROM order_line m WHERE m.order_id = l.order_id AND m.order_line_id <> l.order_line_id) AND NOT EXISTS
     (SELECT 1 FROM order_line m WHERE m.order_id = l.order_id AND m.order_line_id <> l.order_line_id AND m.quantity > 1)
     GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 100$$),
  ('shape', $$SELECT left(c.last_name, 1), count(*), max(c.signup_date) FROM customer c WHERE left(c.last_name, 1) IN ('A', 'E', 'O', 'U')
     AND c.customer_id > (SELECT avg(customer_id) FROM customer WHERE is_active) AND NOT EXISTS
     (SELECT 1 FROM "order" o WHERE o.customer_id = c.customer_id) GROUP BY 1 ORDER BY 1$$);
UPDATE bench.join_query q SET number = n FROM (SELECT id, row_number() OVER (PARTITION BY kind ORDER BY id) AS n FROM bench.join_query) s
WHERE s.id = q.id;
-- lines of two products (join 8), orders of a hundred customers (24), whether there is
-- an order of each of a thousand (shape 22), and the tenth of the orders that two kinds
-- of promotions have (join 9), which an index alone answers: a stored index finds them,
-- while a scan computes all orders or lines, once
UPDATE bench.join_query SET few_by_reference = true
WHERE query LIKE '%c.customer_id BETWEEN%' OR query LIKE '%p.unit_price > 500%' OR query LIKE '%m.promo_type IN%'
  OR query LIKE '%left(c.last_name, 1)%';
