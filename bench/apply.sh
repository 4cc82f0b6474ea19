# shellcheck shell=bash
# Changes as transactions, which SQL functions cannot time; sourced by run.sh behind
# delivery.sh, whose functions it uses.

statements=$files/apply.sql
sql <<SQL
CREATE SCHEMA played;
SELECT spindle_ddl('retail', 'played') AS ddl \gset
:ddl
-- the same statements, in a file and in a table
SELECT spindle_to_file('$statements', 'retail', NULL, scale => 'small', format => 'sql') \gset
CREATE TABLE bench.statement (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, statement text);
COPY bench.statement (statement) FROM '$statements' (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02');
VACUUM ANALYZE bench.statement;
CREATE PROCEDURE bench.play() LANGUAGE plpgsql AS \$\$
DECLARE
  s text;
BEGIN
  FOR s IN SELECT statement FROM bench.statement ORDER BY n LOOP
    IF s LIKE 'COMMIT%' THEN
      COMMIT;
    ELSIF s NOT LIKE 'BEGIN%' THEN
      EXECUTE s;
    END IF;
  END LOOP;
END
\$\$;
SQL
changes=$(sql -Atc "SELECT count(*) FROM spindle_changes('retail', scale => 'small')")
emptied='TRUNCATE played.product_category, played.customer, played.store, played.promotion CASCADE'
by_us="CALL spindle_to_tables('played', 'retail', false, scale => 'small', \"position\" => 'origin')"

# run by psql, statement by statement, through one connection
scripted() {
	local start=$EPOCHREALTIME
	sql -c "SET search_path = played" -f "$statements" >/dev/null
	awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", (b - a) * 1000 }'
}

ours='' scripts='' loops=''
for ((i = 0; i <= runs; i++)); do
	sql -c "SET client_min_messages = warning" -c "$emptied" -c CHECKPOINT
	a_ms=$(milliseconds -c "$by_us")
	sql -c "SET client_min_messages = warning" -c "$emptied" -c CHECKPOINT
	b_ms=$(scripted)
	sql -c "SET client_min_messages = warning" -c "$emptied" -c CHECKPOINT
	c_ms=$(milliseconds -c 'SET search_path = played' -c 'CALL bench.play()')
	[ $i -eq 0 ] || { ours=$ours${ours:+,}$a_ms; scripts=$scripts${scripts:+,}$b_ms; loops=$loops${loops:+,}$c_ms; }
done
note 'changes as transactions : the same statements in a script, psql -f' 3 "$changes" "$ours" "$changes" "$scripts"
note 'the same : the same statements in a loop of PL/pgSQL' 1.2 "$changes" "$ours" "$changes" "$loops"

# Pacing: what the clock says when an order is inserted, against the arrival of its
# transaction.
sql <<'SQL'
CREATE SCHEMA paced;
SELECT format('CREATE TABLE paced.%1$I (LIKE played.%1$I INCLUDING INDEXES, at timestamptz DEFAULT clock_timestamp())', relname) FROM pg_class
WHERE relnamespace = 'played'::regnamespace AND relkind = 'r' \gexec
CALL spindle_to_tables('paced', 'retail', true, scale => 'medium', to_time => '2022-01-10', "position" => 'origin');
SQL
for rate in 100 1000 5000; do
	sql -v rate="$rate" <<'SQL'
SELECT "position" AS start FROM spindle_last_position('paced', 'retail', 'medium') \gset
CALL spindle_to_tables('paced', 'retail', scale => 'medium', "position" => 'origin', resume => true, realtime => true,
  events_per_second => :rate, arrivals => 'uniform', duration => '5 s') \gset
WITH late AS (
  SELECT extract(epoch FROM o.at) - extract(epoch FROM c.arrival) AS "offset"
  FROM spindle_changes('retail', scale => 'medium', after_position => :'start', events_per_second => :rate, arrivals => 'uniform', duration => '5 s') c
    JOIN paced."order" o ON o.order_id = (c.key ->> 'order_id')::bigint
  WHERE c.table_name = 'order' AND c.op = 'c'
)
INSERT INTO bench.result (comparison, a_rows, goal, value, unit)
SELECT v.* FROM (SELECT percentile_disc(0.99) WITHIN GROUP (ORDER BY "offset") - min("offset") AS p99 FROM late) l,
  LATERAL (VALUES
    (format('transactions paced at %s a second: deviation of the mean rate', :rate), :transactions_committed, 0.1, 100 * abs(:transactions_per_second_actual / :rate - 1), '%'),
    (format('transactions paced at %s a second: 99 of 100 at most so late', :rate), :transactions_committed, 5, p99 * 1000, 'ms')
  ) v (comparison, events, goal, value, unit);
SQL
done
