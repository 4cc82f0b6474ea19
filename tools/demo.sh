#!/bin/bash
# Sets spindle up in a throw-away cluster and runs its main job: 500 order
# events of the retail domain, written to a file and checked with jq.
# Removes the cluster at the end; what stays are the Debian packages and the
# installed extension.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/setup.sh"
. "$here/cluster.sh"

work_init
echo "== build and install"
tree_build
cluster_start demo
events=$WORK/events.jsonl

sql() {
	as_db "$BINDIR/psql" -X -q -v ON_ERROR_STOP=1 -v events="$events" -d postgres
}

echo "== 500 events to a file"
sql <<'SQL'
CREATE EXTENSION spindle;
SELECT * FROM spindle_to_file(:'events', 'retail', 'order', max_events => 500);
SQL

echo "== the file's first five lines"
head -n 5 "$events"
echo

# -R and fromjson: each single line has to be a whole JSON value.
echo "== checked with jq: 500 lines, all JSON objects, _spindle_seq is 0..499"
jq -nRe '
	[inputs | fromjson]
	| length == 500 and all(.[]; type == "object")
	  and (map(._spindle_seq) | sort) == [range(500)]' "$events"
echo

echo "== events per status, counted by jq"
jq -rs 'group_by(.status)[] | "\(.[0].status)\t\(length)"' "$events"
echo

echo "== the same stream as rows"
sql <<'SQL'
SELECT delivery_seq, event_time, event
FROM spindle_stream('retail', 'order', max_events => 5);
SQL

echo "== typed tables"
sql <<'SQL'
CREATE SCHEMA shop;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO shop
	OPTIONS (scale 'xlarge', seed '42');
SELECT status, count(*), sum(order_total)
FROM shop."order" WHERE order_id < 100000 GROUP BY 1 ORDER BY 1;
SQL

echo "demo: ok"
