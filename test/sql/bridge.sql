--
-- Ways through states are drawn backward, from the state that a row shows today; they
-- must come as often as among walks forward that happened to end there.  The full size
-- of this, a million walks, is SPINDLE_WALKS=1000000.
--
SET client_min_messages = warning;
CREATE SCHEMA bridge;
SET search_path = bridge, public;
\set walks 40000
\getenv walks SPINDLE_WALKS
SELECT CASE WHEN :walks >= 1000000 THEN 'full' ELSE 'short' END AS scale \gset
SELECT spindle_create_domain('bridge', $$
{"spindle": 1, "description": "a machine with cycles", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"short": {"parcel": 12000}, "full": {"parcel": 300000}},
 "tables": {"parcel": {"key": "id", "event_time": "sent", "rows": {"kind": "preset"},
  "columns": {
   "id": {"type": "integer", "rule": {"kind": "sequence"}},
   "sent": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true}},
   "state": {"type": "text", "rule": {"kind": "weighted", "weights": {"a": 1, "b": 2, "c": 2, "d": 4, "e": 3, "f": 1}}}},
  "lifecycle": {"states": {"column": "state", "initial": "a", "max_steps": 7, "within": 3, "unit": "days", "transitions": [
   {"from": "a", "to": "b", "weight": 70, "after": {"distribution": "uniform", "min": 1, "max": 5}, "unit": "hours"},
   {"from": "a", "to": "c", "weight": 20, "after": {"distribution": "uniform", "min": 1, "max": 5}, "unit": "hours"},
   {"from": "a", "stay": 10},
   {"from": "b", "to": "c", "weight": 40, "after": {"distribution": "uniform", "min": 1, "max": 5}, "unit": "hours"},
   {"from": "b", "to": "d", "weight": 45, "after": {"distribution": "uniform", "min": 1, "max": 5}, "unit": "hours"},
   {"from": "b", "stay": 15},
   {"from": "c", "to": "b", "weight": 30, "after": {"distribution": "uniform", "min": 1, "max": 5}, "unit": "hours"},
   {"from": "c", "to": "e", "weight": 50, "after": {"distribution": "uniform", "min": 1, "max": 5}, "unit": "hours"},
   {"from": "c", "stay": 20},
   {"from": "d", "to": "a", "weight": 10, "after": {"distribution": "uniform", "min": 1, "max": 5}, "unit": "hours"},
   {"from": "d", "to": "f", "weight": 20, "after": {"distribution": "uniform", "min": 1, "max": 5}, "unit": "hours"},
   {"from": "d", "stay": 70}]}}}}}
$$);
CREATE TABLE step (state text, next text, weight float8);
INSERT INTO step VALUES ('a', 'b', 70), ('a', 'c', 20), ('a', NULL, 10), ('b', 'c', 40), ('b', 'd', 45), ('b', NULL, 15),
  ('c', 'b', 30), ('c', 'e', 50), ('c', NULL, 20), ('d', 'a', 10), ('d', 'f', 20), ('d', NULL, 70), ('e', NULL, 1), ('f', NULL, 1);

-- ways forward, each step by its weight; those of more than seven steps do not count
SELECT setseed(0.5);
CREATE TABLE chance AS SELECT state, next, (sum(weight) OVER w - weight) / sum(weight) OVER (PARTITION BY state) AS low, sum(weight) OVER w / sum(weight) OVER (PARTITION BY state) AS high
FROM step WINDOW w AS (PARTITION BY state ORDER BY next);
CREATE TABLE forward AS WITH RECURSIVE walk (way, state, steps, chance) AS (
  SELECT 'a', 'a', 0, random() FROM generate_series(1, :walks)
  UNION ALL SELECT way || c.next, c.next, steps + 1, random() FROM walk w JOIN chance c ON c.state = w.state AND w.chance >= c.low AND w.chance < c.high WHERE c.next IS NOT NULL AND steps <= 7)
SELECT way, state AS final, count(*) AS n FROM walk w JOIN chance c USING (state) WHERE c.next IS NULL AND w.chance >= c.low AND w.chance < c.high AND steps <= 7 GROUP BY 1, 2;
CREATE TABLE backward AS SELECT way, right(way, 1) AS final, count(*) AS n FROM (SELECT string_agg(state, '' ORDER BY _spindle_valid_from) AS way
  FROM spindle_history('bridge', 'parcel', :'scale') AS h(id int, state text, _spindle_valid_from timestamptz) GROUP BY id) w GROUP BY 1, 2;
SELECT sum(n) >= :walks * 0.99 AS walks, count(DISTINCT final) AS finals, count(*) > 50 AS ways FROM forward;
SELECT count(*) FILTER (WHERE f.way IS NULL AND b.n > 20) AS never_forward, count(*) FILTER (WHERE b.way IS NULL AND f.n > 100) AS never_backward FROM forward f FULL JOIN backward b USING (way);

-- the share of each way among those with its end, in standard deviations of the difference
CREATE TABLE compared AS SELECT final, way, (f.n::float8 / f.total - coalesce(b.n, 0)::float8 / b.total) / sqrt(p * (1 - p) * (1.0 / f.total + 1.0 / b.total)) AS z
FROM (SELECT f.*, b.n AS back, sum(f.n) OVER (PARTITION BY final) AS total, t.n AS back_total FROM forward f LEFT JOIN backward b USING (way, final)
      JOIN (SELECT final, sum(n) AS n FROM backward GROUP BY 1) t USING (final)) f,
  LATERAL (SELECT f.back AS n, f.back_total AS total) b, LATERAL (SELECT (f.n + coalesce(b.n, 0))::float8 / (f.total + b.total) AS p) s WHERE p < 1 AND p * least(f.total, b.total) > 5;
SELECT final, count(*) > 1 AS ways, count(*) FILTER (WHERE abs(z) > 3) AS beyond_3_sigma, sum(z * z) < count(*) + 3 * sqrt(2 * count(*)) AS all_together FROM compared GROUP BY 1 ORDER BY 1;

-- where walks end is what the column says, whatever the machine would have made of it
SELECT state, abs(count(*) / (sum(count(*)) OVER ()) - share) < 0.01 AS as_declared FROM spindle_rows('bridge', 'parcel', :'scale') AS r(state text)
JOIN (VALUES ('a', 1 / 13.0), ('b', 2 / 13.0), ('c', 2 / 13.0), ('d', 4 / 13.0), ('e', 3 / 13.0), ('f', 1 / 13.0)) v (state, share) USING (state) GROUP BY state, share ORDER BY 1;
SELECT spindle_drop_domain('bridge');
DROP SCHEMA bridge CASCADE;
