/*-------------------------------------------------------------------------
 *
 * text_kernels.c
 *		The steps that put texts and formulas together.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

#include "gen/eval_internal.h"

/* Labels of the draws that a rule makes beside its main one. */
#define LABEL_PIECE		201

/* Rows of a formula that are computed side by side. */
#define FORMULA_ROWS	64

/* Texts of one batch: written one after another, then given addresses. */
typedef struct PatternState
{
	int			capacity;		/* rows */
	SpindleText *text;
	Size	   *offset;			/* of each row's varlena in buffer */
	Size		buffer_size;
	Size		used;
	char	   *buffer;
} PatternState;

static char *
buffer_reserve(PatternState *state, Size n)
{
	if (state->used + n > state->buffer_size)
	{
		while (state->used + n > state->buffer_size)
			state->buffer_size *= 2;
		state->buffer = repalloc_huge(state->buffer, state->buffer_size);
	}
	return state->buffer + state->used;
}

static void
append(PatternState *state, const char *data, int len)
{
	memcpy(buffer_reserve(state, len), data, len);
	state->used += len;
}

/* ASCII letters only, so that the result does not depend on a locale. */
static void
append_folded(PatternState *state, const char *data, int len, char fold)
{
	char	   *out = buffer_reserve(state, len);

	for (int i = 0; i < len; i++)
	{
		char		c = data[i];

		if (fold == 'l' && c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		else if (fold == 'u' && c >= 'a' && c <= 'z')
			c -= 'a' - 'A';
		out[i] = c;
	}
	state->used += len;
}

/* A number with its scale, padded with zeros to a width. */
static void
append_number(PatternState *state, int64 value, int scale, int width)
{
	char		digits[MAXINT8LEN + 1];
	uint64		u = value < 0 ? -(uint64) value : (uint64) value;
	uint64		unit = (uint64) spindle_power_of_ten(scale);
	int			n;

	if (value < 0)
		append(state, "-", 1);
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

static PatternState *
pattern_state(Step *step)
{
	PatternState *state = step->state;
	MemoryContext oldcontext = MemoryContextSwitchTo(step->context);

	if (state == NULL)
	{
		step->state = state = palloc0(sizeof(PatternState));
		state->buffer_size = 8192;
		state->buffer = palloc(state->buffer_size);
	}
	if (state->capacity < step->frame->n)
	{
		if (state->text)
		{
			pfree(state->text);
			pfree(state->offset);
		}
		state->capacity = step->frame->capacity;
		state->text = MemoryContextAllocHuge(step->context, sizeof(SpindleText) * state->capacity);
		state->offset = MemoryContextAllocHuge(step->context, sizeof(Size) * state->capacity);
	}
	MemoryContextSwitchTo(oldcontext);
	state->used = 0;
	return state;
}

/* Append one piece of one row; false if it is NULL. */
static bool
append_piece(Step *step, PatternState *state, int p, int i)
{
	const SpindlePiece *piece = &step->rule->pattern.piece[p];

	switch (piece->kind)
	{
		case SPINDLE_PIECE_LITERAL:
			append(state, piece->text, (int) strlen(piece->text));
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
						append_folded(state, text->data, text->len, piece->fold);
					else
						append(state, text->data, text->len);
				}
				else
					append_number(state, input->out.value[i], piece->scale, piece->width);
				break;
			}
		default:
			append_random(state, piece, spindle_key_derive(step->key, LABEL_PIECE + p),
						  step->frame->row[i]);
			break;
	}
	return true;
}

/*
 * Texts made of literals, columns and random characters.
 */
