/*-------------------------------------------------------------------------
 *
 * rule_pattern.c
 *		The step of the rule "pattern".
 *
 * Texts are written one behind the other into a buffer that the step keeps,
 * each with a varlena header before it, so that a reader can hand them out as
 * Datums without a copy.  The buffer moves when it grows: addresses are given
 * when the batch is complete.  They are valid until the step's next batch.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "gen/eval_internal.h"

/* Labels of the draws that a rule makes beside its main one. */
#define LABEL_PIECE		201

/* Texts of one batch: written one after another, then given addresses. */
typedef struct PatternState
{
	MemoryContext context;		/* where text, offset and buffer are allocated */
	int			capacity;		/* rows that text and offset have room for */
	SpindleText *text;			/* the values that are handed out, one for each
								 * row */
	Size	   *offset;			/* of each row's varlena in buffer */
	Size		buffer_size;	/* bytes, doubled when they do not do */
	Size		used;			/* bytes of it that are written */
	char	   *buffer;
	SpindleText *literal;		/* of each piece that is one */
	SpindleKey *piece_key;		/* of each piece's draws */
} PatternState;

/*
 * Room for n bytes behind what is used.  The address holds until the next
 * call.
 */
static inline char *
buffer_reserve(PatternState *state, Size n)
{
	if (unlikely(state->used + n > state->buffer_size))
	{
		while (state->used + n > state->buffer_size)
			state->buffer_size *= 2;
		state->buffer = repalloc_huge(state->buffer, state->buffer_size);
	}
	return state->buffer + state->used;
}

