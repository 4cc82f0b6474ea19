# What the programs of this directory share: options, random choices that can be
# repeated, a server of their own, statements that cannot take the program with
# them, and the report.
#
# A case is determined by the seed and its number alone.  "--first N --count 1"
# runs one of them again, whatever ran before it in the first place.
package SpindleFuzz;
use strict;
use warnings;
use Exporter 'import';
use DBD::Pg qw(:async);
use DBI;
use Digest::MD5 qw(md5);
use Getopt::Long;
use IO::Select;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(options start_server finish run_cases case_number time_is_up
  chance below pick some literal
  connect_to run value reconnects
  finding findings note_kind shrink_list read_log write_file);

my %option;     # as given, or the program's defaults
my $node;       # the server
my $log_offset; # how much of its log has been looked at
my $deadline;   # time when no more cases are begun
my $case = -1;  # number of the case that runs, -1 if none does
my %findings;   # kind => how many
my %kinds;      # kinds of case, for the summary
my $crash = qr/^.*(?:was terminated by signal|TRAP:|PANIC:).*$/m;
my $reported_at_most = 5; # of each kind are shown in full

# options(count => N, seconds => N): what the command line says, with these
# defaults.
sub options
{
	%option = (seed => 1, first => 0, @_);
	GetOptions(\%option, 'seed=i', 'seconds=i', 'count=i', 'first=i') && !@ARGV
	  or die "usage: $0 [--seed N] [--seconds N] [--count N] [--first N]\n";
	return \%option;
}

# A server with the extension.  It goes on after a crash, so that one crash does
# not hide others.  @conf are lines of its configuration.
sub start_server
{
	my ($name, @conf) = @_;
	$node = PostgreSQL::Test::Cluster->new($name);
	$node->init;
	$node->append_conf('postgresql.conf', join("\n",
		'restart_after_crash = on', "log_line_prefix = '%p %e '", 'log_statement = none', 'log_min_messages = log',
		'max_connections = 20', 'fsync = off', 'jit = off', @conf, ''));
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION spindle');
	$log_offset = -s $node->logfile;
	return $node;
}

# Run cases until there were as many as asked for, or the time is up.
sub run_cases
{
	my ($body) = @_;
	$deadline = time + $option{seconds};
	my $ran = 0;
	for my $i ($option{first} .. $option{first} + $option{count} - 1)
	{
		last if time_is_up();
		$case = $i;
		srand(unpack('N', md5("$option{seed} $i")));
		$body->($i);
		$ran++;
	}
	$case = -1;
	note("seed $option{seed}: $ran cases");
	foreach my $kind (sort keys %kinds)
	{
		note(sprintf '%8d %s', $kinds{$kind}, $kind);
	}
	cmp_ok($ran, '>', 0, 'some cases ran');
}

sub case_number { return $case; }
sub time_is_up { return defined $deadline && time > $deadline; }
sub note_kind { $kinds{ $_[0] }++; }

# Random choices.  Perl has a generator of its own, which is the same everywhere.
sub below { return int(rand($_[0])); }
sub chance { return rand() < $_[0]; }
sub pick { return $_[ int(rand(@_)) ]; }

# Each element with this probability.
sub some
{
	my ($p, @list) = @_;
	return grep { rand() < $p } @list;
}

sub literal
{
	my ($text) = @_;
	return 'NULL' if !defined $text;
	my $e = $text =~ s/\\/\\\\/g ? 'E' : '';
	$text =~ s/'/''/g;
	return "$e'$text'";
}

# A connection: (handle, role).  $setup is executed at the start, and again
# after a crash.
my $reconnects = 0;
sub reconnects { return $reconnects; }

sub connect_to
{
	my ($role, @setup) = @_;
	my $self = { role => $role, setup => \@setup };
	open_connection($self);
	return $self;
}

sub open_connection
{
	my ($self) = @_;
	my $dsn = sprintf 'dbi:Pg:dbname=postgres;host=%s;port=%s', $node->host, $node->port;
	my $end = time + 60;
	while (1)
	{
		# a server that recovers refuses connections for a while
		$self->{dbh} = DBI->connect($dsn, $self->{role}, '',
			{ AutoCommit => 1, RaiseError => 0, PrintError => 0, PrintWarn => 0, pg_enable_utf8 => 0, pg_expand_array => 0 });
		last if $self->{dbh};
		die "cannot connect: " . DBI->errstr if time > $end;
		sleep 0.2;
	}
	foreach my $sql (@{ $self->{setup} })
	{
		$self->{dbh}->do($sql) // die $self->{dbh}->errstr . "\n$sql";
	}
}

