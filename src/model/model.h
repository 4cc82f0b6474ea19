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
#include "model/rule.h"
#include "model/type.h"

#define SPINDLE_FORMAT_VERSION	1
#define SPINDLE_MAX_TABLES		1000
#define SPINDLE_MAX_COLUMNS		1000
#define SPINDLE_MAX_ROWS		INT64CONST(1000000000000000)

/*
 * A piece of text.  Those of a definition are prepared once in all forms and
 * have a number; those put together per row have data and len only.
 */
typedef struct SpindleText
{
	const char *data;			/* UTF-8, not terminated */
	int32		len;
	int32		id;				/* in the domain's pool, -1 if put together */
	const char *json;			/* as a JSON string in quotes, or NULL */
	int32		json_len;
	struct varlena *datum;		/* in the server's encoding, or NULL */
} SpindleText;

/* How children are shared out among their parents. */
typedef enum SpindleLayoutKind
{
	SPINDLE_LAYOUT_SPREAD,		/* children above the minimum thrown evenly */
	SPINDLE_LAYOUT_COUNTS,		/* counts drawn from weights, then adjusted */
	SPINDLE_LAYOUT_SUBSET		/* none or one per parent */
} SpindleLayoutKind;

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
	int			nkeys;			/* columns of the key, 0 if there is none */
	int		   *key;			/* their numbers, in the order of the key */
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

/* lookup.c */
extern int	spindle_domain_find_table(const SpindleDomain *domain, const char *name);
extern int	spindle_table_find_column(const SpindleTable *table, const char *name);
extern int	spindle_domain_find_preset(const SpindleDomain *domain, const char *name);
extern int	spindle_domain_years(const SpindleDomain *domain);
extern const SpindleColumn *spindle_ref_column(const SpindleDomain *domain,
											   const SpindleColumnRef *ref);
extern bool spindle_table_is_key(const SpindleTable *table, int column);
extern bool spindle_table_leads_key(const SpindleTable *table, int column);
extern int	spindle_table_single_key(const SpindleTable *table);
extern int	spindle_column_target(const SpindleDomain *domain, int table, int column);

/* text.c */
extern struct SpindleTextPool *spindle_text_pool_create(void);
extern const SpindleText *spindle_text_intern(SpindleDomain *domain, const char *data);
extern const SpindleText *spindle_text_make(const char *data);
extern const SpindleText *spindle_text_lookup(const SpindleDomain *domain, const SpindleText *text);
extern int	spindle_text_clip(const char *data, int len, int max_characters);

/* rule.c */
extern void spindle_visit_key(const SpindleRuleVisitor *visitor, const SpindleTable *table);
extern bool spindle_column_is_ordered_time(const SpindleColumn *column);

/* describe.c */
extern char *spindle_rule_describe(const SpindleDomain *domain, const SpindleTable *table,
								   const SpindleColumn *column);

#endif							/* SPINDLE_MODEL_H */
