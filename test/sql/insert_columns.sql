--
-- spindle_fill and spindle_to_table match, convert and check the columns of a
-- target alike.  What one refuses the other does, with the same message but for
-- what the rows are called.
--
CREATE SCHEMA insert_columns;
SET search_path = insert_columns, public;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
\set fill 'SELECT spindle_fill(''target'', ''retail'', ''return'', columns => :columns, max_rows => 3)'
\set to_table 'CALL spindle_to_table(''target'', ''retail'', ''return'', max_events => 3)'

-- A text goes to a type that can read it, also one whose name needs quotes and
-- is not in the search_path.
CREATE SCHEMA "other types";
SELECT format('CREATE TYPE "other types".reason AS ENUM (%s)', string_agg(DISTINCT quote_literal(reason), ', '))
FROM spindle_rows('retail', 'return') AS t(reason text) \gexec
CREATE DOMAIN "other types"."the reason" AS "other types".reason;
CREATE TABLE target (reason "other types".reason, return_id text, again "other types"."the reason" GENERATED ALWAYS AS (reason) STORED);
\set columns '''{return_id,reason}'''
:fill;
:to_table \gset r_
SELECT count(*), count(DISTINCT return_id) AS returns, count(reason) AS reasons FROM target;
ALTER TABLE target DROP again;
ALTER TABLE target ALTER reason TYPE "other types"."the reason";
:fill;
:to_table \gset r_
SELECT count(*), count(DISTINCT return_id) AS returns, count(reason) AS reasons FROM target;
-- a text that it cannot read is an error of the row
TRUNCATE target;
ALTER TABLE target ALTER reason TYPE text[] USING NULL;
:fill; -- ERROR
:to_table; -- ERROR
ALTER TABLE target ALTER reason TYPE uuid USING NULL;
:fill; -- ERROR
:to_table; -- ERROR
SELECT count(*) FROM target;
-- what is no text needs an assignment cast
DROP TABLE target;
CREATE TABLE target (return_id boolean, reason text);
:fill; -- ERROR
\echo :SQLSTATE
:to_table; -- ERROR
\echo :SQLSTATE

-- A column that would be null, and must not.
DROP TABLE target;
CREATE TABLE target (return_id int, reason text, source text NOT NULL);
:fill; -- ERROR
\echo :SQLSTATE
:to_table; -- ERROR
\echo :SQLSTATE
-- a trigger may give it a value
CREATE FUNCTION set_source() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.source := TG_NAME;
  RETURN NEW;
END
$$;
CREATE TRIGGER by_trigger BEFORE INSERT ON target FOR EACH ROW EXECUTE FUNCTION set_source();
:fill;
:to_table \gset r_
SELECT source, count(*) FROM target GROUP BY 1;
-- but not if its type does not allow null
CREATE DOMAIN required AS text NOT NULL;
ALTER TABLE target ALTER source TYPE required;
:fill; -- ERROR
:to_table; -- ERROR
-- one that does not see rows cannot
DROP TABLE target;
CREATE TABLE target (return_id int, reason text, source text NOT NULL);
CREATE TRIGGER of_statement BEFORE INSERT ON target FOR EACH STATEMENT EXECUTE FUNCTION set_source();
:fill; -- ERROR
:to_table; -- ERROR
-- that of a partition can, for its rows
DROP TABLE target;
CREATE TABLE target (return_id int, reason text, source text NOT NULL) PARTITION BY RANGE (return_id);
CREATE TABLE low PARTITION OF target FOR VALUES FROM (0) TO (3);
CREATE TABLE high PARTITION OF target DEFAULT;
:fill; -- ERROR
:to_table; -- ERROR
CREATE TRIGGER of_low BEFORE INSERT ON low FOR EACH ROW EXECUTE FUNCTION set_source();
:fill; -- ERROR
:to_table; -- ERROR
SELECT count(*) FROM target;
CREATE TRIGGER of_high BEFORE INSERT ON high FOR EACH ROW EXECUTE FUNCTION set_source();
:fill;
:to_table \gset r_
SELECT source, count(*) FROM target GROUP BY 1 ORDER BY 1;
-- a rule can, and of views we cannot tell
DROP TABLE target;
CREATE TABLE made (return_id int, reason text, source text NOT NULL);
CREATE TABLE target (LIKE made);
CREATE RULE instead AS ON INSERT TO target DO INSTEAD INSERT INTO made VALUES (NEW.return_id, NEW.reason, 'rule');
:fill;
:to_table \gset r_
SELECT source, count(*) FROM made GROUP BY 1;
DROP TABLE target;
CREATE VIEW target AS SELECT return_id, reason, source FROM made;
:fill; -- ERROR
:to_table; -- ERROR
ALTER VIEW target ALTER source SET DEFAULT 'view';
:fill;
:to_table \gset r_
SELECT source, count(*) FROM made GROUP BY 1 ORDER BY 1;

-- A target that computes all columns has none to fill.
CREATE TABLE computed (return_id int GENERATED ALWAYS AS (1) STORED, order_id bigint GENERATED ALWAYS AS (1) STORED,
  return_date timestamptz GENERATED ALWAYS AS ('2024-01-01 UTC') STORED, reason text GENERATED ALWAYS AS ('x') STORED, refund_amount int GENERATED ALWAYS AS (1) STORED);
SELECT spindle_fill('computed', 'retail', 'return'); -- ERROR
\echo :SQLSTATE
CALL spindle_to_table('computed', 'retail', 'return'); -- ERROR
\echo :SQLSTATE
-- Only identity columns differ, see the reference: the events of a table may be
-- numbered by their target, rows that fill it keep their keys.
CREATE TABLE numbered (return_id int GENERATED ALWAYS AS IDENTITY (START 1000), reason text);
SELECT spindle_fill('numbered', 'retail', 'return', columns => '{return_id,reason}', first_row => 2, max_rows => 1);
CALL spindle_to_table('numbered', 'retail', 'return', max_events => 1) \gset r_
SELECT return_id FROM numbered ORDER BY 1;

SET client_min_messages = warning;
DROP SCHEMA insert_columns, "other types" CASCADE;
