--
-- The rules of the retail domain that hold without exception: references
-- resolve, times are in order, sums add up, names and places fit.
--
-- They are queries in a file of their own, as they are also run at scale
-- medium by the TAP tests.
--
\getenv abs_srcdir PG_ABS_SRCDIR
CREATE SCHEMA retail_keys;
SET search_path = retail_keys, public;
\set rules :abs_srcdir '/t/retail_rules.sql'
\set ECHO none
\i :rules
\set ECHO all
SELECT count(*) FROM retail_rule;

-- Two scales and two seeds: the rules hold by construction, so for any.
CREATE SCHEMA retail_demo_42;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO retail_demo_42 OPTIONS (scale 'fabric_demo', seed '42');
CREATE SCHEMA retail_demo_min;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO retail_demo_min OPTIONS (scale 'fabric_demo', seed '-9223372036854775808');
CREATE SCHEMA retail_small_42;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO retail_small_42 OPTIONS (scale 'small', seed '42');
CREATE SCHEMA retail_small_7;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO retail_small_7 OPTIONS (scale 'small', seed '7');

-- no rule is broken, and each had something to look at
SELECT * FROM violations('retail_demo_42');
SELECT * FROM violations('retail_demo_min');
SELECT * FROM violations('retail_small_42');
SELECT * FROM violations('retail_small_7');

-- The rules can fail: in a copy with wrong values every rule reports something.
CREATE SCHEMA retail_wrong;
DO $$
DECLARE
  t text;
BEGIN
  FOR t IN SELECT table_name FROM spindle_tables('retail') LOOP
    EXECUTE format('CREATE TABLE retail_wrong.%1$I AS SELECT * FROM retail_demo_42.%1$I', t);
  END LOOP;
END
$$;
SELECT * FROM violations('retail_wrong');
SET search_path = retail_wrong, retail_keys, public;
UPDATE "order" SET order_date = order_date - interval '9 years'
WHERE order_id = (SELECT min(order_id) FROM "order" WHERE promotion_id IS NOT NULL AND order_id > 500);
UPDATE "order" SET shipping_address_id = 301, status = 'shipped' WHERE order_id IN (SELECT order_id FROM "return" WHERE return_id < 50);
UPDATE "order" SET status = 'returned' WHERE order_id = (SELECT min(order_id) FROM "order" o WHERE NOT EXISTS (SELECT FROM "return" r WHERE r.order_id = o.order_id));
UPDATE "order" SET customer_id = 201, store_id = 0, promotion_id = 201 WHERE order_id = 900;
UPDATE "order" SET order_id = 1001 WHERE order_id = 901;
UPDATE customer SET first_name = 'Q', last_name = 'Q', email = 'x@example.com.invalid' WHERE customer_id IN (2, 3);
UPDATE customer SET customer_id = 300 WHERE customer_id = 1;
UPDATE address SET is_primary = true, customer_id = 999, lat = lat + 1 WHERE address_id = 7;
UPDATE address SET address_id = 0 WHERE address_id = 8;
UPDATE product_category SET category_name = 'Q', level = 4 WHERE category_id IN (1, 2);
UPDATE product_category SET parent_category_id = 51, category_id = 0 WHERE category_id = 20;
INSERT INTO product_category VALUES (52, 'R', NULL, 1);
UPDATE product SET category_id = 1, cost = unit_price, unit_price = 0 WHERE product_id = 5;
UPDATE product SET category_id = 99, product_id = 101 WHERE product_id = 6;
UPDATE store SET city = 'Springfield', state = 'ZZ', store_id = 151 WHERE store_id = 1;
UPDATE promotion SET end_date = end_date + interval '30 days 1 second', promotion_id = 999, discount_pct = 99 WHERE promotion_id BETWEEN 100 AND 150;
UPDATE promotion SET start_date = start_date - interval '1 year' WHERE promotion_id = 60;
UPDATE order_line SET line_total = line_total + 0.01, quantity = 21 WHERE order_line_id = 77;
UPDATE order_line SET unit_price = unit_price + 1, promotion_id = 201, product_id = 0 WHERE order_line_id = 78;
UPDATE order_line SET order_id = order_id + 5000 WHERE order_line_id = 80;
UPDATE order_line SET order_line_id = -1 WHERE order_line_id = 81;
INSERT INTO order_line SELECT * FROM order_line WHERE order_line_id = 90;
INSERT INTO address SELECT * FROM address WHERE address_id = 9;
INSERT INTO "return" SELECT * FROM "return" WHERE return_id = 60;
UPDATE "return" SET order_id = 0, return_date = '2000-01-01' WHERE return_id = 61;
UPDATE "return" SET return_date = '2000-01-01' WHERE return_id = 62;
UPDATE customer SET signup_date = '2025-12-31 00:00+00' WHERE customer_id = 50;
UPDATE "order" SET promotion_id = (SELECT p.promotion_id FROM promotion p WHERE p.end_date < o.order_date LIMIT 1) FROM "order" o WHERE "order".order_id = o.order_id AND o.order_id = 990;
SET search_path = retail_keys, public;
-- rules that did not notice
SELECT rule FROM retail_rule EXCEPT SELECT rule FROM violations('retail_wrong') ORDER BY 1;

SET client_min_messages = warning;
DROP SCHEMA retail_keys, retail_demo_42, retail_demo_min, retail_small_42, retail_small_7, retail_wrong CASCADE;
