--
-- spindle_learn by the catalogue: values that checks and unique sets want, of types and shapes of which
-- little is known.  Each schema is filled at all scales, with all constraints in force.
--
CREATE SCHEMA learn_checks_tools;
SET search_path = learn_checks_tools, public;
SET client_min_messages = warning;
-- Learn a schema, fill it at each scale, and tell which tables do not get the rows that they should; then all notes.
CREATE FUNCTION learn_and_fill(schema text) RETURNS TABLE (table_name text, message text) LANGUAGE plpgsql AS $$
DECLARE
  scale text;
  rows bigint;
  wanted bigint;
BEGIN
  PERFORM spindle_create_domain('learned_checks', spindle_learn(ARRAY[schema], read => 'catalog'), replace => true);
  FOREACH scale IN ARRAY '{tiny,tenth,as_is,ten}'::text[] LOOP
    BEGIN
      CALL spindle_fill_schema('learned_checks', NULL, report => false, scale => scale);
      FOR table_name, wanted IN SELECT t.table_name, t.row_count FROM spindle_tables('learned_checks', scale => scale) t LOOP
        EXECUTE format('SELECT count(*) FROM %I.%I', schema, table_name) INTO rows;
        message := format('%s of %s rows at scale %s', rows, wanted, scale);
        IF rows <> wanted THEN
          RETURN NEXT;
        END IF;
      END LOOP;
      RAISE 'undo' USING ERRCODE = 'ZZ001';
    EXCEPTION WHEN SQLSTATE 'ZZ001' THEN
    END;
  END LOOP;
  RETURN QUERY SELECT r.table_name, concat_ws(': ', r.column_name, r.note) FROM spindle_learn_report(spindle_domain_definition('learned_checks')) r WHERE r.note IS NOT NULL;
END
$$;

-- Texts, bytes, fractions and types that the format does not have, which differ: at scale ten there are 10000 rows.
CREATE SCHEMA learn_differ;
CREATE TABLE learn_differ.record (number text PRIMARY KEY CHECK (number ~ '^MRN\d{8}$'), vat varchar(14) NOT NULL UNIQUE CHECK (vat ~ '^(DE[0-9]{9}|ATU[0-9]{8})$'),
  ref char(12) NOT NULL UNIQUE CHECK (ref SIMILAR TO 'JRN[0-9]{9}'), sku text NOT NULL UNIQUE CHECK (sku ~ '^[A-Z]{3}-[0-9]{4,6}$'),
  sha bytea NOT NULL UNIQUE CHECK (length(sha) = 32), mac macaddr NOT NULL UNIQUE, mac8 macaddr8 NOT NULL UNIQUE, lat double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
  lon double precision NOT NULL, rate numeric(6,4) NOT NULL UNIQUE CHECK (rate >= 0 AND rate < 10), UNIQUE (lat, lon));
-- fewer: of three digits, of a single character beside others, of what is computed
CREATE TABLE learn_differ.place (code text PRIMARY KEY CHECK (code ~ '^WH-[0-9]{3}$'));
CREATE TABLE learn_differ.bin (place text REFERENCES learn_differ.place, aisle char(1) CHECK (aisle BETWEEN 'A' AND 'Z'), shelf int CHECK (shelf BETWEEN 1 AND 99), PRIMARY KEY (place, aisle, shelf));
CREATE TABLE learn_differ.person (id int PRIMARY KEY, login varchar(20) NOT NULL CHECK (login ~ '^[a-z][a-z0-9_]{2,19}$'), login_lower varchar(20) GENERATED ALWAYS AS (lower(login)) STORED UNIQUE);
SELECT * FROM learn_and_fill('learn_differ');

-- Checks of several columns: what a column's own checks forbid is no value, rare ends of a range are, and all that an enum has
-- shall be met; arrays that are as long; columns that follow others; rows before which there is none.
CREATE SCHEMA learn_together;
CREATE TYPE learn_together.stage AS ENUM ('lead', 'won', 'lost');
CREATE DOMAIN learn_together.price AS numeric(12,2) CHECK (VALUE >= 0 AND VALUE < 1000000);
CREATE TABLE learn_together.deal (id int PRIMARY KEY, stage learn_together.stage NOT NULL, probability numeric(3,2) NOT NULL CHECK (probability BETWEEN 0 AND 1), won_at timestamptz,
  CHECK (CASE stage WHEN 'won' THEN probability = 1 WHEN 'lost' THEN probability = 0 ELSE probability > 0 AND probability < 1 END), CHECK ((stage = 'won') = (won_at IS NOT NULL)));
CREATE TABLE learn_together.guests (id int PRIMARY KEY, adults smallint NOT NULL CHECK (adults > 0), children smallint NOT NULL CHECK (children >= 0), CHECK (adults + children <= 6));
CREATE TABLE learn_together.bill (id int PRIMARY KEY, net learn_together.price NOT NULL, tax learn_together.price NOT NULL, total learn_together.price NOT NULL CHECK (total = net + tax));
CREATE TABLE learn_together.poll (id int PRIMARY KEY, options text[] NOT NULL CHECK (cardinality(options) >= 2), votes bigint[] NOT NULL, CHECK (cardinality(options) = cardinality(votes)));
CREATE TABLE learn_together.activity (id int PRIMARY KEY, starts timestamptz NOT NULL, ends timestamptz NOT NULL, all_day boolean NOT NULL, CHECK (ends > starts), CHECK (NOT all_day OR ends - starts >= '1 day'));
CREATE TABLE learn_together.lot (id int PRIMARY KEY, made date NOT NULL, expires date NOT NULL, CHECK (expires > made + 30));
CREATE TABLE learn_together.comment (id int PRIMARY KEY, parent_id int REFERENCES learn_together.comment, depth smallint NOT NULL CHECK (depth BETWEEN 0 AND 8), CHECK ((parent_id IS NULL) = (depth = 0)));
SELECT * FROM learn_and_fill('learn_together');
CALL spindle_fill_schema('learned_checks', NULL, report => false);
SELECT array_agg(DISTINCT stage ORDER BY stage) FROM learn_together.deal;

