-- A schema, learned by its statistics, and an empty copy of it that is filled: how alike are they?  For retail, and for a
-- schema of others: the tables of TPC-H, or with BENCH_SCHEMA those that a file, a script for psql, makes in the schema public.
\ir likeness.sql

CREATE PROCEDURE bench.learn(name text, source text) LANGUAGE plpgsql AS $$
DECLARE
  started timestamptz := clock_timestamp();
  definition json := spindle_learn(ARRAY[source]);
  filled bigint;
BEGIN
  INSERT INTO bench.result (comparison, value, unit) VALUES (format('%s: learning it', name), extract(epoch FROM clock_timestamp() - started) * 1000, 'ms');
  PERFORM spindle_create_domain('bench_learned', definition, replace => true);
  TRUNCATE likeness.withheld;
  INSERT INTO likeness.withheld SELECT table_name, column_name FROM spindle_learn_report(definition) WHERE withheld ~ 'sensitive|looks as if|fewer than|too many values|key$';
  CALL likeness.copy_schema(source, source || '_copy');
  CALL spindle_fill_schema('bench_learned', source || '_copy', report => false);
  COMMIT;
  EXECUTE (SELECT string_agg(format('ANALYZE %I.%I', s, t.name), '; ') FROM unnest(ARRAY[source, source || '_copy']) s, likeness.tables(s) t);
  CALL likeness.compare(source, source || '_copy', 300000);
  INSERT INTO bench.result (comparison, goal, value, unit)
  SELECT format('%s learned by statistics, %s, %s of %s%s', name, measure, what, places, CASE WHEN what = 'worst' THEN ': ' || worst_place ELSE '' END), goal, value,
    CASE WHEN measure ~ 'distance|error$' THEN 'of 1' ELSE 'times' END
  FROM likeness.summary CROSS JOIN LATERAL (VALUES ('median', median), ('95th percentile', p95), ('worst', worst)) v (what, value)
    JOIN (VALUES ('distance of column', 'median', 0.01), ('distance of column', 'worst', 0.03), ('null error', 'worst', 0.01), ('distinct ratio', 'worst', 1.5),
      ('distance of children per parent', 'median', 0.15), ('distance of children per parent', 'worst', 0.5), ('q-error of a table', 'median', 1.05), ('q-error of a table', '95th percentile', 1.5),
      ('q-error of a join', 'median', 2), ('q-error of a join', '95th percentile', NULL)) g (m, w, goal) ON m = measure AND w = what
  UNION ALL SELECT format('%s learned by statistics, %s of all tables, larger : smaller', name, measure), goal, value, 'times' FROM likeness.found WHERE measure ~ 'bytes' AND relation IS NULL;
END
$$;

CALL spindle_seed('retail', 'learn_retail', scale => :'learn_scale', report => false);
CALL bench.learn('retail', 'learn_retail');
-- what is furthest off
SELECT format('%s of %s.%s: %s', measure, relation, item, round(value::numeric, 3)) FROM likeness.found WHERE value > goal ORDER BY measure, value DESC LIMIT 30;
DROP SCHEMA learn_retail, learn_retail_copy CASCADE;

\if :{?foreign_schema}
\i :foreign_schema
ANALYZE;
CALL bench.learn('a schema of others', 'public');
\else
CALL spindle_seed('tpch', 'learn_tpch', scale => 'sf0_1', report => false);
CALL bench.learn('TPC-H', 'learn_tpch');
\endif
SELECT format('%s of %s.%s: %s', measure, relation, item, round(value::numeric, 3)) FROM likeness.found WHERE value > goal ORDER BY measure, value DESC LIMIT 30;
