--
-- spindle_learn by rows: copies, formulas, totals, times behind others, references that nobody declared, documents.
--
CREATE SCHEMA learn_data;
SET search_path = learn_data, public;
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE TABLE customer (id int PRIMARY KEY, email text NOT NULL, city text NOT NULL, zone text NOT NULL, signed_up timestamptz NOT NULL, settings jsonb NOT NULL DEFAULT '{}');
INSERT INTO customer SELECT i, 'planted' || i || '@secret.test', 'City ' || c, 'Zone ' || c * 7 % 5, '2023-01-01'::timestamptz + i * interval '6 hours' + (h % 5) * interval '1 hour',
  jsonb_build_object('theme', CASE WHEN h % 3 = 0 THEN 'dark' ELSE 'light' END, 'visits', h % 90, 'email', 'planted' || i || '@secret.test', 'beta', h % 10 = 0,
    'tags', to_jsonb((ARRAY['red', 'green', 'blue'])[1:h % 4]), 'box', jsonb_build_object('w', h % 40 + 0.5, 'key' || i, 'planted')) - CASE WHEN h % 4 = 0 THEN 'visits' ELSE '' END
FROM (SELECT i, i * 7919 % 1009 AS h, i * 31 % 40 AS c FROM generate_series(1, 1000) i) s;
CREATE TABLE product (id int PRIMARY KEY, name varchar(30) NOT NULL, price numeric(8,2) NOT NULL CHECK (price > 0), weight numeric(8,2) NOT NULL, best_price numeric(8,2));
INSERT INTO product SELECT i, 'Product ' || chr(65 + i % 26) || i, 5 + (i * 7919 % 9973) / 100.0, 1 + (i * 7919 % 9973) / 50.0 + i % 9, NULL FROM generate_series(1, 300) i;
CREATE TABLE purchase (id int PRIMARY KEY, customer_id int NOT NULL, ordered_at timestamptz NOT NULL, n_lines int, net numeric(12,2) NOT NULL DEFAULT 0, tax numeric(12,2) NOT NULL DEFAULT 0,
  gross numeric(12,2) NOT NULL DEFAULT 0 CHECK (gross >= 0), external_id int, region_id int, ordered_hour int);
CREATE TABLE purchase_line (id int PRIMARY KEY, purchase_id int NOT NULL, product_id int NOT NULL, product_name varchar(30) NOT NULL, quantity int NOT NULL, unit_price numeric(8,2) NOT NULL,
  discount numeric(4,2), amount numeric(12,2) NOT NULL CHECK (amount >= 0 AND amount < 100000), list_amount numeric(12,2) NOT NULL, CHECK (list_amount = quantity * unit_price));
INSERT INTO purchase_line SELECT i, 1 + i * 4 / 10, p.id, p.name, q, p.price, d, round(q * p.price * (1 - coalesce(d, 0)), 2), q * p.price
FROM (SELECT i, 1 + i * 7919 % 300 AS p, 1 + h % 7 AS q, CASE WHEN h % 3 > 0 THEN (h % 4) * 0.05 END AS d FROM (SELECT i, i * 7919 % 10007 AS h FROM generate_series(0, 9996) i) g) s
  JOIN product p ON p.id = s.p ORDER BY i;
-- nobody orders before he has signed up
INSERT INTO purchase SELECT i, 1 + (i * 7919 % (SELECT count(*) FROM customer c WHERE c.signed_up <= at))::int, at, n, net, round(net * 0.19, 2), net + round(net * 0.19, 2), i * 17 % 5000, h % 9,
  extract(hour FROM at)
FROM (SELECT i, h, '2023-01-01 12:00+00'::timestamptz + i * interval '90 minutes' + h % 80 * interval '1 minute' AS at FROM (SELECT i, i * 7919 % 1009 AS h FROM generate_series(1, 3999) i) g) s
  JOIN (SELECT purchase_id, count(*) AS n, sum(amount) AS net FROM purchase_line GROUP BY 1) l ON l.purchase_id = i ORDER BY i;
