--
-- Documents: objects and arrays whose parts have rules of their own.
--
CREATE SCHEMA documents;
SET search_path = documents, public;

CREATE FUNCTION report(columns text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; detail text; hint text;
BEGIN
  PERFORM spindle_check_domain(format('{"spindle": 1, "description": "d", "range": {"start": "2024-01-01", "end": "2025-01-01"},
    "presets": {"small": {"t": 10}}, "tables": {"t": {"rows": {"kind": "preset"}, "columns": {"id": {"type": "integer", "rule": {"kind": "sequence"}}, "d": %s}}}}', columns));
  RETURN 'valid';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', state, detail, left(nullif(hint, ''), 60));
END
$$;

SELECT spindle_create_domain('documents_test', '{"spindle": 1, "description": "documents", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"p": 100}},
  "tables": {
    "p": {"key": "p_id", "rows": {"kind": "preset"}, "columns": {
      "p_id": {"type": "integer", "rule": {"kind": "sequence"}},
      "label": {"type": "text", "rule": {"kind": "pattern", "pattern": "p{row}"}}}},
    "d": {"key": "d_id", "rows": {"kind": "children", "of": "p", "ratio": 30}, "columns": {
      "d_id": {"type": "bigint", "rule": {"kind": "sequence"}},
      "p_id": {"type": "integer", "rule": {"kind": "parent"}},
      "n": {"type": "integer", "rule": {"kind": "uniform", "min": 1, "max": 6}},
      "doc": {"type": "jsonb", "rule": {"kind": "object", "members": {
        "n": {"type": "integer", "rule": {"kind": "copy", "column": "n"}},
        "label": {"type": "text", "rule": {"kind": "copy", "column": "p_id.label"}},
        "other": {"type": "integer", "absent": 0.25, "rule": {"kind": "reference", "table": "p"}},
        "price": {"type": "numeric(8,2)", "null": 0.5, "rule": {"kind": "lognormal", "mu": 2, "sigma": 1}},
        "exact": {"type": "numeric", "rule": {"kind": "uniform", "min": 0, "max": 1, "round": 3}},
        "flag": {"type": "boolean", "rule": {"kind": "bernoulli", "p": 0.3}},
        "day": {"type": "date", "rule": {"kind": "time"}},
        "at": {"type": "timestamptz", "rule": {"kind": "time"}},
        "f": {"type": "double precision", "rule": {"kind": "normal", "mean": 0, "sd": 1}},
        "id": {"type": "uuid", "rule": {"kind": "uuid"}},
        "never": {"type": "text", "absent": 1, "rule": {"kind": "constant", "value": "x"}},
        "none": {"type": "text", "null": 1, "rule": {"kind": "constant", "value": "x"}},
        "odd \"name\"": {"type": "text", "rule": {"kind": "weighted", "weights": {"a\"b": 1, "c\\d": 1, "e\nf\tg\u0001": 1, "": 1, "NULL": 1, "{x,y}": 1}}},
        "put": {"type": "text", "rule": {"kind": "pattern", "pattern": "\"{n}\"\\\n\u0007{{"}},
        "inner": {"type": "json", "rule": {"kind": "object", "members": {
          "list": {"type": "jsonb", "rule": {"kind": "array", "type": "integer", "of": {"kind": "uniform", "min": 1, "max": 9}, "length": {"distribution": "uniform", "min": 0, "max": 4}}},
          "empty": {"type": "jsonb", "rule": {"kind": "object", "members": {}}}}}}}}},
      "tags": {"type": "text", "sql_type": "text[]", "rule": {"kind": "array", "null": 0.1, "length": {"distribution": "uniform", "min": 0, "max": 3},
        "of": {"kind": "weighted", "weights": {"plain": 1, "b c": 1, "q\"u": 1, "back\\slash": 1, "": 1, "null": 1, "{x,y}": 1, "tab\t": 1}}}},
      "ints": {"type": "text", "sql_type": "integer[]", "rule": {"kind": "array", "length": {"distribution": "poisson", "mean": 2, "max": 20}, "of": {"kind": "uniform", "min": -5, "max": 5}}},
      "times": {"type": "text", "sql_type": "timestamp[]", "rule": {"kind": "array", "length": {"distribution": "uniform", "min": 1, "max": 2}, "of": {"kind": "time"}}},
      "lines": {"type": "json", "rule": {"kind": "array", "type": "json", "length": {"distribution": "uniform", "min": 1, "max": 3}, "of": {"kind": "object", "members": {
        "sku": {"type": "text", "rule": {"kind": "pool", "size": 5, "rule": {"kind": "pattern", "pattern": "S{row}"}}},
        "grid": {"type": "json", "rule": {"kind": "array", "type": "json", "length": {"distribution": "uniform", "min": 2, "max": 2},
          "of": {"kind": "array", "type": "boolean", "length": {"distribution": "uniform", "min": 3, "max": 3}, "of": {"kind": "bernoulli", "p": 0.5}}}}}}}},
      "plain": {"type": "text", "rule": {"kind": "object", "members": {"n": {"type": "integer", "rule": {"kind": "copy", "column": "n"}}}}}}}}}');
IMPORT FOREIGN SCHEMA documents_test FROM SERVER spindle INTO documents;

-- members take the values of the row, and have the shares that are asked for
SELECT count(*), bool_and((doc ->> 'n')::int = n), bool_and(doc ->> 'label' = 'p' || p_id), bool_and((doc -> 'none') = 'null' AND NOT doc ? 'never'),
  bool_and(CASE WHEN doc ? 'other' THEN (doc ->> 'other')::int BETWEEN 1 AND 100 END), abs(avg((doc ? 'other')::int) - 0.75) < 0.03 AS present,
  abs(avg((doc -> 'price' = 'null')::int) - 0.5) < 0.04 AS nulls, abs(avg((doc -> 'flag' = 'true')::int) - 0.3) < 0.04 AS flags FROM d;
SELECT jsonb_typeof(doc -> k) AS type, string_agg(DISTINCT k, ' ' ORDER BY k) FROM d, unnest('{n,label,exact,flag,day,at,f,id,inner,put}'::text[]) k GROUP BY 1 ORDER BY 1;
SELECT bool_and(doc ->> 'put' = format(E'"%s"\\\n\x07{', n)), count(DISTINCT doc ->> 'id'), bool_and((doc ->> 'day')::date BETWEEN '2024-01-01' AND '2024-12-31'), bool_and((doc ->> 'at')::timestamptz IS NOT NULL) FROM d;
SELECT doc -> 'odd "name"' AS odd, abs(count(*) - 500) < 80 AS alike FROM d GROUP BY 1 ORDER BY 1;
SELECT bool_and(doc #> '{inner,empty}' = '{}'), min(jsonb_array_length(doc #> '{inner,list}')), max(jsonb_array_length(doc #> '{inner,list}')) FROM d;
SELECT count(*) FILTER (WHERE v = 'null'), sum((c - n / 9.0) ^ 2 / (n / 9.0)) < 30 AS alike -- 8 degrees of freedom
  FROM (SELECT v, count(*) AS c, sum(count(*)) OVER () AS n FROM d, jsonb_array_elements(doc #> '{inner,list}') v GROUP BY v) s;

-- arrays of the server: lengths, elements, nulls
SELECT cardinality(tags) AS length, abs(count(*) - 750) < 100 AS alike FROM d GROUP BY 1 ORDER BY 1;
SELECT tag, abs(count(*) - 0.9 * 4500 / 8) < 100 AS alike FROM d, unnest(tags) tag WHERE tag IS NOT NULL GROUP BY tag ORDER BY tag COLLATE "C";
SELECT abs(avg((tag IS NULL)::int) - 0.1) < 0.02 AS nulls FROM d, unnest(tags) tag;
SELECT min(i), max(i), count(DISTINCT i), abs(count(*) / 3000.0 - 2) < 0.1 AS mean FROM d, unnest(ints) i;
SELECT bool_and(t >= '2024-01-01' AND t < '2025-01-01'), abs(count(*) - 4500) < 100 AS alike, count(DISTINCT t) > 4400 AS differ FROM d, unnest(times) t;
-- as the server writes them
SELECT bool_and(value = value::text[]::text) FROM (SELECT spindle_stream.event::json ->> 'tags' AS value FROM spindle_stream('documents_test', 'd')) s;
SELECT bool_and((value::jsonb) = d.doc) FROM (SELECT event::json ->> 'd_id' AS id, event::json ->> 'doc' AS value FROM spindle_stream('documents_test', 'd')) s JOIN d ON d_id = id::bigint;
-- arrays of objects and of arrays
SELECT min(json_array_length(lines)), max(json_array_length(lines)), bool_and(l ->> 'sku' ~ '^S[1-5]$'), bool_and(json_array_length(l -> 'grid') = 2 AND json_array_length(l #> '{grid,1}') = 3) FROM d, json_array_elements(lines) l;
SELECT bool_and(plain = format('{"n":%s}', n)) FROM d;

-- the same in slices
SELECT count(*), bool_and(a = b) FROM (SELECT d::text AS a, (SELECT e::text FROM d e WHERE e.d_id = d.d_id) AS b FROM d WHERE d_id % 211 = 0) s;
SELECT md5(string_agg(d::text, '|' ORDER BY d_id)) FROM d;
SELECT column_name, rule FROM spindle_columns('documents_test', 'd') WHERE column_name IN ('tags', 'lines', 'plain');

-- what is refused
SELECT report(d) FROM (VALUES (1, '{"type": "integer", "rule": {"kind": "object", "members": {}}}'),
  (2, '{"type": "varchar(5)", "rule": {"kind": "object", "members": {}}}'),
  (3, '{"type": "inet", "rule": {"kind": "array", "of": {"kind": "constant", "value": "a"}, "length": {"distribution": "uniform", "min": 1, "max": 2}}}'),
  (4, '{"type": "jsonb", "rule": {"kind": "object"}}'),
  (5, '{"type": "jsonb", "rule": {"kind": "object", "members": {"a": {"rule": {"kind": "constant", "value": 1}}}}}'),
  (6, '{"type": "jsonb", "rule": {"kind": "object", "members": {"a": {"type": "row", "rule": {"kind": "constant", "value": 1}}}}}'),
  (7, '{"type": "jsonb", "rule": {"kind": "object", "members": {"a": {"type": "text", "absent": 2, "rule": {"kind": "constant", "value": 1}}}}}'),
  (8, '{"type": "jsonb", "rule": {"kind": "object", "members": {"a": {"type": "integer", "rule": {"kind": "parent"}}}}}'),
  (9, '{"type": "jsonb", "rule": {"kind": "object", "members": {"a": {"type": "jsonb", "rule": {"kind": "copy", "column": "d"}}}}}'),
  (10, '{"type": "jsonb", "rule": {"kind": "array", "type": "integer", "of": {"kind": "sequence"}, "length": {"distribution": "uniform", "min": 1, "max": 2}}}'),
  (11, '{"type": "jsonb", "rule": {"kind": "array", "of": {"kind": "pattern", "pattern": "{row}"}, "length": {"distribution": "uniform", "min": 1, "max": 2}}}'),
  (12, '{"type": "jsonb", "rule": {"kind": "array", "type": "json", "of": {"kind": "object", "members": {"a": {"type": "integer", "rule": {"kind": "copy", "column": "id"}}}}, "length": {"distribution": "uniform", "min": 1, "max": 2}}}'),
  (13, '{"type": "jsonb", "rule": {"kind": "array", "of": {"kind": "weighted", "weights": {"a": 1}, "keyed_by": ["id"]}, "length": {"distribution": "uniform", "min": 1, "max": 2}}}'),
  (14, '{"type": "jsonb", "rule": {"kind": "array", "type": "json", "of": {"kind": "array", "of": {"kind": "constant", "value": "x"}, "length": {"distribution": "poisson", "mean": 2}}, "length": {"distribution": "uniform", "min": 1, "max": 2}}}'),
  (15, '{"type": "text", "sql_type": "text[]", "rule": {"kind": "array", "of": {"kind": "array", "of": {"kind": "constant", "value": "x"}, "length": {"distribution": "uniform", "min": 1, "max": 2}}, "length": {"distribution": "uniform", "min": 1, "max": 2}}}'),
  (16, '{"type": "jsonb", "rule": {"kind": "pool", "size": 3, "rule": {"kind": "object", "members": {"a": {"type": "integer", "rule": {"kind": "copy", "column": "id"}}}}}}'),
  (17, '{"type": "jsonb", "rule": {"kind": "pool", "size": 3, "rule": {"kind": "object", "members": {"a": {"type": "integer", "rule": {"kind": "uniform", "min": 1, "max": 2}}}}}}'),
  (18, '{"type": "jsonb", "rule": ' || repeat('{"kind": "object", "members": {"a": {"type": "json", "rule": ', 8) || '{"kind": "object", "members": {}}' || repeat('}}}', 8) || '}'),
  (19, '{"type": "jsonb", "rule": ' || repeat('{"kind": "object", "members": {"a": {"type": "json", "rule": ', 7) || '{"kind": "object", "members": {}}' || repeat('}}}', 7) || '}')) AS t (k, d) ORDER BY k;

SELECT spindle_drop_domain('documents_test');
DROP SCHEMA documents CASCADE;
