/*-------------------------------------------------------------------------
 *
 * profile.h
 *		What a profile of a schema is made of.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_LEARN_PROFILE_H
#define SPINDLE_LEARN_PROFILE_H

#include "json/reader.h"
#include "learn/schema.h"

/* Bins of a column at most; nulls and other values have letters before them. */
#define PROFILE_BINS	20

/* Letters of bins: null, others or below the first bound, then one for each. */
#define PROFILE_LETTERS	(PROFILE_BINS + 2)

/* Columns of a table of which pairs are looked at. */
#define PROFILE_BINNED	12

/* How the values of a column are described. */
typedef enum ProfileKind
{
	PROFILE_NUMBER,				/* by quantiles: numbers and times */
	PROFILE_LABEL,				/* by their frequencies: booleans and enums */
	PROFILE_TEXT,				/* by frequencies, lengths and masks */
	PROFILE_KEY,				/* by how many there are: which ones says nothing */
	PROFILE_OTHER				/* by nulls alone */
} ProfileKind;

typedef struct ProfileColumn
{
	LearnColumn *column;
	ProfileKind kind;
	double		sampled;		/* rows that were looked at */
	double		nulls;			/* of them */
	double		distinct;		/* values in them */
	int			nbins;			/* 0: it is in no pairs */
	char	   *bin[PROFILE_BINS];	/* bounds that are numbers, or values, of texts their hashes */
	bool		is_whole;		/* each bin is one value */
} ProfileColumn;

typedef struct ProfileTable
{
	LearnTable *table;
	double		rows;
	const char *sample;			/* the rows that are looked at, as t in a query */
	ProfileColumn *column;
	int			nbinned;
	int			binned[PROFILE_BINNED]; /* columns that have bins */
} ProfileTable;

typedef struct Profile
{
	const SpindleLearnProfileOptions *options;
	LearnSchema *schema;
	ProfileTable *table;
	const SpindleJson *like;	/* profile whose bins are used, or NULL */
	StringInfo	out;
} Profile;

/* profile.c */
extern const char *const learn_profile_kind_names[];
extern bool learn_can_join(const Profile *profile, const ProfileTable *table, const LearnKey *key);
extern char *learn_join_condition(const Profile *profile, const LearnTable *table, const LearnKey *key);
extern const char *learn_profile_label(const ProfileColumn *column, const char *name);

/* profile_pair.c */
extern void learn_choose_bins(Profile *profile, ProfileTable *table, int c);
extern void learn_write_pairs(Profile *profile, ProfileTable *table);
extern void learn_write_kinship(Profile *profile);

/* profile_query.c */
extern void learn_write_queries(Profile *profile, ProfileTable *table);

#endif							/* SPINDLE_LEARN_PROFILE_H */
