--
-- spindle_learn by statistics: values look like those of the source, and none of them gives anybody away.
--
CREATE SCHEMA learn_source;
SET search_path = learn_source, public;
SET client_min_messages = warning;
CREATE TYPE level AS ENUM ('low', 'middle', 'high');
CREATE TABLE customer (id int PRIMARY KEY, email text NOT NULL, full_name text, phone text, mail_hash text, status text NOT NULL, plan text NOT NULL, rare text,
  level level NOT NULL, is_vip boolean NOT NULL, score int NOT NULL, price numeric(10,2), joined timestamptz NOT NULL, seen timestamptz, born date, code varchar(12),
  remark text, doc jsonb, tags text[], birth_year int, n_visits int CHECK (n_visits >= 0), wait interval);
INSERT INTO customer SELECT i, 'planted' || i || '@secret.test', 'Planted Name' || i, '+49 30 ' || 1000000 + i, md5(i::text), (ARRAY['open', 'open', 'open', 'shut'])[1 + i % 4],
  CASE WHEN i % 1000 = 0 THEN 'planted plan' WHEN i % 3 = 0 THEN 'gold' ELSE 'silver' END, 'planted rare' || i % 3000, (ARRAY['low', 'low', 'high'])[1 + i % 3]::level, i % 10 = 0,
  (i * 7919 % 1000)::int * (i * 7919 % 1000)::int / 1000, CASE WHEN i % 5 <> 0 THEN CASE WHEN i % 2 = 0 THEN 9.99 ELSE i * 31 % 20000 / 100.0 END END,
  '2023-01-01'::timestamptz + i * interval '1 hour', '2023-01-01'::timestamptz + (i * 7919 % 10000) * interval '2 hours', '1950-01-01'::date + (i * 37 % 20000),
  'AB-' || lpad((i * 17 % 10000)::text, 4, '0'), 'the planted text of number ' || i || ' is a long one', '{"planted": 1}', ARRAY['planted tag', 'b'], 1950 + i % 50,
  CASE WHEN i = 77 THEN 987654 ELSE i % 7 END, (i % 100) * interval '1 minute'
FROM generate_series(1, 10000) i;
CREATE TABLE visit (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customer, place int);
INSERT INTO visit SELECT i, CASE WHEN i % 2 = 0 THEN 1 + i % 50 ELSE 1 + i * 7919 % 10000 END, i % 10 FROM generate_series(1, 20000) i;
CREATE TABLE little (id int PRIMARY KEY, word text, n int);
INSERT INTO little SELECT i, 'planted word', 4711 FROM generate_series(1, 60) i;
CREATE TABLE parted (id int NOT NULL, v int) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (1) TO (100000);
INSERT INTO parted SELECT i, i % 100 * 10 FROM generate_series(1, 5000) i;
CREATE TABLE checked (id int PRIMARY KEY, n int);
INSERT INTO checked SELECT i, CASE WHEN i % 2 = 0 THEN 7100 ELSE 7103 END FROM generate_series(1, 1000) i;
ALTER TABLE checked ADD CHECK (n % 2 = 0) NOT VALID;
-- frequent values that too few rows share, one time that all rows share, and one that most do
CREATE TABLE film (id int PRIMARY KEY, minutes int NOT NULL, updated timestamptz NOT NULL, loaded timestamp);
INSERT INTO film SELECT i, 46 + (i * 7919 % 140 + i * 31 % 101) / 2, '2024-02-15 09:34:33.123456+00', CASE WHEN i % 500 = 0 THEN '2024-03-01'::timestamp + i * interval '1 hour' ELSE '2024-02-16 00:00:01' END
FROM generate_series(1, 1000) i;
ANALYZE customer, visit, little, parted_1, checked, film;

-- no table is read
BEGIN;
SELECT sum(pg_stat_get_xact_numscans(oid)) AS scans FROM pg_class WHERE relnamespace = 'learn_source'::regnamespace AND relkind IN ('r', 'i', 'p') \gset
SELECT spindle_learn('{learn_source}') AS definition, spindle_learn('{learn_source}', carry => 'none') AS nothing, spindle_learn('{learn_source}', carry => 'all') AS everything \gset
SELECT sum(pg_stat_get_xact_numscans(oid)) = :scans AS nothing_read FROM pg_class WHERE relnamespace = 'learn_source'::regnamespace AND relkind IN ('r', 'i', 'p');
COMMIT;
SET default_statistics_target = 1;
SELECT :'definition' = spindle_learn('{learn_source}')::text AS same_again;
RESET default_statistics_target;

-- what is planted is not told, but where everything is carried
SELECT :'definition' LIKE '%planted%' AS planted, :'definition' ILIKE '%secret.test%' AS mail, :'definition' LIKE '%987654%' AS largest, :'definition' LIKE '%4711%' AS little,
  :'nothing' LIKE '%silver%' AS nothing, :'definition' LIKE '%silver%' AS silver, :'everything' LIKE '%planted%' AS everything;
