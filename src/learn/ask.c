/*-------------------------------------------------------------------------
 *
 * ask.c
 *		Asking the server whether values pass checks, and the generator which
 *		values a rule gives.
 *
 * Nothing is stored, and no row is read.  The expression of a check is evaluated as
 * an INSERT by the caller would; check.c has said which ones may be.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/transam.h"
#include "executor/executor.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "define/definition.h"
#include "gen/datum.h"
#include "learn/schema.h"
#include "library/parts.h"
#include "server/attempt.h"

/* What it takes to evaluate checks of a table; made by learn_ask_open(). */
struct LearnAsker
{
	LearnTable *table;
	Relation	relation;
	TupleTableSlot *slot;
	MemoryContext context;		/* of one question */
};

/* Questions about one check. */
typedef struct Question
{
	LearnAsker *asker;
	LearnCheck *check;
	char	 ***rows;			/* values of the columns, by number */
	int			n;
	int			at;				/* row that is looked at */
	bool	   *passes;
} Question;

/*
 * learn_ask_open
 *		Be ready to evaluate checks of a table, which is locked as by a SELECT.
 *
 * Raises undefined_table if it has been dropped since the catalogue was read.
 */
LearnAsker *
learn_ask_open(LearnTable *table)
{
	LearnAsker *asker = palloc0(sizeof(LearnAsker));

	asker->table = table;
	asker->relation = try_relation_open(table->relid, AccessShareLock);
	if (asker->relation == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s.%s\" has been dropped while it was learned", table->schema, table->sql_name)));
	asker->slot = MakeSingleTupleTableSlot(RelationGetDescr(asker->relation), &TTSOpsVirtual);
	asker->context = AllocSetContextCreate(CurrentMemoryContext, "spindle learn question", ALLOCSET_DEFAULT_SIZES);
	return asker;
}

/* Let go of what learn_ask_open() has made. */
void
learn_ask_close(LearnAsker *asker)
{
	ExecDropSingleTupleTableSlot(asker->slot);
	relation_close(asker->relation, AccessShareLock);
	MemoryContextDelete(asker->context);
	pfree(asker);
}

/*
 * The values of a row into the slot, read by the columns' input functions.  The last
 * one that is not null is also the value of a domain, whose checks are about nothing
 * else.
 */
static void
fill_slot(LearnAsker *asker, char *const *values, ExprContext *econtext)
{
	TupleTableSlot *slot = asker->slot;
	const LearnTable *table = asker->table;

	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
	econtext->domainValue_isNull = true;
	for (int c = 0; c < table->ncolumns; c++)
	{
		const LearnColumn *column = &table->column[c];
		Oid			input;
		Oid			param;

		if (values[c] == NULL)
			continue;
		getTypeInputInfo(column->type, &input, &param);
		slot->tts_values[column->attnum - 1] = OidInputFunctionCall(input, pstrdup(values[c]), param, column->typmod);
		slot->tts_isnull[column->attnum - 1] = false;
		econtext->domainValue_datum = slot->tts_values[column->attnum - 1];
		econtext->domainValue_isNull = false;
	}
	ExecStoreVirtualTuple(slot);
	econtext->ecxt_scantuple = slot;
}

/* Evaluate a check on the rows from question->at on. */
static void
evaluate(void *arg)
{
	Question   *question = arg;
	EState	   *estate = CreateExecutorState();
	ExprContext *econtext = GetPerTupleExprContext(estate);
	ExprState  *state = ExecPrepareExpr(question->check->expr, estate);

	for (; question->at < question->n; question->at++)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(GetPerTupleMemoryContext(estate));
		bool		is_null;
		Datum		result;

		fill_slot(question->asker, question->rows[question->at], econtext);
		result = ExecEvalExpr(state, econtext, &is_null);
		question->passes[question->at] = is_null || DatumGetBool(result);
		ExecClearTuple(question->asker->slot);
		MemoryContextSwitchTo(oldcontext);
		ResetExprContext(econtext);
	}
	FreeExecutorState(estate);
}

/*
 * learn_ask
 *		Which of n rows of values, by number of the column and NULL for null, pass a
 *		check?  An error, of a function or the input of a type, means no.
 *
 * All pass one that must not be asked.
 */
void
learn_ask(LearnAsker *asker, LearnCheck *check, char ***rows, int n, bool *passes)
{
	Question	question = {asker, check, rows, n, 0, passes};

	while (question.at < n)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(asker->context);
		ErrorData  *error = check->unasked ? NULL : spindle_attempt(evaluate, &question, false);

		MemoryContextSwitchTo(oldcontext);
		MemoryContextReset(asker->context);
		if (check->unasked)
			passes[question.at] = true;
		else if (error)
		{
			ExecClearTuple(asker->slot);
			passes[question.at] = false;
		}
		question.at++;
		CHECK_FOR_INTERRUPTS();
	}
}

/* A data set for a definition; see spindle_domain_parse(). */
static char *
load_data_set(const char *set, int *len)
{
	SpindlePart part;

	return spindle_part_load(SPINDLE_LIBRARY_DATA_SET, set, len, &part);
}

/* Read a definition. */
static void
parse(void *arg)
{
	const char *definition = arg;
	char	   *utf8 = pg_server_to_any(unconstify(char *, definition), (int) strlen(definition), PG_UTF8);

	(void) spindle_domain_parse("learned", utf8, (int) strlen(utf8), load_data_set);
}

