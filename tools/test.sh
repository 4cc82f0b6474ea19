#!/bin/bash
# Sets up, builds with warnings as errors, and runs all tests in throw-away
# clusters: pg_regress, isolation and TAP tests, some random ones, then pg_regress
# again with the server under valgrind, and on request with assertions and a
# sanitizer.  The last line is "N passed, N failed", and ", N skipped" if any were.
#
#   tools/test.sh [--no-tap] [--no-fuzz] [--no-valgrind] [--sanitizer]
#
#   PG_MAJOR=N             the PostgreSQL to test with, 15 by default; only with that
#                          there are random tests and valgrind
#   KEEP=1                 keep the work directory
#   FUZZ_SECONDS=N         time of each program of random tests, 12; FUZZ_SEED=N their seed, 1
#   TAP_JOBS=N             TAP tests that run side by side, 3
#   VALGRIND_TESTS="a b"   pg_regress tests to run under valgrind (default: most)
set -euo pipefail

# All runners together have to be done by then; what is not, has failed.
TIME_LIMIT=1500 # seconds
WARNINGS="-Wall -Wextra -Wno-unused-parameter -Wno-sign-compare"

# What clang says of flags and headers that were made for gcc is not ours.
SANITIZE="-Wno-ignored-optimization-argument -Wno-unknown-warning-option -Wno-ignored-attributes -DUSE_ASSERT_CHECKING -g -fno-omit-frame-pointer -fsanitize=undefined -shared-libsan"
# Of each program of test/fuzz.
FUZZ_SECONDS=${FUZZ_SECONDS:-12} FUZZ_SEED=${FUZZ_SEED:-1}
TAP_JOBS=${TAP_JOBS:-3}

tap=1 fuzz=1 valgrind=1 sanitizer=
[ "${PG_MAJOR:-15}" = 15 ] || fuzz= valgrind=
for arg; do
	case $arg in
		--no-tap) tap= ;;
		--no-valgrind) valgrind= ;;
		--sanitizer) sanitizer=1 ;;
		--no-fuzz) fuzz= ;;
		*)
			sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
			exit 2
			;;
	esac
done

passed=0 failed=0 skipped=0

fail() {
	echo "FAILED: $*"
	failed=$((failed + 1))
}

# Runs on every exit, so that there is a summary whatever happened.
finish() {
	local status=$?
	[ -z "${WORK:-}" ] || work_exit
	if [ $status -ne 0 ] && [ $failed -eq 0 ]; then
		fail "stopped early with exit status $status"
	elif [ $((passed + failed)) -eq 0 ]; then
		fail "no tests were run"
	fi
	[ $skipped -eq 0 ] && skipped= || skipped=", $skipped skipped"
	echo "$passed passed, $failed failed$skipped"
	[ $failed -eq 0 ] || exit 1
}
trap finish EXIT

here=$(cd "$(dirname "$0")" && pwd)
. "$here/setup.sh"
. "$here/cluster.sh"

work_init
trap finish EXIT # in place of work_init's

# The value of a variable of the Makefile.
make_var() {
	tree_make --eval='print-var: ; @echo $('"$1"')' print-var
}

# execute NAME MAKE-ARGS...: one part of "make installcheck"; its log is
# $WORK/NAME.log.
execute() {
	local name=$1 left
	shift
	left=$((TIME_LIMIT - SECONDS))
	if [ $left -le 0 ]; then
		echo "no time left" | tee "$WORK/$name.log"
		return 1
	fi
	as_db timeout -k 10 "$left" make -s -C "$TREE" PG_CONFIG="$PG_CONFIG" \
		installcheck "$@" 2>&1 | tee "$WORK/$name.log"
}

