/*-------------------------------------------------------------------------
 *
 * kind.h
 *		What has a name in the library.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_LIBRARY_KIND_H
#define SPINDLE_LIBRARY_KIND_H

typedef enum SpindleLibraryKind
{
	SPINDLE_LIBRARY_DOMAIN,		/* the definition of one */
	SPINDLE_LIBRARY_DATA_SET
} SpindleLibraryKind;

#define SPINDLE_NUM_LIBRARY_KINDS	(SPINDLE_LIBRARY_DATA_SET + 1)

/* Bytes that a definition or a data set may have, in UTF-8. */
#define SPINDLE_MAX_DEFINITION	(16 * 1024 * 1024)

/* What it is called in messages. */
static inline const char *
spindle_library_kind_word(SpindleLibraryKind kind)
{
	return kind == SPINDLE_LIBRARY_DOMAIN ? "spindle domain" : "data set";
}

#endif							/* SPINDLE_LIBRARY_KIND_H */
