--
-- spindle_learn by the catalogue: definitions of awkward schemas, which fill empty copies of them.
--
CREATE SCHEMA learn_tools;
SET search_path = learn_tools, public;
SET client_min_messages = warning;
-- Learn a schema, register that, fill its tables, which are empty, and say what is in them.
CREATE FUNCTION learn_and_fill(schema text, at_scale text DEFAULT 'as_is', read text DEFAULT 'catalog') RETURNS TABLE (table_name text, row_count text, message text)
LANGUAGE plpgsql AS $$
DECLARE
  definition json := spindle_learn(ARRAY[schema], read => read);
BEGIN
  IF definition::text <> spindle_learn(ARRAY[schema], read => read)::text THEN
    RAISE 'not the same again';
  END IF;
  PERFORM spindle_create_domain('learned', definition, replace => true);
  RETURN QUERY SELECT c.table_name, c.row_count::text, concat_ws(' | ', c.constraint_name, c.column_name, c.message, c.detail)
    FROM spindle_fill_schema_check('learned', schema, scale => at_scale, max_rows => 100) c WHERE c.status <> 'passes' ORDER BY 1;
  IF FOUND THEN
    RETURN;
  END IF;
  CALL spindle_fill_schema('learned', NULL, report => false, scale => at_scale);
  FOR table_name IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = quote_ident(schema)::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname COLLATE "C" LOOP
    EXECUTE format('SELECT count(*)::text, NULL FROM %I.%I', schema, table_name) INTO row_count, message;
    RETURN NEXT;
  END LOOP;
END
$$;
-- what the definition says in its notes
CREATE FUNCTION notes() RETURNS TABLE (table_name text, note text) LANGUAGE sql AS $$
  SELECT t.key, n FROM json_each(spindle_domain_definition('learned') -> 'tables') t, json_array_elements_text(t.value #> '{learned,notes}') n
$$;

-- Keys of all sorts.
CREATE SCHEMA learn_keys;
CREATE TABLE learn_keys.customer (id serial PRIMARY KEY, email varchar(80) NOT NULL UNIQUE, code char(5) UNIQUE, name text NOT NULL, born date, note text);
CREATE TABLE learn_keys.product (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), sku text NOT NULL UNIQUE CHECK (sku ~ '^[A-Z]{2}[0-9]{6}$'),
  price numeric(8,2) NOT NULL CHECK (price > 0 AND price < 10000), weight real);
CREATE TABLE learn_keys.orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id int NOT NULL REFERENCES learn_keys.customer, placed timestamptz NOT NULL,
  shipped timestamptz CHECK (shipped >= placed), total numeric(10,2) GENERATED ALWAYS AS (1 + 1) STORED);
CREATE TABLE learn_keys.order_line (order_id bigint REFERENCES learn_keys.orders ON DELETE CASCADE, line_no smallint, product_id uuid NOT NULL REFERENCES learn_keys.product,
  quantity int NOT NULL CHECK (quantity BETWEEN 1 AND 20), PRIMARY KEY (order_id, line_no));
CREATE TABLE learn_keys.tag (name text PRIMARY KEY);
CREATE TABLE learn_keys.product_tag (product_id uuid REFERENCES learn_keys.product, tag text REFERENCES learn_keys.tag, PRIMARY KEY (product_id, tag));
CREATE TABLE learn_keys.profile (customer_id int PRIMARY KEY REFERENCES learn_keys.customer, bio text);
CREATE TABLE learn_keys.employee (id int PRIMARY KEY, boss int REFERENCES learn_keys.employee, mentor int NOT NULL REFERENCES learn_keys.employee, badge bytea UNIQUE);
CREATE TABLE learn_keys.by_email (email varchar(80) REFERENCES learn_keys.customer (email), kind text CHECK (kind IN ('home', 'work')), UNIQUE (email, kind));
-- references that must be there, to what can be null by declaration
CREATE TABLE learn_keys.account (name text UNIQUE, alias text, owner text NOT NULL, UNIQUE (name, alias));
CREATE TABLE learn_keys.session (id int PRIMARY KEY, account text NOT NULL REFERENCES learn_keys.account (name), FOREIGN KEY (account, alias) REFERENCES learn_keys.account (name, alias), alias text NOT NULL);
SELECT * FROM learn_and_fill('learn_keys');
SELECT * FROM notes();

