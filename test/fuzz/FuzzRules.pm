# Random columns for definitions: a type and a rule of each kind, which mostly fit.
# What they name, tables and columns, is that of the table which they are added to;
# columns and paths are given as [name, type].
package FuzzRules;
use strict;
use warnings;
use Exporter 'import';
use SpindleFuzz;

our @EXPORT = qw(random_column random_table random_copula random_sets);

my @numbers = ('smallint', 'integer', 'bigint', 'numeric(10,2)', 'numeric(18,9)', 'numeric', 'double precision', 'real');
my @durations = ('interval', 'time');
my @times = ('date', 'timestamp', 'timestamptz');
my @texts = ('text', 'varchar(30)', 'varchar', 'char(12)');

# An object of the members that are given as name => JSON; undef leaves one out.
sub object
{
	my @list;
	while (my ($name, $value) = splice(@_, 0, 2))
	{
		push @list, "\"$name\": $value" if defined $value;
	}
	return '{' . join(', ', @list) . '}';
}

sub array { return '[' . join(', ', @_) . ']'; }
sub string { return "\"$_[0]\""; }
sub maybe { my ($p, $value) = @_; return chance($p) ? $value : undef; }
sub flag { return chance(0.3) ? pick('true', 'false') : undef; }

sub number
{
	my ($low, $high) = @_;
	my $n = $low + rand($high - $low);
	return chance(0.6) ? int($n) : sprintf('%.3f', $n);
}

# Numbers that do not fall.
sub rising { my ($n, $low, $high) = @_; return sort { $a <=> $b } map { number($low, $high) } 1 .. $n; }

# Members of a distribution: its name, then names and values.
sub distribution
{
	my ($low, $high) = @_;
	my $kind = pick(qw(uniform normal lognormal pareto exponential geometric poisson zipf empirical empirical));
	my ($min, $max) = rising(2, $low, $high);
	my @limits = map { maybe(0.3, $_) } $min, $max;
	return ('uniform', min => $min, max => $max) if $kind eq 'uniform';
	return ('normal', mean => number($low, $high), sd => number(1, 50), max => $limits[1]) if $kind eq 'normal';
	return ('lognormal', mu => number(-1, 4), sigma => number(1, 2)) if $kind eq 'lognormal';
	return ('pareto', min => number(1, 9), alpha => number(1, 4), max => maybe(0.5, 1000)) if $kind eq 'pareto';
	return ('exponential', mean => number(1, 100)) if $kind eq 'exponential';
	return ('geometric', p => pick('0.1', '0.5', '1')) if $kind eq 'geometric';
	return ('poisson', mean => number(1, 40), max => maybe(0.4, 50)) if $kind eq 'poisson';
	return ('zipf', exponent => number(1, 3), max => below(500) + 1) if $kind eq 'zipf';
	my $quantiles = maybe(0.7, array(rising(2 + below(6), $low, $high)));
	my %values = map { number($low, $high) => pick('0.1', '0.01', '0.25') } 0 .. below(3);
	return ('empirical', quantiles => $quantiles, values => (!defined $quantiles || chance(0.5)) ? object(map { $_ => $values{$_} } sort keys %values) : undef,
		step => maybe(0.3, pick('1', '0.5', '0.001', '7')));
}

sub rule { my ($kind, @members) = @_; return object(kind => string($kind), @members); }
sub nested { my ($kind, @members) = distribution(@_); return object(distribution => string($kind), @members); }
sub skew { return pick('{"top": 0.2, "share": 0.8}', '{"exponent": 1}', '{"profile": [0, 0, 1, 5]}', '{"top": 0.001, "share": 0.9}'); }
sub weights { my (@values) = @_; my %seen; return object(map { $_ => pick(1, 2, '0.5', 0, 10) } grep { !$seen{$_}++ } @values) =~ s/: 0([,}])/: 1$1/r; }

# One of the columns, of a type that fits if there is such a one, mostly.
sub column
{
	my ($columns, $type) = @_;
	my @fit = defined $type && chance(0.95) ? grep { $_->[1] =~ $type } @$columns : ();
	return pick(@fit ? @fit : @$columns);
}
my $is_number = qr/int|numeric|double|real/;
my $is_exact = qr/int|numeric/;

sub path { my ($columns, $type) = @_; return string(column($columns, $type)->[0]); }

sub condition
{
	my ($columns, $tables, $depth) = @_;
	my $kind = below($depth > 2 ? 7 : 10);
	my $column = path($columns, $is_exact);
	return object(column => $column, is => pick('"null"', '"not null"')) if $kind == 0;
	return object(column => $column, pick('equals', 'less', 'greater', 'at_least', 'at_most') => pick(5, '"x"', object(column => path($columns)))) if $kind <= 4;
	return object(column => $column, between => array(pick(1, object(column => path($columns, $is_exact))), 9)) if $kind == 5;
	return pick(object(column => $column, pick('in', 'not_in') => array(1, 2, 3)), object(has_child => string(pick(@$tables)))) if $kind == 6;
	return object(not => condition($columns, $tables, $depth + 1)) if $kind == 7;
	return object(pick('and', 'or') => array(map { condition($columns, $tables, $depth + 1) } 0 .. below(3)));
}

