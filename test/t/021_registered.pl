# Domains that are registered in the database: created by a role that may create objects
# and nothing else, dumped and restored with the foreign tables that use them, carried
# over by pg_upgrade, read on a standby, and seeded by background workers.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $old = PostgreSQL::Test::Cluster->new('old');
$old->init(allows_streaming => 1);
$old->append_conf('postgresql.conf', "autovacuum = off\nmax_worker_processes = 16\n");
$old->start;
$old->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($old, 'base', has_streaming => 1);
$standby->start;

# All of it by roles without rights on the server.
$old->safe_psql('postgres', q{
	CREATE ROLE regress_spindle_maker LOGIN;
	CREATE ROLE regress_spindle_user LOGIN;
	CREATE ROLE "regress spindle gone" LOGIN;
	CREATE DATABASE work;
	GRANT CREATE ON DATABASE work TO regress_spindle_maker, regress_spindle_user;
});
my @maker = (extra_params => [ '-U', 'regress_spindle_maker' ]);
my @user = (extra_params => [ '-U', 'regress_spindle_user' ]);
my $pets = q({"spindle": 1, "description": "Pets – née", "range": {"start": "2024-01-01", "end": "2026-01-01"},
	"presets": {"some": {"pet": 500}}, "tables": {
	"pet": {"key": "pet_id", "rows": {"kind": "preset"}, "columns": {
		"pet_id": {"type": "bigint", "rule": {"kind": "sequence"}},
		"name": {"type": "text", "rule": {"kind": "data", "set": "pet_names", "field": "name"}}}},
	"visit": {"key": "visit_id", "rows": {"kind": "children", "of": "pet", "ratio": 4}, "columns": {
		"visit_id": {"type": "bigint", "rule": {"kind": "sequence"}},
		"pet_id": {"type": "bigint", "rule": {"kind": "parent"}},
		"name": {"type": "text", "rule": {"kind": "copy", "column": "pet_id.name"}}}}}});
$old->safe_psql('work', 'CREATE SCHEMA tools; CREATE EXTENSION spindle SCHEMA tools; GRANT USAGE ON SCHEMA tools TO PUBLIC', @maker);
$old->safe_psql('work', qq{
	SELECT tools.spindle_create_data_set('pet_names', query => \$\$SELECT * FROM (VALUES ('Rex', 3), ('Chloë', 1)) v (name, weight)\$\$);
	SELECT tools.spindle_create_domain('pets', \$\$$pets\$\$);
	CREATE SCHEMA pets;
	IMPORT FOREIGN SCHEMA pets FROM SERVER spindle INTO pets;
	CREATE VIEW pets.names AS SELECT name, count(*) FROM pets.visit GROUP BY name ORDER BY name;
	CREATE MATERIALIZED VIEW pets.kept AS SELECT count(*), md5(string_agg(v::text, ',' ORDER BY visit_id)) FROM pets.visit v;
	SELECT tools.spindle_create_domain('larger', tools.spindle_merge(tools.spindle_domain_definition('pets'), '{"presets": {"some": {"pet": 5000}}}'));
}, @user);
$old->safe_psql('work', qq{SELECT tools.spindle_create_domain('left', '$pets')}, extra_params => [ '-U', 'regress spindle gone' ]);

# Workers are other sessions; the domain is committed when they begin.
$old->safe_psql('work', q{CALL tools.spindle_seed('larger', 'stored', workers => 2, report => false)}, @user);
my $stored = q{SELECT count(*), md5(string_agg(v::text, ',' ORDER BY visit_id)) FROM %s v};
is($old->safe_psql('work', sprintf($stored, 'stored.visit')),
	$old->safe_psql('work', sprintf($stored, q{tools.spindle_rows('larger', 'visit')}) =~ s/ v$/ AS v (visit_id bigint, pet_id bigint, name text)/r),
	'seeded by workers: the same rows');
$old->safe_psql('work', qq{DO \$\$ BEGIN PERFORM tools.spindle_create_domain('fresh', tools.spindle_domain_definition('pets'));
	CALL tools.spindle_seed('fresh', 'stored_fresh', workers => 2, report => false); END \$\$}, @user);
