/*-------------------------------------------------------------------------
 *
 * rule_pattern.c
 *		The step of the rule "pattern".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "gen/text_batch.h"
#include "math/permute.h"

/* Labels of the draws that a rule makes beside its main one. */
#define LABEL_PIECE		201

/*
 * Digits of a permuted row number: as many as fit a permutation, and more than
 * the rows of any table need.  Those before them are random.
 */
#define ID_DIGITS		11

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

typedef struct PatternState
{
	SpindleTextBatch batch;
	SpindleText *literal;		/* of each piece that is one */
	SpindleKey *piece_key;		/* of each piece's draws */
	SpindlePermutation *permutation;	/* of each piece that is an id */
} PatternState;

/* A text as it is. */
static inline void
append_text(SpindleTextBatch *batch, const SpindleText *text)
{
	spindle_text_append(batch, text->data, text->len);
}

/* c with its case changed if it is one of the 26 letters from first on. */
static inline char
fold_letter(char c, char first)
{
	/* the case of a letter is one bit */
	return c ^ ((unsigned char) (c - first) < 26) << 5;
}

/*
 * A text with its letters in lower ('l') or upper ('u') case: ASCII letters
 * only, so that the result does not depend on a locale.
 */
static inline void
append_folded(SpindleTextBatch *batch, const SpindleText *text, char fold)
{
	const char	first = fold == 'l' ? 'A' : 'a';
	const char *pg_restrict data = text->data;
	char	   *pg_restrict out = spindle_text_reserve(batch, text->len);

	for (int i = 0; i < text->len; i++)
		out[i] = fold_letter(data[i], first);
	batch->used += text->len;
}

/*
 * Characters by a chain that begins with the row's draw: each is a choice by a
 * mix of the one before.  One draw would do for a dozen of them only.  Where
 * their number is not given, the first draw chooses that.
 */
static void
append_random(SpindleTextBatch *batch, const SpindlePiece *piece, SpindleKey key, int64 row)
{
	static const char hex[] = "0123456789abcdef";
	const int	base = piece->kind == SPINDLE_PIECE_DIGITS ? 10 : piece->kind == SPINDLE_PIECE_HEX ? 16 :
	piece->kind == SPINDLE_PIECE_LETTERS ? 26 : 36;
	const char *letters = piece->kind == SPINDLE_PIECE_HEX ? hex :
	piece->kind == SPINDLE_PIECE_LETTERS ? alphabet + 10 : alphabet;
	uint64		draw = spindle_draw(key, row);
	int			n = piece->width;
	char	   *out = spindle_text_reserve(batch, Max(n, piece->max_width));

	if (piece->max_width > 0)
	{
		n += (int) spindle_below(draw, piece->max_width - n + 1);
		draw = spindle_mix(draw + SPINDLE_PHI);
	}
	for (int i = 0; i < n; i++)
	{
		out[i] = letters[spindle_below(draw, base)];
		draw = spindle_mix(draw + SPINDLE_PHI);
	}
	batch->used += n;
}

/*
 * A number that no other row has, in base 36: a permutation of the row number.
 * What does not fit it is filled with random characters in front.
 */
static void
append_id(SpindleTextBatch *batch, const SpindlePiece *piece, const SpindlePermutation *permutation,
		  SpindleKey key, int64 row)
{
	char	   *out = spindle_text_reserve(batch, piece->width);
	uint64		id = (uint64) spindle_permute(permutation, row);
	uint64		draw = piece->width > ID_DIGITS ? spindle_draw(key, row) : 0;
	int			at = piece->width;

	for (int i = 0; i < ID_DIGITS && at > 0; i++, id /= 36)
		out[--at] = alphabet[id % 36];
	while (at > 0)
	{
		out[--at] = alphabet[spindle_below(draw, 36)];
		draw = spindle_mix(draw + SPINDLE_PHI);
	}
	batch->used += piece->width;
}

/* The text of a literal, with as many bytes to read as all texts have. */
static SpindleText
literal_text(const char *data)
{
	int			len = (int) strlen(data);

	return (SpindleText) {.data = memcpy(palloc(Max(len, 1)), data, len),.len = len};
}

/* 36^n, n up to ID_DIGITS. */
static int64
power_of_36(int n)
{
	int64		result = 1;

	while (n-- > 0)
		result *= 36;
	return result;
}

