# Definitions of domains with random changes: each is refused by a proper error,
# or its rows are of their types, keys are unique, and slices and events agree.
#
#   prove test/fuzz/definitions.pl :: [--seed N] [--seconds N] [--count N] [--first N]
use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__);
use File::Copy;
use FuzzRules;
use PostgreSQL::Test::Utils;
use SpindleFuzz;
use Test::More;

options(count => 50000, seconds => 7200);

my $node = start_server('definitions', "statement_timeout = '20s'", "timezone = 'UTC'");
my $dir = $node->basedir . '/domains';
mkdir $_ foreach $dir, "$dir/data";
copy($_, "$dir/data/") or die "$_: $!" foreach glob('test/data/data/*.json');
$node->append_conf('postgresql.conf', "spindle.domain_directory = '$dir'");
$node->reload;
my $connection = connect_to('postgres', 'LOAD \'spindle\'');

# --- JSON as a tree that keeps the order of members, and numbers as they are
# written: [ '{', [name, value], ... ], [ '[', value, ... ] or a scalar's text ---

sub parse
{
	my ($text) = @_;
	my $value;
	$value = sub {
		$text =~ /\G\s+/gc;
		if ($text =~ /\G([{\[])/gc)
		{
			my @node = ($1);
			my $end = $1 eq '{' ? '}' : ']';
			while (1)
			{
				$text =~ /\G[\s,]+/gc;
				last if $text =~ /\G\Q$end\E/gc;
				my $name;
				if ($end eq '}')
				{
					$text =~ /\G"((?:[^"\\]|\\.)*)"\s*:/gc or die 'name expected at ' . pos $text;
					$name = $1;
				}
				my $child = $value->();
				push @node, $end eq '}' ? [ $name, $child ] : $child;
			}
			return \@node;
		}
		$text =~ /\G("(?:[^"\\]|\\.)*"|[-+.\w]+)/gc or die 'value expected at ' . (pos($text) // 0);
		return $1;
	};
	return $value->();
}

sub text_of
{
	my ($node) = @_;
	return $node if !ref $node;
	my ($kind, @children) = @$node;
	return '{' . join(', ', map { "\"$_->[0]\": " . text_of($_->[1]) } @children) . '}' if $kind eq '{';
	return '[' . join(', ', map { text_of($_) } @children) . ']';
}

sub clone
{
	my ($node) = @_;
	return $node if !ref $node;
	my ($kind, @children) = @$node;
	return [ $kind, map { $kind eq '{' ? [ $_->[0], clone($_->[1]) ] : clone($_) } @children ];
}

