--
-- spindle_learn by rows: columns whose values are drawn together, totals over some rows, one of a few constants.
--
CREATE SCHEMA learn_together;
SET search_path = learn_together, public;
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE TYPE level AS ENUM ('low', 'high', 'urgent');
-- 300 places, the first ones by far the most popular: what is in a place follows from its code
CREATE TABLE address (id int PRIMARY KEY, code varchar(6) NOT NULL, city text NOT NULL, state text NOT NULL, lat numeric(8,4) NOT NULL, zone int, note text);
INSERT INTO address SELECT i, lpad((p * 7919 % 99991)::text, 6, '9'), 'Planted' || p / 3 || 'town', 'State ' || chr(65 + p % 8), round((30 + 20 * power(p / 300.0, 2))::numeric, 4), nullif(p * p % 7, 0),
  CASE WHEN i % 7 > 0 THEN 'planted ' || i % 60 END
FROM (SELECT i, (300 * power((i * 7919 % 10007) / 10007.0, 2))::int AS p FROM generate_series(1, 10000) i) s;
-- status and level are no functions of each other; three new ones are urgent and spam
CREATE TABLE ticket (id int PRIMARY KEY, status text NOT NULL, level level, is_open boolean NOT NULL, kind varchar(10) CHECK (kind IN ('bug', 'wish', 'spam')), stars int, free int NOT NULL);
INSERT INTO ticket SELECT i, (ARRAY['new', 'busy', 'done'])[1 + s], CASE WHEN i < 4 THEN 'urgent' WHEN h % 10 = 0 THEN NULL ELSE (ARRAY['low', 'high', 'urgent'])[1 + (s + (h % 5) / 4) % 3] END::level,
  s < 2 AND h % 9 > 0, CASE WHEN i < 4 OR (h % 4 = 0 AND s = 0) THEN 'spam' WHEN h % 3 = 0 THEN 'wish' ELSE 'bug' END, 1 + (s + h % 2) % 3, i * 31 % 4
FROM (SELECT i, i * 7919 % 10007 AS h, CASE WHEN i < 4 THEN 0 ELSE i * 7919 % 10007 % 7 / 3 END AS s FROM generate_series(1, 6000) i) t;
-- what is cancelled does not count
CREATE TABLE invoice (id int PRIMARY KEY, net numeric(12,2) NOT NULL, tax numeric(12,2) NOT NULL, shipped int NOT NULL, gifts int NOT NULL);
CREATE TABLE line (id int PRIMARY KEY, invoice_id int NOT NULL REFERENCES invoice, amount numeric(12,2) NOT NULL, state text NOT NULL, is_gift boolean NOT NULL);
CREATE TEMPORARY TABLE made AS SELECT i AS id, 1 + i / 4 AS invoice_id, 5 + (h % 997) / 7.0 AS amount, (ARRAY['sent', 'waits', 'cancelled', 'sent'])[1 + h % 4] AS state, h % 6 = 0 AS is_gift
  FROM (SELECT i, i * 7919 % 10007 AS h FROM generate_series(0, 7999) i) g;
INSERT INTO invoice SELECT invoice_id, coalesce(sum(round(amount::numeric, 2)) FILTER (WHERE state <> 'cancelled'), 0),
  round(coalesce(sum(round(amount::numeric, 2)) FILTER (WHERE state <> 'cancelled'), 0) * CASE WHEN invoice_id % 10 < 6 THEN 0.19 WHEN invoice_id % 10 < 9 THEN 0.07 ELSE 0 END, 2),
  count(*) FILTER (WHERE state = 'sent'), count(*) FILTER (WHERE is_gift) FROM made GROUP BY 1;
INSERT INTO line SELECT id, invoice_id, amount, state, is_gift FROM made ORDER BY id;
ANALYZE address, ticket, invoice, line;

