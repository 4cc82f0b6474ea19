--
-- Types of columns: native ones, those that the server's input functions make,
-- and those that a definition declares; uuids and finding rows by them.
--
CREATE SCHEMA typed;
CREATE SCHEMA other;
SET search_path = typed, public;
SET timezone = 'UTC';
SET intervalstyle = 'postgres';
SELECT set_config('spindle.domain_directory', current_setting('data_directory'), false) = current_setting('data_directory') AS is_set;

-- A definition becomes a file of the server.
CREATE FUNCTION save(name text, definition text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  lo oid := lo_from_bytea(0, convert_to(definition, 'UTF8'));
BEGIN
  PERFORM lo_export(lo, name || '.json');
  PERFORM lo_unlink(lo);
END
$$;
-- What is wrong with a table of one column.
CREATE FUNCTION report(definition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
  hint text;
BEGIN
  PERFORM spindle_check_domain(definition);
  RETURN 'valid';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, ''));
END
$$;

SELECT save('typed', $definition$
{"spindle": 1, "description": "All types", "range": {"start": "2024-01-01", "end": "2026-01-01"},
 "presets": {"small": {"t": 2000, "k": 700}, "many": {"t": 100000, "k": 1000}, "huge": {"t": 10000000000, "k": 1000000000}},
 "types": {"mood": {"enum": ["sad", "it's", "ok"]}, "mail": {"domain": "text", "check": "VALUE ~ '@' AND length(VALUE) < 100"}},
 "tables": {
  "k": {"key": "id", "rows": {"kind": "preset"}, "event_time": "at", "columns": {
   "id": {"type": "uuid", "rule": {"kind": "uuid", "version": 7, "time": "at"}},
   "at": {"type": "timestamp", "rule": {"kind": "time"}}}},
  "c": {"rows": {"kind": "children", "of": "k", "ratio": 2}, "columns": {
   "k_id": {"type": "uuid", "rule": {"kind": "parent"}},
   "n": {"type": "integer", "rule": {"kind": "uniform", "min": 1, "max": 9}}}},
  "t": {"key": "id", "rows": {"kind": "preset"}, "event_time": "created_at", "columns": {
   "id": {"type": "uuid", "rule": {"kind": "uuid"}},
   "created_at": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true}},
   "seven": {"type": "uuid", "rule": {"kind": "uuid", "version": 7, "time": "created_at"}},
   "k_id": {"type": "uuid", "null": 0.1, "rule": {"kind": "reference", "table": "k"}},
   "k_at": {"type": "timestamp", "nullable": true, "rule": {"kind": "copy", "column": "k_id.at"}},
   "k_copy": {"type": "uuid", "nullable": true, "rule": {"kind": "copy", "column": "k_id.id"}},
   "fixed": {"type": "uuid", "rule": {"kind": "weighted", "weights": {"00000000-0000-4000-8000-00000000000a": 1, "FFFFFFFF-0000-4000-8000-000000000001": 1}}},
   "is_fixed": {"type": "boolean", "rule": {"kind": "case", "cases": [{"when": {"column": "fixed", "equals": "ffffffff-0000-4000-8000-000000000001"}, "then": {"kind": "constant", "value": true}}], "else": {"kind": "constant", "value": false}}},
   "is_late": {"type": "boolean", "rule": {"kind": "case", "cases": [{"when": {"column": "id", "less": "80000000-0000-0000-0000-000000000000"}, "then": {"kind": "constant", "value": false}}], "else": {"kind": "constant", "value": true}}},
   "free": {"type": "numeric", "null": 0.1, "rule": {"kind": "normal", "mean": 0, "sd": 100}},
   "free_1": {"type": "numeric", "rule": {"kind": "uniform", "min": -1, "max": 1, "round": 1}},
   "free_copy": {"type": "numeric", "nullable": true, "rule": {"kind": "copy", "column": "free"}},
   "wide": {"type": "numeric(1000,63)", "rule": {"kind": "normal", "mean": 0, "sd": 100}},
   "coin": {"type": "numeric(38,18)", "rule": {"kind": "weighted", "weights": {"0": 1, "-0.000000001": 1, "999999999.999999999": 1}}},
   "single": {"type": "real", "null": 0.1, "rule": {"kind": "normal", "mean": 0, "sd": 100}},
   "single_2": {"type": "real", "rule": {"kind": "uniform", "min": 0, "max": 1, "round": 2}},
   "double": {"type": "double precision", "nullable": true, "rule": {"kind": "copy", "column": "single"}},
   "took": {"type": "interval", "rule": {"kind": "exponential", "mean": 100000}},
   "signed": {"type": "interval", "null": 0.1, "rule": {"kind": "normal", "mean": 0, "sd": 200000, "round": 3}},
   "several": {"type": "interval", "rule": {"kind": "weighted", "weights": {"00:00:00": 1, "1 day": 1, "-1 day": 1, "-3 days -04:05:06.5": 1, "100000000 days": 1}}},
   "clock": {"type": "time", "rule": {"kind": "uniform", "min": 0, "max": 86399}},
   "fine": {"type": "time", "rule": {"kind": "normal", "mean": 43200, "sd": 50000, "round": 6}},
   "noon": {"type": "time", "rule": {"kind": "constant", "value": "12:00:00.25"}},
   "padded": {"type": "char(5)", "null": 0.1, "rule": {"kind": "weighted", "weights": {"a": 1, "bcd": 1, "é ": 1}}},
   "numbered": {"type": "char(6)", "rule": {"kind": "pattern", "pattern": "{padded}"}, "nullable": true},
   "bytes": {"type": "bytea", "rule": {"kind": "pattern", "pattern": "\\x{random_digits:20}"}},
   "some_bytes": {"type": "bytea", "rule": {"kind": "weighted", "weights": {"\\x": 1, "\\xFF00": 1}}},
   "address": {"type": "inet", "rule": {"kind": "pattern", "pattern": "10.{random_digits:1}.1{random_digits:1}.1/32"}},
   "net": {"type": "inet", "rule": {"kind": "weighted", "weights": {"10.0.0.0/8": 1, "2001:DB8::1": 1, "1.2.3.4/32": 1}}},
   "is_net": {"type": "boolean", "rule": {"kind": "case", "cases": [{"when": {"column": "net", "in": ["1.2.3.4", "::1"]}, "then": {"kind": "constant", "value": true}}], "else": {"kind": "constant", "value": false}}},
   "doc": {"type": "json", "rule": {"kind": "weighted", "weights": {"{\"b\": 1, \"a\":[1, \"x y\"]}": 1, "[]": 1, "\"é\"": 1}}},
   "doc_b": {"type": "jsonb", "rule": {"kind": "weighted", "weights": {"{\"b\": 1, \"a\":[1, 2.50]}": 1, "12": 1}}},
   "built": {"type": "jsonb", "rule": {"kind": "pattern", "pattern": "[{clockless},\"{padded}\"]"}, "nullable": true},
   "clockless": {"type": "integer", "hidden": true, "rule": {"kind": "uniform", "min": 0, "max": 9}},
   "any_length": {"type": "varchar", "rule": {"kind": "pattern", "pattern": "x{random_alnum:3}"}},
   "mood": {"type": "text", "sql_type": "mood", "rule": {"kind": "weighted", "weights": {"sad": 1, "it's": 1}}},
   "moods": {"type": "text", "sql_type": "mood[]", "rule": {"kind": "constant", "value": "{sad,ok}"}},
   "mail": {"type": "varchar(40)", "sql_type": "mail", "null": 0.1, "rule": {"kind": "pattern", "pattern": "a{random_digits:4}@example.com"}},
   "span": {"type": "text", "sql_type": "int4range", "rule": {"kind": "pattern", "pattern": "[{clockless},2{clockless})"}},
   "tags": {"type": "text", "sql_type": "text[]", "rule": {"kind": "weighted", "weights": {"{a,b}": 1, "{}": 1, "{\"x,y\"}": 1}}},
   "words": {"type": "text", "sql_type": "pg_catalog.tsvector", "rule": {"kind": "weighted", "weights": {"a fat cat": 1}}},
   "short": {"type": "text", "sql_type": "bit varying(8)", "rule": {"kind": "weighted", "weights": {"0101": 1, "": 1}}}}}}}