CREATE TABLE payment (id int PRIMARY KEY, purchase_id int NOT NULL, paid_at timestamptz NOT NULL, paid_on date NOT NULL, amount numeric(12,2) NOT NULL, batch_id int NOT NULL, legacy_customer_id int);
INSERT INTO payment SELECT p.id, p.id, ordered_at + (h * h / 10000 % 10) * interval '1 day', (ordered_at + (h * h / 10000 % 10) * interval '1 day')::date, gross, h % 50, 5000 + h
FROM (SELECT p.*, id * 7919 % 1009 AS h FROM purchase p) p WHERE h % 4 > 0 ORDER BY id;
CREATE TABLE review (id int PRIMARY KEY, customer_id int NOT NULL, reviewed_product_id int, parent_id int, stars int NOT NULL, length int NOT NULL);
INSERT INTO review SELECT i, 1 + i * 7919 % 1000, CASE WHEN h % 5 > 0 THEN 1 + h % 299 END, CASE WHEN h % 3 = 0 THEN i / 3 + 1 END, 1 + h % 5, (1 + h % 5) * 100 + h * 7919 % 101
FROM (SELECT i, i * 7919 % 3001 AS h FROM generate_series(1, 3000) i) r;
ANALYZE customer, product, purchase, purchase_line, payment, review;

