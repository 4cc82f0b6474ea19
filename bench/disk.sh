# shellcheck shell=bash
# Deliveries with fsync on, in a cluster of their own on disk; sourced by run.sh
# after delivery.sh, whose functions it uses.  Fills bench.result like the others.

bench_host=$PGHOST
cluster_start disk "$BINDIR/postgres" "-c fsync=on -c shared_buffers=512MB -c jit=off \
	-c max_parallel_workers_per_gather=0 -c min_wal_size=4GB -c max_wal_size=8GB -c autovacuum=off"
disk_host=$PGHOST
export PGHOST=$bench_host
disk_files=$WORK/disk/files
as_db mkdir "$disk_files"

on_disk() {
	PGHOST=$disk_host "$@"
}

# synced FILE SQL: milliseconds of a command that writes a file, until the file
# is on disk
synced() {
	local ms start
	ms=$(on_disk milliseconds -c "$2")
	start=$(date +%s%N)
	as_db sync -d "$1"
	awk -v ms="$ms" -v ns=$(($(date +%s%N) - start)) 'BEGIN { print ms + ns / 1e6 }'
}

# Each run begins after a checkpoint, with segments of WAL that are recycled, as
# those of a server that runs for long: to make one costs more than to fill it.
compare_on_disk() {
	local a= b= i a_ms b_ms
	for ((i = 0; i <= runs; i++)); do
		on_disk sql -c CHECKPOINT
		a_ms=$(on_disk milliseconds -c "$4")
		on_disk sql -c CHECKPOINT
		b_ms=$(on_disk milliseconds -c "$5")
		[ $i -eq 0 ] || { a=$a${a:+,}$a_ms; b=$b${b:+,}$b_ms; }
	done
	note "$1" "$2" "$3" "$a" "$3" "$b"
}

compare_files_on_disk() {
	local a= b= i a_ms b_ms
	for ((i = 0; i <= runs; i++)); do
		as_db rm -f "$disk_files/a" "$disk_files/b"
		sync
		a_ms=$(synced "$disk_files/a" "$4")
		sync
		b_ms=$(synced "$disk_files/b" "$5")
		[ $i -eq 0 ] || { a=$a${a:+,}$a_ms; b=$b${b:+,}$b_ms; }
	done
	note "$1" "$2" "$3" "$a" "$3" "$b"
}

on_disk sql <<'SQL'
CREATE EXTENSION spindle;
CREATE SCHEMA shop;
IMPORT FOREIGN SCHEMA retail LIMIT TO ("order") FROM SERVER spindle INTO shop OPTIONS (scale 'medium');
CREATE TABLE stored_order AS SELECT * FROM shop."order" LIMIT 500000;
CREATE TABLE stored_line AS SELECT event::text AS line FROM spindle_stream('retail', 'order', 'medium', max_events => 500000);
VACUUM FREEZE stored_order, stored_line;
SQL
compare_on_disk 'logical messages with fsync : pg_logical_emit_message in one statement' 3 500000 \
	"CALL spindle_to_wal('bench', 'retail', 'order', scale => 'medium', max_events => 500000)" \
	"SELECT count(pg_logical_emit_message(false, 'bench', lpad(i::text, 270, 'x'))) FROM generate_series(1, 500000) i"
compare_files_on_disk 'JSON lines of order to a file on disk, with its fsync : COPY of row_to_json of stored rows, and fsync' 1 500000 \
	"SELECT spindle_to_file('$disk_files/a', 'retail', 'order', scale => 'medium', max_events => 500000)" \
	"COPY (SELECT row_to_json(t) FROM stored_order t) TO '$disk_files/b'"
compare_files_on_disk 'the same : COPY of stored lines, and fsync' 1 500000 \
	"SELECT spindle_to_file('$disk_files/a', 'retail', 'order', scale => 'medium', max_events => 500000)" \
	"COPY stored_line TO '$disk_files/b'"
cluster_stop disk