/*
 * learn_try
 *		Where a definition is not legal: the table and the column, or the table and its
 *		copula, as in "tables.a.columns.b"; NULL if it is legal, palloc'd.  *problem then
 *		is what is wrong, with its place.
 */
char *
learn_try(const char *definition, char **problem)
{
	ErrorData  *error;
	const char *end;
	int			dots = 0;

	check_stack_depth();
	error = spindle_attempt(parse, unconstify(char *, definition), false);
	if (error == NULL)
		return NULL;
	*problem = pstrdup(error->detail ? error->detail : error->message);
	end = error->detail ? error->detail : "";
	for (; *end && *end != ':' && *end != '['; end++)
		if (*end == '.' && ++dots == (strstr(error->detail, ".copula") ? 3 : 4))
			break;
	return pnstrdup(error->detail ? error->detail : "", error->detail ? end - error->detail : 0);
}

/*
 * learn_is_refused
 *		Is no finding to be used in a column of a table, or as its copula if column is
 *		NULL?
 */
bool
learn_is_refused(const LearnSchema *schema, const LearnTable *table, const char *column)
{
	char	   *place = column ? psprintf("tables.%s.columns.%s", table->name, column) : psprintf("tables.%s.copula", table->name);
	ListCell   *lc;

	foreach(lc, schema->refused)
		if (((const char *) lfirst(lc))[0] == '\0' || strcmp(lfirst(lc), place) == 0)
			return true;
	return false;
}

/* A sample of a rule. */
typedef struct Sample
{
	const char *definition;
	int			n;
	MemoryContext context;		/* of the result */
	List	   *texts;
} Sample;

/* Generate it. */
static void
generate(void *arg)
{
	Sample	   *sample = arg;
	char	   *utf8 = pg_server_to_any(unconstify(char *, sample->definition), (int) strlen(sample->definition), PG_UTF8);
	SpindleDomain *domain = spindle_domain_parse("learned", utf8, (int) strlen(utf8), load_data_set);
	SpindleInstance *instance = spindle_instance_create(domain, 0, 42);
	int			column = 0;
	SpindleRows *rows = spindle_rows_create(instance, 0, &column, 1, NULL, CurrentMemoryContext);
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(domain->table[0].column[0].type.oid, &output, &is_varlena);
	spindle_rows_fill(rows, 0, sample->n);
	for (int i = 0; i < sample->n; i++)
	{
		Datum		value;
		bool		is_null;
		MemoryContext oldcontext;

		spindle_rows_get(rows, i, &value, &is_null);
		if (is_null)
			continue;
		oldcontext = MemoryContextSwitchTo(sample->context);
		sample->texts = lappend(sample->texts, OidOutputFunctionCall(output, value));
		MemoryContextSwitchTo(oldcontext);
	}
}

/* The type of an array of a type of the server, which says what its elements are; else "". */
static char *
of_elements(const LearnColumn *column)
{
	return column->element != InvalidOid && column->element < FirstNormalObjectId && column->sql_type ?
		psprintf(", \"sql_type\": %s", learn_quote(column->sql_type)) : pstrdup("");
}

/*
 * learn_sample
 *		Up to n values, at most 512, that a rule gives in a column of some type, as
 *		texts; NIL if the rule is not valid there.
 *
 * The rule uses no other column than those that the column has noted for it.
 */
List *
learn_sample(const LearnColumn *column, const char *rule, int n)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle learn sample", ALLOCSET_DEFAULT_SIZES);
	Sample		sample = {.n = Min(n, SPINDLE_BATCH_ROWS),.context = CurrentMemoryContext};
	MemoryContext oldcontext;
	StringInfoData hidden;
	ListCell   *lc;

	oldcontext = MemoryContextSwitchTo(context);
	initStringInfo(&hidden);
	foreach(lc, column->base_hidden)
	{
		const LearnHidden *h = lfirst(lc);

		appendStringInfo(&hidden, ", \"%s\": {\"type\": \"%s\", \"hidden\": true, \"rule\": %s}", h->name, h->type, h->rule);
	}
	sample.definition = psprintf("{\"spindle\": 1, \"description\": \"\", \"range\": {\"start\": \"2022-01-01\", \"end\": \"2025-01-01\"}, "
								 "\"presets\": {\"one\": {}}, \"tables\": {\"t\": {\"rows\": {\"kind\": \"fixed\", \"count\": %d}, "
								 "\"columns\": {\"c\": {\"type\": \"%s\"%s, \"nullable\": true, \"rule\": %s}%s}}}}",
								 sample.n, column->format, of_elements(column), rule, hidden.data);
	(void) spindle_attempt(generate, &sample, false);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
	return sample.texts;
}

/*
 * learn_legal_values
 *		Those of some values of a column, texts, that the format has: no numbers and times
 *		that are infinite, nor what else it cannot generate.
 *
 * The same list, if all are; allocated in the current memory context.
 */
List *
learn_legal_values(const LearnColumn *column, List *values)
{
	List	   *legal = NIL;
	List	   *plain = NIL;
	ListCell   *lc;

	if (column->kind == LEARN_BOOL)
		return values;
	foreach(lc, values)
		plain = lappend(plain, learn_plain_value(column, lfirst(lc)));
	if (values == NIL || learn_sample(column, learn_weighted(plain, ""), 1))
		return values;
	foreach(lc, values)
	{
		if (learn_sample(column, learn_weighted(list_make1(list_nth(plain, foreach_current_index(lc))), ""), 1))
			legal = lappend(legal, lfirst(lc));
		CHECK_FOR_INTERRUPTS();
	}
	return legal;
}
