--
-- spindle_to_program, spindle_to_channel, spindle_to_wal and spindle_to_table:
-- arguments, results and the errors that name an event.
--
-- Procedures commit, so no function can catch what they raise: psql shows it,
-- and its SQLSTATE is echoed.  What consumers see of notifications, messages and
-- rows is in test/t/010_deliver_consumers.pl.
CREATE SCHEMA deliver;
SET search_path = deliver, public;
SET timezone = 'UTC';
SELECT current_setting('data_directory') || '/spindle_deliver' AS dir \gset
COPY (SELECT WHERE false) TO PROGRAM 'rm -rf spindle_deliver && mkdir spindle_deliver';

-- The figures of a CALL or SELECT that ended in \gset r_: time and rate differ
-- from run to run, so they only have to fit together.
\set figures 'SELECT :''r_table_name'' AS table_name, :r_events_sent AS events, :r_anomaly_count AS anomalies, :r_out_of_order_count AS late, :r_bytes_sent AS bytes, :r_duration_seconds > 0 AS duration, abs(:r_events_sent - :r_duration_seconds * :r_events_per_second_actual) < 0.001 AS rate'

-- A relation with an event time, and one with events too long for notifications.
CREATE TABLE source (id int, at timestamptz, note text);
INSERT INTO source SELECT i, '2024-01-01 UTC'::timestamptz + i * interval '1 minute', 'note ' || i FROM generate_series(1, 30) i;
CREATE TABLE long AS TABLE source;
UPDATE long SET note = repeat('x', 8000) WHERE id IN (8, 20, 21);

--
-- Procedures commit, so they are refused where nobody can.
--
BEGIN;
CALL spindle_to_channel('c', 'retail', 'order'); -- ERROR
\echo :SQLSTATE
ROLLBACK;
BEGIN;
CALL spindle_to_wal('p', 'retail', 'order'); -- ERROR
\echo :SQLSTATE
ROLLBACK;
BEGIN;
CALL spindle_to_table('source', 'long'::regclass); -- ERROR
\echo :SQLSTATE
ROLLBACK;
-- nor in a function, nor in a block that catches errors
CREATE FUNCTION calls() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  t text := 'order'; n bigint; a bigint; l bigint; b bigint; s float8; r float8;
BEGIN
  CALL spindle_to_channel('c', 'retail', t, events_sent => n, anomaly_count => a, out_of_order_count => l,
    bytes_sent => b, duration_seconds => s, events_per_second_actual => r);
END
$$;
\set SHOW_CONTEXT never
SELECT calls(); -- ERROR
\echo :SQLSTATE
DO $$ BEGIN PERFORM calls(); END $$; -- ERROR
\echo :SQLSTATE
DO $$
DECLARE
  t text := 'order'; n bigint; a bigint; l bigint; b bigint; s float8; r float8;
BEGIN
  CALL spindle_to_channel('c', 'retail', t, max_events => 3, batch_size => 2, events_sent => n, anomaly_count => a,
    out_of_order_count => l, bytes_sent => b, duration_seconds => s, events_per_second_actual => r);
EXCEPTION WHEN division_by_zero THEN NULL;
END
$$; -- ERROR
\echo :SQLSTATE
\set SHOW_CONTEXT errors
-- Any other procedure or DO block can.
DO $$
DECLARE
  t text := 'order'; n bigint; a bigint; l bigint; b bigint; s float8; r float8;
BEGIN
  FOR i IN 1 .. 2 LOOP
    CALL spindle_to_channel('c', 'retail', t, max_events => 3, batch_size => 2, events_sent => n, anomaly_count => a,
      out_of_order_count => l, bytes_sent => b, duration_seconds => s, events_per_second_actual => r);
    RAISE NOTICE '% % % %', t, n, a, l;
  END LOOP;
END
$$;
-- A program is only written to, so it is a function.
BEGIN;
SELECT events_sent FROM spindle_to_program('cat >/dev/null', 'retail', 'order', max_events => 3);
ROLLBACK;

