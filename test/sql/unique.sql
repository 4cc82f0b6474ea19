--
-- Rules whose values differ, and numbers of a given shape: what they promise holds
-- for whole tables, and rows are the same however they are read.
--
CREATE SCHEMA unique_rules;
SET search_path = unique_rules, public;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
\getenv abs_srcdir PG_ABS_SRCDIR
\set domains :abs_srcdir '/data'
SET spindle.domain_directory = :'domains';
IMPORT FOREIGN SCHEMA unique_rules FROM SERVER spindle INTO unique_rules;
CREATE TABLE f AS SELECT * FROM favourite;
CREATE TABLE p AS SELECT * FROM product;

-- in words
SELECT DISTINCT ON (split_part(rule, ' ', 1), position('differ' IN rule) > 0) table_name, column_name, rule
FROM spindle_tables('unique_rules') t, spindle_columns('unique_rules', t.table_name)
ORDER BY split_part(rule, ' ', 1), position('differ' IN rule) > 0, table_name, ordinal_position;

-- permuted: each number once, in no order, within the limits
SELECT count(*), count(DISTINCT id), min(id), max(id), bool_and((id - 1000000) % 7 = 0) AS steps,
  count(DISTINCT dense) AS dense, min(dense), max(dense), abs(corr(dense, id)) < 0.1 AS mixed,
  count(DISTINCT sparse) AS sparse, min(sparse) < -9e16 AND max(sparse) > 9e16 AS wide FROM p;
SELECT count(*), count(DISTINCT id), bool_and(id BETWEEN 100 AND 999 AND id % 3 = 1) FROM brand;
SELECT count(*), count(DISTINCT batch), bool_and((batch = 0) = (dense >= 100)) FROM p;
-- references to such keys lead back
SELECT count(*), count(b.id) FROM p LEFT JOIN brand b ON b.id = brand_id;
SELECT count(*), count(p.id), count(*) FILTER (WHERE p.price IS DISTINCT FROM f.price) FROM f LEFT JOIN p ON p.id = product_id;

-- distinct: no choice twice, by the parent or by the table
SELECT count(*), count(DISTINCT (customer_id, product_id)) AS product, count(DISTINCT (customer_id, popular_id)) AS popular,
  count(DISTINCT (customer_id, brand_id)) AS brand, count(DISTINCT (customer_id, kind_a)) AS kind_a,
  count(DISTINCT (customer_id, colour)) AS colour, count(DISTINCT (customer_id, even)) AS even, count(DISTINCT (customer_id, word)) AS word,
  count(DISTINCT (customer_id, popular_brand)) FILTER (WHERE popular_brand IS NOT NULL) = count(popular_brand) AS popular_brand FROM f;
SELECT count(*) FROM f JOIN brand ON brand.id = kind_a WHERE kind <> 'a';
SELECT count(*), count(DISTINCT seat), count(DISTINCT skewed_seat) FROM customer;
SELECT count(*), count(DISTINCT customer_id) FROM account;
SELECT count(*), count(DISTINCT name), count(DISTINCT (again, price)), count(DISTINCT price) FROM thing;
SELECT count(*), count(DISTINCT (thing, name)) FROM (SELECT *, sum((number = 1)::int) OVER (ORDER BY id) AS thing FROM part) x;

-- even choices are even: chi-square of the entries below that of one draw in 10^4
SELECT sum((n - m) ^ 2 / m) < 39 AS even FROM (SELECT count(*) AS n, 5000 / 15.0 AS m FROM f GROUP BY even) x;
SELECT sum((n - m) ^ 2 / m) < 86 AS brand FROM (SELECT count(*) AS n, 5000 / 40.0 AS m FROM f GROUP BY brand_id) x;
-- and do not depend on the place among the children
SELECT sum((n - m) ^ 2 / m) < 160 AS pairs FROM (SELECT count(*) AS n, sum(count(*)) OVER (PARTITION BY number) / 15 AS m
  FROM f WHERE number <= 6 GROUP BY number, even) x;
-- popular ones have their shares, as long as no parent wants more of one than there is
SELECT abs(sum(n) FILTER (WHERE k <= 60) / 5000 - sum(k ^ -0.8) FILTER (WHERE k <= 60) / sum(k ^ -0.8)) < 0.02 AS share
FROM generate_series(1, 300) k LEFT JOIN (SELECT count(*) AS n, row_number() OVER (ORDER BY count(*) DESC) AS k FROM f GROUP BY word) x USING (k);
-- a profile: half of the rows get nothing
SELECT count(DISTINCT profiled) BETWEEN 1100 AND 1700 AS half FROM f;

