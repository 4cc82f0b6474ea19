/*-------------------------------------------------------------------------
 *
 * schema.h
 *		Tables of a database, and what is decided about them.
 *
 * catalog.c fills in what the database says, and nothing but that.  The others
 * decide, each about its own members, in the order of learn.c; write.c writes
 * down what was decided.  All of it lives in one memory context, and all texts
 * are in the server's encoding.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_LEARN_SCHEMA_H
#define SPINDLE_LEARN_SCHEMA_H

#include "postgres.h"

#include "access/attnum.h"
#include "nodes/bitmapset.h"
#include "nodes/primnodes.h"

#include "learn/learn.h"
#include "learn/likeness.h"
#include "learn/query.h"

/* The range of days where nothing says another one, since 2000-01-01: 2022 to 2024. */
#define LEARN_FIRST_DAY		8036
#define LEARN_END_DAY		9132

/* Scales that a definition has; their names and factors are in scale.c. */
#define LEARN_SCALES		4
#define LEARN_AS_IS			2	/* the one of the database itself */

/* How values are represented, as far as that decides about rules. */
typedef enum LearnKind
{
	LEARN_INT,
	LEARN_DECIMAL,
	LEARN_FLOAT,
	LEARN_BOOL,
	LEARN_TEXT,
	LEARN_DATE,
	LEARN_TIMESTAMP,
	LEARN_TIME,
	LEARN_INTERVAL,
	LEARN_UUID,
	LEARN_BYTEA,
	LEARN_INET,
	LEARN_JSON,
	LEARN_ENUM,
	LEARN_ARRAY,
	LEARN_RANGE,
	LEARN_OTHER					/* any other type: texts that it reads */
} LearnKind;

/*
 * What constraints allow a column to be, as far as they were understood.  Numbers
 * are themselves, times days since 2000-01-01.
 */
typedef struct LearnLimits
{
	bool		has_low;
	bool		has_high;
	double		low;			/* both included */
	double		high;
	bool		has_list;		/* only these values */
	List	   *list;			/* texts, as the type's output has them */
	int			min_length;		/* of texts, in characters */
	int			max_length;		/* -1 for none */
	List	   *regexes;		/* that texts match */
	List	   *likes;
	List	   *hints;			/* constants of the expressions: texts */
	List	   *passing;		/* values of rules that pass, though others do not */
} LearnLimits;

/* How the values of a column differ. */
typedef enum LearnDiffers
{
	LEARN_REPEATS,
	LEARN_DIFFERS,				/* in the table, by itself */
	LEARN_ORDINAL,				/* among the rows of a parent, as numbers */
	LEARN_PERIOD_START,			/* as starts of periods that do not overlap */
	LEARN_PERIOD_END,
	LEARN_PERIOD_RANGE,			/* as ranges that do not */
	LEARN_GRID					/* with the others of the grid */
} LearnDiffers;

/* What pg_stats says; texts as the type's output has them. */
typedef struct LearnStatistics
{
	double		null_fraction;
	double		distinct;		/* number, or less than 0: share of the rows */
	double		correlation;	/* 0 if unknown */
	double		width;			/* bytes */
	int			nvalues;		/* frequent ones */
	char	  **value;
	double	   *frequency;
	int			nbounds;		/* of the histogram of the others */
	char	  **bound;
	double		elements;		/* in an array, in the mean; -1 if unknown */
	double		rows;			/* of the table, or of the partition that they are of */
	double		sample;			/* rows that were looked at, at most */
	bool		is_counted;		/* distinct is that of all rows */
	bool		is_masked;		/* somebody calls the column sensitive */
} LearnStatistics;

/* A frequent value that may be carried. */
typedef struct LearnFrequent
{
	double		number;
	double		share;			/* of the rows that are not null */
	double		frequency;		/* of all rows */
} LearnFrequent;

/* The numbers of a column, as far as they may be told. */
typedef struct LearnNumbers
{
	int			nfrequent;
	LearnFrequent *frequent;
	int			nbounds;		/* between which are equally many of the others */
	double	   *bound;
	double		others;			/* share of all rows */
} LearnNumbers;

