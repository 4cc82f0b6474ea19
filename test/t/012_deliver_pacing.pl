# Deliveries that commit, in real time: batches are committed when their events
# are due, not before, and bursts show in the rate of the commits.
#
# A commit has a time, and each row tells by its transaction when it was
# delivered.  That no event comes before it is due holds on any machine.  That
# it comes soon does not, if the machine has other things to do: what is said of
# rates has wide margins and several attempts.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SpindleDelivery;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('deliver_pacing');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\ntrack_commit_timestamp = on\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION spindle');

# Deliver to a new table; (result row, rows as [seconds from before the CALL to
# the commit, seconds it is due after the start, transaction], other numbers of
# rows that another session saw meanwhile).
sub deliver
{
	my ($stream) = @_;
	$node->safe_psql('postgres', 'DROP TABLE IF EXISTS target; CREATE TABLE target (n int GENERATED ALWAYS AS IDENTITY, order_id bigint)');
	my ($handle, $out, $err) = background($node, "SELECT extract(epoch FROM clock_timestamp())", "CALL spindle_to_table('target', $stream, realtime => true)");
	my %seen;
	wait_until(sub { $handle->pump_nb; $seen{ $node->safe_psql('postgres', 'SELECT count(*) FROM target') } = 1; !$handle->pumpable });
	$handle->finish;
	my ($start, $result) = split /\n/, $$out;
	my @result = split /\|/, $result;
	my @rows = map { [ split /\|/ ] } split /\n/, $node->safe_psql('postgres', <<SQL);
SELECT extract(epoch FROM pg_xact_commit_timestamp(t.xmin)) - $start, extract(epoch FROM arrival), t.xmin
FROM target t JOIN spindle_stream($stream) s ON t.n = s.delivery_seq + 1 ORDER BY n
SQL
	return (\@result, \@rows, [ grep { $_ > 0 && $_ < @rows } sort { $a <=> $b } keys %seen ]);
}

# Commits whose time is before that of an event in them.  The clock of the
# server's commits is not the one it waits by: a millisecond for that.
sub too_early
{
	my ($rows) = @_;
	return scalar grep { $_->[0] < $_->[1] - 0.001 } @$rows;
}

{
	my ($result, $rows, $seen) = deliver("'retail', 'order', max_events => 300, events_per_second => 200, arrivals => 'uniform'");
	is($result->[1], 300, 'uniform: all events');
	is(scalar @$rows, 300, 'uniform: all rows');
	is(too_early($rows), 0, 'uniform: none before it is due');
	cmp_ok($result->[5], '>=', $rows->[-1][1], "uniform: not before the last is due ($result->[5] s)");
	# 300 steps of 5 ms: even if machine or test is slow, some are seen
	cmp_ok(scalar @$seen, '>=', 3, "uniform: another session sees the table grow (@$seen)");
	my %xacts = map { $_->[2] => 1 } @$rows;
	cmp_ok(scalar(keys %xacts), '>=', 10, 'uniform: in many transactions (' . scalar(keys %xacts) . ')');
}
{
	my ($result, $rows) = deliver("'retail', 'order', max_events => 300, events_per_second => 300, out_of_order_fraction => 0.3");
	is("$result->[1] " . scalar @$rows, '300 300', 'poisson: all events and rows');
	is(too_early($rows), 0, 'poisson: none before it is due');
}
# A batch ends when it has batch_size events, even if more are due.
{
	my ($result, $rows) = deliver("'retail', 'order', max_events => 1000, events_per_second => 1000000, batch_size => 100");
	my %xacts;
	$xacts{ $_->[2] }++ foreach @$rows;
	is(scalar(grep { $_ > 100 } values %xacts), 0, 'batch_size: none is larger');
	is(scalar @$rows, 1000, 'batch_size: all rows');
}

# Two ways to say the same burst: 50 events at 100 a second, 250 at 500, 50 at 100.
my %burst = (
	index => '[{"start_event": 50, "end_event": 300, "multiplier": 5}]',
	time => '[{"start_offset_seconds": 0.5, "duration_seconds": 0.5, "multiplier": 5}]');
foreach my $kind (sort keys %burst)
{
	my $shows;
	foreach my $attempt (1 .. 5)
	{
		my ($result, $rows) = deliver("'retail', 'order', max_events => 350, events_per_second => 100, arrivals => 'uniform', burst_windows => '$burst{$kind}'");
		is(scalar @$rows, 350, "burst by $kind: all events");
		is(too_early($rows), 0, "burst by $kind: none before it is due");

		# events a second between two deliveries, by the times of their commits
		my $rate = sub {
			my ($from, $to) = @_;
			return ($to - $from) / ($rows->[$to][0] - $rows->[$from][0] + 1e-9);
		};
		my ($before, $within, $after) = map { sprintf '%.0f', $rate->(@$_) } [ 0, 49 ], [ 51, 298 ], [ 300, 349 ];
		note("burst by $kind, attempt $attempt: $before, $within, $after events/s");
		$shows = abs($before / 100 - 1) < 0.3 && abs($within / 500 - 1) < 0.3 && abs($after / 100 - 1) < 0.3;
		last if $shows;
	}
	ok($shows, "burst by $kind: 100, 500 and 100 events a second within 30 %");
}

# Waiting is interrupted at once, and what was due is there.
{
	$node->safe_psql('postgres', 'TRUNCATE target');
	my ($handle, undef, $err) = background($node, "CALL spindle_to_table('target', 'retail', 'order', realtime => true, events_per_second => 0.0003, burst_windows => '[{\"start_event\": 0, \"end_event\": 5, \"multiplier\": 1000000}]')");
	ok($node->poll_query_until('postgres', 'SELECT count(*) = 5 FROM target'), 'interrupted: what is due is committed before the wait');
	$node->safe_psql('postgres', 'SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE ' . waiting_for('spindle_to_table'));
	eval { $handle->finish };
	like($$err, qr/ERROR:  canceling statement due to user request/, 'interrupted: an hour\'s wait is cancelled');
	is((delivered($$err))[0], 5, 'interrupted: the message says how many');
}

unlike(slurp_file($node->logfile), qr/was terminated by signal|PANIC/, 'no crash');
$node->stop;
done_testing();
