--
-- Scans of foreign tables: which rows are read, in which order, by which plan.
--
CREATE SCHEMA scan;
SET search_path = scan, public;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO scan OPTIONS (scale 'small');

-- What the scans of a query read and compute, without costs and times.
CREATE FUNCTION scans(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
    IF line ~ 'Columns Computed|Rows Found By|Rows Read|Direction|Sort' THEN
      -- 17 shows the value of an initial plan otherwise
      RETURN NEXT regexp_replace(trim(line), '\(InitPlan 1\)\.col1', '$0');
    END IF;
  END LOOP;
END
$$;

-- A copy in real tables: whatever the condition, both must give the same rows.
CREATE TABLE o AS SELECT * FROM "order";
CREATE TABLE l AS SELECT * FROM order_line;
CREATE FUNCTION differences(condition text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  result bigint;
  n bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM ((SELECT * FROM "order" WHERE %1$s EXCEPT ALL SELECT * FROM o WHERE %1$s)
                  UNION ALL (SELECT * FROM o WHERE %1$s EXCEPT ALL SELECT * FROM "order" WHERE %1$s)) s', condition)
    INTO result;
  RETURN result;
END
$$;
SELECT condition, differences(condition) FROM (VALUES
  ('true'), ('false'), ('order_id = 1'), ('order_id = 5000'), ('order_id = 0'), ('order_id = 5001'), ('order_id = -1'),
  ('order_id = 9223372036854775807'), ('order_id = -9223372036854775808'), ('order_id = NULL'),
  ('order_id = 7::smallint'), ('order_id = 7::integer'), ('7 = order_id'), ('order_id = 7.0'), ('order_id = 7.5'),
  ('order_id IN (3, 1, 3, 2, 4999)'), ('order_id IN (NULL, 5)'), ('order_id = ANY (NULL::bigint[])'),
  ('order_id = ANY (''{}''::bigint[])'), ('order_id = ANY (''{-5,0,5001,10,NULL,10,9223372036854775807}'')'),
  ('order_id = ANY (''{{1,2},{3,4}}''::int[])'), ('order_id <> ALL (''{1,2,3}'')'), ('order_id NOT IN (1, NULL)'),
  ('order_id < ANY (''{3,5}'')'), ('order_id > ALL (''{3,4990}'')'),
  ('order_id < 10'), ('order_id <= 10'), ('order_id > 4990'), ('order_id >= 4990'), ('10 > order_id'),
  ('order_id BETWEEN 100 AND 200'), ('order_id BETWEEN 200 AND 100'), ('order_id > 100 AND order_id < 101'),
  ('order_id > 5000'), ('order_id < 1'), ('order_id >= -9223372036854775808'), ('order_id < -9223372036854775808'),
  ('order_id <= 9223372036854775807'), ('order_id > 9223372036854775807'), ('order_id <> 5'),
  ('order_id IN (10, 20, 30) AND order_id BETWEEN 15 AND 30 AND order_id <> 30'),
  ('order_id IN (1, 2, 3) AND order_id IN (3, 4, 5)'), ('order_id = 1 OR order_id = 2'),
  ('order_id < 10 AND status = ''completed'''), ('order_id + 1 = 10'), ('order_id = customer_id'),
  ('order_id IS NULL'), ('order_id IS NOT NULL'), ('order_id IS NOT DISTINCT FROM 5'),
  ('order_date < ''2022-02-01'''), ('order_date >= ''2025-12-31'''), ('order_date BETWEEN ''2023-01-01'' AND ''2023-01-31'''),
  ('order_date < ''-infinity'''), ('order_date <= ''infinity'''), ('order_date > ''infinity'''), ('order_date = ''infinity'''),
  ('order_date < ''1000-01-01'''), ('order_date > ''9999-01-01'''),
  ('order_date = (SELECT order_date FROM o WHERE order_id = 77)'),
  ('order_date > (SELECT order_date FROM o WHERE order_id = 4977)'),
  ('order_date >= (SELECT order_date FROM o WHERE order_id = 4977) AND order_id <= 4980'),
  ('order_date IN (SELECT order_date FROM o WHERE order_id IN (5, 6))'),
  ('order_date = ANY (ARRAY(SELECT order_date FROM o WHERE order_id IN (5, 5, 6)))'),
  ('order_date < date ''2022-02-01'''), ('order_date < timestamp ''2022-02-01'''),
  ('order_id < 20 AND random() >= 0')
) v (condition);

-- children of a parent
SELECT count(*) FROM (SELECT * FROM order_line WHERE order_id IN (1, 77, 77, 5000, 5001, 0)
  EXCEPT ALL SELECT * FROM l WHERE order_id IN (1, 77, 77, 5000, 5001, 0)) s;
SELECT count(*) FROM generate_series(0, 5001, 7) k
WHERE (SELECT array_agg(order_line_id ORDER BY order_line_id) FROM order_line x WHERE x.order_id = k)
  IS DISTINCT FROM (SELECT array_agg(order_line_id ORDER BY order_line_id) FROM l WHERE l.order_id = k);
SELECT count(*) FROM generate_series(0, 5001, 3) k
WHERE (SELECT array_agg(return_id) FROM "return" x WHERE x.order_id = k)
  IS DISTINCT FROM (SELECT array_agg(return_id) FROM (SELECT * FROM "return" OFFSET 0) r WHERE r.order_id = k);
SELECT count(*) FROM generate_series(0, 1001) k
WHERE (SELECT array_agg(address_id) FROM address x WHERE x.customer_id = k)
  IS DISTINCT FROM (SELECT array_agg(address_id) FROM (SELECT * FROM address OFFSET 0) r WHERE r.customer_id = k);
SELECT count(*) FROM generate_series(0, 5001, 50) k
WHERE (SELECT count(*) FROM order_line WHERE order_id < k) <> (SELECT count(*) FROM l WHERE order_id < k)
   OR (SELECT count(*) FROM order_line WHERE order_id >= k) <> (SELECT count(*) FROM l WHERE order_id >= k);

-- Only these rows are read, and only the columns that are used computed.
SELECT scans('SELECT status FROM "order" WHERE order_id = 5');
SELECT scans('SELECT order_id FROM "order" WHERE order_id IN (1, 2, 2, 9, NULL, 6000)');
SELECT scans('SELECT order_id FROM "order" WHERE order_id BETWEEN 11 AND 20 AND order_id < 13');
SELECT scans('SELECT order_id FROM "order" WHERE order_id > 20 AND order_id < 10');
SELECT scans('SELECT count(*) FILTER (WHERE true) FROM "order"');
SELECT scans('SELECT 1 FROM "order" WHERE order_date < ''2021-12-31''');
SELECT replace(scans('SELECT quantity FROM order_line WHERE order_id = 5000'), (SELECT ' ' || count(*) FROM l WHERE order_id = 5000), ' as many as it has');
SELECT scans('SELECT o.status FROM "order" o WHERE order_total > 10 AND order_id <= 3');
SELECT scans('SELECT o FROM store o WHERE store_id = 1');
SELECT scans('SELECT tableoid FROM store o WHERE store_id = 1');
SELECT scans('SELECT * FROM order_line LIMIT 3');

-- the estimate for a key is exact
CREATE FUNCTION estimate(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
  RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END
$$;
SELECT estimate('SELECT * FROM "order"'), estimate('SELECT * FROM "order" WHERE order_id = 5'), estimate('SELECT * FROM "order" WHERE order_id IN (1, 2, 3, 3)'),
  estimate('SELECT * FROM "order" WHERE order_id BETWEEN 101 AND 200'),
  estimate('SELECT * FROM "order" WHERE order_id > 6000'),
  estimate('SELECT * FROM order_line WHERE order_id = 17') = (SELECT count(*) FROM l WHERE order_id = 17) AS lines,
  estimate('SELECT * FROM "order" WHERE order_date < ''2023-01-01''') =
    (SELECT count(*) FROM o WHERE order_date < '2023-01-01') AS orders;

-- Parameters of prepared statements, in generic plans.
SET plan_cache_mode = force_generic_plan;
PREPARE by_key (bigint) AS SELECT order_id FROM "order" WHERE order_id = $1;
EXECUTE by_key (5);
EXECUTE by_key (5001);
EXECUTE by_key (NULL);
SELECT scans('EXECUTE by_key (5)');
-- An array that is no constant is not searched for each row: no filter, and no
-- need to compute the column.  A key of a parent stands for all of its children.
SELECT scans('SELECT count(*) FROM "order" WHERE order_id = ANY (ARRAY(SELECT order_id FROM l)) AND status = ''completed''');
SELECT count(*) FROM order_line f WHERE order_id = ANY (ARRAY(SELECT o.order_id FROM o WHERE status = 'returned'))
  AND quantity > 1;
SELECT count(*) FROM l WHERE order_id = ANY (ARRAY(SELECT o.order_id FROM o WHERE status = 'returned')) AND quantity > 1;
SELECT scans('SELECT count(*) FROM (VALUES (ARRAY[1, 5]), (ARRAY[5, 7, NULL]), (NULL)) v (ids)
  JOIN order_line f ON f.order_id = ANY (v.ids)');
SELECT v.ids, count(*), (SELECT count(*) FROM l WHERE l.order_id = ANY (v.ids)) AS stored
FROM (VALUES (ARRAY[1, 5]), (ARRAY[5, 7, NULL]), (NULL)) v (ids)
JOIN order_line f ON f.order_id = ANY (v.ids) GROUP BY 1 ORDER BY 1;
PREPARE by_array (bigint[]) AS SELECT array_agg(order_id) FROM "order" WHERE order_id = ANY ($1);
EXECUTE by_array ('{3,1,3,NULL,9999}');
EXECUTE by_array ('{}');
EXECUTE by_array (NULL);
PREPARE by_time (timestamptz, timestamptz) AS
  SELECT count(*) = (SELECT count(*) FROM o WHERE order_date >= $1 AND order_date < $2)
  FROM "order" WHERE order_date >= $1 AND order_date < $2;
EXECUTE by_time ('2023-05-01', '2023-06-01');
EXECUTE by_time ('2023-06-01', '2023-05-01');
DEALLOCATE ALL;
RESET plan_cache_mode;

-- Orders that the scan has need no sort.
EXPLAIN (COSTS OFF) SELECT order_id FROM "order" ORDER BY order_id LIMIT 3;
EXPLAIN (COSTS OFF) SELECT order_id FROM "order" ORDER BY order_id DESC LIMIT 3;
EXPLAIN (COSTS OFF) SELECT order_id FROM "order" ORDER BY order_date DESC LIMIT 3;
EXPLAIN (COSTS OFF) SELECT order_id FROM "order" ORDER BY order_date, order_id LIMIT 3;
EXPLAIN (COSTS OFF) SELECT order_line_id FROM order_line ORDER BY order_id, order_line_id LIMIT 3;
EXPLAIN (COSTS OFF) SELECT order_id FROM "order" ORDER BY order_id DESC NULLS LAST LIMIT 3;
EXPLAIN (COSTS OFF) SELECT order_id FROM "order" ORDER BY order_id, order_date DESC LIMIT 3;
SELECT order_id FROM "order" ORDER BY order_id LIMIT 3;
SELECT order_id FROM "order" ORDER BY order_id DESC LIMIT 3 OFFSET 1;
SELECT order_id FROM "order" WHERE order_id IN (5, 70, 6, 4000) ORDER BY order_id DESC;
SELECT order_id FROM "order" WHERE order_id < 100 ORDER BY order_date DESC LIMIT 3;
SELECT order_line_id = (SELECT max(order_line_id) FROM l WHERE order_id < 50) AS last
FROM order_line WHERE order_id < 50 ORDER BY order_id DESC, order_line_id DESC LIMIT 1;
SELECT count(*) FROM (SELECT order_id, row_number() OVER (ORDER BY order_id DESC) AS n FROM "order" ORDER BY order_id DESC OFFSET 0) s
WHERE order_id <> 5001 - n;
SELECT min(order_id), max(order_id) FROM "order";
SELECT scans('SELECT max(order_id) FROM (SELECT order_id FROM "order" ORDER BY order_id DESC LIMIT 1) s');

-- So have those of a child, of inheritance or a partition: they are merged.
CREATE TABLE parent (order_id bigint, status text);
CREATE FOREIGN TABLE child_one () INHERITS (parent) SERVER spindle OPTIONS (domain 'retail', "table" 'order', seed '1');
CREATE FOREIGN TABLE child_two () INHERITS (parent) SERVER spindle OPTIONS (domain 'retail', "table" 'order', seed '2');
EXPLAIN (COSTS OFF) SELECT * FROM parent ORDER BY order_id LIMIT 3;
EXPLAIN (COSTS OFF) SELECT * FROM parent ORDER BY order_id DESC LIMIT 3;
SELECT order_id FROM parent ORDER BY order_id LIMIT 3;
SELECT order_id FROM parent ORDER BY order_id DESC LIMIT 3;
CREATE TABLE whole (order_id bigint, status text) PARTITION BY LIST (status);
CREATE TABLE part_two PARTITION OF whole FOR VALUES IN ('planned');
CREATE FOREIGN TABLE part_one PARTITION OF whole DEFAULT SERVER spindle OPTIONS (domain 'retail', "table" 'order');
CREATE INDEX ON part_two (order_id);
INSERT INTO whole VALUES (0, 'planned'), (3, 'planned'), (6000, 'planned');
SET enable_seqscan = off; SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM whole ORDER BY order_id LIMIT 5;
SELECT order_id, status = 'planned' AS planned FROM whole ORDER BY order_id, status = 'planned' LIMIT 5;
SELECT order_id FROM whole ORDER BY order_id DESC LIMIT 2;
-- partitions by ranges of the key follow one another
CREATE TABLE ranged (order_id bigint, status text) PARTITION BY RANGE (order_id);
CREATE FOREIGN TABLE range_one PARTITION OF ranged FOR VALUES FROM (1) TO (5001) SERVER spindle OPTIONS (domain 'retail', "table" 'order');
CREATE TABLE range_two PARTITION OF ranged (PRIMARY KEY (order_id)) FOR VALUES FROM (5001) TO (6001);
INSERT INTO ranged VALUES (6000, 'planned');
EXPLAIN (COSTS OFF) SELECT * FROM ranged ORDER BY order_id LIMIT 3;
SELECT order_id FROM ranged ORDER BY order_id DESC LIMIT 2;
RESET enable_seqscan; RESET enable_bitmapscan;

-- An outer join puts NULL in the place of its columns, so it has to be sorted.
CREATE FUNCTION outer_join(query text, OUT has_sort boolean, OUT falls bigint) LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
  has_sort := plan::text ~ '"Node Type": "(Incremental )?Sort"';
  EXECUTE format('SELECT count(*) FROM (SELECT k, lag(k) OVER () AS before, row_number() OVER () AS n FROM (%s) q (k)) s
    WHERE n > 1 AND (k < before OR (before IS NULL AND k IS NOT NULL))', query) INTO falls;
END
$$;
CREATE TABLE outer_joins AS SELECT * FROM (VALUES
  (1, 'SELECT v.order_id FROM generate_series(0, 5005, 77) g LEFT JOIN "order" v ON v.order_id = 5005 - g ORDER BY v.order_id'),
  (2, 'SELECT v.order_id FROM o LEFT JOIN "order" v ON v.order_id = o.order_id AND o.status = ''returned'' ORDER BY v.order_id'),
  (3, 'SELECT v.order_id FROM "order" v RIGHT JOIN o ON v.order_id = o.order_id AND o.order_id < 4900 ORDER BY v.order_id'),
  (4, 'SELECT v.order_id FROM o LEFT JOIN (SELECT x.order_id FROM "order" x JOIN "return" r USING (order_id)) v USING (order_id) ORDER BY v.order_id'),
  (5, 'SELECT a.order_id FROM store s LEFT JOIN "order" a ON a.order_id = s.store_id AND s.store_id % 2 = 0 LEFT JOIN "return" r ON r.order_id = a.order_id ORDER BY a.order_id'),
  (6, 'SELECT coalesce(v.order_id, w.order_id) FROM (SELECT * FROM "order" WHERE order_id % 2 = 0) v FULL JOIN (SELECT * FROM "order" WHERE order_id < 99) w ON v.order_id = w.order_id ORDER BY 1')
  ) q (n, query);
SELECT query, j.* FROM outer_joins, outer_join(query) j ORDER BY n;
SET enable_hashjoin = off; SET enable_mergejoin = off;
SELECT n, j.* FROM outer_joins, outer_join(query) j WHERE n < 6 ORDER BY n;
RESET enable_mergejoin; SET enable_nestloop = off;
SELECT n, j.* FROM outer_joins, outer_join(query) j WHERE n < 6 ORDER BY n;
RESET enable_hashjoin; RESET enable_nestloop;
-- a side that is kept needs no sort
SELECT * FROM outer_join('SELECT v.order_id FROM "order" v LEFT JOIN "return" r ON r.order_id = v.order_id ORDER BY v.order_id');

-- All join methods give the same rows.
CREATE FUNCTION join_results() RETURNS text LANGUAGE sql AS $$
  SELECT md5(string_agg(s::text, ',' ORDER BY s::text)) FROM (
    SELECT c.customer_id, c.gender, o.order_id, o.order_total, l.line_total, p.product_name, r.reason
    FROM customer c JOIN "order" o USING (customer_id) JOIN order_line l USING (order_id)
    JOIN product p USING (product_id) LEFT JOIN "return" r USING (order_id)
    WHERE o.order_id BETWEEN 1000 AND 1300) s
$$;
SELECT join_results() AS expected \gset
SET enable_nestloop = off; SET enable_mergejoin = off;
SELECT join_results() = :'expected' AS hash;
RESET enable_mergejoin; SET enable_hashjoin = off;
SELECT join_results() = :'expected' AS merge;
RESET enable_nestloop; SET enable_mergejoin = off;
SELECT join_results() = :'expected' AS nestloop;
SET enable_material = off; SET enable_memoize = off;
SELECT join_results() = :'expected' AS nestloop_plain;
-- a nested loop supplies the key
EXPLAIN (COSTS OFF) SELECT o.order_id, l.quantity FROM "order" o JOIN order_line l USING (order_id) WHERE o.order_id < 4;
SELECT replace(scans('SELECT o.order_id, l.quantity FROM "order" o JOIN order_line l USING (order_id) WHERE o.order_id < 40'),
  (SELECT ' ' || count(*) FROM l WHERE order_id < 40), ' as many as they have');
SELECT count(*) FROM "order" v JOIN order_line l USING (order_id) JOIN o USING (order_id) WHERE v.order_id < 300 \gset nested_
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_material; RESET enable_memoize;
SELECT :nested_count = count(*) FROM l WHERE order_id < 300;
-- LATERAL, with a range that the outer row supplies
SELECT k, n FROM generate_series(1, 5000, 1000) k,
  LATERAL (SELECT count(*) AS n FROM "order" x WHERE x.order_id >= k AND x.order_id < k + 10) s;
SELECT c.customer_id, x.address_id FROM (VALUES (1), (NULL), (5000)) c (customer_id)
LEFT JOIN LATERAL (SELECT * FROM address a WHERE a.customer_id = c.customer_id ORDER BY address_id LIMIT 1) x ON true;
-- semi and anti joins
SELECT count(*) FROM "order" v WHERE EXISTS (SELECT FROM "return" r WHERE r.order_id = v.order_id);
SELECT count(*) FROM "order" v WHERE NOT EXISTS (SELECT FROM order_line x WHERE x.order_id = v.order_id);
-- rescans with a changing parameter, and without one
SELECT count(*) FROM o WHERE order_total <> (SELECT sum(line_total) FROM order_line x WHERE x.order_id = o.order_id);
SELECT count(*) FROM o WHERE (SELECT status FROM "order" x WHERE x.order_id = o.order_id) <> status;

-- Locks, system columns, whole rows.
SELECT store_id FROM store WHERE store_id < 3 FOR UPDATE;
SELECT tableoid::regclass, store_id FROM store WHERE store_id = 2;
-- a row that is stored nowhere has no place and no transaction
SELECT ctid, xmin FROM store WHERE store_id = 2; -- ERROR
SELECT s FROM product_category s WHERE category_id = 4;
SELECT (s).category_name, s.* FROM product_category s WHERE s.category_id = 20 AND s IS NOT NULL;

-- Select lists in any order, with columns twice, in expressions, or in the
-- condition alone: the values are those of the copy.
CREATE FUNCTION list_differences(list text, condition text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  result bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM ((SELECT %1$s FROM "order" t WHERE %2$s EXCEPT ALL SELECT %1$s FROM o t WHERE %2$s)
                  UNION ALL (SELECT %1$s FROM o t WHERE %2$s EXCEPT ALL SELECT %1$s FROM "order" t WHERE %2$s)) s',
    list, condition) INTO result;
  RETURN result;
END
$$;
SELECT list, condition, list_differences(list, condition) FROM (VALUES
  ('order_date, order_id'), ('status, status, order_id'), ('order_total, customer_id + order_id, customer_id'), ('promotion_id'),
  ('t::text, order_date'), ('upper(status), order_id'), ('1'), ('(SELECT status FROM "order" x WHERE x.order_id = t.order_id), order_total')) l (list),
  (VALUES ('true'), ('status = ''returned'' AND order_id < 2000'), ('store_id = 3'), ('t IS NOT NULL')) c (condition);
EXPLAIN (COSTS OFF, VERBOSE) SELECT order_date, order_id FROM "order" WHERE store_id = 3;

-- Cursors run forward; other directions are kept by a SCROLL cursor's store.
BEGIN;
DECLARE c CURSOR FOR SELECT order_id FROM "order";
FETCH 2 FROM c;
MOVE 4996 IN c;
FETCH 5 FROM c;
DECLARE s SCROLL CURSOR FOR SELECT order_id FROM "order" WHERE order_id > 4995;
FETCH LAST FROM s;
FETCH PRIOR FROM s;
FETCH FIRST FROM s;
DECLARE h CURSOR WITH HOLD FOR SELECT order_id FROM "order" WHERE order_id < 4;
COMMIT;
FETCH ALL FROM h;
CLOSE h;

-- A cursor keeps its rows while another scan of the table runs and the domain
-- is used at other scales.
BEGIN;
DECLARE c CURSOR FOR SELECT order_id, customer_id FROM "order";
FETCH 1 FROM c \gset
SELECT count(*) FROM spindle_rows('retail', 'order', 'fabric_demo', 9) AS r (order_id bigint);
SELECT count(*) FROM "order";
FETCH 100 FROM c \g /dev/null
FETCH 1 FROM c \gset
SELECT :order_id = 102, :customer_id = (SELECT customer_id FROM o WHERE order_id = 102);
COMMIT;

-- Statistics: ANALYZE counts the rows and sees the values.
ANALYZE "order", order_line;
SELECT relname, reltuples FROM pg_class WHERE oid IN ('"order"'::regclass, 'order_line'::regclass) ORDER BY 1;
SELECT attname, null_frac BETWEEN 0.68 AND 0.72 AS nulls, n_distinct BETWEEN 190 AND 200 AS distinct
FROM pg_stats WHERE schemaname = 'scan' AND tablename = 'order' AND attname = 'promotion_id';
SELECT most_common_vals, correlation = 1 AS is_ordered FROM pg_stats
WHERE schemaname = 'scan' AND tablename = 'order' AND attname IN ('status', 'order_id') ORDER BY attname DESC;
SELECT count(*) FROM pg_stats WHERE schemaname = 'scan' AND tablename = 'order';

-- Ten billion rows: looked up by key at once.
CREATE SCHEMA scan_huge;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO scan_huge OPTIONS (scale 'xxxl');
SELECT order_id, order_id <= 10000000000 AS is_there FROM scan_huge."order"
WHERE order_id IN (0, 1, 9999999999, 10000000000, 10000000001);
SELECT order_line_id, order_id FROM scan_huge.order_line WHERE order_line_id IN (1, 25000000000, 25000000001);
SELECT return_id FROM scan_huge."return" WHERE return_id IN (1700000000, 1700000001);
SELECT max(order_id) - min(order_id) FROM scan_huge."order";
SELECT max(order_line_id) FROM scan_huge.order_line WHERE order_id = 10000000000;
SELECT count(*) BETWEEN 1 AND 100 AS has_lines FROM scan_huge.order_line WHERE order_id = 5000000000;
-- the rules hold there, too
SELECT count(*) FROM scan_huge."order" o JOIN scan_huge.customer c USING (customer_id)
JOIN scan_huge.address a ON a.address_id = o.shipping_address_id
WHERE o.order_id BETWEEN 4999999000 AND 4999999100
  AND (o.order_date < c.signup_date OR a.customer_id <> o.customer_id
       OR order_total <> (SELECT sum(line_total) FROM scan_huge.order_line l WHERE l.order_id = o.order_id));
SELECT count(*) BETWEEN 1 AND 1000 FROM scan_huge."order"
WHERE order_date >= '2024-03-01 12:00:00+00' AND order_date < '2024-03-01 12:00:00.1+00';

-- Parallel scans: each row once, and in order where the plan says so.  The
-- serial answers follow from the keys being 1 .. n.
CREATE FOREIGN TABLE big (order_line_id bigint, order_id bigint)
  SERVER spindle OPTIONS (domain 'retail', "table" 'order_line', scale 'medium');
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT count(*), sum(order_line_id) FROM big WHERE order_line_id <= 400000;
SELECT count(*), sum(order_line_id) = 400000::bigint * 400001 / 2 AS sum, count(DISTINCT order_line_id)
FROM big WHERE order_line_id <= 400000;
SET max_parallel_workers_per_gather = 0;
SELECT md5(string_agg(x::text, '')) AS serial FROM (SELECT bit_xor(hashint8(order_id)) AS x, sum(order_id) FROM big WHERE order_line_id <= 400000) x \gset
SET max_parallel_workers_per_gather = 2;
SELECT md5(string_agg(x::text, '')) = :'serial' FROM (SELECT bit_xor(hashint8(order_id)) AS x, sum(order_id) FROM big WHERE order_line_id <= 400000) x;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET max_parallel_workers_per_gather;

SET client_min_messages = warning;
DROP SCHEMA scan, scan_huge CASCADE;
