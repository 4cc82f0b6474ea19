--
-- Foreign tables: IMPORT FOREIGN SCHEMA, CREATE FOREIGN TABLE, privileges.
--
CREATE SCHEMA import_all;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO import_all;
SELECT foreign_table_name FROM information_schema.foreign_tables
WHERE foreign_table_schema = 'import_all' ORDER BY foreign_table_name::text COLLATE "C";

-- Types and NOT NULL of all 60 columns are those that spindle_columns names.
SELECT count(*) AS columns,
  count(*) FILTER (WHERE c.column_name = a.attname AND NOT a.attisdropped
                   AND format_type(a.atttypid, a.atttypmod) =
                       replace(replace(c.data_type, 'varchar', 'character varying'), 'timestamptz', 'timestamp with time zone')
                   AND a.attnotnull = c.not_null) AS as_listed
FROM spindle_tables('retail') t CROSS JOIN spindle_columns('retail', t.table_name) c
LEFT JOIN pg_attribute a ON a.attrelid = format('import_all.%I', t.table_name)::regclass AND a.attnum = c.ordinal_position;

-- NOT NULL is kept: no such column has a null at this scale, and all others do.
SELECT t.table_name, c.column_name
FROM spindle_tables('retail') t, spindle_columns('retail', t.table_name) c,
  LATERAL (SELECT (xpath('//n/text()', query_to_xml(format('SELECT count(*) AS n FROM import_all.%I WHERE %I IS NULL', t.table_name, c.column_name), false, true, '')))[1]::text::int AS nulls) n
WHERE c.not_null AND nulls > 0 OR NOT c.not_null AND nulls = 0;

-- Options of the tables: what was asked for, or the defaults.
SELECT DISTINCT srvname, (SELECT array_agg(o ORDER BY o) FROM unnest(ftoptions) o WHERE o !~ '^table=')
FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver
WHERE ftrelid = 'import_all."order"'::regclass;

CREATE SCHEMA import_some;
IMPORT FOREIGN SCHEMA retail LIMIT TO ("order", store) FROM SERVER spindle INTO import_some OPTIONS (scale 'xxxl', seed '-3');
IMPORT FOREIGN SCHEMA retail EXCEPT ("order", store, customer, address, order_line, "return", product)
  FROM SERVER spindle INTO import_some OPTIONS (seed '9223372036854775807');
SELECT c.relname, (SELECT array_agg(o ORDER BY o) FROM unnest(ftoptions) o)
FROM pg_foreign_table f JOIN pg_class c ON c.oid = f.ftrelid
WHERE c.relnamespace = 'import_some'::regnamespace ORDER BY c.relname COLLATE "C";
SELECT count(*) FROM import_some.store;

-- another server of the wrapper serves as well, also one with an odd name
CREATE SERVER "odd ""name" FOREIGN DATA WRAPPER spindle_fdw;
CREATE SCHEMA import_odd;
IMPORT FOREIGN SCHEMA retail LIMIT TO (store) FROM SERVER "odd ""name" INTO import_odd OPTIONS (scale 'small');
SELECT count(*) FROM import_odd.store;

-- Wrong options: nothing is created.
CREATE SCHEMA import_none;
IMPORT FOREIGN SCHEMA retial FROM SERVER spindle INTO import_none; -- ERROR
IMPORT FOREIGN SCHEMA "RETAIL" FROM SERVER spindle INTO import_none; -- ERROR
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO import_none OPTIONS (scale 'smal'); -- ERROR
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO import_none OPTIONS (seed 'x'); -- ERROR
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO import_none OPTIONS (seed ''); -- ERROR
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO import_none OPTIONS (seed '1.5'); -- ERROR
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO import_none OPTIONS (seed '9223372036854775808'); -- ERROR
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO import_none OPTIONS (sede '1'); -- ERROR
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO import_none OPTIONS (domain 'retail'); -- ERROR
SELECT count(*) FROM pg_class WHERE relnamespace = 'import_none'::regnamespace;
CREATE SERVER import_bad FOREIGN DATA WRAPPER spindle_fdw OPTIONS (host 'x'); -- ERROR
CREATE USER MAPPING FOR public SERVER spindle OPTIONS (password 'x'); -- ERROR
ALTER FOREIGN DATA WRAPPER spindle_fdw OPTIONS (x 'y'); -- ERROR

