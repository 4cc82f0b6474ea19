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

#include <float.h>

#define SPINDLE_MAX_SCALE		9	/* digits after the point */
#define SPINDLE_MAX_PRECISION	18	/* digits of a number that fit 64 bits */

/* Times lie in the years 1900 to 9999: their first and last day, since 2000-01-01. */
#define SPINDLE_FIRST_DAY		INT64CONST(-36524)
#define SPINDLE_LAST_DAY		INT64CONST(2921939)

struct SpindleDomain;
struct SpindleType;
struct SpindleUserType;

/*
 * How a value is represented while rows are generated: always 64 bits.  An
 * address is one of the definition, or of a batch: then it is valid as long as
 * the vector that has it.
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
	SPINDLE_UUID,				/* address of its 16 bytes, a pg_uuid_t */
	SPINDLE_INTERVAL,			/* microseconds, with days of 24 hours */
	SPINDLE_TIME,				/* microseconds of the day */
	SPINDLE_ROW					/* number of a row, from 0, that the column
								 * chooses */
} SpindleKind;

/*
 * Of types whose values are texts while rows are generated, but no texts of the
 * server: json, inet and the like.  Texts are in UTF-8.
 */
typedef struct SpindleTextForm
{
	/*
	 * A text in the one way in which we write the value, palloc'd; NULL if it
	 * is no value of the type.
	 */
	char	   *(*canonical) (const struct SpindleType *type, const char *text);

	/*
	 * What events show of such a text, palloc'd; NULL if they show it as it
	 * is.
	 */
	char	   *(*shown) (const struct SpindleType *type, const char *canonical);

	/*
	 * The Datum of a text in the server's encoding, palloc'd.  Raises what the
	 * type's input function does.
	 */
	Datum		(*input) (const struct SpindleType *type, char *text);

	bool		is_json;		/* stands in events without quotes */
} SpindleTextForm;

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
	bool		is_ordered;		/* by compare, or like their 64 bits as an
								 * integer */
	bool		is_single;		/* doubles with the precision of a real */
	bool		is_duration;	/* microseconds, which rules count in seconds */
	bool		is_utc;			/* timestamps with time zone */
	int64		time_unit;		/* microseconds that the number of a date or
								 * timestamp counts; 0 for other types */

	/*
	 * Compare two values by what they are the addresses of: below, at or above
	 * 0.  NULL if values are equal only if their 64 bits are; of texts see
	 * spindle_values_equal().
	 */
	int			(*compare) (int64 a, int64 b);

	/* of texts that are not text in the server, else NULL */
	const SpindleTextForm *form;

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
	int			digits;			/* after the point that a DECIMAL is shown
								 * with: scale or more, or -1 for those that
								 * are not 0 */
	int			length;			/* of varchar(n) and char(n) in characters, 0
								 * if free */
	char	   *name;			/* as in SQL */
	char	   *sql_type;		/* the server's type that the texts are values
								 * of, as SQL writes it; NULL if that is ops */
	const struct SpindleUserType *user_type;	/* the same, or its element, if
												 * the definition declares it,
												 * else NULL */
	bool		is_user_array;	/* values are arrays of user_type */
} SpindleType;

extern bool spindle_type_parse(const char *name, SpindleType *type);
extern const SpindleTypeOps *spindle_type_of_oid(Oid oid);
extern void spindle_type_set_scale(SpindleType *type, int scale);
extern bool spindle_type_holds(const SpindleType *type, const SpindleType *other);
extern bool spindle_values_equal(const SpindleType *type, int64 a, int64 b);
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

/*
 * The digits after the point that are left of a number times 10^-scale without
 * zeros at the end; *value loses these.
 */
static inline int
spindle_shortest_scale(int64 *value, int scale)
{
	while (scale > 0 && *value % 10 == 0)
	{
		*value /= 10;
		scale--;
	}
	return scale;
}

/* The name of the type that the column has in the server. */
static inline const char *
spindle_type_sql_name(const SpindleType *type)
{
	return type->sql_type ? type->sql_type : type->name;
}

/*
 * The bits of a double as those of the nearest real, as a double; the largest one
 * for what is beyond.
 */
static inline int64
spindle_single(int64 bits)
{
	double		d;

	memcpy(&d, &bits, sizeof(d));
	d = d > FLT_MAX ? FLT_MAX : d < -FLT_MAX ? -FLT_MAX : (float) d;
	memcpy(&bits, &d, sizeof(d));
	return bits;
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
