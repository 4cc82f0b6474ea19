--
-- spindle_seed: real tables of a domain.
--
CREATE SCHEMA seed;
SET search_path = seed, public;
SET client_min_messages = warning;
CREATE SCHEMA seed_virtual;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO seed_virtual OPTIONS (scale 'fabric_demo', seed '7');

-- Rows that only one of a stored and a generated table has, over all tables of
-- a schema, and the number of tables compared.
CREATE FUNCTION differences(stored text, virtual text DEFAULT 'seed_virtual', OUT tables int, OUT rows bigint)
LANGUAGE plpgsql AS $$
DECLARE
  name text;
  n bigint;
BEGIN
  tables := 0;
  rows := 0;
  FOR name IN SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = stored AND relkind = 'r' LOOP
    EXECUTE format('SELECT count(*) FROM ((TABLE %1$I.%3$I EXCEPT ALL TABLE %2$I.%3$I) UNION ALL
                     (TABLE %2$I.%3$I EXCEPT ALL TABLE %1$I.%3$I)) d', stored, virtual, name) INTO n;
    tables := tables + 1;
    rows := rows + n;
  END LOOP;
END
$$;

-- What a schema holds.
CREATE FUNCTION contents(schema text, OUT tables bigint, OUT indexes bigint, OUT primary_keys bigint, OUT foreign_keys bigint, OUT invalid bigint, OUT analyzed bigint)
LANGUAGE sql AS $$
  SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = n.oid AND relkind = 'r'),
    (SELECT count(*) FROM pg_class WHERE relnamespace = n.oid AND relkind = 'i'),
    (SELECT count(*) FROM pg_constraint WHERE connamespace = n.oid AND contype = 'p'),
    (SELECT count(*) FROM pg_constraint WHERE connamespace = n.oid AND contype = 'f'),
    (SELECT count(*) FROM pg_constraint WHERE connamespace = n.oid AND NOT convalidated),
    (SELECT count(*) FROM pg_class c WHERE relnamespace = n.oid AND relkind = 'r'
       AND EXISTS (SELECT FROM pg_statistic WHERE starelid = c.oid))
  FROM pg_namespace n WHERE nspname = schema
$$;

