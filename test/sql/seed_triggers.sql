--
-- spindle_seed among event triggers, which may do anything with a new table.
--
CREATE SCHEMA seed_triggers;
SET search_path = seed_triggers, public;
SET client_min_messages = warning;
CREATE FUNCTION change() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
  made text := (SELECT object_identity FROM pg_event_trigger_ddl_commands() WHERE object_type = 'table' LIMIT 1);
  commands text := current_setting('test.commands', true);
BEGIN
  -- a name without a schema, and only for one of the tables
  IF commands <> '' AND EXISTS (SELECT FROM watched() WHERE watched) AND
     EXISTS (SELECT FROM pg_attribute WHERE attrelid = made::regclass AND attname = 'store_name') THEN
    EXECUTE replace(commands, '%', made);
  END IF;
END
$$;
CREATE FUNCTION watched() RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.city := 'noted';
  RETURN NEW;
END
$$;
GRANT USAGE ON SCHEMA seed_triggers TO PUBLIC;

-- The error of a call, or "fine".
CREATE FUNCTION try(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE call;
  RETURN 'fine';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || regexp_replace(SQLERRM, 'spindle_seed_[0-9]+_[0-9]+_[0-9]+', 'NAME');
END
$$;
CREATE EVENT TRIGGER seed_change ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION change();

-- An index finds all rows, without workers and with them.
SET test.commands = 'CREATE INDEX of_city ON % (city)';
CALL spindle_seed('retail', 'seed_made', 'fabric_demo') \gset
SET enable_seqscan = off;
SELECT count(*) > 0 AS found FROM seed_made.store WHERE city = (SELECT city FROM spindle_rows('retail', 'store', 'fabric_demo') AS t(city text) LIMIT 1);
DROP SCHEMA seed_made CASCADE;
CALL spindle_seed('retail', 'seed_made', 'fabric_demo', workers => 2) \gset
SELECT count(*) > 0 AS found FROM seed_made.store WHERE city = (SELECT city FROM spindle_rows('retail', 'store', 'fabric_demo') AS t(city text) LIMIT 1);
RESET enable_seqscan;
SELECT conname FROM pg_constraint WHERE connamespace = 'seed_made'::regnamespace AND conname ~ '^spindle_seed_';
DROP SCHEMA seed_made CASCADE;

-- Checks, triggers, rules, policies and further columns have their effect.
SET test.commands = 'ALTER TABLE % ADD CHECK (city = ''nowhere'')';
SELECT try($$CALL spindle_seed('retail', 'seed_made', 'fabric_demo')$$);
SET test.commands = 'CREATE TRIGGER note BEFORE INSERT ON % FOR EACH ROW EXECUTE FUNCTION note()';
CALL spindle_seed('retail', 'seed_made', 'fabric_demo') \gset
SELECT DISTINCT city FROM seed_made.store;
DROP SCHEMA seed_made CASCADE;
SET test.commands = 'CREATE RULE none AS ON INSERT TO % DO INSTEAD NOTHING';
SELECT try($$CALL spindle_seed('retail', 'seed_made', 'fabric_demo')$$);
CALL spindle_seed('retail', 'seed_made', 'fabric_demo', tables => '{store}') \gset
SELECT :rows_inserted AS rows_inserted, count(*) FROM seed_made.store;
DROP SCHEMA seed_made CASCADE;
SET test.commands = 'ALTER TABLE % ADD tenant int NOT NULL DEFAULT 7, ADD twice text GENERATED ALWAYS AS (city || city) STORED';
CALL spindle_seed('retail', 'seed_made', 'fabric_demo') \gset
SELECT DISTINCT tenant, twice = city || city AS generated FROM seed_made.store;
DROP SCHEMA seed_made CASCADE;
SET test.commands = 'ALTER TABLE % ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY';
CREATE ROLE regress_spindle_seed_triggers;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO regress_spindle_seed_triggers', current_database()); END $$;
SET ROLE regress_spindle_seed_triggers;
SELECT try($$CALL spindle_seed('retail', 'seed_made', 'fabric_demo')$$);
RESET ROLE;
DO $$ BEGIN EXECUTE format('REVOKE CREATE ON DATABASE %I FROM regress_spindle_seed_triggers', current_database()); END $$;
SET test.commands = 'ALTER TABLE % ALTER city SET NOT NULL, SET UNLOGGED';
CALL spindle_seed('retail', 'seed_made', 'fabric_demo', tables => '{store}') \gset
SELECT count(*) = (SELECT row_count FROM spindle_tables('retail', 'fabric_demo') WHERE table_name = 'store') AS all_rows FROM seed_made.store;
DROP SCHEMA seed_made CASCADE;

-- What makes it impossible is told.
SET test.commands = 'DROP TABLE %';
SELECT try($$CALL spindle_seed('retail', 'seed_made', 'fabric_demo', tables => '{store}')$$);
SET test.commands = 'ALTER TABLE % DROP city';
SELECT try($$CALL spindle_seed('retail', 'seed_made', 'fabric_demo', tables => '{store}')$$);

-- The rows of a parent may be changed before those of its children come.
SET test.commands = 'CREATE RULE none AS ON INSERT TO % DO INSTEAD NOTHING';
SELECT try($$CALL spindle_seed('retail', 'seed_made', 'fabric_demo')$$);
DROP EVENT TRIGGER seed_change;

-- Nobody's tables with names as of provisional ones stop others.
CREATE SCHEMA seed_made;
GRANT ALL ON SCHEMA seed_made TO regress_spindle_seed_triggers;
SET ROLE regress_spindle_seed_triggers;
CREATE TABLE seed_made.spindle_seed_99999999999_7_1 (a int);
COMMENT ON TABLE seed_made.spindle_seed_99999999999_7_1 IS 'being filled by spindle_seed';
CREATE VIEW seed_made.kept AS SELECT * FROM seed_made.spindle_seed_99999999999_7_1;
RESET ROLE;
CALL spindle_seed('retail', 'seed_made', 'fabric_demo', tables => '{store}') \gset
SELECT :tables_created AS tables_created;
DROP SCHEMA seed_made, seed_triggers CASCADE;
DROP ROLE regress_spindle_seed_triggers;
