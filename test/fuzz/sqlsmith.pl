# Statements of sqlsmith over generated, seeded and streamed relations, by a role
# without privileges: no crash and no internal error.
#
#   prove test/fuzz/sqlsmith.pl :: [--seed N] [--seconds N] [--count N]
use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__);
use IPC::Run;
use PostgreSQL::Test::Utils;
use SpindleFuzz;
use Test::More;

my $option = options(count => 20000, seconds => 7200);
my ($sqlsmith) = grep { -x } map { "$_/sqlsmith" } split(/:/, $ENV{PATH}), '/usr/games';
plan skip_all => 'sqlsmith is not installed' if !$sqlsmith;

my $node = start_server('sqlsmith', 'log_min_messages = error', 'log_error_verbosity = verbose', 'max_parallel_workers_per_gather = 1', 'parallel_setup_cost = 0', 'parallel_tuple_cost = 0');
my $connection = connect_to('postgres');
value($connection, <<'SQL');
CREATE ROLE regress_spindle_fuzz LOGIN;
ALTER ROLE regress_spindle_fuzz SET statement_timeout = '500ms';
CREATE SCHEMA computed;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO computed OPTIONS (scale 'fabric_demo');
CREATE SCHEMA tpch;
IMPORT FOREIGN SCHEMA tpch FROM SERVER spindle INTO tpch OPTIONS (scale 'sf0_01');
CREATE SCHEMA saas;
IMPORT FOREIGN SCHEMA saas FROM SERVER spindle INTO saas OPTIONS (scale 'demo');
CREATE SCHEMA streamed;
CREATE TABLE streamed.reading AS SELECT i AS id, CASE WHEN i % 7 > 0 THEN '2024-01-01'::timestamptz + i * interval '1 hour' END AS at, i % 5 AS value FROM generate_series(1, 50) i;
CREATE VIEW streamed.orders AS SELECT * FROM spindle_stream('retail', 'order', scale => 'fabric_demo', max_events => 100, out_of_order_fraction => 0.1,
  anomalies => spindle_point_anomaly('p', 'order_total', fraction => 0.1));
CREATE VIEW streamed.shop AS SELECT * FROM spindle_stream('retail', scale => 'fabric_demo', max_events => 100);
CREATE VIEW streamed.readings AS SELECT * FROM spindle_stream('streamed.reading'::regclass);
CREATE VIEW streamed.of_computed AS SELECT * FROM spindle_stream('computed.store'::regclass);
CREATE VIEW streamed.stores AS SELECT * FROM spindle_rows('retail', 'store', max_rows => 40) AS t (store_id int, store_name text, city text);
CREATE VIEW streamed.lines AS SELECT * FROM spindle_rows('retail', 'order_line', 'fabric_demo') AS t (order_line_id bigint, order_id bigint, line_total numeric(12,2));
CREATE VIEW streamed.what_there_is AS SELECT t.*, c.column_name, c.data_type FROM spindle_tables('retail') t, spindle_columns('retail', t.table_name) c;
SQL
my $seeded = run($connection, "CALL spindle_seed('retail', 'seeded', scale => 'fabric_demo')");
is($seeded->{state}, '', 'seeded');
value($connection, "GRANT USAGE ON SCHEMA $_ TO regress_spindle_fuzz; GRANT ALL ON ALL TABLES IN SCHEMA $_ TO regress_spindle_fuzz") foreach qw(computed tpch saas streamed seeded);
read_log();

my $connstr = sprintf 'host=%s port=%s dbname=postgres user=regress_spindle_fuzz', $node->host, $node->port;
my ($out, $err) = ('', '');
my $left = $option->{seconds};
my $end = time + $left;
# Functions of the server that are known to raise internal errors by themselves:
# SELECT intervaltypmodout(97), the same of interval('1 s', 46), and a null of no type
# that two levels of queries pass on.
my $known = 'intervaltypmodout|intervaltypmodleastfield|AdjustIntervalForTypmod|coerce_type';
my $of_the_server = 0;
my ($statements, $seed) = (0, $option->{seed});

# sqlsmith ends when its session does, and some functions end it; so it is
# started again with another seed until there were enough statements.
while ($statements < $option->{count} && time < $end)
{
	my $max = $option->{count} - $statements;
	my $handle = IPC::Run::start([ $sqlsmith, '--verbose', '--exclude-catalog', "--target=$connstr", "--seed=$seed", "--max-queries=$max" ],
		'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($end - time + 1));
	eval { $handle->finish; };
	$handle->kill_kill if $@;
	my ($queries) = $err =~ /.*queries: (\d+)/s;
	if (!defined $queries)
	{
		# interrupted: a sign for each statement, 'e' and the like for errors
		$queries = length join('', $err =~ /^([.eStCT]+)$/mg);
	}
	$statements += $queries || 1;
	$seed += 1000003;
	my $text = read_log();
	while ($text =~ /^\d+ (XX\w{3}) (?:ERROR|FATAL):  (.*\n(?:(?!\d+ \w{5} ).*\n)*(?:\d+ XX\w{3} (?:DETAIL|HINT|QUERY|CONTEXT|LOCATION|STATEMENT): .*\n(?:\t.*\n)*)*)/mg)
	{
		my ($state, $error) = ($1, $2);
		if ($error =~ /LOCATION:  (?:$known), \w+\.c:\d+/) { $of_the_server++; }
		else { finding('internal errors', "$state: " . substr($error, 0, 5000)); }
	}
	while ($text =~ /^(.*(?:was terminated by signal|TRAP:|PANIC:).*\n(?:.*\n){0,3})/mg) { finding('crashes', "seed $seed: $1"); }
	($out, $err) = ('', '');
}
note("seed $option->{seed}: $statements statements, $of_the_server known errors of the server");
cmp_ok($statements, '>', 10, 'statements were run');
is(value($connection, 'SELECT count(*) FROM seeded."order"'), '1000', 'nothing was kept');
finish('internal errors', 'crashes');
