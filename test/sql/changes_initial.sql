--
-- Lives of rows that are there from the start: they begin with an op r in their first
-- state, and go on from the beginning of the range as others do from their insert.
--
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA changes_initial;
SET search_path = changes_initial, public;
SELECT spindle_create_domain('changes_initial', $$
{"spindle": 1, "description": "machines that were there before", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"machine": 200}},
 "tables": {
  "machine": {"key": "machine_id", "rows": {"kind": "preset"},
   "columns": {
    "machine_id": {"type": "integer", "rule": {"kind": "sequence"}},
    "condition": {"type": "text", "rule": {"kind": "weighted", "weights": {"new": 1, "running": 6, "broken": 2, "scrapped": 1}}},
    "hours": {"type": "integer", "rule": {"kind": "uniform", "min": 1000, "max": 90000}},
    "scrapped_on": {"type": "timestamptz", "nullable": true, "rule": {"kind": "entered", "state": "scrapped"}},
    "new_since": {"type": "timestamptz", "nullable": true, "rule": {"kind": "entered", "state": "new"}},
    "changed_at": {"type": "timestamptz", "nullable": true, "rule": {"kind": "changed"}},
    "version": {"type": "integer", "rule": {"kind": "version"}}},
   "lifecycle": {
    "states": {"column": "condition", "initial": "new", "max_steps": 12, "within": 200, "unit": "days", "transitions": [
     {"from": "new", "to": "running", "weight": 5, "after": {"distribution": "exponential", "mean": 10, "max": 100}, "unit": "days", "set": {"hours": {"walk": {"add": {"distribution": "uniform", "min": 5, "max": 50}}}}},
     {"from": "new", "stay": 1},
     {"from": "running", "to": "broken", "weight": 2, "after": {"distribution": "exponential", "mean": 30}, "unit": "days"}, {"from": "running", "stay": 1},
     {"from": "broken", "to": "running", "weight": 3, "after": {"distribution": "uniform", "min": 0, "max": 40}, "unit": "hours"}, {"from": "broken", "stay": 1},
     {"from": "broken", "to": "scrapped", "weight": 1, "after": {"distribution": "uniform", "min": 1, "max": 9}, "unit": "days"}]},
    "delete": {"after": {"distribution": "uniform", "min": 210, "max": 300}, "unit": "days", "fraction": 0.3},
    "recreate": {"after": {"distribution": "uniform", "min": 1, "max": 20}, "unit": "days", "fraction": 0.5}}},
  "part": {"key": "part_id", "rows": {"kind": "children", "of": "machine", "ratio": 2},
   "columns": {
    "part_id": {"type": "integer", "rule": {"kind": "sequence"}},
    "machine_id": {"type": "integer", "rule": {"kind": "parent"}},
    "is_checked": {"type": "boolean", "rule": {"kind": "bernoulli", "p": 0.7}},
    "checked": {"type": "date", "nullable": true, "rule": {"kind": "entered", "state": true}}},
   "lifecycle": {"delete": {"with": "machine_id"},
    "states": {"column": "is_checked", "initial": false, "transitions": [{"from": false, "to": true, "weight": 1, "after": {"distribution": "uniform", "min": 0, "max": 200}, "unit": "days"}, {"from": false, "stay": 1}]}}}}}
$$);
-- a step at a time of its own could be any time behind the start
SELECT spindle_check_domain($${"spindle": 1, "description": "x", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"t": 10}}, "tables": {"t": {"key": "k", "rows": {"kind": "preset"},
  "columns": {"k": {"type": "integer", "rule": {"kind": "sequence"}}, "due": {"type": "timestamptz", "rule": {"kind": "time", "ordered": false}}, "done": {"type": "boolean", "rule": {"kind": "bernoulli", "p": 0.5}}},
  "lifecycle": {"states": {"column": "done", "initial": false, "transitions": [{"from": false, "to": true, "at": "due"}, {"from": false, "stay": 1}]}}}}}$$); -- ERROR
CREATE SCHEMA type_of;
IMPORT FOREIGN SCHEMA changes_initial FROM SERVER spindle INTO type_of;
CREATE SCHEMA past;
IMPORT FOREIGN SCHEMA changes_initial FROM SERVER spindle INTO past OPTIONS (history 'true');
CREATE TABLE change AS SELECT * FROM spindle_changes('changes_initial');

-- they come first, in their first states
SELECT table_name, op, count(*), count(*) FILTER (WHERE event_time IS NULL) AS without_time, count(DISTINCT position) = 1 AS one_position, bool_and(version = 1) AS first
FROM change WHERE op = 'r' GROUP BY 1, 2 ORDER BY 1;
SELECT bool_and(delivery_seq < (SELECT min(delivery_seq) FROM change WHERE op <> 'r')) AS first, bool_and(position = '0/0') AS at_the_start FROM change WHERE op = 'r';
SELECT after ->> 'condition' AS condition, count(*), count(after ->> 'scrapped_on') AS scrapped, count(after ->> 'new_since') AS since, count(after ->> 'changed_at') AS changed FROM change WHERE table_name = 'machine' AND op = 'r' GROUP BY 1;
SELECT after ->> 'is_checked' AS is_checked, count(*) FROM change WHERE table_name = 'part' AND op = 'r' GROUP BY 1;
SELECT table_name, op, count(*) > 20 AS some, min(event_time) >= '2024-01-01' AS behind_the_start, max(event_time) < '2024-12-01' AS in_time FROM change WHERE op <> 'r' GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) AS falls FROM (SELECT position < lag(position) OVER (ORDER BY delivery_seq) AS falls FROM change) x WHERE falls;