-- By hand: any columns in any order.
CREATE FOREIGN TABLE import_none.o (order_total numeric, order_id bigint, status text)
  SERVER spindle OPTIONS (domain 'retail', "table" 'order', scale 'fabric_demo', seed '1');
SELECT count(*), bool_and(a.status = b.status AND a.order_total = b.order_total)
FROM import_none.o a
JOIN spindle_rows('retail', 'order', 'fabric_demo', 1) AS b (order_id bigint, status text, order_total numeric(12,2)) USING (order_id);
CREATE FOREIGN TABLE import_none.nothing () SERVER spindle OPTIONS (domain 'retail', "table" 'order');
SELECT count(*) FROM import_none.nothing;

-- a dropped column is no trouble, nor is one added later
ALTER FOREIGN TABLE import_none.o DROP COLUMN order_total, ADD COLUMN customer_id integer;
SELECT count(*), count(customer_id), max(order_id) FROM import_none.o;

-- options of a table can change, and are checked again
ALTER FOREIGN TABLE import_none.o OPTIONS (SET scale 'small', SET seed '2');
SELECT count(*) FROM import_none.o;
ALTER FOREIGN TABLE import_none.o OPTIONS (SET seed 'two'); -- ERROR
ALTER FOREIGN TABLE import_none.o OPTIONS (DROP "table"); -- ERROR
ALTER FOREIGN TABLE import_none.o OPTIONS (ADD extra '1'); -- ERROR

CREATE FOREIGN TABLE import_none.bad (order_id bigint) SERVER spindle; -- ERROR
CREATE FOREIGN TABLE import_none.bad (order_id bigint) SERVER spindle OPTIONS (domain 'retail'); -- ERROR
CREATE FOREIGN TABLE import_none.bad (order_id bigint) SERVER spindle OPTIONS (domain 'retail', "table" 'order', seed '1 '); -- ERROR
CREATE FOREIGN TABLE import_none.bad (order_id bigint) SERVER spindle OPTIONS (domain 'retail', "table" 'order', colour 'red'); -- ERROR

-- Whether there is such a domain, table or scale shows when the table is used, so
-- that a dump can be restored before the definition is there.
CREATE FOREIGN TABLE import_none.later (order_id bigint) SERVER spindle OPTIONS (domain 'retails', "table" 'orders', scale 'smoll');
COMMENT ON FOREIGN TABLE import_none.later IS 'not yet';
CREATE VIEW import_none.later_view AS SELECT count(*) FROM import_none.later;
SELECT * FROM import_none.later; -- ERROR
EXPLAIN SELECT * FROM import_none.later; -- ERROR
ANALYZE import_none.later; -- ERROR
SELECT * FROM import_none.later_view; -- ERROR
ALTER FOREIGN TABLE import_none.later OPTIONS (SET domain 'retail');
SELECT * FROM import_none.later; -- ERROR
ALTER FOREIGN TABLE import_none.later OPTIONS (SET scale 'small');
SELECT * FROM import_none.later; -- ERROR
ALTER FOREIGN TABLE import_none.later OPTIONS (SET "table" 'order', DROP scale);
SELECT * FROM import_none.later_view;

