/*-------------------------------------------------------------------------
 *
 * total.h
 *		What is compared to find totals over the rows that refer to a row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_LEARN_TOTAL_H
#define SPINDLE_LEARN_TOTAL_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "learn/data.h"

/* Rows of the target that are looked at, and columns of either side, at most. */
#define LEARN_TOTAL_ROWS	1000
#define LEARN_TOTAL_COLUMNS	20

/* What is compared for one foreign key. */
typedef struct LearnTotals
{
	LearnTable *parent;
	LearnTable *child;
	LearnKey   *key;
	int			ncolumns;		/* of the parent */
	int			column[LEARN_TOTAL_COLUMNS];
	int			nitems;			/* of the child */
	int			item[LEARN_TOTAL_COLUMNS];
	int			n;				/* rows */
	double	  **value;			/* by column, then row: NAN for null */
	double	  **total;			/* the number, then four for each item */
} LearnTotals;

/* total.c */
extern void learn_append_totals_query(StringInfo query, const LearnTotals *totals, const char *aggregates, const char *names);
extern int	learn_count_totals(const LearnTotals *totals, int column, const double *total, double unit, bool is_sum, int shift);

/* total_case.c */
extern void learn_find_case_totals(LearnSchema *schema, const LearnTotals *totals);

#endif							/* SPINDLE_LEARN_TOTAL_H */
