--
-- Settings before and after the library is loaded, which happens when a session
-- uses the extension first.
--
\set VERBOSITY terse
\c -
SHOW spindle.progress; -- ERROR
SELECT current_setting('spindle.progress', true) IS NULL AS not_yet;
SET spindle.progress = on;
SET spindle.progres = on;
SHOW spindle.progress;
-- the first use checks what was set; what there is not goes away with a warning
SELECT count(*) > 0 AS domains FROM spindle_domains();
SHOW spindle.progress;
SHOW spindle.progres; -- ERROR
SET spindle.progres = on; -- ERROR
\echo :SQLSTATE
SET spindle.progress = 'maybe'; -- ERROR

-- a value that cannot be
\c -
SET spindle.progress = 'maybe';
SELECT count(*) > 0 AS domains FROM spindle_domains();
SHOW spindle.progress;

-- LOAD does it beforehand
\c -
LOAD 'spindle';
SHOW spindle.progress;
SET spindle.progres = on; -- ERROR
