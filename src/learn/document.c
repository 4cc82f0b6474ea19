/*-------------------------------------------------------------------------
 *
 * document.c
 *		What the documents of a column are made of.
 *
 * Documents of some rows are taken apart by the server, level by level: which members
 * objects have, of which types, and what is in them.  A member is told only if k
 * documents have it and its name looks like one that a program gave it; its values are
 * told as those of columns are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "learn/data.h"
#include "learn/query.h"
#include "server/attempt.h"

/* Documents that are looked at. */
#define DOCUMENTS		5000

/* Levels inside each other; members of an object. */
#define MAX_DEPTH		4
#define MAX_MEMBERS		100

/* Different texts of a member that are looked at, and that are told. */
#define LOOKED_AT		3000
#define MAX_TOLD		50

/* Quantiles of numbers and of lengths. */
#define MAX_PARTS		50

/* Elements of an array, at most. */
#define MAX_ELEMENTS	200

/* A column while its documents are taken apart. */
typedef struct Documents
{
	LearnSchema *schema;
	LearnTable *table;
	LearnColumn *column;
	bool		may_carry;
	char	   *rule;
	MemoryContext context;		/* of the rule */
} Documents;

/* A part of documents: a rule, and the type that it has in the format. */
typedef struct Part
{
	const char *type;
	char	   *rule;
} Part;

/* How often values of a level are of which type. */
enum
{
	OF_OBJECT,
	OF_ARRAY,
	OF_STRING,
	OF_NUMBER,
	OF_BOOLEAN,
	OF_NULL,
	TYPES
};

static const char *const type_name[] = {"object", "array", "string", "number", "boolean", "null"};

/* A member of an object. */
typedef struct Member
{
	char	   *name;
	double		rows;
} Member;

typedef struct Members
{
	int			n;
	Member		member[MAX_MEMBERS];
} Members;

/* Texts with their frequencies. */
typedef struct Texts
{
	int			n;
	char	   *text[LOOKED_AT];
	double		rows[LOOKED_AT];
} Texts;

/* Some numbers. */
typedef struct Numbers
{
	int			n;
	double		number[MAX_PARTS + 10];
} Numbers;

static Part part_of(Documents *documents, const char *level, const char *name, bool may_carry, int depth, double *nulls);

/* Numbers of a row, all of its columns. */
static void
read_numbers(char *const *value, void *arg)
{
	Numbers    *numbers = arg;

	for (int i = 0; i < numbers->n; i++)
		numbers->number[i] = value[i] ? strtod(value[i], NULL) : 0;
}

/* A row with the name of a member. */
static void
read_member(char *const *value, void *arg)
{
	Members    *members = arg;

	if (members->n < MAX_MEMBERS)
		members->member[members->n++] = (Member) {pstrdup(value[0]), strtod(value[1], NULL)};
}

/* A row with a text. */
static void
read_text(char *const *value, void *arg)
{
	Texts	   *texts = arg;

	if (texts->n == LOOKED_AT)
		return;
	texts->text[texts->n] = pstrdup(value[0]);
	texts->rows[texts->n++] = strtod(value[1], NULL);
}

/* A row with a number, behind those before it. */
static void
add_number(char *const *value, void *arg)
{
	Numbers    *numbers = arg;

	if (numbers->n < (int) lengthof(numbers->number) && value[0])
		numbers->number[numbers->n++] = strtod(value[0], NULL);
}

/*
 * Quantiles of an expression over a level, in *numbers, whose ends are made up; low is
 * the least that there can be.  There are none if values are too few.
 */
static void
find_quantiles(Documents *documents, const char *level, const char *type, const char *expression, double rows, double low, Numbers *numbers)
{
	const SpindleLearnOptions *options = documents->schema->options;
	int			parts = (int) Min(MAX_PARTS, rows / options->k);
	StringInfoData query;

	numbers->n = 0;
	if (parts < 4)
		return;
	initStringInfo(&query);
	appendStringInfoString(&query, "SELECT unnest(percentile_disc(ARRAY[");
	for (int i = 0; i <= parts; i++)
		appendStringInfo(&query, "%s%s", i ? ", " : "", learn_number((double) i / parts));
	appendStringInfo(&query, "]::float8[]) WITHIN GROUP (ORDER BY %s)) FROM (%s) x WHERE jsonb_typeof(d) = '%s'", expression, level, type);
	learn_query(query.data, NULL, NULL, add_number, numbers);
	if (numbers->n != parts + 1)
		numbers->n = 0;
	else if (options->carry != SPINDLE_CARRY_ALL)
	{
		double		gap = (numbers->number[parts - 1] - numbers->number[1]) / (parts - 2);

		numbers->number[0] = Max(numbers->number[1] - gap, Min(low, numbers->number[1]));
		numbers->number[parts] = numbers->number[parts - 1] + gap;
	}
}

