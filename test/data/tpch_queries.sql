-- What the queries of TPC-H ask, in words and SQL of our own, for tables on the search
-- path.  They have the parameters whose answers TPC-H publishes for scale factor 1.
-- Each answer is in a full order.
--
-- Makes the table tpch_query.  The regression test and the benchmark run it.
CREATE TABLE tpch_query (n int PRIMARY KEY, asks text NOT NULL, query text NOT NULL);
INSERT INTO tpch_query VALUES

(1, 'quantities and prices of what was shipped until 90 days before December 1998, by flag and status', $$
SELECT l_returnflag, l_linestatus, count(*) AS lines, sum(l_quantity) AS quantity, sum(l_extendedprice) AS base,
  sum(l_extendedprice * (1 - l_discount)) AS discounted, sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) AS charged,
  round(avg(l_quantity), 4) AS mean_quantity, round(avg(l_extendedprice), 4) AS mean_price, round(avg(l_discount), 6) AS mean_discount
FROM lineitem WHERE l_shipdate <= date '1998-12-01' - 90
GROUP BY l_returnflag, l_linestatus ORDER BY l_returnflag, l_linestatus $$),

(2, 'who in Europe supplies a brass part of size 15 for the least that anyone there asks', $$
SELECT s_acctbal, s_name, n_name, ps_partkey, p_mfgr, s_address, s_phone, s_comment
FROM (SELECT *, rank() OVER (PARTITION BY ps_partkey ORDER BY ps_supplycost) AS place
      FROM part JOIN partsupp ON ps_partkey = p_partkey JOIN supplier ON s_suppkey = ps_suppkey
        JOIN nation ON n_nationkey = s_nationkey JOIN region ON r_regionkey = n_regionkey
      WHERE p_size = 15 AND p_type LIKE '%BRASS' AND r_name = 'EUROPE') offers
WHERE place = 1 ORDER BY s_acctbal DESC, n_name, s_name, ps_partkey LIMIT 100 $$),

(3, 'the ten most valuable orders of builders that were not shipped yet in March 1995', $$
SELECT l_orderkey, sum(l_extendedprice * (1 - l_discount)) AS revenue, o_orderdate, o_shippriority
FROM lineitem JOIN orders ON o_orderkey = l_orderkey JOIN customer ON c_custkey = o_custkey
WHERE c_mktsegment = 'BUILDING' AND o_orderdate < '1995-03-15' AND l_shipdate > '1995-03-15'
GROUP BY l_orderkey, o_orderdate, o_shippriority ORDER BY revenue DESC, o_orderdate, l_orderkey LIMIT 10 $$),

(4, 'how many orders of a quarter had a line that came late, by priority', $$
SELECT o_orderpriority, count(*) AS orders FROM orders
WHERE o_orderdate >= '1993-07-01' AND o_orderdate < '1993-10-01'
  AND EXISTS (SELECT FROM lineitem WHERE l_orderkey = o_orderkey AND l_receiptdate > l_commitdate)
GROUP BY o_orderpriority ORDER BY o_orderpriority $$),

(5, 'what suppliers earned in 1994 with customers of their own nation, in Asia', $$
SELECT n_name, sum(l_extendedprice * (1 - l_discount)) AS revenue
FROM region JOIN nation ON n_regionkey = r_regionkey JOIN customer ON c_nationkey = n_nationkey JOIN orders ON o_custkey = c_custkey
  JOIN lineitem ON l_orderkey = o_orderkey JOIN supplier ON s_suppkey = l_suppkey AND s_nationkey = n_nationkey
WHERE r_name = 'ASIA' AND o_orderdate >= '1994-01-01' AND o_orderdate < '1995-01-01'
GROUP BY n_name ORDER BY revenue DESC $$),

(6, 'what small discounts on small quantities cost in 1994', $$
SELECT sum(l_extendedprice * l_discount) AS revenue FROM lineitem
WHERE l_shipdate >= '1994-01-01' AND l_shipdate < '1995-01-01' AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24 $$),

(7, 'trade between France and Germany in two years, both ways', $$
SELECT seller.n_name AS from_nation, buyer.n_name AS to_nation, extract(year FROM l_shipdate) AS year,
  sum(l_extendedprice * (1 - l_discount)) AS volume
FROM lineitem JOIN orders ON o_orderkey = l_orderkey JOIN customer ON c_custkey = o_custkey JOIN supplier ON s_suppkey = l_suppkey
  JOIN nation seller ON seller.n_nationkey = s_nationkey JOIN nation buyer ON buyer.n_nationkey = c_nationkey
WHERE l_shipdate BETWEEN '1995-01-01' AND '1996-12-31'
  AND (seller.n_name, buyer.n_name) IN (('FRANCE', 'GERMANY'), ('GERMANY', 'FRANCE'))
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 $$),

