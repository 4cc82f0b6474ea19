--
-- What is computed in a faster way where it can, formulas, totals of children and
-- numerics, compared with the plain way.
--
CREATE SCHEMA totals;
SET search_path = totals, public;

SELECT spindle_create_domain('totals', '{"spindle": 1, "description": "", "range": {"start": "2024-01-01", "end": "2025-01-01"},
    "presets": {"small": {}}, "tables": {
      "parent": {"key": "parent_id", "rows": {"kind": "fixed", "count": 3333}, "columns": {
        "parent_id": {"type": "bigint", "rule": {"kind": "sequence"}},
        "children": {"type": "bigint", "rule": {"kind": "total", "child": "child", "function": "count"}},
        "sum_small": {"type": "numeric(12,2)", "rule": {"kind": "total", "child": "child", "column": "small", "function": "sum"}},
        "sum_large": {"type": "bigint", "rule": {"kind": "total", "child": "child", "column": "large", "function": "sum"}},
        "sum_part": {"type": "bigint", "rule": {"kind": "total", "child": "child", "column": "part", "function": "sum"}},
        "sum_cut": {"type": "smallint", "rule": {"kind": "total", "child": "child", "column": "few", "function": "sum"}},
        "bound": {"type": "numeric(8,2)", "null": 0.4, "rule": {"kind": "uniform", "min": -50, "max": 50}}}},
      "child": {"key": "child_id", "rows": {"kind": "children", "of": "parent", "ratio": 2.6}, "columns": {
        "child_id": {"type": "bigint", "rule": {"kind": "sequence"}},
        "parent_id": {"type": "bigint", "rule": {"kind": "parent"}},
        "small": {"type": "numeric(10,2)", "rule": {"kind": "uniform", "min": -999.99, "max": 999.99}},
        "few": {"type": "smallint", "rule": {"kind": "uniform", "min": -20000, "max": 30000}},
        "base": {"type": "bigint", "rule": {"kind": "uniform", "min": 750000000000000, "max": 1000000000000000}},
        "large": {"type": "bigint", "rule": {"kind": "formula", "expression": "base * 4000"}},
        "part": {"type": "bigint", "null": 0.3, "rule": {"kind": "uniform", "min": -1000, "max": 1000}},
        "bound": {"type": "numeric(8,2)", "nullable": true, "rule": {"kind": "copy", "column": "parent_id.bound"}},
        "sign": {"type": "integer", "rule": {"kind": "uniform", "min": -1, "max": 1}},
        "count": {"type": "integer", "rule": {"kind": "uniform", "min": -20, "max": 20}},
        "middle": {"type": "bigint", "rule": {"kind": "uniform", "min": -4000000000000, "max": 4000000000000}},
        "fits": {"type": "numeric(12,2)", "rule": {"kind": "formula", "expression": "count * small * (1 - count / 100)"}},
        "halves": {"type": "integer", "rule": {"kind": "formula", "expression": "count * 5 / 10"}},
        "divided": {"type": "numeric(18,2)", "rule": {"kind": "formula", "expression": "middle * small / 1000"}},
        "checked": {"type": "bigint", "rule": {"kind": "formula", "expression": "large * sign + count"}},
        "wide": {"type": "numeric(18,2)", "rule": {"kind": "formula", "expression": "middle * middle * small / 100000000000000"}},
        "cut": {"type": "smallint", "rule": {"kind": "formula", "expression": "count * small * 10"}},
        "larger": {"type": "numeric(12,4)", "rule": {"kind": "formula", "expression": "greatest(small, count) - least(small / 100, few)"}},
        "ratio": {"type": "numeric(12,3)", "nullable": true, "rule": {"kind": "formula", "expression": "small / count"}},
        "limited": {"type": "numeric(8,2)", "nullable": true, "rule": {"kind": "formula", "expression": "least(bound, small)"}}}}}}');

-- Totals are those of the children, formulas those of numeric: where 64 bits do,
-- as doubles or not, where they might not, and where they do not.
IMPORT FOREIGN SCHEMA totals FROM SERVER spindle INTO totals;
CREATE TABLE p AS SELECT * FROM parent;
CREATE TABLE c AS SELECT * FROM child;
SELECT count(*), min(children), max(children) > 4 AS many, sum(children) FROM p;
SELECT count(*) AS parents, sum((p.children <> s.children)::int) AS children, sum((sum_small <> s.small)::int) AS small,
  sum((sum_large <> s.large)::int) AS large, sum((sum_part <> s.part)::int) AS part, sum((sum_cut <> s.few)::int) AS cut
FROM p JOIN LATERAL (SELECT count(*) AS children, coalesce(sum(small), 0) AS small,
    least(coalesce(sum(large), 0), 9223372036854775807) AS large, coalesce(sum(part), 0) AS part,
    greatest(least(coalesce(sum(few), 0), 32767), -32768) AS few
  FROM c WHERE c.parent_id = p.parent_id) s ON true;
SELECT count(*) FROM c JOIN p USING (parent_id) WHERE c.bound IS DISTINCT FROM p.bound;
SELECT count(*), count(*) - count(limited) > 1000 AS nulls,
  sum((fits <> round(count * small * (1 - count / 100.0), 2))::int) AS fits,
  sum((large <> base * 4000)::int) AS large,
  sum((halves <> round(count * 5 / 10.0))::int) AS halves,
  sum((divided <> round(middle * small * 0.001, 2))::int) AS divided,
  sum((checked <> large::numeric * sign + count)::int) AS checked,
  sum((wide <> round(middle::numeric * middle * small * 0.00000000000001, 2))::int) AS wide,
  sum((cut <> greatest(least(round(count * small * 10), 32767), -32768))::int) AS cut,
  sum((larger <> greatest(small, count) - least(small / 100, few))::int) AS larger,
  sum((ratio IS DISTINCT FROM round(small / nullif(count, 0), 3))::int) AS ratio,
  sum((limited IS DISTINCT FROM CASE WHEN c.bound IS NOT NULL THEN least(c.bound, small) END)::int) AS limited
FROM c;
-- the same rows in any batches: alone, backward, scattered
SELECT count(*) FROM c WHERE child_id % 97 = 0 AND c::text IS DISTINCT FROM (SELECT v::text FROM child v WHERE v.child_id = c.child_id);
SELECT count(*) FROM (SELECT row_number() OVER () AS n, v.* FROM (SELECT * FROM parent ORDER BY parent_id DESC) v) v JOIN p USING (parent_id)
WHERE (v.sum_small, v.sum_large, v.sum_part, v.sum_cut, v.bound) IS DISTINCT FROM (p.sum_small, p.sum_large, p.sum_part, p.sum_cut, p.bound);
-- runs of rows that begin and end anywhere
SELECT count(*) AS rows, sum((v IS DISTINCT FROM p)::int) AS differing
FROM generate_series(1, 3300, 59) f, LATERAL (SELECT * FROM parent WHERE parent_id BETWEEN f AND f + f % 47) v JOIN p USING (parent_id);
SELECT spindle_drop_domain('totals');

-- Numerics of any number of digits are what numeric says of them.
SELECT count(*) FROM c WHERE numeric_send(small) <> numeric_send(small::text::numeric)
  OR numeric_send(divided) <> numeric_send(divided::text::numeric) OR numeric_send(larger) <> numeric_send(larger::text::numeric);

SET client_min_messages = warning;
DROP SCHEMA totals CASCADE;
