--
-- What the planner expects of conditions on single columns, without ANALYZE, is
-- as near to the truth as with it: for all columns of two domains.
--
SET client_min_messages = warning;
SET timezone = 'UTC';
\getenv abs_srcdir PG_ABS_SRCDIR
\set domains :abs_srcdir '/data'
\set functions :abs_srcdir '/../bench/estimates.sql'
SET spindle.domain_directory = :'domains';
CREATE SCHEMA estimates;
\set ECHO none
\i :functions
\set ECHO all
CREATE SCHEMA estimates_generated;
CREATE SCHEMA estimates_stored;
CREATE PROCEDURE store() LANGUAGE plpgsql AS $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'estimates_generated'::regnamespace LOOP
    EXECUTE format('CREATE TABLE estimates_stored.%1$I AS SELECT * FROM estimates_generated.%1$I', name);
    EXECUTE format('ANALYZE estimates_stored.%I', name);
  END LOOP;
END
$$;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO estimates_generated OPTIONS (scale 'small');
IMPORT FOREIGN SCHEMA combinations FROM SERVER spindle INTO estimates_generated;
CALL store();
CALL estimates.compare('estimates_generated', 'estimates_stored');
SELECT count(*) > 500 AS conditions FROM estimates.condition;
SELECT * FROM estimates.beyond(1.2);

DROP SCHEMA estimates, estimates_generated, estimates_stored CASCADE;
DROP PROCEDURE store;
