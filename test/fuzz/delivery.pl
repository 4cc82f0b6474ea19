# Stream arguments on odd relations: all ways of delivery give the same events, in
# the same order, with the same counts, or the same SQLSTATE.
#
#   prove test/fuzz/delivery.pl :: [--seed N] [--seconds N] [--count N] [--first N]
use strict;
use warnings;
use File::Basename;
use lib dirname(__FILE__);
use PostgreSQL::Test::Utils;
use SpindleFuzz;
use Test::More;

options(count => 3000, seconds => 1200);

my $node = start_server('delivery', "statement_timeout = '15s'", "timezone = 'UTC'", "wal_level = logical");
my $file = $node->basedir . '/events';
my $connection = connect_to('postgres');

value($connection, <<'SQL');
CREATE TYPE mood AS ENUM ('fine', 'so "so"');
CREATE DOMAIN positive AS numeric(8,3) CHECK (VALUE > 0);
CREATE DOMAIN stamp AS timestamptz;
CREATE TYPE pair AS (a int, b text, at timestamptz);
CREATE SCHEMA "odd ""names""";
CREATE TABLE plain (id int PRIMARY KEY, at timestamptz, price numeric(10,2), kind text);
INSERT INTO plain SELECT i, '2024-01-01'::timestamptz + i * interval '17 minutes', i % 13, (ARRAY['a', 'b', 'c'])[1 + i % 3] FROM generate_series(1, 200) i;
CREATE TABLE no_rows (LIKE plain);
CREATE TABLE null_times AS SELECT id, NULL::timestamptz AS at, price, kind FROM plain LIMIT 50;
CREATE TABLE some_null AS SELECT id, CASE WHEN id % 3 > 0 THEN at END AS at, nullif(price, 4) AS price, nullif(kind, 'b') AS kind FROM plain;
CREATE TABLE equal_times AS SELECT id, '2024-01-01'::timestamptz AS at, price, kind FROM plain LIMIT 100;
CREATE TABLE one_row AS SELECT * FROM plain LIMIT 1;
CREATE TABLE two_rows AS SELECT * FROM plain LIMIT 2;
CREATE TABLE no_time AS SELECT id, kind, price FROM plain;
CREATE TABLE far_times (id int, at timestamptz, price float8, kind varchar(3));
INSERT INTO far_times VALUES (1, 'infinity', 1, 'a'), (2, '-infinity', 'NaN', 'b'), (3, '2024-01-01', 'Infinity', NULL), (4, '4713-01-01 BC', '-Infinity', 'c'), (5, '294276-12-31', 1e300, 'a'), (6, NULL, -1e-300, 'a');
CREATE TABLE plain_times (id int, at timestamp, day date, price int, kind char(4));
INSERT INTO plain_times SELECT id, at, at, price, kind FROM some_null;
CREATE TABLE dropped (gone timestamptz, id int, gone2 text, at timestamptz, kind text, gone3 int, price numeric);
INSERT INTO dropped (id, at, kind, price) SELECT id, at, kind, price FROM plain;
ALTER TABLE dropped DROP gone, DROP gone2, DROP gone3;
ALTER TABLE dropped ADD added int DEFAULT 5;
CREATE TABLE no_columns ();
INSERT INTO no_columns SELECT FROM generate_series(1, 7);
CREATE TABLE all_dropped (a int);
INSERT INTO all_dropped VALUES (1), (2);
ALTER TABLE all_dropped DROP a;
CREATE TABLE "odd ""names"""."a table's ""name""" ("the ""id""" int, "AT" timestamptz, "price €" numeric, kind text, "_spindle_seq" int);
SQL
value($connection, <<'SQL');
INSERT INTO "odd ""names"""."a table's ""name""" SELECT id, at, price, E'quote '' " \\ \n\t' || kind, id FROM some_null;
CREATE TABLE types (at stamp, plain timestamp, day date, small smallint, whole int, big bigint, price numeric(10,2), any_number numeric, f4 real, f8 float8,
  flag boolean, words text, kind varchar(10), fixed char(4), one "char", mood mood, positive positive, pair pair, pairs pair[], ints int[], texts text[], grid int[], stamps timestamptz[],
  jb jsonb, bytes bytea, span int4range, spans tstzrange, many int4multirange, gap interval, net inet, id uuid, bits bit(3), dot point, ts tsvector, o oid, name name, class regclass, clock time, clockz timetz);
