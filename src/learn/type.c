/*-------------------------------------------------------------------------
 *
 * type.c
 *		Types of the server as types of the format.
 *
 * What the format does not have is text that the type's input function reads.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "learn/schema.h"
#include "model/type.h"
#include "server/attempt.h"
#include "server/datum_number.h"

/* A table with more columns leaves some out; hidden ones, which come later, count as well. */
#define MAX_COLUMNS		900

/*
 * learn_number_of
 *		A value as a number: of times in days since 2000-01-01, of times of the day and
 *		durations in seconds; infinite if it is, or if it is too large.
 *
 * False if the type has no numbers, or it is not a number.
 */
bool
learn_number_of(Oid type, Datum value, double *number)
{
	if (spindle_datum_is_number(type))
	{
		(void) spindle_datum_number(type, value, number);
		return !isnan(*number);
	}
	switch (type)
	{
		case DATEOID:
			*number = DATE_IS_NOBEGIN(DatumGetDateADT(value)) ? -INFINITY : DATE_IS_NOEND(DatumGetDateADT(value)) ? INFINITY :
				DatumGetDateADT(value);
			break;
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			*number = TIMESTAMP_IS_NOBEGIN(DatumGetTimestamp(value)) ? -INFINITY : TIMESTAMP_IS_NOEND(DatumGetTimestamp(value)) ? INFINITY :
				(double) DatumGetTimestamp(value) / USECS_PER_DAY;
			break;
		case TIMEOID:
			*number = (double) DatumGetTimeADT(value) / USECS_PER_SEC;
			break;
		case INTERVALOID:
			{
				const Interval *interval = DatumGetIntervalP(value);

				*number = SPINDLE_INTERVAL_IS_NOBEGIN(interval) ? -INFINITY : SPINDLE_INTERVAL_IS_NOEND(interval) ? INFINITY :
					(double) interval->time / USECS_PER_SEC + (interval->day + 30.0 * interval->month) * SECS_PER_DAY;
				break;
			}
		default:
			return false;
	}
	return !isnan(*number);
}

/* The length in characters of varchar(n) and char(n), 0 for none. */
static int
length_of(int32 typmod)
{
	return typmod > (int32) VARHDRSZ ? typmod - (int32) VARHDRSZ : 0;
}

/* numeric and numeric(p,s); those that the format does not hold become wider. */
static void
find_numeric(LearnColumn *column)
{
	int			precision = column->typmod >= (int32) VARHDRSZ ? ((column->typmod - VARHDRSZ) >> 16) & 0xffff : 0;
	int			scale = column->typmod >= (int32) VARHDRSZ ? ((column->typmod - VARHDRSZ) & 0x7ff) : 0;

	scale = (scale ^ 1024) - 1024;	/* sign, as of 15 */
	column->kind = LEARN_DECIMAL;
	column->scale = precision == 0 ? 2 : Max(0, Min(scale, 9));
	column->format = precision == 0 || scale < 0 || scale > precision ? "numeric" :
		psprintf("numeric(%d,%d)", precision, Min(scale, 63));
	column->max = 1e15;
	if (precision > 0)
	{
		double		max = 1;

		for (int i = 0; i < Min(precision - scale, 15); i++)
			max *= 10;
		for (int i = 0; i > precision - scale; i--)
			max /= 10;
		column->max = max;
		if (scale >= 0 && scale <= precision)
		{
			/* the largest value below, in as many digits as are generated */
			double		step = 1;

			for (int i = 0; i < column->scale; i++)
				step /= 10;
			column->max = Min(max - step, 1e15);
		}
	}
	column->min = -column->max;
}

/* An enum of which this column, or its elements, are; NULL if there is none. */
static LearnEnum *
find_enum(const LearnSchema *schema, Oid type)
{
	ListCell   *lc;

	foreach(lc, schema->enums)
		if (((LearnEnum *) lfirst(lc))->oid == type)
			return lfirst(lc);
	return NULL;
}

/* What is read by an input function: the name of the type, and a kind if it is known. */
static void
find_other(const LearnSchema *schema, LearnColumn *column)
{
	LearnEnum  *e = find_enum(schema, column->type);
	char		category;
	bool		is_preferred;

	column->format = "text";
	if (e)
	{
		column->kind = LEARN_ENUM;
		column->labels = e->labels;
		column->sql_type = e->name;
		return;
	}
	get_type_category_preferred(column->type, &category, &is_preferred);
	column->kind = column->element ? LEARN_ARRAY : category == TYPCATEGORY_STRING ? LEARN_TEXT :
		type_is_range(column->type) ? LEARN_RANGE : LEARN_OTHER;
	if (column->element && (e = find_enum(schema, column->element)) != NULL)
		column->sql_type = e->name ? psprintf("%s[]", e->name) : NULL;
	else
		column->sql_type = format_type_with_typemod(column->type, column->typmod);
	if (column->type == NAMEOID)
		column->length = NAMEDATALEN - 1;
	else if (column->type == CHAROID)
		column->length = 1;
	else if (column->type == BITOID || column->type == VARBITOID)
	{
		column->kind = LEARN_OTHER;
		column->length = Max(column->typmod, 1);
	}
}

