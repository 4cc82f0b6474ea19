--
-- spindle_learn with its defaults tells nobody's data: none stands in the definition, nor in what is generated.
-- SPINDLE_LEARN_ROWS=100000 and SPINDLE_LEARN_SCALE=ten, which make a million people of them, take minutes; more rows share a plan then.
--
\set rows 4000
\set scale as_is
\getenv rows SPINDLE_LEARN_ROWS
\getenv scale SPINDLE_LEARN_SCALE
CREATE SCHEMA learn_secret;
CREATE SCHEMA learn_public;
SET search_path = learn_secret, public;
SET client_min_messages = warning;
CREATE TYPE rank AS ENUM ('rank_1', 'rank_2');
-- Values that nobody can hit by chance, under names that say what they are and under names that do not; some are frequent.
CREATE TABLE person (id int PRIMARY KEY, ref uuid NOT NULL UNIQUE, email text NOT NULL, contact text, x1 text, first_name text, "lastName" varchar(40), who text, phone text, x2 varchar(30),
  street text, api_key text, x3 text, x4 bytea, document jsonb, x5 json, x6 xml, remark text, x7 text, tags text[], words tsvector, plan text NOT NULL, rank rank NOT NULL, kind text CHECK (kind IN ('a', 'b')),
  iban text, x8 text, host inet, boss int REFERENCES person, pay numeric(12,2), born date, seen timestamptz, x9 interval);
CREATE FUNCTION secret(what text, i bigint, digits int DEFAULT 0) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN digits > 0 THEN lpad((('x' || substr(md5(what || i), 1, 15))::bit(60)::bigint % power(10, digits)::bigint)::text, digits, '7')
    ELSE translate(substr(md5(what || i), 1, 14), '0123456789', 'ghijklmnop') END $$;
INSERT INTO person SELECT i, md5('r' || i)::uuid, secret('m', i) || '@' || secret('d', i % 50) || '.test', secret('m', CASE WHEN i % 3 = 0 THEN 0 ELSE i END) || '@mail.test',
  CASE WHEN i % 2 = 0 THEN 'planted@often.test' ELSE 'planted.' || secret('m', i % 4) || '@often.test' END, initcap(secret('f', i % 30)), initcap(secret('l', i)), initcap(secret('w', i)) || ' ' || initcap(secret('v', i)),
  '+49 30 ' || secret('p', i, 15), '0' || secret('q', i, 15), secret('s', i) || ' street ' || i, 'sk_' || md5('k' || i), md5('h' || i % 10), decode(md5('b' || i % 10), 'hex'),
  jsonb_build_object('planted', secret('j', i % 3)), json_build_object('planted', secret('j', i)), format('<p>%s</p>', secret('y', i % 2))::xml, 'planted remark ' || i % 5, 'planted text of ' || secret('t', i) || ' and of others, at length',
  ARRAY['planted', secret('a', i % 4)], to_tsvector('simple', secret('z', i % 5)), CASE WHEN i % 2000 = 0 THEN 'rare plan' WHEN i % 3 = 0 THEN 'gold' ELSE 'silver' END, CASE WHEN i % 4 = 0 THEN 'rank_1' ELSE 'rank_2' END::rank,
  CASE WHEN i % 4 = 0 THEN 'a' ELSE 'b' END, 'DE' || secret('i', i, 15), secret('n', i % 10, 15), ('2001:db8::' || to_hex(i / 65536) || ':' || to_hex(i % 65536))::inet, CASE WHEN i > 1 THEN i / 2 END,
  CASE WHEN i = 77 THEN 9876543210.12 ELSE 1000 + i % 1000 + 0.17 END, '1950-01-01'::date + i % 20000, '2023-01-01 00:00:07.123456+00'::timestamptz + i * interval '61 s', i % 100 * interval '61 s'
FROM generate_series(1, :rows) i;
CREATE TABLE visit (person_id int NOT NULL REFERENCES person, page text, token text);
INSERT INTO visit SELECT 1 + i % :rows, 'https://planted.test/' || secret('u', i % 7), md5('o' || i) FROM generate_series(1, 2000) i;
CREATE TABLE few (word text, amount int);
INSERT INTO few SELECT 'planted word', 4711 FROM generate_series(1, 90);
ANALYZE person, visit, few;

