--
-- Plans of joins over generated tables as they were imported: no loop scans a table
-- whole again and again, and single tables of a big join are read by ranges.
--
SET client_min_messages = warning;
\getenv abs_srcdir PG_ABS_SRCDIR
\set queries :abs_srcdir '/../bench/planner_queries.sql'
\set tpch :abs_srcdir '/data/tpch_queries.sql'
CREATE SCHEMA bench;
\set ECHO none
\i :queries
\set ECHO all
CREATE SCHEMA shop;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO shop OPTIONS (scale 'large');
SET search_path = shop, public;

-- The nodes of a plan, each with the one above.
CREATE FUNCTION bench.nodes(query text) RETURNS TABLE (node jsonb, above jsonb) LANGUAGE plpgsql AS $$
DECLARE
  plan jsonb;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
  RETURN QUERY WITH RECURSIVE tree AS (
    SELECT plan -> 0 -> 'Plan' AS node, NULL::jsonb AS above
    UNION ALL
    SELECT jsonb_array_elements(t.node -> 'Plans'), t.node FROM tree t
  )
  SELECT * FROM tree;
END
$$;
-- What a loop or a condition repeats, of all rows of a table; to hash it takes one scan.
CREATE FUNCTION bench.repeated(generated text) RETURNS TABLE (kind text, number int, relation text) LANGUAGE sql AS $$
  SELECT q.kind, q.number, node ->> 'Alias' FROM bench.join_query q, bench.nodes(query)
  WHERE q.generated = repeated.generated AND node ->> 'Node Type' = 'Foreign Scan' AND NOT node ? 'Rows Found By' AND node ->> 'Parent Relationship' IN ('Inner', 'SubPlan')
    AND (above ->> 'Node Type' = 'Nested Loop' OR above ->> 'Filter' !~ 'hashed SubPlan')
$$;
SELECT count(*) AS queries FROM bench.join_query;
SELECT * FROM bench.repeated('shop');
SET max_parallel_workers_per_gather = 4;
SELECT * FROM bench.repeated('shop');
SET max_parallel_workers_per_gather = 0;
SELECT * FROM bench.repeated('shop');

-- where each of these wins, it is there
SELECT count(*) FILTER (WHERE plan ~ 'Nested Loop') > 5 AS loops, count(*) FILTER (WHERE plan ~ 'Merge') > 0 AS merges, count(*) FILTER (WHERE plan ~ 'Hash Join') > 20 AS hashes
FROM (SELECT string_agg(node ->> 'Node Type', ' ') AS plan FROM bench.join_query q, bench.nodes(query) GROUP BY q.id) s;
SET max_parallel_workers_per_gather = 2;
SELECT count(*) FILTER (WHERE plan ~ '"Gather') > 10 AS parallel, count(*) FILTER (WHERE plan ~ '"Parallel Aware": true') > 10 AS partial
FROM (SELECT string_agg(node::text, ' ') AS plan FROM bench.join_query q, bench.nodes(query) GROUP BY q.id) s;
SELECT DISTINCT node ->> 'Alias' AS by_ranges FROM bench.join_query, bench.nodes(query)
WHERE kind = 'join' AND number = 28 AND node ? 'Rows Found By' ORDER BY 1;

-- How often the rows that conditions leave are referred to: the number of rows that
-- is expected of the join, and how far it is from the truth.
CREATE SCHEMA medium;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO medium OPTIONS (scale 'medium');
SET search_path = medium, public;
SET max_parallel_workers_per_gather = 0;
CREATE FUNCTION bench.is_near(query text, factor float8) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  truth float8;
  expected float8;
BEGIN
  EXECUTE format('SELECT count(*) FROM %s', query) INTO truth;
  SELECT (node ->> 'Plan Rows')::float8 INTO expected FROM bench.nodes('SELECT 1 FROM ' || query) LIMIT 1;
  RETURN truth > 0 AND expected BETWEEN truth / factor AND truth * factor;
END
$$;
SELECT query, bench.is_near(query, 1.2) FROM unnest(ARRAY[
  $$"order" o JOIN store s USING (store_id) WHERE s.store_type = 'online'$$,
  $$store s JOIN "order" o ON o.store_id = s.store_id WHERE s.city LIKE '%a' OR s.state IN ('CA', 'TX')$$,
  $$"order" o JOIN customer c USING (customer_id) WHERE c.customer_id BETWEEN 1000 AND 1100$$,
  $$"order" o, store s, promotion p WHERE o.store_id = s.store_id AND p.promotion_id = o.promotion_id AND s.store_id < 6 AND p.promotion_id > 50$$,
  $$order_line l JOIN product p USING (product_id) WHERE p.unit_price > 200$$,
  $$order_line l JOIN product p USING (product_id) WHERE p.product_id = ANY ('{1,2,3,4,5,6,7,8}')$$]) query;
-- conditions that fail for a row, take much memory, depend on parameters, or leave nothing
EXPLAIN (COSTS OFF) SELECT 1 FROM "order" o JOIN store s USING (store_id) WHERE 1 / (s.store_id - 7) = 0 AND o.order_id < 5;
SELECT count(*) FROM "order" o JOIN store s USING (store_id) WHERE 1 / (s.store_id - 7) = 0 AND o.order_id < 5;
EXPLAIN (COSTS OFF) SELECT 1 FROM "order" o JOIN store s USING (store_id) WHERE length(repeat(s.store_name, 1000000)) = 0 AND o.order_id < 5;
PREPARE by_type (text) AS SELECT count(*) FROM "order" o JOIN store s USING (store_id) WHERE s.store_type = $1 AND o.order_id <= 1000;
SET plan_cache_mode = force_generic_plan;
EXECUTE by_type ('online');
SET plan_cache_mode = force_custom_plan;
EXECUTE by_type ('online');
RESET plan_cache_mode;
SELECT count(*) FROM "order" o JOIN store s USING (store_id) WHERE s.store_type = 'none';
SELECT count(*) FROM store s LEFT JOIN "order" o USING (store_id) WHERE s.store_id = 3 AND o.order_id <= 1000;

-- the same of TPC-H
CREATE SCHEMA tpch;
IMPORT FOREIGN SCHEMA tpch FROM SERVER spindle INTO tpch OPTIONS (scale 'sf1');
SET search_path = bench;
\set ECHO none
\i :tpch
\set ECHO all
INSERT INTO bench.join_query (kind, number, generated, query) SELECT 'TPC-H', n, 'tpch', query FROM tpch_query;
SET search_path = tpch;
SELECT * FROM bench.repeated('tpch');
SET max_parallel_workers_per_gather = 0;
SELECT * FROM bench.repeated('tpch');

RESET search_path;
DROP SCHEMA bench, shop, tpch, medium CASCADE;
