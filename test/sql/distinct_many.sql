--
-- Values that differ in large numbers: keys by uuid, pairs with a skew, and choices
-- among the rows of a tenant.  Rows are the same by slices, by workers and by their keys.
--
CREATE SCHEMA distinct_many;
SET search_path = distinct_many, public;
SELECT spindle_create_domain('distinct_many', '{"spindle": 1, "description": "Many", "range": {"start": "2020-01-01", "end": "2026-01-01"},
  "presets": {"small": {"box": 20, "thing": 50000}, "large": {"box": 1000, "thing": 10000000}, "none": {"box": 0, "thing": 0}},
  "tables": {
    "item": {"key": "id", "rows": {"kind": "fixed", "count": 2000}, "columns": {
      "id": {"type": "integer", "rule": {"kind": "sequence"}}}},
    "box": {"key": "id", "rows": {"kind": "preset"}, "columns": {
      "id": {"type": "integer", "rule": {"kind": "sequence"}}}},
    "pair": {"key": ["box_id", "item_id"], "rows": {"kind": "children", "of": "box", "ratio": 1000, "min": 900, "max": 1200}, "columns": {
      "box_id": {"type": "integer", "rule": {"kind": "parent"}},
      "item_id": {"type": "integer", "rule": {"kind": "reference", "table": "item", "distinct": "parent", "skew": {"exponent": 0.8}}}}},
    "thing": {"key": "id", "unique": ["later"], "rows": {"kind": "preset"}, "columns": {
      "id": {"type": "uuid", "rule": {"kind": "uuid"}},
      "at": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true}},
      "later": {"type": "uuid", "rule": {"kind": "uuid", "version": 7, "time": "at"}}}},
    "tenant": {"key": "id", "rows": {"kind": "ratio", "of": "box", "ratio": 0.3}, "columns": {
      "id": {"type": "integer", "rule": {"kind": "sequence"}}}},
    "member": {"key": "id", "rows": {"kind": "children", "of": "tenant", "ratio": 400, "min": 300}, "columns": {
      "id": {"type": "integer", "rule": {"kind": "sequence"}},
      "tenant_id": {"type": "integer", "rule": {"kind": "parent"}}}},
    "room": {"key": "id", "rows": {"kind": "children", "of": "tenant", "ratio": 3, "min": 2}, "columns": {
      "id": {"type": "integer", "rule": {"kind": "sequence"}},
      "tenant_id": {"type": "integer", "rule": {"kind": "parent"}}}},
    "desk": {"key": "id", "rows": {"kind": "children", "of": "room", "ratio": 4, "min": 3, "max": 9}, "columns": {
      "id": {"type": "integer", "rule": {"kind": "sequence"}},
      "tenant_id": {"type": "integer", "rule": {"kind": "copy", "column": "room_id.tenant_id"}},
      "room_id": {"type": "integer", "rule": {"kind": "parent"}}}},
    "club": {"key": "id", "rows": {"kind": "children", "of": "tenant", "ratio": 12}, "columns": {
      "id": {"type": "integer", "rule": {"kind": "sequence"}},
      "tenant_id": {"type": "integer", "rule": {"kind": "parent"}}}},
    "guest": {"key": ["club_id", "member_id"], "rows": {"kind": "children", "of": "club", "ratio": 120, "min": 50, "max": 300}, "columns": {
      "club_id": {"type": "integer", "rule": {"kind": "parent"}},
      "tenant_id": {"type": "integer", "rule": {"kind": "copy", "column": "club_id.tenant_id"}},
      "number": {"type": "smallint", "rule": {"kind": "ordinal"}},
      "member_id": {"type": "integer", "rule": {"kind": "reference", "table": "member", "among": "tenant_id", "distinct": "parent"}}}},
    "seat": {"key": ["club_id", "desk_id"], "rows": {"kind": "children", "of": "club", "ratio": 3.5, "max": 6}, "columns": {
      "club_id": {"type": "integer", "rule": {"kind": "parent"}},
      "number": {"type": "smallint", "rule": {"kind": "ordinal"}},
      "desk_id": {"type": "integer", "rule": {"kind": "reference", "table": "desk", "among": "club_id.tenant_id", "distinct": "parent"}}}}
  }}');
IMPORT FOREIGN SCHEMA distinct_many FROM SERVER spindle INTO distinct_many;
CREATE TABLE p AS SELECT * FROM pair;
CREATE TABLE g AS SELECT * FROM guest;
CREATE TABLE s AS SELECT * FROM seat;
CREATE TABLE t AS SELECT * FROM thing;
SELECT column_name, rule FROM spindle_columns('distinct_many', 'guest');

-- no key twice, and of the form that a version has
SELECT count(*), count(DISTINCT id) AS ids, count(DISTINCT later) AS later,
  bool_and(id::text ~ '^.{14}4.{4}[89ab]') AS version_4, bool_and(later::text ~ '^.{14}7.{4}[89ab]') AS version_7 FROM t;
SELECT count(*) FROM (SELECT later, lag(later) OVER () AS before FROM thing) x WHERE later <= before;
SELECT count(*), bool_and(a = t) AS same FROM (SELECT * FROM t WHERE id < '01000000-0000-0000-0000-000000000000') t, LATERAL (SELECT * FROM thing WHERE id = t.id) a;
SELECT count(*), bool_and(a = t) AS same FROM (SELECT * FROM t WHERE id < '01000000-0000-0000-0000-000000000000') t, LATERAL (SELECT * FROM thing WHERE later = t.later) a;

