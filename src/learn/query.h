/*-------------------------------------------------------------------------
 *
 * query.h
 *		Queries of the catalogue, row by row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_LEARN_QUERY_H
#define SPINDLE_LEARN_QUERY_H

#include "postgres.h"

#include "nodes/pg_list.h"

/*
 * What becomes of a row.  value has its columns as texts, NULL for null; they are
 * gone after the call, and what is allocated stays.
 */
typedef void (*LearnRow) (char *const *value, void *arg);

extern void learn_query(const char *query, const char *argument, const char *other, LearnRow row, void *arg);
extern char *learn_array(List *names);

/* A boolean, number or OID among the values of a row; false or 0 for null. */
static inline bool
learn_bool(const char *value)
{
	return value && value[0] == 't';
}

static inline int
learn_int(const char *value)
{
	return value ? atoi(value) : 0;
}

static inline Oid
learn_oid(const char *value)
{
	return value ? (Oid) strtoul(value, NULL, 10) : InvalidOid;
}

static inline char *
learn_copy(const char *value)
{
	return value ? pstrdup(value) : NULL;
}

#endif							/* SPINDLE_LEARN_QUERY_H */
