# The same bytes in every process, after a restart, in every database encoding
# and with any number of workers.
use strict;
use warnings;
use File::Compare;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('purity');
$node->init;
$node->append_conf('postgresql.conf', 'max_worker_processes = 8');
$node->start;

my $dir = $node->basedir . '/files';
my $domains = $node->basedir . '/domains';
mkdir $_ foreach $dir, $domains, "$domains/data";

# A domain with texts beyond ASCII, all of which LATIN1 has.
append_to_file("$domains/latin.json", qq({"spindle": 1, "description": "caf\xc3\xa9",
	"range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"t": 500}},
	"tables": {"t": {"key": "id", "rows": {"kind": "preset"}, "columns": {
		"id": {"type": "integer", "rule": {"kind": "sequence"}},
		"n": {"type": "varchar(6)", "rule": {"kind": "weighted", "weights": {"M\xc3\xbcller": 1, "\xc3\xa9t\xc3\xa9": 2, "\\u00df\\u00e5": 1}}},
		"p": {"type": "varchar(9)", "rule": {"kind": "pattern", "pattern": "\xc3\x86{n|upper}{row}-\xc3\xb8\xc3\xb8\xc3\xb8"}},
		"f": {"type": "double precision", "rule": {"kind": "lognormal", "mu": 1, "sigma": 2}}}}}}));
# and one with a sign that LATIN1 has not
append_to_file("$domains/euro.json", qq({"spindle": 1, "description": "e",
	"range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"t": 500}},
	"tables": {"t": {"rows": {"kind": "preset"}, "columns": {
		"n": {"type": "text", "rule": {"kind": "constant", "value": "\xe2\x82\xac"}}}}}}));
$node->append_conf('postgresql.conf', "spindle.domain_directory = '$domains'");
$node->reload;

my @tables = split /\n/, $node->safe_psql('postgres',
	"CREATE EXTENSION spindle; SELECT table_name FROM spindle_tables('retail')");

# Write all tables to files from a new backend, and the checksum of all values
# as text.
sub generate
{
	my ($db, $name, $sql) = @_;
	my $queries = "SET TimeZone = 'UTC';" . ($sql // '');
	$queries .= "SELECT events_sent FROM spindle_to_file('$dir/$name.$_', 'retail', '$_', 'small');" foreach @tables;
	$queries .= "SELECT events_sent FROM spindle_to_file('$dir/$name.latin', 'latin', 't');";
	$queries .= "SELECT md5(string_agg(t::text, ',')) FROM (SELECT order_id, order_date, order_total, status
		FROM spindle_rows('retail', 'order', 'small') AS t (order_id bigint, order_date timestamptz, order_total numeric, status text)) t;";
	$queries .= "SELECT md5(string_agg(t::text, ',')) FROM (SELECT f FROM spindle_rows('latin', 't') AS t (f double precision)) t;";
	return $node->safe_psql($db, $queries);
}

sub same_files
{
	my ($name, $test) = @_;
	is(join(' ', grep { compare("$dir/first.$_", "$dir/$name.$_") != 0 } @tables, 'latin'), '', "$test: same files");
}

my $first = generate('postgres', 'first');
ok(-s "$dir/first.latin" > 10000, 'files were written');
like(slurp_file("$dir/first.latin"), qr/^\{"id":1,"n":"[^"]+","p":"\xc3\x86[^"]+","f":[0-9.e+-]+,"_spindle_table":"t","_spindle_seq":0,"_spindle_event_time":null\}\n/,
	'a line of the file, in UTF-8');

is(generate('postgres', 'second'), $first, 'another backend: same values');
same_files('second', 'another backend');

$node->restart;
is(generate('postgres', 'restart'), $first, 'after a restart: same values');
same_files('restart', 'after a restart');

is(generate('postgres', 'settings', "SET lc_numeric = 'C'; SET extra_float_digits = 3; SET DateStyle = 'ISO'; SET work_mem = '64kB'; SET temp_buffers = 100;"),
	$first, 'other settings: same values');
same_files('settings', 'other settings');