# All places of a tree: [reference to the value, name of the member, parent node, index].
sub places
{
	my ($node, $name, $list) = @_;
	return if !ref $node;
	foreach my $i (1 .. $#$node)
	{
		my $slot = $node->[0] eq '{' ? \$node->[$i][1] : \$node->[$i];
		my $its = $node->[0] eq '{' ? $node->[$i][0] : $name;
		push @$list, [ $slot, $its, $node, $i ];
		places($$slot, $its, $list);
	}
}

sub member
{
	my ($node, $name) = @_;
	my ($found) = grep { ref $_ && $_->[0] eq $name } @$node[ 1 .. $#$node ];
	return $found ? $found->[1] : undef;
}

# A definition of a test, as it is without the quoting of SQL.
sub parsable { my ($text) = @_; return $text =~ s/''/'/gr; }

# The definitions to begin with, at scales of few rows.
sub example
{
	my ($section) = @_;
	slurp_file('docs/domain-format.md') =~ /^## $section\n.*?```json\n(.*?)^```/ms or die 'no example';
	return $1;
}
# All types, and rules for them; the server knows those that it declares.
sub types
{
	return <<'END';
{"spindle": 1, "description": "Types", "range": {"start": "2024-01-01", "end": "2026-01-01"}, "presets": {"small": {"t": 300}},
 "types": {"fuzz_mood": {"enum": ["sad", "ok"]}, "fuzz_mail": {"domain": "text", "check": "VALUE ~ '@'"}},
 "tables": {
  "t": {"key": "id", "rows": {"kind": "preset"}, "event_time": "at", "columns": {
   "id": {"type": "uuid", "rule": {"kind": "uuid"}},
   "at": {"type": "timestamp", "rule": {"kind": "time", "ordered": true}},
   "seven": {"type": "uuid", "rule": {"kind": "uuid", "version": 7, "time": "at"}},
   "fixed": {"type": "uuid", "null": 0.1, "rule": {"kind": "weighted", "weights": {"00000000-0000-4000-8000-00000000000a": 1, "ffffffff-0000-4000-8000-000000000001": 1}}},
   "is_low": {"type": "boolean", "rule": {"kind": "case", "cases": [{"when": {"column": "id", "less": "80000000-0000-0000-0000-000000000000"}, "then": {"kind": "constant", "value": true}}], "else": {"kind": "constant", "value": false}}},
   "free": {"type": "numeric", "rule": {"kind": "normal", "mean": 0, "sd": 100, "round": 3}},
   "wide": {"type": "numeric(40,20)", "rule": {"kind": "exponential", "mean": 7}},
   "single": {"type": "real", "rule": {"kind": "lognormal", "mu": 1, "sigma": 2}},
   "took": {"type": "interval", "rule": {"kind": "normal", "mean": 0, "sd": 100000, "round": 2}},
   "several": {"type": "interval", "rule": {"kind": "weighted", "weights": {"1 day": 1, "-3 days -04:05:06.5": 1}}},
   "clock": {"type": "time", "rule": {"kind": "uniform", "min": 0, "max": 86399}},
   "padded": {"type": "char(5)", "rule": {"kind": "pattern", "pattern": "{row}"}},
   "bytes": {"type": "bytea", "rule": {"kind": "pattern", "pattern": "\\x{random_digits:6}"}},
   "address": {"type": "inet", "rule": {"kind": "pattern", "pattern": "10.0.{random_digits:1}.1"}},
   "doc": {"type": "json", "rule": {"kind": "constant", "value": "{\"a\":[1]}"}},
   "doc_b": {"type": "jsonb", "rule": {"kind": "pattern", "pattern": "[{padded}]"}},
   "any": {"type": "varchar", "rule": {"kind": "constant", "value": "x"}},
   "mood": {"type": "text", "sql_type": "fuzz_mood", "rule": {"kind": "weighted", "weights": {"sad": 1, "ok": 2}}},
   "mail": {"type": "varchar(20)", "sql_type": "fuzz_mail", "rule": {"kind": "pattern", "pattern": "a{row}@b"}},
   "span": {"type": "text", "sql_type": "int4range", "rule": {"kind": "constant", "value": "[1,3)"}},
   "tags": {"type": "text", "sql_type": "integer[]", "rule": {"kind": "constant", "value": "{1,2}"}}}},
  "c": {"rows": {"kind": "children", "of": "t", "ratio": 2}, "columns": {
   "t_id": {"type": "uuid", "rule": {"kind": "parent"}},
   "other": {"type": "uuid", "rule": {"kind": "reference", "table": "t"}},
   "clock": {"type": "time", "rule": {"kind": "copy", "column": "other.clock"}}}}}}
END
}
run($connection, 'CREATE TYPE fuzz_mood AS ENUM (\'sad\', \'ok\')');
run($connection, 'CREATE DOMAIN fuzz_mail AS text CHECK (VALUE ~ \'@\')');
my @bases = map { parse($_) } slurp_file('test/fuzz/rules.json'), slurp_file('test/sql/keys.sql') =~ /\$json\$(\{.*?\})\$json\$/s, slurp_file('test/data/every.json') =~ s/"p": 4000/"p": 400/r, example('Complete example'),
  example('Lifecycles'), slurp_file('test/data/lifecycle.json'),
  slurp_file('test/data/unique_rules.json') =~ s/"customer": 1000/"customer": 60/r =~ s/"product": 2500/"product": 120/r,
  slurp_file('test/data/combinations.json') =~ s/"par": 900/"par": 150/r,
  (map { parsable($_) } slurp_file('test/sql/correlations.sql') =~ /spindle_create_domain\('(?:elements|values)_test', '(\{.*?\})'\);/gs),
  types(), slurp_file('domains/retail.json') =~ s/"presets": \{.*?\n  \},/"presets": {"small": {"customer": 200, "product": 100, "order": 500}},/sr,
  slurp_file('domains/saas.json') =~ s/"presets": \{.*?\n  \},/"presets": {"small": {"tenant": 5}},/sr =~ s/"sql_type": "[^"]*", //gr;

# Values for members of the same name, from all of them.
my (%like, @scalars);
foreach my $base (@bases)
{
	my @places;
	places($base, '', \@places);
	foreach my $place (@places)
	{
		push @{ $like{ $place->[1] } }, ${ $place->[0] };
		push @scalars, ${ $place->[0] } if !ref ${ $place->[0] };
	}
}
my @odd = ('0', '1', '-1', '2', '0.5', '0.1', '1e-9', '1e9', '1e15', '1e300', '9223372036854775807', '-9223372036854775808', '18446744073709551616', '32767', '32768', '-32769',
	'2147483648', '999999999999', '1000000000000000', '100', '64', '65536', '0.000001', '1.5', '-0.0', '0.30000000000000004', 'null', 'true', 'false', '""', '"x"', '"{row}"', '"{row}{row}"',
	'"2024-02-29"', '"1900-01-01"', '"9999-12-31"', '"2023-01-01"', '{}', '[]', '"numeric(18,9)"', '"numeric(1,1)"', '"varchar(1)"', '"smallint"', '"row"', '"A b"', '"\"A b\""', '"a.b"', '[["id"]]', '"double precision"', '"\u0000"', '"\ud83d\ude00"');

# One random change; text tells it.
sub change
{
	my ($tree) = @_;
	my @places;
	places($tree, '', \@places);
	my ($slot, $name, $parent, $i) = @{ pick(@places) };
	# most places are deep in rules; every other time a scalar
	if (chance(0.5))
	{
		my @scalar = grep { !ref ${ $_->[0] } } @places;
		($slot, $name, $parent, $i) = @{ pick(@scalar) } if @scalar;
	}
	my $kind = below(20);
	if ($kind < 5) { $$slot = pick(@odd); }
	elsif ($kind < 10) { $$slot = clone(pick(@{ $like{$name} // \@scalars })); }
	elsif ($kind < 12) { $$slot = clone(pick(@scalars)); }
	elsif ($kind < 14) { splice @$parent, $i, 1; }
	elsif ($kind < 15) { splice @$parent, $i, 0, clone($parent->[$i]); }
	elsif ($kind < 16) { my $other = pick(@places); ($$slot, ${ $other->[0] }) = (clone(${ $other->[0] }), clone($$slot)); }
	elsif ($kind < 17 && $parent->[0] eq '{') { $parent->[$i][0] = pick(pick(keys_of(@places)), $parent->[$i][0] . '_'); }
	elsif ($kind < 18 && $parent->[0] eq '{') { my $new = pick(keys_of(@places)); splice @$parent, $i, 0, [ $new, clone(pick(@{ $like{$new} })) ] if $like{$new}; }
	elsif ($kind < 19 && !ref $$slot && $$slot =~ /^-?[\d.]/) { $$slot = pick($$slot * 2, $$slot * -1, $$slot + 1, $$slot - 1, $$slot / 3, $$slot * 1000); }
	elsif (!ref $$slot) { my @same = grep { !ref && /^"/ } @scalars; $$slot = pick(@same); }
}

sub keys_of
{
	my (@places) = @_;
	return map { $_->[1] } @places;
}

# The columns of a table as [name, type], those behind its references included, to a depth.
sub columns_of
{
	my ($tree, $table, $depth) = @_;
	my $columns = member($table, 'columns') // ['{'];
	return () if !ref $columns || $columns->[0] ne '{';
	my @list;
	foreach my $column (grep { ref $_ && ref $_->[1] } @$columns[ 1 .. $#$columns ])
	{
		my ($type, $rule) = map { member($column->[1], $_) } 'type', 'rule';
		push @list, [ $column->[0], $type =~ s/"//gr ] if defined $type && !ref $type;
		my $target = ref $rule ? member($rule, 'table') : undef;
		$target = member(member($tree, 'tables'), $target =~ s/"//gr) if defined $target && !ref $target && $depth > 0;
		push @list, map { [ "$column->[0].$_->[0]", $_->[1] ] } columns_of($tree, $target, $depth - 1) if ref $target;
	}
	return @list;
}

# Add columns with random rules to a table, or such a table; what becomes of it may be
# refused.
sub extend
{
	my ($tree) = @_;
	my $tables = member($tree, 'tables');
	return if !ref $tables || $tables->[0] ne '{' || @$tables < 2;
	my @names = map { $_->[0] } grep { ref } @$tables[ 1 .. $#$tables ];
	my $table = pick(@$tables[ 1 .. $#$tables ]);
	return if !ref $table->[1] || $table->[1][0] ne '{';
	my @columns = columns_of($tree, $table->[1], 1);
	return if !@columns;
	if (chance(0.4))
	{
		push @$tables, [ 'fuzz' . below(1000), parse(random_table($table->[0], \@names, [ grep { $_->[0] !~ /\./ } @columns ])) ];
		return;
	}
	my $columns = member($table->[1], 'columns');
	foreach my $n (0 .. below(2))
	{
		my ($column) = random_column({ columns => \@columns, tables => \@names });
		push @$columns, [ 'fuzz' . below(1000), parse($column) ];
	}
	push @{ $table->[1] }, [ 'copula', parse(random_copula([ map { $_->[0] } grep { $_->[0] !~ /\./ } @columns ])) ] if chance(0.1);
}

# Of the text: a character replaced, removed or inserted, or the end cut off.
sub scratch
{
	my ($text) = @_;
	my $at = below(length $text);
	my $ch = pick(split(//, "{}[]\":,0123456789.-+eE\\/ abcxyz_\n\t\001"), "\xc3\xa9", "\xe2\x82\xac", "\xff", "\\u0000");
	my $kind = below(6);
	if ($kind == 0) { return substr($text, 0, $at); }
	if ($kind == 1) { substr($text, $at, 1) = ''; }
	elsif ($kind == 2) { substr($text, $at, 0) = $ch; }
	elsif ($kind == 3) { substr($text, $at, 0) = substr($text, $at > 20 ? $at - 20 : 0, 40); }
	else { substr($text, $at, 1) = $ch; }
	return $text;
}

# Memory that the session's process has for itself, in MB.
sub memory
{
	my $status = slurp_file("/proc/$connection->{dbh}{pg_pid}/status");
	return $status =~ /^RssAnon:\s+(\d+)/m ? $1 / 1024 : 0;
}

my ($has_sql_types, $has_null_document); # the definition that is tried
my $version = 0; # of the file; a few names, which come again and again
my $proper = qr/^(?:22|54|HV|0A|57014|42|23)/;

# What is wrong with a definition, or undef: [kind of finding, text].
sub wrong
{
	my ($text) = @_;
	$has_sql_types = $text =~ /"sql_type"/;
	# json_to_record() takes a document that is null for a null
	$has_null_document = $text =~ /"null"\s*[:}]/;
	my $checked = run($connection, 'SELECT spindle_check_domain(' . literal($text) . ')');
	return undef if $checked->{state} eq '22021'; # not even a text
	note_kind($checked->{state} eq '' ? 'valid definitions' : "refused by SQLSTATE $checked->{state}");
	if ($checked->{state} ne '')
	{
		return [ 'refusals of an improper kind', "$checked->{state}: $checked->{message}" ] if $checked->{state} !~ /^(?:22023|22P02|22P05|42601|54000|54001|08006|57014)$/;
		return [ 'checks that take too long', $checked->{message} ] if $checked->{state} eq '57014';
		return undef;
	}

	# in the database or in a file; the former may want more of JSON
	my $domain = 'm' . ($version++ % 3);
	if (chance(0.5))
	{
		$domain =~ s/m/r/;
		my $registered = run($connection, "SELECT spindle_create_domain('$domain', " . literal($text) . ', true)');
		return undef if $registered->{state} eq '22P02' && $registered->{message} =~ /invalid input syntax for type json/;
		return [ 'registrations that fail', "$registered->{state}: $registered->{message}" ] if $registered->{state} ne '';
		note_kind('registered definitions');
		return wrong_rows($domain, $text);
	}
	write_file("$dir/$domain.json", $text);
	my $result = wrong_rows($domain, $text);
	unlink "$dir/$domain.json";
	return $result;
}

# May rows fail so?  These are the errors that the manual names, above all for rows
# that there are none of, and of 22000 only values without a match.
sub is_documented
{
	my ($result) = @_;

	# texts that a type does not read, and types of the server that there are not
	return 1 if $result->{state} =~ /^(?:22P02|22P03|22007|22000|22001|22026|2201B|2202E|42P16|23514|42704|42601|42804)$/ && $has_sql_types;
	return $result->{state} =~ /^(?:22023|54000|22008|22003|22P02)$/
	  || $result->{state} eq '22000' && $result->{message} =~ /^ERROR:  data set ".*" has no row to match "/;
}

sub wrong_rows
{
	my ($domain, $text) = @_;
	my $scales = run($connection, "SELECT scales[1] FROM spindle_domains() WHERE domain = '$domain'");
	return [ 'valid definitions that fail', $scales->{message} ] if $scales->{state} ne '' || !@{ $scales->{rows} };
	my $scale = $scales->{rows}[0][0];
	my $tables = run($connection, "SELECT table_name, row_count, key_column, event_time FROM spindle_tables('$domain', '$scale')");
	return [ 'valid definitions that fail', $tables->{message} ] if $tables->{state} ne '';
	my $limit = 600;
	foreach my $table (@{ $tables->{rows} })
	{
		my ($name, $rows, $key, $event_time) = @$table;
		my @columns = @{ run($connection, "SELECT quote_ident(column_name), data_type, not_null FROM spindle_columns('$domain', '$name')")->{rows} };
		my $list = join ', ', map { "$_->[0] $_->[1]" } @columns;
		my $call = sub { "spindle_rows('$domain', '$name', '$scale', 7, $_[0], $_[1]) AS fuzz_row ($list)" };
		my $whole = run($connection, 'SELECT fuzz_row::text FROM ' . $call->(0, $limit));
		return undef if $whole->{state} eq '08006';
		if ($whole->{state} ne '')
		{
			note_kind("tables refused by SQLSTATE $whole->{state}");
			return [ $whole->{state} eq '57014' ? 'tables that take too long' : 'rows that fail improperly', "$name: $whole->{state}: $whole->{message}" ] if !is_documented($whole);
			next;
		}
		note_kind('tables');
		my @whole = map { $_->[0] } @{ $whole->{rows} };
		my $expected = $rows < $limit ? $rows : $limit;
		return [ 'counts that are wrong', "$name: " . scalar(@whole) . " rows instead of $expected" ] if @whole != $expected;

		# in other slices, and at the far end
		my $step = 1 + below(90);
		my @parts;
		for (my $first = 0; $first < @whole; $first += $step)
		{
			my $part = run($connection, 'SELECT fuzz_row::text FROM ' . $call->($first, $step));
			return [ 'slices that differ', "$name from $first: $part->{state} $part->{message}" ] if $part->{state} ne '';
			push @parts, map { $_->[0] } @{ $part->{rows} };
		}
		foreach my $n (0 .. $#whole)
		{
			return [ 'slices that differ', "$name, row $n:\n$whole[$n]\n" . ($parts[$n] // 'none') . " in slices of $step" ] if $whole[$n] ne ($parts[$n] // '');
		}
		if ($rows > $limit)
		{
			my $last = $rows - 3;
			my $end = run($connection, 'SELECT fuzz_row::text FROM ' . $call->($last, 10));
			return [ 'rows that fail improperly', "$name: $end->{state}: $end->{message}" ] if $end->{state} ne '' && !is_documented($end);
		}

		# at some time, and at the end, some of them are there
		foreach my $time ('2024-03-01', 'infinity')
		{
			my $past = run($connection, "SELECT fuzz_row::text FROM spindle_rows('$domain', '$name', '$scale', 7, 0, $limit, '$time') AS fuzz_row ($list)");
			return [ 'rows that fail improperly', "$name as of $time: $past->{state}: $past->{message}" ] if $past->{state} ne '' && !is_documented($past);
			return [ 'rows that come from nowhere', "$name as of $time" ] if @{ $past->{rows} // [] } > @whole;
		}

		# types hold, columns are not null that cannot be, keys are unique
		my @checks = map { ($_->[2] ? "bool_and($_->[0] IS NOT NULL)" : 'true', "bool_and(($_->[0]::text)::$_->[1]::text IS NOT DISTINCT FROM $_->[0]::text)") } @columns;
		push @checks, "count(DISTINCT ($key)) = count(*)" if defined $key && !grep { my $column = $_; !grep { $_->[0] eq $column } @columns } split /, /, $key;
		my $check = run($connection, "SELECT " . join(', ', map { "coalesce($_, true)" } @checks) . ' FROM ' . $call->(0, $limit));
		return [ 'values that do not fit', "$name: $check->{message}" ] if $check->{state} ne '';
		my @bad = grep { $check->{rows}[0][$_] ne '1' && $check->{rows}[0][$_] ne 't' } 0 .. $#checks;
		return [ 'values that do not fit', "$name: $checks[$bad[0]]" ] if @bad;

		my $found = wrong_lookups($domain, $scale, $name, \@whole, \@columns, $rows <= $limit);
		return $found if $found;

		# events are these rows
		my $stream = "spindle_stream('$domain', '$name', scale => '$scale', seed => 7" . ($rows > 3000 ? ", max_events => $limit" : '') . ')';
		my $events = run($connection, "SELECT fuzz_row::text FROM $stream s, json_to_record(s.event) AS fuzz_row ($list)");
		return [ 'streams that fail', "$name: $events->{state}: $events->{message}" ] if $events->{state} ne '' && !is_documented($events);
		if ($events->{state} eq '' && $rows <= $limit && !$has_null_document)
		{
			my @events = sort map { $_->[0] } @{ $events->{rows} };
			my @sorted = sort @whole;
			return [ 'events that differ from rows', "$name: " . scalar(@events) . ' events, ' . scalar(@sorted) . ' rows' ] if @events != @sorted;
			my ($n) = grep { $events[$_] ne $sorted[$_] } 0 .. $#sorted;
			return [ 'events that differ from rows', "$name: event $events[$n]\nrow $sorted[$n]" ] if defined $n;
			my $order = value($connection, "SELECT coalesce(bool_and(event_time >= before OR event_time IS NULL OR before IS NULL AND n = 0), true) FROM (SELECT event_time, lag(event_time) OVER (ORDER BY seq) AS before, seq AS n FROM $stream) s");
			return [ 'events that are out of order', $name ] if !$order || $order eq 'f';
		}
		elsif ($events->{state} ne '' && $rows <= $limit)
		{
			return [ 'events that differ from rows', "$name: $events->{state}: $events->{message}" ];
		}
	}
	return wrong_constraints($domain, $scale, $text);
}

# A foreign table finds as many rows of a value as there are, for values of some
# columns of some rows; undef if so.
sub wrong_lookups
{
	my ($domain, $scale, $name, $whole, $columns, $is_all) = @_;
	my @columns = grep { $_->[1] !~ /^(?:json|xml|point)$/ } @$columns;
	return undef if !@$whole || !@columns || !$is_all;
	run($connection, 'BEGIN');
	my $declared = run($connection, 'CREATE FOREIGN TABLE fuzz_found (' . join(', ', map { "$_->[0] $_->[1]" } @$columns) . ") SERVER spindle OPTIONS (domain '$domain', \"table\" '$name', scale '$scale', seed '7')");
	my $result;
	foreach my $n (1 .. ($declared->{state} eq '' ? 4 : 0))
	{
		my ($column) = @{ pick(@columns) };
		my $row = literal(pick(@$whole)) . '::fuzz_found';
		my $by_value = run($connection, "SELECT count(*) FROM fuzz_found WHERE $column = ($row).$column");
		last if $by_value->{state} ne '';
		my $listed = run($connection, 'SELECT count(*) FROM unnest(ARRAY[' . join(', ', map { literal($_) } @$whole) . "]::fuzz_found[]) f WHERE f.$column = ($row).$column");
		last if $listed->{state} ne '';
		$result = [ 'rows that are not found', "$name.$column of $row: $by_value->{rows}[0][0] instead of $listed->{rows}[0][0]" ] if $by_value->{rows}[0][0] != $listed->{rows}[0][0];
		last if $result;
		note_kind('values looked up');
	}
	run($connection, 'ROLLBACK');
	return $result;
}

# All keys, unique sets and foreign keys are declared and hold, if there are few rows;
# what "references" claims need not be true.
sub wrong_constraints
{
	my ($domain, $scale, $text) = @_;
	my $rows = value($connection, "SELECT sum(row_count) FROM spindle_tables('$domain', '$scale')");
	return undef if !defined $rows || $rows > 20000;
	run($connection, 'BEGIN');
	my $seeded = run($connection, "CALL spindle_seed('$domain', 'fuzz_seed', false, scale => '$scale', seed => 7)");
	run($connection, 'ROLLBACK');
	note_kind($seeded->{state} eq '' ? 'domains seeded' : "seedings refused by SQLSTATE $seeded->{state}");
	return undef if $seeded->{state} =~ /^(?:|08006|57014|42P07)$/ || is_documented($seeded);
	return undef if $seeded->{state} eq '23503' && $text =~ /"references"/;
	return [ 'constraints that do not hold', "$seeded->{state}: $seeded->{message}" ];
}

# Take away what is not needed for the same kind of finding.
sub shrink
{
	my ($tree, $kind) = @_;
	my $tries = 300;
	my $again = 1;
	while ($again && $tries > 0)
	{
		$again = 0;
		my @places;
		places($tree, '', \@places);
		# the largest parts first
		foreach my $n (sort { length(text_of(${ $places[$b][0] })) <=> length(text_of(${ $places[$a][0] })) } 0 .. $#places)
		{
			last if $tries-- <= 0;
			my $smaller = clone($tree);
			my @its;
			places($smaller, '', \@its);
			my (undef, undef, $parent, $i) = @{ $its[$n] };
			splice @$parent, $i, 1;
			my $found = wrong(text_of($smaller));
			if ($found && $found->[0] eq $kind)
			{
				$tree = $smaller;
				$again = 1;
				last;
			}
		}
	}
	return $tree;
}

my $shrunk = 0;
my $peak = memory();
run_cases(sub {
	my $base = pick(0 .. $#bases);
	my $tree = clone($bases[$base]);
	my $extended = chance(0.5);
	if ($extended) { extend($tree) foreach 0 .. below(2); }
	if (!$extended || chance(0.3)) { change($tree) foreach 0 .. pick(0, 0, 0, 1, 2, 4); }
	my $text = text_of($tree);
	my $scratched = chance(0.15);
	$text = scratch($text) if $scratched;
	my $found = wrong($text);
	if ($found)
	{
		if (!$scratched && findings($found->[0]) < 5)
		{
			my $smaller = shrink($tree, $found->[0]);
			$found = wrong(text_of($smaller)) // $found;
			$text = text_of($smaller);
		}
		finding($found->[0], substr($text, 0, 4000) . "\n$found->[1]");
	}
	if (case_number() % 500 == 499)
	{
		# memory that a session keeps is what its cache of domains needs
		my $memory = memory();
		finding('growth of memory', sprintf '%.0f MB after %.0f MB', $memory, $peak) if $memory > $peak + 100;
		$peak = $memory if $memory > $peak;
		note(sprintf 'case %d: the session has %.0f MB', case_number(), $memory);
	}
});
finish('refusals of an improper kind', 'registrations that fail', 'checks that take too long', 'valid definitions that fail', 'rows that fail improperly', 'tables that take too long', 'counts that are wrong', 'slices that differ',
	'values that do not fit', 'rows that are not found', 'streams that fail', 'events that differ from rows', 'events that are out of order', 'constraints that do not hold', 'growth of memory');
