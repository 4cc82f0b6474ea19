/*-------------------------------------------------------------------------
 *
 * hint.c
 *		Hints for names that do not exist.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

#include "server/hint.h"

/*
 * The one of some names that a misspelled name was probably meant to be, or
 * NULL.  At most a third of its length may have to change, or two characters.
 * Names of more than 255 bytes, which the server does not compare, are never
 * close to any.
 */
static char *
closest_name(const char *name, List *names)
{
	char	   *best = NULL;
	int			best_distance = Max(2, (int) strlen(name) / 3) + 1;
	ListCell   *lc;

	if (strlen(name) > 255)
		return NULL;
	foreach(lc, names)
	{
		char	   *candidate = lfirst(lc);
		int			distance = varstr_levenshtein_less_equal(name, strlen(name), candidate,
															 strlen(candidate), 1, 1, 1,
															 best_distance, true);

		if (distance < best_distance)
		{
			best = candidate;
			best_distance = distance;
		}
	}
	return best;
}

/*
 * spindle_names_hint
 *		A hint for a name that does not exist: the one probably meant, and all
 *		there are, as what: a, b.
 *
 * names holds strings; the result is palloc'd.
 */
char *
spindle_names_hint(const char *name, List *names, const char *what)
{
	char	   *closest = closest_name(name, names);
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	if (closest)
		appendStringInfo(&buf, "Perhaps you meant \"%s\".  ", closest);
	appendStringInfo(&buf, "%s: ", what);
	foreach(lc, names)
		appendStringInfo(&buf, "%s%s", foreach_current_index(lc) ? ", " : "", (char *) lfirst(lc));
	appendStringInfoChar(&buf, '.');
	return buf.data;
}
