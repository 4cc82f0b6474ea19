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

#include "math/alias.h"
#include "math/calendar.h"
#include "math/dist.h"

struct SpindleDomain;
struct SpindleDataSet;
struct SpindleType;

/*
 * A path of references to a column, such as
 * order_id.promotion_id.discount_pct.  It begins in a row of a table that the
 * reader of the path knows.  Without steps it is a column of that table.
 */
typedef struct SpindleColumnRef
{
	int			nsteps;			/* references to follow, 0 to 8 */
	int		   *step;			/* column of each, in the table reached so far */
	int			table;			/* where the path ends */
	int			column;
} SpindleColumnRef;

/*
 * How unevenly a reference chooses.  A rank is the place of a row by
 * popularity, from 1.
 */
typedef enum SpindleSkewKind
{
	SPINDLE_SKEW_NONE,			/* all rows alike */
	SPINDLE_SKEW_SHARE,			/* the first top of the ranks get share */
	SPINDLE_SKEW_EXPONENT,		/* rank r gets r^-exponent */
	SPINDLE_SKEW_PROFILE		/* as quantiles say */
} SpindleSkewKind;

/* The same with its measures. */
typedef struct SpindleSkew
{
	SpindleSkewKind kind;
	double		top;			/* of SHARE: part of the rows ... */
	double		share;			/* ... and of the choices that they get, both 0
								 * to 1; or the exponent */
	int			nprofile;		/* of PROFILE: 2 to 1000 quantiles of the
								 * choices that a row gets, */
	double	   *profile;		/* relative to each other, rising, the last one
								 * above 0 */
} SpindleSkew;

/* Within what the choices of a rule differ. */
typedef enum SpindleDistinct
{
	SPINDLE_DISTINCT_NONE,		/* they need not */
	SPINDLE_DISTINCT_PARENT,	/* among the children of one row */
	SPINDLE_DISTINCT_TABLE		/* in the whole table */
} SpindleDistinct;

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

/*
 * The function of "total", in the order in which definitions name them.  From
 * MIN on, no rows give NULL.
 */
typedef enum SpindleTotalKind
{
	SPINDLE_TOTAL_SUM,
	SPINDLE_TOTAL_COUNT,
	SPINDLE_TOTAL_MIN,
	SPINDLE_TOTAL_MAX,
	SPINDLE_TOTAL_MEAN
} SpindleTotalKind;

/*
 * Which of its children "child" takes, in the order of "pick" in definitions.
 */
typedef enum SpindlePickKind
{
	SPINDLE_PICK_RANDOM,		/* all alike, by a draw of the asking row */
	SPINDLE_PICK_FIRST,			/* by row number */
	SPINDLE_PICK_LAST
} SpindlePickKind;

/*
 * A condition on the row.  Each kind is followed by its opposite, so one bit of
 * the number turns it round.  Comparisons are false for NULL, and so are their
 * opposites.
 */
typedef enum SpindleTestKind
{
	SPINDLE_TEST_NULL,
	SPINDLE_TEST_NOT_NULL,
	SPINDLE_TEST_IN,			/* equal to one of the values */
	SPINDLE_TEST_NOT_IN,
	SPINDLE_TEST_LESS,
	SPINDLE_TEST_AT_LEAST,
	SPINDLE_TEST_GREATER,
	SPINDLE_TEST_AT_MOST,
	SPINDLE_TEST_HAS_CHILD,		/* of a child table laid out over this one */
	SPINDLE_TEST_NO_CHILD,
	SPINDLE_TEST_AND,			/* all parts hold */
	SPINDLE_TEST_OR				/* one of the parts holds */
} SpindleTestKind;

/*
 * A condition: a comparison of the column at the end of a path with constants
 * or with another column, or several conditions.  "not" is gone when it is
 * read: it turns round the comparisons inside it.
 */
typedef struct SpindleTest
{
	SpindleTestKind kind;
	SpindleColumnRef ref;		/* what is tested, if it is a column */
	bool		has_other;		/* compared with another column, ... */
	SpindleColumnRef other;		/* ... this one, in place of a value */
	int			child;			/* table, for HAS_CHILD and NO_CHILD */
	int			nvalues;		/* IN and NOT_IN: any number; comparisons: 1, 0
								 * with has_other */
	int64	   *value;			/* in the representation of the column; texts
								 * by the address that the domain's pool has
								 * for them */
	int			nparts;			/* AND and OR: 1 to 100 conditions */
	struct SpindleTest *part;
} SpindleTest;

/* Does a condition compare a column, and so need it not to be NULL? */
static inline bool
spindle_test_compares(const SpindleTest *test)
{
	return test->kind >= SPINDLE_TEST_IN && test->kind <= SPINDLE_TEST_AT_MOST;
}

/*
 * One operation of a formula in postfix order; decimals are exact.  The first
 * four push an operand, those from NEGATE on change the top one, the others take
 * two and push one.  Days and microseconds since 2000 are whole numbers too.
 */
