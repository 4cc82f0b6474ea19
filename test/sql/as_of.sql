--
-- Tables as of a time: which rows are there, what they show, and that conditions,
-- slices and ways to read agree.
--
CREATE SCHEMA as_of;
SET search_path = as_of, public;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
\getenv abs_srcdir PG_ABS_SRCDIR
\set domains :abs_srcdir '/data'
SET spindle.domain_directory = :'domains';
CREATE SCHEMA today;
CREATE SCHEMA at_end;
CREATE SCHEMA tidied;
CREATE SCHEMA early;
CREATE SCHEMA midway;
IMPORT FOREIGN SCHEMA lifecycle FROM SERVER spindle INTO today;
IMPORT FOREIGN SCHEMA lifecycle FROM SERVER spindle INTO at_end OPTIONS (as_of 'infinity');
IMPORT FOREIGN SCHEMA lifecycle FROM SERVER spindle INTO tidied OPTIONS (as_of 'infinity', profile 'tidy');
IMPORT FOREIGN SCHEMA lifecycle FROM SERVER spindle INTO early OPTIONS (as_of '2022-12-31T23:59:59.999999Z');
IMPORT FOREIGN SCHEMA lifecycle FROM SERVER spindle INTO midway OPTIONS (as_of '2024-01-15T10:30:00Z');

-- how many rows there are, counted in two ways, and which of today's these are
CREATE FUNCTION counts(moment timestamptz, profile text) RETURNS TABLE (table_name text, n bigint) LANGUAGE sql AS
$$ SELECT table_name, row_count FROM spindle_tables('lifecycle', as_of => moment, profile => counts.profile) $$;
SELECT t.table_name, t.n AS today, e.n AS at_end, d.n AS tidied, a.n AS early, m.n AS midway
FROM counts(NULL, NULL) t JOIN counts('infinity', NULL) e USING (table_name) JOIN counts('infinity', 'tidy') d USING (table_name)
JOIN counts('2022-12-31 23:59:59.999999', NULL) a USING (table_name) JOIN counts('2024-01-15 10:30', NULL) m USING (table_name);
CREATE FUNCTION differences(schema text, moment timestamptz, profile text) RETURNS TABLE (table_name text, n bigint, same bigint, missing bigint) LANGUAGE plpgsql AS $$
BEGIN
  FOR table_name IN SELECT t.table_name FROM spindle_tables('lifecycle') t LOOP
    EXECUTE format('SELECT count(*), count(*) FILTER (WHERE r = x.r), count(*) FILTER (WHERE x.r IS NULL)
      FROM %1$I.%2$I r FULL JOIN (SELECT r FROM spindle_rows(''lifecycle'', %2$L, as_of => $1, profile => $2) AS r (%3$s)) x ON r.%2$s_id = (x.r).%2$s_id',
      schema, table_name, (SELECT string_agg(format('%I %s', column_name, data_type), ', ') FROM spindle_columns('lifecycle', table_name))) INTO n, same, missing USING moment, profile;
    RETURN NEXT;
  END LOOP;
END
$$;

-- without deletes the end is what is there today
SELECT (SELECT count(*) FROM today.invoice) AS n, count(*) AS same FROM today.invoice a JOIN at_end.invoice b ON a = b;
SELECT (SELECT count(*) FROM today.rate) AS n, count(*) AS same FROM today.rate a JOIN at_end.rate b ON a = b;
SELECT count(*) AS left, count(*) FILTER (WHERE a = b) AS same FROM at_end.account a JOIN today.account b USING (account_id);

