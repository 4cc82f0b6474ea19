-- One interleaved run of the last comparison of seed.sql: workers commit, so
-- this cannot be done within a function.  Index builds are not parallel themselves,
-- which would give the one worker the second core after all.
SET maintenance_work_mem = '256MB';
SET max_parallel_maintenance_workers = 0;
CALL spindle_seed('retail', 'seeded', scale => 'medium', if_exists => 'replace', workers => 2) \gset a_
CALL spindle_seed('retail', 'seeded', scale => 'medium', if_exists => 'replace', workers => 1) \gset b_
UPDATE bench.result SET a_ms = a_ms || 1000 * :a_duration_seconds, b_ms = b_ms || 1000 * :b_duration_seconds
WHERE id = (SELECT max(id) FROM bench.result);
