/*-------------------------------------------------------------------------
 *
 * rule.h
 *		The rules that say how a column's values come about.
 *
 * A kind of rule is a line of SPINDLE_RULE_KINDS, its parameters in SpindleRule,
 * an entry in define/ with what can be read, checked and told of it, and one in
 * gen/ with how it is computed.  Both tables are made from the list, so a kind
 * cannot be in one and not in the other.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_RULE_H
#define SPINDLE_RULE_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "model/lifecycle.h"
#include "model/rule_parts.h"

struct SpindleDomain;
struct SpindleDataSet;
struct SpindleType;
/*
 * All kinds of rule: KIND(the end of its symbol, the end of its entries' names).
 * Their names in a definition, of which "number" has several, stand in its
 * entry; docs/domain-format.md describes them for people.
 */
#define SPINDLE_RULE_KINDS(KIND) \
	KIND(SEQUENCE, sequence) \
	KIND(PERMUTED, permuted) \
	KIND(ORDINAL, ordinal) \
	KIND(GRID, grid) \
	KIND(PERIODS, periods) \
	KIND(POOL, pool) \
	KIND(VARIANT, variant) \
	KIND(OF_VARIANT, of_variant) \
	KIND(CONSTANT, constant) \
	KIND(WEIGHTED, weighted) \
	KIND(NUMBER, number) \
	KIND(TIME, time) \
	KIND(REFERENCE, reference) \
	KIND(PARENT, parent) \
	KIND(COPY, copy) \
	KIND(COPY_AS_OF, copy_as_of) \
	KIND(ENTERED, entered) \
	KIND(CHANGED, changed) \
	KIND(VERSION, version) \
	KIND(OFFSET, offset) \
	KIND(CORRELATED, correlated) \
	KIND(FORMULA, formula) \
	KIND(CASE, case) \
	KIND(TOTAL, total) \
	KIND(CHILD, child) \
	KIND(FIRST_CHILD, first_child) \
	KIND(DATA, data) \
	KIND(PATTERN, pattern) \
	KIND(WORDS, words) \
	KIND(SHAPE, shape) \
	KIND(HIERARCHY, hierarchy) \
	KIND(LEVEL, level) \
	KIND(UUID, uuid) \
	KIND(OBJECT, object) \
	KIND(ARRAY, array)

/* Never kept beyond a session: the numbers move when the list grows. */
typedef enum SpindleRuleKind
{
#define RULE_SYMBOL(symbol, name) SPINDLE_RULE_##symbol,
	SPINDLE_RULE_KINDS(RULE_SYMBOL)
#undef RULE_SYMBOL
} SpindleRuleKind;

typedef struct SpindleRule SpindleRule;

/*
 * What a visit of a rule calls for each of the parts that its value comes from.
 * A function may be NULL.
 */
typedef struct SpindleRuleVisitor
{
	/* the column at the end of a path that begins in a row of a table */
	void		(*path) (void *context, int table, const SpindleColumnRef *ref);
	/* a rule inside the rule, which fills the same column */
	void		(*rule) (void *context, const SpindleRule *rule);
	/* which rows of a child table a row has */
	void		(*children) (void *context, int child_table);
	void	   *context;
} SpindleRuleVisitor;

/*
 * What can be told of a kind of rule without computing anything.  Every function
 * is there; rule.c has those of kinds about which there is nothing to tell.
 *
 * table is the one whose column the rule fills.
 */
typedef struct SpindleRuleOps
{
	/* Is the value the key of a row that the rule chooses? */
	bool		refers;

	/*
	 * Pass all parts to a visitor, in a fixed order, rules inside as a whole; but
	 * for the columns of "keyed_by".  Called by spindle_rule_visit() only.
	 */
	void		(*visit) (const struct SpindleDomain *domain, int table, const SpindleRule *rule,
						  const SpindleRuleVisitor *visitor);

	/*
	 * Can the value be NULL where the column has no "null" of its own?
	 * known, if not NULL, are paths that are known not to be NULL, ended by
	 * one with the column -1.
	 */
	bool		(*may_be_null) (const struct SpindleDomain *domain, int table, const SpindleRule *rule,
								const SpindleColumnRef *known);

	/* Is a time surely never before a day? */
	bool		(*never_before) (const struct SpindleDomain *domain, const SpindleRule *rule, int day);

	/* Does a column without NULLs never fall from one row to the next? */
	bool		(*never_falls) (const struct SpindleDomain *domain, int table, const SpindleRule *rule);

	/* Append the rule in words. */
	void		(*describe) (StringInfo out, const struct SpindleDomain *domain, int table,
							 const SpindleRule *rule);
} SpindleRuleOps;

