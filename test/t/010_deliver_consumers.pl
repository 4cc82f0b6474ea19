# Deliveries as their consumers see them: listeners, decoders, a subscriber and
# a Kafka broker get each event, once, in order, with the content that
# spindle_stream shows.
#
# The broker is the mock that is part of librdkafka: a kcat that consumes starts
# it, and the program of the delivery is a kcat that produces to it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SpindleDelivery;
use Test::More;

my $patience = $PostgreSQL::Test::Utils::timeout_default;

my $node = PostgreSQL::Test::Cluster->new('publisher');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', "autovacuum = off\nmax_wal_size = 1GB\n");
$node->start;
# servers that want to be told which output plugins may be loaded
if ($node->safe_psql('postgres', "SELECT count(*) FROM pg_settings WHERE name = 'output_plugin_libraries'"))
{
	$node->append_conf('postgresql.conf', "output_plugin_libraries = 'pgoutput, test_decoding, wal2json'\n");
	$node->reload;
}
$node->safe_psql('postgres', 'CREATE EXTENSION spindle');
my $dir = $node->basedir;

# The events of a stream as texts, in the order of delivery.
sub events
{
	my ($args) = @_;
	return split /\n/, $node->safe_psql('postgres', "SELECT event FROM spindle_stream($args) ORDER BY delivery_seq");
}

