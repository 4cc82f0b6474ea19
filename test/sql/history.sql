--
-- Histories: all versions of rows, as foreign tables and as a function, agree with the
-- tables as of a time, with the changes, and with each other however they are read.
--
CREATE SCHEMA history;
SET search_path = history, public;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
\getenv abs_srcdir PG_ABS_SRCDIR
\set domains :abs_srcdir '/data'
SET spindle.domain_directory = :'domains';
CREATE SCHEMA retail_history;
CREATE SCHEMA retained;
CREATE SCHEMA life;
CREATE SCHEMA tidied;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO retail_history OPTIONS (history 'true', scale 'fabric_demo');
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO retained OPTIONS (history 'yes', profile 'retention', scale 'fabric_demo');
IMPORT FOREIGN SCHEMA lifecycle FROM SERVER spindle INTO life OPTIONS (history 'on');
IMPORT FOREIGN SCHEMA lifecycle FROM SERVER spindle INTO tidied OPTIONS (history '1', profile 'tidy');
SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE attrelid = 'retail_history.product_category'::regclass AND attnum > 0;
SELECT ftoptions FROM pg_foreign_table WHERE ftrelid = 'retained.order'::regclass;

-- the function gives the same rows, and what holds at a time is the table as of that
CREATE FUNCTION column_list(domain text, table_name text, types boolean) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(quote_ident(column_name) || CASE WHEN types THEN ' ' || data_type ELSE '' END, ', ') FROM spindle_columns(domain, table_name) $$;
CREATE FUNCTION check_history(schema text, domain text, scale text, profile text, moments timestamptz[]) RETURNS TABLE (table_name text, n bigint, by_function bigint, counted bigint, differ_as_of bigint) LANGUAGE plpgsql AS $$
DECLARE
  told text := ', _spindle_version int, _spindle_valid_from timestamptz, _spindle_valid_to timestamptz, _spindle_op "char"';
  list text;
  names text;
  moment timestamptz;
  d bigint;
BEGIN
  FOR table_name IN SELECT t.table_name FROM spindle_tables(domain, scale) t LOOP
    list := column_list(domain, table_name, true);
    names := column_list(domain, table_name, false);
    EXECUTE format('SELECT count(*) FROM %I.%I', schema, table_name) INTO n;
    EXECUTE format('SELECT count(*) FROM (SELECT f::text FROM %I.%I f INTERSECT SELECT h::text FROM spindle_history(%L, %L, %L, profile => %L) h(%s)) x',
      schema, table_name, domain, table_name, scale, profile, list || told) INTO by_function;
    SELECT sum(c.n) INTO counted FROM spindle_change_counts(domain, table_name, scale, profile => profile) c WHERE op <> 'd';
    differ_as_of := 0;
    FOREACH moment IN ARRAY moments LOOP
      EXECUTE format('SELECT count(*) FROM ((SELECT (x)::text FROM (SELECT %1$s FROM %2$I.%3$I WHERE _spindle_valid_from <= %8$L AND _spindle_valid_to > %8$L) x)
        EXCEPT ALL (SELECT r::text FROM spindle_rows(%4$L, %3$L, %5$L, as_of => %8$L, profile => %6$L) r(%7$s)) UNION ALL
        (SELECT r::text FROM spindle_rows(%4$L, %3$L, %5$L, as_of => %8$L, profile => %6$L) r(%7$s)
        EXCEPT ALL (SELECT (x)::text FROM (SELECT %1$s FROM %2$I.%3$I WHERE _spindle_valid_from <= %8$L AND _spindle_valid_to > %8$L) x))) d',
        names, schema, table_name, domain, scale, profile, list, moment) INTO d;
      differ_as_of := differ_as_of + d;
    END LOOP;
    RETURN NEXT;
  END LOOP;
