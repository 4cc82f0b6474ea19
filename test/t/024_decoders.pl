# Consumers of logical decoding: what each of them makes of a change stream that several
# sessions play, with transactions held open, streamed while they are in progress, and
# savepoints that are rolled back.  Those that are not installed are left out.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
my $libraries = $publisher->config_data('--pkglibdir');
my %has = map { $_ => -e "$libraries/$_.so" } qw(test_decoding wal2json decoderbufs pglogical);
my @plugins = grep { $has{$_} } qw(test_decoding wal2json decoderbufs);

$publisher->init(allows_streaming => 'logical');
$subscriber->init(allows_streaming => 'logical');
for my $node ($publisher, $subscriber)
{
	$node->append_conf('postgresql.conf', "max_worker_processes = 24\nlogical_decoding_work_mem = 64kB\nrestart_after_crash = on\n");
	$node->append_conf('postgresql.conf', "shared_preload_libraries = pglogical\n") if $has{pglogical};
	$node->start;

	# since late 2025 the server asks which libraries may decode
	if ($node->safe_psql('postgres', "SELECT count(*) FROM pg_settings WHERE name = 'output_plugin_libraries'"))
	{
		$node->append_conf('postgresql.conf',
			"output_plugin_libraries = 'pgoutput, test_decoding, wal2json, decoderbufs, pglogical_output'\n");
		$node->reload;
	}
	$node->safe_psql('postgres', 'CREATE EXTENSION spindle');
}

# The tables of retail in a schema of a database.
sub make_tables
{
	my ($node, $database, $schema) = @_;
	$node->safe_psql($database, $node->safe_psql('postgres', "SELECT spindle_ddl('retail', '$schema')"));
}

# Nothing is missing, extra or different at a time.
sub same
{
	my ($node, $database, $schema, $to, $name) = @_;
	is( $node->safe_psql($database,
			"SELECT sum(missing), sum(extra), sum(different) FROM spindle_compare('$schema', 'retail', scale => 'small', as_of => '$to')"),
		'0|0|0', $name);
}

make_tables($publisher, 'postgres', 'shop');
make_tables($subscriber, 'postgres', 'shop');
$publisher->safe_psql('postgres', "SELECT pg_create_logical_replication_slot('$_', '$_')") for @plugins;
$publisher->safe_psql('postgres', 'CREATE PUBLICATION shop FOR TABLES IN SCHEMA shop');
$subscriber->safe_psql('postgres',
	q(CREATE SUBSCRIPTION shop CONNECTION $$) . $publisher->connstr('postgres') . q($$ PUBLICATION shop WITH (streaming = on)));
$subscriber->wait_for_subscription_sync($publisher, 'shop');

# pglogical's subscriber is another database
if ($has{pglogical})
{
	$subscriber->safe_psql('postgres', 'CREATE DATABASE other');
	$subscriber->safe_psql('other', 'CREATE EXTENSION spindle');
	make_tables($subscriber, 'other', 'shop');
	$_->[0]->safe_psql($_->[1], 'CREATE EXTENSION pglogical; SELECT pglogical.create_node($$' . $_->[0]->name . '$$, $$' . $_->[0]->connstr($_->[1]) . '$$)')
		for [$publisher, 'postgres'], [$subscriber, 'other'];
	$publisher->safe_psql('postgres', q(SELECT pglogical.replication_set_add_all_tables('default', '{shop}')));
	$subscriber->safe_psql('other',
		q{SELECT pglogical.create_subscription('other', $$} . $publisher->connstr('postgres') . q{$$, synchronize_data := false)});
	$subscriber->poll_query_until('other', q(SELECT status = 'replicating' FROM pglogical.show_subscription_status()))
		or die 'pglogical does not begin';
}