$definition$);

SELECT data_type, rule FROM spindle_columns('typed', 't') WHERE column_name IN ('id', 'seven', 'free', 'took', 'mood', 'moods', 'mail', 'words', 'short');

-- Types that the definition declares do not exist yet: texts stand in for them.
IMPORT FOREIGN SCHEMA typed LIMIT TO (t) FROM SERVER spindle INTO other;
SELECT count(*), count(*) FILTER (WHERE mood IN ('sad', 'it''s')) FROM other.t;
DROP FOREIGN TABLE other.t;

-- Seeding makes them, with the tables.
SELECT spindle_ddl('typed', 'typed') ~ 'CREATE TYPE typed.mood AS ENUM \(''sad'', ''it''''s'', ''ok''\);' AS has_type;
CREATE PROCEDURE seed(schema_name text, workers integer DEFAULT 0, if_exists text DEFAULT 'error') LANGUAGE plpgsql AS $$
BEGIN
  CALL spindle_seed('typed', schema_name, workers => workers, if_exists => if_exists, report => false);
END
$$;
CALL seed('typed');
SELECT t.typname, format_type(t.typbasetype, t.typtypmod), (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid) AS labels,
  (SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contypid = t.oid)
FROM pg_type t WHERE typnamespace = 'typed'::regnamespace AND typtype IN ('e', 'd') ORDER BY 1;
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'typed.t'::regclass AND attnum > 0 ORDER BY attnum;
IMPORT FOREIGN SCHEMA typed FROM SERVER spindle INTO other;

-- The rows are the same by each way there is.
CREATE FUNCTION definition_list() RETURNS text LANGUAGE sql AS
$$SELECT string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position) FROM spindle_columns('typed', 't')$$;
SELECT format('CREATE VIEW called AS SELECT * FROM spindle_rows(''typed'', ''t'') AS t (%s)', definition_list()) \gexec
SELECT format('CREATE VIEW streamed AS SELECT r.* FROM spindle_stream(''typed'', ''t'') s, json_to_record(s.event) AS r (%s)', definition_list()) \gexec
CREATE FUNCTION differences(a regclass, b regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  result bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM ((SELECT x::text FROM %1$s x EXCEPT ALL SELECT x::text FROM %2$s x) UNION ALL (SELECT x::text FROM %2$s x EXCEPT ALL SELECT x::text FROM %1$s x)) s', a, b) INTO result;
  RETURN result;
END
$$;
SELECT differences('typed.t', 'other.t') AS "foreign", differences('typed.t', 'called') AS called,
  differences('typed.t', 'streamed') AS streamed, differences('typed.c', 'other.c') AS children;
CREATE TABLE filled (LIKE t);
ALTER TABLE filled ALTER mood TYPE text USING mood::text, ALTER tags TYPE varchar[], ALTER k_id TYPE text;
SELECT spindle_fill('filled', 'typed', 't');
SELECT count(*) = 2000 AND bool_and(filled.mood = t.mood::text AND filled.tags = t.tags::varchar[] AND filled.k_id IS NOT DISTINCT FROM t.k_id::text) FROM filled JOIN t USING (id);
CREATE TABLE delivered (LIKE t);
DO $$ BEGIN CALL spindle_to_table('delivered', 'typed', 't', report => false); END $$;
SELECT differences('typed.t', 'delivered') AS delivered;

-- In events, values are as to_json() has them; json has no spaces, and what an
-- input function makes is the text that it is made of.
SELECT key, count(*) FROM (SELECT event FROM spindle_stream('typed', 't')) s
  JOIN (SELECT id::text, to_jsonb(t) AS json FROM t) t ON t.id = event ->> 'id', jsonb_each(t.json) AS e
WHERE s.event::jsonb -> key IS DISTINCT FROM value AND key NOT IN ('created_at', 'k_at') GROUP BY 1 ORDER BY 1;
SELECT count(*) FILTER (WHERE event::text LIKE E'%\n%') AS lines, min(event ->> 'wide') ~ '\.\d{9}0{54}$' AS digits,
  min(event ->> 'coin') AS coin, min(event -> 'doc' ->> 'b') AS doc FROM spindle_stream('typed', 't');

-- What values are.
SELECT count(*) FILTER (WHERE is_fixed = (fixed = 'ffffffff-0000-4000-8000-000000000001')) AS is_fixed,
  count(*) FILTER (WHERE is_late = (id >= '80000000-0000-0000-0000-000000000000')) AS is_late,
  count(*) FILTER (WHERE is_net = (net = '1.2.3.4')) AS is_net,
  count(*) FILTER (WHERE k_copy IS NOT DISTINCT FROM k_id) AS k_copy,
  count(*) FILTER (WHERE free IS NOT DISTINCT FROM free_copy) AS free_copy,
  count(*) FILTER (WHERE single::float8 IS NOT DISTINCT FROM "double") AS "double" FROM t;
SELECT count(*) FROM t JOIN k ON k.id = k_id AND k.at = k_at;
SELECT bool_and(free = free::text::numeric AND free::text = trim_scale(free)::text AND scale(free) <= 6) AS free, array_agg(DISTINCT free_1 ORDER BY free_1) AS free_1,
  array_agg(DISTINCT coin) AS coin, min(scale(wide)) AS wide, bool_and(single = single::text::real) AS single, count(DISTINCT single_2) AS single_2 FROM t;
SELECT bool_and(took >= '0' AND date_trunc('second', took) = took) AS took, array_agg(DISTINCT several ORDER BY several) AS several, bool_and(signed = date_trunc('milliseconds', signed)) AS signed,
  bool_and(extract(month FROM signed) = 0 AND abs(extract(epoch FROM signed - extract(day FROM signed) * interval '1 day')) < 86400) AS days,
  round(avg(extract(epoch FROM took)) / 100000, 1) AS mean FROM t;
SELECT bool_and(date_trunc('second', clock::interval) = clock) AS clock, min(clock) < '00:05' AND max(clock) > '23:55' AS whole_day, min(fine), max(fine), min(noon) FROM t;
SELECT array_agg(DISTINCT octet_length(padded)) AS padded, bool_and(numbered = padded) AS numbered, min(octet_length(bytes)) AS bytes, array_agg(DISTINCT some_bytes ORDER BY some_bytes) AS some_bytes,
  array_agg(DISTINCT net ORDER BY net) AS net, bool_and(masklen(address) = 32 AND address <<= '10.0.0.0/8') AS address FROM t;
SELECT array_agg(DISTINCT doc_b) AS doc_b, array_agg(DISTINCT doc::text) AS doc, bool_and(jsonb_typeof(built) = 'array' AND built ->> 1 = trim(padded)) AS built FROM t;
SELECT array_agg(DISTINCT mood) AS mood, array_agg(DISTINCT moods::text) AS moods, bool_and(lower(span) BETWEEN 0 AND 9) AS span, array_agg(DISTINCT tags::text) AS tags,
  min(words::text) AS words, array_agg(DISTINCT short) AS short FROM t;

-- Uuids have their version and variant, differ, and version 7 has the time.
SELECT count(*) FILTER (WHERE id::text !~ '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$') AS four,
  count(*) FILTER (WHERE seven::text !~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$') AS seven,
  count(*) FILTER (WHERE ('x' || left(translate(seven::text, '-', ''), 12))::bit(48)::bigint <> floor(extract(epoch FROM created_at) * 1000)) AS "time" FROM t;
SELECT count(*), count(DISTINCT id) AS four, count(DISTINCT seven) AS seven, bool_and(seven > before) AS rises
FROM (SELECT id, seven, lag(seven, 1, '00000000-0000-0000-0000-000000000000') OVER (ORDER BY n) AS before
  FROM (SELECT row_number() OVER () AS n, * FROM spindle_rows('typed', 't', 'many') AS t (id uuid, seven uuid)) r) s;
-- Each bit of the values is set in half of them.
SELECT min(share) > 0.48 AND max(share) < 0.52 AS even FROM (
  SELECT avg(get_bit(uuid_send(id), bit)) AS share FROM spindle_rows('typed', 't', 'many', max_rows => 20000) AS t (id uuid), generate_series(0, 127) bit
  WHERE bit NOT BETWEEN 48 AND 55 AND bit NOT BETWEEN 64 AND 71 GROUP BY bit) s;

-- Rows are found by their uuids.
DROP FOREIGN TABLE other.t, other.k, other.c;
IMPORT FOREIGN SCHEMA typed FROM SERVER spindle INTO other OPTIONS (scale 'huge');
CREATE FUNCTION scans(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
    IF line ~ 'Rows Found By|Rows Read|Direction|Sort' THEN
      RETURN NEXT regexp_replace(trim(line), '[0-9a-f]{8}-[0-9a-f-]{27}', '…', 'g');
    END IF;
  END LOOP;
END
$$;
SELECT id, seven, k_id FROM spindle_rows('typed', 't', 'huge', first_row => 9876543210, max_rows => 1) AS t (id uuid, seven uuid, k_id uuid) \gset
SELECT count(*) FROM other.t WHERE id = :'id' AND seven = :'seven' AND k_id = :'k_id';
SELECT (SELECT count(*) FROM other.t WHERE id = :'seven') AS four, (SELECT count(*) FROM other.t WHERE seven = :'id') AS seven;
SELECT * FROM scans(format('SELECT FROM other.t WHERE id = %L', :'id'));
SELECT * FROM scans(format('SELECT FROM other.t WHERE %L = id', :'id'));
SELECT * FROM scans(format('SELECT FROM other.t WHERE id IN (%L, %L, %L, NULL)', :'id', :'seven', :'id'));
SELECT * FROM scans(format('SELECT FROM other.t WHERE seven = %L', :'seven'));
SELECT * FROM scans(format('SELECT FROM other.t WHERE seven >= %L LIMIT 3', :'seven'));
SELECT * FROM scans(format('SELECT FROM other.t WHERE seven > %L AND created_at < ''2025-12-22 19:00''', :'seven'));
SELECT * FROM scans(format('SELECT FROM other.t JOIN other.k ON k.id = k_id JOIN other.c ON c.k_id = k.id WHERE t.id = %L', :'id'));
SELECT * FROM scans(format('SELECT FROM other.c WHERE k_id = %L AND n > 0', :'k_id'));