/*
 * How many rows refer to one: numbers of children, rising, with the share of the parents
 * that have so many.  Numbers that few have gave way to others like them; see family.c.
 */
typedef struct LearnFamilies
{
	double		parents;
	double		children;
	double		top;			/* children of the one that has most */
	int			n;				/* 0 if nothing may be told of them */
	double	   *count;
	double	   *share;
	char	   *profile;		/* as a member of a reference; "" if all are alike */
	double		distance;		/* largest difference of shares that this leaves */
	double		counts_distance;	/* the same of count and share */
} LearnFamilies;

/* A column that rules of others use; not part of the table. */
typedef struct LearnHidden
{
	char	   *name;
	const char *type;
	char	   *rule;
	double		null_fraction;
	bool		nullable;
} LearnHidden;

typedef struct LearnColumn
{
	/* as declared */
	char	   *sql_name;
	AttrNumber	attnum;
	Oid			declared;		/* type, maybe a domain */
	Oid			type;			/* below domains */
	int32		typmod;
	Oid			collation;		/* InvalidOid for none */
	Oid			element;		/* of an array */
	bool		not_null;
	bool		has_default;
	bool		is_generated;
	Node	   *generation;		/* expression of a generated column, once constraints are read */
	bool		counts;			/* identity, or by default from a sequence */
	char	   *default_text;	/* expression, or NULL */
	List	   *domain_checks;	/* LearnCheck */
	LearnStatistics *statistics;	/* NULL if there are none, or not asked */
	bool		is_readable;	/* aggregates of it may be taken */

	/* type.c */
	LearnKind	kind;
	char	   *format;			/* type in the format */
	char	   *sql_type;		/* or NULL */
	double		min;			/* of the type's numbers */
	double		max;
	int			scale;			/* digits after the point */
	int			length;			/* in characters, 0 if free */
	List	   *labels;			/* of an enum */

	/* name.c */
	char	   *name;

	/* check.c and partition.c */
	LearnLimits limits;
	List	   *checks;			/* LearnCheck of this column alone */

	/* key.c and unique.c */
	const char *left_out;		/* why the definition lacks it, or NULL */
	int			key;			/* foreign key that gives the value, or -1 */
	bool		always_null;
	LearnDiffers differs;
	int			grid;			/* number of the grid */
	double		grid_count;		/* numbers in it, 0 for a list */
	int			follows;		/* column that this one is not before, or -1 */
	bool		follows_strictly;
	char	   *difference;		/* rule by which it does, if that was measured, or NULL */
	int			variant;		/* of the table, whose patterns say it, or -1 */

	/* value.c and differ.c */
	char	   *base;			/* JSON of the rule for values that may repeat */
	char	   *differing;		/* of one whose values differ, or NULL */
	double		most;			/* of these */

	/* rule.c */
	char	   *rule;			/* JSON of the rule that it has */
	double		null_fraction;
	bool		nullable;
	const char *source;			/* "declared", "name", "type", "statistics", "aggregates" */
	int			carried;		/* values of the database in the rule */
	double		least_rows;		/* that share one of them, at least; 0: none */
	const char *withheld;		/* why others were not, or NULL */
	List	   *base_hidden;	/* LearnHidden that base uses */

	/* sample.c and what looks at samples; see data.h */
	struct LearnMasks *masks;	/* what its texts look like, or NULL */
	struct LearnCalendar *calendar; /* when its times are, or NULL */
	char	   *document;		/* rule of its documents, JSON, or NULL */
	List	   *findings;		/* LearnFinding, the best first */

	/* found.c */
	const struct LearnFinding *found;	/* whose rule it has, or NULL */
	char	   *found_rule;		/* its JSON */
	bool		found_null;		/* it can give null */
	double		found_nulls;	/* beside those that it gives */
	List	   *keyed_by;		/* columns whose values it follows from, by number */
	bool		is_joint;		/* it is of a tuple, nulls included; see tuple.c */
	const char *references;		/* table whose keys it copies, or NULL */
	const char *note;			/* for the report */
} LearnColumn;