INSERT INTO types VALUES
  ('2024-02-29 23:59:59.5+00', '2024-02-29 23:59:59.120', '2024-02-29', -32768, -2147483648, -9223372036854775808, 119.90, 1e30, 1.5, 0.1, true, E'a "b" \\ \n\t\u0001 é', 'abc', 'ab', 'z', 'so "so"', 1.5,
   (1, 'x y', '2024-01-01 00:00:00+00'), ARRAY[(1, 'x', NULL), NULL]::pair[], '{1,NULL,3}', '{"a b",NULL}', '{{1,2},{3,4}}', '{2024-01-01 00:00+00,infinity}', '{"k": [1, 2], "s": "a  b"}', '\x00ff', '[1,5)', '[2024-01-01 00:00+00,)', '{[1,2],[5,9]}',
   '1 day 2:03', '10.0.0.1/8', '00000000-0000-0000-0000-000000000001', B'101', '(1,2)', 'a:1 b', 42, 'n', 'pg_class', '12:00', '12:00+02'),
  ('2024-03-01', '-infinity', 'infinity', 0, 0, 0, 'NaN', 'NaN', 'NaN', 'NaN', false, '', '', '', '', 'fine', NULL, NULL, '{}', '{}', '{}', '{}', '{}', '{}', '', 'empty', 'empty', '{}', '0', '::1', NULL, NULL, NULL, '', 0, '', NULL, '0:00', '24:00+00');
INSERT INTO types (at) VALUES (NULL), ('2023-01-01'), ('2025-01-01');
CREATE TABLE partitioned (id int, at timestamptz, price numeric(10,2), kind text) PARTITION BY LIST (kind);
CREATE TABLE part_a (kind text, extra int, id int, at timestamptz, price numeric(10,2));
ALTER TABLE part_a DROP extra;
ALTER TABLE partitioned ATTACH PARTITION part_a FOR VALUES IN ('a');
CREATE TABLE part_rest PARTITION OF partitioned DEFAULT;
INSERT INTO partitioned SELECT * FROM plain;
CREATE TABLE no_parts (id int, at timestamptz, price int, kind text) PARTITION BY RANGE (id);
CREATE TABLE inherited () INHERITS (plain);
CREATE VIEW view AS SELECT * FROM some_null WHERE id < 150;
CREATE VIEW view_of_stream AS SELECT seq::int AS id, event_time AS at, (event ->> 'price')::numeric(10,2) AS price, event ->> 'kind' AS kind FROM spindle_stream('plain'::regclass);
CREATE MATERIALIZED VIEW matview AS SELECT * FROM some_null;
CREATE VIEW failing AS SELECT id, at, (1 / (150 - id))::int AS price, kind FROM plain;
CREATE TABLE generated (id int GENERATED ALWAYS AS IDENTITY, at timestamptz, price int, kind text GENERATED ALWAYS AS ('k' || price) STORED);
INSERT INTO generated (at, price) SELECT at, price FROM plain;
CREATE SEQUENCE counter;
CREATE INDEX plain_kind ON plain (kind);
CREATE SCHEMA shop;
IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO shop OPTIONS (scale 'fabric_demo');
SQL

my @relations = ('plain', 'no_rows', 'null_times', 'some_null', 'equal_times', 'one_row', 'two_rows', 'no_time', 'far_times', 'plain_times', 'dropped', 'no_columns', 'all_dropped',
	q("odd ""names"""."a table's ""name"""), 'types', 'partitioned', 'no_parts', 'inherited', 'view', 'view_of_stream', 'matview', 'failing', 'generated', 'shop."return"', 'shop.promotion');
