-- A column of each rule and type against one of the simplest that is like it: scans that
-- compute only the one or only the other alternate, and the least time of each counts.
-- The ratio is that of the scans; "ns a value" is what is above a scan without columns.
--
--   psql -X -f bench/rules.sql                  in a database of its own; -v rows=N, -v runs=N
\set ON_ERROR_STOP 1
\if :{?rows}
\else
  \set rows 300000
\endif
\if :{?runs}
\else
  \set runs 5
\endif
\pset footer off
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS bench_rules CASCADE;
CREATE SCHEMA bench_rules;
CREATE EXTENSION IF NOT EXISTS spindle;
SET search_path = bench_rules, public;
SET jit = off;
SET max_parallel_workers_per_gather = 0;
CREATE TYPE mood AS ENUM ('low', 'middle', 'high');

-- Columns by their names; "than" names the one that it is compared with.
CREATE TABLE measured (n serial, name text PRIMARY KEY, what text, type text, rule text, than text, "in" text DEFAULT 't', nothing float8, own float8, its float8);
INSERT INTO measured (name, what, type, rule, than) VALUES
  ('seq', 'sequence', 'bigint', '{"kind": "sequence"}', NULL),
  ('uni', 'uniform', 'bigint', '{"kind": "uniform", "min": 0, "max": 1000000}', NULL),
  ('num', 'numeric(10,2), uniform', 'numeric(10,2)', '{"kind": "uniform", "min": 0, "max": 10000}', NULL),
  ('nor', 'double precision, normal', 'double precision', '{"kind": "normal", "mean": 0, "sd": 1}', NULL),
  ('wei', 'weighted', 'text', '{"kind": "weighted", "weights": {"low": 1, "middle": 1, "high": 1}}', NULL),
  ('pat', 'pattern of 16 characters', 'text', '{"kind": "pattern", "pattern": "{random_digits:16}"}', NULL),
  ('tim', 'time', 'timestamp', '{"kind": "time"}', NULL),
  ('ref', 'reference', 'bigint', '{"kind": "reference", "table": "other"}', NULL),
  ('skw', 'reference with skew', 'bigint', '{"kind": "reference", "table": "other", "skew": {"top": 0.2, "share": 0.8}}', NULL),
  ('rco', 'copy through a reference', 'bigint', '{"kind": "copy", "column": "ref.v"}', NULL),
  ('pai', 'pattern of two columns', 'text', '{"kind": "pattern", "pattern": "{seq}-{uni}"}', NULL),
  ('frm', 'formula: +', 'bigint', '{"kind": "formula", "expression": "uni + 1"}', NULL),
  ('cas', 'case with one comparison', 'integer', '{"kind": "case", "cases": [{"when": {"column": "uni", "less": 500000}, "then": {"kind": "constant", "value": 1}}], "else": {"kind": "constant", "value": 2}}', NULL),
  -- numbers and keys
  ('per', 'permuted', 'bigint', '{"kind": "permuted"}', 'uni'),
  ('cnt', 'formula as a key', 'bigint', '{"kind": "formula", "expression": "div(row() - 1, 8) * 32 + mod(row() - 1, 8) + 1"}', 'frm'),
  ('gr1', 'grid of numbers', 'bigint', '{"kind": "grid", "grid": "g", "values": 5000}', 'uni'),
  ('gr2', 'grid of a table', 'bigint', '{"kind": "grid", "grid": "g", "table": "other"}', 'ref'),
  ('uu4', 'uuid, version 4', 'uuid', '{"kind": "uuid"}', 'pat'),
  ('uu7', 'uuid, version 7, by a time of the row', 'uuid', '{"kind": "uuid", "version": 7, "time": "tim"}', 'pat'),
  ('idw', 'pattern with {id:12}', 'text', '{"kind": "pattern", "pattern": "{id:12}"}', 'pat'),
  -- distributions
  ('em1', 'empirical, 100 quantiles', 'bigint', jsonb_build_object('kind', 'empirical', 'quantiles', (SELECT jsonb_agg(q * q) FROM generate_series(0, 100) q))::text, 'uni'),
  ('em2', 'empirical with frequent values', 'bigint', '{"kind": "empirical", "quantiles": [0, 10, 100, 1000], "values": {"5": 0.2, "7": 0.1}}', 'uni'),
  ('co1', 'normal in a copula, first column', 'double precision', '{"kind": "normal", "mean": 0, "sd": 1}', 'nor'),
  ('co2', 'normal in a copula, second column', 'double precision', '{"kind": "normal", "mean": 0, "sd": 1}', 'nor'),
  ('co3', 'weighted in a copula, third column', 'text', '{"kind": "weighted", "weights": {"low": 1, "middle": 1, "high": 1}}', 'wei'),
  ('tq', 'time by quantiles', 'timestamp', '{"kind": "time", "quantiles": ["2024-01-01", "2024-02-01", "2025-01-01", "2025-12-31"]}', 'tim'),
  -- choices
  ('poo', 'pool', 'bigint', '{"kind": "pool", "size": 5000, "rule": {"kind": "uniform", "min": 0, "max": 1000000}}', 'rco'),
  ('pos', 'pool with skew', 'bigint', '{"kind": "pool", "size": 5000, "skew": {"top": 0.2, "share": 0.8}, "rule": {"kind": "uniform", "min": 0, "max": 1000000}}', 'skw'),
  ('var', 'variant', 'smallint', '{"kind": "variant", "variants": [{"values": {"ofv": 1}}, {"values": {"ofv": null}}, {"values": {"ofv": 3}}]}', 'wei'),
  ('ofv', 'of_variant', 'integer', '{"kind": "of_variant", "variant": "var"}', 'wei'),
  ('joi', 'joint', 'text', '{"kind": "joint", "columns": ["joi"], "tuples": [["low", 1], ["middle", 1], ["high", 2]]}', 'wei'),
  ('key', 'uniform, keyed_by a column', 'bigint', '{"kind": "uniform", "min": 0, "max": 1000000, "keyed_by": ["wei"]}', 'uni'),
  ('row', 'copy through a row', 'bigint', '{"kind": "copy", "column": "r.v"}', 'rco'),
  ('val', 'copy through a value', 'bigint', '{"kind": "copy", "column": "byv.v"}', 'rco'),
  ('dta', 'reference, distinct in the table', 'bigint', '{"kind": "reference", "table": "many", "distinct": "table"}', 'ref'),
  ('dts', 'the same with skew', 'bigint', '{"kind": "reference", "table": "many", "distinct": "table", "skew": {"top": 0.2, "share": 0.8}}', 'skw'),
  ('con', 'case with and, or, not', 'integer', '{"kind": "case", "cases": [{"when": {"and": [{"column": "uni", "less": 500000}, {"not": {"column": "seq", "less": 10}}]}, "then": {"kind": "constant", "value": 1}}], "else": {"kind": "constant", "value": 2}}', 'cas'),
  ('mod', 'formula: mod and div', 'bigint', '{"kind": "formula", "expression": "mod(uni, 7) + div(uni, 10)"}', 'frm'),
  ('day', 'formula: date arithmetic', 'date', '{"kind": "formula", "expression": "date(tim) + 3"}', 'tim'),
  -- texts
  ('wor', 'words, 3', 'text', '{"kind": "words", "count": {"distribution": "uniform", "min": 3, "max": 3}}', 'pat'),
  ('sha', 'shape of 16 characters', 'text', '{"kind": "shape", "shapes": {"hex{16}": 1, "9{16}": 1}}', 'pat'),
  ('reg', 'regex of 16 characters', 'text', '{"kind": "regex", "expression": "[0-9]{8}-[a-z]{7}"}', 'pat'),
  ('obj', 'object of two members', 'json', '{"kind": "object", "members": {"a": {"type": "bigint", "rule": {"kind": "copy", "column": "seq"}}, "b": {"type": "bigint", "rule": {"kind": "copy", "column": "uni"}}}}', 'pai'),
  ('obb', 'object as jsonb', 'jsonb', '{"kind": "object", "members": {"a": {"type": "bigint", "rule": {"kind": "copy", "column": "seq"}}, "b": {"type": "bigint", "rule": {"kind": "copy", "column": "uni"}}}}', 'obj'),
  ('arr', 'array of two numbers', 'json', '{"kind": "array", "type": "integer", "length": {"distribution": "uniform", "min": 2, "max": 2}, "of": {"kind": "uniform", "min": 0, "max": 100000}}', 'pai'),
  ('ard', 'array of two that differ', 'json', '{"kind": "array", "type": "integer", "distinct": true, "length": {"distribution": "uniform", "min": 2, "max": 2}, "of": {"kind": "weighted", "weights": {"100001": 1, "100002": 1, "100003": 1}}}', 'arr'),
  -- types
  ('rea', 'real, normal', 'real', '{"kind": "normal", "mean": 0, "sd": 1}', 'nor'),
  ('nu2', 'numeric, uniform', 'numeric', '{"kind": "uniform", "min": 0, "max": 10000, "round": 2}', 'num'),
  ('nu3', 'numeric(38,18), uniform', 'numeric(38,18)', '{"kind": "uniform", "min": 0, "max": 10000}', 'num'),
  ('cop', 'copy to a numeric of more digits', 'numeric(12,4)', '{"kind": "copy", "column": "num"}', 'num'),
  ('clo', 'time of day, uniform', 'time', '{"kind": "uniform", "min": 0, "max": 86399}', 'uni'),
  ('itv', 'interval, uniform', 'interval', '{"kind": "uniform", "min": 0, "max": 864000}', 'uni'),
  ('cha', 'char(8), weighted', 'char(8)', '{"kind": "weighted", "weights": {"low": 1, "middle": 1, "high": 1}}', 'wei'),
  ('ine', 'inet, weighted', 'inet', '{"kind": "weighted", "weights": {"10.0.0.1": 1, "10.0.0.2": 1, "::1": 1}}', 'wei'),
  ('byt', 'bytea, weighted', 'bytea', '{"kind": "weighted", "weights": {"\\x00": 1, "\\x01": 1, "\\x02": 1}}', 'wei'),
  ('jsn', 'json, weighted', 'json', '{"kind": "weighted", "weights": {"{\"a\": 1}": 1, "{\"a\": 2}": 1, "{}": 1}}', 'wei'),
  ('jsb', 'jsonb, weighted', 'jsonb', '{"kind": "weighted", "weights": {"{\"a\": 1}": 1, "{\"a\": 2}": 1, "{}": 1}}', 'wei'),
  ('uuw', 'uuid, weighted', 'uuid', '{"kind": "weighted", "weights": {"00000000-0000-4000-8000-000000000001": 1, "00000000-0000-4000-8000-000000000002": 1}}', 'wei'),
  ('enu', 'sql_type enum, weighted', 'mood', '{"kind": "weighted", "weights": {"low": 1, "middle": 1, "high": 1}}', 'wei'),
  ('tea', 'sql_type text[], weighted', 'text[]', '{"kind": "weighted", "weights": {"{a,b}": 1, "{}": 1}}', 'wei'),
  ('chp', 'char(20), pattern', 'char(20)', '{"kind": "pattern", "pattern": "{random_digits:16}"}', 'pat'),
  ('byp', 'bytea, pattern', 'bytea', '{"kind": "pattern", "pattern": "\\x{random_digits:16}"}', 'pat'),
  ('inp', 'inet, pattern', 'inet', '{"kind": "pattern", "pattern": "10.0.{random_digits:1}.{random_digits:1}"}', 'pat'),
  ('jsp', 'jsonb, pattern', 'jsonb', '{"kind": "pattern", "pattern": "[\"{random_digits:16}\"]"}', 'pat');
