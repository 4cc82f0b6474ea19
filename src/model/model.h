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

#include "utils/uuid.h"

#include "math/alias.h"
#include "math/calendar.h"
#include "math/dist.h"
#include "model/lifecycle.h"
#include "model/rule.h"
#include "model/type.h"

#define SPINDLE_FORMAT_VERSION	1
#define SPINDLE_MAX_TABLES		1000
#define SPINDLE_MAX_COLUMNS		1000
#define SPINDLE_MAX_ROWS		INT64CONST(1000000000000000)

/* Bytes that can be read from the start of any text of a step, whatever its length. */
#define SPINDLE_TEXT_READABLE	16

/*
 * A piece of text.  Those of a definition are prepared once in all forms and
 * have a number; those put together per row have data and len only.
 */
typedef struct SpindleText
{
	const char *data;			/* UTF-8, not terminated */
	int32		len;			/* bytes */
	int32		id;				/* in the domain's pool, -1 if put together */
	const char *json;			/* as a JSON string in quotes, or NULL; 32
								 * bytes can be read from its start */
	int32		json_len;
	struct varlena *datum;		/* in the server's encoding, with a 4-byte
								 * header, or what its form makes of it; NULL
								 * if it has to be converted */
} SpindleText;

/* Parents of a block whose children are thrown at them; part of that method. */
#define SPINDLE_LAYOUT_SPREAD_BLOCK 16

/* Leading bits of a draw that select a number of children. */
#define SPINDLE_LAYOUT_COUNT_BITS	12

/* How children are shared out among their parents. */
typedef enum SpindleLayoutKind
{
	SPINDLE_LAYOUT_SPREAD,		/* "min" and "max": children above the minimum
								 * thrown evenly */
	SPINDLE_LAYOUT_COUNTS,		/* "counts": drawn from weights, then adjusted */
	SPINDLE_LAYOUT_SUBSET		/* none or one per parent */
} SpindleLayoutKind;

/*
 * The records of a file of data, shared by all rules of a domain that name it.
 * Values stay text: each rule reads those of its field as its column's type.
 */
typedef struct SpindleDataSet
{
	char	   *name;
	int			nfields;		/* 1 to 100 */
	char	  **field;			/* their names, "weight" included */
	int			nrows;			/* 1 to 1000000 */
	char	 ***cell;			/* [field][row] as text, NULL for null */
	SpindleAlias *weight;		/* from the field "weight", else even */
	double	   *weights;		/* the same, for choices within a group */
} SpindleDataSet;

/*
 * A column of a table.  Its number is its position in the definition, from 0,
 * hidden columns included; so it is not the attribute number of a table that
 * shows it.
 */
typedef struct SpindleColumn
{
	char	   *name;			/* in the definition: for paths and draws */
	char	   *sql_name;		/* in SQL, in the server's encoding */
	char	   *utf8_name;		/* the same in UTF-8 */
	char	   *description;	/* NULL if there is none */
	SpindleType type;
	bool		hidden;			/* not part of the table; for rules only */
	bool		nullable;		/* can be NULL, by its rule or null_fraction */
	double		null_fraction;	/* 0 to 1, made NULL whatever the rule gives */
	SpindleRule *rule;
	int			target;			/* table that its rule refers to, or -1 */
	int			references;		/* table of the foreign key, or -1 */
	bool		by_value;		/* paths lead from it to the row of that table
								 * whose key has its value, as no rule chooses
								 * the row */
	bool		is_step;		/* by_value, and there is such a path */
	bool		monotone;		/* is never NULL and never falls from row to
								 * row, so that rows can be looked up by value
								 */
	char	   *key_json;		/* ,"name in SQL": as it stands in an event; 32 bytes
								 * can be read from its start */
	int			key_json_len;
} SpindleColumn;

/* Columns of a table that together differ from row to row. */
typedef struct SpindleColumnSet
{
	int			n;				/* at least 1 */
	int		   *column;			/* their numbers, in the declared order */
} SpindleColumnSet;