SELECT spindle_learn('{learn_together}', read => 'data', harmless => '{lat}') AS definition \gset
SELECT :'definition' = spindle_learn('{learn_together}', read => 'data', harmless => '{lat}')::text AS same_again;
SELECT table_name, column_name, rule, carried > 0 AS carries, least_rows, note FROM spindle_learn_report(:'definition') WHERE note IS NOT NULL;
SELECT spindle_create_domain('learned', :'definition');
CREATE SCHEMA learn_copy;
CREATE TABLE learn_copy.address (LIKE address INCLUDING ALL);
CREATE TABLE learn_copy.ticket (LIKE ticket INCLUDING ALL);
CREATE TABLE learn_copy.invoice (LIKE invoice INCLUDING ALL);
CREATE TABLE learn_copy.line (LIKE line INCLUDING ALL, FOREIGN KEY (invoice_id) REFERENCES learn_copy.invoice);
CALL spindle_fill_schema('learned', 'learn_copy') \gset
SELECT :tables_filled AS tables_filled, :rows_inserted AS rows_inserted;
ANALYZE learn_copy.address, learn_copy.ticket, learn_copy.invoice, learn_copy.line;
-- what follows does so, and is distributed as it was; so do combinations, and numbers of different values
SELECT max(cities) AS cities, max(states) AS states, max(lats) AS lats, max(zones) AS zones FROM (SELECT count(DISTINCT city) AS cities, count(DISTINCT state) AS states, count(DISTINCT lat) AS lats,
  count(DISTINCT coalesce(zone, 0)) AS zones FROM learn_copy.address GROUP BY code) c;
CREATE TEMPORARY TABLE likeness AS SELECT * FROM spindle_compare_schemas('learn_together', 'learn_copy', tables => '{address,ticket}', sample_rows => 5000) WHERE table_name IS NOT NULL;
SELECT table_name, column_name, measure, passes FROM likeness WHERE level = 'column' AND column_name NOT IN ('note', 'id') AND measure ~ 'Complement|Frequency|distinct|null' AND NOT passes ORDER BY 1, 2, 3;
SELECT count(*) > 8 AS pairs, min(value) > 0.95 AS alike, count(*) FILTER (WHERE column_name ~ 'status' AND column_name ~ 'level|kind' OR column_name ~ 'lat' AND column_name ~ 'state') AS of_these
FROM likeness WHERE measure = 'ContingencySimilarity';
SELECT count(*) > 1500 AS invoices, count(*) FILTER (WHERE net <> l.sent) AS nets, count(*) FILTER (WHERE shipped <> l.n) AS counts, count(*) FILTER (WHERE gifts <> l.g) AS gifts,
  count(*) FILTER (WHERE NOT EXISTS (SELECT FROM unnest('{0,0.07,0.19}'::numeric[]) r WHERE abs(tax - net * r) <= 0.005)) AS taxes, round(avg((tax > net * 0.1)::int), 1) AS high_rate
FROM learn_copy.invoice JOIN (SELECT invoice_id, coalesce(sum(amount) FILTER (WHERE state <> 'cancelled'), 0) AS sent, count(*) FILTER (WHERE state = 'sent') AS n, count(*) FILTER (WHERE is_gift) AS g
  FROM learn_copy.line GROUP BY 1) l ON l.invoice_id = id;