-- Types that exist are matched by name: an enum may have more labels.
CALL seed('typed', if_exists => 'replace');
DROP TABLE typed.t CASCADE;
ALTER TYPE mood ADD VALUE 'more';
CALL seed('typed', if_exists => 'skip');
SELECT pg_typeof(mood), count(*) FROM t GROUP BY 1;
CREATE SCHEMA third;
CREATE TYPE third.mood AS ENUM ('sad');
\set VERBOSITY terse
CALL seed('third');
DROP TYPE third.mood;
CREATE DOMAIN third.mood AS text;
CALL seed('third');
\set VERBOSITY default
SELECT count(*) FROM pg_class WHERE relnamespace = 'third'::regnamespace;
DROP SCHEMA third CASCADE;
SET client_min_messages = warning;
CALL spindle_seed('typed', 'third', report => false, workers => 2);
SELECT count(*), count(*) FILTER (WHERE t::text <> r::text) FROM third.t JOIN typed.t r USING (id);

-- What cannot be: nothing is left behind, with workers or without.
CREATE FUNCTION one_column(name text, definition text, types text DEFAULT '{}') RETURNS text LANGUAGE sql AS
$$SELECT format('{"spindle": 1, "description": "One", "range": {"start": "2024-01-01", "end": "2026-01-01"}, "presets": {"small": {}}, "types": %s,
 "tables": {"one": {"rows": {"kind": "fixed", "count": 5}, "columns": {"c": %s, "at": {"type": "timestamp", "nullable": true, "rule": {"kind": "time"}}, "day": {"type": "date", "rule": {"kind": "time"}}}}}}', types, definition)$$;
