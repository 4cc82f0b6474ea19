--
-- spindle_check_domain: every mistake in a definition is reported, with its
-- place and what is legal.
--
CREATE SCHEMA definitions;
SET search_path = definitions, public;

-- The installed domains are valid.
SELECT f, spindle_check_domain(pg_read_file(dir || '/' || f)) IS NOT NULL AS valid
FROM (SELECT setting || '/extension/spindle' AS dir FROM pg_config WHERE name = 'SHAREDIR') d, pg_ls_dir(dir) f
WHERE f ~ '\.json$' ORDER BY f COLLATE "C";

-- A small valid definition, to be spoiled in one place at a time.
CREATE TABLE good AS SELECT '{
  "spindle": 1, "description": "small", "range": {"start": "2024-01-01", "end": "2025-01-01"},
  "presets": {"tiny": {"p": 10}, "big": {"p": 100000}},
  "tables": {
    "p": {"key": "id", "event_time": "t", "rows": {"kind": "preset"}, "columns": {
      "id": {"type": "integer", "rule": {"kind": "sequence"}},
      "t": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true, "first_at_start": true}},
      "a": {"type": "integer", "rule": {"kind": "uniform", "min": 1, "max": 6}},
      "n": {"type": "numeric(8,2)", "rule": {"kind": "normal", "mean": 10, "sd": 2}},
      "w": {"type": "text", "rule": {"kind": "weighted", "weights": {"x": 1, "y": 2}}},
      "s": {"type": "text", "rule": {"kind": "pattern", "pattern": "{w}-{row:5}"}}}},
    "c": {"key": "id", "rows": {"kind": "children", "of": "p", "ratio": 2, "min": 1}, "columns": {
      "id": {"type": "bigint", "rule": {"kind": "sequence"}},
      "p_id": {"type": "integer", "rule": {"kind": "parent"}},
      "r": {"type": "integer", "rule": {"kind": "reference", "table": "p"}},
      "v": {"type": "numeric(8,2)", "rule": {"kind": "copy", "column": "p_id.n"}},
      "f": {"type": "numeric(10,2)", "rule": {"kind": "formula", "expression": "v * 2 + 1"}},
      "d": {"type": "timestamptz", "rule": {"kind": "offset", "column": "p_id.t", "unit": "days",
        "by": {"distribution": "uniform", "min": 1, "max": 3}}}}},
    "fix": {"rows": {"kind": "fixed", "count": 5}, "columns": {
      "k": {"type": "text", "rule": {"kind": "case",
        "cases": [{"when": {"column": "m", "less": 3}, "then": {"kind": "constant", "value": "lo"}}],
        "else": {"kind": "constant", "value": "hi"}}},
      "m": {"type": "integer", "rule": {"kind": "uniform", "min": 1, "max": 6}}}}
  }}'::text AS definition;
SELECT spindle_check_domain(definition) FROM good;

