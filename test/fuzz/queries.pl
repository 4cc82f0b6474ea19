# Random queries over foreign tables give what they give over stored copies of
# the same rows, whatever plan is chosen.
#
#   prove test/fuzz/queries.pl :: [--seed N] [--seconds N] [--count N] [--first N]
use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__);
use File::Copy;
use PostgreSQL::Test::Utils;
use SpindleFuzz;
use Test::More;

options(count => 3000, seconds => 1200);

my $node = start_server('queries', "statement_timeout = '15s'", "timezone = 'UTC'",
	'max_worker_processes = 8', 'max_parallel_workers = 4', 'shared_buffers = 128MB');
my $dir = $node->basedir . '/domains';
mkdir $_ foreach $dir, "$dir/data";
copy($_, "$dir/" . s{^test/data/}{}r) or die "$_: $!" foreach glob('test/data/*.json'), glob('test/data/data/*.json');

# So many rows that scans are parallel.
write_file("$dir/long.json", <<'JSON');
{ "spindle": 1, "description": "", "range": {"start": "2023-01-01", "end": "2025-01-01"}, "presets": {"small": {}}, "tables": {
  "parent": {"key": "id", "event_time": "t", "rows": {"kind": "fixed", "count": 320000}, "columns": {
    "id": {"type": "integer", "rule": {"kind": "sequence", "start": 7, "step": 3}},
    "t": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true}},
    "u": {"type": "integer", "null": 0.1, "rule": {"kind": "uniform", "min": 0, "max": 999}}}},
  "child": {"key": "id", "event_time": "p_id.t", "rows": {"kind": "children", "of": "parent", "ratio": 1.1, "max": 3}, "columns": {
    "id": {"type": "bigint", "rule": {"kind": "sequence"}},
    "p_id": {"type": "integer", "rule": {"kind": "parent"}},
    "v": {"type": "numeric(8,2)", "rule": {"kind": "uniform", "min": -10, "max": 10}}}}}}
JSON

