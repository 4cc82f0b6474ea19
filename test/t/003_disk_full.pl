# A file that cannot grow, and statements that are cancelled: what is left is
# complete lines, and errors say how many.
#
# The limit on the size of a file stands in for a full disk: mounting a small
# one needs root.  A write across the limit is cut short, as on a full disk.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('disk_full');
$node->init;

# above the 16 MB of a WAL segment
my $limit = 20 * 1024 * 1024 + 12345;
my $limited = system("prlimit --fsize=$limit: --pid=$$ 2>/dev/null") == 0;
$node->start;
system("prlimit --fsize=unlimited: --pid=$$") if $limited;
$node->safe_psql('postgres', 'CREATE EXTENSION spindle');
my $dir = $node->basedir;

# (lines, rest after the last line end, size) of a file
sub measure
{
	my ($path) = @_;
	my $text = slurp_file($path);
	my $lines = ($text =~ tr/\n//);
	my ($rest) = $text =~ /([^\n]*)\z/;
	my @bad = grep { !/^\{.*"_spindle_event_time":"[^"]+"\}$/ } split /\n/, $text;
	return ($lines, $rest, length $text, scalar @bad);
}

SKIP:
{
	skip 'no command prlimit', 10 unless $limited;
	foreach my $mode ('w', 'a')
	{
		my $path = "$dir/full_$mode";
		my $before = 0;
		if ($mode eq 'a')
		{
			$before = 100;
			$node->safe_psql('postgres', "SELECT spindle_to_file('$path', 'retail', 'order', max_events => 100)");
		}
		my ($status, $out, $err) = $node->psql('postgres', "SELECT spindle_to_file('$path', 'retail', 'order', 'large', mode => '$mode')");
		like($err, qr/ERROR:  could not write to file "\Q$path\E": /, "mode $mode: error");
		my ($reported) = $err =~ /Complete lines written before: (\d+)\./;
		my ($lines, $rest, $size, $bad) = measure($path);
		is($lines, $before + ($reported // -1), "mode $mode: the number of lines is as reported");
		is("$rest|$bad", '|0', "mode $mode: complete lines only");
		ok($size <= $limit && $size > $limit - 1000, "mode $mode: the file is as full as lines allow ($size)");

		# the lines are the first events of the stream
		my $last = $node->safe_psql('postgres', "SELECT event FROM spindle_stream('retail', 'order', 'large', max_events => $reported, skip_events => $reported - 1)");
		like(slurp_file($path), qr/\n\Q$last\E\n\z/, "mode $mode: the last line is event number $reported");
	}
}

# Cancelled statements end with query_canceled, whatever they are busy with.
$node->safe_psql('postgres', "CREATE SCHEMA h; IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO h OPTIONS (scale 'xxxl')");
foreach my $query (
	"SELECT spindle_to_file('/dev/null', 'retail', 'order', 'xxxl')",
	"SELECT spindle_to_file('/dev/null', 'retail', 'return', 'xxxl')",
	'SELECT sum(order_id) FROM h."order"',
	'SELECT sum(order_total) FROM h."order"',
	'SELECT count(*) FROM h.order_line WHERE line_total < 0',
	'SELECT order_id FROM h."order" WHERE status = \'none\' ORDER BY order_date DESC LIMIT 1',
	'SELECT count(*) FROM h."order" o JOIN h.customer c USING (customer_id) WHERE c.gender = \'none\'',
	"SELECT sum(order_id) FROM spindle_rows('retail', 'order', 'xxxl') AS t (order_id bigint)",
	"SELECT count(*) FROM spindle_stream('retail', 'order_line', 'xxxl')",
	"SELECT count(*) FROM spindle_changes('retail', scale => 'xxxl')",
	"SELECT count(*) FROM spindle_stream('retail', 'return', 'xxxl')")
{
	my ($status, $out, $err) = $node->psql('postgres',
		"SET statement_timeout = '200ms';\n\\set VERBOSITY sqlstate\n$query");
	like($err, qr/ERROR:  57014/, "cancelled: $query");
}

# A cancelled export leaves complete lines, too; a fast machine may reach the
# limit of the file's size first.
my ($status, $out, $err) = $node->psql('postgres',
	"SET statement_timeout = '150ms';\n\\set VERBOSITY sqlstate\nSELECT spindle_to_file('$dir/cut', 'retail', 'order', 'xxxl')");
like($err, qr/ERROR:  (57014|XX000|53100)/, 'an export is cancelled');
my ($lines, $rest, $size, $bad) = measure("$dir/cut");
is("$rest|$bad", '|0', 'complete lines only');

# all is well afterwards, with the same server process
is($node->safe_psql('postgres', q(SELECT count(*) FROM spindle_stream('retail', 'store'))), '150', 'the server is well');
unlike(slurp_file($node->logfile), qr/was terminated by signal|PANIC/, 'no crash');

$node->stop;
done_testing();
