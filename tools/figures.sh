#!/bin/bash
# Draws the figures of the pages in docs from real streams, into
# docs/figures: a throw-away cluster gives the events, gnuplot the SVG.
#
# Streams are the same everywhere, so the figures are too, as long as gnuplot is
# the same.  They have no background, and colours that can be read on white and
# on black.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/setup.sh"
. "$here/cluster.sh"

if ! installed gnuplot-nox; then
	echo "figures: installing gnuplot-nox"
	apt update
	apt install --no-install-recommends gnuplot-nox
fi

work_init
tree_build
cluster_start figures
out=$ROOT/docs/figures
mkdir -p "$out"

# Rows of a query as lines of a data file for gnuplot.
rows() {
	as_db "$BINDIR/psql" -X -q -At -F ' ' -v ON_ERROR_STOP=1 -d postgres -c 'SET timezone = UTC' -f - >"$WORK/$1"
}

as_db "$BINDIR/psql" -X -q -d postgres -c 'CREATE EXTENSION spindle'

# Deliveries per second, and the rate that was asked for: two windows by time
# that overlap, and one by event numbers.
rows rate.data <<'SQL'
SELECT second, count(arrival) AS delivered,
  100 * CASE WHEN second >= 20 AND second < 60 THEN 3 ELSE 1 END * CASE WHEN second >= 40 AND second < 70 THEN 2 ELSE 1 END AS asked
FROM generate_series(0, 99) second
LEFT JOIN spindle_stream('retail', 'order', scale => 'medium', duration => '100 s', events_per_second => 100,
  burst_windows => jsonb_build_array(
    spindle_burst_window(start_offset_seconds => 20, duration_seconds => 40, multiplier => 3),
    spindle_burst_window(start_offset_seconds => 40, duration_seconds => 30, multiplier => 2)))
  ON floor(extract(epoch FROM arrival)) = second
GROUP BY second ORDER BY second;
SQL

# Event time by delivery; late is what an event with a higher seq overtook.
rows order.data <<'SQL'
SELECT delivery_seq, round(extract(epoch FROM event_time - '2022-01-01') / 86400, 4), (seq < max(seq) OVER (ORDER BY delivery_seq))::int
FROM spindle_stream('retail', 'order', max_events => 150, out_of_order_fraction => 0.15, out_of_order_max_delay_slots => 12)
ORDER BY delivery_seq;
SQL

# A value over time, and what became of it.
rows anomalies.data <<'SQL'
SELECT round(extract(epoch FROM event_time - '2022-01-01') / 86400, 4), event ->> 'order_total',
  coalesce(split_part(anomaly_type, ':', 1), 'normal')
FROM spindle_stream('retail', 'order', max_events => 600,
  anomalies => jsonb_build_array(
    spindle_point_anomaly('extreme_total', 'order_total', multiplier_range => '[8, 12]', fraction => 0.02),
    spindle_contextual_anomaly('undone', 'status', 'status', '["cancelled"]', '["completed"]', 0.4),
    spindle_collective_anomaly('rush', 'customer_id', 'order_date', window_seconds => 36000, fraction => 0.05)))
ORDER BY seq;
SQL

# In which states 200 orders were, in the days from that on which each was placed.
rows states.data <<'SQL'
SELECT order_id, status, round(extract(epoch FROM _spindle_valid_from - order_date) / 86400, 3),
  round(extract(epoch FROM least(_spindle_valid_to, order_date + interval '30 days') - order_date) / 86400, 3)
FROM spindle_history('retail', 'order', max_rows => 200)
  AS h(order_id bigint, status text, order_date timestamptz, _spindle_valid_from timestamptz, _spindle_valid_to timestamptz)
WHERE _spindle_valid_from < order_date + interval '30 days' ORDER BY order_id, _spindle_valid_from;
SQL

