/*-------------------------------------------------------------------------
 *
 * sequence.h
 *		The sequences that give values to the columns of a relation.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_SEQUENCE_H
#define SPINDLE_SEQUENCE_H

#include "access/attnum.h"
#include "nodes/pg_list.h"
#include "utils/relcache.h"

extern List *spindle_sequences_called(Relation relation, AttrNumber attnum);
extern List *spindle_sequences_of_column(Relation relation, AttrNumber attnum);
extern void spindle_sequence_pass(Oid sequence, int64 low, int64 high);

#endif							/* SPINDLE_SEQUENCE_H */
