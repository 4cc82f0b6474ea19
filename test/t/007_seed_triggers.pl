# Seeding among event triggers, which can do anything while tables are made.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('seed_triggers');
$node->init;
$node->append_conf('postgresql.conf', 'wal_level = replica');
$node->start;
$node->safe_psql('postgres', q(
CREATE EXTENSION spindle;
CREATE FUNCTION is_worker() RETURNS boolean LANGUAGE sql AS $$
  SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = pg_backend_pid() AND backend_type = 'spindle seed worker')
$$));

# The error of a statement, which must come within a minute.
sub error_of
{
	my ($sql) = @_;
	my ($err, $timed_out) = ('', 0);
	$node->psql('postgres', $sql, stderr => \$err, timeout => 60, timed_out => \$timed_out);
	return $timed_out ? 'timed out' : $err;
}

sub nothing_is_left
{
	my ($test) = @_;
	is($node->safe_psql('postgres', q(SELECT count(*) FROM pg_class WHERE relname ~ '^spindle_seed'))
		. $node->safe_psql('postgres', q(SELECT count(*) FROM pg_namespace WHERE nspname = 'target'))
		. $node->safe_psql('postgres', q(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'spindle seed worker')),
		'000', "$test: nothing is left");
	return;
}

# A worker fails, and the other, which does not look for signals while it computes
# a long checksum, fills its queue when the leader no longer reads it.
$node->safe_psql('postgres', q(
CREATE FUNCTION fill_queue() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
  long text := repeat('x', 200000000);
BEGIN
  IF NOT public.is_worker() THEN
    RETURN;
  ELSIF pg_try_advisory_lock(1) THEN
    RAISE NOTICE '%', left(md5(long), 1) || repeat('x', 15583);
  ELSE
    PERFORM pg_sleep(0.2);
    RAISE EXCEPTION 'one worker fails';
  END IF;
END
$$;
CREATE EVENT TRIGGER fill_queue ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION fill_queue()));
like(error_of(q(CALL spindle_seed('retail', 'target', 'fabric_demo', workers => 2))), qr/ERROR:  one worker fails/, 'full queue: the error comes');
nothing_is_left('full queue');
$node->safe_psql('postgres', 'DROP EVENT TRIGGER fill_queue');

# A worker says more than its queue takes, also when it ends.
is($node->psql('postgres', q(SET client_min_messages = debug5; CALL spindle_seed('retail', 'target', 'fabric_demo', workers => 2)), timeout => 60),
	0, 'many messages: success');
$node->safe_psql('postgres', 'SET client_min_messages = warning; DROP SCHEMA target CASCADE');

# Somebody has relations of names that begin as provisional ones do.
$node->safe_psql('postgres', q(
CREATE SCHEMA target;
DO $$ BEGIN
  EXECUTE format('CREATE TABLE target.spindle_seed_%s_0 (); CREATE VIEW target.spindle_seed_%1$s_1 AS SELECT; CREATE TYPE target.spindle_seed_%1$s_2 AS ()', pg_backend_pid());
END $$;
CALL spindle_seed('retail', 'target', 'fabric_demo', workers => 2);
SET client_min_messages = warning;
DROP SCHEMA target CASCADE));
nothing_is_left('names that are taken');

# A seeding that fails when its tables are committed, while another session has a
# lock on one of them.  It must end at once, not when that lets go, and the next
# call drops what is left.  Then with a view that depends on a table.
$node->safe_psql('postgres', q(
CREATE FUNCTION fail_late() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
  name text := (SELECT min(relname) FROM pg_class WHERE relname ~ '^spindle_seed_[0-9_]+$' AND relkind = 'r');
BEGIN
  IF is_worker() OR name IS NULL THEN
    RETURN;
  ELSIF current_setting('test.wait', true) = 'yes' THEN
    PERFORM pg_advisory_lock(2);
  ELSE
    RAISE EXCEPTION 'late failure';
  END IF;
END
$$;
CREATE FUNCTION view_early() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
  object record;
BEGIN
  FOR object IN SELECT * FROM pg_event_trigger_ddl_commands() WHERE object_identity ~ '_0$' LOOP
    EXECUTE format('CREATE VIEW public.on_it AS SELECT * FROM %s', object.object_identity);
  END LOOP;
END
$$;
CREATE EVENT TRIGGER fail_late ON ddl_command_start WHEN TAG IN ('ALTER INDEX') EXECUTE FUNCTION fail_late()));
foreach my $end ('cancel', 'terminate')
{
	my $holder = $node->background_psql('postgres');
	$holder->query_safe('SELECT pg_advisory_lock(2)');
	my ($out, $err) = ('', '');
	my $seeding = IPC::Run::start([ 'psql', '-Xq', '-d', $node->connstr('postgres'), '-c', q(SET test.wait = 'yes'),
		'-c', q(CALL spindle_seed('retail', 'target', 'fabric_demo', workers => 2)) ],
		'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout(180));
	$node->poll_query_until('postgres', q(SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'advisory'));
	my ($pid, $table) = split /\|/, $node->safe_psql('postgres', q(SELECT pid, (SELECT min(oid::regclass::text) FROM pg_class
		WHERE relname ~ ('^spindle_seed_' || pid || '_[0-9]+_[0-9]+$') AND relkind = 'r') FROM pg_stat_activity WHERE wait_event = 'advisory'));

	# what waits behind the leader's lock has it when that is rolled back
	my $user = $node->background_psql('postgres', on_error_stop => 0);
	$user->query_until(qr/begun/, "BEGIN;\n\\echo begun\nLOCK TABLE $table IN ACCESS SHARE MODE;\n");
	$node->poll_query_until('postgres', q(SELECT count(*) = 1 FROM pg_stat_activity WHERE query ~ '^LOCK TABLE target' AND wait_event_type = 'Lock'));
	$node->safe_psql('postgres', "SELECT pg_${end}_backend($pid)");
	my $ended = $node->poll_query_until('postgres', qq(SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $pid AND state = 'active')), 't');
	ok($ended, "$end, table in use: the call ends");
	$user->quit;
	$holder->quit;
	eval { IPC::Run::finish($seeding) };
	like($err, $end eq 'cancel' ? qr/WARNING:  could not drop the incomplete tables.*canceling statement/s : qr/terminating connection/,
		"$end, table in use: what is said");
	is($node->safe_psql('postgres', q(SELECT count(*) > 0 FROM pg_class WHERE relname ~ '^spindle_seed_[0-9_]+$' AND relkind = 'r')), 't',
		"$end, table in use: tables are left");
	$node->safe_psql('postgres', q(SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS spindle;
		CALL spindle_seed('retail', 'target', 'fabric_demo'); DROP SCHEMA target CASCADE));
	nothing_is_left("$end, table in use, after the next call");
}
$node->safe_psql('postgres', q(CREATE EVENT TRIGGER view_early ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION view_early()));
like(error_of(q(CALL spindle_seed('retail', 'target', 'fabric_demo', workers => 2))), qr/^psql:<stdin>:1: ERROR:  late failure/, 'view on a table: the error comes');
nothing_is_left('view on a table');
is($node->safe_psql('postgres', q(SELECT to_regclass('public.on_it') IS NULL)), 't', 'view on a table: it goes with the table');
$node->safe_psql('postgres', 'DROP EVENT TRIGGER view_early; DROP EVENT TRIGGER fail_late');

$node->stop;
done_testing();
