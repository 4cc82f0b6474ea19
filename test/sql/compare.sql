--
-- spindle_compare: stored tables against the generated ones.
--
CREATE SCHEMA compare;
SET search_path = compare, public;
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE FUNCTION try(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; message text; detail text; hint text; context text;
BEGIN
  EXECUTE query;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
  RETURN concat_ws(' | ', state, message, nullif(detail, ''), nullif(hint, ''), substring(context FROM 'comparing [^\n]*'));
END
$$;
-- keys of one and several columns, hidden ones, none; other names; values of all kinds
SELECT spindle_create_domain('compared', $json${
  "spindle": 1, "description": "To be compared", "range": {"start": "2024-01-01", "end": "2026-01-01"},
  "presets": {"small": {"owner": 40, "nothing": 0, "value": 300}, "large": {"owner": 4000, "nothing": 0, "value": 30000}},
  "types": {"mood": {"enum": ["good", "bad"]}},
  "tables": {
    "owner": {"key": "id", "rows": {"kind": "preset"}, "relation": "\"Owners\"", "columns": {
      "id": {"type": "integer", "name": "Owner Id", "rule": {"kind": "permuted"}},
      "name": {"type": "text", "null": 0.2, "rule": {"kind": "pattern", "pattern": "owner {row}"}}}},
    "item": {"key": ["owner_id", "n"], "rows": {"kind": "children", "of": "owner", "ratio": 5}, "columns": {
      "owner_id": {"type": "integer", "rule": {"kind": "parent"}},
      "n": {"type": "smallint", "rule": {"kind": "ordinal"}},
      "price": {"type": "numeric(12,4)", "null": 0.1, "rule": {"kind": "uniform", "min": 0, "max": 1000}}}},
    "alias": {"key": "nr", "unique": ["alias"], "rows": {"kind": "children", "of": "owner", "ratio": 2}, "columns": {
      "nr": {"type": "bigint", "hidden": true, "rule": {"kind": "sequence"}},
      "row_of": {"type": "row", "hidden": true, "rule": {"kind": "parent"}},
      "alias": {"type": "text", "rule": {"kind": "pattern", "pattern": "{row} Ä {id:6}"}},
      "since": {"type": "date", "rule": {"kind": "time"}}}},
    "log": {"rows": {"kind": "children", "of": "owner", "ratio": 25}, "columns": {
      "row_of": {"type": "row", "hidden": true, "rule": {"kind": "parent"}},
      "kind": {"type": "text", "null": 0.3, "rule": {"kind": "weighted", "weights": {"in": 3, "out": 1}}},
      "amount": {"type": "integer", "rule": {"kind": "uniform", "min": 1, "max": 9}}}},
    "nothing": {"key": "id", "rows": {"kind": "preset"}, "columns": {
      "id": {"type": "bigint", "rule": {"kind": "sequence"}}}},
    "value": {"key": "id", "rows": {"kind": "preset"}, "columns": {
      "id": {"type": "uuid", "rule": {"kind": "uuid"}},
      "real": {"type": "real", "rule": {"kind": "normal", "mean": 0, "sd": 9}},
      "double": {"type": "double precision", "null": 0.1, "rule": {"kind": "normal", "mean": 0, "sd": 9}},
      "flag": {"type": "boolean", "rule": {"kind": "weighted", "weights": {"true": 1, "false": 1}}},
      "code": {"type": "char(5)", "rule": {"kind": "pattern", "pattern": "{random_digits:1-4}"}},
      "at": {"type": "timestamptz", "rule": {"kind": "time"}},
      "span": {"type": "interval", "rule": {"kind": "uniform", "min": 1, "max": 900000}},
      "address": {"type": "inet", "rule": {"kind": "pattern", "pattern": "10.0.0.{random_digits:1}"}},
      "document": {"type": "json", "rule": {"kind": "object", "members": {"a": {"type": "integer", "rule": {"kind": "uniform", "min": 1, "max": 9}}, "b": {"type": "text", "rule": {"kind": "constant", "value": "x"}}}}},
      "place": {"type": "text", "rule": {"kind": "pattern", "pattern": "({row},2)"}},
      "mood": {"type": "text", "sql_type": "mood", "rule": {"kind": "weighted", "weights": {"good": 1, "bad": 1}}}}}
  }}$json$);
CALL spindle_seed('compared', 'copy', report => false);

-- What seeding stores is what is expected, whatever the settings.
SELECT * FROM spindle_compare('copy', 'compared');
BEGIN READ ONLY;
SET LOCAL work_mem = '64kB';
SET LOCAL enable_sort = off;
SELECT table_name, expected, missing + extra + different AS wrong FROM spindle_compare('copy', 'compared');
ROLLBACK;
SELECT table_name, expected, found, missing > 0 AS missing, extra > 0 AS extra, different > 0 AS different FROM spindle_compare('copy', 'compared', seed => 7) ORDER BY table_name;
SELECT table_name, expected, found FROM spindle_compare('copy', 'compared', '{owner,item}', scale => 'large');

-- Planted: each kind at each kind of key.
BEGIN;
ALTER TABLE copy.item DROP CONSTRAINT item_owner_id_fkey;
DELETE FROM copy."Owners" WHERE "Owner Id" IN (3, 7, 9);
INSERT INTO copy."Owners" VALUES (-5, NULL), (1000, 'new');
UPDATE copy."Owners" SET name = 'changed' WHERE "Owner Id" = 12;
UPDATE copy."Owners" SET name = CASE WHEN name IS NULL THEN '' END WHERE "Owner Id" IN (20, 21);
DELETE FROM copy.item WHERE owner_id = 5 OR (owner_id, n) = (8, 2);
UPDATE copy.item SET n = n + 100 WHERE owner_id = 11;
UPDATE copy.item SET price = CASE WHEN n = 1 THEN price + 0.0001 WHEN n = 2 THEN 'NaN' ELSE price * 1.0000000 END WHERE owner_id BETWEEN 30 AND 31;
UPDATE copy.alias SET since = since + 1 WHERE alias LIKE '1%';
INSERT INTO copy.alias VALUES ('zz', '2024-01-01'), ('', '2024-01-01');
INSERT INTO copy.log SELECT * FROM copy.log LIMIT 3;
DELETE FROM copy.log WHERE ctid IN (SELECT ctid FROM copy.log WHERE kind IS NULL AND amount = 5 LIMIT 2);
UPDATE copy.log SET kind = NULL WHERE ctid = (SELECT ctid FROM copy.log WHERE (kind, amount) = ('out', 4) LIMIT 1);
INSERT INTO copy.nothing VALUES (5);
SELECT * FROM spindle_compare('copy', 'compared', '{owner,item,alias,log,nothing}');
-- the same by the server's own means
SELECT (SELECT count(*) FROM (SELECT * FROM spindle_rows('compared', 'log') AS g (kind text, amount integer) EXCEPT ALL SELECT * FROM copy.log) m) AS missing,
  (SELECT count(*) FROM (SELECT * FROM copy.log EXCEPT ALL SELECT * FROM spindle_rows('compared', 'log') AS g (kind text, amount integer)) m) AS extra;
SELECT count(*) FILTER (WHERE s.owner_id IS NULL) AS missing, count(*) FILTER (WHERE g.owner_id IS NULL) AS extra, count(*) FILTER (WHERE s.owner_id = g.owner_id AND s.price IS DISTINCT FROM g.price) AS different
FROM copy.item s FULL JOIN spindle_rows('compared', 'item') AS g (owner_id integer, n smallint, price numeric(12,4)) ON (s.owner_id, s.n) = (g.owner_id, g.n);
ROLLBACK;
-- each column of a row, by its type's equality
BEGIN;
SELECT id AS id FROM copy.value ORDER BY id OFFSET 150 LIMIT 1 \gset
UPDATE copy.value SET "real" = 'NaN', "double" = NULL, flag = NOT flag, code = 'x', at = at + '1 us', span = span + '1 us', address = '::1', document = '{"a": 0, "b": "\u00e9\"x"}', mood = CASE mood WHEN 'good' THEN 'bad'::copy.mood ELSE 'good' END WHERE id = :'id';
SELECT different, first_different -> 'found' AS found, (SELECT count(*) FROM json_object_keys(first_different -> 'expected')) AS columns, first_different -> 'key' ->> 'id' = :'id' AS is_it FROM spindle_compare('copy', 'compared', '{value}');
ROLLBACK;
BEGIN;
UPDATE copy.value SET code = code || '  ', span = justify_hours(span), document = replace(document::text, ',', ' , ')::json;
SELECT table_name, found, missing, extra, different FROM spindle_compare('copy', 'compared', '{value}');
ROLLBACK;

-- Other relations under the names: of other types, without keys, with nulls and repeated keys, views, partitions.
CREATE SCHEMA other;
CREATE DOMAIN other.short AS text CHECK (length(value) < 8);
CREATE TABLE other."Owners" (more int DEFAULT 5, name other.short, "Owner Id" text);
INSERT INTO other."Owners" SELECT 5, name, "Owner Id"::text FROM copy."Owners" WHERE length(name) < 8 OR name IS NULL;
INSERT INTO other."Owners" VALUES (1, 'a', NULL), (1, NULL, NULL);
INSERT INTO other."Owners" SELECT * FROM other."Owners" WHERE "Owner Id" IN ('1', '2');
CREATE TABLE other.item (price numeric(8,1), owner_id bigint, n integer) PARTITION BY HASH (owner_id);
CREATE TABLE other.item_0 PARTITION OF other.item FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE other.item_1 PARTITION OF other.item FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO other.item (owner_id, n, price) SELECT owner_id, n, price FROM copy.item;
CREATE VIEW other.log AS SELECT amount::numeric(9,3) AS amount, kind::varchar(2) COLLATE "C" AS kind FROM copy.log;
CREATE MATERIALIZED VIEW other.alias AS SELECT alias::varchar(4) AS alias, since::timestamp AS since FROM copy.alias;
CREATE TABLE other.value AS SELECT id::text AS id, "real"::float8, "double"::real, flag, code::text, at AT TIME ZONE 'UTC' AS at, span, address::text, document::jsonb, place::point, mood::text FROM copy.value;
UPDATE other.value SET place = '(9,9)' WHERE place ~= '(7,2)';
SELECT * FROM spindle_compare('other', 'compared', '{owner,item,log,value}');
SELECT table_name, expected, found, missing, extra, first_missing, length(first_extra ->> 'alias') FROM spindle_compare('other', 'compared', '{alias}');
-- foreign tables
CREATE SCHEMA virtual;
IMPORT FOREIGN SCHEMA compared EXCEPT (value) FROM SERVER spindle INTO virtual;
SELECT table_name, found, missing + extra + different AS wrong FROM spindle_compare('virtual', 'compared', '{owner,item,alias,log,nothing}');

-- What is in the way is told before any row is read.
SELECT call, try('SELECT count(*) FROM spindle_compare(' || call || ')') FROM unnest(ARRAY[
  $$NULL, 'compared'$$, $$'nowhere', 'compared'$$, $$'', 'compared'$$, $$'copy', NULL$$, $$'copy', 'compaired'$$, $$'copy', 'compared', '{owners}'$$, $$'copy', 'compared', '{NULL}'$$, $$'copy', 'compared', '{}'$$, $$'copy', 'compared', seed => NULL$$,
  $$'copy', 'compared', scale => 'huge'$$, $$'other', 'compared'$$]) call;
ALTER TABLE other.value RENAME COLUMN flag TO banner;
SELECT try($$SELECT * FROM spindle_compare('other', 'compared', '{value}')$$);
ALTER TABLE other.value RENAME COLUMN banner TO flag;
ALTER TABLE other.value ALTER flag TYPE point USING NULL;
SELECT try($$SELECT * FROM spindle_compare('other', 'compared', '{value}')$$);
CREATE SEQUENCE other.nothing;
SELECT try($$SELECT * FROM spindle_compare('other', 'compared', '{nothing}')$$);
ALTER TABLE other.item ALTER price TYPE numeric(3,1) USING NULL;
SELECT try($$SELECT * FROM spindle_compare('other', 'compared', '{item}')$$);

-- With the rights of the caller.
CREATE ROLE regress_spindle_comparer;
GRANT USAGE ON SCHEMA compare TO regress_spindle_comparer;
SET ROLE regress_spindle_comparer;
SELECT try($$SELECT * FROM spindle_compare('copy', 'compared', '{item}')$$);
RESET ROLE;
GRANT USAGE ON SCHEMA copy TO regress_spindle_comparer;
GRANT SELECT (owner_id, n) ON copy.item TO regress_spindle_comparer;
GRANT SELECT ON copy."Owners" TO regress_spindle_comparer;
ALTER TABLE copy."Owners" ENABLE ROW LEVEL SECURITY;
CREATE POLICY evens ON copy."Owners" USING ("Owner Id" % 2 = 0);
SET ROLE regress_spindle_comparer;
SELECT try($$SELECT * FROM spindle_compare('copy', 'compared', '{item}')$$);
SELECT * FROM spindle_compare('copy', 'compared', '{owner}');
SET row_security = off;
SELECT try($$SELECT * FROM spindle_compare('copy', 'compared', '{owner}')$$);
RESET row_security;
RESET ROLE;
GRANT SELECT (price) ON copy.item TO regress_spindle_comparer;
SET ROLE regress_spindle_comparer;
SELECT found, missing FROM spindle_compare('copy', 'compared', '{item}');
RESET ROLE;

-- Beyond work_mem, by several sorts on disk; stopped in the middle.
CALL spindle_seed('compared', 'big', report => false, scale => 'large', keys => false, indexes => false);
SET work_mem = '64kB';
SELECT table_name, found, missing + extra + different AS wrong FROM spindle_compare('big', 'compared', '{item,log,alias}', scale => 'large');
DELETE FROM big.log WHERE ctid IN (SELECT ctid FROM big.log TABLESAMPLE SYSTEM (20) REPEATABLE (1));
SELECT missing = expected - found AS missing, extra, different FROM spindle_compare('big', 'compared', '{log}', scale => 'large');
RESET work_mem;
SET statement_timeout = '10ms';
\set VERBOSITY terse
SELECT count(*) FROM spindle_compare('big', 'compared', scale => 'large'); -- ERROR
\set VERBOSITY default
RESET statement_timeout;

SELECT spindle_drop_domain('compared');
DROP SCHEMA compare, copy, other, virtual, big CASCADE;
DROP ROLE regress_spindle_comparer;
