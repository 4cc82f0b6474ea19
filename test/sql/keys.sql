--
-- Names as they are, composite and hidden keys, unique sets, row references,
-- tenants: what a real schema declares holds in what is generated, as the server
-- itself checks it.
--
CREATE SCHEMA keys;
SET search_path = keys, public;
SET client_min_messages = warning;

-- The domain lies in the directory of the data while the test runs.
SELECT current_setting('data_directory') AS dir \gset
CREATE TABLE definition AS SELECT $json${
  "spindle": 1, "description": "Tenants", "range": {"start": "2024-01-01", "end": "2026-01-01"},
  "presets": {"small": {"tenant": 20}, "none": {"tenant": 0}, "one": {"tenant": 1}, "huge": {"tenant": 200000000}},
  "tables": {
    "tenant": {"key": "tenant_id", "unique": ["slug"], "rows": {"kind": "preset"}, "columns": {
      "tenant_id": {"type": "integer", "rule": {"kind": "sequence", "start": 100, "step": 10}},
      "slug": {"type": "text", "rule": {"kind": "pattern", "pattern": "t-{row}"}},
      "founded": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true, "first_at_start": true}}}},
    "settings": {"relation": "public.\"tenant.Settings\"", "key": "tenant_id",
      "rows": {"kind": "children", "of": "tenant", "ratio": 0.5, "max": 1}, "columns": {
      "tenant_id": {"type": "integer", "rule": {"kind": "parent"}},
      "theme": {"type": "text", "rule": {"kind": "weighted", "weights": {"dark": 1, "light": 1}}}}},
    "team": {"rows": {"kind": "children", "of": "tenant", "ratio": 3, "min": 1}, "columns": {
      "tenant_row": {"type": "row", "hidden": true, "rule": {"kind": "parent"}},
      "name": {"type": "text", "rule": {"kind": "pattern", "pattern": "{tenant_row.slug}/{row}"}}}},
    "user_profile": {"relation": {"schema": "public", "name": "UserProfile"}, "description": "People; \"quoted\"",
      "key": ["tenant_id", "user_id"], "unique": [["email"]], "event_time": "joined",
      "rows": {"kind": "children", "of": "team", "ratio": 4, "min": 1}, "columns": {
      "team_row": {"type": "row", "hidden": true, "rule": {"kind": "parent"}},
      "tenant_id": {"type": "integer", "name": "tenantId", "references": "tenant", "rule": {"kind": "copy", "column": "team_row.tenant_row.tenant_id"}},
      "user_id": {"type": "bigint", "name": "userId", "rule": {"kind": "sequence"}},
      "email": {"type": "varchar(50)", "name": "e \"mail\"\n", "description": "unique", "rule": {"kind": "pattern", "pattern": "{row}@example.com"}},
      "score": {"type": "integer", "name": "SELECT", "rule": {"kind": "uniform", "min": 1, "max": 100}},
      "joined": {"type": "timestamptz", "name": "joinedAt", "rule": {"kind": "time", "ordered": true}}}},
    "project": {"key": ["tenant_id", "project_id"], "rows": {"kind": "children", "of": "tenant", "ratio": 5, "min": 1}, "columns": {
      "tenant_id": {"type": "integer", "rule": {"kind": "parent"}},
      "project_id": {"type": "integer", "rule": {"kind": "sequence"}},
      "manager_row": {"type": "row", "hidden": true, "rule": {"kind": "reference", "table": "user_profile", "among": "tenant_id"}},
      "manager_id": {"type": "bigint", "rule": {"kind": "copy", "column": "manager_row.user_id"}}}},
    "task": {"relation": "\"Größe________________________________________________________\"", "key": ["tenant_id", "task_id"],
      "event_time": "project_row.manager_row.joined", "rows": {"kind": "children", "of": "project", "ratio": 30}, "columns": {
      "project_row": {"type": "row", "hidden": true, "rule": {"kind": "parent"}},
      "tenant_id": {"type": "integer", "rule": {"kind": "copy", "column": "project_row.tenant_id"}},
      "task_id": {"type": "bigint", "rule": {"kind": "sequence"}},
      "project_id": {"type": "integer", "rule": {"kind": "copy", "column": "project_row.project_id"}},
      "assignee_row": {"type": "row", "hidden": true, "null": 0.2, "rule": {"kind": "reference", "table": "user_profile",
        "among": "project_row.tenant_id", "skew": {"top": 0.2, "share": 0.7}}},
      "assignee_id": {"type": "bigint", "name": "assigneeId", "nullable": true, "rule": {"kind": "copy", "column": "assignee_row.user_id"}},
      "reviewer_row": {"type": "row", "hidden": true, "rule": {"kind": "reference", "table": "user_profile",
        "among": "project_row.tenant_id", "skew": {"exponent": 1}}},
      "reviewer_id": {"type": "bigint", "rule": {"kind": "copy", "column": "reviewer_row.user_id"}},
      "reviewer_tenant": {"type": "integer", "rule": {"kind": "copy", "column": "reviewer_row.tenant_id"}},
      "hours": {"type": "numeric(8,2)", "name": "Aufwände in h", "rule": {"kind": "uniform", "min": 1, "max": 40}}}},
    "project_lead": {"key": ["tenant_id", "project_id", "first"],
      "rows": {"kind": "children", "of": "project", "ratio": 1.4, "min": 1, "max": 2}, "columns": {
      "project_row": {"type": "row", "hidden": true, "rule": {"kind": "parent"}},
      "tenant_id": {"type": "integer", "rule": {"kind": "copy", "column": "project_row.tenant_id"}},
      "project_id": {"type": "integer", "rule": {"kind": "copy", "column": "project_row.project_id"}},
      "first": {"type": "boolean", "rule": {"kind": "first_child"}},
      "user_row": {"type": "row", "hidden": true, "rule": {"kind": "reference", "table": "user_profile", "among": "project_row.tenant_id"}},
      "user_id": {"type": "bigint", "rule": {"kind": "copy", "column": "user_row.user_id"}}}},
    "folder": {"unique": ["code"], "rows": {"kind": "fixed", "count": 40}, "columns": {
      "above": {"type": "row", "hidden": true, "nullable": true, "rule": {"kind": "hierarchy", "levels": 4, "roots": 2}},
      "code": {"type": "text", "rule": {"kind": "pattern", "pattern": "f{row}"}},
      "parent_code": {"type": "text", "nullable": true, "rule": {"kind": "copy", "column": "above.code"}},
      "level": {"type": "integer", "rule": {"kind": "level", "levels": 4, "roots": 2}}}}
  }}$json$::text AS json;
