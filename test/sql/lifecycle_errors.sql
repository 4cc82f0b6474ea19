--
-- What a lifecycle cannot say, and what cannot be shown of it, is refused with its
-- place and what is legal.
--
CREATE SCHEMA lifecycle_errors;
SET search_path = lifecycle_errors, public;

-- A small valid definition, to be spoiled in one place at a time.
CREATE TABLE good AS SELECT '{
  "spindle": 1, "description": "small", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"tiny": {"p": 10, "q": 10}},
  "tables": {
    "p": {"key": "id", "unique": ["code"], "event_time": "t", "rows": {"kind": "preset"}, "columns": {
        "id": {"type": "integer", "rule": {"kind": "sequence"}},
        "code": {"type": "text", "rule": {"kind": "pattern", "pattern": "p{row}"}},
        "t": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true}},
        "any": {"type": "timestamptz", "rule": {"kind": "time"}},
        "late": {"type": "timestamptz", "null": 0.5, "rule": {"kind": "offset", "column": "t", "unit": "days", "by": {"distribution": "uniform", "min": 3, "max": 9}}},
        "s": {"type": "text", "rule": {"kind": "weighted", "weights": {"b": 2, "c": 1}}},
        "n": {"type": "integer", "rule": {"kind": "uniform", "min": 1, "max": 9}},
        "m": {"type": "integer", "rule": {"kind": "formula", "expression": "n + 1"}},
        "w": {"type": "text", "rule": {"kind": "weighted", "weights": {"x": 1, "y": 2}}},
        "e": {"type": "timestamptz", "nullable": true, "rule": {"kind": "entered", "state": "b"}},
        "v": {"type": "integer", "rule": {"kind": "version"}},
        "u": {"type": "timestamptz", "rule": {"kind": "changed"}}},
      "lifecycle": {
        "insert": {"at": "t"},
        "states": {"column": "s", "initial": "a", "max_steps": 5, "before": "late", "within": 20, "unit": "days", "transitions": [
          {"from": "a", "to": "b", "weight": 2, "after": {"distribution": "uniform", "min": 1, "max": 2}, "unit": "hours", "set": {"w": {"to": {"kind": "constant", "value": "z"}}}},
          {"from": "b", "to": "c", "after": {"distribution": "uniform", "min": 1, "max": 2}, "unit": "hours"}, {"from": "b", "stay": 1}]},
        "revisions": {"r": {"ratio": 2, "max": 9, "set": {"n": {"walk": {"add": {"distribution": "normal", "mean": 0, "sd": 1}}}, "m": "follow"}}},
        "delete": {"after": {"distribution": "uniform", "min": 40, "max": 50}, "unit": "days", "fraction": 0.5, "profile": "purge"},
        "recreate": {"after": {"distribution": "uniform", "min": 1, "max": 5}, "unit": "days", "fraction": 0.5}}},
    "c": {"key": "id", "rows": {"kind": "children", "of": "p", "ratio": 2}, "columns": {
        "id": {"type": "integer", "rule": {"kind": "sequence"}},
        "p_id": {"type": "integer", "rule": {"kind": "parent"}},
        "at": {"type": "timestamptz", "rule": {"kind": "offset", "column": "p_id.t", "unit": "days", "by": {"distribution": "uniform", "min": 0, "max": 9}}},
        "past": {"type": "integer", "rule": {"kind": "copy", "column": "p_id.n", "as_of": "at"}}},
      "lifecycle": {"insert": {"at": "at"}, "delete": {"with": "p_id"}}},
    "q": {"key": "id", "event_time": "t", "rows": {"kind": "preset"}, "columns": {
        "id": {"type": "integer", "rule": {"kind": "sequence"}},
        "t": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true}},
        "x": {"type": "integer", "rule": {"kind": "uniform", "min": 1, "max": 9}}}}
  }}'::jsonb AS definition;