SELECT spindle_learn('{learn_data}', read => 'data') AS definition \gset
SELECT :'definition' = spindle_learn('{learn_data}', read => 'data')::text AS same_again;
SELECT table_name, column_name, rule, source, confidence, note FROM spindle_learn_report(:'definition') WHERE note IS NOT NULL AND column_name IS NOT NULL;
SELECT t.key, c.key, coalesce(c.value #>> '{rule,expression}', c.value #>> '{rule,column}', concat_ws(' ', c.value #>> '{rule,function}', c.value #>> '{rule,child}')) AS rule
FROM json_each(:'definition'::json -> 'tables') t, json_each(t.value -> 'columns') c WHERE c.value #>> '{rule,kind}' IN ('formula', 'copy', 'total', 'offset');
SELECT m.key, m.value ->> 'type' AS type, m.value ->> 'absent' AS absent, m.value #>> '{rule,kind}' AS rule, coalesce(m.value #>> '{rule,weights}', m.value #>> '{rule,of}', m.value #>> '{rule,p}') AS of
FROM json_each(:'definition'::json #> '{tables,customer,columns,settings,rule,members}') m;
SELECT :'definition'::json #> '{tables,review,copula}' AS copula;
SELECT :'definition' LIKE '%planted%' AS planted, :'definition' LIKE '%secret%' AS mail;
SELECT table_name, column_name, literal, is_reported FROM spindle_leak_check(:'definition', 'learn_data');

-- An empty copy, with what is guessed declared, is filled with rows for which all of this is so.
CREATE SCHEMA learn_copy;
CREATE TABLE learn_copy.customer (LIKE customer INCLUDING ALL);
CREATE TABLE learn_copy.product (LIKE product INCLUDING ALL);
CREATE TABLE learn_copy.purchase (LIKE purchase INCLUDING ALL, FOREIGN KEY (customer_id) REFERENCES learn_copy.customer);
CREATE TABLE learn_copy.purchase_line (LIKE purchase_line INCLUDING ALL, FOREIGN KEY (purchase_id) REFERENCES learn_copy.purchase, FOREIGN KEY (product_id) REFERENCES learn_copy.product);
CREATE TABLE learn_copy.payment (LIKE payment INCLUDING ALL, FOREIGN KEY (purchase_id) REFERENCES learn_copy.purchase);
CREATE TABLE learn_copy.review (LIKE review INCLUDING ALL, FOREIGN KEY (customer_id) REFERENCES learn_copy.customer, FOREIGN KEY (reviewed_product_id) REFERENCES learn_copy.product,
  FOREIGN KEY (parent_id) REFERENCES learn_copy.review);
SELECT spindle_create_domain('learned', :'definition');
CALL spindle_fill_schema('learned', 'learn_copy') \gset
SELECT :tables_filled AS tables_filled, :rows_inserted AS rows_inserted;
SET search_path = learn_copy, public;
SELECT count(*) AS lines, count(*) FILTER (WHERE amount <> round(quantity * unit_price * (1 - coalesce(discount, 0)), 2)) AS amounts, count(*) FILTER (WHERE unit_price <> p.price) AS prices,
  count(*) FILTER (WHERE product_name <> p.name) AS names, count(DISTINCT amount) > 1000 AS many, abs(avg((discount IS NULL)::int) - 1 / 3.0) < 0.02 AS nulls
FROM purchase_line l JOIN product p ON p.id = product_id;
SELECT count(*) AS purchases, count(*) FILTER (WHERE (n_lines, p.net) IS DISTINCT FROM (l.n, l.net)) AS totals, count(*) FILTER (WHERE gross <> p.net + tax) AS gross,
  count(*) FILTER (WHERE abs(tax - round(p.net * 0.19, 2)) > 0.005) AS tax, count(*) FILTER (WHERE ordered_at < signed_up) AS early, count(*) FILTER (WHERE ordered_hour <> extract(hour FROM ordered_at)) AS hours
FROM purchase p JOIN (SELECT purchase_id, count(*) AS n, sum(amount) AS net FROM purchase_line GROUP BY 1) l ON l.purchase_id = p.id JOIN customer c ON c.id = p.customer_id;
SELECT count(*) > 1000 AS payments, count(*) FILTER (WHERE paid_at < ordered_at OR paid_at > ordered_at + interval '10 days') AS late, count(*) FILTER (WHERE paid_on <> paid_at::date) AS days,
  count(*) FILTER (WHERE amount <> gross) AS amounts FROM payment JOIN purchase p ON p.id = purchase_id;
SELECT max(n) AS zones_of_a_city, sum(n) > 20 AS some FROM (SELECT count(DISTINCT zone) AS n FROM customer GROUP BY city) c;
SELECT abs(corr(rank_of_stars, rank_of_length) - 0.97) < 0.05 AS correlates FROM (SELECT rank() OVER (ORDER BY stars) AS rank_of_stars, rank() OVER (ORDER BY length) AS rank_of_length FROM review) r;
SELECT s #>> '{theme}' AS theme, round(avg((s ? 'visits')::int), 1) AS with_visits, bool_and((s ->> 'visits')::int BETWEEN 0 AND 95) AS in_range, max(jsonb_array_length(s -> 'tags')) AS tags,
  bool_and(s ->> 'email' NOT LIKE '%planted%') AS no_mail, bool_and(s -> 'box' ? 'w') AS has_w FROM (SELECT settings AS s FROM customer) c GROUP BY 1 ORDER BY 1;

-- References of a known domain, whose foreign keys are dropped: all that are found are some, and few are not found.
SET search_path = public;
SELECT spindle_drop_domain('learned');
DROP SCHEMA learn_copy CASCADE;
CREATE SCHEMA learn_retail;
CALL spindle_seed('retail', 'learn_retail', scale => 'small', report => false);
CREATE TABLE learn_data.declared AS SELECT k.conrelid::regclass::text AS t, a.attname::text AS c, k.confrelid::regclass::text AS target
  FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1] WHERE k.connamespace = 'learn_retail'::regnamespace AND k.contype = 'f';
DO $$BEGIN EXECUTE (SELECT string_agg(format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname), ';') FROM pg_constraint WHERE connamespace = 'learn_retail'::regnamespace AND contype = 'f'); END$$;
SELECT spindle_learn('{learn_retail}', read => 'data') AS definition \gset
WITH guessed AS (SELECT table_name || '.' || column_name AS c FROM spindle_learn_report(:'definition') WHERE note LIKE 'guessed%'),
  declared AS (SELECT replace(replace(t, 'learn_retail.', ''), '"', '') || '.' || c AS c FROM learn_data.declared)
