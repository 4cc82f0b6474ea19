-- The one table.  Without B, "met" asks whether A stays at or below the goal.
CREATE FUNCTION bench.best(ms float8[]) RETURNS float8 LANGUAGE sql AS
  'SELECT min(m) FROM unnest(ms) m';
CREATE FUNCTION bench.median(ms float8[]) RETURNS float8 LANGUAGE sql AS
  'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY m) FROM unnest(ms) m';
CREATE FUNCTION bench.show(x float8) RETURNS numeric LANGUAGE sql AS $$
  SELECT CASE WHEN x >= 100 THEN round(x::numeric) WHEN x >= 10 THEN round(x::numeric, 1)
    ELSE round(x::numeric, 2) END
$$;

\pset null ''
\pset footer off
WITH measured AS (
  SELECT *, bench.best(a_ms) AS a_best, bench.best(b_ms) AS b_best,
    a_rows / bench.best(a_ms) * 1000 AS a_rate, b_rows / bench.best(b_ms) * 1000 AS b_rate
  FROM bench.result
)
SELECT comparison AS "comparison, A : B",
  coalesce(bench.show(a_best) || ' / ' || bench.show(bench.median(a_ms)) || ' ms',
    bench.show(value) || ' ' || unit) AS "A min / median",
  bench.show(b_best) || ' / ' || bench.show(bench.median(b_ms)) || ' ms' AS "B min / median",
  bench.show(a_rate / 1e6) AS "A M rows/s",
  bench.show(b_rate / 1e6) AS "B M rows/s",
  bench.show(a_bytes / a_best / 1000) AS "A MB/s",
  bench.show(b_bytes / b_best / 1000) AS "B MB/s",
  bench.show(a_rate / b_rate) AS "A / B",
  CASE WHEN b_ms IS NULL THEN '<= ' || goal || ' ' || unit ELSE '>= ' || goal END AS goal,
  CASE WHEN goal IS NULL THEN NULL
    WHEN b_ms IS NULL THEN CASE WHEN coalesce(value, bench.median(a_ms)) <= goal THEN 'yes' ELSE 'no' END
    WHEN a_rate / b_rate >= goal THEN 'yes' ELSE 'no' END AS met
FROM measured ORDER BY id;
