--
-- spindle_learn by aggregates: how many rows refer to one, what is null together, what is not before what, what belongs to whom.
--
CREATE SCHEMA relations_source;
SET search_path = relations_source, public;
SET client_min_messages = warning;
-- A number from 0 to 1 that looks random, of a number and a purpose.
CREATE FUNCTION u(i bigint, purpose text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
  SELECT (hashtextextended(purpose, i) & 4294967295) / 4294967296.0
$$;
-- Half of the customers have no order, few have many; each order has one to three lines; of payments there is one for an order, or none.
CREATE TABLE customer (id int PRIMARY KEY, grade int NOT NULL);
INSERT INTO customer SELECT i, 1 + i / 10 % 4 FROM generate_series(1, 4000) i;
CREATE TABLE product (id int PRIMARY KEY, price int NOT NULL);
INSERT INTO product SELECT i, 100 + i FROM generate_series(1, 1500) i;
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customer, placed timestamptz NOT NULL, packed timestamptz, sent timestamptz, due date NOT NULL,
  paid_on date, cancelled_by text, cancelled_at timestamptz, coupon text, amount int NOT NULL, amount_with_tax int NOT NULL);
INSERT INTO orders SELECT o.id, o.customer, o.placed, CASE WHEN is_open THEN NULL ELSE o.packed END, CASE WHEN is_open THEN NULL ELSE o.packed + u(o.id, 'sent') * interval '2 days' END,
  o.placed::date + (u(o.id, 'due') * 10)::int, o.placed::date + (u(o.id, 'due') * 10)::int + (u(o.id, 'paid') * 5)::int,
  CASE WHEN is_open THEN 'staff ' || o.id END, CASE WHEN is_open THEN o.placed + u(o.id, 'cancelled') * interval '1 day' END, CASE WHEN u(o.id, 'coupon') < 0.3 THEN 'c' END,
  o.amount, o.amount + (u(o.id, 'tax') * 200)::int
FROM (SELECT row_number() OVER (ORDER BY u(c.id * 100 + n, 'place')) AS id, c.id AS customer, '2024-01-01'::timestamptz + u(c.id * 100 + n, 'placed') * interval '600 days' AS placed,
    '2024-01-01'::timestamptz + u(c.id * 100 + n, 'placed') * interval '600 days' + u(c.id * 100 + n, 'packed') ^ 2 * interval '3 days' AS packed, u(c.id * 100 + n, 'open') < 0.2 AS is_open,
    (1000 * u(c.id * 100 + n, 'amount'))::int AS amount
  FROM customer c, generate_series(1, CASE WHEN c.id % 2 = 0 THEN 0 WHEN c.id % 100 = 1 THEN 40 + c.id / 100 ELSE 1 + c.id % 5 END) n) o;
