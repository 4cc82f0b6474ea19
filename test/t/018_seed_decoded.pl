# Seeded rows with wal_level = logical: what is logged is what logical decoding, a
# standby and recovery need, though pages do not go through the shared buffers.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Redo compares each page it makes with the page that was logged.
my $domains = PostgreSQL::Test::Utils::tempdir;
my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 'logical', extra => ['--data-checksums']);
$primary->append_conf('postgresql.conf', qq(
spindle.domain_directory = '$domains'
autovacuum = off
restart_after_crash = on
wal_consistency_checking = 'heap, heap2'
logical_decoding_work_mem = 64kB
));
$primary->start;
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

# Values that are stored elsewhere, compressed or fill a page, in some rows or all.
srand(1);
my @long = map { join '', map { chr(97 + int rand 26) } 1 .. $_ } (1990, 2100, 7900, 8200, 30000);
my $fits = substr $long[0], 0, 1950;
my $weights = join ', ', qq("$long[0]": 10), (map { qq("$_": 1) } @long[1 .. $#long]), '"' . "it's" x 1500 . '": 1', '"short": 5';
append_to_file("$domains/long.json", qq({"spindle": 1, "description": "long values", "range": {"start": "2024-01-01", "end": "2025-01-01"},
	"presets": {"small": {"thing": 1500, "all": 300, "some": 2000}}, "tables": {
	"thing": {"description": "things", "key": "id", "rows": {"kind": "preset"},
	"columns": {"id": {"type": "integer", "rule": {"kind": "sequence"}}, "short": {"type": "text", "null": 0.5, "rule": {"kind": "weighted", "weights": {"": 1, "x": 1}}},
	"long": {"type": "text", "null": 0.2, "rule": {"kind": "weighted", "weights": {$weights}}},
	"longer": {"type": "text", "null": 0.2, "rule": {"kind": "weighted", "weights": {$weights}}}}},
	"all": {"description": "long all", "key": "id", "rows": {"kind": "preset"},
	"columns": {"id": {"type": "bigint", "rule": {"kind": "sequence"}}, "long": {"type": "text", "rule": {"kind": "weighted", "weights": {"$long[4]": 1, "$long[3]": 1}}}}},
	"some": {"description": "some long", "key": "id", "rows": {"kind": "preset"},
	"columns": {"id": {"type": "bigint", "rule": {"kind": "sequence"}}, "fits": {"type": "text", "rule": {"kind": "weighted", "weights": {"$fits": 1}}},
	"long": {"type": "text", "null": 0.75, "rule": {"kind": "weighted", "weights": {"$long[1]": 1}}}}}}}));

$primary->safe_psql('postgres', q(
CREATE EXTENSION spindle;
CREATE EXTENSION amcheck;
CREATE SCHEMA retail;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO retail OPTIONS (scale 'fabric_demo');
CREATE SCHEMA long;
IMPORT FOREIGN SCHEMA long FROM SERVER spindle INTO long;
-- what test_decoding says of the rows of a domain, stored in a schema
CREATE FUNCTION lines(domain text, stored text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  r record;
BEGIN
  FOR r IN SELECT c.relname, string_agg(format('%L || coalesce(%s, ''null'')', ' ' || quote_ident(attname) || '[' || format_type(atttypid, NULL) || ']:',
      format(CASE WHEN typcategory IN ('N', 'B') THEN '%I::text' ELSE $q$'''' || replace(%I::text, '''', '''''') || ''''$q$ END, attname)),
      ' || ' ORDER BY attnum) AS line
    FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 JOIN pg_type t ON t.oid = atttypid
    WHERE relnamespace = domain::regnamespace GROUP BY c.relname
  LOOP
    RETURN QUERY EXECUTE format('SELECT %L || %s FROM %I.%I', format('table %I.%I: INSERT:', stored, r.relname), r.line, domain, r.relname);
  END LOOP;
END
$$;
-- tables that differ from the foreign ones, and what is wrong with their pages
CREATE FUNCTION differences(domain text, stored text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  name text;
  same boolean;
  n bigint := 0;
BEGIN
  FOR name IN SELECT relname FROM pg_class WHERE relnamespace = domain::regnamespace LOOP
    EXECUTE format('SELECT (SELECT (count(*), sum(hash_record_extended(t, 0)::numeric)) FROM %I.%I t) =
                           (SELECT (count(*), sum(hash_record_extended(t, 0)::numeric)) FROM %I.%I t)', stored, name, domain, name) INTO same;
    n := n + (same IS DISTINCT FROM true)::int;
  END LOOP;
  RETURN n;
END
$$;
CREATE FUNCTION damages(stored text) RETURNS bigint LANGUAGE sql AS $$
SELECT count(*) FROM pg_class c, LATERAL verify_heapam(c.oid, check_toast => true) WHERE relnamespace = stored::regnamespace AND relkind = 'r'
$$;
SELECT pg_create_logical_replication_slot('whole', 'test_decoding')));

$primary->safe_psql('postgres', 'CHECKPOINT');
$primary->safe_psql('postgres', q(CALL spindle_seed('retail', 'retail_stored', 'fabric_demo')));
$primary->safe_psql('postgres', q(CALL spindle_seed('retail', 'retail_workers', 'fabric_demo', workers => 2)));
$primary->safe_psql('postgres', q(CALL spindle_seed('long', 'long_stored')));
my %domain = (retail_stored => 'retail', long_stored => 'long');

# Each row is decoded once, with all its values.
$primary->safe_psql('postgres', q(CREATE TABLE decoded AS SELECT data FROM pg_logical_slot_get_changes('whole', NULL, NULL, 'include-xids', '0')));
foreach my $stored (sort keys %domain)
{
	foreach my $order ([ 'lines', 'decoded' ], [ 'decoded', 'lines' ])
	{
		is($primary->safe_psql('postgres', qq(
			WITH lines AS (SELECT data FROM lines('$domain{$stored}', '$stored') data), decoded AS (SELECT data FROM decoded WHERE data LIKE 'table $stored.%')
			SELECT count(*) FROM (TABLE $order->[0] EXCEPT ALL TABLE $order->[1]) d)), 0, "$stored: $order->[0] without $order->[1]");
	}
}
is($primary->safe_psql('postgres', q(SELECT count(*) FROM decoded WHERE data LIKE 'table spindle_seed%' OR data LIKE 'table retail_workers.%')),
	$primary->safe_psql('postgres', q(SELECT sum(row_count) FROM spindle_tables('retail', 'fabric_demo'))), 'rows of workers are decoded');

# What is stored elsewhere need not be kept until the end: a decoder that is short
# of memory can hand on the transaction in parts.
$primary->safe_psql('postgres', q(
SELECT pg_create_logical_replication_slot('parts', 'test_decoding');
CALL spindle_seed('long', 'long_all', tables => '{all}')));
cmp_ok($primary->safe_psql('postgres', q(SELECT count(*) FROM pg_logical_slot_get_changes('parts', NULL, NULL, 'stream-changes', '1')
	WHERE data ~ '^opening a streamed block')), '>', 10, 'decoded in parts');

# Rows have the origin of the session, whatever that of the transaction is.
$primary->safe_psql('postgres', q(
SELECT pg_create_logical_replication_slot('local', 'test_decoding');
SELECT pg_replication_origin_create('elsewhere');
BEGIN;
SELECT pg_replication_origin_session_setup('elsewhere');
CALL spindle_seed('retail', 'remote', 'fabric_demo', tables => '{store}');
SELECT pg_replication_origin_session_reset();
CALL spindle_seed('retail', 'local', 'fabric_demo', tables => '{store}');
COMMIT));
is($primary->safe_psql('postgres', q(SELECT DISTINCT split_part(data, '.', 1) FROM pg_logical_slot_get_changes('local', NULL, NULL, 'only-local', '1') WHERE data ~ 'INSERT')),
	'table local', 'rows have an origin');

# A table that output plugins may read while they decode.
$primary->safe_psql('postgres', q(
CREATE FUNCTION as_catalog() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT object_identity FROM pg_event_trigger_ddl_commands() WHERE object_type = 'table' LOOP
    EXECUTE format('ALTER TABLE %s SET (user_catalog_table = true)', name);
  END LOOP;
END
$$;
CREATE EVENT TRIGGER as_catalog ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION as_catalog();
CALL spindle_seed('long', 'long_catalog');
DROP EVENT TRIGGER as_catalog));
$domain{long_catalog} = 'long';
is($primary->safe_psql('postgres', q(SELECT count(*) FROM pg_logical_slot_get_changes('local', NULL, NULL) WHERE data LIKE 'table long_catalog.%')), 3800, 'tables used as catalogs');

# The standby, and the primary after a crash, make the same pages from the log.
$domain{retail_workers} = 'retail';
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
$primary->stop('immediate');
$primary->start;
foreach my $stored (sort keys %domain)
{
	foreach my $node ($primary, $standby)
	{
		is($node->safe_psql('postgres', "SELECT differences('$domain{$stored}', '$stored')"), 0, $node->name . ", $stored: rows");
		is($node->safe_psql('postgres', "SELECT damages('$stored')"), 0, $node->name . ", $stored: pages are sound");
	}
}
$standby->stop;
$primary->stop;
foreach my $node ($primary, $standby)
{
	command_ok([ 'pg_checksums', '--check', '-D', $node->data_dir ], $node->name . ': checksums');
	unlike(slurp_file($node->logfile), qr/PANIC|FATAL:  inconsistent page|TRAP|invalid page/, $node->name . ': nothing odd in the log');
}
done_testing();
