-- The domain of tenants: its widest table against rows by random(), and a schema with
-- all its constraints filled against the same rows from tables.
\set saas_scale medium
CREATE SCHEMA saas_virtual;
CREATE SCHEMA saas_stored;
CREATE SCHEMA saas;
SET search_path = saas, public;
CREATE EXTENSION citext SCHEMA public;
CREATE EXTENSION btree_gist SCHEMA public;
\i :saas_schema
RESET search_path;
IMPORT FOREIGN SCHEMA saas FROM SERVER spindle INTO saas_virtual OPTIONS (scale :'saas_scale');
SELECT sum(row_count) AS all_rows, sum(row_count) FILTER (WHERE table_name = 'issue') AS issues FROM spindle_tables('saas', :'saas_scale') \gset
CREATE TABLE bench.issue (LIKE saas.issue);
ALTER TABLE bench.issue ALTER tenant_id DROP NOT NULL;

-- 23 columns: 5 uuid, 2 enums, 2 intervals and times, text[], jsonb, inet, numeric, dates and times
SELECT $$gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1 + (random() * 160)::int, left(md5(random()::text), 30),
  (ARRAY['task', 'bug', 'story', 'incident'])[1 + (random() * 3)::int], (ARRAY['backlog', 'todo', 'in_progress', 'in_review', 'done', 'cancelled'])[1 + (random() * 5)::int]::saas.issue_status,
  (ARRAY['low', 'medium', 'high', 'urgent'])[1 + (random() * 3)::int]::saas.issue_priority, gen_random_uuid(),
  CASE WHEN random() < 0.8 THEN gen_random_uuid() END, CASE WHEN random() < 0.55 THEN random() * interval '2 days' END, (random() * 80)::numeric(6,2),
  CASE WHEN random() < 0.7 THEN (random() * 13)::smallint END, (ARRAY['{}', '{frontend}', '{backend,database}'])[1 + (random() * 2)::int]::text[],
  jsonb_build_object('source', (ARRAY['web', 'email', 'api'])[1 + (random() * 2)::int], 'votes', (random() * 20)::int, 'severity', CASE WHEN random() < 0.4 THEN (random() * 4)::int END),
  CASE WHEN random() < 0.7 THEN ('192.0.2.' || (random() * 255)::int)::inet END, CASE WHEN random() < 0.1 THEN time '07:00' + random() * interval '11 hours' END, random() < 0.12,
  CASE WHEN random() < 0.5 THEN date '2023-01-01' + (random() * 1095)::int END, timestamptz '2023-01-01' + random() * interval '1095 days', timestamptz '2023-01-01' + random() * interval '1095 days',
  CASE WHEN random() < 0.6 THEN timestamptz '2023-01-01' + random() * interval '1095 days' END, CASE WHEN random() < 0.03 THEN timestamptz '2023-01-01' + random() * interval '1095 days' END
  FROM generate_series(1, $$ || :issues || ')' AS by_random \gset
CALL bench.compare('issue of saas (23 columns), read : 23 columns by gen_random_uuid(), random(), jsonb_build_object()', 6,
  :issues, 'SELECT * FROM saas_virtual.issue', :issues, 'SELECT ' || :'by_random', :runs);
CALL bench.compare('the same, stored, no indexes : INSERT of these', 6,
  :issues, format('CALL spindle_seed(%L, %L, scale => %L, tables => %L, keys => false, indexes => false, statistics => false, if_exists => %L)',
    'saas', 'saas_seeded', :'saas_scale', '{issue}', 'replace'),
  :issues, 'TRUNCATE bench.issue; INSERT INTO bench.issue SELECT ' || :'by_random', :runs, is_command => true);

-- the row of a key, planning included
CREATE SCHEMA saas_huge;
IMPORT FOREIGN SCHEMA saas LIMIT TO (issue) FROM SERVER spindle INTO saas_huge OPTIONS (scale 'xxxl');
SELECT id FROM spindle_rows('saas', 'issue', 'xxxl', first_row => 7654321012, max_rows => 1) AS t (id uuid) \gset
CALL bench.short('one issue of 10.8 billion by its uuid', 1, format('SELECT * FROM saas_huge.issue WHERE id = %L', :'id'));

-- into tables with all constraints, which either side has
SELECT format('CREATE TABLE saas_stored.%1$I (LIKE saas.%1$I)', table_name) FROM spindle_tables('saas') \gexec
CALL spindle_fill_schema('saas', 'saas_stored', report => false, scale => :'saas_scale');
SELECT format('VACUUM ANALYZE saas_stored.%I', table_name) FROM spindle_tables('saas') \gexec
SELECT 'TRUNCATE ' || string_agg(format('saas.%I', table_name), ', ') || ';' AS empty FROM spindle_tables('saas') \gset
SELECT string_agg(format('INSERT INTO saas.%1$I SELECT * FROM saas_stored.%1$I;', name), ' ' ORDER BY n) || ' SET CONSTRAINTS ALL IMMEDIATE;' AS inserts
FROM unnest('{plan,integration,tenant,user_account,team,team_member,subscription,tenant_integration,label,project,issue,issue_label,comment,attachment}'::text[])
  WITH ORDINALITY t (name, n) \gset
CALL bench.compare('saas into existing tables with all constraints : INSERT ... SELECT of the same rows, stored', 1 / 1.2,
  :all_rows, :'empty' || format('CALL spindle_fill_schema(%L, %L, scale => %L)', 'saas', 'saas', :'saas_scale'),
  :all_rows, :'empty' || :'inserts', least(:runs, 3), is_command => true, warm_up => false);
SET client_min_messages = warning;
DROP SCHEMA saas, saas_virtual, saas_stored, saas_seeded, saas_huge CASCADE;
