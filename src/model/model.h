/*-------------------------------------------------------------------------
 *
 * model.h
 *		A domain definition, parsed and checked.
 *
 * A model does not depend on seed or scale and never changes once built.  All
 * of it lives in one memory context.  Columns are numbered in the order of the
 * definition, hidden ones included.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_MODEL_H
#define SPINDLE_MODEL_H

#include "postgres.h"

#include "math/alias.h"
#include "math/calendar.h"
#include "math/dist.h"

#define SPINDLE_FORMAT_VERSION	1
#define SPINDLE_MAX_TABLES		1000
#define SPINDLE_MAX_COLUMNS		1000
#define SPINDLE_MAX_ROWS		INT64CONST(1000000000000000)
#define SPINDLE_MAX_SCALE		9	/* digits after the point */

/* Times lie in the years 1900 to 9999: their first and last day, since 2000-01-01. */
#define SPINDLE_FIRST_DAY		INT64CONST(-36524)
#define SPINDLE_LAST_DAY		INT64CONST(2921939)

/*
 * How a value is represented while rows are generated: always 64 bits.
 */
typedef enum SpindleKind
{
	SPINDLE_INT,				/* the number */
	SPINDLE_DECIMAL,			/* the number times 10^scale */
	SPINDLE_FLOAT,				/* the bits of a double */
	SPINDLE_BOOL,				/* 0 or 1 */
	SPINDLE_DATE,				/* days since 2000-01-01 */
	SPINDLE_TIMESTAMP,			/* microseconds since 2000-01-01 UTC */
	SPINDLE_TEXT				/* address of a SpindleText */
} SpindleKind;

typedef struct SpindleType
{
	SpindleKind kind;
	Oid			oid;
	int32		typmod;
	int			scale;			/* of a DECIMAL, else 0 */
	int64		min;			/* of INT and DECIMAL, scaled */
	int64		max;
	int			length;			/* of varchar(n) in characters, 0 if free */
	char	   *name;			/* as in SQL */
} SpindleType;

/* Bytes at the start of a text that can be read, however short it is. */
#define SPINDLE_TEXT_READABLE	16

/*
 * A piece of text.  Those of a definition are prepared once in all forms and
 * have a number; those put together per row have data and len only.
 */
typedef struct SpindleText
{
	const char *data;			/* UTF-8, not terminated; patterns read
								 * SPINDLE_TEXT_READABLE bytes in any case */
	int32		len;
	int32		id;				/* in the domain's pool, -1 if put together */
	const char *json;			/* as a JSON string in quotes, or NULL */
	int32		json_len;
	struct varlena *datum;		/* in the server's encoding, or NULL */
} SpindleText;

/* A path of references to a column: order_id.promotion_id.discount_pct */
typedef struct SpindleColumnRef
{
	int			nsteps;			/* references to follow */
	int		   *step;			/* column of each, in the table reached so far */
	int			table;			/* where the path ends */
	int			column;
} SpindleColumnRef;

/* How children are shared out among their parents. */
typedef enum SpindleLayoutKind
{
	SPINDLE_LAYOUT_SPREAD,		/* children above the minimum thrown evenly */
	SPINDLE_LAYOUT_COUNTS,		/* counts drawn from weights, then adjusted */
	SPINDLE_LAYOUT_SUBSET		/* none or one per parent */
} SpindleLayoutKind;

/* How unevenly a reference chooses. */
typedef enum SpindleSkewKind
{
	SPINDLE_SKEW_NONE,			/* all rows alike */
	SPINDLE_SKEW_SHARE,			/* the first top of the ranks get share */
	SPINDLE_SKEW_EXPONENT		/* rank r gets r^-exponent */
} SpindleSkewKind;

typedef struct SpindleDataSet
{
	char	   *name;
	int			nfields;
	char	  **field;
	int			nrows;
	char	 ***cell;			/* [field][row] as text, NULL for null */
	SpindleAlias *weight;		/* from the field "weight", else even */
	double	   *weights;		/* the same, for choices within a group */
} SpindleDataSet;

typedef enum SpindleRuleKind
{
	SPINDLE_RULE_SEQUENCE,
	SPINDLE_RULE_CONSTANT,
	SPINDLE_RULE_WEIGHTED,
	SPINDLE_RULE_NUMBER,
	SPINDLE_RULE_TIME,
	SPINDLE_RULE_REFERENCE,
	SPINDLE_RULE_PARENT,
	SPINDLE_RULE_COPY,
	SPINDLE_RULE_OFFSET,
	SPINDLE_RULE_CORRELATED,
	SPINDLE_RULE_FORMULA,
	SPINDLE_RULE_CASE,
	SPINDLE_RULE_TOTAL,
	SPINDLE_RULE_CHILD,
	SPINDLE_RULE_FIRST_CHILD,
	SPINDLE_RULE_DATA,
	SPINDLE_RULE_PATTERN,
	SPINDLE_RULE_HIERARCHY,
	SPINDLE_RULE_LEVEL
} SpindleRuleKind;

