--
-- The domain tpch: the facts of TPC-H that its page says are kept, at scale factor
-- 0.01, and what its queries ask, of generated and of stored tables.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\set queries :abs_srcdir '/data/tpch_queries.sql'
CREATE SCHEMA tpch_generated;
IMPORT FOREIGN SCHEMA tpch FROM SERVER spindle INTO tpch_generated;
SELECT table_name, key_column, event_time FROM spindle_tables('tpch');
SELECT scale, json_object_agg(table_name, row_count ORDER BY ordinality) AS rows
FROM unnest('{sf0_01,sf0_1,sf1,sf10,sf100}'::text[]) scale, spindle_tables('tpch', scale => scale) WITH ORDINALITY
WHERE table_name NOT IN ('region', 'nation') GROUP BY scale ORDER BY max(row_count);
SELECT table_name, string_agg(column_name || ' ' || data_type || CASE WHEN not_null THEN '' ELSE ' null' END, ', ' ORDER BY c.ordinal_position) AS columns
FROM spindle_tables('tpch') t, spindle_columns('tpch', t.table_name) c GROUP BY table_name ORDER BY table_name;

-- stored with all constraints, which the server has checked
CALL spindle_seed('tpch', 'tpch_stored', report => false);
SELECT conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'tpch_stored'::regnamespace AND contype <> 'n' ORDER BY conrelid::regclass::text COLLATE "C", contype DESC, conname;
SET search_path = tpch_stored, public;
SELECT (SELECT count(*) FROM region) AS region, (SELECT count(*) FROM nation) AS nation, (SELECT count(*) FROM supplier) AS supplier,
  (SELECT count(*) FROM customer) AS customer, (SELECT count(*) FROM part) AS part, (SELECT count(*) FROM partsupp) AS partsupp,
  (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM lineitem) AS lineitem;

-- keys: dense, or the first 8 of each 32
SELECT min(o_orderkey), max(o_orderkey), bool_and((o_orderkey - 1) % 32 < 8) AS sparse FROM orders;
SELECT min(c_custkey), max(c_custkey), min(n_nationkey), max(n_nationkey), max(p_partkey), max(s_suppkey) FROM customer, nation, part, supplier
WHERE c_custkey IN (1, 1500) AND p_partkey IN (1, 2000);

-- the four suppliers of a part, by the formula; each supplier has as many parts
SELECT count(*) AS wrong FROM part CROSS JOIN generate_series(0, 3) i CROSS JOIN (SELECT count(*)::int AS s FROM supplier) x
WHERE NOT EXISTS (SELECT FROM partsupp WHERE ps_partkey = p_partkey AND ps_suppkey = (p_partkey + i * (s / 4 + (p_partkey - 1) / s)) % s + 1);
SELECT min(n), max(n) FROM (SELECT count(*) AS n FROM partsupp GROUP BY ps_suppkey) x;
-- all four are on lines
SELECT count(DISTINCT (l_partkey, l_suppkey)) > 7900 AS all_pairs FROM lineitem;

-- a third of the customers have no orders, and the others have about as many
SELECT count(DISTINCT o_custkey), count(*) FILTER (WHERE o_custkey % 3 = 0) AS wrong FROM orders;
SELECT sum((n - 15) ^ 2 / 15) BETWEEN 776 AND 1224 AS even FROM (SELECT count(*) AS n FROM orders GROUP BY o_custkey) x;

-- prices
SELECT count(*) AS wrong FROM part WHERE p_retailprice <> (90000 + (p_partkey / 10) % 20001 + 100 * (p_partkey % 1000)) / 100.0;
SELECT count(*) AS wrong FROM lineitem JOIN part ON p_partkey = l_partkey WHERE l_extendedprice <> l_quantity * p_retailprice;
SELECT count(*), count(*) FILTER (WHERE o_totalprice <> total) AS wrong,
  count(*) FILTER (WHERE o_orderstatus <> CASE WHEN open = 0 THEN 'F' WHEN open = lines THEN 'O' ELSE 'P' END) AS wrong_status,
  count(*) FILTER (WHERE numbers <> lines) AS wrong_numbers, min(lines), max(lines)