--
-- Figures under cuts, late events, anomalies and skipped events: of what was
-- delivered, in each sink the same but for bytes.  A line has one byte more than
-- a message.
--
\set args '''retail'', ''order'', ''fabric_demo'', max_events => 500, duration => ''30 s'', out_of_order_fraction => 0.1, anomalies => ''[{"type": "point", "name": "p", "column": "order_total", "fraction": 0.2}]'''
SELECT count(*) AS events, sum(is_anomaly::int) AS anomalies, count(*) FILTER (WHERE seq < highest) AS late,
  sum(octet_length(event::text)) AS bytes, sum(octet_length(event::text) + 1) AS as_lines
FROM (SELECT *, max(seq) OVER (ORDER BY delivery_seq) AS highest FROM spindle_stream(:args)) s
WHERE delivery_seq >= 20;
SELECT * FROM spindle_to_program('cat >/dev/null', :args, skip_events => 20) \gset r_
:figures;
CALL spindle_to_channel('c', :args, skip_events => 20) \gset r_
:figures;
CALL spindle_to_channel('c', :args, skip_events => 20, batch_size => 1) \gset r_
:figures;
CALL spindle_to_wal('p', :args, skip_events => 20) \gset r_
:figures;
CALL spindle_to_wal('p', :args, skip_events => 20, transactional => true, batch_size => 7) \gset r_
:figures;
CREATE TABLE figures (order_id bigint, order_total numeric);
CALL spindle_to_table('figures', :args, skip_events => 20, batch_size => 33) \gset r_
:figures;
SELECT count(*) FROM figures;
-- Labels that are not shown are counted all the same.
SELECT * FROM spindle_to_program('cat >/dev/null', :args, skip_events => 20, label_anomalies => false) \gset r_
:figures;
CALL spindle_to_wal('p', :args, skip_events => 20, label_anomalies => false) \gset r_
:figures;
-- a relation; nothing to deliver
CALL spindle_to_channel('c', 'source'::regclass, skip_events => 25) \gset r_
:figures;
CALL spindle_to_channel('c', 'source'::regclass, skip_events => 30) \gset r_
:figures;
CALL spindle_to_table('figures', 'retail', 'order', max_events => 0) \gset r_
:figures;
-- a whole domain has no table_name
CALL spindle_to_channel('c', 'retail', scale => 'fabric_demo', max_events => 10) \gset r_
SELECT :'r_events_sent' AS events;
CALL spindle_to_channel('c', 'retail', 'order', batch_size => 0); -- ERROR
\echo :SQLSTATE

--
-- Channel
--
CALL spindle_to_channel('', 'retail', 'order'); -- ERROR
\echo :SQLSTATE
CALL spindle_to_channel(repeat('c', 64), 'retail', 'order'); -- ERROR
\echo :SQLSTATE
CALL spindle_to_channel(repeat('c', 63), 'retail', 'order', max_events => 1) \gset r_
\echo :r_events_sent
CALL spindle_to_channel(NULL, 'retail', 'order'); -- ERROR
\echo :SQLSTATE
CALL spindle_to_channel('c', 'retail', 'order', oversize => 'cut'); -- ERROR
\echo :SQLSTATE
CALL spindle_to_channel('c', 'retail', 'order', oversize => NULL); -- ERROR
\echo :SQLSTATE
-- An event of 8000 bytes or more ends the stream; batches before it stay.
CALL spindle_to_channel('c', 'long'::regclass, batch_size => 5); -- ERROR
\echo :SQLSTATE
CALL spindle_to_channel('c', 'long'::regclass, skip_events => 5, batch_size => 1); -- ERROR
-- One byte less is sent: the limit is that of pg_notify.
DO $$ BEGIN PERFORM pg_notify('c', repeat('x', 8000)); END $$; -- ERROR
CREATE TABLE edge (note text);
INSERT INTO edge VALUES ('');
SELECT 7999 - length(event::text) AS room FROM spindle_stream('edge'::regclass) \gset
UPDATE edge SET note = repeat('x', :room);
CALL spindle_to_channel('c', 'edge'::regclass) \gset r_
\echo :r_events_sent :r_bytes_sent
UPDATE edge SET note = note || 'x';
CALL spindle_to_channel('c', 'edge'::regclass); -- ERROR
-- 'skip' leaves such events out and counts them; figures do not include them,
-- even if they are anomalies.
CALL spindle_to_channel('c', 'long'::regclass, batch_size => 5, oversize => 'skip') \gset r_
:figures;
CALL spindle_to_channel('c', 'long'::regclass, skip_events => 7, max_events => 8, oversize => 'skip') \gset r_
:figures;
CALL spindle_to_channel('c', 'long'::regclass, oversize => 'skip',
  anomalies => '[{"type": "point", "name": "p", "column": "id", "fraction": 1}]') \gset r_
