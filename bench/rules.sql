-- Values of each type and rule against the simplest that is like it: nanoseconds a
-- value, the least of some runs, above those of rows without a column.
--
--   psql -X -f bench/types.sql                  in a database of its own
\set ON_ERROR_STOP 1
\pset footer off
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS bench_types CASCADE;
CREATE SCHEMA bench_types;
CREATE EXTENSION IF NOT EXISTS spindle;
SET search_path = bench_types, public;
SET jit = off;
SET max_parallel_workers_per_gather = 0;
SELECT set_config('spindle.domain_directory', current_setting('data_directory'), false) \g /dev/null

CREATE TYPE mood AS ENUM ('low', 'middle', 'high');
CREATE TABLE measured (n integer, what text, type text, rule text, than integer, ns numeric);
INSERT INTO measured VALUES
  (0, 'bigint, sequence', 'bigint', '{"kind": "sequence"}', NULL),
  (1, 'bigint, uniform', 'bigint', '{"kind": "uniform", "min": 0, "max": 1000000}', NULL),
  (2, 'text, weighted', 'text', '{"kind": "weighted", "weights": {"low": 1, "middle": 1, "high": 1}}', NULL),
  (3, 'text, pattern of 16 characters', 'text', '{"kind": "pattern", "pattern": "{random_digits:16}"}', NULL),
  (4, 'numeric(10,2), uniform', 'numeric(10,2)', '{"kind": "uniform", "min": 0, "max": 10000}', NULL),
  (5, 'double precision, normal', 'double precision', '{"kind": "normal", "mean": 0, "sd": 1}', NULL),
  (6, 'time, ordered', 'timestamptz', '{"kind": "time", "ordered": true}', NULL),
  (10, 'uuid, version 4', 'uuid', '{"kind": "uuid"}', 3),
  (11, 'uuid, version 7 by the row''s time', 'uuid', '{"kind": "uuid", "version": 7, "time": "at"}', 3),
  (12, 'uuid, weighted', 'uuid', '{"kind": "weighted", "weights": {"00000000-0000-4000-8000-000000000001": 1, "00000000-0000-4000-8000-000000000002": 1, "00000000-0000-4000-8000-000000000003": 1}}', 2),
  (13, 'real, normal', 'real', '{"kind": "normal", "mean": 0, "sd": 1}', 5),
  (14, 'numeric, uniform', 'numeric', '{"kind": "uniform", "min": 0, "max": 10000, "round": 2}', 4),
  (15, 'numeric(38,18), uniform', 'numeric(38,18)', '{"kind": "uniform", "min": 0, "max": 10000}', 4),
  (16, 'time, uniform', 'time', '{"kind": "uniform", "min": 0, "max": 86399}', 1),
  (17, 'interval, uniform', 'interval', '{"kind": "uniform", "min": 0, "max": 864000}', 1),
  (18, 'char(8), weighted', 'char(8)', '{"kind": "weighted", "weights": {"low": 1, "middle": 1, "high": 1}}', 2),
  (19, 'inet, weighted', 'inet', '{"kind": "weighted", "weights": {"10.0.0.1": 1, "10.0.0.2": 1, "::1": 1}}', 2),
  (20, 'bytea, weighted', 'bytea', '{"kind": "weighted", "weights": {"\\x00": 1, "\\x01": 1, "\\x02": 1}}', 2),
  (21, 'json, weighted', 'json', '{"kind": "weighted", "weights": {"{\"a\": 1}": 1, "{\"a\": 2}": 1, "{}": 1}}', 2),
  (22, 'jsonb, weighted', 'jsonb', '{"kind": "weighted", "weights": {"{\"a\": 1}": 1, "{\"a\": 2}": 1, "{}": 1}}', 2),
  (23, 'sql_type enum, weighted', 'mood', '{"kind": "weighted", "weights": {"low": 1, "middle": 1, "high": 1}}', 2),
  (24, 'char(20), pattern', 'char(20)', '{"kind": "pattern", "pattern": "{random_digits:16}"}', 3),
  (25, 'bytea, pattern', 'bytea', '{"kind": "pattern", "pattern": "\\x{random_digits:16}"}', 3),
  (26, 'inet, pattern', 'inet', '{"kind": "pattern", "pattern": "10.0.{random_digits:1}.{random_digits:1}"}', 3),
  (27, 'jsonb, pattern', 'jsonb', '{"kind": "pattern", "pattern": "[\"{random_digits:16}\"]"}', 3),
  (28, 'sql_type text[], weighted', 'text[]', '{"kind": "weighted", "weights": {"{a,b}": 1, "{}": 1}}', 2);

CREATE PROCEDURE measure(nrows bigint, runs integer) LANGUAGE plpgsql AS $$
DECLARE
  m record;
  began timestamptz;
  elapsed float8;
  least float8;
  nothing float8;
  lo oid;
  is_sql boolean;
BEGIN
  FOR m IN SELECT -1 AS n, NULL AS type, NULL AS rule UNION ALL SELECT n, type, rule FROM measured ORDER BY n LOOP
    is_sql := m.type IN ('mood', 'text[]');
    lo := lo_from_bytea(0, convert_to(format('{"spindle": 1, "description": "Bench", "range": {"start": "2024-01-01", "end": "2026-01-01"}, "presets": {"small": {}},
      "tables": {"t": {"rows": {"kind": "fixed", "count": %s}, "columns": {"at": {"type": "timestamp", "rule": {"kind": "time", "ordered": true}}%s}}}}', nrows,
      CASE WHEN m.n >= 0 THEN format(', "c": {"type": "%s"%s, "rule": %s}', CASE WHEN is_sql THEN 'text' ELSE m.type END,
        CASE WHEN is_sql THEN format(', "sql_type": "%s"', m.type) END, m.rule) END), 'UTF8'));
    PERFORM lo_export(lo, 'bench_types.json');
    PERFORM lo_unlink(lo);
    least := NULL;
    FOR run IN 0 .. runs LOOP
      began := clock_timestamp();
      EXECUTE CASE WHEN m.n < 0 THEN format('SELECT count(*) FROM spindle_rows(''bench_types'', ''t'') AS t (at timestamp)')
        ELSE format('SELECT count(c) FROM spindle_rows(''bench_types'', ''t'') AS t (at timestamp, c %s)', m.type) END;
      elapsed := extract(epoch FROM clock_timestamp() - began) * 1e9 / nrows;
      least := least(least, elapsed);
    END LOOP;
    IF m.n < 0 THEN
      nothing := least;
    END IF;
    UPDATE measured SET ns = round((least - nothing)::numeric, 1) WHERE n = m.n;
  END LOOP;
END
$$;
CALL measure(500000, 5);
SELECT a.what AS value, a.ns AS "ns a value", b.what AS than, b.ns AS its, round(a.ns / b.ns, 2) AS ratio FROM measured a LEFT JOIN measured b ON b.n = a.than ORDER BY a.n;
COPY (SELECT 1) TO PROGRAM 'rm -f bench_types.json';
DROP SCHEMA bench_types CASCADE;
