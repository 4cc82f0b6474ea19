/*-------------------------------------------------------------------------
 *
 * rule_shape.c
 *		The step of the rules "shape" and "regex".
 *
 * All choices of a text are those of a chain of mixes that begins with the row's
 * draw, and each of them is open: nothing is drawn in vain.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "gen/text_batch.h"

/* Label of the draw of a length, beside the main one. */
#define LABEL_LENGTH	311

/* Characters of a text whose type has no limit. */
#define MAX_CHARACTERS	10000

/* A text that is being drawn. */
typedef struct ShapeText
{
	SpindleTextBatch batch;
	SpindleKey	length_key;
	uint64		draw;			/* of the next choice */
	int			characters;		/* so far */
	int			length;			/* that what fills makes it */
} ShapeText;

/* One of n, n >= 1; goes on in the chain if there is a choice. */
static inline uint32
choose(ShapeText *text, uint32 n)
{
	uint32		result = (uint32) spindle_below(text->draw, n);

	if (n > 1)
		text->draw = spindle_mix(text->draw + SPINDLE_PHI);
	return result;
}

/* n characters of a class. */
static void
append_class(ShapeText *text, const SpindleShape *shape, int n)
{
	char	   *out = spindle_text_reserve(&text->batch, n);
	const char *characters = shape->text;
	const int	nclass = shape->len;

	for (int i = 0; i < n; i++)
		out[i] = characters[choose(text, nclass)];
	text->batch.used += n;
	text->characters += n;
}

/* A shape with all its repetitions; nesting is bounded by the definition. */
static void
append_shape(ShapeText *text, const SpindleShape *shape)
{
	int			n = shape->min;
	int			p;

	if (shape->fills)
		n = Max(0, text->length - text->characters - shape->behind);
	else if (shape->max > shape->min)
		n += (int) choose(text, shape->max - shape->min + 1);
	if (shape->kind == SPINDLE_SHAPE_CLASS)
	{
		append_class(text, shape, n);
		return;
	}
	while (n-- > 0)
		switch (shape->kind)
		{
			case SPINDLE_SHAPE_TEXT:
				spindle_text_append(&text->batch, shape->text, shape->len);
				text->characters++;
				break;
			case SPINDLE_SHAPE_CHOICE:
				if (shape->weight)
				{
					p = spindle_alias_pick(shape->weight, text->draw);
					text->draw = spindle_mix(text->draw + SPINDLE_PHI);
				}
				else
					p = choose(text, shape->nparts);
				append_shape(text, &shape->part[p]);
				break;
			default:
				for (p = 0; p < shape->nparts; p++)
					append_shape(text, &shape->part[p]);
				break;
		}
}

/* A text for each row, made part by part. */
static void
run_shape(Step *step)
{
	const SpindleRule *rule = step->rule;
	const int	limit = rule->type->length > 0 ? rule->type->length : MAX_CHARACTERS;
	ShapeText  *text = step->u.own;

	Assert(step->holds == STEP_HOLDS_OWN);
	spindle_text_batch_begin(&text->batch, step->frame);
	for (int i = 0; i < step->frame->n; i++)
	{
		const int64 row = step->frame->row[i];

		text->draw = spindle_draw(step->key, row);
		text->characters = 0;
		if (rule->shape.has_length)
			text->length = (int) Max(0, Min(spindle_dist_whole(&rule->shape.length, spindle_draw(text->length_key, row)),
											(double) limit));
		spindle_text_begin(&text->batch, i);
		append_shape(text, rule->shape.root);
		spindle_text_end(&text->batch, i);
		CHECK_FOR_INTERRUPTS();
	}
	spindle_text_batch_end(&text->batch, step);
}

static Step *
compile_shape(SpindleEval *eval, Frame *frame, const SpindleRule *rule, int at)
{
	Step	   *step = spindle_step_add(eval, frame, run_shape, rule, false, 0);
	ShapeText  *text = palloc0(sizeof(ShapeText));

	spindle_text_batch_init(&text->batch);
	text->length_key = spindle_key_derive(step->key, LABEL_LENGTH);
	step->holds = STEP_HOLDS_OWN;
	step->u.own = text;
	return spindle_step_finish(eval, step);
}

const SpindleRuleSteps spindle_rule_steps_shape = {
	.compile = compile_shape,
};
