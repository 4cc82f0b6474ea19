--
-- spindle_to_tables: changes as INSERT, UPDATE and DELETE, a commit per transaction.
--
CREATE SCHEMA play;
\t on
\o /dev/null
SELECT spindle_ddl('retail', 'play') AS ddl \gset
\o
\t off
:ddl
-- Nothing is different behind the last change, whatever is on the way.
CREATE FUNCTION public.rest(scale text DEFAULT 'small', domain text DEFAULT 'retail') RETURNS TABLE (rows bigint, missing bigint, extra bigint, different bigint) LANGUAGE sql AS $$
  SELECT sum(found)::bigint, sum(missing)::bigint, sum(extra)::bigint, sum(different)::bigint FROM spindle_compare('play', domain, scale => scale)
$$;

-- What was committed, against what the stream says.
CREATE TABLE public.told (transactions bigint, inserts bigint, updates bigint, deletes bigint, last_position pg_lsn);
DO $$
DECLARE transactions bigint; inserts bigint; updates bigint; deletes bigint; at pg_lsn; seconds float8; rate float8;
BEGIN
  CALL spindle_to_tables('play', 'retail', scale => 'small', to_time => '2022-03-01', "position" => 'table', transactions_committed => transactions, inserts => inserts,
    updates => updates, deletes => deletes, last_position => at, duration_seconds => seconds, transactions_per_second_actual => rate);
  INSERT INTO public.told VALUES (transactions, inserts, updates, deletes, at);
END
$$;
SELECT t.transactions = c.transactions AND t.inserts = c.inserts AND t.updates = c.updates AND t.deletes = 0 AND t.last_position = c.last_position AS as_told, c.updates > 100 AS many
FROM public.told t, (SELECT count(*) FILTER (WHERE txn_last) AS transactions, count(*) FILTER (WHERE op IN ('r', 'c')) AS inserts, count(*) FILTER (WHERE op = 'u') AS updates, max("position") AS last_position
  FROM spindle_changes('retail', scale => 'small', to_time => '2022-03-01')) c;
SELECT p."position" = t.last_position AS kept, changes, stream FROM play.spindle_position p, public.told t;

-- From there on, with the habits of real writers, in other transactions.
CALL spindle_to_tables('play', 'retail', false, scale => 'small', to_time => '2022-04-01', "position" => 'table', resume => true,
  dml => spindle_dml_modes(rollback_fraction => 0.1, savepoint_fraction => 0.1, empty_fraction => 0.1, noop_fraction => 0.2));
CALL spindle_to_tables('play', 'retail', false, scale => 'small', to_time => '2022-05-01', "position" => 'table', resume => true, batch_size => 50);
CALL spindle_to_tables('play', 'retail', false, scale => 'small', to_time => '2022-05-10', "position" => 'table', resume => true, transactions => 'single');
CALL spindle_to_tables('play', 'retail', false, scale => 'small', "position" => 'table', resume => true, dml => spindle_dml_modes(transaction_size => 500));
SELECT * FROM rest();

-- Transactions stay whole, also the one that reaches max_events.
DELETE FROM play.return; DELETE FROM play.order_line; DELETE FROM play."order";
CALL spindle_to_tables('play', 'retail', false, scale => 'small', tables => '{order,order_line,return}', include_initial => false, max_events => 100, "position" => 'table');
SELECT (SELECT count(*) FROM play.order_line) = sum(l.n) AS whole FROM play."order", LATERAL (SELECT count(*) AS n FROM spindle_rows('retail', 'order_line', 'small') r (order_id bigint) WHERE r.order_id = "order".order_id) l;
CALL spindle_to_tables('play', 'retail', false, scale => 'small', tables => '{order,order_line,return}', include_initial => false, max_events => 0, "position" => 'table', resume => true);
CALL spindle_to_tables('play', 'retail', false, scale => 'small', tables => '{order,order_line,return}', include_initial => false, "position" => 'table', resume => true);
SELECT * FROM rest();