/* Append quantiles, rounded. */
static void
append_quantiles(StringInfo rule, const Documents *documents, const Numbers *numbers, bool is_whole)
{
	for (int i = 0; i < numbers->n; i++)
	{
		double		number = learn_rounded(documents->schema, Max(Min(numbers->number[i], 1e15), -1e15));

		appendStringInfo(rule, "%s%s", i ? ", " : "\"quantiles\": [", learn_number(is_whole ? floor(number + 0.5) : number));
	}
	appendStringInfoChar(rule, ']');
}

/* Note that so many values of the database are told, each of which so many documents have. */
static void
note_carried(Documents *documents, int values, double rows)
{
	LearnColumn *column = documents->column;

	column->least_rows = column->carried == 0 ? rows : Min(column->least_rows, rows);
	column->carried += values;
}

/* Numbers. */
static Part
number_part(Documents *documents, const char *level, bool may_carry, double rows)
{
	Numbers		about = {.n = 2};
	Numbers		numbers = {0};
	bool		is_whole;
	int			scale;
	StringInfoData rule;

	learn_query(psprintf("SELECT max(scale((d #>> '{}')::numeric)), max(abs((d #>> '{}')::numeric)) FROM (%s) x WHERE jsonb_typeof(d) = 'number'", level),
				NULL, NULL, read_numbers, &about);
	is_whole = about.number[0] == 0;
	scale = (int) Min(about.number[0], 6);
	if (may_carry && about.number[1] < 1e15)
		find_quantiles(documents, level, "number", "(d #>> '{}')::numeric", rows, -1e15, &numbers);
	initStringInfo(&rule);
	if (numbers.n == 0)
		appendStringInfoString(&rule, is_whole ? "{\"kind\": \"uniform\", \"min\": 1, \"max\": 1000}" : "{\"kind\": \"uniform\", \"min\": 0, \"max\": 1000}");
	else
	{
		appendStringInfoString(&rule, "{\"kind\": \"empirical\", ");
		append_quantiles(&rule, documents, &numbers, is_whole);
		appendStringInfoChar(&rule, '}');
		note_carried(documents, numbers.n - 2, floor(rows / (numbers.n - 1)));
	}
	return (Part) {is_whole ? "bigint" : psprintf("numeric(%d,%d)", 18, scale), rule.data};
}

/* Texts: themselves if they are few, shared and harmless, or what looks like them. */
static Part
text_part(Documents *documents, const char *level, bool may_carry)
{
	const SpindleLearnOptions *options = documents->schema->options;
	Texts	   *texts = palloc0(sizeof(Texts));
	LearnMasks *masks = learn_masks_create();
	double		least = 1e300;
	StringInfoData rule;
	char	   *mask;

	learn_query(psprintf("SELECT d #>> '{}', count(*) FROM (%s) x WHERE jsonb_typeof(d) = 'string' AND length(d #>> '{}') <= 1000"
						 " GROUP BY 1 ORDER BY (d #>> '{}') COLLATE \"C\" LIMIT %d", level, LOOKED_AT), NULL, NULL, read_text, texts);
	may_carry = may_carry && texts->n > 0 && texts->n <= MAX_TOLD;
	for (int i = 0; i < texts->n; i++)
	{
		may_carry = may_carry && (options->carry == SPINDLE_CARRY_ALL ||
								  (texts->rows[i] >= options->k && !learn_text_is_telling(texts->text[i])));
		least = Min(least, texts->rows[i]);
		learn_masks_add(masks, texts->text[i], texts->rows[i]);
	}
	if (may_carry)
	{
		initStringInfo(&rule);
		appendStringInfoString(&rule, "{\"kind\": \"weighted\", \"weights\": {");
		for (int i = 0; i < texts->n; i++)
			appendStringInfo(&rule, "%s%s: %s", i ? ", " : "", learn_quote(texts->text[i]), learn_number(learn_rounded(documents->schema, texts->rows[i])));
		appendStringInfoString(&rule, "}}");
		note_carried(documents, texts->n, least);
		return (Part) {"text", rule.data};
	}
	mask = learn_masks_rule(masks, documents->column);
	return (Part) {"text", mask ? mask : "{\"kind\": \"words\", \"count\": {\"distribution\": \"uniform\", \"min\": 1, \"max\": 5}}"};
}

