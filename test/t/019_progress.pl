# Scans tell how far they have come: in the activity view and in the title of the
# process, and in notices if wanted; and both are as before when they are done.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SpindleDelivery;
use Test::More;
use Time::HiRes qw(usleep);

my $node = PostgreSQL::Test::Cluster->new('progress');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nmax_parallel_workers_per_gather = 0\n");
$node->start;
$node->safe_psql('postgres', q(CREATE EXTENSION spindle; CREATE SCHEMA shop;
	IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO shop OPTIONS (scale 'xxxl');
	CREATE TABLE slow AS SELECT i, '2024-01-01'::timestamptz + i * interval '1 s' AS at FROM generate_series(1, 3000) i));

# Run a statement until it shows progress, then cancel it: what the activity view
# showed, the title, the notices.
sub progress_of
{
	my ($statement, @before) = @_;
	my ($handle, $out, $err) = background($node, 'SET spindle.progress = on', @before, $statement);
	my ($activity, $title) = ('', '');
	for (1 .. 600)
	{
		eval { IPC::Run::pump_nb($handle) } or last;
		my $row = $node->safe_psql('postgres', q(SELECT pid, query FROM pg_stat_activity
			WHERE query LIKE '/* %' AND backend_type = 'client backend' AND pid <> pg_backend_pid()));
		if ($row ne '' && $$err =~ /^NOTICE/m)
		{
			(my $pid, $activity) = split /\|/, $row, 2;
			$title = `ps -o args= -p $pid`;
			last;
		}
		usleep(50_000);
	}
	$node->safe_psql('postgres', q(SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()));
	$handle->finish;
	return ($activity, $title, $$err);
}

foreach my $case (
	['a foreign table', 'SELECT max(order_total) FROM shop."order"', qr/scanning order: \d+ of 10000000000 rows \(\d+\.\d %\), \d+ rows\/s, \d+ s left/],
	['rows that a condition leaves', 'SELECT max(order_total) FROM shop."order" WHERE order_id > 7000000000 AND length(status) < 0',
		qr/scanning order: \d+ of 3000000000 rows/],
	['a foreign table, parallel', 'SELECT max(order_total) FROM shop."order"', qr/scanning order: \d+ of 10000000000 rows \(\d+\.\d %\), \d+ rows\/s, \d+ s left/,
		'SET max_parallel_workers_per_gather = 2'],
	['a scan for each row of another', 'SELECT max(l.line_total) FROM generate_series(1, 10000000) o(id) JOIN shop.order_line l ON l.order_id = o.id WHERE l.line_total < 0',
		qr/scanning order_line: \d+ rows, \d+ rows\/s$/m, map { "SET enable_$_ = off" } qw(hashjoin mergejoin material memoize)],
	['spindle_rows', q(SELECT max(order_total) FROM spindle_rows('retail', 'order', 'xxxl', max_rows => 5000000000) AS r(order_total numeric(12, 2))),
		qr/generating retail\.order \(scale xxxl, seed 42\): \d+ of 5000000000 rows \(\d+\.\d %\), \d+ rows\/s, \d+ s left/],
	['spindle_rows, kept', q(SELECT max(o) FROM ROWS FROM (spindle_rows('retail', 'order', 'xxxl') AS (order_total numeric(12, 2))) WITH ORDINALITY AS r(t, o)),
		qr/generating retail\.order \(scale xxxl, seed 42\): \d+ of 10000000000 rows/],
	['spindle_stream', q(SELECT max(length(event::text)) FROM spindle_stream('retail', 'order', 'xxxl', skip_events => 1000000000)),
		qr/streaming retail\.order \(scale xxxl, seed 42\): \d+ of 9000000000 events \(\d+\.\d %\), \d+ events\/s, \d+ s left/],
	['spindle_stream of a domain, kept', q(SELECT max(ordinality) FROM spindle_stream('retail', scale => 'xxxl') WITH ORDINALITY),
		qr/streaming retail \(scale xxxl, seed 42\): \d+ of \d+ events/],
	['spindle_stream in realtime', q(SELECT max(seq) FROM spindle_stream('slow'::regclass, realtime => true, events_per_second => 100)),
		qr/streaming slow: \d+ of 3000 events/],
	['spindle_stream in realtime, kept', q(SELECT max(seq) FROM spindle_stream('slow'::regclass, realtime => true, events_per_second => 100) WITH ORDINALITY),
		qr/streaming slow: \d+ of 3000 events/])
{
	my ($name, $statement, $expected, @before) = @$case;
	my ($activity, $title, $notices) = progress_of($statement, @before);
	like($activity, qr/^\/\* [^*]* \*\/ \Q$statement\E/, "$name: the query that was sent, behind progress");
	like($notices, qr/^NOTICE:  $expected/m, "$name: notices");
	my ($what) = $notices =~ /^NOTICE:  ([^:]*: )/m;
	like($title, qr/\Q$what\E\d+ /, "$name: title");
}

# Two scans at a time, and both over: title and query are the server's again.
my $session = $node->background_psql('postgres');
my $pid = $session->query_safe('SELECT pg_backend_pid()');
$session->query_safe(q(DO $$
DECLARE
	a CURSOR FOR SELECT order_id, clock_timestamp() < now() + interval '4 s' AS early FROM shop."order";
	b CURSOR FOR SELECT customer_id FROM shop.customer;
	r record;
	s record;
BEGIN
	OPEN a;
	OPEN b;
	LOOP
		FETCH a INTO r;
		FETCH b INTO s;
		EXIT WHEN NOT r.early AND r.order_id % 2000 = 0;
	END LOOP;
	CREATE TEMPORARY TABLE seen AS SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid();
	CLOSE a;
	INSERT INTO seen SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid();
	CLOSE b;
	PERFORM pg_stat_clear_snapshot();
	INSERT INTO seen SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid();
	PERFORM pg_advisory_lock(1);
	PERFORM pg_advisory_unlock(1);
END $$));
is($session->query_safe(q(SELECT string_agg(left(query, 12), ',') FROM (SELECT query FROM seen LIMIT 1) s)), '/* scanning ', 'two scans: progress');
is($session->query_safe(q(SELECT left(query, 5) FROM seen OFFSET 2)), 'DO $$', 'two scans: the query alone afterwards');
$session->quit;

$node->stop;
done_testing;