SELECT lo_from_bytea(0, convert_to(json, 'UTF8')) AS lo FROM definition \gset
SELECT lo_export(:lo, :'dir' || '/keys_test.json') AS exported, lo_unlink(:lo);
SELECT spindle_domains() IS NOT NULL AS library_is_loaded LIMIT 1;
SET spindle.domain_directory = :'dir';

-- What there is, by both names.
SELECT table_name, key_column, event_time, relation_name, row_count FROM spindle_tables('keys_test');
SELECT column_name, definition_name, is_key, references_table, unique_sets, rule FROM spindle_columns('keys_test', 'UserProfile');
SELECT column_name, is_key, references_table, not_null, rule FROM spindle_columns('keys_test', 'task');

-- Seeding declares all of it; the server checks the rows.
\pset format unaligned
SELECT spindle_ddl('keys_test', 'k');
\pset format aligned
CALL spindle_seed('keys_test', 'keys_seed', report => false);
SELECT contype, count(*), bool_and(convalidated) AS valid FROM pg_constraint WHERE connamespace = 'keys_seed'::regnamespace AND contype IN ('p', 'u', 'f') GROUP BY 1 ORDER BY 1;

-- Composite references: nulls come together, tenants agree, and the skew is there.
SELECT count(*), count("assigneeId") BETWEEN 0.78 * count(*) AND 0.82 * count(*) AS fifth_is_null,
       bool_and(reviewer_tenant = tenant_id) AS same_tenant