/* Arrays of one type of elements. */
static Part
array_part(Documents *documents, const char *level, const char *name, bool may_carry, int depth, double rows)
{
	char	   *elements = psprintf("SELECT e AS d FROM (%s) x, jsonb_array_elements(CASE WHEN jsonb_typeof(d) = 'array' THEN d END) e", level);
	double		nulls;
	Part		element = part_of(documents, elements, name, may_carry, depth + 1, &nulls);
	Numbers		length = {0};
	Numbers		mean = {.n = 1};
	StringInfoData rule;

	if (element.rule == NULL)
		return (Part) {documents->column->format, "{\"kind\": \"constant\", \"value\": \"[]\"}"};
	initStringInfo(&rule);
	appendStringInfo(&rule, "{\"kind\": \"array\", \"type\": \"%s\", \"of\": %s, \"length\": ", element.type, element.rule);
	find_quantiles(documents, level, "array", "jsonb_array_length(CASE WHEN jsonb_typeof(d) = 'array' THEN d END)", rows, 0, &length);
	if (length.n > 0 && length.number[length.n - 1] <= MAX_ELEMENTS)
	{
		appendStringInfoString(&rule, "{\"distribution\": \"empirical\", ");
		append_quantiles(&rule, documents, &length, true);
		appendStringInfoString(&rule, "}");
	}
	else
	{
		learn_query(psprintf("SELECT avg(jsonb_array_length(d)) FROM (%s) x WHERE jsonb_typeof(d) = 'array'", level), NULL, NULL, read_numbers, &mean);
		appendStringInfo(&rule, "{\"distribution\": \"poisson\", \"mean\": %s, \"max\": %d}",
						 learn_number(Max(Min(floor(mean.number[0] * 10 + 0.5) / 10, MAX_ELEMENTS / 4), 0.1)), MAX_ELEMENTS);
	}
	appendStringInfoString(&rule, nulls > 0 ? psprintf(", \"null\": %s}", learn_number(nulls)) : "}");
	return (Part) {documents->column->format, rule.data};
}

/* Does a name look as if a program had given it? */
static bool
is_identifier(const char *name)
{
	size_t		n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");

	return name[0] != '\0' && name[n] == '\0' && n <= 40 && !isdigit((unsigned char) name[0]) && !learn_text_is_telling(name);
}

