/*-------------------------------------------------------------------------
 *
 * rule_reader.h
 *		What the files that read rules share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_RULE_READER_H
#define SPINDLE_RULE_READER_H

#include "define/parse.h"
#include "math/rng.h"

/* Kinds of column, as bits. */
#define NUMERIC_KINDS	((1 << SPINDLE_INT) | (1 << SPINDLE_DECIMAL) | (1 << SPINDLE_FLOAT))
#define TIME_KINDS		((1 << SPINDLE_DATE) | (1 << SPINDLE_TIMESTAMP))
#define ALL_KINDS		(~0)

typedef struct RuleReader
{
	SpindleParse *parse;
	const SpindleJson *node;	/* the rule */
	int			table;
	const SpindleColumn *column;
	SpindleRule *rule;
} RuleReader;

/* A member of the rule, which must be there. */
static inline SpindleJson
member(RuleReader *r, const char *name)
{
	return spindle_json_member(r->node, name);
}

static inline bool
has(RuleReader *r, const char *name)
{
	return spindle_json_has(r->node, name);
}

/* Rules of a column's own, not of a branch, have the label of their path. */
static inline bool
is_own_rule(RuleReader *r)
{
	return r->rule->label == spindle_label(r->rule->path);
}

/* rule.c */
extern void spindle_rule_expect_fit(const SpindleJson *node, const char *what,
									const SpindleType *from, const SpindleType *to);

/* rule_number.c */
extern void spindle_rule_read_number(RuleReader *r);
extern void spindle_rule_read_offset(RuleReader *r);
extern void spindle_rule_read_correlated(RuleReader *r);

/* rule_reference.c */
extern void spindle_rule_read_reference(RuleReader *r);
extern void spindle_rule_read_parent(RuleReader *r);
extern void spindle_rule_read_total(RuleReader *r);
extern void spindle_rule_read_child(RuleReader *r);
extern void spindle_rule_read_first_child(RuleReader *r);
extern void spindle_rule_read_hierarchy(RuleReader *r);

/* rule_text.c */
extern void spindle_rule_read_data(RuleReader *r);
extern void spindle_rule_read_pattern(RuleReader *r);

#endif							/* SPINDLE_RULE_READER_H */
