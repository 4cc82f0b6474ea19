-- Queries of generated tables as they were imported, without ANALYZE, against the
-- same on seeded, indexed, analyzed tables: times, and how far the planner's numbers
-- of rows are from the truth.

CALL spindle_seed('retail', 'stored', scale => :'scale', report => false);
CREATE INDEX ON stored."order" (order_date);
\ir planner_queries.sql

-- of TPC-H its own tables, at scale factor 1, in place of what has the shapes of its queries
DELETE FROM bench.join_query WHERE kind = 'shape';
CREATE SCHEMA tpch;
IMPORT FOREIGN SCHEMA tpch FROM SERVER spindle INTO tpch OPTIONS (scale 'sf1');
CALL spindle_seed('tpch', 'tpch_stored', scale => 'sf1', report => false);
\ir ../test/data/tpch_queries.sql
-- lines of a few parts, 200 (17), some hundred (19) and 1500 (20) of 200 000, and whether there is an order of each
-- of some thousand customers (22): an index finds them, while a scan computes all lines or orders, once
INSERT INTO bench.join_query (kind, number, few_by_reference, generated, stored, query)
SELECT 'TPC-H', n, n IN (17, 19, 20, 22), 'tpch', 'tpch_stored', query FROM tpch_query ORDER BY n;
VACUUM ANALYZE;

