/*-------------------------------------------------------------------------
 *
 * tuple.h
 *		Columns of a table whose values are drawn together.
 *
 * cluster.c finds which ones, tuple.c counts their tuples, and portrait.c says what
 * stands in a definition for a value of each.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_LEARN_TUPLE_H
#define SPINDLE_LEARN_TUPLE_H

#include "postgres.h"

#include "learn/schema.h"

/* Columns that are drawn together, at most, and their tuples. */
#define LEARN_MAX_MEMBERS	16
#define LEARN_MAX_TUPLES	5000

/* Columns that are to be drawn together. */
typedef struct LearnCluster
{
	int			n;
	int			column[LEARN_MAX_MEMBERS];
	double		tuples;			/* at most, as far as is known */
	bool		has_function;	/* some follow from others */
} LearnCluster;

/* What stands for the values of a column in a tuple. */
typedef enum LearnPortrait
{
	LEARN_AS_VALUES,			/* themselves */
	LEARN_AS_NAMES,				/* names in their place, such as status_1 */
	LEARN_AS_SPREAD,			/* rare ones by numbers that lie as they do */
	LEARN_AS_NUMBERS			/* the number of the value, by which the rule of the column draws */
} LearnPortrait;

/* One of the columns. */
typedef struct LearnMember
{
	int			column;			/* number in the table */
	LearnPortrait portrait;
	int			nvalues;		/* different ones, most rows first */
	char	  **value;			/* as the type's output has them */
	double	   *rows;			/* of each */
	char	  **json;			/* what stands in a tuple; NULL for a value that cannot be told */
	int		   *group;			/* values of a group are not told apart */
	bool		has_null;
	int			carried;		/* values of the database among json */
	double		least_rows;		/* that share one of these */
	char	   *key;			/* hidden column of the numbers, or NULL */
} LearnMember;

/* cluster.c */
extern List *learn_find_clusters(const LearnSchema *schema, const LearnTable *table);

/* portrait.c */
extern bool learn_portray(const LearnSchema *schema, LearnTable *table, LearnMember *member);

#endif							/* SPINDLE_LEARN_TUPLE_H */