foreach my $encoding ('UTF8', 'LATIN1', 'SQL_ASCII')
{
	my $db = lc $encoding;
	$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE template0 ENCODING '$encoding' LC_COLLATE 'C' LC_CTYPE 'C'");
	$node->safe_psql($db, 'CREATE EXTENSION spindle');
	is(generate($db, $db), $first, "$encoding: same values");
	same_files($db, $encoding);
	# as the client sees them, in its own encoding; SQL_ASCII converts nothing
	is($node->safe_psql($db, q(SET client_encoding = 'UTF8'; SELECT string_agg(n || p, ',' ORDER BY id)
		FROM spindle_rows('latin', 't') AS t (id integer, n varchar, p varchar))),
		$node->safe_psql('postgres', q(SET client_encoding = 'UTF8'; SELECT string_agg(n || p, ',' ORDER BY id)
		FROM spindle_rows('latin', 't') AS t (id integer, n varchar, p varchar))), "$encoding: same texts");
	my ($status, $out, $err) = $node->psql($db, "\\set VERBOSITY sqlstate\nSELECT min(n), count(*) FROM spindle_rows('euro', 't') AS t (n text)");
	if ($encoding eq 'LATIN1')
	{
		like($err, qr/22P05/, 'a text that the encoding has not is an error');
	}
	else
	{
		is($out, "\xe2\x82\xac|500", "$encoding: a text beyond LATIN1");
	}
}

# Streams of a relation whose names and values are beyond ASCII.
my %stream;
foreach my $db ('utf8', 'latin1', 'sql_ascii')
{
	my $anomaly = qq(spindle_contextual_anomaly('\xc3\xa4', 'mood', 'cl\xc3\xa9', '["\xc3\xa9"]', '["\xc3\x85"]', 1));
	my $utf8 = "SET client_encoding = 'UTF8';";
	$node->safe_psql($db, qq($utf8 CREATE TABLE "T\xc3\xbcst" ("cl\xc3\xa9" text, at timestamptz, mood text);
		INSERT INTO "T\xc3\xbcst" VALUES ('\xc3\xa9', '2024-01-01', '"'), ('\xc3\xb8', '2024-01-02', '\xc3\xb6')));
	$node->safe_psql($db, qq($utf8 SELECT spindle_to_file('$dir/$db.stream', '"T\xc3\xbcst"'::regclass, anomalies => $anomaly)));
	$stream{$db} = $node->safe_psql($db, qq($utf8 SELECT * FROM spindle_stream('"T\xc3\xbcst"'::regclass, anomalies => $anomaly)));
	is($stream{$db}, $stream{utf8}, "$db: same stream of a relation");
	is(compare("$dir/utf8.stream", "$dir/$db.stream"), 0, "$db: same file of a relation");
	$node->safe_psql($db, qq($utf8 CREATE TABLE copy ("cl\xc3\xa9" text, _spindle_table text, _spindle_anomaly_type text);
		CALL spindle_to_table('copy', '"T\xc3\xbcst"'::regclass, anomalies => $anomaly)));
	is($node->safe_psql($db, "$utf8 TABLE copy"), "\xc3\xa9|T\xc3\xbcst|contextual:\xc3\xa4\n\xc3\xb8|T\xc3\xbcst|", "$db: same rows in a table");
}
like($stream{utf8}, qr/T\xc3\xbcst.*"mood":"\xc3\x85"/, 'which has the value asked for');

# varchar(n) counts characters
is($node->safe_psql('postgres', q(SELECT max(length(p)), max(octet_length(p)) > 9 FROM spindle_rows('latin', 't') AS t (p varchar))), '9|t',
	'the length of varchar counts characters');

# Parallel scans read every row once and give the values of a serial scan.
$node->safe_psql('postgres', "CREATE SCHEMA m; IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO m OPTIONS (scale 'medium')");
my %result;
foreach my $workers (0, 1, 2)
{
	my $settings = "SET max_parallel_workers_per_gather = $workers; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET jit = off;";
	my $plan = $node->safe_psql('postgres', "$settings EXPLAIN (COSTS OFF) SELECT sum(line_total) FROM m.order_line");
	($workers ? \&like : \&unlike)->($plan, qr/Parallel Foreign Scan/, "plan with $workers workers");
	$result{$workers} = $node->safe_psql('postgres', qq($settings
		SELECT count(*), sum(hashtextextended(l::text, 0)::numeric) FROM m.order_line l;
		SELECT count(*), sum(hashtextextended(o::text, 0)::numeric) FROM m."order" o WHERE order_date > '2022-06-01';
		SELECT md5(string_agg(order_id::text, ',')) FROM (SELECT order_id FROM m."order" ORDER BY order_id) s;
		SELECT md5(string_agg(order_id::text, ',')) FROM (SELECT order_id FROM m."order" ORDER BY order_date DESC) s;
		SELECT sum(order_total), count(*) FROM m."order" JOIN m.customer USING (customer_id) WHERE gender = 'F'));
	is($result{$workers}, $result{0}, "$workers workers: same rows");
}

$node->stop;
done_testing();
