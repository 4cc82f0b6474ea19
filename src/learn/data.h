/*-------------------------------------------------------------------------
 *
 * data.h
 *		What rows of a database say about its columns.
 *
 * sample.c reads some rows of a table together with those that they refer to, and
 * the others look for what holds in them.  What they find are findings, which are
 * counted over whole tables where that is cheap (verify.c); found.c makes rules
 * of those that fit what declarations say.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_LEARN_DATA_H
#define SPINDLE_LEARN_DATA_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "learn/schema.h"

/* What holds in this share of the rows is taken to be a rule. */
#define LEARN_HOLDS			0.999

/* A rule that holds by chance in more than this share says nothing. */
#define LEARN_BY_CHANCE		0.9

/* A time that is so much nearer to another one than times are to each other goes by that. */
#define LEARN_NEAR			0.5

/* Foreign keys that are followed from a table, one behind the other. */
#define LEARN_MAX_PATH		2

/* Operands of a formula. */
#define LEARN_MAX_OPERANDS	4

/* Constants of which a formula has one by chance, at most. */
#define LEARN_MAX_CONSTANTS	8

/* Quantiles of a difference, at most. */
#define LEARN_MAX_QUANTILES	101

/* A column of a table, or of one that its foreign keys lead to. */
typedef struct LearnOperand
{
	int			nsteps;
	LearnKey   *step[LEARN_MAX_PATH];
	int			table;			/* where it ends */
	int			column;
} LearnOperand;

/* The foreign keys by which one of the tables of a sample is reached; the first is the table itself. */
typedef struct LearnJoin
{
	int			nsteps;
	LearnKey   *step[LEARN_MAX_PATH];
	int			from;			/* join that it is reached from, or -1 */
	int			table;
} LearnJoin;

/* A column of a sample. */
typedef struct LearnField
{
	int			join;
	LearnColumn *column;
	int			place;			/* of the column in its table */
	uint64	   *hash;			/* equal for equal values; 0 for null */
	double	   *number;			/* as learn_number_of() has it, NAN for null; NULL if it has none */
	int			distinct;		/* different values */
} LearnField;

/* Rows of a table, in an order of no meaning. */
typedef struct LearnSample
{
	LearnTable *table;
	int			n;
	int			njoins;
	LearnJoin  *join;
	int			nfields;
	LearnField *field;			/* those of the table itself first */
	int			nown;			/* so many */
	int			shift;			/* a row this far away is another one by chance */
} LearnSample;

typedef enum LearnFindingKind
{
	LEARN_FOUND_COPY,			/* operand 0; or else, where that is null, a constant */
	LEARN_FOUND_FORMULA,
	LEARN_FOUND_TOTAL,			/* over the rows that a foreign key of another table belongs to */
	LEARN_FOUND_OFFSET			/* a time not before operand 0 */
} LearnFindingKind;

/* Something that holds for a column in the rows that were looked at. */
typedef struct LearnFinding
{
	LearnFindingKind kind;
	int			noperands;
	LearnOperand operand[LEARN_MAX_OPERANDS];
	const char *form;			/* of a formula: a, b, c and d stand for the operands, R for the constant */
	bool		has_constant;
	double		constant;
	int			nconstants;		/* of a formula: R is one of several, or 0 */
	double		one_of[LEARN_MAX_CONSTANTS];
	double		share[LEARN_MAX_CONSTANTS];
	double		null_fraction;	/* of rows without a null among the operands */
	bool		null_is_zero;	/* a null operand counts as 0 */
	const char *function;		/* of a total */
	LearnTable *child;
	LearnKey   *child_key;
	int			child_column;	/* or -1 */
	int			case_column;	/* of the child: only rows with one of these values count */
	List	   *case_values;	/* texts, or NIL: all rows */
	int			nquantiles;		/* of an offset, in days; the first and the last are made up */
	double		quantile[LEARN_MAX_QUANTILES];
	double		between;		/* rows between two of them */
	const char *unit;			/* of which all differences are whole numbers, or NULL */
	double		spread;			/* of the differences, relative to that of the times */
	double		by_chance;		/* share of rows in which it would hold by chance */
	char	   *popularity;		/* of the rows that are chosen after a time, or NULL */
	double		holds;			/* rows in which it does */
	double		rows;			/* of so many */
} LearnFinding;

/* How two columns of a table go together. */
typedef struct LearnPair
{
	int			first;
	int			second;
	bool		is_function;	/* the second follows from the first */
	bool		is_associated;	/* both have few values, which come together more or less often than by chance */
	int			values;			/* of the first, different ones */
	int			others;			/* of the second */
	double		even;			/* values that would be as uneven if they were equally frequent, of the first */
	double		strength;		/* share of the rows that would have to change for none to go together */
	double		correlation;	/* of ranks */
	double		holds;
	double		rows;
} LearnPair;