\echo :r_events_sent :r_anomaly_count

--
-- WAL
--
CALL spindle_to_wal('', 'retail', 'order'); -- ERROR
\echo :SQLSTATE
CALL spindle_to_wal(NULL, 'retail', 'order'); -- ERROR
\echo :SQLSTATE
CALL spindle_to_wal('p', 'retail', 'order', transactional => NULL); -- ERROR
\echo :SQLSTATE

--
-- Program
--
SELECT spindle_to_program('', 'retail', 'order'); -- ERROR
\echo :SQLSTATE
SELECT spindle_to_program(E' \t\n', 'retail', 'order'); -- ERROR
\echo :SQLSTATE
SELECT spindle_to_program(NULL, 'retail', 'order'); -- ERROR
\echo :SQLSTATE
-- What it reads is what spindle_stream gives, in its order.
SELECT events_sent, bytes_sent = (pg_stat_file(:'dir' || '/lines')).size AS bytes
FROM spindle_to_program('cat >spindle_deliver/lines', 'retail', 'order', out_of_order_fraction => 0.1);
SELECT md5(pg_read_file(:'dir' || '/lines')) = md5(string_agg(event::text || E'\n', '' ORDER BY delivery_seq)) AS same
FROM spindle_stream('retail', 'order', out_of_order_fraction => 0.1);
-- It is run by the shell, and its input ends, even without any event.
SELECT events_sent FROM spindle_to_program('(echo begin; wc -l; echo end) >spindle_deliver/wc', 'long'::regclass);
SELECT pg_read_file(:'dir' || '/wc');
SELECT events_sent FROM spindle_to_program('wc -l >spindle_deliver/wc', 'source'::regclass, max_events => 0);
SELECT pg_read_file(:'dir' || '/wc');
-- Its exit status counts, even if it has read everything.
SELECT spindle_to_program('cat >/dev/null; exit 3', 'source'::regclass); -- ERROR
\echo :SQLSTATE
SELECT spindle_to_program('cat >/dev/null; kill -KILL $$', 'source'::regclass); -- ERROR
-- A program that ends too early: how far we had come depends on its pipe.
\set SHOW_CONTEXT never
SELECT spindle_to_program('exit 7', 'retail', 'order_line', 'medium'); -- ERROR
\echo :SQLSTATE
SELECT spindle_to_program('head -n 1 >/dev/null', 'retail', 'order_line', 'medium'); -- ERROR
\echo :SQLSTATE
SELECT spindle_to_program('spindle_no_such_program 2>/dev/null', 'retail', 'order_line', 'medium'); -- ERROR
\echo :SQLSTATE
\set SHOW_CONTEXT errors
-- Privileges are those of COPY TO PROGRAM.
CREATE ROLE regress_spindle_deliverer;
GRANT USAGE ON SCHEMA deliver TO regress_spindle_deliverer;
GRANT SELECT ON source TO regress_spindle_deliverer;
SET ROLE regress_spindle_deliverer;
SELECT spindle_to_program('cat >/dev/null', 'source'::regclass); -- ERROR
\echo :SQLSTATE
SELECT spindle_to_program('cat >/dev/null', 'retail', 'order'); -- ERROR
\echo :SQLSTATE
RESET ROLE;
GRANT pg_execute_server_program TO regress_spindle_deliverer;
SET ROLE regress_spindle_deliverer;
SELECT events_sent FROM spindle_to_program('cat >/dev/null', 'source'::regclass);
-- what the caller may not read, it cannot send
SELECT spindle_to_program('cat >/dev/null', 'long'::regclass); -- ERROR
\echo :SQLSTATE
RESET ROLE;
REVOKE pg_execute_server_program FROM regress_spindle_deliverer;

