#!/bin/bash
# Runs the tests with the PostgreSQL majors that other Debian releases have, each in
# a throw-away system below /var/cache/spindle-chroot: tools/test.sh there, without
# what it does with PostgreSQL 15 only.  The last line is "N passed, N failed", and
# ", N skipped" if any were; a major that could not be had counts as one of these.
#
#   tools/test-versions.sh [MAJOR...]     17 and 18 by default
#
#   MIRROR=URL   the Debian mirror; by default the first one of this machine
#   KEEP=1       keep the systems for the next run, which takes them if they are
#                complete, of this recipe, and not older than a week
#
# Needs root: sudo is used where there is one.  A system is 2 GB and takes a minute.
# Nothing stays mounted: mounts are those of a process, and end with it.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=/var/cache/spindle-chroot
recipe=1    # to be raised when a system is made otherwise
max_age=7   # days, as the later suite changes
export LC_ALL=C.UTF-8

passed=0 failed=0 skipped=0

as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

skip() {
	echo "SKIPPED: PostgreSQL $1: $2"
	skipped=$((skipped + 1))
}

# The Debian release with a major.
suite_of() {
	case $1 in
		15) echo bookworm ;;
		17) echo trixie ;;
		18) echo forky ;;
	esac
}

mirror() {
	local found
	found=${MIRROR:-$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb \(\[[^]]*\] \)\?\([^ ]*\) .* main.*/\2/p' \
		/etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null | head -n 1)}
	echo "${found:-http://deb.debian.org/debian}"
}

# inside DIR COMMAND...: run a command as root of that system; whatever it leaves
# running ends with it.
inside() {
	local dir=$1
	shift
	as_root unshare --mount --pid --fork --kill-child sh -c '
		dir=$1; shift
		mount -t proc proc "$dir/proc" && mount -t tmpfs tmpfs "$dir/dev/shm" && exec chroot "$dir" "$@"' \
		sh "$dir" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

is_usable() {
	[ "$(as_root cat "$1/spindle-recipe" 2>/dev/null)" = "$recipe $2" ] &&
		[ -n "$(as_root find "$1/spindle-recipe" -mtime -$max_age)" ]
}

# make_system DIR SUITE: a minimal system with package lists.
make_system() {
	local dir=$1 suite=$2 script=()

	as_root rm -rf --one-file-system "$dir"
	as_root mkdir -p "$dir"
	# an old debootstrap does not know the names of new suites
	[ -e "/usr/share/debootstrap/scripts/$suite" ] || script=(/usr/share/debootstrap/scripts/sid)
	as_root debootstrap --variant=minbase --include=ca-certificates "$suite" "$dir" "$(mirror)" "${script[@]}" || return
	# the lists of a suite that is being made may be past their date
	echo 'Acquire::Check-Valid-Until "false";' | as_root tee "$dir/etc/apt/apt.conf.d/99valid" >/dev/null
	# no service starts in there
	printf '#!/bin/sh\nexit 101\n' | as_root tee "$dir/usr/sbin/policy-rc.d" >/dev/null
	as_root chmod 755 "$dir/usr/sbin/policy-rc.d"
	inside "$dir" apt-get -qq update || return
	echo "$recipe $suite" | as_root tee "$dir/spindle-recipe" >/dev/null
}

# The files of the tree, as git sees them, or all.
copy_tree() {
	as_root rm -rf "$1/spindle"
	as_root mkdir "$1/spindle"
	(
		# shellcheck source=tools/cluster.sh
		. "$here/cluster.sh"
		tree_files | tar -C "$ROOT" --null --no-recursion -T - -cf -
	) | as_root tar -C "$1/spindle" --no-same-owner -xf -
}

# test_major MAJOR: all of it; the last line of the tests is counted.
test_major() {
	local major=$1 suite dir log last

	suite=$(suite_of "$major")
	if [ -z "$suite" ]; then
		echo "test-versions: no Debian release has PostgreSQL $major; there are those with 15, 17 and 18" >&2
		failed=$((failed + 1))
		return
	fi
	dir=$cache/$major
	log=$(mktemp)
	echo "== PostgreSQL $major, Debian $suite"
	if ! is_usable "$dir" "$suite" && ! make_system "$dir" "$suite" >"$log" 2>&1; then
		tail -n 20 "$log"
		skip "$major" "no system of Debian $suite could be made"
	elif ! copy_tree "$dir"; then
		failed=$((failed + 1))
	elif ! inside "$dir" env PG_MAJOR="$major" /spindle/tools/setup.sh >"$log" 2>&1; then
		tail -n 20 "$log"
		skip "$major" "the packages of Debian $suite could not be installed"
	else
		inside "$dir" env PG_MAJOR="$major" /spindle/tools/test.sh 2>&1 | tee "$log"
		last=$(tail -n 1 "$log")
		if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
			passed=$((passed + BASH_REMATCH[1]))
			failed=$((failed + BASH_REMATCH[2]))
			skipped=$((skipped + ${BASH_REMATCH[4]:-0}))
		else
			echo "FAILED: PostgreSQL $major: the tests came to no end"
			failed=$((failed + 1))
		fi
	fi
	rm -f "$log"
	[ -n "${KEEP:-}" ] || as_root rm -rf --one-file-system "$dir"
}

[ $# -gt 0 ] || set -- 17 18
if ! as_root true 2>/dev/null; then
	for major; do
		skip "$major" "making a system needs root or sudo"
	done
elif ! { command -v debootstrap >/dev/null ||
	as_root env DEBIAN_FRONTEND=noninteractive sh -c 'apt-get -qq update && apt-get -y -qq -o DPkg::Lock::Timeout=300 install debootstrap debian-archive-keyring' >/dev/null; }; then
	for major; do
		skip "$major" "debootstrap could not be installed"
	done
else
	for major; do
		test_major "$major"
	done
fi

[ $skipped -eq 0 ] && skipped= || skipped=", $skipped skipped"
echo "$passed passed, $failed failed$skipped"
[ $failed -eq 0 ]