-- of what few have nothing is told: no town, no code, no combination of three
SELECT :'definition' ~* 'planted|town' AS towns, :'definition' ~ (SELECT string_agg(DISTINCT code, '|') FROM address) AS codes,
  EXISTS (SELECT FROM json_array_elements(:'definition'::json #> '{tables,ticket,columns,status,rule,tuples}') t WHERE t::jsonb @> '["new", "urgent", "spam", true, 2]') AS three;
SELECT count(*) > 0 AS literals, bool_and(is_reported) AS are_reported FROM spindle_leak_check(:'definition', 'learn_together') WHERE literal NOT IN ('bug', 'wish', 'spam');
-- with nothing carried there are names, numbers and declarations
SELECT spindle_learn('{learn_together}', read => 'data', carry => 'none') AS nothing \gset
SELECT :'nothing' ~ 'State [A-H]|"new"|"busy"|waits|cancelled' AS texts, :'nothing' ~ 'status_1' AS names, :'nothing' ~ 'code_number' AS numbers;
SELECT table_name, column_name, literal FROM spindle_leak_check(:'nothing', 'learn_together') WHERE is_reported OR literal NOT IN ('bug', 'wish', 'spam');
-- all of it can be carried, a column of nulls and one of a value do no harm, and names of columns are any
CREATE TABLE odd ("weight" text, "State ""x""" text, columns text, nothing int, same text DEFAULT 'x', huge float8);
INSERT INTO odd SELECT 'w' || i % 5, 's"' || i % 5 % 3, '{c' || i % 4 || '}', NULL, 'x', CASE i % 3 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' ELSE 1e300 END::float8 FROM generate_series(1, 2000) i;
ANALYZE odd;
SELECT spindle_create_domain('learned', spindle_learn('{learn_together}', '{odd,address}', read => 'data', carry => 'all'), replace => true);
SELECT column_name, rule, note FROM spindle_learn_report(spindle_domain_definition('learned')) WHERE table_name = 'odd';
CREATE TABLE learn_copy.odd (LIKE odd INCLUDING ALL);
TRUNCATE learn_copy.address;
CALL spindle_fill_schema('learned', 'learn_copy', report => false);
SELECT count(DISTINCT city) = (SELECT count(DISTINCT city) FROM address) AS towns, bool_and(city LIKE 'Planted%town') AS are_carried FROM learn_copy.address;
-- no combination stands in the definition that fewer than k rows have, also if there are too few of them to be mixed
CREATE TABLE rare (id int PRIMARY KEY, state text NOT NULL, grade text NOT NULL);
INSERT INTO rare SELECT i, (ARRAY['red', 'green', 'blue'])[1 + i % 3], (ARRAY['a', 'b', 'c'])[CASE WHEN i % 198 = 0 THEN 3 ELSE 1 + i % 3 END] FROM generate_series(1, 3000) i;
CREATE TABLE mixed (LIKE rare);
INSERT INTO mixed SELECT i, 's' || s, 'g' || (2 * s + CASE WHEN i % 12 = 0 THEN 3 + i / 12 % 3 ELSE i % 2 END) % 12 FROM (SELECT i, i * 7919 % 10007 % 6 AS s FROM generate_series(1, 3000) i) g;
ANALYZE rare, mixed;
SELECT spindle_learn('{learn_together}', '{rare,mixed}', read => 'data')::jsonb AS definition \gset
CREATE TEMPORARY TABLE met AS SELECT 'rare' AS name, state, grade, count(*) AS n FROM rare GROUP BY 2, 3 UNION ALL SELECT 'mixed', state, grade, count(*) FROM mixed GROUP BY 2, 3;
SELECT name, sum(n) FILTER (WHERE n < 20) AS rare_rows, count(t) > 0 AS told, count(t) FILTER (WHERE n < 20) AS rare_told
FROM met LEFT JOIN jsonb_path_query(:'definition', '$.tables.*.columns.*.rule.tuples[*]') t ON t @> to_jsonb(ARRAY[state, grade]) GROUP BY 1 ORDER BY 1;
SELECT column_name, rule, note FROM spindle_learn_report(:'definition') WHERE table_name IN ('rare', 'mixed') AND note IS NOT NULL;
-- of sensitive columns stand no constants either, and none at all with nothing carried
CREATE TABLE head (id int PRIMARY KEY, wage int, level int);
INSERT INTO head SELECT i, CASE WHEN i % 5 > 0 THEN 100 + i * 7919 % 1007 END, CASE WHEN i % 5 > 0 THEN 100 + i * 7907 % 1009 END FROM generate_series(1, 500) i;
CREATE TABLE worker (id int PRIMARY KEY, head_id int NOT NULL REFERENCES head, wage int, level int, net int NOT NULL, salary numeric(12,2) NOT NULL, bonus numeric(12,2) NOT NULL, share numeric(12,2) NOT NULL);
INSERT INTO worker SELECT i, h.id, coalesce(h.wage, 47112), coalesce(h.level, 47113), n, n * 1.2345, n * 0.4711, n * CASE WHEN i % 3 = 0 THEN 0.3137 ELSE 0.7123 END
FROM (SELECT i, 1000 + i * 7919 % 10007 AS n FROM generate_series(1, 3000) i) g JOIN head h ON h.id = 1 + i % 500;
ANALYZE head, worker;
SELECT carry, sensitive, bool_or(d ~ '47112') AS wage, bool_or(d ~ '47113') AS level, bool_or(d ~ '1\.2345|[*] 0\.81') AS salary, bool_or(d ~ '0\.4711|2\.1227') AS bonus, bool_or(d ~ '0\.3137') AS share
FROM (VALUES ('safe', '{}'::text[]), ('safe', '{bonus,share}'), ('none', '{}')) v (carry, sensitive), LATERAL (SELECT spindle_learn('{learn_together}', '{head,worker}', read => 'data', carry => carry, sensitive => sensitive)::text AS d) l
GROUP BY 1, 2 ORDER BY 1 DESC, 2;
SELECT spindle_drop_domain('learned');
DROP SCHEMA learn_together, learn_copy CASCADE;
