/*-------------------------------------------------------------------------
 *
 * rule_reader.h
 *		What the files that read rules share.
 *
 * What is found wrong with a rule is an error of SQLSTATE
 * invalid_parameter_value with its place, raised by spindle_json_error() while
 * the JSON is there and by spindle_model_error() when the model is checked.
 * Nothing is cleaned up: memory goes with the contexts that the caller of
 * spindle_domain_parse() deletes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_RULE_READER_H
#define SPINDLE_RULE_READER_H

#include "define/key.h"
#include "define/parse.h"
#include "math/rng.h"

/* Kinds of column, as bits. */
#define NUMERIC_KINDS	((1 << SPINDLE_INT) | (1 << SPINDLE_DECIMAL) | (1 << SPINDLE_FLOAT))
#define DURATION_KINDS	((1 << SPINDLE_INTERVAL) | (1 << SPINDLE_TIME))
#define TIME_KINDS		((1 << SPINDLE_DATE) | (1 << SPINDLE_TIMESTAMP))
#define ROW_KIND		(1 << SPINDLE_ROW)
#define ALL_KINDS		(~ROW_KIND)

/* A rule that is being read. */
typedef struct RuleReader
{
	SpindleParse *parse;
	const SpindleJson *node;	/* the rule */
	int			table;			/* of the column */
	const SpindleColumn *column;	/* that it fills; all known but its rule
									 * and what follows from that */
	SpindleRule *rule;			/* what is filled; kind, path, label and type
								 * are set */
	bool		distinct;		/* its choices are to differ in an array */
} RuleReader;

/* A member of the rule, which must be there. */
static inline SpindleJson
member(RuleReader *r, const char *name)
{
	return spindle_json_member(r->node, name);
}

/* Is there such a member? */
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

/*
 * May the rule ask for nothing of the row but draws?  So with "keyed_by", and in
 * the elements of an array.
 */
static inline bool
only_draws(RuleReader *r)
{
	return has(r, "keyed_by") || r->parse->elements > 0;
}

/* A boolean member of the rule, or what it is without. */
static inline bool
flag(RuleReader *r, const char *name, bool otherwise)
{
	SpindleJson m;

	if (!has(r, name))
		return otherwise;
	m = member(r, name);
	return spindle_json_bool(&m);
}

/* A name that rules of a kind have in a definition. */
typedef struct RuleForm
{
	const char *name;
	int			columns;		/* kinds of column that it can fill: 1 <<
								 * SpindleKind */
	const char *legal[16];		/* members that it may have, ended by NULL */
} RuleForm;

/* What stays the same while the rules of a table are checked. */
typedef struct RuleCheck
{
	const SpindleDomain *domain;
	const SpindleTable *table;
	int64		max_rows;		/* rows that a rule has to do with, at the
								 * largest scale: those of the table, or
								 * places of a pool */
	const SpindleRule *levels;	/* the table's rule with levels met last, or
								 * NULL */
} RuleCheck;

/* What a rule takes the number of its row for. */
typedef enum RowUse
{
	ROW_IGNORED,				/* nothing */
	ROW_FOR_DRAWS,				/* to draw by it, so that another number gives
								 * another value as good */
	ROW_NEEDED					/* for more: the value is that of the row */
} RowUse;

/* Is told a value. */
typedef void (*SpindleAddValue) (void *context, int64 value);

/* How many different values a rule can give at a scale. */
typedef int64 (*SpindlePlaces) (const SpindleDomain *domain, int preset, const SpindleTable *table,
								const SpindleRule *rule);

/*
 * A kind of rule: how it is read and checked, and what can be told of it.  Every
 * function but values and settle is there; those of kinds that need none are
 * declared below.
 */
