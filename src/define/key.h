/*-------------------------------------------------------------------------
 *
 * key.h
 *		What the values of rules can be, for the proof that those of a key differ.
 *
 * An extent is an upper bound: values may all lie well within it.  So a proof
 * that rests on extents is sufficient, and what is unknown is said to be
 * possible.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_KEY_H
#define SPINDLE_KEY_H

#include "model/model.h"

/* Longer than any text: of pieces without a limit. */
#define EXTENT_UNLIMITED	INT64CONST(1000000000000)

/*
 * What is known about the values of a rule, or of some of a pattern's pieces,
 * NULL aside.  min to digit_last are about texts, low and high about whole
 * numbers and numerics.
 */
typedef struct Extent
{
	bool		is_known;		/* the entry of a column is filled */
	int64		min;			/* characters of a text; none at all if min >
								 * max */
	int64		max;			/* at most EXTENT_UNLIMITED */
	bool		has_digit;		/* can hold a digit ... */
	bool		digit_first;	/* ... begin with one, if it is not empty */
	bool		digit_last;		/* ... end with one */
	int64		low;			/* of an INT or DECIMAL, times 10^scale */
	int64		high;
} Extent;

/* The extent of no value at all, to extend by spindle_extent_join(). */
#define EXTENT_OF_NOTHING \
	((Extent) {.min = EXTENT_UNLIMITED,.max = 0,.low = PG_INT64_MAX,.high = PG_INT64_MIN})

/* What makes the values of a rule differ, NULL aside. */
typedef enum KeyScope
{
	KEY_UNKNOWN,				/* not asked yet; no rule says so */
	KEY_REPEATS,				/* nothing: rows may have equal values */
	KEY_IN_TABLE,				/* from row to row of the table */
	KEY_IN_PARENT,				/* among the children of a row; the table is
								 * of kind "children" */
	KEY_IN_GRID					/* from row to row, together with all other
								 * columns of the table in the same grid */
} KeyScope;

typedef struct KeyDifference
{
	KeyScope	scope;
	const char *grid;			/* KEY_IN_GRID: its name */
	const char *detail;			/* KEY_REPEATS: why values that have to differ
								 * may not, a sentence ... */
	const char *hint;			/* ... and what would make them differ */
} KeyDifference;

/* What the check of all keys of a domain works on. */
typedef struct KeyCheck
{
	const SpindleDomain *domain;
	const int  *base;			/* per table: the entry of its first column in
								 * column */
	Extent	   *column;			/* of all tables: what is known so far */
	KeyDifference *difference;	/* the same; a scope of KEY_UNKNOWN where
								 * nobody has asked */
} KeyCheck;

extern int	spindle_extent_digits(uint64 n);
extern void spindle_extent_join(Extent *extent, Extent other);
extern void spindle_extent_append(Extent *extent, Extent other);
extern Extent spindle_extent_text(const char *data, int len);
extern Extent spindle_extent_numbers(int64 low, int64 high, int scale, int width);
extern Extent spindle_extent_values(const SpindleType *type, const int64 *value, const bool *is_null,
									int n);
extern bool spindle_values_differ(const SpindleType *type, const int64 *value, const bool *is_null, int n);
extern Extent spindle_extent_rule(KeyCheck *check, int table, const SpindleRule *rule);
extern Extent spindle_extent_column(KeyCheck *check, int table, int column);
extern Extent spindle_extent_target(KeyCheck *check, int table, const SpindleRule *rule, int target);

extern KeyDifference spindle_key_of_column(KeyCheck *check, const SpindleTable *table, int column);

/* For kinds of rule about which no more is known. */
extern Extent spindle_extent_of_type(KeyCheck *check, int table, const SpindleRule *rule);
extern KeyDifference spindle_key_repeats(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule);
extern KeyDifference spindle_key_distinct(KeyCheck *check, const SpindleTable *table, const SpindleRule *rule,
										  SpindleDistinct distinct);

#endif							/* SPINDLE_KEY_H */