-- Nothing is left to do; from the start again, the rows are there.
CALL spindle_to_tables('play', 'retail', false, scale => 'small', "position" => 'table', resume => true);
DO $$ BEGIN CALL spindle_to_tables('play', 'retail', scale => 'small', report => true, max_events => 10, "position" => 'none'); EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', SQLSTATE; END $$;
\set VERBOSITY sqlstate
CALL spindle_to_tables('play', 'retail', true, scale => 'small', max_events => 10, "position" => 'none');
\set VERBOSITY default

-- The same in an error's context: what was committed, and where to go on.
DELETE FROM play.return; DELETE FROM play.order_line; DELETE FROM play."order";
CREATE FUNCTION play.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no order %', NEW.order_id; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON play."order" FOR EACH ROW WHEN (NEW.order_id = 20) EXECUTE FUNCTION play.refuse();
CALL spindle_to_tables('play', 'retail', true, tables => '{order,order_line,return}', scale => 'small', "position" => 'table');
SELECT count(*) FROM play."order";
DROP TRIGGER refuse ON play."order";
CALL spindle_to_tables('play', 'retail', false, tables => '{order,order_line,return}', scale => 'small', "position" => 'table', resume => true);
SELECT * FROM rest();

-- By several sessions, whose transactions interleave; some stay open while others commit.
TRUNCATE play.product_category, play.customer, play.store, play.promotion CASCADE;
CALL spindle_to_tables('play', 'retail', false, scale => 'small', to_time => '2022-03-01', "position" => 'table', dml => spindle_dml_modes(sessions => 3, hold => 10, savepoint_fraction => 0.1));
SELECT kept_in, session, sessions, changes, event_time = (SELECT max(event_time) FROM spindle_changes('retail', scale => 'small', to_time => '2022-03-01')) AS at_the_end,
  "position" = (SELECT max("position") FROM spindle_changes('retail', scale => 'small', to_time => '2022-03-01')) AS last FROM spindle_last_position('play', 'retail', 'small') WHERE kept_in = 'table';
SELECT sum(missing) + sum(extra) + sum(different) AS wrong FROM spindle_compare('play', 'retail', scale => 'small', as_of => '2022-03-01');
-- One of them fails; the others end with it, and what they were ahead of it is made up for.
CREATE TRIGGER refuse BEFORE INSERT ON play."order" FOR EACH ROW WHEN (NEW.order_id = 300) EXECUTE FUNCTION play.refuse();
\set VERBOSITY terse
CALL spindle_to_tables('play', 'retail', true, scale => 'small', "position" => 'table', resume => true, dml => spindle_dml_modes(sessions => 4));
\set VERBOSITY default
DROP TRIGGER refuse ON play."order";
SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'spindle apply worker';
SELECT count(*) > 1 AS ahead, count(*) = count(DISTINCT "position") AS not_equally, max(sessions) AS sessions FROM spindle_last_position('play', 'retail', 'small') WHERE session > 0;
CALL spindle_to_tables('play', 'retail', false, scale => 'small', "position" => 'table', resume => true, max_events => 0);
SELECT count(*) AS rows, bool_and(session IS NULL) AS even, (SELECT sum(missing) + sum(extra) + sum(different) FROM spindle_compare('play', 'retail', scale => 'small', as_of => max(event_time))) AS wrong
FROM spindle_last_position('play', 'retail', 'small') WHERE kept_in = 'table';
CALL spindle_to_tables('play', 'retail', false, scale => 'small', "position" => 'table', resume => true, max_events => 1000, dml => spindle_dml_modes(sessions => 2, transaction_size => 20));
CALL spindle_to_tables('play', 'retail', false, scale => 'small', to_time => '2022-09-01', "position" => 'table', resume => true);
SELECT sum(missing) + sum(extra) + sum(different) AS wrong FROM spindle_compare('play', 'retail', scale => 'small', as_of => '2022-09-01');

