/*-------------------------------------------------------------------------
 *
 * ddl.h
 *		Statements that make tables of a domain.
 *
 * Texts and lists are palloc'd.  Tables, columns, indexes and foreign keys are
 * numbers; those of columns are of the definition, hidden ones included.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_DDL_H
#define SPINDLE_DDL_H

#include "nodes/pg_list.h"

#include "model/model.h"

/* What an index is for. */
typedef enum SpindleIndexKind
{
	SPINDLE_INDEX_PRIMARY,		/* the primary key */
	SPINDLE_INDEX_UNIQUE,		/* a set that is declared unique */
	SPINDLE_INDEX_PLAIN			/* a foreign key that no other index serves */
} SpindleIndexKind;

typedef struct SpindleDdlIndex
{
	SpindleIndexKind kind;
	const char *name;			/* in the end, not quoted */
	SpindleColumnSet columns;	/* none hidden */
} SpindleDdlIndex;

/*
 * What statements are to say, for the selected tables of a domain in a schema.
 * It is made by spindle_ddl_create(); is_run and staging may be set
 * afterwards.
 */
typedef struct SpindleDdl
{
	const SpindleDomain *domain;
	const char *schema;
	const bool *selected;		/* per table: is it made? */
	bool		is_logged;
	bool		is_run;			/* by us, whatever search_path is, not printed */

	/*
	 * Tables and indexes that are not to be seen yet have names of this
	 * prefix and numbers; NULL for the names they have in the end.
	 */
	const char *staging;
	List	   *names;			/* names taken so far in the schema */
	int		   *nindexes;		/* per table */
	SpindleDdlIndex **index;	/* [table][number], the primary key first */
	char	 ***foreign_key_name;	/* [table][number of the foreign key] */
	char	 ***not_null_name;	/* [table][column], NULL if none */
} SpindleDdl;

extern SpindleDdl *spindle_ddl_create(const SpindleDomain *domain, const char *schema,
									  const bool *selected, bool is_logged);
extern char *spindle_ddl_name(const SpindleDdl *ddl, int table);
extern char *spindle_ddl_index_name(const SpindleDdl *ddl, int table, int index);
extern char *spindle_ddl_qualified(const SpindleDdl *ddl, const char *name);

extern bool spindle_ddl_needs_type(const SpindleDdl *ddl, int type);
extern char *spindle_ddl_type(const SpindleDdl *ddl, int type);
extern char *spindle_ddl_table(const SpindleDdl *ddl, int table);
extern List *spindle_ddl_table_comment(const SpindleDdl *ddl, int table);
extern List *spindle_ddl_column_comments(const SpindleDdl *ddl, int table);
extern List *spindle_ddl_keys(const SpindleDdl *ddl, int table);
extern List *spindle_ddl_indexes(const SpindleDdl *ddl, int table);
extern char *spindle_ddl_foreign_key(const SpindleDdl *ddl, int table, int key, bool is_valid);
extern List *spindle_ddl_foreign_keys(const SpindleDdl *ddl, int table, bool is_valid);
extern char *spindle_ddl_script(const SpindleDdl *ddl);

extern Oid	spindle_ddl_relation(const SpindleDdl *ddl, int table);
extern int64 spindle_ddl_relation_bytes(const SpindleDdl *ddl, int table);

#endif							/* SPINDLE_DDL_H */
