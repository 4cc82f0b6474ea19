# A delivery into a table holds no more rows in memory than it needs, however
# long they are.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'no /proc/self/status' if !-e '/proc/self/status';
my $node = PostgreSQL::Test::Cluster->new('memory');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nshared_buffers = 16MB\nwork_mem = 1MB\nmax_wal_size = 1GB\n");
$node->start;

# 150 rows of 1 MB that are not compressed.
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION spindle;
CREATE TABLE source (i int, filler text);
ALTER TABLE source ALTER filler SET STORAGE EXTERNAL;
INSERT INTO source SELECT i, repeat(md5(i::text), 32768) FROM generate_series(1, 150) i;
CREATE TABLE bulk (LIKE source INCLUDING STORAGE);
CREATE TABLE inserted (LIKE source INCLUDING STORAGE, n int GENERATED ALWAYS AS IDENTITY);
SQL
# the largest size that the session ever had, in kB
my $peak = q(SELECT 'peak ' || substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s+(\d+)'));
foreach my $target ('bulk', 'inserted')
{
	my ($status, $out, $err) = $node->psql('postgres', "CALL spindle_to_table('$target', 'source'::regclass, max_events => 1); $peak; CALL spindle_to_table('$target', 'source'::regclass, skip_events => 1); $peak;");
	my ($before, $after) = $out =~ /^peak (\d+)$/mg;
	is($err, '', "$target: delivered");
	cmp_ok($after - $before, '<', 60 * 1024, "$target: 150 MB of rows take less than 60 MB ($before kB before, $after kB after)");
	is($node->safe_psql('postgres', "SELECT count(*) FROM $target JOIN source USING (i, filler)"), 150, "$target: all rows");
}
$node->stop;
done_testing();
