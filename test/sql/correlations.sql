--
-- Columns that correlate by rank, elements that differ, times by quantiles, copies of
-- another scale, and rows that are found by formulas and by values alone.
--
CREATE SCHEMA correlations;
SET search_path = correlations, public;
SET timezone = 'UTC';

CREATE FUNCTION report(tables text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; detail text; hint text;
BEGIN
  PERFORM spindle_check_domain(format('{"spindle": 1, "description": "d", "range": {"start": "2024-01-01", "end": "2025-01-01"},
    "presets": {"small": {"t": 10}}, "tables": {%s}}', tables));
  RETURN 'valid';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', state, detail, nullif(hint, ''));
END
$$;

-- t has every kind of rule that can correlate; o the same columns without a copula
CREATE TABLE columns AS SELECT '
      "id": {"type": "integer", "rule": {"kind": "sequence"}},
      "u": {"type": "integer", "rule": {"kind": "uniform", "min": 1, "max": 1000000}},
      "n": {"type": "double precision", "rule": {"kind": "normal", "mean": 10, "sd": 2, "min": 5}},
      "l": {"type": "numeric(10,2)", "null": 0.2, "rule": {"kind": "lognormal", "mu": 3, "sigma": 1}},
      "p": {"type": "integer", "rule": {"kind": "poisson", "mean": 40}},
      "e": {"type": "numeric(6,1)", "rule": {"kind": "empirical", "quantiles": [0, 1, 5, 20, 100], "values": {"7.3": 0.2, "-2": 0.1}, "step": 0.5}},
      "w": {"type": "text", "rule": {"kind": "weighted", "weights": {"low": 3, "middle": 4, "never": 0, "high": 3}}},
      "d": {"type": "date", "rule": {"kind": "time", "months": {"jan": 1, "jun": 3}}},
      "v": {"type": "interval", "rule": {"kind": "exponential", "mean": 3600}},
      "x": {"type": "smallint", "rule": {"kind": "weighted", "weights": {"30": 1, "10": 2, "20": 1}}},
      "y": {"type": "real", "rule": {"kind": "uniform", "min": 0, "max": 1, "round": 3}},
      "b": {"type": "boolean", "rule": {"kind": "bernoulli", "p": 0.3}}'::text AS c;
SELECT spindle_create_domain('correlations_test', format('{"spindle": 1, "description": "d", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {}},
  "tables": {
    "t": {"key": "id", "rows": {"kind": "fixed", "count": 8000},
      "copula": [{"columns": ["u", "n", "l", "p", "e", "w", "d", "v"], "correlations": [[0.8], [-0.5, -0.3], [0.6, 0.5, 0], [0.2, 0.3, 0.1, 0.4], [0.5, 0.4, -0.2, 0.3, 0.1], [0, 0.1, 0.2, 0, -0.3, 0.1], [0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.1]]},
                 {"columns": ["x", "y", "b"], "correlations": [[0.9], [-0.5, -0.5]]}],
      "columns": {%1$s, "of_t": {"type": "integer", "rule": {"kind": "reference", "table": "t"}}, "twice": {"type": "integer", "rule": {"kind": "copy", "column": "of_t.u"}}}},
    "o": {"key": "id", "rows": {"kind": "fixed", "count": 8000}, "columns": {%1$s}}}}', c)::json) FROM columns;
IMPORT FOREIGN SCHEMA correlations_test FROM SERVER spindle INTO correlations;
CREATE TABLE st AS SELECT * FROM t;
SELECT column_name, rule FROM spindle_columns('correlations_test', 't') WHERE column_name IN ('u', 'w', 'x');

-- the rank correlations are those declared; columns of few values come a little short
CREATE VIEW ranked AS SELECT rank() OVER (ORDER BY u) AS u, rank() OVER (ORDER BY n) AS n, CASE WHEN l IS NOT NULL THEN rank() OVER (ORDER BY l) END AS l,
  rank() OVER (ORDER BY p) AS p, rank() OVER (ORDER BY e) AS e, array_position(ARRAY['low', 'middle', 'high'], w) AS w, rank() OVER (ORDER BY d) AS d, rank() OVER (ORDER BY v) AS v,
  x, rank() OVER (ORDER BY y) AS y, b::int AS b FROM st;
SELECT pair FROM ranked, LATERAL (VALUES ('nu', n, u, 0.8), ('lu', l, u, -0.5), ('ln', l, n, -0.3), ('pu', p, u, 0.6), ('pn', p, n, 0.5), ('pl', p, l, 0), ('eu', e, u, 0.2), ('en', e, n, 0.3), ('el', e, l, 0.1), ('ep', e, p, 0.4),
  ('wu', w, u, 0.5), ('wn', w, n, 0.4), ('wl', w, l, -0.2), ('wp', w, p, 0.3), ('du', d, u, 0), ('dl', d, l, 0.2), ('de', d, e, -0.3), ('vu', v, u, 0.3), ('vw', v, w, 0.3), ('vd', v, d, 0.1), ('yx', y, x, 0.9), ('xb', x, b, -0.5), ('by', b, y, -0.5)) AS c (pair, a, b, r)
GROUP BY pair, r HAVING NOT (corr(a, c.b) - r) * CASE WHEN r < 0 THEN -1 ELSE 1 END BETWEEN CASE WHEN pair ~ '[wxb]' THEN -0.2 ELSE -0.04 END AND 0.04;

-- and the distributions those without the copula
SELECT 'u' AS of, max(abs(a.u - b.u)) / 1e6 < 0.04 AS same FROM (SELECT u, row_number() OVER (ORDER BY u) AS k FROM st) a JOIN (SELECT u, row_number() OVER (ORDER BY u) AS k FROM o) b USING (k)
UNION ALL SELECT 'n', avg(abs(a.n - b.n)) < 0.1 AND min(a.n) >= 5 FROM (SELECT n, row_number() OVER (ORDER BY n) AS k FROM st) a JOIN (SELECT n, row_number() OVER (ORDER BY n) AS k FROM o) b USING (k)
UNION ALL SELECT 'p', avg(abs(a.p - b.p)) < 0.5 FROM (SELECT p, row_number() OVER (ORDER BY p) AS k FROM st) a JOIN (SELECT p, row_number() OVER (ORDER BY p) AS k FROM o) b USING (k)
UNION ALL SELECT 'e', avg(abs(a.e - b.e)) < 1 FROM (SELECT e, row_number() OVER (ORDER BY e) AS k FROM st) a JOIN (SELECT e, row_number() OVER (ORDER BY e) AS k FROM o) b USING (k);
SELECT abs(avg((e = 7.3)::int) - 0.2) < 0.015 AS frequent, abs(avg((e = -2)::int) - 0.1) < 0.01 AS least, bool_and(e IN (7.3, -2) OR e * 2 = floor(e * 2)) AS stepped,
  abs(avg((w = 'low')::int) - 0.3) < 0.02 AS low, count(*) FILTER (WHERE w = 'never') AS never, abs(avg((x = 10)::int) - 0.5) < 0.02 AS ten, abs(avg(b::int) - 0.3) < 0.02 AS b,
  abs(avg((extract(month FROM d) = 6)::int) - 0.75) < 0.02 AS june, count(*) FILTER (WHERE extract(month FROM d) NOT IN (1, 6)) AS other, abs(avg((l IS NULL)::int) - 0.2) < 0.02 AS nulls
FROM st;

-- single columns, slices, single rows and paths give the same; other columns than those of the copula do not change
SELECT count(*) FROM t JOIN st USING (id) WHERE (t.w, t.v) IS DISTINCT FROM (st.w, st.v);
SELECT count(*) FROM generate_series(1, 8000, 61) AS k, LATERAL (SELECT * FROM t WHERE id = k) AS r JOIN st USING (id) WHERE r::text <> st::text;
SELECT count(*) FROM st JOIN st r ON r.id = st.of_t WHERE st.twice <> r.u;
SELECT md5(string_agg(st::text, '' ORDER BY id)) FROM st;

-- what can correlate
SELECT c, report(format('"t": {"rows": {"kind": "preset"}, "copula": [%s], "columns": {"a": {"type": "integer", "rule": {"kind": "uniform", "min": 1, "max": 9}},
  "b": {"type": "integer", "rule": {"kind": "poisson", "mean": 3}}, "c": {"type": "integer", "rule": {"kind": "zipf", "exponent": 1, "max": 9}}, "s": {"type": "integer", "rule": {"kind": "sequence"}},
  "k": {"type": "integer", "rule": {"kind": "uniform", "min": 1, "max": 9, "keyed_by": ["a"]}}, "o": {"type": "date", "rule": {"kind": "time", "ordered": true}}}}', c)) FROM (VALUES
  ('{"columns": ["a", "b", "c"], "correlations": [[1], [1, 1]]}'), ('{"columns": ["a", "b", "c"], "correlations": [[0.9], [0.9, 0.55]]}'),
  ('{"columns": ["a", "b", "c"], "correlations": [[0.9], [0.9, -0.9]]}'), ('{"columns": ["a", "b"], "correlations": [[1.1]]}'), ('{"columns": ["a", "b"], "correlations": [[0.1, 0.2]]}'),
  ('{"columns": ["a", "b"], "correlations": []}'), ('{"columns": ["a", "b"]}'), ('{"columns": ["a"], "correlations": []}'), ('{"columns": ["a", "a"], "correlations": [[0.1]]}'),
  ('{"columns": ["a", "b"], "correlations": [[0.1]]}, {"columns": ["b", "c"], "correlations": [[0.1]]}'), ('{"columns": ["a", "s"], "correlations": [[0.1]]}'), ('{"columns": ["a", "k"], "correlations": [[0.1]]}'),
  ('{"columns": ["a", "o"], "correlations": [[0.1]]}'), ('{"columns": ["a", "z"], "correlations": [[0.1]]}'), ('"a"')) AS v (c);

-- elements of arrays that differ: all lengths, alike and by weight, of pools and data sets, within each other
SELECT spindle_create_data_set('correlations_set', '{"fields": ["name", "weight"], "rows": [["a", 50], ["b", 20], ["c", 10], ["d", 10], ["e", 10]]}');
SELECT spindle_create_domain('elements_test', '{"spindle": 1, "description": "d", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {}},
  "tables": {"t": {"key": "id", "rows": {"kind": "fixed", "count": 3000}, "columns": {
    "id": {"type": "integer", "rule": {"kind": "sequence"}},
    "even": {"type": "text", "sql_type": "integer[]", "rule": {"kind": "array", "type": "integer", "distinct": true, "length": {"distribution": "uniform", "min": 0, "max": 6}, "of": {"kind": "weighted", "weights": {"1": 1, "2": 1, "3": 1, "4": 1, "5": 1, "6": 1}}}},
    "uneven": {"type": "text", "sql_type": "text[]", "rule": {"kind": "array", "distinct": true, "length": {"distribution": "empirical", "values": {"2": 1}}, "of": {"kind": "data", "set": "correlations_set", "field": "name"}}},
    "pooled": {"type": "text", "sql_type": "text[]", "rule": {"kind": "array", "distinct": true, "null": 0.1, "length": {"distribution": "uniform", "min": 40, "max": 50}, "of": {"kind": "pool", "size": 1000, "skew": {"exponent": 0.5}, "rule": {"kind": "pattern", "pattern": "P{row}"}}}},
    "nested": {"type": "json", "rule": {"kind": "array", "type": "json", "length": {"distribution": "uniform", "min": 1, "max": 3}, "of": {"kind": "array", "type": "text", "distinct": true, "length": {"distribution": "uniform", "min": 3, "max": 3}, "of": {"kind": "weighted", "weights": {"x": 5, "y": 1, "z": 1}}}}}}}}}');
CREATE FOREIGN TABLE elements (id integer, "even" integer[], uneven text[], pooled text[], nested json) SERVER spindle OPTIONS (domain 'elements_test', "table" 't');
CREATE TABLE selements AS SELECT * FROM elements;
SELECT count(*) FILTER (WHERE cardinality("even") <> (SELECT count(DISTINCT x) FROM unnest("even") x)) AS even, count(*) FILTER (WHERE cardinality(uneven) <> (SELECT count(DISTINCT x) FROM unnest(uneven) x)) AS uneven,
  count(*) FILTER (WHERE (SELECT count(x) <> count(DISTINCT x) FROM unnest(pooled) x)) AS pooled, count(DISTINCT cardinality("even")) AS lengths, count(DISTINCT "even") AS arrays,
  count(*) FILTER (WHERE (SELECT count(DISTINCT y.value) FROM json_array_elements(nested) x, json_array_elements_text(x) y) <> 3) AS nested, count(DISTINCT nested::text) AS nestings
FROM selements;
SELECT n, count(*) BETWEEN 1300 AND 1700 AS alike FROM selements, unnest("even") n GROUP BY n ORDER BY n;
SELECT n, round(count(*) / 3000.0, 1) AS share FROM selements, unnest(uneven) n GROUP BY n ORDER BY n;
SELECT count(*) FROM generate_series(1, 3000, 97) AS k, LATERAL (SELECT * FROM elements WHERE id = k) AS r JOIN selements s USING (id) WHERE r::text <> s::text;
SELECT column_name, rule FROM spindle_columns('elements_test', 't') WHERE column_name = 'uneven';
SELECT report(format('"t": {"rows": {"kind": "preset"}, "columns": {"a": {"type": "json", "rule": {"kind": "array", "distinct": %s, "length": {"distribution": "uniform", "min": 0, "max": 3}, "of": %s}}}}', d, o)) FROM (VALUES
  ('true', '{"kind": "weighted", "weights": {"1": 1, "2": 1, "3": 0}}'), ('true', '{"kind": "uniform", "min": 1, "max": 9}'), ('true', '{"kind": "pool", "size": 2, "rule": {"kind": "pattern", "pattern": "{row}"}}'),
  ('true', '{"kind": "pool", "size": 3, "rule": {"kind": "weighted", "weights": {"x": 1}}}'), ('false', '{"kind": "weighted", "weights": {"x": 1}}'), ('1', '{"kind": "weighted", "weights": {"x": 1}}'),
  ('true', '{"kind": "weighted", "distinct": "table", "weights": {"x": 1, "y": 1, "z": 1}}')) AS v (d, o);

-- times by quantiles; copies of another scale; keys that do not rise; rows by values
SELECT spindle_create_domain('values_test', '{"spindle": 1, "description": "d", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"r": 4000}, "few": {"r": 5}},
  "tables": {
    "down": {"key": "k", "rows": {"kind": "fixed", "count": 100000}, "columns": {
      "k": {"type": "integer", "rule": {"kind": "formula", "expression": "500000 - 3 * row()"}}, "day": {"type": "date", "rule": {"kind": "time", "ordered": true}}}},
    "zigzag": {"key": "k", "rows": {"kind": "fixed", "count": 100003}, "columns": {"k": {"type": "numeric(12,2)", "rule": {"kind": "formula", "expression": "div(row() - 1, 7) * 7.5 - mod(row() - 1, 7) * 0.5"}},
      "n": {"type": "integer", "rule": {"kind": "sequence"}}}},
    "short": {"key": "k", "rows": {"kind": "fixed", "count": 9}, "columns": {"k": {"type": "smallint", "rule": {"kind": "formula", "expression": "mod(row() - 1, 10) * 3 - 100 * div(row(), 5)"}}}},
    "word": {"key": "k", "rows": {"kind": "fixed", "count": 50}, "columns": {"k": {"type": "text", "rule": {"kind": "pattern", "pattern": "W{row:3}"}}, "n": {"type": "integer", "rule": {"kind": "permuted", "start": 5}}}},
    "ten": {"key": "k", "rows": {"kind": "fixed", "count": 12}, "columns": {"k": {"type": "bigint", "rule": {"kind": "sequence", "start": 1000, "step": 10}}, "n": {"type": "integer", "rule": {"kind": "uniform", "min": 1, "max": 1000000}}}},
    "r": {"rows": {"kind": "preset"}, "event_time": "down_id.day", "columns": {
      "ten_id": {"type": "integer", "references": "ten", "rule": {"kind": "uniform", "min": 980, "max": 1130}},
      "ten_n": {"type": "integer", "nullable": true, "rule": {"kind": "copy", "column": "ten_id.n"}},
      "id": {"type": "integer", "rule": {"kind": "sequence"}},
      "down_id": {"type": "bigint", "references": "down", "null": 0.1, "rule": {"kind": "uniform", "min": 100000, "max": 499999}},
      "day": {"type": "date", "nullable": true, "rule": {"kind": "copy", "column": "down_id.day"}},
      "same_id": {"type": "bigint", "nullable": true, "rule": {"kind": "copy", "column": "down_id"}},
      "same_day": {"type": "date", "nullable": true, "rule": {"kind": "copy", "column": "same_id.day"}},
      "word_id": {"type": "varchar(9)", "references": "word", "rule": {"kind": "pattern", "pattern": "W0{random_digits:2}"}},
      "n": {"type": "integer", "nullable": true, "rule": {"kind": "copy", "column": "word_id.n"}},
      "t": {"type": "timestamp", "rule": {"kind": "time", "quantiles": ["2024-01-01 06:00:00", "2024-01-02 06:00:00", "2024-01-02 06:00:00", "2024-03-02"]}},
      "o": {"type": "date", "rule": {"kind": "time", "ordered": true, "quantiles": ["2024-01-01", "2024-01-10", "2024-01-11"]}},
      "amount": {"type": "numeric(6,2)", "rule": {"kind": "uniform", "min": -10, "max": 10}},
      "wide": {"type": "numeric(10,4)", "rule": {"kind": "copy", "column": "amount"}},
      "whole": {"type": "numeric(12,1)", "rule": {"kind": "copy", "column": "id"}},
      "free": {"type": "numeric", "rule": {"kind": "copy", "column": "amount"}}}}}}');
IMPORT FOREIGN SCHEMA values_test FROM SERVER spindle INTO correlations;
CREATE TABLE sr AS SELECT * FROM r;
CREATE TABLE sdown AS SELECT * FROM down;
SELECT count(*) AS rows, count(day) > 800 AS found, count(down_id) > count(day) AS missed, bool_and(same_day IS NOT DISTINCT FROM day) AS same, bool_and(day IS NOT DISTINCT FROM d) AS right, bool_and(n IS NOT DISTINCT FROM w) AS words, bool_and(ten_n IS NOT DISTINCT FROM tn) AS tens, count(n) BETWEEN 1800 AND 2200 AS found_words,
  bool_and(wide = amount AND free = amount AND whole = id) AS copied, bool_and(wide::text ~ '\.\d{4}$' AND whole::text ~ '\.0$') AS scales
FROM (SELECT sr.*, sdown.day AS d, word.n AS w, ten.n AS tn FROM sr LEFT JOIN sdown ON sdown.k = down_id LEFT JOIN word ON word.k = word_id LEFT JOIN ten ON ten.k = ten_id) s;
SELECT count(*), count(event_time), bool_and(event_time >= before) AS ordered FROM (SELECT event_time, lag(event_time) OVER (ORDER BY seq) AS before FROM spindle_stream('values_test', 'r')) s;
SELECT count(*) FROM spindle_stream('values_test', max_events => 1000);
SELECT t::date AS day, count(*) FROM sr WHERE t < '2024-01-04' GROUP BY 1 ORDER BY 1;
SELECT min(o), max(o), count(*) FILTER (WHERE o <= '2024-01-09') AS first_half, bool_and(o >= before) AS ordered FROM (SELECT o, lag(o) OVER (ORDER BY id) AS before FROM sr) s;

-- all rows of a key are found, one by one, and none for other values
EXPLAIN (COSTS OFF) SELECT * FROM down WHERE k = 499997;
EXPLAIN (COSTS OFF) SELECT * FROM short WHERE k IN (6, 7);
SELECT count(*) AS rows, count(f.k) AS found FROM (SELECT k FROM zigzag WHERE n % 523 = 0) s LEFT JOIN LATERAL (SELECT k FROM zigzag z WHERE z.k = s.k) f ON true;
SELECT count(*) AS rows, count(f.k) AS found FROM (SELECT k FROM sdown WHERE k % 499 < 3) s LEFT JOIN LATERAL (SELECT k FROM down d WHERE d.k = s.k) f ON true;
SELECT v, (SELECT n FROM zigzag WHERE k = v) AS row FROM unnest('{0,-0.5,0.5,-3,-3.5,7.5,7.25,4.5,107138,107137.5,107142,99999999.99}'::numeric[]) v;
SELECT v, (SELECT count(*) FROM down WHERE k = v) FROM unnest('{499997,499998,499996,200000,199999,199997,0,-1}'::int[]) v;
SELECT array_agg(k) = ARRAY(SELECT s.k FROM short s ORDER BY array_position(ARRAY(SELECT k FROM short), s.k)) AS all_of_short, (SELECT count(*) FROM short WHERE k IN (0, 3, 9, -88, -85, 5, NULL)) AS some FROM short;

-- what copies, quantiles and values cannot be
SELECT report(format('"p": {"key": "k", "rows": {"kind": "fixed", "count": 5}, "columns": {"k": {"type": "integer", "rule": %s}, "m": {"type": "integer", "rule": {"kind": "sequence"}}}}, "t": {"rows": {"kind": "preset"}, "columns": {"c": %s, "d": %s}}', k, c, d)) FROM (VALUES
  ('{"kind": "sequence"}', '{"type": "integer", "references": "p", "rule": {"kind": "constant", "value": 3}}', '{"type": "integer", "rule": {"kind": "copy", "column": "c.m"}}'),
  ('{"kind": "sequence"}', '{"type": "text", "references": "p", "rule": {"kind": "constant", "value": "3"}}', '{"type": "integer", "nullable": true, "rule": {"kind": "copy", "column": "c.m"}}'),
  ('{"kind": "data", "set": "us_places", "field": "zip", "by_row": true}', '{"type": "integer", "references": "p", "rule": {"kind": "constant", "value": 3}}', '{"type": "integer", "nullable": true, "rule": {"kind": "copy", "column": "c.m"}}'),
  ('{"kind": "weighted", "distinct": "table", "weights": {"1": 1, "2": 1, "3": 1, "4": 1, "5": 1}}', '{"type": "integer", "references": "p", "rule": {"kind": "constant", "value": 3}}', '{"type": "integer", "nullable": true, "rule": {"kind": "copy", "column": "c.m"}}'),
  ('{"kind": "sequence"}', '{"type": "integer", "references": "p", "rule": {"kind": "constant", "value": 3}}', '{"type": "numeric(4,2)", "rule": {"kind": "copy", "column": "c"}}'),
  ('{"kind": "sequence"}', '{"type": "smallint", "rule": {"kind": "sequence"}}', '{"type": "numeric(6,2)", "rule": {"kind": "copy", "column": "c"}}'),
  ('{"kind": "sequence"}', '{"type": "smallint", "rule": {"kind": "sequence"}}', '{"type": "numeric(7,2)", "rule": {"kind": "copy", "column": "c"}}'),
  ('{"kind": "sequence"}', '{"type": "numeric(6,3)", "rule": {"kind": "uniform", "min": 0, "max": 1}}', '{"type": "numeric(8,2)", "rule": {"kind": "copy", "column": "c"}}'),
  ('{"kind": "sequence"}', '{"type": "date", "rule": {"kind": "time", "quantiles": ["2024-01-02", "2024-01-01"]}}', '{"type": "integer", "rule": {"kind": "sequence"}}'),
  ('{"kind": "sequence"}', '{"type": "date", "rule": {"kind": "time", "quantiles": ["2024-01-02"]}}', '{"type": "integer", "rule": {"kind": "sequence"}}'),
  ('{"kind": "sequence"}', '{"type": "date", "rule": {"kind": "time", "quantiles": ["1900-01-01", "2024-01-02"]}}', '{"type": "integer", "rule": {"kind": "sequence"}}'),
  ('{"kind": "sequence"}', '{"type": "date", "rule": {"kind": "time", "start": "2024-01-01", "quantiles": ["2024-01-01", "2024-01-02"]}}', '{"type": "integer", "rule": {"kind": "sequence"}}')) AS v (k, c, d);

-- data sets and documents that are too much
SELECT report('"t": {"rows": {"kind": "preset"}, "columns": {"a": {"type": "integer", "rule": {"kind": "joint", "columns": ["a", "a"], "tuples": [[1, 2, 3]]}}}}');
SELECT spindle_create_data_set('correlations_twice', '{"fields": ["a", "b", "a"], "rows": [[1, 2, 3]]}');
SELECT spindle_check_domain('[' || repeat('1,', 5000000) || '1]');

SELECT spindle_drop_domain(d) FROM unnest('{correlations_test,elements_test,values_test}'::text[]) d;
SELECT spindle_drop_data_set('correlations_set');
SET client_min_messages = warning;
DROP SCHEMA correlations CASCADE;