FROM keys_seed."Größe________________________________________________________";
WITH shares AS (
  SELECT tenant_id, n, row_number() OVER (PARTITION BY tenant_id ORDER BY n DESC) AS rank, count(*) OVER (PARTITION BY tenant_id) AS users
  FROM (SELECT u."tenantId" AS tenant_id, u."userId", count(t.*) AS n
        FROM keys_seed."UserProfile" u LEFT JOIN keys_seed."Größe________________________________________________________" t
          ON t.tenant_id = u."tenantId" AND t."assigneeId" = u."userId" GROUP BY 1, 2) g)
SELECT sum(n) FILTER (WHERE rank <= greatest(1, round(users * 0.2))) / sum(n) BETWEEN 0.68 AND 0.8 AS top_has_its_share FROM shares;
-- All users of a tenant can be chosen; the first rank of n has 1 in 1 + 1/2 + ... + 1/n.
SELECT (SELECT count(DISTINCT reviewer_id) FROM keys_seed."Größe________________________________________________________") > 0.9 * count(*) AS nearly_all FROM keys_seed."UserProfile";
WITH reviews AS (SELECT tenant_id, reviewer_id, count(*) AS n FROM keys_seed."Größe________________________________________________________" GROUP BY 1, 2),
  users AS (SELECT "tenantId" AS tenant_id, count(*) AS users FROM keys_seed."UserProfile" GROUP BY 1)
SELECT sum(top) / sum(expected) BETWEEN 0.9 AND 1.15 AS first_rank FROM users JOIN LATERAL (
  SELECT max(n) AS top, sum(n) / (SELECT sum(1.0 / r) FROM generate_series(1, users) r) AS expected FROM reviews WHERE reviews.tenant_id = users.tenant_id) s ON true;
SELECT bool_and(p.level = f.level - 1) AS tree, count(*) FILTER (WHERE p.code IS NULL) AS roots
FROM keys_seed.folder f LEFT JOIN keys_seed.folder p ON p.code = f.parent_code;

-- Foreign tables have the same rows, names and types.
CREATE SCHEMA keys_foreign;
IMPORT FOREIGN SCHEMA keys_test FROM SERVER spindle INTO keys_foreign;

