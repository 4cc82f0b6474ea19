-- How like the tables of one schema are to those of another, which have the same names: distributions of columns, children
-- of parents, what the planner expects, sizes.  All of it is computed here, without what spindle says about itself.
CREATE SCHEMA likeness;

-- distance: 0 is alike; ratio: 1 is
CREATE TABLE likeness.found (measure text, relation text, item text, value float8, goal float8);

-- columns whose values somebody withheld: nothing is wanted of them
CREATE TABLE likeness.withheld (relation text, item text);

-- Tables of a schema; foreign keys, also those that only partitions have; columns that are no keys, with the number that stands for a value.
CREATE FUNCTION likeness.tables(schema text) RETURNS TABLE (relid oid, name text, rows float8) LANGUAGE sql AS $$
  SELECT c.oid, c.relname, coalesce((SELECT sum(greatest(l.reltuples, 0)) FROM pg_partition_tree(c.oid) p JOIN pg_class l ON l.oid = p.relid WHERE p.isleaf), greatest(c.reltuples, 0))
  FROM pg_class c WHERE c.relnamespace = to_regnamespace(quote_ident(schema)) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
$$;
CREATE FUNCTION likeness.keys(schema text) RETURNS TABLE (child text, parent text, name text, n int, columns text, parent_columns text) LANGUAGE sql AS $$
  SELECT DISTINCT ON (t.name, p.relname, columns) t.name, p.relname, k.conname, cardinality(k.conkey), columns, parent_columns
  FROM likeness.tables(schema) t, LATERAL (SELECT t.relid UNION SELECT p.relid FROM pg_partition_tree(t.relid) p) r JOIN pg_constraint k ON k.conrelid = r.relid JOIN pg_class p ON p.oid = k.confrelid,
    LATERAL (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.n) AS columns, string_agg(quote_ident(b.attname), ', ' ORDER BY u.n) AS parent_columns
      FROM unnest(k.conkey, k.confkey) WITH ORDINALITY u (num, other, n) JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = num JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = other) c
  WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY t.name, p.relname, columns, k.conname
$$;
CREATE FUNCTION likeness.columns(schema text) RETURNS TABLE (relid oid, table_name text, name text, kind text, expression text) LANGUAGE sql AS $$
  SELECT t.relid, t.name, a.attname,
    CASE WHEN y.typcategory = 'N' AND y.typname <> 'money' AND y.typname !~ '^reg|^oid$' THEN 'number' WHEN y.typcategory = 'D' AND y.typname !~ '^time(tz)?$' THEN 'time' WHEN y.typcategory IN ('B', 'E', 'S') THEN 'label' END,
    CASE WHEN y.typcategory = 'N' THEN format('%I::float8', a.attname) WHEN y.typcategory = 'D' THEN format('extract(epoch FROM %I)::float8', a.attname) ELSE format('%I::text', a.attname) END
  FROM likeness.tables(schema) t JOIN pg_attribute a ON a.attrelid = t.relid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    JOIN pg_type d ON d.oid = a.atttypid JOIN pg_type y ON y.oid = CASE WHEN d.typtype = 'd' THEN d.typbasetype ELSE d.oid END
  WHERE NOT EXISTS (SELECT FROM likeness.keys(schema) k WHERE k.child = t.name AND quote_ident(a.attname) = ANY (string_to_array(k.columns, ', ')))
    AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.relid AND i.indisunique AND a.attnum = ANY (i.indkey)) ORDER BY 2, a.attnum
$$;

-- Bytes of the heap, or of the indexes, of a table with its partitions.
CREATE FUNCTION likeness.bytes(relid oid, of_indexes boolean) RETURNS float8 LANGUAGE sql AS $$
  SELECT sum(CASE WHEN of_indexes THEN pg_indexes_size(l) ELSE pg_relation_size(l) END) FROM (SELECT relid UNION SELECT p.relid FROM pg_partition_tree(relid) p) x (l)
$$;

-- An empty copy of a schema: tables with all that they have, then foreign keys.
CREATE PROCEDURE likeness.copy_schema(source text, target text) LANGUAGE plpgsql AS $$
DECLARE
  path text := current_setting('search_path');
  keys text;
