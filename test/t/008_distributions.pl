# Do rules give what they declare?  A domain that uses every rule which draws,
# and for each the observed counts over its whole support, ends included,
# against the declared distribution, by chi-square.  Seed and definition are
# fixed, so the outcome is, too; the limit is a probability of about 10^-6,
# which rules out chance.  At 40000 rows a share that is off by a tenth shows.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('distributions');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION spindle');
my $dir = $node->basedir . '/domains';
mkdir $_ foreach $dir, "$dir/data";

sub write_file
{
	my ($path, $text) = @_;
	open my $fh, '>', $path or die "$path: $!";
	print $fh $text;
	close $fh or die "$path: $!";
}

write_file("$dir/data/fruits.json", '{"fields": ["name", "grp", "weight"], "rows": [["apple", "a", 6], ["pear", "a", 3], ["plum", "b", 1], ["fig", "b", 4]]}');
write_file("$dir/shares.json", <<'JSON');
{ "spindle": 1, "description": "every rule that draws", "range": {"start": "2023-01-01", "end": "2024-01-01"},
  "presets": {"small": {"t": 40000}},
  "tables": {
  "few": {"key": "id", "rows": {"kind": "fixed", "count": 10}, "columns": {
    "id": {"type": "integer", "rule": {"kind": "sequence"}},
    "kind": {"type": "text", "rule": {"kind": "weighted", "weights": {"a": 1, "b": 1}}}}},
  "tree": {"key": "id", "rows": {"kind": "fixed", "count": 2010}, "columns": {
    "id": {"type": "integer", "rule": {"kind": "sequence"}},
    "up": {"type": "integer", "nullable": true, "rule": {"kind": "hierarchy", "levels": 2, "roots": 10}}}},
  "t": {"key": "id", "rows": {"kind": "preset"}, "columns": {
    "id": {"type": "integer", "rule": {"kind": "sequence"}},
    "weighted": {"type": "integer", "rule": {"kind": "weighted", "weights": {"1": 1, "2": 5, "3": 0, "4": 94}}},
    "uniform": {"type": "smallint", "rule": {"kind": "uniform", "min": -3, "max": 3}},
    "cents": {"type": "numeric(4,2)", "rule": {"kind": "uniform", "min": 0.01, "max": 0.1}},
    "rounded": {"type": "double precision", "rule": {"kind": "uniform", "min": 0, "max": 1, "round": 1}},
    "normal": {"type": "double precision", "rule": {"kind": "normal", "mean": 10, "sd": 2}},
    "stars": {"type": "smallint", "rule": {"kind": "normal", "mean": 3, "sd": 1.5, "min": 1, "max": 5}},
    "whole_stars": {"type": "smallint", "rule": {"kind": "normal", "mean": 3, "sd": 1.5, "min": 0.5, "max": 5.499}},
    "lognormal": {"type": "double precision", "rule": {"kind": "lognormal", "mu": 1, "sigma": 0.5}},
    "pareto": {"type": "double precision", "rule": {"kind": "pareto", "min": 2, "alpha": 1.5}},
    "exponential": {"type": "double precision", "rule": {"kind": "exponential", "mean": 3}},
    "limited": {"type": "double precision", "rule": {"kind": "exponential", "mean": 3, "min": 1, "max": 4}},
    "geometric": {"type": "integer", "rule": {"kind": "geometric", "p": 0.4, "min": 2, "max": 8}},
    "poisson": {"type": "integer", "rule": {"kind": "poisson", "mean": 3.5, "max": 9}},
    "zipf": {"type": "integer", "rule": {"kind": "zipf", "exponent": 1.2, "max": 12}},
    "bernoulli": {"type": "boolean", "rule": {"kind": "bernoulli", "p": 0.07}},
    "day": {"type": "date", "rule": {"kind": "time"}},
    "ordered": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true}},
    "month": {"type": "timestamptz", "rule": {"kind": "time", "months": {"feb": 1, "mar": 2, "jul": 3}}},
    "weekday": {"type": "timestamptz", "rule": {"kind": "time", "weekdays": {"mon": 1, "thu": 4, "sun": 2}}},
    "season": {"type": "timestamptz", "rule": {"kind": "time", "months": {"jan": 1, "feb": 1, "dec": 4}, "weekdays": {"sat": 3, "sun": 1}}},
    "hour": {"type": "timestamptz", "rule": {"kind": "time", "hours": {"0": 1, "12": 3, "23": 2}}},
    "midnight": {"type": "timestamptz", "rule": {"kind": "constant", "value": "2023-06-01"}},
    "offset_days": {"type": "timestamptz", "rule": {"kind": "offset", "column": "midnight", "unit": "days", "by": {"distribution": "uniform", "min": -2, "max": 4}}},
    "offset_date": {"type": "date", "rule": {"kind": "offset", "column": "day", "unit": "days", "whole": false, "by": {"distribution": "uniform", "min": 1, "max": 5}}},
    "plus": {"type": "integer", "rule": {"kind": "correlated", "column": "uniform", "add": {"distribution": "uniform", "min": 1, "max": 6}}},
    "times": {"type": "numeric(6,1)", "rule": {"kind": "correlated", "column": "uniform", "factor": {"distribution": "uniform", "min": 0.5, "max": 1}}},
    "times_double": {"type": "double precision", "rule": {"kind": "correlated", "column": "uniform", "round": 1, "factor": {"distribution": "uniform", "min": 0.5, "max": 1}}},
    "nulls": {"type": "integer", "null": 0.2, "rule": {"kind": "constant", "value": 1}},
    "data": {"type": "text", "rule": {"kind": "data", "set": "fruits", "field": "name"}},
    "grp": {"type": "text", "rule": {"kind": "weighted", "weights": {"a": 1, "b": 1}}},
    "matched": {"type": "text", "rule": {"kind": "data", "set": "fruits", "field": "name", "match": {"field": "grp", "column": "grp"}}},
    "digit": {"type": "text", "rule": {"kind": "pattern", "pattern": "{random_digits:2}"}},
    "letter": {"type": "text", "rule": {"kind": "pattern", "pattern": "{random_letters:2}"}},
    "alnum": {"type": "text", "rule": {"kind": "pattern", "pattern": "{random_alnum:2}"}},
    "any": {"type": "integer", "rule": {"kind": "reference", "table": "few"}},
    "chosen": {"type": "integer", "rule": {"kind": "reference", "table": "few", "where": {"column": "id", "greater": 4}}},
    "after": {"type": "integer", "nullable": true, "rule": {"kind": "reference", "table": "t", "after": {"parent": "ordered", "row": "day_time"}}},
    "day_time": {"type": "timestamptz", "rule": {"kind": "time"}},
    "ranked": {"type": "integer", "rule": {"kind": "reference", "table": "few", "skew": {"exponent": 1}}},
    "branch": {"type": "text", "rule": {"kind": "case", "cases": [{"when": {"column": "bernoulli", "equals": true}, "then": {"kind": "weighted", "weights": {"x": 1, "y": 3}}}],
      "else": {"kind": "weighted", "weights": {"x": 2, "z": 1}}}},
    "child": {"type": "integer", "rule": {"kind": "child", "child": "three", "column": "rank", "pick": "random"}},
    "has_child": {"type": "text", "rule": {"kind": "case", "cases": [{"when": {"has_child": "some"}, "then": {"kind": "constant", "value": "yes"}}], "else": {"kind": "constant", "value": "no"}}}}},
  "three": {"key": "id", "rows": {"kind": "children", "of": "t", "ratio": 3, "min": 3, "max": 3}, "columns": {
    "id": {"type": "integer", "rule": {"kind": "sequence"}},
    "rank": {"type": "integer", "rule": {"kind": "formula", "expression": "id - t_id * 3 + 3"}},
    "t_id": {"type": "integer", "rule": {"kind": "parent"}}}},
  "some": {"rows": {"kind": "children", "of": "t", "ratio": 0.3, "max": 1}, "columns": {
    "t_id": {"type": "integer", "rule": {"kind": "parent"}}}},
  "spread": {"rows": {"kind": "children", "of": "t", "ratio": 2, "min": 1}, "columns": {
    "t_id": {"type": "integer", "rule": {"kind": "parent"}}}},
  "counted": {"rows": {"kind": "children", "of": "t", "ratio": 1.5, "counts": {"0": 1, "1": 1, "2": 1, "3": 1}}, "columns": {
    "t_id": {"type": "integer", "rule": {"kind": "parent"}}}}}}
