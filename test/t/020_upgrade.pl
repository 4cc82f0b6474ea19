# An upgrade from the first version gives what a fresh installation gives; the first
# version's declarations work with this library; the extension can be created by
# whoever may create objects in a database, who gains no right by that.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('upgrade');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\n");
$node->start;
$node->safe_psql('postgres', "CREATE DATABASE $_") foreach qw(fresh upgraded trusted);
$node->safe_psql('fresh', 'CREATE EXTENSION spindle');
$node->safe_psql('upgraded', q(CREATE EXTENSION spindle VERSION '0.1.0'));

# The old declarations and the new library.
is($node->safe_psql('upgraded', q(SELECT count(*), min(seq), max(seq) FROM spindle_stream('retail', 'order', max_events => 100,
	burst_windows => spindle_burst_window(start_event => 10, end_event => 20), anomalies => spindle_point_anomaly('p', 'order_total')))), '100|0|99', 'old declarations: a stream');
is($node->safe_psql('upgraded', q(SELECT domain, tables FROM spindle_domains())), 'retail|9', 'old declarations: domains');
my $lines = $node->basedir . '/lines';
$node->safe_psql('upgraded', "SELECT spindle_to_file('$lines', 'retail', 'order', max_events => 5)");
is($node->safe_psql('upgraded', "SELECT events_sent, length(pg_read_file('$lines')) > bytes_sent FROM spindle_to_file('$lines', 'pg_class'::regclass, max_events => 3, mode => 'a')"), '3|t', 'old declarations: a delivery, with an argument behind those of the stream');
is($node->safe_psql('upgraded', q(CALL spindle_to_channel('old', 'retail', 'order', max_events => 4, oversize => 'skip'))) =~ /^order\|4\|/, 1, 'old declarations: a procedure');
$node->safe_psql('upgraded', q(CREATE SCHEMA shop; IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO shop; CREATE TABLE sample (order_id bigint, status text)));
my $checksum = q(SELECT sum(hashtextextended(o::text, 0)::numeric) FROM shop."order" o);
my $rows = $node->safe_psql('upgraded', $checksum);

# A view over a function that changes stops the upgrade as a whole.
$node->safe_psql('upgraded', q(CREATE VIEW streamed AS SELECT * FROM spindle_stream('retail', 'order')));
my ($status, $out, $err) = $node->psql('upgraded', 'ALTER EXTENSION spindle UPDATE');
like($err, qr/cannot drop function spindle_stream.*because other objects depend on it/, 'upgrade: a view that depends');
is($node->safe_psql('upgraded', q(SELECT extversion FROM pg_extension WHERE extname = 'spindle')), '0.1.0', 'upgrade: nothing was done');
$node->safe_psql('upgraded', 'DROP VIEW streamed; ALTER EXTENSION spindle UPDATE');

# Everything that belongs to the extension, in words.
my $members = q(
	SELECT pg_describe_object(classid, objid, 0), coalesce(obj_description(objid, classid::regclass::name), '-'),
		coalesce((SELECT pg_get_functiondef(p.oid) || coalesce(p.proacl::text, '') || p.prosrc FROM pg_proc p WHERE classid = 'pg_proc'::regclass AND p.oid = objid), ''),
		coalesce((SELECT concat(typlen, typbyval, typinput, typoutput, typreceive, typsend, typalign, typstorage, typcategory) FROM pg_type t WHERE classid = 'pg_type'::regclass AND t.oid = objid), ''),
		coalesce((SELECT concat(castsource::regtype, casttarget::regtype, castfunc::regprocedure, castcontext, castmethod) FROM pg_cast c WHERE classid = 'pg_cast'::regclass AND c.oid = objid), ''),
		coalesce((SELECT concat(relacl, (SELECT string_agg(concat(attname, atttypid::regtype, attnotnull, col_description(c.oid, attnum)), ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0),
			(SELECT string_agg(pg_get_indexdef(indexrelid), ',') FROM pg_index WHERE indrelid = c.oid),
			(SELECT string_agg(pg_get_triggerdef(t.oid) || tgenabled::text, ',') FROM pg_trigger t WHERE tgrelid = c.oid),
			(SELECT extconfig::regclass[] FROM pg_extension WHERE extname = 'spindle')) FROM pg_class c WHERE classid = 'pg_class'::regclass AND c.oid = objid), ''),
		coalesce((SELECT concat(srvacl) FROM pg_foreign_server s WHERE classid = 'pg_foreign_server'::regclass AND s.oid = objid), ''),
		coalesce((SELECT concat(fdwacl, fdwhandler::regproc, fdwvalidator::regproc) FROM pg_foreign_data_wrapper w WHERE classid = 'pg_foreign_data_wrapper'::regclass AND w.oid = objid), '')
	FROM pg_depend WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'spindle')
	ORDER BY 1);
