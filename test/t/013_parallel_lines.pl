# Lines that several processes make: the same bytes and figures as by one, and an
# end of any kind leaves complete lines and no process behind.
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SpindleDelivery;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('lines');
my $domains = PostgreSQL::Test::Utils::tempdir;
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nmax_worker_processes = 16\nmax_parallel_workers = 16\nspindle.domain_directory = '$domains'\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION spindle');
my $dir = $node->basedir;

# Processes that help: settings, by how many there are and whether the leader
# makes lines, too.
my %help = (
	'1 worker' => [ 1, 'on', 16 ],
	'3 workers' => [ 3, 'on', 16 ],
	'2 workers, leader standing by' => [ 2, 'off', 16 ],
	'workers that cannot be had' => [ 2, 'on', 0 ],
	'workers that cannot be had, leader standing by' => [ 2, 'off', 0 ],
);

sub settings
{
	my ($workers, $leader, $most) = @{ $_[0] };
	return "SET max_parallel_workers_per_gather = $workers; SET parallel_leader_participation = $leader; SET max_parallel_workers = $most; ";
}

# The figures of a call, and a digest of the file.
sub figures
{
	my ($help, $call) = @_;
	my $row = $node->safe_psql('postgres', settings($help) . "SELECT table_name, events_sent, anomaly_count, out_of_order_count, bytes_sent FROM $call");
	my $file = slurp_file("$dir/lines");
	return ($row, length $file, md5_hex($file));
}

my $anomalies = q(anomalies => spindle_point_anomaly('total', 'order_total', fraction => 0.02) || spindle_point_anomaly('total2', 'order_total', fraction => 0.3));
my %stream = (
	'plain' => q('retail', 'order', 'medium'),
	'a part' => q('retail', 'order_line', 'medium', seed => 7, max_events => 150001, skip_events => 123457),
	'late events' => q('retail', 'order', 'medium', skip_events => 350000, out_of_order_fraction => 0.05),
	'late by hundreds' => q('retail', 'order', 'medium', max_events => 150000, out_of_order_fraction => 0.3, out_of_order_max_delay_slots => 512, skip_events => 30000),
	'late by thousands, by one process' => q('retail', 'order', 'medium', max_events => 150000, out_of_order_fraction => 0.3, out_of_order_max_delay_slots => 5000, skip_events => 50000),
	'nearly all late' => q('retail', 'order', 'medium', max_events => 110000, out_of_order_fraction => 0.95, out_of_order_max_delay_slots => 3),
	'anomalies' => qq('retail', 'order', 'medium', max_events => 130000, $anomalies),
	'late anomalies, no labels' => qq('retail', 'order', 'medium', max_events => 150000, skip_events => 1, out_of_order_fraction => 0.1, label_anomalies => false, $anomalies),
);
for my $name (sort keys %stream)
{
	my $call = "spindle_to_file('$dir/lines', $stream{$name})";
	my @serial = figures([ 0, 'on', 16 ], $call);
	is($serial[1], (split /\|/, $serial[0])[4], "$name: bytes");
	is_deeply([ figures($help{$_}, $call) ], \@serial, "$name: $_") for sort keys %help;
}

# Lines of changes: up to a time, up to a number of them, which ends with a transaction, and with initial rows, which
# are one transaction.
my %changes = (
	'changes' => [ q('retail', scale => 'medium', format => 'sql', profile => 'retention', from_time => '2024-05-01', to_time => '2024-08-01', include_initial => false, transaction_metadata => true),
		'3 workers', '2 workers, leader standing by' ],
	'some changes' => [ q('retail', scale => 'medium', format => 'sql', after_position => '5A/0', max_events => 150001), '3 workers', 'workers that cannot be had' ],
	'changes behind initial rows' => [ q('retail', scale => 'medium', format => 'debezium', before => 'key', key_separator => ' ', tombstones => true, from_time => '2022-02-01', max_events => 100000), '1 worker' ],
);
for my $name (sort keys %changes)
{
	my ($arguments, @helpers) = @{ $changes{$name} };
	my $call = "spindle_to_file('$dir/lines', $arguments)";
	my @serial = figures([ 0, 'on', 16 ], $call);
	is($serial[1], (split /\|/, $serial[0])[4], "$name: bytes");
	is_deeply([ figures($help{$_}, $call) ], \@serial, "$name: $_") for @helpers;
}

