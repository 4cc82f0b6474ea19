--
-- The domain saas, as a schema of tenants that was there before, with all its
-- constraints, and as spindle_seed makes it.
--
SELECT count(*) = 2 AS has_contrib FROM pg_available_extensions WHERE name IN ('citext', 'btree_gist') \gset
\if :has_contrib
\else
\echo 'citext and btree_gist are not available'
\quit
\endif
\set schema `pwd` '/test/data/saas.sql'
CREATE SCHEMA saas;
CREATE SCHEMA saas_virtual;
SET search_path = saas, public;
SET TimeZone = 'UTC';

SELECT domain, tables, columns, scales, error FROM spindle_domains() WHERE domain = 'saas';
-- without citext the domain is there, with texts in its place
SET client_min_messages = warning;
CREATE SCHEMA saas_plain;
SET client_min_messages = notice;
IMPORT FOREIGN SCHEMA saas LIMIT TO (team, user_account) FROM SERVER spindle INTO saas_plain OPTIONS (scale 'demo');
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'saas_plain.user_account'::regclass AND attname = 'email';
SELECT count(*), count(DISTINCT email) FROM saas_plain.user_account;
CALL spindle_seed('saas', 'saas_seeded', report => false, scale => 'demo');
SET client_min_messages = warning;
DROP SCHEMA saas_plain CASCADE;
CREATE EXTENSION citext SCHEMA saas;
CREATE EXTENSION btree_gist SCHEMA saas;

-- all constraints first
\i :schema
IMPORT FOREIGN SCHEMA saas FROM SERVER spindle INTO saas_virtual OPTIONS (scale 'demo', seed '7');
SELECT table_name, status, row_count, failed_rows, message FROM spindle_fill_schema_check('saas', 'saas', 'demo', 7, max_rows => 50);
BEGIN;
CALL spindle_fill_schema('saas', 'saas', 'demo', 7) \gset
-- nobody analyzes tables whose rows he does not see
SELECT count(*) FROM pg_locks JOIN pg_class ON pg_class.oid = relation
WHERE mode = 'ShareUpdateExclusiveLock' AND pid = pg_backend_pid() AND relnamespace = 'saas'::regnamespace AND relkind = 'r';
COMMIT;
SELECT :tables_filled AS tables, :rows_inserted AS rows;
SELECT l ->> 'table_name' AS table_name, l ->> 'row_count' AS row_count FROM json_array_elements(:'lines') l;
SELECT contype, count(*), bool_and(convalidated) AS valid FROM pg_constraint WHERE connamespace = 'saas'::regnamespace AND contype IN ('c', 'f', 'p', 'u', 'x') GROUP BY 1 ORDER BY 1;
-- replies refer to a row before, deputies are set by an UPDATE
SELECT (SELECT count(DISTINCT cmin::text) FROM comment) AS comment, (SELECT count(DISTINCT cmin::text) FROM user_account) AS user_account;
-- sequences are set
SELECT nextval('label_id_seq') > max(id) AS behind FROM label;