is($old->safe_psql('work', 'SELECT count(*) FROM stored_fresh.visit'), '2000', 'seeded by workers: registered by the same transaction');

# A role without the definition's file, or any other file of the site.
my ($status, $out, $err) = $old->psql('work', q{SELECT tools.spindle_drop_domain('pets')}, extra_params => [ '-U', 'regress spindle gone' ]);
like($err, qr/must be owner of spindle domain "pets"/, 'owned');

# Standby
$old->wait_for_catchup($standby, 'replay', $old->lsn('insert'));
my $reading = q{SELECT * FROM pets.names; SELECT domain, owner FROM tools.spindle_domains(); SELECT md5(tools.spindle_domain_definition('pets')::text)};
is($standby->safe_psql('work', $reading), $old->safe_psql('work', $reading), 'standby reads');
($status, $out, $err) = $standby->psql('work', qq{SELECT tools.spindle_create_domain('n', '{}')});
like($err, qr/cannot execute spindle_create_domain\(\) during recovery/, 'standby: refused');
my $session = $standby->background_psql('work');
is($session->query_safe('SELECT count(*) FROM pets.pet'), '500', 'standby: before');
$old->safe_psql('work', q{SELECT tools.spindle_create_domain('pets', tools.spindle_merge(tools.spindle_domain_definition('pets'), '{"presets": {"some": {"pet": 600}}}'), true)}, @user);
$old->wait_for_catchup($standby, 'replay', $old->lsn('insert'));
is($session->query_safe('SELECT count(*) FROM pets.pet'), '600', 'standby: replaced under a session');
$session->quit;
$standby->stop;

# A plan that was made in the same transaction: it is made anew, or the error says why not.
$session = $old->background_psql('work', on_error_stop => 0);
$session->query_safe('PREPARE q AS SELECT count(*) FROM pets.pet');
$session->query_safe('BEGIN');
is($session->query_safe('EXECUTE q'), '600', 'plan of a transaction: before');
$old->safe_psql('work', q{SELECT tools.spindle_create_domain('pets', tools.spindle_merge(tools.spindle_domain_definition('pets'), '{"presets": {"some": {"pet": 700}}}'), true)}, @user);
isnt($session->query('EXECUTE q'), '600', 'plan of a transaction: not the old definition');
$session->query('ROLLBACK');
is($session->query('EXECUTE q'), '700', 'plan of a transaction: after it');
$session->quit;
$old->safe_psql('work', 'REFRESH MATERIALIZED VIEW pets.kept', @user);

my $contents = q{
	SELECT 'domains', domain, owner, error FROM tools.spindle_domains() ORDER BY domain;
	SELECT 'definition', md5(tools.spindle_domain_definition('pets')::text), md5(tools.spindle_data_set_definition('pet_names')::text);
	SELECT 'names', * FROM pets.names;
	SELECT 'kept', * FROM pets.kept;
	SELECT 'uses', name, data_sets FROM tools.spindle_domain ORDER BY name;
};
my $before = $old->safe_psql('work', $contents);
like($before, qr/^domains\|pets\|regress_spindle_user\|$/m, 'owner');

# Dumped by whom it belongs to.  Restored as it is, and where an owner is not there.
my $dump = $old->basedir . '/dump';
$old->safe_psql('work', 'GRANT USAGE ON SCHEMA pets, stored, stored_fresh TO regress_spindle_maker; GRANT SELECT ON ALL TABLES IN SCHEMA pets, stored, stored_fresh TO regress_spindle_maker', @user);
$old->command_ok([ 'pg_dump', '-U', 'regress_spindle_maker', '-Fc', '-f', "$dump.custom", 'work' ], 'custom dump by the maker');
$old->command_ok([ 'pg_dump', '-Fp', '-f', "$dump.sql", 'work' ], 'plain dump');
$old->command_ok([ 'pg_dump', '-Fp', '-s', '-f', "$dump.schema", 'work' ], 'dump of the schema');
$old->command_ok([ 'pg_dump', '-Fp', '-t', 'pets.pet', '-f', "$dump.table", 'work' ], 'dump of a foreign table');
unlike(slurp_file("$dump.sql"), qr/CREATE (TABLE|TRIGGER|TYPE|FUNCTION) tools\.spindle|GRANT .*tools\.spindle_d/, 'members are not dumped');