SELECT (SELECT count(*) FROM declared) AS declared, count(*) AS guessed, count(*) FILTER (WHERE c IN (SELECT c FROM declared)) AS right FROM guessed;
SELECT coalesce(c.value #>> '{rule,expression}', concat_ws(' ', c.value #>> '{rule,function}', c.value #>> '{rule,child}', c.value #>> '{rule,column}')) AS rule, c.value #>> '{learned,note}' AS note
FROM json_each(:'definition'::json -> 'tables') t, json_each(t.value -> 'columns') c WHERE c.key IN ('order_total', 'line_total', 'return_date', 'unit_price', 'promotion_id') AND c.value #>> '{learned,source}' = 'data';
SELECT (:'definition'::json #> '{tables,order,columns,customer_id,rule,after}')::text AS after;
SELECT count(*) AS guessed FROM spindle_learn_report(spindle_learn('{learn_retail}', '{product,product_category}', read => 'data', guess_references => false)) WHERE note LIKE 'guessed%';

-- Who may not read a column, or only some rows, learns nothing of the others; what is wrong is said.
CREATE ROLE regress_spindle_reader;
GRANT USAGE ON SCHEMA learn_data TO regress_spindle_reader;
GRANT SELECT (id, purchase_id, quantity, amount) ON learn_data.purchase_line TO regress_spindle_reader;
GRANT SELECT ON learn_data.customer TO regress_spindle_reader;
ALTER TABLE learn_data.customer ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON learn_data.customer USING (id <= 10);
SET ROLE regress_spindle_reader;
SELECT table_name, column_name, source, note FROM spindle_learn_report(spindle_learn('{learn_data}', '{purchase_line,customer,purchase}', read => 'data')) WHERE source IN ('data', 'statistics') AND column_name NOT IN ('purchase_id', 'quantity', 'amount');
RESET ROLE;
CREATE FUNCTION learn_data.try(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  hint text;
BEGIN
  EXECUTE query;
  RETURN 'passed';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(hint, ''));
END
$$;
SELECT learn_data.try(format('SELECT spindle_learn(''{learn_data}'', read => ''data'', %s)', a)) FROM unnest(ARRAY['sample_rows => 99', 'sample_rows => NULL', 'guess_references => NULL', 'sample_rows => 100, carry => ''all'', k => 2']) a;
-- a column with the name that the number of a row would have
CREATE SCHEMA learn_number;
CREATE TABLE learn_number.t AS SELECT i AS row_number, i * 2 AS row_number_ FROM generate_series(1, 200) i;
SELECT value #> '{rule}' AS rule FROM json_each(spindle_learn('{learn_number}', read => 'data') #> '{tables,t,columns}') WHERE key = 'row_number_';
-- keys whose collations differ, declared and guessed; numbers beyond those of float8
CREATE SCHEMA learn_collation;
CREATE TABLE learn_collation.region (code text COLLATE "C" PRIMARY KEY, name text COLLATE "C", size numeric, sold numeric);
CREATE TABLE learn_collation.sale (id int PRIMARY KEY, region_code text COLLATE "POSIX" REFERENCES learn_collation.region, name text COLLATE "POSIX" NOT NULL, size numeric);
INSERT INTO learn_collation.region SELECT 'r' || i, 'n' || i % 50, (i || 'e400')::numeric FROM generate_series(1, 200) i;
INSERT INTO learn_collation.sale SELECT i, code, name, (i % 9 || CASE WHEN i % 9 = 8 THEN 'e400' ELSE '' END)::numeric FROM generate_series(1, 2000) i JOIN learn_collation.region ON code = 'r' || 1 + i % 200;
UPDATE learn_collation.region SET sold = (SELECT sum(s.size) FROM learn_collation.sale s WHERE s.region_code = code COLLATE "C");
ANALYZE learn_collation.region, learn_collation.sale;
SELECT value #> '{rule}' AS rule FROM json_each(spindle_learn('{learn_collation}', read => 'data') #> '{tables,sale,columns}') WHERE key = 'name';
SELECT json_typeof(spindle_profile('learn_collation') #> '{tables,sale,keys,region_code}');
ALTER TABLE learn_collation.sale DROP CONSTRAINT sale_region_code_fkey;
SELECT value #>> '{rule,kind}' AS kind FROM json_each(spindle_learn('{learn_collation}', read => 'data') #> '{tables,sale,columns}') WHERE key = 'region_code';
DROP SCHEMA learn_data, learn_retail, learn_number, learn_collation CASCADE;
DROP ROLE regress_spindle_reader;
