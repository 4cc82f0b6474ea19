# The rules and shares of the retail domain at scale medium, for two seeds.
use strict;
use warnings;
use POSIX qw(erf);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('retail');
$node->init;
$node->append_conf('postgresql.conf', "work_mem = 64MB\nmax_parallel_workers_per_gather = 0\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION spindle');
my ($rules_file) = grep { -e } ('test/t/retail_rules.sql', 't/retail_rules.sql');
$node->safe_psql('postgres', slurp_file($rules_file));

# months and weekdays as declared, hours from a mixture of two normal
# distributions with peaks 12 and 20 and sd 2, cut to the day
my %declared = (
	month => [ 0.071, 0.068, 0.079, 0.079, 0.083, 0.083, 0.085, 0.088, 0.079, 0.083, 0.096, 0.106 ],
	isodow => [ 0.155, 0.152, 0.148, 0.153, 0.147, 0.115, 0.13 ],
	hour => [ map { hour_mass($_, 12) + hour_mass($_, 20) } 0 .. 23 ]);
my %first = (month => 1, isodow => 1, hour => 0);

sub hour_mass
{
	my ($hour, $peak) = @_;
	return erf(($hour + 1 - $peak) / 2 / sqrt(2)) - erf(($hour - $peak) / 2 / sqrt(2));
}

foreach my $seed (42, 20250101)
{
	my $s = "m$seed";
	$node->safe_psql('postgres', qq(
		CREATE SCHEMA v$seed;
		IMPORT FOREIGN SCHEMA retail FROM SERVER spindle INTO v$seed OPTIONS (scale 'medium', seed '$seed');
		CREATE SCHEMA $s;
		DO \$\$
		DECLARE t text;
		BEGIN
			FOR t IN SELECT table_name FROM spindle_tables('retail') LOOP
				EXECUTE format('CREATE UNLOGGED TABLE $s.%1\$I AS SELECT * FROM v$seed.%1\$I', t);
			END LOOP;
		END \$\$;
		ANALYZE));
	is($node->safe_psql('postgres', "SELECT * FROM violations('$s')"), '', "seed $seed: no rule is broken");

	# the references once more, joined as virtual tables
	is($node->safe_psql('postgres', qq(
		SET search_path = v$seed;
		SELECT (SELECT count(*) FROM "order" o LEFT JOIN customer c USING (customer_id) WHERE c.customer_id IS NULL)
		     + (SELECT count(*) FROM order_line l LEFT JOIN "order" o USING (order_id) WHERE o.order_id IS NULL)
		     + (SELECT count(*) FROM "order" o LEFT JOIN address a ON a.address_id = o.shipping_address_id
		        WHERE a.customer_id IS DISTINCT FROM o.customer_id)
		     + (SELECT count(*) FROM "order" o LEFT JOIN (SELECT order_id, sum(line_total) AS total FROM order_line GROUP BY 1) l USING (order_id)
		        WHERE total IS DISTINCT FROM order_total))),
		'0', "seed $seed: virtual tables fit together");

	# Shares of months, weekdays and hours within 0.5 percentage points: at
	# 500 000 orders 5 sigma is 0.3 points for the largest share.
	foreach my $unit (sort keys %declared)
	{
		my %share = split /[\n|]/, $node->safe_psql('postgres', qq(
			SELECT extract($unit FROM order_date AT TIME ZONE 'UTC')::int, count(*) / 5000.0 FROM $s."order" GROUP BY 1));
		my $sum = 0;
		$sum += $_ foreach @{ $declared{$unit} };
		my @off;
		foreach my $i (0 .. $#{ $declared{$unit} })
		{
			my $wanted = 100 * $declared{$unit}[$i] / $sum;
			my $found = $share{ $i + $first{$unit} } // 0;
			push @off, sprintf('%d: %.3f instead of %.3f', $i + $first{$unit}, $found, $wanted)
			  if abs($found - $wanted) > 0.5;
		}
		is("@off", '', "seed $seed: shares by $unit");
	}

	# Gaps look like a Poisson process.  Within an hour in which the rate does
	# not change, the k gaps between its orders, as shares of their sum, have a
	# sum of squares of 2 / (k + 1) in the mean; equal gaps have half of it.
	# Over some 9000 hours the mean has a standard deviation of 0.004.
	my $gaps = $node->safe_psql('postgres', qq(
		SELECT avg((k + 1) / 2 * squares) FROM (
			SELECT count(*)::float8 AS k, sum(gap ^ 2) / sum(gap) ^ 2 AS squares FROM (
				SELECT date_trunc('hour', order_date) AS hour,
					extract(epoch FROM order_date - lag(order_date) OVER (PARTITION BY date_trunc('hour', order_date) ORDER BY order_id))::float8 AS gap
				FROM $s."order") g
			WHERE gap IS NOT NULL GROUP BY hour HAVING count(*) >= 20) h));
	ok(abs($gaps - 1) < 0.03, "seed $seed: gaps between orders are exponential ($gaps)");

	# The number of orders in an hour varies like a Poisson number: for days of
	# the same year, month and weekday, variance over mean is 1, with a standard
	# deviation of sqrt(2 / 1125) = 0.042 over 1461 days in 336 groups.
	my $dispersion = $node->safe_psql('postgres', qq(
		SELECT sum(v * (n - 1)) / sum(m * (n - 1)) FROM (
			SELECT var_samp(c) AS v, avg(c) AS m, count(*) AS n FROM (
				SELECT d, count(o.order_id) AS c
				FROM generate_series('2022-01-01'::timestamp, '2025-12-31', '1 day') d
				LEFT JOIN $s."order" o ON date_trunc('hour', o.order_date AT TIME ZONE 'UTC') = d + interval '12 hours' GROUP BY 1) x
			GROUP BY extract(month FROM d), extract(isodow FROM d), extract(year FROM d)) y));
	ok(abs($dispersion - 1) < 0.21, "seed $seed: orders per hour are Poisson ($dispersion)");

	# the busiest fifth, and nobody with more than 1 %
	my ($customers, $products, $busiest) = split /\|/, $node->safe_psql('postgres', qq(
		WITH c AS (SELECT count(*) AS n, row_number() OVER (ORDER BY count(*) DESC) AS rank FROM $s."order" GROUP BY customer_id),
		p AS (SELECT count(*) AS n, row_number() OVER (ORDER BY count(*) DESC) AS rank FROM $s.order_line GROUP BY product_id)
		SELECT (SELECT 100 * sum(n) FILTER (WHERE rank <= 10000) / sum(n) FROM c),
			(SELECT 100 * sum(n) FILTER (WHERE rank <= 1000) / sum(n) FROM p), (SELECT 100 * max(n) / sum(n) FROM c)));
	ok($customers >= 78 && $customers <= 82, "seed $seed: busiest 20 % of customers ($customers)");
	ok($products >= 78 && $products <= 82, "seed $seed: best 20 % of products ($products)");
	ok($busiest <= 1, "seed $seed: busiest customer ($busiest)");

	# Hot keys are scattered: of the 1000 best of 5000 products 200 are expected
	# among the lowest 1000 ids, sigma is 11.3.
	my $low = $node->safe_psql('postgres', qq(
		SELECT count(*) FILTER (WHERE product_id <= 1000) FROM
			(SELECT product_id FROM $s.order_line GROUP BY 1 ORDER BY count(*) DESC LIMIT 1000) b));
	ok(abs($low - 200) < 57, "seed $seed: popular products are scattered ($low)");

	# shares at this scale: within 5 sigma of a binomial
	foreach my $case (
		[ 'customer', q(gender = 'F'), 0.51 ], [ 'customer', 'email IS NULL', 0.05 ],
		[ 'customer', q(loyalty_tier = 'Platinum'), 0.07 ], [ 'customer', 'is_active', 0.85 ],
		[ 'address', q(address_type = 'both'), 0.1 ], [ 'product', q(product_status = 'introduced'), 0.1 ],
		[ '"order"', q(status = 'returned'), 0.09 ], [ '"order"', q(status = 'processing'), 0.02 ],
		[ '"order"', q(status = 'completed'), 0.77 ], [ '"order"', 'promotion_id IS NULL', 0.7 ],
		[ 'order_line', 'quantity = 1', 0.6 ], [ 'order_line', 'quantity > 5', 0.4**5 ],
		[ '"return"', q(reason = 'arrived_late'), 0.05 ])
	{
		my ($table, $condition, $p) = @$case;
		my ($n, $total) = split /\|/, $node->safe_psql('postgres',
			"SELECT count(*) FILTER (WHERE $condition), count(*) FROM $s.$table");
		ok(abs($n - $p * $total) < 5 * sqrt($total * $p * (1 - $p)), "seed $seed: $table $condition ($n of $total)");
	}
	$node->safe_psql('postgres', "SET client_min_messages = warning; DROP SCHEMA v$seed, $s CASCADE");
}

# What two seeds have in common is no more than chance: 500 000 times in
# microseconds fall on 1.3e14, so 0.002 pairs are expected.
ok($node->safe_psql('postgres', q(
	SELECT count(*) FROM spindle_rows('retail', 'order', 'medium', 42) AS a (order_id bigint, order_date timestamptz)
	JOIN spindle_rows('retail', 'order', 'medium', 43) AS b (order_id bigint, order_date timestamptz) USING (order_date))) < 2,
	'another seed has other times');

$node->stop;
done_testing();
