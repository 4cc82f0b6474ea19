--
-- Conditions and formulas: what a column is made of is computed again in SQL.
--
CREATE SCHEMA formulas;
SET search_path = formulas, public;
SET timezone = 'UTC';

-- A definition becomes a domain of a directory of its own, beside the server's data.
CREATE FUNCTION install(name text, definition text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('COPY (SELECT %L) TO PROGRAM %L (FORMAT csv, QUOTE E''\x01'', DELIMITER E''\x02'')',
    regexp_replace(definition, '\s+', ' ', 'g'), format('mkdir -p formulas_test && cat > formulas_test/%s.json', name));
END
$$;
CREATE FUNCTION report(definition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; detail text; hint text;
BEGIN
  PERFORM spindle_check_domain(definition);
  RETURN 'valid';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', state, detail, nullif(hint, ''));
END
$$;
DO $$ BEGIN EXECUTE format('SET spindle.domain_directory = %L', current_setting('data_directory') || '/formulas_test'); END $$;

--
-- Conditions.  Each is written in JSON and in SQL; a hidden column of the same name
-- would do, but shown ones can be compared.
--
CREATE TABLE condition (n serial, json text, sql text);
INSERT INTO condition (json, sql) VALUES
('{"column": "a", "at_least": 3}', 'a >= 3'),
('{"column": "a", "at_most": 3}', 'a <= 3'),
('{"column": "a", "between": [2, 4]}', 'a BETWEEN 2 AND 4'),
('{"column": "a", "between": [4, 2]}', 'a BETWEEN 4 AND 2'),
('{"column": "a", "between": [{"column": "c"}, 4]}', 'a BETWEEN c AND 4'),
('{"not": {"column": "a", "between": [2, 4]}}', 'a NOT BETWEEN 2 AND 4'),
('{"not": {"column": "a", "less": 3}}', 'NOT a < 3'),
('{"not": {"column": "a", "in": [1, 2]}}', 'a NOT IN (1, 2)'),
('{"not": {"column": "a", "not_in": [1, 2]}}', 'NOT a NOT IN (1, 2)'),
('{"not": {"not": {"column": "a", "less": 3}}}', 'a < 3'),
('{"not": {"column": "a", "is": "null"}}', 'a IS NOT NULL'),
('{"not": {"column": "a", "is": "not null"}}', 'a IS NULL'),
('{"column": "a", "equals": {"column": "c"}}', 'a = c'),
('{"not": {"column": "a", "equals": {"column": "c"}}}', 'a <> c'),
('{"column": "a", "less": {"column": "c"}}', 'a < c'),
('{"column": "a", "greater": {"column": "n"}}', 'a > n'),
('{"column": "n", "at_most": {"column": "a"}}', 'n <= a'),
('{"column": "n", "at_least": {"column": "m"}}', 'n >= m'),
('{"not": {"column": "n", "at_least": {"column": "m"}}}', 'NOT n >= m'),
('{"column": "f", "less": 0}', 'f < 0'),
('{"column": "f", "at_least": 0.25}', 'f >= 0.25'),
('{"column": "f", "greater": {"column": "g"}}', 'f > g'),
('{"column": "d", "at_most": {"column": "e"}}', 'd <= e'),
('{"column": "t", "less": {"column": "u"}}', 't < u'),
('{"column": "w", "equals": {"column": "x"}}', 'w = x'),
('{"not": {"column": "w", "equals": {"column": "x"}}}', 'w <> x'),
('{"column": "w", "equals": {"column": "p"}}', 'w = p'),
('{"column": "y", "equals": {"column": "a"}}', 'y = a'),
('{"column": "b", "equals": {"column": "h"}}', 'b = h'),
('{"and": [{"column": "a", "greater": 2}, {"column": "c", "less": 5}, {"column": "w", "equals": "blue"}]}', 'a > 2 AND c < 5 AND w = ''blue'''),
('{"or": [{"column": "a", "greater": 4}, {"column": "c", "is": "null"}, {"column": "w", "in": ["blue", "red"]}]}', 'a > 4 OR c IS NULL OR w IN (''blue'', ''red'')'),
('{"not": {"and": [{"column": "a", "greater": 2}, {"column": "c", "less": 5}]}}', 'NOT (a > 2 AND c < 5)'),
('{"not": {"or": [{"column": "a", "greater": 2}, {"not": {"column": "c", "less": 5}}]}}', 'NOT (a > 2 OR NOT c < 5)'),
('{"and": [{"or": [{"column": "a", "equals": 1}, {"column": "c", "equals": 1}]}, {"not": {"and": [{"column": "a", "equals": 1}, {"column": "c", "equals": 1}]}}]}', '(a = 1 OR c = 1) AND NOT (a = 1 AND c = 1)'),
('{"and": [{"column": "a", "at_least": 1}]}', 'a >= 1'),
('{"column": "a", "in": []}', 'false'), ('{"not": {"column": "a", "in": []}}', 'a IS NOT NULL'),
('{"not": {"has_child": "k"}}', 'NOT EXISTS (SELECT FROM conditions.k WHERE k.r_id = r.id)'),
('{"or": [{"has_child": "k"}, {"column": "a", "is": "null"}]}', 'EXISTS (SELECT FROM conditions.k WHERE k.r_id = r.id) OR a IS NULL');

SELECT install('conditions', '{"spindle": 1, "description": "conditions", "range": {"start": "2024-01-01", "end": "2025-01-01"},
  "presets": {"small": {"r": 1500}},
  "tables": {
    "r": {"key": "id", "rows": {"kind": "preset"}, "columns": {
      "id": {"type": "integer", "rule": {"kind": "sequence"}},
      "a": {"type": "integer", "null": 0.2, "rule": {"kind": "uniform", "min": 1, "max": 6}},
      "c": {"type": "bigint", "null": 0.2, "rule": {"kind": "uniform", "min": 1, "max": 6}},
      "y": {"type": "smallint", "rule": {"kind": "uniform", "min": 1, "max": 6}},
      "n": {"type": "numeric(6,2)", "null": 0.1, "rule": {"kind": "uniform", "min": 1, "max": 6}},
      "m": {"type": "numeric(6,1)", "rule": {"kind": "uniform", "min": 1, "max": 6}},
      "f": {"type": "double precision", "null": 0.1, "rule": {"kind": "uniform", "min": -1, "max": 1, "round": 1}},
      "g": {"type": "double precision", "rule": {"kind": "uniform", "min": -1, "max": 1, "round": 1}},
      "d": {"type": "date", "null": 0.1, "rule": {"kind": "time"}},
      "e": {"type": "date", "rule": {"kind": "time"}},
      "t": {"type": "timestamptz", "rule": {"kind": "time"}},
      "u": {"type": "timestamptz", "null": 0.1, "rule": {"kind": "time"}},
      "w": {"type": "text", "null": 0.2, "rule": {"kind": "weighted", "weights": {"blue": 1, "red": 1, "gold": 1}}},
      "x": {"type": "text", "null": 0.2, "rule": {"kind": "weighted", "weights": {"blue": 1, "red": 1}}},
      "p": {"type": "text", "nullable": true, "rule": {"kind": "pattern", "pattern": "{x}"}},
      "b": {"type": "boolean", "rule": {"kind": "bernoulli", "p": 0.5}},
      "h": {"type": "boolean", "null": 0.1, "rule": {"kind": "bernoulli", "p": 0.5}}'
  || string_agg(format(', "c%s": {"type": "boolean", "rule": {"kind": "case", "cases": [{"when": %s, "then": {"kind": "constant", "value": true}}],
      "else": {"kind": "constant", "value": false}}}', n, json), '' ORDER BY n)
  || '}},
    "k": {"key": "id", "rows": {"kind": "children", "of": "r", "ratio": 0.5}, "columns": {
      "id": {"type": "integer", "rule": {"kind": "sequence"}},
      "r_id": {"type": "integer", "rule": {"kind": "parent"}},
      "of_both": {"type": "boolean", "rule": {"kind": "case", "cases": [{"when": {"and": [{"column": "r_id.y", "less": {"column": "r_id.m"}}, {"not": {"column": "r_id.x", "equals": "red"}}]},
        "then": {"kind": "constant", "value": true}}], "else": {"kind": "constant", "value": false}}},
      "some": {"type": "integer", "rule": {"kind": "reference", "table": "r", "where": {"or": [{"and": [{"column": "y", "at_least": 5}, {"column": "b", "equals": true}]}, {"column": "id", "equals": 1}]}}}}}}}')
FROM condition;
IMPORT FOREIGN SCHEMA conditions FROM SERVER spindle INTO formulas;
CREATE SCHEMA conditions;
IMPORT FOREIGN SCHEMA conditions LIMIT TO (k) FROM SERVER spindle INTO conditions;

-- all agree, and nearly all hold for some rows and not for others
SELECT string_agg(format('SELECT %s AS n, count(*) FILTER (WHERE c%s <> coalesce(%s, false)) AS wrong, count(*) FILTER (WHERE c%s) AS hold FROM r', n, n, sql, n), ' UNION ALL ' ORDER BY n) AS query FROM condition \gset
CREATE TABLE held AS :query;
SELECT json, wrong FROM held JOIN condition USING (n) WHERE wrong <> 0 ORDER BY n;
SELECT json, hold FROM held JOIN condition USING (n) WHERE hold IN (0, 1500) ORDER BY n;
-- of the parent, computed once for it
SELECT count(*) FILTER (WHERE k.of_both <> coalesce(r.y < r.m AND r.x <> 'red', false)), count(*) FILTER (WHERE k.of_both) > 50 AS some FROM k JOIN r ON r.id = r_id;
-- and of a table that a reference chooses from
SELECT bool_and(r.y >= 5 AND r.b OR r.id = 1), count(DISTINCT k.some) > 100 AS many FROM k JOIN r ON r.id = k.some;
SELECT column_name, rule FROM spindle_columns('conditions', 'r') WHERE column_name IN ('c5', 'c18', 'c33', 'c38') ORDER BY ordinal_position;

-- What is wrong, and what is known not to be null.
CREATE TABLE base AS SELECT '{"spindle": 1, "description": "x", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"r": 10}},
  "tables": {"r": {"rows": {"kind": "preset"}, "columns": {
    "a": {"type": "integer", "null": 0.5, "rule": {"kind": "uniform", "min": 1, "max": 6}},
    "b": {"type": "integer", "null": 0.5, "rule": {"kind": "uniform", "min": 1, "max": 6}},
    "t": {"type": "text", "rule": {"kind": "constant", "value": "x"}},
    "d": {"type": "date", "rule": {"kind": "time"}},
    "z": {"type": "integer", "rule": {"kind": "case", "cases": [{"when": WHEN, "then": {"kind": "formula", "expression": "a + b"}}], "else": {"kind": ELSE}}}}}}}' AS definition;
SELECT w, report(replace(replace(definition, 'WHEN', w), 'ELSE', '"constant", "value": 0'))
FROM base, unnest(ARRAY[
  '{"and": []}', '{"and": {}}', '{"or": [5]}', '{"not": []}', '{"not": {"column": "a"}}', '{"and": [{"column": "a", "is": "not null"}], "or": []}', '{"column": "a", "not": {}}',
  '{"column": "a", "less": {"column": "t"}}', '{"column": "t", "less": {"column": "t"}}', '{"column": "t", "at_least": "x"}', '{"column": "a", "less": {"path": "b"}}', '{"column": "a", "less": {"column": "q"}}',
  '{"column": "a", "less": {"column": "z"}}', '{"column": "a", "in": [{"column": "b"}]}', '{"column": "d", "equals": {"column": "a"}}', '{"column": "a", "between": 5}', '{"column": "a", "between": [1]}', '{"column": "a", "between": [1, "x"]}',
  repeat('{"not": ', 11) || '{"column": "a", "is": "null"}' || repeat('}', 11)]) w;
SELECT w, e, report(replace(replace(definition, 'WHEN', w), 'ELSE', e))
FROM base, (VALUES
  ('{"and": [{"column": "a", "is": "not null"}, {"column": "b", "greater": 2}]}', '"constant", "value": 0'),
  ('{"column": "a", "less": {"column": "b"}}', '"constant", "value": 0'),
  ('{"not": {"or": [{"column": "a", "is": "null"}, {"column": "b", "is": "null"}]}}', '"constant", "value": 0'),
  ('{"and": [{"column": "a", "between": [1, 3]}, {"not": {"column": "b", "in": [1]}}]}', '"constant", "value": 0'),
  ('{"or": [{"column": "a", "is": "not null"}, {"column": "b", "is": "not null"}]}', '"constant", "value": 0'),
  ('{"column": "a", "is": "not null"}', '"constant", "value": 0'),
  ('{"and": [{"column": "a", "is": "not null"}, {"column": "b", "is": "not null"}]}', '"formula", "expression": "a"'),
  ('{"or": [{"column": "a", "is": "null"}, {"column": "b", "is": "null"}]}', '"formula", "expression": "a + b"')) v (w, e);
SELECT report(replace(replace(definition, 'WHEN', '{"and": [' || repeat('{"column": "a", "less": 3},', 100) || '{"column": "a", "less": 3}]}'), 'ELSE', '"constant", "value": 0')) FROM base;

--
-- Formulas: the same in SQL, with numeric.
--
CREATE TABLE formula (n serial, type text, json text, sql text);
INSERT INTO formula (type, json, sql) VALUES
('bigint', 'mod(i, 7)', 'mod(i, 7)'), ('bigint', 'div(i, 7)', 'div(i, 7)'),
('bigint', 'mod(i, -7)', 'mod(i, -7)'), ('bigint', 'div(i, -7)', 'div(i, -7)'),
('bigint', 'mod(i, k)', 'mod(i, nullif(k, 0))'), ('bigint', 'div(i, k)', 'div(i, nullif(k, 0))'),
('numeric(18,3)', 'mod(x, 0.75)', 'mod(x, 0.75)'), ('bigint', 'div(x, 0.75)', 'div(x, 0.75)'),
('numeric(18,3)', 'mod(x, k)', 'mod(x, nullif(k, 0))'), ('bigint', 'div(b, x)', 'div(b::numeric, nullif(x, 0))'),
('bigint', 'floor(x)', 'floor(x)'), ('bigint', 'ceil(x)', 'ceil(x)'), ('bigint', 'round(x)', 'round(x)'), ('numeric(18,3)', 'round(x, 1)', 'round(x, 1)'),
('numeric(18,3)', 'round(x, 9)', 'x'), ('bigint', 'floor(-x)', 'floor(-x)'), ('bigint', 'ceil(-x)', 'ceil(-x)'), ('bigint', 'floor(i / 10)', 'floor(i / 10.0)'),
('numeric(18,3)', 'abs(x)', 'abs(x)'), ('bigint', 'abs(i)', 'abs(i)'), ('numeric(18,3)', 'abs(x) * -2 + round(x / 4, 2)', 'abs(x) * -2 + round(x / 4, 2)'),
('bigint', 'floor(x * x * x * x * x)', 'floor(x * x * x * x * x)'), ('bigint', 'mod(b * b, 1000003)', 'mod(b::numeric * b, 1000003)'), ('bigint', 'div(b * b, b)', 'div(b::numeric * b, nullif(b, 0))'),
('bigint', 'round(round(x, 1) * 10)', 'round(round(x, 1) * 10)'), ('bigint', 'abs(b)', 'abs(b)'), ('bigint', 'mod(b, 10) + div(b, 10)', 'mod(b, 10) + div(b, 10)'),
('bigint', 'row()', 'id'), ('bigint', 'rows(f)', '2000'), ('bigint', 'rows(f) - row() * rows(other)', '2000 - id * 3'), ('bigint', 'rows(none)', '0'), ('bigint', 'mod(i, rows(none))', 'NULL::bigint'),
('date', 'd + 5', 'd + 5'), ('date', 'd - i', 'd - i'), ('date', 'least(d, e)', 'CASE WHEN d IS NOT NULL THEN least(d, e) END'), ('date', 'greatest(d, e - 100)', 'CASE WHEN d IS NOT NULL THEN greatest(d, e - 100) END'),
('bigint', 'd - e', 'd - e'), ('bigint', 'e - d + 1', 'e - d + 1'), ('date', 'e + (d - e)', 'd'),
('timestamptz', 't + 3', 't + interval ''3 days'''), ('timestamptz', 't - mod(i, 10)', 't - mod(i, 10) * interval ''1 day'''), ('timestamptz', 'greatest(t, u)', 'CASE WHEN u IS NOT NULL THEN greatest(t, u) END'),
('numeric(18,6)', 't - u', 'extract(epoch FROM t - u)::numeric(18,6)'), ('bigint', 'floor((t - u) / 1000)', 'floor(extract(epoch FROM t - u) / 1000)'),
('date', 'date(t)', 't::date'), ('date', 'date(t) + 1', 't::date + 1'), ('bigint', 'date(t) - d', 't::date - d'),
('bigint', 'year(d)', 'extract(year FROM d)'), ('bigint', 'month(d)', 'extract(month FROM d)'), ('bigint', 'day(d)', 'extract(day FROM d)'), ('bigint', 'weekday(d)', 'extract(isodow FROM d)'),
('bigint', 'year(t)', 'extract(year FROM t)'), ('bigint', 'month(t)', 'extract(month FROM t)'), ('bigint', 'day(t)', 'extract(day FROM t)'), ('bigint', 'weekday(t)', 'extract(isodow FROM t)'),
('bigint', 'hour(t)', 'extract(hour FROM t)'), ('bigint', 'minute(t)', 'extract(minute FROM t)'), ('bigint', 'hour(u) * 60 + minute(u)', 'extract(hour FROM u) * 60 + extract(minute FROM u)'),
('bigint', 'year(old)', 'extract(year FROM old)'), ('bigint', 'weekday(old)', 'extract(isodow FROM old)'), ('bigint', 'hour(old_t)', 'extract(hour FROM old_t)'), ('date', 'date(old_t)', 'old_t::date'),
('bigint', 'year(d + 100000000)', 'CASE WHEN d IS NOT NULL THEN 9999 END'), ('date', 'd + 100000000', 'CASE WHEN d IS NOT NULL THEN date ''9999-12-31'' END'), ('date', 'd - 100000000', 'CASE WHEN d IS NOT NULL THEN date ''1900-01-01'' END');
SELECT install('formulas', '{"spindle": 1, "description": "formulas", "range": {"start": "2023-11-01", "end": "2025-04-01"},
  "presets": {"small": {"f": 2000, "none": 0}},
  "tables": {
    "none": {"rows": {"kind": "preset"}, "columns": {"a": {"type": "integer", "rule": {"kind": "sequence"}}}},
    "other": {"rows": {"kind": "fixed", "count": 3}, "columns": {"a": {"type": "integer", "rule": {"kind": "formula", "expression": "row() * row() - rows(none)"}}}},
    "f": {"rows": {"kind": "preset"}, "columns": {
      "id": {"type": "integer", "rule": {"kind": "sequence"}},
      "i": {"type": "integer", "null": 0.1, "rule": {"kind": "uniform", "min": -1000, "max": 1000}},
      "k": {"type": "integer", "rule": {"kind": "uniform", "min": -3, "max": 3}},
      "b": {"type": "bigint", "rule": {"kind": "uniform", "min": -1e15, "max": 1e15}},
      "x": {"type": "numeric(9,3)", "null": 0.1, "rule": {"kind": "uniform", "min": -100, "max": 100}},
      "d": {"type": "date", "null": 0.1, "rule": {"kind": "time"}},
      "e": {"type": "date", "rule": {"kind": "time"}},
      "t": {"type": "timestamptz", "rule": {"kind": "time"}},
      "u": {"type": "timestamptz", "null": 0.1, "rule": {"kind": "time"}},
      "old": {"type": "date", "rule": {"kind": "time", "start": "1900-01-01", "end": "1980-01-01"}},
      "old_t": {"type": "timestamptz", "rule": {"kind": "time", "start": "1900-01-01", "end": "1980-01-01"}}'
  || string_agg(format(', "c%s": {"type": "%s", "nullable": true, "rule": {"kind": "formula", "expression": "%s"}}', n, type, json), '' ORDER BY n) || '}}}}')
FROM formula;
IMPORT FOREIGN SCHEMA formulas FROM SERVER spindle INTO formulas;
-- results beyond bigint are cut to it
SELECT string_agg(format('SELECT %s AS n, count(*) FILTER (WHERE c%s IS DISTINCT FROM %s) AS wrong, count(c%s) AS given FROM f', n, n, CASE WHEN type = 'bigint' THEN format('CASE WHEN (%s) IS NOT NULL THEN greatest(-9223372036854775808, least(%s, 9223372036854775807)) END', sql, sql) ELSE sql END, n), ' UNION ALL ' ORDER BY n) AS query FROM formula \gset
CREATE TABLE computed AS :query;
SELECT json, wrong, given FROM computed JOIN formula USING (n) WHERE wrong <> 0 ORDER BY n;
SELECT json, given FROM computed JOIN formula USING (n) WHERE given < 1500 ORDER BY n;
SELECT array_agg(a) FROM other;
SELECT column_name, rule FROM spindle_columns('formulas', 'f') WHERE column_name IN ('c28', 'c30', 'c50') ORDER BY ordinal_position;

--
-- Formulas as keys: rows are found by their values, not looked for.
--
CREATE TABLE counting (n serial, type text, json text);
INSERT INTO counting (type, json) VALUES
('bigint', 'row()'), ('bigint', '3 * row() - 2'), ('bigint', 'div(row() - 1, 8) * 32 + mod(row() - 1, 8) + 1'), ('bigint', 'div(row(), 8) * 32 + mod(row(), 8)'),
('integer', 'id * 10 + mod(id, 10)'), ('numeric(12,2)', 'row() * 1.25'), ('bigint', '-row()'), ('bigint', 'floor(row() / 10) * 10 + 9 - mod(row(), 10)'),
('bigint', '1000000 - 7 * id'), ('bigint', 'mod(row() * 7, 10007)'), ('bigint', 'row() + 100 * mod(row(), 2)');
SELECT install('counting', '{"spindle": 1, "description": "keys", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"z": 1}},
  "tables": {"z": {"rows": {"kind": "preset"}, "columns": {"a": {"type": "integer", "rule": {"kind": "sequence"}}}}'
  || string_agg(format(', "t%1$s": {"key": "k", "rows": {"kind": "fixed", "count": 5000}, "columns": {
      "k": {"type": "%2$s", "rule": {"kind": "formula", "expression": "%3$s"}}, "id": {"type": "integer", "rule": {"kind": "sequence"}}}},
    "c%1$s": {"rows": {"kind": "children", "of": "t%1$s", "ratio": 2}, "columns": {"k": {"type": "%2$s", "rule": {"kind": "parent"}}, "r": {"type": "%2$s", "rule": {"kind": "reference", "table": "t%1$s"}}}}', n, type, json), '' ORDER BY n) || '}}')
FROM counting;
CREATE SCHEMA counting;
IMPORT FOREIGN SCHEMA counting FROM SERVER spindle INTO counting;
SELECT string_agg(format('SELECT %1$s AS n, count(DISTINCT k) = 5000 AND count(*) = 5000 AS differ, (SELECT count(*) = 10000 FROM counting.c%1$s c JOIN counting.t%1$s t ON t.k = c.r) AS refer,
  bool_and(k > before OR before IS NULL) AS rises FROM (SELECT k, lag(k) OVER (ORDER BY id) AS before FROM counting.t%1$s) s', n), ' UNION ALL ' ORDER BY n) AS query FROM counting \gset
SELECT json, differ, refer, rises FROM (:query) s JOIN counting USING (n) ORDER BY n;
-- a range of rows, and the same rows that a look at all of them finds
SELECT count(*) FROM counting.t3 WHERE k = 129;
SELECT count(*), min(id), max(id) FROM counting.t3 WHERE k BETWEEN 100 AND 200;
SELECT bool_and((SELECT count(*) FROM counting.t3 WHERE k < v) = (SELECT count(*) FROM (SELECT k FROM counting.t3 OFFSET 0) s WHERE k < v)
  AND (SELECT count(*) FROM counting.t3 WHERE k >= v) = (SELECT count(*) FROM (SELECT k FROM counting.t3 OFFSET 0) s WHERE k >= v)
  AND (SELECT count(*) FROM counting.c3 WHERE k = v) = (SELECT count(*) FROM (SELECT k FROM counting.c3 OFFSET 0) s WHERE k = v)) AS same
FROM generate_series(-50, 20100, 611) v;
CREATE FUNCTION plan(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; lines text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) ' || query LOOP
    lines := concat_ws(E'\n', lines, regexp_replace(line, '(rows=\d+)\.00', '\1'));
  END LOOP;
  RETURN lines;
END $$;
SELECT plan('SELECT * FROM counting.t3 WHERE k = 129');
SELECT plan('SELECT * FROM counting.t6 WHERE k > 6248');

-- What a formula is not, and what is no key.
SELECT f, split_part(report(replace(definition, 'WHAT', f)), ' | ', 2) AS detail FROM (SELECT '{"spindle": 1, "description": "x", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"r": 10}},
  "tables": {"r": {"rows": {"kind": "preset"}, "columns": {
    "a": {"type": "integer", "rule": {"kind": "uniform", "min": 1, "max": 6}},
    "d": {"type": "date", "rule": {"kind": "time"}}, "t": {"type": "timestamp", "rule": {"kind": "time"}}, "w": {"type": "text", "rule": {"kind": "constant", "value": "x"}},
    "z": {"type": "numeric(12,2)", "rule": {"kind": "formula", "expression": "WHAT"}}}}}}' AS definition) b,
  unnest(ARRAY['mod(a)', 'mod(a, 0)', 'div(a, 0.00)', 'div(a, a)', 'mod(d, 5)', 'round(a, -1)', 'round(a, 19)', 'round(a, 1.5)', 'round(a, a)', 'row', 'row(a)', 'rows()', 'rows(q)', 'rows(r', 'floor()', 'abs(d)', '-d',
    'd', 't', 'd + t', 'd + d', 'd - t', '5 + d', 't + 0.5', 'd * 2', 'year(a)', 'hour(d)', 'date(d)', 'year(w)', 'least(d, t)', 'least(a, d)', 'd - d', 't - t', 'year(t)', 'sqrt(a)', 'extract(year)', 'floor(a']) f;
SELECT type, f, split_part(report(format(definition, type, f)), ' | ', 2) AS detail FROM (SELECT '{"spindle": 1, "description": "x", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"r": 10}, "big": {"r": 30000}},
  "tables": {"r": {"key": "z", "rows": {"kind": "preset"}, "columns": {
    "a": {"type": "integer", "rule": {"kind": "uniform", "min": 1, "max": 6}}, "s": {"type": "integer", "rule": {"kind": "sequence"}},
    "z": {"type": "%s", "rule": {"kind": "formula", "expression": "%s"}}}}}}' AS definition) b,
  (VALUES ('integer', 'a'), ('integer', 'row() + a'), ('integer', 'row() * row()'), ('integer', 'div(row(), 2)'), ('integer', 'mod(row(), 29999)'), ('integer', 'mod(row() * 7, 30011)'), ('bigint', 'row() * 100000'), ('integer', 'row() * 100000'),
    ('smallint', 'row()'), ('smallint', '-row()'), ('integer', 'row() / 2'), ('numeric(12,2)', 'row() / 10'), ('numeric(12,0)', 'row() / 10'), ('integer', 'row() + rows(r)'), ('integer', 'row() * 2 + mod(row(), 2) * 3'), ('integer', 'mod(row() - 5, 100) + row()'),
    ('integer', 'row() - mod(row(), 3)'), ('integer', 'row() - 2 * mod(row(), 3)'), ('integer', 'mod(row(), 9973) + mod(row(), 9967) + row()'), ('double precision', 'row()'), ('bigint', 's * 4 + mod(s, 4)'), ('integer', '5'), ('integer', 'greatest(row(), 5)')) v (type, f);

--
-- Times that must not pass another.
--
SELECT install('limits', '{"spindle": 1, "description": "limits", "range": {"start": "2024-01-01", "end": "2024-03-01"}, "presets": {"small": {"l": 2000}},
  "tables": {"l": {"key": "id", "event_time": "to_end", "rows": {"kind": "preset"}, "columns": {
    "id": {"type": "integer", "rule": {"kind": "sequence"}},
    "t": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true}},
    "d": {"type": "date", "null": 0.1, "rule": {"kind": "time"}},
    "to_end": {"type": "timestamptz", "rule": {"kind": "offset", "column": "t", "unit": "days", "whole": false, "by": {"distribution": "uniform", "min": 0, "max": 20}, "not_after": "end"}},
    "free": {"type": "timestamptz", "rule": {"kind": "offset", "column": "t", "unit": "days", "whole": false, "by": {"distribution": "uniform", "min": 0, "max": 20}}},
    "day_end": {"type": "date", "nullable": true, "rule": {"kind": "offset", "column": "d", "unit": "days", "by": {"distribution": "uniform", "min": 0, "max": 20}, "not_after": "end"}},
    "to_day": {"type": "timestamptz", "rule": {"kind": "offset", "column": "t", "unit": "days", "by": {"distribution": "uniform", "min": 0, "max": 20}, "not_after": "2024-02-01 12:00:00"}},
    "to_other": {"type": "date", "nullable": true, "rule": {"kind": "offset", "column": "day_end", "unit": "days", "by": {"distribution": "uniform", "min": -5, "max": 5}, "not_after": {"column": "d"}}},
    "to_null": {"type": "timestamptz", "rule": {"kind": "offset", "column": "t", "unit": "days", "by": {"distribution": "uniform", "min": 1, "max": 2}, "not_after": {"column": "nothing"}}},
    "nothing": {"type": "timestamptz", "null": 0.5, "rule": {"kind": "constant", "value": "2024-01-15"}}}}}}');
IMPORT FOREIGN SCHEMA limits FROM SERVER spindle INTO formulas;
SELECT max(to_end), bool_and(to_end >= t), count(*) FILTER (WHERE to_end = '2024-02-29 23:59:59.999999') BETWEEN 200 AND 450 AS cut, max(free) > '2024-03-15' AS free FROM l;
SELECT max(day_end), bool_and(day_end >= d), max(to_day), bool_and(to_other <= d) AND count(to_other) = count(d) AS before FROM l;
SELECT nothing, min(to_null - t), max(to_null) > '2024-02-25' AS free FROM l GROUP BY nothing ORDER BY nothing;
-- a stream in this order has them all
SELECT count(*), count(DISTINCT event->>'id'), bool_and(event_time >= before OR before IS NULL) FROM (SELECT *, lag(event_time) OVER (ORDER BY seq) AS before FROM spindle_stream('limits', 'l')) s;
SELECT column_name, rule FROM spindle_columns('limits', 'l') WHERE column_name ~ '^to_' ORDER BY ordinal_position;
SELECT l, split_part(report(replace(definition, 'LIMIT', l)), ' | ', 2) AS detail FROM (SELECT '{"spindle": 1, "description": "x", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"r": 10}},
  "tables": {"r": {"rows": {"kind": "preset"}, "columns": {
    "d": {"type": "date", "rule": {"kind": "time"}}, "t": {"type": "timestamp", "rule": {"kind": "time"}},
    "z": {"type": "date", "rule": {"kind": "offset", "column": "d", "unit": "days", "by": {"distribution": "uniform", "min": 0, "max": 20}, "not_after": LIMIT}}}}}}' AS definition) b,
  unnest(ARRAY['"end"', '"never"', '5', 'null', 'true', '{}', '{"column": "t"}', '{"column": "z"}', '{"column": "d"}', '"2024-05-05"']) l;

--
-- Event times that are dates, among others that are not.
--
SELECT install('dated', '{"spindle": 1, "description": "dates", "range": {"start": "2024-01-01", "end": "2024-02-01"}, "presets": {"small": {"a": 300, "b": 200, "c": 100}},
  "tables": {
    "a": {"key": "id", "event_time": "t", "rows": {"kind": "preset"}, "columns": {
      "id": {"type": "integer", "rule": {"kind": "sequence"}}, "t": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true}}}},
    "b": {"key": "id", "event_time": "d", "rows": {"kind": "preset"}, "columns": {
      "id": {"type": "integer", "rule": {"kind": "sequence"}}, "d": {"type": "date", "rule": {"kind": "time", "ordered": true}}}},
    "c": {"event_time": "day", "rows": {"kind": "preset"}, "columns": {
      "a_id": {"type": "integer", "rule": {"kind": "reference", "table": "a"}},
      "day": {"type": "date", "null": 0.1, "rule": {"kind": "formula", "expression": "date(a_id.t) + 1"}}}},
    "e": {"event_time": "b_id.d", "rows": {"kind": "children", "of": "b", "ratio": 2}, "columns": {
      "b_id": {"type": "integer", "rule": {"kind": "parent"}}}}}}');
SELECT event->>'_spindle_table' AS "table", count(*), count(event_time), min(event_time) >= '2024-01-01' AS starts, bool_and(event_time = date_trunc('day', event_time)) AS midnight FROM spindle_stream('dated') GROUP BY 1 ORDER BY 1;
SELECT bool_and(event_time >= before OR before IS NULL) AS in_order FROM (SELECT event_time, lag(event_time) OVER (ORDER BY seq) AS before FROM spindle_stream('dated')) s;
SELECT bool_and(event_time::date = (event->>'d')::date) FROM spindle_stream('dated', 'b');

COPY (SELECT) TO PROGRAM 'cat; rm -r formulas_test';
SET client_min_messages = warning;
DROP SCHEMA formulas CASCADE;
DROP SCHEMA conditions, counting CASCADE;