CREATE FUNCTION report(definition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; message text; detail text; hint text;
BEGIN
  PERFORM spindle_check_domain(definition);
  RETURN 'valid';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', state, message, nullif(detail, ''), nullif(hint, ''));
END
$$;

-- Set the value at a path, or remove what is there if the value is null.
CREATE TABLE bad (n serial, path text, value text);
INSERT INTO bad (path, value) VALUES
-- the document
('spindle', NULL), ('spindle', '2'), ('spindle', '"x"'), ('spindle', '1.5'), ('description', NULL), ('description', '5'),
('range', NULL), ('range', '[]'), ('range,end', NULL), ('range,end', '"2024-01-01"'), ('range,end', '"2023-01-01"'), ('range,end', '"2025-02-30"'),
('range,end', '"soon"'), ('range,start', '"1900-01-01"'), ('range,start', '20240101'), ('range,middle', '"2024-06-01"'),
('extra', '1'), ('presets', '{}'), ('presets', '[]'), ('presets,tiny', '{}'), ('presets,tiny,p', '-1'), ('presets,tiny,p', '"many"'),
('presets,tiny,c', '5'), ('presets,tiny,x', '5'), ('presets,Tiny', '{"p": 1}'), ('presets,tiny,p', '1.5'), ('presets,tiny,p', '1e15'), ('presets,tiny,p', '10000000000000000'),
('presets,big,p', '3000000000'), ('tables', '{}'), ('tables', 'null'), ('tables', NULL),
-- tables
('tables,P', '{}'), ('tables,1x', '{}'), ('tables,', '{}'), ('tables,p,extra', '1'), ('tables,p,key', '"none"'), ('tables,p,key', '5'), ('tables,p,columns', '{}'),
('tables,p,columns', NULL), ('tables,p,event_time', '"a"'), ('tables,p,event_time', '"x"'), ('tables,c,event_time', '"p_id.a"'), ('tables,c,event_time', '"a.b"'), ('tables,c,event_time', '"f.t"'),
('tables,c,event_time', '""'), ('tables,p,key', NULL),
('tables,p,rows', NULL), ('tables,p,rows,kind', '"some"'), ('tables,p,rows,count', '5'), ('tables,fix,rows,count', NULL), ('tables,fix,rows,count', '-1'), ('tables,fix,rows,count', '"x"'),
('tables,c,rows,of', '"q"'), ('tables,c,rows,of', '"c"'), ('tables,c,rows,ratio', '0'), ('tables,c,rows,ratio', '-1'), ('tables,c,rows,ratio', '0.5'), ('tables,c,rows,max', '1'),
('tables,c,rows,min', '-1'), ('tables,c,rows,counts', '{"1": 1}'), ('tables,p,rows', '{"kind": "ratio", "of": "c", "ratio": 1}'),
('tables,c,rows', '{"kind": "children", "of": "p", "ratio": 2, "counts": {}}'), ('tables,c,rows', '{"kind": "children", "of": "p", "ratio": 2, "counts": {"x": 1}}'),
('tables,c,rows', '{"kind": "children", "of": "p", "ratio": 2, "counts": {"1": 1}}'), ('tables,c,rows', '{"kind": "children", "of": "p", "ratio": 2, "counts": {"2": 0}}'),
-- columns
('tables,p,columns,A', '{}'), ('tables,p,columns,a,type', NULL), ('tables,p,columns,a,type', '"int"'), ('tables,p,columns,a,type', '"numeric(1001,2)"'), ('tables,p,columns,a,type', '"varchar(0)"'),
('tables,p,columns,a,type', '"numeric(5,6)"'), ('tables,p,columns,a,type', '"text"'), ('tables,p,columns,a,rule', NULL), ('tables,p,columns,a,rule', '5'), ('tables,p,columns,a,null', '1.5'), ('tables,p,columns,a,null', '-0.1'),
('tables,p,columns,a,nullable', '1'), ('tables,p,columns,a,hidden', '"yes"'), ('tables,p,columns,id,null', '0.5'), ('tables,p,columns,id,hidden', 'true'), ('tables,p,columns,a,references', '"fix"'), ('tables,p,columns,a,references', '"q"'), ('tables,p,columns,a', '{"type": "varchar(9)", "references": "p", "rule": {"kind": "constant", "value": "x"}}'), ('tables,p,columns,a,note', '"x"'),
-- rules
('tables,p,columns,a,rule,kind', '"unform"'), ('tables,p,columns,a,rule,kind', NULL), ('tables,p,columns,a,rule,mean', '3'), ('tables,p,columns,a,rule,min', '7'), ('tables,p,columns,a,rule,min', NULL), ('tables,p,columns,a,rule,min', '"1"'), ('tables,p,columns,a,rule,max', '1e16'), ('tables,p,columns,a,rule,round', '2'),
('tables,p,columns,id,rule,step', '0'), ('tables,p,columns,id,rule,start', '"x"'), ('tables,p,columns,id,rule,start', '2147483600'), ('tables,p,columns,id,rule,start', '99999999999999999999'),
('tables,p,columns,n,rule,sd', '0'), ('tables,p,columns,n,rule,sd', '-1'), ('tables,p,columns,n,rule,min', '1000'), ('tables,p,columns,n,rule', '{"kind": "pareto", "alpha": 1}'), ('tables,p,columns,n,rule', '{"kind": "pareto", "alpha": 0, "min": 1}'), ('tables,p,columns,n,rule', '{"kind": "zipf", "exponent": 1}'), ('tables,p,columns,n,rule', '{"kind": "lognormal", "mu": 1}'),
('tables,p,columns,n,rule', '{"kind": "geometric", "p": 0}'), ('tables,p,columns,n,rule', '{"kind": "geometric", "p": 2}'), ('tables,p,columns,n,rule', '{"kind": "zipf", "exponent": 1, "max": 1e9}'), ('tables,p,columns,n,rule', '{"kind": "poisson", "mean": 5, "min": 6, "max": 5}'), ('tables,p,columns,n,rule', '{"kind": "bernoulli", "p": 0.5, "min": 0.2, "max": 0.8}'),
('tables,p,columns,w,rule,weights', '{}'), ('tables,p,columns,w,rule,weights', '{"x": 0, "y": 0}'), ('tables,p,columns,w,rule,weights,x', '-1'), ('tables,p,columns,w,rule,weights,x', '"1"'), ('tables,p,columns,a,rule', '{"kind": "weighted", "weights": {"x": 1}}'), ('tables,p,columns,a,rule', '{"kind": "weighted", "weights": {"2147483648": 1}}'),
('tables,p,columns,s,rule,pattern', '"{"'), ('tables,p,columns,s,rule,pattern', '"{q}"'), ('tables,p,columns,s,rule,pattern', '"{w|title}"'), ('tables,p,columns,s,rule,pattern', '"{row:0}"'), ('tables,p,columns,s,rule,pattern', '"{row:x}"'), ('tables,p,columns,s,rule,pattern', '"{row:101}"'), ('tables,p,columns,s,rule,pattern', '"{random_digits}"'), ('tables,p,columns,s,rule,pattern', '"{t}"'), ('tables,p,columns,s,rule,pattern', '"{s}"'), ('tables,p,columns,s,rule,pattern', '"{}"'), ('tables,p,columns,s,rule,pattern', '"{random_hex:8}"'), ('tables,p,columns,s,rule,pattern', '"{{row}}"'), ('tables,p,columns,s,rule,pattern', '"{{"'), ('tables,p,columns,s,rule,pattern', '"{w.x}"'),
('tables,p,columns,t,rule,months', '{"foo": 1}'), ('tables,p,columns,t,rule,months', '{"jan": 0}'), ('tables,p,columns,t,rule,months', '{"jan": -1}'), ('tables,p,columns,t,rule,weekdays', '{}'), ('tables,p,columns,t,rule,hours', '{"24": 1}'), ('tables,p,columns,t,rule,hour_peaks', '[12]'), ('tables,p,columns,t,rule,hour_peaks', '[]'),
('tables,p,columns,t,rule,ordered', '1'), ('tables,p,columns,t,rule,ordered', 'false'), ('tables,p,columns,t,rule,end', '"2023-01-01"'), ('tables,p,columns,t,rule', '{"kind": "time", "start": "2024-02-01", "end": "2024-02-05", "months": {"mar": 1}}'),
('tables,c,columns,r,rule,table', '"q"'), ('tables,c,columns,r,rule,table', '"fix"'), ('tables,c,columns,r,type', '"text"'), ('tables,c,columns,r,rule,skew', '{"top": 0.2}'), ('tables,c,columns,r,rule,skew', '{"top": 0.5, "share": 0.2}'), ('tables,c,columns,r,rule,skew', '{"top": 2, "share": 3}'), ('tables,c,columns,r,rule,skew', '{"exponent": 1, "top": 0.1}'), ('tables,c,columns,r,rule,skew', '{}'),
('tables,c,columns,r,rule,after', '{"parent": "a", "row": "d"}'), ('tables,c,columns,r,rule,after', '{"parent": "t", "row": "v"}'), ('tables,c,columns,r,rule,among', '"p_id"'), ('tables,c,columns,r,rule,where', '{"column": "w", "equals": "x"}'), ('tables,c,columns,r,rule,where', '{"column": "w", "like": "x"}'), ('tables,c,columns,r,rule,where', '{"column": "w"}'), ('tables,c,columns,r,rule,containing', '{"time": "d", "start": "t", "end": "n"}'),
('tables,c,columns,v,rule,column', '"p_id.q"'), ('tables,c,columns,v,rule,column', '"p_id.w"'), ('tables,c,columns,v,rule,column', '"v"'), ('tables,c,columns,v,rule,column', '"q.n"'), ('tables,c,columns,v,rule,column', '5'), ('tables,c,columns,p_id,rule', '{"kind": "copy", "column": "p_id"}'), ('tables,fix,columns,m,rule', '{"kind": "parent"}'), ('tables,c,columns,r,rule', '{"kind": "parent"}'),
('tables,c,columns,d,rule,unit', '"weeks"'), ('tables,c,columns,d,rule,by', '{"distribution": "uniform", "min": 1}'), ('tables,c,columns,d,rule,by', '{"distribution": "flat", "min": 1, "max": 2}'), ('tables,c,columns,d,rule,column', '"v"'), ('tables,c,columns,d,type', '"date"'),
('tables,c,columns,f,rule,expression', '""'), ('tables,c,columns,f,rule,expression', '"v +"'), ('tables,c,columns,f,rule,expression', '"v v"'), ('tables,c,columns,f,rule,expression', '"(v"'), ('tables,c,columns,f,rule,expression', '"sqrt(v)"'), ('tables,c,columns,f,rule,expression', '"least(v)"'), ('tables,c,columns,f,rule,expression', '"d + 1"'), ('tables,c,columns,f,rule,expression', '"q + 1"'), ('tables,c,columns,f,rule,expression', '"v % 2"'), ('tables,c,columns,f,rule,expression', '"f + 1"'), ('tables,c,columns,f,rule,expression', '"1.0000000000000000000001"'), ('tables,c,columns,f,rule,expression', '"99999999999999999999"'), ('tables,c,columns,f,rule,expression', '"v / r"'), ('tables,c,columns,f,rule,expression', '"v * v * v * v * v * v * v * v * v * v"'),
('tables,fix,columns,k,rule,cases', '[]'), ('tables,fix,columns,k,rule,cases', '{}'), ('tables,fix,columns,k,rule,else', NULL), ('tables,fix,columns,k,rule,cases', '[{"when": {"column": "m", "less": "x"}, "then": {"kind": "constant", "value": "a"}}]'), ('tables,fix,columns,k,rule,cases', '[{"when": {"column": "k", "equals": "x"}, "then": {"kind": "constant", "value": "a"}}]'), ('tables,fix,columns,k,rule,cases', '[{"when": {"has_child": "c"}, "then": {"kind": "constant", "value": "a"}}]'), ('tables,fix,columns,k,rule,cases', '[{"when": {"column": "k", "less": "b"}, "then": {"kind": "constant", "value": "a"}}]'), ('tables,fix,columns,k,rule,else,value', 'null'), ('tables,fix,columns,k,rule,else,value', '[]'), ('tables,fix,columns,k,rule,else,value', NULL),
('tables,fix,columns,m,rule', '{"kind": "constant", "value": 1.5}'), ('tables,fix,columns,m,rule', '{"kind": "constant", "value": 2147483648}'), ('tables,fix,columns,m,rule', '{"kind": "time"}'), ('tables,fix,columns,m,rule', '{"kind": "first_child"}'),
('tables,p,columns,n,rule', '{"kind": "total", "child": "c", "column": "f", "function": "sum"}'), ('tables,p,columns,n,rule', '{"kind": "total", "child": "c", "column": "q", "function": "sum"}'), ('tables,p,columns,n,rule', '{"kind": "total", "child": "fix", "column": "m", "function": "sum"}'), ('tables,p,columns,n,rule', '{"kind": "total", "child": "c", "column": "id", "function": "sum"}'), ('tables,p,columns,n,rule', '{"kind": "total", "child": "c", "column": "f", "function": "median"}'), ('tables,p,columns,n,rule', '{"kind": "child", "child": "c", "column": "f", "pick": "best"}'),
('tables,p,columns,w,rule', '{"kind": "data", "set": "none", "field": "name"}'), ('tables,p,columns,w,rule', '{"kind": "data", "set": "../retail", "field": "name"}'), ('tables,p,columns,w,rule', '{"kind": "data", "set": "surnames", "field": "none"}'), ('tables,p,columns,a,rule', '{"kind": "data", "set": "surnames", "field": "name"}'), ('tables,p,columns,w,rule', '{"kind": "data", "set": "surnames", "field": "name", "by_row": true}'), ('tables,p,columns,w,rule', '{"kind": "data", "set": "surnames", "field": "name", "by_row": true, "draw": "x"}'), ('tables,p,columns,w,rule', '{"kind": "data", "set": "surnames", "field": "name", "match": {"field": "name", "column": "a"}}'),
('tables,p,columns,a,rule', '{"kind": "hierarchy", "levels": 0, "roots": 1}'), ('tables,p,columns,a,rule', '{"kind": "hierarchy", "levels": 3, "roots": 1}'), ('tables,fix,columns,m,rule', '{"kind": "hierarchy", "levels": 3, "roots": 1}'),
('tables,p,columns,n,rule', '{"kind": "correlated", "column": "a"}'), ('tables,p,columns,n,rule', '{"kind": "correlated", "column": "w", "factor": {"distribution": "uniform", "min": 1, "max": 2}}'), ('tables,p,columns,n,rule', '{"kind": "correlated", "column": "n", "factor": {"distribution": "uniform", "min": 1, "max": 2}}');
SELECT path, value, report((CASE WHEN value IS NULL THEN definition::jsonb #- string_to_array(path, ',')
  ELSE jsonb_set(definition::jsonb, string_to_array(path, ','), value::jsonb) END)::text)
FROM bad, good ORDER BY n;

-- Types have one way to be written, as they become part of DDL.
SELECT type, report(replace(definition, '"numeric(10,2)"', to_json(type)::text))
FROM good, unnest('{"numeric(10,2)","numeric(18,9)","numeric(1,0)","numeric(+10, 2)","numeric(10, 2)","numeric( 10,2)","numeric(10 ,2)","numeric(010,2)","numeric(10,02)","numeric(10,-2)","numeric(-10,2)","numeric(1001,2)","numeric(4294967306,2)","numeric(2,3)","numeric(80,64)","numeric(0,0)","numeric(10)","numeric(10,2) ","numeric(10,2","numeric","NUMERIC(10,2)","decimal(10,2)"," integer","double  precision"}'::text[]) type;
SELECT type, report(replace(definition, '{"type": "text", "rule": {"kind": "weighted"', '{"type": ' || to_json(type) || ', "rule": {"kind": "weighted"'))
FROM good, unnest('{varchar(1),varchar(10000),varchar(0),varchar(+1),varchar(01),varchar( 1),varchar(1 ),varchar(-1),varchar(10001),varchar(4294967297),varchar(99999999999999999999),varchar(),varchar,varchar(1}'::text[]) type;

-- Constants, too: what is read loosely elsewhere is no value here.
SELECT type, value, report(jsonb_set(definition::jsonb, '{tables,fix,columns,x}',
  jsonb_build_object('type', type, 'rule', jsonb_build_object('kind', 'weighted', 'weights', jsonb_build_object(value, 1))))::text)
FROM good, (VALUES ('date', '2024-02-29'), ('date', '2024-2-29'), ('date', '+024-02-29'), ('date', ' 2024-02-29'), ('date', '2024- 2-29'), ('date', '2023-02-29'), ('date', '1899-12-31'), ('date', '10000-01-01'), ('date', '2024-02-29 00:00:00'),
  ('timestamp', '2024-02-29 23:59:59'), ('timestamp', '2024-02-29T1:02:03'), ('timestamp', '2024-02-29 -1:02:03'), ('timestamp', '2024-02-29 01:02'), ('timestamp', '2024-02-29 01:02:03.'), ('timestamp', '2024-02-29 24:00:00'),
  ('double precision', '1e3'), ('double precision', '-.5'), ('double precision', ' 1'), ('double precision', '0x10'), ('double precision', 'nan'), ('double precision', 'infinity'), ('double precision', '1e999'), ('double precision', '-'), ('integer', '+1'), ('integer', ' 1'), ('numeric(4,2)', '1e1')) v (type, value);

-- Rules inside branches of "case" obey the limits of their column.
SELECT rule, report(jsonb_set(definition::jsonb, '{tables,p,columns,a}', ('{"type": "smallint", "nullable": true, "rule": {"kind": "case",
  "cases": [{"when": {"column": "w", "equals": "x"}, "then": ' || rule || '}], "else": {"kind": "case",
  "cases": [{"when": {"column": "w", "equals": "y"}, "then": {"kind": "constant", "value": 1}}], "else": ' || rule || '}}}')::jsonb)::text)
FROM good, (VALUES ('{"kind": "sequence"}'), ('{"kind": "sequence", "start": -32768, "step": 1000}'), ('{"kind": "sequence", "start": 40000}'), ('{"kind": "constant", "value": 40000}'),
  ('{"kind": "weighted", "weights": {"1": 1, "40000": 0}}'), ('{"kind": "uniform", "min": 0, "max": 40000}'), ('{"kind": "copy", "column": "id"}'), ('{"kind": "data", "set": "product_categories", "field": "level", "by_row": true}')) r (rule);
-- one tree per table, wherever its levels are asked for
SELECT report(jsonb_set(jsonb_set(definition::jsonb, '{tables,p,columns,up}', '{"type": "integer", "nullable": true, "rule": {"kind": "hierarchy", "levels": 3, "roots": 2}}'),
  '{tables,p,columns,a}', '{"type": "smallint", "rule": {"kind": "case", "cases": [{"when": {"column": "up", "is": "null"}, "then": {"kind": "level", "levels": 4, "roots": 2}}], "else": {"kind": "level", "levels": 3, "roots": 2}}}')::text)
FROM good;

-- Keys by a pattern: that they differ is proven, or refused with the reason.  The
-- table has up to 100000 rows.
SELECT type, pattern, report(jsonb_set(jsonb_set(definition::jsonb, '{tables,k}', ('{"key": "k", "rows": {"kind": "ratio", "of": "p", "ratio": 1}, "columns": {
  "k": {"type": "' || type || '", "rule": {"kind": "pattern", "pattern": ' || to_json(pattern) || '}},
  "city": {"type": "text", "rule": {"kind": "data", "set": "us_places", "field": "city"}},
  "word": {"type": "text", "rule": {"kind": "weighted", "weights": {"ab": 1, "xyz": 1}}},
  "code": {"type": "text", "rule": {"kind": "weighted", "weights": {"a1": 1, "b2": 1}}},
  "any": {"type": "text", "rule": {"kind": "copy", "column": "p_id.s"}},
  "p_id": {"type": "integer", "rule": {"kind": "reference", "table": "p"}},
  "digit": {"type": "smallint", "rule": {"kind": "uniform", "min": 1, "max": 9}},
  "few": {"type": "smallint", "rule": {"kind": "constant", "value": 7}},
  "sign": {"type": "numeric(4,2)", "rule": {"kind": "weighted", "weights": {"-1.5": 1, "2.25": 1}}}}}')::jsonb),
  '{tables,u}', ('{"rows": {"kind": "fixed", "count": 1}, "columns": {"k": {"type": "' || type || '", "rule": {"kind": "reference", "table": "k"}}}}')::jsonb)::text)
FROM good, (VALUES ('text', '{row}'), ('varchar(6)', '{row}'), ('varchar(5)', '{row}'), ('varchar(6)', 'CUST-{row}'), ('varchar(11)', 'CUST-{row}'), ('varchar(10)', 'CUST-{row}'), ('varchar(8)', 'é-{row}'),
  ('text', '{row}{digit}'), ('text', '{digit}{row}'), ('text', '{row:6}{digit}'), ('text', '{row:5}{digit}'), ('text', '{digit}{row:6}'), ('text', '{row}-{digit}'), ('text', '{digit}-{row}'), ('text', '{few}{row}'), ('text', '{row}{few}'), ('text', '{few:3}{row}'),
  ('text', '{random_digits:3}{row}'), ('text', '{row}{random_letters:2}{digit}'), ('text', '{row}{random_alnum:2}'), ('text', '{digit}{row}{digit}'), ('text', '{digit}-{row}-{digit}'), ('text', '{row}{row}'), ('text', '{row}{digit}{row:6}'),
  ('text', '{word}{row}'), ('text', '{row}{word}'), ('text', '{code}{row}'), ('text', '{row}{code}'), ('text', '{any}{row}'), ('text', '{any}-{row}'), ('text', '{any}-{row}-{any}'), ('text', '{any}{row:6}'), ('text', '{any}{row:6}{any}'), ('text', '{city}{row}.{any}'), ('text', '{word}{row}x{word}1'),
  ('varchar(40)', '{any}-{row}'), ('varchar(9)', '{word|upper}{row}'), ('varchar(8)', '{word|upper}{row}'), ('varchar(9)', '{row}-{any}'), ('varchar(6)', '{row}-{any}'), ('text', '{p_id}{row}'), ('text', '{p_id:6}{row}'), ('text', '{sign}{row}'), ('text', '{row}{sign}'), ('text', '{word}'), ('text', '')) v (type, pattern);
-- a key cannot be made of itself by way of the tree
SELECT report(jsonb_set(definition::jsonb, '{tables,k}', '{"key": "k", "rows": {"kind": "fixed", "count": 9}, "columns": {
  "k": {"type": "text", "rule": {"kind": "pattern", "pattern": "{row}-{up_or_root}"}},
  "up": {"type": "text", "nullable": true, "rule": {"kind": "hierarchy", "levels": 3, "roots": 2}},
  "up_or_root": {"type": "text", "rule": {"kind": "case", "cases": [{"when": {"column": "up", "is": "not null"}, "then": {"kind": "copy", "column": "up"}}], "else": {"kind": "constant", "value": ""}}}}}')::text) FROM good;
-- what a key is
SELECT report(jsonb_set(definition::jsonb, '{tables,p,key}', value)::text) FROM good, (VALUES ('["id"]'::jsonb), ('["id", "a"]'), ('{"column": "id"}'), ('null'), ('"a"')) v (value);
-- names that every table has already
SELECT name, report(replace(definition, '"m": {"type"', '"' || name || '": {"type"')) FROM good, unnest('{ctid,xmin,tableoid,cmax}'::text[]) name;

-- What jsonb would not let through: the text itself is wrong.
SELECT report(''), report(' '), report('{'), report('[]'), report('5'), report('null');
SELECT report(definition || 'x'), report(definition || ' ') FROM good;
SELECT report(replace(definition, '"small"', '"small",')) FROM good;
SELECT report(replace(definition, '"small"', '''small''')) FROM good;
SELECT report(replace(definition, '"range": {', '"range": {"start": "2020-01-01", ')) FROM good;
SELECT report(replace(definition, '"a": {"type"', '"id": {"type"')) FROM good;
SELECT report(replace(definition, '{"x": 1, "y": 2}', '{"x": 1, "x": 2}')) FROM good;
SELECT report(replace(definition, 'small', 'a' || chr(1))) FROM good;
SELECT report(replace(definition, 'small', 'a' || chr(10))) FROM good;
SELECT report(replace(definition, 'small', '\u0000')) FROM good;
SELECT report(replace(definition, 'small', '\\u0000')) FROM good;
SELECT report(replace(definition, 'small', '\ud800')) FROM good;
SELECT report(replace(definition, 'small', '\ud83d\ude00')) FROM good;
SELECT report(replace(definition, 'small', '\x')) FROM good;
SELECT report(replace(definition, 'small', '\')) FROM good;
SELECT report(replace(definition, '"max": 6', '"max": 06')) ~ '^22P02' AS is_syntax_error FROM good;
SELECT report(replace(definition, '"max": 6', '"max": +6')) FROM good;
SELECT report(replace(definition, '"max": 6', '"max": 6e400')) FROM good;
SELECT report(replace(definition, '"max": 6', '"max": NaN')) FROM good;
SELECT report(replace(definition, '"max": 6', '"max": 6.')) ~ '^22P02' AS is_syntax_error FROM good;
SELECT report(replace(definition, '"max": 6', '"max": 6.0e0')) FROM good;
SELECT report(replace(definition, '"max": 6', '"max": 0x6')) FROM good;
SELECT report(replace(definition, '"max": 6', '"max": 6 /* six */')) FROM good;
SELECT report(repeat('[', 100000)), report(repeat('{"a":', 100000)), report(repeat('[', 64) || repeat(']', 64));
SELECT report('"' || repeat('x', 1000000) || '"');
SELECT report(replace(definition, '"v * 2 + 1"', '"' || repeat('(', 1000) || 'v' || repeat(')', 1000) || '"')) ~ 'nested too deeply' FROM good;
SELECT report(replace(definition, '"v * 2 + 1"', '"' || repeat('- ', 10000) || 'v"')) ~ 'nested too deeply' FROM good;
SELECT report(replace(definition, '"v * 2 + 1"', '"v' || repeat(' + 1', 1000) || '"')) ~ 'too long' FROM good;
SELECT report(replace(definition, '"{w}-{row:5}"', '"' || repeat('{w}', 1000) || '"')) ~ 'pieces' FROM good;
SELECT report(replace(definition, '"p": {"key"', '"' || repeat('p', 64) || '": {"key"')) ~ 'not a valid name' FROM good;
SELECT report(replace(definition, '"p_id.n"', '"' || repeat('p_id.', 100) || 'n"')) ~ 'not a reference|does not exist|at most' FROM good;

-- as a client sees it
SELECT spindle_check_domain('{"spindle": 1, "tables": }'); -- ERROR
SELECT spindle_check_domain('{"spindle": 1, "table": {}}'); -- ERROR
\set VERBOSITY sqlstate
SELECT spindle_check_domain('{"spindle": 1, "tables": }'); -- ERROR
SELECT spindle_check_domain('{"spindle": 1, "table": {}}'); -- ERROR
SELECT spindle_check_domain(repeat('[', 100000)); -- ERROR
\set VERBOSITY default
SELECT spindle_check_domain(NULL) IS NULL;

SET client_min_messages = warning;
DROP SCHEMA definitions CASCADE;