# Play up to a time, and compare all that are there.
sub arrives
{
	my ($to, $modes, $name) = @_;
	$publisher->safe_psql('postgres',
		"CALL spindle_to_tables('shop', 'retail', true, scale => 'small', to_time => '$to', resume => true, dml => $modes)");
	$publisher->wait_for_catchup('shop');
	same($publisher, 'postgres', 'shop', $to, "publisher, $name");
	same($subscriber, 'postgres', 'shop', $to, "pgoutput, $name");
	if ($has{pglogical})
	{
		$publisher->wait_for_catchup('other');
		same($subscriber, 'other', 'shop', $to, "pglogical, $name");
	}
}

arrives('2022-01-10', 'spindle_dml_modes(savepoint_fraction => 1)', 'one session, with savepoints');
arrives('2022-01-20', 'spindle_dml_modes(transaction_size => 100, savepoint_fraction => 1)', 'large transactions');
arrives('2022-02-10', 'spindle_dml_modes(sessions => 4, hold => 20)', 'sessions, held transactions');
arrives('2022-02-20', 'spindle_dml_modes(sessions => 3, savepoint_fraction => 0.3, rollback_fraction => 0.3, empty_fraction => 0.1)',
	'sessions, rollbacks');
arrives('2022-03-10', 'spindle_dml_modes(sessions => 2, hold => 5, transaction_size => 10, delete_insert_fraction => 0)',
	'sessions, more in each transaction');

# What each of them should have seen.
my $told = $publisher->safe_psql('postgres',
	q{SELECT sum(n) FILTER (WHERE op IN ('r', 'c')), sum(n) FILTER (WHERE op = 'u'), coalesce(sum(n) FILTER (WHERE op = 'd'), 0)
	  FROM spindle_change_counts('retail', scale => 'small', to_time => '2022-03-10')});

SKIP:
{
	skip 'test_decoding is not installed', 4 unless $has{test_decoding};
	$publisher->safe_psql('postgres', q{CREATE TABLE seen AS
		SELECT row_number() OVER () AS n, data FROM pg_logical_slot_peek_changes('test_decoding', NULL, NULL, 'include-timestamp', 'on')});
	is( $publisher->safe_psql('postgres', q{
			SELECT count(*) FILTER (WHERE data ~ '^table shop.[a-z_"]*: INSERT:'), count(*) FILTER (WHERE data ~ '^table shop.[a-z_"]*: UPDATE:'),
				count(*) FILTER (WHERE data ~ '^table shop.[a-z_"]*: DELETE:') FROM seen}),
		$told, 'test_decoding: as many changes as told');
	is($publisher->safe_psql('postgres', q{
		WITH moments AS (SELECT n, substring(data FROM '\(at (20(00|22)-.*)\)')::timestamptz AS at FROM seen WHERE data LIKE 'COMMIT%')
		SELECT count(*) > 10 FROM (SELECT at < lag(at) OVER (ORDER BY n) AS falls FROM moments WHERE at IS NOT NULL) m WHERE falls}),
		't', 'commits of sessions come in another order than their events');
	my $streamed = $publisher->safe_psql('postgres', q{
		SELECT count(*) FILTER (WHERE data LIKE 'opening a streamed block%') > 0, count(*) FILTER (WHERE data LIKE 'aborting streamed (sub)%') > 0,
			count(*) FILTER (WHERE data LIKE 'committing streamed%') > 0
		FROM pg_logical_slot_peek_changes('test_decoding', NULL, NULL, 'stream-changes', 'on')});
	is($streamed, 't|t|t', 'transactions are streamed in progress, and parts of them aborted');
	is( $publisher->safe_psql('postgres', q{
			SELECT count(*) FROM seen WHERE data LIKE '%position%'}),
		'0', 'positions are in origins');
}

