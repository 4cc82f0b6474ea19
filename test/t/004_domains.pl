# Domains of the site's own: a directory of definitions, a domain that uses
# every kind of rule, and definitions that are wrong.
use strict;
use warnings;
use File::Copy;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('domains');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION spindle');

my $dir = $node->basedir . '/domains';
mkdir $_ foreach $dir, "$dir/data";

sub write_file
{
	my ($path, $text) = @_;
	open my $fh, '>', $path or die "$path: $!";
	binmode $fh;
	print $fh $text;
	close $fh or die "$path: $!";
}

# Kinds of rule with the members that they may have; others are read by unique.sql.
copy($_, "$dir/" . s{^test/data/}{}r) or die "$_: $!" foreach 'test/data/every.json', glob('test/data/data/*.json');
$node->append_conf('postgresql.conf', "spindle.domain_directory = '$dir'");
$node->reload;

sub is_true
{
	my ($name, $query) = @_;
	my ($status, $out, $err) = $node->psql('postgres', "SET search_path = every, public; SET TimeZone = 'UTC'; $query");
	$err =~ s/^psql:<stdin>:\d+: //mg;
	is($out . $err, 't', $name);
}

is($node->safe_psql('postgres', 'SELECT domain FROM spindle_domains()'), "every\nretail\ntpch", 'domains of both directories');
is($node->safe_psql('postgres', q(SELECT string_agg(table_name || ' ' || row_count, ',') FROM spindle_tables('every'))),
	'q 60,h 40,cal 200,thing 6,p 4000,c 8000,g 6000,half 2000', 'row counts');
is($node->safe_psql('postgres', q(SELECT count(*) FROM spindle_tables('every') t, spindle_columns('every', t.table_name) WHERE rule IS NULL OR rule = '')),
	'0', 'every rule can be told in words');

# Read as foreign tables; and all scales and the empty one can be read.
$node->safe_psql('postgres', "CREATE SCHEMA every; IMPORT FOREIGN SCHEMA every FROM SERVER spindle INTO every");
foreach my $scale ('tiny', 'none')
{
	$node->safe_psql('postgres', "CREATE SCHEMA every_$scale; IMPORT FOREIGN SCHEMA every FROM SERVER spindle INTO every_$scale OPTIONS (scale '$scale')");
}
is($node->safe_psql('postgres', 'SELECT (SELECT count(*) FROM every_none.p x WHERE x IS NOT DISTINCT FROM x), (SELECT count(*) FROM every_none.c), (SELECT count(*) FROM every_none.q)'),
	'0|0|60', 'a scale without rows');
is($node->safe_psql('postgres', 'SELECT count(*), sum(t_count) FROM every_tiny.p'), '7|14', 'a scale with few rows');

