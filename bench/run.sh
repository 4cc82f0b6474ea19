#!/bin/bash
# Compares spindle with what one would otherwise use, side by side, in a
# throw-away cluster.  Prints the conditions and one table.
#
#   BENCH_SCALE=large  scale of the retail domain to read (at least medium)
#   BENCH_SCHEMA=FILE  a script for psql that makes tables with rows in the schema
#                      public, to be learned in place of those of TPC-H
#   BENCH_RUNS=5       runs of each side of a comparison
#   BENCH_DIR=DIR      where files are written, by default in memory (/dev/shm)
#                      if there is such a place, so that they compare the
#                      writers and not the disk
#   KEEP=1             keep the work directory
#
# A and B alternate, so that what else the machine does hits both alike.  The
# ratio is that of the best runs, in events or rows per second.
set -euo pipefail

scale=${BENCH_SCALE:-large}
runs=${BENCH_RUNS:-5}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../tools/setup.sh"
. "$here/../tools/cluster.sh"

work_init
tree_build

# Room for files of some GB; removed on exit like $WORK.
files=$WORK/bench
if [ -n "${BENCH_DIR:-}" ] || { [ -d /dev/shm ] && [ -w /dev/shm ]; }; then
	files=$(as_db mktemp -d "${BENCH_DIR:-/dev/shm}/spindle.XXXXXX")
	trap 'rm -rf "$files"; work_exit' EXIT
else
	as_db mkdir "$files"
fi

# A quarter of the memory at most.
memory=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
buffers=$((memory / 4 < 2048 ? memory / 4 : 2048))MB
cluster_start bench "$BINDIR/postgres" "-c shared_buffers=$buffers -c fsync=off \
	-c jit=off -c max_parallel_workers_per_gather=0 -c max_wal_size=8GB -c autovacuum=off"

sql() {
	as_db "$BINDIR/psql" -X -q -v ON_ERROR_STOP=1 -v scale="$scale" -v runs="$runs" \
		-v dir="$files" -d postgres "$@"
}

echo "processor: $(lscpu | sed -n 's/^Model name: *//p'), $(nproc) cores, $memory MB of memory"
echo "files in: $(df --output=fstype "$files" | tail -1)"
echo "load before: $(cut -d' ' -f1-3 /proc/loadavg)"
sql -f "$TREE/bench/prepare.sql"
sql -f "$TREE/bench/rows.sql"
sql -f "$TREE/bench/files.sql"
sql -f "$TREE/bench/streams.sql"
. "$TREE/bench/delivery.sh"
. "$TREE/bench/apply.sh"
. "$TREE/bench/disk.sh"

# Seeding, as most servers are set: rows need not be decoded.
sql -c 'ALTER SYSTEM SET wal_level = replica'
cluster_restart bench
sql -f "$TREE/bench/seed.sql"
for ((run = 1; run <= runs; run++)); do
	sql -f "$TREE/bench/seed_workers.sql"
done
sql -f "$TREE/bench/seed_rate.sql"
sql -v saas_schema="$TREE/test/data/saas.sql" -f "$TREE/bench/saas.sql"
sql -f "$TREE/bench/changes.sql"
sql -f "$TREE/bench/planner.sql"
sql -v learn_scale=medium ${BENCH_SCHEMA:+-v foreign_schema="$(realpath "$BENCH_SCHEMA")"} -f "$TREE/bench/learn.sql"
# each in a session of its own, whose peak is that of the scan alone
sql -f "$TREE/bench/memory.sql"
sql -f "$TREE/bench/memory_stream.sql"
sql -f "$TREE/bench/rules.sql"
sql -f "$TREE/bench/report.sql"
echo "load after: $(cut -d' ' -f1-3 /proc/loadavg)"
