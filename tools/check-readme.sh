#!/bin/bash
# Runs the examples of README.md and compares what they print.
#
#   tools/check-readme.sh [--update] [FILE]
#
# Connects as psql does by default (PGHOST, PGUSER, PGDATABASE and so on; PSQL
# is the program) to a database that should be empty.  All blocks marked "sql"
# are run in one session, in order.  Where a block marked "text" follows, the
# output has to be that; where none does, there has to be no error.  A block
# after a line "<!-- not run -->" is left out.  --update writes what was
# printed into FILE.  Exits with 1 if there is a difference.
set -euo pipefail

update=
if [ "${1:-}" = --update ]; then
	update=1
	shift
fi
file=${1:-$(cd "$(dirname "$0")/.." && pwd)/README.md}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# Blocks: $dir/N.sql, and $dir/N.want where an output follows.
awk -v dir="$dir" '
	/^```/ && inside { inside = ""; close(out); next }
	inside { print > out; next }
	/^```sql$/ {
		inside = "sql"
		if (skip) { out = "/dev/null"; expects = 0 }
		else { out = dir "/" ++n ".sql"; printf "" > out; expects = 1 }
		skip = 0
		next
	}
	/^```text$/ && expects {
		inside = "text"; expects = 0
		out = dir "/" n ".want"; printf "" > out
		next
	}
	/^```/ { inside = "other"; out = "/dev/null"; expects = 0; next }
	/^<!-- not run -->$/ { skip = 1; next }
	/[^ ]/ { skip = 0; expects = 0 }
	END { print n + 0 > (dir "/count") }' "$file"
count=$(cat "$dir/count")
if [ "$count" -eq 0 ]; then
	echo "check-readme: no blocks to run in $file" >&2
	exit 1
fi

# From standard input, psql prints errors as the examples show them.
{
	echo "SET timezone = 'UTC'; SET client_min_messages = warning;"
	for ((i = 1; i <= count; i++)); do
		printf "\\\\echo @@ %d\n" "$i"
		cat "$dir/$i.sql"
	done
	printf "\\\\echo @@ 0\n"
} | env -u PGOPTIONS PAGER= LC_ALL=C.UTF-8 "${PSQL:-psql}" -X -q >"$dir/out" 2>&1 || {
	cat "$dir/out" >&2
	echo "check-readme: psql failed" >&2
	exit 1
}
awk -v dir="$dir" '/^@@ [0-9]+$/ { out = dir "/" $2 ".got"; printf "" > out; next }
	out { print > out }' "$dir/out"
if [ ! -e "$dir/0.got" ]; then
	cat "$dir/out" >&2
	echo "check-readme: the session ended early" >&2
	exit 1
fi

# psql ends tables with an empty line and pads columns; neither matters.
tidy() {
	sed 's/ *$//' "$1" | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}

failed=0
for ((i = 1; i <= count; i++)); do
	tidy "$dir/$i.got" >"$dir/$i.tidy"
	if [ -e "$dir/$i.want" ]; then
		tidy "$dir/$i.want" | diff -u --label README --label printed - "$dir/$i.tidy" >"$dir/diff" && continue
		[ -z "$update" ] || continue
		echo "== block $i: $(head -n 1 "$dir/$i.sql")"
		cat "$dir/diff"
	elif grep -E '^(ERROR|FATAL|PANIC):' "$dir/$i.tidy" >/dev/null; then
		echo "== block $i: $(head -n 1 "$dir/$i.sql")"
		cat "$dir/$i.tidy"
	else
		continue
	fi
	failed=$((failed + 1))
done

if [ -n "$update" ]; then
	awk -v dir="$dir" '
		/^```/ && inside { inside = ""; print; next }
		inside == "text" { next }
		inside { print; next }
		/^```sql$/ { inside = "sql"; expects = !skip; if (!skip) n++; skip = 0; print; next }
		/^```text$/ && expects {
			inside = "text"; expects = 0
			print
			while ((getline line < (dir "/" n ".tidy")) > 0) print line
			next
		}
		/^```/ { inside = "other"; expects = 0; print; next }
		/^<!-- not run -->$/ { skip = 1; print; next }
		/[^ ]/ { skip = 0; expects = 0 }
		{ print }' "$file" >"$dir/new"
	cat "$dir/new" >"$file"
fi
echo "check-readme: $((count - failed)) of $count blocks as shown"
[ $failed -eq 0 ]