# Streams that one process has to make, and a program.
for my $call ("spindle_to_program('cat > $dir/lines', $stream{plain})",
	qq(spindle_to_file('$dir/lines', 'retail', 'order', 'medium', max_events => 120000, anomalies => spindle_contextual_anomaly('c', 'status', 'store_id', '[1]', '["lost"]'))),
	qq(spindle_to_file('$dir/lines', 'retail', 'order', 'medium', max_events => 120000, batch_size => 1000)),
	qq(spindle_to_file('$dir/lines', 'retail', 'return', 'large', max_events => 120000)),
	qq(spindle_to_file('$dir/lines', 'retail', NULL, 'medium', max_events => 120000)))
{
	is_deeply([ figures($help{'3 workers'}, $call) ], [ figures([ 0, 'on', 16 ], $call) ], $call =~ s/.*?\(//r =~ s/\Q$dir\E//r);
}

# Appending leaves what is there.
$node->safe_psql('postgres', settings($help{'3 workers'}) . "SELECT spindle_to_file('$dir/lines', 'retail', 'store'), spindle_to_file('$dir/lines', $stream{plain}, mode => 'a')");
my @both = (split /\n/, slurp_file("$dir/lines"), -1);
is(scalar @both, 150 + 500000 + 1, 'appended lines');

# A relation of the caller's transaction, in the midst of a transaction with
# changes of its own, in a function with an exception block.
$node->safe_psql('postgres', 'CREATE TABLE made (id int)');
is($node->safe_psql('postgres', settings($help{'3 workers'}) . <<"SQL"), "120000\n1", 'within a transaction that writes');
BEGIN;
INSERT INTO made VALUES (1);
DO \$\$ BEGIN INSERT INTO made VALUES (2); PERFORM spindle_to_file('$dir/lines', 'retail', 'order', 'medium', max_events => 120000); RAISE 'no'; EXCEPTION WHEN raise_exception THEN NULL; END \$\$;
SELECT events_sent FROM spindle_to_file('$dir/lines', 'retail', 'order', 'medium', max_events => 120000);
COMMIT;
SELECT count(*) FROM made;
SQL

# A long delivery that others look at and end.
my $long = "spindle_to_file('$dir/lines', 'retail', 'order', 'xxl', out_of_order_fraction => 0.05)";
my $workers = q(FROM pg_stat_activity WHERE backend_type = 'parallel worker');

sub start_long
{
	unlink "$dir/lines";
	my @client = background($node, "SET max_parallel_workers_per_gather = 2", "SELECT $long");
	ok(wait_until(sub { $node->safe_psql('postgres', "SELECT count(*) $workers") == 2 && (-s "$dir/lines" // 0) > 10_000_000 }), 'workers help');
	return @client;
}

sub check_end
{
	my ($name, $message, $handle, $out, $err) = @_;
	$handle->finish;
	like($$err, $message, "$name: message");
	my ($events) = delivered($$err);
	my $count = `wc -l < $dir/lines`;
	is($count + 0, $events, "$name: the events that the message tells are there");
	is(`tail -c 1 $dir/lines`, "\n", "$name: the last line is complete");
	ok(wait_until(sub { $node->safe_psql('postgres', "SELECT count(*) $workers") == 0 }), "$name: workers are gone");
}

my @client = start_long();
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) $workers LIMIT 1");
check_end('worker terminated', qr/terminating background worker "parallel worker" due to administrator command/, @client);

@client = start_long();
$node->safe_psql('postgres', q(SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%spindle_to_file%' AND backend_type = 'client backend' AND pid <> pg_backend_pid()));
check_end('leader cancelled', qr/canceling statement due to user request/, @client);

# What a user may do is looked at before workers start, and no more in them.
my ($status, $out, $err) = $node->psql('postgres', settings($help{'3 workers'}) . "CREATE ROLE someone; SET ROLE someone; SELECT $long");
like($err, qr/must be superuser or have privileges of the pg_write_server_files role/, 'privileges');
is($node->safe_psql('postgres', settings($help{'3 workers'}) . "GRANT pg_write_server_files TO someone; SET ROLE someone; SELECT events_sent FROM spindle_to_file('$dir/mine', $stream{plain})"),
	500000, 'as a user that may write files');

# A disk that is full.
($status, $out, $err) = $node->psql('postgres', settings($help{'3 workers'}) . "SELECT spindle_to_file('/dev/full', $stream{plain})");
like($err, qr/could not write to file "\/dev\/full": No space left on device\nDETAIL:  Complete lines written before: 0\./, 'full disk');

# A data set that changes while the session has the old one: all find the new one.
mkdir "$domains/data";
sub write_domain
{
	my ($word) = @_;
	append_to_file("$domains/data/words.json.new", qq({"fields": ["word"], "rows": [["$word"]]}));
	rename "$domains/data/words.json.new", "$domains/data/words.json" or die;
}
write_domain('old');
append_to_file("$domains/changing.json", q({"spindle": 1, "description": "one table", "range": {"start": "2024-01-01", "end": "2025-01-01"},
	"presets": {"small": {"thing": 200000}}, "tables": {"thing": {"description": "things", "key": "id", "rows": {"kind": "preset"},
	"columns": {"id": {"type": "integer", "rule": {"kind": "sequence"}}, "word": {"type": "text", "rule": {"kind": "data", "set": "words", "field": "word"}}}}}}));
my $session = $node->background_psql('postgres', on_error_stop => 0);
my $thing = "'changing', 'thing'";
$session->query(settings($help{'2 workers, leader standing by'}) . "SELECT count(*) FROM spindle_stream($thing)");
write_domain('new');
$session->query("SELECT spindle_to_file('$dir/lines', $thing)");
my %words;
my $lines = slurp_file("$dir/lines");
$words{$1}++ while $lines =~ /"word":"(\w+)"/g;
is_deeply(\%words, { new => 200000 }, 'a data set that changes');
$session->quit;

$node->stop;
done_testing();
