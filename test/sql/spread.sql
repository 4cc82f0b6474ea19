--
-- "spread" of a reference: choices that are dealt out differ among the rows of a
-- parent and come equally often, whatever the numbers of both.
--
CREATE SCHEMA spread;
SET search_path = spread, public;
-- scale cN has N rows to choose from; each table of children has as many for each parent
SELECT spindle_create_domain('spread', json_build_object('spindle', 1, 'description', 'Spread', 'range', '{"start": "2024-01-01", "end": "2025-01-01"}'::json,
  'presets', (SELECT json_object_agg('c' || n, json_build_object('choice', n)) FROM unnest('{12,13,14,15,16,24,25,60,97,100}'::int[]) n),
  'tables', jsonb_build_object(
    'choice', '{"key": "id", "rows": {"kind": "preset"}, "columns": {"id": {"type": "integer", "rule": {"kind": "sequence"}}}}'::jsonb,
    'parent', '{"key": "id", "rows": {"kind": "ratio", "of": "choice", "ratio": 30}, "columns": {"id": {"type": "integer", "rule": {"kind": "sequence"}}}}'::jsonb)
  || (SELECT jsonb_object_agg('by' || m, jsonb_build_object('key', '["parent_id", "choice_id"]'::jsonb,
        'rows', jsonb_build_object('kind', 'children', 'of', 'parent', 'ratio', m, 'min', m, 'max', m),
        'columns', '{"parent_id": {"type": "integer", "rule": {"kind": "parent"}}, "number": {"type": "integer", "rule": {"kind": "ordinal", "start": 0}},
          "choice_id": {"type": "integer", "rule": {"kind": "reference", "table": "choice", "distinct": "parent", "spread": true}}}'::jsonb))
      FROM unnest('{1,2,3,4,7,12}'::int[]) m)
  || '{"several": {"unique": [["parent_id", "choice_id"], ["parent_id", "other"]], "rows": {"kind": "children", "of": "parent", "ratio": 3, "max": 12},
        "columns": {"parent_id": {"type": "integer", "rule": {"kind": "parent"}},
          "choice_id": {"type": "integer", "null": 0.1, "rule": {"kind": "reference", "table": "choice", "distinct": "parent", "spread": true}},
          "row_of": {"type": "row", "hidden": true, "rule": {"kind": "reference", "table": "choice", "distinct": "parent", "spread": true}},
          "other": {"type": "integer", "rule": {"kind": "copy", "column": "row_of.id"}}}}}'::jsonb));

SELECT rule FROM spindle_columns('spread', 'by4') WHERE column_name = 'choice_id';

-- no choice twice, and each as often: the formula, by the numbers of choices and of children
CREATE FUNCTION look(scale text, t text, OUT choices int, OUT total bigint, OUT twice bigint, OUT rarest bigint, OUT commonest bigint, OUT first_ones boolean)
LANGUAGE plpgsql AS $$
BEGIN
  choices := substr(scale, 2);
  EXECUTE format('WITH c AS MATERIALIZED (SELECT * FROM spindle_rows(''spread'', %L, scale => %L) AS t (parent_id int, number int, choice_id int))
    SELECT count(*), count(*) - count(DISTINCT (parent_id, choice_id)), min(n), max(n), bool_and(choice_id = parent_id %% %s + 1) FILTER (WHERE number = 0)
    FROM c JOIN (SELECT choice_id, count(*) AS n FROM c GROUP BY 1) x USING (choice_id)', t, scale, choices) INTO total, twice, rarest, commonest, first_ones;
END
$$;
SELECT t, string_agg(scale, ' ' ORDER BY choices) AS scales, sum(total) AS total, sum(twice) AS twice, bool_and(rarest = commonest AND first_ones AND choices = total / commonest) AS all_chosen
FROM unnest('{c12,c13,c14,c15,c16,c24,c25,c60,c97,c100}'::text[]) scale, unnest('{by1,by2,by3,by4,by7,by12}'::text[]) t, look(scale, t) GROUP BY t ORDER BY max(commonest);
SELECT bool_and(choice_id = (parent_id + number * (25 + (parent_id - 1) / 100 % 25)) % 100 + 1) AS as_documented, count(DISTINCT (choice_id - parent_id + 100 * number) % 100) AS distances
FROM spindle_rows('spread', 'by4', scale => 'c100') AS t (parent_id int, number int, choice_id int);

-- any numbers of children, some of them null, and rows by themselves
IMPORT FOREIGN SCHEMA spread FROM SERVER spindle INTO spread OPTIONS (scale 'c97');
SELECT count(*), count(choice_id) BETWEEN 7700 AND 8000 AS some_null, count(DISTINCT (parent_id, choice_id)) FILTER (WHERE choice_id IS NOT NULL) = count(choice_id) AS differ,
  count(DISTINCT (parent_id, other)), bool_and(choice_id = other), min(other), max(other) FROM several;
SELECT count(*) FROM (SELECT parent_id, other FROM several) a FULL JOIN
  (SELECT c.* FROM parent p, LATERAL (SELECT parent_id, other FROM several WHERE parent_id = p.id OFFSET 0) c) b USING (parent_id, other)
WHERE a IS NULL OR b IS NULL;
CALL spindle_seed('spread', 'spread_stored', scale => 'c13', tables => '{choice,parent,by12}', report => false);
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'spread_stored.by12'::regclass AND contype <> 'n' ORDER BY contype DESC, conname;

-- what is refused
CREATE FUNCTION report(rule text, rows text DEFAULT '{"kind": "children", "of": "p", "ratio": 2, "max": 5}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
  hint text;
BEGIN
  PERFORM spindle_check_domain(format('{"spindle": 1, "description": "x", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {}}, "tables": {
    "few": {"key": "id", "rows": {"kind": "fixed", "count": 4}, "columns": {"id": {"type": "smallint", "rule": {"kind": "sequence"}}}},
    "p": {"key": "id", "rows": {"kind": "fixed", "count": 2000}, "columns": {"id": {"type": "smallint", "rule": {"kind": "sequence"}}}},
    "c": {"rows": %s, "columns": {"a": {"type": "smallint", "rule": {"kind": "reference", %s}}}}}}', rows, rule));
  RETURN 'is legal';
EXCEPTION WHEN invalid_parameter_value OR invalid_text_representation THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', detail, nullif(hint, ''));
END
$$;
SELECT rule, report(rule) FROM unnest(ARRAY['"table": "p", "distinct": "parent", "spread": true', '"table": "p", "spread": false', '"table": "p", "distinct": "table", "spread": true',
  '"table": "p", "spread": true', '"table": "p", "distinct": "parent", "spread": true, "skew": {"exponent": 1}', '"table": "p", "distinct": "parent", "spread": "yes"',
  '"table": "p", "distinct": "parent", "spread": true, "where": {"column": "id", "less": 100}', '"table": "few", "distinct": "parent", "spread": true']) rule;
SELECT rows, report('"table": "p", "distinct": "parent", "spread": true', rows) FROM unnest(ARRAY['{"kind": "fixed", "count": 5}', '{"kind": "children", "of": "few", "ratio": 2, "max": 1000}',
  '{"kind": "children", "of": "few", "ratio": 2, "min": 1, "max": 1001}', '{"kind": "children", "of": "few", "ratio": 1000, "max": 1001}']) rows;
SELECT spindle_drop_domain('spread');
DROP SCHEMA spread, spread_stored CASCADE;
