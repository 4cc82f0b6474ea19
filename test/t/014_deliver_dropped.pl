# Relations that are dropped while a call waits for them: the error is that of a
# name that does not exist, as of any command.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SpindleDelivery;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('dropped');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nwal_level = logical\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION spindle');

my %call = (
	'target of a delivery' => "CALL spindle_to_table('gone', 'retail', 'store')",
	'source of a delivery to a table' => "CALL spindle_to_table('kept', 'gone'::regclass)",
	'source of a delivery to the WAL' => "CALL spindle_to_wal('p', 'gone'::regclass)",
	'source of a file' => "SELECT spindle_to_file('/dev/null', 'gone'::regclass)",
	'source of rows' => "SELECT count(*) FROM spindle_stream('gone'::regclass)",
	'source of a function scan' => "SELECT count(*) FROM spindle_stream('gone'::regclass) WITH ORDINALITY",
	'target to fill' => "SELECT spindle_fill('gone', 'retail', 'store', columns => '{store_id}')",
);
foreach my $name (sort keys %call)
{
	$node->safe_psql('postgres', 'DROP TABLE IF EXISTS kept; CREATE TABLE kept (store_id int); CREATE TABLE gone (store_id int)');

	# a session that drops the table, and commits when the call waits for it
	my $dropper = $node->background_psql('postgres');
	$dropper->query_safe('BEGIN; DROP TABLE gone');
	my ($handle, undef, $err) = background($node, "\\set VERBOSITY verbose", $call{$name});
	ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%gone%'"), "$name: waits");
	$dropper->query_safe('COMMIT');
	$dropper->quit;
	eval { $handle->finish };
	like($$err, qr/ERROR:  42P01: relation "gone" does not exist$/m, "$name: error");
	unlike($$err, qr/continues behind them/, "$name: no events were delivered");
}
$node->stop;
done_testing();
