--
-- Domains and data sets that are registered in the database.
--
CREATE FUNCTION pets(n int DEFAULT 10, extra json DEFAULT '{}') RETURNS json LANGUAGE sql AS $$
  SELECT spindle_merge(format('{"spindle": 1, "description": "Pets",
    "range": {"start": "2024-01-01", "end": "2026-01-01"}, "presets": {"small": {"pet": %s}, "large": {"pet": 100000}},
    "tables": {"pet": {"key": "pet_id", "rows": {"kind": "preset"}, "columns": {
      "pet_id": {"type": "bigint", "rule": {"kind": "sequence"}},
      "name": {"type": "text", "rule": {"kind": "data", "set": "pet_names", "field": "name"}}}}}}', n)::json, extra)
$$;
-- what an error says, for calls in many forms
CREATE FUNCTION failing(command text) RETURNS TABLE (sqlstate text, error text) LANGUAGE plpgsql AS $$
DECLARE
  detail text;
  hint text;
  context text;
BEGIN
  EXECUTE command;
  RETURN QUERY SELECT '00000', 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
  RETURN QUERY SELECT SQLSTATE, concat_ws(E'\n', SQLERRM, nullif('D ' || detail, 'D '), nullif('H ' || hint, 'H '),
    'C ' || substring(context FROM 'spindle domain.*uses the data set'));
END $$;

-- the data set first, then the domain
SELECT * FROM failing($$SELECT spindle_create_domain('pets', pets())$$);
SELECT spindle_create_data_set('pet_names', '{"fields": ["name"], "rows": [["Rex"], ["Tom"], ["Ida"]]}');
SELECT spindle_create_domain('pets', pets());
SELECT domain, description, tables, columns, scales, error, owner = current_user AS is_own FROM spindle_domains() WHERE owner IS NOT NULL;

-- all that takes a domain takes it
SELECT * FROM spindle_tables('pets');
SELECT column_name, data_type, is_key, rule FROM spindle_columns('pets', 'pet');
SELECT * FROM spindle_rows('pets', 'pet', max_rows => 4) AS t (pet_id bigint, name text);
CREATE SCHEMA pets;
IMPORT FOREIGN SCHEMA pets FROM SERVER spindle INTO pets;
SELECT count(*), min(name), max(name) FROM pets.pet;
SELECT seq, event FROM spindle_stream('pets', 'pet', max_events => 2);
CALL spindle_seed('pets', 'pets_stored', report => false);
SELECT count(*), min(name), max(name) FROM pets_stored.pet;
CREATE TABLE pet_copy (LIKE pets.pet);
SELECT spindle_fill('pet_copy', 'pets', 'pet');
SELECT spindle_ddl('pets', 's') ~ 'CREATE TABLE';
SELECT * FROM failing($$SELECT * FROM spindle_tables('pest')$$);
SELECT name, owner::regrole = current_user::regrole AS is_own, data_sets FROM spindle_domain;

-- definitions are given back as they came, also those of files
SELECT spindle_domain_definition('pets')::text = pets()::text;
SELECT spindle_data_set_definition('pet_names');
SELECT spindle_domain_definition('retail') ->> 'spindle', spindle_data_set_definition('us_places') ->> 'description' IS NOT NULL;
SELECT spindle_check_domain(spindle_domain_definition('retail')::text);

-- Replaced: seen at once, in plans too; the data set is what the domain says.
PREPARE pet_count AS SELECT count(*), max(name) FROM pets.pet;
EXECUTE pet_count;
SELECT * FROM failing($$SELECT spindle_create_domain('pets', pets(20))$$);
SELECT spindle_create_domain('pets', pets(20), replace => true);
EXECUTE pet_count;
SELECT spindle_create_data_set('pet_names', '{"fields": ["name"], "rows": [["Zoe"]]}', true);
EXECUTE pet_count;
-- a transaction, a savepoint
BEGIN;
SELECT spindle_create_domain('pets', pets(30), true);
EXECUTE pet_count;
SAVEPOINT s;
SELECT spindle_create_domain('pets', pets(40), true);
SELECT spindle_create_data_set('pet_names', '{"fields": ["name"], "rows": [["Ann"]]}', true);
EXECUTE pet_count;
ROLLBACK TO s;
EXECUTE pet_count;
SELECT spindle_drop_domain('pets');
SELECT spindle_drop_data_set('pet_names');
SELECT * FROM failing('SELECT count(*) FROM pets.pet');
ROLLBACK;
EXECUTE pet_count;
-- within one function, and one statement
DO $$
DECLARE
  n bigint;
BEGIN
  FOR i IN 1..3 LOOP
    PERFORM spindle_create_domain('pets', pets(i), true);
    SELECT count(*) INTO n FROM pets.pet;
    RAISE NOTICE '%', n;
  END LOOP;
END $$;
SELECT spindle_create_domain('pets', pets(10), true), row_count FROM spindle_tables('pets');

-- A data set that a domain uses stays, and stays what the domain needs.
SELECT * FROM failing($$SELECT spindle_drop_data_set('pet_names')$$);
SELECT * FROM failing($$SELECT spindle_create_data_set('pet_names', '{"fields": ["title"], "rows": [["Zoe"]]}', true)$$);
SELECT spindle_data_set_definition('pet_names');

-- From a query, as the caller and reading only.
SELECT spindle_create_data_set('all_types', query => $$
  SELECT * FROM (VALUES (1, 2.50, 'a "b"', true, date '2024-02-29', timestamptz '2024-02-29 12:00:00.5+01', 1e300::float8, 123456789012345678.25, '{1,2}'::int[], 9007199254740993),
    (2, 0.5, NULL, false, NULL, NULL, -0.1, 1, NULL, 0)) v (weight, n, t, b, d, ts, f, big, a, i)$$);
SELECT spindle_data_set_definition('all_types');
SELECT spindle_create_domain('typed', '{"spindle": 1, "description": "", "range": {"start": "2024-01-01", "end": "2025-01-01"},
  "presets": {"only": {"t": 1}}, "tables": {"t": {"rows": {"kind": "preset"}, "columns": {
    "n": {"type": "numeric(5,2)", "rule": {"kind": "data", "set": "all_types", "field": "n", "by_row": true}},
    "b": {"type": "boolean", "rule": {"kind": "data", "set": "all_types", "field": "b", "by_row": true}},
    "ts": {"type": "timestamptz", "nullable": true, "rule": {"kind": "data", "set": "all_types", "field": "ts", "by_row": true}},
    "i": {"type": "bigint", "rule": {"kind": "data", "set": "all_types", "field": "i", "by_row": true}}}}}}');
SET TimeZone = 'UTC';
SELECT * FROM spindle_rows('typed', 't') AS t (n numeric, b boolean, ts timestamptz, i bigint);
RESET TimeZone;
SELECT error FROM unnest(ARRAY['SELECT', '', 'DELETE FROM pet_copy RETURNING name', 'SELECT name FROM pet_copy FOR UPDATE', 'SELECT 1; SELECT 2',
  'WITH d AS (DELETE FROM pet_copy RETURNING *) SELECT * FROM d', 'SELECT name FROM pet_copy WHERE false', 'SELECT 1 FROM no_such_table',
  'SELECT -1 AS weight', $q$SELECT 'x' AS weight$q$, 'SELECT $1', 'CREATE TABLE t ()']) q, failing(format('SELECT spindle_create_data_set(%L, query => %L)', 'wrong', q));
SELECT * FROM failing($$SELECT spindle_create_data_set('wrong')$$);
SELECT * FROM failing($$SELECT spindle_create_data_set('wrong', '{}', query => 'SELECT 1')$$);
SELECT count(*) FROM pet_copy;
SELECT spindle_create_data_set('pet_names', query => 'SELECT name FROM (VALUES (''Kit''), (''Lea'')) v (name)', replace => true);
EXECUTE pet_count;

-- Names and definitions that are refused.
SELECT error FROM unnest(ARRAY['', 'Pets', 'a/b', '../retail', 'é', repeat('a', 64), 'retail', 'pets']) n, failing(format('SELECT spindle_create_domain(%L, pets())', n));
SELECT error FROM unnest(ARRAY['{}', '[]', 'null', '1', '{"spindle": 2}', '{"spindle": 1, "spindle": 1}']) d, failing(format('SELECT spindle_create_domain(%L, %L)', 'wrong', d));
SELECT error FROM unnest(ARRAY['{}', '[]', '{"fields": [], "rows": []}', '{"fields": ["a"], "rows": [[1, 2]]}', '{"fields": ["a"], "rows": [[{}]]}']) d,
  failing(format('SELECT spindle_create_data_set(%L, %L)', 'wrong', d));
SELECT * FROM failing($$SELECT spindle_create_data_set('us_places', '{"fields": ["a"], "rows": [[1]]}')$$);
SELECT error FROM unnest(ARRAY['spindle_create_domain(NULL, pets())', $$spindle_create_domain('n', NULL)$$, $$spindle_create_domain('n', pets(), NULL)$$,
  'spindle_drop_domain(NULL)', 'spindle_domain_definition(NULL)', 'spindle_drop_data_set(NULL)', 'spindle_data_set_definition(NULL)',
  $$spindle_drop_domain('retail')$$, $$spindle_drop_domain('pest')$$, $$spindle_drop_domain('')$$, $$spindle_drop_data_set('us_places')$$, $$spindle_drop_data_set('pet_name')$$,
  $$spindle_domain_definition('pest')$$, $$spindle_registry_changed()$$]) c, failing('SELECT ' || c);
SELECT * FROM failing($$SELECT spindle_check_domain(repeat(' ', 16 * 1024 * 1024 + 1))$$);
-- larger than the old limit
SELECT spindle_check_domain(pets(1, json_build_object('description', repeat('x', 5000000)))::text) IS NULL;
-- nothing was left of all that
SELECT name FROM spindle_domain UNION ALL SELECT name FROM spindle_data_set ORDER BY 1;
BEGIN READ ONLY;
SELECT spindle_create_domain('n', pets()); -- ERROR
ROLLBACK;

-- A table that a superuser has changed is no place to write to.
SELECT error FROM unnest(ARRAY['CREATE INDEX ON spindle_domain (lower(name))', 'CREATE INDEX ON spindle_domain (name) WHERE name IS NOT NULL',
  'ALTER TABLE spindle_domain ADD COLUMN note text', 'ALTER TABLE spindle_domain ALTER COLUMN data_sets DROP NOT NULL']) c,
  failing(format('DO $do$ BEGIN %s; PERFORM spindle_create_domain(''n'', pets()); END $do$', c));
BEGIN;
ALTER TABLE spindle_domain ALTER COLUMN definition DROP NOT NULL, ALTER COLUMN data_sets DROP NOT NULL;
UPDATE spindle_domain SET definition = NULL, data_sets = NULL;
SELECT * FROM failing($$SELECT * FROM spindle_tables('pets')$$);
SELECT * FROM failing($$SELECT spindle_drop_data_set('pet_names')$$);
ROLLBACK;

-- Owned: everybody reads, the owner and its members replace and drop.
CREATE ROLE regress_spindle_one;
CREATE ROLE regress_spindle_two;
CREATE ROLE regress_spindle_member IN ROLE regress_spindle_one;
SET ROLE regress_spindle_one;
SELECT spindle_create_domain('ones', pets());
SELECT spindle_create_data_set('ones', '{"fields": ["a"], "rows": [[1]]}');
SELECT * FROM failing($$SELECT spindle_drop_domain('pets')$$);
SELECT * FROM failing($$SELECT spindle_create_domain('pets', pets(), true)$$);
SELECT * FROM failing($$SELECT spindle_create_data_set('pet_names', '{}', true)$$);
SELECT count(*) FROM spindle_rows('pets', 'pet') AS t (pet_id bigint);
SELECT error FROM unnest(ARRAY['INSERT INTO spindle_domain VALUES (''x'', ''regress_spindle_one'', ''{}'', ''{}'')', 'DELETE FROM spindle_domain',
  'UPDATE spindle_data_set SET definition = ''{}''', 'TRUNCATE spindle_domain', 'LOCK spindle_domain IN SHARE MODE', 'SELECT FROM pet_copy']) c, failing(c);
SELECT * FROM failing($$SELECT spindle_create_data_set('mine', query => 'SELECT name FROM pet_copy')$$);
SET ROLE regress_spindle_two;
SELECT * FROM failing($$SELECT spindle_create_domain('ones', pets(), true)$$);
SELECT count(*) FROM spindle_rows('ones', 'pet') AS t (pet_id bigint);
SET ROLE regress_spindle_member;
SELECT spindle_create_domain('ones', pets(11), true);
SELECT domain, owner FROM spindle_domains() WHERE domain = 'ones';
RESET ROLE;
-- whoever must not register is taken the functions
REVOKE EXECUTE ON FUNCTION spindle_create_domain FROM PUBLIC;
SET ROLE regress_spindle_two;
SELECT spindle_create_domain('twos', pets()); -- ERROR
RESET ROLE;
GRANT EXECUTE ON FUNCTION spindle_create_domain TO PUBLIC;
-- the owner's name follows, and what it leaves behind belongs to the extension's owner
ALTER ROLE regress_spindle_one RENAME TO regress_spindle_three;
SELECT domain, owner FROM spindle_domains() WHERE domain = 'ones';
DROP ROLE regress_spindle_three, regress_spindle_member;
SELECT domain, owner ~ '^unknown \(OID=\d+\)$' AS gone FROM spindle_domains() WHERE domain = 'ones';
SET ROLE regress_spindle_two;
SELECT * FROM failing($$SELECT spindle_drop_domain('ones')$$);
RESET ROLE;
SELECT spindle_drop_domain('ones');
UPDATE spindle_data_set SET owner = 'regress_spindle_two' WHERE name = 'ones';
SET ROLE regress_spindle_two;
SELECT spindle_drop_data_set('ones');
RESET ROLE;
DROP ROLE regress_spindle_two;
SELECT o, o::spindle_owner FROM unnest('{-,16384,nobody_of_this_name,"\"No\""}'::text[]) o;
SELECT 'a.b'::spindle_owner; -- ERROR

-- Rows that are written by statements, as a restore does: seen in the same way.
EXECUTE pet_count;
UPDATE spindle_domain SET definition = pets(77) WHERE name = 'pets';
EXECUTE pet_count;
BEGIN;
DELETE FROM spindle_domain;
SELECT count(*) FROM spindle_domains() WHERE owner IS NOT NULL;
ROLLBACK;
BEGIN;
UPDATE spindle_domain SET definition = '[]' WHERE name = 'pets';
SELECT domain, error FROM spindle_domains() WHERE domain = 'pets';
ROLLBACK;
VACUUM FULL spindle_domain;
EXECUTE pet_count;

-- Parallel workers see what their transaction has registered.
BEGIN;
SELECT spindle_create_domain('pets', pets(10), true);
CREATE FOREIGN TABLE many (pet_id bigint) SERVER spindle OPTIONS (domain 'pets', "table" 'pet', scale 'large');
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SELECT spindle_create_domain('pets', spindle_merge(pets(), '{"presets": {"large": {"pet": 1000000}}}'), true);
EXPLAIN (COSTS OFF) SELECT count(*), sum(pet_id) FROM many;
SELECT count(*), sum(pet_id) FROM many;
ROLLBACK;

-- One is found by the index; a model that is kept does not look at the table.
CREATE FUNCTION looks(OUT seq bigint, OUT idx bigint) LANGUAGE sql AS $$
  SELECT seq_scan, idx_scan FROM pg_stat_xact_user_tables WHERE relid = 'spindle_domain'::regclass
$$;
BEGIN;
SELECT spindle_create_domain('other', pets());
SELECT seq AS seq, idx AS idx FROM looks() \gset
SELECT count(*) FROM spindle_tables('other');
SELECT seq - :seq AS seq, idx - :idx AS idx FROM looks();
SELECT count(*) FROM spindle_tables('other'), spindle_rows('other', 'pet') AS t (pet_id bigint);
SELECT count(*) FROM spindle_stream('other', 'pet');
SELECT seq - :seq AS seq, idx - :idx AS idx FROM looks();
ROLLBACK;
DROP FUNCTION looks;

-- default_scale: what it names, else small, else the first
SELECT spindle_create_domain('scaled', pets(3, '{"presets": {"small": null, "large": {"pet": 5}, "huge": {"pet": 7}}}'));
SELECT row_count FROM spindle_tables('scaled');
SELECT spindle_create_domain('scaled', spindle_merge(spindle_domain_definition('scaled'), '{"default_scale": "huge"}'), true);
SELECT row_count FROM spindle_tables('scaled');
SELECT count(*) FROM spindle_rows('scaled', 'pet') AS t (pet_id bigint);
SELECT count(*) FROM spindle_rows('scaled', 'pet', scale => NULL) AS t (pet_id bigint);
SELECT count(*) FROM spindle_stream('scaled', 'pet');
IMPORT FOREIGN SCHEMA scaled FROM SERVER spindle INTO public;
SELECT ftoptions FROM pg_foreign_table WHERE ftrelid = 'public.pet'::regclass;
ALTER FOREIGN TABLE public.pet OPTIONS (DROP scale);
SELECT count(*) FROM public.pet;
TRUNCATE pet_copy;
SELECT spindle_fill('pet_copy', 'scaled', 'pet');
CALL spindle_seed('scaled', 'pets_stored', if_exists => 'replace', report => false);
SELECT count(*) FROM pets_stored.pet;
EXPLAIN SELECT * FROM spindle_rows('scaled', 'pet') AS t (pet_id bigint);
SELECT * FROM failing($$SELECT spindle_create_domain('scaled', pets(3, '{"default_scale": "medium"}'), true)$$);
SELECT * FROM failing($$SELECT spindle_create_domain('scaled', pets(3, '{"default_scale": 1}'), true)$$);

-- spindle_merge: RFC 7396; order, digits and spaces are kept.
SELECT a, b, spindle_merge(a::json, b::json) FROM (VALUES
  ('{"a":"b"}', '{"a":"c"}'), ('{"a":"b"}', '{"b":"c"}'), ('{"a":"b"}', '{"a":null}'), ('{"a":"b","b":"c"}', '{"a":null}'),
  ('{"a":["b"]}', '{"a":"c"}'), ('{"a":"c"}', '{"a":["b"]}'), ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}'),
  ('{"a":[{"b":"c"}]}', '{"a":[1]}'), ('["a","b"]', '["c","d"]'), ('{"a":"b"}', '["c"]'), ('{"a":"foo"}', 'null'),
  ('{"a":"foo"}', '"bar"'), ('{"e":null}', '{"a":1}'), ('[1,2]', '{"a":"b","c":null}'), ('{}', '{"a":{"bb":{"ccc":null}}}'),
  (' { "z" : 1.500 , "a" : 12345678901234567890123 } ', '{"a": {"x": [ 1, 2 ]}}'), ('{"a":1,"a":2}', '{"b":1,"b":2}'),
  ('{"\u0061":1, "\ud83d\ude00":2, "\"\\":3}', '{"a":null, "😀":5, "\"\\":null}'), ('{}', '{}'), ('{ }', '{"a":1 }'), ('{"a":{}}', '{"a":{"b":null}}'),
  ('{"a":"},{\"b\":[","b":{"c":"]"}}', '{"b":{"c":null}}')) v (a, b);