cd "$WORK"
gnuplot - <<GNUPLOT
set terminal svg size 800,380 dynamic noenhanced font "sans-serif,14"
grey = "#777777"
set border 3 linecolor rgb grey
set tics nomirror textcolor rgb grey
set xlabel textcolor rgb grey
set ylabel textcolor rgb grey
set title textcolor rgb grey
set key textcolor rgb grey outside above horizontal center
set style fill transparent solid 0.4

set output "$out/rate.svg"
set title "Deliveries per second under two overlapping burst windows"
set xlabel "seconds from the start"
set ylabel "events per second"
set yrange [0:*]
set xrange [-1:100]
plot "rate.data" using 1:2 with boxes linecolor rgb "#4a90d9" title "delivered", \
	"rate.data" using (\$1 - 0.5):3 with steps linewidth 3 linecolor rgb "#e07b00" title "asked: 100 a second, times 3, times 2"

set output "$out/order.svg"
set title "Event time in the order of delivery"
set xlabel "delivery"
set ylabel "event time, days since 2022-01-01"
set autoscale xy
plot "order.data" using 1:(\$3 == 0 ? \$2 : 1/0) with points pointtype 7 pointsize 0.5 linecolor rgb "#4a90d9" title "in order", \
	"order.data" using 1:(\$3 == 1 ? \$2 : 1/0) with points pointtype 9 pointsize 1 linecolor rgb "#e04040" title "late"

set output "$out/anomalies.svg"
set title "Order totals with labelled anomalies"
set xlabel "event time, days since 2022-01-01"
set ylabel "order_total"
set logscale y
plot "anomalies.data" using 1:(stringcolumn(3) eq "normal" ? \$2 : 1/0) with points pointtype 7 pointsize 0.4 linecolor rgb grey title "normal", \
	"" using 1:(stringcolumn(3) eq "point" ? \$2 : 1/0) with points pointtype 9 pointsize 1 linecolor rgb "#e04040" title "point", \
	"" using 1:(stringcolumn(3) eq "contextual" ? \$2 : 1/0) with points pointtype 5 pointsize 0.8 linecolor rgb "#4a90d9" title "contextual", \
	"" using 1:(stringcolumn(3) eq "collective" ? \$2 : 1/0) with points pointtype 13 pointsize 1 linecolor rgb "#e07b00" title "collective"

set terminal svg size 800,620 dynamic noenhanced font "sans-serif,14"
set output "$out/states.svg"
set title "States of 200 orders over time"
set xlabel "days since the order was placed"
set ylabel "order"
unset logscale
set xrange [0:30]
set yrange [0:201]
plot "states.data" using 3:(stringcolumn(2) eq "placed" ? \$1 : 1/0):(\$4 - \$3):(0) with vectors nohead linewidth 2 linecolor rgb "#9b59b6" title "placed", \
	"" using 3:(stringcolumn(2) eq "processing" ? \$1 : 1/0):(\$4 - \$3):(0) with vectors nohead linewidth 2 linecolor rgb "#e0a800" title "processing", \
	"" using 3:(stringcolumn(2) eq "shipped" ? \$1 : 1/0):(\$4 - \$3):(0) with vectors nohead linewidth 2 linecolor rgb "#4a90d9" title "shipped", \
	"" using 3:(stringcolumn(2) eq "completed" ? \$1 : 1/0):(\$4 - \$3):(0) with vectors nohead linewidth 2 linecolor rgb "#3a9d5d" title "completed", \
	"" using 3:(stringcolumn(2) eq "returned" ? \$1 : 1/0):(\$4 - \$3):(0) with vectors nohead linewidth 2 linecolor rgb "#e07b00" title "returned", \
	"" using 3:(stringcolumn(2) eq "cancelled" ? \$1 : 1/0):(\$4 - \$3):(0) with vectors nohead linewidth 2 linecolor rgb "#e04040" title "cancelled"
GNUPLOT
echo "figures: $out"
