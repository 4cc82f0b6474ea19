# Deliveries that end early: whatever ends them, nothing that was committed is
# lost or doubled, the message says how many events were delivered, and
# skip_events continues exactly there.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SpindleDelivery;
use Test::More;
use Time::HiRes qw(sleep);

my $node = PostgreSQL::Test::Cluster->new('failures');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', "autovacuum = off\nrestart_after_crash = on\n");

# A limit on the size of a file stands in for a full disk: see 003_disk_full.pl.
my $limit = 20 * 1024 * 1024 + 12345;
$node->start;
my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
$node->safe_psql('postgres', 'CREATE EXTENSION spindle');
$node->safe_psql('postgres', "SELECT pg_create_logical_replication_slot('messages', 'test_decoding')");
my $dir = $node->basedir;

# The stream: in real time it would take 40 s, and is interrupted soon.
my $total = 8000;
my $stream = "'retail', 'order', 'medium', max_events => $total, out_of_order_fraction => 0.2";
my $slowly = 'realtime => true, events_per_second => 200';
$node->safe_psql('postgres', "CREATE TABLE events AS SELECT delivery_seq, seq, (event ->> 'order_id')::bigint AS order_id FROM spindle_stream($stream)");
my @order = split /\n/, $node->safe_psql('postgres', 'SELECT seq FROM events ORDER BY delivery_seq');