# 5 sigma bounds for means and shares of 4000 rows
my @properties = (
	[ 'sequence with start and step', 'SELECT min(id) = 10 AND max(id) = 10 + 3999 * 3 AND count(DISTINCT id) = 4000 AND bool_and(id % 3 = 1) FROM p' ],
	[ '64-bit sequence', 'SELECT min(big) = 9007199254740993 AND max(big) = 9007199254744992 AND count(DISTINCT big) = 4000 FROM p' ],
	[ 'sequence: look-up', 'SELECT count(*) = 1 FROM p WHERE id = 13' ],
	[ 'sequence: between steps', 'SELECT count(*) = 0 FROM p WHERE id IN (11, 12, 14)' ],
	[ 'sequence: range', 'SELECT count(*) = 3 FROM p WHERE id > 10 AND id <= 21' ],
	[ 'sequence: 64-bit look-up', 'SELECT count(*) = 1 FROM p WHERE big = 9007199254740994' ],
	[ 'ordered time', 'SELECT bool_and(t >= before) AND min(t) = \'2023-01-01\' AND max(t) < \'2025-01-01\' FROM (SELECT t, lag(t, 1, t) OVER (ORDER BY id) AS before FROM p) s' ],
	[ 'ordered date', 'SELECT bool_and(day >= before) AND min(day) >= \'2023-01-01\' AND max(day) < \'2025-01-01\' FROM (SELECT day, lag(day, 1, day) OVER () AS before FROM half) s' ],
	[ 'ordered date: look-up', "SELECT bool_and((SELECT count(*) FROM half WHERE day = d) = (SELECT count(*) FROM (SELECT day FROM half OFFSET 0) h WHERE h.day = d)) FROM (SELECT d::date FROM generate_series('2022-12-30'::date, '2025-01-03', '17 days') d) s" ],
	[ 'time over the range of the domain', "SELECT bool_and(local >= '2023-01-01' AND local < '2025-01-01') AND count(DISTINCT local) > 3990 FROM p" ],
	[ 'time: months, weekdays and hours', "SELECT bool_and(season >= '2024-01-01' AND season < '2025-01-01' AND extract(month FROM season) IN (2, 7) AND extract(isodow FROM season) IN (6, 7) AND extract(hour FROM season) IN (9, 17)) FROM p" ],
	[ 'time: weights of months', 'SELECT abs(avg((extract(month FROM season) = 7)::int) - 0.75) < 5 * sqrt(0.75 * 0.25 / 4000) FROM p' ],
	[ 'time: weights of hours', 'SELECT abs(avg((extract(hour FROM season) = 17)::int) - 0.75) < 5 * sqrt(0.75 * 0.25 / 4000) FROM p' ],
	[ 'time: hour peak', 'SELECT abs(avg((extract(hour FROM peak) IN (7, 8))::int) - 0.6827) < 5 * sqrt(0.6827 * 0.3173 / 4000) FROM p' ],
	[ 'time: start and end of a date', "SELECT array_agg(DISTINCT d) = '{2024-02-28,2024-02-29,2024-03-01}' FROM p" ],
	[ 'constants', "SELECT bool_and(c_text = U&'it''s \"so\" \\005C \\00E9' AND c_null IS NULL AND c_bool AND c_date = '2024-02-29' AND c_time = '2024-02-29 12:30:01+00' AND c_float = 0.1::float8 AND c_num = -1.25 AND c_big = -9223372036854775807) FROM p" ],
	[ 'weighted integer', "SELECT array_agg(DISTINCT w_int) = '{-1,5}' AND abs(avg((w_int = 5)::int) - 0.75) < 5 * sqrt(0.75 * 0.25 / 4000) FROM p" ],
	[ 'weighted numeric', "SELECT array_agg(DISTINCT w_num) = '{-2.25,1.50}' FROM p" ],
	[ 'weighted boolean', 'SELECT abs(avg(w_bool::int) - 0.1) < 5 * sqrt(0.09 / 4000) FROM p' ],
	[ 'weighted date', "SELECT array_agg(DISTINCT w_date) = '{1999-12-31,2024-01-31}' FROM p" ],
	[ 'weighted timestamp', "SELECT array_agg(DISTINCT w_time) = '{2024-01-31 00:00:00,2024-01-31 23:59:59}' FROM p" ],
	[ 'weighted double precision', "SELECT array_agg(DISTINCT w_float) = '{0.25,1e300}' FROM p" ],
	[ 'weighted text', "SELECT array_agg(DISTINCT w_text::text COLLATE \"C\") = '{\"\",Alpha,beta}' FROM p" ],
	[ 'uniform integer', 'SELECT count(DISTINCT u) = 6 AND min(u) = 1 AND max(u) = 6 AND (SELECT sum((n - 4000 / 6.0) ^ 2 / (4000 / 6.0)) < 45 FROM (SELECT count(*) AS n FROM p GROUP BY u) s) FROM p' ],
	[ 'uniform numeric', 'SELECT min(un) BETWEEN -1 AND -0.99 AND max(un) BETWEEN 0.99 AND 1 AND abs(avg(un)) < 5 * sqrt(1 / 3.0 / 4000) FROM p' ],
	[ 'rounded double precision', 'SELECT bool_and(abs(uf * 100 - round(uf * 100)) < 1e-9) AND count(DISTINCT uf) = 101 FROM p' ],
	[ 'normal', 'SELECT abs(avg(n_normal) - 10) < 5 * 2 / sqrt(4000) AND abs(stddev(n_normal) - 2) < 5 * 2 / sqrt(8000) FROM p' ],
	# sd 2 cut to one sd above the mean: density falls from 10 to 12, mean 10 + 2 * (phi(0) - phi(1)) / (Phi(1) - Phi(0)) = 10.9196
	[ 'normal between bounds', 'SELECT min(n_cut) >= 10 AND max(n_cut) <= 12 AND abs(avg(n_cut) - 10.9196) < 5 * 0.577 / sqrt(4000) FROM p' ],
	[ 'lognormal', 'SELECT abs(avg(ln(n_lognormal)) - 1) < 5 * 0.5 / sqrt(4000) AND abs(stddev(ln(n_lognormal)) - 0.5) < 5 * 0.5 / sqrt(8000) FROM p' ],
	# ln(x / 3) is exponential with mean 1 / alpha
	[ 'pareto', 'SELECT min(n_pareto) >= 3 AND abs(avg(ln(n_pareto / 3)) - 0.5) < 5 * 0.5 / sqrt(4000) FROM p' ],
	[ 'exponential', 'SELECT min(n_exponential) >= 0 AND abs(avg(n_exponential) - 3) < 5 * 3 / sqrt(4000) FROM p' ],
	[ 'geometric', 'SELECT min(n_geometric) IN (0, 1) AND abs(avg(n_geometric) - min(n_geometric) - 3) < 5 * sqrt(12 / 4000.0) FROM p' ],
	[ 'poisson', 'SELECT min(n_poisson) >= 0 AND abs(avg(n_poisson) - 4) < 5 * sqrt(4 / 4000.0) AND abs(variance(n_poisson) - 4) < 5 * sqrt(36 / 4000.0) FROM p' ],
	[ 'zipf', 'SELECT min(n_zipf) = 1 AND max(n_zipf) = 10 AND abs(avg((n_zipf = 1)::int) - 0.34142) < 5 * sqrt(0.2249 / 4000) AND abs(avg((n_zipf = 2)::int) - 0.17071) < 5 * sqrt(0.1416 / 4000) FROM p' ],
	[ 'bernoulli', 'SELECT abs(avg(n_bernoulli::int) - 0.3) < 5 * sqrt(0.21 / 4000) AND array_agg(DISTINCT z) = \'{0,1}\' FROM p' ],
	[ 'nulls', 'SELECT abs(avg((nulls IS NULL)::int) - 0.25) < 5 * sqrt(0.1875 / 4000) AND count(all_null) = 0 FROM p' ],
	[ 'references to a text key', 'SELECT count(*) = 0 FROM p WHERE q_any NOT IN (SELECT code FROM q) OR q_skew NOT IN (SELECT code FROM q) OR q_exponent NOT IN (SELECT code FROM q)' ],
	[ 'text keys', "SELECT array_agg(code ORDER BY code) = (SELECT array_agg('Q-' || to_char(k, 'FM000') ORDER BY k) FROM generate_series(1, 60) k) FROM q" ],
	[ 'reference, uniform', 'SELECT count(*) = 60 AND sum((n - 4000 / 60.0) ^ 2 / (4000 / 60.0)) < 131 FROM (SELECT count(*) AS n FROM p GROUP BY q_any) s' ],
	[ 'reference with skew', 'SELECT abs(sum(n) FILTER (WHERE rank <= 6) / 4000.0 - 0.9) < 5 * sqrt(0.09 / 4000) FROM (SELECT count(*) AS n, row_number() OVER (ORDER BY count(*) DESC) AS rank FROM p GROUP BY q_skew) s' ],
	# 1 / (1 + 1/2 + ... + 1/60) = 0.21368
	[ 'reference with exponent', 'SELECT abs(max(n) / 4000.0 - 0.21368) < 5 * sqrt(0.168 / 4000) FROM (SELECT count(*) AS n FROM p GROUP BY q_exponent) s' ],
	[ 'reference where equals', "SELECT bool_and(kind = 'a') AND count(*) = 4000 AND count(DISTINCT code) = (SELECT count(*) FROM q WHERE kind = 'a') FROM p JOIN q ON code = q_equals" ],
	[ 'reference where in', "SELECT bool_and(kind IN ('a', 'b')) AND count(DISTINCT kind) = 2 FROM p JOIN q ON code = q_in" ],
	[ 'reference where not in', "SELECT bool_and(kind = 'c') FROM p JOIN q ON code = q_not_in" ],
	[ 'reference where less', 'SELECT bool_and(num < 30) AND count(num) = 4000 FROM p JOIN q ON code = q_less' ],
	[ 'reference where greater', "SELECT bool_and(day > '2024-01-01') FROM p JOIN q ON code = q_greater" ],
	[ 'reference where texts of a pattern', "SELECT array_agg(DISTINCT q_code ORDER BY q_code) = '{Q-002,Q-060}' AND count(DISTINCT q_other) = 58 AND bool_and(q_other NOT IN ('Q-002', 'Q-060')) FROM p" ],
	[ 'reference where null', 'SELECT bool_and(num IS NULL) FROM p JOIN q ON code = q_null' ],
	[ 'reference containing', 'SELECT bool_and(t BETWEEN starts AND ends) AND count(*) > 3000 FROM p JOIN cal ON cal.id = cal_id' ],
	[ 'reference containing: null if there is none', 'SELECT count(*) = 0 FROM p WHERE cal_id IS NULL AND EXISTS (SELECT FROM cal WHERE t BETWEEN starts AND ends)' ],
	[ 'reference after', 'SELECT bool_and(e.t <= p.t) AND count(*) = 8000 FROM c JOIN p ON p.id = p_id JOIN p e ON e.id = earlier' ],
	[ 'reference after, with skew', 'SELECT bool_and(e.t <= c.off) AND count(*) = 8000 FROM c JOIN p e ON e.id = earlier_skew' ],
	[ 'reference among', 'SELECT bool_and(g.parent_id = c.p_id) FROM c JOIN g ON g.id = sibling' ],
	[ 'reference among: null if there is none', 'SELECT bool_and((sibling IS NULL) = (g_count = 0)) FROM c JOIN p ON p.id = p_id' ],
	[ 'children', 'SELECT bool_and(n BETWEEN 1 AND 4) AND sum(n) = 8000 AND count(*) = 4000 AND count(DISTINCT n) = 4 FROM (SELECT count(*) AS n FROM c GROUP BY p_id) s' ],
	[ 'children: parents resolve', 'SELECT count(*) = 0 FROM c LEFT JOIN p ON p.id = p_id WHERE p.id IS NULL' ],
	[ 'children: found by parent', 'SELECT bool_and((SELECT count(*) FROM c WHERE p_id = p.id) = t_count) FROM p WHERE id % 7 = 0' ],
	[ 'children with counts', 'SELECT sum(n) = 6000 AND avg((n IN (0, 1, 5))::int) > 0.9 FROM (SELECT count(g.id) AS n FROM p LEFT JOIN g ON parent_id = p.id GROUP BY p.id) s' ],
	[ 'ratio', 'SELECT count(*) = 2000 AND count(DISTINCT p_id) > 1400 FROM half' ],
	[ 'copy', 'SELECT bool_and(up = p.u AND up2 = q.kind) AND count(*) = 8000 FROM c JOIN p ON p.id = p_id JOIN q ON q.code = p.q_any' ],
	[ 'copy of a null', 'SELECT bool_and(copied IS NOT DISTINCT FROM q.num) AND count(copied) < 4000 FROM p JOIN q ON code = q_any' ],
	[ 'offset in minutes', "SELECT bool_and(abs(extract(epoch FROM o_min - t)) <= 300) AND abs(avg(extract(epoch FROM o_min - t))) < 5 * 173.2 / sqrt(4000) AND min(o_min) < max(t) AND avg((extract(epoch FROM o_min - t) % 60 = 0)::int) < 0.1 FROM p" ],
	[ 'offset in whole seconds', 'SELECT bool_and(extract(epoch FROM o_sec - t) % 1 = 0) AND abs(avg(extract(epoch FROM o_sec - t)) - 3) < 5 * sqrt(3 / 4000.0) FROM p' ],
	[ 'offset of a date', "SELECT array_agg(DISTINCT o_day - d) = '{1,2}' FROM p" ],
	[ 'offset in hours, from the parent', 'SELECT bool_and(extract(epoch FROM off - t) BETWEEN 0 AND 3600000 AND extract(epoch FROM off - t) % 3600 = 0) FROM c JOIN p ON p.id = p_id' ],
	[ 'correlated by a factor', 'SELECT bool_and(k_factor BETWEEN u * 2 AND u * 3) AND abs(avg(k_factor / u) - 2.5) < 5 * 0.2887 / sqrt(4000) FROM p' ],
	[ 'correlated by a sum', 'SELECT bool_and(abs(k_add - n_normal) <= 0.2 + 1e-9) AND stddev(k_add - n_normal) BETWEEN 0.08 AND 0.1 FROM p' ],
	[ 'formula', 'SELECT bool_and(f_exact = round((u * 2 - un) * 10 / 100 + least(u, 3) * greatest(u - 2, 2) + 1, 3)) FROM p' ],
	[ 'formula with a division', 'SELECT bool_and(f_third = round(u / 3.0, 4)) FROM p' ],
	[ 'formula that divides by zero is null', 'SELECT bool_and(f_divide IS NOT DISTINCT FROM u / nullif(z, 0)) AND count(f_divide) < 4000 FROM p' ],
	[ 'formula rounded to an integer', 'SELECT bool_and(f_int = round(u * 0.5)) FROM p' ],
	[ 'pattern', "SELECT bool_and(s_pattern ~ ('^' || concat_ws('[|]', (id - 7) / 3, to_char((id - 7) / 3, 'FM000000'), upper(w_text), lower(w_text), u, replace(un::text, '.', '[.]'), q.kind, '[0-9]{4}', '[A-Za-z]{3}', '[A-Za-z0-9]{5}') || '[|]\$')) FROM p JOIN q ON code = q_any" ],
	[ 'pattern: random parts vary', "SELECT count(DISTINCT split_part(s_pattern, '|', 8)) > 3000 AND count(DISTINCT split_part(s_pattern, '|', 9)) > 3000 AND count(DISTINCT split_part(s_pattern, '|', 10)) > 3990 FROM p" ],
	[ 'pattern: cut to the length of the type', 'SELECT bool_and(length(s_long) = 4) FROM p' ],
	[ 'case', "SELECT bool_and(CASE WHEN nulls IS NULL THEN x = 'null' WHEN g_count > 0 THEN x IN ('g', 'G') WHEN w_text = 'beta' THEN x = 'beta' WHEN u IN (1, 2) THEN x = 'in' WHEN u NOT IN (3, 4, 5) THEN x = 'not in' WHEN t < '2024-01-01' THEN x = 'less' WHEN un > 0.5 THEN x = 'greater' ELSE x = 'not null' END) AND count(DISTINCT x) = 9 FROM p" ],
	[ 'data by weight', "SELECT abs(avg((data_any = 'apple')::int) - 6 / 14.0) < 5 * sqrt(0.245 / 4000) AND abs(avg((data_any = 'salt')::int) - 2 / 14.0) < 5 * sqrt(0.1225 / 4000) FROM p" ],
	[ 'data: one draw, one record', "SELECT bool_and(data_price = price) AND count(*) = 4000 AND count(DISTINCT data_name) = 6 FROM p JOIN thing ON name = data_name" ],
	[ 'data: other draws are independent', 'SELECT avg((data_any = data_name)::int) BETWEEN 0.2 AND 0.35 FROM p' ],
	[ 'data that match', "SELECT bool_and(data_match LIKE grp || '%') AND count(DISTINCT data_match) = 3 FROM p" ],
	[ 'data by row', "SELECT string_agg(name, ',') = 'apple,pear,plum,leek,kale,salt' AND count(size) = 5 AND sum(price) = 4.35 AND max(since) = '2022-01-01' FROM thing" ],
	[ 'totals', 'SELECT bool_and(t_sum = s AND t_min = mi AND t_max = ma AND t_mean = round(s / n, 2) AND t_count = n) FROM p JOIN (SELECT p_id, sum(val) AS s, min(val) AS mi, max(val) AS ma, count(*) AS n FROM c GROUP BY 1) c ON p_id = p.id' ],
	[ 'totals without children', 'SELECT bool_and(g_count = n AND g_sum = coalesce(s, 0) AND g_max IS NOT DISTINCT FROM m) AND bool_or(n = 0) FROM (SELECT p.id, g_count, g_sum, g_max, count(g.id) AS n, sum(val) AS s, max(val) AS m FROM p LEFT JOIN g ON parent_id = p.id GROUP BY 1, 2, 3, 4) s' ],
	[ 'children picked', 'SELECT bool_and(y_first = vals[1] AND y_last = vals[array_length(vals, 1)] AND y_random = ANY (vals)) FROM p JOIN (SELECT p_id, array_agg(val ORDER BY id) AS vals FROM c GROUP BY 1) c ON p_id = p.id' ],
	[ 'random child: all have a chance', 'SELECT avg((y_random = y_first)::int) BETWEEN 0.4 AND 0.75 AND avg((y_random = y_last)::int) BETWEEN 0.4 AND 0.75 FROM p' ],
	[ 'no child to pick', 'SELECT bool_and((y_none IS NULL) = (g_count = 0)) FROM p' ],
	[ 'total and child of another row', 'SELECT bool_and(total_of = t_sum AND child_of = y_first) FROM c JOIN p ON p.id = p_id' ],
	[ 'first child', 'SELECT bool_and(is_first = (rank = 1)) FROM (SELECT is_first, row_number() OVER (PARTITION BY p_id ORDER BY id) AS rank FROM c) s' ],
	[ 'hierarchy', 'SELECT count(*) = 40 AND count(*) FILTER (WHERE h.parent IS NULL) = 4 AND bool_and(h.lvl = coalesce(u.lvl, 0) + 1) AND max(h.lvl) = 3 FROM h LEFT JOIN h u ON u.id = h.parent' ],
	[ 'events with a time from the row', q(SELECT bool_and(event_time >= before) AND count(*) = 8000 FROM (SELECT event_time, lag(event_time, 1, event_time) OVER (ORDER BY seq) AS before FROM spindle_stream('every', 'c')) s) ],
	[ 'events have all types', q(SELECT count(*) = 4000 AND bool_and((event ->> 'big')::bigint = p.big AND (event ->> 'n_normal')::float8 = n_normal AND (event ->> 'd')::date = d AND event ->> 'c_text' = c_text AND (event ->> 'local')::timestamp = local AND (event -> 'w_bool')::text = w_bool::text AND (event ->> 'w_float')::float8 = w_float) FROM spindle_stream('every', 'p') s JOIN p ON p.id = (event ->> 'id')::int) ]);
