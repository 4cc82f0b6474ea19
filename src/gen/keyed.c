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
#include "math/draws.h"

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

/* Entries of a memo, of which a number has so many bits. */
#define MEMO_BITS	8

/*
 * Hashes of texts by their addresses, of use as long as all of these texts exist:
 * those of a list are met again and again, and to hash one anew takes three times as
 * long.
 */
typedef struct HashMemo
{
	int64		value[1 << MEMO_BITS];	/* address of a text, 0 if none */
	uint64		hash[1 << MEMO_BITS];
} HashMemo;

/* Set the hashes of n texts, but not where they are NULL. */
static void
hash_texts(HashMemo *memo, const int64 *value, const bool *is_null, int n, uint64 *hash)
{
	for (int i = 0; i < n; i++)
	{
		/* texts are some bytes apart: the last bits of addresses say little */
		const int	entry = (int) (((uint64) value[i] * SPINDLE_PHI) >> (64 - MEMO_BITS));

		if (is_null && is_null[i])
			continue;
		if (memo->value[entry] != value[i])
		{
			const SpindleText *text = (const SpindleText *) (intptr_t) value[i];

			memo->value[entry] = value[i];
			memo->hash[entry] = hash_value_bytes(text->data, text->len);
		}
		hash[i] = memo->hash[entry];
	}
}

/* Set the hashes of n values, which are addresses for some kinds. */
static void
hash_values(SpindleKind kind, HashMemo *memo, const int64 *value, const bool *is_null, int n, uint64 *hash)
{
	switch (kind)
	{
		case SPINDLE_TEXT:
			hash_texts(memo, value, is_null, n, hash);
			break;
		case SPINDLE_UUID:
			for (int i = 0; i < n; i++)
				if (!(is_null && is_null[i]))
					hash[i] = hash_value_bytes((const void *) (intptr_t) value[i], UUID_LEN);
			break;
		case SPINDLE_FLOAT:
			for (int i = 0; i < n; i++)
				hash[i] = value[i] == PG_INT64_MIN ? 0 : (uint64) value[i]; /* both zeros are equal */
			break;
		default:
			memcpy(hash, value, sizeof(uint64) * n);
			break;
	}
	for (int i = 0; is_null && i < n; i++)
		hash[i] = is_null[i] ? NULL_HASH : hash[i];
}

/* Add the hashes of n values to those of values before them. */
SPINDLE_FOR_EACH_PROCESSOR static void
add_hashes(const uint64 *pg_restrict hash, int n, int64 *pg_restrict sum)
{
	for (int i = 0; i < n; i++)
		sum[i] = (int64) spindle_mix(((uint64) sum[i] + SPINDLE_PHI) ^ spindle_mix(hash[i] + SPINDLE_PHI));
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
	int64	   *out = step->out.value;

	Assert(step->holds == STEP_HOLDS_OWN);
	memset(out, 0, sizeof(int64) * n);
	for (int k = 0; k < step->ninputs; k++)
	{
		const SpindleVector *in = &step->input[k]->out;
		const SpindleKind kind = ((const SpindleKind *) step->u.own)[k];
		HashMemo	memo;

		memset(memo.value, 0, sizeof(memo.value));
		for (int done = 0; done < n; done += SPINDLE_DRAWS)
		{
			const int	m = Min(SPINDLE_DRAWS, n - done);
			uint64		hash[SPINDLE_DRAWS] = {0};

			hash_values(kind, &memo, in->value + done, in->is_null ? in->is_null + done : NULL, m, hash);
			add_hashes(hash, m, out + done);
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
