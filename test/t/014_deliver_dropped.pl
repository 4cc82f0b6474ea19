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

# A target that is renamed between two batches stays the target, and a new
# relation of its old name does not become it.  Both ways in which rows go in.
foreach my $kind ('in bulk', 'by INSERT')
{
	my $columns = 'order_id bigint' . ($kind eq 'by INSERT' ? ', n int GENERATED ALWAYS AS IDENTITY' : '');
	$node->safe_psql('postgres', "DROP TABLE IF EXISTS target, renamed; CREATE TABLE target ($columns)");
	my ($handle, undef, $err) = background($node, '\set VERBOSITY verbose', "CALL spindle_to_table('target', 'retail', 'order', realtime => true, events_per_second => 100)");
	ok($node->poll_query_until('postgres', 'SELECT count(*) > 5 FROM target'), "renamed, $kind: delivers");
	my $n = $node->safe_psql('postgres', "BEGIN; LOCK target; SELECT count(*) FROM target; ALTER TABLE target RENAME TO renamed; CREATE TABLE target ($columns); COMMIT");
	ok($node->poll_query_until('postgres', "SELECT count(*) > $n + 5 FROM renamed"), "renamed, $kind: goes on");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM target'), 0, "renamed, $kind: not to another table");
	$n = $node->safe_psql('postgres', 'BEGIN; LOCK renamed; SELECT count(*) FROM renamed; DROP TABLE renamed; COMMIT');
	eval { $handle->finish };
	like($$err, qr/ERROR:  42P01: relation "(?:target|renamed)" does not exist$/m, "renamed, $kind: and dropped");
	is((delivered($$err))[0], $n, "renamed, $kind: as many events were delivered as there were rows");
}
$node->stop;
done_testing();