typedef struct LearnKey LearnKey;

/* Columns that rows must not have the same values in. */
typedef struct LearnSet
{
	char	   *name;
	bool		is_primary;
	bool		nulls_equal;	/* NULLS NOT DISTINCT */
	Bitmapset  *columns;		/* by number in the table */
	List	   *order;			/* the same, in the order of the key */
	Expr	   *predicate;		/* of a partial index, or NULL */
	bool		is_odd;			/* has an expression that we do not know */
	bool		is_proved;		/* by the rules, in the format's sense */
	LearnKey   *by_child;		/* as this foreign key refers to descendants, of which no two rows have the same; or NULL */
} LearnSet;

/* How a foreign key is met. */
typedef enum LearnPlace
{
	LEARN_UNPLACED,
	LEARN_OWN,					/* chooses a row */
	LEARN_AMONG,				/* chooses one among the descendants of another */
	LEARN_CHILD,				/* is one of the row's own descendants */
	LEARN_SELF,					/* is the row itself */
	LEARN_IMPLIED,				/* by another foreign key */
	LEARN_NULL					/* always null */
} LearnPlace;

struct LearnKey
{
	int			index;			/* in the table's list */
	char	   *name;
	int			n;
	int		   *column;			/* by number in the table */
	int			target;			/* table, -1 if it is not learned */
	char	   *target_name;
	int		   *target_column;
	bool		is_cascade;
	bool		is_full;		/* MATCH FULL */
	bool		not_null;		/* all columns are */
	bool		is_single;		/* one column, to the target's key_column */
	bool		is_widened;		/* by a column that agrees with the target's in all rows; see tenant.c */
	bool		is_within;		/* and rows of its own are there for each value of that column */
	LearnFamilies *families;	/* NULL if they are not known */
	List	   *chain;			/* LearnKey: from the target's rows to those of the table that they are descendants of */
	bool		is_chain;		/* it is part of such a one, so the rows of its table are children along it */
	bool		is_counted_child;	/* all rows refer to descendants of theirs */
	bool		is_last_child;	/* it is taken to be the last one, not the first */

	LearnPlace	place;
	bool		is_parent;
	bool		is_distinct;	/* no row is chosen twice */
	bool		is_distinct_in_parent;
	bool		is_tree;		/* of the table itself, nullable */
	bool		same_number;	/* row k refers to row k */
	int			grid;			/* or -1 */
	char	   *row_name;		/* hidden column that chooses, or NULL */
	char	   *among;			/* path */
	bool		is_guessed;		/* nobody has declared it */
	char	   *after;			/* member of a reference, or NULL */
	List	   *after_columns;	/* that this depends on, by number */
	char	   *popularity;		/* the same, without the effect of age, or NULL */
};

/* A CHECK of a table or a domain. */
typedef struct LearnCheck
{
	char	   *name;
	Expr	   *expr;			/* of Vars, or CoerceToDomainValues */
	Bitmapset  *columns;
	const char *unasked;		/* why it is not evaluated, or NULL */
	bool		is_settled;		/* by rules of columns that follow others */
} LearnCheck;

/* Columns whose checks are met by patterns. */
typedef struct LearnVariant
{
	char	   *name;			/* of the hidden column */
	char	   *rule;
	bool		is_measured;	/* it has the patterns that there are */
} LearnVariant;

/* What becomes of the rows of a table that others are capped by. */
typedef enum LearnPairs
{
	LEARN_NO_PAIRS,				/* they count themselves */
	LEARN_PAIRS,				/* pairs with up to factor steps from one to the other */
	LEARN_SETS_OF_TWO,			/* the same without order */
	LEARN_ANY_PAIRS				/* any number of pairs */
} LearnPairs;

/* Rows that a table cannot have more of. */
typedef struct LearnCap
{
	LearnPairs	pairs;			/* of the one table */
	double		factor;
	List	   *tables;			/* times the rows of these */
	const char *why;
} LearnCap;