-- images chain, and steps are those of the definition
SELECT count(*) AS pairs, count(*) FILTER (WHERE before::text IS DISTINCT FROM previous::text) AS broken FROM (SELECT op, before, lag(after) OVER (PARTITION BY table_name, key::text ORDER BY delivery_seq) AS previous FROM change) x WHERE op IN ('u', 'd');
SELECT before ->> 'condition' AS "from", after ->> 'condition' AS "to", count(*) > 5 AS some, bool_and((after ->> 'hours')::int > (before ->> 'hours')::int) AS more FROM change WHERE table_name = 'machine' AND op = 'u' GROUP BY 1, 2 ORDER BY 1, 2;
SELECT bool_and(event_time::date = (after ->> 'checked')::date) AS that_day, count(*) > 100 AS some FROM change WHERE table_name = 'part' AND op = 'u';

-- what the changes leave at a time is the table then, and the history then; at the end, without those deleted, it is today's
CREATE FUNCTION differ(moment timestamptz, t text) RETURNS TABLE (there bigint, missing bigint, extra bigint, by_history bigint) LANGUAGE plpgsql AS $$
DECLARE
  list text := (SELECT string_agg(format('%I %s', column_name, data_type), ', ') FROM spindle_columns('changes_initial', t));
  names text := (SELECT string_agg(quote_ident(column_name), ', ') FROM spindle_columns('changes_initial', t));
BEGIN
  EXECUTE format('WITH left_over AS (SELECT (json_populate_record(NULL::type_of.%1$I, after)).* FROM (SELECT DISTINCT ON (key::text) op, after FROM change
      WHERE table_name = %1$L AND (event_time <= $1 OR event_time IS NULL) ORDER BY key::text, delivery_seq DESC) c WHERE op <> ''d''),
    as_of AS (SELECT * FROM spindle_rows(''changes_initial'', %1$L, as_of => $1, profile => NULL) AS r(%2$s)),
    versions AS (SELECT %3$s FROM past.%1$I WHERE _spindle_valid_from <= $1 AND (_spindle_valid_to > $1 OR _spindle_valid_to = ''infinity''))
    SELECT (SELECT count(*) FROM as_of), (SELECT count(*) FROM (TABLE as_of EXCEPT ALL TABLE left_over) x), (SELECT count(*) FROM (TABLE left_over EXCEPT ALL TABLE as_of) x),
      (SELECT count(*) FROM (TABLE versions EXCEPT ALL TABLE as_of) x) + (SELECT count(*) FROM (TABLE as_of EXCEPT ALL TABLE versions) x)', t, list, names) USING moment INTO there, missing, extra, by_history;
  RETURN NEXT;
END
$$;
SELECT t, sum(missing) AS missing, sum(extra) AS extra, sum(by_history) AS by_history, min(there) AS least, max(there) AS most FROM unnest('{machine,part}'::text[]) t,
  (SELECT event_time + d * interval '1 microsecond' AS moment FROM (SELECT event_time FROM change WHERE op <> 'r' ORDER BY md5(delivery_seq::text) LIMIT 12) c, generate_series(-1, 1) d
   UNION SELECT unnest('{-infinity,2023-12-31 23:59:59.999999,2024-01-01,2024-03-03,2024-08-15 12:00,infinity}'::timestamptz[])) m, differ(moment, t) GROUP BY t ORDER BY t;
SELECT count(*) AS deleted FROM (SELECT DISTINCT ON (key::text) op FROM change WHERE table_name = 'machine' ORDER BY key::text, delivery_seq DESC) x WHERE op = 'd';
SELECT count(*) AS other FROM (SELECT * FROM spindle_rows('changes_initial', 'machine', as_of => 'infinity') AS r(machine_id int, condition text, hours int, version int) EXCEPT SELECT machine_id, condition, hours, version FROM type_of.machine) x;

-- a stream that begins later has the same changes, and its rows are those of then
SELECT count(*) AS tail, count(*) FILTER (WHERE c.position IS NULL) AS other FROM spindle_changes('changes_initial', after_position => (SELECT position FROM change WHERE op = 'u' ORDER BY delivery_seq OFFSET 200 LIMIT 1)) t
LEFT JOIN change c ON c.position = t.position AND c.txn_seq = t.txn_seq AND c.op = t.op AND c.before::text IS NOT DISTINCT FROM t.before::text AND c.after::text IS NOT DISTINCT FROM t.after::text AND c.version = t.version;
SELECT count(*) FROM change WHERE position > (SELECT position FROM change WHERE op = 'u' ORDER BY delivery_seq OFFSET 200 LIMIT 1);
SELECT count(*), count(*) FILTER (WHERE NOT EXISTS (SELECT FROM spindle_rows('changes_initial', 'machine', as_of => '2024-03-03') AS r(machine_id int, condition text, version int) WHERE machine_id = (after ->> 'machine_id')::int AND condition = after ->> 'condition' AND r.version = c.version)) AS other
FROM spindle_changes('changes_initial', 'machine', from_time => '2024-03-03', to_time => '2024-03-03') c;
SELECT table_name, op, n, n = (SELECT count(*) FROM change x WHERE x.table_name = c.table_name AND x.op = c.op) AS as_streamed FROM spindle_change_counts('changes_initial') c;
SET client_min_messages = warning;
DROP SCHEMA changes_initial, type_of, past CASCADE;
SELECT spindle_drop_domain('changes_initial');