/* A type of texts with a length, as the format writes it. */
static void
find_text(LearnColumn *column, const char *name)
{
	column->kind = LEARN_TEXT;
	column->length = length_of(column->typmod);
	column->format = column->length == 0 ? pstrdup(name) : psprintf("%s(%d)", name, Min(column->length, 10000));
	if (strcmp(name, "char") == 0 && column->length == 0)
		column->format = "text";
}

/* The kind and format of a column, by the type below domains. */
static void
find_type(const LearnSchema *schema, LearnColumn *column)
{
	static const struct
	{
		Oid			oid;
		LearnKind	kind;
		const char *format;
		double		max;
	}			known[] = {
		{INT2OID, LEARN_INT, "smallint", PG_INT16_MAX},
		{INT4OID, LEARN_INT, "integer", PG_INT32_MAX},
		{INT8OID, LEARN_INT, "bigint", 1e15},
		{FLOAT4OID, LEARN_FLOAT, "real", 1e15},
		{FLOAT8OID, LEARN_FLOAT, "double precision", 1e15},
		{BOOLOID, LEARN_BOOL, "boolean", 1},
		{DATEOID, LEARN_DATE, "date", 0},
		{TIMESTAMPOID, LEARN_TIMESTAMP, "timestamp", 0},
		{TIMESTAMPTZOID, LEARN_TIMESTAMP, "timestamptz", 0},
		{TIMEOID, LEARN_TIME, "time", 86399},
		{INTERVALOID, LEARN_INTERVAL, "interval", 1e12},
		{UUIDOID, LEARN_UUID, "uuid", 0},
		{BYTEAOID, LEARN_BYTEA, "bytea", 0},
		{INETOID, LEARN_INET, "inet", 0},
		{JSONOID, LEARN_JSON, "json", 0},
		{JSONBOID, LEARN_JSON, "jsonb", 0},
	};

	for (int i = 0; i < lengthof(known); i++)
		if (column->type == known[i].oid)
		{
			column->kind = known[i].kind;
			column->format = pstrdup(known[i].format);
			column->max = known[i].max;
			column->min = known[i].kind == LEARN_TIME ? 0 : -known[i].max;
			return;
		}
	switch (column->type)
	{
		case NUMERICOID:
			find_numeric(column);
			break;
		case TEXTOID:
			find_text(column, "text");
			column->length = 0;
			column->format = "text";
			break;
		case VARCHAROID:
			find_text(column, "varchar");
			break;
		case BPCHAROID:
			find_text(column, "char");
			break;
		default:
			find_other(schema, column);
			break;
	}
}

/* A text that a type's input function is given, and what its output makes of that. */
typedef struct InputTry
{
	Oid			type;
	int32		typmod;
	const char *text;
	MemoryContext context;		/* of the result */
	char	   *result;
} InputTry;

static void
try_input(void *arg)
{
	InputTry   *t = arg;
	Oid			function;
	Oid			param;
	bool		is_varlena;
	Datum		value;
	MemoryContext oldcontext;

	getTypeInputInfo(t->type, &function, &param);
	value = OidInputFunctionCall(function, pstrdup(t->text), param, t->typmod);
	getTypeOutputInfo(t->type, &function, &is_varlena);
	oldcontext = MemoryContextSwitchTo(t->context);
	t->result = OidOutputFunctionCall(function, value);
	MemoryContextSwitchTo(oldcontext);
}

/* What a type writes when it has read a text, palloc'd; NULL if it does not read it. */
static char *
read_and_written(Oid type, int32 typmod, const char *text)
{
	InputTry	t = {type, typmod, text, CurrentMemoryContext, NULL};

	return spindle_attempt(try_input, &t, false) == NULL ? t.result : NULL;
}

/*
 * learn_type_tells_apart
 *		Does a column's type read all of some texts, and are they different to it?
 *		False for no texts, and if the type is a stranger's.
 */
bool
learn_type_tells_apart(const LearnColumn *column, const List *texts)
{
	List	   *written = NIL;
	ListCell   *lc;
	ListCell   *lw;

	if (!learn_trusts_type(column->type))
		return false;
	foreach(lc, texts)
	{
		char	   *text = read_and_written(column->type, column->typmod, lfirst(lc));

		if (text == NULL)
			return false;
		foreach(lw, written)
			if (strcmp(lfirst(lw), text) == 0)
				return false;
		written = lappend(written, text);
	}
	return texts != NIL;
}

/* Texts of ranges of a type. */
static List *
range_candidates(Oid type)
{
	bool		is_multi = type_is_multirange(type);
	Oid			range = is_multi ? get_multirange_range(type) : type;
	static const char *const numbers[] = {"[1,5)", "[10,20)", "[50,100)", "[200,1000)"};
	static const char *const days[] = {"[2024-01-01,2024-01-08)", "[2024-02-01,2024-03-01)", "[2024-06-15,2024-06-20)", "[2023-01-01,2024-01-01)"};
	bool		is_time;
	List	   *result = NIL;

	switch (get_range_subtype(range))
	{
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			is_time = true;
			break;
		default:
			is_time = false;
			break;
	}
	for (int i = 0; i < lengthof(numbers); i++)
		result = lappend(result, psprintf(is_multi ? "{%s}" : "%s", is_time ? days[i] : numbers[i]));
	return result;
}