/* What texts look like; see mask.c. */
typedef struct LearnMasks LearnMasks;

/* When times are. */
typedef struct LearnCalendar
{
	int			n;				/* times */
	double		hour[24];		/* rows, of each */
	double		weekday[7];		/* Monday first */
	double		month[12];
	int			ndays;			/* quantiles, of which the ends are made up */
	double		day[LEARN_MAX_QUANTILES];	/* since 2000-01-01 */
	double		between;		/* rows between two of them */
	double		seasonal;		/* largest distance to what weekdays and months alone say */
	bool		first_at_start; /* the first row stands at the very start */
	char	   *rule;			/* that was made of it last, JSON, or NULL */
} LearnCalendar;

/* sample.c */
extern LearnSample *learn_read_sample(LearnSchema *schema, LearnTable *table);
extern void learn_append_relation(StringInfo query, const LearnTable *table);
extern void learn_append_sample(StringInfo query, const LearnTable *table, double rows);
extern void learn_append_blocks(StringInfo query, const LearnTable *table, double rows);
extern void learn_append_column(StringInfo query, const char *alias, const LearnColumn *column);
extern bool learn_can_read(const LearnTable *table, int column);
extern bool learn_can_lead(const LearnSchema *schema, const LearnTable *table, const LearnKey *key);
extern bool learn_may_carry(const LearnSchema *schema, const LearnSample *sample, const LearnField *field);
extern LearnOperand learn_operand(const LearnSample *sample, const LearnField *field);
extern int	learn_same_as(const LearnSample *sample, const LearnField *a, const LearnField *b, int shift, int *rows);

/* reference.c */
extern void learn_guess_references(LearnSchema *schema);

/* form.c */
extern bool learn_can_be_found(const LearnTable *table, const LearnColumn *column);
extern double learn_compute(const LearnFinding *finding, const double *operand);
extern bool learn_is_operand(const char *form, const char *p);
extern bool learn_holds_type(const LearnColumn *column, const LearnColumn *other);
extern LearnFinding *learn_add_finding(LearnColumn *column, LearnFindingKind kind, double holds, double rows);
extern void learn_find_copies(LearnSchema *schema, const LearnSample *sample);
extern void learn_find_formulas(LearnSchema *schema, const LearnSample *sample);

/* ratio.c */
extern void learn_find_ratios(LearnSchema *schema, const LearnSample *sample);

/* delay.c */
extern void learn_find_delays(LearnSchema *schema, const LearnSample *sample);
extern void learn_find_calendars(LearnSchema *schema, const LearnSample *sample);
extern char *learn_calendar_rule(const LearnSchema *schema, LearnTable *table, LearnColumn *column);

/* total.c */
extern void learn_find_totals(LearnSchema *schema);

/* total_case.c */
extern void learn_append_case(StringInfo query, const LearnFinding *finding, const char *alias);
extern char *learn_total_rule(LearnSchema *schema, LearnTable *table, LearnColumn *column, const LearnFinding *finding);
extern char *learn_total_note(const LearnFinding *finding);

/* pair.c */
extern void learn_find_pairs(LearnSchema *schema, const LearnSample *sample);

/* verify.c */
extern void learn_verify(LearnSchema *schema, LearnTable *table);

/* document.c */
extern char *learn_document_rule(LearnSchema *schema, LearnTable *table, LearnColumn *column);

/* found.c */
extern void learn_use_findings(LearnSchema *schema, bool of_times);
extern char *learn_limited_formula(const LearnColumn *column, const char *expression);
extern bool learn_is_free(const LearnTable *table, const LearnColumn *column, bool meets_checks);
extern bool learn_column_depends_on(LearnSchema *schema, const LearnTable *table, int c, int o);

/* settle.c */
extern bool learn_settles_checks(const LearnSchema *schema, LearnTable *table, const LearnColumn *column, const LearnFinding *finding);

/* together.c */
extern char *learn_keyable_rule(char *rule);
extern void learn_use_pairs(LearnSchema *schema);

/* tuple.c */
extern void learn_use_tuples(LearnSchema *schema, LearnTable *table, int *budget);

/* age.c */
extern void learn_find_ages(LearnSchema *schema);

/* mask.c */
extern LearnMasks *learn_masks_create(void);
extern void learn_masks_add(LearnMasks *masks, const char *text, double weight);
extern char *learn_masks_rule(const LearnMasks *masks, const LearnColumn *column);

#endif							/* SPINDLE_LEARN_DATA_H */
