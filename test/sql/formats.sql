--
-- Changes as messages of change data: each format is read back by the rules of its
-- consumers, and gives the rows that spindle_changes() shows.
--
CREATE SCHEMA formats;
SET search_path = formats, public;
SET timezone = 'America/New_York';
SET datestyle = 'German';
SET intervalstyle = 'sql_standard';
SELECT current_setting('data_directory') || '/spindle_formats' AS dir \gset
COPY (SELECT WHERE false) TO PROGRAM 'rm -rf spindle_formats && mkdir spindle_formats';

SELECT spindle_create_domain('formats', $definition$
{"spindle": 1, "description": "a value of each type", "range": {"start": "2024-01-01", "end": "2024-12-31"}, "presets": {"small": {"parent": 60}},
 "tables": {
  "parent": {"rows": {"kind": "preset"}, "key": "id", "event_time": "made", "columns": {
   "id": {"type": "integer", "rule": {"kind": "sequence"}},
   "made": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true}},
   "state": {"type": "text", "rule": {"kind": "weighted", "weights": {"new": 1, "it's \"open\"": 2, "done": 3}}},
   "small": {"type": "smallint", "rule": {"kind": "uniform", "min": -9, "max": 9}},
   "large": {"type": "bigint", "rule": {"kind": "uniform", "min": -9000000000, "max": 9000000000}},
   "price": {"type": "numeric(8,2)", "null": 0.1, "rule": {"kind": "uniform", "min": -999.99, "max": 999.99}},
   "wide": {"type": "numeric(30,20)", "rule": {"kind": "uniform", "min": -9, "max": 9}},
   "free": {"type": "numeric", "rule": {"kind": "uniform", "min": -9, "max": 9}},
   "ratio": {"type": "double precision", "rule": {"kind": "uniform", "min": 0, "max": 1}},
   "single": {"type": "real", "rule": {"kind": "uniform", "min": 0, "max": 1}},
   "flag": {"type": "boolean", "null": 0.2, "rule": {"kind": "weighted", "weights": {"true": 1, "false": 1}}},
   "day": {"type": "date", "rule": {"kind": "weighted", "weights": {"1969-12-31": 1, "2024-02-29": 1}}},
   "local": {"type": "timestamp", "rule": {"kind": "copy", "column": "made"}},
   "clock": {"type": "time", "rule": {"kind": "uniform", "min": 0, "max": 86399}},
   "took": {"type": "interval", "rule": {"kind": "uniform", "min": -200000, "max": 200000}},
   "token": {"type": "uuid", "rule": {"kind": "uuid"}},
   "code": {"type": "char(6)", "rule": {"kind": "pattern", "pattern": "c{random_digits:3}"}},
   "bytes": {"type": "bytea", "rule": {"kind": "pattern", "pattern": "\\x00ff{random_hex:6}"}},
   "net": {"type": "inet", "rule": {"kind": "weighted", "weights": {"10.0.0.0/8": 1, "::1": 1}}},
   "doc": {"type": "jsonb", "rule": {"kind": "weighted", "weights": {"{\"a\": [1, \"é'\\\"\"]}": 1, "12": 1}}},
   "tags": {"type": "text", "sql_type": "text[]", "rule": {"kind": "weighted", "weights": {"{a,b}": 1, "{\"x,y\"}": 1}}}},
   "lifecycle": {"states": {"column": "state", "initial": "new", "transitions": [
      {"from": "new", "to": "it's \"open\"", "weight": 3, "after": {"distribution": "uniform", "min": 1, "max": 9}, "unit": "hours"}, {"from": "new", "stay": 1},
      {"from": "it's \"open\"", "to": "done", "weight": 3, "after": {"distribution": "uniform", "min": 1, "max": 9}, "unit": "hours"}, {"from": "it's \"open\"", "stay": 1}]},
     "delete": {"after": {"distribution": "uniform", "min": 30, "max": 60}, "unit": "days", "fraction": 0.3}}},
  "child": {"relation": {"schema": "formats", "name": "Child"}, "rows": {"kind": "children", "of": "parent", "ratio": 2}, "key": ["parent_id", "number"], "columns": {
   "parent_id": {"type": "integer", "rule": {"kind": "parent"}},
   "number": {"type": "integer", "rule": {"kind": "ordinal"}},
   "text": {"type": "text", "name": "a \"Text\"", "nullable": true, "null": 0.3, "rule": {"kind": "weighted", "weights": {"it's \\ é": 1, "line\nend\ttab": 1}}}},
   "lifecycle": {"delete": {"with": "parent_id"}}}}}