SKIP:
{
	skip 'wal2json is not installed', 2 unless $has{wal2json};
	$publisher->safe_psql('postgres', q{CREATE TABLE json AS
		SELECT row_number() OVER () AS n, data::jsonb AS data FROM pg_logical_slot_get_changes('wal2json', NULL, NULL, 'format-version', '2', 'include-pk', 'true', 'add-tables', 'shop.*')});
	is( $publisher->safe_psql('postgres', q{
			SELECT count(*) FILTER (WHERE data->>'action' = 'I'), count(*) FILTER (WHERE data->>'action' = 'U'), count(*) FILTER (WHERE data->>'action' = 'D') FROM json}),
		$told, 'wal2json: as many changes as told');

	# Who applies it to nothing has the tables.
	make_tables($publisher, 'postgres', 'rebuilt');
	$publisher->safe_psql('postgres', q{
		CREATE TABLE last AS SELECT DISTINCT ON (relation, key) data->>'table' AS relation, c.value->'value' AS key, data
			FROM json, jsonb_array_elements(coalesce(data->'columns', data->'identity')) c
			WHERE data->>'action' IN ('I', 'U', 'D') AND c.value->>'name' = data->'pk'->0->>'name' ORDER BY relation, key, n DESC;
		DELETE FROM last WHERE data->>'action' = 'D'});
	$publisher->safe_psql('postgres', qq{
		INSERT INTO rebuilt."$_" SELECT r.* FROM last,
			LATERAL (SELECT jsonb_object_agg(c->>'name', c->'value') AS o FROM jsonb_array_elements(data->'columns') c) x, jsonb_populate_record(NULL::rebuilt."$_", o) r
		WHERE relation = '$_'})
		for qw(product_category product store promotion customer address order order_line return);
	same($publisher, 'postgres', 'rebuilt', '2022-03-10', 'wal2json, applied to nothing');
}

SKIP:
{
	skip 'decoderbufs is not installed', 1 unless $has{decoderbufs};
	is( $publisher->safe_psql('postgres', q{
			SELECT count(*) FILTER (WHERE data ~ 'op\[0\]'), count(*) FILTER (WHERE data ~ 'op\[1\]'), count(*) FILTER (WHERE data ~ 'op\[2\]')
			FROM pg_logical_slot_get_changes('decoderbufs', NULL, NULL, 'debug-mode', '1') WHERE data LIKE '%table[shop.%'}),
		$told, 'decoderbufs: as many changes as told');
}

# A subscription that copies the tables while the stream goes on.
$subscriber->safe_psql('postgres', 'CREATE DATABASE late');
$subscriber->safe_psql('late', 'CREATE EXTENSION spindle');
make_tables($subscriber, 'late', 'shop');
my $stream = $publisher->background_psql('postgres', on_error_stop => 0);
my $leader = $stream->query_safe('SELECT pg_backend_pid()');
$stream->{stdin} .= "CALL spindle_to_tables('shop', 'retail', true, scale => 'small', to_time => '2023-06-01', resume => true, "
  . "realtime => true, events_per_second => 300, dml => spindle_dml_modes(sessions => 2));\n\\echo done\n";
eval { $stream->{run}->pump_nb };
my $workers = q(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'spindle apply worker');
$publisher->poll_query_until('postgres', $workers, '2') or die 'no sessions';
$subscriber->safe_psql('late', q{CREATE SUBSCRIPTION late CONNECTION $$} . $publisher->connstr('postgres') . q{$$ PUBLICATION shop});
$subscriber->wait_for_subscription_sync($publisher, 'late', 'late');
is($publisher->safe_psql('postgres', $workers), '2', 'the stream goes on');
$publisher->safe_psql('postgres', "SELECT pg_cancel_backend($leader)");
$stream->{run}->pump until $stream->{stdout} =~ /done/;
$stream->quit;
is($publisher->safe_psql('postgres', $workers), '0', 'no session outlives a cancel');
$publisher->safe_psql('postgres', "CALL spindle_to_tables('shop', 'retail', true, scale => 'small', to_time => '2022-12-01', resume => true)");
$publisher->wait_for_catchup('late');
my $reached = $publisher->safe_psql('postgres',
	"SELECT greatest('2022-12-01'::timestamptz, max(event_time)) FROM spindle_last_position('shop', 'retail', 'small')");
same($subscriber, 'late', 'shop', $reached, 'copied while the stream went on');

done_testing();
