# What the tests of delivery share: clients in the background, and a client that
# listens and keeps all it gets.
package SpindleDelivery;
use strict;
use warnings;
use Exporter 'import';
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(background wait_until waiting_for delivered listen_to);

# Waiting for something that ought to happen at once takes so long at most; it
# bounds failures only.
my $patience = $PostgreSQL::Test::Utils::timeout_default;

# A client of its own that runs statements one after the other: (handle, its
# output, errors).
sub background
{
	my ($node, @queries) = @_;
	my ($out, $err) = ('', '');
	my $handle = IPC::Run::start(
		[ 'stdbuf', '-o0', 'psql', '-XAtq', '-v', 'VERBOSITY=default', '-d', $node->connstr('postgres'), map { ('-c', $_) } @queries ],
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

# The condition of SQL that sees sessions in the midst of a delivery.
sub waiting_for
{
	my ($procedure) = @_;
	return "state = 'active' AND pid <> pg_backend_pid() AND query LIKE 'CALL $procedure%'";
}

# (events delivered, skip_events to go on with) as a message tells them.
sub delivered
{
	my ($message) = @_;
	return $message =~ /: (\d+) events delivered before; skip_events => (\d+) continues behind them/;
}

# A psql that listens and writes to a file; it shows what has arrived whenever it
# has run a command.
sub listen_to
{
	my ($node, $channel) = @_;
	my $path = $node->basedir . "/listener_$channel";
	my $in = "LISTEN \"$channel\";\n\\echo listening\n";
	my $self = bless { node => $node, channel => $channel, in => \$in, rest => '', payloads => [], pids => {} }, __PACKAGE__;

	$self->{handle} = IPC::Run::start([ 'stdbuf', '-oL', 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', '-' ],
		'<', $self->{in}, '>', $path, '2>', "$path.err", IPC::Run::timeout($patience));
	open $self->{file}, '<', $path or die "could not open $path: $!";
	wait_until(sub { $self->look(''); return $self->{listens} }) or die "$channel: does not listen";
	return $self;
}

# Read what has arrived by now; the number of payloads so far.
sub look
{
	my ($self, $command) = @_;
	${ $self->{in} } .= $command // "SELECT;\n";
	$self->{handle}->pump_nb;
	seek $self->{file}, 0, 1;
	while (defined(my $line = readline $self->{file}))
	{
		$line = $self->{rest} . $line;
		$self->{rest} = '';
		if ($line !~ /\n\z/)
		{
			$self->{rest} = $line;
			last;
		}
		$self->{listens} = 1 if $line eq "listening\n";
		next if $line !~ /^Asynchronous notification "(.*?)" with payload "(.*)" received from server process with PID (\d+)\.$/;
		push @{ $self->{payloads} }, $2;
		$self->{pids}{$3}++;
	}
	return scalar @{ $self->{payloads} };
}

# All that was sent until now: whatever was committed before a notification
# arrives before it.
sub all
{
	my ($self) = @_;
	my $payloads = $self->{payloads};
	$self->{node}->safe_psql('postgres', "NOTIFY \"$self->{channel}\", 'end'");
	wait_until(sub { $self->look; return @$payloads && $payloads->[-1] eq 'end' }) or die "$self->{channel}: notifications are missing";
	pop @$payloads;
	return @$payloads;
}

sub end
{
	my ($self) = @_;
	${ $self->{in} } .= "\\q\n";
	$self->{handle}->finish;
}

1;
