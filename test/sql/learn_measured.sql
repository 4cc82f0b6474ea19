--
-- How many: different values of an empirical distribution, and, learned from statistics alone, rows that refer to one and different values.
--
SET client_min_messages = warning;
-- The middle of so many equally likely parts, rounded as the column is; frequent values beside them; in a copula, too.
SELECT spindle_create_domain('measured', $${"spindle": 1, "description": "different values", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"a": 60000}}, "tables": {"a": {
  "key": "id", "rows": {"kind": "preset"}, "copula": [{"columns": ["v", "w"], "correlations": [[0.7]]}], "columns": {"id": {"type": "integer", "rule": {"kind": "sequence"}},
  "x": {"type": "double precision", "rule": {"kind": "empirical", "quantiles": [0, 1, 5, 100], "different": 1000}}, "n": {"type": "integer", "rule": {"kind": "empirical", "quantiles": [0, 1, 5, 100], "different": 90000}},
  "s": {"type": "double precision", "rule": {"kind": "empirical", "quantiles": [0, 1, 5, 100], "different": 1, "step": 0.5}}, "v": {"type": "double precision", "rule": {"kind": "empirical", "quantiles": [0, 1, 1, 100], "values": {"3": 0.2, "200": 0.1}, "different": 501}},
  "w": {"type": "real", "rule": {"kind": "empirical", "quantiles": [0, 1, 5, 100], "different": 3}}, "i": {"type": "interval", "rule": {"kind": "empirical", "quantiles": [0, 86400], "different": 48}},
  "t": {"type": "timestamptz", "rule": {"kind": "offset", "column": "t0", "unit": "hours", "whole": false, "by": {"distribution": "empirical", "quantiles": [0, 24], "different": 24}}}, "t0": {"type": "timestamptz", "hidden": true, "rule": {"kind": "constant", "value": "2024-03-01T00:00:00Z"}}}}}}$$);
CALL spindle_seed('measured', 'measured', report => false);
SELECT count(DISTINCT x) AS x, count(DISTINCT n) AS n, count(DISTINCT s) AS s, count(DISTINCT v) AS v, count(DISTINCT w) AS w, count(DISTINCT i) AS i, count(DISTINCT t) AS t, min(s) AS s_is, min(x) AS least, round(max(x)::numeric, 4) AS largest,
  round(avg((x < 1)::int), 1) AS third, round(avg((v = 3)::int), 2) AS frequent, corr(v, w) > 0.3 AS together, min(i) AS first, max(t) - min(t) AS hours FROM measured.a;
