# shellcheck shell=bash
# Deliveries that commit, which SQL functions cannot time; sourced by run.sh.
# Fills bench.result like the other files.

# milliseconds COMMAND...: run SQL in a new session; the time of its last line
milliseconds() {
	sql -c '\timing on' "$@" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -1
}

# note COMPARISON GOAL A_ROWS A_MS B_ROWS B_MS: lists of milliseconds, commas
note() {
	sql -c "INSERT INTO bench.result (comparison, goal, a_rows, a_ms, b_rows, b_ms)
		VALUES ('$1', $2, $3, '{$4}', $5, '{$6}')"
}

# compare COMPARISON GOAL ROWS A B: A and B are SQL; tables they fill are
# truncated between the runs by the caller's B_BEFORE
compare() {
	local a= b= i
	for ((i = 0; i <= runs; i++)); do
		sql -c "${before:-SELECT}" >/dev/null
		local a_ms b_ms
		a_ms=$(milliseconds -c "$4")
		sql -c "${before:-SELECT}" >/dev/null
		b_ms=$(milliseconds -c "$5")
		[ $i -eq 0 ] || { a=$a${a:+,}$a_ms; b=$b${b:+,}$b_ms; }
	done
	note "$1" "$2" "$3" "$a" "$3" "$b"
}

# listened ROWS SQL: run SQL with one listener; milliseconds from the first to
# the last notification, or an error if any is missing
listened() {
	local count ms pid printed=$WORK/listened
	: >"$printed"
	as_db env PGDATABASE=postgres "$WORK/listen" bench "$1" >"$printed" &
	pid=$!
	until grep -q ready "$printed"; do sleep 0.05; done
	sql -c "$2" >/dev/null
	wait "$pid"
	read -r count ms < <(tail -n 1 "$printed")
	[ "$count" -eq "$1" ] || { echo "bench: $count of $1 notifications arrived" >&2; return 1; }
	echo "$ms"
}

compare_listened() {
	local a= b= i a_ms b_ms
	for ((i = 0; i <= runs; i++)); do
		a_ms=$(listened "$3" "$4")
		b_ms=$(listened "$5" "$6")
		[ $i -eq 0 ] || { a=$a${a:+,}$a_ms; b=$b${b:+,}$b_ms; }
	done
	note "$1" "$2" "$3" "$a" "$5" "$b"
}

as_db cc -O2 -I"$("$PG_CONFIG" --includedir)" -o "$WORK/listen" "$TREE/bench/listen.c" -L"$("$PG_CONFIG" --libdir)" -lpq

sql <<'SQL'
-- payloads of the size of an event of order
CREATE PROCEDURE bench.notify(n int, batch int) LANGUAGE plpgsql AS $$
BEGIN
  FOR done IN 0 .. n - 1 BY batch LOOP
    PERFORM count(pg_notify('bench', lpad(i::text, 270, 'x'))) FROM generate_series(done + 1, done + batch) i;
    COMMIT;
  END LOOP;
END
$$;
SQL
compare_listened 'NOTIFY, 1000 a commit, received : set-based pg_notify in the same batches' 1.7 \
	200000 "CALL spindle_to_channel('bench', 'retail', 'order', scale => 'medium', max_events => 200000)" \
	200000 "CALL bench.notify(200000, 1000)"
compare_listened 'the same : one pg_notify per commit' 20 \
	200000 "CALL spindle_to_channel('bench', 'retail', 'order', scale => 'medium', max_events => 200000)" \
	20000 "CALL bench.notify(20000, 1)"

compare 'logical messages : pg_logical_emit_message over generate_series' 3 500000 \
	"CALL spindle_to_wal('bench', 'retail', 'order', scale => 'medium', max_events => 500000)" \
	"SELECT count(pg_logical_emit_message(false, 'bench', lpad(i::text, 270, 'x'))) FROM generate_series(1, 500000) i"

sql -c 'CREATE TABLE bench.target (LIKE bench.stored_order); CREATE TABLE bench.source AS SELECT * FROM bench.stored_order LIMIT 500000'
before='TRUNCATE bench.target; CHECKPOINT' compare 'rows into a table : INSERT ... SELECT of stored rows' 0.7 500000 \
	"CALL spindle_to_table('bench.target', 'retail', 'order', scale => '$scale', max_events => 500000)" \
	"INSERT INTO bench.target SELECT * FROM bench.source"

# Pacing: what the table's clock says when a row is inserted, against the offset
# at which it was due.  The session's own processor time is its CPU share.
sql -c 'CREATE TABLE bench.paced (_spindle_seq bigint, order_id bigint, at timestamptz DEFAULT clock_timestamp())'
# What the Python package reaches of the asked rate was measured elsewhere.
for paced in 20:0.96 1000:0.85 10000:0.4 100000:0.09; do
	rate=${paced%:*}
	sql -v rate="$rate" -v python="${paced#*:}" -v events=$((rate * 5)) <<'SQL'
TRUNCATE bench.paced;
SELECT sum(t::float8) AS cpu FROM regexp_matches(pg_read_file('/proc/self/stat'), '\) \S(?: \S+){10} (\d+) (\d+)') m, unnest(m) t \gset before_
CALL spindle_to_table('bench.paced', 'retail', 'order', scale => 'xlarge', max_events => :events,
  events_per_second => :rate, arrivals => 'uniform', realtime => true) \gset
SELECT sum(t::float8) AS cpu FROM regexp_matches(pg_read_file('/proc/self/stat'), '\) \S(?: \S+){10} (\d+) (\d+)') m, unnest(m) t \gset after_
WITH late AS (
  SELECT extract(epoch FROM at) - (_spindle_seq + 1) / :rate::float8 AS offset FROM bench.paced
)
INSERT INTO bench.result (comparison, a_rows, goal, value, unit)
SELECT v.* FROM (SELECT percentile_disc(0.99) WITHIN GROUP (ORDER BY "offset") - min("offset") AS p99 FROM late) l,
  LATERAL (VALUES
    (format('paced at %s events/s: deviation of the mean rate (Python package: %s of the rate)', :rate, :python), :events, 1, 100 * abs(:events_per_second_actual / :rate - 1), '%'),
    (format('paced at %s events/s: 99 of 100 events at most so late', :rate), :events, 10, p99 * 1000, 'ms'),
    (format('paced at %s events/s: share of one processor', :rate), :events, NULL, :after_cpu - :before_cpu, '% (of 5 s: ticks / 5)')
  ) v (comparison, events, goal, value, unit);
UPDATE bench.result SET value = value / 5, unit = '%' WHERE unit LIKE '%ticks%';
SQL
done