# count NAME STATUS [DIR]: count the tests of an executed part, which ended with
# STATUS and had its output in DIR.  $ran is the number of tests that came to an
# end.
count() {
	local name=$1 log=$WORK/$1.log status=$2 dir=${3:-$TREE} ok bad skips f

	# pg_regress: "test NAME ... ok", or five blanks instead of "test" in a
	# parallel group.  TAP: "ok N" and "not ok N", where neither a skipped test
	# nor an expected failure counts; subtests are indented, so are not counted.
	ok=$(grep -E '^(test |     ).* \.\.\. ok|^ok [0-9]' "$log" | grep -civE '^ok .*# (skip|todo)' || true)
	bad=$(grep -E '^(test |     ).* \.\.\. FAILED|^not ok [0-9]' "$log" | grep -civE '^not ok .*# todo' || true)
	ran=$((ok + bad))
	passed=$((passed + ok))
	failed=$((failed + bad))
	skips=$(grep -ciE '^ok .*# skip|^[^ ].* \.\. skipped:' "$log" || true)
	skipped=$((skipped + skips))
	echo "$name: $ok passed, $bad failed, $skips skipped, at $SECONDS s"

	if [ "$bad" -eq 0 ] && [ $status -ne 0 ]; then
		[ $SECONDS -lt $TIME_LIMIT ] || echo "$name: time limit of $TIME_LIMIT s reached"
		fail "$name: exit status $status"
	elif [ $((ran + skips)) -eq 0 ]; then
		fail "$name: no tests were run"
	fi
	if [ $status -ne 0 ]; then
		for f in "$dir"/regression.diffs "$dir"/output_iso/regression.diffs; do
			[ ! -s "$f" ] || cat "$f"
		done
		case $name in
			tap-* | fuzz-*) tail -n 40 "$dir".tmp_check/log/* || true ;;
		esac
		tail -n 40 "$WORK"/*/server.log
	fi
	rm -f "$dir"/regression.diffs "$dir"/output_iso/regression.diffs
}

# run NAME MAKE-ARGS...: both.
run() {
	local status=0
	echo "== $1"
	execute "$@" || status=$?
	count "$1" $status
}

# tap_job TREE: run programs of TAP tests, of which $WORK/tap-queue has a file each, with
# what prove is told, until no other is left to take.  TREE is this job's own: each run
# empties the directory of the last one.
tap_job() {
	local TREE=$1 entry name status

	for entry in "$WORK"/tap-queue/*; do
		name=${entry##*/}
		# only one job can move it
		mv "$entry" "$WORK/$name.tests" 2>/dev/null || continue
		status=0
		execute "$name" REGRESS= ISOLATION= PROVE_FLAGS=--verbose PROVE_TESTS="$(<"$WORK/$name.tests")" || status=$?
		echo $status >"$WORK/$name.status"
		[ $status -eq 0 ] || mv "$TREE/tmp_check" "$WORK/$name.tmp_check"
	done
}

# TAP tests, which mostly wait, and a few cases of each of the random tests, of which
# long runs are made by hand: $TAP_JOBS side by side.
run_tap() {
	local job test name names status

	mkdir "$WORK/tap-queue"
	if [ -n "$tap" ]; then
		for test in "$TREE"/test/t/*.pl; do
			name=${test##*/}
			echo "test/t/$name" >"$WORK/tap-queue/tap-${name%.pl}"
		done
	fi
	if [ -n "$fuzz" ]; then
		for test in "$TREE"/test/fuzz/*.pl; do
			name=${test##*/}
			echo "test/fuzz/$name :: --seconds $FUZZ_SECONDS --seed $FUZZ_SEED" >"$WORK/tap-queue/fuzz-${name%.pl}"
		done
	fi
	names=$(ls "$WORK/tap-queue")
	for ((job = 0; job < TAP_JOBS; job++)); do
		as_db cp -a "$TREE" "$WORK/tap-tree-$job"
		tap_job "$WORK/tap-tree-$job" >"$WORK/tap-job-$job.log" 2>&1 &
	done
	wait
	for name in $names; do
		echo "== $name"
		if status=$(cat "$WORK/$name.status"); then
			cat "$WORK/$name.log"
			count "$name" "$status" "$WORK/$name"
		else
			tail -n 20 "$WORK"/tap-job-*.log
			fail "$name did not come to an end"
		fi
	done
}