-- the same rows are virtual, filled and seeded
CREATE FUNCTION differing(a text, b text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  name text;
  columns text;
  n bigint;
BEGIN
  FOR name, columns IN SELECT relname, string_agg(quote_ident(attname) || '::text', ', ' ORDER BY attnum) FROM pg_class c JOIN pg_attribute t ON attrelid = c.oid AND attnum > 0
    WHERE relnamespace = a::regnamespace AND relkind = 'r' GROUP BY 1
  LOOP
    EXECUTE format('SELECT count(*) FROM ((SELECT %4$s FROM %1$I.%3$I EXCEPT ALL SELECT %4$s FROM %2$I.%3$I)
      UNION ALL (SELECT %4$s FROM %2$I.%3$I EXCEPT ALL SELECT %4$s FROM %1$I.%3$I)) d', a, b, name, columns) INTO n;
    IF n > 0 THEN
      RETURN NEXT name;
    END IF;
  END LOOP;
END
$$;
SELECT differing('saas', 'saas_virtual');
CALL spindle_seed('saas', 'saas_seeded', scale => 'demo', seed => 7) \gset
SELECT :tables_created AS tables, :rows_inserted AS rows;
SELECT differing('saas', 'saas_seeded');
SELECT conrelid::regclass AS table_name, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'saas_seeded'::regnamespace AND contype = 'f' ORDER BY conrelid::regclass::text, pg_get_constraintdef(oid);
SELECT contype, count(*), bool_and(convalidated) AS valid FROM pg_constraint WHERE connamespace = 'saas_seeded'::regnamespace AND contype IN ('c', 'f', 'p', 'u') GROUP BY 1 ORDER BY 1;

-- what no constraint says: who belongs to whom
SELECT count(*), count(DISTINCT t.owner_id) AS owners, count(*) FILTER (WHERE u.role = 'owner' AND u.created_at = t.created_at) AS first_users,
  count(*) FILTER (WHERE t.users = (SELECT count(*) FROM user_account x WHERE x.tenant_id = t.id)) AS counted
FROM tenant t JOIN user_account u ON u.id = t.owner_id;
SELECT count(*), count(*) FILTER (WHERE p.issues = (SELECT count(*) FROM issue x WHERE x.project_id = p.id)) AS counted FROM project p;
SELECT count(*), count(*) FILTER (WHERE CASE owner_type
    WHEN 'project' THEN EXISTS (SELECT FROM project o WHERE (o.tenant_id, o.id) = (a.tenant_id, a.owner_id))
    WHEN 'issue' THEN EXISTS (SELECT FROM issue o WHERE (o.tenant_id, o.id) = (a.tenant_id, a.owner_id))
    WHEN 'comment' THEN EXISTS (SELECT FROM comment o WHERE (o.tenant_id, o.id) = (a.tenant_id, a.owner_id)) END) AS owned,
  count(DISTINCT owner_type) AS types FROM attachment a;
SELECT count(*) > 50 AS replies, bool_and(o.issue_id = c.issue_id AND o.created_at < c.created_at AND o.reply_to_id IS NULL) AS to_the_first
FROM comment c JOIN comment o ON o.id = c.reply_to_id;
SELECT count(*) > 0 AS deputies, bool_and(d.tenant_id = u.tenant_id) AS of_the_tenant FROM user_account u JOIN user_account d ON d.id = u.deputy_id;
-- when: soft deletions, ordinals in the order of time, keys by time, periods without a hole of more than a tenth
SELECT abs(avg((deleted_at IS NULL)::int) - 0.97) < 0.02 AS deleted, bool_and(deleted_at = updated_at) AS at_last,
  bool_and(date_trunc('milliseconds', created_at) = to_timestamp(('x' || replace(left(id::text, 13), '-', ''))::bit(48)::bigint / 1000.0)) AS in_key FROM issue;
SELECT count(*) AS out_of_order FROM (SELECT created_at, lag(created_at) OVER (PARTITION BY project_id ORDER BY number) AS before FROM issue) x WHERE created_at <= before;
SELECT bool_and(CASE WHEN next IS NULL THEN ends_at <= '2026-01-01' ELSE ends_at <= next AND next - ends_at <= (next - starts_at) * 0.101 END) AS adjoin,
  bool_and(number > 1 OR starts_at = created_at) AS from_the_first_day
FROM (SELECT s.*, created_at, lead(starts_at) OVER (PARTITION BY tenant_id ORDER BY number) AS next FROM subscription s JOIN tenant t ON t.id = tenant_id) x;
-- shares and shapes
SELECT status, abs(count(*) / sum(count(*)) OVER () - CASE status WHEN 'done' THEN 0.54 WHEN 'backlog' THEN 0.14 WHEN 'todo' THEN 0.12 WHEN 'in_progress' THEN 0.09
  WHEN 'in_review' THEN 0.05 ELSE 0.06 END) < 0.03 AS share FROM issue GROUP BY 1 ORDER BY 1;
SELECT abs(avg((attributes ? 'severity')::int) - 0.4) < 0.04 AS absent, min((attributes ->> 'severity')::int), max((attributes ->> 'severity')::int),
  abs(avg((attributes ->> 'votes')::numeric) - 2.5) < 0.15 AS votes FROM issue;
SELECT abs(avg((hours_spent = 0)::int) - 0.4) < 0.04 AS none, bool_and(hours_spent % 0.25 = 0) AS steps, bool_and(reported_from << '0.0.0.0/0') AS addresses FROM issue;
SELECT count(*) FROM user_account WHERE email = upper(email::text)::citext;
SELECT max(n) AS members, count(*) FILTER (WHERE n < 2) AS small FROM (SELECT count(*) AS n FROM team_member GROUP BY team_id) x;

-- a key is one row, a tenant one range of rows
CREATE FUNCTION rows_found(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF, ANALYZE, TIMING OFF, SUMMARY OFF) ' || query LOOP
    IF line ~ 'Rows Read' THEN
      RETURN trim(line);
    END IF;
  END LOOP;
END
$$;
SELECT id AS issue, tenant_id AS tenant FROM issue ORDER BY id LIMIT 1 OFFSET 1000 \gset
SELECT rows_found(format('SELECT * FROM saas_virtual.issue WHERE id = %L', :'issue'));
SELECT rows_found(format('SELECT * FROM saas_virtual.comment WHERE id = %L', (SELECT id FROM comment OFFSET 500 LIMIT 1)));
SELECT regexp_replace(rows_found(format('SELECT * FROM saas_virtual.issue WHERE tenant_id = %L', :'tenant')), '\d+$', '') AS found,
  regexp_replace(rows_found(format('SELECT * FROM saas_virtual.issue WHERE tenant_id = %L', :'tenant')), '^\D+', '')::int = count(*) AS its_own FROM issue WHERE tenant_id = :'tenant';
SELECT count(*) AS same FROM issue i JOIN LATERAL (SELECT * FROM saas_virtual.issue v WHERE v.id = i.id) v ON v.title = i.title AND v.number = i.number WHERE i.number % 7 = 0;
SELECT count(*) FROM issue WHERE number % 7 = 0;
-- also of ten thousand millions
CREATE SCHEMA saas_huge;
IMPORT FOREIGN SCHEMA saas LIMIT TO (issue, tenant) FROM SERVER spindle INTO saas_huge OPTIONS (scale 'xxxl');
SELECT count(*) FROM saas_huge.issue;
SELECT count(*), bool_and(i = l) AS same FROM spindle_rows('saas', 'issue', 'xxxl', first_row => 7654321012, max_rows => 5) AS i (id uuid, number integer, title varchar(120)),
  LATERAL (SELECT id, number, title FROM saas_huge.issue h WHERE h.id = i.id) l;

-- nothing but definition, seed and scale decides
SELECT t, md5(string_agg(x, ',' ORDER BY x)) FROM unnest('{tenant,user_account,team_member,issue,comment,attachment}'::text[]) t,
  LATERAL (SELECT event::text AS x FROM spindle_stream('saas', t, 'demo', max_events => 300)) e GROUP BY 1 ORDER BY 1;
SET client_min_messages = warning;
DROP SCHEMA saas, saas_virtual, saas_seeded, saas_huge CASCADE;