-- As the caller, whose rights they need.
CREATE ROLE regress_spindle_player;
GRANT USAGE ON SCHEMA play TO regress_spindle_player;
GRANT SELECT, INSERT ON play.customer TO regress_spindle_player;
SET ROLE regress_spindle_player;
CALL spindle_to_tables('play', 'retail', true, scale => 'small', "position" => 'table', from_time => '2025-01-01');
RESET ROLE;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA play TO regress_spindle_player;
REVOKE ALL ON play.spindle_position FROM regress_spindle_player;
SET ROLE regress_spindle_player;
CALL spindle_to_tables('play', 'retail', true, scale => 'small', "position" => 'none', from_time => '2025-01-01');
CALL spindle_to_tables('play', 'retail', true, scale => 'small', "position" => 'table', from_time => '2025-01-01');
SELECT * FROM spindle_last_position('play', 'retail', 'small');
\set VERBOSITY terse
CALL spindle_to_tables('play', 'retail', true, scale => 'small', "position" => 'none', from_time => '2025-01-01', dml => spindle_dml_modes(sessions => 2));
\set VERBOSITY default
RESET ROLE;

-- What cannot be.
CALL spindle_to_tables('nowhere', 'retail', true);
CALL spindle_to_tables('play', 'retail', true, tables => '{}');
CALL spindle_to_tables('play', 'retail', true, tables => '{orders}');
CALL spindle_to_tables('play', 'retail', true, transactions => 'none');
CALL spindle_to_tables('play', 'retail', true, batch_size => 0);
CALL spindle_to_tables('play', 'retail', true, "position" => 'file');
CALL spindle_to_tables('play', 'retail', true, "position" => 'none', resume => true);
CALL spindle_to_tables('play', 'retail', true, "position" => 'origin', transactions => 'single');
CALL spindle_to_tables('play', 'retail', true, dml => '{"session": 2}');
CALL spindle_to_tables('play', 'retail', true, transactions => 'single', dml => '{"sessions": 2}');
SELECT spindle_dml_modes(sessions => 0);
SELECT spindle_dml_modes(sessions => 33);
SELECT spindle_dml_modes(sessions => 1, hold => 5);
SELECT spindle_dml_modes(sessions => 2, hold => 0);
SELECT * FROM spindle_last_position('nowhere', 'retail');
SELECT * FROM spindle_last_position(NULL, 'retail', 'small', profile => 'none');
CALL spindle_to_tables('play', 'retail', true, profile => 'none');
SELECT spindle_dml_modes(noop_fraction => 2);
SELECT spindle_dml_modes(noop_fraction => 'NaN');
SELECT spindle_dml_modes(transaction_size => 0);
SELECT spindle_dml_modes(replica_identity => 'some');
SET extra_float_digits = -15;
SELECT spindle_dml_modes(), spindle_dml_modes(empty_fraction => 0.123456789), spindle_dml_modes(transaction_size => 3, empty_fraction => 0.5, replica_identity => 'full');
BEGIN;
CALL spindle_to_tables('play', 'retail', true);
ROLLBACK;
ALTER TABLE play.store RENAME COLUMN state TO region;
CALL spindle_to_tables('play', 'retail', true, scale => 'small');
ALTER TABLE play.store RENAME COLUMN region TO state;

-- Rows that are not there.
TRUNCATE play.return, play.order_line, play."order";
CALL spindle_to_tables('play', 'retail', true, scale => 'small', from_time => '2023-01-01', "position" => 'none', tables => '{order}');
SET client_min_messages = warning;
DROP SCHEMA play CASCADE;
RESET client_min_messages;