-- ordinal: from the first child on
SELECT count(*), bool_and(number = r), bool_and(tens = -10 + 10 * (r - 1)) FROM
  (SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY id) AS r FROM f) x;
SELECT count(*) FROM customer c WHERE favourites <> coalesce(last_number, 0)
  OR dearest IS DISTINCT FROM (SELECT max(price) FROM f WHERE customer_id = c.id);

-- thousands of children: totals are those of the rows, the ratio is exact, and no parent has more or less than it may
SELECT count(*), sum(t.n), min(t.n) >= 800 AND max(t.n) <= 2600 AS limits, max(t.n) > min(t.n) AS vary,
  count(*) FILTER (WHERE (t.n, t.sum, t.least, t.mean) IS DISTINCT FROM (e.n, e.sum, e.least, e.mean)) AS differ
FROM tenant t JOIN (SELECT tenant_id, count(*) AS n, max(number) AS last, sum(amount) AS sum, min(amount) AS least, round(avg(amount)) AS mean
  FROM entry GROUP BY 1) e ON tenant_id = id AND last = e.n;
SELECT count(*) FROM (SELECT id, n FROM tenant OFFSET 0) t, LATERAL (SELECT n FROM tenant x WHERE x.id = t.id) y WHERE y.n <> t.n;
-- numbers of children by their quantiles
SELECT sum(n), abs(avg((n = 0)::int) - 0.375) < 0.03 AS none, abs(avg((n > 2)::int) - 0.245) < 0.03 AS many, max(n) <= 50 AS max
FROM (SELECT count(customer_id) AS n FROM customer LEFT JOIN post ON customer_id = id GROUP BY id) x;

-- periods: one behind the other, from the first bound to the last
SELECT count(*), bool_and(starts < ends), bool_and(ends = next), bool_and(opens < closes), bool_and(closes <= next_day) FROM
  (SELECT *, lead(starts) OVER w AS next, lead(opens) OVER w AS next_day FROM f WINDOW w AS (PARTITION BY customer_id ORDER BY id)) x;
SELECT count(*), bool_and(first = since), bool_and(last = '2025-01-01'), bool_and(opens = day),
  bool_and(closes <= day_end OR day_end - day < n), count(*) FILTER (WHERE has_maybe IS DISTINCT FROM (until IS NOT NULL)) FROM
  (SELECT customer_id, min(starts) AS first, max(ends) AS last, min(opens) AS opens, max(closes) AS closes, count(*) AS n,
    bool_or(maybe IS NOT NULL) AS has_maybe FROM f GROUP BY 1) x JOIN customer ON id = customer_id;
SELECT count(*), min(begins), max(done) <= '2025-01-01', bool_and(begins < done), bool_and(done <= next) FROM
  (SELECT *, lead(begins) OVER (ORDER BY begins) AS next FROM stock) x;
SELECT count(*) FROM (SELECT begins, lag(begins) OVER () AS before FROM stock) x WHERE begins <= before;
CREATE TABLE booked (customer_id int, during tstzrange, EXCLUDE USING gist (int8range(customer_id, customer_id, '[]') WITH &&, during WITH &&));
INSERT INTO booked SELECT customer_id, tstzrange(starts, ends) FROM f WHERE customer_id <= 200;

-- grid: combinations that differ
SELECT count(*), count(DISTINCT (product_id, brand_id, size, shelf)), count(DISTINCT slot), count(DISTINCT size), min(shelf), max(shelf) FROM stock;
SELECT sum((n - m) ^ 2 / m) < 86 AS even FROM (SELECT count(*) AS n, 5000 / 40.0 AS m FROM stock GROUP BY brand_id) x;
SELECT count(*) FROM stock s LEFT JOIN brand b ON b.id = brand_id LEFT JOIN product p ON p.id = product_id WHERE b.tag IS DISTINCT FROM s.tag OR p.id IS NULL;

-- pool: so many values, and not more; popular ones as often as said
SELECT count(DISTINCT label), count(DISTINCT code) BETWEEN 200 AND 250 AS codes FROM p;
SELECT abs(sum(n) / 2500 - 0.8) < 0.03 AS share FROM (SELECT count(*) AS n FROM p GROUP BY code ORDER BY 1 DESC LIMIT 50) x;