INSERT INTO measured (name, what, type, rule, than, "in") VALUES
  ('cpa', 'parent', 'bigint', '{"kind": "parent"}', NULL, 'c'),
  ('cre', 'reference, of children', 'bigint', '{"kind": "reference", "table": "other"}', NULL, 'c'),
  ('csk', 'reference with skew, of children', 'bigint', '{"kind": "reference", "table": "other", "skew": {"top": 0.2, "share": 0.8}}', NULL, 'c'),
  ('cwe', 'weighted, of children', 'text', '{"kind": "weighted", "weights": {"a": 1, "b": 2, "c": 1, "d": 1, "e": 9, "f": 1, "g": 1, "h": 1, "i": 1, "j": 1, "k": 1}}', NULL, 'c'),
  ('cti', 'time, of children', 'timestamp', '{"kind": "time"}', NULL, 'c'),
  ('ord', 'ordinal', 'integer', '{"kind": "ordinal"}', 'cpa', 'c'),
  ('dpa', 'reference, distinct in the parent', 'bigint', '{"kind": "reference", "table": "other", "distinct": "parent"}', 'cre', 'c'),
  ('dps', 'the same with skew', 'bigint', '{"kind": "reference", "table": "other", "distinct": "parent", "skew": {"top": 0.2, "share": 0.8}}', 'csk', 'c'),
  ('dwe', 'weighted, distinct in the parent', 'text', '{"kind": "weighted", "distinct": "parent", "weights": {"a": 1, "b": 2, "c": 1, "d": 1, "e": 9, "f": 1, "g": 1, "h": 1, "i": 1, "j": 1, "k": 1}}', 'cwe', 'c'),
  ('pst', 'periods, starts', 'timestamp', '{"kind": "periods", "part": "start"}', 'cti', 'c'),
  ('pen', 'periods, ends', 'timestamp', '{"kind": "periods", "part": "end", "start": "pst", "gap": 0.5}', 'cti', 'c');