--
-- Table: what cannot be inserted is refused before the first row.
--
CALL spindle_to_table(NULL, 'source'::regclass); -- ERROR
\echo :SQLSTATE
CALL spindle_to_table(1, 'source'::regclass); -- ERROR
\echo :SQLSTATE
CALL spindle_to_table('figures', 'retail'); -- ERROR
\echo :SQLSTATE
CREATE TABLE refused (a int);
CALL spindle_to_table('refused', 'source'::regclass); -- ERROR
\echo :SQLSTATE
-- columns that tell of events do not make a target
CREATE TABLE refused_own (_spindle_seq bigint);
CALL spindle_to_table('refused_own', 'source'::regclass); -- ERROR
CREATE TABLE refused_not_null (id int, kind text NOT NULL);
CALL spindle_to_table('refused_not_null', 'source'::regclass); -- ERROR
\echo :SQLSTATE
CREATE TABLE refused_type (id bool, note text);
CALL spindle_to_table('refused_type', 'source'::regclass); -- ERROR
\echo :SQLSTATE
CREATE TABLE bare ();
INSERT INTO bare DEFAULT VALUES;
CALL spindle_to_table('refused', 'bare'::regclass); -- ERROR
CREATE SEQUENCE a_sequence;
CALL spindle_to_table('a_sequence', 'source'::regclass); -- ERROR
CREATE INDEX an_index ON source (id);
CALL spindle_to_table('an_index', 'source'::regclass); -- ERROR
\echo :SQLSTATE
CREATE VIEW refused_view AS SELECT DISTINCT id FROM refused_not_null;
CALL spindle_to_table('refused_view', 'source'::regclass); -- ERROR
\echo :SQLSTATE

--
-- Table: columns by name in any order, defaults, generated and identity columns,
-- and those that tell of the event.
--
CREATE TABLE target (
  _spindle_seq bigint,
  note text,
  dropped int,
  filled text NOT NULL DEFAULT 'default',
  twice int GENERATED ALWAYS AS (id * 2) STORED NOT NULL,
  number int GENERATED ALWAYS AS IDENTITY,
  serial serial,
  id int,
  missing text,
  _spindle_table text,
  _spindle_event_time timestamptz,
  _spindle_is_anomaly bool,
  _spindle_anomaly_type text
);
ALTER TABLE target DROP COLUMN dropped;
\set args '''source''::regclass, max_events => 6, out_of_order_fraction => 0.3, out_of_order_max_delay_slots => 2, anomalies => ''[{"type": "point", "name": "p", "column": "id", "fraction": 0.3}]'''
CALL spindle_to_table('target', :args, batch_size => 4) \gset r_
:figures;
SELECT * FROM target ORDER BY number;
-- the same as the stream tells
SELECT count(*) FROM target t JOIN spindle_stream(:args) s
  ON t.number = s.delivery_seq + 1 AND t._spindle_seq = s.seq AND t._spindle_table = s.table_name
  AND t._spindle_event_time = s.event_time AND t._spindle_is_anomaly = s.is_anomaly
  AND t._spindle_anomaly_type IS NOT DISTINCT FROM s.anomaly_type
  AND t.id = (s.event ->> 'id')::int AND t.note = s.event ->> 'note';
