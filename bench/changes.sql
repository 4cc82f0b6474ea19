-- Changes of rows: messages against what one would write in SQL, tables as of a time and
-- histories against today's tables, and what a change costs to find.
SELECT orders, orders_where, some_orders FROM bench.counts \gset
\set changes 1000000

-- the best that we know in SQL: four versions of each order, each with the one before, by
-- window functions over random(), sorted by their times, in messages with the same members
SELECT $$SELECT format('{"before":%s,"after":%s,"source":{"version":"2.7.0.Final","connector":"postgresql","name":"spindle","ts_ms":%s,"snapshot":"false","db":"retail","sequence":"[null,\"%s\"]","ts_us":%s,"ts_ns":%s000,"schema":"public","table":"order","txId":%s,"lsn":%s,"xmin":null},"transaction":null,"op":"%s","ts_ms":%s,"ts_us":%s,"ts_ns":%s000}',
    coalesce((lag(image) OVER (PARTITION BY id ORDER BY n))::text, 'null'), image, us / 1000, us, us, us, us, us,
    CASE n WHEN 1 THEN 'c' ELSE 'u' END, us / 1000, us, us)
  FROM (SELECT id, n, at, (extract(epoch FROM at) * 1000000)::bigint AS us, json_build_object('order_id', id, 'customer_id', customer, 'store_id', store, 'shipping_address_id', address,
      'promotion_id', promotion, 'order_date', placed, 'status', (ARRAY['placed', 'processing', 'shipped', 'completed'])[n], 'order_total', total) AS image
    FROM (SELECT o.*, n, placed + sum(CASE n WHEN 1 THEN 0 ELSE -ln(1 - random()) END * interval '1 day') OVER (PARTITION BY id ORDER BY n) AS at
      FROM (SELECT i::bigint AS id, (random() * 500000)::int AS customer, (random() * 150)::int AS store, (random() * 750000)::int AS address,
          CASE WHEN random() < 0.3 THEN (random() * 200)::int END AS promotion, timestamptz '2022-01-01' + random() * interval '1461 days' AS placed,
          (random() * 400)::numeric(12,2) AS total
        FROM generate_series(1, $$ || :changes / 4 || $$) i) o, generate_series(1, 4) n) dated) versions ORDER BY at$$ AS by_random \gset
-- behind the second year, when the windows of all steps are full
SELECT format('SELECT spindle_to_file(%%L, %L, scale => %L, format => %%L, from_time => %L, include_initial => false, max_events => %s)',
  'retail', :'scale', '2024-01-01', :changes) AS call \gset
-- orders alone have three updates for each insert, too; of all tables less than half are updates
CALL bench.compare('changes of orders as JSON of Debezium, a million to /dev/null, by one process : COPY of versions by random() and window functions', 10,
  :changes, replace(format(:'call', '/dev/null', 'debezium'), '''retail''', '''retail'', ''order'''), :changes, 'COPY (' || :'by_random' || ') TO ''/dev/null''',
  least(:runs, 3), is_command => true);
CALL bench.compare('changes of all tables as JSON of wal2json : of Debezium', NULL,
  :changes, format(:'call', '/dev/null', 'wal2json'), :changes, format(:'call', '/dev/null', 'debezium'), :runs, is_command => true);
INSERT INTO bench.result (comparison, goal, a_rows, b_rows, a_ms, b_ms)
SELECT 'the same of Debezium : half a million a second (fixed figure)', 1, b_rows, 500000, b_ms, '{1000}' FROM bench.result
WHERE id = (SELECT max(id) FROM bench.result);
CALL bench.compare('of Debezium by leader and 1 worker : by one process', 1.5,
  :changes, format(:'call', '/dev/null', 'debezium'), :changes, format(:'call', '/dev/null', 'debezium'),
  :runs, is_command => true, workers_of_a => 1, warm_up => false);

-- tables in the midst of their time against today's; what was there then is what is read
CREATE SCHEMA past;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO past OPTIONS (scale :'scale', as_of '2024-07-01');
CREATE PROCEDURE bench.compare_past(name text, columns text, most bigint, runs int) LANGUAGE plpgsql AS $$
DECLARE
  now_rows bigint;
  past_rows bigint;
  condition text := '';
