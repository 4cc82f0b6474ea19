--
-- spindle_ddl: a script for those without the extension, and files to load.
--
CREATE SCHEMA ddl;
SET search_path = ddl, public;
CREATE SCHEMA ddl_virtual;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO ddl_virtual OPTIONS (scale 'fabric_demo', seed '7');

-- The script: tables and comments, a mark for the data, keys and indexes.
\pset format unaligned
SELECT spindle_ddl('retail', 'Odd "shop"', '{order,return}');
\pset format aligned

-- It runs, around the loading of files that COPY makes of foreign tables, and
-- what comes out is the generated data.
CREATE PROCEDURE run(script text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE script;
END
$$;
SELECT current_setting('data_directory') || '/spindle_ddl' AS dir \gset
COPY (SELECT WHERE false) TO PROGRAM 'rm -rf spindle_ddl && mkdir spindle_ddl';
CREATE FUNCTION copy_tables(command text, dir text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  name text;
  copied bigint;
  n bigint := 0;
BEGIN
  FOR name IN SELECT table_name FROM spindle_tables('retail') LOOP
    EXECUTE format(command, name, dir || '/' || name);
    GET DIAGNOSTICS copied = ROW_COUNT;
    n := n + copied;
  END LOOP;
  RETURN n;
END
$$;
SELECT copy_tables('COPY (SELECT * FROM ddl_virtual.%I) TO %L (FORMAT csv)', :'dir') AS written;
CALL run(split_part(spindle_ddl('retail', 'ddl_loaded'), '-- Load the data here.', 1));
SELECT copy_tables('COPY ddl_loaded.%I FROM %L (FORMAT csv)', :'dir') AS loaded;
CALL run(split_part(spindle_ddl('retail', 'ddl_loaded'), '-- Load the data here.', 2));
CREATE FUNCTION differences(name text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM ((TABLE ddl_loaded.%1$I EXCEPT ALL TABLE ddl_virtual.%1$I) UNION ALL
                   (TABLE ddl_virtual.%1$I EXCEPT ALL TABLE ddl_loaded.%1$I)) d', name) INTO n;
  RETURN n;
END
$$;
SELECT table_name, differences(table_name) FROM spindle_tables('retail');

-- The tables are those of spindle_seed, with all keys, indexes and comments.
CALL spindle_seed('retail', 'ddl_seeded', scale => 'fabric_demo', seed => 7) \gset
CREATE FUNCTION description(schema text) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT replace(indexdef, schema, 's') FROM pg_indexes WHERE schemaname = schema
  UNION ALL
  SELECT replace(concat_ws(' ', conname, conrelid::regclass, convalidated, pg_get_constraintdef(oid)), schema, 's')
  FROM pg_constraint WHERE connamespace = schema::regnamespace
  UNION ALL
  SELECT concat_ws(' ', relname, attname, format_type(atttypid, atttypmod), attnotnull, col_description(c.oid, attnum), obj_description(c.oid))
  FROM pg_class c JOIN pg_attribute ON attrelid = c.oid
  WHERE relnamespace = schema::regnamespace AND relkind = 'r' AND attnum > 0
$$;
SELECT count(*) FROM description('ddl_loaded') WHERE description !~ 'NOT NULL';
(SELECT * FROM description('ddl_loaded') EXCEPT ALL SELECT * FROM description('ddl_seeded'))
UNION ALL (SELECT * FROM description('ddl_seeded') EXCEPT ALL SELECT * FROM description('ddl_loaded'));

-- Without a foreign table, and for one table only.
COPY (SELECT * FROM spindle_rows('retail', 'return', 'fabric_demo', 7) AS t(return_id int, reason text) LIMIT 3) TO STDOUT (FORMAT csv);

-- errors
SELECT spindle_ddl('retial', 's');
SELECT spindle_ddl('retail', 's', '{order,lines}');
SELECT spindle_ddl(NULL, 's');
SELECT spindle_ddl('retail', NULL);
SELECT spindle_ddl('retail', '');
SELECT spindle_ddl('retail', repeat('n', 64));

SET client_min_messages = warning;
COPY (SELECT WHERE false) TO PROGRAM 'rm -rf spindle_ddl';
DROP SCHEMA ddl, ddl_virtual, ddl_loaded, ddl_seeded CASCADE;
