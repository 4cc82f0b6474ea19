/*-------------------------------------------------------------------------
 *
 * rule_pattern.c
 *		The step of the rule "pattern".
 *
 * Where the definition shows that texts hold the number of their row, the row of
 * a text is found by reading it; that the row has just this text is found by
 * computing it.
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

/*
 * What an instance keeps of a rule whose texts were looked up: a program that
 * computes the text of a row, and what turns the number of an id back.
 */
typedef struct PatternLookup
{
	SpindleEval *eval;
	int			handle;
	SpindlePermutation permutation;
} PatternLookup;

/*
 * A text as it is.
 *
 * Most texts are short, of a length that nobody can predict.  So as many bytes as
 * can be read of any are copied in one piece, without a loop, a call or a jump: with
 * the same in append_folded(), a scan of retail's customers takes 0.92 of the time.
 */
static inline void
append_text(SpindleTextBatch *batch, const SpindleText *text)
{
	char	   *out = spindle_text_reserve(batch, text->len);

	memcpy(out, text->data, SPINDLE_TEXT_READABLE);
	if (unlikely(text->len > SPINDLE_TEXT_READABLE))
		memcpy(out + SPINDLE_TEXT_READABLE, text->data + SPINDLE_TEXT_READABLE, text->len - SPINDLE_TEXT_READABLE);
	batch->used += text->len;
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

	for (int i = 0; i < SPINDLE_TEXT_READABLE; i++)
		out[i] = fold_letter(data[i], first);
	for (int i = SPINDLE_TEXT_READABLE; i < text->len; i++)
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

	return (SpindleText) {.data = memcpy(palloc0(len + SPINDLE_TEXT_READABLE), data, len),.len = len};
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

/* The key of the draws of piece p, from that of the rule. */
static SpindleKey
key_of_piece(SpindleKey key, int p)
{
	return spindle_key_derive(key, LABEL_PIECE + p);
}

/* The permutation that the numbers of an id are taken from. */
static void
init_permutation(SpindlePermutation *permutation, const SpindlePiece *piece, SpindleKey key)
{
	spindle_permutation_init(permutation, key, power_of_36(Min(piece->width, ID_DIGITS)));
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
		state->piece_key[p] = key_of_piece(key, p);
		if (piece->kind == SPINDLE_PIECE_ID)
			init_permutation(&state->permutation[p], piece, state->piece_key[p]);
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

/* Is it one of ten? */
static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Is it a byte of a character that begins before it? */
static inline bool
is_inside_character(char c)
{
	return ((unsigned char) c & 0xC0) == 0x80;
}

/*
 * Move from at, a place between two bytes of a text, over characters toward its end
 * (by = 1) or its begin (by = -1): over n of them, or over all that are digits or
 * all that are none.  Returns the place reached, or -1 if there are fewer than n.
 * The text may be no valid UTF-8.
 */
static int
skip_characters(const SpindleText *text, int at, int by, int64 n)
{
	for (; n > 0; n--)
	{
		if (by > 0 ? at >= text->len : at <= 0)
			return -1;
		at += by;
		while (at > 0 && at < text->len && is_inside_character(text->data[at]))
			at += by;
	}
	return at;
}

/* The end of what are digits, or are none, from a place on, forwards or backwards. */
static int
skip_digits(const SpindleText *text, int at, int by, bool digits)
{
	while ((by > 0 ? at < text->len : at > 0) && is_digit(text->data[by > 0 ? at : at - 1]) == digits)
		at += by;
	return at;
}

/*
 * The bytes *first .. *end - 1 of a text in which the number of the row stands, if
 * it is a text of the pattern; false if it surely is none.
 */
static bool
find_number(const SpindleText *text, const SpindleRowPlace *place, int *first, int *end)
{
	const int	by = place->from_end ? -1 : 1;
	int			near = place->from_end ? text->len : 0;
	int			far;

	near = place->skip < 0 ? skip_digits(text, near, by, false) : skip_characters(text, near, by, place->skip);
	if (near < 0)
		return false;
	far = place->length > 0 ? skip_characters(text, near, by, place->length) : skip_digits(text, near, by, true);
	*first = Min(near, far);
	*end = Max(near, far);
	return far >= 0;
}

/*
 * The row, from 0, that the characters at first .. end - 1 stand for; -1 if for
 * none.  Of an id the last digits count.
 */
static int64
row_of_number(const SpindlePiece *piece, const SpindlePermutation *permutation, const char *data, int first, int end)
{
	const bool	is_id = piece->kind == SPINDLE_PIECE_ID;
	const int	base = is_id ? 36 : 10;
	uint64		number = 0;

	for (int i = is_id ? Max(first, end - ID_DIGITS) : first; i < end; i++)
	{
		const char *digit = data[i] == '\0' ? NULL : strchr(alphabet, data[i]);

		if (digit == NULL || digit - alphabet >= base || number > PG_INT64_MAX / 36 - 1)
			return -1;
		number = number * base + (digit - alphabet);
	}
	return is_id ? spindle_permute_back(permutation, (int64) number) : (int64) number - 1;
}

/* The column whose own rule it is. */
static int
column_of_rule(const SpindleTable *table, const SpindleRule *rule)
{
	for (int c = 0; c < table->ncolumns; c++)
		if (table->column[c].rule == rule)
			return c;
	elog(ERROR, "rule %s belongs to no column", rule->path);
}

/* What the instance keeps of the rule, made on first use. */
static PatternLookup *
lookup_of_pattern(SpindleInstance *instance, int table, const SpindleRule *rule)
{
	PatternLookup *lookup = instance->rule_state[rule->index];
	const int	p = rule->pattern.place.piece;
	const SpindlePiece *piece = &rule->pattern.piece[p];

	if (lookup == NULL)
	{
		lookup = MemoryContextAllocZero(instance->context, sizeof(PatternLookup));
		lookup->eval = spindle_eval_create(instance, table, instance->context);
		lookup->handle = spindle_eval_add_column(lookup->eval, column_of_rule(&instance->domain->table[table], rule));
		if (piece->kind == SPINDLE_PIECE_ID)
			init_permutation(&lookup->permutation, piece, key_of_piece(spindle_instance_key(instance, rule->label), p));
		instance->rule_state[rule->index] = lookup;
	}
	return lookup;
}

/* The row whose number the text shows, if it has just this text; see SpindleRuleSteps. */
static bool
row_of_text(SpindleInstance *instance, int table, const SpindleRule *rule, int64 value, int64 *first, int64 *end)
{
	const SpindleText *text = (const SpindleText *) (intptr_t) value;
	const SpindleRowPlace *place = &rule->pattern.place;
	const SpindleVector *vector;
	const SpindleText *found;
	PatternLookup *lookup;
	int64		row;
	int			begin_at;
	int			end_at;

	if (!find_number(text, place, &begin_at, &end_at))
		return false;
	lookup = lookup_of_pattern(instance, table, rule);
	row = row_of_number(&rule->pattern.piece[place->piece], &lookup->permutation, text->data, begin_at, end_at);
	if (row < 0 || row >= instance->nrows[table])
		return false;
	spindle_eval_run(lookup->eval, &row, 1);
	vector = spindle_eval_vector(lookup->eval, lookup->handle);
	if (vector->is_null && vector->is_null[0])
		return false;
	found = (const SpindleText *) (intptr_t) vector->value[0];
	*first = row;
	*end = row + 1;
	return found->len == text->len && memcmp(found->data, text->data, text->len) == 0;
}

/* It can where the definition shows that texts hold the number of their row. */
static bool
pattern_has_rows_of_value(const SpindleDomain *domain, int table, const SpindleRule *rule)
{
	return rule->pattern.place.is_known;
}

const SpindleRuleSteps spindle_rule_steps_pattern = {
	.compile = compile_pattern,
	.rows_of_value = row_of_text,
	.has_rows_of_value = pattern_has_rows_of_value,
};