FROM orders JOIN (SELECT l_orderkey, count(*) AS lines, max(l_linenumber) AS numbers, count(*) FILTER (WHERE l_linestatus = 'O') AS open,
    round(sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)), 2) AS total FROM lineitem GROUP BY 1) l ON l_orderkey = o_orderkey;
-- one to seven lines, all alike; quantities, discounts and taxes, too
SELECT sum((n - 15000 / 7.0) ^ 2 / (15000 / 7.0)) < 33 AS even FROM (SELECT count(*) AS n FROM (SELECT count(*) AS lines FROM lineitem GROUP BY l_orderkey) x GROUP BY lines) y;
SELECT min(l_quantity), max(l_quantity), count(DISTINCT l_quantity), min(l_discount), max(l_discount), count(DISTINCT l_discount), min(l_tax), max(l_tax),
  count(DISTINCT l_tax), abs(avg(l_quantity) - 25.5) < 0.3 AS q, abs(avg(l_discount) - 0.05) < 0.001 AS d, abs(avg(l_tax) - 0.04) < 0.001 AS t FROM lineitem;

-- dates, and what follows from them
SELECT min(o_orderdate) >= '1992-01-01' AND max(o_orderdate) <= '1998-08-02' AND count(DISTINCT o_orderdate) > 2350 AS dates FROM orders;
SELECT min(l_shipdate - o_orderdate), max(l_shipdate - o_orderdate), min(l_commitdate - o_orderdate), max(l_commitdate - o_orderdate),
  min(l_receiptdate - l_shipdate), max(l_receiptdate - l_shipdate) FROM lineitem JOIN orders ON o_orderkey = l_orderkey;
SELECT l_returnflag, l_linestatus, bool_and(l_receiptdate <= '1995-06-17') AS received, bool_and(l_shipdate <= '1995-06-17') AS shipped,
  abs(count(*) - n * share) < 5 * sqrt(n * share) AS share
FROM lineitem JOIN (VALUES ('A', 'F', 0.2464), ('N', 'F', 0.0065), ('N', 'O', 0.5007), ('R', 'F', 0.2464)) s (flag, status, share)
  ON flag = l_returnflag AND status = l_linestatus, (SELECT count(*) AS n FROM lineitem) x GROUP BY 1, 2, n, share ORDER BY 1, 2;

-- names, phones and remarks that queries look for
SELECT count(*) AS wrong FROM part WHERE (SELECT count(DISTINCT w) FROM string_to_table(p_name, ' ') w) <> 5
  OR right(p_mfgr::text, 1) <> substr(p_brand, 7, 1) OR p_brand::text !~ '^Brand#[1-5][1-5]$' OR p_size NOT BETWEEN 1 AND 50;
SELECT count(DISTINCT p_brand) AS brands, count(DISTINCT p_type) AS types, count(DISTINCT p_container) AS containers, count(DISTINCT p_size) AS sizes,
  count(DISTINCT w) AS words, abs(avg((p_name LIKE '%green%')::int) - 5 / 92.0) < 0.02 AS green FROM part, string_to_table(p_name, ' ') w;
SELECT count(*) AS wrong FROM (SELECT c_nationkey, c_phone FROM customer UNION ALL SELECT s_nationkey, s_phone FROM supplier) x (nation, phone)
WHERE phone !~ ('^' || nation + 10 || '-[1-9]\d\d-[1-9]\d\d-[1-9]\d\d\d$');
SELECT count(*) FILTER (WHERE c_name <> 'Customer#' || to_char(c_custkey, 'FM000000000')) AS wrong, count(DISTINCT c_mktsegment) AS segments,
  bool_and(length(c_address) BETWEEN 10 AND 40) AS addresses, min(c_acctbal) >= -999.99 AND max(c_acctbal) <= 9999.99 AS balances FROM customer;