/* Objects. */
static Part
object_part(Documents *documents, const char *level, bool may_carry, int depth, double rows)
{
	const SpindleLearnOptions *options = documents->schema->options;
	Members    *members = palloc0(sizeof(Members));
	const char *separator = "";
	StringInfoData rule;

	learn_query(psprintf("SELECT m.key, count(*) FROM (%s) x, jsonb_each(CASE WHEN jsonb_typeof(d) = 'object' THEN d END) m GROUP BY m.key"
						 " HAVING count(*) >= " INT64_FORMAT " ORDER BY m.key COLLATE \"C\"", level, options->k),
				NULL, NULL, read_member, members);
	initStringInfo(&rule);
	appendStringInfoString(&rule, "{\"kind\": \"object\", \"members\": {");
	for (int i = 0; i < members->n; i++)
	{
		const Member *member = &members->member[i];
		char	   *literal = quote_literal_cstr(member->name);
		double		absent = floor((1 - member->rows / rows) * 1000 + 0.5) / 1000;
		double		nulls;
		Part		part;

		if (!is_identifier(member->name))
			continue;
		part = part_of(documents, psprintf("SELECT d -> %s AS d FROM (%s) x WHERE jsonb_typeof(d) = 'object' AND d ? %s", literal, level, literal),
					   member->name, may_carry && !learn_name_is_sensitive(member->name), depth + 1, &nulls);
		if (part.rule == NULL)
			continue;
		appendStringInfo(&rule, "%s%s: {\"type\": \"%s\"", separator, learn_quote(member->name), part.type);
		if (absent > 0)
			appendStringInfo(&rule, ", \"absent\": %s", learn_number(absent));
		if (nulls > 0)
			appendStringInfo(&rule, ", \"null\": %s", learn_number(nulls));
		appendStringInfo(&rule, ", \"rule\": %s}", part.rule);
		separator = ", ";
		CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoString(&rule, "}}");
	return (Part) {documents->column->format, separator[0] ? rule.data : "{\"kind\": \"constant\", \"value\": \"{}\"}"};
}

/*
 * What the values of a level, a query that gives them as d, are made of: those of the
 * type that most of them have, and *nulls of them null.  The rule is NULL if there is
 * nothing to tell.
 */
static Part
part_of(Documents *documents, const char *level, const char *name, bool may_carry, int depth, double *nulls)
{
	Numbers		rows = {.n = TYPES};
	StringInfoData query;
	double		all = 0;
	int			most = OF_OBJECT;

	*nulls = 0;
	if (depth > MAX_DEPTH)
		return (Part) {NULL, NULL};
	initStringInfo(&query);
	for (int i = 0; i < TYPES; i++)
		appendStringInfo(&query, "%s count(*) FILTER (WHERE jsonb_typeof(d) = '%s')", i ? "," : "SELECT", type_name[i]);
	appendStringInfo(&query, " FROM (%s) x", level);
	learn_query(query.data, NULL, NULL, read_numbers, &rows);
	for (int i = 0; i < TYPES; i++)
	{
		all += rows.number[i];
		if (i != OF_NULL && rows.number[i] > rows.number[most])
			most = i;
	}
	if (rows.number[most] < documents->schema->options->k)
		return (Part) {NULL, NULL};
	*nulls = floor(rows.number[OF_NULL] / all * 1000 + 0.5) / 1000;
	switch (most)
	{
		case OF_OBJECT:
			return object_part(documents, level, may_carry, depth, rows.number[most]);
		case OF_ARRAY:
			return array_part(documents, level, name, may_carry, depth, rows.number[most]);
		case OF_STRING:
			return text_part(documents, level, may_carry);
		case OF_NUMBER:
			return number_part(documents, level, may_carry, rows.number[most]);
		default:
			{
				Numbers		share = {.n = 1};

				learn_query(psprintf("SELECT avg((d = 'true')::int) FROM (%s) x WHERE jsonb_typeof(d) = 'boolean'", level), NULL, NULL,
							read_numbers, &share);
				return (Part) {"boolean", psprintf("{\"kind\": \"bernoulli\", \"p\": %s}", learn_number(floor(share.number[0] * 1000 + 0.5) / 1000))};
			}
	}
}

/* Take the documents of a column apart. */
static void
take_apart(void *arg)
{
	Documents  *documents = arg;
	StringInfoData level;
	double		nulls;
	Part		part;
	MemoryContext oldcontext;

	initStringInfo(&level);
	appendStringInfoString(&level, "SELECT ");
	learn_append_column(&level, "t", documents->column);
	appendStringInfoString(&level, "::jsonb AS d FROM ");
	learn_append_blocks(&level, documents->table, DOCUMENTS);
	appendStringInfoString(&level, " WHERE ");
	learn_append_column(&level, "t", documents->column);
	appendStringInfo(&level, " IS NOT NULL LIMIT %d", DOCUMENTS);
	part = part_of(documents, level.data, documents->column->name, documents->may_carry, 0, &nulls);
	if (part.rule == NULL || strcmp(part.type, documents->column->format) != 0)
		return;
	oldcontext = MemoryContextSwitchTo(documents->context);
	documents->rule = pstrdup(part.rule);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * learn_document_rule
 *		The rule of a column of documents by what is in them, JSON, palloc'd; NULL if
 *		nothing may be told, or if the server cannot take one of them apart.
 *
 * Notes how many values of the database are in it.
 */
char *
learn_document_rule(LearnSchema *schema, LearnTable *table, LearnColumn *column)
{
	Documents	documents = {.schema = schema,.table = table,.column = column,.context = CurrentMemoryContext};

	if (schema->options->carry == SPINDLE_CARRY_NONE || column->left_out)
		return NULL;
	documents.may_carry = learn_why_withheld(schema, table, (int) (column - table->column)) == NULL;
	if (spindle_attempt(take_apart, &documents, false) != NULL || documents.rule == NULL)
	{
		column->carried = 0;
		return NULL;
	}
	return documents.rule;
}