/*
 * A rule, as it was read.  It never changes after that, and belongs to the
 * domain.  Which member of the union is set follows from the kind.  Columns
 * and tables are given by their numbers, values in the representation of the
 * type that they are compared with or become.
 */
struct SpindleRule
{
	SpindleRuleKind kind;
	const SpindleRuleOps *ops;	/* of its kind */
	char	   *path;			/* where it stands, such as
								 * tables.ticket.columns.status.rule */
	uint64		label;			/* tells its draws from those of all others:
								 * made of the path of the column's rule, and
								 * of its branch */
	const struct SpindleType *type; /* what it produces */
	int			round;			/* digits a FLOAT is rounded to, or -1 */
	int			index;			/* among all rules of the domain, from 0 */
	int			nkeyed;			/* columns whose values the draws follow from,
								 * in place of the row; 0 if it is the row */
	SpindleColumnRef *keyed;
	union
	{
		/* Row k, from 0, has start + k * step. */
		struct
		{
			int64		start;	/* of row 0, within +-10^17 */
			int64		step;	/* 1 to 1000 from row to row */
		}			sequence;

		/*
		 * Row k has start + number * step, the number being that of place k in
		 * a permutation of 0 to count - 1.
		 */
		struct
		{
			int64		start;	/* within +-10^17 */
			int64		step;	/* 1 to 1000 */
			int64		count;	/* 1 to 2 * 10^17 + 1, or 0: as many as there
								 * are rows */
		}			permuted;

		/* Child j of its parent, from 0, has start + j * step. */
		struct
		{
			int64		start;	/* within +-10^17 */
			int64		step;	/* 1 to 1000 */
		}			ordinal;

		/*
		 * A digit of a number that differs from row to row.  The columns of a
		 * table that name the same grid are its digits, the first one is the
		 * lowest.
		 */
		struct
		{
			uint64		label;	/* of the grid's draws, the same for its
								 * columns */
			char	   *name;	/* of the grid */
			int			table;	/* the digit is the number of a row of it, whose
								 * key is the value; or -1 */
			int64		count;	/* without table: the digits, 1 to 10^15 */
			int64		start;	/* value of digit 0, ... */
			int64	   *value;	/* ... or of each one; NULL without a list */
		}			grid;

		/*
		 * The start or the end of one of the periods that follow each other in a
		 * span of time: one for each child of a row, or for each row of a table
		 * that has no parent.
		 */
		struct
		{
			bool		is_end;
			int			start;	/* of an end: the column with the start, which
								 * has the members below */
			double		gap;	/* of an end: what is left free before the next
								 * start, at most; 0 to 0.99 of the distance */
			bool		has_from;	/* else the domain's range decides */
			SpindleColumnRef from;	/* the same for all children of a row */
			bool		has_to;
			SpindleColumnRef to;
			double		jitter; /* how far starts are off even distances: 0 to
								 * 1, half a distance to either side */
		}			periods;

		/*
		 * One of the values that a rule gives at the places from 0 to those of
		 * the pool, in place of rows.
		 */
		struct
		{
			int64		size;	/* 1 to 10^15, or 0: a share of the rows ... */
			double		share;	/* ... above 0, up to 1, but at least one value */
			SpindleRule *rule;	/* knows no row of the table */
			SpindleSkew skew;
			SpindleDistinct distinct;
		}			pool;

		/* The number of a variant, from 1, by weight. */
		struct
		{
			int			n;		/* 1 to 1000 */
			SpindleAlias *alias;
			int			nnamed; /* columns that variants say something of ... */
			int		   *named;	/* ... by their numbers, in any order, maybe
								 * several times */
		}			variant;

		/* What the row's variant says of the column, or else a rule. */
		struct
		{
			int			variant;	/* column with the variant, never NULL */
			int			n;		/* of its variants */
			bool	   *is_any; /* per variant: it says nothing, */
			bool	   *is_null;	/* says NULL, */
			int64	   *value;	/* or this; 0 in the other cases */
			SpindleRule *rule;	/* NULL if no variant says nothing */
		}			of_variant;

		/* One value, or always NULL. */
		struct
		{
			bool		is_null;
			int64		value;
		}			constant;

		/* One of n values, each with its weight. */
		struct
		{
			int			n;		/* 1 to 100000 */
			int64	   *value;	/* of each entry of alias */
			SpindleAlias *alias;
			SpindleDistinct distinct;
			double	   *weight; /* of each value, with distinct; all above 0 */
		}			weighted;

		/* A draw of a distribution, rounded to the type or by "round". */
		SpindleDist number;

