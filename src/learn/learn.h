/*-------------------------------------------------------------------------
 *
 * learn.h
 *		A definition from the schemas of a database.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_LEARN_H
#define SPINDLE_LEARN_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* What is read of a database. */
typedef enum SpindleLearnRead
{
	SPINDLE_LEARN_CATALOG,		/* what it is declared to be */
	SPINDLE_LEARN_STATISTICS,	/* and what pg_stats tells the caller */
	SPINDLE_LEARN_AGGREGATES,	/* and numbers about the rows that he may read, but no value of them */
	SPINDLE_LEARN_DATA			/* and some of these rows */
} SpindleLearnRead;

/* Which values of it may stand in the definition. */
typedef enum SpindleLearnCarry
{
	SPINDLE_CARRY_NONE,			/* those of its declarations */
	SPINDLE_CARRY_SAFE,			/* and those that many rows share */
	SPINDLE_CARRY_ALL			/* and all that statistics hold */
} SpindleLearnCarry;

typedef struct SpindleLearnOptions
{
	List	   *schemas;		/* names, at least one */
	bool		has_tables;		/* only those of tables, else all */
	List	   *tables;			/* names, with or without a schema */
	SpindleLearnRead read;
	SpindleLearnCarry carry;
	int64		k;				/* rows that share a value that is carried */
	List	   *sensitive;		/* names of columns, or of words in them */
	List	   *harmless;
	int			sample_rows;	/* of a table that are read */
	bool		guess_references;	/* look for foreign keys that are not declared */
} SpindleLearnOptions;

/* What a profile of a schema is asked for. */
typedef struct SpindleLearnProfileOptions
{
	const char *schema;
	bool		has_tables;		/* only those of tables, else all */
	List	   *tables;			/* names */
	int64		sample_rows;	/* rows of a table that are looked at, at most */
	const char *like;			/* profile of another schema, whose bins are taken, or NULL */
} SpindleLearnProfileOptions;

/* How one thing compares in two schemas. */
typedef struct SpindleLikeness
{
	const char *level;			/* column, reference, pair, intertable, query, size */
	const char *table;			/* NULL for what sums up others */
	const char *column;			/* or columns, or a query; NULL for the table */
	const char *measure;
	double		value;
	double		target;			/* NaN if there is none */
	bool		is_at_most;		/* the value should not be above the target, else not below it */
	bool		is_aside;		/* it says little: it is not summed up */
} SpindleLikeness;

/* A literal of a definition that is a value of a database. */
typedef struct SpindleLeak
{
	const char *table;			/* of the definition */
	const char *column;
	const char *literal;
	const char *found_in;		/* table and column of the database */
	int64		rows;			/* that have it there */
	bool		is_reported;	/* the definition says that it carries values */
} SpindleLeak;

extern int	spindle_learn_settings(void);
extern char *spindle_learn_schemas(const SpindleLearnOptions *options);
extern char *spindle_learn_profile(const SpindleLearnProfileOptions *options);
extern List *spindle_learn_compare(const char *source, const char *target, const char *level);
extern List *spindle_learn_leaks(const char *definition, const char *schema);

#endif							/* SPINDLE_LEARN_H */