SELECT spindle_merge('{
  "a": 1,
  "b": {
    "c": 2
  }
}', '{"d": 4, "b": {"e": {"f": 3}}}');
SELECT spindle_merge(NULL, '{}') IS NULL, spindle_merge('{}', NULL) IS NULL;
-- the same by jsonb, in another way
CREATE FUNCTION merged(a jsonb, b jsonb) RETURNS jsonb LANGUAGE sql AS $$
  SELECT CASE WHEN jsonb_typeof(b) <> 'object' THEN b ELSE (
    SELECT coalesce(jsonb_object_agg(k, CASE WHEN o ? k THEN merged(CASE WHEN jsonb_typeof(a) = 'object' THEN a -> k END, b -> k) ELSE a -> k END), '{}')
    FROM (SELECT jsonb_object_keys(CASE WHEN jsonb_typeof(a) = 'object' THEN a ELSE '{}' END) UNION SELECT jsonb_object_keys(b)) t (k), (SELECT b) u (o)
    WHERE (o -> k) IS DISTINCT FROM 'null') END
$$;
WITH d AS (SELECT spindle_domain_definition('retail') AS d), e AS (SELECT d,
  spindle_merge(d, '{"tables": {"order": {"description": "x", "columns": {"status": null}}, "store": null, "new": {"a": [null, {"b": null}]}}, "range": 5}') AS m FROM d)
SELECT m::jsonb = merged(d::jsonb, '{"tables": {"order": {"description": "x", "columns": {"status": null}}, "store": null, "new": {"a": [null, {"b": null}]}}, "range": 5}'),
  spindle_merge(d, '{}')::text = d::text, length(m::text) < length(d::text) FROM e;
SELECT * FROM failing($$SELECT spindle_merge('{}', (repeat('{"a":', 5000) || '1' || repeat('}', 5000))::json) IS NULL$$);

DEALLOCATE pet_count;
SELECT spindle_drop_domain(name::text) FROM spindle_domain;
SELECT spindle_drop_data_set(name::text) FROM spindle_data_set;
SELECT count(*) FROM spindle_domain, spindle_data_set;
SET client_min_messages = warning;
DROP SCHEMA pets, pets_stored CASCADE;
DROP FOREIGN TABLE public.pet;
DROP TABLE pet_copy;
DROP FUNCTION pets, failing, merged;