SELECT spindle_learn('{learn_secret}') AS definition \gset
-- no secret in the definition, whole or the last part of it, and no number that only one has
SELECT count(*) AS leaks FROM person p, LATERAL (VALUES (ref::text), (email), (split_part(contact, '@', 1)), (first_name), ("lastName"), (who), (substr(phone, 8)), (x2), (street), (api_key), (x3), (encode(x4, 'hex')),
  (document ->> 'planted'), (x5 ->> 'planted'), (x7), (tags[2]), (iban), (x8), (host::text)) v (secret) WHERE p.id <= 4000 AND position(secret in :'definition') > 0;
SELECT :'definition' ILIKE '%planted%' AS planted, :'definition' LIKE '%rare plan%' AS rare, :'definition' ~ 'often|mail.test' AS mail, :'definition' ~ '9876543210|4711' AS numbers, :'definition' LIKE '%silver%' AS silver;
SELECT table_name, column_name, literal, is_reported FROM spindle_leak_check(:'definition', 'learn_secret') ORDER BY 1, 2, 3;
SELECT string_agg(column_name || CASE WHEN carried > 0 THEN ' carries' ELSE '' END, ', ' ORDER BY column_name COLLATE "C") AS columns, withheld
FROM spindle_learn_report(:'definition') WHERE column_name IS NOT NULL GROUP BY withheld ORDER BY withheld COLLATE "C";

-- Nor in the rows: no text of the source, nor part of a document, but those that are reported and those of declarations.
SELECT spindle_create_domain('learned', :'definition');
CALL spindle_seed('learned', 'learn_public', scale => :'scale', report => false, keys => false, indexes => false);
CREATE FUNCTION texts_of(r anyelement) RETURNS TABLE (column_name text, value text) LANGUAGE sql AS $$
  SELECT k.key, v FROM jsonb_each(to_jsonb(r)) k, LATERAL (SELECT k.value #>> '{}' WHERE jsonb_typeof(k.value) = 'string'
    UNION ALL SELECT p #>> '{}' FROM jsonb_path_query(k.value, 'strict $.**') p WHERE jsonb_typeof(k.value) IN ('array', 'object') AND jsonb_typeof(p) = 'string') t (v) $$;
CREATE TEMPORARY TABLE known AS SELECT DISTINCT value FROM person p, texts_of(p) UNION SELECT value FROM visit v, texts_of(v) UNION SELECT value FROM few f, texts_of(f);
ANALYZE known;
SELECT t.column_name, array_agg(DISTINCT value ORDER BY value) FILTER (WHERE t.column_name NOT IN ('born', 'x9')) AS values
FROM (SELECT s.* FROM learn_public.person p, texts_of(p) s UNION ALL SELECT s.* FROM learn_public.visit v, texts_of(v) s UNION ALL SELECT s.* FROM learn_public.few f, texts_of(f) s) t JOIN known USING (value) GROUP BY 1 ORDER BY 1;
SELECT (SELECT count(*) FROM learn_public.person) >= :rows AS people, (SELECT count(*) FROM known) > 4 * :rows AS known;
SELECT count(*) AS extremes FROM learn_public.person WHERE pay > 9000000000;

-- Who may not read a column learns nothing of it, be it by name or by statistics; row security hides all of a table.
CREATE ROLE regress_spindle_curious;
GRANT USAGE ON SCHEMA learn_secret TO regress_spindle_curious;
GRANT SELECT (plan, x8) ON person TO regress_spindle_curious;
GRANT SELECT ON visit TO regress_spindle_curious;
ALTER TABLE visit ENABLE ROW LEVEL SECURITY;
SET ROLE regress_spindle_curious;
SELECT spindle_learn('{learn_secret}') AS seen, spindle_learn('{learn_secret}', carry => 'all') AS all_seen \gset
SELECT table_name, column_name FROM spindle_learn_report(:'seen') WHERE source = 'statistics';
SELECT :'all_seen' ~ 'planted|often[.]test|mail[.]test|9876543210' AS others, :'all_seen' LIKE '%silver%' AS own;
RESET ROLE;
-- what was read are catalogues: the counters of the tables are as they were
BEGIN;
SELECT coalesce(sum(seq_scan + coalesce(idx_scan, 0)), 0) AS scans FROM pg_stat_xact_user_tables WHERE schemaname = 'learn_secret' \gset
SELECT length(spindle_learn('{learn_secret}')::text) > 0 AS learned;
SELECT coalesce(sum(seq_scan + coalesce(idx_scan, 0)), 0) = :scans AS nothing_read FROM pg_stat_xact_user_tables WHERE schemaname = 'learn_secret';
COMMIT;
SELECT spindle_drop_domain('learned');
DROP SCHEMA learn_secret, learn_public CASCADE;
DROP ROLE regress_spindle_curious;