# The table, of one of two kinds: with the order in which rows came, or plain, so
# that it is filled in bulk.
sub fresh_table
{
	my ($kind, $more) = @_;
	my $columns = ($kind eq 'table' ? 'n bigint GENERATED ALWAYS AS IDENTITY, ' : '') . 'order_id bigint PRIMARY KEY, _spindle_seq bigint' . ($more // '');
	$node->safe_psql('postgres', "DROP TABLE IF EXISTS target; CREATE TABLE target ($columns)");
}

sub count_rows
{
	return $node->safe_psql('postgres', 'SELECT count(*) FROM target');
}

# The numbers of the messages with a prefix that can be decoded by now.
sub decoded
{
	my ($prefix) = @_;
	# what an open transaction has written last may not be flushed yet
	$node->safe_psql('postgres', 'CREATE TABLE flushed (); DROP TABLE flushed');
	return split /\n/, $node->safe_psql('postgres',
		"SELECT substring(data FROM '\"_spindle_seq\":(\\d+)') FROM pg_logical_slot_peek_changes('messages', NULL, NULL) WHERE data ~ 'prefix: $prefix, '");
}

# What was decoded need not be decoded again.
sub forget_decoded
{
	$node->safe_psql('postgres', q(SELECT pg_replication_slot_advance('messages', pg_current_wal_lsn())));
}

# For each sink: what to do before, how to call it, the numbers of the events
# that its consumer has, in order, how many there are at least, where that is
# cheaper to know, and what to do in the end.
my $scenario = 0;
my $listener;
my %sink = (
	table => {
		start => sub { fresh_table('table') },
		call => sub { return "CALL spindle_to_table('target', $stream" },
		got => sub { return split /\n/, $node->safe_psql('postgres', 'SELECT _spindle_seq FROM target ORDER BY n') },
		count => \&count_rows,
		end => sub { },
	},
	bulk => {
		start => sub { fresh_table('bulk') },
		call => sub { return "CALL spindle_to_table('target', $stream" },
		# what is missing or doubled would show
		got => sub { return split /\n/, $node->safe_psql('postgres', 'SELECT _spindle_seq FROM target LEFT JOIN events ON seq = _spindle_seq ORDER BY delivery_seq') },
		count => \&count_rows,
		end => sub { },
	},
	wal => {
		start => sub { },
		call => sub { return "CALL spindle_to_wal('wal_$scenario', $stream" },
		got => sub { return decoded("wal_$scenario") },
		end => \&forget_decoded,
	},
	transactional => {
		start => sub { },
		call => sub { return "CALL spindle_to_wal('wal_$scenario', $stream, transactional => true" },
		got => sub { return decoded("wal_$scenario") },
		end => \&forget_decoded,
	},
	channel => {
		start => sub { $listener = listen_to($node, "channel_$scenario") },
		call => sub { return "CALL spindle_to_channel('channel_$scenario', $stream" },
		got => sub { return map { /"_spindle_seq":(\d+)/ ? $1 : 'none' } $listener->all },
		count => sub { return $listener->look },
		end => sub { $listener->end },
	},
);

# Kill a session outright, and wait until the server has recovered from it.
sub kill_session
{
	my ($session) = @_;
	my $pid = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE $session");
	my $offset = -s $node->logfile;
	kill 'KILL', $pid;
	$node->wait_for_log(qr/database system is ready to accept connections/, $offset);
}

# What the consumer has is the beginning of the stream, so long.
sub is_beginning
{
	my ($got, $n, $name) = @_;
	is(scalar @$got, $n, "$name: $n events") or return;
	is(join(' ', @$got), join(' ', @order[ 0 .. $n - 1 ]), "$name: each once, in order");
}

# End a delivery in its midst, look at what was delivered, and continue.
sub interrupt
{
	my ($kind, $how) = @_;
	my $sink = $sink{$kind};
	my $name = "$kind, $how";
	my $count = $sink->{count} // sub { return scalar $sink->{got}->() };
	$scenario++;
	$sink->{start}->();

	my $call = $sink->{call}->();
	my ($procedure) = $call =~ /^CALL (\w+)/;
	my @before = $how eq 'statement_timeout' ? "SET statement_timeout = '700ms'" : ();
	my ($handle, undef, $err) = background($node, @before, "$call, $slowly)");
	if ($how ne 'statement_timeout')
	{
		ok(wait_until(sub { $count->() >= 50 }), "$name: delivers");
		my $session = waiting_for($procedure);
		if ($how eq 'kill -9')
		{
			kill_session($session);
		}
		else
		{
			is($node->safe_psql('postgres', "SELECT $how(pid) FROM pg_stat_activity WHERE $session"), 't', "$name: runs");
		}
	}
	eval { $handle->finish };
	is($@, '', "$name: ends it");

	my @got = $sink->{got}->();
	my ($n, $skip) = (scalar @got, scalar @got);
	if ($how ne 'kill -9')
	{
		like($$err, $how eq 'pg_terminate_backend' ? qr/FATAL:  terminating connection/ :
			  $how eq 'pg_cancel_backend' ? qr/ERROR:  canceling statement due to user request/ : qr/ERROR:  canceling statement due to statement timeout/,
			"$name: message");
		($n, $skip) = delivered($$err);
	}
	is_beginning(\@got, $n, $name);
	is($skip, $n, "$name: skip_events as many");

	# to the end, in transactions of another size
	$node->safe_psql('postgres', "$call, skip_events => $skip, batch_size => 3333)");
	@got = $sink->{got}->();
	is_beginning(\@got, $total, "$name, continued");
	$sink->{end}->();
}

foreach my $how ('pg_cancel_backend', 'statement_timeout', 'pg_terminate_backend')
{
	interrupt($_, $how) foreach ('table', 'bulk', 'wal', 'transactional', 'channel');
}
# Notifications do not outlive the server, but messages and rows do.  Nobody is
# left to say how many there were: the consumer knows.
interrupt($_, 'kill -9') foreach ('table', 'bulk', 'wal', 'transactional');

# A key that another session takes in mid-stream, soon before its event is due.
foreach my $kind ('table', 'bulk')
{
	fresh_table($kind);
	my ($handle, undef, $err) = background($node, "CALL spindle_to_table('target', $stream, $slowly)");
	ok(wait_until(sub { count_rows() >= 50 }), "key taken, $kind: delivers");
	my $taken = $node->safe_psql('postgres', <<'SQL');
BEGIN;
LOCK target;
CREATE TEMP TABLE next ON COMMIT DROP AS SELECT seq, order_id FROM events WHERE delivery_seq = (SELECT count(*) + 80 FROM target);
INSERT INTO target (order_id, _spindle_seq) SELECT order_id, -1 FROM next;
SELECT seq FROM next;
COMMIT
SQL
	eval { $handle->finish };
	like($$err, qr/ERROR:  duplicate key value violates unique constraint "target_pkey"/, "key taken, $kind: error");
	like($$err, qr/^(?:CONTEXT:  )?event with seq $taken$/m, "key taken, $kind: names the event");
	my ($n, $skip) = delivered($$err);
	$node->safe_psql('postgres', 'DELETE FROM target WHERE _spindle_seq < 0');
	is_beginning([ $sink{$kind}{got}->() ], $n, "key taken, $kind");
	$node->safe_psql('postgres', "CALL spindle_to_table('target', $stream, skip_events => $skip)");
	is_beginning([ $sink{$kind}{got}->() ], $total, "key taken, $kind, continued");
}

# A target that goes, and one that changes.
foreach my $kind ('table', 'bulk')
{
	fresh_table($kind);
	my ($handle, undef, $err) = background($node, "CALL spindle_to_table('target', $stream, $slowly)");
	ok(wait_until(sub { count_rows() >= 50 }), "dropped, $kind: delivers");
	my ($kept) = $node->safe_psql('postgres', 'DROP TABLE IF EXISTS kept; BEGIN; LOCK target; SELECT count(*) FROM target; ALTER TABLE target RENAME TO gone; CREATE TABLE kept AS TABLE gone; DROP TABLE gone; COMMIT');
	eval { $handle->finish };
	like($$err, qr/ERROR:  relation .*target.* does not exist/, "dropped, $kind: error");
	my ($n, $skip) = delivered($$err);
	is($n, $kept, "dropped, $kind: as many events were delivered as there were rows");
	fresh_table($kind);
	$node->safe_psql('postgres', 'INSERT INTO target (order_id, _spindle_seq) SELECT order_id, _spindle_seq FROM kept');
	$node->safe_psql('postgres', "CALL spindle_to_table('target', $stream, skip_events => $skip)");
	is_beginning([ $sink{$kind}{got}->() ], $total, "dropped, $kind, continued");
}
foreach my $kind ('table', 'bulk')
{
	fresh_table($kind);
	my ($handle, undef, $err) = background($node, "CALL spindle_to_table('target', $stream, $slowly)");
	ok(wait_until(sub { count_rows() >= 50 }), "changed, $kind: delivers");
	$node->safe_psql('postgres', 'ALTER TABLE target ALTER order_id TYPE numeric, ADD must text NOT NULL DEFAULT \'\'');
	my $n = count_rows();
	ok(wait_until(sub { count_rows() > $n + 20 }), "changed, $kind: goes on if it can");
	$node->safe_psql('postgres', 'ALTER TABLE target ALTER must DROP DEFAULT');
	eval { $handle->finish };
	like($$err, qr/ERROR:  null value in column "must" of relation "target" violates not-null constraint.*event with seq \d+/s, "changed, $kind: ends if it cannot");
	is_beginning([ $sink{$kind}{got}->() ], (delivered($$err))[0], "changed, $kind");
}

# A full disk
SKIP:
{
	skip 'no command prlimit', 6 if system("prlimit --fsize=$limit: --pid=$postmaster 2>/dev/null") != 0;
	# 4 kB a row: the table is full after some 5000 of them
	fresh_table('table', q(, filler text DEFAULT repeat('x', 3900)));
	$node->safe_psql('postgres', 'ALTER TABLE target ALTER filler SET STORAGE PLAIN');
	my ($status, $out, $err) = $node->psql('postgres', "CALL spindle_to_table('target', $stream, batch_size => 700)");
	system("prlimit --fsize=unlimited: --pid=$postmaster") == 0 or die 'could not lift the limit';
	like($err, qr/ERROR:  could not (?:extend|write)/, 'full disk: error');
	my ($n, $skip) = delivered($err);
	cmp_ok($n, '>', 0, 'full disk: after some batches');
	is_beginning([ $sink{table}{got}->() ], $n, 'full disk');
	$node->safe_psql('postgres', "CALL spindle_to_table('target', $stream, skip_events => $skip)");
	is_beginning([ $sink{table}{got}->() ], $total, 'full disk, continued');
}

# An error while events are being made, in the midst of a batch: the values of
# this type have a cast to json that fails for one of them.
$node->safe_psql('postgres', <<'SQL');
CREATE TYPE fussy;
CREATE FUNCTION fussy_in(cstring) RETURNS fussy LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION fussy_out(fussy) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE fussy (INPUT = fussy_in, OUTPUT = fussy_out, LIKE = text);
CREATE FUNCTION fussy_json(fussy) RETURNS json LANGUAGE plpgsql AS $$
BEGIN
  IF $1::text = current_setting('test.refused', true) THEN
    RAISE 'no %', $1;
  END IF;
  RETURN to_json($1::text);
END
$$;
CREATE CAST (fussy AS json) WITH FUNCTION fussy_json(fussy);
CREATE TABLE fussed AS SELECT i::text::fussy AS i, NULL AS note FROM generate_series(0, 29) i;
CREATE TABLE fussed_and_long AS SELECT i, CASE WHEN i::text IN ('2', '9', '16', '20') THEN repeat('x', 8000) END AS note FROM fussed;
SQL
foreach my $kind ('transactional', 'wal', 'channel')
{
	my $name = "in a batch, $kind";
	$scenario++;
	$sink{$kind}{start}->();
	my $call = $sink{$kind}{call}->() =~ s/\Q$stream\E/'fussed'::regclass/r;
	my ($status, $out, $err) = $node->psql('postgres', "SET test.refused = '17';\n$call, batch_size => 5)");
	like($err, qr/ERROR:  no 17/, "$name: error");
	my ($n, $skip) = delivered($err);
	# messages that are not transactional are not taken back
	is($n, $kind eq 'wal' ? 17 : 15, "$name: $n events delivered");
	is(join(' ', $sink{$kind}{got}->()), join(' ', 0 .. $n - 1), "$name: each once, in order");
	$node->safe_psql('postgres', "$call, skip_events => $skip)");
	is(join(' ', $sink{$kind}{got}->()), join(' ', 0 .. 29), "$name, continued");
	$sink{$kind}{end}->();
}

# Events that are left out count for skip_events, but not as delivered.
$scenario++;
$sink{channel}{start}->();
{
	my $call = $sink{channel}{call}->() =~ s/\Q$stream\E/'fussed_and_long'::regclass, oversize => 'skip'/r;
	my ($status, $out, $err) = $node->psql('postgres', "SET test.refused = '17';\n$call, batch_size => 5)");
	my ($n, $skip) = delivered($err);
	is("$n $skip", '13 15', 'left out: 13 of 15 events delivered');
	is(join(' ', $sink{channel}{got}->()), join(' ', grep { $_ != 2 && $_ != 9 } 0 .. 14), 'left out: none but those');
	$node->safe_psql('postgres', "$call, skip_events => $skip)");
	is(join(' ', $sink{channel}{got}->()), join(' ', grep { !/^(?:2|9|16|20)$/ } 0 .. 29), 'left out, continued');
}
$sink{channel}{end}->();

# Programs.  An event is delivered when it has been written to the program's
# input; what the program makes of it is its own affair.
foreach my $how ('pg_cancel_backend', 'statement_timeout', 'pg_terminate_backend')
{
	# One that reads nothing: its pipe is soon full.  One that has read all and
	# does not end.  The signal of a cancel reaches the program, too.
	foreach my $command ('sleep 3600', 'cat >/dev/null; sleep 3600')
	{
		my $name = "program, $command, $how";
		my @before = $how eq 'statement_timeout' ? "SET statement_timeout = '300ms'" : ();
		my ($handle, undef, $err) = background($node, @before, "SELECT spindle_to_program('$command', $stream)");
		if ($how ne 'statement_timeout')
		{
			my $session = q(FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT spindle_to_program%');
			ok($node->poll_query_until('postgres', "SELECT count(*) = 1 $session"), "$name: runs");

			# dash loses an interrupt that comes while it starts a command
			sleep 0.3;
			$node->safe_psql('postgres', "SELECT $how(pid) $session");
		}
		eval { $handle->finish };
		is($@, '', "$name: ends it");
		like($$err, $how eq 'pg_terminate_backend' ? qr/FATAL:  terminating connection/ : qr/ERROR:  canceling statement/, "$name: message");
	}
}
{
	# One that is killed: it has the beginning of the stream, and no half lines,
	# as each line was written by itself.
	my $path = "$dir/killed";
	my ($handle, undef, $err) = background($node, "SELECT spindle_to_program('echo \$\$ >$path.pid; exec cat >$path', $stream, $slowly)");
	ok(wait_until(sub { -s $path && (slurp_file($path) =~ tr/\n//) >= 50 }), 'program killed: it reads');
	kill 'TERM', slurp_file("$path.pid") =~ /(\d+)/;
	eval { $handle->finish };
	like($$err, qr/ERROR:  program ".*" failed\nDETAIL:  child process was terminated by signal 15/, 'program killed: error');
	my ($n, $skip) = delivered($$err);
	my @lines = map { /"_spindle_seq":(\d+),.*\}$/ ? $1 : 'no event' } split /\n/, slurp_file($path);
	# it may have been killed before it had read what lay in the pipe
	cmp_ok(scalar @lines, '<=', $n, 'program killed: it got no more than were delivered');
	is_beginning(\@lines, scalar @lines, 'program killed');
	$node->safe_psql('postgres', "SELECT spindle_to_program('cat >$path.rest', $stream, skip_events => $skip)");
	is(join(' ', map { /"_spindle_seq":(\d+),/ } split /\n/, slurp_file("$path.rest")), join(' ', @order[ $n .. $#order ]), 'program killed, continued');
}
SKIP:
{
	skip 'no /dev/full', 1 if !-c '/dev/full';
	my ($status, $out, $err) = $node->psql('postgres', "SELECT spindle_to_program('cat >/dev/full', $stream)");
	like($err, qr/ERROR:  program "cat >\/dev\/full" failed\nDETAIL:  child process exited with exit code 1/, 'program: full disk');
}
{
	# The session is killed: its program sees the end of its input, and ends.
	my $path = "$dir/orphan";
	my ($handle, undef, $err) = background($node, "SELECT spindle_to_program('cat >$path; echo end >$path.end', $stream, $slowly)");
	ok(wait_until(sub { -s $path && (slurp_file($path) =~ tr/\n//) >= 50 }), 'program orphaned: it reads');
	kill_session(q(state = 'active' AND query LIKE 'SELECT spindle_to_program%'));
	eval { $handle->finish };
	ok(wait_until(sub { -s "$path.end" }), 'program orphaned: its input ends');
	my @lines = map { /"_spindle_seq":(\d+),.*\}$/ ? $1 : 'no event' } split /\n/, slurp_file($path);
	is_beginning(\@lines, scalar @lines, 'program orphaned');
}

# no session was left in a transaction, and nothing but what we killed has died
is($node->safe_psql('postgres', q(SELECT count(*) FROM spindle_stream('retail', 'store'))), '150', 'the server is well');
my @deaths = slurp_file($node->logfile) =~ /LOG:  [^\n]* \(PID \d+\) (was terminated by signal \d+)/g;
is(join(', ', @deaths), join(', ', ('was terminated by signal 9') x 5), 'no crash but ours');

$node->stop;
done_testing();
