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

$node->stop;
done_testing();