SELECT array_agg(DISTINCT w ORDER BY w) FROM measured.a;
SELECT column_name, rule FROM spindle_columns('measured', 'a') WHERE rule ~ 'between';
-- any slice is the same, and the planner knows
SELECT count(*) AS same FROM measured.a JOIN spindle_rows('measured', 'a', first_row => 501, max_rows => 200) AS r (id integer, x double precision, v double precision, t timestamptz) USING (id, x, v, t);
CREATE SCHEMA measured_foreign;
IMPORT FOREIGN SCHEMA measured FROM SERVER spindle INTO measured_foreign;
CREATE FUNCTION expected(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
  RETURN (plan #>> '{0,Plan,Plan Rows}')::float8;
END
$$;
SELECT c, expected(format('SELECT %I FROM measured_foreign.a GROUP BY 1', c)) FROM unnest('{x,n,s,v,w}'::text[]) c;
CREATE FUNCTION try(members text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  PERFORM spindle_create_domain('wrong', format('{"spindle": 1, "description": "wrong", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"a": 1}}, "tables": {"a": {"rows": {"kind": "preset"}, "columns": {"x": {"type": "integer", "rule": {"kind": "empirical", %s}}}}}}', members)::json);
  RETURN 'fine';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN detail;
END
$$;
SELECT try(m) FROM unnest(ARRAY['"quantiles": [0, 1], "different": 0', '"quantiles": [0, 1], "different": 1.5', '"quantiles": [0, 1], "different": 1e13', '"values": {"1": 1}, "different": 2', '"quantiles": [0, 1], "different": "table"']) m;

-- What statistics of a small sample tell: skewed references; children that all parents have; each one once; prices of which there are few.
CREATE SCHEMA measured_source;
CREATE FUNCTION u(i bigint, purpose text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
  SELECT ((hashtextextended(purpose, i) & 4294967295) + 0.5) / 4294967296.0
$$;
CREATE TABLE measured_source.product (id int PRIMARY KEY, price numeric(10,2) NOT NULL);
INSERT INTO measured_source.product SELECT i, 1 + 500 * u(i, 'price') ^ 3 FROM generate_series(1, 4000) i;
CREATE TABLE measured_source.sale (id int PRIMARY KEY, product_id int NOT NULL REFERENCES measured_source.product, price numeric(10,2) NOT NULL, noise numeric(10,2) NOT NULL);
INSERT INTO measured_source.sale SELECT i, p.id, 10 + 7.31 * floor(400 * u(i, 'sold')), 100000 * u(i, 'noise') FROM generate_series(1, 40000) i
  JOIN measured_source.product p ON p.id = 1 + (4000 * u(i, 'product') ^ 4)::int * 7919 % 4000;
CREATE TABLE measured_source.part (id int PRIMARY KEY, product_id int NOT NULL REFERENCES measured_source.product);
INSERT INTO measured_source.part SELECT row_number() OVER (ORDER BY p, n), p FROM generate_series(1, 4000) p, generate_series(1, 1 + (u(p, 'more') < 0.4)::int + (u(p, 'most') < 0.1)::int) n;
CREATE TABLE measured_source.review (id int PRIMARY KEY, product_id int NOT NULL REFERENCES measured_source.product);
INSERT INTO measured_source.review SELECT row_number() OVER (ORDER BY p, n), p FROM generate_series(1, 4000) p, generate_series(1, (-ln(u(p, 'reviews')) * 2 * (u(p, 'any') < 0.6)::int)::int) n;
CREATE TABLE measured_source.label (id int PRIMARY KEY, product_id int NOT NULL REFERENCES measured_source.product);
INSERT INTO measured_source.label SELECT i, 1 + i * 7919 % 4000 FROM generate_series(1, 3000) i;
SELECT string_agg(format('ALTER TABLE measured_source.%I ALTER %I SET STATISTICS 10', relname, attname), '; ') AS targets FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE relnamespace = 'measured_source'::regnamespace AND relkind = 'r' AND attnum > 0 \gset
:targets;
ANALYZE measured_source.product, measured_source.sale, measured_source.part, measured_source.review, measured_source.label;
SELECT spindle_create_domain('measured', spindle_learn('{measured_source}'), replace => true);
CREATE SCHEMA measured_target;
CALL spindle_seed('measured', 'measured_target', report => false);
-- The largest distance of the distributions of rows that refer to one.
CREATE FUNCTION distance(child text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  result float8;
BEGIN
  EXECUTE format($q$WITH c AS (SELECT 1 AS s, count(x.*) AS n FROM measured_source.product p LEFT JOIN measured_source.%1$I x ON x.product_id = p.id GROUP BY p.id
      UNION ALL SELECT -1, count(x.*) FROM measured_target.product p LEFT JOIN measured_target.%1$I x ON x.product_id = p.id GROUP BY p.id)
    SELECT max(abs(d)) / 4000 FROM (SELECT sum(sum(s)) OVER (ORDER BY n) AS d FROM c GROUP BY n) d$q$, child) INTO result;
  RETURN result;
END
$$;
SELECT child, distance(child) < most AS close FROM (VALUES ('sale', 0.15), ('part', 0.08), ('review', 0.2), ('label', 0.01)) v (child, most);
SELECT t, d #>> ARRAY['tables', t, 'rows', 'kind'] AS kind, d #> ARRAY['tables', t, 'rows', 'counts'] IS NOT NULL AS counts, d #>> ARRAY['tables', t, 'columns', 'product_id', 'rule', 'distinct'] AS differs
FROM spindle_domain_definition('measured') d, unnest('{sale,part,review,label}'::text[]) t;
SELECT greatest(a::float8 / b, b::float8 / a) < 1.2 AS prices, noise FROM (SELECT count(DISTINCT price) FROM measured_source.sale) s (a), (SELECT count(DISTINCT price), count(DISTINCT noise) > 38000 FROM measured_target.sale) t (b, noise);
SELECT d #>> '{tables,sale,columns,noise,rule,different}' AS noise, (d #>> '{tables,sale,columns,price,rule,different}')::int BETWEEN 300 AND 500 AS price FROM spindle_domain_definition('measured') d;
-- nothing of single rows is told, and nothing at all with none
SELECT json_typeof(spindle_learn('{measured_source}', carry => 'none') #> '{tables,part,rows,counts}') AS counts, spindle_learn('{measured_source}', carry => 'none') #>> '{tables,sale,columns,product_id,rule}' AS rule;
SELECT spindle_drop_domain('measured');
DROP SCHEMA measured, measured_foreign, measured_source, measured_target CASCADE;
DROP FUNCTION u, expected, try, distance;
