/*-------------------------------------------------------------------------
 *
 * modes.c
 *		Awkward habits of real writers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "apply/modes.h"
#include "json/reader.h"

#define MAX_TRANSACTION_SIZE	1000000
#define MAX_HOLD	1000000

/* A fraction, 0 if it is not there. */
static double
read_fraction(const SpindleJson *document, const char *name)
{
	SpindleJson member;

	if (!spindle_json_has(document, name))
		return 0;
	member = spindle_json_member(document, name);
	return spindle_json_number(&member, 0, 1);
}

/* A whole number, 0 if it is not there. */
static int
read_number(const SpindleJson *document, const char *name, int min, int max)
{
	SpindleJson member;

	if (!spindle_json_has(document, name))
		return 0;
	member = spindle_json_member(document, name);
	return (int) spindle_json_int64(&member, min, max);
}

/*
 * spindle_modes_read
 *		Read what spindle_dml_modes() makes; *modes is filled.
 *
 * Allocates in the current memory context.  Raises invalid_parameter_value with the
 * place and the legal values.
 */
void
spindle_modes_read(Datum jsonb, SpindleModes *modes)
{
	static const char *const members[] = {
		"transaction_size", "rollback_fraction", "savepoint_fraction", "empty_fraction", "noop_fraction",
		"delete_insert_fraction", "replica_identity", "sessions", "hold", NULL
	};
	static const char *const identities[] = {"default", "full", "nothing", NULL};
	char	   *text = DatumGetCString(DirectFunctionCall1(jsonb_out, jsonb));
	SpindleJson document = spindle_json_parse(text, (int) strlen(text), "argument \"dml\"");
	SpindleJson member;

	spindle_json_expect_object(&document, members);
	memset(modes, 0, sizeof(*modes));
	modes->transaction_size = read_number(&document, "transaction_size", 1, MAX_TRANSACTION_SIZE);
	modes->rollback_fraction = read_fraction(&document, "rollback_fraction");
	modes->savepoint_fraction = read_fraction(&document, "savepoint_fraction");
	modes->empty_fraction = read_fraction(&document, "empty_fraction");
	modes->noop_fraction = read_fraction(&document, "noop_fraction");
	modes->delete_insert_fraction = read_fraction(&document, "delete_insert_fraction");
	if (spindle_json_has(&document, "replica_identity"))
	{
		member = spindle_json_member(&document, "replica_identity");
		modes->replica_identity = identities[spindle_json_choice(&member, identities)];
	}
	modes->sessions = read_number(&document, "sessions", 1, SPINDLE_MAX_SESSIONS);
	modes->hold = read_number(&document, "hold", 1, MAX_HOLD);
	if (modes->hold > 0 && modes->sessions < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no transaction can be held while the same session commits others"),
				 errhint("With \"hold\", \"sessions\" must be at least 2.")));
}

/*
 * spindle_mode_shows
 *		Does a habit, told by its label, show at a change of the transaction at a
 *		position?
 */
bool
spindle_mode_shows(SpindleKey key, double fraction, uint64 label, uint64 position, int change)
{
	return fraction > 0 &&
		spindle_draw(spindle_key_derive(spindle_key_derive(key, label), position), change) < spindle_threshold(fraction);
}