SELECT table_name, column_name, literal, found_in, row_count, is_reported FROM spindle_leak_check(:'definition', 'learn_source');
SELECT count(*) > 100 AS many, bool_and(is_reported) AS all_reported FROM spindle_leak_check(:'everything', 'learn_source');
SELECT column_name, rule, source, confidence, carried > 0 AS carries, least_rows, withheld, note FROM spindle_learn_report(:'definition') WHERE table_name = 'customer';
SELECT table_name, column_name, rule, source, withheld, note FROM spindle_learn_report(:'definition') WHERE table_name <> 'customer';
-- what passes a check of values that are carried is reported, and a value is found under any name
SELECT value #> '{rule}' AS rule, value -> 'learned' AS learned FROM json_each(:'definition'::json #> '{tables,checked,columns}') WHERE key = 'n';
SELECT literal, found_in FROM spindle_leak_check('{"tables": {"t": {"columns": {"p": {"rule": {"kind": "variant", "variants": [{"weight": 1, "values": {"kind": "shut"}}]}}}}}}', 'learn_source');
SELECT spindle_leak_check('{"domain": "live"}', 'learn_source'); -- ERROR
-- lists of the caller
SELECT column_name, carried > 0 AS carries, withheld FROM spindle_learn_report(spindle_learn('{learn_source}', '{customer}', sensitive => '{score,customer.status}', harmless => '{born}'))
WHERE column_name IN ('score', 'status', 'born', 'plan');
SELECT column_name, carried > 0 AS carries, withheld FROM spindle_learn_report(spindle_learn('{learn_source}', '{customer}', k => 5000)) WHERE column_name IN ('score', 'status', 'plan');

-- What is generated is like the source.
CREATE SCHEMA learn_target;
SELECT spindle_create_domain('learned', :'definition');
CALL spindle_seed('learned', 'learn_target', report => false, keys => false, indexes => false);
SELECT (SELECT count(*) FROM learn_target.customer) AS customers, (SELECT count(*) FROM learn_target.visit) AS visits, (SELECT count(*) FROM learn_target.parted) AS parted;
-- the largest distance between the distributions of a number
CREATE FUNCTION distance(name text, of text DEFAULT 'customer') RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
  result numeric;
BEGIN
  EXECUTE format($q$
    WITH v AS (SELECT %1$s::float8 AS x, 1 AS s, 0 AS t FROM learn_source.%2$I WHERE %1$s IS NOT NULL UNION ALL SELECT %1$s::float8, 0, 1 FROM learn_target.%2$I WHERE %1$s IS NOT NULL),
      g AS (SELECT x, sum(s) AS s, sum(t) AS t FROM v GROUP BY x),
      c AS (SELECT sum(s) OVER (ORDER BY x) / sum(s) OVER () - sum(t) OVER (ORDER BY x) / sum(t) OVER () AS d FROM g)
    SELECT max(abs(d)) FROM c$q$, name, of) INTO result;
  RETURN result;
END
$$;
SELECT name, distance(name) < 0.03 AS is_near FROM unnest(ARRAY['score', 'price', 'extract(epoch from joined)', 'extract(epoch from seen)', 'n_visits', 'extract(epoch from wait)']) name;
SELECT distance('v', 'parted') < 0.03 AS is_near;
SELECT distance('minutes', 'film') < 0.06 AS minutes, (SELECT array_agg(DISTINCT updated AT TIME ZONE 'UTC') FROM learn_target.film) AS updated,
  (SELECT array_agg(DISTINCT loaded) FROM learn_target.film) AS loaded;
SELECT name, max(abs(s - t)) < 0.03 AS is_near FROM (
  SELECT k.key AS name, k.value, count(*) FILTER (WHERE side = 1) / 10000.0 AS s, count(*) FILTER (WHERE side = 2) / 10000.0 AS t
  FROM (SELECT 1 AS side, to_jsonb(c) AS r FROM learn_source.customer c UNION ALL SELECT 2, to_jsonb(c) FROM learn_target.customer c) b, jsonb_each_text(r) k
  WHERE k.key IN ('status', 'level', 'is_vip') GROUP BY 1, 2) f GROUP BY name ORDER BY name;
SELECT abs(count(*) FILTER (WHERE price IS NULL) / 10000.0 - 0.2) < 0.02 AS nulls, bool_and(code ~ '^[A-Z]{2}-\d{4}$') AS codes, count(DISTINCT plan) AS plans,
  bool_and(mail_hash ~ '^[0-9a-f]{32}$') AS hashes, count(*) FILTER (WHERE email LIKE '%secret%' OR full_name LIKE '%Planted%') AS leaks, corr(id, extract(epoch from joined)) > 0.99 AS in_order
FROM learn_target.customer;
WITH top AS (SELECT (SELECT sum(n) FROM (SELECT count(*) AS n FROM learn_source.visit GROUP BY customer_id ORDER BY 1 DESC LIMIT 50) t) / 20000.0 AS source,
  (SELECT sum(n) FROM (SELECT count(*) AS n FROM learn_target.visit GROUP BY customer_id ORDER BY 1 DESC LIMIT 50) t) / 20000.0 AS target)
SELECT round(source, 2) AS source, abs(source - target) < 0.06 AS is_near FROM top;

-- Who may not read a column, or not all rows, learns nothing of it.
CREATE ROLE regress_spindle_learner;
GRANT USAGE ON SCHEMA learn_source TO regress_spindle_learner;
GRANT SELECT (status) ON customer TO regress_spindle_learner;
SET ROLE regress_spindle_learner;
SELECT column_name, source, carried FROM spindle_learn_report(spindle_learn('{learn_source}', '{customer}')) WHERE column_name IN ('score', 'status', 'plan');
SELECT count(*) FROM spindle_leak_check(:'definition', 'learn_source') WHERE found_in <> 'customer.status';
RESET ROLE;
ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
SET ROLE regress_spindle_learner;
SELECT count(*) FROM spindle_learn_report(spindle_learn('{learn_source}', '{customer}')) WHERE source = 'statistics';
RESET ROLE;
SELECT spindle_drop_domain('learned');
DROP SCHEMA learn_source, learn_target CASCADE;
DROP ROLE regress_spindle_learner;
