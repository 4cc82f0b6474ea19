# A queue of notifications that is filling: the stream slows down, also in a
# session that is woken by notifications itself, and ends before the queue is
# full.  Only servers whose queue can be made small: in others it has 8 GB.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SpindleDelivery;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('queue');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\n");
$node->start;
if (!$node->safe_psql('postgres', "SELECT count(*) FROM pg_settings WHERE name = 'max_notify_queue_pages'"))
{
	$node->stop;
	plan skip_all => 'no setting max_notify_queue_pages before PostgreSQL 17';
}
$node->append_conf('postgresql.conf', "max_notify_queue_pages = 64\n");
$node->restart;
$node->safe_psql('postgres', 'CREATE EXTENSION spindle');

# A listener that does not read, and notifications that take a page each.
my $listener = $node->background_psql('postgres');
$listener->query_safe('LISTEN filled; BEGIN; SELECT 1');
sub fill_queue
{
	my ($usage) = @_;
	$node->safe_psql('postgres', "SELECT count(pg_notify('filled', lpad(i::text, 7900, 'x'))) FROM generate_series(1, ceil(64 * ($usage - pg_notification_queue_usage()))::int) i");
	return $node->safe_psql('postgres', 'SELECT pg_notification_queue_usage()');
}

# Another session wakes the one that delivers, again and again.
my $usage = fill_queue(0.65);
cmp_ok($usage, '>', 0.6, "queue: filled to $usage");
my ($waker) = background($node, q(DO $$ BEGIN LOOP PERFORM pg_notify('awake', ''); COMMIT; PERFORM pg_sleep(0.02); END LOOP; END $$));
my ($handle, $out, $err) = background($node, 'LISTEN awake', "CALL spindle_to_channel('c', 'retail', 'order', max_events => 4, batch_size => 1)");
$handle->finish;
my ($result) = grep { /^order\|/ } split /\n/, $$out;
my ($table, $events, undef, undef, undef, $seconds) = split /\|/, $result;
is("$table $events", 'order 4', 'queue: delivered');
# a pause before each of four batches, of a second for 0.4 more
my $pauses = 4 * ($usage - 0.5) / 0.4;
cmp_ok($seconds, '>=', $pauses, "queue: not faster than the pauses allow, $pauses s");

# Nearly full
$usage = fill_queue(0.92);
my ($status, $stdout, $stderr) = $node->psql('postgres', "\\set VERBOSITY verbose\nCALL spindle_to_channel('c', 'retail', 'order', max_events => 4)");
like($stderr, qr/ERROR:  54000: the queue of notifications is 9\d % full\nHINT:  Some session that listens does not read/, 'queue: ends before it is full');
like($stderr, qr/: 0 events delivered before; skip_events => 0 continues behind them/, 'queue: no event was delivered');

# Once the listener reads, it goes on.
$listener->query_safe('COMMIT');
$listener->quit;
$node->poll_query_until('postgres', 'SELECT pg_notification_queue_usage() < 0.5');
is($node->safe_psql('postgres', "CALL spindle_to_channel('c', 'retail', 'order', max_events => 4)") =~ /^order\|4\|/ ? 1 : 0, 1, 'queue: goes on');
$node->safe_psql('postgres', q(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'DO %'));
eval { $waker->finish };
$node->stop;
done_testing();
