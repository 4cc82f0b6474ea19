/*-------------------------------------------------------------------------
 *
 * type.h
 *		The types that columns can have.
 *
 * A type is an entry in the table of type.c.  What becomes of its values is an
 * entry in a table of each room concerned: as Datums in gen/datum.c, as JSON in
 * json/json_writer.c.  All others ask for properties.
 *
 * Values have no type of their own: whoever holds 64 bits of one knows the
 * column that they belong to.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_TYPE_H
#define SPINDLE_TYPE_H

#include "postgres.h"

#define SPINDLE_MAX_SCALE		9	/* digits after the point */

/* Times lie in the years 1900 to 9999: their first and last day, since 2000-01-01. */
#define SPINDLE_FIRST_DAY		INT64CONST(-36524)
#define SPINDLE_LAST_DAY		INT64CONST(2921939)

struct SpindleDomain;
struct SpindleType;

/*
 * How a value is represented while rows are generated: always 64 bits.
 */
typedef enum SpindleKind
{
	SPINDLE_INT,				/* the number */
	SPINDLE_DECIMAL,			/* the number times 10^scale */
	SPINDLE_FLOAT,				/* the bits of a double */
	SPINDLE_BOOL,				/* 0 or 1 */
	SPINDLE_DATE,				/* days since 2000-01-01 */
	SPINDLE_TIMESTAMP,			/* microseconds since 2000-01-01 UTC */
	SPINDLE_TEXT,				/* address of a SpindleText */
	SPINDLE_ROW					/* number of a row, from 0, that the column
								 * chooses */
} SpindleKind;

/*
 * What all types of a name have in common.  The entries are constant, so two
 * types have the same name if they have the same entry.
 */
typedef struct SpindleTypeOps
{
	const char *name;			/* as in SQL, without parameters */
	const char *parameters;		/* how they are written, for hints; NULL if
								 * there are none */
	Oid			oid;
	SpindleKind kind;
	int64		min;			/* of whole numbers; numeric has its own by
								 * precision */
	int64		max;

	/* properties of the values */
	bool		is_number;		/* rules can calculate with them */
	bool		is_exact;		/* numbers that are kept times 10^scale */
	bool		is_integer;		/* exact, and the value is the number */
	bool		is_text;		/* addresses of SpindleTexts */
	bool		is_ordered;		/* like their 64 bits as an integer */
	int64		time_unit;		/* microseconds that the number of a date or
								 * timestamp counts; 0 for other types */

	/*
	 * Read the parameters at *s, which moves behind them, into the type; false
	 * if they are none.  NULL if there are none to read.
	 */
	bool		(*read_parameters) (const char **s, struct SpindleType *type);

	/*
	 * Read a constant; false if the text is none, or the type does not hold
	 * it.  May add texts to the domain's; without a domain (NULL) it allocates
	 * in the current memory context.
	 */
	bool		(*parse) (struct SpindleDomain *domain, const struct SpindleType *type, const char *text,
						  int64 *value);
} SpindleTypeOps;

/*
 * The type of a column.  Filled by spindle_type_parse(); a copy of it is as
 * good.
 */
typedef struct SpindleType
{
	const SpindleTypeOps *ops;
	SpindleKind kind;			/* as in ops, near at hand */
	Oid			oid;
	int32		typmod;			/* as the server wants it, -1 if there is none */
	int			scale;			/* digits after the point of a DECIMAL, 0 to 9,
								 * else 0 */
	int64		min;			/* of INT and DECIMAL, times 10^scale, 0 or 1
								 * of BOOL */
	int64		max;
	int			length;			/* of varchar(n) in characters, 0 if free */
	char	   *name;			/* as in SQL */
} SpindleType;

extern bool spindle_type_parse(const char *name, SpindleType *type);
extern const SpindleTypeOps *spindle_type_of_oid(Oid oid);
extern bool spindle_type_holds(const SpindleType *type, const SpindleType *other);
extern char *spindle_type_names(void);
extern int64 spindle_power_of_ten(int n);

/* Is it a point of time, not a day? */
static inline bool
spindle_type_is_timestamp(const SpindleType *type)
{
	return type->ops->time_unit == 1;
}

/*
 * spindle_value_parse
 *		Read a constant of a type; see SpindleTypeOps.  *value is of no meaning
 *		if the result is false.
 */
static inline bool
spindle_value_parse(struct SpindleDomain *domain, const SpindleType *type, const char *text, int64 *value)
{
	return type->ops->parse(domain, type, text, value);
}

/* A value of a number type as a double; unit is 10^scale. */
static inline double
spindle_value_number(SpindleKind kind, double unit, int64 value)
{
	double		d;

	if (kind != SPINDLE_FLOAT)
		return (double) value / unit;
	memcpy(&d, &value, sizeof(d));
	return d;
}

#endif							/* SPINDLE_TYPE_H */