SELECT set_config('bench.columns_' || "in", string_agg(format('"%s": {"type": "%s"%s, "nullable": true, "rule": %s}', name,
    CASE WHEN type IN ('mood', 'text[]') THEN 'text' ELSE type END, CASE WHEN type IN ('mood', 'text[]') THEN format(', "sql_type": "%s"', type) ELSE '' END, rule), ', '), false)
FROM measured GROUP BY "in" \g /dev/null
SELECT spindle_create_domain('bench_rules', format('{"spindle": 1, "description": "Rules", "range": {"start": "2024-01-01", "end": "2026-01-01"}, "presets": {"small": {}}, "tables": {
  "other": {"key": "id", "rows": {"kind": "fixed", "count": 5000}, "columns": {"id": {"type": "bigint", "rule": {"kind": "sequence"}}, "v": {"type": "bigint", "rule": {"kind": "uniform", "min": 0, "max": 1000000}}}},
  "many": {"key": "id", "rows": {"kind": "fixed", "count": %1$s}, "columns": {"id": {"type": "bigint", "rule": {"kind": "sequence"}}}},
  "t": {"rows": {"kind": "fixed", "count": %2$s}, "copula": [{"columns": ["co1", "co2", "co3"], "correlations": [[0.5], [0.4, 0.3]]}],
    "columns": {"r": {"type": "row", "hidden": true, "rule": {"kind": "reference", "table": "other"}},
      "byv": {"type": "bigint", "references": "other", "hidden": true, "rule": {"kind": "uniform", "min": 1, "max": 5000}}, %3$s}},
  "p": {"key": "id", "rows": {"kind": "fixed", "count": %4$s}, "columns": {"id": {"type": "bigint", "rule": {"kind": "sequence"}}}},
  "c": {"rows": {"kind": "children", "of": "p", "ratio": 5, "max": 10}, "columns": {%5$s}}}}',
  :rows * 2, :rows, current_setting('bench.columns_t'), :rows / 5, current_setting('bench.columns_c'))::json, true) \g /dev/null