-- Foreign keys that share columns, of tenants; circles, of which none can be null; keys that are keys of each other.
CREATE SCHEMA learn_tenants;
CREATE TABLE learn_tenants.tenant (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE learn_tenants.member (tenant_id int REFERENCES learn_tenants.tenant, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE learn_tenants.project (tenant_id int REFERENCES learn_tenants.tenant, id int, owner_id int NOT NULL, PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES learn_tenants.member);
CREATE TABLE learn_tenants.task (id uuid PRIMARY KEY, tenant_id int NOT NULL REFERENCES learn_tenants.tenant, project_id int NOT NULL, assignee_id int, parent_id uuid,
  UNIQUE (tenant_id, id), FOREIGN KEY (tenant_id, project_id) REFERENCES learn_tenants.project, FOREIGN KEY (tenant_id, assignee_id) REFERENCES learn_tenants.member);
CREATE TABLE learn_tenants.egg (id int PRIMARY KEY, hen_id int NOT NULL);
CREATE TABLE learn_tenants.hen (id int PRIMARY KEY, egg_id int NOT NULL REFERENCES learn_tenants.egg);
ALTER TABLE learn_tenants.egg ADD FOREIGN KEY (hen_id) REFERENCES learn_tenants.hen;
CREATE TABLE learn_tenants.yin (id int PRIMARY KEY);
CREATE TABLE learn_tenants.yang (id int PRIMARY KEY REFERENCES learn_tenants.yin);
ALTER TABLE learn_tenants.yin ADD FOREIGN KEY (id) REFERENCES learn_tenants.yang;
SELECT * FROM learn_and_fill('learn_tenants');
SELECT * FROM notes();

-- Checks: of several columns, by functions, of domains; enums and arrays.
CREATE SCHEMA learn_checks;
CREATE TYPE learn_checks.mood AS ENUM ('sad', 'it''s "ok"', 'happy');
CREATE DOMAIN learn_checks.percent AS numeric(5,2) NOT NULL CHECK (VALUE >= 0 AND VALUE <= 100);
CREATE DOMAIN learn_checks.postcode AS text CHECK (VALUE ~ '^\d{5}$' OR VALUE ~ '^\d{5}-\d{4}$');
CREATE FUNCTION learn_checks.is_even(n int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RETURN n % 2 = 0; END$$;
CREATE TABLE learn_checks.a (id int PRIMARY KEY);
CREATE TABLE learn_checks.b (id int PRIMARY KEY CHECK (learn_checks.is_even(id)));
CREATE TABLE learn_checks.arc (id int PRIMARY KEY, a_id int REFERENCES learn_checks.a, b_id int REFERENCES learn_checks.b, other text,
  kind text NOT NULL, CHECK (num_nonnulls(a_id, b_id, other) = 1),
  CHECK ((kind = 'a' AND a_id IS NOT NULL) OR (kind = 'b' AND b_id IS NOT NULL) OR (kind = 'o' AND other IS NOT NULL)), CHECK (kind IN ('a', 'b', 'o', 'x')));
CREATE TABLE learn_checks.period (id int PRIMARY KEY, starts date NOT NULL, ends date NOT NULL, closed date, low int NOT NULL, high int NOT NULL CHECK (high <= 50),
  CHECK (starts < ends), CHECK (closed IS NULL OR closed >= ends), CHECK (low >= 0 AND low <= high));
CREATE TABLE learn_checks.all_sorts (id int PRIMARY KEY, m learn_checks.mood NOT NULL, ms learn_checks.mood[], p learn_checks.percent, z learn_checks.postcode,
  status varchar(10) DEFAULT 'new' CHECK (status = 'new' OR status = 'old' OR status IS NULL), is_on boolean NOT NULL, at_on timestamptz,
  CHECK (is_on = (at_on IS NOT NULL)), even int NOT NULL CHECK (learn_checks.is_even(even)), name text NOT NULL CHECK (char_length(name) BETWEEN 3 AND 10),
  hash text CHECK (length(hash) = 40 AND hash ~ '^[0-9a-f]+$'), j jsonb CHECK (jsonb_typeof(j) = 'array'), tags text[] NOT NULL, ip inet NOT NULL,
  mac macaddr NOT NULL, span tstzrange NOT NULL, bits bit(3) NOT NULL, amount money NOT NULL, x xml, v tsvector NOT NULL, t time NOT NULL, i interval NOT NULL CHECK (i > '1 hour'),
  a int NOT NULL, b int NOT NULL, s int NOT NULL, CHECK (s = a + b), raw bytea NOT NULL CHECK (octet_length(raw) <= 32), CHECK (amount >= 0::money));
CREATE TABLE learn_checks.model (kind text, id int, PRIMARY KEY (kind, id));
CREATE TABLE learn_checks.granted (kind text NOT NULL CHECK (kind = 'Grant'), id int NOT NULL, born date NOT NULL CHECK (born <= now() - interval '18 years'),
  FOREIGN KEY (kind, id) REFERENCES learn_checks.model);
CREATE TABLE learn_checks.pair (a int NOT NULL REFERENCES learn_checks.a, b int REFERENCES learn_checks.a, CHECK (a <> b));
-- more combinations than are kept, most of them with a column that only a few allow to be null; a value that the format does not have
CREATE TABLE learn_checks.hook (id int PRIMARY KEY, way text NOT NULL CHECK (way IN ('basic', 'key', 'sign')), login text, password bytea, header text, key bytea, algorithm text CHECK (algorithm IN ('a', 'b', 'c', 'd')),
  encoding text CHECK (encoding IN ('x', 'y', 'z')), signature text, secret bytea, ends timestamptz NOT NULL, latest timestamptz NOT NULL, paid timestamptz CHECK (paid IN ('2024-01-01 00:00:00+00', '2024-02-01 12:00:00+00')),
  CHECK ((way = 'basic' AND login IS NOT NULL AND password IS NOT NULL) OR (way = 'key' AND header IS NOT NULL AND key IS NOT NULL) OR
    (way = 'sign' AND algorithm IS NOT NULL AND encoding IS NOT NULL AND signature IS NOT NULL AND secret IS NOT NULL)),
  CHECK (latest = '0001-01-01 00:00:00+00' OR latest = '2024-01-01 00:00:00+00' AND ends < '2024-01-01 00:00:00+00'));
CREATE TYPE learn_checks.uuid_range AS RANGE (subtype = uuid);
CREATE TABLE learn_checks.block (ids learn_checks.uuid_range NOT NULL, EXCLUDE USING gist (ids WITH &&));
SELECT * FROM learn_and_fill('learn_checks');
SELECT kind, count(*) > 0 AS some, count(a_id) = count(*) AS a, count(b_id) = count(*) AS b, count(other) = count(*) AS other FROM learn_checks.arc GROUP BY kind ORDER BY kind;
SELECT count(DISTINCT m) AS moods, count(DISTINCT status) AS states, count(at_on) > 0 AS some_on, count(DISTINCT even) > 5 AS evens FROM learn_checks.all_sorts;
SELECT * FROM notes();

-- Unique in other ways: by expressions, in part, with nulls that are equal; exclusion; few values.
CREATE SCHEMA learn_unique;
CREATE TABLE learn_unique.person (id int PRIMARY KEY, email text NOT NULL, nick varchar(12), is_default boolean NOT NULL, team int);
CREATE UNIQUE INDEX ON learn_unique.person (lower(email));
CREATE UNIQUE INDEX ON learn_unique.person (coalesce(nick, ''));
CREATE UNIQUE INDEX ON learn_unique.person (is_default) WHERE is_default;
CREATE UNIQUE INDEX ON learn_unique.person ((team % 10));
CREATE TABLE learn_unique.room (id int PRIMARY KEY);
CREATE TABLE learn_unique.booking (room_id int REFERENCES learn_unique.room, during tstzrange NOT NULL, EXCLUDE USING gist (during WITH &&));
CREATE TABLE learn_unique.shift (kind int4range, starts timestamp NOT NULL, ends timestamp NOT NULL, numbers int4range NOT NULL,
  EXCLUDE USING gist (kind WITH =, tsrange(starts, ends) WITH &&), EXCLUDE USING gist (numbers WITH &&));
CREATE TABLE learn_unique.disc (c circle, EXCLUDE USING gist (c WITH &&));
CREATE TABLE learn_unique.flag (is_on boolean PRIMARY KEY, day date UNIQUE);
CREATE TABLE learn_unique.setting (room_id int NOT NULL REFERENCES learn_unique.room, is_on boolean NOT NULL, level int NOT NULL CHECK (level BETWEEN 1 AND 3), UNIQUE (room_id, is_on, level));
CREATE TABLE learn_unique.two (a int REFERENCES learn_unique.room, b int REFERENCES learn_unique.room, c int REFERENCES learn_unique.room, UNIQUE (a, b), UNIQUE (a, c));
-- one of two, each of them unique in part; an array that has a default and is in checks
CREATE TABLE learn_unique.budget (id int PRIMARY KEY, room_id int REFERENCES learn_unique.room, person_id int REFERENCES learn_unique.person, is_new boolean NOT NULL, gone timestamp,
  label text, tag text, tags text[] NOT NULL DEFAULT '{}', CHECK ((room_id IS NOT NULL) <> (person_id IS NOT NULL)), CHECK ((label IS NULL) = (tag IS NOT NULL)),
  CHECK (room_id IS NULL OR cardinality(tags) > 0), CHECK (room_id IS NOT NULL OR cardinality(tags) = 0));
CREATE UNIQUE INDEX ON learn_unique.budget (room_id, is_new) WHERE gone IS NULL;
CREATE UNIQUE INDEX ON learn_unique.budget (person_id, is_new) WHERE gone IS NULL;
CREATE UNIQUE INDEX ON learn_unique.budget (label);
CREATE UNIQUE INDEX ON learn_unique.budget (tag);
CREATE TABLE learn_unique.owner (id int PRIMARY KEY, room_id int REFERENCES learn_unique.room, person_id int REFERENCES learn_unique.person, kind text NOT NULL CHECK (kind IN ('room', 'person')),
  CHECK ((kind = 'room') = (room_id IS NOT NULL)), CHECK ((kind = 'person') = (person_id IS NOT NULL)), UNIQUE (room_id, kind), UNIQUE (person_id, kind));
CREATE FUNCTION learn_unique.record() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$;
CREATE TRIGGER record_budget AFTER INSERT ON learn_unique.budget FOR EACH STATEMENT EXECUTE FUNCTION learn_unique.record();
SELECT * FROM learn_and_fill('learn_unique');
SELECT count(room_id) > 0 AS rooms, count(person_id) > 0 AS people, count(label) > 0 AS labels, count(tag) > 0 AS tags FROM learn_unique.budget;
SELECT kind, count(room_id) > 0 AS rooms, count(person_id) > 0 AS people FROM learn_unique.owner GROUP BY kind ORDER BY kind;
SELECT * FROM notes();

-- Partitions, by which the values are bound, with the key in the primary key.
CREATE SCHEMA learn_parts;
CREATE TABLE learn_parts.payment (id bigint GENERATED ALWAYS AS IDENTITY, paid timestamptz NOT NULL, region text NOT NULL, amount numeric(8,2), PRIMARY KEY (id, paid, region)) PARTITION BY RANGE (paid);
CREATE TABLE learn_parts.payment_1 PARTITION OF learn_parts.payment FOR VALUES FROM ('2023-03-01 00:00+00') TO ('2023-04-01 00:00+00') PARTITION BY LIST (region);
CREATE TABLE learn_parts.payment_1_eu PARTITION OF learn_parts.payment_1 FOR VALUES IN ('DE', 'FR');
CREATE TABLE learn_parts.payment_2 PARTITION OF learn_parts.payment FOR VALUES FROM ('2023-04-01 00:00+00') TO ('2023-06-01 00:00+00');
CREATE TABLE learn_parts.by_number (id int PRIMARY KEY, v int) PARTITION BY RANGE (id);
CREATE TABLE learn_parts.by_number_1 PARTITION OF learn_parts.by_number FOR VALUES FROM (100) TO (500);
CREATE TABLE learn_parts.by_hash (id int PRIMARY KEY REFERENCES learn_parts.by_number) PARTITION BY HASH (id);
CREATE TABLE learn_parts.by_hash_0 PARTITION OF learn_parts.by_hash FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE learn_parts.by_half (id int PRIMARY KEY) PARTITION BY HASH (id);
CREATE TABLE learn_parts.by_half_1 PARTITION OF learn_parts.by_half FOR VALUES WITH (MODULUS 2, REMAINDER 1);
-- what partitions alone have, whose columns stand in another order
CREATE TABLE learn_parts.clerk (id int PRIMARY KEY, code text UNIQUE);
CREATE TABLE learn_parts.sale (gone int, id int, clerk_id int NOT NULL, clerk_code text, note text, on_day date NOT NULL) PARTITION BY RANGE (on_day);
ALTER TABLE learn_parts.sale DROP COLUMN gone;
CREATE TABLE learn_parts.sale_1 (on_day date NOT NULL, note text NOT NULL, clerk_code text REFERENCES learn_parts.clerk (code), clerk_id int NOT NULL, id int PRIMARY KEY,
  CHECK (on_day >= '2024-01-01' AND on_day < '2024-02-01'), FOREIGN KEY (clerk_id) REFERENCES learn_parts.clerk);
CREATE UNIQUE INDEX ON learn_parts.sale_1 (lower(note)) WHERE id > 10;
ALTER TABLE learn_parts.sale ATTACH PARTITION learn_parts.sale_1 FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE learn_parts.sale_2 PARTITION OF learn_parts.sale FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
ALTER TABLE learn_parts.sale_2 ADD FOREIGN KEY (clerk_id) REFERENCES learn_parts.clerk, ADD PRIMARY KEY (id);
CREATE TABLE learn_parts.nothing (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE learn_parts.needs_nothing (id int PRIMARY KEY, n int NOT NULL REFERENCES learn_parts.nothing);
CREATE TABLE learn_parts.can_do_without (id int PRIMARY KEY, n int REFERENCES learn_parts.nothing);
SELECT * FROM learn_and_fill('learn_parts');
SELECT tableoid::regclass, count(*) > 0 AS some FROM learn_parts.payment GROUP BY tableoid ORDER BY 1;
SELECT * FROM notes();

-- Names as they are; numbers of rows that are known, at all scales; a table without rows; many columns.
CREATE SCHEMA "learn ""names""";
CREATE TABLE "learn ""names"""."UserProfile" ("userId" int PRIMARY KEY, "a ""quoted"" name" text, "twelve + 1" text, _spindle_x int, "user_id" int,
  "a123456789b123456789c123456789d123456789e123456789f123456789xyz" int NOT NULL);
CREATE TABLE "learn ""names"""."user_profile" (id int PRIMARY KEY, "Owner Id" int NOT NULL REFERENCES "learn ""names"""."UserProfile");
CREATE TABLE "learn ""names"""."123" ("$" int);
CREATE TABLE "learn ""names""".nothing ();
SELECT * FROM learn_and_fill('learn "names"');
SELECT t.key, t.value -> 'relation' ->> 'name' AS name FROM json_each(spindle_learn('{"learn \"names\""}', read => 'catalog') -> 'tables') t;
CREATE SCHEMA learn_rows;
CREATE TABLE learn_rows.country (id int PRIMARY KEY, name text);
CREATE TABLE learn_rows.city (id int PRIMARY KEY, country_id int NOT NULL REFERENCES learn_rows.country);
CREATE TABLE learn_rows.visit (id int PRIMARY KEY, city_id int NOT NULL REFERENCES learn_rows.city);
CREATE TABLE learn_rows.never (id int PRIMARY KEY);
DO $$BEGIN EXECUTE (SELECT format('CREATE TABLE learn_rows.wide (id int PRIMARY KEY, %s)', string_agg(format('c%s int', i), ', ')) FROM generate_series(1, 1590) i); END$$;
INSERT INTO learn_rows.country SELECT i FROM generate_series(1, 30) i;
INSERT INTO learn_rows.city SELECT i, 1 + i % 30 FROM generate_series(1, 200) i;
INSERT INTO learn_rows.visit SELECT i, 1 + i % 200 FROM generate_series(1, 20000) i;
ANALYZE learn_rows.country, learn_rows.city, learn_rows.visit, learn_rows.never, learn_rows.wide;
SELECT scale, string_agg(table_name || ' ' || row_count, ', ' ORDER BY table_name) FROM (SELECT spindle_create_domain('learned_rows', spindle_learn('{learn_rows}'), replace => true)) d,
  unnest(ARRAY['tiny', 'tenth', 'as_is', 'ten']) WITH ORDINALITY s (scale, place), spindle_tables('learned_rows', s.scale) GROUP BY scale, place ORDER BY place;
SELECT count(*) FROM json_object_keys(spindle_learn('{learn_rows}', read => 'catalog') #> '{tables,wide,learned,left_out}');

-- Tables as they are found: dropped columns, one row, no rows, never analysed, statistics of nothing; names with newlines.
CREATE SCHEMA learn_found;
CREATE TABLE learn_found.dropped (a int, b text, id text PRIMARY KEY, c int CHECK (c > 3), d date, code text UNIQUE, CHECK (c < 10));
ALTER TABLE learn_found.dropped DROP COLUMN a, DROP COLUMN d;
CREATE TABLE learn_found.dropped_all (a int);
ALTER TABLE learn_found.dropped_all DROP COLUMN a;
CREATE TABLE learn_found.one (id int PRIMARY KEY, word text NOT NULL UNIQUE, n numeric);
CREATE TABLE learn_found.none (id int PRIMARY KEY, one_id int NOT NULL REFERENCES learn_found.one);
CREATE TABLE learn_found.unseen (id int PRIMARY KEY, one_id int NOT NULL REFERENCES learn_found.one, v text);
CREATE TABLE learn_found.untold (id int PRIMARY KEY, v text NOT NULL, w int);
CREATE TABLE learn_found.nulls (id int PRIMARY KEY, v text, w int);
CREATE TABLE learn_found."two
lines" ("a
b" int PRIMARY KEY, "it's ""x""\" text CHECK ("it's ""x""\" IN (E'p\nq', 'r"s', E't\\u')));
ALTER TABLE learn_found.untold ALTER v SET STATISTICS 0, ALTER w SET STATISTICS 0, ALTER id SET STATISTICS 0;
INSERT INTO learn_found.one VALUES (7, 'planted', 1);
INSERT INTO learn_found.unseen SELECT i, 7, 'v' || i FROM generate_series(1, 3000) i;
INSERT INTO learn_found.untold SELECT i, 'v' || i, i FROM generate_series(1, 3000) i;
INSERT INTO learn_found.nulls SELECT i FROM generate_series(1, 3000) i;
INSERT INTO learn_found."two
lines" SELECT i, 'r"s' FROM generate_series(1, 3000) i;
ALTER TABLE learn_found.unseen SET (autovacuum_enabled = false);
ANALYZE learn_found.one, learn_found.none, learn_found.untold, learn_found.nulls, learn_found."two
lines";
CREATE SCHEMA learn_copy;
SELECT replace(spindle_learn('{learn_found}')::text, '"learn_found"', '"learn_copy"') AS copied \gset
CREATE TABLE learn_copy.dropped (LIKE learn_found.dropped INCLUDING ALL);
CREATE TABLE learn_copy.one (LIKE learn_found.one INCLUDING ALL);
CREATE TABLE learn_copy.none (LIKE learn_found.none INCLUDING ALL);
CREATE TABLE learn_copy.unseen (LIKE learn_found.unseen INCLUDING ALL);
CREATE TABLE learn_copy.untold (LIKE learn_found.untold INCLUDING ALL);
CREATE TABLE learn_copy.nulls (LIKE learn_found.nulls INCLUDING ALL);
CREATE TABLE learn_copy."two
lines" (LIKE learn_found."two
lines" INCLUDING ALL);
SELECT spindle_create_domain('learned', :'copied', replace => true);
SELECT table_name, status, message FROM spindle_fill_schema_check('learned', NULL) WHERE status <> 'passes';
CALL spindle_fill_schema('learned', NULL, report => false);
SELECT (SELECT count(*) FROM learn_copy.dropped) AS dropped, (SELECT count(*) FROM learn_copy.one) AS one, (SELECT count(*) FROM learn_copy.none) AS none,
  (SELECT count(*) > 1000 FROM learn_copy.unseen) AS unseen, (SELECT count(*) FROM learn_copy.untold) AS untold, (SELECT count(v) FROM learn_copy.nulls) AS nulls,
  (SELECT count(DISTINCT "it's ""x""\") FROM learn_copy."two
lines") AS lines;
SELECT * FROM notes();
DROP SCHEMA learn_copy CASCADE;

-- Numbers that no double has, times without end, labels without characters, and what the session is, which is not told.
CREATE SCHEMA learn_odd;
CREATE TYPE learn_odd.label AS ENUM ('', 'a');
CREATE TABLE learn_odd.numbers (n numeric CHECK (n < 1e400), day date CHECK (day < 'infinity'), label learn_odd.label NOT NULL, who name CHECK (who = current_user),
  tenant text CHECK (tenant = current_setting('learn.tenant')), made timestamptz CHECK (made > now() - interval '90 days'));
CREATE TABLE learn_odd.huge (n numeric NOT NULL) PARTITION BY RANGE (n);
CREATE TABLE learn_odd.huge_1 PARTITION OF learn_odd.huge FOR VALUES FROM (1) TO (1e400);
CREATE TABLE learn_odd.days (day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE learn_odd.days_1 PARTITION OF learn_odd.days FOR VALUES FROM ('-infinity') TO ('infinity');
CREATE TABLE learn_odd.abstract (id int, CHECK (false) NO INHERIT);
CREATE TABLE learn_odd.whole (id int, n int, CONSTRAINT whole_row CHECK (whole.* IS NOT NULL));
SET learn.tenant = 'acme';
SELECT key, value #>> '{rule,kind}' AS kind, value #> '{rule,weights}' AS weights, value #>> '{rule,start}' AS start FROM json_each(spindle_learn('{learn_odd}') #> '{tables,numbers,columns}');
RESET learn.tenant;
SELECT spindle_create_domain('learned', spindle_learn('{learn_odd}'), replace => true);
CALL spindle_fill_schema('learned', NULL, tables => '{huge,days,abstract}', report => false);
SELECT (SELECT min(n) >= 1 FROM learn_odd.huge) AS numbers, (SELECT extract(year FROM min(day)) FROM learn_odd.days) AS year, (SELECT count(*) FROM learn_odd.abstract) AS abstract;
SELECT * FROM notes() WHERE table_name IN ('abstract', 'whole');

-- Times of day in order, periods that are declared to be in order, documents with members, bytes of a length; and tables
-- whose keys leave room for no row, which refer to each other in a circle.
CREATE SCHEMA learn_shapes;
CREATE TABLE learn_shapes.hours (id int PRIMARY KEY, opens time NOT NULL, closes time NOT NULL, CHECK (opens < closes));
CREATE TABLE learn_shapes.stays (room int NOT NULL, arrives timestamptz NOT NULL, leaves timestamptz NOT NULL, CHECK (arrives < leaves),
  EXCLUDE USING gist (tstzrange(arrives, leaves) WITH &&));
CREATE TABLE learn_shapes.plans (id int PRIMARY KEY, quota jsonb NOT NULL CHECK (quota ? 'seats' AND quota ? 'disk'), theme jsonb NOT NULL CHECK (theme ->> 'color' IN ('red', 'blue')), hash bytea NOT NULL CHECK (length(hash) = 32));
CREATE TABLE learn_shapes.tenants (id uuid PRIMARY KEY, owner uuid NOT NULL, created date NOT NULL, changed date NOT NULL, CHECK (created <= changed));
CREATE TABLE learn_shapes.users (tenant uuid NOT NULL REFERENCES learn_shapes.tenants, id uuid NOT NULL, PRIMARY KEY (tenant, id));
CREATE TABLE learn_shapes.apps (tenant uuid NOT NULL REFERENCES learn_shapes.tenants, app int NOT NULL, PRIMARY KEY (tenant, app));
ALTER TABLE learn_shapes.tenants ADD FOREIGN KEY (id, owner) REFERENCES learn_shapes.users (tenant, id) DEFERRABLE INITIALLY DEFERRED;
SELECT spindle_create_domain('learned', spindle_learn('{learn_shapes}', read => 'catalog'), replace => true);
CALL spindle_fill_schema('learned', NULL, report => false);
SELECT (SELECT count(*) FROM learn_shapes.hours) AS hours, (SELECT count(*) FROM learn_shapes.stays) AS stays, (SELECT count(*) FROM learn_shapes.plans) AS plans, (SELECT count(*) FROM learn_shapes.tenants) AS tenants;
SELECT * FROM notes() ORDER BY 1, 2;
DROP SCHEMA learn_shapes CASCADE;

-- Functions of strangers are not called, neither by checks nor by domains that types are made of.
CREATE ROLE regress_spindle_stranger;
CREATE SCHEMA learn_stranger AUTHORIZATION regress_spindle_stranger;
SET ROLE regress_spindle_stranger;
CREATE FUNCTION learn_stranger.bad(x anyelement) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'called'; RETURN true; END$$;
CREATE DOMAIN learn_stranger.bad_text AS text CHECK (learn_stranger.bad(VALUE));
CREATE TYPE learn_stranger.bad_row AS (a learn_stranger.bad_text, b int);
CREATE TABLE learn_stranger.trap (id int PRIMARY KEY CHECK (learn_stranger.bad(id)), word learn_stranger.bad_text NOT NULL, words learn_stranger.bad_text[] NOT NULL UNIQUE,
  r learn_stranger.bad_row UNIQUE, x int NOT NULL, y int NOT NULL, CHECK (learn_stranger.bad(x + y)), CHECK ('a'::learn_stranger.bad_text > word));
CREATE TABLE learn_stranger.constants (a text CHECK (a < ('(a,1)'::text::learn_stranger.bad_row)::text), b text CHECK (b < ('{a}'::text::learn_stranger.bad_text[])::text),
  c text CHECK (c < jsonb_populate_record(NULL::learn_stranger.bad_row, '{"a": "a"}')::text));
RESET ROLE;
CREATE TYPE learn_stranger.mixed AS (a learn_stranger.bad_text);
CREATE TABLE learn_stranger.mine (r learn_stranger.mixed UNIQUE);
SELECT n AS note FROM json_array_elements_text(spindle_learn('{learn_stranger}', read => 'catalog') #> '{tables,trap,learned,notes}') n;
DROP OWNED BY regress_spindle_stranger CASCADE;
DROP ROLE regress_spindle_stranger;

-- What is wrong with the arguments.
CREATE FUNCTION try(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; message text; hint text;
BEGIN
  EXECUTE call;
  RETURN 'fine';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', state, message, CASE WHEN state NOT LIKE '3F%' THEN nullif(hint, '') END);
END
$$;
SELECT try(format('SELECT spindle_learn(%s)', a)) FROM unnest(ARRAY['NULL', '''{}''', '''{learn_key}''', '''{NULL}''', '''{learn_keys}'', ''{custome}''',
  '''{learn_keys}'', read => ''all''', '''{learn_keys}'', read => NULL', '''{learn_keys}'', carry => ''some''', '''{learn_keys}'', k => 1',
  '''{learn_keys}'', k => NULL', '''{learn_tools}''', '''{learn_keys}'', ''{customer,learn_keys.orders}''']) a;
-- a transaction that only reads, a table whose parent is not learned
BEGIN READ ONLY;
SELECT json_object_keys(spindle_learn('{learn_keys}', '{profile}', 'catalog') -> 'tables');
COMMIT;
SELECT spindle_learn('{learn_keys}', '{profile}', 'catalog') #> '{tables,profile,learned}';

-- Ranges of which one has to hold, also of keys; values that a definition does not have; bounds without end.
CREATE SCHEMA learn_ranges;
SELECT CASE WHEN current_setting('server_version_num')::int >= 170000 THEN 'infinity' ELSE '170000000 years' END AS endless \gset
CREATE TABLE learn_ranges.t (id int PRIMARY KEY CHECK (id < 0 OR id > 10), v int NOT NULL CHECK (v < 500 OR v > 502), code text UNIQUE NOT NULL CHECK (length(code) = 6 OR length(code) = 12),
  f float8 CHECK (f IN (1.5, 'Infinity', 'NaN')), n numeric NOT NULL CHECK (n IN (1, 2, 'NaN')), d date NOT NULL CHECK (d IN ('2024-01-01', 'infinity')), CHECK (f > 2 OR n > 1),
  took interval NOT NULL CHECK (took >= '0 s' AND took <= :'endless'), since timestamptz NOT NULL CHECK (since < 'infinity' AND since > '-infinity'));
SELECT key AS column_name, value -> 'rule' AS rule FROM json_each(spindle_learn('{learn_ranges}', read => 'catalog') #> '{tables,t,columns}') WHERE key NOT IN ('took', 'since');
INSERT INTO learn_ranges.t SELECT i, i, 'a' || lpad(i::text, 5, '0'), 'NaN', 'NaN', 'infinity', CASE WHEN i % 3 = 0 THEN :'endless' ELSE '1 h' END::interval, now() FROM generate_series(503, 900) i;
ANALYZE learn_ranges.t;
SELECT spindle_create_domain('learn_ranges', spindle_learn('{learn_ranges}', read => 'data'));
SELECT count(*) > 0 AS compares FROM spindle_compare_schemas('learn_ranges', 'learn_ranges');
TRUNCATE learn_ranges.t;
CALL spindle_fill_schema('learn_ranges', NULL, report => false);
SELECT count(*) FROM learn_ranges.t;
SELECT spindle_drop_domain('learn_ranges');
DROP SCHEMA learn_ranges CASCADE;

-- A database of another encoding.
CREATE DATABASE regress_spindle_latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C';
\set before :DBNAME
\c regress_spindle_latin
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
CREATE EXTENSION spindle;
CREATE SCHEMA "größe";
CREATE TYPE "größe".farbe AS ENUM ('grün', 'weiß');
CREATE TABLE "größe"."Kürbis" ("Nummer" int PRIMARY KEY, "Öl" text CHECK ("Öl" IN ('öl', 'ähre')), f "größe".farbe NOT NULL, art text NOT NULL DEFAULT 'süß');
INSERT INTO "größe"."Kürbis" SELECT i, 'öl', 'grün', CASE WHEN i % 2 = 0 THEN 'süß' ELSE 'bitter' END FROM generate_series(1, 2000) i;
ANALYZE "größe"."Kürbis";
SELECT spindle_create_domain('learned', spindle_learn(ARRAY['größe']));
TRUNCATE "größe"."Kürbis";
CALL spindle_fill_schema('learned', NULL, report => false);
SELECT count(*), min("Öl") AS "öl", min(f) AS f, max(art) AS art FROM "größe"."Kürbis";
SELECT table_name, column_name, literal FROM spindle_leak_check(spindle_domain_definition('learned'), 'größe') WHERE is_reported;
\c :before
SET client_min_messages = warning;
SET search_path = learn_tools, public;
DROP DATABASE regress_spindle_latin;

SELECT spindle_drop_domain('learned'), spindle_drop_domain('learned_rows');
DROP SCHEMA learn_tools, learn_keys, learn_tenants, learn_checks, learn_unique, learn_parts, learn_rows, learn_found, learn_odd, "learn ""names""" CASCADE;
