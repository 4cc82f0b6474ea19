--
-- Texts: what they are made of, how long they are, and that keys differ.
--
CREATE SCHEMA texts;
SET search_path = texts, public;

-- A definition becomes a domain of a directory of its own, beside the server's data.
CREATE FUNCTION install(name text, definition text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('COPY (SELECT %L) TO PROGRAM %L (FORMAT csv, QUOTE E''\x01'', DELIMITER E''\x02'')',
    regexp_replace(definition, '\s+', ' ', 'g'), format('mkdir -p texts_test && cat > texts_test/%s.json', name));
END
$$;
CREATE FUNCTION report(definition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; detail text;
BEGIN
  PERFORM spindle_check_domain(definition);
  RETURN 'valid';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL;
  RETURN concat_ws(' | ', state, detail);
END
$$;
DO $$ BEGIN EXECUTE format('SET spindle.domain_directory = %L', current_setting('data_directory') || '/texts_test'); END $$;

--
-- Pieces of patterns.
--
SELECT install('pieces', '{"spindle": 1, "description": "pieces", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"a": 3000}},
  "tables": {
    "a": {"key": "k", "rows": {"kind": "preset"}, "columns": {
      "k": {"type": "varchar(9)", "rule": {"kind": "pattern", "pattern": "K-{id:3}"}},
      "n": {"type": "integer", "rule": {"kind": "sequence"}},
      "long": {"type": "text", "rule": {"kind": "pattern", "pattern": "{id:20}"}},
      "hex": {"type": "text", "rule": {"kind": "pattern", "pattern": "{random_hex:40}"}},
      "digits": {"type": "text", "rule": {"kind": "pattern", "pattern": "{random_digits:3-8}"}},
      "mixed": {"type": "text", "rule": {"kind": "pattern", "pattern": "{random_letters:1-2}{random_alnum:5-5}-{random_hex:1-100}"}},
      "braces": {"type": "text", "rule": {"kind": "pattern", "pattern": "{{\"n\": {n}, \"o\": {{{n}}}}}"}},
      "brace": {"type": "text", "rule": {"kind": "pattern", "pattern": "}}{n}}"}}}},
    "b": {"key": "bk", "rows": {"kind": "children", "of": "a", "ratio": 3}, "columns": {
      "bk": {"type": "text", "rule": {"kind": "pattern", "pattern": "{random_hex:1-3}.{id:5}"}},
      "parent_k": {"type": "varchar(9)", "rule": {"kind": "parent"}},
      "s": {"type": "text", "rule": {"kind": "pattern", "pattern": "{sibling}/{sibling:3}"}},
      "n": {"type": "integer", "rule": {"kind": "sequence"}}}},
    "c": {"rows": {"kind": "fixed", "count": 3}, "columns": {
      "id": {"type": "integer", "rule": {"kind": "sequence"}}, "sibling": {"type": "text", "rule": {"kind": "constant", "value": "sis"}},
      "of_column": {"type": "text", "rule": {"kind": "pattern", "pattern": "{id:6}{sibling}"}}}}}}');
IMPORT FOREIGN SCHEMA pieces FROM SERVER spindle INTO texts;
SELECT count(DISTINCT k), bool_and(k ~ '^K-[0-9A-Z]{3}$'), count(DISTINCT long), bool_and(long ~ '^[0-9A-Z]{20}$'), count(DISTINCT left(long, 9)) > 2990 AS random_front FROM a;
SELECT bool_and(hex ~ '^[0-9a-f]{40}$'), bool_and(digits ~ '^[0-9]{3,8}$'), count(DISTINCT length(digits)), min(length(mixed)), max(length(mixed)) > 100, bool_and(mixed ~ '^[A-Z]{1,2}[0-9A-Z]{5}-[0-9a-f]{1,100}$') FROM a;
SELECT sum((c - 500) ^ 2 / 500) < 25 AS alike FROM (SELECT count(*) AS c FROM a GROUP BY length(digits)) s; -- 5 degrees of freedom
SELECT braces, brace FROM a WHERE n = 7;
SELECT count(*), count(DISTINCT bk), bool_and(bk ~ '^[0-9a-f]{1,3}\.[0-9A-Z]{5}$') FROM b;
SELECT array_agg(of_column) FROM c;
SELECT bool_and(s = number || '/' || to_char(number, 'FM000')) FROM (SELECT s, row_number() OVER (PARTITION BY parent_k ORDER BY n) AS number FROM b) s;
SELECT count(*) FROM b JOIN a ON k = parent_k;
SELECT column_name, rule FROM spindle_columns('pieces', 'a') UNION ALL SELECT column_name, rule FROM spindle_columns('pieces', 'b') ORDER BY 1;
-- the same at any row
SELECT bool_and(p = (SELECT k FROM spindle_rows('pieces', 'a', 'small', 42, n - 1, 1) AS r (k varchar, n int, long text, hex text, digits text, mixed text, braces text, brace text))) FROM (SELECT k AS p, n FROM a WHERE n % 97 = 0) s;
SELECT md5(string_agg(a::text, ',' ORDER BY n)) FROM a;
SELECT p, report(replace(definition, 'PATTERN', p)) FROM (SELECT '{"spindle": 1, "description": "x", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"r": 10}, "big": {"r": 40000}},
  "tables": {"r": {"key": "k", "rows": {"kind": "preset"}, "columns": {
    "k": {"type": "varchar(10)", "rule": {"kind": "pattern", "pattern": "PATTERN"}}, "w": {"type": "text", "rule": {"kind": "constant", "value": "x"}}, "n": {"type": "integer", "rule": {"kind": "sequence"}}}}}}' AS definition) b,
  unnest(ARRAY['{id:4}', '{id:2}', '{id:2}-{row}', '{id}', '{id:0}', '{id:101}', '{id:3-4}', '{id:11}', '{n}-{id:4}', '{n}{id:4}', '{id:4}{n}', '{w}{id:4}', '{random_digits:1-3}{id:4}', '{random_digits:1-3}{id:4}{random_digits:1-3}', '{sibling}{id:4}', '{random_hex}', '{random_hex:5-3}', '{random_hex:5-}', '{random_hex:5-101}', '{random_hex:-5}', '{random_hex:5-6-7}', '{row:1-5}', '{{{row:5}', '{{', '{{}', '{{{', '{']) p;

--
-- Texts lead back to their rows: what a look-up finds is what the scan finds.
--
SELECT install('found', '{"spindle": 1, "description": "found", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"a": 1500}},
  "tables": {
    "a": {"key": "code", "rows": {"kind": "preset"}, "columns": {
      "code": {"type": "varchar(12)", "rule": {"kind": "pattern", "pattern": "CUST-{row:6}"}},
      "short": {"type": "text", "rule": {"kind": "pattern", "pattern": "é{random_letters:1-3}{row:2}-{random_digits:1-3}"}},
      "behind": {"type": "text", "rule": {"kind": "pattern", "pattern": "{random_hex:1-9}/{row}é"}},
      "ident": {"type": "text", "rule": {"kind": "pattern", "pattern": "€{id:3}{word}"}},
      "long": {"type": "varchar(25)", "rule": {"kind": "pattern", "pattern": "{word|upper}.{id:13}"}},
      "word": {"type": "text", "rule": {"kind": "weighted", "weights": {"x": 1, "yy": 1, "é": 1}}},
      "unread": {"type": "text", "rule": {"kind": "pattern", "pattern": "{random_digits:1-3}{row}"}},
      "padded": {"type": "char(12)", "rule": {"kind": "pattern", "pattern": "CUST-{row:6}"}},
      "holes": {"type": "text", "null": 0.5, "rule": {"kind": "pattern", "pattern": "{row}"}},
      "maybe": {"type": "text", "nullable": true, "rule": {"kind": "pattern", "pattern": "{row}/{hole}"}},
      "hole": {"type": "text", "null": 0.5, "rule": {"kind": "constant", "value": "h"}}}},
    "b": {"rows": {"kind": "children", "of": "a", "ratio": 3}, "columns": {
      "code": {"type": "varchar(12)", "rule": {"kind": "parent"}},
      "ident": {"type": "text", "rule": {"kind": "copy", "column": "code.ident"}},
      "same": {"type": "text", "rule": {"kind": "copy", "column": "own"}},
      "own": {"type": "text", "rule": {"kind": "pattern", "pattern": "{row}"}}}},
    "c": {"rows": {"kind": "children", "of": "b", "ratio": 2}, "columns": {
      "b": {"type": "row", "hidden": true, "rule": {"kind": "parent"}},
      "code": {"type": "text", "rule": {"kind": "copy", "column": "b.code"}}}}}}');
CREATE SCHEMA found;
IMPORT FOREIGN SCHEMA found FROM SERVER spindle INTO found;
SET search_path = found, texts, public;
CREATE TABLE texts.stored_a AS SELECT * FROM a;
CREATE TABLE texts.stored_b AS SELECT * FROM b;
CREATE TABLE texts.stored_c AS SELECT * FROM c;
CREATE FUNCTION texts.found_by(condition text, relation text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text; result text := 'all rows';
BEGIN
  FOR line IN EXECUTE format('EXPLAIN (COSTS off) SELECT * FROM %s WHERE %s', relation, condition) LOOP
    IF line LIKE '%Rows Found By%' THEN result := trim(line); END IF;
  END LOOP;
  RETURN result;
END
$$;
SELECT t, c, found_by(format('%I = $x$CUST-000042$x$', c), t) FROM (VALUES ('a', 'code'), ('a', 'short'), ('a', 'behind'), ('a', 'ident'), ('a', 'long'), ('a', 'maybe'), ('a', 'unread'),
  ('a', 'padded'), ('a', 'holes'), ('b', 'code'), ('b', 'ident'), ('b', 'same'), ('b', 'own'), ('c', 'code')) v (t, c);
SELECT c, found_by(c, 'a') FROM unnest(ARRAY['code IN (''CUST-000042'', ''CUST-000001'', NULL)', '''CUST-000042'' = code', 'code < ''CUST-000042''', 'code <> ''CUST-000042''', 'code = ''CUST-000042''::name', 'code = ''CUST-000042''::char(20)',
  'code LIKE ''CUST-000042''', 'code COLLATE "C" = ''CUST-000042''', 'lower(code) = ''x''']) c;
SELECT code, short, behind, ident, long FROM a WHERE code = 'CUST-000042';
SELECT code FROM a WHERE code = ANY (ARRAY['CUST-000042', 'CUST-000007', NULL, 'CUST-000042', 'none']);
-- each text leads to its row, and malformed ones to none
CREATE FUNCTION texts.mismatches(t text, c text, OUT asked bigint, OUT hits bigint, OUT wrong bigint) LANGUAGE plpgsql AS $$
DECLARE
  value text; here text; there text;
BEGIN
  asked := 0; hits := 0; wrong := 0;
  FOR value IN EXECUTE format($q$SELECT DISTINCT v FROM (SELECT %1$I::text AS k FROM stored_%2$s ORDER BY 1 LIMIT 20) s,
      unnest(ARRAY[k, k || ' ', ' ' || k, k || '0', '0' || k, left(k, -1), right(k, -1), lower(k), upper(k), k || k, reverse(k), replace(k, '0', 'O'), translate(k, '123', '312'), replace(k, 'é', 'e'), overlay(k placing 'é' FROM 3 FOR 1)]) v
      UNION ALL SELECT unnest(ARRAY['', '-', 'é', '€', '€é', 'CUST-', 'CUST-000000', 'CUST-001501', 'CUST--00042', 'CUST-+00042', 'CUST-00004 ', '0', '00', '1', '-1', '+1', repeat('9', 40), repeat('0', 99) || '1', repeat('Z', 13), 'X.' || repeat('Z', 13), '€ZZZx', NULL])$q$, c, t) LOOP
    EXECUTE format('SELECT array_agg(x::text ORDER BY x::text)::text FROM %I x WHERE %I = $1', t, c) USING value INTO here;
    EXECUTE format('SELECT array_agg(x::text ORDER BY x::text)::text FROM stored_%s x WHERE %I = $1', t, c) USING value INTO there;
    asked := asked + 1;
    hits := hits + (here IS NOT NULL)::int;
    wrong := wrong + (here IS DISTINCT FROM there)::int;
  END LOOP;
END
$$;
SELECT t, c, hits > 2 AS found, asked > 40 AS asked, wrong FROM (VALUES ('a', 'code'), ('a', 'short'), ('a', 'behind'), ('a', 'ident'), ('a', 'long'), ('a', 'maybe'), ('b', 'code'), ('b', 'ident'), ('b', 'same'), ('c', 'code')) v (t, c), mismatches(t, c);
-- all rows, by joins that look them up one by one
SET enable_hashjoin = off;
SET enable_mergejoin = off;
EXPLAIN (COSTS off) SELECT * FROM stored_a s JOIN a ON a.code = s.code;
SELECT count(*), bool_and(a::text = s::text) FROM stored_a s JOIN a ON a.code = s.code;
SELECT count(*), bool_and(a::text = s::text) FROM stored_a s JOIN a ON a.short = s.short;
SELECT count(*), bool_and(a::text = s::text) FROM stored_a s JOIN a ON a.behind = s.behind;
SELECT count(*), bool_and(a::text = s::text) FROM stored_a s JOIN a ON a.ident = s.ident;
SELECT count(*), bool_and(a::text = s::text) FROM stored_a s JOIN a ON a.long = s.long;
SELECT count(*) = (SELECT count(*) FROM stored_b) AS b FROM stored_a s JOIN b ON b.ident = s.ident;
SELECT count(*) = (SELECT count(*) FROM stored_c) AS c FROM stored_a s JOIN c ON c.code = s.code;
RESET enable_hashjoin;
RESET enable_mergejoin;
-- under a collation by which different texts are equal, all rows are compared
CREATE COLLATION texts.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT found_by('code = ''cust-000042'' COLLATE any_case', 'a');
SELECT code FROM a WHERE code = 'cust-000042' COLLATE any_case;
SET search_path = texts, public;

--
-- Words.
--
SELECT install('words', '{"spindle": 1, "description": "words", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"w": 2000}},
  "tables": {"w": {"rows": {"kind": "preset"}, "columns": {
    "n": {"type": "integer", "rule": {"kind": "sequence"}},
    "plain": {"type": "text", "rule": {"kind": "words", "count": {"distribution": "uniform", "min": 3, "max": 6}}},
    "prose": {"type": "varchar(40)", "rule": {"kind": "words", "count": {"distribution": "normal", "mean": 8, "sd": 4}, "capital": true, "full_stop": true}},
    "short": {"type": "varchar(3)", "rule": {"kind": "words", "set": "surnames", "field": "name", "count": {"distribution": "uniform", "min": 1, "max": 3}, "full_stop": true}},
    "few": {"type": "text", "rule": {"kind": "words", "set": "street_suffixes", "field": "name", "count": {"distribution": "uniform", "min": 9, "max": 12}, "distinct": true}},
    "much": {"type": "text", "rule": {"kind": "words", "count": {"distribution": "uniform", "min": 1e9, "max": 1e10}}},
    "none": {"type": "text", "rule": {"kind": "words", "count": {"distribution": "uniform", "min": -5, "max": 0}}}}}}}');
IMPORT FOREIGN SCHEMA words FROM SERVER spindle INTO texts;
CREATE FUNCTION words(t text) RETURNS text[] LANGUAGE sql AS $$SELECT string_to_array(t, ' ')$$;
SELECT n, plain, prose, short FROM w WHERE n <= 5;
SELECT array_agg(k ORDER BY k), sum((c - 500) ^ 2 / 500) < 21 AS alike FROM (SELECT cardinality(words(plain)) AS k, count(*) AS c FROM w GROUP BY 1) s; -- 3 degrees of freedom
-- all the words there are, those more often that weigh more
SELECT count(DISTINCT word), sum((word = 'the')::int) BETWEEN 2 * sum((word = 'upon')::int) AND 90 * sum((word = 'upon')::int) AS weighted FROM w, unnest(words(plain)) word;
-- whole words up to the length
SELECT max(length(prose)), bool_and(prose ~ '^[A-Z][a-z]*( [a-z]+)*\.$'), count(DISTINCT cardinality(words(prose))) > 5 AS many FROM w;
SELECT max(length(short)), min(length(short)) FROM w;
SELECT bool_and(cardinality(words(few)) = (SELECT count(DISTINCT x) FROM unnest(words(few)) x)), array_agg(DISTINCT cardinality(words(few))) FROM w;
SELECT max(length(much)) BETWEEN 3000 AND 10000, array_agg(DISTINCT cardinality(words(much))), array_agg(DISTINCT cardinality(words(none))) FROM w WHERE n <= 50;
SELECT md5(string_agg(w::text, ',' ORDER BY n)) FROM w;
SELECT column_name, rule FROM spindle_columns('words', 'w');
SELECT m, report(replace(definition, 'MEMBERS', m)) FROM (SELECT '{"spindle": 1, "description": "x", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"r": 10}},
  "tables": {"r": {"rows": {"kind": "preset"}, "columns": {"w": {"type": "text", "rule": {"kind": "words"MEMBERS}}}}}}' AS definition) b,
  unnest(ARRAY['', ', "count": 5', ', "count": {"distribution": "uniform", "min": 1}', ', "set": "none", "count": {"distribution": "poisson", "mean": 3}', ', "field": "none", "count": {"distribution": "poisson", "mean": 3}', ', "field": "weight", "count": {"distribution": "poisson", "mean": 3}', ', "set": 5, "count": {"distribution": "poisson", "mean": 3}', ', "count": {"distribution": "poisson", "mean": 3}, "capital": 1', ', "count": {"distribution": "poisson", "mean": 3}']) m;

--
-- Shapes and regular expressions: texts match what they are made by, in full, and all of it occurs.
--
CREATE TABLE expression (n serial, expression text, is_same boolean);
INSERT INTO expression (expression) VALUES
('abc'), ('[a-c]{3}'), ('a|b|c'), ('(foo|ba[rz])+'), ('\d{3}-\d{4}'), ('^[A-Z]{2}[0-9]{6,8}$'), ('^a$|^b{2}$'), ('x*y?z{2,}'), ('(a(b(c|d){2}){1,2}e?){0,2}'), ('[^a-y0-9 ]{5}'), ('[]a-]{4}'), ('\w+@\w+\.(com|org)'),
('\(\+\d{1,3}\) \d{6}'), ('.{10}'), ('[[:upper:]][[:lower:]]{2,5}'), ('(?:ab|cd){3}'), ('\D\W\S'), ('[\d\-x]{8}'), ('é[a-z]€'), (''), ('()'), ('(a|)'), ('a{0}'), ('((a{0}){200}){200}b'), ('[\^\]\\]{3}'), ('a\|b');
SELECT install('shapes', '{"spindle": 1, "description": "shapes", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"s": 2000}},
  "tables": {"s": {"rows": {"kind": "preset"}, "columns": {
    "n": {"type": "integer", "rule": {"kind": "sequence"}},
    "name": {"type": "varchar(25)", "rule": {"kind": "shape", "shapes": {"Aa{4,9} Aa{5,12}": 3, "Aa{3}-A.": 1}}},
    "code": {"type": "text", "rule": {"kind": "shape", "shapes": {"9{3}-9{4}": 1, "hex{8}": 1, "HEX{2}\\H\\{x{3}X{3}\\}": 2, "é{2}9": 0}}},
    "filled": {"type": "varchar(60)", "rule": {"kind": "shape", "shapes": {"A9{*}-a{2}": 1, "a": 1}, "length": {"distribution": "uniform", "min": 0, "max": 90}}}'
  || string_agg(format(', "r%s": {"type": "varchar(100)", "rule": {"kind": "regex", "expression": %s}}', n, to_json(expression)), '' ORDER BY n) || '}}}}') FROM expression;
IMPORT FOREIGN SCHEMA shapes FROM SERVER spindle INTO texts;
SELECT string_agg(format('SELECT %1$s AS n, count(*) FILTER (WHERE r%1$s !~ (''^('' || expression || '')$'')) AS wrong, count(DISTINCT r%1$s) AS different, min(r%1$s COLLATE "C") AS example FROM s, expression WHERE expression.n = %1$s', n), ' UNION ALL ' ORDER BY n) AS query FROM expression \gset
SELECT expression, wrong, different, example FROM (:query) q JOIN expression USING (n) ORDER BY n;
-- alternatives, numbers and characters are each as likely
SELECT sum((c - 2000 / 3.0) ^ 2 / (2000 / 3.0)) < 20 AS alike FROM (SELECT count(*) AS c FROM s GROUP BY r3) q;
SELECT sum((c - 2000 / 27.0) ^ 2 / (2000 / 27.0)) < 70 AS alike FROM (SELECT count(*) AS c FROM s GROUP BY r2) q;
SELECT bool_and(name ~ '^[A-Z][a-z]{4,9} [A-Z][a-z]{5,12}$|^[A-Z][a-z]{3}-[A-Z]\.$'), abs(avg((name ~ '-')::int) - 0.25) < 5 * sqrt(0.1875 / 2000) AS share, max(length(name)) FROM s;
SELECT bool_and(code ~ '^[0-9]{3}-[0-9]{4}$|^[0-9a-f]{8}$|^[0-9A-F]{2}H\{[0-9a-z]{3}[0-9A-Z]{3}\}$'), abs(avg((code ~ 'H')::int) - 0.5) < 5 * sqrt(0.25 / 2000) AS share FROM s;
SELECT bool_and(filled ~ '^[A-Z][0-9]*-[a-z]{2}$|^[a-z]$'), min(length(filled)), max(length(filled)), count(DISTINCT length(filled)) FROM s;
SELECT column_name, rule FROM spindle_columns('shapes', 's') WHERE column_name IN ('name', 'filled', 'r6');
SELECT md5(string_agg(s::text, ',' ORDER BY n)) FROM s;
CREATE TABLE shape_base AS SELECT '{"spindle": 1, "description": "x", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"r": 10}},
  "tables": {"r": {"rows": {"kind": "preset"}, "columns": {"w": {"type": "varchar(50)", "rule": RULE}}}}}' AS definition;
SELECT left(e, 45) AS e, left(report(replace(definition, 'RULE', format('{"kind": "regex", "expression": %s}', to_json(e)))), 150) AS report FROM shape_base,
  unnest(ARRAY['a**', 'a{2}?', '*a', '(a', 'a)', '[a', '[', '[]', '[b-a]', '[^\w\W]', '\1', '(?=a)', '(?!a)', '\ba', 'a^b', '(^a)', 'a$b', '{3}', 'a{', 'a{x}', 'a{3', 'a{5,3}', 'a{1001}', 'a{99999999999}', 'a{51}', '(a{10}){6}', '[[:print:]]', '[é]', 'a\', '\n', '[a\d-z]', repeat('(', 21) || repeat(')', 21), repeat('a', 10001), '(a+)+']) e;
SELECT s, report(replace(definition, 'RULE', format('{"kind": "shape", "shapes": %s}', s))) FROM shape_base,
  unnest(ARRAY['{}', '{"A": 0}', '{"A": "x"}', '{"A": -1}', '{"b": 1}', '{"8": 1}', '{"A{": 1}', '{"A{*}": 1}', '{"{3}": 1}', '{"A{3}}": 1}', '{"\\": 1}', '{"A{60}": 1}', '{"": 1}', '[]', '{"A": 1}, "length": 5', '{"A{*}9{*}": 1}, "length": {"distribution": "uniform", "min": 1, "max": 9}', '{"A{*}9{1,2}": 1}, "length": {"distribution": "uniform", "min": 1, "max": 9}', '{"-{*}": 1}, "length": {"distribution": "uniform", "min": 1, "max": 9}']) s;

--
-- Values that follow from others: keyed_by, and tuples.
--
SELECT install('keyed', '{"spindle": 1, "description": "keyed", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"k": 3000}},
  "tables": {
    "k": {"key": "n", "rows": {"kind": "preset"}, "columns": {
      "n": {"type": "integer", "rule": {"kind": "sequence"}},
      "city": {"type": "text", "null": 0.1, "rule": {"kind": "weighted", "weights": {"Aachen": 5, "Bonn": 3, "Celle": 1}}},
      "copied": {"type": "text", "nullable": true, "rule": {"kind": "pattern", "pattern": "{city}"}},
      "level": {"type": "smallint", "rule": {"kind": "uniform", "min": 1, "max": 40}},
      "f": {"type": "double precision", "rule": {"kind": "uniform", "min": -1, "max": 1, "round": 1}},
      "zip": {"type": "text", "rule": {"kind": "pattern", "pattern": "{random_digits:5}", "keyed_by": ["city"]}},
      "zip_copied": {"type": "text", "rule": {"kind": "pattern", "pattern": "{random_digits:5}", "keyed_by": ["copied"]}},
      "name": {"type": "text", "rule": {"kind": "data", "set": "surnames", "field": "name", "keyed_by": ["level"]}},
      "price": {"type": "numeric(8,2)", "rule": {"kind": "lognormal", "mu": 3, "sigma": 1, "keyed_by": ["level", "city"]}},
      "word": {"type": "text", "rule": {"kind": "words", "count": {"distribution": "uniform", "min": 3, "max": 9}, "keyed_by": ["f"]}},
      "hex": {"type": "text", "null": 0.2, "rule": {"kind": "regex", "expression": "[a-f]{8}", "keyed_by": ["level"]}},
      "kind": {"type": "text", "rule": {"kind": "case", "cases": [{"when": {"column": "level", "less": 20}, "then": {"kind": "weighted", "weights": {"x": 1, "y": 1}, "keyed_by": ["level"]}}], "else": {"kind": "constant", "value": "z"}}},
      "size": {"type": "text", "rule": {"kind": "joint", "columns": ["size", "weight_kg", "fragile"], "tuples": [["S", 1.5, true, 6], ["S", 2, false, 1], ["L", null, false, 3]]}},
      "fragile": {"type": "boolean", "rule": {"kind": "joint", "with": "size"}},
      "weight_kg": {"type": "numeric(6,2)", "nullable": true, "rule": {"kind": "joint", "with": "size"}}}},
    "child": {"rows": {"kind": "children", "of": "k", "ratio": 2}, "columns": {
      "k_n": {"type": "integer", "rule": {"kind": "parent"}},
      "of_city": {"type": "smallint", "rule": {"kind": "zipf", "exponent": 1, "max": 20, "keyed_by": ["k_n.city"]}}}}}}');
IMPORT FOREIGN SCHEMA keyed FROM SERVER spindle INTO texts;
SELECT count(DISTINCT (city, zip)), count(DISTINCT zip), bool_and(zip ~ '^[0-9]{5}$'), count(DISTINCT (city, zip_copied)) FROM k;
SELECT count(DISTINCT (level, name)), count(DISTINCT name) > 30 AS many, count(DISTINCT (level, city, price)), count(DISTINCT (level, city)), count(DISTINCT price) > 140 AS many FROM k;
SELECT count(DISTINCT (f, word)) = count(DISTINCT f) AS by_f, count(DISTINCT (level, hex)) FILTER (WHERE hex IS NOT NULL), abs(avg((hex IS NULL)::int) - 0.2) < 5 * sqrt(0.16 / 3000) AS nulls, count(DISTINCT (level, kind)), count(DISTINCT kind) FROM k;
SELECT count(DISTINCT (city, of_city)), count(DISTINCT of_city) FROM child JOIN k ON n = k_n;
SELECT size, weight_kg, fragile, abs(count(*) - 300 * w) < 5 * sqrt(3000 * w / 10 * (1 - w / 10)) AS share FROM k JOIN (VALUES ('S', true, 6.0), ('S', false, 1), ('L', false, 3)) v (s, is_f, w) ON (s, is_f) = (size, fragile) GROUP BY size, weight_kg, fragile, w ORDER BY 1, 2;
SELECT md5(string_agg(k::text, ',' ORDER BY n)) FROM k;
-- any slice, and the rows of a scan with other columns, are the same
SELECT bool_and(zip = (SELECT r.zip FROM spindle_rows('keyed', 'k', 'small', 42, n - 1, 1) AS r (n int, city text, copied text, level int2, f float8, zip text, zip_copied text, name text, price numeric(8,2), word text, hex text, kind text, size text, fragile bool, weight_kg numeric(6,2)))) FROM k WHERE n % 101 = 0;
SELECT column_name, rule FROM spindle_columns('keyed', 'k') WHERE column_name IN ('zip', 'price', 'size', 'fragile');
SELECT r, report(replace(definition, 'RULE', r)) FROM (SELECT '{"spindle": 1, "description": "x", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"r": 10}},
  "tables": {"r": {"rows": {"kind": "preset"}, "columns": {"a": {"type": "text", "rule": {"kind": "constant", "value": "x"}}, "w": {"type": "text", "rule": {RULE}}}}}}' AS definition) b,
  unnest(ARRAY['"kind": "weighted", "weights": {"a": 1}, "keyed_by": []', '"kind": "weighted", "weights": {"a": 1}, "keyed_by": "a"', '"kind": "weighted", "weights": {"a": 1}, "keyed_by": ["q"]', '"kind": "weighted", "weights": {"a": 1}, "keyed_by": ["w"]', '"kind": "weighted", "weights": {"a": 1}, "keyed_by": ["a.b"]',
    '"kind": "pattern", "pattern": "{row}", "keyed_by": ["a"]', '"kind": "pattern", "pattern": "{a}", "keyed_by": ["a"]', '"kind": "pattern", "pattern": "{id:5}", "keyed_by": ["a"]', '"kind": "data", "set": "surnames", "field": "name", "match": {"field": "name", "column": "a"}, "keyed_by": ["a"]', '"kind": "constant", "value": "x", "keyed_by": ["a"]',
    '"kind": "joint"', '"kind": "joint", "columns": []', '"kind": "joint", "columns": ["a"], "tuples": [["x", 1]]', '"kind": "joint", "columns": ["w"], "tuples": []', '"kind": "joint", "columns": ["w"], "tuples": [["x"]]', '"kind": "joint", "columns": ["w"], "tuples": [["x", 0]]', '"kind": "joint", "columns": ["w", "q"], "tuples": [["x", 1, 1]]', '"kind": "joint", "with": "a"', '"kind": "joint", "with": "w"', '"kind": "joint", "with": "w", "columns": ["w"]', '"kind": "joint", "columns": ["w"], "tuples": [[null, 1]]',
    '"kind": "case", "cases": [], "else": {}', '"kind": "joint", "columns": ["w"], "tuples": [["x", 1]]']) r;

-- The places of a pool are not those of children among others, also in a document.
SELECT r, report(replace(definition, 'RULE', r)) FROM (SELECT '{"spindle": 1, "description": "x", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"p": 10}},
  "tables": {"p": {"key": "id", "rows": {"kind": "preset"}, "columns": {"id": {"type": "integer", "rule": {"kind": "sequence"}}}},
    "c": {"rows": {"kind": "children", "of": "p", "ratio": 2}, "columns": {"w": {"type": "text", "rule": {"kind": "pool", "size": 100000, "rule": RULE}}}}}}' AS definition) b,
  unnest(ARRAY['{"kind": "pattern", "pattern": "{sibling}"}',
    '{"kind": "object", "members": {"m": {"type": "text", "rule": {"kind": "pattern", "pattern": "x{sibling:3}"}}}}',
    '{"kind": "pattern", "pattern": "{row}"}']) r;

COPY (SELECT) TO PROGRAM 'cat; rm -r texts_test';
SET client_min_messages = warning;
DROP SCHEMA found CASCADE;
DROP SCHEMA texts CASCADE;