-- The planner knows that they are unique: such a left join is left out.
CREATE FUNCTION joins(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  line text;
  found boolean := false;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
    found := found OR line ~ 'Join|Loop';
  END LOOP;
  RETURN found;
END
$$;
SELECT joins('SELECT p.project_id FROM keys_foreign.project p LEFT JOIN keys_foreign."UserProfile" u
    ON u."tenantId" = p.tenant_id AND u."userId" = p.project_id') AS key,
  joins('SELECT p.project_id FROM keys_foreign.project p LEFT JOIN keys_foreign."UserProfile" u ON u."userId" = p.project_id') AS half_of_it,
  joins('SELECT p.project_id FROM keys_foreign.project p LEFT JOIN keys_foreign.tenant t ON t.slug = p.tenant_id::text') AS unique_text;
-- and that a key of several columns chooses one row, not one of one of each
CREATE FUNCTION estimate(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
  RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END
$$;
SELECT round((estimate('SELECT 1 FROM keys_foreign."Größe________________________________________________________" JOIN keys_foreign.project USING (tenant_id, project_id)') / count(*))::numeric, 1) AS estimate
FROM keys_foreign."Größe________________________________________________________" JOIN keys_foreign.project USING (tenant_id, project_id);
SELECT count(*) FROM (TABLE keys_foreign."UserProfile" EXCEPT ALL TABLE keys_seed."UserProfile") d;
SELECT count(*) FROM (TABLE keys_foreign."Größe________________________________________________________" EXCEPT ALL TABLE keys_seed."Größe________________________________________________________") d;
SELECT ftoptions[1:2] FROM pg_foreign_table WHERE ftrelid = 'keys_foreign."UserProfile"'::regclass;
SET search_path = keys_foreign, public;

-- Keys of parents are ranges of rows, however far above, and also in joins.
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off) ' || query LOOP
    RETURN NEXT regexp_replace(line, ' \(actual .*', '');
  END LOOP;
END $$;
SELECT plan($$SELECT * FROM "UserProfile" WHERE "tenantId" = 150 AND "userId" = 77$$);
SELECT plan($$SELECT * FROM "UserProfile" WHERE "tenantId" BETWEEN 120 AND 140$$);
SELECT plan($$SELECT hours FROM (SELECT "Aufwände in h" AS hours, tenant_id, task_id, project_id FROM "Größe________________________________________________________") t WHERE tenant_id = 130 AND project_id = 17$$);
SELECT plan($$SELECT count(*) FROM (VALUES (150, 77::bigint), (160, 80)) v (t, u) JOIN "UserProfile" ON ("tenantId", "userId") = (t, u)$$);
SELECT count(*), min("tenantId"), max("tenantId") FROM "UserProfile" WHERE "tenantId" BETWEEN 120 AND 140;
SELECT count(*) FILTER (WHERE a <> b) FROM (
  SELECT (SELECT count(*) FROM "UserProfile" u WHERE u."tenantId" = t.tenant_id) AS a,
         (SELECT count(*) FROM keys_seed."UserProfile" u WHERE u."tenantId" = t.tenant_id) AS b FROM tenant t) c;

-- Every slice is the same, at any place of a large table, and ranges do not overlap.
CREATE FUNCTION task_slice(scale text, first bigint, n bigint) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT t::text FROM spindle_rows('keys_test', 'task', $1, 42, $2, $3) AS t
    (tenant_id integer, task_id bigint, project_id integer, "assigneeId" bigint, reviewer_id bigint, reviewer_tenant integer)
$$;
SELECT md5(string_agg(t, ',')) FROM task_slice('small', 0, 3000) t;
SELECT md5(string_agg(t, ',' ORDER BY i, n)) FROM generate_series(0, 2999, 77) i, task_slice('small', i, least(77, 3000 - i)) WITH ORDINALITY s (t, n);
SELECT t FROM task_slice('none', 0, 10) t;
SELECT count(*) FROM task_slice('one', 0, 1000) t;
SELECT * FROM spindle_rows('keys_test', 'task', 'huge', 42, 29999999990, 3) AS t (tenant_id integer, task_id bigint, project_id integer, "assigneeId" bigint);
SELECT reviewer_tenant = tenant_id AS same_tenant FROM spindle_rows('keys_test', 'task', 'huge', 42, 17777777777, 2) AS t (tenant_id integer, reviewer_tenant integer);

-- A name of the definition does too where it is clear.
SELECT sum(score) = sum("SELECT") AS same FROM spindle_rows('keys_test', 'user_profile') AS t ("SELECT" integer, score integer);
SELECT * FROM spindle_rows('keys_test', 'UserProfile') AS t (team_row bigint);
SELECT * FROM spindle_rows('keys_test', 'userprofile') AS t (a integer);
CREATE FOREIGN TABLE mine ("userId" bigint, email varchar(50)) SERVER spindle OPTIONS (domain 'keys_test', "table" 'UserProfile');
SELECT * FROM mine LIMIT 1;
ALTER FOREIGN TABLE mine RENAME TO yours;
ALTER FOREIGN TABLE yours RENAME COLUMN email TO mail;
SELECT * FROM yours LIMIT 1;
ALTER FOREIGN TABLE yours ALTER mail OPTIONS (ADD name 'email');
ALTER FOREIGN TABLE yours ALTER mail OPTIONS (ADD column_name 'email');
SELECT mail FROM yours WHERE "userId" = 7;
ALTER FOREIGN TABLE yours RENAME COLUMN "userId" TO who;
ALTER FOREIGN TABLE yours ALTER who OPTIONS (ADD column_name 'userId');
EXPLAIN (COSTS OFF) SELECT mail FROM yours WHERE who = 7;
EXPLAIN (COSTS OFF) SELECT count(*) FROM yours WHERE who < 7;
ALTER FOREIGN TABLE yours ALTER mail OPTIONS (SET column_name 'team_row');
SELECT * FROM yours LIMIT 1;

-- Events: their members and names are those of SQL.
SELECT event FROM spindle_stream('keys_test', 'UserProfile', max_events => 1);
SELECT table_name, event::jsonb ->> '_spindle_table' = table_name AS same, count(*) FROM spindle_stream('keys_test') GROUP BY 1, 2 ORDER BY table_name COLLATE "C";
SELECT event::jsonb ? 'assignee_row' AS shown, event::jsonb ->> '_spindle_event_time' = to_char(lag, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS same
FROM spindle_stream('keys_test', 'task', max_events => 1), LATERAL (SELECT min(u."joinedAt") AT TIME ZONE 'UTC' AS lag FROM "UserProfile" u JOIN project p ON p.manager_id = u."userId"
  WHERE EXISTS (SELECT FROM "Größe________________________________________________________" t WHERE t.project_id = p.project_id)) l;
SELECT count(*) FILTER (WHERE (event::jsonb ->> '_spindle_is_anomaly')::boolean) > 0 AS anomalies
FROM spindle_stream('keys_test', 'user_profile', anomalies => spindle_point_anomaly('big', 'SELECT', fraction => 0.1));
SELECT count(*) FROM spindle_stream('keys_test', anomalies => spindle_point_anomaly('big', 'UserProfile.SELECT', fraction => 0.1));
SELECT count(*) FROM spindle_stream('keys_test', 'task', anomalies => spindle_point_anomaly('big', 'project_id', fraction => 0.1));
SELECT count(*) FROM spindle_stream('keys_test', 'UserProfile', timestamp_column => 'joinedAt', max_events => 5);
SELECT count(*) FROM spindle_stream('keys_test', 'UserProfile', timestamp_column => 'nothing', max_events => 5);

-- Of seeded tables the time is found by foreign keys of several columns, as the generated ones have it.
SELECT count(*), count(r.event_time), bool_and(r.event_time = u."joinedAt") AS same
FROM spindle_stream('keys_seed.project'::regclass, timestamp_column => 'manager_id.joinedAt') r
JOIN keys_seed."UserProfile" u ON u."userId" = (r.event ->> 'manager_id')::bigint;
SELECT count(*), count(*) FILTER (WHERE r.event_time = g.event_time) AS same
FROM spindle_stream('keys_seed."Größe________________________________________________________"'::regclass, timestamp_column => 'project_id.manager_id.joinedAt') r
JOIN spindle_stream('keys_test', 'task') g ON g.event ->> 'task_id' = r.event ->> 'task_id';
SELECT bool_and(event_time IS NOT NULL = ((event ->> 'assigneeId') IS NOT NULL)) AS null_without, bool_and(event_time >= before) AS in_order
FROM (SELECT event, event_time, lag(event_time) OVER (ORDER BY seq) AS before
      FROM spindle_stream('keys_seed."Größe________________________________________________________"'::regclass, timestamp_column => 'assigneeId.joinedAt') s) s;
SELECT count(DISTINCT event_time) FROM spindle_stream('keys_seed.project'::regclass, timestamp_column => 'tenant_id.founded');
SELECT * FROM spindle_stream('keys_seed."Größe________________________________________________________"'::regclass, timestamp_column => 'tenant_id.joinedAt');
SELECT * FROM spindle_stream('keys_seed.project'::regclass, timestamp_column => 'project_id.founded');
SELECT * FROM spindle_stream('keys_seed.project'::regclass, timestamp_column => 'manager_id.userId');
SELECT * FROM spindle_stream('keys_seed.project'::regclass, timestamp_column => 'manager_id.nothing');
SELECT * FROM spindle_stream('keys_seed.project'::regclass, timestamp_column => 'nothing.founded');
CREATE ROLE regress_spindle_keys;
GRANT USAGE ON SCHEMA keys_seed TO regress_spindle_keys;
GRANT SELECT ON keys_seed.project TO regress_spindle_keys;
SET ROLE regress_spindle_keys;
SELECT count(*) FROM public.spindle_stream('keys_seed.project'::regclass, timestamp_column => 'manager_id.joinedAt');
RESET ROLE;
DROP OWNED BY regress_spindle_keys;
DROP ROLE regress_spindle_keys;

-- Filling by names, of either kind.
CREATE TABLE keys."UserProfile" ("tenantId" integer, "userId" bigint, "e ""mail""
" text, "SELECT" integer, "joinedAt" timestamptz, PRIMARY KEY ("tenantId", "userId"));
SELECT spindle_fill('keys."UserProfile"', 'keys_test', 'user_profile');
SELECT count(*) FROM (TABLE keys_seed."UserProfile" EXCEPT ALL TABLE keys."UserProfile") d;
TRUNCATE keys."UserProfile";
SELECT spindle_fill('keys."UserProfile"', 'keys_test', 'UserProfile', columns => '{tenant_id,userId}', max_rows => 5);
TABLE keys."UserProfile";
SELECT spindle_fill('keys."UserProfile"', 'keys_test', 'UserProfile', columns => '{team_row}');

-- By workers: the same tables with the same constraints.
CALL spindle_seed('keys_test', 'keys_workers', workers => 2, report => false);
SELECT count(*) FROM (
  SELECT conname, contype, replace(pg_get_constraintdef(oid), 'keys_workers', 'keys_seed'), convalidated FROM pg_constraint WHERE connamespace = 'keys_workers'::regnamespace
  EXCEPT SELECT conname, contype, pg_get_constraintdef(oid), convalidated FROM pg_constraint WHERE connamespace = 'keys_seed'::regnamespace) d;
SELECT count(*) FROM (TABLE keys_workers.project_lead EXCEPT ALL TABLE keys_seed.project_lead) d;
SET search_path = keys, public;

-- Mistakes.
CREATE FUNCTION report(definition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  message text; detail text; hint text; state text;
BEGIN
  PERFORM spindle_check_domain(definition);
  RETURN 'valid';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', state, message, nullif(detail, ''), nullif(hint, ''));
END $$;
CREATE TABLE bad (n serial, path text, value text);
INSERT INTO bad (path, value) VALUES
('tenant,relation', '5'), ('tenant,relation', '""'), ('tenant,relation', '"UserProfile"'), ('tenant,relation', '"a.b.c"'), ('tenant,relation', '"\"a"'),
('tenant,relation', '" s . t "'), ('tenant,relation', '"\"a\"b"'), ('tenant,relation', '{}'), ('tenant,relation', '{"name": ""}'), ('tenant,relation', '{"name": "x", "schema": 1}'),
('tenant,relation', to_json(repeat('x', 64))::text), ('tenant,relation', to_json(repeat('é', 32))::text), ('tenant,relation', '{"name": "UserProfile"}'),
('tenant,columns,slug,name', '""'), ('tenant,columns,slug,name', '"xmin"'), ('tenant,columns,slug,name', '"founded"'), ('tenant,columns,slug,name', '"_spindle_x"'),
('user_profile,columns,score,name', '"userId"'), ('user_profile,columns,score,name', '"user_id"'), ('user_profile,columns,team_row,name', '"userId"'),
('tenant,key', '[]'), ('tenant,key', '[1]'), ('tenant,key', '["tenant_id","tenant_id"]'), ('tenant,key', '["founded"]'), ('tenant,key', '["founded","nope"]'), ('tenant,key', '["slug","founded"]'),
('task,key', '["tenant_id","project_id"]'), ('task,key', '["tenant_id","assignee_id"]'), ('project_lead,key', '["tenant_id","first"]'), ('project_lead,key', '["project_id","first"]'),
('project_lead,key', '["project_row","first"]'), ('project_lead,rows,max', '3'), ('settings,rows,max', '2'), ('tenant,unique', '"slug"'), ('tenant,unique', '[["founded"]]'), ('tenant,unique', '[[]]'),
('folder,unique', '[["above"]]'), ('folder,key', '"code"'), ('task,columns,project_row,hidden', 'false'), ('task,columns,project_row,rule', '{"kind": "sequence"}'),
('task,columns,project_row,rule', '{"kind": "constant", "value": null}'), ('task,columns,reviewer_id,rule', '{"kind": "copy", "column": "reviewer_row"}'),
('task,columns,reviewer_id,rule', '{"kind": "reference", "table": "user_profile"}'), ('task,columns,reviewer_id,references', '"project"'),
('task,columns,reviewer_row,rule,among', '"assignee_row"'), ('task,columns,reviewer_row,rule', '{"kind": "reference", "table": "user_profile", "among": "project_row.tenant_id", "skew": {"exponent": 1}, "after": {"parent": "joined", "row": "project_row.manager_row.joined"}}'),
('task,columns,reviewer_row,rule', '{"kind": "reference", "table": "user_profile", "among": "project_row.tenant_id", "after": {"parent": "joined", "row": "project_row.manager_row.joined"}}'),
('task,columns,reviewer_row,rule,where', '{"column": "score", "less": 5}'), ('team,rows,min', '0'), ('folder,columns,above,nullable', 'false'), ('tenant,key', '"founded"');
SELECT path, value, report(CASE WHEN value IS NULL THEN json::jsonb #- ('{tables,' || path || '}')::text[]
  ELSE jsonb_set(json::jsonb, ('{tables,' || path || '}')::text[], value::jsonb) END::text)
FROM bad, definition ORDER BY n;
DROP SCHEMA keys_workers, keys_seed, keys_foreign CASCADE;

-- Two tables of one name in two schemas.
SELECT lo_from_bytea(0, convert_to(jsonb_set(json::jsonb, '{tables,tenant,relation}', '"other.folder"')::text, 'UTF8')) AS lo FROM definition \gset
SELECT lo_export(:lo, :'dir' || '/keys_twice.json') AS exported, lo_unlink(:lo);
SELECT table_name, relation_name FROM spindle_tables('keys_twice') WHERE relation_name ~ 'folder';
CREATE SCHEMA keys_foreign;
IMPORT FOREIGN SCHEMA keys_twice FROM SERVER spindle INTO keys_foreign;
CALL spindle_seed('keys_twice', 'keys_seed', report => false);
CALL spindle_seed('keys_twice', 'keys_seed', tables => '{folder,team}', report => false);
SELECT count(*) FROM spindle_rows('keys_twice', 'folder') AS t (code text);

-- Another encoding: names and rows are the same, converted.
CREATE DATABASE regress_spindle_latin1 ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
SELECT md5(string_agg(t::text, ',' ORDER BY task_id)) FROM spindle_rows('keys_test', 'task') AS t (tenant_id integer, task_id bigint, "assigneeId" bigint, "Aufwände in h" numeric(8,2));
\set before :DBNAME
\c regress_spindle_latin1
\encoding UTF8
SET client_min_messages = warning;
CREATE EXTENSION spindle;
SELECT spindle_domains() IS NOT NULL AS library_is_loaded LIMIT 1;
SET spindle.domain_directory = :'dir';
SELECT md5(string_agg(t::text, ',' ORDER BY task_id)) FROM spindle_rows('keys_test', 'task') AS t (tenant_id integer, task_id bigint, "assigneeId" bigint, "Aufwände in h" numeric(8,2));
CALL spindle_seed('keys_test', 'keys_seed', report => false);
SELECT relname, octet_length(relname::text) FROM pg_class WHERE relname ~ '^Gr' AND relkind = 'r';
SELECT event FROM spindle_stream('keys_test', 'task', max_events => 1);
SELECT spindle_check_domain($json${"spindle": 1, "description": "x", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {}}, "tables": {
  "t": {"relation": "\"\u0416\"", "rows": {"kind": "fixed", "count": 1}, "columns": {"a": {"type": "integer", "rule": {"kind": "sequence"}}}}}}$json$);
\c :before
SET client_min_messages = warning;
DROP DATABASE regress_spindle_latin1;
DROP SCHEMA keys, keys_seed, keys_foreign CASCADE;
SELECT current_setting('data_directory') AS dir \gset
\set command 'rm ' :dir '/keys_test.json ' :dir '/keys_twice.json'
COPY (SELECT) TO PROGRAM :'command';