IMPORT FOREIGN SCHEMA bench_rules LIMIT TO (t, c) FROM SERVER spindle INTO bench_rules;

-- The nanoseconds a row that a scan takes which computes a column, or none.
CREATE FUNCTION scan_ns(relation text, name text, nrows bigint) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE format('EXPLAIN (ANALYZE, TIMING OFF, SUMMARY ON, FORMAT JSON) SELECT %s FROM %I', coalesce(quote_ident(name), ''), relation) INTO plan;
  RETURN (plan -> 0 ->> 'Execution Time')::float8 * 1e6 / nrows;
END
$$;
CREATE PROCEDURE measure(nrows bigint, runs integer) LANGUAGE plpgsql AS $$
DECLARE
  m measured;
BEGIN
  FOR m IN SELECT * FROM measured ORDER BY n LOOP
    FOR run IN 0 .. runs LOOP
      m.nothing := least(m.nothing, scan_ns(m."in", NULL, nrows));
      m.own := least(m.own, scan_ns(m."in", m.name, nrows));
      IF m.than IS NOT NULL THEN
        m.its := least(m.its, scan_ns(m."in", m.than, nrows));
      END IF;
    END LOOP;
    UPDATE measured SET (nothing, own, its) = (m.nothing, m.own, m.its) WHERE n = m.n;
  END LOOP;
END
$$;
CALL measure(:rows, :runs);
SELECT a.what AS value, round((a.own - a.nothing)::numeric, 1) AS "ns a value", b.what AS than, round((a.its - a.nothing)::numeric, 1) AS its,
  round((a.own / a.its)::numeric, 2) AS "ratio of scans", CASE WHEN a.own / a.its > 1.5 THEN 'more than 1.5' ELSE '' END AS " "
FROM measured a LEFT JOIN measured b ON b.name = a.than ORDER BY a.n;
SELECT spindle_drop_domain('bench_rules') \g /dev/null
DROP SCHEMA bench_rules CASCADE;