-- Deletes and their children, re-creation, cycles, keys of several columns, tables without a key, generated columns, partitions.
CREATE SCHEMA play;
SELECT spindle_create_domain('played', $definition$
{"spindle": 1, "description": "played", "range": {"start": "2024-01-01", "end": "2024-12-31"}, "presets": {"small": {"parent": 200}},
 "tables": {
  "parent": {"rows": {"kind": "preset"}, "key": "id", "event_time": "made", "columns": {
   "id": {"type": "integer", "rule": {"kind": "sequence"}},
   "made": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true}},
   "state": {"type": "text", "rule": {"kind": "weighted", "weights": {"new": 1, "open": 2, "done": 3}}},
   "price": {"type": "numeric(8,2)", "rule": {"kind": "uniform", "min": 1, "max": 99}},
   "twice": {"type": "numeric(9,2)", "rule": {"kind": "formula", "expression": "price * 2"}}},
   "lifecycle": {"states": {"column": "state", "initial": "new", "transitions": [
      {"from": "new", "to": "open", "weight": 3, "after": {"distribution": "uniform", "min": 1, "max": 9}, "unit": "hours"}, {"from": "new", "stay": 1},
      {"from": "open", "to": "done", "weight": 3, "after": {"distribution": "uniform", "min": 1, "max": 9}, "unit": "hours"}, {"from": "open", "stay": 1}]},
     "delete": {"after": {"distribution": "uniform", "min": 30, "max": 60}, "unit": "days", "fraction": 0.5}}},
  "child": {"rows": {"kind": "children", "of": "parent", "ratio": 2}, "key": ["parent_id", "number"], "columns": {
   "parent_id": {"type": "integer", "rule": {"kind": "parent"}},
   "number": {"type": "integer", "rule": {"kind": "ordinal"}},
   "tags": {"type": "text", "sql_type": "text[]", "rule": {"kind": "weighted", "weights": {"{a,b}": 1, "{}": 1}}}},
   "lifecycle": {"delete": {"with": "parent_id"}}},
  "loose": {"rows": {"kind": "children", "of": "parent", "ratio": 3}, "columns": {
   "parent_id": {"type": "integer", "rule": {"kind": "parent"}},
   "word": {"type": "text", "null": 0.3, "rule": {"kind": "weighted", "weights": {"a": 1, "b": 1}}}},
   "lifecycle": {"delete": {"with": "parent_id"}}}}}
$definition$);
CREATE TABLE play.parent (id int GENERATED ALWAYS AS IDENTITY, made timestamptz, state text, price numeric, twice numeric GENERATED ALWAYS AS (price * 2) STORED) PARTITION BY LIST (state);
CREATE TABLE play.parent_new PARTITION OF play.parent FOR VALUES IN ('new');
CREATE TABLE play.parent_rest PARTITION OF play.parent DEFAULT;
CREATE TABLE play.child (number smallint, parent_id bigint, tags varchar(10)[], extra int DEFAULT 7, PRIMARY KEY (parent_id, number));
CREATE TABLE play.loose (word text, parent_id int);
CALL spindle_to_tables('play', 'played', false, "position" => 'none', dml => spindle_dml_modes(delete_insert_fraction => 0.3, noop_fraction => 0.3));
TRUNCATE play.parent, play.child, play.loose;
CALL spindle_to_tables('play', 'played', false, "position" => 'none', dml => spindle_dml_modes(sessions => 4, hold => 5, delete_insert_fraction => 0.3, noop_fraction => 0.3));
SELECT p.relname, count(*) > 0 AS some, count(*) = (SELECT sum(CASE op WHEN 'c' THEN 1 WHEN 'd' THEN -1 ELSE 0 END) FROM spindle_changes('played', p.relname)) AS as_told
FROM (SELECT 'parent' AS relname FROM play.parent UNION ALL SELECT 'child' FROM play.child WHERE extra = 7 UNION ALL SELECT 'loose' FROM play.loose) p GROUP BY 1 ORDER BY 1;
CREATE FUNCTION public.last(relation text) RETURNS SETOF json LANGUAGE sql AS $$
  SELECT after FROM (SELECT DISTINCT ON (key::text) after FROM spindle_changes('played', relation) ORDER BY key::text, delivery_seq DESC) l WHERE after IS NOT NULL