/* An empty state, in the current memory context, where it also grows. */
static PatternState *
create_state(const SpindleRule *rule, SpindleKey key)
{
	PatternState *state = palloc0(sizeof(PatternState));
	const int	npieces = rule->pattern.npieces;

	spindle_text_batch_init(&state->batch);
	state->literal = palloc0(sizeof(SpindleText) * npieces);
	state->piece_key = palloc(sizeof(SpindleKey) * npieces);
	state->permutation = palloc0(sizeof(SpindlePermutation) * npieces);
	for (int p = 0; p < npieces; p++)
	{
		const SpindlePiece *piece = &rule->pattern.piece[p];

		if (piece->kind == SPINDLE_PIECE_LITERAL)
			state->literal[p] = literal_text(piece->text);
		state->piece_key[p] = spindle_key_derive(key, LABEL_PIECE + p);
		if (piece->kind == SPINDLE_PIECE_ID)
			spindle_permutation_init(&state->permutation[p], state->piece_key[p], power_of_36(Min(piece->width, ID_DIGITS)));
	}
	return state;
}

/*
 * Append one piece, number p of the pattern, of row i of the frame; false if
 * it is NULL.
 */
static inline bool
append_piece(Step *step, PatternState *state, int p, int i)
{
	const SpindlePiece *piece = &step->rule->pattern.piece[p];
	SpindleTextBatch *batch = &state->batch;
	const Step *input = step->input[p];

	switch (piece->kind)
	{
		case SPINDLE_PIECE_LITERAL:
			append_text(batch, &state->literal[p]);
			break;
		case SPINDLE_PIECE_ROW:
			spindle_text_batch_number(batch, step->frame->row[i] + 1, 0, piece->width);
			break;
		case SPINDLE_PIECE_SIBLING:
			spindle_text_batch_number(batch, input->out.value[i], 0, piece->width);
			break;
		case SPINDLE_PIECE_ID:
			append_id(batch, piece, &state->permutation[p], state->piece_key[p], step->frame->row[i]);
			break;
		case SPINDLE_PIECE_COLUMN:
			if (input->out.is_null && input->out.is_null[i])
				return false;
			if (piece->is_text)
			{
				const SpindleText *text = (const SpindleText *) (intptr_t) input->out.value[i];

				if (piece->fold)
					append_folded(batch, text, piece->fold);
				else
					append_text(batch, text);
			}
			else
				spindle_text_batch_number(batch, input->out.value[i], piece->scale, piece->width);
			break;
		default:
			append_random(batch, piece, state->piece_key[p], step->frame->row[i]);
			break;
	}
	return true;
}

/*
 * Texts made of literals, columns and random characters.
 *
 * A text is NULL if one of its columns is; it is cut to as many characters as
 * the column's type holds.
 */
static void
run_pattern(Step *step)
{
	PatternState *state = step->u.own;

	Assert(step->holds == STEP_HOLDS_OWN);
	spindle_text_batch_begin(&state->batch, step->frame);
	for (int i = 0; i < step->frame->n; i++)
	{
		bool		is_null = false;

		spindle_text_begin(&state->batch, i);
		for (int p = 0; p < step->rule->pattern.npieces && !is_null; p++)
			is_null = !append_piece(step, state, p, i);
		if (step->has_nulls)
			step->out.is_null[i] = is_null;
		spindle_text_end(&state->batch, i);
	}
	spindle_text_batch_end(&state->batch, step);
}

/* Input p is the column of piece p, NULL for pieces that have none. */
static Step *
compile_pattern(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	int			n = rule->pattern.npieces;
	Step	  **input = palloc0(sizeof(Step *) * n);
	bool		has_nulls = false;
	Step	   *step;

	for (int i = 0; i < n; i++)
	{
		const SpindlePiece *piece = &rule->pattern.piece[i];

		if (piece->kind == SPINDLE_PIECE_SIBLING)
			input[i] = spindle_compile_sibling(eval, frame);
		if (piece->kind != SPINDLE_PIECE_COLUMN)
			continue;
		input[i] = spindle_compile_path(eval, frame, &piece->ref, 0, false);
		has_nulls |= input[i]->has_nulls;
	}
	step = spindle_step_add(eval, frame, run_pattern, rule, has_nulls, 0);
	step->ninputs = n;
	step->input = input;
	step->holds = STEP_HOLDS_OWN;
	step->u.own = create_state(rule, step->key);
	return spindle_step_finish(eval, step);
}

const SpindleRuleSteps spindle_rule_steps_pattern = {
	.compile = compile_pattern,
};
