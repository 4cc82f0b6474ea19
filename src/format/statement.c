/*-------------------------------------------------------------------------
 *
 * statement.c
 *		Changes as statements of SQL.
 *
 * Each statement is a message; BEGIN and COMMIT stand around those of a
 * transaction.  Names are qualified where the definition gives a schema, else
 * search_path leads to the tables.  Texts are in UTF-8, and literals are those of
 * standard_conforming_strings.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlogdefs.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "format/formatter.h"
#include "model/model.h"

/* Pieces of a table's statements. */
#define TEXT_TABLE		0		/* its name */
#define TEXT_INSERT		1		/* INSERT up to VALUES ( */

/* A name in UTF-8, quoted as SQL needs it. */
static const char *
quoted(const char *name)
{
	const char *identifier = quote_identifier(name);

	return pg_server_to_any(identifier, (int) strlen(identifier), PG_UTF8);
}

/*
 * spindle_statement_prepare
 *		The constant pieces of a table's statements.
 */
void
spindle_statement_prepare(SpindleFormatter *formatter, const SpindleChangeTable *table)
{
	FormatTable *entry = &formatter->tables[table->table->index];
	StringInfoData buf;

	entry->text[TEXT_TABLE] = table->table->sql_schema ?
		psprintf("%s.%s", quoted(table->table->sql_schema), quoted(table->table->sql_name)) :
		quoted(table->table->sql_name);
	initStringInfo(&buf);
	appendStringInfo(&buf, "INSERT INTO %s (", entry->text[TEXT_TABLE]);
	for (int c = 0; c < table->ncolumns; c++)
		appendStringInfo(&buf, "%s%s", c == 0 ? "" : ", ", quoted(table->column[c]->sql_name));
	appendStringInfoString(&buf, ") VALUES (");
	entry->text[TEXT_INSERT] = buf.data;
}

/*
 * The row that a change is about.  Without a key it is one of those that are
 * equal to it in all columns.
 */
static void
append_where(SpindleFormatter *formatter, const SpindleChange *change, StringInfo out)
{
	const FormatTable *entry = &formatter->tables[change->table];
	const SpindleImage *before = change->before;
	const SpindleChangeTable *table = before->table;

	appendStringInfoString(out, " WHERE ");
	for (int k = 0; k < table->nkeys; k++)
	{
		appendStringInfo(out, "%s%s = ", k == 0 ? "" : " AND ", quoted(table->column[table->key[k]]->sql_name));
		spindle_format_literal(formatter, before, table->key[k], out);
	}
	if (table->nkeys > 0)
		return;
	appendStringInfo(out, "ctid = (SELECT ctid FROM %s WHERE ", entry->text[TEXT_TABLE]);
	for (int c = 0; c < table->ncolumns; c++)
	{
		appendStringInfo(out, "%s%s IS NOT DISTINCT FROM ", c == 0 ? "" : " AND ", quoted(table->column[c]->sql_name));
		spindle_format_literal(formatter, before, c, out);
	}
	appendStringInfoString(out, " LIMIT 1)");
}

/*
 * spindle_statement_change
 *		The statement of a change.  UPDATE sets what changes.
 */
void
spindle_statement_change(SpindleFormatter *formatter, const SpindleChange *change, SpindleMessages *messages)
{
	const FormatTable *entry = &formatter->tables[change->table];
	const SpindleChangeTable *table = entry->table;
	StringInfo	out = messages->out;
	bool		first = true;

	if (change->txn_seq == 1)
	{
		if (formatter->options.transaction_metadata)
		{
			appendStringInfo(out, "-- %X/%X ", LSN_FORMAT_ARGS(change->position));
			spindle_format_time(formatter, change_usecs(formatter, change) - UNIX_EPOCH_USECS, out);
			messages->complete(messages);
		}
		appendStringInfoString(out, "BEGIN;");
		messages->complete(messages);
	}
	if (change->op == 'd')
	{
		appendStringInfo(out, "DELETE FROM %s", entry->text[TEXT_TABLE]);
		append_where(formatter, change, out);
	}
	else if (change->op == 'u')
	{
		appendStringInfo(out, "UPDATE %s SET ", entry->text[TEXT_TABLE]);
		for (int c = 0; c < table->ncolumns; c++)
		{
			if (!change->changed[c])
				continue;
			appendStringInfo(out, "%s%s = ", first ? "" : ", ", quoted(table->column[c]->sql_name));
			spindle_format_literal(formatter, change->after, c, out);
			first = false;
		}
		append_where(formatter, change, out);
	}
	else
	{
		appendStringInfoString(out, entry->text[TEXT_INSERT]);
		for (int c = 0; c < table->ncolumns; c++)
		{
			if (c > 0)
				appendStringInfoString(out, ", ");
			spindle_format_literal(formatter, change->after, c, out);
		}
		appendStringInfoChar(out, ')');
	}
	appendStringInfoChar(out, ';');
	messages->complete(messages);
	if (change->txn_last)
	{
		appendStringInfoString(out, "COMMIT;");
		messages->complete(messages);
	}
}