is_true(@$_) foreach @properties;

# Slices of a table with every rule give what the whole gives.
is_true('slices', q(SELECT (SELECT md5(string_agg(p::text, ',')) FROM (SELECT * FROM p) p) =
	(SELECT md5(string_agg(one::text, ',' ORDER BY k)) FROM generate_series(10, 10 + 3999 * 3, 3) k, LATERAL (SELECT * FROM p WHERE id = k) one)));

# Anybody may have a definition checked, so short ones must not take any amount
# of memory: each of these times has a table of half a megabyte.
sub many_times
{
	my ($n) = @_;
	my $columns = join(', ', map { qq("c$_": {"type": "date", "rule": {"kind": "time"}}) } 1 .. $n);
	return qq({"spindle": 1, "description": "times", "range": {"start": "1950-01-01", "end": "2037-01-01"},
		"presets": {"small": {}}, "tables": {"t": {"rows": {"kind": "fixed", "count": 5}, "columns": {$columns}}}});
}
$node->safe_psql('postgres', 'CREATE ROLE anybody LOGIN');
is($node->safe_psql('postgres', "SELECT spindle_check_domain('" . many_times(400) . "') IS NULL", extra_params => [ '-U', 'anybody' ]),
	'f', 'a definition of 200 MB');
my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT spindle_check_domain('" . many_times(600) . "')",
	extra_params => [ '-U', 'anybody' ]);