-- empirical: frequent values have their shares, the rest lies between the quantiles in steps
SELECT abs(avg((price = 9.99)::int) - 0.25) < 0.02 AS frequent, abs(avg((price BETWEEN 1 AND 2)::int) - 0.175) < 0.025 AS first,
  abs(avg((price > 10)::int) - 0.175) < 0.02 AS last, min(price), max(price) <= 100 AS max, bool_and(price = 9.99 OR price % 0.05 = 0) AS steps FROM p;
SELECT min(weight) >= -1 AND max(weight) <= 3 AS limits, abs(avg((weight < 0)::int) - 0.3333) < 0.03 AS third FROM p;
SELECT stars, abs(count(*) / 2500.0 - 0.5) < 0.03 AS half FROM p GROUP BY 1 ORDER BY 1;
SELECT abs(avg((net = price)::int) - 0.5) < 0.05 AS same, bool_and(net BETWEEN price * 0.5 - 0.01 AND price) AS limits FROM p WHERE price > 1;
SELECT min(until - since) >= '10 days' AND max(until - since) <= '400 days' AS limits FROM customer;

-- variants: only the patterns that there are
SELECT pattern, card IS NOT NULL AS card, iban IS NOT NULL AS iban, is_paid, state FROM payment GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5;
SELECT pattern, abs(count(*) / 1000.0 - CASE pattern WHEN 1 THEN 0.6 WHEN 2 THEN 0.3 ELSE 0.1 END) < 0.05 AS share FROM payment GROUP BY 1 ORDER BY 1;
SELECT count(*), bool_and(num_nonnulls(card, iban) <= 1), bool_and(is_paid OR state <> 'sent'), bool_and(card BETWEEN 1 AND 9) FROM payment;

-- the same rows in slices of any size, by key, from a total, and by parallel workers
CREATE FUNCTION sum_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  EXECUTE format('SELECT count(*) || '' '' || sum(hashtextextended(x::text, 0)) FROM (%s) x', query) INTO result;
  RETURN result;
END
$$;
CREATE FUNCTION sliced(t text, size int) RETURNS text LANGUAGE sql AS $$
  SELECT sum_of(format('SELECT x.* FROM generate_series(0, (SELECT row_count - 1 FROM spindle_tables(''unique_rules'') WHERE table_name = %1$L), %2$s) f,
    LATERAL (SELECT * FROM spindle_rows(''unique_rules'', %1$L, first_row => f, max_rows => %2$s) AS r (%3$s)) x', t, size,
    (SELECT string_agg(format('%I %s', column_name, data_type), ', ') FROM spindle_columns('unique_rules', t))))
