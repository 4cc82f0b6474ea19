# spindle_compare where rows arrive: on a subscriber that has the extension, and through
# a foreign server.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->append_conf('postgresql.conf', "autovacuum = off\n");
$publisher->start;
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init;
$subscriber->append_conf('postgresql.conf', "autovacuum = off\nwal_receiver_status_interval = 1\n");
$subscriber->start;
$_->safe_psql('postgres', 'CREATE EXTENSION spindle') foreach $publisher, $subscriber;

# Rows that are copied, and rows that follow.
my $ddl = $publisher->safe_psql('postgres', q(SELECT spindle_ddl('retail', 'shop')));
$ddl =~ s/^\\copy.*$//mg;
$_->safe_psql('postgres', $ddl) foreach $publisher, $subscriber;
$publisher->safe_psql('postgres', q(CALL spindle_fill_schema('retail', 'shop', report => false, scale => 'fabric_demo', tables => '{product_category,product,store}');
CREATE PUBLICATION everything FOR ALL TABLES));
$subscriber->safe_psql('postgres', q(CREATE SUBSCRIPTION mirror CONNECTION $$) . $publisher->connstr('postgres') . q($$ PUBLICATION everything));
$subscriber->poll_query_until('postgres', q(SELECT count(*) = 0 FROM pg_subscription_rel WHERE srsubstate NOT IN ('r', 's'))) or die 'tables are not copied';
my $compare = q(SELECT sum(expected), sum(missing), sum(extra), sum(different) FROM spindle_compare('shop', 'retail', scale => 'fabric_demo'));
like($subscriber->safe_psql('postgres', $compare), qr/^\d+\|[1-9]\d*\|0\|0$/, 'subscriber: what has not been sent is missing');
my $all = $publisher->safe_psql('postgres', q(SELECT sum(row_count) FROM spindle_tables('retail', 'fabric_demo')));
my $others = $publisher->safe_psql('postgres', q(SELECT array_agg(table_name) FROM spindle_tables('retail') WHERE table_name NOT IN ('product_category', 'product', 'store')));
$publisher->safe_psql('postgres', "CALL spindle_fill_schema('retail', 'shop', report => false, scale => 'fabric_demo', tables => '$others')");
$publisher->wait_for_catchup('mirror');
is($subscriber->safe_psql('postgres', "BEGIN READ ONLY; $compare"), "$all|0|0|0", 'subscriber: all is there');

# The same from the publisher, through a foreign server; texts have another order there.
$publisher->safe_psql('postgres', sprintf(q(CREATE EXTENSION postgres_fdw;
CREATE SERVER mirror FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '%s', port '%s', dbname 'postgres');
CREATE USER MAPPING FOR CURRENT_USER SERVER mirror;
CREATE SCHEMA far;
IMPORT FOREIGN SCHEMA shop FROM SERVER mirror INTO far), $subscriber->host, $subscriber->port));
(my $far = $compare) =~ s/'shop'/'far'/;
is($publisher->safe_psql('postgres', $far), "$all|0|0|0", 'foreign server: all is there');

# What differs on the subscriber only.
$subscriber->safe_psql('postgres', q(DELETE FROM shop."return"; UPDATE shop.order_line SET quantity = quantity + 1 WHERE order_line_id IN (3, 5);
INSERT INTO shop.store SELECT -1, store_name, store_type, city, state FROM shop.store LIMIT 1));
my $differing = q(SELECT table_name, missing = expected, extra, different, first_missing, first_extra, first_different ->> 'key'
	FROM spindle_compare('%s', 'retail', scale => 'fabric_demo') WHERE missing + extra + different > 0 ORDER BY table_name COLLATE "C");
my $expected = qq(order_line|f|0|2|||{"order_line_id":3}\nreturn|t|0|0|{"return_id":1}||\nstore|f|1|0||{"store_id":-1}|);
is($subscriber->safe_psql('postgres', sprintf($differing, 'shop')), $expected, 'subscriber: what differs');
is($publisher->safe_psql('postgres', sprintf($differing, 'far')), $expected, 'foreign server: what differs');
is($publisher->safe_psql('postgres', sprintf($differing, 'shop')), '', 'publisher: nothing differs');

$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION mirror');
$subscriber->stop;
$publisher->stop;
done_testing();