# Are two lists equal?  Says where they differ first, and not all of them.
sub same
{
	my ($got, $expected, $name) = @_;
	my $n = @$got < @$expected ? @$got : @$expected;
	my $i = 0;
	$i++ while $i < $n && $got->[$i] eq $expected->[$i];
	ok($i == @$got && $i == @$expected, $name)
	  or diag(scalar(@$got) . ' instead of ' . scalar(@$expected) . ", differ from $i on: got " . ($got->[$i] // 'none') . ', expected ' . ($expected->[$i] // 'none'));
}

#
# Listeners: psql, and a client that is not made of libpq.
#
my $count = 100_000;
my $args = "'retail', 'order', 'large', max_events => $count, out_of_order_fraction => 0.05";

# How node finds its package pg: where it is installed, or by npm.
sub node_path
{
	return (undef, 'no command node') if system('node --version >/dev/null 2>&1') != 0;
	local $ENV{NODE_PATH} = join ':', grep { defined } $ENV{NODE_PATH}, '/usr/share/nodejs';
	return $ENV{NODE_PATH} if system(q(node -e 'require("pg")' >/dev/null 2>&1)) == 0;
	return (undef, 'node has no package pg, and there is no npm') if system('npm --version >/dev/null 2>&1') != 0;
	my $prefix = "$dir/npm";
	mkdir $prefix;
	return (undef, 'npm could not install the package pg')
	  if system("timeout 60 npm install --prefix '$prefix' --cache '$prefix/cache' --no-audit --no-fund pg\@8 >'$dir/npm.log' 2>&1") != 0;
	return "$prefix/node_modules";
}

my ($node_path, $why_not) = node_path();
my ($javascript, $js_err) = (undef, '');
if ($node_path)
{
	append_to_file("$dir/listen.js", <<'JS');
const { Client } = require('pg');
const fs = require('fs');
const out = fs.openSync(process.argv[2], 'w');
const client = new Client({ host: process.env.PGHOST, port: process.env.PGPORT, database: 'postgres', user: process.env.PGUSER });
client.on('notification', message => {
	fs.writeSync(out, message.channel + ' ' + message.payload + '\n');
	if (message.payload === 'end')
		client.end().then(() => process.exit(0));
});
client.connect().then(() => client.query('LISTEN c')).then(() => fs.writeSync(out, 'listening\n'));
JS
	local $ENV{NODE_PATH} = $node_path;
	local $ENV{PGHOST} = $node->host;
	local $ENV{PGPORT} = $node->port;
	local $ENV{PGUSER} = (getpwuid $<)[0];
	$javascript = IPC::Run::start([ 'node', "$dir/listen.js", "$dir/listen.out" ], '<', \undef, '>', '/dev/null', '2>', \$js_err, IPC::Run::timeout($patience));
	wait_until(sub { $javascript->pump_nb; -s "$dir/listen.out" }) or die "node does not listen: $js_err";
}
my $listener = listen_to($node, 'c');
my $before = $node->safe_psql('postgres', 'SELECT pg_current_xact_id()');
my $sent = (split /\|/, $node->safe_psql('postgres', "CALL spindle_to_channel('c', $args)"))[1];
my $after = $node->safe_psql('postgres', 'SELECT pg_current_xact_id()');
is($sent, $count, 'channel: all events are sent');
# each transaction that notifies has an id
is($after - $before - 1, $count / 1000, 'channel: 1000 events a commit');
my @expected = events($args);
my @got = $listener->all;
same(\@got, \@expected, 'channel: psql gets each event, once, in order');
is(scalar(grep { $_ > 1 } values %{ $listener->{pids} }), 1, 'channel: from one session');
$listener->end;

SKIP:
{
	skip "node: $why_not", 1 unless $node_path;
	# its "end" is the one that the first listener waited for
	eval { $javascript->finish };
	my @lines = split /\n/, slurp_file("$dir/listen.out");
	is(shift @lines, 'listening', 'node: listens');
	is(pop @lines, 'c end', "node: gets all $js_err");
	same(\@lines, [ map { "c $_" } @expected ], 'channel: node gets each event, once, in order');
}

# A channel's name is taken as it is, and a payload is in the encoding of the
# database.
$node->safe_psql('postgres', "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
{
	my $utf8 = "SET client_encoding = 'UTF8'; ";
	$node->safe_psql('latin', $utf8 . <<'SQL');
CREATE EXTENSION spindle;
CREATE TABLE "mesuré" (id int, "état" text);
INSERT INTO "mesuré" VALUES (1, 'très'), (2, 'peu');
CREATE TABLE cible ("état" text, _spindle_table text, _spindle_anomaly_type text);
SQL
	my $anomaly = q(anomalies => '[{"type": "point", "name": "dérive", "column": "id", "fraction": 1}]');
	my @events = split /\n/, $node->safe_psql('latin', $utf8 . qq(SELECT event FROM spindle_stream('"mesuré"'::regclass, $anomaly)));
	my $out = $node->safe_psql('latin', $utf8 . qq(LISTEN "Käse !";\nCALL spindle_to_channel('Käse !', '"mesuré"'::regclass, $anomaly)));
	my @payloads = $out =~ /notification "Käse !" with payload "(.*)" received/g;
	same(\@payloads, \@events, 'channel: payloads in another encoding');
	like($events[0], qr/"état":"très","_spindle_table":"mesuré".*"point:dérive"/, 'which hold what is to be seen');
	$node->safe_psql('latin', $utf8 . qq(CALL spindle_to_table('cible', '"mesuré"'::regclass, $anomaly)));
	is($node->safe_psql('latin', $utf8 . 'SELECT * FROM cible'), "très|mesuré|point:dérive\npeu|mesuré|point:dérive", 'table: names and labels in another encoding');
}

#
# Logical messages
#
my %has_plugin = map { $_ => 1 } grep { -e $node->config_data('--pkglibdir') . "/$_.so" } 'test_decoding', 'wal2json';
my %plugin_options = (test_decoding => [], wal2json => [ '-o', 'format-version=2' ]);

# (prefix, transactional, content) of each message that a decoder has written
sub messages
{
	my ($plugin, $text) = @_;
	my @messages;
	foreach (split /\n/, $text)
	{
		if ($plugin eq 'wal2json')
		{
			my $json = decode_json($_);
			utf8::encode($json->{content}) if $json->{action} eq 'M';
			push @messages, [ $json->{prefix}, $json->{transactional} ? 1 : 0, $json->{content} ] if $json->{action} eq 'M';
		}
		elsif (/^message: transactional: (\d) prefix: (.*?), sz: (\d+) content:(.*)$/)
		{
			push @messages, [ $2, $1, length $4 == $3 ? $4 : "has not $3 bytes: $4" ];
		}
	}
	return @messages;
}

foreach my $plugin ('test_decoding', 'wal2json')
{
  SKIP:
	{
		skip "no output plugin $plugin", 4 unless $has_plugin{$plugin};
		$node->safe_psql('postgres', "SELECT pg_create_logical_replication_slot('$plugin', '$plugin')");
		my $stream = "'retail', 'order', max_events => 2100, out_of_order_fraction => 0.2";
		my @events = events($stream);
		foreach my $transactional (0, 1)
		{
			$node->safe_psql('postgres', "CALL spindle_to_wal('by $plugin', $stream, batch_size => 500, transactional => $transactional\::bool)");
			my $end = $node->safe_psql('postgres', 'SELECT pg_current_wal_lsn()');
			# a commit behind the end, so that the decoder comes past it
			$node->safe_psql('postgres', 'CREATE TABLE behind (); DROP TABLE behind');
			my ($status, $out, $err) = $node->pg_recvlogical_upto('postgres', $plugin, $end, $patience,
				$plugin eq 'wal2json' ? ('format-version' => 2) : ());
			my @messages = messages($plugin, $out);
			same([ map { $_->[2] } @messages ], \@events, "wal: $plugin gets each event, once, in order, transactional $transactional");
			is(join(' ', sort(keys %{ { map { ("$_->[0] $_->[1]" => 1) } @messages } })), "by $plugin $transactional", 'and told as what it is');
			# batches are transactions
			my $begins = () = $out =~ /^(?:BEGIN|\{"action":"B").*\n(?=message|\{"action":"M")/mg;
			is($begins, 5, 'in five transactions') if $transactional;
		}
	}
}

# Decoders see events while the stream goes on.
foreach my $transactional (0, 1)
{
	my $name = "wal: transactional $transactional";
	my ($plugin) = grep { $has_plugin{$_} } 'wal2json', 'test_decoding';
	my $path = "$dir/live_$transactional";
	my $decoder = IPC::Run::start([ 'pg_recvlogical', '-S', $plugin, '--dbname', $node->connstr('postgres'), '-f', $path, '--fsync-interval', 0, '--no-loop', '--start', @{ $plugin_options{$plugin} } ],
		'<', \undef, '2>', \my $decoder_err, IPC::Run::timeout($patience));
	my ($handle, undef, $err) = background($node, "CALL spindle_to_wal('live_$transactional', 'retail', 'order', 'xxxl', realtime => true, events_per_second => 200, transactional => $transactional\::bool)");
	my $seen = 0;
	ok(wait_until(sub { $seen = -e $path ? grep { $_->[0] eq "live_$transactional" } messages($plugin, slurp_file($path) =~ s/[^\n]*\z//r) : 0; $seen >= 20 }), "$name: seen by the decoder");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_stat_activity WHERE ' . waiting_for('spindle_to_wal')), '1', "$name: while the stream goes on");
	$node->safe_psql('postgres', 'SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE ' . waiting_for('spindle_to_wal'));
	eval { $handle->finish };
	like($$err, qr/ERROR:  canceling statement due to user request/, "$name: cancelled");
	my ($n) = delivered($$err);
	ok(wait_until(sub { (grep { $_->[0] eq "live_$transactional" } messages($plugin, slurp_file($path) =~ s/[^\n]*\z//r)) >= $n }), "$name: as many as were delivered arrive");
	$decoder->signal('INT');
	eval { $decoder->finish };
	my @live = map { $_->[2] } grep { $_->[0] eq "live_$transactional" } messages($plugin, slurp_file($path));
	same(\@live, [ events("'retail', 'order', 'xxxl', max_events => $n") ], "$name: and no more");
}

# Messages that are not transactional are flushed by us before a pause and at the
# end: nobody else does it while the WAL writer sleeps and no transaction commits.
# Batches of five are full before the pause.
foreach my $batch (1000, 5)
{
	my ($plugin) = grep { $has_plugin{$_} } 'wal2json', 'test_decoding';
	my $path = "$dir/flushed_$batch";
	my $decoder = IPC::Run::start([ 'pg_recvlogical', '-S', $plugin, '--dbname', $node->connstr('postgres'), '-f', $path, '--fsync-interval', 0, '--no-loop', '--start', @{ $plugin_options{$plugin} } ],
		'<', \undef, '2>', \my $decoder_err, IPC::Run::timeout($patience));
	my $seen = sub {
		my ($prefix, $n) = @_;
		return wait_until(sub { -e $path && $n == grep { $_->[0] eq $prefix } messages($plugin, slurp_file($path) =~ s/[^\n]*\z//r) });
	};
	$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_replication_slots WHERE slot_name = '$plugin' AND active") or die 'no decoder';
	my $writer = $node->safe_psql('postgres', q(SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'));
	kill 'STOP', $writer;
	$node->psql('postgres', "CALL spindle_to_wal('ended_$batch', 'retail', 'order', max_events => 10, batch_size => $batch)");
	my $come = $seen->("ended_$batch", 10);
	# five events at once, and the next in an hour
	my ($handle, undef, $err) = background($node, qq(CALL spindle_to_wal('flushed_$batch', 'retail', 'order', batch_size => $batch, realtime => true, events_per_second => 0.0003, burst_windows => '[{"start_event": 0, "end_event": 5, "multiplier": 1000000}]')));
	my $come_in_time = $seen->("flushed_$batch", 5);
	kill 'CONT', $writer;
	ok($come, "wal: all is flushed at the end, batch_size $batch");
	ok($come_in_time, "wal: what is due is flushed before a pause, batch_size $batch");
	$node->safe_psql('postgres', 'SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE ' . waiting_for('spindle_to_wal'));
	eval { $handle->finish };
	is((delivered($$err))[0], 5, 'wal: the message says how many were delivered');
	$decoder->signal('INT');
	eval { $decoder->finish };
}

# The WAL writer flushes batches while the stream goes on at full speed.
{
	my $start = $node->safe_psql('postgres', 'SELECT pg_current_wal_flush_lsn()');
	my ($handle, undef, $err) = background($node, q(CALL spindle_to_wal('fast', 'retail', 'order', 'xxxl', batch_size => 10)));
	ok($node->poll_query_until('postgres', "SELECT pg_current_wal_flush_lsn() > '$start'::pg_lsn + 1000000"), 'wal: batches reach the disk while the stream goes on');
	$node->safe_psql('postgres', 'SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE ' . waiting_for('spindle_to_wal'));
	eval { $handle->finish };
	my ($n) = delivered($$err);
	cmp_ok($n, '>', 0, "wal: cancelled after $n events");
	ok($node->poll_query_until('postgres', 'SELECT pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn()'), 'wal: the rest, too, without any commit');
}

#
# A subscriber of the target table, whose server has no logical decoding.
#
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(allows_streaming => 1);
$subscriber->start;
$subscriber->safe_psql('postgres', 'CREATE EXTENSION spindle');
{
	my ($status, $out, $err) = $subscriber->psql('postgres', "\\set VERBOSITY verbose\nCALL spindle_to_wal('p', 'retail', 'order')");
	like($err, qr/ERROR:  55000: logical messages could not be decoded, as wal_level is "replica"\nHINT:  Set wal_level to logical and restart the server\./, 'wal: refused where nobody could decode it');
}
{
	my $columns = 'order_id bigint, customer_id bigint, order_date timestamptz, status text, order_total numeric(12,2), _spindle_table text, _spindle_seq bigint, _spindle_event_time timestamptz, _spindle_is_anomaly bool, _spindle_anomaly_type text';
	$node->safe_psql('postgres', "CREATE TABLE orders (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, $columns); CREATE PUBLICATION orders FOR TABLE orders");
	$subscriber->safe_psql('postgres', "CREATE TABLE orders (n bigint PRIMARY KEY, $columns); CREATE SUBSCRIPTION orders CONNECTION '" . $node->connstr . " dbname=postgres' PUBLICATION orders");
	$subscriber->wait_for_subscription_sync($node, 'orders');

	my $stream = q('retail', 'order', max_events => 600, out_of_order_fraction => 0.2, anomalies => '[
		{"type": "point", "name": "spike", "column": "order_total", "fraction": 0.05},
		{"type": "contextual", "name": "odd", "column": "status", "condition_column": "status", "normal_values": ["completed"], "anomalous_values": ["refunded"], "fraction": 0.05},
		{"type": "collective", "name": "rush", "group_column": "customer_id", "timestamp_column": "order_date", "fraction": 0.05}]');
	my ($handle, $out, $err) = background($node, "CALL spindle_to_table('orders', $stream, realtime => true, events_per_second => 400)");
	my %seen;
	wait_until(sub { $handle->pump_nb; $seen{ $subscriber->safe_psql('postgres', 'SELECT count(*) FROM orders') } = 1; !$handle->pumpable });
	$handle->finish;
	is($$err, '', 'subscriber: delivered');
	my ($table, $events, $anomalies, $late) = split /\|/, $$out;
	is("$table $events", 'order 600', 'subscriber: all events');
	cmp_ok(scalar(grep { $_ > 0 && $_ < 600 } keys %seen), '>=', 3, 'subscriber: the table grows while the stream goes on');
	$node->wait_for_catchup('orders');

	# rows stand in the table in the order in which they came
	my $shown = 'n, order_id, customer_id, order_date, status, order_total, _spindle_table, _spindle_seq, _spindle_event_time, _spindle_is_anomaly, _spindle_anomaly_type';
	my @rows = split /\n/, $subscriber->safe_psql('postgres', "SELECT $shown FROM orders ORDER BY ctid");
	my @expected_rows = split /\n/, $node->safe_psql('postgres', "SELECT $shown FROM (SELECT delivery_seq + 1 AS n, r.* FROM spindle_stream($stream) s, LATERAL json_to_record(s.event) AS r ($columns)) s ORDER BY n");
	same(\@rows, \@expected_rows, 'subscriber: exactly the rows of the stream, in the order of delivery');
	is(scalar(grep { /\|t\|(point|contextual|collective):\w+$/ } @rows), $anomalies, "subscriber: as many anomalies as were counted ($anomalies)");
	my ($highest, $out_of_order) = (-1, 0);
	foreach (map { (split /\|/)[7] } @rows)
	{
		$out_of_order++ if $_ < $highest;
		$highest = $_ if $_ > $highest;
	}
	is($out_of_order, $late, "subscriber: as many late events as were counted ($late)");
	cmp_ok($late, '>', 50, 'of which there are some');

	# A plain table, into which rows are put in bulk, and in transactions of 700.
	$columns = 'order_id bigint, status text, order_total numeric(12,2), _spindle_seq bigint';
	$shown = 'order_id, status, order_total, _spindle_seq';
	$node->safe_psql('postgres', "CREATE TABLE bulk ($columns); ALTER PUBLICATION orders ADD TABLE bulk");
	$subscriber->safe_psql('postgres', "CREATE TABLE bulk ($columns); ALTER SUBSCRIPTION orders REFRESH PUBLICATION");
	$subscriber->wait_for_subscription_sync($node, 'orders');
	$stream =~ s/max_events => 600/max_events => 3000/;
	$node->safe_psql('postgres', "CALL spindle_to_table('bulk', $stream, batch_size => 700)");
	$node->wait_for_catchup('orders');
	@rows = split /\n/, $subscriber->safe_psql('postgres', "SELECT $shown FROM bulk ORDER BY ctid");
	@expected_rows = split /\n/, $node->safe_psql('postgres', "SELECT $shown FROM (SELECT delivery_seq, r.* FROM spindle_stream($stream) s, LATERAL json_to_record(s.event) AS r ($columns)) s ORDER BY delivery_seq");
	same(\@rows, \@expected_rows, 'subscriber: the same of a plain table');
	$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION orders');
}
$subscriber->stop;

#
# Kafka
#
SKIP:
{
	skip 'no command kcat', 4 if system('kcat -V >/dev/null 2>&1') != 0;
	my ($out, $err) = ('', '');
	my $consumer = IPC::Run::start([ 'kcat', '-C', '-u', '-q', '-b', 'mock', '-X', 'test.mock.num.brokers=1', '-X', 'allow.auto.create.topics=true', '-d', 'mock', '-t', 'events', '-p', '0', '-o', 'beginning' ],
		'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($patience));
	my $broker;
	wait_until(sub { $consumer->pump_nb; ($broker) = $err =~ /bootstrap\.servers=([\d.]+:\d+)/; $broker }) or die "no broker: $err";
	my $stream = "'retail', 'order', max_events => 3000, out_of_order_fraction => 0.1";
	my ($table, $events, undef, undef, $bytes) = split /\|/,
	  $node->safe_psql('postgres', "SELECT * FROM spindle_to_program('kcat -P -b $broker -t events -p 0', $stream)");
	is("$table $events", 'order 3000', 'kcat: all events are sent');
	wait_until(sub { $consumer->pump_nb; ($out =~ tr/\n//) >= 3000 });
	is(length $out, $bytes, 'kcat: as many bytes as were counted');
	same([ split /\n/, $out ], [ events($stream) ], 'kcat: the broker has each event, once, in order');

	# a topic that is fed in real time
	my ($handle, undef, $errors) = background($node, "SELECT spindle_to_program('kcat -P -b $broker -t events -p 0 -X linger.ms=1', 'retail', 'order', 'xxxl', realtime => true, events_per_second => 200)");
	ok(wait_until(sub { $consumer->pump_nb; ($out =~ tr/\n//) >= 3020 }), 'kcat: events arrive while the stream goes on');
	$node->safe_psql('postgres', q(SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT spindle_to_program%'));
	eval { $handle->finish };
	like($$errors, qr/ERROR:  canceling statement due to user request/, 'kcat: cancelled');
	$consumer->signal('KILL');
	eval { $consumer->finish };
}

unlike(slurp_file($node->logfile), qr/was terminated by signal|PANIC/, 'no crash');
$node->stop;
done_testing();