/*
 * Columns that have the values of the key, or of a set that is unique, of one
 * row of a table, or at least one NULL.
 */
typedef struct SpindleForeignKey
{
	int			ncolumns;
	int		   *column;			/* of the table that refers, none hidden */
	int			table;			/* that they refer to */
	int		   *target;			/* its columns, none hidden */
} SpindleForeignKey;

/*
 * A type of the section "types", which columns can name as "sql_type": an enum or
 * a domain.
 */
typedef struct SpindleUserType
{
	char	   *name;
	int			nlabels;		/* of an enum, 1 to 1000, else 0 */
	char	  **label;			/* UTF-8, in their order */
	char	   *base;			/* of a domain: the type below it, as SQL
								 * writes it */
	char	   *check;			/* an expression of VALUE, or NULL */
} SpindleUserType;

/* How many rows a table has at a scale. */
typedef enum SpindleRowsKind
{
	SPINDLE_ROWS_PRESET,		/* as each preset says */
	SPINDLE_ROWS_FIXED,			/* rows_count */
	SPINDLE_ROWS_PER_YEAR,		/* rows_count times the calendar years */
	SPINDLE_ROWS_RATIO,			/* those of rows_parent times a fraction, cut
								 * to a whole number */
	SPINDLE_ROWS_CHILDREN		/* the same, and each belongs to a row there */
} SpindleRowsKind;

/*
 * A table.  No count of rows can depend on itself, so to follow rows_parent
 * ends.
 */
typedef struct SpindleTable
{
	char	   *name;			/* in the definition: for paths and draws */
	char	   *sql_schema;		/* of the relation in SQL, NULL if it may be any */
	char	   *sql_name;		/* its name, in the server's encoding */
	char	   *utf8_name;		/* the same in UTF-8, */
	char	   *name_json;		/* and as a JSON string in quotes */
	char	   *description;	/* NULL if there is none */
	int			index;			/* in the domain's tables */
	int			ncolumns;
	SpindleColumn *column;
	int			nkeys;			/* columns of the key, 0 if there is none */
	int		   *key;			/* their numbers, in the order of the key; some
								 * may be hidden */
	int			nunique;		/* sets that are declared unique, without the
								 * key */
	SpindleColumnSet *unique;	/* of columns that are not hidden */
	int			ncopulas;
	SpindleCopula *copula;		/* none has a column of another one */
	int			nforeign_keys;
	SpindleForeignKey *foreign_key; /* in the order of their first columns */
	bool		has_event_time;
	SpindleColumnRef event_time;	/* path to a timestamp, if it has one */
	SpindleRowsKind rows_kind;
	int64		rows_count;		/* FIXED and PER_YEAR: 0 to 10^12 */
	int			rows_parent;	/* RATIO and CHILDREN: table */
	int64		rows_numerator;	/* RATIO and CHILDREN: rows per row of the
								 * parent, as a reduced fraction */
	int64		rows_denominator;
	SpindleLayoutKind layout_kind;	/* CHILDREN */
	int			layout_min;		/* children of a parent, at least: 0 to 10^6 */
	int			layout_max;		/* at most: 1 to 10^8 */
	int			layout_ncounts; /* COUNTS: how many there are ... */
	int		   *layout_count;	/* ... rising, from layout_min to layout_max */
	double	   *layout_weights;	/* ... with the weight of each, above 0 */
	int			parent_column;	/* CHILDREN: the column with rule "parent", -1
								 * if none has it */
	uint64		label;			/* of its name in the definition; tells the draws of its layout */
	SpindleLifecycle *lifecycle;	/* of its rows, never NULL */
} SpindleTable;

/* A scale. */
typedef struct SpindlePreset
{
	char	   *name;
	int64	   *rows;			/* per table, 0 to 10^15; -1 where the preset
								 * is silent, as the table's rows are of
								 * another kind */
} SpindlePreset;

