# shellcheck shell=bash
# Functions to build spindle and to run it in private, throw-away clusters.
# To be sourced by bash, after tools/setup.sh (PG_CONFIG, BINDIR, as_root).
#
#   work_init               make the work directory $WORK, removed on exit
#   tree_build [MAKE ARGS]  copy the sources to $TREE, build and install them
#   installation_copy DIR   copy the server's installation, and use the copy
#   cluster_start NAME [POSTGRES [PGOPTS]]
#                           initdb and start; sets PGHOST, PGPORT, PGUSER
#   cluster_stop NAME       regular shutdown
#   as_db COMMAND...        run a command as the user the server runs as
#
# The server refuses to run as root.  Called by root, everything but package
# and extension installation is therefore done by the user "postgres", which
# Debian's packages create; called by anybody else, by that user.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

as_db() {
	# HOME: root's may be unreadable, and nobody's ~/.psqlrc or ~/.valgrindrc
	# should have a say here.  TMPDIR: so that all is removed on exit.
	if [ "$(id -u)" -eq 0 ]; then
		# setpriv and not su or runuser: those need a working PAM.
		setpriv --reuid=postgres --regid=postgres --init-groups \
			env HOME="$WORK" TMPDIR="$WORK" USER=postgres LOGNAME=postgres "$@"
	else
		env HOME="$WORK" TMPDIR="$WORK" "$@"
	fi
}

work_init() {
	# Always under /tmp: $TMPDIR may be closed to user postgres, or too long
	# for the path of a unix socket (107 bytes).
	WORK=$(mktemp -d /tmp/spindle.XXXXXX)
	TREE=$WORK/tree
	trap work_exit EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	if [ "$(id -u)" -eq 0 ]; then
		chown postgres: "$WORK"
	fi

	[ -z "${KEEP:-}" ] || echo "work directory, to be kept: $WORK"

	# The caller's environment must not redirect us to another server, nor
	# change what the tools print.
	local v
	for v in $(compgen -e PG); do
		case $v in PG_CONFIG | PG_MAJOR) ;; *) unset "$v" ;; esac
	done
	unset MAKEFLAGS MAKELEVEL LANGUAGE
	# LANG: the TAP framework takes LC_ALL away, and servers would get no encoding
	export LC_ALL=C.UTF-8 LANG=C.UTF-8

	# The current directory may be unreadable for user postgres, too.
	cd "$WORK" || exit
}

work_exit() {
	local pidfile
	cd /
	# Not only our own clusters: a TAP test that was killed leaves its servers.
	find "$WORK" -name postmaster.pid | while IFS= read -r pidfile; do
		as_db "$BINDIR/pg_ctl" -D "${pidfile%/*}" -m immediate -w stop \
			</dev/null >/dev/null 2>&1 || true
	done
	[ -n "${KEEP:-}" ] || rm -rf "$WORK"
}

# Names of the files of the source tree, NUL-terminated: tracked or new, but
# not ignored.  Without git, everything.
tree_files() {
	cd "$ROOT" || exit
	# safe.directory: the checkout may belong to somebody else than us.
	if [ -e .git ] && command -v git >/dev/null; then
		git -c safe.directory='*' ls-files -z -co --exclude-standard |
			while IFS= read -r -d '' f; do
				# tracked, but deleted in the work tree
				if [ -e "$f" ] || [ -L "$f" ]; then printf '%s\0' "$f"; fi
			done
	else
		find . -path ./.git -prune -o ! -type d -print0
	fi
}

# The build works on a copy: it leaves the checkout clean, is independent of
# what was built there before, and user postgres can read and write it even if
# the checkout is in /root.
tree_build() {
	mkdir "$TREE"
	tree_files | tar -C "$ROOT" --null --no-recursion -T - -cf - |
		tar -C "$TREE" --no-same-owner -xf -
	if [ "$(id -u)" -eq 0 ]; then
		chown -R postgres: "$TREE"
	fi
	tree_make clean >/dev/null
	tree_make -j"$(nproc)" "$@" >"$WORK/build.log" 2>&1 || {
		cat "$WORK/build.log" >&2
		echo "build failed" >&2
		return 1
	}
	quietly as_root make -s -C "$TREE" PG_CONFIG="$PG_CONFIG" "$@" install
}

# An installation can be moved as long as its parts stay where they are to each
# other.  From here on PG_CONFIG and BINDIR are those of the copy, and everybody
# may install into it.
installation_copy() {
	local from

	for from in "${BINDIR%/bin}" "$("$PG_CONFIG" --sharedir)"; do
		as_db mkdir -p "$1${from%/*}"
		as_db cp -a "$from" "$1${from%/*}/"
	done
	as_db ln -s /usr/include "$1/usr/include"
	PG_CONFIG=$1$PG_CONFIG
	BINDIR=$("$PG_CONFIG" --bindir)
}

tree_make() {
	as_db make -s -C "$TREE" PG_CONFIG="$PG_CONFIG" "$@"
}

cluster_start() {
	local dir=$WORK/$1 postgres=${2:-$BINDIR/postgres} opts=${3:-}

	as_db mkdir "$dir" "$dir/socket"
	quietly as_db "$BINDIR/initdb" -D "$dir/data" -U postgres -A trust \
		-E UTF8 --locale=C.UTF-8 --no-sync
	# Unix socket only, in a directory of our own: no port can be taken.
	as_db tee -a "$dir/data/postgresql.conf" >/dev/null <<-CONF
		listen_addresses = ''
		port = 5432
		unix_socket_directories = '$dir/socket'
		shared_buffers = 256MB
		wal_level = logical
		fsync = off
	CONF
	# pg_ctl -p names the program to start as the server: valgrind comes in so.
	as_db "$BINDIR/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w -t 180 \
		-p "$postgres" -o "$opts" start >/dev/null || {
		tail -n 50 "$dir/server.log" >&2
		return 1
	}
	export PGHOST=$dir/socket PGPORT=5432 PGUSER=postgres
}

cluster_restart() {
	as_db "$BINDIR/pg_ctl" -D "$WORK/$1/data" -l "$WORK/$1/server.log" -m fast -w -t 120 restart >/dev/null
}

cluster_stop() {
	as_db "$BINDIR/pg_ctl" -D "$WORK/$1/data" -m fast -w -t 120 stop >/dev/null
}