END
$$;
SELECT * FROM check_history('retail_history', 'retail', 'fabric_demo', NULL, '{2022-01-01,2023-05-06 07:08:09,2024-12-31 23:59:59.999999}');
SELECT * FROM check_history('retained', 'retail', 'fabric_demo', 'retention', '{2024-05-06 07:08:09}') WHERE table_name LIKE 'order%';
SELECT * FROM check_history('life', 'lifecycle', NULL, NULL, '{2022-12-31,2023-05-06 07:08:09,2024-01-15 10:30}');
SELECT * FROM check_history('tidied', 'lifecycle', NULL, 'tidy', '{2024-01-15 10:30}') WHERE table_name = 'ticket';

-- versions of a row follow each other, the last one is that of today unless the row is deleted
SELECT count(*) FILTER (WHERE _spindle_valid_from >= _spindle_valid_to) AS empty,
  count(*) FILTER (WHERE next_from < _spindle_valid_to) AS overlap, count(*) FILTER (WHERE next_from IS NULL AND _spindle_valid_to <> 'infinity') AS deleted,
  count(*) FILTER (WHERE next_version <= _spindle_version) AS falls, count(*) FILTER (WHERE next_op = 'u' AND next_from <> _spindle_valid_to) AS gap
FROM (SELECT *, lead(_spindle_valid_from) OVER w AS next_from, lead(_spindle_version) OVER w AS next_version, lead(_spindle_op) OVER w AS next_op
  FROM retained."order" WINDOW w AS (PARTITION BY order_id ORDER BY _spindle_valid_from)) x;

-- keys find rows, and conditions that do not agree with those that do
-- without decimals, which 18 shows of rows
CREATE FUNCTION explained(query text) RETURNS SETOF text LANGUAGE plpgsql AS $f$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off) ' || query LOOP
    RETURN NEXT regexp_replace(line, '(actual rows=\d+)\.00', '\1');
  END LOOP;
END
$f$;
SELECT * FROM explained($$SELECT order_id, status FROM retail_history."order" WHERE order_id BETWEEN 30 AND 31 AND status <> 'placed'$$);
SELECT * FROM explained($$SELECT _spindle_op FROM retained."order" WHERE order_id = ANY ('{7,3,NULL,7}')$$);
SELECT (SELECT count(*) FROM retail_history.order_line WHERE order_id IN (3, 4, 9)) = (SELECT count(*) FROM retail_history.order_line WHERE order_id + 0 IN (3, 4, 9)) AS same;
SELECT (SELECT count(*) FROM life.account WHERE opened < '2023-06-01') = (SELECT count(*) FROM life.account WHERE opened + '0' < '2023-06-01') AS same;
SELECT count(*), (SELECT count(*) FROM life.account WHERE plan || '' = 'team') AS filtered FROM life.account WHERE plan = 'team';
SELECT max(order_id), min(order_date), count(DISTINCT order_id) FROM retail_history."order";
EXPLAIN (COSTS OFF) SELECT count(*), max(order_id) FROM retail_history."order";
SELECT array_agg(order_id ORDER BY n) = array_agg(order_id ORDER BY order_id DESC) AS backward FROM (SELECT order_id, row_number() OVER () AS n FROM (SELECT order_id FROM retail_history."order" ORDER BY order_id DESC) x) y;
SELECT sum(n) FROM (VALUES (3), (5), (3), (-1), (NULL)) v(id) LEFT JOIN LATERAL (SELECT count(*) AS n FROM retail_history."order" o WHERE o.order_id = v.id OFFSET 0) c ON true;
SELECT o::text LIKE '(5,%' AS whole_row, tableoid::regclass FROM retail_history."order" o WHERE order_id = 5 AND _spindle_op = 'c';

-- several processes share the rows
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
CREATE FOREIGN TABLE medium_order (order_id bigint, status text, _spindle_version int, _spindle_valid_to timestamptz) SERVER spindle OPTIONS (domain 'retail', "table" 'order', scale 'medium', history 'true');
EXPLAIN (COSTS OFF) SELECT count(*), sum(_spindle_version) FROM medium_order WHERE order_id <= 80000;
SELECT count(*), sum(_spindle_version), count(DISTINCT order_id), sum(hashtext(status || _spindle_valid_to)::bigint) FROM medium_order WHERE order_id <= 80000;
SET max_parallel_workers_per_gather = 0;
SELECT count(*), sum(_spindle_version), count(DISTINCT order_id), sum(hashtext(status || _spindle_valid_to)::bigint) FROM medium_order WHERE order_id <= 80000;

