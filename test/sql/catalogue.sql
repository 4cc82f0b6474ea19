--
-- What there is: domains, tables, columns.
--
SELECT domain, tables, columns, scales FROM spindle_domains();
SELECT table_name, key_column, event_time FROM spindle_tables('retail');

-- The row counts of all presets are those of the domain's documentation: no
-- row in which the two differ.
WITH scales (scale) AS (
  VALUES ('fabric_demo'), ('small'), ('medium'), ('large'), ('xlarge'), ('warehouse'), ('xxl'), ('xxxl')),
documented (table_name, row_counts) AS (
  VALUES
  ('customer', '{200,1000,50000,500000,5000000,1000000,20000000,100000000}'::bigint[]),
  ('address', '{300,1500,75000,750000,7500000,1500000,30000000,150000000}'),
  ('product_category', '{50,50,50,50,50,50,50,50}'),
  ('product', '{100,500,5000,25000,100000,50000,200000,500000}'),
  ('store', '{150,150,150,150,150,150,150,150}'),
  ('promotion', '{200,200,200,200,200,200,200,200}'),
  ('order', '{1000,5000,500000,5000000,100000000,10000000,1000000000,10000000000}'),
  ('order_line', '{2500,12500,1250000,12500000,250000000,25000000,2500000000,25000000000}'),
  ('return', '{170,850,85000,850000,17000000,1700000,170000000,1700000000}')),
actual AS (
  SELECT t.table_name, array_agg(t.row_count ORDER BY s.n) AS row_counts
  FROM (SELECT scale, row_number() OVER () AS n FROM scales) s, spindle_tables('retail', s.scale) t
  GROUP BY 1)
SELECT table_name, a.row_counts, d.row_counts
FROM actual a FULL JOIN documented d USING (table_name)
WHERE a.row_counts IS DISTINCT FROM d.row_counts;

-- and so is their sum
SELECT s, sum(row_count) FROM unnest('{fabric_demo,small,medium,large,xlarge,warehouse,xxl,xxxl}'::text[])
  WITH ORDINALITY u (s, n), spindle_tables('retail', s) GROUP BY s, n ORDER BY n;

-- the default scale is small
SELECT * FROM spindle_tables('retail', 'small') EXCEPT SELECT * FROM spindle_tables('retail');

SELECT table_name, ordinal_position, column_name, data_type, not_null, is_key, references_table
FROM spindle_tables('retail') WITH ORDINALITY t (table_name, d, r, k, e, q, n),
  spindle_columns('retail', t.table_name) c
ORDER BY t.n, ordinal_position;

-- every column has its rule in words
SELECT count(*), count(rule), bool_and(rule <> '') FROM spindle_tables('retail') t, spindle_columns('retail', t.table_name);

-- Each foreign key is named by spindle_columns, beside the two columns that
-- also refer to a table.
SELECT count(*) FROM spindle_tables('retail') t, spindle_columns('retail', t.table_name) c
WHERE references_table IS NOT NULL;

-- Every object of the extension is described.
SELECT p.oid::regprocedure FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid
WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
  AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'spindle')
  AND obj_description(p.oid, 'pg_proc') IS NULL;
SELECT obj_description(oid, 'pg_foreign_data_wrapper') IS NOT NULL FROM pg_foreign_data_wrapper WHERE fdwname = 'spindle_fdw';
SELECT obj_description(oid, 'pg_foreign_server') IS NOT NULL FROM pg_foreign_server WHERE srvname = 'spindle';

-- Unknown names: the hint lists what there is, and the nearest name.
SELECT * FROM spindle_tables('retial'); -- ERROR
SELECT * FROM spindle_tables('x'); -- ERROR
SELECT * FROM spindle_tables(''); -- ERROR
SELECT * FROM spindle_tables('../retail'); -- ERROR
SELECT * FROM spindle_tables(repeat('retail', 1000)) WHERE false; -- no error: nothing is looked up
SELECT * FROM spindle_tables('retail', 'smal'); -- ERROR
SELECT * FROM spindle_tables('retail', 'gigantic'); -- ERROR
SELECT * FROM spindle_tables('retail', ''); -- ERROR
SELECT * FROM spindle_columns('retail', 'orders'); -- ERROR
SELECT * FROM spindle_columns('retail', 'Order'); -- ERROR
SELECT * FROM spindle_columns('retail', 'xyz'); -- ERROR
SELECT * FROM spindle_columns('shop', 'order'); -- ERROR
\set VERBOSITY sqlstate
SELECT * FROM spindle_tables('retial'); -- ERROR
SELECT * FROM spindle_tables(repeat('retail', 1000)); -- ERROR
SELECT * FROM spindle_tables('retail', 'smal'); -- ERROR
SELECT * FROM spindle_columns('retail', 'orders'); -- ERROR
\set VERBOSITY default

-- NULL in, nothing out
SELECT count(*) FROM spindle_tables(NULL);
SELECT count(*) FROM spindle_columns('retail', NULL);

-- anybody may look
CREATE ROLE regress_spindle_reader;
SET ROLE regress_spindle_reader;
SELECT domain FROM spindle_domains();
SELECT count(*) FROM spindle_tables('retail');
RESET ROLE;
DROP ROLE regress_spindle_reader;