-- without labels these columns are null
TRUNCATE target;
CALL spindle_to_table('target', :args, label_anomalies => false) \gset r_
\echo :r_anomaly_count
SELECT count(*), count(_spindle_is_anomaly) AS told, count(_spindle_anomaly_type) AS types, count(*) FILTER (WHERE id > 30) AS changed FROM target;
-- an event without time has none here
CREATE TABLE timeless AS SELECT 1 AS id;
TRUNCATE target;
CALL spindle_to_table('target', 'timeless'::regclass) \gset r_
SELECT _spindle_table, _spindle_seq, _spindle_event_time, id, note FROM target;
-- An identity column that may be given is given, and takes its own numbers
-- otherwise.
CREATE TABLE by_default (id int GENERATED BY DEFAULT AS IDENTITY (START 100), other int GENERATED BY DEFAULT AS IDENTITY (START 100), note text);
CALL spindle_to_table('by_default', 'source'::regclass, skip_events => 28) \gset r_
SELECT * FROM by_default ORDER BY id;
CREATE TABLE always (id int GENERATED ALWAYS AS IDENTITY (START 100), note text);
CALL spindle_to_table('always', 'source'::regclass, skip_events => 28) \gset r_
SELECT * FROM always ORDER BY id;
-- names that need quotes, and a temporary table
CREATE TABLE "so ""quoted" ("sel ect" int, "Note" text);
INSERT INTO "so ""quoted" VALUES (1, 'x');
CREATE TEMP TABLE "copy of ""it" (LIKE "so ""quoted");
CALL spindle_to_table('"copy of ""it"', '"so ""quoted"'::regclass) \gset r_
TABLE "copy of ""it";
-- A table that grows from itself is read before it is written.
CREATE TABLE itself AS SELECT i FROM generate_series(1, 3) i;
CALL spindle_to_table('itself', 'itself'::regclass, batch_size => 1) \gset r_
SELECT count(*), sum(i) FROM itself;

--
-- Table: types.  Assignment casts, and input functions for texts.
--
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN mooded AS mood;
CREATE TYPE pair AS (a int, b text);
SET client_min_messages = warning;
CREATE TYPE tag;
CREATE FUNCTION tag_in(cstring) RETURNS tag LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION tag_out(tag) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE tag (INPUT = tag_in, OUTPUT = tag_out, LIKE = text);
RESET client_min_messages;
CREATE FUNCTION tag_of(int) RETURNS tag LANGUAGE sql IMMUTABLE AS $$ SELECT deliver.tag_in(CAST('tag ' || $1 AS cstring)) $$;
CREATE CAST (int AS tag) WITH FUNCTION tag_of(int) AS ASSIGNMENT;
CREATE TABLE typed_source (a int, b text, c text, d text, e text, f int, g timestamptz, h numeric, i bigint, j text, k jsonb, l text[], m varchar(10), n text);
INSERT INTO typed_source VALUES (5, 'ok', 'happy', '(7,"x y")', 'a tag', 6, '2024-02-03 04:05:06 UTC', 1.25, 7, '1 day', '{"x": 1}', '{p,q}', 'sad', NULL);
CREATE TABLE typed (a positive, b mood, c mooded, d pair, e tag, f tag, g date, h int, i text, j interval, k json, l varchar[], m mood, n mood);
CALL spindle_to_table('typed', 'typed_source'::regclass) \gset r_
TABLE typed;
-- lengths are those of INSERT
CREATE TABLE short (note varchar(6));
CALL spindle_to_table('short', 'source'::regclass, batch_size => 2); -- ERROR
\echo :SQLSTATE
SELECT count(*) FROM short;
-- a value that its type refuses
UPDATE typed_source SET a = -1;
CALL spindle_to_table('typed', 'typed_source'::regclass); -- ERROR
\echo :SQLSTATE
UPDATE typed_source SET a = 1, b = 'none';
CALL spindle_to_table('typed', 'typed_source'::regclass); -- ERROR
\echo :SQLSTATE
-- domains that say what a column may not be, or is
CREATE DOMAIN required AS int NOT NULL;
CREATE TABLE with_required (id int, must required);
CALL spindle_to_table('with_required', 'source'::regclass); -- ERROR
\echo :SQLSTATE
CREATE DOMAIN with_default AS int NOT NULL DEFAULT 4;
CREATE TABLE has_default (id int, has with_default NOT NULL);
CALL spindle_to_table('has_default', 'source'::regclass, max_events => 1) \gset r_
TABLE has_default;