CREATE FUNCTION bench.plan(query text, schema text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  plan jsonb;
BEGIN
  PERFORM set_config('search_path', schema, false);
  EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ' || query INTO plan;
  RETURN plan -> 0;
END
$$;

-- All nodes of a plan that ran to their end: none below a LIMIT, and no input that
-- another node leaves when it has found enough: those of a merge join, which ends with
-- the first of its inputs, and the inner side of a loop for one row.
CREATE FUNCTION bench.nodes(plan jsonb) RETURNS TABLE (node jsonb) LANGUAGE sql AS $$
  WITH RECURSIVE tree AS (
    SELECT plan -> 'Plan' AS node, NULL::jsonb AS above
    UNION ALL
    SELECT jsonb_array_elements(t.node -> 'Plans'), t.node FROM tree t WHERE t.node ->> 'Node Type' <> 'Limit'
  )
  SELECT node FROM tree
  WHERE (node ->> 'Actual Loops')::float8 > 0 AND above ->> 'Node Type' IS DISTINCT FROM 'Merge Join'
    AND NOT (above ->> 'Node Type' IS NOT DISTINCT FROM 'Nested Loop' AND node ->> 'Parent Relationship' = 'Inner'
      AND (above ->> 'Join Type' IN ('Semi', 'Anti') OR (above ->> 'Inner Unique')::boolean IS TRUE))
$$;
CREATE FUNCTION bench.q_error(estimate float8, truth float8) RETURNS float8 LANGUAGE sql AS
  'SELECT greatest(greatest(estimate, 1) / greatest(truth, 1), greatest(truth, 1) / greatest(estimate, 1))';

CREATE TABLE bench.join_run (id int, side text, run int, plan jsonb);
CREATE PROCEDURE bench.run_joins(runs int) LANGUAGE plpgsql AS $$
DECLARE
  q record;
BEGIN
  FOR q IN SELECT * FROM bench.join_query ORDER BY id LOOP
    FOR run IN 1 .. runs LOOP
      INSERT INTO bench.join_run VALUES (q.id, 'generated', run, bench.plan(q.query, q.generated));
      INSERT INTO bench.join_run VALUES (q.id, 'stored', run, bench.plan(q.query, q.stored));
    END LOOP;
    COMMIT;
  END LOOP;
  PERFORM set_config('search_path', 'public', false);
END
$$;
CALL bench.run_joins(least(:runs, 3));

CREATE VIEW bench.join_time AS
SELECT id, kind, number, few_by_reference, query,
  min((plan ->> 'Execution Time')::float8) FILTER (WHERE side = 'generated') AS a,
  min((plan ->> 'Execution Time')::float8) FILTER (WHERE side = 'stored') AS b,
  min((plan ->> 'Planning Time')::float8) FILTER (WHERE side = 'generated') AS a_planning,
  min((plan ->> 'Planning Time')::float8) FILTER (WHERE side = 'stored') AS b_planning
FROM bench.join_run JOIN bench.join_query USING (id) GROUP BY 1, 2, 3, 4, 5;
CREATE VIEW bench.join_node AS
SELECT id, side, node, bench.q_error((node ->> 'Plan Rows')::float8, (node ->> 'Actual Rows')::float8) AS q
FROM bench.join_run, bench.nodes(plan) n WHERE run = 1;
CREATE VIEW bench.join_error AS
SELECT side, kind, percentile_cont(0.5) WITHIN GROUP (ORDER BY q) AS median, percentile_cont(0.95) WITHIN GROUP (ORDER BY q) AS p95
FROM bench.join_node JOIN bench.join_query USING (id) GROUP BY side, kind;

-- each of them
SELECT format('%s %s%s: %s ms, stored %s ms, ratio %s; planning %s ms, stored %s ms; q-error at most %s, stored %s: %s',
  kind, number,
  CASE WHEN few_by_reference THEN ' (few rows by a reference)' ELSE '' END,
  round(a::numeric, 1), round(b::numeric, 1), round((a / b)::numeric, 2), round(a_planning::numeric, 2), round(b_planning::numeric, 2),
  round(q_generated::numeric, 1), round(q_stored::numeric, 1), left(regexp_replace(query, '\s+', ' ', 'g'), 60))
FROM bench.join_time,
  LATERAL (SELECT max(q) FILTER (WHERE side = 'generated') AS q_generated, max(q) FILTER (WHERE side = 'stored') AS q_stored
    FROM bench.join_node n WHERE n.id = join_time.id) e
ORDER BY id;
-- the nodes of generated tables that are furthest off
SELECT format('%s %s: q-error %s, expected %s, %s rows: %s%s', kind, number, round(q::numeric, 1), node ->> 'Plan Rows', node ->> 'Actual Rows',
  node ->> 'Node Type', ' ' || coalesce(node ->> 'Alias', node ->> 'Join Type', ''))
FROM bench.join_node JOIN bench.join_query USING (id) WHERE side = 'generated' AND q > 2 ORDER BY q DESC LIMIT 20;

-- Conditions on all columns, against ANALYZE.
CREATE SCHEMA estimates;
\ir estimates.sql
CALL estimates.compare('shop', 'stored', 5);
SELECT format('condition on %s: %s: expected %s, with ANALYZE %s, %s rows', relation, condition, expected, analyzed, truth)
FROM estimates.beyond(1.2) ORDER BY estimates.q(expected, analyzed) DESC;

INSERT INTO bench.result (comparison, goal, value, unit)
SELECT 'queries of generated : of stored, analyzed tables, time of all, ' || kind, 1.3, sum(a) / sum(b), 'times' FROM bench.join_time
WHERE NOT few_by_reference GROUP BY kind
UNION ALL
SELECT 'the worst, ' || kind, 2, max(a / b), 'times' FROM bench.join_time WHERE NOT few_by_reference GROUP BY kind
UNION ALL
SELECT 'planning of the join of six tables, more than of stored ones', 2, a_planning - b_planning, 'ms' FROM bench.join_time
WHERE kind = 'join' AND number = 28
UNION ALL
SELECT 'full scans that are repeated in a nested loop', 0, count(*), 'scans' FROM bench.join_run, bench.nodes(plan)
WHERE side = 'generated' AND run = 1 AND node ->> 'Node Type' = 'Foreign Scan' AND (node ->> 'Actual Loops')::float8 > 1
  AND NOT node ? 'Rows Found By'
UNION ALL
SELECT 'q-error of their nodes, median, ' || kind, 1.1, median, 'times' FROM bench.join_error WHERE side = 'generated'
UNION ALL
SELECT 'the same, 95th percentile, ' || kind, 3, p95, 'times' FROM bench.join_error WHERE side = 'generated'
UNION ALL
SELECT 'the same of stored, analyzed tables, 95th percentile, ' || kind, NULL, p95, 'times' FROM bench.join_error WHERE side = 'stored'
UNION ALL
SELECT 'conditions on single columns that are 1.2 times further off than with ANALYZE', 0, count(*), 'conditions'
FROM estimates.beyond(1.2);
-- in a new session, which has to read the definition first
CREATE FUNCTION bench.planning_ms(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  SET LOCAL search_path = shop;
  EXECUTE 'EXPLAIN (SUMMARY ON, FORMAT JSON) ' || query INTO plan;
  RETURN plan -> 0 ->> 'Planning Time';
END
$$;
\connect -
SET client_min_messages = warning;
SELECT bench.planning_ms(query) AS first FROM bench.join_query WHERE kind = 'join' AND number = 28 \gset
INSERT INTO bench.result (comparison, goal, value, unit)
VALUES ('planning of the join of six tables, the first of a session', 30, :first, 'ms');
DROP SCHEMA stored CASCADE;
DROP SCHEMA tpch_stored CASCADE;