BEGIN
  EXECUTE format('CREATE SCHEMA %I', target);
  EXECUTE (SELECT string_agg(format('CREATE TABLE %I.%I (LIKE %I.%2$I INCLUDING ALL)', target, name, source), '; ') FROM likeness.tables(source));
  PERFORM set_config('search_path', quote_ident(source), true);
  SELECT string_agg(format('ALTER TABLE %I ADD %s', t.name, pg_get_constraintdef(k.oid)), '; ') INTO keys
  FROM likeness.tables(source) t JOIN pg_constraint k ON k.conrelid = t.relid WHERE k.contype = 'f' AND k.conparentid = 0;
  PERFORM set_config('search_path', quote_ident(target), true);
  EXECUTE coalesce(keys, 'SELECT');
  PERFORM set_config('search_path', path, true);
END
$$;

-- The rows of a table to look at: so many, by chance.
CREATE FUNCTION likeness.some_rows(schema text, name text, rows float8, sample float8) RETURNS text LANGUAGE sql AS $$
  SELECT format('%I.%I', schema, name) || CASE WHEN rows > sample THEN format(' TABLESAMPLE BERNOULLI (%s) REPEATABLE (1)', round((100 * sample / rows)::numeric, 3)) ELSE '' END
$$;

-- One column: the largest distance of distribution functions (Kolmogorov, Smirnov) of numbers and times, half the sum of the
-- differences of frequencies (total variation) of labels, or of the lengths of texts of which there are many; nulls; distinct values.
CREATE PROCEDURE likeness.compare_column(source text, target text, c record, source_rows float8, target_rows float8, sample float8) LANGUAGE plpgsql AS $$
DECLARE
  f record;
  item text := c.name;
  x text := c.expression;
BEGIN
  FOR i IN 1 .. 2 LOOP
    EXECUTE format($q$
      WITH v AS (SELECT %1$s AS x, 1 AS s FROM %2$s UNION ALL SELECT %1$s, 0 FROM %3$s),
        n AS (SELECT count(x) FILTER (WHERE s = 1)::float8 AS a, count(x) FILTER (WHERE s = 0)::float8 AS b, count(*) FILTER (WHERE s = 1)::float8 AS all_a, count(*) FILTER (WHERE s = 0)::float8 AS all_b FROM v),
        g AS (SELECT x, count(*) FILTER (WHERE s = 1)::float8 AS a, count(*) FILTER (WHERE s = 0)::float8 AS b FROM v WHERE x IS NOT NULL GROUP BY x),
        k AS (SELECT max(abs(d)) AS ks FROM (SELECT sum(g.a / n.a - g.b / n.b) OVER (ORDER BY x) AS d FROM g, n WHERE n.a > 0 AND n.b > 0) d)
      SELECT n.a, n.b, n.all_a, n.all_b, k.ks, (SELECT sum(abs(g.a / n.a - g.b / n.b)) / 2 FROM g) AS tv, (SELECT count(*) FROM g WHERE g.a > 0) AS distinct_a, (SELECT count(*) FROM g WHERE g.b > 0) AS distinct_b
      FROM n, k WHERE n.all_a > 0 AND n.all_b > 0$q$, x, likeness.some_rows(source, c.table_name, source_rows, sample), likeness.some_rows(target, c.table_name, target_rows, sample)) INTO f;
    EXIT WHEN i = 2 OR f.distinct_a IS NULL OR c.kind <> 'label' OR f.distinct_a <= 100;
    -- of many texts the lengths are compared
    x := format('length(%I::text)::float8', c.name);
    item := item || ' (lengths)';
  END LOOP;
  IF f.all_a IS NULL THEN
    RETURN;
  END IF;
  INSERT INTO likeness.found VALUES ('null error', c.table_name, c.name, abs(f.a / f.all_a - f.b / f.all_b), 0.01);
  IF f.a > 0 AND f.b > 0 THEN
    INSERT INTO likeness.found SELECT CASE WHEN w THEN 'distance of withheld column' WHEN item <> c.name THEN 'distance of lengths' ELSE 'distance of column' END, c.table_name, item,
        CASE WHEN c.kind = 'label' AND item = c.name THEN f.tv ELSE f.ks END, CASE WHEN NOT w AND item = c.name THEN 0.03 END
      FROM (SELECT EXISTS (SELECT FROM likeness.withheld h WHERE h.relation = c.table_name AND h.item = c.name) AS w) x;
    IF item = c.name AND NOT EXISTS (SELECT FROM likeness.withheld h WHERE h.relation = c.table_name AND h.item = c.name) THEN
      INSERT INTO likeness.found VALUES ('distinct ratio', c.table_name, item, greatest(f.distinct_a::float8 / f.distinct_b, f.distinct_b::float8 / f.distinct_a), 1.5);
    END IF;
  END IF;