$definition$);

CREATE SCHEMA imported;
IMPORT FOREIGN SCHEMA formats FROM SERVER spindle INTO imported;
CREATE TABLE parent (LIKE imported.parent, PRIMARY KEY (id));
CREATE TABLE "Child" (LIKE imported."Child", PRIMARY KEY (parent_id, number), FOREIGN KEY (parent_id) REFERENCES parent);
CREATE TABLE change AS SELECT row_number() OVER () AS n, * FROM spindle_changes('formats');
SELECT table_name, op, count(*) FROM change GROUP BY 1, 2 ORDER BY 1, 2;

-- A row as text by the types of its table, whatever JSON has for its values.
CREATE FUNCTION shown(relation text, image jsonb) RETURNS text LANGUAGE sql SET timezone = 'UTC' SET datestyle = 'ISO' AS $$
  SELECT CASE relation WHEN 'parent' THEN (jsonb_populate_record(NULL::parent, CASE jsonb_typeof(image -> 'doc') WHEN 'string' THEN image || jsonb_build_object('doc', (image ->> 'doc')::jsonb) ELSE image END))::text
                       ELSE (jsonb_populate_record(NULL::"Child", image))::text END WHERE image IS NOT NULL
$$;

-- The messages of a format: number and JSON.
CREATE FUNCTION messages(format text, arguments text DEFAULT '') RETURNS TABLE (n bigint, line jsonb) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('SELECT * FROM spindle_to_file(%L, %L, format => %L %s)',
                 current_setting('data_directory') || '/spindle_formats/' || format, 'formats', format, arguments);
  RETURN QUERY SELECT r.n, r.part::jsonb
    FROM regexp_split_to_table(pg_read_file(current_setting('data_directory') || '/spindle_formats/' || format), E'\n') WITH ORDINALITY AS r (part, n)
    WHERE r.part <> '';
END
$$;

-- What a reader makes of messages, against the changes, in order: no row may come out.
CREATE TABLE got (n bigint, table_name text, op text, before jsonb, after jsonb);
CREATE FUNCTION wrong() RETURNS TABLE (n bigint, what text, found text, expected text) LANGUAGE sql AS $$
  SELECT n, what, found, expected
  FROM (SELECT row_number() OVER (ORDER BY n) AS n, table_name, op, before, after FROM got) g FULL JOIN change c USING (n),
    LATERAL (VALUES ('table', g.table_name, c.table_name), ('op', g.op, c.op::text), ('before', shown(g.table_name, g.before), shown(c.table_name, c.before::jsonb)),
      ('after', shown(g.table_name, g.after), shown(c.table_name, c.after::jsonb))) v (what, found, expected)
  WHERE found IS DISTINCT FROM expected ORDER BY n LIMIT 4
$$;

-- Debezium: dates and times are numbers, decimals strings or bytes.
CREATE FUNCTION decimal_of(bytes text, scale int) RETURNS numeric LANGUAGE sql AS $$
  SELECT (sum(get_byte(b, i) * 256::numeric ^ (length(b) - 1 - i)) - CASE WHEN get_byte(b, 0) >= 128 THEN 256::numeric ^ length(b) ELSE 0 END) / 10::numeric ^ scale
  FROM (SELECT decode(bytes, 'base64') AS b) x, generate_series(0, length(b) - 1) i GROUP BY b