sub formula
{
	my ($columns, $tables, $depth) = @_;
	return pick('row()', below(100) + 1, '0.25', (map { column($columns, $is_exact)->[0] } 1 .. 3), 'rows(' . pick(@$tables) . ')') if $depth > 3 || chance(0.3);
	my $inner = sub { return formula($columns, $tables, $depth + 1); };
	return pick('(' . $inner->() . pick(' + ', ' - ', ' * ', ' / ') . $inner->() . ')', pick('mod', 'div', 'least', 'greatest') . '(' . $inner->() . ', ' . pick(7, $inner->()) . ')',
		pick('floor', 'ceil', 'abs', 'round', 'year', 'weekday', 'date') . '(' . $inner->() . ')', 'div(row() - 1, ' . (1 + below(9)) . ') * ' . (1 + below(40)) . ' - mod(row() - 1, 5)', below(1000) . ' - ' . (1 + below(5)) . ' * row()');
}

# A rule whose values follow from draws, with its type: for elements and pools.
sub drawn
{
	my ($depth) = @_;
	my $kind = below($depth > 2 ? 8 : 10);
	return (pick(@texts), rule('weighted', weights => weights(map { pick('a', 'b', 'c d', '', 'x,y') } 0 .. 4))) if $kind == 0;
	return (pick(@texts), rule('pattern', pattern => string(pick('{random_hex:2-5}', 'P{random_digits:3}', '{{{random_alnum:1}')))) if $kind == 1;
	return ('text', rule('words', count => nested(1, 5), distinct => flag(), capital => flag())) if $kind == 2;
	return ('text', rule('shape', shapes => object(pick('Aa{2,4}9', 'hex{6}', 'X-{0,3}x{2}') => 1, 'a9' => 2))) if $kind == 3;
	return ('text', rule('regex', expression => string(pick('[a-c]{2,4}\\\\d?', '(ab|c)+x', '\\\\w{1,3}')))) if $kind == 4;
	return (pick(@times), rule('time', quantiles => maybe(0.5, '["2024-02-01", "2024-03-01", "2025-01-01"]'))) if $kind == 5;
	return ('text', rule('data', set => '"words"', field => '"word"')) if $kind == 6;
	if ($kind == 8)
	{
		my ($type, $inner) = drawn($depth + 1);
		return ($type, rule('pool', size => 1 + below(30), skew => maybe(0.4, skew()), rule => $inner));
	}
	if ($kind == 9) { return ('json', array_rule($depth + 1)); }
	my ($name, @members) = distribution(-20, 200);
	return (pick(@numbers, @durations), rule($name, @members, round => undef));
}

sub array_rule
{
	my ($depth) = @_;
	my ($type, $of) = drawn($depth);
	return rule('array', type => string($type), of => $of, length => pick(nested(0, 4), '{"distribution": "uniform", "min": 0, "max": 3}'), distinct => chance(0.3) ? 'true' : undef, null => maybe(0.3, '0.2'));
}