-- the function is a scan: the first rows at once at any scale, rescans and cursors give the same
SELECT * FROM explained($$SELECT status FROM spindle_history('retail', 'order', 'xxxl') AS h(order_id bigint, status text, _spindle_op "char") WHERE _spindle_op = 'u' LIMIT 2$$);
SELECT order_id, status, _spindle_version FROM spindle_history('retail', 'order', 'xxxl', first_row => 9999999998) AS h(order_id bigint, status text, _spindle_version int);
SELECT n, (SELECT string_agg(status, ' ') FROM spindle_history('retail', 'order', first_row => n, max_rows => 1) AS h(status text)),
  (SELECT count(*) FROM spindle_history('retail', 'order', max_rows => 2) AS h(order_id bigint) WHERE order_id > n) FROM generate_series(0, 2) n;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT order_id, status, _spindle_op FROM spindle_history('retail', 'order') AS h(order_id bigint, status text, _spindle_op "char");
FETCH 2 c;
MOVE 1000 c;
FETCH 2 c;
FETCH BACKWARD 2 c;
COMMIT;
CREATE FUNCTION first_states() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  r record;
  result text := '';
BEGIN
  FOR r IN SELECT * FROM spindle_history('retail', 'order', 'xxl') AS h(status text, _spindle_version int) LOOP
    result := result || r.status || ' ';
    EXIT WHEN r._spindle_version = 3;
  END LOOP;
  RETURN result;
END
$$;
SELECT first_states();
SELECT count(*) FROM ROWS FROM (spindle_history('retail', 'order', max_rows => 2) AS (status text)) WITH ORDINALITY;

-- what the planner knows, before and after ANALYZE, within a tenth and a half
CREATE FUNCTION estimate(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
  RETURN plan->0->'Plan'->'Plan Rows';
END
$$;
CREATE FUNCTION estimates() RETURNS TABLE (condition text, near boolean) LANGUAGE plpgsql AS $$
DECLARE
  n float8;
BEGIN
  FOREACH condition IN ARRAY '{true,status = ''shipped'',_spindle_op = ''c'',_spindle_version = 3,_spindle_valid_to = ''infinity'',_spindle_valid_from < ''2023-01-01'',order_id < 2000,customer_id < 100}'::text[] LOOP
    EXECUTE 'SELECT count(*) FROM small_order WHERE ' || condition INTO n;
    near := estimate('SELECT * FROM small_order WHERE ' || condition) BETWEEN n / 1.5 AND n * 1.5;
    RETURN NEXT;
  END LOOP;
  condition := 'GROUP BY order_id';
  near := estimate('SELECT order_id FROM small_order GROUP BY 1') BETWEEN 4500 AND 5500;
  RETURN NEXT;
END
$$;
CREATE FOREIGN TABLE small_order (order_id bigint, customer_id int, status text, _spindle_version int, _spindle_valid_from timestamptz, _spindle_valid_to timestamptz, _spindle_op "char") SERVER spindle OPTIONS (domain 'retail', "table" 'order', history 'true');
SELECT e.condition, e.near FROM estimates() e;
SELECT estimate('SELECT FROM spindle_history(''retail'', ''order'') AS h(status text)') BETWEEN 18000 AND 21000 AS rows, estimate('SELECT FROM spindle_history(''retail'', ''order'') AS h(status text) WHERE status = ''placed''') BETWEEN 4500 AND 5500 AS placed;
ANALYZE small_order;
SELECT e.condition, e.near FROM estimates() e;
SELECT reltuples FROM pg_class WHERE oid = 'small_order'::regclass;
CREATE FOREIGN TABLE large_order (order_id bigint, status text, _spindle_version int) SERVER spindle OPTIONS (domain 'retail', "table" 'order', scale 'xxl', history 'true');
SET default_statistics_target = 10;
ANALYZE large_order;
SELECT reltuples BETWEEN 3.7e9 AND 4.1e9 AS near FROM pg_class WHERE oid = 'large_order'::regclass;
SELECT attname, n_distinct < 0 AS many, n_distinct BETWEEN 3 AND 8 AS few FROM pg_stats WHERE tablename = 'large_order' ORDER BY attname COLLATE "C";
RESET default_statistics_target;

-- rows copy what other rows of their table were, which need not be computed with them
SELECT spindle_create_domain('grown', $d${"spindle": 1, "description": "a tree with histories", "range": {"start": "2023-01-01", "end": "2025-01-01"}, "presets": {"small": {"branch": 90}}, "tables": {
  "branch": {"key": "id", "event_time": "opened", "rows": {"kind": "preset"}, "columns": {
    "id": {"type": "integer", "rule": {"kind": "sequence"}},
    "opened": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true}},
    "parent_id": {"type": "integer", "nullable": true, "rule": {"kind": "hierarchy", "levels": 3, "roots": 4}},
    "budget": {"type": "integer", "rule": {"kind": "uniform", "min": 1, "max": 900}},
    "parent_budget": {"type": "integer", "nullable": true, "rule": {"kind": "copy", "column": "parent_id.budget", "as_of": "opened"}}},
    "lifecycle": {"revisions": {"budgets": {"ratio": 3, "set": {"budget": "redraw"}}}}}}}$d$);
