/*-------------------------------------------------------------------------
 *
 * target.h
 *		The relation that rows are inserted into, and the INSERT.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_TARGET_H
#define SPINDLE_TARGET_H

#include "access/tupdesc.h"
#include "lib/stringinfo.h"
#include "utils/relcache.h"

/* What is to be inserted; all of it stays the caller's. */
typedef struct SpindleTargetRows
{
	TupleDesc	desc;			/* columns that have a name may be matched; those
								 * that are NOT NULL never are null */
	int			nmain;			/* of the first so many the target must have one */
	const char *from;			/* the FROM item that gives them */
	const char *alias;			/* its name there */
	const char *kind;			/* what rows are to the user: events, say */
	const char *hint;			/* a sentence about their columns, or NULL */
	bool		sets_identity;	/* their values replace those of columns
								 * GENERATED ALWAYS AS IDENTITY */
} SpindleTargetRows;

extern Form_pg_attribute spindle_target_column(Relation target, const char *name);
extern void spindle_target_append_expression(StringInfo buf, Relation target, Form_pg_attribute att,
											 const SpindleTargetRows *rows, Form_pg_attribute from);
extern char *spindle_target_value(Relation target, Form_pg_attribute att, const SpindleTargetRows *rows,
								  Form_pg_attribute from);
extern void spindle_target_convert(Form_pg_attribute att, Form_pg_attribute from, Datum value);
extern bool spindle_type_refuses_null(Oid type);
extern bool spindle_target_may_be_set_later(Relation target);
extern bool spindle_target_needs_value(Relation target, Form_pg_attribute att);
extern char *spindle_target_insert(Relation target, const SpindleTargetRows *rows);

#endif							/* SPINDLE_TARGET_H */