typedef enum SpindleTotalKind
{
	SPINDLE_TOTAL_SUM,
	SPINDLE_TOTAL_COUNT,
	SPINDLE_TOTAL_MIN,
	SPINDLE_TOTAL_MAX,
	SPINDLE_TOTAL_MEAN
} SpindleTotalKind;

typedef enum SpindlePickKind
{
	SPINDLE_PICK_RANDOM,
	SPINDLE_PICK_FIRST,
	SPINDLE_PICK_LAST
} SpindlePickKind;

/* A condition on the row. */
typedef enum SpindleTestKind
{
	SPINDLE_TEST_NULL,
	SPINDLE_TEST_NOT_NULL,
	SPINDLE_TEST_IN,			/* equal to one of the values */
	SPINDLE_TEST_NOT_IN,
	SPINDLE_TEST_LESS,
	SPINDLE_TEST_GREATER,
	SPINDLE_TEST_HAS_CHILD		/* of a child table laid out over this one */
} SpindleTestKind;

typedef struct SpindleTest
{
	SpindleTestKind kind;
	SpindleColumnRef ref;		/* what is tested, but for HAS_CHILD */
	int			child;			/* table, for HAS_CHILD */
	int			nvalues;
	int64	   *value;			/* in the representation of the column */
} SpindleTest;

/* One operation of a formula in postfix order; decimals are exact. */
typedef enum SpindleOpKind
{
	SPINDLE_OP_NUMBER,
	SPINDLE_OP_COLUMN,
	SPINDLE_OP_ADD,
	SPINDLE_OP_SUBTRACT,
	SPINDLE_OP_MULTIPLY,
	SPINDLE_OP_DIVIDE,
	SPINDLE_OP_SHIFT,			/* division by a power of ten: same digits,
								 * other scale */
	SPINDLE_OP_NEGATE,
	SPINDLE_OP_MINIMUM,
	SPINDLE_OP_MAXIMUM
} SpindleOpKind;

typedef struct SpindleOp
{
	SpindleOpKind kind;
	int64		number;			/* of a NUMBER, times 10^scale */
	int			scale;			/* of the result */
	SpindleColumnRef ref;		/* of a COLUMN */
} SpindleOp;

typedef enum SpindlePieceKind
{
	SPINDLE_PIECE_LITERAL,
	SPINDLE_PIECE_COLUMN,
	SPINDLE_PIECE_ROW,			/* row number from 1 */
	SPINDLE_PIECE_DIGITS,		/* random characters */
	SPINDLE_PIECE_LETTERS,
	SPINDLE_PIECE_ALNUM
} SpindlePieceKind;

typedef struct SpindlePiece
{
	SpindlePieceKind kind;
	char	   *text;			/* of a LITERAL */
	int			width;			/* padding, or number of characters */
	SpindleColumnRef ref;		/* of a COLUMN */
	bool		is_text;		/* else a number ... */
	int			scale;			/* ... with so many digits after the point */
	char		fold;			/* 'l' lower case, 'u' upper case, or 0 */
} SpindlePiece;

typedef struct SpindleRule SpindleRule;

struct SpindleRule
{
	SpindleRuleKind kind;
	char	   *path;			/* where it stands, for errors */
	uint64		label;			/* tells its draws from those of all others */
	const SpindleType *type;	/* what it produces */
	int			round;			/* digits a FLOAT is rounded to, or -1 */
	int			index;			/* among all rules of the domain */
	union
	{
		struct
		{
			int64		start;
			int64		step;
		}			sequence;
		struct
		{
			bool		is_null;
			int64		value;
		}			constant;
		struct
		{
			int			n;
			int64	   *value;
			SpindleAlias *alias;
		}			weighted;
		SpindleDist number;
		struct
		{
			SpindleCalendarSpec spec;
			SpindleCalendar *calendar;
			bool		ordered;	/* rises with the row number */
			bool		first_at_start;
		}			time;
		struct
		{
			int			table;
			SpindleSkewKind skew;
			double		top;
			double		share;	/* or the exponent */
			bool		has_after;	/* only parents from before this row */
			bool		may_miss;	/* NULL where there are none, else an
									 * error */
			int			after_parent;	/* the parent's ordered time */
			SpindleColumnRef after_time;	/* this row's time */
			bool		has_among;	/* only parents that are children of ... */
			SpindleColumnRef among; /* ... what this column refers to */
			bool		has_containing; /* only parents whose period holds ... */
			SpindleColumnRef containing;	/* ... this time */
			int			period_start;	/* parent's columns */
			int			period_end;
			bool		has_where;	/* only parents that pass this test */
			SpindleTest where;
		}			reference;
		SpindleColumnRef copy;
		struct
		{
			SpindleColumnRef source;
			int64		unit;	/* microseconds, or days for dates: 1 */
			bool		whole;	/* whole units only */
			SpindleDist by;
		}			offset;
		struct
		{
			SpindleColumnRef source;
			bool		is_factor;	/* multiply, else add */
			SpindleDist by;
		}			correlated;
		struct
		{
			int			nops;
			SpindleOp  *op;
		}			formula;
		struct
		{
			int			nbranches;
			SpindleTest *test;
			SpindleRule **then; /* nbranches + 1, the last one is "else" */
		}			cases;
		struct
		{
			int			child;	/* table */
			int			column; /* of it */
			SpindleTotalKind function;
			SpindlePickKind pick;
			SpindleColumnRef of;	/* reference to the parent, may be empty */
			bool		has_of;
		}			child;
		struct
		{
			SpindleDataSet *set;
			int64	   *value;	/* per row of the set */
			bool	   *is_null;
			bool		by_row; /* row k takes row k of the set */
			uint64		draw_label; /* shared by columns that share a draw */
			bool		has_match;
			bool		may_miss;	/* NULL where no row matches, else an
									 * error */
			SpindleColumnRef match;
			int			ntexts; /* entries of group_of_text */
			int		   *group_of_text;	/* text id -> group, -1 if none */
			int			ngroups;
			int		  **group;	/* rows of the set */
			SpindleAlias **group_alias;
		}			data;
		struct
		{
			int			npieces;
			SpindlePiece *piece;
		}			pattern;
		struct
		{
			int			levels;
			int64		roots;
		}			hierarchy;
	};
};

