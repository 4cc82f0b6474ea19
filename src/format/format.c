/*-------------------------------------------------------------------------
 *
 * format.c
 *		The formats, and what all of them do.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "format/formatter.h"
#include "model/model.h"

#define BEFORE_FULL		(1 << SPINDLE_BEFORE_FULL)
#define BEFORE_KEY		(1 << SPINDLE_BEFORE_KEY)
#define BEFORE_CHANGED	(1 << SPINDLE_BEFORE_CHANGED)
#define BEFORE_ANY		(BEFORE_FULL | BEFORE_KEY | BEFORE_CHANGED)

/* In the order in which hints name them. */
static const SpindleFormat formats[] = {
	{"debezium", true, true, BEFORE_ANY, spindle_debezium_prepare, spindle_debezium_change, false},
	{"debezium_schema", true, true, BEFORE_ANY, spindle_debezium_schema_prepare, spindle_debezium_schema_change, false},
	{"wal2json", false, true, BEFORE_FULL | BEFORE_KEY, spindle_wal2json_prepare, spindle_wal2json_change, false},
	{"wal2json_v1", false, true, BEFORE_FULL | BEFORE_KEY, spindle_wal2json_prepare, spindle_wal2json_v1_change, false},
	{"maxwell", true, true, BEFORE_FULL, NULL, spindle_maxwell_change, false},
	{"canal", true, false, BEFORE_FULL, spindle_canal_prepare, spindle_canal_change, false},
	{"cloudevents", true, true, BEFORE_ANY, spindle_debezium_prepare, spindle_cloudevents_change, false},
	{"sql", false, true, BEFORE_FULL, spindle_statement_prepare, spindle_statement_change, true},
};

static const char *const before_names[] = {
	[SPINDLE_BEFORE_FULL] = "full",
	[SPINDLE_BEFORE_KEY] = "key",
	[SPINDLE_BEFORE_CHANGED] = "changed",
};

/*
 * spindle_format_find
 *		The format of a name, or NULL if there is none.
 */
const SpindleFormat *
spindle_format_find(const char *name)
{
	for (int i = 0; i < lengthof(formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

/*
 * spindle_format_names
 *		The names of all formats in quotes, palloc'd, for hints.
 */
char *
spindle_format_names(void)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < lengthof(formats); i++)
		appendStringInfo(&buf, "%s\"%s\"", i == 0 ? "" : ", ", formats[i].name);
	return buf.data;
}

/* The name of a format. */
const char *
spindle_format_name(const SpindleFormat *format)
{
	return format->name;
}

/*
 * spindle_format_is_executed
 *		Are messages statements, which are executed as they come?
 */
bool
spindle_format_is_executed(const SpindleFormat *format)
{
	return format->is_executed;
}

/*
 * spindle_before_find
 *		What a value of the argument "before" means; false if it is none.
 */
bool
spindle_before_find(const char *name, SpindleBefore *before)
{
	for (int i = 0; i < lengthof(before_names); i++)
	{
		if (strcmp(before_names[i], name) == 0)
		{
			*before = (SpindleBefore) i;
			return true;
		}
	}
	return false;
}

/*
 * spindle_format_check
 *		Can the format do what the options ask for?  Raises
 *		invalid_parameter_value if not.
 */
void
spindle_format_check(const SpindleFormat *format, const SpindleFormatOptions *options)
{
	if ((format->before & 1 << options->before) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("format \"%s\" cannot have before => '%s'", format->name, before_names[options->before]),
				 errhint(format->before & BEFORE_KEY ? "It must be \"full\" or \"key\"." :
						 "It must be \"full\"; what the format says of old rows is fixed.")));
	if (options->key_separator && !format->has_key)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("messages of format \"%s\" have no key", format->name),
				 errhint("Leave out \"key_separator\".")));
	if (options->tombstones && !format->has_key)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("format \"%s\" has no tombstones", format->name),
				 errhint("Leave out \"tombstones\".")));
	if (options->transaction_metadata && !format->has_metadata)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("messages of format \"%s\" tell nothing of transactions", format->name),
				 errhint("Leave out \"transaction_metadata\".")));
}

/*
 * spindle_formatter_quote
 *		A text in UTF-8 as a JSON string, palloc'd.
 */
const char *
spindle_formatter_quote(const char *text)
{
	StringInfoData buf;

	initStringInfo(&buf);
	escape_json(&buf, text);
	return buf.data;
}

/*
 * spindle_formatter_key
 *		Append the key of the row that a change is about, as an object; of a
 *		table without a key, null.
 */
void
spindle_formatter_key(SpindleFormatter *formatter, const SpindleChange *change, StringInfo out)
{
	const SpindleImage *image = change_image(change);

	if (image->table->nkeys == 0)
		appendStringInfoString(out, "null");
	else
		spindle_image_write_columns(image, image->table->key, image->table->nkeys, out);
}

/*
 * spindle_formatter_create
 *		Prepare to write changes of a domain.
 *
 * The options have been checked.  domain, and what the options point to, must
 * outlive the result, which is allocated in a memory context of its own below
 * parent.
 */
SpindleFormatter *
spindle_formatter_create(const SpindleFormat *format, const SpindleFormatOptions *options,
						 const SpindleDomain *domain, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "spindle formatter", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleFormatter *formatter = palloc0(sizeof(SpindleFormatter));

	formatter->format = format;
	formatter->options = *options;
	formatter->domain = domain;
	formatter->database_json = spindle_formatter_quote(domain->name);
	formatter->tables = palloc0(sizeof(FormatTable) * domain->ntables);
	initStringInfo(&formatter->pending);
	initStringInfo(&formatter->scratch);
	init_times(&formatter->times);
	formatter->context = context;
	formatter->per_change = AllocSetContextCreate(context, "spindle formatter, a change", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(oldcontext);
	return formatter;
}

/* See to what all messages of a table have in common, once. */
static void
prepare_table(SpindleFormatter *formatter, const SpindleChangeTable *table)
{
	FormatTable *entry = &formatter->tables[table->table->index];
	const SpindleTable *definition = table->table;
	const char *schema = definition->sql_schema;
	MemoryContext oldcontext = MemoryContextSwitchTo(formatter->context);

	entry->table = table;
	entry->schema = schema ? pg_server_to_any(schema, (int) strlen(schema), PG_UTF8) : DEFAULT_SCHEMA;
	entry->schema_json = spindle_formatter_quote(entry->schema);
	entry->name_json = definition->name_json;
	if (formatter->format->prepare)
		formatter->format->prepare(formatter, table);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * spindle_formatter_change
 *		Append the messages of a change, the next one of the stream.
 *
 * Most formats have one message for a change, some have others around those of a
 * transaction, or one for all of it.  Raises what spindle_image_write() does.
 */
void
spindle_formatter_change(SpindleFormatter *formatter, const SpindleChange *change, SpindleMessages *messages)
{
	const SpindleImage *image = change_image(change);
	MemoryContext oldcontext;

	if (formatter->tables[change->table].table == NULL)
		prepare_table(formatter, image->table);
	if (change->txn_seq == 1)
		for (int t = 0; t < formatter->domain->ntables; t++)
			formatter->tables[t].in_transaction = 0;
	formatter->tables[change->table].in_transaction++;
	oldcontext = MemoryContextSwitchTo(formatter->per_change);
	formatter->format->change(formatter, change, messages);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(formatter->per_change);
}