like($err, qr/ERROR:  54000: the rules of domain "definition" need more than the limit of 256 MB of memory.*^DETAIL:  The limit was reached at tables[.]t[.]columns[.]c\d+[.]rule.*^HINT:  Times over many years/ms,
	'a definition of 300 MB');

# A file that changes is read anew by the next query, in old sessions and new.
write_file("$dir/changing.json", definition(100));
sub definition
{
	my ($value) = @_;
	return qq({"spindle": 1, "description": "changes", "range": {"start": "2024-01-01", "end": "2025-01-01"},
		"presets": {"small": {}}, "tables": {"t": {"rows": {"kind": "fixed", "count": 5}, "columns": {
		"v": {"type": "integer", "rule": {"kind": "constant", "value": $value}}}}}});
}
my $session = $node->background_psql('postgres');
my $query = q(SELECT sum(v) FROM spindle_rows('changing', 't') AS t (v integer););
is($session->query_safe($query), '500', 'a definition');
write_file("$dir/changing.json", definition(2000));
is($session->query_safe($query), '10000', 'the file was changed');
# of the same length: the time of the change tells
write_file("$dir/changing.json", definition(3000));
is($session->query_safe($query), '15000', 'the file was changed again');
is($node->safe_psql('postgres', $query), '15000', 'for a new session, too');
# a scan goes on with what it began with
$session->query_safe('CREATE FOREIGN TABLE changing (v integer) SERVER spindle OPTIONS (domain \'changing\', "table" \'t\')');
like($session->query_safe('EXPLAIN SELECT 1 FROM changing WHERE v = 3000'), qr/rows=5 /, 'its statistics');
$session->query_safe('BEGIN; DECLARE c CURSOR FOR SELECT v FROM changing');
is($session->query_safe('FETCH 2 FROM c'), "3000\n3000", 'a cursor');
write_file("$dir/changing.json", definition(44));
is($session->query_safe($query), '220', 'the file was changed once more');
is($session->query_safe('FETCH 1 FROM c'), '3000', 'the cursor goes on with what it began with');
$session->query_safe('COMMIT');
like($session->query_safe('EXPLAIN SELECT 1 FROM changing WHERE v = 3000'), qr/rows=1 /, 'statistics of what is no longer there');
like($session->query_safe('EXPLAIN SELECT 1 FROM changing WHERE v = 44'), qr/rows=5 /, 'and of what is there now');
$session->quit;