typedef struct SpindleColumn
{
	char	   *name;
	char	   *description;
	SpindleType type;
	bool		hidden;			/* not part of the table */
	bool		nullable;
	double		null_fraction;
	SpindleRule *rule;
	int			target;			/* table that its rule refers to, or -1 */
	int			references;		/* table of the foreign key, or -1 */
	bool		monotone;		/* never falls from row to row */
	char	   *key_json;		/* ,"name": as it stands in an event */
	int			key_json_len;
} SpindleColumn;

typedef enum SpindleRowsKind
{
	SPINDLE_ROWS_PRESET,
	SPINDLE_ROWS_FIXED,
	SPINDLE_ROWS_PER_YEAR,
	SPINDLE_ROWS_RATIO,
	SPINDLE_ROWS_CHILDREN
} SpindleRowsKind;

typedef struct SpindleTable
{
	char	   *name;
	char	   *description;
	int			index;
	int			ncolumns;
	SpindleColumn *column;
	int			key;			/* column, or -1 */
	bool		has_event_time;
	SpindleColumnRef event_time;
	SpindleRowsKind rows_kind;
	int64		rows_count;		/* FIXED and PER_YEAR */
	int			rows_parent;	/* RATIO and CHILDREN: table */
	int64		rows_numerator;
	int64		rows_denominator;
	SpindleLayoutKind layout_kind;	/* CHILDREN */
	int			layout_min;
	int			layout_max;
	double	   *layout_weights; /* of layout_min .. layout_max children */
	int			parent_column;	/* CHILDREN: the column with rule "parent" */
	uint64		label;
} SpindleTable;

typedef struct SpindlePreset
{
	char	   *name;
	int64	   *rows;			/* per table, -1 where the preset is silent */
} SpindlePreset;

typedef struct SpindleDomain
{
	char	   *name;
	char	   *description;
	char	   *subject;		/* domain "retail", for errors */
	int			first_day;		/* of the date range, since 2000-01-01 */
	int			ndays;
	int			ntables;
	SpindleTable *table;
	int			npresets;
	SpindlePreset *preset;
	int			ndatasets;
	SpindleDataSet **dataset;
	int			nrules;
	int			ntexts;			/* numbers given in the pool */
	struct SpindleTextPool *pool;
	MemoryContext context;
	uint64		fingerprint;	/* of the definition and its data sets */
} SpindleDomain;

/* definition.c, rule.c, formula.c, dataset.c: what they share is in parse.h */
extern SpindleDomain *spindle_domain_parse(const char *name, const char *text, int len,
										   char *(*load_data) (const char *set, int *len));
extern int	spindle_domain_find_table(const SpindleDomain *domain, const char *name);
extern int	spindle_table_find_column(const SpindleTable *table, const char *name);
extern int	spindle_domain_find_preset(const SpindleDomain *domain, const char *name);
extern int	spindle_domain_years(const SpindleDomain *domain);
extern const SpindleColumn *spindle_ref_column(const SpindleDomain *domain,
											   const SpindleColumnRef *ref);

/* type.c */
extern bool spindle_type_parse(const char *name, SpindleType *type);
extern bool spindle_type_holds(const SpindleType *type, const SpindleType *other);
extern const char *spindle_type_names(void);
extern bool spindle_value_parse(SpindleDomain *domain, const SpindleType *type,
								const char *text, int64 *value);
extern int64 spindle_power_of_ten(int n);

/* text.c */
extern struct SpindleTextPool *spindle_text_pool_create(void);
extern const SpindleText *spindle_text_intern(SpindleDomain *domain, const char *data);
extern const SpindleText *spindle_text_lookup(const SpindleDomain *domain, const SpindleText *text);
extern int	spindle_text_clip(const char *data, int len, int max_characters);

/* describe.c */
extern char *spindle_rule_describe(const SpindleDomain *domain, const SpindleTable *table,
								   const SpindleColumn *column);

#endif							/* SPINDLE_MODEL_H */