SELECT save('missing', one_column('missing', '{"type": "text", "sql_type": "no_such_type", "rule": {"kind": "constant", "value": "x"}}')),
  save('refused', one_column('refused', '{"type": "text", "sql_type": "even", "rule": {"kind": "pattern", "pattern": "{row}"}}', '{"even": {"domain": "integer", "check": "VALUE % 2 = 1"}}')),
  save('unread', one_column('unread', '{"type": "jsonb", "rule": {"kind": "pattern", "pattern": "[{row}"}}'));
CALL spindle_seed('missing', 'made', report => false);
IMPORT FOREIGN SCHEMA missing FROM SERVER spindle INTO other;
CALL spindle_seed('refused', 'made', report => false);
\set VERBOSITY terse
CALL spindle_seed('refused', 'made', report => false, workers => 1);
\set VERBOSITY default
-- nor does a domain type that somebody else has put there
CREATE ROLE regress_spindle_stranger;
CREATE SCHEMA shared;
GRANT USAGE, CREATE ON SCHEMA shared TO regress_spindle_stranger;
SET ROLE regress_spindle_stranger;
CREATE DOMAIN shared.even AS integer;
RESET ROLE;
CALL spindle_seed('refused', 'shared', report => false);
ALTER SCHEMA shared OWNER TO regress_spindle_stranger;
\set VERBOSITY terse
CALL spindle_seed('refused', 'shared', report => false);
DROP SCHEMA shared CASCADE;
\set VERBOSITY default
DROP ROLE regress_spindle_stranger;
-- nor do checks that run statements, read files or ask for the time, with the rights of whoever seeds
SELECT save('runs', one_column('runs', '{"type": "text", "sql_type": "d", "rule": {"kind": "pattern", "pattern": "{row}"}}', '{"d": {"domain": "text", "check": "query_to_xml(''SELECT setseed(0)'', true, true, '''') IS NOT NULL"}}')),
  save('reads', one_column('reads', '{"type": "text", "sql_type": "d", "rule": {"kind": "pattern", "pattern": "{row}"}}', '{"d": {"domain": "text", "check": "VALUE < now()::text"}}'));
CALL spindle_seed('runs', 'made', report => false);
\set VERBOSITY terse
CALL spindle_seed('runs', 'made', report => false, workers => 1);
CALL spindle_seed('reads', 'made', report => false);
\set VERBOSITY default
SELECT count(*) FROM pg_namespace WHERE nspname = 'made';
SELECT * FROM spindle_rows('unread', 'one') AS t (c jsonb);
SELECT event FROM spindle_stream('unread', 'one');
SELECT * FROM spindle_rows('typed', 't') AS t (mood integer);
SELECT * FROM spindle_rows('typed', 't', max_rows => 1) AS t (mood text, words tsvector, mail typed.mail);

-- Errors of definitions.
SELECT c, report(one_column('c', c)) FROM unnest(ARRAY[
 '{"type": "uuid", "rule": {"kind": "sequence"}}',
 '{"type": "text", "rule": {"kind": "uuid"}}',
 '{"type": "uuid", "rule": {"kind": "uuid", "version": 5}}',
 '{"type": "uuid", "rule": {"kind": "uuid", "version": 7}}',
 '{"type": "uuid", "rule": {"kind": "uuid", "version": 7, "time": "day"}}',
 '{"type": "uuid", "rule": {"kind": "uuid", "time": "at"}}',
 '{"type": "uuid", "rule": {"kind": "uuid", "version": 7, "time": "at"}}',
 '{"type": "uuid", "rule": {"kind": "constant", "value": "00000000-0000-4000-8000-00000000000"}}',
 '{"type": "uuid", "rule": {"kind": "constant", "value": "00000000000040008000000000000001"}}',
 '{"type": "interval", "rule": {"kind": "constant", "value": "1 mon"}}',
 '{"type": "interval", "rule": {"kind": "constant", "value": "1 day 2"}}',
 '{"type": "interval", "rule": {"kind": "constant", "value": "100000001 days"}}',
 '{"type": "interval", "rule": {"kind": "uniform", "min": 0.2, "max": 0.8}}',
 '{"type": "interval", "rule": {"kind": "uniform", "min": 0.2, "max": 0.8, "round": 1}}',
 '{"type": "interval", "rule": {"kind": "uniform", "min": 0, "max": 1, "round": 7}}',
 '{"type": "time", "rule": {"kind": "constant", "value": "24:00:00"}}',
 '{"type": "time", "rule": {"kind": "uniform", "min": 0, "max": 86400}}',
 '{"type": "char(2)", "rule": {"kind": "constant", "value": "abc"}}',
 '{"type": "char(2)", "rule": {"kind": "constant", "value": "ab  "}}',
 '{"type": "char", "rule": {"kind": "constant", "value": "a"}}',
 '{"type": "bytea", "rule": {"kind": "constant", "value": "ab"}}',
 '{"type": "bytea", "rule": {"kind": "constant", "value": "\\xabc"}}',
 '{"type": "inet", "rule": {"kind": "constant", "value": "10.0.0.256"}}',
 '{"type": "inet", "rule": {"kind": "constant", "value": "10.0.0.1/33"}}',
 '{"type": "json", "rule": {"kind": "constant", "value": "{\"a\": }"}}',
 '{"type": "json", "rule": {"kind": "constant", "value": "\"\\u0000\""}}',
 '{"type": "jsonb", "rule": {"kind": "constant", "value": "\"\\u0000\""}}',
 '{"type": "real", "rule": {"kind": "constant", "value": 1e39}}',
 '{"type": "numeric", "rule": {"kind": "constant", "value": 0.1234567}}',
 '{"type": "numeric", "rule": {"kind": "uniform", "min": 0, "max": 1, "round": 10}}',
 '{"type": "numeric", "rule": {"kind": "uniform", "min": 0, "max": 1e13}}',
 '{"type": "integer", "sql_type": "bigint", "rule": {"kind": "sequence"}}',
 '{"type": "text", "sql_type": "", "rule": {"kind": "constant", "value": "a"}}',
 '{"type": "text", "sql_type": "text; DROP TABLE x", "rule": {"kind": "constant", "value": "a"}}',
 '{"type": "text", "sql_type": "text -- x", "rule": {"kind": "constant", "value": "a"}}',
 '{"type": "text", "sql_type": "text) x (", "rule": {"kind": "constant", "value": "a"}}',
 '{"type": "text", "sql_type": "setof text", "rule": {"kind": "constant", "value": "a"}}']) c;
SELECT t, report(one_column('c', '{"type": "text", "sql_type": "a", "rule": {"kind": "weighted", "weights": {"x": 1}}}', t)) FROM unnest(ARRAY[
 '[]', '{"a": {}}', '{"A": {"enum": ["x"]}}', '{"one": {"enum": ["x"]}}', '{"a": {"enum": []}}', '{"a": {"enum": ["x", "x"]}}', '{"a": {"enum": ["y", "X"]}}', '{"a": {"enum": ["x"], "check": "true"}}',
 '{"a": {"enum": ["x"], "domain": "text"}}', '{"a": {"domain": "te xt"}}', '{"a": {"domain": "text", "check": ""}}', '{"a": {"domain": "text", "check": "VALUE <"}}',
 '{"a": {"domain": "text", "check": "true); DROP TABLE x; SELECT (true"}}', '{"a": {"domain": "text", "check": "true) FROM x WHERE (true"}}', '{"a": {"domain": "text", "check": "true), (true"}}',
 '{"a": {"domain": "text", "check": "public.f(VALUE)"}}', '{"a": {"domain": "text", "check": "VALUE OPERATOR(public.=) ''a''"}}', '{"a": {"domain": "text", "check": "(SELECT true)"}}', '{"a": {"domain": "text", "check": "true -- x"}}',
 '{"a": {"domain": "text", "check": "pg_catalog.length(VALUE) > 0"}}']) t;

-- Anomalies: numbers only for points, any constant for the others.
SELECT count(*) FROM spindle_stream('typed', 't', anomalies => '[{"type": "point", "name": "p", "column": "fixed", "fraction": 0.01}]');
SELECT count(*), count(DISTINCT event ->> 'fixed'), count(*) FILTER (WHERE (event ->> '_spindle_is_anomaly')::boolean AND event ->> 'took' = '3 days 00:00:01') FROM spindle_stream('typed', 't',
  anomalies => '[{"type": "contextual", "name": "c", "column": "took", "condition_column": "fixed", "normal_values": ["ffffffff-0000-4000-8000-000000000001"], "anomalous_values": ["3 days 00:00:01"], "fraction": 0.1}]');

-- Statistics of all types.
ANALYZE other.k, other.t;
SELECT count(*), count(*) FILTER (WHERE n_distinct <> 0) FROM pg_stats WHERE schemaname = 'other' AND tablename = 't';

COPY (SELECT 1) TO PROGRAM 'rm -f typed.json missing.json refused.json unread.json';
DROP SCHEMA typed, other, third CASCADE;