# run($connection, $sql): {rows => [[...]], state => SQLSTATE or '', message}.
#
# A lost connection is a finding, and so is an internal error, and a statement that
# goes on long after its timeout.
sub run
{
	my ($self, $sql) = @_;
	my $patience = 60; # beyond any statement_timeout that is set here
	my $dbh = $self->{dbh};
	my $sth = $dbh->prepare($sql, { pg_async => PG_ASYNC, pg_direct => 1 });
	my $result = { rows => [], state => '', message => '', sql => $sql };
	my $end = time + $patience;

	if ($sth->execute)
	{
		my $socket = IO::Select->new($dbh->{pg_socket});
		while (!$dbh->pg_ready)
		{
			if (time > $end)
			{
				finding('statements that do not end', $sql);
				$node->safe_psql('postgres', "SELECT pg_terminate_backend($dbh->{pg_pid})");
				sleep 1;
				if (kill 0, $dbh->{pg_pid})
				{
					$node->stop('immediate');
					$node->start;
				}
				last;
			}
			$socket->can_read(0.2);
		}
		my $rows = $dbh->pg_result;
		if ($dbh->err)
		{
			$result->{state} = $dbh->state;
			$result->{message} = $dbh->errstr;
		}
		elsif (defined $rows && $sth->{NUM_OF_FIELDS})
		{
			$result->{rows} = $sth->fetchall_arrayref // [];
		}
		$sth->finish;
	}
	else
	{
		$result->{state} = $dbh->state;
		$result->{message} = $dbh->errstr;
	}
	if (!$dbh->ping)
	{
		$result->{state} = '08006';
		$reconnects++;
		# the server has written all about it when it is back
		open_connection($self);
		finding('lost connections', "$sql;\n" . ($result->{message} // '')) if read_log() =~ $crash;
	}
	elsif ($result->{state} =~ /^XX/)
	{
		finding('internal errors', "$sql;\n$result->{message}");
	}
	return $result;
}

# The first column of the first row, or undef; dies if there is an error.
sub value
{
	my ($self, $sql) = @_;
	my $result = run($self, $sql);
	die "$result->{message}\n$sql" if $result->{state} ne '';
	return @{ $result->{rows} } ? $result->{rows}[0][0] : undef;
}

# What the server has logged since the last call.
sub read_log
{
	open my $fh, '<', $node->logfile or die $node->logfile . ": $!";
	seek $fh, $log_offset, 0;
	local $/;
	my $text = <$fh> // '';
	$log_offset += length $text;
	return $text;
}

# Report something that ought not to be, with what repeats it.
sub finding
{
	my ($kind, $text) = @_;
	return if ++$findings{$kind} > $reported_at_most;
	my $again = $case >= 0 ? " (--seed $option{seed} --first $case --count 1)" : '';
	diag("FOUND among $kind$again:\n$text\n");
}

sub findings { return $findings{ $_[0] } // 0; }

# Drop elements of a list one after the other, and keep away what is not needed
# for $fails->(@list) to be true.
sub shrink_list
{
	my ($fails, @list) = @_;
	my $i = 0;
	while ($i < @list)
	{
		my @shorter = @list[ grep { $_ != $i } 0 .. $#list ];
		if ($fails->(@shorter)) { @list = @shorter; }
		else { $i++; }
	}
	return @list;
}

sub write_file
{
	my ($path, $text) = @_;
	open my $fh, '>', $path or die "$path: $!";
	binmode $fh;
	print $fh $text;
	close $fh or die "$path: $!";
}

# One test for each kind of finding; those of the server's log are looked for
# here.
sub finish
{
	my (@kinds) = @_;
	$node->stop;
	my $log = slurp_file($node->logfile);
	my %seen;
	is(findings($_), 0, "no $_") foreach grep { !$seen{$_}++ } @kinds, 'lost connections', 'internal errors', 'statements that do not end', sort keys %findings;
	my @crashes = $log =~ /$crash/g;
	is(join("\n", splice @crashes, 0, 5), '', 'no crash in the log');
	done_testing();
}

1;
