/*-------------------------------------------------------------------------
 *
 * compare.h
 *		The tables of a schema, compared with the generated ones.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_COMPARE_H
#define SPINDLE_COMPARE_H

#include "nodes/pg_list.h"

#include "gen/presence.h"

/*
 * What a caller asks for; all of it has been checked, but not against what the
 * schema holds.
 */
typedef struct SpindleCompareOptions
{
	SpindleInstance *instance;	/* held until the end of the call */
	SpindleAsOf as_of;			/* when its tables are looked at */
	char	   *schema;			/* NULL for those that the definition names */
	bool	   *selected;		/* per table of the domain: is it wanted? */
} SpindleCompareOptions;

/*
 * A column to compare.  Both queries give it in the same place and as the same
 * type, which has an order.
 */
typedef struct SpindleCompareColumn
{
	int			number;			/* of the definition */
	const char *name;			/* in SQL */
	Oid			type;
	Oid			collation;		/* by which values are equal; InvalidOid if the type
								 * has none */
	bool		is_key;
} SpindleCompareColumn;

/* A table to compare: two queries, which give rows in the same order. */
typedef struct SpindleCompareTarget
{
	int			table;			/* of the domain */
	const char *name;			/* of the relation, with its schema, as SQL writes it */
	int			ncolumns;
	SpindleCompareColumn *column;
	bool		has_key;		/* else rows are told apart by all of their columns */
	int			nordered;
	int		   *ordered;		/* the columns by which both are ordered: those of the
								 * key, or all */
	char	   *expected;		/* the query of the generated rows */
	char	   *found;			/* the query of those that are stored */
} SpindleCompareTarget;

/* How a table compares; texts are JSON, in the server's encoding. */
typedef struct SpindleCompared
{
	const char *table;			/* of the domain */
	int64		expected;		/* rows that are generated */
	int64		found;			/* rows of the relation */
	int64		missing;		/* of those expected */
	int64		extra;			/* of those found */
	int64		different;		/* keys that both have, with other values */
	char	   *first_missing;	/* in the order of comparison; NULL if there is none */
	char	   *first_extra;
	char	   *first_different;
} SpindleCompared;

/* compare_match.c */
extern List *spindle_compare_match(const SpindleCompareOptions *options);

/* compare.c */
extern List *spindle_compare_tables(const SpindleCompareOptions *options);

#endif							/* SPINDLE_COMPARE_H */