/*
 * A domain.  Tables, presets, data sets and rules have numbers from 0, their
 * places in these arrays.  Nothing of it changes once it is read, so sessions
 * and programs may hold pointers into it for as long as its context lives.
 */
typedef struct SpindleDomain
{
	char	   *name;
	char	   *description;
	char	   *subject;		/* domain "retail", for errors */
	int			first_day;		/* of the date range, days since 2000-01-01 */
	int			ndays;			/* 1 to 32000 */
	int			ntables;
	SpindleTable *table;
	int			ntypes;
	SpindleUserType *type;
	int			npresets;
	SpindlePreset *preset;
	int			default_preset; /* where no scale is given */
	int			ndatasets;
	SpindleDataSet **dataset;
	int			nprofiles;		/* deletes that happen only if they are asked
								 * for, at most one per table */
	char	  **profile;
	int			nrules;			/* those in branches of others included */
	int			ntexts;			/* numbers given in the pool */
	struct SpindleTextPool *pool;
	MemoryContext context;		/* of all this but texts and data sets, which
								 * have contexts of their own below it */
	uint64		fingerprint;	/* of the bytes of the definition and its data
								 * sets: differs when one of them does */
} SpindleDomain;

/* Of a name in SQL that several tables have. */
#define SPINDLE_AMBIGUOUS	(-2)

/* lookup.c: numbers of things; nothing here allocates or raises errors */
extern int	spindle_domain_find_table(const SpindleDomain *domain, const char *name);
extern int	spindle_table_find_column(const SpindleTable *table, const char *name);
extern int	spindle_domain_find_relation(const SpindleDomain *domain, const char *name);
extern int	spindle_table_find_visible(const SpindleTable *table, const char *name);
extern int	spindle_domain_find_preset(const SpindleDomain *domain, const char *name);
extern int	spindle_domain_find_profile(const SpindleDomain *domain, const char *name);
extern int	spindle_domain_years(const SpindleDomain *domain);
extern const SpindleColumn *spindle_ref_column(const SpindleDomain *domain,
											   const SpindleColumnRef *ref);
extern bool spindle_column_changes(const SpindleTable *table, int column);
extern bool spindle_table_is_key(const SpindleTable *table, int column);
extern int	spindle_table_single_key(const SpindleTable *table);
extern int	spindle_column_target(const SpindleDomain *domain, int table, int column);
extern SpindleColumn *spindle_column_source(const SpindleDomain *domain, int table, int column);
extern int64 spindle_preset_rows(const SpindleDomain *domain, int preset, const SpindleTable *table);
extern int64 spindle_table_most_children(const SpindleTable *table);

/* text.c */
extern struct SpindleTextPool *spindle_text_pool_create(void);
extern const SpindleText *spindle_text_intern(SpindleDomain *domain, const char *data);
extern const SpindleText *spindle_text_make(const char *data);
extern const SpindleText *spindle_text_formed(SpindleDomain *domain, const SpindleType *type, const char *canonical);
extern const SpindleText *spindle_text_lookup(const SpindleDomain *domain, const SpindleType *type,
											  const SpindleText *text);
extern const void *spindle_pool_bytes(SpindleDomain *domain, const void *data, int len);
extern int	spindle_text_clip(const char *data, int len, int max_characters);

/* form.c */
extern void spindle_json_compact(StringInfo out, const char *json, int len);

/* constant.c */
extern bool spindle_uuid_parse(const char *s, pg_uuid_t *uuid);

/* rule.c */
extern void spindle_visit_target(const SpindleRuleVisitor *visitor, const SpindleTable *table,
								 const SpindleRule *rule);
extern bool spindle_column_is_ordered_time(const SpindleColumn *column);
extern bool spindle_uuid_is_ordered(const SpindleDomain *domain, const SpindleRule *rule);

/* describe.c */
extern char *spindle_rule_describe(const SpindleDomain *domain, const SpindleTable *table,
								   const SpindleColumn *column);

#endif							/* SPINDLE_MODEL_H */
