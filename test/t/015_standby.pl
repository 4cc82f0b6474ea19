# A hot standby: what writes is refused in the server's words before anything
# else; all that reads works, with the same results as on the primary.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 'logical');
$primary->append_conf('postgresql.conf', "autovacuum = off\n");
$primary->start;
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

$primary->safe_psql('postgres', <<'SQL');
CREATE EXTENSION spindle;
CREATE SCHEMA shop;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO shop;
CREATE TABLE orders AS SELECT * FROM shop."order";
CREATE TABLE target (LIKE orders);
CREATE SCHEMA copied;
CREATE TABLE copied."order" AS SELECT * FROM orders WHERE order_id > 2;
SQL
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));

# Wrong arguments do not matter, nor does a transaction block.
foreach my $call (
	"CALL spindle_to_table('target', 'retail', 'order', max_events => 1)",
	"CALL spindle_to_table('target', 'orders'::regclass, max_events => 1)",
	'CALL spindle_to_table(NULL, \'retail\', \'order\')',
	"BEGIN; CALL spindle_to_table('target', 'retail', 'order')",
	"CALL spindle_to_channel('c', 'retail', 'order', max_events => 1)",
	"CALL spindle_to_channel('c', 'retail', 'order', max_events => 0)",
	'CALL spindle_to_channel(NULL, \'retail\')',
	"CALL spindle_to_channel('c', 'orders'::regclass)",
	"CALL spindle_to_wal('p', 'retail', 'order', max_events => 1)",
	"CALL spindle_to_wal('p', 'retail', 'order', max_events => 1, transactional => true)",
	'CALL spindle_to_wal(NULL, \'retail\')',
	"CALL spindle_to_wal('p', 'orders'::regclass)",
	"CALL spindle_seed('retail', 'seeded', 'fabric_demo')",
	"CALL spindle_seed('retail', 'seeded', 'fabric_demo', workers => 0)",
	"CALL spindle_seed('no such domain', 'seeded')",
	"SELECT spindle_fill('target', 'retail', 'order')",
	"SELECT spindle_fill('target', 'no such domain', 'order')",
	"SELECT spindle_fill(NULL, 'retail', 'order')")
{
	my ($function) = $call =~ /(spindle_\w+)/;
	my ($status, $out, $err) = $standby->psql('postgres', "\\set VERBOSITY verbose\n$call");
	like($err, qr/^psql:<stdin>:2: ERROR:  25006: cannot execute \Q$function\E\(\) during recovery$/m, $call);
}

# What reads.
my $file = $standby->basedir . '/events';
foreach my $query (
	'SELECT count(*), min(domain) FROM spindle_domains()',
	"SELECT string_agg(table_name, ' ' ORDER BY table_name) FROM spindle_tables('retail', 'medium')",
	"SELECT count(*) FROM spindle_columns('retail', 'order')",
	"SELECT spindle_check_domain('{}') IS NULL",
	"SELECT table_name, found, missing, first_missing FROM spindle_compare('copied', 'retail', '{order}')",
	"SELECT md5(spindle_ddl('retail', 's'))",
	"SELECT count(*), sum(t.store_id) FROM spindle_rows('retail', 'store') AS t(store_id int)",
	'SELECT count(*), sum(order_total) FROM shop."order"',
	'SELECT o.order_total FROM shop."order" o WHERE order_id = 17',
	"SELECT md5(string_agg(event::text, '' ORDER BY delivery_seq)) FROM spindle_stream('retail', 'order', out_of_order_fraction => 0.1)",
	"SELECT md5(string_agg(event::text, '' ORDER BY delivery_seq)) FROM spindle_stream('orders'::regclass)",
	q(SET work_mem = '64kB'; SELECT md5(string_agg(event::text, '' ORDER BY delivery_seq)) FROM spindle_stream('orders'::regclass, anomalies => spindle_collective_anomaly('c', 'customer_id', 'order_date'))),
	"SELECT count(*) FROM spindle_stream('retail', 'order', max_events => 3, realtime => true, events_per_second => 1000) WITH ORDINALITY",
	"SELECT events_sent, bytes_sent FROM spindle_to_file('$file', 'retail', 'order', max_events => 1000)",
	"SELECT events_sent, bytes_sent FROM spindle_to_file('$file', 'orders'::regclass, max_events => 1000)",
	"SELECT events_sent, bytes_sent FROM spindle_to_program('cat >$file', 'retail', 'order', max_events => 1000)")
{
	my ($status, $out, $err) = $standby->psql('postgres', $query);
	my ($expected_status, $expected, $expected_err) = $primary->psql('postgres', $query);
	is("$status $out $err", "$expected_status $expected $expected_err", $query);
}

# Lines that are made by several processes.
$standby->append_conf('postgresql.conf', "max_parallel_workers_per_gather = 2\n");
$standby->reload;
is($standby->safe_psql('postgres', "SELECT events_sent FROM spindle_to_file('$file', 'retail', 'order', 'medium', max_events => 120000)"), 120000, 'parallel lines');

# Once it is promoted it writes.
$standby->promote;
$standby->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()');
$standby->safe_psql('postgres', "CALL spindle_to_table('target', 'retail', 'order', max_events => 5)");
is($standby->safe_psql('postgres', 'SELECT count(*) FROM target'), 5, 'promoted');
$standby->stop;
$primary->stop;
done_testing();