-- The error of a call, or "fine".
CREATE FUNCTION try(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; message text; detail text; hint text;
BEGIN
  EXECUTE call;
  RETURN 'fine';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', state, message, nullif(detail, ''), nullif(hint, ''));
END
$$;
GRANT USAGE ON SCHEMA seed TO public;

-- The whole domain; the result counts what was done.
CALL spindle_seed('retail', 'seed_all', scale => 'fabric_demo', seed => 7) \gset
SELECT :tables_created AS tables_created,
  :rows_inserted = (SELECT sum(row_count) FROM spindle_tables('retail', 'fabric_demo')) AS all_rows,
  :bytes_stored = (SELECT sum(pg_total_relation_size(oid)) FROM pg_class
                   WHERE relnamespace = 'seed_all'::regnamespace AND relkind = 'r') AS all_bytes,
  :duration_seconds BETWEEN 0 AND 3600 AS duration;
SELECT * FROM differences('seed_all');
SELECT * FROM contents('seed_all');

-- Types, NOT NULL and comments are those of the definition.
SELECT count(*) AS columns,
  count(*) FILTER (WHERE c.column_name = a.attname
                   AND format_type(a.atttypid, a.atttypmod) =
                       replace(replace(c.data_type, 'varchar', 'character varying'), 'timestamptz', 'timestamp with time zone')
                   AND a.attnotnull = c.not_null
                   AND col_description(a.attrelid, a.attnum) IS NOT DISTINCT FROM c.description) AS as_listed
FROM spindle_tables('retail') t CROSS JOIN spindle_columns('retail', t.table_name) c
LEFT JOIN pg_attribute a ON a.attrelid = format('seed_all.%I', t.table_name)::regclass AND a.attnum = c.ordinal_position;
SELECT count(*) FILTER (WHERE obj_description(format('seed_all.%I', table_name)::regclass) = description) AS comments
FROM spindle_tables('retail');

-- Keys and indexes are those of the definition, by the server's usual names.
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'seed_all'::regnamespace AND contype <> 'n' ORDER BY conrelid::regclass::text COLLATE "C", conname COLLATE "C";
SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'seed_all' AND indexname ~ '_idx$' ORDER BY indexname COLLATE "C";

-- Statistics are fresh: the planner knows the number of rows.
SELECT count(*) FROM pg_class c JOIN spindle_tables('retail', 'fabric_demo') t ON c.relname = t.table_name
WHERE relnamespace = 'seed_all'::regnamespace AND c.reltuples = t.row_count;

-- Foreign keys hold from now on, too.
UPDATE seed_all."order" SET customer_id = 0 WHERE order_id = 1;  -- ERROR
INSERT INTO seed_all.store SELECT * FROM seed_all.store LIMIT 1;  -- ERROR

-- Steps can be left out.
CALL spindle_seed('retail', 'seed_bare', scale => 'fabric_demo', seed => 7, keys => false, indexes => false, statistics => false, logged => false) \gset
SELECT * FROM contents('seed_bare');
SELECT * FROM differences('seed_bare');
SELECT relpersistence, count(*) FROM pg_class WHERE relnamespace IN ('seed_all'::regnamespace, 'seed_bare'::regnamespace) AND relkind = 'r' GROUP BY relnamespace, 1 ORDER BY 1;
CALL spindle_seed('retail', 'seed_keys', scale => 'fabric_demo', indexes => false, statistics => false) \gset
CALL spindle_seed('retail', 'seed_indexes', scale => 'fabric_demo', keys => false, statistics => false) \gset
CALL spindle_seed('retail', 'seed_statistics', scale => 'fabric_demo', keys => false, indexes => false) \gset
SELECT * FROM contents('seed_keys');
SELECT * FROM contents('seed_indexes');
SELECT * FROM contents('seed_statistics');

-- Some tables: foreign keys refer to those of the same call only.
CALL spindle_seed('retail', 'seed_some', scale => 'fabric_demo', seed => 7, tables => '{order,return,store,order}') \gset
SELECT :tables_created AS tables_created;
SELECT conrelid::regclass, conname FROM pg_constraint WHERE connamespace = 'seed_some'::regnamespace AND contype = 'f' ORDER BY 1;
SELECT * FROM differences('seed_some');
CALL spindle_seed('retail', 'seed_some', tables => '{}') \gset
SELECT :tables_created AS tables_created, :rows_inserted AS rows_inserted;

-- Everything is checked before anything is made.
SELECT try($$CALL spindle_seed('retial', 'seed_new')$$);
SELECT try($$CALL spindle_seed('retail', 'seed_new', scale => 'tiny')$$);
SELECT try($$CALL spindle_seed('retail', 'seed_new', tables => '{order,orders}')$$);
SELECT try($$CALL spindle_seed('retail', 'seed_new', tables => '{order,NULL}')$$);
SELECT try($$CALL spindle_seed('retail', 'seed_new', if_exists => 'replaced')$$);
SELECT try($$CALL spindle_seed('retail', 'seed_new', if_exists => 'append')$$);
SELECT try($$CALL spindle_seed('retail', 'seed_new', workers => -1)$$);
SELECT try($$CALL spindle_seed('retail', 'seed_new', workers => 65)$$);
SELECT try(format('CALL spindle_seed(%L, %L)', 'retail', repeat('n', 64)));
SELECT try($$CALL spindle_seed('retail', '')$$);
SELECT try(format('CALL spindle_seed(%s)', a)) FROM unnest(ARRAY[
  'NULL, ''seed_new''', '''retail'', NULL', '''retail'', ''seed_new'', seed => NULL',
  '''retail'', ''seed_new'', logged => NULL', '''retail'', ''seed_new'', keys => NULL', '''retail'', ''seed_new'', indexes => NULL',
  '''retail'', ''seed_new'', statistics => NULL', '''retail'', ''seed_new'', workers => NULL', '''retail'', ''seed_new'', if_exists => NULL']) a;
SELECT try($$CALL spindle_seed('retail', 'pg_new')$$);
SELECT count(*) FROM pg_namespace WHERE nspname IN ('seed_new', 'pg_new');

-- In a transaction block everything goes with it.
BEGIN;
CALL spindle_seed('retail', 'seed_new', scale => 'fabric_demo') \gset
SELECT * FROM contents('seed_new');
ROLLBACK;
SELECT count(*) FROM pg_namespace WHERE nspname = 'seed_new';

--
-- if_exists
--
CALL spindle_seed('retail', 'seed_all', scale => 'fabric_demo');  -- ERROR
CALL spindle_seed('retail', 'seed_virtual', tables => '{return}', if_exists => 'replace');  -- ERROR
CALL spindle_seed('retail', 'seed_all', scale => 'fabric_demo', seed => 8, if_exists => 'replace') \gset
SELECT tables, rows > 1000 AS other_rows FROM differences('seed_all');
SELECT * FROM contents('seed_all');

-- Tables that are there are left alone, and nothing refers to them.
CALL spindle_seed('retail', 'seed_some', scale => 'fabric_demo', seed => 7, if_exists => 'skip') \gset
SELECT :tables_created AS tables_created;
SELECT * FROM differences('seed_some');
SELECT conrelid::regclass, conname FROM pg_constraint WHERE connamespace = 'seed_some'::regnamespace AND contype = 'f' ORDER BY conname COLLATE "C";
CALL spindle_seed('retail', 'seed_some', if_exists => 'skip') \gset
SELECT :tables_created AS tables_created;

-- What depends on a table is not dropped with it.
CREATE VIEW seed_all.of_store AS SELECT city FROM seed_all.store;
SELECT try($$CALL spindle_seed('retail', 'seed_all', scale => 'fabric_demo', if_exists => 'replace')$$);
CALL spindle_seed('retail', 'seed_all', scale => 'fabric_demo', if_exists => 'replace', workers => 1);  -- ERROR
DROP VIEW seed_all.of_store;
SELECT * FROM contents('seed_all');

-- Names of indexes can be taken, too, also by what has no table.
CREATE SEQUENCE seed_bare.order_pkey;
SELECT try($$CALL spindle_seed('retail', 'seed_bare', tables => '{order}', if_exists => 'replace')$$);
SELECT try($$CALL spindle_seed('retail', 'seed_bare', 'fabric_demo', tables => '{order}', if_exists => 'replace', keys => false)$$);

-- Names that need quotes.
CALL spindle_seed('retail', 'seed "of" Order', scale => 'fabric_demo', seed => 7) \gset
SELECT * FROM differences('seed "of" Order');
SELECT * FROM contents('seed "of" Order');

-- A type of the user's own does not come in the way of a built-in one.
CREATE TYPE seed.text AS (a int);
SET search_path = seed, pg_catalog, public;
CALL spindle_seed('retail', 'seed_types', scale => 'fabric_demo', seed => 7) \gset
RESET search_path;
SET search_path = seed, public;
SELECT * FROM differences('seed_types');
DROP TYPE seed.text;

--
-- Privileges: those of the caller.
--
CREATE ROLE regress_spindle_seed;
SET ROLE regress_spindle_seed;
SELECT try($$CALL spindle_seed('retail', 'seed_all')$$);
SELECT try($$CALL spindle_seed('retail', 'seed_new')$$);
RESET ROLE;
GRANT CREATE, USAGE ON SCHEMA seed_all TO regress_spindle_seed;
SET ROLE regress_spindle_seed;
SELECT try($$CALL spindle_seed('retail', 'seed_all', if_exists => 'replace')$$);
SELECT try($$CALL spindle_seed('retail', 'seed_all', if_exists => 'skip')$$);
RESET ROLE;
DROP SCHEMA seed_all CASCADE;
CREATE SCHEMA seed_all AUTHORIZATION regress_spindle_seed;
SET ROLE regress_spindle_seed;
CALL spindle_seed('retail', 'seed_all', scale => 'fabric_demo', seed => 7) \gset
RESET ROLE;
SELECT DISTINCT relowner::regrole FROM pg_class WHERE relnamespace = 'seed_all'::regnamespace;

--
-- Workers
--
-- They have to commit.
BEGIN;
CALL spindle_seed('retail', 'seed_new', workers => 2);  -- ERROR
ROLLBACK;
SELECT try($$CALL spindle_seed('retail', 'seed_new', workers => 2)$$);
DO $$
DECLARE
  t int; n bigint; b bigint; s float8;
BEGIN
  CALL spindle_seed('retail', 'seed_new', workers => 2, tables_created => t, rows_inserted => n, bytes_stored => b, duration_seconds => s);
EXCEPTION WHEN division_by_zero THEN
  RAISE NOTICE 'a subtransaction';
END
$$;  -- ERROR
SELECT count(*) FROM pg_namespace WHERE nspname = 'seed_new';

-- The result is the same, whatever the number of workers.
CALL spindle_seed('retail', 'seed_two', scale => 'fabric_demo', seed => 7, workers => 2) \gset
SELECT :tables_created AS tables_created, :rows_inserted = (SELECT sum(row_count) FROM spindle_tables('retail', 'fabric_demo')) AS all_rows,
  :bytes_stored = (SELECT sum(pg_total_relation_size(oid)) FROM pg_class
                   WHERE relnamespace = 'seed_two'::regnamespace AND relkind = 'r') AS all_bytes;
SELECT * FROM differences('seed_two');
SELECT * FROM contents('seed_two');
-- So are all names, definitions and comments.
CREATE FUNCTION description(schema text) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT replace(indexdef, schema, 's') FROM pg_indexes WHERE schemaname = schema
  UNION ALL
  SELECT replace(concat_ws(' ', conname, conrelid::regclass, convalidated, pg_get_constraintdef(oid)), schema, 's')
  FROM pg_constraint WHERE connamespace = schema::regnamespace
  UNION ALL
  SELECT concat_ws(' ', objsubid, relname, relpersistence, reloptions, description)
  FROM pg_class c LEFT JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass
  WHERE relnamespace = schema::regnamespace
$$;
SELECT count(*) FROM description('seed_two') WHERE description !~ 'NOT NULL';
(SELECT * FROM description('seed_two') EXCEPT ALL SELECT * FROM description('seed_all'))
UNION ALL (SELECT * FROM description('seed_all') EXCEPT ALL SELECT * FROM description('seed_two'));
CALL spindle_seed('retail', 'seed_two', scale => 'fabric_demo', seed => 7, workers => 3, if_exists => 'replace', logged => false, indexes => false) \gset
SELECT * FROM differences('seed_two');
SELECT * FROM contents('seed_two');
CALL spindle_seed('retail', 'seed_two', tables => '{store,promotion}', workers => 8, if_exists => 'replace', keys => false, statistics => false);  -- ERROR
CALL spindle_seed('retail', 'seed_two', scale => 'fabric_demo', seed => 7, tables => '{return,order_line}', workers => 8, if_exists => 'replace', keys => false, statistics => false) \gset
SELECT :tables_created AS tables_created;
SELECT * FROM differences('seed_two');
CALL spindle_seed('retail', 'seed_two', workers => 2, if_exists => 'skip') \gset
SELECT :tables_created AS tables_created, :rows_inserted AS rows_inserted;

-- Workers have the settings of the caller ...
SET default_statistics_target = 3;
CALL spindle_seed('retail', 'seed_new', scale => 'fabric_demo', seed => 7, workers => 2) \gset
RESET default_statistics_target;
SELECT max(array_length(histogram_bounds, 1)) FROM pg_stats WHERE schemaname = 'seed_new';
DROP SCHEMA seed_new CASCADE;
CREATE SCHEMA seed_empty;
SET default_transaction_read_only = on;
\set VERBOSITY terse
CALL spindle_seed('retail', 'seed_empty', 'fabric_demo', workers => 2);  -- ERROR
\set VERBOSITY default
RESET default_transaction_read_only;
SELECT * FROM contents('seed_empty');

-- ... and the rights of the role it has set, which may not log in.
SET ROLE regress_spindle_seed;
CALL spindle_seed('retail', 'seed_new', workers => 1);  -- ERROR
CALL spindle_seed('retail', 'seed_all', scale => 'fabric_demo', seed => 7, workers => 2, if_exists => 'replace') \gset
RESET ROLE;
SELECT DISTINCT relowner::regrole FROM pg_class WHERE relnamespace = 'seed_all'::regnamespace;
SELECT * FROM differences('seed_all');
SELECT count(*) FROM pg_namespace WHERE nspname = 'seed_new';

-- A procedure may call it, and go on afterwards.
CREATE TABLE log (n bigint);
CREATE PROCEDURE seed_twice() LANGUAGE plpgsql AS $$
DECLARE
  t int; n bigint; b bigint; s float8;
BEGIN
  FOR i IN 1 .. 2 LOOP
    CALL public.spindle_seed('retail', 'seed_new', scale => 'fabric_demo', seed => 7, workers => i, if_exists => 'replace',
      tables_created => t, rows_inserted => n, bytes_stored => b, duration_seconds => s);
    INSERT INTO seed.log VALUES (n);
    COMMIT;
  END LOOP;
END
$$;
CALL seed_twice();
SELECT count(*), count(DISTINCT n) FROM log;
SELECT * FROM differences('seed_new');

SET client_min_messages = notice;
-- Tables that a crash has left behind are recognised and dropped; what only
-- looks like them is not.
CREATE TABLE seed_new.spindle_seed_999999999_7_0 (a int);
CREATE TABLE seed_new.spindle_seed_999999999_7_1 (a int PRIMARY KEY);
CREATE TABLE seed_new.spindle_seed_999999999_7_2 (a int REFERENCES seed_new.spindle_seed_999999999_7_1);
COMMENT ON TABLE seed_new.spindle_seed_999999999_7_1 IS 'being filled by spindle_seed';
COMMENT ON TABLE seed_new.spindle_seed_999999999_7_2 IS 'being filled by spindle_seed';
CALL spindle_seed('retail', 'seed_new', scale => 'fabric_demo', tables => '{store}', if_exists => 'replace', keys => false, workers => 1);  -- ERROR
CALL spindle_seed('retail', 'seed_new', scale => 'fabric_demo', if_exists => 'skip') \gset
SELECT relname FROM pg_class WHERE relnamespace = 'seed_new'::regnamespace AND relname ~ '^spindle_seed' AND relkind = 'r';

-- No trace of names that tables have meanwhile.
SELECT relname FROM pg_class WHERE relname ~ '^spindle_seed_' AND relname !~ '999999999';
SELECT conname FROM pg_constraint WHERE conname ~ '^spindle_seed_' AND conname !~ '999999999';

SET client_min_messages = warning;
DROP SCHEMA seed, seed_virtual, seed_all, seed_bare, seed_keys, seed_indexes, seed_statistics, seed_some, seed_types,
  "seed ""of"" Order", seed_two, seed_empty, seed_new CASCADE;
DROP ROLE regress_spindle_seed;