CREATE FUNCTION report(definition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; message text; detail text; hint text;
BEGIN
  PERFORM spindle_check_domain(definition);
  RETURN 'valid';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', nullif(state, '22023'), nullif(message, 'invalid definition of domain "definition"'), nullif(detail, ''), nullif(hint, ''));
END
$$;
SELECT report(definition::text) FROM good;

-- Set the value at a path, or remove what is there if the value is null.
CREATE TABLE bad (n serial, path text, value text);
INSERT INTO bad (path, value) VALUES
-- the whole, and inserts
('p,lifecycle', '5'), ('p,lifecycle,rekey', '{}'), ('p,lifecycle,truncate', '{}'), ('p,lifecycle,handover', '{}'), ('p,lifecycle,insert', '{}'), ('p,lifecycle,insert,with', '"id"'), ('p,lifecycle,insert', '{"with": "id"}'),
('p,lifecycle,insert,at', '"n"'), ('p,lifecycle,insert,at', '"z"'), ('p,lifecycle,insert,at', '"late"'), ('p,lifecycle,insert,at', '"any"'), ('c,lifecycle,insert', '{"with": "p"}'), ('c,lifecycle,insert', '{"with": "p_id"}'),
('c,columns,at,rule,by,min', '-1'), ('c,columns,at,rule,whole', 'false'), ('c,lifecycle,insert,at', '"p_id.any"'), ('c,lifecycle', NULL),
-- states
('p,lifecycle,states,column', '"z"'), ('p,lifecycle,states,column', '"t"'), ('p,lifecycle,states,column', '"e"'), ('p,lifecycle,states,column', '"code"'), ('p,lifecycle,states,column', '"w"'), ('p,lifecycle,states,initial', NULL), ('p,lifecycle,states,initial', '"q"'), ('p,lifecycle,states,more', '1'),
('p,lifecycle,states,transitions', '[]'), ('p,lifecycle,states,transitions', '{}'), ('p,lifecycle,states,transitions,0,to', '"a"'), ('p,lifecycle,states,transitions,0,to', '"d"'), ('p,lifecycle,states,transitions,0,weight', '0'), ('p,lifecycle,states,transitions,0,unit', '"weeks"'), ('p,lifecycle,states,transitions,0,unit', NULL),
('p,lifecycle,states,transitions,0,after', NULL), ('p,lifecycle,states,transitions,0,at', '"late"'), ('p,lifecycle,states,transitions,0,stay', '1'), ('p,lifecycle,states,transitions,2,to', '"c"'), ('p,lifecycle,states,transitions,2,stay', '0'), ('p,lifecycle,states,transitions,0,after', '{"distribution": "normal", "mean": 1, "sd": 1}'),
('p,lifecycle,states,transitions,0,after,min', '-1'), ('p,lifecycle,states,transitions,0,after', '{"distribution": "uniform", "min": 1, "max": 1e12}'), ('p,lifecycle,states,transitions,2', '{"from": "c", "to": "b", "after": {"distribution": "uniform", "min": 1, "max": 2}, "unit": "days"}'),
('p,lifecycle,states,transitions,1', '{"from": "c", "to": "b", "after": {"distribution": "uniform", "min": 1, "max": 2}, "unit": "days"}'), ('p,lifecycle,states,max_steps', '1'), ('p,lifecycle,states,max_steps', '0'), ('p,lifecycle,states,max_steps', '1001'), ('p,lifecycle,states,before', '"any"'), ('p,lifecycle,states,before', '"n"'), ('p,lifecycle,states,before', '"e"'),
('p,lifecycle,states,within', '401'), ('p,lifecycle,states,within', NULL), ('p,lifecycle,states,unit', NULL), ('p,lifecycle,states,transitions,2', NULL),
('p,columns,s,rule', '{"kind": "weighted", "weights": {"b": 2, "a": 1, "d": 0}}'), ('p,columns,s,rule', '{"kind": "weighted", "weights": {"b": 2, "d": 0}}'), ('p,columns,s,rule', '{"kind": "pattern", "pattern": "b"}'), ('p,columns,s,null', '0.1'), ('p,columns,s,rule', '{"kind": "case", "cases": [{"when": {"column": "n", "less": 3}, "then": {"kind": "constant", "value": "b"}}], "else": {"kind": "constant", "value": "x"}}'),
('p,columns,s,rule', '{"kind": "case", "cases": [{"when": {"column": "e", "is": "null"}, "then": {"kind": "constant", "value": "b"}}], "else": {"kind": "constant", "value": "c"}}'),
('p,lifecycle,states,transitions,1', '{"from": "b", "to": "c", "at": "late"}'), ('p,lifecycle,states,transitions,1', '{"from": "b", "to": "c", "at": "any"}'), ('p,lifecycle,states,transitions,0', '{"from": "a", "to": "b", "at": "late"}'), ('p,lifecycle,states,transitions,1', '{"from": "b", "to": "c", "at": "late", "unit": "days"}'),
('p,lifecycle,states', '{"column": "s", "initial": "b", "transitions": [{"from": "b", "to": "c", "after": {"distribution": "uniform", "min": 1, "max": 2}, "unit": "hours"}, {"from": "b", "stay": 1}, {"from": "c", "to": "b", "after": {"distribution": "uniform", "min": 1, "max": 2}, "unit": "hours"}, {"from": "c", "stay": 1}]}'),
('p,lifecycle,states', '{"column": "s", "initial": "b", "transitions": [{"from": "b", "to": "c", "after": {"distribution": "uniform", "min": 1, "max": 700}, "unit": "days"}, {"from": "b", "stay": 1}]}'),
('p,lifecycle,states', '{"column": "s", "initial": "b", "transitions": [{"from": "b", "to": "c", "after": {"distribution": "uniform", "min": 31, "max": 41}, "unit": "days"}, {"from": "b", "stay": 1}]}'),
-- what is set
('p,lifecycle,states,transitions,0,set', '{}'), ('p,lifecycle,states,transitions,0,set', '{"z": "redraw"}'), ('p,lifecycle,states,transitions,0,set', '{"n": "redraw"}'), ('p,lifecycle,states,transitions,0,set', '{"s": "redraw"}'), ('p,lifecycle,states,transitions,0,set', '{"e": "redraw"}'), ('p,lifecycle,states,transitions,0,set', '{"id": "redraw"}'),
('p,lifecycle,states,transitions,0,set', '{"code": "redraw"}'), ('p,lifecycle,states,transitions,0,set', '{"t": "redraw"}'), ('p,lifecycle,states,transitions,0,set,w', '"again"'), ('p,lifecycle,states,transitions,0,set,w', '{}'), ('p,lifecycle,states,transitions,0,set,w', '{"walk": {"add": {"distribution": "uniform", "min": 1, "max": 2}}}'),
('p,lifecycle,states,transitions,0,set,w', '{"to": {"kind": "constant", "value": null}}'), ('p,lifecycle,states,transitions,0,set,w', '{"to": {"kind": "uniform", "min": 1, "max": 2}}'), ('p,lifecycle,states,transitions,0,set,w', '{"to": {"kind": "pattern", "pattern": "{row}"}}'), ('p,lifecycle,states,transitions,0,set,w', '{"to": {"kind": "copy", "column": "w"}}'), ('p,lifecycle,states,transitions,0,set,w', '{"to": {"kind": "copy", "column": "s"}}'),
('p,lifecycle,states,transitions,1,set', '{"w": "redraw"}'), ('p,lifecycle,states,transitions,1,set', '{"w": {"to": {"kind": "constant", "value": "z"}}}'),
('p,lifecycle,revisions,r,set', NULL), ('p,lifecycle,revisions,r,set,m', '"redraw"'), ('p,lifecycle,revisions,r,set,n', '"follow"'), ('p,lifecycle,revisions,r,set,n', '{"walk": {}}'), ('p,lifecycle,revisions,r,set,n', '{"walk": {"factor": {"distribution": "uniform", "min": 0, "max": 2}}}'), ('p,lifecycle,revisions,r,set,n', '{"walk": {"factor": {"distribution": "normal", "mean": 1, "sd": 1}}}'),
('p,lifecycle,revisions,r,set,n', '{"walk": {"mean": 1}}'), ('p,lifecycle,revisions,r,set,n', '{"chain": {"1": {"2": 1}}}'), ('p,lifecycle,revisions,r,set,n', '{"chain": {}}'), ('p,lifecycle,revisions,r,set,n', '{"chain": {"1": {}}}'), ('p,lifecycle,revisions,r,set,n', '{"chain": {"1": {"1": 1}}}'), ('p,lifecycle,revisions,r,set,n', '{"chain": {"1": {"x": 1}}}'), ('p,lifecycle,revisions,r,set,n', '{"chain": {"1": {"2": 0}}}'),
('p,lifecycle,revisions,r,set,n', '{"chain": {"1": {"2": 1}, "01": {"3": 1}}}'), ('p,lifecycle,revisions,R', '{}'), ('p,lifecycle,revisions', '{}'), ('p,lifecycle,revisions,r,ratio', '17000'), ('p,lifecycle,revisions,r,ratio', NULL), ('p,lifecycle,revisions,r,max', '16384'), ('p,lifecycle,revisions,r,max', NULL), ('p,lifecycle,revisions,r,months', '{"jan": 0}'), ('p,lifecycle,revisions,r,ordered', 'true'),
('p,lifecycle,revisions,r', '{"counts": {"0": 1}, "set": {"n": "redraw"}}'), ('p,lifecycle,revisions,r', '{"counts": {"0": 1, "3": 1}, "set": {"n": "redraw"}}'), ('p,lifecycle,revisions,r', '{"counts": {"20000": 1}, "set": {"n": "redraw"}}'), ('p,lifecycle,revisions,r2', '{"ratio": 1, "set": {"n": "redraw"}}'),
-- deletes
('p,lifecycle,delete,after,min', '1'), ('p,lifecycle,delete,after,max', '441'), ('p,lifecycle,delete,after', '{"distribution": "exponential", "mean": 5, "min": 40}'), ('p,lifecycle,delete,after', NULL), ('p,lifecycle,delete,fraction', '1.1'), ('p,lifecycle,delete,profile', '5'), ('p,lifecycle,delete,profile', '"A b"'), ('p,lifecycle,delete,with', '"id"'), ('p,lifecycle,delete', '{"with": "id"}'),
('p,lifecycle,delete,from', '"any"'), ('p,lifecycle,delete,from', '"late"'), ('p,lifecycle,delete', NULL), ('c,lifecycle,delete', NULL), ('c,lifecycle,delete,profile', '"purge"'), ('c,columns,at,rule,by,max', '41'), ('c,columns,at,rule,by', '{"distribution": "exponential", "mean": 5}'), ('p,lifecycle,recreate,fraction', NULL), ('p,lifecycle,recreate,after,min', '0'), ('p,lifecycle,recreate,after,max', '500'), ('c,lifecycle,recreate', '{"after": {"distribution": "uniform", "min": 1, "max": 5}, "unit": "days", "fraction": 0.5}'),
('q,columns,x', '{"type": "integer", "rule": {"kind": "reference", "table": "p"}}'), ('q,columns,x', '{"type": "integer", "hidden": true, "rule": {"kind": "reference", "table": "p"}}'), ('q,columns,x', '{"type": "integer", "nullable": true, "rule": {"kind": "reference", "table": "p", "after": {"parent": "t", "row": "t"}}}'),
('p,columns,x', '{"type": "integer", "rule": {"kind": "reference", "table": "q"}}'), ('p,columns,x', '{"type": "integer", "nullable": true, "rule": {"kind": "reference", "table": "q", "after": {"parent": "t", "row": "t"}}}'), ('p,columns,x', '{"type": "integer", "references": "q", "rule": {"kind": "uniform", "min": 1, "max": 10}}'),
('p,columns,x', '{"type": "integer", "nullable": true, "rule": {"kind": "hierarchy", "levels": 3, "roots": 2}}'),
-- rules
('p,columns,e,rule,state', '"x"'), ('p,columns,e,rule,state', '5'), ('p,columns,e,nullable', 'false'), ('p,columns,e,type', '"integer"'), ('q,columns,x', '{"type": "timestamptz", "nullable": true, "rule": {"kind": "entered", "state": "a"}}'), ('q,columns,x', '{"type": "timestamptz", "rule": {"kind": "changed"}}'), ('q,columns,x', '{"type": "smallint", "rule": {"kind": "version"}}'), ('q,columns,x', '{"type": "numeric", "rule": {"kind": "version"}}'),
('p,columns,u,rule,of', '"t"'), ('c,columns,past,rule,as_of', '"p_id.n"'), ('c,columns,past,rule,as_of', '5'), ('c,columns,past,rule', '{"kind": "copy", "column": "id", "as_of": "at"}'), ('c,columns,past,rule', '{"kind": "copy", "column": "p_id.u", "as_of": "at"}'), ('c,columns,past,rule', '{"kind": "copy", "column": "p_id.id", "as_of": "p_id.late"}');
SELECT path, value, report((CASE WHEN value IS NULL THEN definition #- string_to_array('tables,' || path, ',')
  ELSE jsonb_set(definition, string_to_array('tables,' || path, ','), value::jsonb) END)::text)
FROM bad, good ORDER BY n;

-- A key does not change by itself.
SELECT report(jsonb_set(definition, '{tables,p,unique}', '["code", ["id", "v"]]')::text) FROM good;

-- Columns that refer to a row together are those of one row in every version.
SELECT set, report(format('{"spindle": 1, "description": "pairs", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"s": {}}, "tables": {
  "o": {"key": "id", "unique": [["id", "m"]], "rows": {"kind": "fixed", "count": 9}, "columns": {
    "id": {"type": "integer", "rule": {"kind": "sequence"}}, "m": {"type": "integer", "rule": {"kind": "uniform", "min": 1, "max": 3}}}},
  "t": {"rows": {"kind": "fixed", "count": 9}, "columns": {
    "o": {"type": "integer", "rule": {"kind": "reference", "table": "o"}}, "m": {"type": "integer", "rule": {"kind": "copy", "column": "o.m"}}},
    "lifecycle": {"revisions": {"r": {"ratio": 2, "set": %s}}}}}}', set))
FROM (VALUES ('{"o": "redraw"}'), ('{"o": "redraw", "m": "follow"}'), ('{"m": {"to": {"kind": "constant", "value": 1}}}')) AS v (set);

-- Many states take memory, so not any number of tables can have them.
SELECT report(format('{"spindle": 1, "description": "large", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"s": {}}, "tables": {%s}}',
  string_agg(format('"t%s": {"rows": {"kind": "fixed", "count": 1}, "columns": {"s": {"type": "smallint", "rule": {"kind": "constant", "value": 99}}},
    "lifecycle": {"states": {"column": "s", "initial": 0, "max_steps": 99, "within": 9, "unit": "days", "transitions": %s}}}', t, transitions), ', ')))
FROM generate_series(1, 40) AS t,
  (SELECT json_agg(json_build_object('from', s, 'to', s + 1, 'after', '{"distribution": "uniform", "min": 1, "max": 2}'::json, 'unit', 'hours')) AS transitions
   FROM generate_series(0, 98) AS s) AS steps;

DROP SCHEMA lifecycle_errors CASCADE;