typedef struct LearnExclusion
{
	char	   *name;
	Bitmapset  *equal;			/* columns that are compared by = */
	int			range;			/* column compared by &&, or -1 */
	int			start;			/* or of a range of these two */
	int			end;
	bool		is_odd;
} LearnExclusion;

typedef struct LearnTable
{
	Oid			relid;
	char		relkind;
	char	   *schema;
	char	   *sql_name;
	char	   *name;
	double		tuples;			/* -1 if unknown */
	bool		is_counted;		/* tuples were counted, all of them that the caller may read */
	int			ncolumns;
	LearnColumn *column;
	List	   *sets;
	List	   *keys;
	List	   *checks;			/* of several columns, after check.c */
	List	   *exclusions;

	/* decisions */
	bool		has_leaf;		/* of a partitioned table: it has partitions */
	bool		has_odd_partition;	/* with constraints of its own */
	const char *empty;			/* why it gets no rows, or NULL */
	bool		is_skipped;		/* the definition does not have it */
	int			key_column;		/* that others refer to, or -1 */
	LearnKey   *parent;			/* whose children the rows are */
	bool		needs_children;	/* each row of the parent has one */
	bool		max_one;		/* and not more */
	bool		no_parent;		/* periods span the table */
	int			ngrids;
	List	   *hidden;			/* LearnHidden */
	List	   *caps;
	List	   *variants;		/* LearnVariant */
	List	   *notes;			/* texts: what cannot be met and why */
	double		rows[LEARN_SCALES];
	double		ratio;			/* to the parent's */
	bool		grows;
	List	   *names_used;		/* of columns */
	List	   *pairs;			/* LearnPair, of data.h */
	char	   *copula;			/* JSON, or NULL */
} LearnTable;

/* An enum that columns have. */
typedef struct LearnEnum
{
	Oid			oid;
	char	   *name;			/* in the definition, or NULL: not declared */
	List	   *labels;
} LearnEnum;

typedef struct LearnSchema
{
	const SpindleLearnOptions *options;
	int			ntables;
	LearnTable *table;			/* by schema and name */
	List	   *enums;
	List	   *refused;		/* places of columns, and of copulas, at which no finding is used; "" is all */
	int			first_day;		/* of the range, since 2000-01-01 */
	int			end_day;
} LearnSchema;

/* catalog.c */
extern LearnSchema *learn_read_catalog(const SpindleLearnOptions *options);
extern int	learn_find_table(const LearnSchema *schema, Oid relid);
extern int	learn_find_column(const LearnTable *table, AttrNumber attnum);

/* constraint.c */
extern Bitmapset *learn_columns_in(const LearnTable *table, Node *node);
extern void learn_read_constraints(LearnSchema *schema, const char *relids);

/* partition.c */
extern void learn_read_partitions(LearnSchema *schema, const char *relids);

/* statistics.c */
extern bool learn_rises(const LearnStatistics *statistics);
extern void learn_read_statistics(LearnSchema *schema, const char *relids);

/* aggregate.c */
extern void learn_read_aggregates(LearnSchema *schema);
extern const char *learn_relation_name(const LearnTable *table);
extern const char *learn_column_name(const LearnColumn *column);
extern const char *learn_collate(const LearnColumn *column, const LearnColumn *other);
extern const char *learn_equality(const LearnColumn *column, const LearnColumn *other);
extern const char *learn_as_number(const LearnColumn *column, const char *name);
extern const char *learn_is_finite(const LearnColumn *column, const char *name);
extern void learn_find_readable(LearnSchema *schema);
extern bool learn_ask_families(const LearnTable *table, const LearnKey *key, LearnRow read, void *arg);

/* family.c */
extern LearnFamilies *learn_make_families(const LearnSchema *schema, double parents, double *count, double *number, int n);
extern void learn_find_parents(LearnSchema *schema);
extern char *learn_counts(const LearnSchema *schema, const LearnTable *table);
extern void learn_judge_families(LearnSchema *schema);