(8, 'which share of what America bought of one type of part came from Brazil, by year', $$
SELECT extract(year FROM o_orderdate) AS year,
  round(sum(l_extendedprice * (1 - l_discount)) FILTER (WHERE maker.n_name = 'BRAZIL') / sum(l_extendedprice * (1 - l_discount)), 8) AS share
FROM part JOIN lineitem ON l_partkey = p_partkey JOIN orders ON o_orderkey = l_orderkey JOIN customer ON c_custkey = o_custkey
  JOIN nation home ON home.n_nationkey = c_nationkey JOIN region ON r_regionkey = home.n_regionkey
  JOIN supplier ON s_suppkey = l_suppkey JOIN nation maker ON maker.n_nationkey = s_nationkey
WHERE p_type = 'ECONOMY ANODIZED STEEL' AND r_name = 'AMERICA' AND o_orderdate BETWEEN '1995-01-01' AND '1996-12-31'
GROUP BY 1 ORDER BY 1 $$),

(9, 'profit with green parts, by nation of the supplier and year', $$
SELECT n_name, extract(year FROM o_orderdate) AS year, sum(l_extendedprice * (1 - l_discount) - ps_supplycost * l_quantity) AS profit
FROM part JOIN partsupp ON ps_partkey = p_partkey JOIN lineitem ON l_partkey = ps_partkey AND l_suppkey = ps_suppkey
  JOIN orders ON o_orderkey = l_orderkey JOIN supplier ON s_suppkey = l_suppkey JOIN nation ON n_nationkey = s_nationkey
WHERE p_name LIKE '%green%'
GROUP BY 1, 2 ORDER BY 1, 2 DESC $$),

(10, 'the twenty customers who returned the most of a quarter''s orders', $$
SELECT c_custkey, c_name, sum(l_extendedprice * (1 - l_discount)) AS lost, c_acctbal, n_name, c_address, c_phone, c_comment
FROM orders JOIN lineitem ON l_orderkey = o_orderkey JOIN customer ON c_custkey = o_custkey JOIN nation ON n_nationkey = c_nationkey
WHERE o_orderdate >= '1993-10-01' AND o_orderdate < '1994-01-01' AND l_returnflag = 'R'
GROUP BY c_custkey, c_name, c_acctbal, n_name, c_address, c_phone, c_comment ORDER BY lost DESC, c_custkey LIMIT 20 $$),

(11, 'parts that are a good deal of what is in stock in Germany', $$
WITH stock AS MATERIALIZED (
  SELECT ps_partkey, sum(ps_supplycost * ps_availqty) AS value
  FROM partsupp JOIN supplier ON s_suppkey = ps_suppkey JOIN nation ON n_nationkey = s_nationkey
  WHERE n_name = 'GERMANY' GROUP BY ps_partkey)
SELECT ps_partkey, value FROM stock
WHERE value > (SELECT sum(value) FROM stock) / (SELECT count(*) FROM supplier) ORDER BY value DESC, ps_partkey $$),

(12, 'how many lines sent by mail or ship came too late in 1994, of urgent orders and others', $$
SELECT l_shipmode, count(*) FILTER (WHERE is_urgent) AS urgent, count(*) FILTER (WHERE NOT is_urgent) AS others
FROM lineitem JOIN (SELECT o_orderkey, o_orderpriority IN ('1-URGENT', '2-HIGH') AS is_urgent FROM orders) o ON o_orderkey = l_orderkey
WHERE l_shipmode IN ('MAIL', 'SHIP') AND l_receiptdate >= '1994-01-01' AND l_receiptdate < '1995-01-01'
  AND l_shipdate < l_commitdate AND l_commitdate < l_receiptdate
GROUP BY l_shipmode ORDER BY l_shipmode $$),

(13, 'how many customers have how many orders, special requests aside', $$
SELECT coalesce(orders, 0) AS orders, count(*) AS customers
FROM customer LEFT JOIN (SELECT o_custkey, count(*) AS orders FROM orders WHERE o_comment NOT LIKE '%special%requests%' GROUP BY o_custkey) o
  ON o_custkey = c_custkey
GROUP BY 1 ORDER BY customers DESC, orders DESC $$),

(14, 'which part of a month''s revenue came from promotional parts', $$
SELECT round(100 * sum(l_extendedprice * (1 - l_discount)) FILTER (WHERE p_type LIKE 'PROMO%') / sum(l_extendedprice * (1 - l_discount)), 6) AS percent
FROM lineitem JOIN part ON p_partkey = l_partkey WHERE l_shipdate >= '1995-09-01' AND l_shipdate < '1995-10-01' $$),

(15, 'the supplier with the highest revenue of a quarter', $$
SELECT s_suppkey, s_name, s_address, s_phone, revenue
FROM supplier JOIN (SELECT l_suppkey, sum(l_extendedprice * (1 - l_discount)) AS revenue,
                      rank() OVER (ORDER BY sum(l_extendedprice * (1 - l_discount)) DESC) AS place
                    FROM lineitem WHERE l_shipdate >= '1996-01-01' AND l_shipdate < '1996-04-01' GROUP BY l_suppkey) earned
  ON l_suppkey = s_suppkey
WHERE place = 1 ORDER BY s_suppkey $$),