END
$$;

-- Children of a parent along a foreign key, parents without any included.
CREATE PROCEDURE likeness.compare_key(source text, target text, child text, parent text, columns text, name text) LANGUAGE plpgsql AS $$
DECLARE
  distance float8;
BEGIN
  EXECUTE format($q$
    WITH c AS (SELECT 1 AS s, count(*) AS n FROM %1$I.%3$I WHERE (%5$s) IS NOT NULL GROUP BY %5$s UNION ALL SELECT 0, count(*) FROM %2$I.%3$I WHERE (%5$s) IS NOT NULL GROUP BY %5$s),
      p AS (SELECT (SELECT count(*) FROM %1$I.%4$I)::float8 AS a, (SELECT count(*) FROM %2$I.%4$I)::float8 AS b),
      h AS (SELECT n, count(*) FILTER (WHERE s = 1)::float8 AS a, count(*) FILTER (WHERE s = 0)::float8 AS b FROM c GROUP BY n),
      z AS (SELECT 1 - sum(h.a) / p.a - 1 + sum(h.b) / p.b AS d FROM h, p GROUP BY p.a, p.b)
    SELECT greatest(abs(z.d), max(abs(z.d + e.d))) FROM z, (SELECT sum(h.a / p.a - h.b / p.b) OVER (ORDER BY n) AS d FROM h, p) e GROUP BY z.d$q$,
    source, target, child, parent, columns) INTO distance;
  IF distance IS NOT NULL THEN
    INSERT INTO likeness.found VALUES ('distance of children per parent', child, name, distance, 0.5);
  END IF;
EXCEPTION WHEN division_by_zero THEN
  NULL;
END
$$;