my @no_relations = ('counter', 'plain_kind', 'pair', '0', '4294967295');

# A target for each of them, with columns for all that an event has.
my %columns; # relation => its columns but for those of spindle's names
value($connection, 'CREATE SCHEMA target');
foreach my $n (0 .. $#relations)
{
	value($connection, "CREATE TABLE target.t$n AS SELECT * FROM $relations[$n] LIMIT 0");
	$columns{ $relations[$n] } = [ map { $_->[0] } @{ run($connection,
		"SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = 'target.t$n'::regclass AND attnum > 0 AND NOT attisdropped AND attname !~ '^_spindle' ORDER BY attnum")->{rows} } ];
	value($connection, "ALTER TABLE target.t$n DROP COLUMN IF EXISTS _spindle_seq, ADD _spindle_seq bigint, ADD _spindle_event_time timestamptz, ADD _spindle_is_anomaly boolean, ADD _spindle_anomaly_type text");
}

# --- arguments ---

sub number { return pick(0, 1, 2, 3, 7, 50, 100, 199, 200, 1000); }
sub odd_number { return pick('NULL', 0, -1, 1, 9223372036854775807, '-9223372036854775808', 65536); }
sub odd_float { return pick('NULL', "'NaN'", "'Infinity'", "'-Infinity'", 0, -1, 1e-300, 1e300, 1, 0.5, "1e-6", 1e9, 1e15); }
sub fraction { return chance(0.9) ? pick(0, 0.001, 0.05, 0.3, 0.5, 0.999, 1) : odd_float(); }

my @columns_of_any = qw(id at price kind day plain words big f8 f4 positive mood flag pair ints jb net order_id return_date start_date reason);

sub column
{
	my ($relation) = @_;
	my @own = map { s/^"(.*)"$/$1/sr =~ s/""/"/gr } @{ $columns{$relation} // [] };
	return pick(chance(0.9) && @own ? @own : (@columns_of_any, 'nothing', ''));
}

sub json_values { return pick("'[\"a\"]'", "'[\"a\",\"b\"]'", "'[\"c\",null]'", "'[1,2,3]'", "'[]'", "'[\"so \\\"so\\\"\",\"fine\"]'", "'[true]'", "'[\"2024-01-01\",\"2024-06-01\"]'", "'[1.5,1e400]'", "'{}'", 'NULL', "'[[1]]'", "'\"a\"'"); }

sub anomaly
{
	my ($relation) = @_;
	my $name = literal(pick('x', 'y', 'an "odd" name', 'z' x 70, chance(0.05) ? '' : 'w'));
	my $kind = below(10);
	my $column = literal(column($relation));
	my $fraction = fraction();
	if ($kind < 4)
	{
		$column = literal(pick('price', 'any_number', 'big', 'small', 'f8', 'refund_amount', 'discount_pct', 'price €')) if chance(0.6);
		return "spindle_point_anomaly($name, $column, " . (chance(0.9) ? pick("'[2,2]'", "'[10,50]'", "'[1e-9,1e15]'") : pick("'[5,1]'", "'[0,1]'", "'[]'", 'NULL', "'{}'")) . ", $fraction)";
	}
	if ($kind < 7)
	{
		my $condition = literal(chance(0.5) ? 'kind' : column($relation));
		$column = literal('kind') if chance(0.4);
		return "spindle_contextual_anomaly($name, $column, $condition, " . json_values() . ', ' . json_values() . ", $fraction)";
	}
	if ($kind < 9)
	{
		$column = literal(pick('kind', 'price', 'reason')) if chance(0.6);
		my $time = literal(chance(0.7) ? pick('at', 'AT', 'return_date', 'start_date') : column($relation));
		return "spindle_collective_anomaly($name, $column, $time, " . (chance(0.9) ? pick(600, 1, 1e-6, 1e6, 1e9) : odd_float()) . ", $fraction)";
	}
	return pick("'{}'", "'[]'", "'null'", "'1'", q('{"type": "point"}'), q('{"type": "point", "name": "n", "column": "price", "multiplier_range": [1, 2], "fraction": 0.5}'), q('[{"type": 3}]')) . '::jsonb';
}

sub window
{
	my @parts = pick([ 'start_event => ' . number(), 'end_event => ' . number() ], [ 'end_event => ' . odd_number() ],
		[ 'start_offset_seconds => ' . pick(0, 1, 5.5), 'duration_seconds => ' . pick(1, 10, 1e12, odd_float()) ]);
	push @{ $parts[0] }, 'multiplier => ' . pick(5, 0.1, 1e-6, 1e6, odd_float()) if chance(0.6);
	return 'spindle_burst_window(' . join(', ', @{ $parts[0] }) . ')';
}

my @arguments = (
	[ seed => sub { pick(0, 1, -1, odd_number()) } ],
	[ max_events => sub { chance(0.8) ? number() : odd_number() } ],
	[ duration => sub { literal(pick('1 second', '10 seconds', '1 minute', '0', '1 day', '-1 second', '1 month', '178000000 years', '1 microsecond', undef)) } ],
	[ events_per_second => sub { chance(0.8) ? pick(1, 10, 1000, '1e-6', 1e9) : odd_float() } ],
	[ arrivals => sub { literal(pick('poisson', 'uniform', 'uniform', chance(0.2) ? ('Poisson', '', undef) : ())) } ],
	[ burst_windows => sub { chance(0.7) ? window() : chance(0.7) ? 'jsonb_build_array(' . window() . ', ' . window() . ')' : pick("'[]'", "'{}'", 'NULL', "'[1]'", q('{"start_event": 1, "end_event": 5, "multiplier": 2}')) } ],
	[ time_pattern => sub { pick(q('"retail_peak"'), q('"business_hours"'), q(spindle_time_pattern(hours => '{"3": 0, "4": 7}')), q(spindle_time_pattern('retail_peak', weekdays => '{"0": 0}')), 'NULL', "'{}'", q('"none"'),
		q(spindle_time_pattern(hours => '{"24": 1}')), q('{"hours": {"0": 1e6, "1": 0}}')) } ],
	[ clock_start => sub { literal(pick('2024-01-01', '2024-02-29 12:34:56.789', undef, chance(0.3) ? ('infinity', '-infinity', '4713-01-01 BC', '294276-12-31') : ())) } ],
	[ out_of_order_fraction => \&fraction ],
	[ out_of_order_max_delay_slots => sub { chance(0.9) ? pick(1, 2, 10, 1000, 1000000) : pick(0, -1, 'NULL', 2147483647) } ],
	[ label_anomalies => sub { pick('true', 'false', 'NULL') } ],
	[ skip_events => sub { chance(0.9) ? number() : odd_number() } ],
	[ batch_size => sub { chance(0.9) ? pick(1, 2, 7, 100, 1000000, 'NULL') : pick(0, -1, 2147483647) } ],
	[ scale => sub { pick("'small'", "'medium'", 'NULL') } ]);

# --- ways of delivery: each gives {state, message} or what it delivered ---

sub rows_of
{
	my ($result) = @_;
	return { state => $result->{state}, message => $result->{message}, sql => $result->{sql} } if $result->{state} ne '';
	return { state => '', rows => [ map { $_->[0] } @{ $result->{rows} } ], sql => $result->{sql} };
}

sub lines_of
{
	my ($result) = @_;
	my $text = slurp_file($file);
	my @lines = split /\n/, $text, -1;
	pop @lines if @lines; # behind the last line end
	my (undef, $events, $anomalies, $late, $bytes) = @{ $result->{rows}[0] };
	return { state => '', rows => \@lines, counts => "$events events, $anomalies anomalies, $late late", bytes => $bytes, size => length $text, sql => $result->{sql} };
}

my %ways = (
	node => sub { rows_of(run($connection, "SELECT s::text FROM spindle_stream($_[0]) s")) },
	ordinality => sub { rows_of(run($connection, "SELECT (delivery_seq, seq, table_name, event_time, arrival, is_anomaly, anomaly_type, event)::text FROM spindle_stream($_[0]) WITH ORDINALITY")) },
	lateral => sub { rows_of(run($connection, "SELECT s::text FROM (VALUES (1)) v (n), LATERAL (SELECT s FROM spindle_stream($_[0]) s WHERE n = 1) r")) },
	cursor => sub {
		my $result = run($connection, "BEGIN; DECLARE c CURSOR FOR SELECT s::text FROM spindle_stream($_[0]) s");
		my @rows;
		while ($result->{state} eq '')
		{
			$result = run($connection, 'FETCH 61 FROM c');
			push @rows, @{ $result->{rows} };
			last if @{ $result->{rows} } == 0;
		}
		run($connection, 'ROLLBACK');
		$result->{rows} = \@rows;
		return rows_of({ %$result, sql => "DECLARE c CURSOR FOR SELECT s::text FROM spindle_stream($_[0]) s" });
	},
	file => sub {
		my $result = run($connection, "SELECT * FROM spindle_to_file(" . literal($file) . ", $_[0])");
		return $result->{state} ne '' ? rows_of($result) : lines_of($result);
	},
	program => sub {
		my $result = run($connection, "SELECT * FROM spindle_to_program(" . literal("cat > $file") . ", $_[0])");
		return $result->{state} ne '' ? rows_of($result) : lines_of($result);
	});

# Of lines and rows, the parts that can be compared: delivery_seq, and so on.
sub expected_of
{
	my ($relation, $stream) = @_;
	my $result = run($connection, "SELECT event::text, is_anomaly, seq < max(seq) OVER (ORDER BY delivery_seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) FROM spindle_stream($stream) ORDER BY delivery_seq");
	return undef if $result->{state} ne '';
	my @rows = @{ $result->{rows} };
	# anomalies are counted even if they are not labelled, late events behind those left out too
	my $unlabelled = grep { !defined $_->[1] } @rows;
	return { lines => [ map { $_->[0] } @rows ], events => scalar(@rows), anomalies => $unlabelled ? undef : scalar(grep { $_->[1] } @rows), late => scalar(grep { $_->[2] } @rows) };
}

sub first_difference
{
	my ($is, $should_be) = @_;
	return undef if "@$is" eq "@$should_be" && @$is == @$should_be;
	my $n = 0;
	$n++ while $n < @$is && $n < @$should_be && $is->[$n] eq $should_be->[$n];
	return scalar(@$is) . ' instead of ' . scalar(@$should_be) . ", number $n:\n is        " . ($is->[$n] // 'none') . "\n should be " . ($should_be->[$n] // 'none');
}

sub to_table
{
	my ($relation, $stream) = @_;
	my ($n) = grep { $relations[$_] eq $relation } 0 .. $#relations;
	run($connection, "TRUNCATE target.t$n");
	my $sql = "CALL spindle_to_table('target.t$n', $stream)";
	my $called = run($connection, $sql);
	return ($sql, $called->{state}, $called->{message}) if $called->{state} ne '';
	my @own = @{ $columns{$relation} };
	my $list = join '', map { ", r.$_" } @own;
	my $is = run($connection, "SELECT ROW(_spindle_seq, _spindle_event_time, _spindle_is_anomaly, _spindle_anomaly_type$list)::text FROM target.t$n r ORDER BY 1");
	my $should_be = run($connection, "SELECT ROW(s.seq, s.event_time, s.is_anomaly, s.anomaly_type$list)::text FROM spindle_stream($stream) s, json_populate_record(NULL::target.t$n, s.event) r ORDER BY 1");
	return ($sql, '', first_difference([ map { $_->[0] } @{ $is->{rows} } ], [ map { $_->[0] } @{ $should_be->{rows} } ]) // '');
}

# What is wrong with a source and arguments, or undef.
sub wrong
{
	my ($relation, @given) = @_;
	my $stream = join ', ', literal($relation) . '::regclass', map { "$_->[0] => $_->[1]" } @given;
	my $base = rows_of(run($connection, "SELECT s::text FROM (SELECT spindle_stream($stream) AS s) r"));
	return undef if $base->{state} eq '57014';
	note_kind($base->{state} eq '' ? 'streams' : "SQLSTATE $base->{state}");
	my $expected = $base->{state} eq '' ? expected_of($relation, $stream) : undef;

	foreach my $name (sort keys %ways)
	{
		my $is = $ways{$name}->($stream);
		next if $is->{state} eq '57014';
		return "$is->{sql}\nas $name: SQLSTATE '$is->{state}', expected '$base->{state}': " . ($is->{message} // '') . ' / ' . ($base->{message} // '') if $is->{state} ne $base->{state};
		next if $is->{state} ne '';
		if (defined $is->{counts})
		{
			my $difference = first_difference($is->{rows}, $expected->{lines});
			return "$is->{sql}\nas $name: $difference" if defined $difference;
			return "$is->{sql}\nas $name: $is->{bytes} bytes instead of $is->{size}" if $is->{bytes} != $is->{size};
			my ($events, $anomalies, $late) = $is->{counts} =~ /(\d+)/g;
			return "$is->{sql}\nas $name: $is->{counts}, expected $expected->{events}, " . ($expected->{anomalies} // 'any') . ", $expected->{late}"
			  if $events != $expected->{events} || defined $expected->{anomalies} && $anomalies != $expected->{anomalies}
			  || $late != $expected->{late} && !grep { $_->[0] eq 'skip_events' } @given;
			next;
		}
		my $difference = first_difference($is->{rows}, $base->{rows});
		return "$is->{sql}\nas $name: $difference" if defined $difference;
	}

	# what is left out at the start changes nothing of the rest
	if ($base->{state} eq '' && @{ $base->{rows} } && !grep { $_->[0] eq 'skip_events' } @given)
	{
		my $skip = below(@{ $base->{rows} } + 2);
		my $is = rows_of(run($connection, "SELECT s::text FROM spindle_stream($stream, skip_events => $skip) s"));
		my @rest = @{ $base->{rows} };
		splice @rest, 0, $skip;
		my $difference = $is->{state} ne '' ? "$is->{state}: $is->{message}" : first_difference($is->{rows}, \@rest);
		return "$is->{sql}\nas part: $difference" if defined $difference && $is->{state} ne '57014';
	}

	# a table takes events that have columns only
	if (@{ $columns{$relation} // [] })
	{
		my ($sql, $state, $difference) = to_table($relation, $stream);
		return "$sql\nas table: SQLSTATE '$state', expected '$base->{state}': $difference" if $state ne $base->{state} && $state ne '57014';
		return "$sql\nas table: $difference" if $state eq '' && $difference ne '';
	}
	return undef;
}

run_cases(sub {
	my $relation = chance(0.97) ? pick(@relations) : pick(@no_relations);
	my @given = map { [ $_->[0], $_->[1]->() ] } some(pick(0.05, 0.1, 0.2), @arguments);
	my $anomalies = pick(0, 0, 0, 1, 1, 2);
	push @given, [ anomalies => $anomalies == 1 ? anomaly($relation) : 'jsonb_build_array(' . join(', ', map { anomaly($relation) } 1 .. $anomalies) . ')' ] if $anomalies;
	push @given, [ timestamp_column => literal(column($relation)) ] if chance(0.2);
	if (chance(0.1) && !grep { $_->[0] =~ /events_per_second|time_pattern|duration|burst/ } @given)
	{
		push @given, [ events_per_second => 1e9 ], [ realtime => 'true' ];
	}
	my $difference = wrong($relation, @given);
	if (defined $difference)
	{
		@given = shrink_list(sub { defined wrong($relation, @_) }, @given);
		finding('ways of delivery that differ', wrong($relation, @given) // $difference);
	}
});
finish('ways of delivery that differ');