/*
 * learn_type_candidates
 *		Some texts that a column's type reads, by trying; a list of texts, NIL if none
 *		is known.
 *
 * For types of which nothing else is known; none if the type is a stranger's.
 */
List *
learn_type_candidates(const LearnColumn *column)
{
	static const char *const texts[] = {
		"1", "2", "3", "10.00", "a", "b", "abc", "Top.A", "(0,0)", "(1,2)", "(3,4)", "[(0,0),(1,1)]", "((0,0),(1,1))", "{1,-1,0}",
		"<(0,0),1>", "<(2,3),4>", "08:00:2b:01:02:03", "08:00:2b:01:02:04", "08:00:2b:01:02:03:04:05", "10.1.0.0/16", "10.2.0.0/16",
		"12:34:56+00", "01:02:03+00", "<a/>", "<b>1</b>", "$", "$.a", "0/1", "0/2", "(0,1)", "1:1:", "pg_class", "a=>1", "POINT(1 2)",
		"POINT(3 4)", "LINESTRING(0 0,1 1)", "POLYGON((0 0,1 0,1 1,0 0))", "[1,2,3]", "{}", "{\"a\": 1}", "(,)", "(,,)", "(,,,)", "(,,,,)",
		"(,,,,,)", "()", "[1,5)", "0", "", "9780306406157", "9783161484100", "4006381333931", "5901234123457"};
	List	   *tried = NIL;
	List	   *result = NIL;
	ListCell   *lc;

	if (!learn_trusts_type(column->type))
		return NIL;
	if (column->type == BITOID || column->type == VARBITOID)
	{
		for (int i = 0; i < 4; i++)
		{
			char	   *bits = palloc0(column->length + 1);

			for (int b = 0; b < column->length; b++)
				bits[b] = b < 2 && (i >> b) & 1 ? '1' : '0';
			if (column->length > 1 || i < 2)
				result = lappend(result, bits);
		}
		return result;
	}
	if (column->type == REGCLASSOID)
		return list_make1("pg_class");	/* numbers are read, but cast otherwise */
	if (type_is_range(column->type) || type_is_multirange(column->type))
		tried = range_candidates(column->type);
	for (int i = 0; i < lengthof(texts); i++)
		tried = lappend(tried, pstrdup(texts[i]));
	foreach(lc, tried)
		if (list_length(result) < 4 && read_and_written(column->type, column->typmod, lfirst(lc)))
			result = lappend(result, lfirst(lc));
	return result;
}

/* Can an enum be declared in the definition: by a plain name that no other has, with labels that the format has? */
static void
check_enum_names(LearnSchema *schema)
{
	ListCell   *lc;
	List	   *used = NIL;

	for (int t = 0; t < schema->ntables; t++)
		used = lappend(used, schema->table[t].name);
	foreach(lc, schema->enums)
	{
		LearnEnum  *e = lfirst(lc);
		List	   *before = list_copy(used);
		SpindleType type;
		bool		has_empty = false;
		ListCell   *ll;

		foreach(ll, e->labels)
			has_empty |= ((const char *) lfirst(ll))[0] == '\0';
		if (has_empty || strcmp(learn_unique_name(&before, e->name), e->name) != 0 || list_length(e->labels) > 1000 ||
			spindle_type_parse(e->name, &type))
			e->name = NULL;
		else
			used = before;
	}
}

/*
 * Leave out columns beyond what a definition can have: those that need no value.
 */
static void
limit_columns(LearnSchema *schema, LearnTable *table)
{
	int			n = table->ncolumns;

	for (int c = table->ncolumns - 1; c >= 0 && n > MAX_COLUMNS; c--)
	{
		LearnColumn *column = &table->column[c];

		if (column->left_out || (column->not_null && !column->has_default))
			continue;
		column->left_out = psprintf("a definition has up to %d columns of a table", MAX_COLUMNS);
		n--;
	}
	if (n > MAX_COLUMNS)
		learn_empty(schema, table, psprintf("it has more than %d columns that need a value", MAX_COLUMNS));
}

/*
 * learn_find_types
 *		Find the types of all columns in the format.  Names have been given.
 *
 * Columns that the server computes are left out.
 */
void
learn_find_types(LearnSchema *schema)
{
	check_enum_names(schema);
	for (int t = 0; t < schema->ntables; t++)
	{
		LearnTable *table = &schema->table[t];

		for (int c = 0; c < table->ncolumns; c++)
		{
			find_type(schema, &table->column[c]);
			if (table->column[c].is_generated)
				table->column[c].left_out = "the server computes it";
			else if (strncmp(table->column[c].sql_name, "_spindle_", 9) == 0)
				learn_leave_out(schema, table, &table->column[c], "names that begin with _spindle_ are the extension's own");
		}
		limit_columns(schema, table);
	}
}