-- nothing is there that is inserted later, references hold, and rows that are deleted with others are gone with them
SELECT count(*) FILTER (WHERE opened > '2024-01-15 10:30') AS later, min(revision), max(updated_at) <= '2024-01-15 10:30' AS changed_before, count(*) FILTER (WHERE suspended_at > '2024-01-15 10:30') AS suspended_later FROM midway.account;
SELECT count(*) AS n FROM midway.account;
SELECT count(*) AS orphans FROM midway.card c WHERE NOT EXISTS (SELECT FROM midway.account a WHERE a.account_id = c.account_id);
SELECT count(*) AS orphans FROM midway.payment c WHERE NOT EXISTS (SELECT FROM midway.account a WHERE a.account_id = c.account_id);
SELECT count(*) AS orphans FROM at_end.payment c WHERE NOT EXISTS (SELECT FROM at_end.account a WHERE a.account_id = c.account_id);
SELECT bool_and(n = (SELECT count(*) FROM today.card t WHERE t.account_id = x.account_id)) AS all_cards
FROM (SELECT a.account_id, count(c.card_id) AS n FROM at_end.account a LEFT JOIN at_end.card c USING (account_id) GROUP BY 1) x;
SELECT count(*) FILTER (WHERE solved + interval '60 days' < '2024-01-15 10:30') AS old, count(*) FILTER (WHERE raised > '2024-01-15 10:30') AS new FROM midway.ticket;
SELECT count(*) FILTER (WHERE solved IS NOT NULL) AS solved, count(*) FROM tidied.ticket;

-- states are those that had been reached; the last ones are today's
SELECT stage, count(*), count(answered) FROM midway.ticket GROUP BY 1 ORDER BY 1;
SELECT count(*) FILTER (WHERE t.stage <> 9 AND t.stage <> m.stage AND t.raised < '2024-01-10') AS other, count(*) FILTER (WHERE m.stage = 9 AND m.solved > '2024-01-15 10:30') AS solved_later FROM midway.ticket m JOIN today.ticket t USING (ticket_id);

-- walks, chains, and what follows them
SELECT count(*) FILTER (WHERE m.price <> t.price) > 6 AS walked, bool_and((m.cost / m.price) BETWEEN 0.39 AND 0.81) AS follows, bool_and(m.stock BETWEEN 0 AND 1000) AS within FROM midway.rate m JOIN today.rate t USING (rate_id);
SELECT count(*) FILTER (WHERE m.plan <> t.plan) > 20 AS changed, bool_and(m.plan IN ('free', 'plus', 'team')) AS legal,
  bool_and(m.label IS NOT DISTINCT FROM m.nickname || '-' || m.plan) AS follows, count(*) FILTER (WHERE m.nickname IS DISTINCT FROM t.nickname) > 10 AS redrawn,
  bool_and(m.reason IS NULL) FILTER (WHERE m.status = 'active') AS no_reason FROM midway.account m JOIN today.account t USING (account_id);

-- the price of the day is what the table showed then
SELECT count(*), count(*) FILTER (WHERE price_then <> price_now) > 60 AS other,
  count(*) FILTER (WHERE price_then = (SELECT price FROM spindle_rows('lifecycle', 'rate', as_of => issued) AS r (rate_id smallint, price numeric(8,2)) WHERE r.rate_id = i.rate_id)) AS same
FROM (SELECT * FROM today.invoice WHERE invoice_id % 7 = 0) i;

-- conditions that find rows agree with those that do not
SELECT count(*), (SELECT count(*) FROM midway.account WHERE account_id + 0 BETWEEN 100 AND 250) AS filtered FROM midway.account WHERE account_id BETWEEN 100 AND 250;
SELECT count(*), (SELECT count(*) FROM midway.payment WHERE account_id + 0 = ANY ('{3,5,8,300,399}')) AS filtered FROM midway.payment WHERE account_id = ANY ('{3,5,8,300,399}');
SELECT count(*), (SELECT count(*) FROM midway.account WHERE opened + '0' < '2023-06-01') AS filtered FROM midway.account WHERE opened < '2023-06-01';
SELECT count(*), max(invoice_id), (SELECT max(invoice_id + 0) FROM midway.invoice) AS filtered FROM midway.invoice;
SELECT count(*), max(account_id), (SELECT max(account_id + 0) FROM midway.account) AS filtered FROM midway.account;
EXPLAIN (COSTS OFF) SELECT count(*) FROM midway.account;
EXPLAIN (COSTS OFF) SELECT count(*) FROM midway.invoice;
EXPLAIN (COSTS OFF) SELECT price FROM midway.rate WHERE rate_id = 3;
SELECT array_agg(account_id ORDER BY n) = array_agg(account_id ORDER BY account_id DESC) AS backward FROM (SELECT account_id, row_number() OVER () AS n FROM (SELECT account_id FROM midway.account ORDER BY account_id DESC) x) y;