		/*
		 * A time of a calendar; with ordered, by a timeline over the rows of
		 * the table, else one draw for each row.
		 */
		struct
		{
			SpindleCalendarSpec spec;
			SpindleCalendar *calendar;	/* made of spec */
			bool		ordered;	/* rises with the row number */
			bool		first_at_start;	/* the first row at the start of the
										 * range; ordered ones only */
		}			time;

		/*
		 * A row of a table, chosen at random.  Of has_containing, has_where
		 * and the others together, one holds at most; has_among goes with
		 * either has_after or skew, has_after without has_among with both.
		 */
		struct
		{
			int			table;	/* whose rows are chosen */
			SpindleSkew skew;
			SpindleDistinct distinct;	/* not with has_after, has_among or
										 * has_containing */
			bool		spread;	/* distinct within the parent, dealt out
								 * instead of drawn; without skew and
								 * has_where */
			bool		has_after;	/* only parents from before this row */
			bool		may_miss;	/* NULL where there are none, else an
									 * error */
			int			after_parent;	/* the parent's ordered time */
			SpindleColumnRef after_time;	/* this row's time */
			bool		has_among;	/* only parents that descend from ... */
			SpindleColumnRef among; /* ... what this column refers to, ... */
			int			among_depth;	/* ... by so many generations; 1 for
										 * its children */
			bool		has_containing; /* only parents whose period holds ... */
			SpindleColumnRef containing;	/* ... this time */
			int			period_start;	/* parent's columns, timestamps */
			int			period_end;
			bool		has_where;	/* only parents that pass this test */
			SpindleTest where;	/* a path from the parent, no HAS_CHILD */
		}			reference;

		/* The value at the end of a path. */
		SpindleColumnRef copy;

		/*
		 * The value at the end of a path of one step or more, where the row that
		 * the last step leads to is taken as it was at a time; NULL where that
		 * is NULL.  Before its insert, a row is as it was then.
		 */
		struct
		{
			SpindleColumnRef ref;
			SpindleTimeRef time;
		}			copy_as_of;

		/* The time of the step to a state that the row took last. */
		struct
		{
			int			state;	/* of the table's states */
		}			entered;

		/* The time source plus by times unit. */
		struct
		{
			SpindleColumnRef source;
			int64		unit;	/* microseconds, or days for dates: 1 */
			bool		whole;	/* whole units only */
			SpindleDist by;
			SpindleLimitKind limit; /* what later times are cut to */
			int64		last;	/* of a VALUE */
			SpindleColumnRef last_ref;	/* of a COLUMN; no limit where NULL */
		}			offset;

		/* source times by, or plus by, in double precision. */
		struct
		{
			SpindleColumnRef source;	/* a number, of any type */
			bool		is_factor;	/* multiply by what is drawn, else add it */
			SpindleDist by;
		}			correlated;

		/* Operations in postfix order, which leave one operand. */
		struct
		{
			int			nops;	/* 1 to 100 */
			SpindleOp  *op;
		}			formula;

		/*
		 * The rule of the first branch whose test holds, or else the last one.
		 */
		struct
		{
			int			nbranches;	/* 1 to 100 */
			SpindleTest *test;	/* per branch; the first that holds decides */
			SpindleRule **then; /* nbranches + 1, the last one is "else" */
		}			cases;

		/*
		 * TOTAL and CHILD: a total over the children of a row, or a column of
		 * one of them.
		 */
		struct
		{
			int			child;	/* table */
			int			column;	/* of it; not read for a count */
			SpindleTotalKind function;	/* of a "total" */
			SpindlePickKind pick;	/* of a "child" */
			SpindleColumnRef of;	/* reference to the parent, may be empty */
			bool		has_of;	/* else the parent is the row itself */
		}			child;

		/*
		 * A field of a record of a data set.  The record is that of the row
		 * by_row, else drawn: among those of a group with has_match, among all
		 * without.
		 */
		struct
		{
			struct SpindleDataSet *set;
			int64	   *value;	/* per row of the set; 0 where is_null */
			bool	   *is_null;
			bool		by_row; /* row k takes row k of the set */
			bool		is_joint;	/* the set is that of a "joint" */
			SpindleDistinct distinct;	/* with neither by_row nor has_match */
			uint64		draw_label;	/* of the draws; columns of a table that
									 * name the same "draw" share it */
			bool		has_match;
			bool		may_miss;	/* NULL where no row matches, else an
									 * error */
			SpindleColumnRef match;	/* the text that a record must have */
			int			ntexts; /* entries of group_of_text */
			int		   *group_of_text;	/* text id -> group, -1 if none */
			int			ngroups;
			int		  **group;	/* per group: rows of the set, rising */
			SpindleAlias **group_alias;	/* per group: their choice by weight */
		}			data;

		/* Pieces, one behind the other. */
		struct
		{
			int			npieces;	/* 0 to 50 */
			SpindlePiece *piece;
			SpindleRowPlace place;
		}			pattern;

