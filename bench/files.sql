-- JSON lines.  COPY leaves its file in the page cache; the cluster runs with
-- fsync off, so that spindle does so too.
SELECT some_orders FROM bench.counts \gset
\set a :dir '/a.jsonl'
\set b :dir '/b.jsonl'

-- Workers help to make lines; COPY has none.
CALL bench.compare('JSON lines of order to a file by leader and 1 worker, some : COPY of row_to_json of stored rows', 5,
  :some_orders, format('SELECT spindle_to_file(%L, %L, %L, scale => %L, max_events => %s)',
    :'a', 'retail', 'order', :'scale', :some_orders),
  :some_orders, format('COPY (SELECT row_to_json(t) FROM bench.stored_order t) TO %L', :'b'),
  :runs, is_command => true, workers_of_a => 1);
CALL bench.compare('the same by one process : the same', NULL,
  :some_orders, format('SELECT spindle_to_file(%L, %L, %L, scale => %L, max_events => %s)',
    :'a', 'retail', 'order', :'scale', :some_orders),
  :some_orders, format('COPY (SELECT row_to_json(t) FROM bench.stored_order t) TO %L', :'b'),
  :runs, is_command => true, warm_up => false);
UPDATE bench.result SET a_bytes = (pg_stat_file(:'a')).size, b_bytes = (pg_stat_file(:'b')).size
WHERE id IN (SELECT id FROM bench.result ORDER BY id DESC LIMIT 2);

CALL bench.compare('the same to /dev/null', NULL,
  :some_orders, format('SELECT spindle_to_file(%L, %L, %L, scale => %L, max_events => %s)',
    '/dev/null', 'retail', 'order', :'scale', :some_orders),
  :some_orders, 'COPY (SELECT row_to_json(t) FROM bench.stored_order t) TO ''/dev/null''',
  :runs, is_command => true, warm_up => false);
UPDATE bench.result r SET a_bytes = f.a_bytes, b_bytes = f.b_bytes
FROM bench.result f
WHERE r.id = (SELECT max(id) FROM bench.result) AND f.id = r.id - 1;
