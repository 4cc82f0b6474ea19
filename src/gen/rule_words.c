/*-------------------------------------------------------------------------
 *
 * rule_words.c
 *		The step of the rule "words".
 *
 * The number of words is one draw, the words are those of a chain of mixes that
 * begins with another one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "gen/text_batch.h"

/* Label of the draws of words; those of their number are the rule's main ones. */
#define LABEL_WORDS		301

/* Characters of a text whose type has no limit. */
#define MAX_CHARACTERS	10000

typedef struct WordsState
{
	SpindleTextBatch batch;
	SpindleKey	key;			/* of the words */
	int32	   *used_in;		/* distinct: per word, the text that had it last,
								 * by its number in the batch */
} WordsState;

/*
 * Append a word, and a space before it if it is not the first; false if it does
 * not fit into what is left of the text, in characters.  A first word that is
 * too long is left to be cut.
 */
static bool
append_word(SpindleTextBatch *batch, const SpindleWord *word, bool is_first, int *left)
{
	char	   *out;

	if (!is_first && word->characters + 1 > *left)
		return false;
	*left -= word->characters + !is_first;
	out = spindle_text_reserve(batch, word->len + 1);
	if (!is_first)
		*out++ = ' ';
	memcpy(out, word->data, word->len);
	batch->used += word->len + !is_first;
	return true;
}

/*
 * Texts of whole words, as many as are drawn or as the type holds.
 *
 * Where none is to come twice, one that is there already gives way to the next
 * of the set that is not.
 */
static void
run_words(Step *step)
{
	const SpindleRule *rule = step->rule;
	const SpindleWord *word = rule->words.word;
	const SpindleAlias *alias = rule->words.set->weight;
	WordsState *state = step->u.own;
	SpindleTextBatch *batch = &state->batch;
	const int	limit = (rule->type->length > 0 ? rule->type->length : MAX_CHARACTERS) - rule->words.full_stop;

	Assert(step->holds == STEP_HOLDS_OWN);
	spindle_text_batch_begin(batch, step->frame);
	if (state->used_in)
		memset(state->used_in, -1, sizeof(int32) * rule->words.set->nrows);
	for (int i = 0; i < step->frame->n; i++)
	{
		const int64 row = step->frame->row[i];
		const int	n = (int) Max(1, Min(spindle_dist_whole(&rule->words.count, spindle_draw(step->key, row)),
										 (double) rule->words.most));
		uint64		draw = spindle_draw(state->key, row);
		int			left = limit;

		spindle_text_begin(batch, i);
		for (int k = 0; k < n; k++)
		{
			uint32		w = spindle_alias_pick(alias, draw);

			if (state->used_in)
			{
				while (state->used_in[w] == i)
					w = w + 1 == alias->n ? 0 : w + 1;
				state->used_in[w] = i;
			}
			if (!append_word(batch, &word[w], k == 0, &left))
				break;
			draw = spindle_mix(draw + SPINDLE_PHI);
		}
		if (rule->words.capital)
		{
			char	   *first = batch->buffer + batch->offset[i] + VARHDRSZ;

			*first -= *first >= 'a' && *first <= 'z' ? 'a' - 'A' : 0;
		}
		if (rule->words.full_stop && left >= 0)
			spindle_text_append(batch, ".", 1);
		spindle_text_end(batch, i);
	}
	spindle_text_batch_end(batch, step);
}

static Step *
compile_words(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	Step	   *step = spindle_step_add(eval, frame, run_words, rule, false, 0);
	WordsState *state = palloc0(sizeof(WordsState));

	spindle_text_batch_init(&state->batch);
	state->key = spindle_key_derive(step->key, LABEL_WORDS);
	if (rule->words.distinct)
		state->used_in = palloc(sizeof(int32) * rule->words.set->nrows);
	step->holds = STEP_HOLDS_OWN;
	step->u.own = state;
	return spindle_step_finish(eval, step);
}

const SpindleRuleSteps spindle_rule_steps_words = {
	.compile = compile_words,
};