-- What the planner expects of the same query in both schemas.
CREATE FUNCTION likeness.expected(schema text, query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  PERFORM set_config('search_path', quote_ident(schema), true);
  EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
  PERFORM set_config('search_path', 'public', true);
  RETURN greatest((plan #>> '{0,Plan,Plan Rows}')::float8, 1);
END
$$;
CREATE FUNCTION likeness.q_error(a float8, b float8) RETURNS float8 LANGUAGE sql AS 'SELECT greatest(a / b, b / a)';

-- Conditions on columns, of values that the source has: quartiles, and the most frequent one of those that 20 of 10000 rows have.
CREATE FUNCTION likeness.conditions(source text) RETURNS TABLE (table_name text, n bigint, condition text) LANGUAGE plpgsql AS $$
DECLARE
  c record;
  v text[];
  often text;
BEGIN
  FOR c IN SELECT k.*, t.rows FROM likeness.columns(source) k JOIN likeness.tables(source) t USING (relid) WHERE kind IS NOT NULL AND t.rows >= 1000 AND NOT EXISTS (SELECT FROM likeness.withheld h WHERE h.relation = k.table_name AND h.item = k.name) LOOP
    table_name := c.table_name;
    EXECUTE format('SELECT array_agg(x::text) FROM (SELECT unnest(percentile_disc(%2$L::float8[]) WITHIN GROUP (ORDER BY %1$I)) AS x FROM %3$s) x WHERE x IS NOT NULL',
      c.name, CASE WHEN c.kind = 'label' THEN '{}' ELSE '{0.25,0.5,0.75}' END, likeness.some_rows(source, c.table_name, c.rows, 10000)) INTO v;
    FOR i IN 1 .. coalesce(array_length(v, 1), 0) LOOP
      n := i;
      condition := format('%I <= %L', c.name, v[i]);
      RETURN NEXT;
    END LOOP;
    EXECUTE format('SELECT %1$I::text FROM %2$s WHERE %1$I IS NOT NULL GROUP BY %1$I HAVING count(*) >= 20 ORDER BY count(*) DESC, %1$I LIMIT 1',
      c.name, likeness.some_rows(source, c.table_name, c.rows, 10000)) INTO often;
    n := 4;
    condition := format('%I = %L', c.name, often);
    IF often IS NOT NULL AND (c.kind <> 'label' OR (SELECT s.n_distinct BETWEEN 0 AND 100 FROM pg_stats s WHERE s.schemaname = source AND s.tablename = c.table_name AND s.attname = c.name LIMIT 1)) THEN
      RETURN NEXT;
    END IF;
  END LOOP;
END
$$;

-- The bins of a column of the source, as an expression: tenths of numbers and times, labels if there are up to 20; null for others.
CREATE FUNCTION likeness.bins(source text, c record, sample float8) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  bounds float8[];
  labels bigint;
BEGIN
  IF c.kind = 'label' THEN
    EXECUTE format('SELECT count(DISTINCT %s) FROM %s', c.expression, likeness.some_rows(source, c.table_name, c.rows, sample)) INTO labels;
    RETURN CASE WHEN labels BETWEEN 2 AND 20 THEN format('coalesce(%s, ''-'')', c.expression) END;
  END IF;
  EXECUTE format('SELECT array_agg(DISTINCT x) FROM (SELECT unnest(percentile_disc(''{0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9}''::float8[]) WITHIN GROUP (ORDER BY %s)) AS x FROM %s) x',
    c.expression, likeness.some_rows(source, c.table_name, c.rows, sample)) INTO bounds;
  RETURN CASE WHEN bounds <> '{NULL}' THEN format('coalesce(width_bucket(%s, %L::float8[]), -1)', c.expression, bounds) END;
END
$$;

-- Two columns of a table that go together in one of the schemas: half the sum of the differences of the frequencies of pairs of bins, without what chance
-- makes of two samples of the same.  They go together if their pairs are as far from what independent columns would have.
CREATE PROCEDURE likeness.compare_pair(source text, target text, c record, sample float8) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format($q$
    INSERT INTO likeness.found
    WITH v AS (SELECT %1$s AS a, %2$s AS b, 1 AS s FROM %3$s UNION ALL SELECT %1$s, %2$s, 0 FROM %4$s),
      n AS (SELECT count(*) FILTER (WHERE s = 1)::float8 AS p, count(*) FILTER (WHERE s = 0)::float8 AS q FROM v),
      g AS (SELECT a, b, count(*) FILTER (WHERE s = 1) / n.p AS p, count(*) FILTER (WHERE s = 0) / n.q AS q FROM v, n WHERE n.p > 0 AND n.q > 0 GROUP BY a, b, n.p, n.q),
      m AS (SELECT g.p, g.q, sum(g.p) OVER (PARTITION BY a) * sum(g.p) OVER (PARTITION BY b) AS even_p, sum(g.q) OVER (PARTITION BY a) * sum(g.q) OVER (PARTITION BY b) AS even_q,
        n.p AS rows_p, n.q AS rows_q FROM g, n)
    SELECT 'distance of pairs', %5$L, %6$L, greatest(sum(abs(p - q) - 0.798 * sqrt(p * (1 - p) / rows_p + q * (1 - q) / rows_q)) / 2, 0), 0.1 FROM m
    HAVING greatest(sum(abs(p - even_p) - 0.798 * sqrt(even_p / rows_p)) + 1 - sum(even_p), sum(abs(q - even_q) - 0.798 * sqrt(even_q / rows_q)) + 1 - sum(even_q)) / 2 > 0.05$q$,
    c.first_bins, c.second_bins, likeness.some_rows(source, c.table_name, c.source_rows, sample), likeness.some_rows(target, c.table_name, c.target_rows, sample), c.table_name, c.first || ', ' || c.second);
END
$$;
CREATE PROCEDURE likeness.compare_pairs(source text, target text, sample float8) LANGUAGE plpgsql AS $$
DECLARE
  c record;
BEGIN
  CREATE TEMPORARY TABLE binned ON COMMIT DROP AS SELECT k.table_name, k.name, s.rows AS source_rows, t.rows AS target_rows, likeness.bins(source, r, sample) AS bins
    FROM likeness.columns(source) k JOIN likeness.tables(source) s USING (relid) JOIN likeness.tables(target) t ON t.name = s.name,
      LATERAL (SELECT k.table_name, k.kind, k.expression, s.rows) r
    WHERE k.kind IS NOT NULL AND s.rows >= 1000 AND NOT EXISTS (SELECT FROM likeness.withheld h WHERE h.relation = k.table_name AND h.item = k.name);
  FOR c IN SELECT table_name, a.name AS first, b.name AS second, a.bins AS first_bins, b.bins AS second_bins, a.source_rows, a.target_rows
    FROM pg_temp.binned a JOIN pg_temp.binned b USING (table_name) WHERE a.name < b.name AND a.bins IS NOT NULL AND b.bins IS NOT NULL LOOP
    CALL likeness.compare_pair(source, target, c, sample);
  END LOOP;
END
$$;

-- All of it; both schemas are analyzed.  Columns of tables with less than 1000 rows are not looked into:
-- what chance makes of so few is further off than the goals.
CREATE PROCEDURE likeness.compare(source text, target text, sample float8) LANGUAGE plpgsql AS $$
DECLARE
  c record;
BEGIN
  TRUNCATE likeness.found;
  FOR c IN SELECT k.*, s.rows AS source_rows, t.rows AS target_rows FROM likeness.columns(source) k JOIN likeness.tables(source) s USING (relid) JOIN likeness.tables(target) t ON t.name = s.name
    WHERE kind IS NOT NULL AND s.rows >= 1000 LOOP
    CALL likeness.compare_column(source, target, c, c.source_rows, c.target_rows, sample);
  END LOOP;
  CALL likeness.compare_pairs(source, target, least(sample, 100000));
  FOR c IN SELECT * FROM likeness.keys(source) LOOP
    CALL likeness.compare_key(source, target, c.child, c.parent, c.columns, c.name);
  END LOOP;
  CREATE TEMPORARY TABLE condition ON COMMIT DROP AS SELECT * FROM likeness.conditions(source);
  INSERT INTO likeness.found SELECT 'q-error of a table', table_name, condition, likeness.q_error(likeness.expected(source, q), likeness.expected(target, q)), 1.5
    FROM pg_temp.condition, format('SELECT FROM %I WHERE %s', table_name, condition) q;
  INSERT INTO likeness.found SELECT 'q-error of a join', k.child, format('%s, %s', k.name, x.condition), likeness.q_error(likeness.expected(source, q), likeness.expected(target, q)), 2
    FROM likeness.keys(source) k JOIN pg_temp.condition x ON x.table_name IN (k.child, k.parent) AND x.n IN (2, 4),
      format('SELECT FROM (SELECT %s FROM %I WHERE %s) c JOIN (SELECT %s FROM %I WHERE %s) p ON c.%1$s = p.%4$s', k.columns, k.child, CASE WHEN x.table_name = k.child THEN x.condition ELSE 'true' END,
        k.parent_columns, k.parent, CASE WHEN x.table_name = k.child THEN 'true' ELSE x.condition END) q
    WHERE k.parent <> k.child AND k.n = 1;
  INSERT INTO likeness.found SELECT 'bytes of ' || CASE WHEN i THEN 'indexes' ELSE 'heaps' END, CASE WHEN grouping(s.name) = 0 THEN s.name END, NULL,
      likeness.q_error(sum(likeness.bytes(s.relid, i)), sum(likeness.bytes(t.relid, i))), 1.15
    FROM likeness.tables(source) s JOIN likeness.tables(target) t USING (name), unnest('{f,t}'::boolean[]) i WHERE likeness.bytes(s.relid, i) >= 50 * 8192 AND likeness.bytes(t.relid, i) > 0 GROUP BY i, ROLLUP (s.name);
END
$$;

-- What came of it, a line a measure: median, worst, where that is, and in which share of the places the goal is met.
CREATE VIEW likeness.summary AS
SELECT measure, count(*) AS places, percentile_cont(0.5) WITHIN GROUP (ORDER BY value) AS median, percentile_cont(0.95) WITHIN GROUP (ORDER BY value) AS p95, max(value) AS worst,
  (array_agg(concat_ws('.', relation, item) ORDER BY value DESC))[1] AS worst_place
FROM likeness.found GROUP BY measure;