--
-- Table: partitions, triggers, views, rights.
--
CREATE TABLE parts (id int, note text) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (11);
CREATE TABLE parts_2 (extra int, note text, id int);
ALTER TABLE parts_2 DROP COLUMN extra;
ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES FROM (11) TO (26);
-- the event with seq 25 has no partition
CALL spindle_to_table('parts', 'source'::regclass, batch_size => 10); -- ERROR
\echo :SQLSTATE
CREATE TABLE parts_rest PARTITION OF parts DEFAULT;
CALL spindle_to_table('parts', 'source'::regclass, batch_size => 10, skip_events => 20) \gset r_
SELECT tableoid::regclass, count(*), min(id), max(id) FROM parts GROUP BY 1 ORDER BY 3;

-- Row triggers see each event, and may change it, leave it out, or fail.
CREATE TABLE triggered (id int, note text);
CREATE TABLE seen (n serial, id int, rows int);
CREATE FUNCTION before_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id = current_setting('deliver.fails_at', true)::int THEN
    RAISE EXCEPTION 'no % here', NEW.id USING ERRCODE = current_setting('deliver.code');
  END IF;
  NEW.note := upper(NEW.note);
  RETURN CASE WHEN NEW.id % 2 = 0 THEN NEW END;
END
$$;
CREATE TRIGGER before_row BEFORE INSERT ON triggered FOR EACH ROW EXECUTE FUNCTION before_row();
CREATE FUNCTION after_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO seen (id) VALUES (NEW.id);
  RETURN NULL;
END
$$;
CREATE TRIGGER after_row AFTER INSERT ON triggered FOR EACH ROW EXECUTE FUNCTION after_row();
CREATE FUNCTION after_batch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO seen (rows) SELECT count(*) FROM fresh;
  RETURN NULL;
END
$$;
CREATE TRIGGER after_batch AFTER INSERT ON triggered REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION after_batch();
SET deliver.fails_at = 0;
SET deliver.code = 'P0001';
CALL spindle_to_table('triggered', 'source'::regclass, max_events => 6, batch_size => 4) \gset r_
-- events that the trigger left out have been delivered, too
\echo :r_events_sent
SELECT * FROM triggered ORDER BY id;
SELECT id, rows FROM seen ORDER BY n;
-- A failure in the first, in a middle and in the last event of a batch: the batch
-- is gone altogether, with what triggers did for it.
TRUNCATE triggered, seen;
SET deliver.fails_at = 5;
CALL spindle_to_table('triggered', 'source'::regclass, batch_size => 4); -- ERROR
\echo :SQLSTATE
SELECT (SELECT count(*) FROM triggered) AS rows, (SELECT count(id) FROM seen) AS seen;
SET deliver.fails_at = 7;
CALL spindle_to_table('triggered', 'source'::regclass, batch_size => 4, skip_events => 4); -- ERROR
SELECT (SELECT count(*) FROM triggered) AS rows, (SELECT count(id) FROM seen) AS seen;
SET deliver.fails_at = 12;
CALL spindle_to_table('triggered', 'source'::regclass, batch_size => 4, skip_events => 4); -- ERROR
SELECT (SELECT count(*) FROM triggered) AS rows, (SELECT count(id) FROM seen) AS seen;
-- skip_events as the context says: in the end all are there, and once
SET deliver.fails_at = 0;
CALL spindle_to_table('triggered', 'source'::regclass, batch_size => 4, skip_events => 8) \gset r_
SELECT count(*), count(DISTINCT id), sum(id) FROM triggered;
-- Errors that are no fault of an event leave no transaction open, either.
TRUNCATE triggered;
SET deliver.fails_at = 3;
SET deliver.code = '57014';
\set SHOW_CONTEXT never
CALL spindle_to_table('triggered', 'source'::regclass); -- ERROR
\echo :SQLSTATE
SET deliver.code = '53100';
CALL spindle_to_table('triggered', 'source'::regclass); -- ERROR
\echo :SQLSTATE
SET deliver.code = '42P01';
CALL spindle_to_table('triggered', 'source'::regclass, batch_size => 2); -- ERROR
\echo :SQLSTATE
SELECT count(*) FROM triggered;
-- a trigger has no transaction of its own to end
CREATE FUNCTION commits() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN COMMIT; RETURN NEW; END $$;
CREATE TABLE committed (id int);
CREATE TRIGGER commits BEFORE INSERT ON committed FOR EACH ROW EXECUTE FUNCTION commits();
CALL spindle_to_table('committed', 'source'::regclass); -- ERROR
\echo :SQLSTATE
\set SHOW_CONTEXT errors

