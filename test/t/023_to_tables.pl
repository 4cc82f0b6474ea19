# spindle_to_tables with a subscriber: what arrives, what decoders see, and that
# nothing is lost or twice after the backend, the server or the subscriber's apply
# worker was killed.  SPINDLE_KILLS says how often that is tried, 4 times by default.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->append_conf('postgresql.conf', "max_replication_slots = 10\nwal_level = logical\nrestart_after_crash = on\n");
$publisher->start;
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init;
$subscriber->append_conf('postgresql.conf', "restart_after_crash = on\n");
$subscriber->start;

# The tables of retail on both sides; the subscriber has no spindle of its own to fill them.
for my $node ($publisher, $subscriber)
{
	$node->safe_psql('postgres', 'CREATE EXTENSION spindle');
	$node->safe_psql('postgres', $node->safe_psql('postgres', "SELECT spindle_ddl('retail', 'shop')"));
}
$publisher->safe_psql('postgres', 'CREATE PUBLICATION shop FOR TABLES IN SCHEMA shop');
$publisher->safe_psql('postgres', "SELECT pg_create_logical_replication_slot('seen', 'test_decoding')");
$subscriber->safe_psql('postgres',
	q(CREATE SUBSCRIPTION shop CONNECTION $$) . $publisher->connstr('postgres') . q($$ PUBLICATION shop));
$subscriber->wait_for_subscription_sync($publisher, 'shop');

my $compare = 'SELECT sum(missing), sum(extra), sum(different) FROM spindle_compare(%s)';

# Play up to a time, and compare the subscriber with the state at that time.
sub arrives
{
	my ($to, $modes) = @_;
	$publisher->safe_psql('postgres',
		"CALL spindle_to_tables('shop', 'retail', scale => 'small', to_time => '$to', resume => true, dml => $modes)");
	$publisher->wait_for_catchup('shop');
	for my $node ($publisher, $subscriber)
	{
		is($node->safe_psql('postgres', sprintf($compare, "'shop', 'retail', scale => 'small', as_of => '$to'")),
			'0|0|0', $node->name . " at $to, $modes");
	}
}

# Without room for all sessions nothing is done.
my (undef, undef, $error) = $publisher->psql('postgres',
	"CALL spindle_to_tables('shop', 'retail', true, scale => 'small', dml => spindle_dml_modes(sessions => 30))");
like($error, qr/could not start background worker \d+ of 30\n.*max_worker_processes/, 'too many sessions: error');
is($publisher->safe_psql('postgres', 'SELECT (SELECT count(*) FROM shop.product), (SELECT count(*) FROM pg_replication_origin)'),
	'0|0', 'too many sessions: nothing is done');

arrives('2022-02-01', 'NULL');
is( $publisher->safe_psql('postgres',
		"SELECT count(*), max(remote_lsn) = (SELECT max(position) FROM spindle_changes('retail', scale => 'small', to_time => '2022-02-01')) FROM pg_replication_origin_status"),
	'1|t', 'the origin has the last position');

# Decoders see each transaction with the time of its events.
my $seen = $publisher->safe_psql('postgres', q{
	SELECT count(*) FILTER (WHERE data LIKE 'COMMIT%(at %') AS commits,
		count(*) FILTER (WHERE data LIKE 'table shop.%: INSERT:%'), count(*) FILTER (WHERE data LIKE 'table shop.%: UPDATE:%')
	FROM pg_logical_slot_get_changes('seen', NULL, NULL, 'include-timestamp', 'on') WHERE data !~ '^table shop.spindle_position'
	AND (data LIKE 'table%' OR data ~ 'at 20(00|22)-0[12]')});
my $told = $publisher->safe_psql('postgres', q{
	SELECT count(*) FILTER (WHERE txn_last), count(*) FILTER (WHERE op IN ('r', 'c')), count(*) FILTER (WHERE op = 'u')
	FROM spindle_changes('retail', scale => 'small', to_time => '2022-02-01')});
is($seen, $told, 'decoded transactions, at the times of their events, and changes');

# Habits of real writers.
arrives('2022-03-01', "spindle_dml_modes(savepoint_fraction => 0.2, noop_fraction => 0.2)");
arrives('2022-04-01', "spindle_dml_modes(rollback_fraction => 0.2, empty_fraction => 0.2)");
arrives('2022-05-01', "spindle_dml_modes(transaction_size => 100, delete_insert_fraction => 0.5, replica_identity => 'full')");
$seen = $publisher->safe_psql('postgres', q{
	SELECT count(*) FROM pg_logical_slot_get_changes('seen', NULL, NULL) WHERE data LIKE '%old-key%'});
