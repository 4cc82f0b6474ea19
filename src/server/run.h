/*-------------------------------------------------------------------------
 *
 * run.h
 *		Running utility statements, and commits.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_RUN_H
#define SPINDLE_RUN_H

#include "nodes/pg_list.h"

extern void spindle_run(const char *statement);
extern void spindle_run_all(List *statements);
extern void spindle_commit(void);

#endif							/* SPINDLE_RUN_H */
