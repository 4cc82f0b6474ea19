#!/bin/bash
# Checks that calls go down only: which room's headers each room of src/ includes,
# and that no room below api/ knows how SQL calls a function.  Prints what breaks
# that, and exits with 1 if anything does.
#
# The order: api, then the features (scan, deliver, apply, seed, learn), then library, sink, format, stream,
# json, gen, model, math.  define/ stands beside gen/.  server/ is open to all from
# stream on, and knows nothing of the others.
set -uo pipefail
cd "$(dirname "$0")/../src" || exit

declare -A below=(
	[math]=""
	[model]="math"
	[json]="math model gen"
	[define]="math model json"
	[gen]="math model"
	[server]=""
	[stream]="math model gen json server"
	[sink]="math stream server"
	[format]="math model gen json stream"
	[library]="math model define gen json stream server"
	[scan]="math model gen json stream library server"
	[deliver]="math model gen json stream sink format library server"
	[apply]="math model gen json stream library server"
	[seed]="math model gen json sink library server"
	[learn]="math model define gen json library server"
	[api]="math model define gen json stream sink format library server scan deliver apply seed learn"
)
status=0

for room in */; do
	room=${room%/}
	if [ -z "${below[$room]+known}" ]; then
		echo "check-rooms: src/$room is not in the list"
		status=1
		continue
	fi
	while IFS=: read -r file line include; do
		other=${include#*\"}
		other=${other%%/*}
		case " $room ${below[$room]} " in
			*" $other "*) ;;
			*)
				echo "src/$file:$line: $room must not include $other"
				status=1
				;;
		esac
	done < <(grep -nE '^#include "(api|apply|define|deliver|format|gen|json|learn|library|math|model|scan|seed|server|sink|stream)/' "$room"/*.[ch])
done
if grep -nE 'FunctionCallInfo|PG_FUNCTION_ARGS|PG_FUNCTION_INFO' $(ls -d */ | grep -v '^api/$' | sed 's/$/*.[ch]/'); then
	echo "check-rooms: only api/ has SQL functions"
	status=1
fi
[ $status -ne 0 ] || echo "check-rooms: $(ls -d */ | wc -l) rooms, all includes go down"
exit $status