-- Views: one that can be updated, and one with a trigger.
CREATE TABLE below (id int, note text);
CREATE VIEW above AS SELECT id, note FROM below WHERE id < 20 WITH CHECK OPTION;
CALL spindle_to_table('above', 'source'::regclass, batch_size => 15); -- ERROR
\echo :SQLSTATE
SELECT count(*), max(id) FROM below;
CREATE VIEW instead AS SELECT id, note, 1 AS one FROM below;
CREATE FUNCTION instead_of() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO below VALUES (-NEW.id, NEW.note);
  RETURN NEW;
END
$$;
CREATE TRIGGER instead_of INSTEAD OF INSERT ON instead FOR EACH ROW EXECUTE FUNCTION instead_of();
CALL spindle_to_table('instead', 'source'::regclass, skip_events => 28) \gset r_
SELECT * FROM below WHERE id < 0 ORDER BY id;

-- Rights: to insert all columns that events have, and to read a source.
CREATE TABLE guarded (id int, note text, more text);
SET ROLE regress_spindle_deliverer;
CALL spindle_to_table('guarded', 'source'::regclass); -- ERROR
\echo :SQLSTATE
RESET ROLE;
GRANT INSERT (id) ON guarded TO regress_spindle_deliverer;
SET ROLE regress_spindle_deliverer;
CALL spindle_to_table('guarded', 'source'::regclass); -- ERROR
RESET ROLE;
GRANT INSERT (note) ON guarded TO regress_spindle_deliverer;
SET ROLE regress_spindle_deliverer;
CALL spindle_to_table('guarded', 'source'::regclass) \gset r_
\echo :r_events_sent
CALL spindle_to_table('guarded', 'long'::regclass); -- ERROR
\echo :SQLSTATE
RESET ROLE;
-- A transaction that may not write does not.
SET default_transaction_read_only = on;
\set SHOW_CONTEXT never
CALL spindle_to_table('below', 'source'::regclass); -- ERROR
\echo :SQLSTATE
\set SHOW_CONTEXT errors
SET default_transaction_read_only = off;
-- Row security: the error names the event that may not be inserted.
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY no_seven ON guarded FOR INSERT WITH CHECK (id <> 7);
TRUNCATE guarded;
SET ROLE regress_spindle_deliverer;
CALL spindle_to_table('guarded', 'source'::regclass, batch_size => 4); -- ERROR
\echo :SQLSTATE
CALL spindle_to_table('guarded', 'source'::regclass, skip_events => 7) \gset r_
RESET ROLE;
SELECT count(*), min(id) FILTER (WHERE id > 4) FROM guarded;