my $new = PostgreSQL::Test::Cluster->new('new');
$new->init;
$new->append_conf('postgresql.conf', "autovacuum = off\n");
$new->start;
$new->safe_psql('postgres', "CREATE ROLE $_ LOGIN") foreach qw(regress_spindle_maker regress_spindle_user);
$new->safe_psql('postgres', "CREATE DATABASE $_") foreach qw(plain custom bare single);
$new->safe_psql('postgres', 'ALTER DATABASE custom OWNER TO regress_spindle_maker');

$new->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dump.sql", 'plain' ], 'plain dump is restored');
(my $expected = $before) =~ s/^(domains\|left\|)regress spindle gone\|/$1unknown (OID=0)|/m;
is($new->safe_psql('plain', $contents), $expected, 'plain dump: contents; the owner that is not there is none');
$new->safe_psql('plain', q{SELECT tools.spindle_create_domain('larger', tools.spindle_domain_definition('pets'), true)}, @user);
is($new->safe_psql('plain', 'SELECT row_count FROM tools.spindle_tables(\'larger\') LIMIT 1'), '700', 'plain dump: owners can replace');

# by a role that is no superuser, on a server of somebody else's
$new->command_ok([ 'pg_restore', '-U', 'regress_spindle_maker', '--no-owner', '--no-privileges', '--no-comments', '-j', '2', '--exit-on-error', '-d', 'custom', "$dump.custom" ], 'custom dump is restored by the maker');
is($new->safe_psql('custom', $contents, @maker), $expected, 'custom dump: contents');
$new->safe_psql('custom', q{SELECT tools.spindle_drop_domain('left')}, @maker);
is($new->safe_psql('custom', 'SELECT count(*) FROM tools.spindle_domain'), '3', 'what belongs to nobody belongs to the owner of the extension');

$new->command_ok([ 'psql', '-X', '-q', '-f', "$dump.schema", 'bare' ], 'dump of the schema is restored');
($status, $out, $err) = $new->psql('bare', 'SELECT * FROM pets.pet');
like($err, qr/spindle domain "pets" does not exist/, 'dump of the schema: tables without their domain');
$new->safe_psql('single', 'CREATE SCHEMA pets; CREATE SCHEMA tools; CREATE EXTENSION spindle SCHEMA tools');
$new->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dump.table", 'single' ], 'dump of a foreign table is restored');
$new->stop;

# pg_upgrade
my $upgraded = PostgreSQL::Test::Cluster->new('upgraded');
$upgraded->init;
$old->stop;
my $bindir = $upgraded->config_data('--bindir');
chdir $PostgreSQL::Test::Utils::tmp_check or die;
command_ok([ 'pg_upgrade', '-d', $old->data_dir, '-D', $upgraded->data_dir, '-b', $bindir, '-B', $bindir,
	'-s', $upgraded->host, '-p', $old->port, '-P', $upgraded->port ], 'pg_upgrade');
$upgraded->start;
is($upgraded->safe_psql('work', $contents), $before, 'pg_upgrade: contents');
$upgraded->safe_psql('work', q{SELECT tools.spindle_drop_domain('larger')}, @user);
$upgraded->safe_psql('work', q{UPDATE tools.spindle_domain SET owner = 'regress_spindle_user' WHERE name = 'left'}, @maker);
is($upgraded->safe_psql('work', q{SELECT owner FROM tools.spindle_domains() WHERE domain = 'left'}), 'regress_spindle_user', 'pg_upgrade: whoever created the extension can give a domain to another role');
# (an upgraded extension belongs to the superuser)
$upgraded->safe_psql('work', 'DROP EXTENSION spindle CASCADE; CREATE EXTENSION spindle SCHEMA tools');
is($upgraded->safe_psql('work', 'SELECT count(*) FROM tools.spindle_domain'), '0', 'the extension takes along what was registered');
$upgraded->stop;
done_testing();