typedef struct SpindleRuleDef
{
	const RuleForm *forms;		/* ended by one without a name */

	/* Read the parameters into r->rule. */
	void		(*read) (RuleReader *r);

	/*
	 * The table that a column with this rule refers to row by row, or
	 * SPINDLE_TARGET_NONE, from the rule's JSON: paths are read before the
	 * rules of the columns they pass.  What is wrong with the rule is not
	 * reported here.
	 */
	int			(*target) (SpindleParse *parse, const cJSON *json, int table);

	/*
	 * Report what only the whole model shows; not of the rules inside it.  All
	 * rules are read, and no column depends on itself.
	 */
	void		(*check) (RuleCheck *check, const SpindleRule *rule);

	/* What the values can be, NULL aside, at the largest scale. */
	Extent		(*extent) (KeyCheck *check, int table, const SpindleRule *rule);

	/* What makes the values differ, as those of a key must, if anything does. */
	KeyDifference (*differs) (KeyCheck *check, const SpindleTable *table, const SpindleRule *rule);

	/*
	 * What does it take the number of its row for?  Asked by
	 * spindle_rule_row_use() only, which looks at the rules inside it and at
	 * "keyed_by".
	 */
	RowUse		(*row_use) (const SpindleRule *rule);

	/*
	 * Tell all values that the rule can give, NULL aside, some maybe several
	 * times; false if they are not known.  NULL for kinds that never know.
	 */
	bool		(*values) (const SpindleDomain *domain, const SpindleRule *rule, SpindleAddValue add, void *context);

	/*
	 * Note in a column's own rule what follows from what other columns can be;
	 * NULL if that is nothing.
	 */
	void		(*settle) (KeyCheck *check, const SpindleTable *table, SpindleRule *rule);

	SpindleRuleOps ops;
} SpindleRuleDef;

/* The entry of each kind, in the file that reads it. */
#define DECLARE_RULE_DEF(symbol, name) extern const SpindleRuleDef spindle_rule_def_##name;
SPINDLE_RULE_KINDS(DECLARE_RULE_DEF)
#undef DECLARE_RULE_DEF

/* rule.c */
extern const SpindleRuleDef *spindle_rule_def(const SpindleRule *rule);
extern const SpindleRuleDef *spindle_rule_def_named(const char *name);
extern void spindle_rule_expect_fit(const SpindleJson *node, const char *what,
									const SpindleType *from, const SpindleType *to);
extern void spindle_rule_expect_key(RuleReader *r, const SpindleJson *node, const SpindleTable *table,
									const char *what);
extern int	spindle_rule_has_no_target(SpindleParse *parse, const cJSON *json, int table);
extern void spindle_rule_is_sound(RuleCheck *check, const SpindleRule *rule);

extern bool spindle_rule_may_fill_elements(const char *name);
extern RowUse spindle_rule_ignores_row(const SpindleRule *rule);
extern RowUse spindle_rule_draws_by_row(const SpindleRule *rule);
extern RowUse spindle_rule_needs_row(const SpindleRule *rule);
extern RowUse spindle_rule_row_use(const SpindleDomain *domain, int table, const SpindleRule *rule);
extern bool spindle_rule_values(const SpindleDomain *domain, const SpindleRule *rule, SpindleAddValue add, void *context);

/* document.c */
extern void spindle_read_part(RuleReader *r, const SpindleJson *node, const SpindleJson *rule, const char *otherwise,
							  uint64 label, SpindleDocumentPart *part);
extern void spindle_expect_document(RuleReader *r, const SpindleJson *node);
extern void spindle_describe_part(StringInfo out, const SpindleDomain *domain, int table, const SpindleDocumentPart *part);

/* rule_number.c */
extern void spindle_read_nested_dist(RuleReader *r, const char *name, SpindleDist *dist);
extern void spindle_parse_dist(const SpindleJson *parent, const char *name, SpindleDist *dist);
extern int64 spindle_parse_unit(const SpindleJson *node);

/* rule_time.c */
extern void spindle_parse_calendar(SpindleParse *parse, const SpindleJson *node, SpindleCalendarSpec *spec);

/* rule_life.c */
extern void spindle_read_copy_as_of(RuleReader *r);

/* rule_reference.c */
extern void spindle_read_skew(RuleReader *r, SpindleSkew *result);

/* rule_unique.c */
extern SpindleDistinct spindle_read_distinct(RuleReader *r);
extern void spindle_check_distinct(RuleCheck *check, const SpindleRule *rule, SpindleDistinct distinct,
								   SpindlePlaces places, const char *what);
extern void spindle_check_rows(RuleCheck *check, const SpindleRule *rule, SpindlePlaces places,
							   const char *what, const char *hint);

#endif							/* SPINDLE_RULE_READER_H */