$$;
CREATE FUNCTION from_debezium(image jsonb, is_precise boolean DEFAULT false) RETURNS jsonb LANGUAGE sql SET timezone = 'UTC' SET datestyle = 'ISO' SET intervalstyle = 'postgres' AS $$
  SELECT CASE WHEN image ? 'day' THEN image || jsonb_build_object(
    'day', date '1970-01-01' + (image ->> 'day')::int, 'local', timestamp '1970-01-01' + (image ->> 'local')::bigint * interval '1 us',
    'clock', time '00:00' + (image ->> 'clock')::bigint * interval '1 us', 'took', justify_hours((image ->> 'took')::bigint * interval '1 us'),
    'bytes', decode(image ->> 'bytes', 'base64')::text) || CASE WHEN is_precise THEN jsonb_build_object(
    'price', decimal_of(image ->> 'price', 2), 'wide', decimal_of(image ->> 'wide', 20), 'free', trim_scale(decimal_of(image #>> '{free,value}', (image #>> '{free,scale}')::int)))
    ELSE '{}' END ELSE image END WHERE jsonb_typeof(image) = 'object'
$$;
INSERT INTO got SELECT n, line #>> '{source,table}', line ->> 'op', from_debezium(line -> 'before'), from_debezium(line -> 'after') FROM messages('debezium');
SELECT * FROM wrong();
SELECT count(DISTINCT line #> '{source,lsn}') = (SELECT count(DISTINCT "position") FROM change) AS transactions,
  bool_and(line ?& '{before,after,source,transaction,op,ts_ms,ts_us,ts_ns}') AS members,
  bool_and(line -> 'source' ?& '{version,connector,name,ts_ms,snapshot,db,sequence,schema,table,txId,lsn}') AS source,
  bool_and((line ->> 'ts_us')::bigint / 1000 = (line ->> 'ts_ms')::bigint AND line #> '{source,ts_us}' = line -> 'ts_us') AS times,
  bool_and(line ->> 'op' = 'c' OR jsonb_typeof(line -> 'before') = 'object') AS before_of_flink
FROM messages('debezium');
TRUNCATE got;
INSERT INTO got SELECT n, line #>> '{payload,source,table}', line #>> '{payload,op}', from_debezium(line #> '{payload,before}', true), from_debezium(line #> '{payload,after}', true)
  FROM messages('debezium_schema');
SELECT * FROM wrong();

-- Nanoseconds are those of the time as long as 64 bits hold them.
SELECT spindle_create_domain('formats_late', $$
{"spindle": 1, "description": "late", "range": {"start": "2262-04-01", "end": "2262-04-21"}, "presets": {"small": {"t": 20}},
 "tables": {"t": {"rows": {"kind": "preset"}, "key": "id", "event_time": "made", "columns": {
   "id": {"type": "integer", "rule": {"kind": "sequence"}}, "made": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true}}}}}}
$$);
SELECT events_sent FROM spindle_to_file(:'dir' || '/late', 'formats_late', format => 'debezium');
SELECT line ->> 'ts_ns' IS NULL AS "null", count(*), bool_and(coalesce((line ->> 'ts_ns')::numeric, 9223372036854775807) = least((line ->> 'ts_us')::numeric * 1000, 9223372036854775807)) AS time,
  bool_and(line -> 'ts_ns' = line #> '{source,ts_ns}') AS source
FROM (SELECT l::jsonb AS line FROM regexp_split_to_table(pg_read_file(:'dir' || '/late'), E'\n') l WHERE l <> '') m GROUP BY 1 ORDER BY 1;
SELECT spindle_drop_domain('formats_late');

-- The schema tells each member of a payload, in order, and its type; null only where it is optional.
WITH fields AS (
  SELECT m.n, f ->> 'field' AS field, f ->> 'type' AS type, (f ->> 'optional')::boolean AS optional, f ->> 'name' AS name, m.line #> ARRAY['payload', 'after', f ->> 'field'] AS value
  FROM messages('debezium_schema') m, jsonb_array_elements(line #> '{schema,fields,1,fields}') f WHERE line #>> '{payload,op}' <> 'd')
SELECT bool_and(value IS NOT NULL) AS all_there, bool_and(optional OR value <> 'null') AS optional,
  bool_and(value = 'null' OR jsonb_typeof(value) = CASE type WHEN 'struct' THEN 'object' WHEN 'string' THEN 'string' WHEN 'bytes' THEN 'string' WHEN 'boolean' THEN 'boolean' ELSE 'number' END) AS types,
  array_agg(DISTINCT name) FROM fields;
SELECT count(*) FROM messages('debezium_schema') WHERE ARRAY(SELECT jsonb_object_keys(line -> 'payload') ORDER BY 1) <> ARRAY(SELECT f ->> 'field' FROM jsonb_array_elements(line #> '{schema,fields}') f ORDER BY 1);

-- Less of the rows before.
SELECT line ->> 'op' AS op, jsonb_typeof(line -> 'before') AS before, count(*), array_agg(DISTINCT (SELECT count(*) FROM jsonb_object_keys(line -> 'before'))) FILTER (WHERE line ->> 'before' IS NOT NULL) AS members
  FROM messages('debezium', $$, before => 'key'$$) GROUP BY 1, 2 ORDER BY 1;
SELECT line ->> 'op' AS op, array_agg(DISTINCT ARRAY(SELECT jsonb_object_keys(line -> 'before'))) AS members FROM messages('debezium', $$, before => 'changed'$$)
  WHERE line ->> 'op' = 'u' GROUP BY 1;

-- Transactions and tombstones.
WITH m AS (SELECT * FROM messages('debezium', ', transaction_metadata => true, tombstones => true')), ends AS (SELECT line FROM m WHERE line ->> 'status' = 'END')
SELECT (SELECT count(*) FROM m WHERE line ->> 'status' = 'BEGIN') = (SELECT count(*) FROM ends) AS boundaries,
  (SELECT sum((line ->> 'event_count')::int) FROM ends) = (SELECT count(*) FROM change) AS event_count,
  (SELECT sum((c ->> 'event_count')::int) FROM ends, jsonb_array_elements(line -> 'data_collections') c WHERE c ->> 'data_collection' = 'formats.Child')
    = (SELECT count(*) FROM change WHERE table_name = 'Child') AS collections,
  (SELECT count(*) FROM m WHERE line = 'null') = (SELECT count(*) FROM change WHERE op = 'd') AS tombstones,
  (SELECT array_agg((line #>> '{transaction,total_order}')::int ORDER BY n) FROM m WHERE line ? 'op') = (SELECT array_agg(txn_seq ORDER BY n) FROM change) AS total_order;
SELECT line ->> 'table' AS name, count(*), count(DISTINCT line -> 'xoffset'), count(*) FILTER (WHERE line @> '{"commit": true}')
  FROM messages('maxwell', ', transaction_metadata => true') WHERE line ->> 'type' = 'insert' GROUP BY 1 ORDER BY 1;

-- With their keys before them, and nothing behind those that are deleted.
SELECT events_sent = (SELECT count(*) + count(*) FILTER (WHERE op = 'd') FROM change) AS events FROM spindle_to_file(:'dir' || '/keys', 'formats', format => 'debezium', tombstones => true, key_separator => E'\t');
SELECT count(*) FILTER (WHERE value = '') = (SELECT count(*) FROM change WHERE op = 'd') AS tombstones,
  bool_and(value = '' OR key = jsonb_build_object('id', COALESCE(value::jsonb -> 'after', value::jsonb -> 'before') -> 'id') OR NOT key ? 'id') AS keys
  FROM (SELECT split_part(l, E'\t', 1)::jsonb AS key, split_part(l, E'\t', 2) AS value FROM regexp_split_to_table(trim(E'\n' FROM pg_read_file(:'dir' || '/keys')), E'\n') l) m
  WHERE value = '' OR value::jsonb -> 'after' <> 'null';

-- wal2json.
CREATE FUNCTION pairs(names jsonb, vals jsonb) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_object_agg(n ->> 0, v) FROM (SELECT jsonb_build_array(value) AS n, ordinality AS i FROM jsonb_array_elements(names) WITH ORDINALITY) a JOIN (SELECT value AS v, ordinality AS i FROM jsonb_array_elements(vals) WITH ORDINALITY) b USING (i)
$$;
CREATE FUNCTION columns(list jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_object_agg(c ->> 'name', c -> 'value') FROM jsonb_array_elements(list) c $$;
TRUNCATE got;
INSERT INTO got SELECT n, line ->> 'table', translate(line ->> 'action', 'IUD', 'cud'), columns(line -> 'identity'), columns(line -> 'columns') FROM messages('wal2json') WHERE line ->> 'action' NOT IN ('B', 'C');
SELECT * FROM wrong();
SELECT string_agg(line ->> 'action', '' ORDER BY n) ~ '^(B[IUD]+C)+$' AS transactions, count(*) FILTER (WHERE line ->> 'action' = 'C') = (SELECT count(*) FILTER (WHERE txn_last) FROM change) AS commits,
  bool_and(line ?& '{xid,timestamp,lsn}') AS metadata, min(line ->> 'timestamp') = (SELECT to_char(min(event_time) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00') FROM change) AS first
  FROM messages('wal2json', ', transaction_metadata => true');
SELECT DISTINCT c ->> 'name' AS name, c ->> 'type' AS type FROM messages('wal2json'), jsonb_array_elements(line -> 'columns') c WHERE line ->> 'table' = 'parent' ORDER BY 1;
SELECT line -> 'identity' FROM messages('wal2json', $$, before => 'key'$$) WHERE line ->> 'action' = 'D' AND line ->> 'table' = 'Child' ORDER BY n LIMIT 1;
TRUNCATE got;
INSERT INTO got SELECT m.n * 1000 + i, c ->> 'table', left(translate(c ->> 'kind', 'i', 'c'), 1), pairs(c #> '{oldkeys,keynames}', c #> '{oldkeys,keyvalues}'), pairs(c -> 'columnnames', c -> 'columnvalues')
  FROM messages('wal2json_v1') m, jsonb_array_elements(line -> 'change') WITH ORDINALITY AS x (c, i);
SELECT * FROM wrong();
SELECT count(*) = (SELECT count(*) FILTER (WHERE txn_last) FROM change) AS transactions, bool_and(jsonb_array_length(line #> '{change,0,columnnames}') = jsonb_array_length(line #> '{change,0,columntypes}')) AS lengths,
  bool_and(line ?& '{xid,nextlsn,timestamp}') AS metadata FROM messages('wal2json_v1', ', transaction_metadata => true');

-- Maxwell and Canal: what was different before.
TRUNCATE got;
INSERT INTO got SELECT n, line ->> 'table', translate(left(line ->> 'type', 1), 'i', 'c'), CASE line ->> 'type' WHEN 'update' THEN (line -> 'data') || (line -> 'old') WHEN 'delete' THEN line -> 'data' END,
  CASE WHEN line ->> 'type' <> 'delete' THEN line -> 'data' END FROM (SELECT n, CASE WHEN line -> 'data' ? 'made' THEN jsonb_set(line, '{data,made}', to_jsonb((line #>> '{data,made}') || '+00')) ELSE line END AS line FROM messages('maxwell')) m;
SELECT * FROM wrong();
TRUNCATE got;
INSERT INTO got SELECT n, line ->> 'table', translate(lower(left(line ->> 'type', 1)), 'i', 'c'), CASE line ->> 'type' WHEN 'UPDATE' THEN (line #> '{data,0}') || (line #> '{old,0}') WHEN 'DELETE' THEN line #> '{data,0}' END,
  CASE WHEN line ->> 'type' <> 'DELETE' THEN line #> '{data,0}' END FROM (SELECT n, CASE WHEN line #> '{data,0}' ? 'made' THEN jsonb_set(line, '{data,0,made}', to_jsonb((line #>> '{data,0,made}') || '+00')) ELSE line END AS line FROM messages('canal')) m;
SELECT * FROM wrong();
SELECT bool_and(jsonb_typeof(v.value) IN ('string', 'null')) AS strings, bool_and(line -> 'sqlType' ? v.key AND line -> 'mysqlType' ? v.key) AS types FROM messages('canal'), jsonb_each(line #> '{data,0}') v;
SELECT line -> 'pkNames' AS keys, line -> 'mysqlType' AS types FROM messages('canal') ORDER BY n LIMIT 1;

-- CloudEvents.
TRUNCATE got;
INSERT INTO got SELECT n, line ->> 'iodebeziumtable', line ->> 'iodebeziumop', from_debezium(line #> '{data,before}'), from_debezium(line #> '{data,after}') FROM messages('cloudevents');
SELECT * FROM wrong();
SELECT count(*) = count(DISTINCT line -> 'id') AS ids, bool_and(line ?& '{id,source,specversion,type,time,datacontenttype}' AND line ->> 'specversion' = '1.0') AS attributes FROM messages('cloudevents');

-- Statements: run, they leave what is there at the end.
SELECT events_sent > 600 AS statements FROM spindle_to_file(:'dir' || '/sql', 'formats', format => 'sql');
SELECT :'dir' || '/sql' AS statements \gset
\set QUIET on
\i :statements
\set QUIET off
CREATE FUNCTION remains(relation text) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT shown FROM (SELECT DISTINCT ON (key::text) shown(relation, after::jsonb) FROM change WHERE table_name = relation ORDER BY key::text, n DESC) x WHERE shown IS NOT NULL
$$;
SELECT count(*) AS rows, count(*) FILTER (WHERE shown('parent', to_jsonb(p)) NOT IN (SELECT remains('parent'))) AS wrong, (SELECT count(*) FROM remains('parent')) AS expected FROM parent p;
SELECT count(*) AS rows, count(*) FILTER (WHERE shown('Child', to_jsonb(c)) NOT IN (SELECT remains('Child'))) AS wrong, (SELECT count(*) FROM remains('Child')) AS expected FROM "Child" c;

-- Behind any position there is the rest, byte for byte.
SELECT "position" AS middle FROM change WHERE txn_last ORDER BY n OFFSET 100 LIMIT 1 \gset
SELECT bytes_sent FROM spindle_to_file(:'dir' || '/tail', 'formats', format => 'maxwell', after_position => :'middle');
SELECT right(pg_read_file(:'dir' || '/maxwell'), length(pg_read_file(:'dir' || '/tail'))) = pg_read_file(:'dir' || '/tail') AS is_the_tail;

SELECT bytes_sent > 0 AS some FROM spindle_to_file(:'dir' || '/tail', 'formats', format => 'canal', after_position => :'middle');
SELECT right(pg_read_file(:'dir' || '/canal'), length(pg_read_file(:'dir' || '/tail'))) = pg_read_file(:'dir' || '/tail') AS is_the_tail;
-- Transactions stay whole: a message of version 1 is one, and the last statement is COMMIT.
SELECT events_sent FROM spindle_to_file(:'dir' || '/cut', 'formats', format => 'wal2json_v1', max_events => 2);
SELECT events_sent, right(pg_read_file(:'dir' || '/cut'), 8) FROM spindle_to_file(:'dir' || '/cut', 'formats', format => 'sql', max_events => 2);
SELECT events_sent FROM spindle_to_file(:'dir' || '/cut', 'formats', format => 'sql', max_events => 0);

-- Retail begins with rows that are there.
SELECT line ->> 'op' AS op, count(*), min(line ->> 'snapshot') FROM (SELECT l::jsonb ->> 'op', l::jsonb #>> '{source,snapshot}' FROM
  (SELECT spindle_to_file(:'dir' || '/retail', 'retail', format => 'debezium', max_events => 1000)) x, regexp_split_to_table(trim(E'\n' FROM pg_read_file(:'dir' || '/retail')), E'\n') l) m (op, snapshot), LATERAL (SELECT jsonb_build_object('op', op, 'snapshot', snapshot) AS line) y GROUP BY 1 ORDER BY 1;

-- Late transactions are complete, and counted; what the others are is the same.
SELECT events_sent, out_of_order_count FROM spindle_to_file(:'dir' || '/late', 'formats', format => 'wal2json', transaction_metadata => true, out_of_order_fraction => 0.2, out_of_order_max_delay_slots => 3);
CREATE TABLE late_line AS SELECT n, l::jsonb AS line FROM regexp_split_to_table(trim(E'\n' FROM pg_read_file(:'dir' || '/late')), E'\n') WITH ORDINALITY AS r (l, n);
SELECT events_sent, out_of_order_count FROM spindle_to_file(:'dir' || '/late', 'formats', format => 'wal2json', transaction_metadata => true);
SELECT count(*), count(*) FILTER (WHERE xid < highest) AS late, count(*) FILTER (WHERE line ->> 'action' = 'B') = count(*) FILTER (WHERE line ->> 'action' = 'C') AS complete,
  bool_and(xid = current) AS together, array_agg(line ORDER BY xid, n) = (SELECT array_agg(l::jsonb ORDER BY n) FROM regexp_split_to_table(trim(E'\n' FROM pg_read_file(:'dir' || '/late')), E'\n') WITH ORDINALITY AS r (l, n)) AS same
FROM (SELECT *, max(xid) OVER (ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS highest, first_value(xid) OVER (PARTITION BY begun ORDER BY n) AS current
  FROM (SELECT *, (line ->> 'xid')::numeric AS xid, count(*) FILTER (WHERE line ->> 'action' = 'B') OVER (ORDER BY n) AS begun FROM late_line) x) y;

-- By NOTIFY and into a program.
CALL spindle_to_channel('formats', 'formats', 'parent', false, format => 'maxwell', max_events => 5);
SELECT events_sent FROM spindle_to_program('cat >/dev/null', 'formats', format => 'canal');

-- What cannot be.
CREATE FUNCTION refused(arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE state text; message text; detail text; hint text;
BEGIN
  EXECUTE format('SELECT * FROM spindle_to_file(%L, %L, %s)', current_setting('data_directory') || '/spindle_formats/refused', 'formats', arguments);
  RETURN 'nothing';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', state, message, nullif(detail, ''), nullif(hint, ''));
END
$$;
SELECT refused(a) FROM unnest(ARRAY[
  $$format => 'avro'$$, $$format => NULL$$, $$format => 'debezium', before => 'half'$$, $$format => 'wal2json', before => 'changed'$$, $$format => 'sql', before => 'key'$$,
  $$format => 'sql', tombstones => true$$, $$format => 'wal2json', key_separator => E'\t'$$, $$format => 'canal', transaction_metadata => true$$, $$format => 'canal', key_separator => E'\n'$$,
  $$format => 'debezium', anomalies => '[]'$$, $$format => 'sql', out_of_order_fraction => 0.1$$, $$format => 'debezium', out_of_order_fraction => 1$$, $$format => 'debezium', out_of_order_fraction => NULL$$, $$format => 'debezium', out_of_order_fraction => 0.1, out_of_order_max_delay_slots => 0$$, $$format => 'debezium', skip_events => 1$$, $$format => 'debezium', timestamp_column => 'made'$$,
  $$format => 'debezium', profile => 'none'$$, $$format => 'debezium', from_time => '2024-02-01', to_time => '2024-01-01'$$, $$format => 'debezium', speed => 0$$,
  $$before => 'key'$$, $$to_time => '2024-02-01'$$, $$include_initial => false$$, $$speed => 2$$, $$tombstones => NULL$$]) AS a;

SELECT spindle_drop_domain('formats');
SET client_min_messages = warning;
DROP SCHEMA formats, imported CASCADE;
COPY (SELECT WHERE false) TO PROGRAM 'rm -rf spindle_formats';
