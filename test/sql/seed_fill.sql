--
-- spindle_fill: generated rows into tables that exist.
--
CREATE SCHEMA fill;
SET search_path = fill, public;
CREATE SCHEMA fill_virtual;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO fill_virtual OPTIONS (scale 'fabric_demo', seed '7');
CREATE FUNCTION try(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; message text; detail text; hint text;
BEGIN
  EXECUTE call;
  RETURN 'fine';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', state, message, nullif(detail, ''), nullif(hint, ''));
END
$$;

-- A table of the same columns.
CREATE TABLE "return" (LIKE fill_virtual."return");
SELECT spindle_fill('"return"', 'retail', 'return', 'fabric_demo', 7);
SELECT count(*) FROM ((TABLE "return" EXCEPT ALL TABLE fill_virtual."return") UNION ALL
                      (TABLE fill_virtual."return" EXCEPT ALL TABLE "return")) d;

-- More than one INSERT's worth of rows, and a piece of a table.
CREATE TABLE line (order_line_id bigint PRIMARY KEY);
SELECT spindle_fill('line', 'retail', 'order_line', 'medium', columns => '{order_line_id}', max_rows => 140000);
SELECT count(*), min(order_line_id), max(order_line_id) FROM line;
SELECT spindle_fill('line', 'retail', 'order_line', 'medium', columns => '{order_line_id}', first_row => 140000, max_rows => 3);
SELECT spindle_fill('line', 'retail', 'order_line', 'fabric_demo', columns => '{order_line_id}', first_row => 1000000000);
SELECT count(*), max(order_line_id) FROM line;

-- Partitions, other types by assignment casts, another order of columns,
-- a default, a generated column, an identity, and a column that was dropped.
CREATE TABLE orders (
  order_total float8,
  gone int,
  order_date timestamp NOT NULL,
  status varchar(40),
  order_id bigint GENERATED ALWAYS AS IDENTITY,
  customer_id text,
  note text DEFAULT 'generated' NOT NULL,
  cents bigint GENERATED ALWAYS AS (order_total * 100) STORED,
  store_id bigint,
  shipping_address_id int,
  promotion_id int
) PARTITION BY RANGE (order_date);
ALTER TABLE orders DROP COLUMN gone;
CREATE TABLE orders_2022 PARTITION OF orders FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
CREATE TABLE orders_rest PARTITION OF orders DEFAULT;
SET timezone = 'UTC';
SELECT spindle_fill('orders', 'retail', 'order', 'fabric_demo', seed => 7);
SELECT count(*) = (SELECT count(*) FROM fill_virtual."order" WHERE order_date < '2023-01-01') AS as_many FROM orders_2022;
SELECT count(*) AS orders,
  count(*) FILTER (WHERE o.order_date = v.order_date AND o.status = v.status AND o.customer_id = v.customer_id::text
    AND o.note = 'generated' AND o.cents = round(v.order_total * 100) AND o.store_id = v.store_id) AS as_generated
FROM orders o JOIN fill_virtual."order" v ON v.order_id = o.order_id;

-- A generated column of the same name is left to the table.
CREATE TABLE category (category_id int, category_name text, parent_category_id int, level int GENERATED ALWAYS AS (100 + category_id) STORED);
SELECT spindle_fill('category', 'retail', 'product_category');
SELECT * FROM category ORDER BY category_id LIMIT 2;
SELECT try($$SELECT spindle_fill('category', 'retail', 'product_category', columns => '{category_id,level}')$$);

-- Triggers and constraints.
CREATE TABLE store (store_id int CHECK (store_id > 0), store_name text, city text, loaded_by text NOT NULL);
CREATE TABLE statements (n bigint);
CREATE FUNCTION before_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.store_id % 10 = 0 THEN
    RETURN NULL;
  END IF;
  NEW.loaded_by := current_user;
  RETURN NEW;
END
$$;
CREATE FUNCTION after_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO fill.statements SELECT count(*) FROM new_rows;
  RETURN NULL;
END
$$;
CREATE TRIGGER before_row BEFORE INSERT ON store FOR EACH ROW EXECUTE FUNCTION before_row();
CREATE TRIGGER after_statement AFTER INSERT ON store REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION after_statement();
SELECT spindle_fill('store', 'retail', 'store', columns => '{store_id,store_name,city}');
SELECT count(*), count(loaded_by) FROM store;
TABLE statements;
ALTER TABLE store ADD CONSTRAINT unlucky CHECK (store_id <> 77) NOT VALID;
SELECT try($$SELECT spindle_fill('store', 'retail', 'store', columns => '{store_id}', first_row => 70)$$);
SELECT try($$SELECT spindle_fill('store', 'retail', 'store', columns => '{store_id}', max_rows => 11)$$);
SELECT count(*) FROM store;

-- A plain table, which takes many rows at once, gets what an INSERT gives one
-- that only a trigger makes different; and one with other columns in between.
CREATE TABLE plain (LIKE fill_virtual.order_line);
CREATE INDEX plain_product ON plain (product_id, (quantity + 1)) WHERE quantity > 0;
CREATE TABLE watched (LIKE plain);
CREATE TABLE mixed (gone int, a int, LIKE plain, z text CHECK (z IS NULL));
ALTER TABLE mixed DROP COLUMN gone;
CREATE FUNCTION as_it_is() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER as_it_is BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION as_it_is();
SELECT spindle_fill(r, 'retail', 'order_line', 'fabric_demo', 7) = (SELECT count(*) FROM fill_virtual.order_line) AS as_many
FROM unnest('{plain,watched,mixed}'::regclass[]) r;
ALTER TABLE mixed DROP COLUMN a, DROP COLUMN z;
SELECT count(*) FROM ((TABLE plain EXCEPT ALL TABLE fill_virtual.order_line) UNION ALL (TABLE fill_virtual.order_line EXCEPT ALL TABLE plain)
  UNION ALL (TABLE watched EXCEPT ALL TABLE plain) UNION ALL (TABLE plain EXCEPT ALL TABLE watched)
  UNION ALL (TABLE mixed EXCEPT ALL TABLE plain) UNION ALL (TABLE plain EXCEPT ALL TABLE mixed)) d;
SELECT product_id AS product FROM plain LIMIT 1 \gset
SELECT count(*) AS by_scan FROM plain WHERE product_id = :product AND quantity > 0 \gset
BEGIN;
SET LOCAL enable_seqscan = off;
SELECT count(*) = :by_scan AS by_index FROM plain WHERE product_id = :product AND quantity > 0;
ROLLBACK;
-- constraints and indexes of both refuse the same rows, and nothing of them stays
ALTER TABLE plain ADD UNIQUE (order_line_id);
ALTER TABLE watched ADD UNIQUE (order_line_id);
SELECT replace(try(format('SELECT spindle_fill(%L, ''retail'', ''order_line'', ''fabric_demo'', 7)', r)), r::text, 'TABLE') AS error
FROM unnest('{plain,watched}'::regclass[]) r;
TRUNCATE plain, watched;
ALTER TABLE plain ADD CONSTRAINT few CHECK (order_line_id < 100);
ALTER TABLE watched ADD CONSTRAINT few CHECK (order_line_id < 100);
SELECT replace(try(format('SELECT spindle_fill(%L, ''retail'', ''order_line'', ''fabric_demo'', 7)', r)), r::text, 'TABLE') AS error
FROM unnest('{plain,watched}'::regclass[]) r;
SELECT (SELECT count(*) FROM plain), (SELECT count(*) FROM watched);
BEGIN READ ONLY;
SELECT try($$SELECT spindle_fill('plain', 'retail', 'order_line', 'fabric_demo', 7)$$);
ROLLBACK;

-- A view that can be inserted into, and one that cannot.
CREATE VIEW small_store AS SELECT store_id, store_name FROM store WHERE store_id < 1000 WITH CHECK OPTION;
ALTER TABLE store DROP CONSTRAINT unlucky;
SELECT spindle_fill('small_store', 'retail', 'store', columns => '{store_id,store_name}', max_rows => 9);
CREATE VIEW count_store AS SELECT count(*)::int AS store_id FROM store;
SELECT try($$SELECT spindle_fill('count_store', 'retail', 'store', columns => '{store_id}')$$);
SELECT try($$SELECT spindle_fill('fill_virtual.store', 'retail', 'store')$$);

--
-- What does not fit is an error before the first row.
--
CREATE TABLE part (store_id int, store_name text, store_type text, city text);
CREATE TABLE many (store_id int, store_name text, store_type text, city text, state varchar(2), opened date NOT NULL);
CREATE TABLE other (store_id date, store_name text, store_type text, city text, state varchar(2));
SELECT try($$SELECT spindle_fill('part', 'retail', 'store')$$);
SELECT try($$SELECT spindle_fill('many', 'retail', 'store')$$);
SELECT try($$SELECT spindle_fill('other', 'retail', 'store')$$);
SELECT try($$SELECT spindle_fill('part', 'retail', 'store', columns => '{store_id,name}')$$);
SELECT try($$SELECT spindle_fill('part', 'retail', 'store', columns => '{store_id,NULL}')$$);
SELECT try($$SELECT spindle_fill('part', 'retail', 'store', columns => '{}')$$);
SELECT try($$SELECT spindle_fill('part', 'retail', 'stores')$$);
SELECT try($$SELECT spindle_fill('part', 'retail', 'store', 'huge')$$);
SELECT try($$SELECT spindle_fill('part', 'retail', 'store', first_row => -1)$$);
SELECT try($$SELECT spindle_fill('part', 'retail', 'store', max_rows => -1)$$);
SELECT try(format('SELECT spindle_fill(%s)', a)) FROM unnest(ARRAY['NULL, ''retail'', ''store''', '''part'', NULL, ''store''',
  '''part'', ''retail'', NULL', '''part'', ''retail'', ''store'', seed => NULL',
  '''part'', ''retail'', ''store'', first_row => NULL']) a;
SELECT spindle_fill('part', 'retail', 'store', columns => '{store_id,city,store_name}', max_rows => 2);
SELECT store_id, store_name, city, store_type IS NULL AS rest_is_null FROM part ORDER BY store_id;
-- a value that the type of the column does not hold is one of the row
TRUNCATE part;
ALTER TABLE part ALTER store_name TYPE varchar(10);
SELECT try($$SELECT spindle_fill('part', 'retail', 'store', columns => '{store_name}')$$);

--
-- Rights, row security and search_path are those of the caller.
--
CREATE ROLE regress_spindle_fill;
GRANT USAGE ON SCHEMA fill TO regress_spindle_fill;
SET ROLE regress_spindle_fill;
SELECT try($$SELECT spindle_fill('part', 'retail', 'store', columns => '{store_id}')$$);
RESET ROLE;
GRANT INSERT (store_id, city) ON part TO regress_spindle_fill;
SET ROLE regress_spindle_fill;
SELECT spindle_fill('part', 'retail', 'store', columns => '{store_id,city}');
SELECT try($$SELECT spindle_fill('part', 'retail', 'store', columns => '{store_id,store_name}')$$);
RESET ROLE;
ALTER TABLE part ENABLE ROW LEVEL SECURITY;
CREATE POLICY low ON part FOR INSERT TO regress_spindle_fill WITH CHECK (store_id <= 20);
SET ROLE regress_spindle_fill;
SELECT spindle_fill('part', 'retail', 'store', columns => '{store_id}', max_rows => 20);
SELECT try($$SELECT spindle_fill('part', 'retail', 'store', columns => '{store_id}', max_rows => 21)$$);
RESET ROLE;

SET client_min_messages = warning;
DROP SCHEMA fill, fill_virtual CASCADE;
DROP ROLE regress_spindle_fill;
