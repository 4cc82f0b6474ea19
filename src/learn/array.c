/*-------------------------------------------------------------------------
 *
 * array.c
 *		Rules for arrays.
 *
 * Elements of a type that the format has are generated; of others arrays are listed
 * whose elements are known, the labels of an enum for example.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"

#include "learn/schema.h"

/* Elements of an array, in the mean or as a check mentions them, at most. */
#define MOST_ELEMENTS	200

/* Arrays that are listed, and rules that are tried. */
#define LISTED_ARRAYS	50
#define MOST_RULES		10

/* The rule of the elements of an array, of a type that the format has; NULL of others. */
static const char *
element_rule(const LearnColumn *column)
{
	switch (column->element)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
		case FLOAT4OID:
		case FLOAT8OID:
			return "{\"kind\": \"uniform\", \"min\": 1, \"max\": 100}";
		case TEXTOID:
		case VARCHAROID:
			return "{\"kind\": \"words\", \"count\": {\"distribution\": \"uniform\", \"min\": 1, \"max\": 1}}";
		case BOOLOID:
			return "{\"kind\": \"bernoulli\", \"p\": 0.5}";
		default:
			return NULL;
	}
}

/* Arrays with some number of elements, as evenly distributed. */
static char *
array_rule(const char *of, int min, int max)
{
	return psprintf("{\"kind\": \"array\", \"of\": %s, \"length\": {\"distribution\": \"uniform\", \"min\": %d, \"max\": %d}}", of, min, max);
}

/* A number of elements that a check mentions; -1 if it is none. */
static int
elements_of_hint(const char *hint)
{
	char	   *end;
	double		number = strtod(hint, &end);

	return end != hint && *end == '\0' && number > 0 && number <= MOST_ELEMENTS && number == floor(number) ? (int) number : -1;
}

/* Arrays of values of a type that the format does not have: of none, one and two of those that are known. */
static char *
listed_arrays(const LearnSchema *schema, const LearnColumn *column)
{
	LearnColumn element = {.type = column->element, .typmod = -1};
	List	   *values = NIL;
	List	   *arrays = list_make1("{}");
	ListCell   *lc;

	foreach(lc, schema->enums)
		if (((LearnEnum *) lfirst(lc))->oid == column->element)
			values = ((LearnEnum *) lfirst(lc))->labels;
	if (values == NIL)
		values = learn_type_candidates(&element);
	foreach(lc, values)
	{
		if (list_length(arrays) > LISTED_ARRAYS)
			break;
		arrays = lappend(arrays, psprintf("{%s}", learn_quote(lfirst(lc))));
		if (foreach_current_index(lc) > 0)
			arrays = lappend(arrays, psprintf("{%s,%s}", learn_quote(linitial(values)), learn_quote(lfirst(lc))));
	}
	return learn_weighted(arrays, "");
}

/*
 * learn_array_rules
 *		Rules of arrays that come into question, in their order; a list of JSON texts.
 *
 * Of as many elements as statistics say, or else few, or as many as checks mention.
 */
List *
learn_array_rules(const LearnSchema *schema, const LearnColumn *column)
{
	double		elements = column->statistics ? Min(column->statistics->elements, MOST_ELEMENTS) : -1;
	const char *of = element_rule(column);
	List	   *rules;
	ListCell   *lc;

	if (of == NULL)
	{
		rules = list_make1("{\"kind\": \"constant\", \"value\": \"{}\"}");
		return column->checks ? lappend(rules, listed_arrays(schema, column)) : rules;
	}
	rules = list_make1(elements <= 0 ? array_rule(of, 0, 3) :
					   psprintf("{\"kind\": \"array\", \"of\": %s, \"length\": {\"distribution\": \"poisson\", \"mean\": %s, \"max\": %.0f}}", of,
								learn_number(Max(floor(elements * 10 + 0.5) / 10, 0.1)), ceil(elements) * 4 + 4));
	if (column->checks)
		rules = lappend(rules, array_rule(of, 1, 3));
	foreach(lc, column->limits.hints)
	{
		int			n = elements_of_hint(lfirst(lc));

		if (n > 0 && list_length(rules) < MOST_RULES)
			rules = list_concat(rules, list_make2(array_rule(of, n, n), array_rule(of, n, Min(n + 2, MOST_ELEMENTS))));
	}
	return rules;
}