$$;
SELECT t, sum_of('SELECT * FROM ' || t) = sliced(t, 7) AS by_7, sum_of('SELECT * FROM ' || t) = sliced(t, 301) AS by_301
FROM unnest('{brand,product,customer,favourite,account,stock,thing,part,payment}'::text[]) t;
SELECT count(*) FROM generate_series(1, 5000, 173) k, LATERAL (SELECT * FROM favourite WHERE id = 5001 - k) a JOIN f USING (id) WHERE a IS DISTINCT FROM f;
SELECT count(*) FROM (SELECT * FROM favourite WHERE id = ANY (ARRAY(SELECT k * 37 % 5000 + 1 FROM generate_series(1, 300) k))) a JOIN f USING (id) WHERE a IS NOT DISTINCT FROM f;
-- values that differ lead back to their rows
SELECT count(*), count(*) FILTER (WHERE a IS NOT DISTINCT FROM p) FROM p, LATERAL (SELECT * FROM product WHERE id = p.id) a;
SELECT count(*), count(*) FILTER (WHERE a IS NOT DISTINCT FROM p) FROM p, LATERAL (SELECT * FROM product WHERE sparse = p.sparse AND dense = p.dense) a;
SELECT count(*), count(DISTINCT k) FROM generate_series(0, 1001) k, account a WHERE a.customer_id = k;
SELECT count(*), count(DISTINCT p.id) FROM p JOIN LATERAL (SELECT * FROM customer WHERE seat = p.id) c ON true;
SELECT count(*) FROM product WHERE id IN (999999, 1000001, -1, 1017500, 9223372036854775807, -9223372036854775808);
CREATE FUNCTION rows_read(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
    IF line ~ 'Rows Found By|Rows Read' THEN
      RETURN NEXT trim(line);
    END IF;
  END LOOP;
END
$$;
SELECT query, rows_read('SELECT * FROM ' || query) FROM (VALUES ('product WHERE id = 1000007'), ('product WHERE id = ANY (''{1000007,1000014,5}'')'), ('product WHERE id > 1000007'),
  ('account WHERE customer_id = 7'), ('customer WHERE seat = 1000007'), ('customer WHERE skewed_seat = 1000007')) v (query);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT sum_of('SELECT * FROM favourite') = sum_of('SELECT * FROM f') AS parallel;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- nothing but the definition, the seed and the scale decides
SELECT t, md5(string_agg(x, ',' ORDER BY x)) FROM unnest('{product,favourite,stock,payment}'::text[]) t,
  LATERAL (SELECT e.event::text AS x FROM spindle_stream('unique_rules', t, scale => 'few') e) e GROUP BY 1 ORDER BY 1;
SELECT t, count(*) FROM unnest('{brand,product,customer,favourite,account,stock,payment}'::text[]) t,
  LATERAL spindle_stream('unique_rules', t, scale => 'none') GROUP BY 1 ORDER BY 1;

CREATE FUNCTION report(definition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; message text; detail text; hint text;
BEGIN
  PERFORM spindle_check_domain(definition);
  RETURN 'valid';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' | ', nullif(state, '22023'), nullif(message, 'invalid definition of domain "definition"'), nullif(detail, ''), nullif(hint, ''));
END
$$;

-- seeded with all constraints
CALL spindle_seed('unique_rules', 'unique_seeded', 'small') \gset
SELECT contype, count(*), bool_and(convalidated) FROM pg_constraint WHERE connamespace = 'unique_seeded'::regnamespace AND contype <> 'n' GROUP BY 1 ORDER BY 1;

-- what is refused, with the place and what is legal
CREATE TABLE good AS SELECT '{
  "spindle": 1, "description": "small", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"tiny": {"p": 10}, "big": {"p": 1000}},
  "tables": {
    "p": {"key": "id", "rows": {"kind": "preset"}, "columns": {
      "id": {"type": "integer", "rule": {"kind": "sequence"}},
      "day": {"type": "date", "rule": {"kind": "time"}},
      "x": {"type": "integer", "rule": {"kind": "uniform", "min": 1, "max": 6}}}},
    "c": {"key": "id", "rows": {"kind": "children", "of": "p", "ratio": 2, "max": 5}, "columns": {
      "id": {"type": "integer", "rule": {"kind": "sequence"}},
      "p_id": {"type": "integer", "rule": {"kind": "parent"}},
      "y": {"type": "smallint", "rule": {"kind": "uniform", "min": 1, "max": 6}},
      "b": {"type": "boolean", "rule": {"kind": "bernoulli", "p": 0.5}},
      "z": {"type": "integer", "rule": {"kind": "uniform", "min": 1, "max": 6}},
      "d": {"type": "date", "rule": {"kind": "time"}}}},
    "few": {"key": "id", "rows": {"kind": "fixed", "count": 4}, "columns": {
      "id": {"type": "smallint", "rule": {"kind": "sequence"}}}}}
  }'::jsonb AS definition;
