# pg_dump, pg_restore and pg_upgrade of a database that uses the extension: its
# members and their privileges, foreign tables, views and stored tables come back,
# also where a definition is not there yet.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $old = PostgreSQL::Test::Cluster->new('old');
$old->init;
my $domains = $old->basedir . '/domains';
mkdir $domains;
append_to_file("$domains/site.json", q({"spindle": 1, "description": "the site's own",
	"range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {"reading": 500}},
	"tables": {"reading": {"key": "id", "rows": {"kind": "preset"}, "columns": {
		"id": {"type": "integer", "rule": {"kind": "sequence"}},
		"celsius": {"type": "numeric(5,1)", "rule": {"kind": "uniform", "min": -10, "max": 40}}}}}}));
$old->append_conf('postgresql.conf', "spindle.domain_directory = '$domains'");
$old->start;

# The extension in a schema of its own, all that can hang on it, and privileges
# that are not those it comes with.
$old->safe_psql('postgres', q{
	CREATE ROLE regress_spindle_reader;
	CREATE ROLE regress_spindle_other;
	CREATE SCHEMA tools;
	CREATE EXTENSION spindle SCHEMA tools;
	CREATE SCHEMA shop;
	IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO shop OPTIONS (seed '7');
	IMPORT FOREIGN SCHEMA site FROM SERVER spindle INTO public;
	ALTER FOREIGN TABLE shop.store OPTIONS (SET scale 'medium', SET seed '8');
	ALTER FOREIGN TABLE shop.customer OPTIONS (DROP scale);
	ALTER FOREIGN TABLE shop.product DROP COLUMN product_name;
	COMMENT ON FOREIGN TABLE shop.store IS 'two words';
	CREATE FOREIGN TABLE broken (id bigint) SERVER spindle OPTIONS (domain 'gone', "table" 't');
	CREATE VIEW orders AS SELECT status, sum(order_total) FROM shop."order" WHERE order_id < 100 GROUP BY status ORDER BY status;
	CREATE VIEW stores AS SELECT * FROM tools.spindle_rows('retail', 'store', max_rows => 5) AS t (store_id integer, city text);
	CREATE VIEW events AS SELECT event FROM tools.spindle_stream('retail', 'order', max_events => 20,
		burst_windows => tools.spindle_burst_window(0, 3), time_pattern => '"retail_peak"',
		anomalies => '[{"type": "point", "name": "p", "column": "order_total", "fraction": 0.5}]');
	CALL tools.spindle_seed('retail', 'stored', seed => 9);
	CREATE VIEW relation_events AS SELECT event FROM tools.spindle_stream('stored.store'::regclass, max_events => 20);
	CREATE MATERIALIZED VIEW lines AS SELECT count(*), sum(line_total) FROM shop.order_line;
	CREATE PROCEDURE again() LANGUAGE plpgsql AS $$ BEGIN CALL tools.spindle_seed('retail', 'again', report => false); END $$;
	GRANT USAGE ON SCHEMA tools, shop TO regress_spindle_reader;
	GRANT SELECT ON shop.store TO regress_spindle_reader;
	REVOKE USAGE ON FOREIGN SERVER spindle FROM PUBLIC;
	GRANT USAGE ON FOREIGN SERVER spindle TO regress_spindle_other;
	REVOKE EXECUTE ON FUNCTION tools.spindle_domains() FROM PUBLIC;
	GRANT EXECUTE ON FUNCTION tools.spindle_domains() TO regress_spindle_other;
});