CREATE FOREIGN TABLE branch (id int, opened timestamptz, parent_id int, budget int, parent_budget int, _spindle_version int, _spindle_valid_from timestamptz, _spindle_valid_to timestamptz) SERVER spindle OPTIONS (domain 'grown', "table" 'branch', history 'true');
SELECT count(*) AS versions, count(DISTINCT child.id) AS rows, bool_and(child.parent_budget = parent.budget) AS same
FROM branch child JOIN branch parent ON parent.id = child.parent_id AND child.opened >= parent._spindle_valid_from AND child.opened < parent._spindle_valid_to;
SELECT (SELECT sum(parent_budget) FROM branch) = (SELECT sum((after->>'parent_budget')::int) FROM spindle_changes('grown')) AS same;
DROP FOREIGN TABLE branch;
SELECT spindle_drop_domain('grown');

-- columns can be renamed, dropped, or left out
CREATE FOREIGN TABLE renamed (gone int, _spindle_valid_to timestamptz, state text OPTIONS (column_name 'status'), version int OPTIONS (column_name '_spindle_version')) SERVER spindle OPTIONS (domain 'retail', "table" 'order', history 'true');
ALTER FOREIGN TABLE renamed DROP COLUMN gone;
SELECT * FROM renamed LIMIT 2;
CREATE FOREIGN TABLE nothing () SERVER spindle OPTIONS (domain 'retail', "table" 'product', history 'true', scale 'fabric_demo');
SELECT count(*) FROM nothing;

-- what is refused
CREATE FOREIGN TABLE bad (status text) SERVER spindle OPTIONS (domain 'retail', "table" 'order', history 'maybe'); -- ERROR
CREATE FOREIGN TABLE bad (status text) SERVER spindle OPTIONS (domain 'retail', "table" 'order', history 'true', as_of '2024-01-01'); -- ERROR
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO history OPTIONS (history 'true', as_of 'infinity'); -- ERROR
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO history OPTIONS (history 'true', profile 'none'); -- ERROR
CREATE FOREIGN TABLE bad (status text, _spindle_version bigint) SERVER spindle OPTIONS (domain 'retail', "table" 'order', history 'true');
SELECT * FROM bad; -- ERROR
CREATE FOREIGN TABLE no_history (status text, _spindle_version int) SERVER spindle OPTIONS (domain 'retail', "table" 'order', history 'false');
SELECT * FROM no_history; -- ERROR
INSERT INTO small_order DEFAULT VALUES; -- ERROR
SET client_min_messages = warning;
DROP SCHEMA history, retail_history, retained, life, tidied CASCADE;