/* popularity.c */
extern void learn_fit_profile(LearnFamilies *families, const Distribution *counted);

/* tenant.c */
extern void learn_widen_keys(LearnSchema *schema);
extern void learn_narrow_key(LearnKey *key);

/* difference.c */
extern void learn_find_differences(LearnSchema *schema);

/* pattern.c */
extern void learn_find_patterns(LearnSchema *schema);

/* name.c */
extern void learn_name_all(LearnSchema *schema);
extern char *learn_unique_name(List **used, const char *wanted);
extern bool learn_has_word(const char *name, const char *const *words);

/* type.c */
extern bool learn_number_of(Oid type, Datum value, double *number);
extern void learn_find_types(LearnSchema *schema);
extern List *learn_type_candidates(const LearnColumn *column);
extern bool learn_type_tells_apart(const LearnColumn *column, const List *texts);

/* limit.c */
extern void learn_limit_low(LearnLimits *limits, double low);
extern void learn_limit_high(LearnLimits *limits, double high);
extern void learn_limit_list(LearnLimits *limits, List *list);
extern Node *learn_bare(Node *node, bool exactly);
extern bool learn_is_value(Node *node);
extern const char *learn_operator(Oid operator);
extern double learn_step(const LearnColumn *column, double number);
extern bool learn_understand(LearnColumn *column, LearnLimits *limits, Node *node);
extern void learn_collect_hints(Node *node, LearnLimits *limits);
extern void learn_judge(LearnCheck *check);
extern bool learn_trusts_type(Oid type);

/* check.c */
extern const char *learn_compared_columns(const LearnTable *table, const OpExpr *op, int *first, int *second);
extern void learn_understand_checks(LearnSchema *schema);
extern void learn_find_followers(LearnSchema *schema);
extern void learn_forbid(LearnSchema *schema, LearnTable *table, const char *name, Expr *predicate);

/* apart.c */
extern void learn_part_references(LearnSchema *schema);

/* key.c */
extern void learn_place_keys(LearnSchema *schema);
extern void learn_review_keys(LearnSchema *schema);
extern void learn_empty(LearnSchema *schema, LearnTable *table, const char *why);
extern bool learn_find_among(LearnSchema *schema, LearnTable *table, LearnKey *key);
extern char *learn_key_step(LearnTable *table, LearnKey *key);
extern bool learn_make_parent(LearnSchema *schema, LearnTable *table, LearnKey *key);
extern LearnColumn *learn_origin(LearnSchema *schema, LearnTable *table, int column);

/* circle.c */
extern void learn_find_circles(LearnSchema *schema);
extern bool learn_place_child(LearnTable *table, LearnKey *key);
extern void learn_settle_circles(LearnSchema *schema);
extern bool learn_is_child_declared(const LearnSchema *schema, const LearnSet *set);
extern char *learn_child_rule(LearnSchema *schema, const LearnKey *key, int i, const LearnColumn *origin);

/* unique.c */
#define LEARN_FEW_VALUES	999 /* as many numbers as have three digits; fewer different ones are rather listed */
extern void learn_meet_sets(LearnSchema *schema);
extern List *learn_finite_values(const LearnColumn *column, int most);
extern void learn_add_cap(LearnTable *table, double factor, List *tables, const char *why);

/* scale.c */
extern void learn_count_rows(LearnSchema *schema);
extern void learn_guess_rows(LearnSchema *schema);
extern const char *const learn_scale_name[LEARN_SCALES];

/* ask.c */
typedef struct LearnAsker LearnAsker;
extern LearnAsker *learn_ask_open(LearnTable *table);
extern void learn_ask(LearnAsker *asker, LearnCheck *check, char ***rows, int n, bool *passes);
extern void learn_ask_close(LearnAsker *asker);
extern char *learn_try(const char *definition, char **problem);
extern bool learn_is_refused(const LearnSchema *schema, const LearnTable *table, const char *column);
extern List *learn_sample(const LearnColumn *column, const char *rule, int n);
extern List *learn_legal_values(const LearnColumn *column, List *values);