		/* Words of a data set by weight, with spaces between them. */
		struct
		{
			struct SpindleDataSet *set;
			struct SpindleWord *word;	/* of each record of the set */
			SpindleDist count;	/* of words, rounded */
			int			most;	/* words at most, 1 to 1000 */
			bool		distinct;	/* none comes twice in a text */
			bool		capital;	/* the first letter is a capital */
			bool		full_stop;	/* behind the last word */
		}			words;

		/* Texts of a shape. */
		struct
		{
			struct SpindleShape *root;
			bool		has_length;
			SpindleDist length; /* characters, rounded, for parts that fill */
		}			shape;

		/* HIERARCHY and LEVEL: how the rows of the table form a tree. */
		struct
		{
			int			levels;	/* 1 to 100 */
			int64		roots;	/* rows of the first level, 1 to 10^15; fewer
								 * if the table has less than that for each
								 * level */
		}			hierarchy;

		/* Bits of the row and a hash, in version 7 behind the row's time. */
		struct
		{
			int			version;	/* 4 or 7 */
			SpindleColumnRef time;	/* of 7: a timestamp */
		}			uuid;

		/* A JSON object of the members that a row has, in their order. */
		struct
		{
			int			nparts; /* 0 to 1000 */
			SpindleDocumentPart *part;
		}			object;

		/* An array of elements, whose rule knows no row of the table. */
		struct
		{
			bool		is_json;	/* a JSON array, else as the server writes
									 * arrays */
			SpindleDocumentPart element;
			SpindleDist length; /* of elements, rounded, cut to 0 to most */
			int			most;	/* 0 to 1000 */
		}			array;
	};
};

/* The places of a pool of a table with so many rows. */
static inline int64
spindle_pool_size(const SpindleRule *rule, int64 nrows)
{
	return rule->pool.size > 0 ? rule->pool.size : Max((int64) ((double) nrows * rule->pool.share + 0.5), 1);
}

/* For visits: pass a part to the visitor if it wants to know. */
static inline void
spindle_visit_path(const SpindleRuleVisitor *visitor, int table, const SpindleColumnRef *ref)
{
	if (visitor->path)
		visitor->path(visitor->context, table, ref);
}

/*
 * spindle_visit_column
 *		The same for a column of the row itself, without a path.  The reference
 *		that is passed lasts for the call only.
 */
static inline void
spindle_visit_column(const SpindleRuleVisitor *visitor, int table, int column)
{
	spindle_visit_path(visitor, table, &(SpindleColumnRef) {.table = table,.column = column});
}

static inline void
spindle_visit_rule(const SpindleRuleVisitor *visitor, const SpindleRule *rule)
{
	if (visitor->rule)
		visitor->rule(visitor->context, rule);
}

static inline void
spindle_visit_children(const SpindleRuleVisitor *visitor, int child_table)
{
	if (visitor->children)
		visitor->children(visitor->context, child_table);
}

/* rule.c */
extern void spindle_rule_visit(const struct SpindleDomain *domain, int table, const SpindleRule *rule,
							   const SpindleRuleVisitor *visitor);
extern void spindle_rule_no_parts(const struct SpindleDomain *domain, int table, const SpindleRule *rule,
								  const SpindleRuleVisitor *visitor);
extern bool spindle_rule_never_null(const struct SpindleDomain *domain, int table, const SpindleRule *rule,
									const SpindleColumnRef *known);
extern bool spindle_rule_any_time(const struct SpindleDomain *domain, const SpindleRule *rule, int day);
extern bool spindle_rule_any_order(const struct SpindleDomain *domain, int table, const SpindleRule *rule);
extern bool spindle_path_may_be_null(const struct SpindleDomain *domain, int table,
									 const SpindleColumnRef *ref, const SpindleColumnRef *known);
extern void spindle_visit_test(const SpindleRuleVisitor *visitor, int table, const SpindleTest *test);
extern bool spindle_test_asks_children(const SpindleTest *test);
extern bool spindle_path_never_before(const struct SpindleDomain *domain, const SpindleColumnRef *ref,
									  int day);

/* describe.c */
extern void spindle_describe_path(StringInfo out, const struct SpindleDomain *domain, int table,
								  const SpindleColumnRef *ref);
extern void spindle_describe_dist(StringInfo out, const SpindleDist *dist);
extern void spindle_describe_skew(StringInfo out, const SpindleSkew *skew);
extern void spindle_describe_distinct(StringInfo out, SpindleDistinct distinct);
extern void spindle_describe_test(StringInfo out, const struct SpindleDomain *domain, int table,
								  const SpindleTest *test);

#endif							/* SPINDLE_RULE_H */
