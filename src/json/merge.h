/*-------------------------------------------------------------------------
 *
 * merge.h
 *		A JSON document with changes of it merged in.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_MERGE_H
#define SPINDLE_MERGE_H

extern char *spindle_json_merge(const char *document, const char *changes);

#endif							/* SPINDLE_MERGE_H */
