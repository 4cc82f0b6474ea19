# Streams in real time: rows and lines come when they are due, at the rate that
# was asked for, and whatever interrupts a statement interrupts the waiting.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = PostgreSQL::Test::Cluster->new('pacing');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION spindle');
my $dir = $node->basedir;

# Waiting for something that ought to happen at once takes so long at most; it
# bounds failures only.
my $patience = $PostgreSQL::Test::Utils::timeout_default;

# A client of its own that runs one statement: (handle, its output, errors).
sub run_in_background
{
	my ($query) = @_;
	my ($out, $err) = ('', '');
	# psql gathers its output if that is no terminal
	my $handle = IPC::Run::start(
		[ 'stdbuf', '-o0', 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'), '-c', $query ],
		'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($patience));
	return ($handle, \$out, \$err);
}

# Poll until a condition holds; false if it never does.
sub wait_until
{
	my ($condition) = @_;
	my $end = time + $patience;
	while (time < $end)
	{
		return 1 if $condition->();
		sleep 0.02;
	}
	return 0;
}

# (lines, bytes behind the last line end, lines that are no event) of a file
sub measure
{
	my ($path) = @_;
	my $text = -e $path ? slurp_file($path) : '';
	my ($rest) = $text =~ /([^\n]*)\z/;
	my $lines = ($text =~ tr/\n//);
	my @bad = grep { !/^\{"order_id":\d+,.*"_spindle_event_time":"[^"]+"\}$/ } split /\n/, substr($text, 0, length($text) - length($rest));
	return ($lines, length $rest, scalar @bad);
}

# Rows reach the client one by one.  20 rows are due 0.05 s apart, so the last
# is computed a second after the statement began.  A client that has early rows
# before did not get all of them in one piece.  Both clocks are the machine's.
foreach my $column ('seq', 'event')
{
	my ($handle, $out) = run_in_background(
		"COPY (SELECT $column, extract(epoch FROM clock_timestamp()), extract(epoch FROM clock_timestamp() - statement_timestamp() - arrival) FROM spindle_stream('retail', 'order', max_events => 20, realtime => true, events_per_second => 20, arrivals => 'uniform')) TO STDOUT");
	my $read_first;
	while ($handle->pump)
	{
		$read_first //= time if $$out =~ /\n/;
	}
	$handle->finish;
	my @computed = map { (split /\t/)[1] } split /\n/, $$out;
	my @lag = map { (split /\t/)[2] } split /\n/, $$out;
	is(scalar @computed, 20, "COPY $column: all rows");
	# the start of the stream is that of its statement or later; a millisecond
	# for the difference of two clocks
	is(join(' ', grep { $_ < -0.001 } @lag), '', "COPY $column: none before it is due");
	cmp_ok($read_first, '<', $computed[19], "COPY $column: the first can be read before the last is computed");
}

# So do the rows of a cursor and those before a LIMIT: of a stream that takes
# years, the first are there at once.
foreach my $query ('DECLARE c CURSOR FOR SELECT %s; FETCH 3 FROM c', 'SELECT %s LIMIT 3')
{
	my $stream = "seq FROM spindle_stream('retail', 'order', 'xxxl', realtime => true, events_per_second => 50, arrivals => 'uniform')";
	is($node->safe_psql('postgres', 'BEGIN; ' . sprintf($query, $stream) . '; COMMIT'), "0\n1\n2", sprintf($query, '...'));
}

# Lines reach the file before the end of the statement.
{
	my $path = "$dir/grows";
	my ($handle, $out) = run_in_background(
		"SELECT events_sent FROM spindle_to_file('$path', 'retail', 'order', max_events => 40, realtime => true, events_per_second => 20, arrivals => 'uniform')");
	my (%seen, $incomplete);
	while ($handle->pumpable)
	{
		$handle->pump_nb;
		my ($lines, $rest) = measure($path);
		$seen{$lines} = 1;

		# a line that crosses a page is seen in halves while it is being written
		if ($rest)
		{
			sleep 0.01;
			(undef, $rest) = measure($path);
		}
		$incomplete += $rest;
		sleep 0.02;
	}
	$handle->finish;
	is($$out, "40\n", 'file: all events');
	my @between = grep { $_ > 0 && $_ < 40 } keys %seen;
	# 40 steps of 50 ms: even if the test is slow, some are seen
	cmp_ok(scalar @between, '>=', 3, 'file: grows event by event (' . join(' ', sort { $a <=> $b } keys %seen) . ')');
	is($incomplete, 0, 'file: complete lines at any time');
	is(join('|', measure($path)), '40|0|0', 'file: 40 lines');
}

# The mean rate is the one asked for: waiting adds no error, even a thousand
# times.  3000 events at 1000 a second take 3 s; 2 % are 60 ms.
foreach my $arrivals ('uniform')
{
	my ($sent, $seconds, $rate) = split /\|/, $node->safe_psql('postgres',
		"SELECT events_sent, duration_seconds, events_per_second_actual FROM spindle_to_file('$dir/rate', 'retail', 'order', max_events => 3000, realtime => true, events_per_second => 1000, arrivals => '$arrivals')");
	is($sent, 3000, "$arrivals: all events");
	cmp_ok($seconds, '>=', 3, "$arrivals: not too fast ($seconds s)");
	cmp_ok(abs($rate / 1000 - 1), '<', 0.02, "$arrivals: mean rate ($rate)");
	cmp_ok(abs($sent / $seconds / $rate - 1), '<', 1e-9, "$arrivals: the figures fit together");
}
{
	# Poisson: the last arrival tells when the stream has to end.
	my $args = "'retail', 'order', max_events => 1000, events_per_second => 1000";
	my $due = $node->safe_psql('postgres', "SELECT extract(epoch FROM max(arrival)) FROM spindle_stream($args)");
	my $seconds = $node->safe_psql('postgres', "SELECT duration_seconds FROM spindle_to_file('$dir/poisson', $args, realtime => true)");
	cmp_ok($seconds, '>=', $due, "poisson: not before the last is due ($seconds s)");
	cmp_ok($seconds, '<', $due + 0.1, "poisson: soon after the last is due ($due s)");
	# what is delivered does not depend on the pace
	$node->safe_psql('postgres', "SELECT spindle_to_file('$dir/at_once', $args)");
	ok(slurp_file("$dir/poisson") eq slurp_file("$dir/at_once"), 'poisson: the same bytes as without waiting');
}
# A rate beyond what the machine can do: nothing is skipped.
is($node->safe_psql('postgres', "SELECT events_sent FROM spindle_to_file('$dir/fast', 'retail', 'order', 'medium', max_events => 50000, realtime => true, events_per_second => 1000000000)"),
	'50000', 'a stream that is late catches up');
is(join('|', measure("$dir/fast")), '50000|0|0', 'and skips nothing');
# duration ends a stream by its schedule
is($node->safe_psql('postgres', "SELECT events_sent FROM spindle_to_file('$dir/duration', 'retail', 'order', duration => '0.45 s', realtime => true, events_per_second => 20, arrivals => 'uniform')"),
	'8', 'duration: arrivals below 0.45 s at 20 a second');

# In real time the clock of a pattern begins now: with this hour and the next
# as the only live ones, deliveries start at once.
{
	my $pattern = "(SELECT jsonb_build_object('hours', jsonb_object_agg(h, CASE WHEN h IN (n, (n + 1) % 24) THEN 1 ELSE 0 END)) FROM generate_series(0, 23) h, CAST(extract(hour FROM now() AT TIME ZONE 'UTC') AS int) n GROUP BY n)";
	is($node->safe_psql('postgres', "SET statement_timeout = '${patience}s'; SELECT events_sent FROM spindle_to_file('$dir/pattern', 'retail', 'order', max_events => 5, realtime => true, events_per_second => 100, time_pattern => $pattern)"),
		'5', 'the clock of a pattern is that of the wall');
}

# Whatever ends a statement ends the waiting.  The streams would take an hour
# a row, or deliver for years.
my %slow = (
	waits => "events_per_second => 0.0003, arrivals => 'uniform'",
	delivers => "events_per_second => 200");
foreach my $kind (sort keys %slow)
{
	my $args = "'retail', 'order', 'xxxl', realtime => true, $slow{$kind}";
	my $n = 0;
	foreach my $query (
		"SELECT * FROM spindle_to_file('$dir/interrupted', $args)",
		"COPY (SELECT seq FROM spindle_stream($args)) TO STDOUT",
		"SELECT count(event) FROM spindle_stream($args)",
		"SELECT count(*) FROM spindle_stream($args) WITH ORDINALITY")
	{
		my $name = "$kind, " . ('file', 'COPY', 'node', 'function')[ $n++ ];
		my $check_file = sub {
			my ($how) = @_;
			return if $query !~ /to_file/;
			my ($lines, $rest, $bad) = measure("$dir/interrupted");
			is("$rest|$bad", '0|0', "$name: $how leaves complete lines ($lines)");
			cmp_ok($lines, $kind eq 'waits' ? '==' : '>', 0, "$name: $how leaves the lines that were due");
			unlink "$dir/interrupted";
		};

		my $start = time;
		my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSET statement_timeout = '300ms';\n$query");
		like($err, qr/ERROR:  57014: canceling statement due to statement timeout/, "$name: statement_timeout");
		cmp_ok(time - $start, '<', $patience / 2, "$name: statement_timeout takes effect");
		$check_file->('statement_timeout');

		foreach my $function ('pg_cancel_backend', 'pg_terminate_backend')
		{
			my ($handle, undef, $errors) = run_in_background($query);
			# it runs, and if it delivers, for long enough to have delivered
			ok($node->poll_query_until('postgres',
				"SELECT count(*) = 1 FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%spindle_stream%' OR state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%spindle_to_file%'"),
				"$name: runs");
			if ($kind eq 'delivers' && $query =~ /to_file/)
			{
				ok(wait_until(sub { (measure("$dir/interrupted"))[0] > 5 }), "$name: delivers");
			}
			$node->safe_psql('postgres', "SELECT $function(pid) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query ~ 'spindle_(stream|to_file)'");
			eval { $handle->finish };
			is($@, '', "$name: $function ends it");
			like($$errors, $function =~ /cancel/ ? qr/ERROR:  57014: canceling statement due to user request/ : qr/FATAL:  57P01: terminating connection/,
				"$name: $function");
			$check_file->($function);
		}
	}
}

# A client that goes away: the stream ends when it next writes, and does not
# go on for ever.
{
	my ($handle) = run_in_background("COPY (SELECT event FROM spindle_stream('retail', 'order', 'xxxl', realtime => true, events_per_second => 200)) TO STDOUT");
	ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'COPY (SELECT event%'"), 'the stream runs');
	$handle->signal('KILL');
	$handle->finish;
	ok($node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE query LIKE 'COPY (SELECT event%'"), 'the client has gone, so has the stream');
}

# all is well afterwards
is($node->safe_psql('postgres', q(SELECT count(*) FROM spindle_stream('retail', 'store'))), '150', 'the server is well');
unlike(slurp_file($node->logfile), qr/was terminated by signal|PANIC/, 'no crash');

$node->stop;
done_testing();
