# Seeding by workers is all or nothing, whoever ends in whatever way, and what
# is committed survives a crash.
use strict;
use warnings;
use Fcntl;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node = PostgreSQL::Test::Cluster->new('seed');
my $domains = PostgreSQL::Test::Utils::tempdir;
$node->init(extra => ['--data-checksums']);
$node->append_conf('postgresql.conf', qq(
spindle.domain_directory = '$domains'
max_worker_processes = 6
restart_after_crash = on
autovacuum_naptime = 1s
deadlock_timeout = 100ms
));
$node->start;
$node->safe_psql('postgres', q(
CREATE EXTENSION spindle;
CREATE EXTENSION amcheck;
CREATE SCHEMA virtual;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO virtual OPTIONS (scale 'medium', seed '7');
-- the same, with as many rows as a crash has to be survived by again and again
SELECT spindle_create_domain('part', spindle_merge(spindle_domain_definition('retail'), '{"presets": {"some": {"customer": 8000, "product": 2000, "order": 80000}}}'));
CREATE SCHEMA few;
IMPORT FOREIGN SCHEMA part FROM SERVER spindle INTO few OPTIONS (scale 'some', seed '7');
-- tables that differ; rows are compared by their number and the sum of their hashes
CREATE FUNCTION differences(stored text, virtual text DEFAULT 'virtual') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  name text;
  same boolean;
  n bigint := 0;
BEGIN
  FOR name IN SELECT table_name FROM spindle_tables('retail') LOOP
    EXECUTE format('SELECT (SELECT (count(*), sum(hash_record_extended(t, 0)::numeric)) FROM %I.%I t) =
                           (SELECT (count(*), sum(hash_record_extended(t, 0)::numeric)) FROM %I.%I t)', stored, name, virtual, name) INTO same;
    n := n + (same IS DISTINCT FROM true)::int;
  END LOOP;
  RETURN n;
END
$$));

# What is wrong with the pages of the tables of a schema.
$node->safe_psql('postgres', q(CREATE FUNCTION damages(schema_name text) RETURNS bigint LANGUAGE sql AS $$
SELECT count(*) FROM pg_class c, LATERAL verify_heapam(c.oid) WHERE relnamespace = to_regnamespace(schema_name) AND relkind = 'r'
$$));

# A session that runs a statement: handle, its output, its errors.
sub start_statement
{
	my ($sql) = @_;
	my ($out, $err) = ('', '');
	my $handle = IPC::Run::start(
		[ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-c', $sql ],
		'<', \undef, '>', \$out, '2>', \$err);
	return { handle => $handle, out => \$out, err => \$err };
}

sub finish_statement
{
	my ($session) = @_;
	eval { IPC::Run::finish($session->{handle}) };
	return ${ $session->{err} };
}

# Wait until a query gives one row and return it.
sub wait_for
{
	my ($query) = @_;
	for (1 .. 1200)
	{
		# a psql that cannot connect may be gone before it is told what to do
		my ($status, $out) = eval { $node->psql('postgres', $query) };
		return $out if defined $out && $out ne '';
		usleep(50_000);
	}
	die "timed out waiting for: $query";
}

my $leader = q(SELECT pid FROM pg_stat_activity WHERE query ~ '^CALL spindle_seed' AND pid <> pg_backend_pid());

# the process of a worker that loads a large table
my $worker = q(SELECT pid FROM pg_stat_activity WHERE backend_type = 'spindle seed worker'
	AND query ~ '^loading order_line' ORDER BY pid LIMIT 1);

sub nothing_is_left
{
	my ($test) = @_;
	wait_for(q(SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity
		WHERE (backend_type = 'spindle seed worker' OR query ~ '^CALL spindle_seed') AND state = 'active' AND pid <> pg_backend_pid())));
	is($node->safe_psql('postgres', q(SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		WHERE nspname = 'target' OR relname ~ '^spindle_seed'))
		. $node->safe_psql('postgres', q(SELECT count(*) FROM pg_namespace WHERE nspname = 'target')),
		'00', "$test: nothing is left");
}

# Ends a process with a statement or a signal while tables are loaded.
my $call = q(CALL spindle_seed('retail', 'target', 'large', workers => 2));
foreach my $case (
	[ 'worker is terminated', 'SELECT pg_terminate_backend(%d)', $worker, qr/terminating background worker/ ],
	[ 'worker is cancelled', 'SELECT pg_cancel_backend(%d)', $worker, qr/canceling statement due to user request/ ],
	[ 'leader is cancelled', 'SELECT pg_cancel_backend(%d)', $leader, qr/canceling statement due to user request/ ],
	[ 'leader is terminated', 'SELECT pg_terminate_backend(%d)', $leader, qr/terminating connection/ ])
{
	my ($test, $statement, $process, $error) = @$case;
	my $session = start_statement($call);
	wait_for($worker);
	is($node->safe_psql('postgres', q(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'spindle seed worker')),
		2, "$test: there are two workers");
	$node->safe_psql('postgres', sprintf($statement, wait_for($process)));
	like(finish_statement($session), $error, "$test: error");
	nothing_is_left($test);
}

# Killed processes make the server start anew.
foreach my $case ([ 'worker is killed', $worker ], [ 'leader is killed', $leader ])
{
	my ($test, $process) = @$case;
	my $session = start_statement($call);
	wait_for($worker);
	kill 'KILL', wait_for($process);
	isnt(finish_statement($session), '', "$test: error");
	wait_for('SELECT 1');
	is($node->safe_psql('postgres', q(SELECT count(*) FROM pg_class WHERE relname ~ '^spindle_seed'
		OR relname IN (SELECT table_name FROM spindle_tables('retail')) AND relkind = 'r')), 0, "$test: no table is left");
	$node->safe_psql('postgres', 'DROP SCHEMA IF EXISTS target');
}

# Timeouts, without workers too; there are more tables than workers can be had.
foreach my $workers (0, 2)
{
	my ($status, $out, $err) = $node->psql('postgres', "SET statement_timeout = '300ms';
		CALL spindle_seed('retail', 'target', 'xlarge', workers => $workers)");
	like($err, qr/canceling statement due to statement timeout/, "$workers workers: timeout");
	nothing_is_left("$workers workers: timeout");
}
my ($status, $out, $err) = $node->psql('postgres', q(CALL spindle_seed('retail', 'target', workers => 9)));
like($err, qr/could not start background worker \d of 9\n.*max_worker_processes/, 'too many workers: error');
nothing_is_left('too many workers');
$node->safe_psql('postgres', q(CREATE ROLE poor LOGIN; GRANT CREATE ON DATABASE postgres TO poor;
CREATE FUNCTION forbid_login() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'ALTER ROLE poor NOLOGIN'));
($status, $out, $err) = $node->psql('postgres', q(SELECT forbid_login(); CALL spindle_seed('retail', 'target', workers => 2)), extra_params => [ '-U', 'poor' ]);
like($err, qr/role "poor" is not permitted to log in/, 'workers that cannot connect: error');
nothing_is_left('workers that cannot connect');

# The time after workers have committed: a trigger stops the leader when it
# adds foreign keys, or gives names.
$node->safe_psql('postgres', q(
CREATE FUNCTION wait_in_leader() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
  IF tg_tag = current_setting('test.tag', true) AND EXISTS (SELECT FROM pg_stat_activity WHERE pid = pg_backend_pid() AND backend_type = 'client backend') THEN
    PERFORM pg_sleep(600);
  END IF;
END
$$;
CREATE EVENT TRIGGER wait_in_leader ON ddl_command_start EXECUTE FUNCTION wait_in_leader()));
my $waiting = q(SELECT pid FROM pg_stat_activity WHERE query ~ 'CALL spindle_seed' AND wait_event = 'PgSleep');
foreach my $tag ('ALTER TABLE', 'ALTER INDEX')
{
	foreach my $case ([ 'cancelled', 'SELECT pg_cancel_backend(%d)' ], [ 'terminated', 'SELECT pg_terminate_backend(%d)' ])
	{
		my ($test, $statement) = @$case;
		my $session = start_tagged($tag);
		my $pid = wait_for($waiting);
		is($node->safe_psql('postgres', q(SELECT count(*) FROM pg_class WHERE relname ~ '^spindle_seed_[0-9]+_[0-9]+_[0-9]+$' AND relkind = 'r')),
			9, "$tag, $test: tables are committed");
		$node->safe_psql('postgres', sprintf($statement, $pid));
		like(finish_statement($session), qr/canceling statement|terminating connection/, "$tag, $test: error");
		nothing_is_left("$tag, $test");
	}
}

sub start_tagged
{
	my ($tag) = @_;
	local $ENV{PGOPTIONS} = '-c test.tag=' . $tag =~ s/ /\\ /r;
	return start_statement(q(CALL spindle_seed('retail', 'target', workers => 2)));
}

# A server that crashes in this time keeps tables, which the next call drops.
my $session = start_tagged('ALTER INDEX');
kill 'KILL', wait_for($waiting);
finish_statement($session);
wait_for('SELECT 1');
is($node->safe_psql('postgres', q(SELECT count(*) FROM pg_class WHERE relname ~ '^spindle_seed_[0-9]+_[0-9]+_[0-9]+$' AND relkind = 'r')),
	9, 'crash before the end: tables are left');
($status, $out, $err) = $node->psql('postgres', q(CALL spindle_seed('retail', 'target', 'medium', 7, workers => 2)));
like($err, qr/NOTICE:  dropping tables that an interrupted call/, 'crash before the end: the next call drops them');
is($node->safe_psql('postgres', q(SELECT count(*) FROM pg_class WHERE relname ~ '^spindle_seed')), 0, 'crash before the end: none is left');
$node->safe_psql('postgres', 'DROP EVENT TRIGGER wait_in_leader');
is($node->safe_psql('postgres', q(SELECT differences('target'))), 0, 'rows are those of the foreign tables');

# What is committed survives a crash right afterwards, whatever is logged.
sub crash
{
	my $backend = IPC::Run::start([ 'psql', '-Xq', '-d', $node->connstr('postgres'), '-c', 'SELECT pg_sleep(600)' ],
		'<', \undef, '>', \my $o, '2>', \my $e);
	my $pid = wait_for(q(SELECT pid FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'));
	kill 'KILL', $pid;
	eval { IPC::Run::finish($backend) };
	wait_for('SELECT 1');
	return;
}

# Pages are written past the shared buffers, and where the server and the disk
# can do that, also past the kernel's cache.
sub can_write_directly
{
	my $flag = eval { Fcntl::O_DIRECT() };
	return 0 if !defined $flag || $node->safe_psql('postgres', q(SELECT count(*) FROM pg_settings WHERE name = 'debug_io_direct')) == 0;
	my $path = $node->data_dir . '/try_direct';
	my $is_open = sysopen(my $file, $path, O_RDWR | O_CREAT | $flag);
	close $file if $is_open;
	unlink $path;
	return $is_open;
}
my $direct = can_write_directly();
note 'no direct I/O here' if !$direct;

# Pages are logged as their rows, not at all, or as images.
foreach my $mode ('logical', 'minimal', 'replica', $direct ? ('replica, direct') : ())
{
	my ($wal_level) = $mode =~ /(\w+)/;
	$node->append_conf('postgresql.conf', "wal_level = $wal_level");
	$node->append_conf('postgresql.conf', 'debug_io_direct = data') if $mode =~ /direct/;
	$node->append_conf('postgresql.conf', 'max_wal_senders = 0') if $wal_level eq 'minimal';
	$node->restart;
	if ($wal_level eq 'logical')
	{
		$node->safe_psql('postgres', q(SELECT pg_create_logical_replication_slot('seed', 'test_decoding')));
		$node->safe_psql('postgres', q(CALL spindle_seed('retail', 'decoded', 'fabric_demo')));
		is($node->safe_psql('postgres', q(SELECT count(*) FROM pg_logical_slot_get_changes('seed', NULL, NULL) WHERE data ~ '^table decoded\..*: INSERT:')),
			$node->safe_psql('postgres', q(SELECT sum(row_count) FROM spindle_tables('retail', 'fabric_demo'))), 'rows are decoded');
		$node->safe_psql('postgres', q(SELECT pg_drop_replication_slot('seed')));
	}
	foreach my $workers (0, 2)
	{
		# from here to the crash no checkpoint comes between
		$node->safe_psql('postgres', 'CHECKPOINT');
		$node->safe_psql('postgres', qq(CALL spindle_seed('part', 'target', 'some', 7, workers => $workers, if_exists => 'replace')));
		$node->safe_psql('postgres', q(CALL spindle_seed('retail', 'unlogged', logged => false, if_exists => 'replace')));
		crash();
		is($node->safe_psql('postgres', q(SELECT differences('target', 'few'))), 0, "$mode, $workers workers: rows survive a crash");
		is($node->safe_psql('postgres', q(SELECT damages('target'))), 0, "$mode, $workers workers: pages are sound");
		is($node->safe_psql('postgres', q(SET enable_seqscan = off; SELECT count(*) FROM target."order" o JOIN target.order_line l USING (order_id) WHERE o.order_id < 1000)),
			$node->safe_psql('postgres', q(SELECT count(*) FROM few.order_line WHERE order_id < 1000)),
			"$mode, $workers workers: indexes too");
		is($node->safe_psql('postgres', q(SELECT count(*) FROM unlogged."order")), 0, "$mode, $workers workers: unlogged tables are empty");
	}
}

if ($direct)
{
	is($node->safe_psql('postgres', 'SHOW debug_io_direct'), 'data', 'direct I/O was on');
	$node->append_conf('postgresql.conf', q(debug_io_direct = ''));
	$node->restart;
}

# Names of NOT NULL constraints, where a server has them, are those it chooses
# itself, whoever makes the tables: also if two are the same at first.
my $long = 'l' x 50;
my @tables = ([ 'a', 'b_c' ], [ 'a_b', 'c' ], [ "${long}_1", "${long}_key" ], [ "${long}_2", "${long}_key" ]);
append_to_file("$domains/names.json", q({"spindle": 1, "description": "names that meet", "range": {"start": "2024-01-01", "end": "2025-01-01"}, )
	. '"presets": {"small": {' . join(', ', map { qq("$_->[0]": 1) } @tables) . '}}, "tables": {' . join(', ', map {
		qq("$_->[0]": {"key": "$_->[1]", "rows": {"kind": "preset"}, "columns": {"$_->[1]": {"type": "integer", "rule": {"kind": "sequence"}}}}) } @tables)
	. '}}');
sub not_null_names
{
	my ($schema) = @_;
	return $node->safe_psql('postgres', qq(SELECT relname, conname, conkey FROM pg_constraint JOIN pg_class c ON c.oid = conrelid
		WHERE connamespace = '$schema'::regnamespace AND contype = 'n' ORDER BY 1));
}
foreach my $tables ('NULL', "'{a_b}'", "'{${long}_2,a}'")
{
	$node->safe_psql('postgres', "CALL spindle_seed('names', 'serial', tables => $tables)");
	$node->safe_psql('postgres', "CALL spindle_seed('names', 'parallel', tables => $tables, workers => 2)");
	$node->safe_psql('postgres', $node->safe_psql('postgres', "SELECT spindle_ddl('names', 'script', $tables)"));
	my $chosen = not_null_names('script');
	my $n = $node->safe_psql('postgres', q(SELECT CASE WHEN current_setting('server_version_num')::int < 180000 THEN 0 ELSE count(*) END
		FROM pg_class c JOIN pg_attribute ON attrelid = c.oid WHERE relnamespace = 'script'::regnamespace AND relkind = 'r' AND attnum > 0 AND attnotnull));
	is(scalar(split /\n/, $chosen), $n, "NOT NULL, tables $tables: all have names, or none");
	is(not_null_names('serial'), $chosen, "NOT NULL, tables $tables: names of one process");
	is(not_null_names('parallel'), $chosen, "NOT NULL, tables $tables: names of workers");
	$node->safe_psql('postgres', 'SET client_min_messages = warning; DROP SCHEMA serial, parallel, script CASCADE');
}

# All of it is in the log: a file that was not written to disk comes back.  A
# checkpoint while the table is loaded is the case to take care of.
my $path;
foreach my $checkpoints (0, 1)
{
	my $session = $checkpoints ? start_statement('DO $$ BEGIN FOR i IN 1 .. 200 LOOP CHECKPOINT; COMMIT; PERFORM pg_sleep(0.005); END LOOP; END $$') : undef;
	$node->safe_psql('postgres', 'CHECKPOINT') if !$checkpoints;
	my $redo = $node->safe_psql('postgres', 'SELECT redo_lsn FROM pg_control_checkpoint()');
	$node->safe_psql('postgres', q(CALL spindle_seed('retail', 'lost', 'medium', 7, tables => '{order}', if_exists => 'replace')));
	is($node->safe_psql('postgres', "SELECT redo_lsn <> '$redo' FROM pg_control_checkpoint()"), $checkpoints ? 't' : 'f', "checkpoints meanwhile: $checkpoints");
	$path = $node->data_dir . '/' . $node->safe_psql('postgres', q(SELECT pg_relation_filepath('lost."order"')));
	$node->stop('immediate');
	finish_statement($session) if $session;
	if (!$checkpoints)
	{
		truncate $path, 0 or die "could not truncate $path: $!";
	}
	$node->start;
	is($node->safe_psql('postgres', q(SELECT (SELECT (count(*), sum(hash_record_extended(t, 0)::numeric)) FROM lost."order" t) =
		(SELECT (count(*), sum(hash_record_extended(t, 0)::numeric)) FROM virtual."order" t))), 't', "rows after the loss of a file or a checkpoint meanwhile: $checkpoints");
	is($node->safe_psql('postgres', q(SELECT damages('lost'))), 0, 'pages are sound');
}

# Values that do not fit a page, and rows of which few or one do.
srand(1);
my @long = map { join '', map { chr(97 + int rand 26) } 1 .. $_ } (1990, 2100, 7900, 8200, 30000);
my $weights = join ', ', map { qq("$_": 1) } @long;
append_to_file("$domains/long.json", qq({"spindle": 1, "description": "long values", "range": {"start": "2024-01-01", "end": "2025-01-01"},
	"presets": {"small": {"thing": 2000}}, "tables": {"thing": {"description": "things", "key": "id", "rows": {"kind": "preset"},
	"columns": {"id": {"type": "integer", "rule": {"kind": "sequence"}}, "short": {"type": "text", "null": 0.5, "rule": {"kind": "weighted", "weights": {"": 1, "x": 1}}},
	"long": {"type": "text", "null": 0.2, "rule": {"kind": "weighted", "weights": {$weights}}},
	"longer": {"type": "text", "null": 0.2, "rule": {"kind": "weighted", "weights": {$weights}}}}}}}));
$node->safe_psql('postgres', q(CREATE SCHEMA long_virtual; IMPORT FOREIGN SCHEMA long FROM SERVER spindle INTO long_virtual));
foreach my $logged ('true', 'false')
{
	$node->safe_psql('postgres', "CALL spindle_seed('long', 'long', logged => $logged, if_exists => 'replace')");
	is($node->safe_psql('postgres', q(SELECT count(*) FROM (SELECT * FROM long.thing EXCEPT ALL SELECT * FROM long_virtual.thing) d)), 0, 'long values');
	is($node->safe_psql('postgres', q(SELECT count(*), count(DISTINCT id) FROM long.thing)), '2000|2000', 'each row once');
	is($node->safe_psql('postgres', q(SELECT damages('long'))), 0, 'pages are sound');
}

# Progress: in notices if wanted; in the title of the process and in the activity
# view always.
foreach my $workers (0, 2)
{
	local $ENV{PGOPTIONS} = '-c spindle.progress=on';
	my $session = start_statement("CALL spindle_seed('retail', 'target2', 'xlarge', workers => $workers)");
	my $pid = wait_for(q(SELECT pid FROM pg_stat_activity WHERE query ~ 'CALL spindle_seed' AND pid <> pg_backend_pid()));
	for (1 .. 1200)
	{
		eval { IPC::Run::pump_nb($session->{handle}) } or last;
		last if ${ $session->{err} } =~ /NOTICE.*\n.*NOTICE/;
		usleep(50_000);
	}
	my $title = `ps -o args= -p $pid`;
	like($node->safe_psql('postgres', "SELECT query FROM pg_stat_activity WHERE pid = $pid"),
		qr/^\/\* loading retail: \d+ of \d+ rows .* \*\/ CALL spindle_seed/, "$workers workers: progress and the query that was sent");
	like($title, qr/loading retail: \d+ of \d+ rows/, "$workers workers: process title");
	if ($workers)
	{
		like($node->safe_psql('postgres', q(SELECT query FROM pg_stat_activity WHERE backend_type = 'spindle seed worker')),
			qr/^loading order_line: \d+ of \d+ rows \(\d+\.\d %\), \d+ rows\/s, \d+ s left$/m, 'what workers do');
	}
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
	like(finish_statement($session), qr/^NOTICE:  loading retail: \d+ of \d+ rows \(\d+\.\d %\), \d+ rows\/s, \d+ s left$/m, "$workers workers: notices");
}
($status, $out, $err) = $node->psql('postgres', "SET statement_timeout = '3s'; CALL spindle_seed('retail', 'target2', 'xlarge')");
unlike($err, qr/NOTICE/, 'no notices if not wanted');

# A server that is stopped takes the time to clean up.
$node->safe_psql('postgres', 'DROP SCHEMA target CASCADE');
$session = start_statement($call);
wait_for($worker);
$node->stop('fast');
isnt(finish_statement($session), '', 'stop: error');
$node->start;
nothing_is_left('stop');

unlike(slurp_file($node->logfile), qr/PANIC|TRAP|deadlock detected|signal (?:11|6)\b/, 'nothing odd in the log');
$node->stop;
done_testing();