JSON
$node->append_conf('postgresql.conf', "spindle.domain_directory = '$dir'\ntimezone = 'UTC'");
$node->reload;
$node->safe_psql('postgres', q(CREATE SCHEMA f; IMPORT FOREIGN SCHEMA shares FROM SERVER spindle INTO f));
$node->safe_psql('postgres', "CREATE TABLE $_ AS SELECT * FROM f.$_") foreach 'few', 'tree', 't', 'spread', 'counted';

# One value is compared with its declared weight: a query for the values, a
# query for all values that may occur with their weights.  What has no weight
# must not occur.
my @cases = (
	[ 'weighted', 'SELECT weighted FROM t', 'VALUES (1, 1), (2, 5), (4, 94)' ],
	[ 'uniform', 'SELECT uniform FROM t', 'SELECT v, 1 FROM generate_series(-3, 3) v' ],
	[ 'uniform, numeric', 'SELECT cents * 100 FROM t', 'SELECT v, 1 FROM generate_series(1, 10) v' ],
	[ 'uniform, rounded', 'SELECT (rounded * 10)::numeric FROM t', 'SELECT v, 1 FROM generate_series(0, 10) v' ],
	# parts between the quantiles, at which a continuous distribution has equal shares
	[ 'lognormal is normal of the logarithm', 'SELECT width_bucket((ln(lognormal) - 1) / 0.5, ARRAY[-1.281552, -0.841621, -0.524401, -0.253347, 0, 0.253347, 0.524401, 0.841621, 1.281552]) FROM t', 'SELECT v, 1 FROM generate_series(0, 9) v' ],
	[ 'normal', 'SELECT width_bucket((normal - 10) / 2, ARRAY[-1.281552, -0.841621, -0.524401, -0.253347, 0, 0.253347, 0.524401, 0.841621, 1.281552]) FROM t', 'SELECT v, 1 FROM generate_series(0, 9) v' ],
	# the normal distribution's shares from 1 to 1.5, from 1.5 to 2.5 and so on; from 0.5 to 1.5 ...
	[ 'normal, limited and rounded', 'SELECT stars FROM t', 'VALUES (1, 0.067444), (2, 0.210786), (3, 0.261117), (4, 0.210786), (5, 0.067444)' ],
	[ 'normal, rounded, limited between values', 'SELECT whole_stars FROM t', 'VALUES (1, 0.110865), (2, 0.210786), (3, 0.261117), (4, 0.210786), (5, 0.110865)' ],
	[ 'pareto', 'SELECT floor(20 * (1 - (2 / pareto) ^ 1.5))::int FROM t', 'SELECT v, 1 FROM generate_series(0, 19) v' ],
	[ 'exponential', 'SELECT floor(20 * (1 - exp(- exponential / 3)))::int FROM t', 'SELECT v, 1 FROM generate_series(0, 19) v' ],
	[ 'exponential with limits', 'SELECT floor(20 * (1 - exp((1 - limited) / 3)) / (1 - exp(-1)))::int FROM t', 'SELECT v, 1 FROM generate_series(0, 19) v' ],
	[ 'geometric', 'SELECT geometric FROM t', 'SELECT v, 0.6 ^ v FROM generate_series(2, 8) v' ],
	[ 'poisson', 'SELECT poisson FROM t', 'SELECT v, 3.5 ^ v / factorial(v) FROM generate_series(0, 9) v' ],
	[ 'zipf', 'SELECT zipf FROM t', 'SELECT v, v ^ -1.2 FROM generate_series(1, 12) v' ],
	[ 'bernoulli', 'SELECT bernoulli FROM t', 'VALUES (true, 0.07), (false, 0.93)' ],
	[ 'time: days', 'SELECT day FROM t', "SELECT d::date, 1 FROM generate_series('2023-01-01'::timestamp, '2023-12-31', '1 day') d" ],
	[ 'time: days, ordered', 'SELECT ordered::date FROM t', "SELECT d::date, 1 FROM generate_series('2023-01-01'::timestamp, '2023-12-31', '1 day') d" ],
	[ 'time: hours without the member', 'SELECT extract(hour FROM ordered) FROM t', 'SELECT v, 1 FROM generate_series(0, 23) v' ],
	[ 'time: minutes', 'SELECT extract(minute FROM hour) FROM t', 'SELECT v, 1 FROM generate_series(0, 59) v' ],
	[ 'time: months', 'SELECT extract(month FROM month) FROM t', 'VALUES (2, 1), (3, 2), (7, 3)' ],
	[ 'time: days of a month', 'SELECT month::date FROM t WHERE extract(month FROM month) = 3', "SELECT d::date, 1 FROM generate_series('2023-03-01'::timestamp, '2023-03-31', '1 day') d" ],
	[ 'time: weekdays', 'SELECT extract(isodow FROM weekday) FROM t', 'VALUES (1, 1), (4, 4), (7, 2)' ],
	[ 'time: all Thursdays', 'SELECT weekday::date FROM t WHERE extract(isodow FROM weekday) = 4', "SELECT d::date, 1 FROM generate_series('2023-01-05'::timestamp, '2023-12-31', '7 days') d" ],
	[ 'time: months and weekdays', 'SELECT extract(month FROM season) * 10 + extract(isodow FROM season) FROM t', 'VALUES (16, 3), (17, 1), (26, 3), (27, 1), (126, 12), (127, 4)' ],
	[ 'time: hours', 'SELECT extract(hour FROM hour) FROM t', 'VALUES (0, 1), (12, 3), (23, 2)' ],
	[ 'offset, whole', "SELECT offset_days::date - '2023-06-01' FROM t", 'SELECT v, 1 FROM generate_series(-2, 4) v' ],
	[ 'offset of a date', 'SELECT offset_date - day FROM t', 'SELECT v, 1 FROM generate_series(1, 5) v' ],
	[ 'correlated, plus', 'SELECT plus - uniform FROM t', 'SELECT v, 1 FROM generate_series(1, 6) v' ],
	[ 'correlated, times', 'SELECT times * 10 FROM t WHERE uniform = 3', 'SELECT v, 1 FROM generate_series(15, 30) v' ],
	[ 'correlated, times, below zero', 'SELECT times * 10 FROM t WHERE uniform = -2', 'SELECT v, 1 FROM generate_series(-20, -10) v' ],
	[ 'correlated, rounded', 'SELECT (times_double * 10)::numeric FROM t WHERE uniform = 3', 'SELECT v, 1 FROM generate_series(15, 30) v' ],
	[ 'nulls', 'SELECT coalesce(nulls, 0) FROM t', 'VALUES (0, 1), (1, 4)' ],
	[ 'data', 'SELECT data FROM t', "VALUES ('apple', 6), ('pear', 3), ('plum', 1), ('fig', 4)" ],
	[ 'data that match', 'SELECT matched FROM t', "VALUES ('apple', 6 / 9.0), ('pear', 3 / 9.0), ('plum', 1 / 5.0), ('fig', 4 / 5.0)" ],
	[ 'pattern: digits', 'SELECT digit FROM t', "SELECT to_char(v, 'FM00'), 1 FROM generate_series(0, 99) v" ],
	[ 'pattern: letters', 'SELECT substr(letter, k, 1) FROM t, generate_series(1, 2) k', 'SELECT chr(v), 1 FROM generate_series(65, 90) v' ],
	[ 'pattern: both', 'SELECT substr(alnum, k, 1) FROM t, generate_series(1, 2) k', "SELECT substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', v, 1), 1 FROM generate_series(1, 36) v" ],
	[ 'reference', 'SELECT "any" FROM t', 'SELECT v, 1 FROM generate_series(1, 10) v' ],
	[ 'reference with where', 'SELECT chosen FROM t', 'SELECT v, 1 FROM generate_series(5, 10) v' ],
	[ 'reference with after', 'SELECT floor(20.0 * (after - 1) / n)::int FROM t x, LATERAL (SELECT greatest(1, round(40000 * extract(epoch FROM day_time - \'2023-01-01\') / 31536000.0)) AS n) y WHERE n > 20000 AND after <= n * 0.95', 'SELECT v, 1 FROM generate_series(0, 18) v' ],
	[ 'reference by rank', 'SELECT r FROM (SELECT row_number() OVER (ORDER BY count(*) DESC) AS r, count(*) AS n FROM t GROUP BY ranked) s, generate_series(1, n)', 'SELECT v, 1.0 / v FROM generate_series(1, 10) v' ],
	[ 'hierarchy', 'SELECT up FROM tree WHERE id > 10', 'SELECT v, 1 FROM generate_series(1, 10) v' ],
	[ 'case', "SELECT branch || bernoulli FROM t", "VALUES ('xtrue', 0.07 * 0.25), ('ytrue', 0.07 * 0.75), ('xfalse', 0.93 * 2 / 3), ('zfalse', 0.93 / 3)" ],
	[ 'a random child', 'SELECT child FROM t', 'SELECT v, 1 FROM generate_series(1, 3) v' ],
	[ 'children: which parents have one', "SELECT id % 20 FROM t WHERE has_child = 'yes'", 'SELECT v, 1 FROM generate_series(0, 19) v' ],
	# one each, and 16 thrown at 16 parents
	[ 'children: thrown evenly', 'SELECT least(n, 6) FROM (SELECT count(*) AS n FROM spread GROUP BY t_id) s', 'SELECT v, CASE WHEN v < 6 THEN 15.0 ^ (17 - v) * factorial(16) / factorial(v - 1) / factorial(17 - v) ELSE 16.0 ^ 16 - (SELECT sum(15.0 ^ (17 - w) * factorial(16) / factorial(w - 1) / factorial(17 - w)) FROM generate_series(1, 5) w) END FROM generate_series(1, 6) v' ],
	[ 'children: at all places of a block', 'SELECT (t_id - 1) % 16 FROM spread', 'SELECT v, 1 FROM generate_series(0, 15) v' ],
	[ 'children by counts', 'SELECT count(c.t_id) FROM t LEFT JOIN counted c ON c.t_id = t.id GROUP BY t.id', 'SELECT v, 1 FROM generate_series(0, 3) v' ]);