# Keys and references of all kinds by which rows are found, and rules that make what
# conditions compare; and the example of the manual, whose rules are all.
write_file("$dir/found.json", <<'JSON');
{ "spindle": 1, "description": "", "range": {"start": "2023-01-01", "end": "2025-01-01"}, "presets": {"small": {"tenant": 40, "down": 3000}}, "tables": {
  "tenant": {"key": "id", "rows": {"kind": "preset"}, "columns": {"id": {"type": "uuid", "rule": {"kind": "uuid"}}, "name": {"type": "text", "rule": {"kind": "pattern", "pattern": "t{row}"}}}},
  "member": {"key": ["tenant_id", "n"], "unique": [["tenant_id", "slug"]], "event_time": "at", "rows": {"kind": "children", "of": "tenant", "ratio": 60, "min": 10, "max": 90}, "copula": [{"columns": ["age", "income", "grade"], "correlations": [[0.7], [0.4, 0.2]]}], "columns": {
    "tenant_id": {"type": "uuid", "rule": {"kind": "parent"}},
    "n": {"type": "smallint", "rule": {"kind": "ordinal", "start": 5, "step": 2}},
    "id": {"type": "uuid", "rule": {"kind": "uuid", "version": 7, "time": "at"}},
    "at": {"type": "timestamptz", "rule": {"kind": "time", "ordered": true, "quantiles": ["2023-01-01", "2023-02-01", "2024-06-01", "2024-06-01", "2024-12-31"]}},
    "slug": {"type": "varchar(20)", "rule": {"kind": "pool", "size": 200, "distinct": "parent", "skew": {"exponent": 0.5}, "rule": {"kind": "pattern", "pattern": "s-{row}"}}},
    "age": {"type": "integer", "null": 0.1, "rule": {"kind": "normal", "mean": 40, "sd": 12, "min": 18, "max": 90}},
    "income": {"type": "numeric(10,2)", "rule": {"kind": "lognormal", "mu": 8, "sigma": 0.5}},
    "grade": {"type": "text", "rule": {"kind": "weighted", "weights": {"low": 3, "middle": 4, "high": 1}}},
    "how": {"type": "smallint", "rule": {"kind": "variant", "variants": [{"values": {"paid": true}}, {"weight": 2, "values": {"paid": false, "due": null}}]}},
    "paid": {"type": "boolean", "rule": {"kind": "of_variant", "variant": "how"}},
    "due": {"type": "date", "nullable": true, "rule": {"kind": "of_variant", "variant": "how", "rule": {"kind": "formula", "expression": "date(at) + 14"}}},
    "area": {"type": "text", "rule": {"kind": "pattern", "pattern": "A{random_digits:2}", "keyed_by": ["grade"]}},
    "chief_row": {"type": "row", "hidden": true, "null": 0.2, "rule": {"kind": "reference", "table": "member", "among": "tenant_id"}},
    "chief": {"type": "smallint", "nullable": true, "rule": {"kind": "copy", "column": "chief_row.n"}},
    "took": {"type": "interval", "rule": {"kind": "exponential", "mean": 3000}},
    "clock": {"type": "time", "rule": {"kind": "empirical", "quantiles": [0, 30000, 40000, 86399], "values": {"43200": 0.3}}}}},
  "down": {"key": "k", "rows": {"kind": "preset"}, "columns": {
    "k": {"type": "integer", "rule": {"kind": "formula", "expression": "20000 - 3 * row()"}},
    "p": {"type": "bigint", "rule": {"kind": "permuted", "start": 100, "step": 3}},
    "z": {"type": "numeric(10,1)", "rule": {"kind": "formula", "expression": "div(row() - 1, 7) * 7.5 - mod(row() - 1, 7) * 0.5"}},
    "g": {"type": "integer", "rule": {"kind": "grid", "grid": "g", "values": 100}},
    "h": {"type": "text", "rule": {"kind": "grid", "grid": "g", "values": ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z", "aa", "bb", "cc", "dd"]}},
    "code": {"type": "varchar(20)", "rule": {"kind": "pattern", "pattern": "D{row}-{h}"}}}},
  "period": {"rows": {"kind": "children", "of": "down", "ratio": 1.3, "max": 4}, "columns": {
    "k": {"type": "integer", "rule": {"kind": "parent"}},
    "z": {"type": "numeric(10,1)", "rule": {"kind": "copy", "column": "k.z"}},
    "begins": {"type": "timestamp", "rule": {"kind": "periods", "part": "start"}},
    "ends": {"type": "timestamp", "rule": {"kind": "periods", "part": "end", "start": "begins", "gap": 0.3}},
    "by_value": {"type": "integer", "references": "down", "rule": {"kind": "uniform", "min": 11000, "max": 20000}},
    "found": {"type": "bigint", "nullable": true, "rule": {"kind": "copy", "column": "by_value.p"}},
    "mask": {"type": "text", "rule": {"kind": "shape", "shapes": {"Aa{2,4}": 1, "99": 1}}},
    "like": {"type": "text", "rule": {"kind": "regex", "expression": "[ab]{1,2}\\d"}},
    "prose": {"type": "varchar(30)", "rule": {"kind": "words", "count": {"distribution": "uniform", "min": 1, "max": 4}}},
    "flag": {"type": "boolean", "rule": {"kind": "case", "cases": [{"when": {"or": [{"column": "found", "is": "null"}, {"not": {"column": "begins", "less": {"column": "ends"}}}]}, "then": {"kind": "constant", "value": true}}], "else": {"kind": "constant", "value": false}}}}}}}
JSON
slurp_file('docs/domain-format.md') =~ /^## Complete example\s+```json\n(.*?)^```/ms or die 'no example';
write_file("$dir/helpdesk.json", $1);
$node->append_conf('postgresql.conf', "spindle.domain_directory = '$dir'");
$node->reload;

# The same tables in two schemas: f computes them, s stores them.
my @sources = ([ 'retail', 'fabric_demo' ], [ 'every', 'small' ], [ 'long', 'small' ], [ 'unique_rules', 'few' ], [ 'combinations', 'small' ], [ 'found', 'small' ], [ 'helpdesk', 'small' ]);
my $plain = connect_to('postgres', 'SET search_path = pg_catalog, public', 'SET max_parallel_workers_per_gather = 0');
my $tuned = connect_to('postgres', 'SET search_path = pg_catalog, public');
my %tables; # name => {rows, columns => [{name, type, values, ordered}], key, unique}
my @links;  # [child, column, parent, key]

value($plain, "CREATE SCHEMA $_") foreach 'f', 's';
foreach my $source (@sources)
{
	my ($domain, $scale) = @$source;
	value($plain, "CREATE SCHEMA import; IMPORT FOREIGN SCHEMA $domain FROM SERVER spindle INTO import OPTIONS (scale '$scale')");
	foreach my $table (map { @$_ } @{ run($plain, "SELECT table_name FROM spindle_tables('$domain', '$scale')")->{rows} })
	{
		my $name = "${domain}_$table";
		value($plain, qq(ALTER FOREIGN TABLE import."$table" RENAME TO $name; ALTER FOREIGN TABLE import.$name SET SCHEMA f;
			CREATE TABLE s.$name AS SELECT * FROM f.$name));
		my ($key, $several_keys);
		my @columns;
		foreach my $row (@{ run($plain, "SELECT column_name, data_type, is_key, references_table, rule FROM spindle_columns('$domain', '$table')")->{rows} })
		{
			my ($column, $type, $is_key, $references, $rule) = @$row;
			next if $type eq 'json'; # which is not even equal to itself
			$several_keys++ if $is_key && defined $key;
			$key = $column if $is_key;
			push @links, [ $name, $column, "${domain}_$references" ] if defined $references;
			my $values = run($plain, "SELECT ${column}::text FROM (SELECT $column, row_number() OVER (ORDER BY $column) AS n, count(*) OVER () AS total FROM s.$name WHERE $column IS NOT NULL) r
				WHERE n IN (1, 2, total) OR n % greatest(1, total / 23) = 0")->{rows};
			my $ordered = $rule =~ /^(?:different )?numbers from|uuid|^computed from the row number|in order|row of .* that this row belongs to|ordered|rising|rise/ ? 1 : 0;
			push @columns, { name => $column, type => $type, values => [ map { $_->[0] } @$values ], ordered => $ordered };
			value($plain, "CREATE INDEX ON s.$name ($column)") if $ordered;
		}
		undef $key if $several_keys;
		value($plain, "ANALYZE s.$name");
		value($plain, "ANALYZE f.$name") if $table ne 'child' && keys(%tables) % 2; # without statistics, too
		my $rows = value($plain, "SELECT count(*) FROM s.$name");
		$tables{$name} = { rows => $rows, columns => \@columns, key => $key };
	}
	value($plain, 'DROP SCHEMA import');
}
@links = grep { exists $tables{ $_->[2] } && defined $tables{ $_->[2] }{key} } @links;
my @names = sort keys %tables;
my @handy = grep { $tables{$_}{rows} <= 5000 } @names;
cmp_ok(scalar(@names), '>', 15, 'tables');
cmp_ok(scalar(@links), '>', 15, 'references');

# --- pieces of queries ---

my $parameters; # [[type, value, other value]]: of the query that is made

sub column_of
{
	my ($table, $want) = @_;
	my @columns = @{ $tables{$table}{columns} };
	if (chance(0.5))
	{
		my @ordered = grep { $_->{ordered} } @columns;
		@columns = @ordered if @ordered;
	}
	my @fit = $want ? grep { $want->($_) } @columns : @columns;
	return @fit ? pick(@fit) : pick(@{ $tables{$table}{columns} });
}

sub is_number { return $_[0]{type} =~ /^(smallint|integer|bigint|numeric)/; }
sub is_exact_key { return $_[0]{type} =~ /^(smallint|integer|bigint)$/; }
sub is_time { return $_[0]{type} =~ /^(date|timestamp)/; }

# A value that is or might be in the column, as SQL.
sub value_of
{
	my ($column, $no_parameter) = @_;
	my $type = $column->{type};
	return "NULL::$type" if chance(0.03) || !@{ $column->{values} };
	my $value = pick(@{ $column->{values} });
	if (!$no_parameter && chance(0.2))
	{
		push @$parameters, [ $type, $value, pick(@{ $column->{values} }, undef) ];
		return '$' . @$parameters;
	}
	my $sql = literal($value) . "::$type";
	if (is_number($column) && chance(0.3)) { $sql = '(' . $sql . pick(' - 1', ' + 1', ' * 2', ' - 100000', ' + 0.5') . ')'; }
	elsif (is_time($column) && chance(0.3)) { $sql = '(' . $sql . pick(" - interval '1 day'", " + interval '3 hours'", " - interval '100 years'", " + interval '1 microsecond'") . ')'; }
	elsif (is_time($column) && chance(0.1)) { $sql = pick("'infinity'", "'-infinity'", 'now()', 'current_date'); }
	elsif ($type eq 'integer' && chance(0.15)) { $sql = pick('0', '-1', '2147483647', '(-2147483648)', '9223372036854775807', '1e20', '3.0::float8', '5::smallint'); }
	return $sql;
}

sub condition
{
	my ($alias, $table, $depth) = @_;
	my $column = column_of($table);
	my $c = "$alias.$column->{name}";
	my $kind = below(16);
	if ($kind <= 4) { return "$c " . pick('=', '<', '<=', '>', '>=', '<>') . ' ' . value_of($column); }
	if ($kind == 5) { return "$c BETWEEN " . value_of($column) . ' AND ' . value_of($column); }
	if ($kind == 6) { return "$c IN (" . join(', ', map { value_of($column) } 0 .. below(6)) . ')'; }
	if ($kind == 7) { return "$c = ANY (ARRAY[" . join(', ', map { value_of($column, chance(0.8)) } 0 .. below(40)) . "]::$column->{type}\[])"; }
	if ($kind == 8) { return "$c " . pick('IS NULL', 'IS NOT NULL'); }
	if ($kind == 9)
	{
		my ($other) = pick(@handy);
		my $o = column_of($other, sub { $_[0]{type} eq $column->{type} });
		return "true" if $o->{type} ne $column->{type};
		return "$c " . pick('IN', '= ANY', 'NOT IN') . " (SELECT x.$o->{name} FROM {s}.$other x WHERE " . ($depth ? 'true' : condition('x', $other, 1)) . ')';
	}
	if ($kind == 10)
	{
		my @fit = grep { $_->[0] eq $table || $_->[2] eq $table } @links;
		return "true" if !@fit;
		my ($child, $reference, $parent) = @{ pick(@fit) };
		my ($other, $on) = $parent eq $table ? ($child, "x.$reference = $alias.$tables{$parent}{key}") : ($parent, "x.$tables{$parent}{key} = $alias.$reference");
		return pick('', 'NOT ') . "EXISTS (SELECT FROM {s}.$other x WHERE $on AND " . ($depth ? 'true' : condition('x', $other, 1)) . ')';
	}
	if ($kind == 11 && !$depth) { return '(' . condition($alias, $table, 1) . ' OR ' . condition($alias, $table, 1) . ')'; }
	if ($kind == 12 && !$depth) { return 'NOT (' . condition($alias, $table, 1) . ')'; }
	if ($kind == 13)
	{
		my $other = pick(@handy);
		my $o = column_of($other, sub { $_[0]{type} eq $column->{type} });
		return "$c IS NOT NULL" if $o->{type} ne $column->{type} || $o->{type} eq 'boolean';
		return "$c " . pick('=', '<', '>=', '<>') . " (SELECT " . pick('min', 'max') . "(x.$o->{name}) FROM {s}.$other x)";
	}
	if ($kind == 14 && $column->{type} =~ /text|varchar/) { return "$c " . pick('LIKE', '~~*', 'NOT LIKE') . " '%" . pick('a', 'B', '1', 'er') . "%'"; }
	if ($kind == 15 && is_number($column)) { return "$c % " . pick(2, 3, 7, 100) . ' = ' . pick(0, 1, 2); }
	return "($c " . pick('=', '>', '<') . ' ' . value_of($column) . ') IS ' . pick('', 'NOT ') . pick('TRUE', 'FALSE', 'UNKNOWN');
}

# A query as lists of parts, so that parts can be taken away.
sub make_query
{
	$parameters = [];
	my $table = chance(0.7) ? pick(@handy) : pick(@names);
	my %q = (from => [ { alias => 'a', table => $table, sql => "{s}.$table a" } ], where => [], select => [], group => [], having => [], order => []);
	my $large = $tables{$table}{rows} > 5000;

	for my $n (1 .. (chance(0.55) ? 1 + below(3) : 0))
	{
		my $left = pick(@{ $q{from} });
		my @fit = grep { $_->[0] eq $left->{table} || $_->[2] eq $left->{table} } @links;
		my $alias = (qw(a b c d e))[$n];
		my $join = pick('JOIN', 'JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN');
		if (@fit)
		{
			my ($child, $reference, $parent) = @{ pick(@fit) };
			my $key = $tables{$parent}{key};
			# rows of a parent of few rows are children of no end
			my ($other, $mine, $theirs) = $parent eq $left->{table} ? ($child, $key, $reference) : ($parent, $reference, $key);
			next if $other eq $child && $tables{$parent}{rows} < 100;
			if (chance(0.3))
			{
				my $o = column_of($other);
				my $direction = pick('', ' DESC');
				my $order = defined $tables{$other}{key} ? "x.$tables{$other}{key}$direction" : 'x';
				push @{ $q{from} }, { alias => $alias, table => $other,
					sql => pick('JOIN', 'LEFT JOIN') . " LATERAL (SELECT * FROM {s}.$other x WHERE x.$theirs " . ($large ? '=' : pick('=', '=', '<=', '>')) . " $left->{alias}.$mine ORDER BY $order LIMIT " . below(4) . ") $alias ON true" };
				next;
			}
			my $more = chance(0.3) ? ' AND ' . condition($alias, $other, 1) : '';
			$more = '' if $join eq 'FULL JOIN';
			push @{ $q{from} }, { alias => $alias, table => $other, sql => "$join {s}.$other $alias ON $alias.$theirs = $left->{alias}.$mine$more" };
		}
		elsif (defined $tables{ $left->{table} }{key})
		{
			my $key = $tables{ $left->{table} }{key};
			push @{ $q{from} }, { alias => $alias, table => $left->{table}, sql => "$join {s}.$left->{table} $alias ON $alias.$key = $left->{alias}.$key" };
		}
	}
	foreach my $from (@{ $q{from} })
	{
		push @{ $q{where} }, condition($from->{alias}, $from->{table}, 0) foreach 1 .. pick(0, 0, 0, 1, 1, 2);
	}

	my $one = @{ $q{from} } == 1;
	my @all = map { my $from = $_; map { [ "$from->{alias}.$_->{name}", $_ ] } @{ $tables{ $from->{table} }{columns} } } @{ $q{from} };
	my $form = below(10);
	if ($form <= 2)
	{
		my @group = map { pick(@all)->[0] } 0 .. below(2);
		my @numbers = grep { is_number($_->[1]) } @all;
		$q{group} = \@group;
		$q{select} = [ @group, 'count(*)', map { my $of = pick(@all); pick("count($of->[0])", "count(DISTINCT $of->[0])", @numbers ? pick('sum', 'min', 'max') . '(' . pick(@numbers)->[0] . ')' : ()) } 0 .. below(3) ];
		$q{having} = [ 'count(*) > ' . below(4) ] if chance(0.3);
	}
	elsif ($form == 3)
	{
		$q{select} = [ 'count(*)', map { my $of = pick(@all); my $f = $of->[1]{type} eq 'boolean' ? 'bool_or' : pick('min', 'max'); "$f($of->[0])" } 0 .. below(3) ];
	}
	else
	{
		$q{select} = [ map { pick(@all)->[0] } 0 .. below(5) ];
		$q{select} = [ map { $_->[0] } @all ] if chance(0.15);
		$q{distinct} = 1 if chance(0.15);
		my $key = $tables{$table}{key};
		if (chance(0.2) && $one && defined $key)
		{
			my $partition = pick(@all)->[0];
			push @{ $q{select} }, pick("row_number() OVER (PARTITION BY $partition ORDER BY a.$key)", "lag(a.$key) OVER (ORDER BY a.$key)",
				"count(*) OVER (PARTITION BY $partition)", "rank() OVER (ORDER BY $partition DESC)", "max(a.$key) OVER (ORDER BY a.$key DESC ROWS 3 PRECEDING)");
		}
		if (chance(0.5))
		{
			# by the key alone, so that the scan's own order can be used
			if ($one && defined $key && !$q{distinct}) { $q{order} = [ "a.$key" . pick('', ' DESC', ' ASC NULLS FIRST') ]; }
			else { $q{order} = [ map { "$_" . pick('', ' DESC') } 1 .. @{ $q{select} } ]; }
			if ($one && chance(0.3))
			{
				my ($ordered) = grep { $_->{ordered} && $_->{name} ne ($key // '') } @{ $tables{$table}{columns} };
				unshift @{ $q{order} }, "a.$ordered->{name}" . pick('', ' DESC') if $ordered && !$q{distinct};
			}
			$q{limit} = pick(0, 1, 2, 10, 100, 5000) if chance(0.5);
			$q{offset} = pick(0, 1, 7, 100, 20000) if chance(0.2);
		}
	}
	$q{parameters} = $parameters;
	return \%q;
}

sub sql_of
{
	my ($q, $schema) = @_;
	my $sql = 'SELECT ' . ($q->{distinct} ? 'DISTINCT ' : '') . join(', ', @{ $q->{select} });
	$sql .= "\nFROM " . join("\n  ", map { $_->{sql} } @{ $q->{from} });
	$sql .= "\nWHERE " . join("\n  AND ", @{ $q->{where} }) if @{ $q->{where} };
	$sql .= "\nGROUP BY " . join(', ', @{ $q->{group} }) if @{ $q->{group} };
	$sql .= "\nHAVING " . join(' AND ', @{ $q->{having} }) if @{ $q->{having} };
	$sql .= "\nORDER BY " . join(', ', @{ $q->{order} }) if @{ $q->{order} };
	$sql .= " LIMIT $q->{limit}" if defined $q->{limit};
	$sql .= " OFFSET $q->{offset}" if defined $q->{offset};
	$sql =~ s/\{s\}/$schema/g;
	return $sql;
}

# Settings that make the planner choose other plans; none of them may matter.
sub make_settings
{
	my @settings = map { "enable_$_ = off" } some(0.15, qw(hashjoin mergejoin nestloop sort material memoize hashagg incremental_sort
		partitionwise_join seqscan bitmapscan indexscan gathermerge parallel_append parallel_hash));
	push @settings, 'max_parallel_workers_per_gather = ' . pick(0, 1, 2);
	push @settings, 'parallel_setup_cost = 0', 'parallel_tuple_cost = 0', 'min_parallel_table_scan_size = 0' if chance(0.4);
	push @settings, some(0.15, "work_mem = '64kB'", 'join_collapse_limit = 1', 'from_collapse_limit = 1', 'parallel_leader_participation = off',
		'cursor_tuple_fraction = 1', 'geqo_threshold = 2', 'enable_partitionwise_aggregate = on', 'hash_mem_multiplier = 1', 'random_page_cost = 1', 'cpu_operator_cost = 1', 'cpu_tuple_cost = 0');
	push @settings, 'plan_cache_mode = ' . pick('force_generic_plan', 'force_custom_plan', 'auto');
	return @settings;
}

# The name that the setting has from 16 on, or the one before.
my $force = run($plain, 'SHOW debug_parallel_query')->{state} ? 'force_parallel_mode' : 'debug_parallel_query';

# The results of a query with its parameters, both times: [rows or error, ...].
sub results
{
	my ($connection, $q, $schema, $way) = @_;
	my $sql = sql_of($q, $schema);
	my @parameters = @{ $q->{parameters} };
	my $rows = sub {
		my ($result) = @_;
		return { error => $result->{state}, message => $result->{message} } if $result->{state} ne '';
		return { rows => [ map { join '|', map { $_ // '~' } @$_ } @{ $result->{rows} } ] };
	};

	if (@parameters)
	{
		my $types = join ', ', map { $_->[0] } @parameters;
		my $prepared = run($connection, "PREPARE q ($types) AS $sql");
		return $rows->($prepared) if $prepared->{state} ne '';
		my @results;
		foreach my $n (1, 2, 1)
		{
			push @results, $rows->(run($connection, 'EXECUTE q (' . join(', ', map { literal($_->[$n]) } @parameters) . ')'));
		}
		run($connection, 'DEALLOCATE q');
		return @results;
	}
	if ($way eq 'cursor')
	{
		my $declared = run($connection, "BEGIN; DECLARE c SCROLL CURSOR FOR $sql");
		my $all = $declared->{state} ne '' ? $declared : run($connection, 'FETCH 3 FROM c');
		if ($all->{state} eq '')
		{
			my $backward = run($connection, 'MOVE BACKWARD ALL IN c');
			$all = run($connection, 'FETCH ALL FROM c');
		}
		run($connection, 'ROLLBACK');
		return $rows->($all);
	}
	return $rows->(run($connection, $sql));
}

# What differs between two results of a query, or undef.
sub difference
{
	my ($q, $is, $should_be) = @_;
	my $error_is = $is->{error} // '';
	my $error_should_be = $should_be->{error} // '';
	return undef if $error_is eq '57014' || $error_should_be eq '57014'; # too long
	return "error '$error_is' $is->{message}, expected '$error_should_be'" if $error_is ne '' && $error_is ne $error_should_be;
	return "no error, expected $error_should_be $should_be->{message}" if $error_is ne $error_should_be;
	return undef if $error_is ne '';
	my @is = @{ $is->{rows} };
	my @should_be = @{ $should_be->{rows} };
	# an order by columns that tell rows apart, or else none
	if (!@{ $q->{order} })
	{
		@is = sort @is;
		@should_be = sort @should_be;
	}
	return undef if join("\n", @is) eq join("\n", @should_be);
	my $n = 0;
	$n++ while $n < @is && $n < @should_be && $is[$n] eq $should_be[$n];
	return scalar(@is) . ' rows instead of ' . scalar(@should_be) . ", number $n:\n is        " . ($is[$n] // 'none') . "\n should be " . ($should_be[$n] // 'none');
}

# How the query goes wrong under the settings, or undef.
sub wrong
{
	my ($q, $way, @settings) = @_;
	value($tuned, join(';', 'RESET ALL', 'SET search_path = pg_catalog, public', map { "SET $_" } @settings));
	my @is = results($tuned, $q, 'f', $way);
	my @should_be = results($plain, $q, 's', 'plain');
	if (grep { ($_->{error} // '') eq '57014' } @is, @should_be) { note_kind('queries that took too long'); return undef; }
	note_kind('errors') if grep { defined $_->{error} } @should_be;
	note_kind('queries with rows') if grep { @{ $_->{rows} // [] } } @should_be;
	foreach my $n (0 .. $#is)
	{
		my $difference = difference($q, $is[$n], $should_be[$n] // { error => 'none', message => '' });
		return $difference if defined $difference;
	}
	return undef;
}

# Take away parts as long as the results differ.
sub shrink
{
	my ($q, $way, @settings) = @_;
	@settings = shrink_list(sub { defined wrong($q, $way, @_) }, @settings);
	foreach my $part ('where', 'having', 'from', 'select')
	{
		next if $part eq 'select' && grep { /^\d/ } @{ $q->{order} };
		$q->{$part} = [ shrink_list(sub {
			return 0 if !@_ && ($part eq 'select' || $part eq 'from');
			my %shorter = (%$q, $part => [@_]);
			my $difference = wrong(\%shorter, $way, @settings);
			return defined $difference && $difference !~ /^error|^no error/;
		}, @{ $q->{$part} }) ];
	}
	foreach my $part ('limit', 'offset', 'distinct')
	{
		my %shorter = %$q;
		delete $shorter{$part};
		$q = \%shorter if defined wrong(\%shorter, $way, @settings);
	}
	return ($q, @settings);
}

run_cases(sub {
	my $q = make_query();
	my @settings = make_settings();
	push @settings, "$force = on" if chance(0.15);
	my $way = chance(0.1) ? 'cursor' : 'plain';
	note_kind('queries with parameters') if @{ $q->{parameters} };
	note_kind('queries of ' . @{ $q->{from} } . ' tables');
	my $difference = wrong($q, $way, @settings);
	if (defined $difference)
	{
		($q, @settings) = shrink($q, $way, @settings);
		$difference = wrong($q, $way, @settings) // $difference;
		finding('results that differ', join("\n", (map { "SET $_;" } @settings), sql_of($q, 'f'),
			(map { "parameter $_->[0]: " . literal($_->[1]) . ', then ' . literal($_->[2]) } @{ $q->{parameters} }), "as $way", $difference));
	}
});
finish('results that differ');
