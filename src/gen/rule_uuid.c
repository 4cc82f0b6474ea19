/*-------------------------------------------------------------------------
 *
 * rule_uuid.c
 *		The steps of the rule "uuid".
 *
 * 61 bits of each value hold its row: the place of the row under a permutation
 * or, where values rise with the rows, a number that does.  The others are a hash
 * of the row and, in version 7, its time.  So values differ, and the row of a value
 * is found by inversion; that the row has just this value is found by computing
 * it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bswap.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "gen/eval_internal.h"
#include "math/permute.h"

/* Labels of the draws that a rule makes beside its main one. */
#define LABEL_PLACE		301
#define LABEL_HASH		302

#define PLACE_BITS		61
#define PLACE_LIMIT		(INT64CONST(1) << PLACE_BITS)

/* In version 7 the place is split, and bits of the hash fill the end. */
#define PLACE_LOW_BITS	(PLACE_BITS - 12)
#define HASH_BITS		(62 - PLACE_LOW_BITS)

/* The times of uuids count milliseconds from 1970. */
#define USECS_PER_MSEC	1000
#define UNIX_EPOCH		((int64) (UNIX_EPOCH_JDATE - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY)

#define VARIANT			(UINT64CONST(2) << 62)

/* What the values of a rule are made of. */
typedef struct UuidForm
{
	int			version;
	bool		is_ordered;
	SpindlePermutation permutation;
	SpindleKey	place_key;
	SpindleKey	hash_key;
	int64		nrows;			/* of the table, at least 1 */
	uint64		share;			/* ordered: places per row */
} UuidForm;

/* Those of one batch, which live until the step's next one. */
typedef struct UuidState
{
	UuidForm	form;
	MemoryContext context;
	int			capacity;		/* rows that uuid has room for */
	pg_uuid_t  *uuid;
} UuidState;

/*
 * What an instance keeps of a rule of version 7 whose values were looked up: a
 * program that computes the time of a row.
 */
typedef struct UuidLookup
{
	SpindleEval *eval;
	int			handle;
} UuidLookup;

/* Two words, the first of which decides the order. */
typedef struct UuidWords
{
	uint64		high;
	uint64		low;
} UuidWords;

/* What follows from rule, seed and scale. */
static void
init_form(UuidForm *form, const SpindleInstance *instance, int table, const SpindleRule *rule)
{
	SpindleKey	key = spindle_instance_key(instance, rule->label);

	form->version = rule->uuid.version;
	form->is_ordered = spindle_uuid_is_ordered(instance->domain, rule);
	form->place_key = spindle_key_derive(key, LABEL_PLACE);
	form->hash_key = spindle_key_derive(key, LABEL_HASH);
	form->nrows = Max(instance->nrows[table], 1);
	form->share = PLACE_LIMIT / form->nrows;
	spindle_permutation_init(&form->permutation, form->place_key, PLACE_LIMIT);
}

/* The number of 61 bits that stands for a row. */
static inline uint64
place_of_row(const UuidForm *form, int64 row)
{
	if (form->is_ordered)
		return (uint64) row * form->share + spindle_below(spindle_draw(form->place_key, row), form->share);
	return (uint64) spindle_permute(&form->permutation, row);
}

/* Milliseconds since 1970 of a timestamp; 0 for all times before. */
static inline uint64
msec_of_time(Timestamp time)
{
	return time <= UNIX_EPOCH ? 0 : (uint64) (time - UNIX_EPOCH) / USECS_PER_MSEC;
}

/* The value of a row; msec, of its time, is for version 7. */
static inline UuidWords
words_of_row(const UuidForm *form, int64 row, uint64 msec)
{
	uint64		place = place_of_row(form, row);
	uint64		hash = spindle_draw(form->hash_key, row);

	if (form->version == 7)
		return (UuidWords) {msec << 16 | UINT64CONST(7) << 12 | place >> PLACE_LOW_BITS,
			VARIANT | (place << HASH_BITS & ((UINT64CONST(1) << 62) - 1)) | hash >> (64 - HASH_BITS)};
	return (UuidWords) {(hash & ~UINT64CONST(0xFFFF)) | UINT64CONST(4) << 12 | (hash & 0xFFF),
		VARIANT | place << 1 | (hash >> 12 & 1)};
}

/* Write the words, so that the order of bytes is theirs. */
static inline void
store_words(pg_uuid_t *uuid, UuidWords words)
{
	uint64		high = pg_hton64(words.high);
	uint64		low = pg_hton64(words.low);

	memcpy(uuid->data, &high, sizeof(high));
	memcpy(uuid->data + sizeof(high), &low, sizeof(low));
}

/* The words of a uuid that is a value. */
static UuidWords
words_of_value(int64 value)
{
	UuidWords	words;

	memcpy(&words, (const void *) (intptr_t) value, sizeof(words));
	return (UuidWords) {pg_ntoh64(words.high), pg_ntoh64(words.low)};
}

/*
 * One for each row.  In version 7 it is NULL where the time is; what stands there
 * then is of no meaning.
 */
