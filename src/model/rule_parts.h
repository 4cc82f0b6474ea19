/*-------------------------------------------------------------------------
 *
 * rule_parts.h
 *		What the parameters of rules are made of.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_RULE_PARTS_H
#define SPINDLE_RULE_PARTS_H

#include "postgres.h"

#include "math/alias.h"
#include "math/calendar.h"
#include "math/dist.h"

struct SpindleRule;
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
	SPINDLE_DISTINCT_TABLE,		/* in the whole table */
	SPINDLE_DISTINCT_ARRAY		/* among the elements of one array */
} SpindleDistinct;

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

/* Columns whose values correlate, at most. */
#define SPINDLE_MAX_COPULA	8

/*
 * Columns of a table whose values go together by rank: each has a normal score, a
 * sum of independent ones, and the number that has the score's rank in the
 * distribution of its rule.
 */
typedef struct SpindleCopula
{
	int			n;				/* 2 to SPINDLE_MAX_COPULA */
	int			column[SPINDLE_MAX_COPULA];
	double		factor[SPINDLE_MAX_COPULA][SPINDLE_MAX_COPULA]; /* score i is the sum of
																 * factor[i][k] times score k,
																 * for k from 0 to i */
} SpindleCopula;

/* What the time of an "offset" is not after. */
typedef enum SpindleLimitKind
{
	SPINDLE_LIMIT_NONE,
	SPINDLE_LIMIT_VALUE,
	SPINDLE_LIMIT_COLUMN
} SpindleLimitKind;

#endif							/* SPINDLE_RULE_PARTS_H */