# A rule for a table: its type, the JSON, and other members of the column.  $t has
# columns, tables, parent (of children), parents (columns to the parent's).
sub any_rule
{
	my ($t, $depth) = @_;
	my @columns = @{ $t->{columns} };
	my @tables = @{ $t->{tables} };
	my $distinct = maybe(0.4, pick('"table"', '"parent"'));
	my $kind = below(24);
	my @plain = drawn(1);
	my $keyed = maybe(0.4, array(map { path(\@columns) } 0 .. below(2)));

	return (pick('uuid'), rule('uuid', version => chance(0.5) ? (7, time => path(\@columns, qr/timestamp/)) : 4)) if $kind == 0;
	return (pick('integer', 'bigint'), rule('permuted', min => maybe(0.3, 1), max => undef, step => maybe(0.3, 3))) if $kind == 1;
	return (pick('smallint', 'integer'), rule('ordinal', start => maybe(0.3, below(9)))) if $kind == 2;
	return (pick('integer'), rule('grid', grid => '"fuzz"', values => pick(50, 1000, 100000), start => maybe(0.3, -5))) if $kind == 3;
	return (pick(@times), rule('periods', part => '"start"', jitter => maybe(0.5, '0.4'))) if $kind == 4;
	return ($plain[0], rule('pool', size => pick(5, 1000, '{"share": 0.1}'), skew => maybe(0.4, skew()), rule => $plain[1], distinct => $distinct)) if $kind == 5;
	return (pick(@texts), rule('pattern', pattern => string(pick('{row}', '{row:8}', '{id:6}', 'K{row}-{sibling:2}', '{' . column(\@columns, qr/text|char/)->[0] . '|upper}-{row}', '{random_hex:2}{' . column(\@columns, qr/int|text/)->[0] . '}')))) if $kind <= 7;
	return (pick('jsonb', 'json', 'text'), rule('object', members => object(map { my @part = chance(0.5) ? drawn(1) : any_rule($t, $depth + 1);
				"m$_" => object(type => string($part[0]), absent => maybe(0.3, '0.3'), null => maybe(0.2, '0.1'), rule => $part[1]) } 0 .. below(3)))) if $kind == 8 && $depth < 3;
	return (pick('json', 'jsonb'), array_rule(1)) if $kind == 9;
	return ('text', array_rule(1), sql_type => '"text[]"') if $kind == 10 && chance(0.5);
	if ($kind <= 12)
	{
		my $source = column(\@columns);
		return (chance(0.8) ? $source->[1] : pick('text', 'bigint', 'numeric', 'numeric(18,4)'), rule('copy', column => string($source->[0])));
	}
	return (pick(@numbers, @times), rule('formula', expression => string(formula(\@columns, \@tables, 0)))) if $kind <= 14;
	return ($plain[0], rule('case', cases => array(map { object(when => condition(\@columns, \@tables, 0), then => $plain[1]) } 0 .. below(2)), else => $plain[1])) if $kind <= 16;
	return (pick('integer', 'bigint', 'uuid', 'text', 'row'), rule('reference', table => string(pick(@tables)), skew => maybe(0.4, skew()), distinct => $distinct,
			among => maybe(0.2, path(\@columns, qr/row/)), where => maybe(0.1, condition(\@columns, \@tables, 1)))) if $kind <= 18;
	return (pick(@texts), rule('weighted', weights => weights('a', 'b', 'c', 'd'), distinct => $distinct, keyed_by => defined $distinct ? undef : $keyed)) if $kind == 19;
	return (pick(@times), rule('time', ordered => flag(), quantiles => maybe(0.5, '["2024-01-03", "2024-05-01", "2024-05-01", "2025-06-30"]'), hour_peaks => maybe(0.2, '[9]'), hour_sd => undef)) if $kind == 20;
	return ('timestamptz', rule('offset', column => path(\@columns, qr/timestamp/), unit => '"hours"', by => nested(-50, 50), not_after => maybe(0.5, pick('"end"', object(column => path(\@columns, qr/timestamp/)))))) if $kind == 21;
	return (pick(@numbers), rule('correlated', column => path(\@columns, $is_number), pick('factor', 'add') => nested(-3, 9))) if $kind == 22;
	my ($name, @members) = distribution(-20, 200);
	return (pick(@numbers, @durations), rule($name, @members, keyed_by => $keyed, round => undef));
}

# A column as JSON, and its type.
sub random_column
{
	my ($t) = @_;
	my ($type, $rule, @more) = any_rule($t, 0);
	return (object(type => string($type), @more, hidden => $type eq 'row' ? 'true' : undef, null => maybe(0.2, '0.1'), nullable => chance(0.6) ? 'true' : undef,
		references => maybe(0.15, string(pick(@{ $t->{tables} }))), rule => $rule), $type);
}

# A table of children of some table, with columns that others build on; $parents are
# the columns of the parent.
sub random_table
{
	my ($parent, $tables, $parents) = @_;
	my @columns = ([ 'n', 'integer' ], [ 'at', 'timestamptz' ], map { [ "p.$_->[0]", $_->[1] ] } @$parents);
	my @own = ('n', 'at');
	my @json = ('"n": {"type": "integer", "rule": {"kind": "uniform", "min": 1, "max": 12}}', '"at": {"type": "timestamptz", "rule": {"kind": "time"}}', '"p": {"type": "row", "hidden": true, "rule": {"kind": "parent"}}');
	foreach my $i (1 .. 1 + below(4))
	{
		my ($column, $type) = random_column({ columns => \@columns, tables => $tables });
		push @json, "\"c$i\": $column";
		push @columns, [ "c$i", $type ];
		push @own, "c$i";
	}
	return object(rows => object(kind => '"children"', of => string($parent), ratio => pick('1.5', 2, '0.4'), max => maybe(0.7, 5)), unique => maybe(0.15, random_sets(\@own)),
		copula => maybe(0.2, random_copula(\@own)), event_time => maybe(0.3, path(\@columns, qr/date|timestamp/)), columns => '{' . join(', ', @json) . '}');
}

sub random_copula
{
	my ($columns) = @_;
	my @some = some(0.5, @$columns);
	@some = @$columns if @some < 2;
	@some = @some[ 0 .. 7 ] if @some > 8;
	return array(object(columns => array(map { string($_) } @some), correlations => array(map { my $n = $_; array(map { pick('0.5', '0.3', '0', '-0.2', '1') } 1 .. $n) } 1 .. $#some)));
}

sub random_sets
{
	my ($columns) = @_;
	return array(map { array(map { string($_) } some(0.5, @$columns)) } 0 .. below(2));
}

1;
