-- Peak memory of a backend that streams 50 million events, some of them late.
SELECT spindle_to_file('/dev/null', 'retail', 'order', scale => 'xlarge', max_events => 50000000,
  out_of_order_fraction => 0.05, anomalies => spindle_point_anomaly('extreme', 'order_total')) \g /dev/null
INSERT INTO bench.result (comparison, a_rows, goal, value, unit)
SELECT 'peak memory of a backend that streams 50 million events (VmHWM)', 50000000, 64,
  substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s*(\d+)')::float8 / 1024, 'MB';