SELECT column_name, rule, report(jsonb_set(definition, ARRAY['tables', split_part(column_name, '.', 1), 'columns', split_part(column_name, '.', 2), 'rule'], rule::jsonb)::text)
FROM good, (VALUES
  ('p.id', '{"kind": "permuted"}'), ('p.id', '{"kind": "permuted", "min": 1, "max": 1000}'), ('p.id', '{"kind": "permuted", "min": 1, "max": 1999, "step": 2}'),
  ('p.id', '{"kind": "permuted", "min": 1, "max": 999}'), ('p.id', '{"kind": "permuted", "min": 1}'), ('p.id', '{"kind": "permuted", "min": 2, "max": 1}'),
  ('p.id', '{"kind": "permuted", "start": 1, "max": 2000}'), ('p.id', '{"kind": "permuted", "step": 0}'), ('p.id', '{"kind": "permuted", "min": 1, "max": 2147483648}'),
  ('c.y', '{"kind": "permuted", "start": 31000}'), ('p.day', '{"kind": "permuted"}'),
  ('c.y', '{"kind": "ordinal", "start": 32764}'), ('c.y', '{"kind": "ordinal", "start": 32763}'), ('p.x', '{"kind": "ordinal"}'), ('c.id', '{"kind": "ordinal"}'),
  ('c.y', '{"kind": "reference", "table": "few", "distinct": "parent"}'), ('c.id', '{"kind": "reference", "table": "few", "distinct": "table"}'),
  ('c.id', '{"kind": "reference", "table": "p", "distinct": "parent"}'), ('p.x', '{"kind": "reference", "table": "few", "distinct": "parent"}'),
  ('p.id', '{"kind": "reference", "table": "p", "distinct": "table"}'), ('few.id', '{"kind": "reference", "table": "few", "distinct": "table"}'),
  ('c.id', '{"kind": "reference", "table": "few", "distinct": "column"}'), ('c.z', '{"kind": "reference", "table": "c", "distinct": "parent", "among": "p_id"}'), ('c.z', '{"kind": "reference", "table": "p", "distinct": "parent"}'),
  ('c.id', '{"kind": "case", "cases": [{"when": {"column": "b", "equals": true}, "then": {"kind": "reference", "table": "p", "distinct": "parent"}}], "else": {"kind": "constant", "value": 1}}'),
  ('c.y', '{"kind": "weighted", "distinct": "parent", "weights": {"1": 1, "2": 1, "3": 1, "4": 1, "5": 0}}'), ('c.y', '{"kind": "weighted", "distinct": "parent", "weights": {"1": 1, "2": 1, "3": 1, "4": 1, "5": 1}}'),
  ('c.d', '{"kind": "weighted", "distinct": "parent", "weights": {"2024-01-01": 1, "2024-1-1": 1, "2024-01-02": 1, "2024-01-03": 1, "2024-01-04": 1, "2024-01-05": 1}}'),
  ('p.x', '{"kind": "grid", "grid": "g", "values": 999}'), ('p.x', '{"kind": "grid", "grid": "g", "values": 1000}'), ('p.id', '{"kind": "grid", "grid": "g", "values": 1000}'), ('p.x', '{"kind": "grid", "grid": "g"}'),
  ('p.x', '{"kind": "grid", "grid": "g", "values": [1, 2, 2]}'), ('p.x', '{"kind": "grid", "grid": "g", "values": []}'), ('p.x', '{"kind": "grid", "grid": "g", "table": "few"}'),
  ('p.x', '{"kind": "grid", "grid": "g", "table": "few", "values": 5}'), ('p.x', '{"kind": "grid", "grid": "g", "values": 5000000000}'), ('p.day', '{"kind": "grid", "grid": "g", "values": 5}'),
  ('p.x', '{"kind": "grid", "grid": "g", "values": [1, 2], "start": 3}'),
  ('c.d', '{"kind": "periods", "part": "start"}'), ('c.d', '{"kind": "periods", "part": "start", "from": "p_id.day"}'), ('c.d', '{"kind": "periods", "part": "start", "from": "d"}'),
  ('c.d', '{"kind": "periods", "part": "start", "from": "p_id.x"}'), ('c.d', '{"kind": "periods", "part": "end"}'), ('c.d', '{"kind": "periods", "part": "end", "start": "y"}'),
  ('c.d', '{"kind": "periods", "part": "start", "gap": 0.1}'), ('p.day', '{"kind": "periods", "part": "start"}'), ('c.d', '{"kind": "periods", "part": "middle"}'),
  ('p.x', '{"kind": "pool", "size": 0, "rule": {"kind": "sequence"}}'), ('p.x', '{"kind": "pool", "size": {"share": 2}, "rule": {"kind": "sequence"}}'), ('p.x', '{"kind": "pool", "size": 5}'),
  ('c.y', '{"kind": "pool", "size": 40000, "rule": {"kind": "sequence"}}'), ('c.y', '{"kind": "pool", "size": 32767, "rule": {"kind": "sequence"}}'), ('c.y', '{"kind": "pool", "size": 5, "rule": {"kind": "copy", "column": "y"}}'), ('c.z', '{"kind": "pool", "size": 5, "rule": {"kind": "formula", "expression": "y + 1"}}'), ('p.x', '{"kind": "pool", "size": 5, "rule": {"kind": "total", "child": "c", "function": "count"}}'),
  ('c.y', '{"kind": "pool", "size": 5, "rule": {"kind": "ordinal"}}'), ('c.y', '{"kind": "pool", "size": 5, "rule": {"kind": "permuted"}}'), ('c.y', '{"kind": "pool", "size": 5, "rule": {"kind": "reference", "table": "few"}}'),
  ('c.y', '{"kind": "pool", "size": 4, "rule": {"kind": "sequence"}, "distinct": "parent"}'), ('p.id', '{"kind": "pool", "size": 2000, "rule": {"kind": "sequence"}, "distinct": "table"}'),
  ('p.id', '{"kind": "pool", "size": 2000, "rule": {"kind": "uniform", "min": 1, "max": 2}, "distinct": "table"}'),
  ('p.x', '{"kind": "empirical", "quantiles": [1]}'), ('p.x', '{"kind": "empirical", "quantiles": [1, 0]}'), ('p.x', '{"kind": "empirical"}'), ('p.x', '{"kind": "empirical", "values": {"a": 1}}'),
  ('p.x', '{"kind": "empirical", "values": {"1": 0.6, "2": 0.6}}'), ('p.x', '{"kind": "empirical", "values": {"1": 1}, "quantiles": [1, 2]}'), ('p.x', '{"kind": "empirical", "values": {"1": 0.1}, "min": 1}'),
  ('p.x', '{"kind": "correlated", "column": "id", "factor": {"distribution": "empirical", "quantiles": [1, 2], "max": 3}}'), ('p.x', '{"kind": "empirical", "values": {"1e16": 0.1}}'),
  ('p.x', '{"kind": "empirical", "quantiles": [1, 2], "step": 0}'),
  ('p.x', '{"kind": "reference", "table": "few", "skew": {"profile": [1]}}'), ('p.x', '{"kind": "reference", "table": "few", "skew": {"profile": [0, 0]}}'), ('p.x', '{"kind": "reference", "table": "few", "skew": {"profile": [2, 1]}}'),
  ('p.x', '{"kind": "reference", "table": "few", "skew": {"profile": [1, 2], "top": 0.2}}'), ('p.x', '{"kind": "reference", "table": "few", "skew": {"profile": [0, 1]}}'),
  ('c.y', '{"kind": "variant", "variants": [{"values": {}}]}'), ('c.y', '{"kind": "variant", "variants": []}'), ('c.y', '{"kind": "variant", "variants": [{"values": {"b": true}}]}'),
  ('c.y', '{"kind": "variant", "variants": [{"values": {"z": true}}]}'), ('c.y', '{"kind": "variant", "variants": [{"weight": 0, "values": {}}]}'), ('c.b', '{"kind": "of_variant", "variant": "y"}'), ('c.b', '{"kind": "variant", "variants": [{"values": {}}]}')
) v (column_name, rule);
SELECT value, of_b, report(jsonb_set(jsonb_set(definition, '{tables,c,columns,y,rule}', format('{"kind": "variant", "variants": [%s, {"values": {}}]}', value)::jsonb), '{tables,c,columns,b,rule}', of_b::jsonb)::text)
FROM good, (VALUES ('{"values": {"b": true}}', '{"kind": "of_variant", "variant": "y"}'), ('{"values": {"b": null}}', '{"kind": "of_variant", "variant": "y", "rule": {"kind": "constant", "value": true}}'),
  ('{"values": {"b": "x"}}', '{"kind": "of_variant", "variant": "y", "rule": {"kind": "constant", "value": true}}'), ('{"values": {"b": false}}', '{"kind": "of_variant", "variant": "y", "rule": {"kind": "constant", "value": true}}'),
  ('{"values": {"d": "2024-01-01"}}', '{"kind": "of_variant", "variant": "y", "rule": {"kind": "constant", "value": true}}')) v (value, of_b);

SELECT rows, report(jsonb_set(definition, '{tables,c,rows}', format('{"kind": "children", "of": "p", "ratio": %s}', rows)::jsonb)::text)
FROM good, (VALUES ('2, "counts": {"quantiles": [0, 2, 5]}'), ('2, "counts": {"quantiles": [3, 2]}'), ('2, "counts": {"quantiles": [2]}'), ('2, "counts": {"quantiles": [1, 1000001]}'),
  ('2, "counts": {"quantiles": [1, 3], "2": 1}'), ('9, "counts": {"quantiles": [1, 3]}'), ('1000000'), ('1000000.5'), ('2, "counts": {"1000000": 1, "1": 3}')) v (rows);

-- how many "where" leaves shows only when rows are made
IMPORT FOREIGN SCHEMA crowd LIMIT TO (crowd) FROM SERVER spindle INTO unique_rules;
SELECT count(brand_id) FROM crowd;
SELECT count(DISTINCT rival) FROM crowd;