-- no pair twice, popular ones more often
SELECT count(*), count(DISTINCT (box_id, item_id)) AS pairs, min(n) >= 900 AND max(n) <= 1200 AS limits
FROM (SELECT *, count(*) OVER (PARTITION BY box_id) AS n FROM p) x;
SELECT max(n) = 20 AS always, count(*) FILTER (WHERE n >= 18) BETWEEN 200 AND 500 AS often, count(*) FILTER (WHERE n <= 9) > 700 AS seldom
FROM (SELECT count(*) AS n FROM p GROUP BY item_id) x;

-- choices among the rows of a tenant: by a shuffle of few, by a network of many
SELECT count(*), count(DISTINCT (club_id, member_id)) AS pairs, bool_and(m.tenant_id = g.tenant_id) AS of_tenant FROM g JOIN member m ON m.id = member_id;
SELECT count(*), count(DISTINCT (club_id, desk_id)) AS pairs, bool_and(d.tenant_id = c.tenant_id) AS of_tenant FROM s JOIN desk d ON d.id = desk_id JOIN club c ON c.id = club_id;
-- all alike, at each place
SELECT sum((n - m) ^ 2 / m) / count(*) BETWEEN 0.5 AND 1.2 AS even FROM (SELECT count(g.*) AS n, avg(count(g.*)) OVER (PARTITION BY m.tenant_id) AS m
  FROM member m LEFT JOIN g ON g.member_id = m.id GROUP BY m.id, m.tenant_id) x;
SELECT count(DISTINCT member_id) > 55 AS mixed FROM g WHERE number = 1;

-- in slices, by workers, by keys
CREATE FUNCTION sum_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  EXECUTE format('SELECT count(*) || '' '' || sum(hashtextextended(x::text, 0)) FROM (%s) x', query) INTO result;
  RETURN result;
END
$$;
CREATE FUNCTION sliced(t text, size int) RETURNS text LANGUAGE sql AS $$
  SELECT sum_of(format('SELECT x.* FROM generate_series(0, (SELECT row_count - 1 FROM spindle_tables(''distinct_many'') WHERE table_name = %1$L), %2$s) f,
    LATERAL (SELECT * FROM spindle_rows(''distinct_many'', %1$L, first_row => f, max_rows => %2$s) AS r (%3$s)) x', t, size,
    (SELECT string_agg(format('%I %s', column_name, data_type), ', ') FROM spindle_columns('distinct_many', t))))
$$;
SELECT t, sum_of('SELECT * FROM ' || t) = sliced(t, 11) AS by_11, sum_of('SELECT * FROM ' || t) = sliced(t, 997) AS by_997
FROM unnest('{pair,guest,seat}'::text[]) t;
SELECT count(*) AS found FROM (SELECT * FROM p WHERE item_id % 97 = 5) x, LATERAL (SELECT FROM pair WHERE (box_id, item_id) = (x.box_id, x.item_id) OFFSET 0) y;
SELECT count(*) AS there FROM p WHERE item_id % 97 = 5;
SELECT count(*) AS found FROM (SELECT * FROM g WHERE member_id % 41 = 5) x, LATERAL (SELECT FROM guest y WHERE (club_id, member_id) = (x.club_id, x.member_id) AND y.number = x.number OFFSET 0) y;
SELECT count(*) AS there FROM g WHERE member_id % 41 = 5;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT sum_of('SELECT * FROM pair') = sum_of('SELECT * FROM p') AS pairs, sum_of('SELECT * FROM guest') = sum_of('SELECT * FROM g') AS guests,
  sum_of('SELECT * FROM seat') = sum_of('SELECT * FROM s') AS seats, sum_of('SELECT * FROM thing') = sum_of('SELECT * FROM t') AS things;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
SELECT t, md5(string_agg(x, ',' ORDER BY x)) FROM unnest('{thing,pair,guest,seat}'::text[]) t,
  LATERAL (SELECT event::text AS x FROM spindle_stream('distinct_many', t, max_events => 1000)) e GROUP BY 1 ORDER BY 1;
SELECT t, count(*) FROM unnest('{thing,pair,guest,seat}'::text[]) t, LATERAL spindle_stream('distinct_many', t, scale => 'none') GROUP BY 1;

-- what is refused
CREATE FUNCTION report(overrides json) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text; hint text;
BEGIN
  PERFORM spindle_check_domain(spindle_merge(spindle_domain_definition('distinct_many'), overrides)::text);
  RETURN 'valid';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', detail, hint);
END
$$;
SELECT report(x::json) FROM unnest(ARRAY[
  '{"tables": {"seat": {"rows": {"max": 7}}}}',
  '{"tables": {"desk": {"rows": {"min": 2}}}}',
  '{"tables": {"room": {"rows": {"min": 0}}}}',
  '{"tables": {"guest": {"columns": {"member_id": {"rule": {"skew": {"top": 0.2, "share": 0.5}}}}}}}',
  '{"tables": {"guest": {"columns": {"member_id": {"rule": {"distinct": "table"}}}}}}',
  '{"tables": {"guest": {"columns": {"member_id": {"rule": {"spread": true}}}}}}',
  '{"tables": {"guest": {"columns": {"other": {"type": "integer", "rule": {"kind": "reference", "table": "tenant"}}, "member_id": {"rule": {"among": "other"}}}}}}',
  '{"tables": {"guest": {"key": ["tenant_id", "member_id"]}}}']) x;
SET client_min_messages = warning;
DROP SCHEMA distinct_many CASCADE;
SELECT spindle_drop_domain('distinct_many');
