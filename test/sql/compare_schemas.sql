--
-- spindle_profile, spindle_compare_schemas and spindle_compare_profiles: a schema is like itself, and less so like others.
--
SET client_min_messages = warning;
SELECT spindle_create_domain('alike', '{"spindle": 1, "description": "Things that go together", "range": {"start": "2024-01-01", "end": "2026-01-01"},
  "presets": {"small": {"owner": 1000}}, "tables": {
    "owner": {"key": "owner_id", "rows": {"kind": "preset"}, "columns": {
      "owner_id": {"type": "integer", "rule": {"kind": "sequence"}},
      "size": {"type": "text", "rule": {"kind": "weighted", "weights": {"small": 5, "large": 3, "huge": 1}}},
      "since": {"type": "date", "rule": {"kind": "time"}}}},
    "item": {"key": "item_id", "rows": {"kind": "children", "of": "owner", "ratio": 10, "counts": {"0": 2, "5": 3, "10": 2, "25": 1, "22": 1.4}},
      "copula": [{"columns": ["price", "weight"], "correlations": [[0.95]]}], "columns": {
      "item_id": {"type": "integer", "rule": {"kind": "sequence"}},
      "owner_id": {"type": "integer", "rule": {"kind": "parent"}},
      "price": {"type": "numeric(10,2)", "rule": {"kind": "lognormal", "mu": 4, "sigma": 1}},
      "weight": {"type": "double precision", "null": 0.1, "rule": {"kind": "normal", "mean": 10, "sd": 2}},
      "grade": {"type": "integer", "rule": {"kind": "case", "cases": [{"when": {"column": "price", "less": 40}, "then": {"kind": "uniform", "min": 1, "max": 2}}], "else": {"kind": "uniform", "min": 3, "max": 4}}},
      "bought": {"type": "date", "rule": {"kind": "offset", "column": "owner_id.since", "by": {"distribution": "exponential", "mean": 3}, "unit": "days"}},
      "sold": {"type": "date", "rule": {"kind": "offset", "column": "bought", "by": {"distribution": "exponential", "mean": 20}, "unit": "days"}},
      "label": {"type": "text", "rule": {"kind": "copy", "column": "owner_id.size"}}}}}}');
CREATE SCHEMA alike_a;
CREATE SCHEMA alike_b;
CALL spindle_seed('alike', 'alike_a', report => false, indexes => false);
CALL spindle_seed('alike', 'alike_b', seed => 7, report => false, indexes => false);
-- the columns of a, each in an order of its own
CREATE SCHEMA alike_c;
CREATE TABLE alike_c.owner (LIKE alike_a.owner INCLUDING ALL);
CREATE TABLE alike_c.item (LIKE alike_a.item INCLUDING ALL, FOREIGN KEY (owner_id) REFERENCES alike_c.owner);
INSERT INTO alike_c.owner SELECT * FROM alike_a.owner;
DO $$
DECLARE
  name text;
  query text := 'SELECT x.item_id, x.owner_id';
  joins text := '(SELECT item_id, owner_id, row_number() OVER (ORDER BY item_id) AS r FROM alike_a.item) x';
BEGIN
  FOREACH name IN ARRAY ARRAY['price', 'weight', 'grade', 'bought', 'sold', 'label'] LOOP
    query := query || format(', %I.%I', name, name);
    joins := joins || format(' JOIN (SELECT %I, row_number() OVER (ORDER BY hashtext(%L || item_id)) AS r FROM alike_a.item) %I USING (r)', name, name, name);
  END LOOP;
  EXECUTE 'INSERT INTO alike_c.item ' || query || ' FROM ' || joins;
  -- statistics stay what they are now, however long this takes
  FOR name IN SELECT oid::regclass FROM pg_class WHERE relnamespace IN ('alike_a'::regnamespace, 'alike_b'::regnamespace, 'alike_c'::regnamespace) AND relkind = 'r' LOOP
    EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = false)', name);
  END LOOP;
END
$$;
ANALYZE alike_a.owner, alike_a.item, alike_b.owner, alike_b.item, alike_c.owner, alike_c.item;

CREATE TEMP TABLE aa AS SELECT * FROM spindle_compare_schemas('alike_a', 'alike_a');
CREATE TEMP TABLE ab AS SELECT * FROM spindle_compare_schemas('alike_a', 'alike_b');
CREATE TEMP TABLE ac AS SELECT * FROM spindle_compare_schemas('alike_a', 'alike_c');

