-- Typed rows, up to the executor: nothing is sent to a client.
SELECT * FROM bench.counts \gset
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;

-- Whole rows against the barest rows the server makes: int in FROM, counted.
CALL bench.compare('order without order_total (7 columns) : count(*) FROM generate_series', 0.8,
  :orders, 'SELECT order_id, customer_id, store_id, shipping_address_id, promotion_id, order_date, status'
  ' FROM shop."order"' || :'orders_where',
  :orders, 'SELECT count(*) FROM generate_series(1, ' || :orders || ')', :runs);
CALL bench.compare('order with order_total (8 columns), some : the same', 1.2,
  :some_orders, 'SELECT * FROM shop."order"' || :'some_orders_where',
  :some_orders, 'SELECT count(*) FROM generate_series(1, ' || :some_orders || ')', :runs);
CALL bench.compare('order_line (8 columns) : the same', 0.6,
  :order_lines, 'SELECT * FROM shop.order_line' || :'order_lines_where',
  :order_lines, 'SELECT count(*) FROM generate_series(1, ' || :order_lines || ')', :runs);
CALL bench.compare('customer (8 columns) : the same', 0.6,
  :customers, 'SELECT * FROM shop.customer' || :'customers_where',
  :customers, 'SELECT count(*) FROM generate_series(1, ' || :customers || ')', :runs);

-- Against rows of as many columns of the same types, by random().
CALL bench.compare('order without order_total (7 columns) : 7 columns by random()', 6,
  :orders, 'SELECT order_id, customer_id, store_id, shipping_address_id, promotion_id, order_date, status'
  ' FROM shop."order"' || :'orders_where',
  :orders, $$SELECT i::bigint, (random() * 500000)::int, (random() * 150)::int, (random() * 750000)::int,
    CASE WHEN random() < 0.3 THEN (random() * 200)::int END,
    timestamptz '2022-01-01' + random() * interval '1461 days',
    CASE (random() * 4)::int WHEN 0 THEN 'completed' WHEN 1 THEN 'shipped' WHEN 2 THEN 'processing'
      WHEN 3 THEN 'cancelled' ELSE 'returned' END
    FROM generate_series(1, $$ || :orders || ') i', :runs);

CALL bench.compare('order_line (8 columns, 3 of them numeric) : 8 columns by random()', 6,
  :order_lines, 'SELECT * FROM shop.order_line' || :'order_lines_where',
  :order_lines, $$SELECT i::bigint, (random() * 2000000)::bigint, (random() * 25000)::int,
    CASE WHEN random() < 0.3 THEN (random() * 200)::int END, 1 + (random() * 4)::int,
    (random() * 100)::numeric(10,2), (random() * 50)::numeric(5,2), (random() * 400)::numeric(12,2)
    FROM generate_series(1, $$ || :order_lines || ') i', :runs);
CALL bench.compare('customer (8 columns, 5 of them text) : 8 columns by random()', 6,
  :customers, 'SELECT * FROM shop.customer' || :'customers_where',
  :customers, $$SELECT i, a[1 + (random() * 9)::int], b[1 + (random() * 9)::int],
    lower(a[1 + (random() * 9)::int] || '.' || b[1 + (random() * 9)::int]) || i || '@example.com',
    CASE WHEN random() < 0.49 THEN 'M' ELSE 'F' END,
    CASE (random() * 3)::int WHEN 0 THEN 'Basic' WHEN 1 THEN 'Silver' WHEN 2 THEN 'Gold' ELSE 'Platinum' END,
    timestamptz '2022-01-01' + random() * interval '1461 days', random() < 0.85
    FROM generate_series(1, $$ || :customers || $$) i,
      (SELECT '{Mary,James,Linda,Robert,Susan,John,Karen,David,Lisa,Mark}'::text[] a,
         '{Smith,Jones,Brown,Davis,Miller,Wilson,Moore,Clark,Lewis,Young}'::text[] b) names$$, :runs);

CALL bench.compare('order, count of 7 columns, leader and 1 worker : leader alone', 1.6,
  :orders, 'SELECT count(order_id), count(customer_id), count(store_id), count(shipping_address_id),'
  ' count(promotion_id), count(order_date), count(status) FROM shop."order"' || :'orders_where',
  :orders, 'SELECT count(order_id), count(customer_id), count(store_id), count(shipping_address_id),'
  ' count(promotion_id), count(order_date), count(status) FROM shop."order"' || :'orders_where', :runs, workers_of_a => 1);

CALL bench.compare('orders by status, count and avg(order_total), some : the same of a stored copy', 0.8,
  :some_orders, 'SELECT status, count(*), avg(order_total) FROM shop."order"' || :'some_orders_where' || ' GROUP BY 1',
  :some_orders, 'SELECT status, count(*), avg(order_total) FROM bench.stored_order GROUP BY 1', :runs);

CALL bench.short('LIMIT 10 of 100 million orders', 5, 'SELECT * FROM xlarge."order" LIMIT 10');
CALL bench.short('one of 10 billion orders by key', 1, 'SELECT * FROM xxxl."order" WHERE order_id = 9123456789');
CALL bench.short('count(*) of 10 billion orders', 1, 'SELECT count(*) FROM xxxl."order"');
CALL bench.short('count(*) and last key of a month of 10 billion orders', 1,
  'SELECT count(*), max(order_id) FROM xxxl."order" WHERE order_date >= ''2024-03-01'' AND order_date < ''2024-04-01''');