my $fresh = $node->safe_psql('fresh', $members);
# rights that were taken back leave the owner's behind
(my $upgraded = $node->safe_psql('upgraded', $members)) =~ s/\|\{\w+=U\/\w+\}spindle_fdw_handler/|spindle_fdw_handler/;
is($upgraded, $fresh, 'upgrade: the catalogue is that of a fresh installation');
cmp_ok(scalar(() = $fresh =~ /^function /mg), '>', 30, 'which was looked at');
is($node->safe_psql('upgraded', q(SELECT extversion FROM pg_extension WHERE extname = 'spindle')), '0.2.0', 'upgrade: version');
is($node->safe_psql('upgraded', $checksum), $rows, 'upgrade: foreign tables stay, with the same rows');
is($node->safe_psql('upgraded', q(SELECT count(*) FROM spindle_stream('retail', 'order', max_events => 10, time_pattern => 'retail_peak'))), '10', 'upgrade: new forms of arguments');
$node->safe_psql('upgraded', q(CALL spindle_to_table('sample', 'retail', 'order', report => false, max_events => 10)));
is($node->safe_psql('upgraded', 'SELECT count(*) FROM sample'), '10', 'upgrade: new forms of procedures');

# As a role that may create objects in its database, and nothing else.
$node->safe_psql('trusted', 'CREATE ROLE regress_spindle_maker LOGIN; CREATE ROLE regress_spindle_reader LOGIN; GRANT CREATE ON DATABASE trusted TO regress_spindle_maker; GRANT CREATE ON SCHEMA public TO regress_spindle_maker');
my @maker = (extra_params => [ '-U', 'regress_spindle_maker' ]);
my $as_maker = sub { return $node->psql('trusted', $_[0], @maker) };
($status, $out, $err) = $as_maker->('CREATE EXTENSION spindle');
is($err, '', 'trusted: created');
($status, $out, $err) = $as_maker->('CREATE SCHEMA shop; IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO shop; SELECT count(*) FROM shop.customer');
is("$out$err", '1000', 'trusted: foreign tables');
($status, $out, $err) = $as_maker->(q(CALL spindle_seed('retail', 'seeded'); SELECT count(*) FROM seeded."order"));
like($out, qr/^5000$/m, 'trusted: seeded');
($status, $out, $err) = $as_maker->(q(SELECT * FROM spindle_to_file('/tmp/spindle_trusted', 'retail', 'order')));
like($err, qr/must be superuser or have privileges of the pg_write_server_files role/, 'trusted: no files');
($status, $out, $err) = $as_maker->(q(SELECT * FROM spindle_to_program('true', 'retail', 'order')));
like($err, qr/must be superuser or have privileges of the pg_execute_server_program role/, 'trusted: no programs');
($status, $out, $err) = $as_maker->(q(SET spindle.domain_directory = '/tmp'; SELECT count(*) FROM spindle_domains()));
like($err, qr/permission denied/, 'trusted: no directories');
foreach my $statement (
	'CREATE SERVER own FOREIGN DATA WRAPPER spindle_fdw',
	'ALTER SERVER spindle OWNER TO regress_spindle_maker',
	'ALTER TABLE spindle_domain ADD COLUMN c int',
	'CREATE TRIGGER t BEFORE INSERT ON spindle_domain EXECUTE FUNCTION spindle_registry_changed()',
	'DROP TABLE spindle_data_set',
	'ALTER FUNCTION spindle_rows(text, text, text, bigint, bigint, bigint, timestamptz, text) LEAKPROOF',
	q(CREATE OR REPLACE FUNCTION spindle_scan_support(internal) RETURNS internal LANGUAGE internal AS 'int4pl'))
{
	($status, $out, $err) = $as_maker->($statement);
	like($err, qr/permission denied|must be owner|must be superuser|because extension spindle requires it/, "trusted: not allowed: $statement");
}
($status, $out, $err) = $as_maker->('DROP EXTENSION spindle CASCADE');
is($status, 0, 'trusted: dropped');

$node->stop;
done_testing;