--
-- Table: constraints.  The error names the event; batches before it stay.
--
CREATE TABLE keyed (id int PRIMARY KEY, note text);
INSERT INTO keyed VALUES (18, 'first');
CALL spindle_to_table('keyed', 'source'::regclass, batch_size => 5); -- ERROR
\echo :SQLSTATE
SELECT count(*), max(id) FROM keyed;
DELETE FROM keyed WHERE note = 'first';
CALL spindle_to_table('keyed', 'source'::regclass, batch_size => 5, skip_events => 15) \gset r_
SELECT count(*), max(id) FROM keyed;
-- The seq is that of the event, whenever it is delivered.
TRUNCATE keyed;
INSERT INTO keyed VALUES (18, 'first');
SELECT delivery_seq FROM spindle_stream('source'::regclass, out_of_order_fraction => 0.5) WHERE seq = 17;
CALL spindle_to_table('keyed', 'source'::regclass, out_of_order_fraction => 0.5, batch_size => 4); -- ERROR
SELECT count(*) FROM keyed WHERE note <> 'first';
-- of two equal keys in one batch the second is at fault
CREATE TABLE twins AS SELECT i / 2 AS id FROM generate_series(2, 9) i;
TRUNCATE keyed;
CALL spindle_to_table('keyed', 'twins'::regclass); -- ERROR
CREATE TABLE checked (id int CHECK (id <> 12), note text NOT NULL);
CALL spindle_to_table('checked', 'source'::regclass, batch_size => 10); -- ERROR
\echo :SQLSTATE
UPDATE long SET note = NULL WHERE id = 3;
CALL spindle_to_table('checked', 'long'::regclass, batch_size => 1); -- ERROR
\echo :SQLSTATE
-- an error that does not tell its row: none is named, rather than a wrong one
CREATE TABLE plain (id int NOT NULL, note text);
ALTER TABLE plain ALTER note SET STORAGE PLAIN;
UPDATE long SET note = (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 400) i) WHERE id = 7;
CALL spindle_to_table('plain', 'long'::regclass, batch_size => 5); -- ERROR
\echo :SQLSTATE
INSERT INTO keyed SELECT i FROM generate_series(1, 3) i;
CREATE TABLE child (id int REFERENCES keyed);
CALL spindle_to_table('child', 'source'::regclass); -- ERROR
\echo :SQLSTATE
-- Deferred constraints are checked when the batch commits, as a whole.
CREATE TABLE deferred (id int UNIQUE DEFERRABLE INITIALLY DEFERRED, note text);
INSERT INTO deferred VALUES (18, 'first');
CALL spindle_to_table('deferred', 'source'::regclass, batch_size => 5); -- ERROR
\echo :SQLSTATE
SELECT count(*), count(DISTINCT id) FROM deferred;

-- errors as a client sees them that asks for codes only
\set VERBOSITY sqlstate
CALL spindle_to_channel('', 'retail', 'order'); -- ERROR
CALL spindle_to_wal('', 'retail', 'order'); -- ERROR
CALL spindle_to_table('refused', 'source'::regclass); -- ERROR
SELECT spindle_to_program('cat >/dev/null; exit 3', 'source'::regclass); -- ERROR
\set VERBOSITY default

-- Batches of more rows than go into a table at once are still one transaction,
-- and have a limit.
CREATE TABLE large_batches (order_id bigint PRIMARY KEY, order_total numeric(12,2));
CALL spindle_to_table('large_batches', 'retail', 'order', max_events => 5000, batch_size => 2500) \gset r_
SELECT :r_events_sent AS sent, count(*), count(DISTINCT xmin::text) AS transactions, count(DISTINCT order_id) AS orders FROM large_batches;
CALL spindle_to_table('large_batches', 'retail', 'order', batch_size => 0); -- ERROR
CALL spindle_to_table('large_batches', 'retail', 'order', batch_size => 1000001); -- ERROR
-- row 2500 of a batch fails, and with it those that are in the table already
INSERT INTO large_batches VALUES (7500);
CALL spindle_to_table('large_batches', 'retail', 'order', scale => 'medium', skip_events => 5000, max_events => 9000, batch_size => 4000); -- ERROR
SELECT count(*) FROM large_batches;
-- a value that an anomaly makes has to be one of the domain of its column
CREATE DOMAIN small_price AS numeric(12,2) CHECK (VALUE < 1000);
CREATE TABLE priced (id int, price small_price);
INSERT INTO priced SELECT i, i FROM generate_series(1, 20) i;
CREATE TABLE prices (LIKE priced);
CALL spindle_to_table('prices', 'priced'::regclass, anomalies => spindle_point_anomaly('high', 'price', '[1e6, 1e6]', 0.05)); -- ERROR
CALL spindle_to_table('prices', 'priced'::regclass, anomalies => spindle_point_anomaly('high', 'price', '[20, 20]', 0.05)) \gset r_
SELECT count(*), count(*) FILTER (WHERE price > 20) AS high FROM prices;

COPY (SELECT WHERE false) TO PROGRAM 'rm -r spindle_deliver';
SET client_min_messages = warning;
DROP SCHEMA deliver CASCADE;
DROP ROLE regress_spindle_deliverer;
