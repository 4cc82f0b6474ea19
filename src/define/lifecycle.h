/*-------------------------------------------------------------------------
 *
 * lifecycle.h
 *		Reading and checking what happens to rows, for the files that do it.
 *
 * Names of states and clocks are read before the rules, as these name them; all
 * else after them.  When it is known that no column depends on itself, inserts are
 * settled, also of tables that say nothing of theirs, and at last everything
 * that the whole tells is proved or refused.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_DEFINE_LIFECYCLE_H
#define SPINDLE_DEFINE_LIFECYCLE_H

#include "define/parse.h"

/* lifecycle.c */
extern void spindle_parse_lifecycle_names(SpindleParse *parse, const SpindleJson *node, SpindleTable *table);
extern void spindle_parse_lifecycle(SpindleParse *parse, const SpindleJson *node, SpindleTable *table);
extern void spindle_parse_time_ref(SpindleParse *parse, const SpindleJson *node, int table, SpindleTimeRef *time);
extern void spindle_parse_delay(const SpindleJson *node, SpindleDelay *delay);
extern void spindle_lifecycle_visit(const SpindleDomain *domain, int table, const SpindleRuleVisitor *visitor);
extern void spindle_lifecycle_visit_sets(const SpindleDomain *domain, int table, const SpindleRuleVisitor *visitor);
extern int64 spindle_time_sum(int64 a, int64 b);

/* lifecycle_states.c */
extern SpindleStates *spindle_parse_state_names(SpindleParse *parse, const SpindleJson *node, SpindleTable *table);
extern void spindle_parse_states(SpindleParse *parse, const SpindleJson *node, SpindleTable *table);
extern int	spindle_parse_state(SpindleParse *parse, const SpindleJson *node, int table);

/* lifecycle_set.c */
extern void spindle_parse_clocks(SpindleParse *parse, const SpindleJson *node, SpindleTable *table);
extern void spindle_parse_sets(SpindleParse *parse, const SpindleJson *node, SpindleTable *table, int by,
							   const cJSON **spec, bool *named);
extern void spindle_lifecycle_check_sets(SpindleDomain *domain, SpindleTable *table);

/* lifecycle_check.c */
extern char *spindle_lifecycle_path(const SpindleTable *table, const char *member);
extern void spindle_lifecycle_settle(SpindleDomain *domain);
extern void spindle_lifecycle_check(SpindleDomain *domain);

#endif							/* SPINDLE_DEFINE_LIFECYCLE_H */