sub compare
{
	my ($name, $values, $declared) = @_;
	# Wilson and Hilferty: the cube root of chi-square is close to normal, with
	# a mean of 1 - 2 / (9 df) and a variance of 2 / (9 df) once divided by df
	my $result = $node->safe_psql('postgres', qq(
		WITH observed AS (SELECT regexp_replace(v::text, '[.]0+\$', '') AS v, count(*) AS n FROM ($values) s (v) GROUP BY 1),
		declared AS (SELECT regexp_replace(v::text, '[.]0+\$', '') AS v, w::float8 / sum(w::float8) OVER () AS share FROM ($declared) s (v, w)),
		total AS (SELECT sum(n) AS n FROM observed),
		compared AS (SELECT coalesce(o.n, 0) AS n, total.n * share AS expected FROM observed o FULL JOIN declared d USING (v) CROSS JOIN total),
		chi AS (SELECT sum((n - expected) ^ 2 / expected) AS chi2, count(*) - 1 AS df, bool_or(expected IS NULL) AS has_other, min(expected) AS least FROM compared)
		SELECT NOT has_other AND least >= 5 AND (df = 0 OR ((chi2 / df) ^ (1 / 3.0) - (1 - 2 / (9.0 * df))) / sqrt(2 / (9.0 * df)) < 4.75), round(chi2::numeric, 1), df, has_other FROM chi));
	like($result, qr/^t\|/, $name) or diag($result);
}