-- all ways to read give the same
SELECT * FROM differences('midway', '2024-01-15 10:30', NULL);
SELECT * FROM differences('tidied', 'infinity', 'tidy');
SELECT sum(n) AS rows, (SELECT count(*) FROM midway.payment) AS whole FROM generate_series(0, 1199, 100) f,
  LATERAL (SELECT count(*) AS n FROM spindle_rows('lifecycle', 'payment', first_row => f, max_rows => 100, as_of => '2024-01-15 10:30') AS r (amount numeric(8,2))) x;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off;
SELECT count(*), sum(amount), bool_and(is_settled) FROM midway.payment;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET parallel_leader_participation;
SELECT count(*), sum(amount), bool_and(is_settled) FROM midway.payment;
BEGIN;
DECLARE c CURSOR FOR SELECT account_id, status FROM midway.account WHERE account_id > 20;
FETCH 3 FROM c;
MOVE 50 FROM c;
FETCH 2 FROM c;
COMMIT;
SET TimeZone = 'America/New_York';
SELECT count(*), sum(amount) FROM midway.payment;
SET TimeZone = 'UTC';
ANALYZE midway.account;
SELECT reltuples FROM pg_class WHERE oid = 'midway.account'::regclass;

-- stored tables are those as of the time, with all keys, from one process and from several, and by INSERT
CALL spindle_seed('lifecycle', 'as_of_stored', as_of => '2024-01-15 10:30') \gset
SELECT count(*), count(*) FILTER (WHERE s = m) AS same FROM as_of_stored.payment s FULL JOIN midway.payment m USING (payment_id);
SELECT count(*), count(*) FILTER (WHERE s = m) AS same FROM as_of_stored.account s FULL JOIN midway.account m USING (account_id);
SELECT contype, count(*), bool_and(convalidated) FROM pg_constraint WHERE connamespace = 'as_of_stored'::regnamespace AND contype IN ('p', 'f') GROUP BY 1 ORDER BY 1;
CALL spindle_seed('lifecycle', 'as_of_parallel', workers => 2, as_of => 'infinity', profile => 'tidy') \gset
SELECT (SELECT count(*) FROM as_of_parallel.ticket) AS tickets, (SELECT count(*) FROM as_of_parallel.account) AS accounts;
SELECT table_name, expected, missing + extra + different AS wrong FROM spindle_compare('as_of_stored', 'lifecycle', as_of => '2024-01-15 10:30');
SELECT count(*) FILTER (WHERE missing + extra + different > 0) AS other FROM spindle_compare('as_of_stored', 'lifecycle', as_of => '2024-01-25');
CREATE TABLE filled (LIKE as_of_stored.account);
SELECT spindle_fill('filled', 'lifecycle', 'account', first_row => 100, as_of => '2024-01-15 10:30');
CREATE TABLE watched (LIKE as_of_stored.account);
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER watch BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION watch();
SELECT spindle_fill('watched', 'lifecycle', 'account', first_row => 100, as_of => '2024-01-15 10:30');
SELECT count(*), count(*) FILTER (WHERE f = w AND f = m) AS same FROM filled f JOIN watched w USING (account_id) JOIN midway.account m USING (account_id);
CALL spindle_seed('lifecycle', 'as_of_none', profile => 'x');

