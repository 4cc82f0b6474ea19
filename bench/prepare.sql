-- Foreign tables, what is stored for comparison, and the functions that measure.
CREATE EXTENSION spindle;
CREATE SCHEMA shop;
CREATE SCHEMA xlarge;
CREATE SCHEMA xxxl;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO shop OPTIONS (scale :'scale');
IMPORT FOREIGN SCHEMA retail LIMIT TO ("order") FROM SERVER spindle INTO xlarge OPTIONS (scale 'xlarge');
IMPORT FOREIGN SCHEMA retail LIMIT TO ("order") FROM SERVER spindle INTO xxxl OPTIONS (scale 'xxxl');

CREATE SCHEMA bench;

-- Rows that the comparisons read, not more than 5 or 2 million, and the
-- condition that leaves them, empty where the table has no more.
CREATE FUNCTION bench.rows_to_read(name text, key text, most bigint, scale text, OUT n bigint, OUT condition text)
LANGUAGE sql AS $$
  SELECT least(row_count, most),
    CASE WHEN row_count > most THEN format(' WHERE %s <= %s', key, most) ELSE '' END
  FROM spindle_tables('retail', scale) WHERE table_name = name
$$;
CREATE TABLE bench.counts AS
SELECT o.n AS orders, o.condition AS orders_where, s.n AS some_orders, s.condition AS some_orders_where,
  l.n AS order_lines, l.condition AS order_lines_where, c.n AS customers, c.condition AS customers_where
FROM bench.rows_to_read('order', 'order_id', 5000000, :'scale') AS o,
  bench.rows_to_read('order', 'order_id', 2000000, :'scale') AS s,
  bench.rows_to_read('order_line', 'order_line_id', 5000000, :'scale') AS l,
  bench.rows_to_read('customer', 'customer_id', 5000000, :'scale') AS c;
SELECT * FROM bench.counts \gset

CREATE TABLE bench.result (
  id int GENERATED ALWAYS AS IDENTITY,
  comparison text,
  a_rows bigint,
  b_rows bigint,
  a_ms float8[],
  b_ms float8[],
  a_bytes bigint,
  b_bytes bigint,
  goal float8,          -- ratio that A has to reach; without B, an upper limit
  value float8,         -- without B: what is measured
  unit text DEFAULT 'ms'
);

-- The execution time of a query without the transfer of its result, or of a
-- command, in milliseconds.
CREATE FUNCTION bench.execution_ms(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, SUMMARY ON, FORMAT JSON) ' || query INTO plan;
  RETURN plan -> 0 ->> 'Execution Time';
END
$$;

CREATE FUNCTION bench.command_ms(command text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  start timestamptz := clock_timestamp();
BEGIN
  EXECUTE command;
  RETURN extract(epoch FROM clock_timestamp() - start) * 1000;
END
$$;

-- One comparison: a run of each as a warm-up, then A B A B ...
CREATE PROCEDURE bench.compare(comparison text, goal float8, a_rows bigint, a text, b_rows bigint, b text,
  runs int, is_command boolean DEFAULT false, workers_of_a int DEFAULT 0, warm_up boolean DEFAULT true)
LANGUAGE plpgsql AS $$
DECLARE
  a_ms float8[];
  b_ms float8[];
  ms float8;
BEGIN
  FOR run IN CASE WHEN warm_up THEN 0 ELSE 1 END .. runs LOOP
    PERFORM set_config('max_parallel_workers_per_gather', workers_of_a::text, false);
    ms := CASE WHEN is_command THEN bench.command_ms(a) ELSE bench.execution_ms(a) END;
    PERFORM set_config('max_parallel_workers_per_gather', '0', false);
    IF run > 0 THEN
      a_ms := a_ms || ms;
    END IF;
    ms := CASE WHEN is_command THEN bench.command_ms(b) ELSE bench.execution_ms(b) END;
    IF run > 0 THEN
      b_ms := b_ms || ms;
    END IF;
  END LOOP;
  INSERT INTO bench.result (comparison, goal, a_rows, b_rows, a_ms, b_ms)
  VALUES (comparison, goal, a_rows, b_rows, a_ms, b_ms);
END
$$;

-- Single short queries, planning included.
CREATE PROCEDURE bench.short(comparison text, goal float8, query text, runs int DEFAULT 20)
LANGUAGE plpgsql AS $$
DECLARE
  ms float8[];
BEGIN
  PERFORM bench.command_ms(query);
  FOR run IN 1 .. runs LOOP
    ms := ms || bench.command_ms(query);
  END LOOP;
  INSERT INTO bench.result (comparison, goal, a_ms) VALUES (comparison, goal, ms);
END
$$;

-- Stored orders, read into shared buffers or at least the system's cache.
CREATE TABLE bench.stored_order AS SELECT * FROM shop."order" WHERE order_id <= :some_orders;
VACUUM ANALYZE bench.stored_order;
SELECT count(*) AS stored, round(avg(pg_column_size(o.*))) AS row_bytes FROM bench.stored_order o \gset

\t on
\pset format unaligned
SELECT version();
SELECT string_agg(name || ' = ' || current_setting(name), ', ' ORDER BY name)
FROM unnest('{shared_buffers, fsync, wal_level, jit, work_mem, max_parallel_workers_per_gather}'::text[]) AS name;
SELECT format('retail at scale %s: %s rows of order (8 columns, %s bytes each), of these %s where it says "some";'
  ' %s of order_line (8 columns); %s of customer (8 columns)',
  :'scale', :orders, :row_bytes, :some_orders, :order_lines, :customers);
SELECT format('%s interleaved runs of each side after one to warm up', :runs);
