#!/bin/bash
# Installs what spindle needs to be built, run and tested on Debian.
#
# Call it (tools/setup.sh) or source it (. tools/setup.sh): sourced, it also
# leaves PG_MAJOR, PG_CONFIG, BINDIR and some functions behind.  It may be run any
# number of times and does nothing where nothing is missing.
#
#   PG_MAJOR=N   the PostgreSQL to use, 15 by default, which is that of Debian 12;
#                other majors come in other releases (tools/test-versions.sh)
set -euo pipefail

PG_MAJOR=${PG_MAJOR:-15}
PG_CONFIG=${PG_CONFIG:-/usr/lib/postgresql/$PG_MAJOR/bin/pg_config}

PACKAGES=(
	build-essential # gcc, make and the C library's headers
	perl            # prove, which runs the TAP tests
	libcjson-dev    # the JSON parser spindle links against
	libipc-run-perl # IPC::Run, which PostgreSQL::Test::* needs
	jq              # a JSON parser independent of ours, checks our output
	locales         # sources of the second locale, see below

	"postgresql-$PG_MAJOR"            # the server
	"postgresql-client-$PG_MAJOR"     # psql, pg_config, pg_regress, PostgreSQL::Test::*
	"postgresql-server-dev-$PG_MAJOR" # server headers, PGXS; brings clang for the JIT bitcode
)

# Consumers of deliveries; without one of them the tests of it are skipped.
CONSUMERS=(
	"postgresql-$PG_MAJOR-wal2json"    # output plugins of logical decoding
	"postgresql-$PG_MAJOR-decoderbufs"
	"postgresql-$PG_MAJOR-pglogical"   # one with a subscriber of its own
	kcat                               # a Kafka client, whose library has a mock broker
)

# A client that is not made of libpq listens, too.  Where there is a node that is
# not Debian's, the test gets its package pg by npm.
command -v node >/dev/null || CONSUMERS+=(node-pg)

# Debian 12 has all of that, and what is tested with its PostgreSQL only.
if [ "$PG_MAJOR" = 15 ]; then
	PACKAGES+=(
		"${CONSUMERS[@]}"
		valgrind           # memory checker; brings libc6-dbg, which it needs
		libclang-rt-14-dev # sanitizers of clang-14, which server-dev brings
		libdbd-pg-perl     # DBD::Pg, the client of the random tests in test/fuzz
		sqlsmith           # makes random statements for them
	)
	CONSUMERS=()
fi

# A locale whose decimal separator is a comma: numbers in JSON must not change
# with lc_numeric, and the tests show that they do not.
TEST_LOCALE=de_DE.UTF-8

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "setup: need root or sudo to run: $*" >&2
		return 1
	fi
}

# Runs a command silently; shows what it said only if it fails.
quietly() {
	local out
	if ! out=$("$@" 2>&1); then
		printf '%s\n' "$out" >&2
		echo "failed: $*" >&2
		return 1
	fi
}

apt() {
	# The lock timeout: fresh machines often still run their first apt job.
	quietly as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -y -qq -o DPkg::Lock::Timeout=300 "$@"
}

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

install_packages() {
	local package missing=() no_cluster=/etc/postgresql-common/createcluster.d/spindle-setup.conf

	for package in "${PACKAGES[@]}"; do
		installed "$package" || missing+=("$package")
	done
	for package in "${CONSUMERS[@]}"; do
		if ! installed "$package" && [ -n "$(apt-cache madison "$package" 2>/dev/null)" ]; then
			missing+=("$package")
		fi
	done
	[ ${#missing[@]} -gt 0 ] || return 0

	echo "setup: installing ${missing[*]}"
	apt update
	if installed "postgresql-$PG_MAJOR"; then
		apt install --no-install-recommends "${missing[@]}"
		return
	fi

	# Debian creates and starts a cluster "main" with the first server package.
	# We only use clusters of our own, so that is turned off, in a drop-in file
	# which is there for this installation only.
	apt install --no-install-recommends postgresql-common
	as_root mkdir -p "${no_cluster%/*}"
	echo 'create_main_cluster = false' | as_root tee "$no_cluster" >/dev/null
	local failed=0
	apt install --no-install-recommends "${missing[@]}" || failed=1
	as_root rm -f "$no_cluster"
	return $failed
}

install_locale() {
	# localedef, not locale-gen: it leaves the machine's /etc/locale.gen alone.
	if ! locale -a 2>/dev/null | grep -qix 'de_DE\.utf-\?8'; then
		echo "setup: generating locale $TEST_LOCALE"
		quietly as_root localedef -i "${TEST_LOCALE%.*}" -f UTF-8 "$TEST_LOCALE"
	fi
}

install_packages
install_locale

case $("$PG_CONFIG" --version) in
	"PostgreSQL $PG_MAJOR."*) ;;
	*)
		echo "setup: $PG_CONFIG is not of PostgreSQL $PG_MAJOR" >&2
		exit 1
		;;
esac
BINDIR=$("$PG_CONFIG" --bindir)