typedef enum SpindleOpKind
{
	SPINDLE_OP_NUMBER,
	SPINDLE_OP_COLUMN,
	SPINDLE_OP_ROW,				/* number of the row, from 1 */
	SPINDLE_OP_ROWS,			/* number of rows of a table */
	SPINDLE_OP_ADD,
	SPINDLE_OP_SUBTRACT,
	SPINDLE_OP_MULTIPLY,
	SPINDLE_OP_DIVIDE,
	SPINDLE_OP_QUOTIENT,		/* whole part of a division, toward zero */
	SPINDLE_OP_MODULO,			/* what that leaves, with the sign of the
								 * dividend */
	SPINDLE_OP_MINIMUM,
	SPINDLE_OP_MAXIMUM,
	SPINDLE_OP_NEGATE,
	SPINDLE_OP_SHIFT,			/* division by a power of ten: same digits,
								 * other scale */
	SPINDLE_OP_FLOOR,			/* to a whole number */
	SPINDLE_OP_CEILING,
	SPINDLE_OP_ROUND,			/* to scale digits, half away from zero */
	SPINDLE_OP_ABSOLUTE,
	SPINDLE_OP_DATE,			/* microseconds to days */
	SPINDLE_OP_YEAR,			/* of days */
	SPINDLE_OP_MONTH,
	SPINDLE_OP_DAY,
	SPINDLE_OP_WEEKDAY,			/* Monday is 1 */
	SPINDLE_OP_HOUR,			/* of microseconds */
	SPINDLE_OP_MINUTE
} SpindleOpKind;

/* An operation.  An operand is a whole number times 10^-scale. */
typedef struct SpindleOp
{
	SpindleOpKind kind;
	int64		number;			/* of a NUMBER, times 10^scale */
	int			scale;			/* of the result: digits after the point, 0 to
								 * 18 */
	int			table;			/* of ROWS */
	SpindleColumnRef ref;		/* of a COLUMN */
} SpindleOp;

/* How many operands an operation takes from the stack. */
static inline int
spindle_op_operands(SpindleOpKind kind)
{
	return kind <= SPINDLE_OP_ROWS ? 0 : kind < SPINDLE_OP_NEGATE ? 2 : 1;
}

/* What a piece of a pattern becomes. */
typedef enum SpindlePieceKind
{
	SPINDLE_PIECE_LITERAL,		/* the text as it stands */
	SPINDLE_PIECE_COLUMN,		/* the value at the end of a path */
	SPINDLE_PIECE_ROW,			/* row number from 1 */
	SPINDLE_PIECE_SIBLING,		/* the same within the parent */
	SPINDLE_PIECE_ID,			/* a number that no other row has, in base 36 */
	SPINDLE_PIECE_DIGITS,		/* random characters */
	SPINDLE_PIECE_LETTERS,		/* A to Z */
	SPINDLE_PIECE_ALNUM,		/* digits and A to Z */
	SPINDLE_PIECE_HEX			/* digits and a to f */
} SpindlePieceKind;

typedef struct SpindlePiece
{
	SpindlePieceKind kind;
	char	   *text;			/* of a LITERAL, UTF-8, terminated */
	int			width;			/* digits to pad a number to, 0 for none; or
								 * the number of random characters, 1 to 100 */
	int			max_width;		/* of random characters: as many at most, at
								 * least width; 0 if it is width */
	SpindleColumnRef ref;		/* of a COLUMN */
	bool		is_text;		/* else a number ... */
	int			scale;			/* ... with so many digits after the point */
	char		fold;			/* 'l' lower case, 'u' upper case, or 0 */
} SpindlePiece;

/*
 * Where a text of a pattern shows the number of its row, that of a ROW or ID: so many
 * characters from one of its ends, or behind all that are no digits.
 */
typedef struct SpindleRowPlace
{
	bool		is_known;		/* else nothing here is set */
	int			piece;			/* number of the piece */
	bool		from_end;
	int64		skip;			/* characters between that end and the number;
								 * -1 for all that are no digits */
	int64		length;			/* characters of the number, 0 for all that are
								 * digits */
} SpindleRowPlace;

/* What a part of a shape is. */
typedef enum SpindleShapeKind
{
	SPINDLE_SHAPE_TEXT,			/* the characters as they are */
	SPINDLE_SHAPE_CLASS,		/* one of the characters, each as likely */
	SPINDLE_SHAPE_SEQUENCE,		/* all parts, one behind the other */
	SPINDLE_SHAPE_CHOICE		/* one of the parts */
} SpindleShapeKind;

/*
 * What texts look like.  A part comes at least and at most so often, each number
 * as likely; with fills, as often as the length of the text leaves room before
 * what follows it, which has one length.
 */
typedef struct SpindleShape
{
	SpindleShapeKind kind;
	int			min;			/* 0 to 1000 */
	int			max;
	bool		fills;			/* CLASS only */
	int			behind;			/* fills: characters that follow */
	const char *text;			/* TEXT: UTF-8; CLASS: ASCII */
	int			len;			/* bytes of that */
	int			nparts;
	struct SpindleShape *part;
	SpindleAlias *weight;		/* CHOICE: of the parts, NULL if all are alike */
	int			shortest;		/* characters of the shortest and longest text,
								 * with all repetitions */
	int			longest;
} SpindleShape;

/* A word of a data set. */
typedef struct SpindleWord
{
	const char *data;			/* UTF-8, not terminated */
	int			len;			/* bytes */
	int			characters;
} SpindleWord;

/*
 * A part of a document: a member of an object, or each element of an array.  It
 * has a type and a rule of its own.
 */
typedef struct SpindleDocumentPart
{
	const char *name;			/* of a member, UTF-8 */
	const char *name_json;		/* the same as JSON, with the colon */
	int			name_json_len;
	const struct SpindleType *type;
	double		absent;			/* of a member: fraction of the rows that lack
								 * it, 0 to 1 */
	double		null_fraction;	/* of what is there, 0 to 1 */
	struct SpindleRule *rule;
} SpindleDocumentPart;

/* What the time of an "offset" is not after. */
typedef enum SpindleLimitKind
{
	SPINDLE_LIMIT_NONE,
	SPINDLE_LIMIT_VALUE,
	SPINDLE_LIMIT_COLUMN
} SpindleLimitKind;

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