(16, 'how many suppliers without complaints there are for parts of some kinds and sizes', $$
SELECT p_brand, p_type, p_size, count(DISTINCT ps_suppkey) AS suppliers
FROM part JOIN partsupp ON ps_partkey = p_partkey
WHERE p_brand <> 'Brand#45' AND p_type NOT LIKE 'MEDIUM POLISHED%' AND p_size IN (49, 14, 23, 45, 19, 3, 36, 9)
  AND NOT EXISTS (SELECT FROM supplier WHERE s_suppkey = ps_suppkey AND s_comment LIKE '%Customer%Complaints%')
GROUP BY p_brand, p_type, p_size ORDER BY suppliers DESC, p_brand, p_type, p_size $$),

(17, 'yearly revenue with unusually small orders of some parts', $$
SELECT round(sum(l_extendedprice) / 7, 2) AS yearly
FROM (SELECT l_extendedprice, l_quantity, avg(l_quantity) OVER (PARTITION BY l_partkey) AS usual
      FROM lineitem JOIN part ON p_partkey = l_partkey WHERE p_brand = 'Brand#23' AND p_container = 'MED BOX') l
WHERE l_quantity < 0.2 * usual $$),

(18, 'customers with orders of more than 300 pieces', $$
SELECT c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice, pieces
FROM (SELECT l_orderkey, sum(l_quantity) AS pieces FROM lineitem GROUP BY l_orderkey HAVING sum(l_quantity) > 300) large
  JOIN orders ON o_orderkey = l_orderkey JOIN customer ON c_custkey = o_custkey
ORDER BY o_totalprice DESC, o_orderdate, o_orderkey LIMIT 100 $$),

(19, 'revenue with three kinds of parts in fitting containers and quantities, sent by air and handed over', $$
SELECT sum(l_extendedprice * (1 - l_discount)) AS revenue, count(*) AS lines
FROM lineitem JOIN part ON p_partkey = l_partkey
  JOIN (VALUES ('Brand#12', 'SM', '{CASE,BOX,PACK,PKG}'::text[], 1, 5), ('Brand#23', 'MED', '{BAG,BOX,PKG,PACK}', 10, 10),
               ('Brand#34', 'LG', '{CASE,BOX,PACK,PKG}', 20, 15)) kind (brand, size, container, least, most)
    ON p_brand = brand AND split_part(p_container, ' ', 1) = kind.size AND split_part(p_container, ' ', 2) = ANY (container)
      AND p_size BETWEEN 1 AND most AND l_quantity BETWEEN least AND least + 10
WHERE l_shipmode IN ('AIR', 'REG AIR') AND l_shipinstruct = 'DELIVER IN PERSON' $$),

(20, 'suppliers in Canada who have more than half of what a year takes of a forest part', $$
WITH taken AS MATERIALIZED (
  SELECT l_partkey, l_suppkey, sum(l_quantity) AS quantity
  FROM lineitem JOIN part ON p_partkey = l_partkey
  WHERE p_name LIKE 'forest%' AND l_shipdate >= '1994-01-01' AND l_shipdate < '1995-01-01' GROUP BY 1, 2)
SELECT s_name, s_address FROM supplier JOIN nation ON n_nationkey = s_nationkey
WHERE n_name = 'CANADA' AND s_suppkey IN
  (SELECT ps_suppkey FROM partsupp JOIN taken ON l_partkey = ps_partkey AND l_suppkey = ps_suppkey WHERE ps_availqty > 0.5 * quantity)
ORDER BY s_name $$),

(21, 'suppliers in Saudi Arabia who alone kept orders of several suppliers waiting', $$
SELECT s_name, sum(late) AS waiting
FROM (SELECT l_orderkey, min(l_suppkey) FILTER (WHERE l_receiptdate > l_commitdate) AS suppkey,
        count(*) FILTER (WHERE l_receiptdate > l_commitdate) AS late
      FROM lineitem JOIN orders ON o_orderkey = l_orderkey WHERE o_orderstatus = 'F' GROUP BY l_orderkey
      HAVING count(DISTINCT l_suppkey) > 1 AND count(DISTINCT l_suppkey) FILTER (WHERE l_receiptdate > l_commitdate) = 1) alone
  JOIN supplier ON s_suppkey = suppkey JOIN nation ON n_nationkey = s_nationkey
WHERE n_name = 'SAUDI ARABIA'
GROUP BY s_name ORDER BY waiting DESC, s_name LIMIT 100 $$),

(22, 'well-off customers of seven countries who never ordered', $$
WITH reachable AS MATERIALIZED (
  SELECT c_custkey, left(c_phone, 2) AS code, c_acctbal FROM customer WHERE left(c_phone, 2) IN ('13', '31', '23', '29', '30', '18', '17'))
SELECT code, count(*) AS customers, sum(c_acctbal) AS balance FROM reachable
WHERE c_acctbal > (SELECT avg(c_acctbal) FROM reachable WHERE c_acctbal > 0)
  AND NOT EXISTS (SELECT FROM orders WHERE o_custkey = c_custkey)
GROUP BY code ORDER BY code $$);
