-- One interleaved run of the last two comparisons of seed.sql.  Index builds are
-- not parallel themselves, except for the script, which has nothing else:
-- otherwise they would give the one worker the second core after all.
SET client_min_messages = warning;
SET maintenance_work_mem = '256MB';
SELECT bench.command_ms(script) AS script_ms FROM bench.careful_script \gset
SET max_parallel_maintenance_workers = 0;
CALL spindle_seed('retail', 'seeded', scale => 'medium', if_exists => 'replace', workers => 2) \gset two_
CALL spindle_seed('retail', 'seeded', scale => 'medium', if_exists => 'replace', workers => 1) \gset one_
UPDATE bench.result SET a_ms = a_ms || 1000 * :two_duration_seconds,
  b_ms = b_ms || CASE WHEN comparison ~ 'script' THEN :script_ms ELSE 1000 * :one_duration_seconds END
WHERE id > (SELECT max(id) - 2 FROM bench.result);
