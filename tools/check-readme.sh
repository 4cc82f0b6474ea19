#!/bin/bash
# Runs the examples of README.md and of the pages in docs, and compares what they
# print.
#
#   tools/check-readme.sh [--update] [FILE...]
#   tools/check-readme.sh --list
#
# Without FILE, all pages that have something to run; --list prints them.
#
# Connects as psql does by default (PGHOST, PGUSER, PGDATABASE and so on; PSQL
# is the program) and makes a database for each FILE, which is dropped in the
# end.  All blocks marked "sql" of a page are run in one session, in order.
# Where a block marked "text" follows, the output has to be that; where none
# does, there has to be no error.  A block after a line "<!-- not run -->" is
# left out.  A block marked "sh" is run, by bash, only after a line
# "<!-- run -->"; one that reads a file of the server needs both on one machine.
# docs/delivery.md wants wal_level = logical.
# --update writes what was printed into FILE.  Exits with 1 if there is a
# difference.
set -euo pipefail

update=
list=
case ${1:-} in
	--update) update=1; shift ;;
	--list) list=1; shift ;;
esac
root=$(cd "$(dirname "$0")/.." && pwd)
psql=${PSQL:-psql}
dir=$(mktemp -d)
database=

trap 'rm -rf "$dir"; [ -z "$database" ] || "$psql" -X -q -c "DROP DATABASE IF EXISTS $database"' EXIT

# Blocks: $dir/N.sql, and $dir/N.want where an output follows.  A shell block is
# $dir/N.sh, and its SQL is the call of it.
split_blocks() {
	awk -v dir="$dir" '
		/^```/ && inside { inside = ""; close(out); next }
		inside { print > out; next }
		/^```(sql|sh)$/ {
			inside = substr($0, 4)
			if (inside == "sql" ? skip : !run) { out = "/dev/null"; expects = 0 }
			else {
				n++; expects = 1
				if (inside == "sh") {
					printf "\\! bash %s/%d.sh >%s/%d.printed 2>&1\n", dir, n, dir, n > (dir "/" n ".sql")
					close(dir "/" n ".sql")
				}
				out = dir "/" n "." inside; printf "" > out
			}
			skip = run = 0
			next
		}
		/^```text$/ && expects {
			inside = "text"; expects = 0
			out = dir "/" n ".want"; printf "" > out
			next
		}
		/^```/ { inside = "other"; out = "/dev/null"; expects = 0; next }
		/^<!-- not run -->$/ { skip = 1; next }
		/^<!-- run -->$/ { run = 1; next }
		/[^ ]/ { skip = run = expects = 0 }
		END { print n + 0 > (dir "/count") }' "$1"
}

# psql ends tables with an empty line and pads columns; neither matters.
tidy() {
	sed 's/ *$//' "$1" | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}

# 18 shows rows of plans with two decimals, so that a plan is wider, too.
comparable() {
	sed -e 's/\(actual rows=[0-9]*\)\.00/\1/' -e 's/^ *QUERY PLAN$/QUERY PLAN/' -e 's/^---*$/-/'
}

# check FILE: run its blocks and compare; false if there is a difference.
check() {
	local file=$1 count failed=0 i
	rm -f "$dir"/*
	split_blocks "$file"
	count=$(cat "$dir/count")
	if [ "$count" -eq 0 ]; then
		echo "check-readme: no blocks to run in $file" >&2
		return 1
	fi
	database=check_readme_$$
	"$psql" -X -q -c "CREATE DATABASE $database"

	# From standard input, psql prints errors as the examples show them.
	{
		echo "SET timezone = 'UTC'; SET client_min_messages = warning;"
		for ((i = 1; i <= count; i++)); do
			printf "\\\\echo @@ %d\n" "$i"
			cat "$dir/$i.sql"
		done
		printf "\\\\echo @@ 0\n"
	} | env -u PGOPTIONS PAGER= LC_ALL=C.UTF-8 PGDATABASE="$database" "$psql" -X -q >"$dir/out" 2>&1 || {
		cat "$dir/out" >&2
		echo "check-readme: psql failed" >&2
		return 1
	}
	"$psql" -X -q -c "DROP DATABASE $database"
	database=
	awk -v dir="$dir" '/^@@ [0-9]+$/ { out = dir "/" $2 ".got"; printf "" > out; next }
		out { print > out }' "$dir/out"
	if [ ! -e "$dir/0.got" ]; then
		cat "$dir/out" >&2
		echo "check-readme: the session ended early" >&2
		return 1
	fi

	for ((i = 1; i <= count; i++)); do
		[ ! -e "$dir/$i.printed" ] || cat "$dir/$i.printed" >>"$dir/$i.got"
		tidy "$dir/$i.got" >"$dir/$i.tidy"
		if [ -e "$dir/$i.want" ]; then
			diff -u --label "$file" --label printed <(tidy "$dir/$i.want" | comparable) <(comparable <"$dir/$i.tidy") \
				>"$dir/diff" && continue
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
	[ -z "$update" ] || write_back "$file"
	echo "check-readme: $((count - failed)) of $count blocks of $(basename "$file") as shown"
	[ $failed -eq 0 ]
}

# Put what was printed into a page; the same walk as in split_blocks.
write_back() {
	awk -v dir="$dir" '
		/^```/ && inside { inside = ""; print; next }
		inside == "text" { next }
		inside { print; next }
		/^```(sql|sh)$/ {
			inside = substr($0, 4)
			expects = inside == "sql" ? !skip : run
			n += expects
			skip = run = 0
			print
			next
		}
		/^```text$/ && expects {
			inside = "text"; expects = 0
			print
			while ((getline line < (dir "/" n ".tidy")) > 0) print line
			next
		}
		/^```/ { inside = "other"; expects = 0; print; next }
		/^<!-- not run -->$/ { skip = 1; print; next }
		/^<!-- run -->$/ { run = 1; print; next }
		/[^ ]/ { skip = run = expects = 0 }
		{ print }' "$1" >"$dir/new"
	cat "$dir/new" >"$1"
}

# Those pages that have a block to run.
list_pages() {
	local file

	for file in "$root"/README.md "$root"/docs/*.md; do
		rm -f "$dir"/*
		split_blocks "$file"
		[ "$(cat "$dir/count")" -eq 0 ] || printf '%s\n' "$file"
	done
}

if [ -n "$list" ]; then
	list_pages
	exit
fi
status=0
if [ $# -eq 0 ]; then
	mapfile -t pages < <(list_pages)
	set -- "${pages[@]}"
fi
for file; do
	check "$file" || status=1
done
exit $status
