--
-- What the planner knows of generated tables without ANALYZE: statistics of
-- columns, keys, numbers of rows; compared with the truth.
--
CREATE SCHEMA statistics;
SET search_path = statistics, public;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO statistics OPTIONS (scale 'medium');
CREATE SCHEMA statistics_huge;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO statistics_huge OPTIONS (scale 'xxxl');

-- The planner's number of rows of a query, or of its top node but an aggregate
-- or limit, and how many times the truth that is, or the other way round.
CREATE FUNCTION estimate(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
  RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END
$$;
CREATE FUNCTION width(query text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
  RETURN plan -> 0 -> 'Plan' ->> 'Plan Width';
END
$$;
CREATE FUNCTION q_error(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  truth float8;
  guess float8 := estimate(query);
BEGIN
  EXECUTE format('SELECT greatest(count(*), 1) FROM (%s) q', query) INTO truth;
  RETURN greatest(guess / truth, truth / guess);
END
$$;

-- conditions on columns of all kinds; what is beyond its limit is shown
CREATE TABLE conditions (name text, condition text, most numeric);
INSERT INTO conditions VALUES
  -- known shares
  ('order', $$status = 'returned'$$, 1.1), ('order', $$status <> 'completed'$$, 1.1), ('order', 'promotion_id IS NULL', 1.05),
  ('order', 'promotion_id IS NOT NULL', 1.1), ('customer', $$loyalty_tier = 'Gold'$$, 1.05), ('customer', 'is_active', 1.05),
  ('customer', 'NOT is_active', 1.05), ('customer', $$gender IN ('M')$$, 1.05), ('customer', 'email IS NULL', 1.1),
  ('customer', $$last_name = 'Smith'$$, 1.3), ('product', $$product_name LIKE '%Shirt%'$$, 1.4), ('address', $$state = 'TX'$$, 1.1), ('address', $$city = 'Chicago'$$, 1.2),
  ('return', $$reason = 'defective'$$, 1.1), ('return', $$reason = 'none'$$, 1.0),
  -- references
  ('order', 'store_id = 1', 1.1), ('order', 'store_id = 77', 1.5), ('order', 'store_id IN (3, 4, 5)', 1.1),
  ('order_line', 'product_id BETWEEN 1000 AND 1999', 1.1), ('order_line', 'product_id = 2894', 1.1), ('product', 'category_id = 30', 1.2),
  -- the first customers take more orders than later ones, and so do their addresses
  ('order', 'customer_id = 236', 1.15), ('order', 'customer_id = 1673', 1.15), ('order', 'customer_id < 1274', 1.05), ('order', 'customer_id > 40000', 1.1),
  ('order', 'shipping_address_id = 355', 1.15), ('order', 'shipping_address_id < 1911', 1.05), ('order', 'shipping_address_id > 60000', 1.05),
  -- samples
  ('order', 'order_total > 500', 1.2), ('order', 'order_total BETWEEN 50 AND 100', 1.2), ('order_line', 'quantity = 1', 1.1),
  ('order_line', 'quantity > 4', 1.3), ('order_line', 'discount_percent = 0', 1.1), ('product', 'unit_price < 20', 1.15),
  ('address', 'lat > 40', 1.1), ('customer', $$first_name < 'C'$$, 1.2), ('return', $$return_date > '2025-06-01'$$, 1.1),
  -- ranges of rows
  ('order', 'order_id <= 1234', 1.0), ('order', $$order_date < '2023-01-01'$$, 1.0), ('customer', $$signup_date > '2025-12-01'$$, 1.0),
  ('order_line', 'order_id BETWEEN 1000 AND 1100', 1.0);
CREATE FUNCTION truths(name text, conditions text[]) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
DECLARE
  result bigint[];
BEGIN
  EXECUTE (SELECT format('SELECT ARRAY[%s] FROM %I', string_agg(format('count(*) FILTER (WHERE %s)', c), ', ' ORDER BY i), name)
    FROM unnest(conditions) WITH ORDINALITY u (c, i)) INTO result;
  RETURN QUERY SELECT unnest(result);
END
$$;
WITH truth AS (
  SELECT name, unnest(array_agg(condition)) AS condition, unnest(array_agg(most)) AS most, truths(name, array_agg(condition)) AS truth
  FROM conditions GROUP BY name
)
SELECT name, condition, guess, truth FROM truth, estimate(format('SELECT 1 FROM %I WHERE %s', name, condition)) guess
WHERE greatest(guess / greatest(truth, 1), truth / guess) > most;

-- joins, groups, distinct values
SELECT * FROM (SELECT query, round(q_error(query)::numeric, 2) AS q, most
FROM (VALUES
  ('SELECT 1 FROM "order" JOIN order_line USING (order_id)', 1.05),
  ($$SELECT 1 FROM "order" o JOIN order_line l USING (order_id) WHERE o.order_date >= '2025-03-01' AND o.order_date < '2025-03-02'$$, 1.1),
  ('SELECT 1 FROM "order" JOIN customer USING (customer_id)', 1.05),
  ('SELECT 1 FROM "order" JOIN promotion USING (promotion_id)', 1.05),
  ($$SELECT 1 FROM "order" JOIN customer USING (customer_id) WHERE loyalty_tier = 'Silver' AND status = 'shipped'$$, 1.2),
  ('SELECT 1 FROM customer JOIN address USING (customer_id) WHERE customer_id < 100', 1.1),
  ('SELECT 1 FROM order_line JOIN product USING (product_id) JOIN product_category USING (category_id)', 1.1),
  ('SELECT 1 FROM "order" o WHERE EXISTS (SELECT 1 FROM "return" r WHERE r.order_id = o.order_id)', 1.05),
  ('SELECT customer_id FROM "order" GROUP BY customer_id', 1.15),
  ('SELECT product_id FROM order_line GROUP BY product_id', 1.1),
  ('SELECT order_id FROM "return" GROUP BY order_id', 1.02),
  ('SELECT DISTINCT store_id FROM "order"', 1.02),
  ('SELECT DISTINCT last_name FROM customer', 1.1),
  ('SELECT DISTINCT state FROM address', 1.1),
  ('SELECT DISTINCT email FROM customer', 1.1)
) v (query, most)) s WHERE q > most OR q IS NULL;

-- Expressions of a column have statistics, too, if they are of the server's functions:
-- groups of times and texts, and what conditions compare; not long ones.
CREATE FUNCTION mine(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RAISE NOTICE 'mine';
  RETURN left($1, 1);
END
$$;
SELECT query, estimate(query) FROM (VALUES
  ($$SELECT date_trunc('month', order_date) FROM "order" GROUP BY 1$$), ($$SELECT DISTINCT extract(year FROM order_date) FROM "order"$$),
  ($$SELECT left(last_name, 1) FROM customer GROUP BY 1$$), ($$SELECT mine(last_name) FROM customer GROUP BY 1$$),
  ($$SELECT 1 FROM customer WHERE repeat(last_name, 1000) = 'a'$$), ($$SELECT 1 FROM customer WHERE 1 / (customer_id - 1) = 5$$)) v (query);
SELECT * FROM (SELECT query, round(q_error(query)::numeric, 2) AS q, most
FROM (VALUES
  ($$SELECT 1 FROM customer WHERE left(last_name, 1) IN ('A', 'E', 'O', 'U')$$, 1.15), ('SELECT 1 FROM "order" WHERE order_id % 100 = 7', 1.4),
  ($$SELECT 1 FROM "order" WHERE extract(month FROM order_date) = 12$$, 1.1), ('SELECT 1 FROM order_line WHERE unit_price * 2 > 100', 1.15),
  ($$SELECT 1 FROM "order" o JOIN customer c USING (customer_id) WHERE upper(c.gender) = 'F' AND length(o.status) = 7$$, 1.1),
  ($$SELECT 1 FROM customer WHERE length(email) < 29$$, 1.1)
) v (query, most)) s WHERE q > most OR q IS NULL;
-- what an expression raises, whatever it is, is left to execution, and what takes long is not computed
SELECT query, estimate(query) FROM (VALUES
  ($$SELECT 1 FROM "order" WHERE order_id < 0 AND date_trunc('timezone', order_date) = now()$$),
  ($$SELECT 1 FROM "order" WHERE order_id < 0 GROUP BY float8_accum(ARRAY[1, 2], order_id)$$),
  ($$SELECT 1 FROM customer WHERE length(repeat(last_name, 100000)) = 4$$)) v (query);
-- each time zone has statistics of its own
SELECT q_error($$SELECT 1 FROM "order" WHERE extract(hour FROM order_date) = 3$$) < 1.4;
SET timezone = 'Asia/Tokyo';
SELECT q_error($$SELECT 1 FROM "order" WHERE extract(hour FROM order_date) = 3$$) < 1.4;
RESET timezone;

-- 10 billion rows are planned at once, with what their definition says
SELECT round(estimate($$SELECT 1 FROM statistics_huge."order" WHERE status = 'returned'$$) / 1e8) AS returned,
  round(estimate($$SELECT 1 FROM statistics_huge."order" o JOIN statistics_huge.order_line USING (order_id)
    WHERE order_date >= '2025-03-01' AND order_date < '2025-03-02'$$) / 1e6) AS lines_of_a_day,
  round(estimate('SELECT customer_id FROM statistics_huge."order" GROUP BY 1') / 1e6) AS customers;

-- A key is known to be unique: a left join that adds nothing is left out, and an
-- inner side is searched for one row only; but not that of a table with children
-- of its own, and no other column.
CREATE FUNCTION plan_has(query text, pattern text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  line text;
  found boolean := false;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF, VERBOSE) ' || query LOOP
    found := found OR line ~ pattern;
  END LOOP;
  RETURN found;
END
$$;
EXPLAIN (COSTS OFF) SELECT o.order_id FROM "order" o LEFT JOIN customer c USING (customer_id);
SELECT plan_has('SELECT l.quantity, p.cost FROM order_line l JOIN product p USING (product_id)', 'Inner Unique: true') AS inner_unique,
  plan_has('SELECT l.order_id FROM order_line l LEFT JOIN "return" r USING (order_id)', 'Join') AS other_column,
  plan_has('SELECT o.order_id FROM "order" o LEFT JOIN customer c ON c.customer_id = o.customer_id + o.order_id', 'Join') AS expression,
  plan_has('SELECT o.order_id FROM "order" o LEFT JOIN customer c ON c.customer_id < o.customer_id', 'Join') AS inequality;
CREATE FOREIGN TABLE part () INHERITS (store) SERVER spindle OPTIONS (domain 'retail', "table" 'store');
SELECT count(*) FROM "order" o LEFT JOIN store s USING (store_id) WHERE o.order_id <= 10;
SELECT count(*) FROM "order" o LEFT JOIN ONLY store s USING (store_id) WHERE o.order_id <= 10;
SELECT estimate('SELECT 1 FROM store') AS with_children, estimate('SELECT 1 FROM ONLY store') AS alone;
DROP FOREIGN TABLE part;
-- nor where the column of the key is missing
CREATE FOREIGN TABLE nameless (store_name text) SERVER spindle OPTIONS (domain 'retail', "table" 'store');
SELECT plan_has('SELECT o.order_id FROM "order" o LEFT JOIN nameless s ON s.store_name = o.status', 'Join');

-- ANALYZE wins, and its absence brings back what the definition says.
ALTER FOREIGN TABLE customer ALTER loyalty_tier SET (n_distinct = 2);
SELECT estimate('SELECT DISTINCT loyalty_tier FROM customer');
ANALYZE customer (loyalty_tier);
SELECT estimate('SELECT DISTINCT loyalty_tier FROM customer');
ALTER FOREIGN TABLE customer ALTER loyalty_tier RESET (n_distinct);
ANALYZE customer (loyalty_tier);
SELECT estimate('SELECT DISTINCT loyalty_tier FROM customer');

-- Other scales and seeds have statistics of their own.
ALTER FOREIGN TABLE customer OPTIONS (SET scale 'small');
SELECT estimate('SELECT 1 FROM customer'), estimate('SELECT DISTINCT customer_id FROM customer'),
  round(estimate('SELECT 1 FROM customer WHERE email IS NULL') / 10) * 10 AS no_email;
ALTER FOREIGN TABLE customer OPTIONS (SET scale 'medium');
SELECT estimate('SELECT DISTINCT customer_id FROM customer');

-- A role without rights learns nothing of values by a leaky operator, and one with
-- the right to a column does.
CREATE FUNCTION leak(text, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 1 AS $$
BEGIN
  RAISE NOTICE 'seen';
  RETURN $1 = $2;
END
$$;
CREATE OPERATOR <<< (FUNCTION = leak, LEFTARG = text, RIGHTARG = text, RESTRICT = eqsel);
CREATE ROLE regress_spindle_statistics;
GRANT USAGE ON SCHEMA statistics TO regress_spindle_statistics;
CREATE VIEW shown WITH (security_barrier) AS SELECT * FROM customer WHERE customer_id < 10;
GRANT SELECT ON shown TO regress_spindle_statistics;
SET ROLE regress_spindle_statistics;
SELECT estimate($$SELECT 1 FROM customer WHERE loyalty_tier <<< 'Gold'$$) > 0;  -- ERROR
EXPLAIN (COSTS OFF) SELECT 1 FROM shown WHERE gender <<< 'F';
RESET ROLE;
SET client_min_messages = warning;
SELECT estimate($$SELECT 1 FROM customer WHERE gender <<< 'F'$$) BETWEEN 20000 AND 30000 AS seen;
RESET client_min_messages;

-- a role with the right to one column
GRANT SELECT (gender) ON customer TO regress_spindle_statistics;
SET ROLE regress_spindle_statistics;
SET client_min_messages = warning;
SELECT estimate($$SELECT gender FROM customer WHERE gender <<< 'F'$$) BETWEEN 20000 AND 30000 AS seen;
RESET client_min_messages;
RESET ROLE;

-- rows without a foreign table, if all of the table is read
SELECT round(estimate($$SELECT 1 FROM spindle_rows('retail', 'order', 'medium') AS t(order_id bigint, status text)
    WHERE status = 'returned'$$) / 1000) AS returned,
  round(estimate($$SELECT DISTINCT status FROM spindle_rows('retail', 'order', 'medium') AS t(order_id bigint, status text)$$)) AS statuses,
  round(estimate($$SELECT 1 FROM spindle_rows('retail', 'order', 'medium') AS o(order_id bigint, order_date timestamptz)
    JOIN spindle_rows('retail', 'order_line', 'medium') AS l(order_id bigint) USING (order_id)
    WHERE order_date < '2022-02-01'$$) / 1000) AS lines,
  estimate($$SELECT 1 FROM spindle_rows('retail', 'nothing', 'medium') AS t(status text) WHERE status = 'returned'$$) AS mistake,
  estimate($$SELECT DISTINCT status FROM spindle_rows('retail', 'order', 'medium', max_rows => 1000) AS t(status text)$$) AS some;

-- texts have their widths
SELECT width('SELECT email FROM customer') BETWEEN 25 AND 35 AS email, width('SELECT gender FROM customer') AS gender;

-- in a function, and in a plan for any parameter
CREATE FUNCTION lines(day date) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT count(*) FROM "order" o JOIN order_line l USING (order_id)
          WHERE o.order_date >= day::timestamptz AND o.order_date < (day + 1)::timestamptz);
END
$$;
SELECT lines('2025-03-01') = (SELECT count(*) FROM order_line WHERE order_id IN
  (SELECT order_id FROM "order" WHERE order_date >= '2025-03-01' AND order_date < '2025-03-02')) AS same;

-- Labels of enums are known, also where the type has no label for one of the texts
-- or got it just now; so are uuids that rise with the rows, and values too wide
-- to be listed.
CREATE TYPE mood AS ENUM ('new', 'sad', 'glad');
SELECT spindle_create_domain('judged', format($definition$
{"spindle": 1, "description": "Columns with statistics", "range": {"start": "2024-01-01", "end": "2026-01-01"},
 "presets": {"medium": {"parent": 100000, "judged": 1000000}},
 "tables": {
  "parent": {"key": "id", "rows": {"kind": "preset"}, "columns": {
   "at": {"type": "timestamp", "rule": {"kind": "time", "ordered": true}},
   "id": {"type": "uuid", "rule": {"kind": "uuid", "version": 7, "time": "at"}}}},
  "child": {"rows": {"kind": "children", "of": "parent", "ratio": 0.5, "min": 0}, "columns": {
   "parent_id": {"type": "uuid", "rule": {"kind": "parent"}}}},
  "judged": {"key": "id", "rows": {"kind": "preset"}, "columns": {
   "id": {"type": "bigint", "rule": {"kind": "sequence"}},
   "mood": {"type": "text", "sql_type": "mood", "null": 0.2, "rule": {"kind": "weighted", "weights": {"sad": 90, "glad": 10}}},
   "later": {"type": "text", "sql_type": "mood", "rule": {"kind": "case", "cases": [
    {"when": {"column": "id", "less": 100000}, "then": {"kind": "constant", "value": "new"}}], "else": {"kind": "constant", "value": "sad"}}},
   "unknown": {"type": "text", "sql_type": "mood", "rule": {"kind": "weighted", "weights": {"sad": 90, "unheard": 10}}},
   "moods": {"type": "text", "sql_type": "mood[]", "rule": {"kind": "constant", "value": "{sad,glad}"}},
   "wide": {"type": "text", "rule": {"kind": "weighted", "weights": {"%s": 90, "narrow": 10}}},
   "vast": {"type": "text", "rule": {"kind": "weighted", "weights": {"%s": 90, "narrow": 10}}}}}}}
$definition$, repeat('w', 2000), repeat('v', 70000))::json);
IMPORT FOREIGN SCHEMA judged FROM SERVER spindle INTO statistics;
SELECT condition, round(estimate('SELECT 1 FROM judged WHERE ' || condition) / 10000) AS percent FROM (VALUES
  ($$mood = 'sad'$$), ($$mood = 'glad'$$), ($$mood = 'new'$$), ($$mood < 'glad'$$), ('mood IS NULL'), ($$later = 'new'$$),
  ($$unknown = 'sad'$$), ($$moods = '{sad}'$$), ($$wide = 'narrow'$$), ($$wide = repeat('w', 2000)$$), ($$vast = 'narrow'$$)) v (condition);
-- So are arrays with their elements, and what domains are made of, which are not
-- checked at planning; other types of others are not looked at.
CREATE FUNCTION is_code(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RAISE NOTICE 'checked';
  RETURN true;
END
$$;
CREATE DOMAIN code AS varchar(5) CHECK (is_code(VALUE));
CREATE DOMAIN codes AS text[];
CREATE TYPE pair AS (a int, b int);
SELECT spindle_create_domain('typed', $definition$
{"spindle": 1, "description": "Columns of types of the server", "range": {"start": "2024-01-01", "end": "2026-01-01"},
 "presets": {"medium": {"typed": 1000000}},
 "tables": {
  "typed": {"key": "id", "rows": {"kind": "preset"}, "columns": {
   "id": {"type": "bigint", "rule": {"kind": "sequence"}},
   "code": {"type": "text", "sql_type": "code", "null": 0.5, "rule": {"kind": "weighted", "weights": {"A": 70, "B": 20, "C": 10}}},
   "codes": {"type": "text", "sql_type": "codes", "rule": {"kind": "array", "type": "text", "of": {"kind": "weighted", "weights": {"x": 80, "y": 19, "z": 1}},
    "length": {"distribution": "uniform", "min": 0, "max": 2}}},
   "numbers": {"type": "text", "sql_type": "integer[]", "rule": {"kind": "array", "of": {"kind": "uniform", "min": 1, "max": 10},
    "length": {"distribution": "uniform", "min": 1, "max": 3}}},
   "moods": {"type": "text", "sql_type": "mood[]", "rule": {"kind": "weighted", "weights": {"{sad}": 3, "{sad,glad}": 1}}},
   "span": {"type": "text", "sql_type": "int4range", "rule": {"kind": "weighted", "weights": {"[1,5)": 9, "[100,200)": 1}}},
   "pair": {"type": "text", "sql_type": "pair", "rule": {"kind": "constant", "value": "(1,2)"}},
   "relation": {"type": "text", "sql_type": "regclass", "rule": {"kind": "constant", "value": "nowhere"}},
   "point": {"type": "text", "sql_type": "point", "rule": {"kind": "weighted", "weights": {"(1,2)": 1, "(2,3)": 1}}}}}}}
$definition$);
IMPORT FOREIGN SCHEMA typed FROM SERVER spindle INTO statistics;
SELECT condition, round(estimate('SELECT 1 FROM typed WHERE ' || condition) / 10000) AS percent FROM (VALUES
  ($$code = 'A'$$), ($$code = 'C'$$), ($$code = 'none'$$), ('code IS NULL'), ($$code < 'B'$$), ($$codes = '{}'$$), ($$'x' = ANY (codes)$$), ($$codes @> '{y}'$$), ($$codes @> '{z}'$$),
  ($$numbers @> '{3}'$$), ($$numbers && '{3,4}'$$), ($$moods @> '{glad}'$$), ($$moods = '{sad}'$$), ($$span @> 150$$), ($$span << '[50,60)'$$), ($$pair = '(1,2)'::pair$$),
  ('relation IS NULL'), ($$point <@ box '(0,0),(5,5)'$$)) v (condition);
SELECT width('SELECT code FROM typed') AS code, width('SELECT codes FROM typed') AS codes, width('SELECT span FROM typed') AS span,
  estimate('SELECT code FROM typed GROUP BY 1') AS distinct_codes, estimate('SELECT moods FROM typed GROUP BY 1') AS distinct_moods;
SELECT width('SELECT mood FROM judged') AS label, estimate('SELECT mood FROM judged GROUP BY 1') AS labels;
SELECT round(q_error('SELECT parent_id FROM child GROUP BY 1')::numeric, 1) AS q;
BEGIN;
ALTER FOREIGN TABLE judged OPTIONS (SET seed '1');
ALTER TYPE mood ADD VALUE 'unheard';
SELECT estimate($$SELECT 1 FROM judged WHERE unknown = 'sad'$$) AS in_doubt;
ROLLBACK;

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA statistics, statistics_huge CASCADE;
DROP ROLE regress_spindle_statistics;
SELECT spindle_drop_domain('judged');
SELECT spindle_drop_domain('typed');