static void
run_uuid(Step *step)
{
	UuidState  *state = step->u.own;
	const UuidForm *form = &state->form;
	const int	n = step->frame->n;
	const int64 *row = step->frame->row;

	Assert(step->holds == STEP_HOLDS_OWN);
	if (state->capacity < n)
	{
		if (state->uuid)
			pfree(state->uuid);
		state->capacity = step->frame->capacity;
		state->uuid = MemoryContextAllocHuge(state->context, sizeof(pg_uuid_t) * state->capacity);
	}
	if (form->version == 7)
	{
		const SpindleVector *time = &step->input[0]->out;

		for (int i = 0; i < n; i++)
			store_words(&state->uuid[i], words_of_row(form, row[i], msec_of_time(time->value[i])));
		copy_nulls(step, time);
	}
	else
	{
		for (int i = 0; i < n; i++)
			store_words(&state->uuid[i], words_of_row(form, row[i], 0));
	}
	for (int i = 0; i < n; i++)
		step->out.value[i] = (int64) (intptr_t) &state->uuid[i];
}

static Step *
compile_uuid(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	UuidState  *state = palloc0(sizeof(UuidState));
	Step	   *step;

	if (rule->uuid.version == 7)
		step = spindle_step_with_input(eval, frame, run_uuid, rule, &rule->uuid.time, 0);
	else
		step = spindle_step_add(eval, frame, run_uuid, rule, false, 0);
	init_form(&state->form, eval->instance, frame->table, rule);
	state->context = CurrentMemoryContext;
	step->holds = STEP_HOLDS_OWN;
	step->u.own = state;
	return spindle_step_finish(eval, step);
}

/*
 * The milliseconds of a row's time; false if that is NULL.  The program is made
 * on first use and kept by the instance.
 */
static bool
msec_of_row(SpindleInstance *instance, int table, const SpindleRule *rule, int64 row, uint64 *msec)
{
	UuidLookup *lookup = instance->rule_state[rule->index];
	const SpindleVector *time;

	if (lookup == NULL)
	{
		lookup = MemoryContextAlloc(instance->context, sizeof(UuidLookup));
		lookup->eval = spindle_eval_create(instance, table, instance->context);
		lookup->handle = spindle_eval_add(lookup->eval, &rule->uuid.time);
		instance->rule_state[rule->index] = lookup;
	}
	spindle_eval_run(lookup->eval, &row, 1);
	time = spindle_eval_vector(lookup->eval, lookup->handle);
	if (time->is_null && time->is_null[0])
		return false;
	*msec = msec_of_time(time->value[0]);
	return true;
}

/* The row that the place in the value stands for, if it has just this value. */
static bool
row_of_uuid(SpindleInstance *instance, int table, const SpindleRule *rule, int64 value, int64 *first, int64 *end)
{
	const UuidWords words = words_of_value(value);
	UuidForm	form;
	UuidWords	found;
	uint64		place;
	uint64		msec = 0;
	int64		row;

	init_form(&form, instance, table, rule);
	if (form.version == 7)
		place = (words.high & 0xFFF) << PLACE_LOW_BITS | (words.low & ~VARIANT) >> HASH_BITS;
	else
		place = (words.low & ~VARIANT) >> 1;
	place &= PLACE_LIMIT - 1;
	row = form.is_ordered ? (int64) (place / form.share) : spindle_permute_back(&form.permutation, (int64) place);
	if (row >= instance->nrows[table] ||
		(form.version == 7 && !msec_of_row(instance, table, rule, row, &msec)))
		return false;
	found = words_of_row(&form, row, msec);
	*first = row;
	*end = row + 1;
	return found.high == words.high && found.low == words.low;
}

/*
 * See SpindleRuleSteps; for version 7 whose time never falls.  The time's own
 * search gives the rows of the value's millisecond, among which the values rise.
 */
static int64
first_row_of_uuid(SpindleInstance *instance, int table, const SpindleRule *rule, int64 value, bool inclusive)
{
	const UuidWords words = words_of_value(value);
	const uint64 msec = words.high >> 16;
	const Timestamp time = (Timestamp) msec * USECS_PER_MSEC + UNIX_EPOCH;
	const int	column = rule->uuid.time.column;
	int64		low = msec == 0 ? 0 : spindle_instance_first_row_at(instance, table, column, time, true);
	int64		high = spindle_instance_first_row_at(instance, table, column, time + USECS_PER_MSEC, true);
	UuidForm	form;

	init_form(&form, instance, table, rule);
	while (low < high)
	{
		int64		middle = low + (high - low) / 2;
		UuidWords	found = words_of_row(&form, middle, msec);
		bool		is_before = found.high < words.high || (found.high == words.high && found.low < words.low);

		if (is_before || (!inclusive && found.high == words.high && found.low == words.low))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const SpindleRuleSteps spindle_rule_steps_uuid = {
	.compile = compile_uuid,
	.first_row_at = first_row_of_uuid,
	.rows_of_value = row_of_uuid,
};
