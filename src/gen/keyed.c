/*-------------------------------------------------------------------------
 *
 * keyed.c
 *		Draws that follow from the values of other columns.
 *
 * A rule with "keyed_by" makes its draws by a hash of these values in place of
 * the row number.  So it is compiled in a frame whose row numbers are the hashes,
 * and knows nothing of it; rules that ask what row it is have no "keyed_by".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/uuid.h"

#include "gen/eval_internal.h"

/* What stands for NULL in a hash. */
#define NULL_HASH	UINT64CONST(0x6E756C6C)

/* A hash of bytes; they decide values, so it is ours and not the server's. */
static uint64
hash_value_bytes(const void *data, int len)
{
	uint64		h = UINT64CONST(0xCBF29CE484222325);

	for (int i = 0; i < len; i++)
		h = (h ^ ((const unsigned char *) data)[i]) * UINT64CONST(0x100000001B3);
	return h;
}

/* The same of a value, which is an address for some kinds, that is not NULL. */
static inline uint64
hash_value(SpindleKind kind, int64 value)
{
	const SpindleText *text;

	switch (kind)
	{
		case SPINDLE_TEXT:
			text = (const SpindleText *) (intptr_t) value;
			return hash_value_bytes(text->data, text->len);
		case SPINDLE_UUID:
			return hash_value_bytes((const void *) (intptr_t) value, UUID_LEN);
		case SPINDLE_FLOAT:
			return value == PG_INT64_MIN ? 0 : (uint64) value;	/* both zeros are equal */
		default:
			return (uint64) value;
	}
}

/*
 * The hash of the inputs' values as a row number, 0 or more.  Equal values have
 * equal hashes, whatever column they stand in, if its kind and scale are the
 * same.
 */
static void
run_hash(Step *step)
{
	const int	n = step->frame->n;
	int64	   *pg_restrict out = step->out.value;

	Assert(step->holds == STEP_HOLDS_OWN);
	memset(out, 0, sizeof(int64) * n);
	for (int k = 0; k < step->ninputs; k++)
	{
		const SpindleVector *in = &step->input[k]->out;
		const SpindleKind kind = ((const SpindleKind *) step->u.own)[k];

		for (int i = 0; i < n; i++)
		{
			uint64		value = in->is_null && in->is_null[i] ? NULL_HASH : hash_value(kind, in->value[i]);

			out[i] = (int64) spindle_mix(((uint64) out[i] + SPINDLE_PHI) ^ spindle_mix(value + SPINDLE_PHI));
		}
	}
	for (int i = 0; i < n; i++)
		out[i] = (int64) ((uint64) out[i] >> 1);
}

/*
 * spindle_frame_of_keys
 *		The frame in which a rule with "keyed_by" is computed for the rows of
 *		another one; values come back by spindle_gather().
 */
Frame *
spindle_frame_of_keys(SpindleEval *eval, Frame *frame, const SpindleRule *rule)
{
	Step	  **input = palloc(sizeof(Step *) * rule->nkeyed);
	SpindleKind *kind = palloc(sizeof(SpindleKind) * rule->nkeyed);
	Step	   *step;

	for (int i = 0; i < rule->nkeyed; i++)
	{
		input[i] = spindle_compile_path(eval, frame, &rule->keyed[i], 0, false);
		kind[i] = spindle_ref_column(eval->instance->domain, &rule->keyed[i])->type.kind;
	}
	step = spindle_step_add(eval, frame, run_hash, NULL, false, 0);
	step->ninputs = rule->nkeyed;
	step->input = input;
	step->holds = STEP_HOLDS_OWN;
	step->u.own = kind;
	return spindle_frame_of_parents(eval, frame, spindle_step_finish(eval, step), frame->table);
}