# a definition of the site's own comes before an installed one of the name
write_file("$dir/retail.json", definition(7));
is($node->safe_psql('postgres', q(SELECT sum(v) FROM spindle_rows('retail', 't') AS t (v integer))), '35', 'own definitions come first');
unlink "$dir/retail.json";
is($node->safe_psql('postgres', q(SELECT count(*) FROM spindle_tables('retail'))), '9', 'and installed ones after them');

# Files that are wrong: a clean error, which names the domain.
foreach my $case (
	[ 'not UTF-8', "{\"spindle\": 1, \"description\": \"\xff\"}", '22021', 'The byte at offset 31 is not valid in UTF-8' ],
	[ 'a null byte', "{\"spindle\": 1, \"description\": \"\0\"}", '22\w{3}', 'byte|offset' ],
	[ 'a cut character', "{\"spindle\": 1, \"description\": \"\xc3", '22021', 'offset 31' ],
	[ 'a surrogate', "{\"spindle\": 1, \"description\": \"\xed\xa0\x80\"}", '22021', 'offset 31' ],
	[ 'nothing', '', '22P02', 'Syntax error at byte 0' ],
	[ 'a byte order mark', "\xef\xbb\xbf" . definition(1), '22P02|^$', '.*' ])
{
	my ($name, $text, $state, $detail) = @$case;
	write_file("$dir/wrong.json", $text);
	my ($status, $out, $err) = $node->psql('postgres', "SELECT * FROM spindle_tables('wrong')");
	my ($status2, $out2, $err2) = $node->psql('postgres', "\\set VERBOSITY sqlstate\nSELECT count(*) FROM spindle_tables('wrong')");
	my ($found) = $err2 =~ /ERROR:  (\w+)/;
	like($found // '', qr/^(?:$state)$/, "$name: SQLSTATE");
	like($err, qr/$detail/, "$name: detail");
}
unlink "$dir/wrong.json";
write_file("$dir/wrong.json", definition('"x"'));
# a wrong file hides no other: it is listed with its mistake
mkdir "$dir/folder.json";
write_file("$dir/large.json", ' ' x (16 * 1024 * 1024 + 1));
is($node->safe_psql('postgres', q(SELECT domain, tables, error IS NULL FROM spindle_domains())),
	"changing|1|t\nevery|8|t\nfolder||f\nlarge||f\nretail|9|t\ntpch|8|t\nwrong||f", 'spindle_domains lists all files');
like($node->safe_psql('postgres', q(SELECT error FROM spindle_domains() WHERE domain = 'wrong')),
	qr/domain "wrong".*tables\.t\.columns\.v\.rule\.value/s, 'spindle_domains shows the mistake of a file');
is($node->safe_psql('postgres', q(SELECT count(*) FROM generate_series(1, 3000), spindle_domains() WHERE error IS NOT NULL)), 9000, 'files that cannot be read are closed');
rmdir "$dir/folder.json";
unlink "$dir/large.json", "$dir/wrong.json";

# A database whose encoding has no character of a description: all else of the
# domain is there, and its model is given back.
$node->safe_psql('postgres', q(CREATE DATABASE latin1 TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'));
my $euro = definition(1);
$euro =~ s/changes/costs \\u20ac 5/;
write_file("$dir/euro.json", $euro);
$node->safe_psql('latin1', 'CREATE EXTENSION spindle');
my $latin1 = $node->background_psql('latin1');
my $list = q(SELECT description, tables, scales, error FROM spindle_domains() WHERE domain = 'euro';);
like($latin1->query_safe($list), qr/^\|1\|\{small\}\|character with byte sequence 0xe2 0x82 0xac .* has no equivalent/, 'a description that cannot be converted');
my $models = q(SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'spindle domain';);
my $before = $latin1->query_safe($models);
write_file("$dir/euro.json", $euro . ' ' x $_) and $latin1->query_safe($list) foreach 1 .. 5;
is($latin1->query_safe($models), $before, 'no model is left behind');
$latin1->quit;
$node->safe_psql('postgres', 'DROP DATABASE latin1');
unlink "$dir/euro.json";

# files that are no definitions are left alone
write_file("$dir/README", 'x');
write_file("$dir/Upper.json", 'x');
mkdir "$dir/folder.json.d";
is($node->safe_psql('postgres', 'SELECT string_agg(domain, \',\') FROM spindle_domains()'), 'changing,every,retail,tpch', 'other files are left alone');
# a directory that does not exist
is($node->safe_psql('postgres', "SET spindle.domain_directory = '/nonexistent'; SELECT domain FROM spindle_domains()"), "retail\ntpch", 'no such directory');

# Only a superuser names the directory.
$node->safe_psql('postgres', 'CREATE ROLE regress_spindle_user LOGIN');
($status, $out, $err) = $node->psql('postgres', "SET ROLE regress_spindle_user; SELECT FROM spindle_domains(); SET spindle.domain_directory = '/tmp'");
like($err, qr/permission denied to set parameter "spindle.domain_directory"/, 'not for everybody');
# before the library is loaded the server takes any value, and drops it then
write_file("$dir/data/retail.json", definition(1));
$out = $node->safe_psql('postgres', "SET spindle.domain_directory = '$dir/data'; SELECT count(*) FROM spindle_tables('retail')",
	connstr => $node->connstr('postgres') . ' user=regress_spindle_user');
is($out, '9', 'nor before the library is loaded');
unlink "$dir/data/retail.json";
is($node->safe_psql('postgres', q(SET ROLE regress_spindle_user; SELECT count(*) FROM spindle_tables('every'))), '8', 'but used by all');
($status, $out, $err) = $node->psql('postgres', 'SELECT count(*) FROM spindle_domains(); SET spindle.no_such_setting = 1');
like($err, qr/invalid configuration parameter name "spindle.no_such_setting"/, 'no other settings');

# What the hint of a wrong type lists: each is one, as Datums and in JSON.
($status, $out, $err) = $node->psql('postgres', "SELECT spindle_check_domain('" . (definition(1) =~ s/"integer"/"int"/r) . "')");
my ($legal) = $err =~ /^HINT:  Legal types: (.*)[.]$/m;
my @types = map { s/ with .*//r =~ s/\bprecision,scale\b/10,2/r =~ s/\(length\)/(5)/r } split /, /, $legal;
my $columns = join(', ', map { qq("c$_": {"type": "$types[$_]", "nullable": true, "rule": {"kind": "constant", "value": null}}) } 0 .. $#types);
write_file("$dir/types.json", qq({"spindle": 1, "description": "types", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {}},
	"tables": {"t": {"rows": {"kind": "fixed", "count": 2}, "columns": {$columns}}}}));
is($node->safe_psql('postgres', 'SELECT t FROM spindle_rows(\'types\', \'t\') AS t (' . join(', ', map { "c$_ $types[$_]" } 0 .. $#types) . ')'),
	join("\n", ('(' . ',' x $#types . ')') x 2), "rows of the types $legal");
is($node->safe_psql('postgres', q(SELECT event::jsonb ->> 'c0' IS NULL, count(k) FROM spindle_stream('types', 't'), jsonb_object_keys(event::jsonb) k WHERE k ~ '^c[0-9]' GROUP BY 1)),
	't|' . 2 * @types, 'events of the same');
unlink "$dir/types.json";

# An event time that is an offset from an ordered one and is cut at an end of
# the years there are: all rows come, in their order.
foreach my $end ([ 'first', '1900-01-01', '1900-03-01', -100, -30 ], [ 'last', '9999-11-01', '9999-12-31', 20, 90 ], [ 'all', '9999-12-29', '9999-12-31', 5, 90 ])
{
	my ($name, $from, $until, $min, $max) = @$end;
	write_file("$dir/ends.json", qq({"spindle": 1, "description": "ends", "range": {"start": "$from", "end": "$until"}, "presets": {"small": {}},
		"tables": {"t": {"key": "id", "event_time": "e", "rows": {"kind": "fixed", "count": 10000}, "columns": {
			"id": {"type": "integer", "rule": {"kind": "sequence"}},
			"o": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true}},
			"e": {"type": "timestamptz", "rule": {"kind": "offset", "column": "o", "unit": "days", "by": {"distribution": "uniform", "min": $min, "max": $max}}}}}}}));
	is($node->safe_psql('postgres', q(
		WITH s AS (SELECT row_number() OVER (ORDER BY seq) AS n, event_time AS e, (event ->> 'id')::int AS id FROM spindle_stream('ends', 't')),
		r AS (SELECT row_number() OVER (ORDER BY e, id) AS n, e, id FROM spindle_rows('ends', 't') AS t (id integer, o timestamptz, e timestamptz))
		SELECT count(*), max(copies) > 100 FROM s JOIN r USING (n, e, id) JOIN (SELECT e, count(*) AS copies FROM r GROUP BY 1) c USING (e))),
		'10000|t', "times cut at an end: $name");
}
unlink "$dir/ends.json";

# A reference with "after" to a table without rows at the scale: an error where
# NULL is not allowed, as without "after", and behind it.
write_file("$dir/empty.json", q({"spindle": 1, "description": "empty", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"some": {"p": 5}, "none": {"p": 0}},
	"tables": {
	"p": {"key": "id", "rows": {"kind": "preset"}, "columns": {
		"id": {"type": "integer", "rule": {"kind": "sequence"}},
		"t": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true, "first_at_start": true}}}},
	"c": {"key": "id", "rows": {"kind": "children", "of": "p", "ratio": 2, "min": 1}, "columns": {
		"id": {"type": "integer", "rule": {"kind": "sequence"}},
		"p_id": {"type": "integer", "rule": {"kind": "parent"}}}},
	"r": {"rows": {"kind": "fixed", "count": 10}, "columns": {
		"t": {"type": "timestamptz", "rule": {"kind": "time"}},
		"p_id": {"type": "integer", "rule": {"kind": "reference", "table": "p", "after": {"parent": "t", "row": "t"}}},
		"p_time": {"type": "timestamptz", "rule": {"kind": "copy", "column": "p_id.t"}},
		"c_id": {"type": "integer", "rule": {"kind": "reference", "table": "c", "among": "p_id"}},
		"maybe": {"type": "integer", "nullable": true, "rule": {"kind": "reference", "table": "p", "after": {"parent": "t", "row": "t"}}}}}}}));
$node->safe_psql('postgres', "CREATE SCHEMA empty_$_; IMPORT FOREIGN SCHEMA empty FROM SERVER spindle INTO empty_$_ OPTIONS (scale '$_')") foreach 'some', 'none';
is($node->safe_psql('postgres', 'SELECT count(p_id), count(c_id), count(p_time), count(maybe) FROM empty_some.r'), '10|10|10|10', 'a reference with "after"');
foreach my $column ('p_id', 'p_time', 'c_id')
{
	($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT $column FROM empty_none.r");
	like($err, qr/ERROR:  22023: tables\.r\.columns\.p_id\.rule chooses among no rows at this scale/, "no rows to refer to: $column");
}
like($node->safe_psql('postgres', 'EXPLAIN SELECT 1 FROM empty_none.r JOIN empty_none.p ON p_id = id WHERE p_id > 2 GROUP BY p_time'),
	qr/Group/, 'planning goes on where no row can be computed');
is($node->safe_psql('postgres', 'SELECT count(*), count(maybe) FROM empty_none.r'), '10|0', 'no rows to refer to, and NULL allowed');
unlink "$dir/empty.json";

# Weights of 1e15 and numbers of many digits are numbers, whether they are
# written with an exponent or not.
write_file("$dir/long.json", q({"spindle": 1, "description": "", "range": {"start": "2024-01-01", "end": "2025-01-01"}, "presets": {"small": {}},
	"tables": {"t": {"rows": {"kind": "fixed", "count": 1000}, "columns": {
		"v": {"type": "text", "rule": {"kind": "weighted", "weights": {"a": 0.1000000000000000055511151231257827, "b": 0.3}}},
		"n": {"type": "double precision", "rule": {"kind": "uniform", "min": -0.12345678901234567, "max": 1000000000000000}}}}}}));
is_true('a number of 16 digits where a double is read',
	q(SELECT count(*) > 800 FROM spindle_rows('long', 't') AS t (v text, n float8) WHERE n > 1e14));

unlike(slurp_file($node->logfile), qr/was terminated by signal|PANIC|could not find|TRAP/, 'no crash');

$node->stop;
done_testing();
