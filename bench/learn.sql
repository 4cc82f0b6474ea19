-- A schema, learned by its statistics and by its rows, and an empty copy of it that is filled: how alike are they?  For retail, and for
-- a schema of others: the tables of TPC-H, or with BENCH_SCHEMA those that a file, a script for psql, makes in the schema public.
\ir likeness.sql

-- What is wanted, by what is read.
CREATE TABLE bench.learn_goal (level text, measure text, what text, goal float8);
INSERT INTO bench.learn_goal VALUES
  ('statistics', 'distance of column', 'median', 0.01), ('statistics', 'distance of column', 'worst', 0.03), ('statistics', 'null error', 'worst', 0.01),
  ('statistics', 'distinct ratio', 'worst', 1.5), ('statistics', 'distance of children per parent', 'median', 0.15), ('statistics', 'distance of children per parent', 'worst', 0.5),
  ('statistics', 'q-error of a table', 'median', 1.05), ('statistics', 'q-error of a table', '95th percentile', 1.5), ('statistics', 'q-error of a join', 'median', 2),
  ('statistics', 'q-error of a join', '95th percentile', NULL), ('statistics', 'distance of pairs', 'median', NULL), ('statistics', 'bytes', 'all', 1.15),
  ('data', 'distance of column', 'median', 0.01), ('data', 'distance of column', 'worst', 0.02), ('data', 'null error', 'worst', 0.005),
  ('data', 'distinct ratio', 'median', 1.05), ('data', 'distinct ratio', 'worst', NULL), ('data', 'distance of children per parent', 'median', 0.02), ('data', 'distance of children per parent', 'worst', 0.05),
  ('data', 'q-error of a table', 'median', 1.05), ('data', 'q-error of a table', '95th percentile', 1.3), ('data', 'q-error of a join', 'median', 1.3),
  ('data', 'q-error of a join', '95th percentile', NULL), ('data', 'distance of pairs', 'median', 0.05), ('data', 'distance of pairs', 'worst', NULL), ('data', 'bytes', 'all', 1.1);

-- What is found is left in likeness.found, for each level in likeness.worst.
CREATE TABLE likeness.worst (level text, LIKE likeness.found);
CREATE PROCEDURE bench.learn(name text, source text, level text, harmless text[] DEFAULT NULL) LANGUAGE plpgsql AS $$
DECLARE
  started timestamptz := clock_timestamp();
  definition json := spindle_learn(ARRAY[source], read => level, harmless => harmless);
  learned text := format('%s learned by %s', name, level);
BEGIN
  INSERT INTO bench.result (comparison, value, unit) VALUES (learned || ': learning it', extract(epoch FROM clock_timestamp() - started) * 1000, 'ms');
  PERFORM spindle_create_domain('bench_learned', definition, replace => true);
  TRUNCATE likeness.withheld;
  INSERT INTO likeness.withheld SELECT table_name, column_name FROM spindle_learn_report(definition) WHERE withheld ~ 'sensitive|looks as if|fewer than|too many values|key$';
  CALL likeness.copy_schema(source, source || '_copy');
  CALL spindle_fill_schema('bench_learned', source || '_copy', report => false);
  COMMIT;
  EXECUTE (SELECT string_agg(format('ANALYZE %I.%I', s, t.name), '; ') FROM unnest(ARRAY[source, source || '_copy']) s, likeness.tables(s) t);
  CALL likeness.compare(source, source || '_copy', 300000);
  INSERT INTO bench.result (comparison, goal, value, unit)
  SELECT format('%s, %s, %s of %s%s', learned, s.measure, v.what, places, CASE WHEN v.what = 'worst' THEN ': ' || worst_place ELSE '' END), goal, value,
    CASE WHEN s.measure ~ 'distance|error$' THEN 'of 1' ELSE 'times' END
  FROM likeness.summary s CROSS JOIN LATERAL (VALUES ('median', median), ('95th percentile', p95), ('worst', worst)) v (what, value)
    JOIN bench.learn_goal g ON g.measure = s.measure AND g.what = v.what AND g.level = learn.level
  UNION ALL SELECT format('%s, %s of all tables, larger : smaller', learned, f.measure), g.goal, value, 'times' FROM likeness.found f JOIN bench.learn_goal g ON g.measure = 'bytes' AND g.level = learn.level
    WHERE f.measure ~ 'bytes' AND relation IS NULL;
  INSERT INTO likeness.worst SELECT learn.level, measure, relation, item, value, goal FROM likeness.found WHERE value > goal;
  EXECUTE format('DROP SCHEMA %I CASCADE', source || '_copy');
END
$$;

CALL spindle_seed('retail', 'learn_retail', scale => :'learn_scale', report => false);
CALL bench.learn('retail', 'learn_retail', 'statistics');
-- places are no secret in retail: with them columns of numbers follow from others
CALL bench.learn('retail', 'learn_retail', 'data', '{lat,lng}');
-- what is furthest off
SELECT format('%s: %s of %s.%s: %s', level, measure, relation, item, round(value::numeric, 3)) FROM likeness.worst ORDER BY level, measure, value DESC LIMIT 60;
DROP SCHEMA learn_retail CASCADE;
TRUNCATE likeness.worst;

\if :{?foreign_schema}
\i :foreign_schema
ANALYZE;
CALL bench.learn('a schema of others', 'public', 'statistics');
CALL bench.learn('a schema of others', 'public', 'data');
\else
CALL spindle_seed('tpch', 'learn_tpch', scale => 'sf0_1', report => false);
CALL bench.learn('TPC-H', 'learn_tpch', 'statistics');
CALL bench.learn('TPC-H', 'learn_tpch', 'data');
\endif
SELECT format('%s: %s of %s.%s: %s', level, measure, relation, item, round(value::numeric, 3)) FROM likeness.worst ORDER BY level, measure, value DESC LIMIT 60;