/* value.c */
extern void learn_find_values(LearnSchema *schema);
extern bool learn_is_in_set(const LearnTable *table, int c);
extern void learn_leave_out(LearnSchema *schema, LearnTable *table, LearnColumn *column, const char *why);
extern void learn_find_table_values(LearnSchema *schema, LearnTable *table);
extern bool learn_rule_passes(LearnAsker *asker, LearnTable *table, LearnColumn *column, List *values, List **passing);
extern char *learn_weighted(List *values, const char *more);
extern bool learn_uniform_ends(const char *rule, double *low, double *high);
extern void learn_time_ends(const LearnSchema *schema, const char *rule, char **first, char **last);

/* array.c */
extern List *learn_array_rules(const LearnSchema *schema, const LearnColumn *column);

/* carry.c */
extern const char *learn_why_withheld(const LearnSchema *schema, const LearnTable *table, int column);
extern bool learn_refers(const LearnTable *table, int c);
extern bool learn_is_key(const LearnTable *table, int column);
extern bool learn_name_is_sensitive(const char *name);
extern bool learn_is_shared(const LearnSchema *schema, const LearnTable *table, const LearnStatistics *statistics, int value);
extern bool learn_text_is_telling(const char *text);
extern double learn_rounded(const LearnSchema *schema, double number);

/* quantile.c */
extern LearnNumbers *learn_numbers(const LearnSchema *schema, const LearnTable *table, const LearnColumn *column);
extern int	learn_compare_numbers(const void *a, const void *b);
extern void learn_free_numbers(LearnNumbers *numbers);

/* measure.c */
extern List *learn_decide_by_statistics(LearnSchema *schema, LearnTable *table, LearnColumn *column);
extern double learn_within(const LearnColumn *column, double number);
extern const char *learn_label_name(const LearnColumn *column);
extern void learn_find_range(LearnSchema *schema);

/* dispersion.c */
extern char *learn_profile(const LearnSchema *schema, const LearnTable *table, const LearnKey *key);
extern double learn_likely_distinct(const LearnTable *table, const LearnStatistics *statistics);
extern bool learn_seems_distinct(const LearnSchema *schema, const LearnTable *table, const LearnKey *key);

/* offspring.c */
extern char *learn_likely_counts(const LearnSchema *schema, const LearnTable *table);
extern bool learn_seems_even(const LearnSchema *schema, const LearnTable *table, const LearnKey *key);

/* mask.c */
extern char *learn_mask_rule(const LearnColumn *column);

/* guess.c */
extern char *learn_guess_by_name(const LearnColumn *column);

/* differ.c */
extern void learn_find_differing(LearnSchema *schema, LearnAsker *asker, LearnTable *table, LearnColumn *column);

/* try.c */
#define LEARN_TRIES		9
extern bool learn_is_number(const LearnColumn *column);
extern void learn_find_tries(const LearnSchema *schema, const LearnTable *table, const LearnColumn *column, int number, char **tries);

/* variant.c */
extern void learn_find_variants(LearnSchema *schema);

/* rule.c */
extern void learn_make_rules(LearnSchema *schema);
extern LearnHidden *learn_add_hidden(LearnTable *table, char *name, const char *type, char *rule);

/* data.c */
extern void learn_read_data(LearnSchema *schema);
extern List *learn_decide_by_data(LearnSchema *schema, LearnTable *table, LearnColumn *column);

/* write.c */
extern char *learn_write(LearnSchema *schema);
extern char *learn_quote(const char *text);
extern char *learn_number(double number);
extern char *learn_day(double day);
extern char *learn_plain_value(const LearnColumn *column, const char *value);
extern char *learn_json_value(const LearnColumn *column, const char *value);

/* A note about a table for the report. */
extern void learn_note(LearnTable *table, const char *fmt,...) pg_attribute_printf(2, 3);

#endif							/* SPINDLE_LEARN_SCHEMA_H */