compare(@$_) foreach @cases;

# --- Skewed references to tables of several sizes.  More than 1024 rows are cut
# into blocks of 1024 with the same profile; a row's rank in its block, and so
# its popularity, does not depend on how many rows there are behind the block. ---
my %sizes = (1 => 20000, 2 => 20000, 1023 => 200000, 1024 => 200000, 1025 => 1000000, 1500 => 200000, 2048 => 1000000, 5000 => 400000, 5120 => 400000);
my $presets = join(', ', map { qq("n$_": {"s": $_, "t": $sizes{$_}}) } sort { $a <=> $b } keys %sizes);
write_file("$dir/sizes.json", <<"JSON");
{ "spindle": 1, "description": "choices among several numbers of rows", "range": {"start": "2023-01-01", "end": "2024-01-01"},
  "presets": {$presets},
  "tables": {
  "s": {"key": "id", "rows": {"kind": "preset"}, "columns": {
    "id": {"type": "integer", "rule": {"kind": "sequence"}},
    "born": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true, "first_at_start": true}}}},
  "t": {"key": "id", "rows": {"kind": "preset"}, "columns": {
    "id": {"type": "integer", "rule": {"kind": "sequence"}},
    "ranked": {"type": "integer", "rule": {"kind": "reference", "table": "s", "skew": {"exponent": 1}}},
    "shared": {"type": "integer", "rule": {"kind": "reference", "table": "s", "skew": {"top": 0.2, "share": 0.8}}},
    "even": {"type": "integer", "rule": {"kind": "reference", "table": "s"}},
    "at": {"type": "timestamptz", "rule": {"kind": "weighted", "weights": {"2023-01-03": 1, "2023-01-20": 1, "2023-03-10": 1, "2023-03-20": 1, "2023-04-20": 1, "2023-11-01": 1, "2024-06-01": 14}}},
    "after_ranked": {"type": "integer", "nullable": true, "rule": {"kind": "reference", "table": "s", "skew": {"exponent": 1}, "after": {"parent": "born", "row": "at"}}},
    "after_steep": {"type": "integer", "nullable": true, "rule": {"kind": "reference", "table": "s", "skew": {"exponent": 3}, "after": {"parent": "born", "row": "at"}}},
    "after_shared": {"type": "integer", "nullable": true, "rule": {"kind": "reference", "table": "s", "skew": {"top": 0.2, "share": 0.8}, "after": {"parent": "born", "row": "at"}}},
    "after_even": {"type": "integer", "nullable": true, "rule": {"kind": "reference", "table": "s", "after": {"parent": "born", "row": "at"}}}}}}}
