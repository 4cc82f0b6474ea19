-- Against a generator in Python (numpy and pandas) that makes the same tables in
-- memory, at 0.43 million rows a second on a machine of this kind: three times
-- that is the limit for tables that are stored.
SELECT sum(row_count) / (3 * 0.43e6) * 1000 AS limit_ms FROM spindle_tables('retail', 'medium') \gset
INSERT INTO bench.result (comparison, goal, a_ms)
SELECT 'the same by 2 workers : 3 x 0.43 M rows/s', round(:limit_ms), a_ms
FROM bench.result ORDER BY id DESC LIMIT 1;
CALL bench.short('retail with keys, foreign keys, statistics, without further indexes : the same', round(:limit_ms),
  $$CALL spindle_seed('retail', 'seeded', scale => 'medium', if_exists => 'replace', indexes => false)$$, runs => 3);
CALL bench.short('retail with primary keys, no more : the same', round(:limit_ms),
  $$CALL spindle_seed('retail', 'seeded', scale => 'medium', if_exists => 'replace', keys => false, indexes => false, statistics => false);
    ALTER TABLE seeded.customer ADD PRIMARY KEY (customer_id); ALTER TABLE seeded.address ADD PRIMARY KEY (address_id);
    ALTER TABLE seeded.product_category ADD PRIMARY KEY (category_id); ALTER TABLE seeded.product ADD PRIMARY KEY (product_id);
    ALTER TABLE seeded.store ADD PRIMARY KEY (store_id); ALTER TABLE seeded.promotion ADD PRIMARY KEY (promotion_id);
    ALTER TABLE seeded."order" ADD PRIMARY KEY (order_id); ALTER TABLE seeded.order_line ADD PRIMARY KEY (order_line_id);
    ALTER TABLE seeded."return" ADD PRIMARY KEY (return_id)$$, runs => 3);
