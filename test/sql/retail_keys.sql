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

-- The rules can fail: in a copy with one wrong value per rule, each of them
-- reports it.
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
UPDATE retail_wrong."order" SET order_date = order_date - interval '9 years' WHERE order_id = 500;
UPDATE retail_wrong."order" SET shipping_address_id = 301 WHERE order_id = 10;
UPDATE retail_wrong.customer SET email = 'x@example.com', gender = 'X' WHERE customer_id IN (2, 3);
UPDATE retail_wrong.order_line SET line_total = line_total + 0.01 WHERE order_line_id = 77;
UPDATE retail_wrong.address SET is_primary = true, lat = lat + 1 WHERE NOT is_primary;
UPDATE retail_wrong.product SET category_id = 1, cost = unit_price WHERE product_id = 5;
DELETE FROM retail_wrong."return" WHERE return_id = 3;
INSERT INTO retail_wrong."return" SELECT * FROM retail_wrong."return" WHERE return_id = 4;
SELECT rule FROM violations('retail_wrong') ORDER BY rule COLLATE "C";

DROP SCHEMA retail_keys, retail_demo_42, retail_demo_min, retail_small_42, retail_small_7, retail_wrong CASCADE;