-- delays are shortened so that a last step at a time is then; and inserts long before a time that rises are there at the last of all times
SELECT spindle_create_domain('early_orders', '{"spindle": 1, "description": "Orders that are planned behind their time", "range": {"start": "2023-01-01", "end": "2024-01-01"},
  "presets": {"all": {"order": 300}}, "tables": {"order": {"key": "order_id", "rows": {"kind": "preset"},
    "columns": {"order_id": {"type": "integer", "rule": {"kind": "sequence"}}, "planned": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true}},
      "placed": {"type": "timestamptz", "rule": {"kind": "offset", "column": "planned", "unit": "days", "by": {"distribution": "uniform", "min": -60, "max": -20}}},
      "due": {"type": "timestamptz", "null": 0.5, "rule": {"kind": "offset", "column": "placed", "unit": "days", "by": {"distribution": "uniform", "min": 1, "max": 9}}},
      "status": {"type": "text", "rule": {"kind": "case", "cases": [{"when": {"column": "due", "is": "not null"}, "then": {"kind": "constant", "value": "done"}}], "else": {"kind": "constant", "value": "packed"}}},
      "packed_at": {"type": "timestamptz", "nullable": true, "rule": {"kind": "entered", "state": "packed"}},
      "done_at": {"type": "timestamptz", "nullable": true, "rule": {"kind": "entered", "state": "done"}}},
    "lifecycle": {"insert": {"at": "placed"}, "states": {"column": "status", "initial": "placed", "transitions": [
      {"from": "placed", "to": "packed", "after": {"distribution": "uniform", "min": 4, "max": 20}, "unit": "days"},
      {"from": "packed", "to": "done", "at": "due"}, {"from": "packed", "stay": 1}]}}}}}');
SELECT count(*), count(*) FILTER (WHERE packed_at = due) > 0 AS shortened, count(*) FILTER (WHERE packed_at > done_at OR done_at <> due) AS late, count(*) FILTER (WHERE packed_at - placed > '9 days' AND due IS NULL) > 0 AS long
FROM spindle_rows('early_orders', 'order') AS r (placed timestamptz, due timestamptz, packed_at timestamptz, done_at timestamptz);
SELECT count(*) FROM spindle_rows('early_orders', 'order', as_of => '294276-12-31 23:59:59.999999') AS r (order_id integer);
SELECT spindle_drop_domain('early_orders');

-- what is wrong
CREATE FOREIGN TABLE wrong (account_id integer) SERVER spindle OPTIONS (domain 'lifecycle', "table" 'account', as_of 'yesterday');
CREATE FOREIGN TABLE wrong (account_id integer) SERVER spindle OPTIONS (domain 'lifecycle', "table" 'account', as_of '2024-02-30');
CREATE FOREIGN TABLE wrong (account_id integer) SERVER spindle OPTIONS (domain 'lifecycle', "table" 'account', profile 'none');
SELECT * FROM wrong;
IMPORT FOREIGN SCHEMA lifecycle FROM SERVER spindle INTO today OPTIONS (as_of '');
IMPORT FOREIGN SCHEMA lifecycle FROM SERVER spindle INTO today OPTIONS (profile 'x');
SELECT * FROM spindle_rows('lifecycle', 'account', profile => 'x') AS t (account_id integer);
SELECT * FROM spindle_tables('lifecycle', profile => 'x');
SELECT count(*) FROM spindle_rows('lifecycle', 'account', as_of => '-infinity') AS t (account_id integer);
SELECT count(*) FROM spindle_rows('lifecycle', 'rate', as_of => '-infinity') AS t (rate_id smallint);

DROP FOREIGN TABLE wrong;
SET client_min_messages = warning;
DROP SCHEMA as_of_stored, as_of_parallel CASCADE;
DROP SCHEMA today, at_end, tidied, early, midway CASCADE;
DROP SCHEMA as_of CASCADE;