# What there is, seen from the outside.
my $contents = q{
	SET TimeZone = 'UTC';
	SELECT 'tables', string_agg(t::text, ' ' ORDER BY t) FROM (SELECT oid::regclass || ':' || relkind::text AS t FROM pg_class
		WHERE relnamespace IN ('public'::regnamespace, 'shop'::regnamespace, 'stored'::regnamespace)) c;
	SELECT 'options', string_agg(ftrelid::regclass || ':' || o, ' ' ORDER BY ftrelid::regclass::text, o)
		FROM pg_foreign_table, unnest(ftoptions) o;
	SELECT 'comment', obj_description('shop.store'::regclass, 'pg_class');
	SELECT 'members', count(*), count(*) FILTER (WHERE pg_describe_object(classid, objid, 0) ~ 'tools\.')
		FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
		AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'spindle');
	SELECT 'schema', extnamespace::regnamespace FROM pg_extension WHERE extname = 'spindle';
	SELECT 'orders', * FROM orders;
	SELECT 'stores', * FROM stores;
	SELECT 'events', count(*), md5(string_agg(event::text, ',')) FROM events;
	SELECT 'relation', count(*), md5(string_agg(event::text, ',')) FROM relation_events;
	SELECT 'lines', * FROM lines;
	SELECT 'stored', count(*), md5(string_agg(o::text, ',' ORDER BY order_id)) FROM stored."order" o;
	SELECT 'imported', count(*), md5(string_agg(s::text, ',' ORDER BY store_id)) FROM shop.store s;
	SELECT 'product', count(*), min(p::text) FROM shop.product p;
	SELECT 'constraints', count(*) FROM pg_constraint WHERE connamespace = 'stored'::regnamespace AND contype IN ('p', 'f');
	SELECT 'rights', has_table_privilege('regress_spindle_reader', 'shop.store', 'SELECT'),
		has_table_privilege('regress_spindle_reader', 'shop.order', 'SELECT'),
		has_server_privilege('regress_spindle_reader', 'spindle', 'USAGE'),
		has_server_privilege('regress_spindle_other', 'spindle', 'USAGE'),
		has_function_privilege('regress_spindle_reader', 'tools.spindle_domains()', 'EXECUTE'),
		has_function_privilege('regress_spindle_other', 'tools.spindle_domains()', 'EXECUTE');
};
my $site = 'SELECT count(*), sum(celsius) FROM reading';
my $before = $old->safe_psql('postgres', $contents);
my $before_site = $old->safe_psql('postgres', $site);
like($before, qr/^rights\|t\|f\|f\|t\|f\|t$/m, 'privileges are set');
like($before, qr/^schema\|tools$/m, 'extension is in its schema');

# A server that does not have the site's definition.
my $dump = $old->basedir . '/dump';
$old->command_ok([ 'pg_dump', '-Fp', '-f', "$dump.sql", 'postgres' ], 'plain dump');
$old->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.custom", 'postgres' ], 'custom dump');
unlike(slurp_file("$dump.sql"), qr/CREATE (FUNCTION|PROCEDURE|TYPE|CAST|FOREIGN DATA WRAPPER|SERVER) .*spindle/, 'members are not dumped');

sub check_restored
{
	my ($node, $db, $test) = @_;
	is($node->safe_psql($db, $contents), $before, "$test: contents");
	my ($rc, $out, $err) = $node->psql($db, $site);
	like($err, qr/spindle domain "site" does not exist/, "$test: missing definition is an error when used");
	is($node->safe_psql($db, "SET spindle.domain_directory = '$domains'; $site"), $before_site, "$test: definition comes later");
	($rc, $out, $err) = $node->psql($db, 'SELECT * FROM broken');
	like($err, qr/spindle domain "gone" does not exist/, "$test: error of a table that never worked");
	$node->safe_psql($db, 'DROP FOREIGN TABLE broken; CALL again()');
	is($node->safe_psql($db, 'SELECT count(*) FROM again.store'), '150', "$test: procedure works");
}

my $restored = PostgreSQL::Test::Cluster->new('restored');
$restored->init;
$restored->start;
$restored->safe_psql('postgres', "CREATE ROLE regress_spindle_$_") foreach qw(reader other);
$restored->safe_psql('postgres', "CREATE DATABASE $_") foreach qw(plain custom);
$restored->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dump.sql", 'plain' ], 'plain dump is restored');
check_restored($restored, 'plain', 'plain dump');
$restored->command_ok([ 'pg_restore', '-j', '2', '--exit-on-error', '-d', 'custom', "$dump.custom" ], 'custom dump is restored');
check_restored($restored, 'custom', 'custom dump');
$restored->stop;

# pg_upgrade carries members over as they are.
my $new = PostgreSQL::Test::Cluster->new('new');
$new->init;
$old->stop;
my $bindir = $new->config_data('--bindir');
chdir $PostgreSQL::Test::Utils::tmp_check or die;
command_ok(
	[
		'pg_upgrade', '-d', $old->data_dir, '-D', $new->data_dir, '-b', $bindir, '-B', $bindir,
		'-s', $new->host, '-p', $old->port, '-P', $new->port
	],
	'pg_upgrade');
$new->start;
check_restored($new, 'postgres', 'pg_upgrade');

# what the script makes today is what came over
$new->safe_psql('postgres', 'CREATE DATABASE fresh');
$new->safe_psql('fresh', 'CREATE SCHEMA tools; CREATE EXTENSION spindle SCHEMA tools');
my $members = q{SELECT pg_describe_object(classid, objid, 0) FROM pg_depend WHERE refclassid = 'pg_extension'::regclass
	AND deptype = 'e' AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'spindle') ORDER BY 1};
is($new->safe_psql('postgres', $members), $new->safe_psql('fresh', $members), 'pg_upgrade: same members');
$new->safe_psql('postgres', 'DROP EXTENSION spindle CASCADE');
is($new->safe_psql('postgres', 'SELECT count(*) FROM pg_foreign_table'), '0', 'pg_upgrade: extension can be dropped');

done_testing();