void
spindle_run_pattern(Step *step)
{
	PatternState *state = pattern_state(step);
	int			max_len = step->rule->type->length;

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

/* The operands of a formula: exact whole numbers, one row of them per column. */
typedef struct FormulaState
{
	int			depth;			/* operands at most */
	__int128	stack[FLEXIBLE_ARRAY_MEMBER][FORMULA_ROWS];
} FormulaState;

/* Scratch space for a formula, in the current memory context. */
void *
spindle_formula_scratch(const SpindleRule *rule)
{
	int			depth = 0;
	int			most = 1;
	FormulaState *state;
	char	   *space;

	for (int i = 0; i < rule->formula.nops; i++)
	{
		switch (rule->formula.op[i].kind)
		{
			case SPINDLE_OP_NUMBER:
			case SPINDLE_OP_COLUMN:
				depth++;
				break;
			case SPINDLE_OP_NEGATE:
				break;
			default:
				depth--;
				break;
		}
		most = Max(most, depth);
	}

	/* 128-bit numbers want an alignment that palloc does not promise */
	space = palloc(offsetof(FormulaState, stack) + sizeof(__int128) * FORMULA_ROWS * most + 16);
	state = (FormulaState *) TYPEALIGN(16, space);
	state->depth = most;
	return state;
}

/* A product; one beyond 128 bits, which fits no column, stays at a bound. */
static inline __int128
multiply(__int128 a, __int128 b)
{
	const __int128 bound = (__int128) 1 << 120;
	__int128	result;

	if (a == (int64) a && b == (int64) b)
		return a * b;
	if (__builtin_mul_overflow(a, b, &result) || result > bound || result < -bound)
		return (a < 0) != (b < 0) ? -bound : bound;
	return result;
}

static inline __int128
rescale(__int128 x, int from, int to)
{
	return to > from ? multiply(x, spindle_power_of_ten(to - from)) : x;
}

/* x / divisor, rounded half away from zero; in 64 bits where they do. */
static inline __int128
divide(__int128 x, __int128 divisor)
{
	bool		negative = (x < 0) != (divisor < 0);
	unsigned __int128 a = x < 0 ? -(unsigned __int128) x : (unsigned __int128) x;
	unsigned __int128 b = divisor < 0 ? -(unsigned __int128) divisor : (unsigned __int128) divisor;
	unsigned __int128 q;

	a += b / 2;
	if ((a >> 64) == 0 && (b >> 64) == 0)
		q = (uint64) a / (uint64) b;
	else
		q = a / b;
	return negative ? -(__int128) q : (__int128) q;
}

/* Bring the operation's two operands to one scale where it needs that. */
static void
binary_op(const SpindleOp *op, __int128 *l, int l_scale, const __int128 *r, int r_scale,
		  bool *is_null, int n)
{
	int			common = Max(l_scale, r_scale);

	for (int i = 0; i < n; i++)
	{
		__int128	a = l[i];
		__int128	b = r[i];

		switch (op->kind)
		{
			case SPINDLE_OP_MULTIPLY:
				l[i] = multiply(a, b);
				break;
			case SPINDLE_OP_DIVIDE:
				/* the quotient has op->scale digits */
				if (b == 0)
				{
					is_null[i] = true;
					l[i] = 0;
				}
				else
					l[i] = divide(multiply(multiply(a, spindle_power_of_ten(op->scale - l_scale)),
										   spindle_power_of_ten(r_scale)), b);
				break;
			default:
				a = rescale(a, l_scale, common);
				b = rescale(b, r_scale, common);
				if (op->kind == SPINDLE_OP_ADD)
					l[i] = a + b;
				else if (op->kind == SPINDLE_OP_SUBTRACT)
					l[i] = a - b;
				else if (op->kind == SPINDLE_OP_MINIMUM)
					l[i] = Min(a, b);
				else
					l[i] = Max(a, b);
				break;
		}
	}
}

/* Compute rows first .. first + n - 1 of the batch; returns the result's scale. */
static int
formula_rows(Step *step, FormulaState *state, int first, int n, bool *is_null)
{
	const SpindleRule *rule = step->rule;
	int			scale[FORMULA_ROWS * 2];
	int			top = -1;

	for (int o = 0; o < rule->formula.nops; o++)
	{
		const SpindleOp *op = &rule->formula.op[o];

		switch (op->kind)
		{
			case SPINDLE_OP_NUMBER:
				top++;
				for (int i = 0; i < n; i++)
					state->stack[top][i] = op->number;
				break;
			case SPINDLE_OP_COLUMN:
				{
					const SpindleVector *in = &step->input[o]->out;

					top++;
					for (int i = 0; i < n; i++)
						state->stack[top][i] = in->value[first + i];
					if (in->is_null)
						for (int i = 0; i < n; i++)
							is_null[i] |= in->is_null[first + i];
					break;
				}
			case SPINDLE_OP_NEGATE:
				for (int i = 0; i < n; i++)
					state->stack[top][i] = -state->stack[top][i];
				break;
			default:
				binary_op(op, state->stack[top - 1], scale[top - 1], state->stack[top], scale[top],
						  is_null, n);
				top--;
				break;
		}
		scale[top] = op->scale;
	}
	return scale[0];
}

/*
 * Exact arithmetic over columns, rounded once at the end, half away from
 * zero.  A result beyond the column's type is cut to its largest value.
 */
void
spindle_run_formula(Step *step)
{
	const SpindleType *type = step->rule->type;
	FormulaState *state = step->state;

	for (int first = 0; first < step->frame->n; first += FORMULA_ROWS)
	{
		int			n = Min(FORMULA_ROWS, step->frame->n - first);
		bool		is_null[FORMULA_ROWS] = {false};
		int			scale = formula_rows(step, state, first, n, is_null);
		__int128	shift = scale > type->scale ? spindle_power_of_ten(scale - type->scale) : 1;

		for (int i = 0; i < n; i++)
		{
			__int128	x = state->stack[0][i];

			if (type->kind == SPINDLE_FLOAT)
			{
				double		d = (double) x / (double) spindle_power_of_ten(scale);

				memcpy(&step->out.value[first + i], &d, sizeof(d));
			}
			else
			{
				x = shift > 1 ? divide(x, shift) : rescale(x, scale, type->scale);
				step->out.value[first + i] = (int64) Max((__int128) type->min, Min(x, (__int128) type->max));
			}
			if (step->has_nulls)
				step->out.is_null[first + i] = is_null[i];
		}
	}
}