$$;
SELECT count(*) AS wrong FROM ((SELECT id, state, price FROM play.parent) EXCEPT (SELECT r.id, r.state, r.price FROM last('parent') l, json_to_record(l) r (id int, state text, price numeric))) x;
SELECT count(*) AS wrong FROM ((SELECT parent_id, number, tags::text FROM play.child) EXCEPT (SELECT r.parent_id, r.number, r.tags FROM last('child') l, json_to_record(l) r (parent_id int, number int, tags text))) x;
SELECT count(*) AS wrong FROM ((SELECT parent_id, word FROM play.loose) EXCEPT ALL (SELECT r.parent_id, r.word FROM spindle_rows('played', 'loose') r (parent_id int, word text))) x;

-- Operators are those of the columns' types, whatever stands in search_path.
CREATE SCHEMA evil;
CREATE FUNCTION evil.trap(varchar, varchar) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE OPERATOR evil.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = evil.trap);
CREATE FUNCTION evil.trap(oid, oid) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE OPERATOR evil.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = evil.trap);
CREATE FUNCTION evil.trap(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.trap);
ALTER TABLE play.loose ALTER word TYPE varchar;
ALTER TABLE play.child ALTER parent_id TYPE numeric;
TRUNCATE play.parent, play.child, play.loose;
SET search_path = evil, pg_catalog, public;
CALL spindle_to_tables('play', 'played', false, "position" => 'table');
CALL spindle_to_tables('play', 'played', false, "position" => 'table', resume => true);
RESET search_path;
SELECT (SELECT count(*) FROM play.child) = (SELECT sum(CASE op WHEN 'c' THEN 1 WHEN 'd' THEN -1 ELSE 0 END) FROM spindle_changes('played', 'child')) AS as_told,
  (SELECT count(*) FROM play.loose) = (SELECT sum(CASE op WHEN 'c' THEN 1 WHEN 'd' THEN -1 ELSE 0 END) FROM spindle_changes('played', 'loose')) AS also;
SET client_min_messages = warning;
DROP SCHEMA evil CASCADE;
RESET client_min_messages;

-- One that stays open does not wait for others who wait for its lock, of whatever kind.
TRUNCATE play.parent, play.child, play.loose;
CREATE FUNCTION play.one_by_one() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NEW; END $$;
CREATE TRIGGER one_by_one BEFORE INSERT OR UPDATE ON play.parent FOR EACH ROW EXECUTE FUNCTION play.one_by_one();
SET statement_timeout = '60s';
CALL spindle_to_tables('play', 'played', false, max_events => 200, "position" => 'none', dml => spindle_dml_modes(sessions => 3, hold => 5));
RESET statement_timeout;
SELECT count(*) > 10 AS some FROM play.parent;

-- A trigger that leaves the origin stops the call, which leaves nothing locked.
TRUNCATE play.parent, play.child, play.loose;
CREATE FUNCTION play.leave() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_replication_origin_session_reset(); RETURN NULL; END $$;
CREATE TRIGGER leave AFTER INSERT ON play.parent FOR EACH STATEMENT EXECUTE FUNCTION play.leave();
\set VERBOSITY terse
CALL spindle_to_tables('play', 'played', false, "position" => 'origin');
\set VERBOSITY default
SELECT count(*) AS locks FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
SELECT count(pg_replication_origin_drop(roname)) FROM pg_replication_origin WHERE roname LIKE 'spindle:play:played:%';

SELECT spindle_drop_domain('played');
SET client_min_messages = warning;
DROP SCHEMA play CASCADE;
DROP ROLE regress_spindle_player;
DROP TABLE public.told;
DROP FUNCTION public.rest, public.last;
