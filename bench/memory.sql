-- Peak memory of the backend over one full scan, and its temporary files.
-- RssShmem is the part of shared buffers that this backend has touched; a scan
-- of generated rows touches none but for the catalogues.
SELECT * FROM bench.counts \gset
SELECT pg_stat_force_next_flush() \g /dev/null
SELECT temp_files FROM pg_stat_database WHERE datname = current_database() \gset before_
SELECT bench.execution_ms('SELECT * FROM shop."order"' || :'orders_where') \g /dev/null
SELECT pg_stat_force_next_flush() \g /dev/null
SELECT pg_stat_clear_snapshot() \g /dev/null
WITH status AS (
  SELECT pg_read_file('/proc/self/status') AS s
)
INSERT INTO bench.result (comparison, a_rows, goal, value, unit)
SELECT c.* FROM status, LATERAL (VALUES
  ('peak memory of a backend that reads all columns (VmHWM)', :orders, 64,
   substring(s FROM 'VmHWM:\s*(\d+)')::float8 / 1024, 'MB'),
  ('the same without shared memory (RssShmem)', :orders, NULL,
   (substring(s FROM 'VmHWM:\s*(\d+)')::float8 - substring(s FROM 'RssShmem:\s*(\d+)')::float8) / 1024, 'MB'),
  ('temporary files of that scan', :orders, 0,
   (SELECT temp_files FROM pg_stat_database WHERE datname = current_database()) - :before_temp_files, 'files')
  ) AS c(comparison, a_rows, goal, value, unit);
