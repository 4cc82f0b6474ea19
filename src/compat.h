/*-------------------------------------------------------------------------
 *
 * compat.h
 *		Differences between PostgreSQL releases; the only place for them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_COMPAT_H
#define SPINDLE_COMPAT_H

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 160000
#error "spindle supports PostgreSQL 15"
#endif

#endif							/* SPINDLE_COMPAT_H */