JSON
foreach my $n (keys %sizes)
{
	my $columns = $n == 5000 ? '*' : 'id, ranked, shared, even';
	$node->safe_psql('postgres', "CREATE SCHEMA f$n; IMPORT FOREIGN SCHEMA sizes LIMIT TO (s, t) FROM SERVER spindle INTO f$n OPTIONS (scale 'n$n');
		CREATE TABLE t$n AS SELECT $columns FROM f$n.t");
}

# Compare two samples of chosen rows, which are queries: every row has the same
# share in both.  Rows that are chosen rarely count together, those of a block.
sub alike
{
	my ($name, $one, $other) = @_;
	my $result = $node->safe_psql('postgres', qq(
		WITH one AS (SELECT v, count(*) AS n FROM ($one) s (v) GROUP BY v), other AS (SELECT v, count(*) AS n FROM ($other) s (v) GROUP BY v),
		each AS (SELECT v, coalesce(one.n, 0) AS a, coalesce(other.n, 0) AS b FROM one FULL JOIN other USING (v)),
		cell AS (SELECT sum(a) AS a, sum(b) AS b FROM each GROUP BY (v - 1) / 1024, CASE WHEN a + b >= 20 THEN v END
			UNION ALL SELECT 0, 0),
		total AS (SELECT sum(a) AS a, sum(b) AS b FROM cell),
		chi AS (SELECT sum((c.a * sqrt(t.b / t.a) - c.b * sqrt(t.a / t.b)) ^ 2 / (c.a + c.b)) AS chi2, count(*) - 1 AS df, min(t.b) AS n FROM cell c, total t WHERE c.a + c.b > 0)
		SELECT df = 0 OR ((chi2 / df) ^ (1 / 3.0) - (1 - 2 / (9.0 * df))) / sqrt(2 / (9.0 * df)) < 4.75, round(chi2, 1), df, n FROM chi));
	like($result, qr/^t\|.*\|\d{3,}$/, $name) or diag($result);
}

foreach my $n (sort { $a <=> $b } keys %sizes)
{
	# ranks by one half of the choices, the shares of the first ones by the other
	my $full = $n < 1024 ? $n : $n - $n % 1024;
	my $first = $n < 4 ? $n : 4;
	my $profile = $n < 1024 ? $n : 1024;
	compare("$n rows: the first ranks of a block",
		"SELECT coalesce(rank, 0) FROM t$n LEFT JOIN (SELECT ranked, row_number() OVER (PARTITION BY (ranked - 1) / 1024 ORDER BY count(*) DESC) AS rank FROM t$n WHERE id % 2 = 0 GROUP BY ranked) r ON r.ranked = t$n.ranked AND rank <= $first WHERE id % 2 = 1 AND t$n.ranked <= $full",
		"SELECT CASE WHEN v <= $first THEN v ELSE 0 END, sum(1.0 / v) FROM generate_series(1, $profile) v GROUP BY 1");
	compare("$n rows: evenly", "SELECT even FROM t$n", "SELECT v, 1 FROM generate_series(1, $n) v");

	# with a last block that is not full: as if it were full, but for those that are not there
	next if $n <= 1024 || $n % 1024 == 0;
	my $whole = $n + 1024 - $n % 1024;
	foreach my $column ('ranked', 'shared')
	{
		my @samples = ("SELECT %s FROM t$whole WHERE id % 2 = 0 AND $column <= $n", "SELECT %s FROM t$n WHERE id % 2 = 1");
		alike("$n rows, $column: rows", map { s/%s/$column/r } @samples);
		alike("$n rows, $column: blocks", map { s/%s/($column - 1) \/ 1024 * 1024 + 1/r } @samples);
	}
}

# Rows that existed at a time: as among all, but for those that came later.
foreach my $day ('2023-01-03', '2023-01-20', '2023-03-10', '2023-03-20', '2023-04-20', '2023-11-01')
{
	my $n = $node->safe_psql('postgres', "SELECT count(*) FROM f5000.s WHERE born <= '$day'");
	foreach my $column ('after_ranked', 'after_steep', 'after_shared', 'after_even')
	{
		alike("the first $n rows, $column", "SELECT $column FROM t5000 WHERE at = '2024-06-01' AND $column <= $n", "SELECT $column FROM t5000 WHERE at = '$day'");
	}
}

$node->stop;
done_testing();
