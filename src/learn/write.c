/*-------------------------------------------------------------------------
 *
 * write.c
 *		A learned schema as the text of a definition.
 *
 * What is the same is written the same: nothing but what has been decided goes into
 * the text, in one order, a line for each column.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"

#include "learn/schema.h"

/*
 * learn_quote
 *		A text as a string of JSON; palloc'd.
 */
char *
learn_quote(const char *text)
{
	StringInfoData json;
	char	   *quoted;

	initStringInfo(&json);
	escape_json(&json, text);

	/* there are many of them: no room is left behind them */
	quoted = pstrdup(json.data);
	pfree(json.data);
	return quoted;
}

/*
 * learn_number
 *		A finite number as JSON, with no more digits than it takes; palloc'd.
 */
char *
learn_number(double number)
{
	char		buf[Max(DOUBLE_SHORTEST_DECIMAL_LEN, 32)];

	if (floor(number) == number && fabs(number) < 1e17)
		snprintf(buf, sizeof(buf), "%.0f", number == 0 ? 0.0 : number);
	else
		double_to_shortest_decimal_buf(number, buf);
	return pstrdup(buf);
}

/*
 * learn_day
 *		A day since 2000-01-01 as a date; palloc'd.
 */
char *
learn_day(double day)
{
	int			year;
	int			month;
	int			mday;

	j2date((int) day + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
	return psprintf("%04d-%02d-%02d", year, month, mday);
}

/*
 * learn_plain_value
 *		A value of a column as the format reads it: times of UTC without saying so.
 */
char *
learn_plain_value(const LearnColumn *column, const char *value)
{
	size_t		len = strlen(value);

	if (column->kind == LEARN_TIMESTAMP && len > 3 && strcmp(value + len - 3, "+00") == 0)
		return pnstrdup(value, len - 3);
	return unconstify(char *, value);
}

/*
 * learn_json_value
 *		A value of a column, a text as its output has it, as JSON; null for NULL.
 */
char *
learn_json_value(const LearnColumn *column, const char *value)
{
	if (value == NULL)
		return "null";
	if (column->kind == LEARN_BOOL)
		return value[0] == 't' ? "true" : "false";
	if (column->kind == LEARN_INT || column->kind == LEARN_DECIMAL || column->kind == LEARN_FLOAT)
		return pstrdup(value);
	return learn_quote(learn_plain_value(column, value));
}

/* The names of the columns of a set, as an array. */
static void
write_set(StringInfo out, const LearnTable *table, const LearnSet *set)
{
	ListCell   *lc;

	if (list_length(set->order) == 1)
	{
		appendStringInfoString(out, learn_quote(table->column[linitial_int(set->order)].name));
		return;
	}
	appendStringInfoChar(out, '[');
	foreach(lc, set->order)
		appendStringInfo(out, "%s\"%s\"", foreach_current_index(lc) ? ", " : "", table->column[lfirst_int(lc)].name);
	appendStringInfoChar(out, ']');
}

/* Can a set be declared: do its values differ by the rules, and are all columns there? */
static bool
is_declared(const LearnSchema *schema, const LearnTable *table, const LearnSet *set)
{
	int			c = -1;

	if (table->empty || !set->is_proved || !learn_is_child_declared(schema, set) || set->is_odd || list_length(set->order) == 0 || list_length(set->order) > INDEX_MAX_KEYS)
		return false;
	while ((c = bms_next_member(set->columns, c)) >= 0)
		if (table->column[c].left_out || table->column[c].always_null || (set->is_primary && table->column[c].nullable))
			return false;
	return true;
}

/* The members "key" and "unique" of a table. */
static void
write_sets(StringInfo out, const LearnSchema *schema, const LearnTable *table)
{
	int			n = 0;
	ListCell   *lc;

	foreach(lc, table->sets)
		if (((LearnSet *) lfirst(lc))->is_primary && is_declared(schema, table, lfirst(lc)))
		{
			appendStringInfoString(out, "      \"key\": ");
			write_set(out, table, lfirst(lc));
			appendStringInfoString(out, ",\n");
		}
	foreach(lc, table->sets)
		if (!((LearnSet *) lfirst(lc))->is_primary && is_declared(schema, table, lfirst(lc)) && n < 100)
		{
			appendStringInfoString(out, n++ ? ", " : "      \"unique\": [");
			write_set(out, table, lfirst(lc));
		}
	if (n > 0)
		appendStringInfoString(out, "],\n");
}

/*
 * The time of a row as an event: a column that is never null, rather one that tells
 * when the row was made; NULL if there is none.
 */
static const LearnColumn *
event_time(const LearnTable *table)
{
	static const char *const words[] = {"created", "inserted", "added", "placed", "occurred", "logged", "event", "time", NULL};
	const LearnColumn *best = NULL;
	int			best_rank = 0;

	for (int c = 0; c < table->ncolumns; c++)
	{
		const LearnColumn *column = &table->column[c];
		bool		is_time = column->kind == LEARN_TIMESTAMP || column->kind == LEARN_DATE;
		int			rank = 1 + (column->kind == LEARN_TIMESTAMP) + 2 * learn_has_word(column->sql_name, words);

		if (is_time && !column->left_out && !column->nullable && rank > best_rank)
		{
			best = column;
			best_rank = rank;
		}
	}
	return best;
}

/* Is the number of rows the same at all scales? */
static bool
is_fixed(const LearnTable *table)
{
	for (int s = 1; s < LEARN_SCALES; s++)
		if (table->rows[s] != table->rows[0])
			return false;
	return table->rows[0] <= 1e12;
}

/* The member "rows". */
static void
write_rows(StringInfo out, const LearnSchema *schema, const LearnTable *table)
{
	char	   *counts = table->parent && !table->empty ? learn_counts(schema, table) : NULL;

	appendStringInfoString(out, "      \"rows\": ");
	if (table->parent && !table->empty)
	{
		appendStringInfo(out, "{\"kind\": \"children\", \"of\": \"%s\", \"ratio\": %s", schema->table[table->parent->target].name,
						 learn_number(table->ratio));
		if (counts)
			appendStringInfoString(out, counts);
		else if (table->max_one)
			appendStringInfoString(out, ", \"max\": 1");
		else if (table->needs_children && table->ratio >= 1)	/* else there are no parents */
			appendStringInfoString(out, ", \"min\": 1");
		appendStringInfoString(out, "},\n");
	}
	else if (is_fixed(table))
		appendStringInfo(out, "{\"kind\": \"fixed\", \"count\": %s},\n", learn_number(table->rows[0]));
	else
		appendStringInfoString(out, "{\"kind\": \"preset\"},\n");
}

/* What the report says about a column. */
static void
write_learned(StringInfo out, const LearnColumn *column)
{
	appendStringInfo(out, ", \"learned\": {\"source\": \"%s\"", column->source);
	if (column->carried > 0)
		appendStringInfo(out, ", \"carried\": %d, \"least_rows\": %s", column->carried, learn_number(column->least_rows));
	if (column->withheld)
		appendStringInfo(out, ", \"withheld\": %s", learn_quote(column->withheld));
	if (column->note)
		appendStringInfo(out, ", \"note\": %s", learn_quote(column->note));
	appendStringInfoChar(out, '}');
}

/* A column. */
static void
write_column(StringInfo out, const LearnColumn *column)
{
	appendStringInfo(out, "\"%s\": {\"type\": \"%s\"", column->name, column->format);
	if (column->sql_type)
		appendStringInfo(out, ", \"sql_type\": %s", learn_quote(column->sql_type));
	if (strcmp(column->name, column->sql_name) != 0)
		appendStringInfo(out, ", \"name\": %s", learn_quote(column->sql_name));
	if (column->null_fraction > 0)
		appendStringInfo(out, ", \"null\": %s", learn_number(column->null_fraction));
	else if (column->nullable)
		appendStringInfoString(out, ", \"nullable\": true");
	if (column->references)
		appendStringInfo(out, ", \"references\": \"%s\"", column->references);
	appendStringInfo(out, ", \"rule\": %s", column->rule);
	write_learned(out, column);
	appendStringInfoChar(out, '}');
}

/* A hidden column. */
static void
write_hidden(StringInfo out, const LearnHidden *hidden)
{
	appendStringInfo(out, "\"%s\": {\"type\": \"%s\", \"hidden\": true", hidden->name, hidden->type);
	if (hidden->null_fraction > 0)
		appendStringInfo(out, ", \"null\": %s", learn_number(hidden->null_fraction));
	else if (hidden->nullable)
		appendStringInfoString(out, ", \"nullable\": true");
	appendStringInfo(out, ", \"rule\": %s}", hidden->rule);
}

/* What the report says about a table: columns that are left out, and notes. */
static void
write_notes(StringInfo out, const LearnTable *table)
{
	int			n = 0;
	ListCell   *lc;

	for (int c = 0; c < table->ncolumns; c++)
		if (table->column[c].left_out)
			appendStringInfo(out, "%s%s: %s", n++ ? ", " : "      \"learned\": {\"left_out\": {",
							 learn_quote(table->column[c].sql_name), learn_quote(table->column[c].left_out));
	if (n > 0)
		appendStringInfoChar(out, '}');
	foreach(lc, table->notes)
		appendStringInfo(out, "%s%s", foreach_current_index(lc) ? ", " : n > 0 ? ", \"notes\": [" : "      \"learned\": {\"notes\": [",
						 learn_quote(lfirst(lc)));
	if (table->notes)
		appendStringInfoChar(out, ']');
	if (n > 0 || table->notes)
		appendStringInfoString(out, "},\n");
}

/* A table. */
static void
write_table(StringInfo out, const LearnSchema *schema, const LearnTable *table)
{
	const char *separator = "";
	ListCell   *lc;

	appendStringInfo(out, "    \"%s\": {\n      \"relation\": {\"schema\": %s, \"name\": %s},\n", table->name,
					 learn_quote(table->schema), learn_quote(table->sql_name));
	write_sets(out, schema, table);
	if (event_time(table))
		appendStringInfo(out, "      \"event_time\": \"%s\",\n", event_time(table)->name);
	write_rows(out, schema, table);
	write_notes(out, table);
	if (table->copula)
		appendStringInfo(out, "      \"copula\": %s,\n", table->copula);
	appendStringInfoString(out, "      \"columns\": {");
	for (int c = 0; c < table->ncolumns; c++)
	{
		if (table->column[c].left_out)
			continue;
		appendStringInfo(out, "%s\n        ", separator);
		write_column(out, &table->column[c]);
		separator = ",";
	}
	foreach(lc, table->hidden)
	{
		appendStringInfo(out, "%s\n        ", separator);
		write_hidden(out, lfirst(lc));
	}
	appendStringInfoString(out, "}}");
}

/* The member "presets". */
static void
write_presets(StringInfo out, const LearnSchema *schema)
{
	appendStringInfoString(out, "  \"presets\": {");
	for (int s = 0; s < LEARN_SCALES; s++)
	{
		const char *separator = "";

		appendStringInfo(out, "%s\n    \"%s\": {", s ? "," : "", learn_scale_name[s]);
		for (int t = 0; t < schema->ntables; t++)
		{
			const LearnTable *table = &schema->table[t];

			if (table->is_skipped || (table->parent && !table->empty) || is_fixed(table))
				continue;
			appendStringInfo(out, "%s\"%s\": %s", separator, table->name, learn_number(table->rows[s]));
			separator = ", ";
		}
		appendStringInfoChar(out, '}');
	}
	appendStringInfoString(out, "\n  },\n");
}

/* The member "types". */
static void
write_types(StringInfo out, const LearnSchema *schema)
{
	const char *separator = "  \"types\": {";
	ListCell   *lc;
	ListCell   *ll;

	foreach(lc, schema->enums)
	{
		const LearnEnum *e = lfirst(lc);

		if (e->name == NULL)
			continue;
		appendStringInfo(out, "%s\n    \"%s\": {\"enum\": [", separator, e->name);
		foreach(ll, e->labels)
			appendStringInfo(out, "%s%s", foreach_current_index(ll) ? ", " : "", learn_quote(lfirst(ll)));
		appendStringInfoString(out, "]}");
		separator = ",";
	}
	if (separator[0] == ',')
		appendStringInfoString(out, "\n  },\n");
}

/* What was learned how; and tables that the definition does not have. */
static void
write_settings(StringInfo out, const LearnSchema *schema)
{
	static const char *const read[] = {"catalog", "statistics", "aggregates", "data"};
	static const char *const carry[] = {"none", "safe", "all"};
	const SpindleLearnOptions *options = schema->options;
	const char *separator = ", \"skipped\": {";

	appendStringInfo(out, "  \"learned\": {\"read\": \"%s\", \"carry\": \"%s\", \"k\": " INT64_FORMAT, read[options->read],
					 carry[options->carry], options->k);
	for (int t = 0; t < schema->ntables; t++)
		if (schema->table[t].is_skipped)
		{
			appendStringInfo(out, "%s%s: \"it has no column that could be filled\"", separator,
							 learn_quote(psprintf("%s.%s", schema->table[t].schema, schema->table[t].sql_name)));
			separator = ", ";
		}
	appendStringInfoString(out, strcmp(separator, ", ") == 0 ? "}},\n" : "},\n");
}

/*
 * learn_write
 *		The definition, in the server's encoding; palloc'd.
 */
char *
learn_write(LearnSchema *schema)
{
	StringInfoData out;
	StringInfoData names;
	const char *separator = "";
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, schema->options->schemas)
		appendStringInfo(&names, "%s%s", foreach_current_index(lc) ? ", " : "", (char *) lfirst(lc));
	initStringInfo(&out);
	appendStringInfo(&out, "{\n  \"spindle\": 1,\n  \"description\": %s,\n  \"range\": {\"start\": \"%s\", \"end\": \"%s\"},\n"
					 "  \"default_scale\": \"%s\",\n", learn_quote(psprintf("Learned from %s", names.data)),
					 learn_day(schema->first_day), learn_day(schema->end_day), learn_scale_name[LEARN_AS_IS]);
	write_presets(&out, schema);
	write_types(&out, schema);
	write_settings(&out, schema);
	appendStringInfoString(&out, "  \"tables\": {");
	for (int t = 0; t < schema->ntables; t++)
	{
		if (schema->table[t].is_skipped)
			continue;
		appendStringInfo(&out, "%s\n", separator);
		write_table(&out, schema, &schema->table[t]);
		separator = ",";
	}
	appendStringInfoString(&out, "\n  }\n}");
	return out.data;
}