CREATE TABLE line (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders, product_id int NOT NULL REFERENCES product);
INSERT INTO line SELECT row_number() OVER (ORDER BY u(o.id * 10 + n, 'line')), o.id, 1 + (1499 * u(o.id * 10 + n, 'product') ^ 3)::int FROM orders o, generate_series(1, 1 + o.id % 3) n;
CREATE TABLE payment (id int PRIMARY KEY, order_id int REFERENCES orders, product_id int REFERENCES product);
INSERT INTO payment SELECT row_number() OVER (ORDER BY u(id, 'payment')), id, CASE WHEN id % 2 = 0 THEN 1 + id % 100 END FROM orders WHERE id % 10 < 7;
-- Tenants, which no foreign key of two columns tells.
CREATE TABLE tenant (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO tenant SELECT i, 'Tenant ' || i FROM generate_series(1, 120) i;
CREATE TABLE member (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenant);
INSERT INTO member SELECT i, 1 + i * 7919 % 120 FROM generate_series(1, 3000) i;
CREATE TABLE project (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenant, label text);
INSERT INTO project SELECT i, 1 + i * 31 % 120 FROM generate_series(1, 1200) i;
CREATE TABLE task (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenant, project_id int NOT NULL REFERENCES project, member_id int REFERENCES member);
INSERT INTO task SELECT i, p.tenant_id, p.id, CASE WHEN i % 4 > 0 THEN m.ids[1 + (array_length(m.ids, 1) * u(i, 'member') ^ 2)::int % array_length(m.ids, 1)] END
FROM generate_series(1, 6000) i JOIN project p ON p.id = 1 + (1199 * u(i, 'project') ^ 2)::int JOIN (SELECT tenant_id, array_agg(id ORDER BY id) AS ids FROM member GROUP BY 1) m USING (tenant_id);
ANALYZE customer, product, orders, line, payment, tenant, member, project, task;
SELECT spindle_learn('{relations_source}', read => 'aggregates') AS definition \gset
SELECT :'definition' = spindle_learn('{relations_source}', read => 'aggregates')::text AS same_again, :'definition' ~ 'staff|planted' AS leaks;
SELECT table_name, column_name, rule, source, confidence FROM spindle_learn_report(:'definition') WHERE source = 'aggregates';
SELECT table_name, note FROM spindle_learn_report(:'definition') WHERE note IS NOT NULL;
SELECT t.key, t.value -> 'rows' AS rows FROM json_each(:'definition'::json -> 'tables') t WHERE t.value #>> '{rows,kind}' = 'children';
SELECT value #> '{rule,variants}' AS patterns FROM json_each(:'definition'::json #> '{tables,orders,columns}') WHERE value #>> '{rule,kind}' = 'variant';
SELECT value ->> 'among' AS among, json_array_length(value #> '{skew,profile}') AS quantiles FROM json_extract_path(:'definition'::json, 'tables', 'task', 'columns', 'task_member_id_fkey_row', 'rule') value;
-- no number of children is that of fewer than k parents, and that of the largest is not told
WITH families AS (SELECT n, count(*) AS parents FROM (SELECT count(o.id) AS n FROM customer c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id) f GROUP BY n)
SELECT max(n) AS largest, (SELECT max(key::int) FROM json_each_text(:'definition'::json #> '{tables,orders,rows,counts}')) AS told,
  (SELECT round(sum(value::numeric) * 4000) FROM json_each_text(:'definition'::json #> '{tables,orders,rows,counts}') WHERE key::int >= 60) AS together FROM families;
SELECT json_typeof(spindle_learn('{relations_source}', read => 'aggregates', carry => 'none') #> '{tables,orders,rows,counts}') AS with_none,
  json_typeof(spindle_learn('{relations_source}', read => 'aggregates', k => 1000) #> '{tables,orders,rows,counts}') AS with_k,
  (SELECT max(key::int) FROM json_each_text(spindle_learn('{relations_source}', read => 'aggregates', carry => 'all') #> '{tables,orders,rows,counts}')) AS with_all;
SELECT spindle_learn('{relations_source}', read => 'rows'); -- ERROR

-- What is generated hangs together as the source does.
CREATE SCHEMA relations_target;
SELECT spindle_create_domain('related', :'definition');
CALL spindle_seed('related', 'relations_target', report => false, indexes => false);
SELECT measure, target, passes FROM spindle_compare_schemas('relations_source', 'relations_target', at_level => 'reference') WHERE measure LIKE 'Cardinality%,%';
SELECT count(*) FILTER (WHERE packed < placed OR sent < packed OR paid_on < due OR cancelled_at < placed OR amount_with_tax < amount) AS before, count(*) FILTER (WHERE num_nulls(packed, sent) = 1) AS half,
  count(*) FILTER (WHERE num_nulls(cancelled_by, packed) <> 1) AS both, abs(avg((packed IS NULL)::int) - 0.2) < 0.02 AS nulls, count(*) FILTER (WHERE cancelled_at IS NOT NULL) > 0 AS some FROM relations_target.orders;
SELECT count(*) FILTER (WHERE p.tenant_id <> t.tenant_id OR m.tenant_id <> t.tenant_id) AS strangers, count(m.id) > 4000 AS many FROM relations_target.task t
  JOIN relations_target.project p ON p.id = t.project_id LEFT JOIN relations_target.member m ON m.id = t.member_id;
SELECT max(n) AS payments FROM (SELECT count(*) AS n FROM relations_target.payment GROUP BY order_id) p;

-- Who may not read a column, or not all rows, learns nothing of it; nothing is read but for aggregates.
CREATE ROLE regress_spindle_relations;
GRANT USAGE ON SCHEMA relations_source TO regress_spindle_relations;
GRANT SELECT (id, order_id) ON line TO regress_spindle_relations;
GRANT SELECT ON orders TO regress_spindle_relations;
SET ROLE regress_spindle_relations;
SELECT table_name, column_name, source FROM spindle_learn_report(spindle_learn('{relations_source}', read => 'aggregates')) WHERE column_name IN ('order_id', 'product_id', 'customer_id', 'packed');
RESET ROLE;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY first_ones ON orders USING (id <= 600);
SET ROLE regress_spindle_relations;
SELECT spindle_learn('{relations_source}', '{customer,orders}', read => 'aggregates') #> '{presets,as_is}' AS seen;
SELECT spindle_profile('relations_source', '{orders}') #> '{tables,orders,rows}' AS seen;
SELECT json_object_keys(spindle_profile('relations_source', '{customer,line}') #> '{tables,line,columns}') AS readable;
RESET ROLE;
ALTER TABLE orders DISABLE ROW LEVEL SECURITY;
SELECT spindle_drop_domain('related');
DROP SCHEMA relations_source, relations_target CASCADE;
DROP OWNED BY regress_spindle_relations;
DROP ROLE regress_spindle_relations;