-- Arrays and ranges with checks of their own, of types that the format has and of others.
CREATE SCHEMA learn_parts;
CREATE TYPE learn_parts.role AS ENUM ('owner', 'it''s "me"', 'a,b');
CREATE TABLE learn_parts.key (id int PRIMARY KEY, roles learn_parts.role[] NOT NULL CHECK (cardinality(roles) > 0), calibration double precision[] NOT NULL CHECK (array_length(calibration, 1) = 3),
  ids int[] NOT NULL CHECK (cardinality(ids) < 10), valid tstzrange NOT NULL CHECK (lower(valid) IS NOT NULL), during tsrange NOT NULL CHECK (lower_inc(during) AND NOT upper_inf(during)),
  days int4multirange NOT NULL CHECK (NOT isempty(days)), amenities text[] NOT NULL CHECK (amenities <@ ARRAY['wifi', 'pool']), bytes bytea NOT NULL CHECK (octet_length(bytes) = 20));
SELECT * FROM learn_and_fill('learn_parts');

-- Two references to one table that checks hold apart: pairs that differ, with and without order, and such as may come again.
-- At scale tiny there is one person, so no pair.
CREATE SCHEMA learn_pairs;
CREATE TABLE learn_pairs.person (id serial PRIMARY KEY, name text NOT NULL);
CREATE TABLE learn_pairs.follow (follower int REFERENCES learn_pairs.person, followed int REFERENCES learn_pairs.person, PRIMARY KEY (follower, followed), CHECK (follower <> followed));
CREATE TABLE learn_pairs.friends (a int NOT NULL REFERENCES learn_pairs.person, b int NOT NULL REFERENCES learn_pairs.person, UNIQUE (a, b), CHECK (a < b));
CREATE TABLE learn_pairs.transfer (id int PRIMARY KEY, sender int NOT NULL REFERENCES learn_pairs.person, receiver int NOT NULL REFERENCES learn_pairs.person, CHECK (sender <> receiver));
CREATE TABLE learn_pairs.match (id int PRIMARY KEY, low int REFERENCES learn_pairs.person, high int REFERENCES learn_pairs.person, CHECK (high > low));
SELECT * FROM learn_and_fill('learn_pairs');
CALL spindle_fill_schema('learned_checks', NULL, report => false);
SELECT count(*) FILTER (WHERE high > low) > 700 AS most, count(DISTINCT low) > 300 AS many FROM learn_pairs.match;
SELECT count(*) FROM (SELECT DISTINCT least(a, b), greatest(a, b) FROM learn_pairs.friends) p;

-- Casts in checks: those that keep what is compared let columns follow others, those that round or take a part of it do not;
-- what a syntax of its own calls is no cast.  Times of a day are none of 2080.
CREATE SCHEMA learn_casts;
CREATE TABLE learn_casts.shift (id int PRIMARY KEY, at timestamp NOT NULL CHECK (at::time >= '08:00' AND at::time < '20:00'), code text NOT NULL CHECK (substring(code FROM 1 FOR 2) = 'AB'));
CREATE TABLE learn_casts.stay (id int PRIMARY KEY, arrives timestamp NOT NULL, leaves timestamp NOT NULL CHECK (arrives::date < leaves::date));
CREATE TABLE learn_casts.daily (id int PRIMARY KEY, opens timestamp NOT NULL, closes timestamp NOT NULL CHECK (opens::time < closes::time));
CREATE TABLE learn_casts.score (id int PRIMARY KEY, low numeric(6,2) NOT NULL, high numeric(6,2) NOT NULL CHECK (low::int < high::int));
CREATE TABLE learn_casts.wide (id int PRIMARY KEY, n int NOT NULL, m numeric NOT NULL CHECK (n < m));
SELECT * FROM learn_and_fill('learn_casts');
CALL spindle_fill_schema('learned_checks', NULL, report => false);
SELECT max(at) < '2025-01-01' AS as_others, count(DISTINCT at) > 1 AS several FROM learn_casts.shift;
SELECT spindle_domain_definition('learned_checks')::jsonb #>> '{tables,wide,columns,m,rule,kind}' AS follows;

-- What cannot be: the reason is told, also why a definition would not be legal; keys that lead back to themselves and need not be there are null.
CREATE SCHEMA learn_not;
CREATE TABLE learn_not.huge (id int PRIMARY KEY, n numeric(40,20) NOT NULL CHECK (n > 99999999999));
CREATE TABLE learn_not.item (list_id int, pos int, prev_pos int, PRIMARY KEY (list_id, pos), FOREIGN KEY (list_id, prev_pos) REFERENCES learn_not.item (list_id, pos));
CREATE TABLE learn_not.computed (id int PRIMARY KEY, rest int GENERATED ALWAYS AS (id % 7) STORED CHECK (rest < 7));
CREATE TABLE learn_not.parent (id int PRIMARY KEY);
CREATE TABLE learn_not.never (parent_id int REFERENCES learn_not.parent, n int, a int NOT NULL, b int NOT NULL, PRIMARY KEY (parent_id, n), CHECK (a < b AND a > b));
SELECT * FROM learn_and_fill('learn_not');

SELECT spindle_drop_domain('learned_checks');
DROP SCHEMA learn_checks_tools, learn_differ, learn_together, learn_parts, learn_pairs, learn_casts, learn_not CASCADE;
