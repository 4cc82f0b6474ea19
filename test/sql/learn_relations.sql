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
INSERT INTO customer SELECT i, 1 + i % 4 FROM generate_series(1, 4000) i;
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
  FROM customer c, generate_series(1, CASE WHEN c.id % 2 = 0 THEN 0 WHEN c.id % 100 = 1 THEN 40 + c.id % 50 ELSE 1 + c.id % 5 END) n) o;
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
INSERT INTO task SELECT i, p.tenant_id, p.id, CASE WHEN i % 4 > 0 THEN (SELECT id FROM member m WHERE m.tenant_id = p.tenant_id ORDER BY u(m.id, i::text) LIMIT 1) END
FROM generate_series(1, 6000) i JOIN project p ON p.id = 1 + (1199 * u(i, 'project') ^ 2)::int;
ANALYZE customer, product, orders, line, payment, tenant, member, project, task;
\timing on
SELECT spindle_learn('{relations_source}', read => 'aggregates') AS definition \gset
\timing off
SELECT jsonb_pretty(:'definition'::jsonb #- '{presets}' #- '{tables,line,columns,product_id,rule}');
SELECT * FROM spindle_learn_report(:'definition');
SELECT t.key, n FROM json_each(:'definition'::json -> 'tables') t, json_array_elements_text(t.value #> '{learned,notes}') n;

CREATE SCHEMA relations_target;
SELECT spindle_create_domain('related', :'definition');
CALL spindle_seed('related', 'relations_target', report => false, indexes => false);
-- how far two distributions of the number of rows per parent are apart, and the share of the most popular tenth
CREATE FUNCTION families(child text, key text, parent text) RETURNS TABLE (distance numeric, top_source numeric, top_target numeric) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format($q$
    WITH s AS (SELECT (SELECT count(*) FROM relations_source.%1$I c WHERE c.%2$I = p.id) AS n FROM relations_source.%3$I p),
      t AS (SELECT (SELECT count(*) FROM relations_target.%1$I c WHERE c.%2$I = p.id) AS n FROM relations_target.%3$I p),
      v AS (SELECT n, 1 AS s, 0 AS t FROM s UNION ALL SELECT n, 0, 1 FROM t), g AS (SELECT n, sum(s) AS s, sum(t) AS t FROM v GROUP BY n),
      c AS (SELECT sum(s) OVER (ORDER BY n) / sum(s) OVER () - sum(t) OVER (ORDER BY n) / sum(t) OVER () AS d FROM g)
    SELECT max(abs(d)), (SELECT sum(n) FROM (SELECT n FROM s ORDER BY n DESC LIMIT (SELECT count(*) / 10 FROM s)) x) / (SELECT sum(n) FROM s),
      (SELECT sum(n) FROM (SELECT n FROM t ORDER BY n DESC LIMIT (SELECT count(*) / 10 FROM t)) x) / (SELECT sum(n) FROM t) FROM c$q$, child, key, parent);
END
$$;
CREATE INDEX ON relations_source.orders (customer_id); CREATE INDEX ON relations_target.orders (customer_id);
CREATE INDEX ON relations_source.line (order_id); CREATE INDEX ON relations_target.line (order_id);
CREATE INDEX ON relations_source.line (product_id); CREATE INDEX ON relations_target.line (product_id);
CREATE INDEX ON relations_source.payment (order_id); CREATE INDEX ON relations_target.payment (order_id);
CREATE INDEX ON relations_source.task (member_id); CREATE INDEX ON relations_target.task (member_id);
SELECT name, f.* FROM (VALUES ('orders', 'customer_id', 'customer'), ('line', 'order_id', 'orders'), ('line', 'product_id', 'product'), ('payment', 'order_id', 'orders'),
  ('member', 'tenant_id', 'tenant'), ('project', 'tenant_id', 'tenant'), ('task', 'project_id', 'project'), ('task', 'member_id', 'member')) n (name, key, parent), families(name, key, parent) f;