-- Itself: nothing differs.
SELECT level, count(*) > 4 AS many, bool_and(CASE WHEN measure ~ '(Complement|Similarity|ratio|q-error)' THEN value = 1 ELSE value = 0 END) AS same, bool_and(passes) AS passes FROM aa GROUP BY level ORDER BY level;
-- Another seed: as good as itself, but for chance; what a parent's rows have together depends on few parents.
SELECT level, measure, value >= CASE level WHEN 'intertable' THEN 0.97 ELSE 0.98 END AS is_like, passes FROM ab WHERE measure ~ '(Complement|Similarity).*median';
-- Columns in another order: each is the same, and what went together does not.
SELECT level, measure, CASE WHEN value = 1 THEN 'the same' WHEN value < 0.8 THEN 'below 0.8' ELSE value::text END AS value, passes
FROM ac WHERE measure ~ '(Complement|Contingency|Cardinality).*median';
SELECT level, column_name, value < 0.8 AS is_less FROM ac WHERE measure ~ 'Contingency' AND column_name IN ('price, weight', 'price, grade', 'price, sold', 'bought, owner.since', 'weight, owner.size');
-- Two profiles give the same, with the bins of the first one.
SELECT spindle_profile('alike_a') AS a \gset
SELECT spindle_profile('alike_c', like_profile => :'a') AS c \gset
SELECT count(*) FROM (SELECT * FROM spindle_compare_profiles(:'a', :'c') EXCEPT SELECT * FROM ac) d;
SELECT :'a' = spindle_profile('alike_a')::text AS same_again, :'a' LIKE '%huge%' AS has_texts;
SELECT spindle_profile('alike_a', '{owner}', sample_rows => 500) #> '{tables,owner,rows}' AS rows,
  (spindle_profile('alike_a', '{owner}', sample_rows => 500) #>> '{tables,owner,columns,since,rows}')::int BETWEEN 400 AND 600 AS sampled;
-- what one of them lacks; texts that have other names
ALTER TABLE alike_c.item DROP COLUMN weight;
DROP TABLE alike_b.item;
UPDATE alike_b.owner SET size = md5(size);
SELECT level, table_name, column_name, value FROM spindle_compare_schemas('alike_a', 'alike_c') WHERE measure = 'is there';
SELECT level, table_name, column_name, measure, round(value::numeric, 2) AS value FROM spindle_compare_schemas('alike_a', 'alike_b') WHERE measure = 'is there' OR column_name = 'size' AND level = 'column';
SELECT count(*) FROM spindle_compare_schemas('alike_a', 'alike_b', at_level => 'size') WHERE level <> 'size';
-- both functions of the name are told apart, also from strings
SELECT count(*) FROM spindle_compare_profiles('{"spindle_profile": 1}', '{"spindle_profile": 1}');
SELECT table_name, missing FROM spindle_compare('alike_a', 'alike');
SELECT spindle_compare_profiles('{}', '{}'); -- ERROR
SELECT spindle_compare_profiles('{"spindle_profile": 1, "tables": {"t": {"rows": "x"}}}', '{"spindle_profile": 1, "tables": {"t": {"rows": 1}}}'); -- ERROR
SELECT spindle_compare_schemas('alike_a', 'nowhere'); -- ERROR
SELECT spindle_compare_schemas('alike_a', 'alike_b', at_level => 'rows'); -- ERROR
SELECT spindle_profile('alike_a', sample_rows => 0); -- ERROR
SELECT spindle_profile('alike_a', '{nothing}'); -- ERROR
SELECT spindle_profile(NULL); -- ERROR
SELECT spindle_profile('alike_a', like_profile => '{"tables": {"item": {"columns": {"price": {"bins": ["x"]}}}}}'); -- ERROR
-- odd tables: without rows, columns or keys; names with quotes; values that are no numbers
CREATE SCHEMA "alike ""d""";
CREATE TABLE "alike ""d"""."a ""b""" ("x 'y'" float8, q0 timestamptz, "select" numeric, arr int[], doc jsonb, b bytea, iv interval, u uuid);
INSERT INTO "alike ""d"""."a ""b""" VALUES ('NaN', 'infinity', 'NaN', '{}', '{}', '', '1 day', NULL), ('Infinity', '-infinity', 1e30, NULL, NULL, NULL, '-1 day', NULL), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE "alike ""d"""."empty" (id int, t text);
CREATE TABLE "alike ""d"""."none" ();
CREATE TABLE "alike ""d"""."early" (d date, t timestamp, doc json);
CREATE UNIQUE INDEX ON "alike ""d"""."early" ((doc ->> 'a'));
INSERT INTO "alike ""d"""."early" SELECT date '0044-03-15 BC' + i % 2, timestamp '0044-03-15 BC' + i % 2 * interval '1 day', json_build_object('a', i) FROM generate_series(1, 10) i;
SELECT level, count(*), bool_and(value IN (0, 1)) AS fine FROM spindle_compare_schemas('alike "d"', 'alike "d"') GROUP BY level ORDER BY level;
SELECT length(spindle_learn('{"alike \"d\""}', read => 'aggregates', k => 2)::text) > 100 AS learns;
-- enums and columns that differ, a key of a type whose operators are in no search_path
CREATE SCHEMA alike_e;
CREATE SCHEMA alike_f;
CREATE TYPE alike_e.state AS ENUM ('new', 'old');
CREATE TYPE alike_f.state AS ENUM ('open', 'closed');
CREATE TYPE alike_e.code;
CREATE FUNCTION alike_e.code_in(cstring) RETURNS alike_e.code LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION alike_e.code_out(alike_e.code) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE alike_e.code (INPUT = alike_e.code_in, OUTPUT = alike_e.code_out, LIKE = int4);
CREATE FUNCTION alike_e.compare(alike_e.code, alike_e.code) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'btint4cmp';
CREATE FUNCTION alike_e.is_equal(alike_e.code, alike_e.code) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4eq';
CREATE FUNCTION alike_e.is_less(alike_e.code, alike_e.code) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4lt';
CREATE OPERATOR alike_e.= (LEFTARG = alike_e.code, RIGHTARG = alike_e.code, FUNCTION = alike_e.is_equal, MERGES);
CREATE OPERATOR alike_e.< (LEFTARG = alike_e.code, RIGHTARG = alike_e.code, FUNCTION = alike_e.is_less);
CREATE OPERATOR CLASS alike_e.code_ops DEFAULT FOR TYPE alike_e.code USING btree AS OPERATOR 1 alike_e.<, OPERATOR 3 alike_e.=, FUNCTION 1 alike_e.compare(alike_e.code, alike_e.code);
CREATE TABLE alike_e.p (c alike_e.code PRIMARY KEY, n int);
CREATE TABLE alike_e.t (id int, s alike_e.state, changed int, c alike_e.code REFERENCES alike_e.p);
CREATE TABLE alike_f.t (id int, s alike_f.state, changed text, c int);
INSERT INTO alike_e.p SELECT i::text::alike_e.code, i % 3 FROM generate_series(1, 20) i;
INSERT INTO alike_e.t SELECT i, (enum_range(NULL::alike_e.state))[i % 2 + 1], i % 5, (i % 20 + 1)::text::alike_e.code FROM generate_series(1, 100) i;
INSERT INTO alike_f.t SELECT i, (enum_range(NULL::alike_f.state))[i % 2 + 1], 'x' || i % 5 FROM generate_series(1, 100) i;
SELECT column_name, measure, round(value::numeric, 2) AS value FROM spindle_compare_schemas('alike_e', 'alike_f') WHERE level = 'column' AND column_name IN ('s', 'changed') ORDER BY 1, 2;
SELECT measure, value FROM spindle_compare_schemas('alike_e', 'alike_e', at_level => 'reference') WHERE column_name = 'c' ORDER BY 1;
CREATE TABLE alike_e.also (c alike_e.code PRIMARY KEY);
INSERT INTO alike_e.also SELECT c FROM alike_e.p;
ALTER TABLE alike_e.t ADD CONSTRAINT z FOREIGN KEY (c) REFERENCES alike_e.also;
SELECT json_object_keys(spindle_profile('alike_e') #> '{tables,t,keys}');
SELECT json_array_length(spindle_profile('alike_e') #> '{tables,t,queries}') AS queries, json_array_length(spindle_profile('alike_e') -> 'kinship') AS kinship;
SELECT spindle_profile('alike_e', like_profile => '{"tables": {"t": {"columns": {"id": {"bins": ["1e999"]}}}}}'); -- ERROR
-- the same whatever the settings
SELECT md5(spindle_profile('alike "d"')::text) AS profile \gset
SET quote_all_identifiers = on;
SELECT md5(spindle_profile('alike "d"')::text) = :'profile' AS same;
RESET quote_all_identifiers;
SELECT spindle_drop_domain('alike');
DROP SCHEMA alike_a, alike_b, alike_c, "alike ""d""", alike_e, alike_f CASCADE;