SELECT count(*) FILTER (WHERE s_comment LIKE '%Customer%Complaints%') AS complaints, count(*) FILTER (WHERE s_name::text !~ '^Supplier#\d{9}$') AS wrong FROM supplier;
SELECT count(DISTINCT o_clerk), min(o_clerk), max(o_clerk), count(DISTINCT o_orderpriority) AS priorities, max(o_shippriority),
  abs(avg((o_comment LIKE '%special%requests%')::int) - 0.0107) < 0.004 AS requests FROM orders;
SELECT count(DISTINCT l_shipmode) AS modes, count(DISTINCT l_shipinstruct) AS instructions FROM lineitem;
-- remarks of suppliers, exactly five in 10000 of either kind
SELECT count(*) FILTER (WHERE s_comment LIKE '%Customer%Complaints%') AS complaints, count(*) FILTER (WHERE s_comment LIKE '%Customer%Recommends%') AS recommends
FROM spindle_rows('tpch', 'supplier', scale => 'sf1') AS t (s_comment varchar(101));

-- rows by their keys, without a scan
SET search_path = tpch_generated, public;
EXPLAIN (COSTS OFF) SELECT * FROM lineitem WHERE l_orderkey = 4000 AND l_linenumber = 1;
SELECT count(*) FROM lineitem WHERE l_orderkey IN (1, 8, 9, 32, 33);
SELECT count(*) AS wrong FROM tpch_stored.orders s WHERE o_orderkey % 2500 < 8
  AND s IS DISTINCT FROM (SELECT o::text::tpch_stored.orders FROM orders o WHERE o.o_orderkey = s.o_orderkey);

-- The queries: the same answers of both.
\set ECHO none
\i :queries
\set ECHO all
CREATE FUNCTION answer(n int, place text, OUT rows bigint, OUT hash text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('search_path', place || ', public', true);
  EXECUTE (SELECT format('SELECT count(*), md5(string_agg(q::text, E''\n'')) FROM (%s) q', query) FROM tpch_generated.tpch_query q WHERE q.n = answer.n) INTO rows, hash;
END
$$;
SELECT n, asks, g.rows, g = s AS same
FROM tpch_query, LATERAL answer(n, 'tpch_generated') g, LATERAL answer(n, 'tpch_stored') s ORDER BY n;
SELECT l_returnflag, l_linestatus, count(*), sum(l_quantity), sum(l_extendedprice) FROM lineitem GROUP BY 1, 2 ORDER BY 1, 2;

-- One checksum of all.
SET search_path = tpch_stored, public;
SELECT md5(string_agg(h, ' ')) FROM (
  SELECT md5(string_agg(t::text, E'\n' ORDER BY r_regionkey)) FROM region t
  UNION ALL SELECT md5(string_agg(t::text, E'\n' ORDER BY n_nationkey)) FROM nation t
  UNION ALL SELECT md5(string_agg(t::text, E'\n' ORDER BY s_suppkey)) FROM supplier t
  UNION ALL SELECT md5(string_agg(t::text, E'\n' ORDER BY c_custkey)) FROM customer t
  UNION ALL SELECT md5(string_agg(t::text, E'\n' ORDER BY p_partkey)) FROM part t
  UNION ALL SELECT md5(string_agg(t::text, E'\n' ORDER BY ps_partkey, ps_suppkey)) FROM partsupp t
  UNION ALL SELECT md5(string_agg(t::text, E'\n' ORDER BY o_orderkey)) FROM orders t
  UNION ALL SELECT md5(string_agg(t::text, E'\n' ORDER BY l_orderkey, l_linenumber)) FROM lineitem t) x (h);
DROP SCHEMA tpch_generated, tpch_stored CASCADE;