cmp_ok($seen, '>', 100, 'replica identity is full');

# Killed at any time, it goes on behind what was committed.
my $end = '2025-01-01';
my @all = qw(product_category product store promotion customer address order order_line return);

# Begin or go on with the stream, and kill something in the midst of it.
sub killed
{
	my ($how, $durable, $modes) = @_;
	my $psql = $publisher->background_psql('postgres', on_error_stop => 0);
	my $pid = $psql->query_safe('SELECT pg_backend_pid()');
	$psql->query_safe("SET synchronous_commit = $durable");
	$psql->{stdin} .= "CALL spindle_to_tables('shop', 'retail', true, scale => 'small', resume => true, to_time => '$end', dml => $modes);\n";
	eval { $psql->{run}->pump_nb };
	usleep(50_000 + int(rand(300_000)));
	if ($how eq 'server')
	{
		$publisher->stop('immediate');
	}
	elsif ($how eq 'worker')
	{
		my $worker = $publisher->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'spindle apply worker' LIMIT 1");
		kill 'KILL', $worker || $pid;
	}
	else
	{
		kill 'KILL', $pid;
	}
	eval { $psql->{run}->finish };
	if ($how eq 'server')
	{
		$publisher->start;
	}
	else
	{
		$publisher->poll_query_until('postgres', 'SELECT true') or die 'server does not come back';
	}
}

# Kill the subscriber's apply worker, or what else of it is there.
sub kill_subscriber
{
	my $worker = $subscriber->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'logical replication worker' LIMIT 1");
	return unless $worker;
	kill 'KILL', $worker;
	$subscriber->poll_query_until('postgres', 'SELECT true') or die 'subscriber does not come back';
}

# Rows that are there, and that should be behind the last position.
sub is_exact
{
	my ($name) = @_;
	$publisher->safe_psql('postgres', "CALL spindle_to_tables('shop', 'retail', true, scale => 'small', resume => true, max_events => 0)");
	my $at = $publisher->safe_psql('postgres', q(SELECT "position" FROM spindle_last_position('shop', 'retail', 'small')));
	my $there = join '|', map { $publisher->safe_psql('postgres', qq(SELECT count(*) FROM shop."$_")) } qw(customer address order order_line return);
	is( $publisher->safe_psql('postgres', qq(
			SELECT string_agg(n::text, '|' ORDER BY o) FROM (SELECT o, count(c) FILTER (WHERE op IN ('r', 'c') AND position <= '$at') AS n
			FROM unnest('{customer,address,order,order_line,return}'::text[]) WITH ORDINALITY t (name, o)
			LEFT JOIN spindle_changes('retail', scale => 'small', to_time => '$end') c ON table_name = t.name GROUP BY o) x)),
		$there, $name);
	return $at;
}

my $last = $publisher->safe_psql('postgres', "SELECT max(position) FROM spindle_changes('retail', scale => 'small', to_time => '$end')");
for my $i (0 .. ($ENV{SPINDLE_KILLS} // 4) - 1)
{
	my $how = ('server', 'backend', 'server', 'worker')[$i % 4];
	my $durable = ('on', 'off')[($i / 2) % 2];
	my $modes = ('NULL', 'NULL', 'spindle_dml_modes(sessions => 3, hold => 10)', 'spindle_dml_modes(sessions => 2, savepoint_fraction => 0.1)')[($i + int($i / 4)) % 4];
	killed($how, $durable, $modes);
	my $at = is_exact("killed $how, synchronous_commit $durable, $modes: the rows are those of the position");
	kill_subscriber() if $i % 4 == 1;
	next unless $at eq $last;

	# at the end, from the start again
	arrives($end, 'NULL');
	$publisher->safe_psql('postgres', 'TRUNCATE ' . join(', ', map { qq(shop."$_") } @all));
	$publisher->safe_psql('postgres', "CALL spindle_to_tables('shop', 'retail', true, scale => 'small', max_events => 1)");
}
arrives($end, 'NULL');

# A snapshot, and the stream from there.
$publisher->safe_psql('postgres', "DROP PUBLICATION shop; SELECT pg_replication_origin_drop(roname) FROM pg_replication_origin WHERE roname LIKE 'spindle:%'");
$publisher->safe_psql('postgres', "CALL spindle_seed('retail', 'late', scale => 'small', as_of => '2023-01-01')");
$publisher->safe_psql('postgres', "CALL spindle_to_tables('late', 'retail', scale => 'small', from_time => '2023-01-01')");
is($publisher->safe_psql('postgres', sprintf($compare, "'late', 'retail', scale => 'small'")), '0|0|0', 'snapshot and stream');

done_testing();
