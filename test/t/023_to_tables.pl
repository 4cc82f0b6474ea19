# spindle_to_tables with a subscriber: what arrives, what decoders see, and that
# nothing is lost or twice after the backend or the server was killed.

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
sub killed
{
	my ($how, $durable) = @_;
	my $psql = $publisher->background_psql('postgres', on_error_stop => 0);
	my $pid = $psql->query_safe('SELECT pg_backend_pid()');
	$psql->query_safe("SET synchronous_commit = $durable");
	$psql->{stdin} .= "CALL spindle_to_tables('shop', 'retail', scale => 'small', resume => true, to_time => '2025-01-01');\n";
	eval { $psql->{run}->pump_nb };
	usleep(200_000 + int(rand(400_000)));
	if ($how eq 'server')
	{
		$publisher->stop('immediate');
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

for my $durable ('on', 'off')
{
	for my $how ('server', 'backend')
	{
		killed($how, $durable);
		my $at = $publisher->safe_psql('postgres',
			"SELECT pg_replication_origin_progress(roname, false) FROM pg_replication_origin WHERE roname LIKE 'spindle:%'");
		my $rows = $publisher->safe_psql('postgres', 'SELECT count(*) FROM shop."order"');
		is( $publisher->safe_psql('postgres',
				"SELECT count(*) FROM spindle_changes('retail', 'order', scale => 'small', to_time => '2025-01-01') WHERE op IN ('r', 'c') AND position <= '$at'"),
			$rows, "killed $how, synchronous_commit $durable: the position is that of the rows");
	}
}
arrives('2025-01-01', 'NULL');

# A snapshot, and the stream from there.
$publisher->safe_psql('postgres', "DROP PUBLICATION shop; SELECT pg_replication_origin_drop(roname) FROM pg_replication_origin WHERE roname LIKE 'spindle:%'");
$publisher->safe_psql('postgres', "CALL spindle_seed('retail', 'late', scale => 'small', as_of => '2023-01-01')");
$publisher->safe_psql('postgres', "CALL spindle_to_tables('late', 'retail', scale => 'small', from_time => '2023-01-01')");
is($publisher->safe_psql('postgres', sprintf($compare, "'late', 'retail', scale => 'small'")), '0|0|0', 'snapshot and stream');

done_testing();