BEGIN
  EXECUTE format('SELECT count(*) FROM shop.%I', name) INTO now_rows;
  IF now_rows > most THEN
    condition := format(' WHERE %s <= %s', (SELECT key_column FROM spindle_tables('retail') WHERE table_name = name), most);
    now_rows := most;
  END IF;
  EXECUTE format('SELECT count(*) FROM past.%I%s', name, condition) INTO past_rows;
  CALL bench.compare(format('%s of %I as of a time : today''s', CASE columns WHEN '*' THEN 'all columns' ELSE columns END, name), 0.5,
    past_rows, format('SELECT %s FROM past.%I%s', columns, name, condition),
    now_rows, format('SELECT %s FROM shop.%I%s', columns, name, condition), runs);
END
$$;
CALL bench.compare_past('order', '*', :some_orders, :runs);
CALL bench.compare_past('order', 'order_id, customer_id, order_date, status', :some_orders, :runs);
CALL bench.compare_past('order_line', '*', :some_orders, :runs);
CALL bench.compare_past('customer', '*', :some_orders, :runs);
CALL bench.compare_past('address', '*', :some_orders, :runs);
CALL bench.compare_past('product', '*', :some_orders, :runs);

-- all versions of orders; whatever reads them, its rows are counted
SELECT format('SELECT * FROM spindle_history(%L, %L, scale => %L, max_rows => 200000) AS h (%s)', 'retail', 'order', :'scale',
  string_agg(format('%I %s', column_name, data_type), ', ' ORDER BY ordinal)) AS history
FROM (SELECT column_name, data_type, ordinality AS ordinal FROM spindle_columns('retail', 'order') WITH ORDINALITY) c \gset
SELECT count(*) AS versions FROM (:history) h \gset
CALL bench.compare('versions of 200 thousand orders by spindle_history : whole orders of today', 0.3,
  :versions, :'history', 200000, 'SELECT * FROM shop."order" WHERE order_id <= 200000', :runs);

-- The first change from any time on.
CALL bench.short('first change from a time on', 100,
  format('SELECT * FROM spindle_changes(%L, scale => %L, from_time => %L, include_initial => false) LIMIT 1', 'retail', :'scale', '2024-07-01 12:00+00'), :runs);
CALL bench.short('the same at scale xlarge', 2000,
  format('SELECT * FROM spindle_changes(%L, scale => %L, from_time => %L, include_initial => false) LIMIT 1', 'retail', 'xlarge', '2024-07-01 12:00+00'), least(:runs, 3));

-- What it costs to find a change ahead, with its row, and to find out for a row how many
-- changes of a clock are to come: 1.2 for each customer.
CREATE PROCEDURE bench.changes_of(name text, most int, goal float8, runs int, scale text) LANGUAGE plpgsql AS $$
DECLARE
  query text := format('SELECT count(*) FROM (SELECT FROM spindle_changes(%L, %L, scale => %L, from_time => %L, include_initial => false) LIMIT %%s) c',
    'retail', name, scale, '2024-01-01');
  less float8;
  more float8;
BEGIN
  FOR run IN 0 .. runs LOOP
    less := least(less, bench.execution_ms(format(query, 1)));
    more := least(more, bench.execution_ms(format(query, most)));
  END LOOP;
  INSERT INTO bench.result (comparison, goal, value, unit)
  VALUES (format('a change of "%s" among %s, without the first', name, most), goal, (more - less) * 1000 / most, 'us');
END
$$;
CALL bench.changes_of('return', 200000, 6.2, :runs, :'scale');
CALL bench.changes_of('order', 1000000, 6.2, :runs, :'scale');
SELECT (SELECT count(*) FROM past.customer) AS past_customers, (SELECT count(*) FROM shop.customer) AS customers \gset
CALL bench.compare('customer_id, loyalty_tier of customer as of a time : today''s', NULL,
  :past_customers, 'SELECT customer_id, loyalty_tier FROM past.customer',
  :customers, 'SELECT customer_id, loyalty_tier FROM shop.customer', :runs);
INSERT INTO bench.result (comparison, goal, value, unit)
SELECT 'what a change by a clock adds to them, 1.2 of them to each', 28,
  (SELECT min(m) * 1e6 / a_rows FROM unnest(a_ms) m) / 1.2 - (SELECT min(m) * 1e6 / b_rows FROM unnest(b_ms) m) / 1.2, 'ns'
FROM bench.result WHERE id = (SELECT max(id) FROM bench.result);
SET client_min_messages = warning;
DROP SCHEMA past CASCADE;
RESET client_min_messages;