# Prints valgrind's errors with spindle's code in their stack.  Frames of code
# with debug information show the source file, in $TREE; others show the
# shared library.
spindle_errors() {
	awk -v tree="$TREE/" '
		/VALGRINDERROR-BEGIN/ { text = ""; inside = 1; next }
		/VALGRINDERROR-END/ {
			if (index(text, tree) || text ~ /\/spindle\.so/)
				print text
			inside = 0
		}
		inside { text = text $0 "\n" }' "$@"
}

# pg_regress once more, with the server under valgrind: two servers, each with
# half of the tests.  Debian's server is not built with USE_VALGRIND, so memory
# from palloc is one block per context to valgrind: overruns within such a block
# go unseen.  Uninitialised values and errors in memory from malloc, which is what
# libcjson uses, are seen.
run_valgrind() {
	local dir=$WORK/valgrind-logs errors tests half list status part pids=() counted=0

	as_db mkdir "$dir"
	cat >"$WORK/valgrind-postgres" <<-WRAPPER
		#!/bin/sh
		exec valgrind --quiet --trace-children=yes --leak-check=no \\
			--error-markers=VALGRINDERROR-BEGIN,VALGRINDERROR-END \\
			--num-callers=20 --fullpath-after= \\
			--suppressions='$TREE/tools/valgrind.supp' --log-file='$dir/%p.log' \\
			'$BINDIR/postgres' "\$@"
	WRAPPER
	chmod 755 "$WORK/valgrind-postgres"

	# Left out are tests that run the same code as others, often, for the sake of what
	# they compare, and those that take minutes, most of them in the server's own code.
	local left_out='scan|stream|retail_keys|totals|spread|seed|types|stream_late|stream_arrivals|stream_relation|stream_members|stream_domain|formats|purity|combinations|correlations|deliver|distinct_many|compare|saas|tpch|fill_schema|statistics|estimates|planner|changes|changes_stream|learn|learn_statistics|learn_privacy|learn_relations|learn_data|learn_together|compare_schemas|lifecycle_errors|to_tables|history|bridge|changes_begin|changes_initial|learn_checks|learn_circles|learn_measured'
	tests=${VALGRIND_TESTS:-$(make_var REGRESS | sed -E "s/\\<($left_out)\\> ?//g")}
	for half in 1 2; do
		part=valgrind-$half
		list=$(printf '%s\n' $tests | awk -v half=$half 'NR % 2 == half % 2' | xargs)
		[ -n "$list" ] || continue
		as_db mkdir "$WORK/$part-output"
		as_db ln -s "$TREE/expected" "$WORK/$part-output/expected"
		# No jit: valgrind would mostly be busy with LLVM.
		cluster_start $part "$WORK/valgrind-postgres" "-c jit=off -c autovacuum=off"
		echo "== $part: $list"
		execute $part ISOLATION= TAP_TESTS= REGRESS="$list" \
			REGRESS_OPTS="--inputdir=test --dbname=contrib_regression --load-extension=spindle --outputdir=$WORK/$part-output" >/dev/null &
		pids+=("$part:$!")
	done
	for part in "${pids[@]}"; do
		status=0
		wait "${part#*:}" || status=$?
		cat "$WORK/${part%:*}.log"
		count "${part%:*}" $status "$WORK/${part%:*}-output"
		counted=$((counted + ran))
		cluster_stop "${part%:*}" || fail "${part%:*}: server did not stop"
	done
	ran=$counted

	# There is one log for each process, an empty one if there was no error.
	if [ "$(find "$dir" -name '*.log' | wc -l)" -lt 2 ]; then
		fail "valgrind: no logs, the server did not run under valgrind"
		return
	fi
	errors=$(spindle_errors "$dir"/*.log)
	if [ -n "$errors" ]; then
		printf '%s\n' "$errors"
		fail "valgrind: errors in spindle"
	elif [ $ran -gt 0 ]; then
		echo "valgrind: no errors in spindle"
		passed=$((passed + 1))
	fi
}

# The examples of the documentation print what the pages show.
run_examples() {
	local page pages

	echo "== examples"
	mapfile -t pages < <(as_db "$TREE/tools/check-readme.sh" --list)
	[ ${#pages[@]} -gt 0 ] || fail "examples: no pages"
	for page in "${pages[@]}"; do
		if as_db env PGDATABASE=postgres PSQL="$BINDIR/psql" "$TREE/tools/check-readme.sh" "$page"; then
			passed=$((passed + 1))
		else
			fail "examples of ${page#"$TREE"/}"
		fi
	done
}

# The structure: includes go down only.
run_rooms() {
	echo "== rooms"
	if "$TREE/tools/check-rooms.sh"; then
		passed=$((passed + 1))
	else
		fail "rooms: a lower room knows a higher one"
	fi
}

# pg_regress once more, in a copy of the installation, with a library that was
# built by another compiler, has assertions, and stops at undefined behaviour.  The
# address sanitizer is not there: with its runtime loaded, Debian 12's server waits
# for ever in its first call of bindtextdomain(), whose lock is out of order before
# main() begins.
run_sanitizer() {
	local dir=$WORK/sanitizer-logs runtime errors part=sanitizer

	runtime=$(clang-14 -print-file-name=libclang_rt.ubsan_standalone-x86_64.so)
	if [ ! -e "$runtime" ]; then
		echo "SKIPPED: sanitizer: clang has no runtime for $(uname -m)"
		skipped=$((skipped + 1))
		return
	fi
	as_db mkdir "$dir"
	installation_copy "$WORK/installation"
	TREE=$WORK/sanitizer-tree
	tree_build CC=clang-14 with_llvm=no COPT="$WARNINGS -Werror $SANITIZE" PG_LDFLAGS="-Wl,-rpath,${runtime%/*}"
	cat >"$WORK/sanitizer-postgres" <<-WRAPPER
		#!/bin/sh
		UBSAN_OPTIONS='print_stacktrace=1:log_path=$dir/log' exec '$BINDIR/postgres' "\$@"
	WRAPPER
	chmod 755 "$WORK/sanitizer-postgres"
	cluster_start $part "$WORK/sanitizer-postgres" "-c jit=off"
	run $part ISOLATION= TAP_TESTS=
	cluster_stop $part || fail "$part: server did not stop"
	errors=$(find "$dir" -type f -size +0)
	if [ -n "$errors" ]; then
		# shellcheck disable=SC2086 # a list
		head -n 60 $errors
		fail "sanitizer: undefined behaviour"
	elif [ $ran -gt 0 ]; then
		echo "sanitizer: no undefined behaviour"
		passed=$((passed + 1))
	fi
}

echo "== build and install, $("$PG_CONFIG" --version)"
case $PG_MAJOR in
	# the compilers of these releases are known; clang's bitcode is made once
	15) tree_build COPT="$WARNINGS -Werror" ;;
	17) tree_build with_llvm=no COPT="$WARNINGS -Werror" ;;
	# that of a release to come is not, nor is its clang needed
	*) tree_build with_llvm=no COPT="$WARNINGS" ;;
esac

cluster_start plain
# An emptied variable makes PGXS leave that kind of tests out; run one by one,
# a failure in one kind does not keep the others from running.
run regress ISOLATION= TAP_TESTS=
if [ -n "$(make_var ISOLATION)" ]; then
	run isolation REGRESS= TAP_TESTS=
fi
run_rooms
run_examples
cluster_stop plain

# These start servers of their own.
if [ -n "$tap$fuzz" ]; then
	run_tap
fi
if [ -n "$valgrind" ]; then
	run_valgrind
fi
if [ -n "$sanitizer" ]; then
	run_sanitizer
fi
