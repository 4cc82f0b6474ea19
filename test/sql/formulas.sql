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

COPY (SELECT) TO PROGRAM 'cat; rm -r formulas_test';
SET client_min_messages = warning;
DROP SCHEMA formulas CASCADE;
DROP SCHEMA conditions CASCADE;