-- wrong columns show when the table is used
CREATE FOREIGN TABLE import_none.wrong_name (order_id bigint, amount numeric) SERVER spindle OPTIONS (domain 'retail', "table" 'order');
SELECT * FROM import_none.wrong_name; -- ERROR
CREATE FOREIGN TABLE import_none.wrong_type (order_id integer) SERVER spindle OPTIONS (domain 'retail', "table" 'order');
SELECT * FROM import_none.wrong_type; -- ERROR
CREATE FOREIGN TABLE import_none.wrong_typmod (order_total numeric(8,1)) SERVER spindle OPTIONS (domain 'retail', "table" 'order');
SELECT * FROM import_none.wrong_typmod; -- ERROR
CREATE FOREIGN TABLE import_none.hidden (house_number integer) SERVER spindle OPTIONS (domain 'retail', "table" 'address');
SELECT * FROM import_none.hidden; -- ERROR

\set VERBOSITY sqlstate
IMPORT FOREIGN SCHEMA retial FROM SERVER spindle INTO import_none; -- ERROR
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO import_none OPTIONS (scale 'smal'); -- ERROR
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO import_none OPTIONS (seed 'x'); -- ERROR
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO import_none OPTIONS (sede '1'); -- ERROR
CREATE SERVER import_bad FOREIGN DATA WRAPPER spindle_fdw OPTIONS (host 'x'); -- ERROR
CREATE FOREIGN TABLE import_none.bad (order_id bigint) SERVER spindle; -- ERROR
CREATE FOREIGN TABLE import_none.bad (order_id bigint) SERVER spindle OPTIONS (domain 'retail', "table" 'orders', seed ''); -- ERROR
ALTER FOREIGN TABLE import_none.later OPTIONS (SET "table" 'orders');
SELECT * FROM import_none.later; -- ERROR
SELECT * FROM import_none.wrong_name; -- ERROR
SELECT * FROM import_none.wrong_type; -- ERROR

-- Nothing can be written.
INSERT INTO import_all.store DEFAULT VALUES; -- ERROR
UPDATE import_all.store SET city = 'x'; -- ERROR
DELETE FROM import_all.store; -- ERROR
TRUNCATE import_all.store; -- ERROR
COPY import_all.store FROM stdin; -- ERROR
\.
\set VERBOSITY default
INSERT INTO import_all.store DEFAULT VALUES; -- ERROR
UPDATE import_all.store SET city = 'x'; -- ERROR
DELETE FROM import_all.store; -- ERROR
TRUNCATE import_all.store; -- ERROR

-- An ordinary role may use the server, for schemas of its own; tables of
-- others are theirs to grant.
CREATE ROLE regress_spindle_user;
CREATE SCHEMA import_user AUTHORIZATION regress_spindle_user;
SET ROLE regress_spindle_user;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO import_user;
SELECT count(*) FROM import_user.product_category;
SELECT count(*) FROM import_all.store; -- ERROR
RESET ROLE;
GRANT USAGE ON SCHEMA import_all TO regress_spindle_user;
GRANT SELECT (store_id) ON import_all.store TO regress_spindle_user;
SET ROLE regress_spindle_user;
SELECT count(store_id) FROM import_all.store;
SELECT count(city) FROM import_all.store; -- ERROR
CREATE FOREIGN TABLE import_user.mine (order_id bigint) SERVER spindle OPTIONS (domain 'retail', "table" 'order');
ALTER FOREIGN TABLE import_user.mine OPTIONS (ADD scale 'medium');
SELECT count(*) FROM import_user.mine WHERE order_id <= 10;
-- servers are not theirs to make
CREATE SERVER import_own FOREIGN DATA WRAPPER spindle_fdw; -- ERROR
RESET ROLE;

-- a view over a generated table
CREATE VIEW import_all.v WITH (security_barrier) AS SELECT store_id, state FROM import_all.store WHERE store_id <= 3;
SELECT count(*) FROM import_all.v;

SET client_min_messages = warning;
DROP SERVER "odd ""name" CASCADE;
DROP SCHEMA import_all, import_some, import_none, import_odd, import_user CASCADE;
DROP OWNED BY regress_spindle_user;
DROP ROLE regress_spindle_user;