/* A text as it is. */
static inline void
append_text(PatternState *state, const SpindleText *text)
{
	memcpy(buffer_reserve(state, text->len), text->data, text->len);
	state->used += text->len;
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
append_folded(PatternState *state, const SpindleText *text, char fold)
{
	const char	first = fold == 'l' ? 'A' : 'a';
	const char *pg_restrict data = text->data;
	char	   *pg_restrict out = buffer_reserve(state, text->len);

	for (int i = 0; i < text->len; i++)
		out[i] = fold_letter(data[i], first);
	state->used += text->len;
}

/* len bytes as they are. */
static void
append(PatternState *state, const char *data, int len)
{
	memcpy(buffer_reserve(state, len), data, len);
	state->used += len;
}

/*
 * A number, value times 10^-scale, with scale digits after the point, padded
 * with zeros to a width before it.  The sign does not count as a digit.
 */
static void
append_number(PatternState *state, int64 value, int scale, int width)
{
	char		digits[MAXINT8LEN + 1];
	uint64		u = value < 0 ? -(uint64) value : (uint64) value;
	uint64		unit;
	int			n;

	if (value < 0)
		append(state, "-", 1);
	if (scale == 0 && width <= 1)
	{
		state->used += pg_ulltoa_n(u, buffer_reserve(state, MAXINT8LEN));
		return;
	}
	unit = (uint64) spindle_power_of_ten(scale);
	n = pg_ulltoa_n(u / unit, digits);
	for (int i = n; i < width; i++)
		append(state, "0", 1);
	append(state, digits, n);
	if (scale > 0)
	{
		append(state, ".", 1);
		n = pg_ulltoa_n(u % unit, digits);
		for (int i = n; i < scale; i++)
			append(state, "0", 1);
		append(state, digits, n);
	}
}

/*
 * Characters by a chain that begins with the row's draw: each is a choice by a
 * mix of the one before.  One draw would do for a dozen of them only.
 */
static void
append_random(PatternState *state, const SpindlePiece *piece, SpindleKey key, int64 row)
{
	static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	int			base = piece->kind == SPINDLE_PIECE_DIGITS ? 10 :
	piece->kind == SPINDLE_PIECE_LETTERS ? 26 : 36;
	const char *letters = piece->kind == SPINDLE_PIECE_LETTERS ? alphabet + 10 : alphabet;
	uint64		draw = spindle_draw(key, row);
	char	   *out = buffer_reserve(state, piece->width);

	for (int i = 0; i < piece->width; i++)
	{
		out[i] = letters[spindle_below(draw, base)];
		draw = spindle_mix(draw + SPINDLE_PHI);
	}
	state->used += piece->width;
}

/* The text of a literal, with as many bytes to read as all texts have. */
static SpindleText
literal_text(const char *data)
{
	int			len = (int) strlen(data);

	return (SpindleText) {.data = memcpy(palloc(Max(len, 1)), data, len),.len = len};
}

/* An empty state, in the current memory context, where it also grows. */
static PatternState *
create_state(const SpindleRule *rule, SpindleKey key)
{
	PatternState *state = palloc0(sizeof(PatternState));
	const int	npieces = rule->pattern.npieces;

	state->context = CurrentMemoryContext;
	state->buffer_size = 8192;
	state->buffer = palloc(state->buffer_size);
	state->literal = palloc0(sizeof(SpindleText) * npieces);
	state->piece_key = palloc(sizeof(SpindleKey) * npieces);
	for (int p = 0; p < npieces; p++)
	{
		if (rule->pattern.piece[p].kind == SPINDLE_PIECE_LITERAL)
			state->literal[p] = literal_text(rule->pattern.piece[p].text);
		state->piece_key[p] = spindle_key_derive(key, LABEL_PIECE + p);
	}
	return state;
}

/* Begin a batch, with room for the rows that its frame has room for. */
static void
begin_batch(PatternState *state, const Frame *frame)
{
	if (state->capacity < frame->n)
	{
		if (state->text)
		{
			pfree(state->text);
			pfree(state->offset);
		}
		state->capacity = frame->capacity;
		state->text = MemoryContextAllocHuge(state->context, sizeof(SpindleText) * state->capacity);
		state->offset = MemoryContextAllocHuge(state->context, sizeof(Size) * state->capacity);
	}
	state->used = 0;
}

/*
 * Append one piece, number p of the pattern, of row i of the frame; false if
 * it is NULL.
 */
static inline bool
append_piece(Step *step, PatternState *state, int p, int i)
{
	const SpindlePiece *piece = &step->rule->pattern.piece[p];

	switch (piece->kind)
	{
		case SPINDLE_PIECE_LITERAL:
			append_text(state, &state->literal[p]);
			break;
		case SPINDLE_PIECE_ROW:
			append_number(state, step->frame->row[i] + 1, 0, piece->width);
			break;
		case SPINDLE_PIECE_COLUMN:
			{
				const Step *input = step->input[p];

				if (input->out.is_null && input->out.is_null[i])
					return false;
				if (piece->is_text)
				{
					const SpindleText *text = (const SpindleText *) (intptr_t) input->out.value[i];

					if (piece->fold)
						append_folded(state, text, piece->fold);
					else
						append_text(state, text);
				}
				else
					append_number(state, input->out.value[i], piece->scale, piece->width);
				break;
			}
		default:
			append_random(state, piece, state->piece_key[p], step->frame->row[i]);
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
	int			max_len = step->rule->type->length;

	Assert(step->holds == STEP_HOLDS_OWN);
	begin_batch(state, step->frame);
	for (int i = 0; i < step->frame->n; i++)
	{
		bool		is_null = false;

		/* a varlena header goes before the characters */
		state->used = MAXALIGN(state->used);
		(void) buffer_reserve(state, VARHDRSZ);
		state->offset[i] = state->used;
		state->used += VARHDRSZ;
		for (int p = 0; p < step->rule->pattern.npieces && !is_null; p++)
			is_null = !append_piece(step, state, p, i);
		if (step->has_nulls)
			step->out.is_null[i] = is_null;
		state->text[i].len = (int32) (state->used - state->offset[i] - VARHDRSZ);
	}
	for (int i = 0; i < step->frame->n; i++)
	{
		SpindleText *text = &state->text[i];

		text->datum = (struct varlena *) (state->buffer + state->offset[i]);
		text->data = VARDATA(text->datum);
		if (max_len > 0 && text->len > max_len)
			text->len = spindle_text_clip(text->data, text->len, max_len);
		SET_VARSIZE(text->datum, VARHDRSZ + text->len);
		text->json = NULL;
		text->id = -1;
		step->out.value[i] = (int64) (intptr_t) text;
	}
}

/* Input p is the column of piece p, NULL for other pieces. */
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
