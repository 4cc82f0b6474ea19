-- Streams: what they cost over the rows they are made of, and over what the
-- server does with stored rows.  As in files.sql, files are left in the cache.
SELECT orders, some_orders, orders_where FROM bench.counts \gset
\set a :dir '/a.jsonl'
\set b :dir '/b.jsonl'

CALL bench.compare('count(*) of spindle_stream, order : whole rows of the foreign table', 0.7,
  :orders, format('SELECT count(*) FROM spindle_stream(%L, %L, scale => %L, max_events => %s)', 'retail', 'order', :'scale', :orders),
  :orders, 'SELECT * FROM shop."order"' || :'orders_where', :runs);
CALL bench.compare('the same : count(*) of the foreign table, which computes no column either', NULL,
  :orders, format('SELECT count(*) FROM spindle_stream(%L, %L, scale => %L, max_events => %s)', 'retail', 'order', :'scale', :orders),
  :orders, 'SELECT count(*) FILTER (WHERE true) FROM shop."order"' || :'orders_where', :runs);
CALL bench.compare('rows of spindle_stream without "event" : whole rows of the foreign table', 0.7,
  :orders, format('SELECT delivery_seq, seq, table_name, event_time, arrival, is_anomaly, anomaly_type'
    ' FROM spindle_stream(%L, %L, scale => %L, max_events => %s)', 'retail', 'order', :'scale', :orders),
  :orders, 'SELECT * FROM shop."order"' || :'orders_where', :runs);
CALL bench.compare('rows of spindle_stream with "event" : the same', 0.5,
  :orders, format('SELECT * FROM spindle_stream(%L, %L, scale => %L, max_events => %s)', 'retail', 'order', :'scale', :orders),
  :orders, 'SELECT * FROM shop."order"' || :'orders_where', :runs);

-- Late events cost the same per event however many there are.
CALL bench.compare('out_of_order_fraction 0.05, 100 thousand events : none', 0.9,
  100000, $$SELECT spindle_to_file('/dev/null', 'retail', 'order', scale => 'xlarge', max_events => 100000, out_of_order_fraction => 0.05)$$,
  100000, $$SELECT spindle_to_file('/dev/null', 'retail', 'order', scale => 'xlarge', max_events => 100000)$$,
  :runs * 4, is_command => true);
CALL bench.compare('the same, 10 million events', 0.9,
  10000000, $$SELECT spindle_to_file('/dev/null', 'retail', 'order', scale => 'xlarge', max_events => 10000000, out_of_order_fraction => 0.05)$$,
  10000000, $$SELECT spindle_to_file('/dev/null', 'retail', 'order', scale => 'xlarge', max_events => 10000000)$$,
  :runs, is_command => true, warm_up => false);

CALL bench.compare('file with 5 % late and 1 % point anomalies by leader and 1 worker, some : COPY of row_to_json', 5,
  :some_orders, format('SELECT spindle_to_file(%L, %L, %L, scale => %L, max_events => %s, out_of_order_fraction => 0.05,'
    ' anomalies => spindle_point_anomaly(%L, %L))', :'a', 'retail', 'order', :'scale', :some_orders, 'extreme', 'order_total'),
  :some_orders, format('COPY (SELECT row_to_json(t) FROM bench.stored_order t) TO %L', :'b'),
  :runs, is_command => true, workers_of_a => 1);
CALL bench.compare('the same by one process : the same', NULL,
  :some_orders, format('SELECT spindle_to_file(%L, %L, %L, scale => %L, max_events => %s, out_of_order_fraction => 0.05,'
    ' anomalies => spindle_point_anomaly(%L, %L))', :'a', 'retail', 'order', :'scale', :some_orders, 'extreme', 'order_total'),
  :some_orders, format('COPY (SELECT row_to_json(t) FROM bench.stored_order t) TO %L', :'b'),
  :runs, is_command => true, warm_up => false);

-- The Python package, measured elsewhere: 106 thousand events a second while it
-- emits to a file, 47 thousand with the generation of their rows.
INSERT INTO bench.result (comparison, goal, a_rows, b_rows, a_ms, b_ms)
SELECT v.comparison, v.goal, r.a_rows, v.b_rows, r.a_ms, '{1000}' FROM bench.result r,
  (VALUES ('the same : the Python package, emitting only (fixed figure)', 20, 106000),
     ('the same : the Python package, with generation (fixed figure)', 40, 47000)) v (comparison, goal, b_rows)
WHERE r.id = (SELECT max(id) FROM bench.result);

CALL bench.compare('file of a relation by time, some : COPY of row_to_json with ORDER BY', 1,
  :some_orders, format('SELECT spindle_to_file(%L, %L::regclass)', :'a', 'bench.stored_order'),
  :some_orders, format('COPY (SELECT row_to_json(t) FROM (SELECT * FROM bench.stored_order ORDER BY order_date) t) TO %L', :'b'),
  :runs, is_command => true);
