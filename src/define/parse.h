/*-------------------------------------------------------------------------
 *
 * parse.h
 *		What the files that read a definition share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_PARSE_H
#define SPINDLE_PARSE_H

#include "nodes/pg_list.h"

#include "json/reader.h"
#include "model/model.h"

/* Targets of columns: a table, or one of these. */
#define SPINDLE_TARGET_NONE			(-1)
#define SPINDLE_TARGET_UNKNOWN		(-2)

/* The state of reading one definition, gone when the model is complete. */
typedef struct SpindleParse
{
	SpindleDomain *domain;		/* what has been read: all names and types
								 * before the first rule */
	cJSON	 ***column_json;	/* [table][column], to look ahead */
	int		  **column_target;	/* [table][column], as far as found out */
	char	   *(*load_data) (const char *set, int *len);
	List	   *tuples;			/* of SpindleDataSet: of the rules "joint" */
	int			depth;			/* documents around the rule that is read */
	int			elements;		/* the most elements that arrays around it have
								 * together; 0 outside of arrays */
	bool		distinct;		/* the rule read next is that of the elements of
								 * an array, which are to differ */
} SpindleParse;

/* ref.c: what does not exist or does not fit is an error with its place */
extern void spindle_parse_ref(SpindleParse *parse, const SpindleJson *node, int table,
							  SpindleColumnRef *ref);
extern void spindle_parse_ref_text(SpindleParse *parse, const SpindleJson *node, int table,
								   const char *text, SpindleColumnRef *ref);
extern int	spindle_parse_target(SpindleParse *parse, const SpindleJson *node, int table,
								 const SpindleColumnRef *ref);
extern int	spindle_parse_table(SpindleParse *parse, const SpindleJson *node);
extern int	spindle_parse_column(SpindleParse *parse, const SpindleJson *node, int table);
extern bool spindle_parse_is_by_value(SpindleParse *parse, int table, int column);
extern int	spindle_parse_column_named(SpindleParse *parse, const SpindleJson *node, int table, const char *name);
extern int	spindle_parse_peek_target(SpindleParse *parse, int table, const char *path);
extern const char *spindle_parse_peek(const cJSON *object, const char *name);
extern int64 spindle_parse_value(SpindleParse *parse, const SpindleJson *node,
								 const SpindleType *type);

/* name.c */
extern void spindle_parse_check_name(const SpindleJson *node, const char *name);
extern void spindle_parse_relation(const SpindleJson *node, SpindleTable *table);
extern void spindle_parse_column_name(const SpindleJson *node, SpindleColumn *column);
extern void spindle_parse_check_columns(const SpindleJson *node, const SpindleTable *table);

/* copula.c */
extern void spindle_parse_copulas(SpindleParse *parse, const SpindleJson *node, SpindleTable *table);

/* condition.c */
extern void spindle_parse_test(SpindleParse *parse, const SpindleJson *node, int table,
							   SpindleTest *test);

/* rule.c */
extern SpindleRule *spindle_parse_rule(SpindleParse *parse, const SpindleJson *node,
									   int table, const SpindleColumn *column,
									   uint64 label);
extern void spindle_parse_check_memory(const SpindleDomain *domain, const char *path);

/* rows.c */
extern void spindle_parse_rows(SpindleParse *parse, const SpindleJson *table_node, SpindleTable *table);
extern void spindle_parse_layout(const SpindleJson *node, SpindleTable *layout, int most);

/* dataset.c */
extern SpindleDataSet *spindle_parse_data_set(SpindleParse *parse, const SpindleJson *node);
extern SpindleDataSet *spindle_parse_tuples(SpindleParse *parse, const SpindleJson *node, int table, int column);
extern int	spindle_data_set_field(const SpindleDataSet *set, const SpindleJson *node);

/* user_type.c */
extern void spindle_parse_user_types(SpindleParse *parse, const SpindleJson *document);
extern void spindle_parse_scale(const SpindleJson *node, SpindleType *type);
extern void spindle_parse_sql_type(SpindleParse *parse, const SpindleJson *node, SpindleType *type);

/* check.c */
extern void spindle_domain_check(SpindleDomain *domain);
pg_noreturn extern void spindle_model_error(const SpindleDomain *domain, const char *path, const char *detail,
								const char *hint);
extern int64 spindle_table_max_rows(const SpindleDomain *domain, const SpindleTable *table);

/* foreign_key.c */
extern void spindle_find_foreign_keys(SpindleDomain *domain);

/* key.c */
extern void spindle_check_keys(const SpindleDomain *domain, const int *base, int ncolumns);

#endif							/* SPINDLE_PARSE_H */
